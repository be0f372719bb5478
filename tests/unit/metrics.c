/* metrics, counters: the whole text, byte for byte, of a daemon made by hand: a service that has
 * counted everything, one that has not begun, and one that is warm. */
#include "control/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "connection/connections.h"
#include "control/orders.h"
#include "unit.h"

static const char expected[] =
    "# TYPE stdinetd_connections counter\n"
    "# HELP stdinetd_connections Connections that got a handler.\n"
    "stdinetd_connections_total{service=\"odd \\\"\\\\ name\"} 12\n"
    "stdinetd_connections_total{service=\"idle\"} 0\n"
    "stdinetd_connections_total{service=\"warm\"} 0\n"
    "# TYPE stdinetd_connections_active gauge\n"
    "# HELP stdinetd_connections_active Running handlers.\n"
    "stdinetd_connections_active{service=\"odd \\\"\\\\ name\"} 3\n"
    "stdinetd_connections_active{service=\"idle\"} 0\n"
    "stdinetd_connections_active{service=\"warm\"} 0\n"
    "# TYPE stdinetd_held gauge\n"
    "# HELP stdinetd_held Admitted clients without a handler yet.\n"
    "stdinetd_held{service=\"odd \\\"\\\\ name\"} 2\n"
    "# TYPE stdinetd_refused counter\n"
    "# HELP stdinetd_refused Refused clients.\n"
    "stdinetd_refused_total{service=\"odd \\\"\\\\ name\",reason=\"denied\"} 4\n"
    "stdinetd_refused_total{service=\"odd \\\"\\\\ name\",reason=\"memory\"} 5\n"
    "# TYPE stdinetd_exits counter\n"
    "# HELP stdinetd_exits Handlers that exited.\n"
    "stdinetd_exits_total{service=\"odd \\\"\\\\ name\",outcome=\"ok\"} 6\n"
    "stdinetd_exits_total{service=\"odd \\\"\\\\ name\",outcome=\"exit\"} 0\n"
    "stdinetd_exits_total{service=\"odd \\\"\\\\ name\",outcome=\"crash\"} 0\n"
    "stdinetd_exits_total{service=\"odd \\\"\\\\ name\",outcome=\"killed\"} 0\n"
    "stdinetd_exits_total{service=\"odd \\\"\\\\ name\",outcome=\"silent\"} 7\n"
    "stdinetd_exits_total{service=\"odd \\\"\\\\ name\",outcome=\"timeout\"} 0\n"
    "# TYPE stdinetd_start_failures counter\n"
    "# HELP stdinetd_start_failures Failed starts of handlers.\n"
    "stdinetd_start_failures_total{service=\"odd \\\"\\\\ name\",stage=\"exec\"} 8\n"
    "stdinetd_start_failures_total{service=\"odd \\\"\\\\ name\",stage=\"process-limit\"} "
    "4294967295\n"
    "# TYPE stdinetd_handler_seconds histogram\n"
    "# UNIT stdinetd_handler_seconds seconds\n"
    "# HELP stdinetd_handler_seconds Time from accept to the handler's exit.\n"
    "stdinetd_handler_seconds_bucket{service=\"odd \\\"\\\\ name\",le=\"0.001\"} 1\n"
    "stdinetd_handler_seconds_bucket{service=\"odd \\\"\\\\ name\",le=\"0.005\"} 1\n"
    "stdinetd_handler_seconds_bucket{service=\"odd \\\"\\\\ name\",le=\"0.025\"} 3\n"
    "stdinetd_handler_seconds_bucket{service=\"odd \\\"\\\\ name\",le=\"0.1\"} 3\n"
    "stdinetd_handler_seconds_bucket{service=\"odd \\\"\\\\ name\",le=\"0.5\"} 3\n"
    "stdinetd_handler_seconds_bucket{service=\"odd \\\"\\\\ name\",le=\"2.5\"} 3\n"
    "stdinetd_handler_seconds_bucket{service=\"odd \\\"\\\\ name\",le=\"10.0\"} 3\n"
    "stdinetd_handler_seconds_bucket{service=\"odd \\\"\\\\ name\",le=\"60.0\"} 3\n"
    "stdinetd_handler_seconds_bucket{service=\"odd \\\"\\\\ name\",le=\"600.0\"} 3\n"
    "stdinetd_handler_seconds_bucket{service=\"odd \\\"\\\\ name\",le=\"3600.0\"} 3\n"
    "stdinetd_handler_seconds_bucket{service=\"odd \\\"\\\\ name\",le=\"+Inf\"} 6\n"
    "stdinetd_handler_seconds_count{service=\"odd \\\"\\\\ name\"} 6\n"
    "stdinetd_handler_seconds_sum{service=\"odd \\\"\\\\ name\"} 61.000000005\n"
    "# TYPE stdinetd_handler_cpu_seconds counter\n"
    "# UNIT stdinetd_handler_cpu_seconds seconds\n"
    "# HELP stdinetd_handler_cpu_seconds CPU time of exited handlers.\n"
    "stdinetd_handler_cpu_seconds_total{service=\"odd \\\"\\\\ name\"} 18446744073.709551615\n"
    "# TYPE stdinetd_warm counter\n"
    "# HELP stdinetd_warm Starts of warm services' handlers.\n"
    "stdinetd_warm_total{service=\"warm\",start=\"warm\"} 10\n"
    "stdinetd_warm_total{service=\"warm\",start=\"cold\"} 11\n"
    "# TYPE stdinetd_warm_ready gauge\n"
    "# HELP stdinetd_warm_ready Ready warm handlers and templates.\n"
    "stdinetd_warm_ready{service=\"warm\"} 2\n"
    "# TYPE stdinetd_sources gauge\n"
    "# HELP stdinetd_sources Tracked sources.\n"
    "stdinetd_sources 0\n"
    "# TYPE stdinetd_bans gauge\n"
    "# HELP stdinetd_bans Banned networks.\n"
    "stdinetd_bans 13\n"
    "# TYPE stdinetd_reloads counter\n"
    "# HELP stdinetd_reloads Reloads of the configuration.\n"
    "stdinetd_reloads_total{result=\"ok\"} 1\n"
    "stdinetd_reloads_total{result=\"failed\"} 2\n"
    "# TYPE stdinetd_upgrades counter\n"
    "# HELP stdinetd_upgrades Upgrades to another binary.\n"
    "stdinetd_upgrades_total{result=\"ok\"} 3\n"
    "stdinetd_upgrades_total{result=\"failed\"} 4\n"
    "# TYPE stdinetd_messages_lost counter\n"
    "# HELP stdinetd_messages_lost Log messages lost.\n"
    "stdinetd_messages_lost_total 0\n"
    "# EOF\n";

static struct service_counters counted = {
    .started = 12,
    .accept_errors = 2,
    .gone = 3,
    .refused = {[REASON_DENIED] = 4, [REASON_MEMORY] = 5},
    .exits = {[OUTCOME_OK] = 6, [OUTCOME_SILENT] = 7},
    .start_failures = {[STAGE_EXEC] = 8, [STAGE_PROCESS_LIMIT] = 4294967295},
    .penalties = 9,
    .durations = {1, 0, 2, [EVENT_BUCKETS] = 3},
    .duration = 61 * CLOCK_SECOND + 5,
    .cpu = 18446744073709551615ULL,
};

START_TEST(whole)
{
    const struct service_settings settings[] = {
        {.name = "odd \"\\ name"}, {.name = "idle"}, {.name = "warm"}};
    struct warming warming = {.ready_count = 2, .served = 10, .colds = 11};
    const struct daemon_facts facts = {
        .reloads_done = 1, .reloads_failed = 2, .upgrades_done = 3, .upgrades_failed = 4};
    struct services all = {0};
    struct connections connections = {.services = &all};
    struct service services[] = {
        {.settings = &settings[0],
         .reporter.counters = &counted,
         .connections = 5,
         .admission = {.running = 3}},
        {.settings = &settings[1]},
        {.settings = &settings[2], .warming = &warming},
    };
    uint64_t place = 0;
    size_t length;
    char *text;

    services[0].next = &services[1];
    services[1].next = &services[2];
    all.first = services;
    ck_assert_int_eq(loop_open(&connections.loop), 0);
    ck_assert_int_eq(bans_open(&connections.admission.bans), 0);
    for (uint8_t i = 1; i <= 13; i++)
        ck_assert_int_eq(bans_add(&connections.admission.bans,
                                  &(struct prefix){.family = ADDR_IPV4, .bytes = {i}, .length = 8},
                                  0, 0),
                         0);
    text = metrics_print(&connections, &facts, &place, &length);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(place, 0);
    ck_assert_uint_eq(strlen(text), length);
    ck_assert_str_eq(text, expected);
    bans_close(&connections.admission.bans);
    loop_close(connections.loop);
    free(text);
}
END_TEST

/* Every fact has numbers, each its own name, and no two facts one. */
START_TEST(facts)
{
    for (size_t i = FACT_NONE + 1; i < FACT_COUNT; i++) {
        const struct fact *fact = &counters_facts[i];

        ck_assert_msg(fact->count > 0 && (fact->size == 4 || fact->size == 8), "fact %zu", i);
        ck_assert_msg((fact->metric != NULL) == (fact->type && fact->help), "fact %zu", i);
        ck_assert_msg(!fact->metric || (fact->name != NULL) == (fact->label != NULL), "fact %zu",
                      i);
        for (size_t j = 0; j < i; j++) {
            const struct fact *other = &counters_facts[j];

            ck_assert(!fact->key || !other->key || strcmp(fact->key, other->key) != 0);
            ck_assert(!fact->metric || !other->metric || strcmp(fact->metric, other->metric) != 0);
        }
    }
}
END_TEST

START_TEST(numbers)
{
    struct service_counters counters = {.refused = {1, 2, 3}};

    ck_assert_uint_eq(counters_sum(&counters, FACT_REFUSED), 6);
    counters_set(&counters, FACT_REFUSED, REASON_COUNT - 1, UINT64_MAX - 6);
    ck_assert_uint_eq(counters.refused[REASON_COUNT - 1], UINT64_MAX - 6);
    ck_assert_uint_eq(counters_sum(&counters, FACT_REFUSED), UINT64_MAX);
    counters_set(&counters, FACT_START_FAILURES, STAGE_EXEC, 7);
    ck_assert_uint_eq(counters.start_failures[STAGE_EXEC], 7);
    ck_assert_uint_eq(counters.start_failures[STAGE_PROCESS_LIMIT], 0);
    ck_assert_uint_eq(counters_get(&counters, FACT_START_FAILURES, STAGE_EXEC), 7);
    counters_add_time(&counters, 5 * CLOCK_MILLISECOND, 2);
    counters_add_time(&counters, 3601 * CLOCK_SECOND, 3);
    ck_assert_uint_eq(counters.durations[1], 1);
    ck_assert_uint_eq(counters.durations[EVENT_BUCKETS], 1);
    ck_assert_uint_eq(counters_get(&counters, FACT_CPU, 0), 5);
}
END_TEST

Suite *metrics_suite(void)
{
    Suite *suite = suite_create("metrics");
    TCase *all = tcase_create("metrics");

    tcase_add_test(all, whole);
    tcase_add_test(all, facts);
    tcase_add_test(all, numbers);
    suite_add_tcase(suite, all);
    return suite;
}

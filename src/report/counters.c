/* counters: see counters.h. */
#include "report/counters.h"

#include <string.h>

const char *const outcome_names[OUTCOME_COUNT] = {
    [OUTCOME_OK] = "ok",         [OUTCOME_EXIT] = "exit",       [OUTCOME_CRASH] = "crash",
    [OUTCOME_KILLED] = "killed", [OUTCOME_TIMEOUT] = "timeout", [OUTCOME_SILENT] = "silent",
};

const struct event_bucket event_buckets[EVENT_BUCKETS] = {
    {CLOCK_MILLISECOND, "0.001"},      {5 * CLOCK_MILLISECOND, "0.005"},
    {25 * CLOCK_MILLISECOND, "0.025"}, {100 * CLOCK_MILLISECOND, "0.1"},
    {500 * CLOCK_MILLISECOND, "0.5"},  {2500 * CLOCK_MILLISECOND, "2.5"},
    {10 * CLOCK_SECOND, "10.0"},       {60 * CLOCK_SECOND, "60.0"},
    {600 * CLOCK_SECOND, "600.0"},     {3600 * CLOCK_SECOND, "3600.0"},
};

/* --- names ---------------------------------------------------------------------------------- */

static const char *reason_name(size_t index)
{
    return admission_reason_names[index];
}

static const char *outcome_name(size_t index)
{
    return outcome_names[index];
}

static const char *failed_stage_name(size_t index)
{
    return stage_name((enum stage)index);
}

static const char *duration_name(size_t index)
{
    return index < EVENT_BUCKETS ? event_buckets[index].text : "longer";
}

static const char *start_name(size_t index)
{
    return index == 0 ? "warm" : "cold";
}

static const char *result_name(size_t index)
{
    return index == 0 ? "ok" : "failed";
}

/* --- the table ------------------------------------------------------------------------------ */

#define ONE(in, holder, field)                                              \
    .place = (in), .count = 1, .offset = (uint16_t)offsetof(holder, field), \
    .size = sizeof(((holder *)0)->field)
#define EACH(in, holder, field, names)                                           \
    .place = (in), .name = (names), .offset = (uint16_t)offsetof(holder, field), \
    .count = sizeof(((holder *)0)->field) / sizeof(((holder *)0)->field[0]),     \
    .size = sizeof(((holder *)0)->field[0])

#define COUNTED(field)           ONE(FACT_IN_COUNTERS, struct service_counters, field)
#define COUNTED_BY(names, field) EACH(FACT_IN_COUNTERS, struct service_counters, field, names)
#define SERVICE(field)           ONE(FACT_IN_SERVICE, struct service_numbers, field)
#define DAEMON(field)            ONE(FACT_IN_DAEMON, struct daemon_numbers, field)
#define DAEMON_BY(names, field)  EACH(FACT_IN_DAEMON, struct daemon_numbers, field, names)

const struct fact counters_facts[FACT_COUNT] = {
    [FACT_STARTED] = {COUNTED(started), .key = "started", .metric = "stdinetd_connections",
                      .type = "counter", .help = "Connections that got a handler."},
    [FACT_ACTIVE] = {SERVICE(active), .key = "active", .metric = "stdinetd_connections_active",
                     .type = "gauge", .help = "Running handlers."},
    [FACT_HELD] = {SERVICE(held), .key = "held", .metric = "stdinetd_held", .type = "gauge",
                   .help = "Admitted clients without a handler yet.", .scope = FACT_OF_COUNTED},
    [FACT_ACCEPT_ERRORS] = {COUNTED(accept_errors), .key = "accept_errors"},
    [FACT_GONE] = {COUNTED(gone), .key = "gone"},
    [FACT_PENALTIES] = {COUNTED(penalties), .key = "penalties"},
    [FACT_PENALTIES_UNSAID] = {COUNTED(penalties_unsaid)},
    [FACT_REFUSED] = {COUNTED_BY(reason_name, refused), .key = "refused",
                      .metric = "stdinetd_refused", .type = "counter", .help = "Refused clients.",
                      .label = "reason", .no_zeros = true, .scope = FACT_OF_COUNTED},
    [FACT_REFUSED_UNSAID] = {COUNTED_BY(reason_name, refused_unsaid)},
    [FACT_EXITS] = {COUNTED_BY(outcome_name, exits), .key = "exits", .metric = "stdinetd_exits",
                    .type = "counter", .help = "Handlers that exited.", .label = "outcome",
                    .scope = FACT_OF_COUNTED},
    [FACT_START_FAILURES] = {COUNTED_BY(failed_stage_name, start_failures), .key = "start_failures",
                             .metric = "stdinetd_start_failures", .type = "counter",
                             .help = "Failed starts of handlers.", .label = "stage",
                             .no_zeros = true, .scope = FACT_OF_COUNTED},
    [FACT_DURATIONS] = {COUNTED_BY(duration_name, durations), .metric = "stdinetd_handler_seconds",
                        .type = "histogram", .unit = "seconds",
                        .help = "Time from accept to the handler's exit.", .label = "le",
                        .scope = FACT_OF_COUNTED},
    [FACT_DURATION] = {COUNTED(duration), .unit = "seconds"},
    [FACT_CPU] = {COUNTED(cpu), .key = "cpu_ms", .metric = "stdinetd_handler_cpu_seconds",
                  .type = "counter", .unit = "seconds", .help = "CPU time of exited handlers.",
                  .scope = FACT_OF_COUNTED},
    [FACT_WARM_STARTS] = {EACH(FACT_IN_SERVICE, struct service_numbers, warm_starts, start_name),
                          .metric = "stdinetd_warm", .type = "counter",
                          .help = "Starts of warm services' handlers.", .label = "start",
                          .scope = FACT_OF_WARM},
    [FACT_WARM_READY] = {SERVICE(warm_ready), .metric = "stdinetd_warm_ready", .type = "gauge",
                         .help = "Ready warm handlers and templates.", .scope = FACT_OF_WARM},
    [FACT_SOURCES] = {DAEMON(sources), .metric = "stdinetd_sources", .type = "gauge",
                      .help = "Tracked sources."},
    [FACT_BANS] = {DAEMON(bans), .metric = "stdinetd_bans", .type = "gauge",
                   .help = "Banned networks."},
    [FACT_RELOADS] = {DAEMON_BY(result_name, reloads), .metric = "stdinetd_reloads",
                      .type = "counter", .help = "Reloads of the configuration.",
                      .label = "result"},
    [FACT_UPGRADES] = {DAEMON_BY(result_name, upgrades), .metric = "stdinetd_upgrades",
                       .type = "counter", .help = "Upgrades to another binary.", .label = "result"},
    [FACT_MESSAGES_LOST] = {DAEMON(messages_lost), .metric = "stdinetd_messages_lost",
                            .type = "counter", .help = "Log messages lost."},
};

/* --- numbers -------------------------------------------------------------------------------- */

uint64_t counters_get(const void *values, enum fact_id id, size_t index)
{
    const struct fact *fact = &counters_facts[id];
    const char *field = (const char *)values + fact->offset + index * fact->size;
    uint64_t number;
    uint32_t small;

    if (fact->size == sizeof(small)) {
        memcpy(&small, field, sizeof(small));
        return small;
    }
    memcpy(&number, field, sizeof(number));
    return number;
}

void counters_set(void *values, enum fact_id id, size_t index, uint64_t number)
{
    const struct fact *fact = &counters_facts[id];
    char *field = (char *)values + fact->offset + index * fact->size;
    uint32_t small = (uint32_t)number;

    if (fact->size == sizeof(small))
        memcpy(field, &small, sizeof(small));
    else
        memcpy(field, &number, sizeof(number));
}

void counters_add(void *values, enum fact_id id, size_t index, uint64_t number)
{
    counters_set(values, id, index, counters_get(values, id, index) + number);
}

uint64_t counters_sum(const void *values, enum fact_id id)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < counters_facts[id].count; i++)
        sum += counters_get(values, id, i);
    return sum;
}

void counters_add_time(struct service_counters *counters, nanoseconds duration, nanoseconds cpu)
{
    unsigned bucket = 0;

    while (bucket < EVENT_BUCKETS && duration > event_buckets[bucket].most)
        bucket++;
    counters->durations[bucket]++;
    counters->duration += duration;
    counters->cpu += cpu;
}

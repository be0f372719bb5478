/* judge: what an explanation says is what happens: in thousands of states, made at random but the
 * same each time, its first step that refuses is the reason of admission_check, and asking counts
 * nothing; and what the steps tell. The clock is a number. */
#include "admit/judge.h"

#include <string.h>

#include "base/prefix.h"
#include "unit.h"

static struct admission admission;
static struct settings_guard guard;
static struct admission_rules *rules;
static nanoseconds now;

static void open_admission(void)
{
    now = 1000 * CLOCK_SECOND;
    guard = (struct settings_guard){.source_prefix = {32, 64}, .penalty_max = 600 * CLOCK_SECOND};
    ck_assert_int_eq(admission_open(&admission, 64), 0);
}

static void close_admission(void)
{
    admission_close(&admission);
    rules_unref(rules);
    rules = NULL;
}

static struct prefix prefix_of(const char *text)
{
    struct prefix prefix;
    const char *problem;

    ck_assert_int_eq(prefix_parse(text, &prefix, &problem), 0);
    return prefix;
}

static struct addr address(const char *host)
{
    struct addr addr;

    ck_assert_int_eq(addr_parse_host(host, &addr), 0);
    addr.port = 4711;
    return addr;
}

static const struct judge_step *step_of(const struct judge_step *steps, size_t count,
                                        enum admission_reason rule)
{
    for (size_t i = 0; i < count; i++)
        if (steps[i].rule == rule)
            return &steps[i];
    ck_abort_msg("no step %s", admission_reason_names[rule]);
    return NULL;
}

/* The reason of the first step that refuses. */
static enum admission_reason explain(const struct admission_service *service,
                                     const struct addr *peer)
{
    struct judge_step steps[JUDGE_STEPS];
    size_t count = judge_explain(&admission, service, peer, now, steps);

    ck_assert_uint_eq(count, JUDGE_STEPS);
    for (size_t i = 0; i < count; i++)
        if (steps[i].refuses)
            return steps[i].rule;
    return REASON_NONE;
}

static uint32_t state = 1;

static uint32_t random_below(uint32_t bound)
{
    state = state * 1664525 + 1013904223;
    return (state >> 8) % bound;
}

static struct addr random_peer(void)
{
    static const char *const hosts[] = {"192.0.2.1",   "192.0.2.2", "198.51.100.1",
                                        "2001:db8::1", "::1",       "10.9.8.7"};

    return address(hosts[random_below(6)]);
}

#define OPEN 40

static void random_bans(void)
{
    struct prefix prefix = prefix_of(random_below(2) ? "198.51.100.0/24" : "::1");

    if (random_below(20) == 0)
        ck_assert_int_eq(bans_add(&admission.bans, &prefix, now + CLOCK_SECOND, now), 0);
    if (random_below(20) == 0)
        bans_remove(&admission.bans, &prefix, now);
}

/* Clients come and go, some with a penalty; before each that comes the explanation is asked. */
START_TEST(says_what_happens)
{
    struct prefix deny = prefix_of("192.0.2.2"), allow = prefix_of("0.0.0.0/0");
    struct admission_service service = {.number = 3, .limit = 1};
    struct admission_ticket tickets[OPEN] = {0};
    struct addr peers[OPEN];
    unsigned seen[REASON_COUNT] = {0};

    guard.deny = (struct settings_prefixes){&deny, 1, 1};
    if (_i == 1)
        guard.allow = (struct settings_prefixes){&allow, 1, 1};
    guard.rate = (struct settings_rate){4, CLOCK_SECOND};
    guard.rate_per_source = (struct settings_rate){2, CLOCK_SECOND};
    guard.max_connections_per_source = 4;
    guard.penalties.count = 1;
    guard.penalties.items =
        &(struct settings_penalty){.kind = PENALTY_CRASH, .duration = CLOCK_SECOND / 2};
    ck_assert_int_eq(rules_build(&guard, NULL, &rules), 0);
    service.rules = rules;
    for (unsigned i = 0; i < 20000; i++) {
        unsigned slot = random_below(OPEN);
        const struct admission_end crash = {.crash = random_below(8) == 0};
        size_t sources = sources_count(&admission.sources);
        struct admission_decision decision;
        enum admission_reason expected;

        now += random_below(40) * CLOCK_MILLISECOND;
        random_bans();
        if (tickets[slot].source) {
            admission_penalize(&service, &tickets[slot], &peers[slot], &crash, now);
            admission_release(&admission, &service, &tickets[slot], now);
            continue;
        }
        admission.limit = 2 + random_below(20);
        service.limit = 2 + random_below(20);
        peers[slot] = random_peer();
        expected = explain(&service, &peers[slot]);
        ck_assert_int_eq(explain(&service, &peers[slot]), expected);
        ck_assert_uint_eq(sources_count(&admission.sources), sources);
        decision = admission_check(&admission, &service, &peers[slot], now);
        ck_assert_msg(decision.reason == expected, "%u: %s, not %s", i,
                      admission_reason_names[decision.reason], admission_reason_names[expected]);
        tickets[slot] = decision.ticket;
        seen[expected]++;
    }
    for (enum admission_reason reason = REASON_NONE; reason <= REASON_SOURCE_RATE; reason++)
        ck_assert_msg(seen[reason] > 0, "%s never came", admission_reason_names[reason]);
    for (unsigned i = 0; i < OPEN; i++)
        admission_release(&admission, &service, &tickets[i], now);
}
END_TEST

/* Who finds no room in the table is judged as one of those others. */
START_TEST(shared_source)
{
    struct admission_service service = {.number = 3};
    struct addr stranger = address("203.0.113.77");

    guard.max_connections_per_source = 1;
    ck_assert_int_eq(rules_build(&guard, NULL, &rules), 0);
    service.rules = rules;
    for (unsigned i = 0; i <= 64; i++) {
        struct addr peer = address("10.0.0.1");

        peer.bytes[3] = (uint8_t)i;
        ck_assert_int_eq(admission_check(&admission, &service, &peer, now).verdict, VERDICT_ADMIT);
    }
    ck_assert_int_eq(explain(&service, &stranger), REASON_SOURCE_FULL);
    ck_assert_int_eq(admission_check(&admission, &service, &stranger, now).reason,
                     REASON_SOURCE_FULL);
    admission_close(&admission);
    ck_assert_int_eq(admission_open(&admission, 64), 0);
}
END_TEST

START_TEST(steps)
{
    struct prefix deny = prefix_of("192.0.2.0/24"), banned = prefix_of("192.0.0.0/16");
    struct admission_service service = {.number = 3, .limit = 7};
    struct addr peer = address("192.0.2.9");
    struct judge_step told[JUDGE_STEPS];
    const struct judge_step *step;
    size_t count;

    guard.deny = (struct settings_prefixes){&deny, 1, 1};
    guard.rate = (struct settings_rate){1, 10 * CLOCK_SECOND};
    ck_assert_int_eq(rules_build(&guard, NULL, &rules), 0);
    service.rules = rules;
    service.running = 2;
    bucket_take(&service.bucket, &guard.rate, now);
    ck_assert_int_eq(bans_add(&admission.bans, &banned, now + 60 * CLOCK_SECOND, now), 0);
    count = judge_explain(&admission, &service, &peer, now, told);

    ck_assert_int_eq(told[0].rule, REASON_BANNED);
    ck_assert(told[0].refuses && told[0].applies);
    ck_assert_uint_eq(told[0].until, now + 60 * CLOCK_SECOND);
    ck_assert_int_eq(prefix_compare(&told[0].prefix, &banned), 0);
    step = step_of(told, count, REASON_FULL);
    ck_assert(step->applies && !step->refuses);
    ck_assert_uint_eq(step->count, 2);
    ck_assert_uint_eq(step->limit, 7);
    step = step_of(told, count, REASON_DAEMON_FULL);
    ck_assert(!step->applies && !step->refuses);
    step = step_of(told, count, REASON_RATE);
    ck_assert(step->applies && step->refuses);
    ck_assert_uint_eq(step->until, now + 10 * CLOCK_SECOND);
    step = step_of(told, count, REASON_DENIED);
    ck_assert(step->applies && step->refuses);
    ck_assert_int_eq(prefix_compare(&step->prefix, &deny), 0);
    step = step_of(told, count, REASON_SOURCE_RATE);
    ck_assert(!step->applies && !step->refuses);
}
END_TEST

/* Who is held first needs no place before: the rules about the service come last. */
START_TEST(order_of_held)
{
    struct admission_service service = {.number = 3, .limit = 1, .running = 1};
    struct addr peer = address("192.0.2.9");
    struct judge_step told[JUDGE_STEPS];

    guard.start_on = START_ON_DATA;
    ck_assert_int_eq(rules_build(&guard, NULL, &rules), 0);
    service.rules = rules;
    ck_assert_uint_eq(judge_explain(&admission, &service, &peer, now, told), JUDGE_STEPS);
    ck_assert_int_eq(told[1].rule, REASON_DENIED);
    ck_assert_int_eq(told[JUDGE_STEPS - 3].rule, REASON_FULL);
    ck_assert(told[JUDGE_STEPS - 3].refuses);
}
END_TEST

Suite *judge_suite(void)
{
    Suite *suite = suite_create("judge");
    TCase *all = tcase_create("judge");

    tcase_add_checked_fixture(all, open_admission, close_admission);
    tcase_add_loop_test(all, says_what_happens, 0, 2);
    tcase_add_test(all, shared_source);
    tcase_add_test(all, steps);
    tcase_add_test(all, order_of_held);
    suite_add_tcase(suite, all);
    return suite;
}

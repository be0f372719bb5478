/* admission: verdicts and reasons at every limit, tickets, rates, access, penalties; and the counts
 * of sources: per service, per address, per uid, their bounds and their memory. The clock is a
 * number. */
#include "admit/admission.h"

#include <string.h>

#include "base/prefix.h"
#include "unit.h"

#define MAX_SOURCES 20000

static struct admission admission;
static struct settings_guard guard;
static struct admission_rules *rules;
static nanoseconds now;

/* A service that has nothing but the guard's rules. */
#define SERVICE(...) ((struct admission_service){.rules = rules, __VA_ARGS__})

static void open_admission(void)
{
    now = 1000 * CLOCK_SECOND;
    guard = (struct settings_guard){.source_prefix = {32, 64}, .penalty_max = 600 * CLOCK_SECOND};
    rules = NULL;
    ck_assert_int_eq(rules_build(&guard, NULL, &rules), 0);
    ck_assert_int_eq(admission_open(&admission, MAX_SOURCES), 0);
}

static void close_admission(void)
{
    admission_close(&admission);
    rules_unref(rules);
}

/* After the guard was changed. */
static void remake_rules(void)
{
    rules_unref(rules);
    ck_assert_int_eq(rules_build(&guard, NULL, &rules), 0);
}

static struct addr address(const char *host, uint16_t port)
{
    struct addr addr;

    ck_assert_int_eq(addr_parse_host(host, &addr), 0);
    addr.port = port;
    return addr;
}

static struct admission_decision check(struct admission_service *service, const char *host)
{
    struct addr peer = address(host, 4711);

    return admission_check(&admission, service, &peer, now);
}

START_TEST(test_open)
{
    ck_assert_uint_eq(admission.limit, 0);
    ck_assert_uint_eq(admission.running, 0);
    ck_assert_uint_eq(sources_count(&admission.sources), 0);
}
END_TEST

START_TEST(test_reason_names)
{
    for (int i = 0; i < REASON_COUNT; i++) {
        ck_assert_ptr_nonnull(admission_reason_names[i]);
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(admission_reason_names[i], admission_reason_names[j]);
    }
}
END_TEST

/* What one more client meets where so many of this service and of others run. */
static const struct {
    uint64_t limit, daemon_limit;
    bool refuse;
    unsigned running, others;
    enum admission_verdict verdict;
    enum admission_reason reason;
} rows[] = {
    {0, 0, false, 0, 0, VERDICT_ADMIT, REASON_NONE},
    {0, 0, false, 1000, 1000, VERDICT_ADMIT, REASON_NONE},
    {0, 0, true, 1000, 1000, VERDICT_ADMIT, REASON_NONE},
    {1, 0, false, 0, 0, VERDICT_ADMIT, REASON_NONE},
    {1, 0, false, 0, 5, VERDICT_ADMIT, REASON_NONE},
    {1, 0, false, 1, 0, VERDICT_QUEUE, REASON_FULL},
    {1, 0, true, 1, 0, VERDICT_REFUSE, REASON_FULL},
    {3, 0, false, 2, 0, VERDICT_ADMIT, REASON_NONE},
    {3, 0, false, 3, 0, VERDICT_QUEUE, REASON_FULL},
    {3, 0, true, 3, 0, VERDICT_REFUSE, REASON_FULL},
    {0, 1, false, 0, 0, VERDICT_ADMIT, REASON_NONE},
    {0, 1, false, 1, 0, VERDICT_QUEUE, REASON_DAEMON_FULL},
    {0, 1, false, 0, 1, VERDICT_QUEUE, REASON_DAEMON_FULL},
    {0, 1, true, 0, 1, VERDICT_REFUSE, REASON_DAEMON_FULL},
    {5, 4, false, 2, 1, VERDICT_ADMIT, REASON_NONE},
    {5, 4, false, 2, 2, VERDICT_QUEUE, REASON_DAEMON_FULL},
    {5, 4, true, 0, 4, VERDICT_REFUSE, REASON_DAEMON_FULL},
    {2, 4, false, 2, 2, VERDICT_QUEUE, REASON_FULL},
    {2, 4, true, 2, 2, VERDICT_REFUSE, REASON_FULL},
    {UINT64_MAX, UINT64_MAX, false, 10, 10, VERDICT_ADMIT, REASON_NONE},
};

static void run_some(struct admission_service *service, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        ck_assert_int_eq(check(service, "192.0.2.1").verdict, VERDICT_ADMIT);
}

START_TEST(test_limits)
{
    struct admission_service service = SERVICE(.number = 1), other = SERVICE(.number = 2);
    struct admission_decision decision;
    enum admission_reason reason;
    uint64_t sources;

    run_some(&service, rows[_i].running);
    run_some(&other, rows[_i].others);
    sources = sources_count(&admission.sources);
    service.limit = rows[_i].limit; /* limits may change while handlers run */
    service.refuse_when_full = rows[_i].refuse;
    admission.limit = rows[_i].daemon_limit;
    ck_assert_int_eq(admission_preview(&admission, &service, now, &reason), rows[_i].verdict);
    ck_assert_int_eq(reason, rows[_i].reason);
    decision = check(&service, "192.0.2.2");
    ck_assert_int_eq(decision.verdict, rows[_i].verdict);
    ck_assert_int_eq(decision.reason, rows[_i].reason);
    ck_assert((decision.ticket.source != NULL) == (decision.verdict == VERDICT_ADMIT));
    if (decision.verdict != VERDICT_ADMIT) { /* then nothing was counted */
        ck_assert_uint_eq(service.running, rows[_i].running);
        ck_assert_uint_eq(admission.running, rows[_i].running + rows[_i].others);
        ck_assert_uint_eq(sources_count(&admission.sources), sources);
    }
}
END_TEST

/* A limit that was lowered below what runs: closed until enough have ended. */
START_TEST(test_lowered_limit)
{
    struct admission_service service = SERVICE(.number = 1);
    struct admission_decision decisions[5];

    for (int i = 0; i < 5; i++)
        decisions[i] = check(&service, "192.0.2.1");
    service.limit = 2;
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(check(&service, "192.0.2.1").verdict, VERDICT_QUEUE);
        admission_release(&admission, &service, &decisions[i].ticket, now);
    }
    ck_assert_uint_eq(service.running, 1);
    ck_assert_int_eq(check(&service, "192.0.2.1").verdict, VERDICT_ADMIT);
}
END_TEST

START_TEST(test_one_after_the_other)
{
    struct admission_service service = SERVICE(.number = 1, .limit = 1);

    for (int i = 0; i < 100; i++) {
        struct admission_decision decision = check(&service, "192.0.2.1");

        ck_assert_int_eq(decision.verdict, VERDICT_ADMIT);
        ck_assert_uint_eq(decision.source_running, 1);
        ck_assert_int_eq(check(&service, "192.0.2.1").verdict, VERDICT_QUEUE);
        admission_release(&admission, &service, &decision.ticket, now);
    }
    ck_assert_uint_eq(service.running, 0);
    ck_assert_uint_eq(admission.running, 0);
    ck_assert_uint_eq(sources_count(&admission.sources), 0);
}
END_TEST

START_TEST(test_given_back_twice)
{
    struct admission_service service = SERVICE(.number = 1);
    struct admission_decision one = check(&service, "192.0.2.1");
    struct admission_decision other = check(&service, "192.0.2.1");
    struct admission_ticket never = {0};

    for (int i = 0; i < 3; i++)
        admission_release(&admission, &service, &one.ticket, now);
    admission_release(&admission, &service, &never, now);
    ck_assert_ptr_null(one.ticket.source);
    ck_assert_uint_eq(service.running, 1);
    ck_assert_uint_eq(admission.running, 1);
    ck_assert_uint_eq(other.ticket.source->connections, 1);
    admission_release(&admission, &service, &other.ticket, now);
    ck_assert_uint_eq(service.running, 0);
    ck_assert_uint_eq(admission.running, 0);
    ck_assert_uint_eq(sources_count(&admission.sources), 0);
}
END_TEST

/* Clients in order; each row tells how many of its source run then, itself included. */
static const struct {
    uint32_t service;
    const char *host;
    uint16_t port;
    uint32_t expected;
} source_rows[] = {
    {1, "192.0.2.1", 1000, 1},
    {1, "192.0.2.1", 1000, 2},
    {1, "192.0.2.1", 2000, 3}, /* the port is no part of a source */
    {1, "192.0.2.2", 1000, 1},
    {2, "192.0.2.1", 1000, 1}, /* another service counts for itself */
    {2, "192.0.2.1", 1000, 2},
    {1, "::ffff:192.0.2.1", 1, 4}, /* the same machine */
    {1, "2001:db8::1", 1, 1},
    {1, "2001:db8::2", 1, 2}, /* one /64 */
    {1, "2001:db8:0:1::1", 2, 1},
    {1, "fe80::1%1", 1, 1},
    {1, "fe80::1%2", 1, 1}, /* on another link */
    {1, "fe80::1%1", 2, 2},
    {1, "0.0.0.0", 1, 1},
    {1, "::", 1, 1}, /* other families */
    {1, "192.0.2.1", 3000, 5},
};

START_TEST(test_sources)
{
    struct admission_service services[] = {SERVICE(.number = 0), SERVICE(.number = 1),
                                           SERVICE(.number = 2)};
    struct admission_ticket tickets[ROWS(source_rows)];

    for (int i = 0; i < ROWS(source_rows); i++) {
        struct addr peer = address(source_rows[i].host, source_rows[i].port);
        struct admission_decision decision =
            admission_check(&admission, &services[source_rows[i].service], &peer, now);

        ck_assert_msg(decision.source_running == source_rows[i].expected, "row %d: %u", i,
                      decision.source_running);
        tickets[i] = decision.ticket;
    }
    for (int i = 0; i < ROWS(source_rows); i++)
        admission_release(&admission, &services[source_rows[i].service], &tickets[i], now);
    ck_assert_uint_eq(sources_count(&admission.sources), 0);
    ck_assert_uint_eq(admission.running, 0);
}
END_TEST

/* On a unix socket a source is a uid, whatever the process and its group. */
START_TEST(test_unix_sources)
{
    static const struct {
        uint32_t uid, gid, pid, expected;
    } peers[] = {
        {1000, 1000, 1, 1}, {1000, 1000, 2, 2}, {1000, 100, 3, 3},
        {1001, 1000, 1, 1}, {0, 0, 1, 1},       {1000, 1000, 1, 4},
    };
    struct admission_service service = SERVICE(.number = 1);

    for (int i = 0; i < ROWS(peers); i++) {
        struct addr peer = addr_unix(peers[i].uid, peers[i].gid, peers[i].pid);
        struct admission_decision decision = admission_check(&admission, &service, &peer, now);

        ck_assert_int_eq(decision.verdict, VERDICT_ADMIT);
        ck_assert_msg(decision.source_running == peers[i].expected, "row %d: %u", i,
                      decision.source_running);
    }
}
END_TEST

/* A uid is no address with the same bytes. */
START_TEST(test_unix_and_ipv4)
{
    struct admission_service service = SERVICE(.number = 1);
    struct addr peer = address("192.0.2.1", 0), other;
    uint32_t uid;

    memcpy(&uid, peer.bytes, sizeof(uid));
    other = addr_unix(uid, 0, 0);
    ck_assert_uint_eq(admission_check(&admission, &service, &peer, now).source_running, 1);
    ck_assert_uint_eq(admission_check(&admission, &service, &other, now).source_running, 1);
}
END_TEST

START_TEST(test_unknown_peer)
{
    struct admission_service service = SERVICE(.number = 1);
    struct addr peer = {.family = ADDR_NONE};
    struct admission_decision decision = admission_check(&admission, &service, &peer, now);

    ck_assert_int_eq(decision.verdict, VERDICT_ADMIT);
    admission_release(&admission, &service, &decision.ticket, now);
    ck_assert_uint_eq(sources_count(&admission.sources), 0);
}
END_TEST

#define CROWD 10000

static void admit_crowd(struct admission_service *service, struct admission_ticket tickets[])
{
    for (unsigned i = 0; i < CROWD; i++) {
        struct addr peer = {.family = ADDR_IPV4,
                            .bytes = {10, 0, (uint8_t)(i >> 8), (uint8_t)(i & 0xff)}};
        struct admission_decision decision = admission_check(&admission, service, &peer, now);

        ck_assert_int_eq(decision.verdict, VERDICT_ADMIT);
        ck_assert_uint_eq(decision.source_running, 1);
        tickets[i] = decision.ticket;
    }
    ck_assert_uint_eq(sources_count(&admission.sources), CROWD);
    ck_assert_uint_eq(service->running, CROWD);
}

/* Another order than the one they came in. */
static void release_crowd(struct admission_service *service, struct admission_ticket tickets[])
{
    for (unsigned i = 0; i < CROWD; i++)
        admission_release(&admission, service, &tickets[(i * 7919) % CROWD], now);
    ck_assert_uint_eq(sources_count(&admission.sources), 0);
    ck_assert_uint_eq(admission.running, 0);
}

/* Ten thousand sources come and go: the memory of all but a block goes with them. */
START_TEST(test_crowd)
{
    static struct admission_ticket tickets[CROWD];
    struct admission_service service = SERVICE(.number = 1);

    for (int round = 0; round < 3; round++) {
        admit_crowd(&service, tickets);
        release_crowd(&service, tickets);
        for (int i = 0; i < SOURCE_TABLES; i++)
            ck_assert(!admission.sources.tables[i].oldest);
    }
}
END_TEST

/* --- rates ---------------------------------------------------------------------------------- */

/* At these moments one tries each; whether it gets one. */
static const struct {
    uint32_t count;
    nanoseconds period;
    nanoseconds at[8];
    bool taken[8];
} bucket_rows[] = {
    {0, 1, {0, 0, 0, 0}, {true, true, true, true}},
    {1, 1000, {0, 0, 999, 1000, 1999, 2000}, {true, false, false, true, false, true}},
    {2, 1000, {0, 0, 0, 499, 500, 500, 1000}, {true, true, false, false, true, false, true}},
    /* At once up to the whole count, after a rest. */
    {3,
     900,
     {0, 0, 0, 0, 5000, 5000, 5000, 5000},
     {true, true, true, false, true, true, true, false}},
    /* A moment before an earlier one: as if it were that. */
    {1, 1000, {5000, 4000, 1, 6000, 5999}, {true, false, false, true, false}},
    {4,
     3,
     {0, 0, 0, 0, 0},
     {true, true, true, true, true}}, /* the codec refuses it; no division by 0 */
};

START_TEST(test_bucket)
{
    const struct settings_rate rate = {bucket_rows[_i].count, bucket_rows[_i].period};
    struct bucket bucket = {0};

    for (int i = 0; i < 8 && (i == 0 || bucket_rows[_i].at[i] > 0 || bucket_rows[_i].taken[i]);
         i++) {
        nanoseconds ready = bucket_ready(&bucket, &rate);

        ck_assert_msg((ready <= bucket_rows[_i].at[i]) == bucket_rows[_i].taken[i], "row %d, %d",
                      _i, i);
        ck_assert_msg(bucket_take(&bucket, &rate, bucket_rows[_i].at[i]) ==
                          bucket_rows[_i].taken[i],
                      "row %d, %d", _i, i);
    }
}
END_TEST

/* What is owed to a slower rate is forgiven by a faster one, but for one empty bucket. */
START_TEST(test_bucket_after_reload)
{
    const struct settings_rate slow = {1, 3600 * CLOCK_SECOND}, fast = {10, CLOCK_SECOND};
    struct admission_service service = SERVICE(.number = 1);
    struct bucket bucket = {0};

    ck_assert(bucket_take(&bucket, &slow, now));
    bucket_adapt(&bucket, &slow, now);
    ck_assert(!bucket_take(&bucket, &slow, now + 3599 * CLOCK_SECOND));
    bucket_adapt(&bucket, &fast, now);
    ck_assert_uint_eq(bucket_ready(&bucket, &fast), now + CLOCK_SECOND / 10);

    guard.rate = guard.rate_per_source = slow;
    ck_assert_int_eq(check(&service, "192.0.2.1").verdict, VERDICT_ADMIT);
    guard.rate = guard.rate_per_source = fast;
    ck_assert_int_eq(check(&service, "192.0.2.1").verdict, VERDICT_QUEUE);
    admission_adapt(&service, now);
    now += CLOCK_SECOND;
    ck_assert_int_eq(check(&service, "192.0.2.1").verdict, VERDICT_REFUSE); /* seen from now on */
    now += CLOCK_SECOND / 10;
    ck_assert_int_eq(check(&service, "192.0.2.1").verdict, VERDICT_ADMIT);
}
END_TEST

/* Who was gone before anything came of it took nothing. */
START_TEST(test_withdraw)
{
    struct admission_service service = SERVICE(.number = 1);

    guard.rate = guard.rate_per_source = (struct settings_rate){2, CLOCK_SECOND};
    for (int i = 0; i < 10; i++) {
        struct admission_decision one = check(&service, "192.0.2.1");

        ck_assert_int_eq(one.verdict, VERDICT_ADMIT);
        admission_withdraw(&admission, &service, &one.ticket, now);
        ck_assert_uint_eq(service.running, 0);
        ck_assert_uint_eq(sources_count(&admission.sources), 0);
    }
}
END_TEST

/* Over the service's rate clients wait, or are refused, and admission tells until when. */
START_TEST(test_rate)
{
    struct admission_service service = SERVICE(.number = 1);
    enum admission_reason reason;

    guard.rate = (struct settings_rate){2, CLOCK_SECOND};
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(check(&service, "192.0.2.1").verdict, VERDICT_ADMIT);
    ck_assert_int_eq(check(&service, "192.0.2.2").verdict, VERDICT_QUEUE);
    ck_assert_int_eq(admission_preview(&admission, &service, now, &reason), VERDICT_QUEUE);
    ck_assert_int_eq(reason, REASON_RATE);
    ck_assert_uint_eq(admission_ready(&service), now + CLOCK_SECOND / 2);
    service.refuse_when_full = true;
    ck_assert_int_eq(check(&service, "192.0.2.2").verdict, VERDICT_REFUSE);
    now += CLOCK_SECOND / 2 - 1;
    ck_assert_int_eq(check(&service, "192.0.2.2").reason, REASON_RATE);
    now++;
    ck_assert_int_eq(check(&service, "192.0.2.2").verdict, VERDICT_ADMIT);
}
END_TEST

/* --- one source over its limits ------------------------------------------------------------- */

START_TEST(test_connections_per_source)
{
    struct admission_service service = SERVICE(.number = 1);
    struct admission_decision first;

    guard.max_connections_per_source = 2;
    first = check(&service, "2001:db8::1");
    ck_assert_int_eq(check(&service, "2001:db8::2").verdict, VERDICT_ADMIT);
    ck_assert_int_eq(check(&service, "2001:db8::ffff:ffff:ffff:ffff").reason, REASON_SOURCE_FULL);
    ck_assert_int_eq(check(&service, "2001:db8:0:1::1").verdict, VERDICT_ADMIT);
    ck_assert_int_eq(check(&service, "192.0.2.1").verdict, VERDICT_ADMIT);
    admission_release(&admission, &service, &first.ticket, now);
    ck_assert_int_eq(check(&service, "2001:db8::9").verdict, VERDICT_ADMIT);
    ck_assert_int_eq(check(&service, "2001:db8::9").verdict, VERDICT_REFUSE);
}
END_TEST

/* The bucket is remembered when the last connection has gone, and forgotten when it is full. */
START_TEST(test_rate_per_source)
{
    struct admission_service service = SERVICE(.number = 1);
    struct source_pardon pardon;
    size_t untold;

    guard.rate_per_source = (struct settings_rate){3, 3 * CLOCK_SECOND};
    for (int i = 0; i < 3; i++) {
        struct admission_decision decision = check(&service, "192.0.2.1");

        ck_assert_int_eq(decision.verdict, VERDICT_ADMIT);
        admission_release(&admission, &service, &decision.ticket, now);
    }
    ck_assert_int_eq(check(&service, "192.0.2.1").reason, REASON_SOURCE_RATE);
    ck_assert_int_eq(check(&service, "192.0.2.2").verdict, VERDICT_ADMIT);
    ck_assert_uint_eq(sources_count(&admission.sources), 2);
    now += 3 * CLOCK_SECOND - 1;
    ck_assert_uint_eq(sources_expire(&admission.sources, 100, now, &pardon, 1, &untold), 0);
    ck_assert_uint_eq(sources_count(&admission.sources), 2);
    now++;
    ck_assert_uint_eq(sources_expire(&admission.sources, 100, now, &pardon, 1, &untold), 0);
    ck_assert_uint_eq(sources_count(&admission.sources), 1); /* the other one is connected */
}
END_TEST

/* --- access --------------------------------------------------------------------------------- */

static struct prefix prefix(const char *text)
{
    const char *problem;
    struct prefix ret;

    ck_assert_int_eq(prefix_parse(text, &ret, &problem), 0);
    return ret;
}

START_TEST(test_access)
{
    struct prefix allow[] = {prefix("192.0.2.0/24"), prefix("2001:db8::/32")};
    struct prefix deny[] = {prefix("192.0.2.128/25"), prefix("2001:db8::/32")};
    struct admission_service service;

    guard.allow = (struct settings_prefixes){allow, 2, 2};
    guard.deny = (struct settings_prefixes){deny, 2, 2};
    remake_rules();
    service = SERVICE(.number = 1);
    ck_assert_int_eq(check(&service, "192.0.2.1").verdict, VERDICT_ADMIT);
    ck_assert_int_eq(check(&service, "192.0.2.129").reason, REASON_DENIED);
    ck_assert_int_eq(check(&service, "198.51.100.1").reason, REASON_DENIED);
    ck_assert_int_eq(check(&service, "2001:db8::1").reason, REASON_DENIED);
    ck_assert_uint_eq(sources_count(&admission.sources), 1);
}
END_TEST

/* --- penalties ------------------------------------------------------------------------------ */

static struct settings_penalty penalties[] = {
    {PENALTY_CRASH, 0, 0, 10 * CLOCK_SECOND},  {PENALTY_TIMEOUT, 0, 0, 20 * CLOCK_SECOND},
    {PENALTY_SILENT, 0, 0, 30 * CLOCK_SECOND}, {PENALTY_SHORT, 0, 0, 1 * CLOCK_SECOND},
    {PENALTY_EXIT, 2, 2, 40 * CLOCK_SECOND},   {PENALTY_EXIT, 10, 20, 50 * CLOCK_SECOND},
};

static const struct {
    struct admission_end end;
    unsigned seconds;
} end_rows[] = {
    {{.status = 0}, 0},
    {{.status = 0, .is_short = true}, 0},
    {{.status = 1}, 0},
    {{.status = 1, .is_short = true}, 1},
    {{.status = 2}, 40},
    {{.status = 2, .is_short = true}, 41},
    {{.status = 3}, 0},
    {{.status = 9}, 0},
    {{.status = 10}, 50},
    {{.status = 20}, 50},
    {{.status = 21}, 0},
    {{.status = -1, .crash = true}, 10},
    {{.status = -1, .crash = true, .is_short = true}, 11},
    {{.status = -1, .timeout = true}, 20},
    {{.status = 0, .timeout = true}, 20},
    {{.status = -1, .silent = true}, 30},
};

/* One connection of that address comes, and ends so; whether a penalty began. */
static bool suffer(struct admission_service *service, const char *host,
                   const struct admission_end *end, nanoseconds *ret_until)
{
    struct admission_decision decision = check(service, host);
    struct addr peer = address(host, 1);
    struct admission_sentence sentence;

    ck_assert_int_eq(decision.verdict, VERDICT_ADMIT);
    sentence = admission_penalize(service, &decision.ticket, &peer, end, now);
    if (sentence.begins)
        *ret_until = sentence.until;
    admission_release(&admission, service, &decision.ticket, now);
    return sentence.begins;
}

START_TEST(test_penalty_by_outcome)
{
    struct admission_service service = SERVICE(.number = 1);
    nanoseconds until = 0;

    guard.penalties = (struct settings_penalties){penalties, ROWS(penalties)};
    ck_assert(suffer(&service, "192.0.2.1", &end_rows[_i].end, &until) ==
              (end_rows[_i].seconds > 0));
    if (end_rows[_i].seconds == 0) {
        ck_assert_int_eq(check(&service, "192.0.2.1").verdict, VERDICT_ADMIT);
        return;
    }
    ck_assert_uint_eq(until, now + end_rows[_i].seconds * CLOCK_SECOND);
    ck_assert_int_eq(check(&service, "192.0.2.1").reason, REASON_PENALTY);
    ck_assert_int_eq(check(&service, "192.0.2.2").verdict, VERDICT_ADMIT);
    now = until - 1;
    ck_assert_int_eq(check(&service, "192.0.2.1").reason, REASON_PENALTY);
    now = until;
    ck_assert_int_eq(check(&service, "192.0.2.1").verdict, VERDICT_ADMIT);
}
END_TEST

/* Small ones add up; from penalty-min on they count, until they are over; penalty-max bounds them.
 */
START_TEST(test_penalty_bounds)
{
    const struct admission_end crash = {.status = -1, .crash = true};
    struct admission_service service = SERVICE(.number = 1);
    struct source_pardon pardon;
    size_t untold;
    nanoseconds until = 0;

    guard.penalties = (struct settings_penalties){penalties, ROWS(penalties)};
    guard.penalty_min = 25 * CLOCK_SECOND;
    guard.penalty_max = 28 * CLOCK_SECOND;
    ck_assert(!suffer(&service, "192.0.2.1", &crash, &until)); /* 10 s */
    now += 2 * CLOCK_SECOND;
    ck_assert(!suffer(&service, "192.0.2.1", &crash, &until)); /* 18 s */
    ck_assert(suffer(&service, "192.0.2.1", &crash, &until));  /* 28 s */
    ck_assert_uint_eq(until, now + 28 * CLOCK_SECOND);
    ck_assert_int_eq(check(&service, "192.0.2.1").reason, REASON_PENALTY);
    ck_assert_uint_eq(sources_expire(&admission.sources, 100, until - 1, &pardon, 1, &untold), 0);
    ck_assert_uint_eq(sources_expire(&admission.sources, 100, until, &pardon, 1, &untold), 1);
    ck_assert_uint_eq(pardon.service, 1);
    ck_assert_uint_eq(pardon.addr.family, ADDR_IPV4);
    ck_assert_uint_eq(pardon.addr.bytes[3], 1);
    ck_assert_uint_eq(sources_count(&admission.sources), 0);
}
END_TEST

START_TEST(test_penalty_exempt)
{
    const struct admission_end crash = {.status = -1, .crash = true};
    struct prefix exempt[] = {prefix("192.0.2.0/24"), prefix("unix")};
    struct admission_service service;
    nanoseconds until;

    guard.penalties = (struct settings_penalties){penalties, ROWS(penalties)};
    guard.penalty_exempt = (struct settings_prefixes){exempt, 2, 2};
    remake_rules();
    service = SERVICE(.number = 1);
    ck_assert(!suffer(&service, "192.0.2.1", &crash, &until));
    ck_assert(suffer(&service, "198.51.100.1", &crash, &until));
    ck_assert(suffer(&service, "2001:db8::1", &crash, &until));
}
END_TEST

/* --- full tables ---------------------------------------------------------------------------- */

static struct addr numbered(unsigned i)
{
    return (struct addr){
        .family = ADDR_IPV6,
        .bytes = {0x20, 1, (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};
}

/* A million sources: the table stays bounded, known ones keep theirs, new ones share one bucket;
 * and all of it is given back when it is over. */
START_TEST(test_flood)
{
    const unsigned flood = 100000;
    struct admission_service service = SERVICE(.number = 1);
    struct addr known = numbered(0xffffffff), peer;
    struct admission_decision decision;
    struct source_pardon pardon;
    size_t untold;
    unsigned admitted = 0;

    guard.rate_per_source = (struct settings_rate){5, 3600 * CLOCK_SECOND};
    decision = admission_check(&admission, &service, &known, now);
    ck_assert_int_eq(decision.verdict, VERDICT_ADMIT);
    for (unsigned i = 0; i < flood; i++) {
        struct admission_decision one;

        peer = numbered(i);
        one = admission_check(&admission, &service, &peer, now);
        admitted += one.verdict == VERDICT_ADMIT;
        if (one.verdict == VERDICT_ADMIT)
            admission_release(&admission, &service, &one.ticket, now);
    }
    ck_assert_uint_eq(sources_count(&admission.sources), MAX_SOURCES + 1);
    ck_assert_uint_eq(admitted, MAX_SOURCES - 1 + 5); /* five by the bucket that all others share */
    ck_assert_int_eq(admission_check(&admission, &service, &known, now).verdict, VERDICT_ADMIT);
    peer = numbered(3); /* known since the flood began */
    ck_assert_int_eq(admission_check(&admission, &service, &peer, now).verdict, VERDICT_ADMIT);
    peer = numbered(flood + 1);
    ck_assert_int_eq(admission_check(&admission, &service, &peer, now).reason, REASON_SOURCE_RATE);
    /* The other family has its own table. */
    ck_assert_int_eq(check(&service, "192.0.2.1").verdict, VERDICT_ADMIT);
    now += 7200 * CLOCK_SECOND;
    sources_expire(&admission.sources, flood, now, &pardon, 1, &untold);
    ck_assert_uint_eq(sources_count(&admission.sources), 3); /* those that are connected */
    for (unsigned i = 0; i < MAX_SOURCES - 10; i++) {
        peer = numbered(i + 2 * flood);
        ck_assert_int_eq(admission_check(&admission, &service, &peer, now).verdict, VERDICT_ADMIT);
    }
}
END_TEST

/* What one service's flood shares isn't another's. */
START_TEST(test_flood_beside)
{
    struct admission_service flooded = SERVICE(.number = 1), quiet = SERVICE(.number = 2);
    struct addr peer;

    guard.rate_per_source = (struct settings_rate){5, 3600 * CLOCK_SECOND};
    for (unsigned i = 0; i < 2 * MAX_SOURCES; i++) {
        peer = numbered(i);
        admission_check(&admission, &flooded, &peer, now);
    }
    for (unsigned i = 0; i < 5; i++) {
        peer = numbered(10 * MAX_SOURCES + i);
        ck_assert_int_eq(admission_check(&admission, &quiet, &peer, now).verdict, VERDICT_ADMIT);
    }
    ck_assert_int_eq(admission_check(&admission, &quiet, &peer, now).reason, REASON_SOURCE_RATE);
    ck_assert_uint_eq(sources_count(&admission.sources), MAX_SOURCES + 2);
}
END_TEST

/* Penalties that are over make room, told or not; those that nobody was told of by name are
 * counted. */
START_TEST(test_pardons_in_a_crowd)
{
    const struct admission_end crash = {.status = -1, .crash = true};
    struct admission_service service = SERVICE(.number = 1);
    struct source_pardon pardons[3];
    struct addr peer;
    size_t untold;

    guard.penalties = (struct settings_penalties){penalties, ROWS(penalties)};
    guard.penalty_min = 1;
    for (unsigned i = 0; i < MAX_SOURCES; i++) {
        struct admission_decision one;

        peer = numbered(i);
        one = admission_check(&admission, &service, &peer, now);
        ck_assert(admission_penalize(&service, &one.ticket, &peer, &crash, now).begins);
        admission_release(&admission, &service, &one.ticket, now);
    }
    now += 10 * CLOCK_SECOND;
    for (unsigned i = 0; i < 10; i++) { /* each in the place of one that is over */
        peer = numbered(MAX_SOURCES + i);
        ck_assert_int_eq(admission_check(&admission, &service, &peer, now).verdict, VERDICT_ADMIT);
    }
    ck_assert_uint_eq(sources_count(&admission.sources), MAX_SOURCES);
    ck_assert_uint_eq(sources_expire(&admission.sources, 2 * MAX_SOURCES, now, pardons, 3, &untold),
                      3);
    ck_assert_uint_eq(untold, MAX_SOURCES - 3);
    ck_assert_uint_eq(sources_count(&admission.sources), 10);
    ck_assert_uint_eq(sources_expire(&admission.sources, 100, now, pardons, 3, &untold), 0);
    ck_assert_uint_eq(untold, 0);
}
END_TEST

/* One that is over is told when the next one comes before anybody looked, be that a small one. */
START_TEST(test_penalty_after_penalty)
{
    const struct admission_end crash = {.status = -1, .crash = true};
    struct admission_service service = SERVICE(.number = 1);
    struct addr peer = address("192.0.2.1", 1);
    struct admission_sentence sentence;
    struct admission_decision one;
    nanoseconds until = 0;

    guard.penalties = (struct settings_penalties){penalties, ROWS(penalties)};
    guard.penalty_min = 15 * CLOCK_SECOND;
    ck_assert(!suffer(&service, "192.0.2.1", &crash, &until));
    ck_assert(suffer(&service, "192.0.2.1", &crash, &until)); /* 20 s */
    now = until;
    one = check(&service, "192.0.2.1");
    sentence = admission_penalize(&service, &one.ticket, &peer, &crash, now);
    ck_assert(sentence.is_over);
    ck_assert(!sentence.begins);
    sentence = admission_penalize(&service, &one.ticket, &peer, &crash, now);
    ck_assert(!sentence.is_over);
    ck_assert(sentence.begins);
}
END_TEST

/* An old one that says nothing more makes room at once. */
START_TEST(test_replaced)
{
    struct admission_service service = SERVICE(.number = 1);

    guard.rate_per_source = (struct settings_rate){1, CLOCK_SECOND};
    for (unsigned i = 0; i < 3 * MAX_SOURCES; i++) {
        struct addr peer = numbered(i);
        struct admission_decision one = admission_check(&admission, &service, &peer, now);

        ck_assert_int_eq(one.verdict, VERDICT_ADMIT);
        admission_release(&admission, &service, &one.ticket, now);
        now += CLOCK_SECOND / (MAX_SOURCES / 2);
    }
    ck_assert_uint_le(sources_count(&admission.sources), MAX_SOURCES);
}
END_TEST

Suite *admission_suite(void)
{
    Suite *suite = suite_create("admission");
    TCase *tcase = tcase_create("admission");

    tcase_add_checked_fixture(tcase, open_admission, close_admission);
    tcase_add_test(tcase, test_open);
    tcase_add_test(tcase, test_reason_names);
    tcase_add_loop_test(tcase, test_limits, 0, ROWS(rows));
    tcase_add_test(tcase, test_lowered_limit);
    tcase_add_test(tcase, test_one_after_the_other);
    tcase_add_test(tcase, test_given_back_twice);
    tcase_add_test(tcase, test_sources);
    tcase_add_test(tcase, test_unix_sources);
    tcase_add_test(tcase, test_unix_and_ipv4);
    tcase_add_test(tcase, test_unknown_peer);
    tcase_add_test(tcase, test_crowd);
    tcase_add_loop_test(tcase, test_bucket, 0, ROWS(bucket_rows));
    tcase_add_test(tcase, test_rate);
    tcase_add_test(tcase, test_connections_per_source);
    tcase_add_test(tcase, test_rate_per_source);
    tcase_add_test(tcase, test_access);
    tcase_add_loop_test(tcase, test_penalty_by_outcome, 0, ROWS(end_rows));
    tcase_add_test(tcase, test_penalty_bounds);
    tcase_add_test(tcase, test_penalty_exempt);
    tcase_add_test(tcase, test_flood);
    tcase_add_test(tcase, test_replaced);
    tcase_add_test(tcase, test_flood_beside);
    tcase_add_test(tcase, test_pardons_in_a_crowd);
    tcase_add_test(tcase, test_penalty_after_penalty);
    tcase_add_test(tcase, test_bucket_after_reload);
    tcase_add_test(tcase, test_withdraw);
    suite_add_tcase(suite, tcase);
    return suite;
}

/* admission: verdicts and reasons at every limit, tickets, and the counts of sources: per service,
 * per address, per uid, and their memory. */
#include "admit/admission.h"

#include <string.h>

#include "unit.h"

static struct admission admission;

static void open_admission(void)
{
    ck_assert_int_eq(admission_open(&admission), 0);
}

static void close_admission(void)
{
    admission_close(&admission);
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

    return admission_check(&admission, service, &peer);
}

START_TEST(test_open)
{
    ck_assert_uint_eq(admission.limit, 0);
    ck_assert_uint_eq(admission.running, 0);
    ck_assert_uint_eq(admission.sources.map.count, 0);
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
    struct admission_service service = {.number = 1}, other = {.number = 2};
    struct admission_decision decision;
    enum admission_reason reason;
    uint64_t sources;

    run_some(&service, rows[_i].running);
    run_some(&other, rows[_i].others);
    sources = admission.sources.map.count;
    service.limit = rows[_i].limit; /* limits may change while handlers run */
    service.refuse_when_full = rows[_i].refuse;
    admission.limit = rows[_i].daemon_limit;
    ck_assert_int_eq(admission_preview(&admission, &service, &reason), rows[_i].verdict);
    ck_assert_int_eq(reason, rows[_i].reason);
    decision = check(&service, "192.0.2.2");
    ck_assert_int_eq(decision.verdict, rows[_i].verdict);
    ck_assert_int_eq(decision.reason, rows[_i].reason);
    ck_assert((decision.ticket.source != NULL) == (decision.verdict == VERDICT_ADMIT));
    if (decision.verdict != VERDICT_ADMIT) { /* then nothing was counted */
        ck_assert_uint_eq(service.running, rows[_i].running);
        ck_assert_uint_eq(admission.running, rows[_i].running + rows[_i].others);
        ck_assert_uint_eq(admission.sources.map.count, sources);
    }
}
END_TEST

/* A limit that was lowered below what runs: closed until enough have ended. */
START_TEST(test_lowered_limit)
{
    struct admission_service service = {.number = 1};
    struct admission_decision decisions[5];

    for (int i = 0; i < 5; i++)
        decisions[i] = check(&service, "192.0.2.1");
    service.limit = 2;
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(check(&service, "192.0.2.1").verdict, VERDICT_QUEUE);
        admission_release(&admission, &service, &decisions[i].ticket);
    }
    ck_assert_uint_eq(service.running, 1);
    ck_assert_int_eq(check(&service, "192.0.2.1").verdict, VERDICT_ADMIT);
}
END_TEST

START_TEST(test_one_after_the_other)
{
    struct admission_service service = {.number = 1, .limit = 1};

    for (int i = 0; i < 100; i++) {
        struct admission_decision decision = check(&service, "192.0.2.1");

        ck_assert_int_eq(decision.verdict, VERDICT_ADMIT);
        ck_assert_uint_eq(decision.source_running, 1);
        ck_assert_int_eq(check(&service, "192.0.2.1").verdict, VERDICT_QUEUE);
        admission_release(&admission, &service, &decision.ticket);
    }
    ck_assert_uint_eq(service.running, 0);
    ck_assert_uint_eq(admission.running, 0);
    ck_assert_uint_eq(admission.sources.map.count, 0);
}
END_TEST

START_TEST(test_given_back_twice)
{
    struct admission_service service = {.number = 1};
    struct admission_decision one = check(&service, "192.0.2.1");
    struct admission_decision other = check(&service, "192.0.2.1");
    struct admission_ticket never = {NULL};

    for (int i = 0; i < 3; i++)
        admission_release(&admission, &service, &one.ticket);
    admission_release(&admission, &service, &never);
    ck_assert_ptr_null(one.ticket.source);
    ck_assert_uint_eq(service.running, 1);
    ck_assert_uint_eq(admission.running, 1);
    ck_assert_uint_eq(other.ticket.source->running, 1);
    admission_release(&admission, &service, &other.ticket);
    ck_assert_uint_eq(service.running, 0);
    ck_assert_uint_eq(admission.running, 0);
    ck_assert_uint_eq(admission.sources.map.count, 0);
}
END_TEST

/* Clients in order; each row tells how many of its source run then, itself included. */
static const struct {
    uint32_t service;
    const char *host;
    uint16_t port;
    uint32_t expected;
} source_rows[] = {
    {1, "192.0.2.1", 1000, 1}, {1, "192.0.2.1", 1000, 2},
    {1, "192.0.2.1", 2000, 3},                            /* the port is no part of a source */
    {1, "192.0.2.2", 1000, 1}, {2, "192.0.2.1", 1000, 1}, /* another service counts for itself */
    {2, "192.0.2.1", 1000, 2}, {1, "::ffff:192.0.2.1", 1, 4}, /* the same machine */
    {1, "2001:db8::1", 1, 1},  {1, "2001:db8::2", 1, 1},
    {1, "2001:db8::1", 2, 2},  {1, "fe80::1%1", 1, 1},
    {1, "fe80::1%2", 1, 1}, /* on another link */
    {1, "fe80::1%1", 2, 2},    {1, "0.0.0.0", 1, 1},
    {1, "::", 1, 1}, /* other families */
    {1, "192.0.2.1", 3000, 5},
};

START_TEST(test_sources)
{
    struct admission_service services[] = {{.number = 0}, {.number = 1}, {.number = 2}};
    struct admission_ticket tickets[ROWS(source_rows)];

    for (int i = 0; i < ROWS(source_rows); i++) {
        struct addr peer = address(source_rows[i].host, source_rows[i].port);
        struct admission_decision decision =
            admission_check(&admission, &services[source_rows[i].service], &peer);

        ck_assert_msg(decision.source_running == source_rows[i].expected, "row %d: %u", i,
                      decision.source_running);
        tickets[i] = decision.ticket;
    }
    for (int i = 0; i < ROWS(source_rows); i++)
        admission_release(&admission, &services[source_rows[i].service], &tickets[i]);
    ck_assert_uint_eq(admission.sources.map.count, 0);
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
    struct admission_service service = {.number = 1};

    for (int i = 0; i < ROWS(peers); i++) {
        struct addr peer = addr_unix(peers[i].uid, peers[i].gid, peers[i].pid);
        struct admission_decision decision = admission_check(&admission, &service, &peer);

        ck_assert_int_eq(decision.verdict, VERDICT_ADMIT);
        ck_assert_msg(decision.source_running == peers[i].expected, "row %d: %u", i,
                      decision.source_running);
    }
}
END_TEST

/* A uid is no address with the same bytes. */
START_TEST(test_unix_and_ipv4)
{
    struct admission_service service = {.number = 1};
    struct addr peer = address("192.0.2.1", 0), other;
    uint32_t uid;

    memcpy(&uid, peer.bytes, sizeof(uid));
    other = addr_unix(uid, 0, 0);
    ck_assert_uint_eq(admission_check(&admission, &service, &peer).source_running, 1);
    ck_assert_uint_eq(admission_check(&admission, &service, &other).source_running, 1);
}
END_TEST

START_TEST(test_unknown_peer)
{
    struct admission_service service = {.number = 1};
    struct addr peer = {.family = ADDR_NONE};
    struct admission_decision decision = admission_check(&admission, &service, &peer);

    ck_assert_int_eq(decision.verdict, VERDICT_ADMIT);
    admission_release(&admission, &service, &decision.ticket);
    ck_assert_uint_eq(admission.sources.map.count, 0);
}
END_TEST

#define CROWD 10000

static void admit_crowd(struct admission_service *service, struct admission_ticket tickets[])
{
    for (unsigned i = 0; i < CROWD; i++) {
        struct addr peer = {.family = ADDR_IPV4,
                            .bytes = {10, 0, (uint8_t)(i >> 8), (uint8_t)(i & 0xff)}};
        struct admission_decision decision = admission_check(&admission, service, &peer);

        ck_assert_int_eq(decision.verdict, VERDICT_ADMIT);
        ck_assert_uint_eq(decision.source_running, 1);
        tickets[i] = decision.ticket;
    }
    ck_assert_uint_eq(admission.sources.map.count, CROWD);
    ck_assert_uint_eq(service->running, CROWD);
}

/* Another order than the one they came in. */
static void release_crowd(struct admission_service *service, struct admission_ticket tickets[])
{
    for (unsigned i = 0; i < CROWD; i++)
        admission_release(&admission, service, &tickets[(i * 7919) % CROWD]);
    ck_assert_uint_eq(admission.sources.map.count, 0);
    ck_assert_uint_eq(admission.running, 0);
}

/* Ten thousand sources come and go: the first time brings all the memory that is ever needed. */
START_TEST(test_crowd)
{
    static struct admission_ticket tickets[CROWD];
    struct admission_service service = {.number = 1};
    const struct source_block *blocks = NULL;

    for (int round = 0; round < 5; round++) {
        admit_crowd(&service, tickets);
        release_crowd(&service, tickets);
        if (round == 0)
            blocks = admission.sources.blocks;
        ck_assert_ptr_eq(admission.sources.blocks, blocks);
    }
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
    suite_add_tcase(suite, tcase);
    return suite;
}

/* event: the line of each event, whole, what is counted of it, and floods that are summed up. */
#include "report/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "unit.h"

static struct event_report report;
static struct admission_service admission = {.running = 2, .limit = 64};
static struct addr peer;
static struct endpoint listener = {.kind = ENDPOINT_TCP};
static const struct rusage usage = {.ru_utime = {1, 2000}, .ru_stime = {0, 3000}, .ru_maxrss = 9};

/* How a reporter's lines go into a file. */
static void begin(struct reporter *reporter)
{
    struct log_settings settings = {.sink = LOG_SINK_FILE,
                                    .path = sandbox_join("log"),
                                    .format = LOG_FORMAT_TEXT,
                                    .level = LOG_LEVEL_DEBUG};
    struct loop *loop;

    ck_assert_int_eq(addr_parse_host("192.0.2.1", &peer), 0);
    peer.port = 40312;
    ck_assert_int_eq(addr_parse_host("127.0.0.1", &listener.addr), 0);
    listener.addr.port = 80;
    ck_assert_int_eq(loop_open(&loop), 0);
    ck_assert_int_eq(loop_reserve(loop, 1), 0);
    event_open_report(&report, loop);
    event_open(reporter, &report, "a b", &admission);
    ck_assert_int_eq(log_open(&settings), 0);
}

static void end(struct reporter *reporter)
{
    event_close(reporter);
    ck_assert_ptr_null(report.unsaid);
    loop_disarm(report.loop, &report.flood);
    loop_close(report.loop);
    log_close(0);
}

/* The lines of the log without their times; good until the next call. */
static const char *read_lines(void)
{
    static char text[8192];
    char line[1024];
    size_t length = 0;
    FILE *file = fopen(sandbox_join("log"), "r");

    ck_assert_ptr_nonnull(file);
    text[0] = '\0';
    while (fgets(line, sizeof(line), file)) {
        ck_assert_ptr_nonnull(strchr(line, ' '));
        length +=
            (size_t)snprintf(text + length, sizeof(text) - length, "%s", strchr(line, ' ') + 1);
    }
    fclose(file);
    return text;
}

static const struct {
    enum event event;
    struct event_facts facts;
    const char *line;
    enum fact_id counter;
    size_t index;
} rows[] = {
    {EVENT_START,
     {.connection = 7, .pid = 345, .peer = &peer, .source_running = 1},
     "info a b: start connection=7 pid=345 peer=192.0.2.1:40312 active=2/64 source=1 event=start\n",
     FACT_STARTED,
     0},
    {EVENT_START,
     {.connection = 7, .pid = 345},
     "info a b: start connection=7 pid=345 active=2/64 event=start\n",
     FACT_STARTED,
     0},
    {EVENT_END,
     {.connection = 7,
      .pid = 345,
      .peer = &peer,
      .outcome = OUTCOME_EXIT,
      .status = 3 << 8,
      .usage = &usage,
      .duration = CLOCK_SECOND},
     "info a b: end connection=7 pid=345 peer=192.0.2.1:40312 outcome=exit.3 duration_ms=1000 "
     "cpu_ms=1005 memory_kib=9 event=end\n",
     FACT_EXITS,
     OUTCOME_EXIT},
    {EVENT_END,
     {.connection = 7, .pid = 345, .outcome = OUTCOME_KILLED, .status = 9, .usage = &usage},
     "info a b: end connection=7 pid=345 outcome=killed signal=SIGKILL duration_ms=0 cpu_ms=1005 "
     "memory_kib=9 event=end\n",
     FACT_EXITS,
     OUTCOME_KILLED},
    {EVENT_END,
     {.connection = 7, .peer = &peer, .outcome = OUTCOME_SILENT, .duration = CLOCK_SECOND},
     "info a b: end connection=7 peer=192.0.2.1:40312 outcome=silent duration_ms=1000 event=end\n",
     FACT_EXITS,
     OUTCOME_SILENT},
    {EVENT_TIMEOUT,
     {.connection = 7, .pid = 345, .peer = &peer, .signal = "SIGTERM"},
     "notice a b: max-runtime exceeded connection=7 pid=345 peer=192.0.2.1:40312 signal=SIGTERM "
     "event=info\n",
     FACT_NONE,
     0},
    {EVENT_GONE,
     {.peer = &peer},
     "debug a b: client disconnected before its handler started peer=192.0.2.1:40312 "
     "event=info\n",
     FACT_GONE,
     0},
    {EVENT_START_FAILED,
     {.connection = 7,
      .pid = 345,
      .peer = &peer,
      .stage = STAGE_EXEC,
      .error = "E",
      .program = "p"},
     "error a b: start failed; service backs off and retries connection=7 pid=345 "
     "peer=192.0.2.1:40312 stage=exec error=E program=p event=start-failed\n",
     FACT_START_FAILURES,
     STAGE_EXEC},
    {EVENT_START_FAILED,
     {.again = true, .connection = 7, .stage = STAGE_FORK, .error = "E", .program = "p"},
     "debug a b: start failed; service backs off and retries connection=7 stage=fork error=E "
     "program=p event=start-failed\n",
     FACT_START_FAILURES,
     STAGE_FORK},
    {EVENT_STARTED_AGAIN,
     {.times = 3},
     "notice a b: service started again pauses=3 event=started-again\n",
     FACT_NONE,
     0},
    {EVENT_PENALTY,
     {.source = &peer, .duration = 60 * CLOCK_SECOND},
     "notice a b: penalty begins source=192.0.2.1 duration_ms=60000 event=penalty\n",
     FACT_PENALTIES,
     0},
    {EVENT_PENALTY_OVER,
     {.source = &peer},
     "notice a b: penalty ended source=192.0.2.1 event=penalty-over\n",
     FACT_NONE,
     0},
    {EVENT_REFUSED,
     {.peer = &peer, .reason = REASON_FULL},
     "notice a b: refused reason=full peer=192.0.2.1:40312 active=2/64 event=refused\n",
     FACT_REFUSED,
     REASON_FULL},
    {EVENT_PENDING,
     {.listen = &listener, .error = "in use"},
     "warning a b: cannot bind, will retry listen=127.0.0.1:80 "
     "error=\"in use\" event=pending\n",
     FACT_NONE,
     0},
    {EVENT_BOUND,
     {.listen = &listener},
     "notice a b: bound listen=127.0.0.1:80 event=bound\n",
     FACT_NONE,
     0},
    {EVENT_REST_DATAGRAMS,
     {.listen = &listener, .times = 3},
     "warning a b: handlers exit without reading; datagrams dropped, socket backs off "
     "listen=127.0.0.1:80 ends=3 event=resting\n",
     FACT_NONE,
     0},
    {EVENT_REST_CLIENTS,
     {.again = true, .listen = &listener, .times = 4},
     "debug a b: handlers exit at once without accepting; socket backs off "
     "listen=127.0.0.1:80 ends=4 event=resting\n",
     FACT_NONE,
     0},
    {EVENT_REST_EMPTY,
     {.listen = &listener, .error = "E"},
     "warning a b: socket readable but nothing to read; socket backs off "
     "listen=127.0.0.1:80 error=E event=resting\n",
     FACT_NONE,
     0},
    {EVENT_REST_OVER,
     {.listen = &listener, .times = 5},
     "notice a b: handlers read from the socket again listen=127.0.0.1:80 ends=5 "
     "event=resting-over\n",
     FACT_NONE,
     0},
};

START_TEST(line)
{
    struct reporter reporter;

    begin(&reporter);
    event_say(&reporter, rows[_i].event, &rows[_i].facts);
    ck_assert_str_eq(read_lines(), rows[_i].line);
    ck_assert_int_eq(reporter.counters != NULL, rows[_i].counter != FACT_NONE);
    if (rows[_i].counter != FACT_NONE) {
        ck_assert_uint_eq(counters_get(reporter.counters, rows[_i].counter, rows[_i].index), 1);
        ck_assert_uint_eq(counters_sum(reporter.counters, rows[_i].counter), 1);
    }
    end(&reporter);
}
END_TEST

static void stop_when_quiet(void *context)
{
    (void)context;
    if (!loop_is_armed(&report.flood))
        loop_stop(report.loop);
}

static void refuse(struct reporter *reporter, enum admission_reason reason, int times)
{
    while (times-- > 0)
        event_say(reporter, EVENT_REFUSED, &(struct event_facts){.peer = &peer, .reason = reason});
}

/* The first of each kind is said, and the rest after a second, until nothing more comes. */
START_TEST(flood)
{
    struct reporter reporter, other;

    begin(&reporter);
    event_open(&other, &report, "other", &admission);
    refuse(&reporter, REASON_DENIED, 5);
    refuse(&reporter, REASON_FULL, 1);
    refuse(&other, REASON_FULL, 2);
    for (int i = 0; i < 3; i++)
        event_say(&reporter, EVENT_PENALTY, &(struct event_facts){.source = &peer});
    event_close(&other); /* what it had to say goes with it */
    ck_assert_int_eq(loop_run(report.loop, stop_when_quiet, NULL), 0);
    ck_assert_str_eq(
        read_lines(),
        "notice a b: refused reason=denied peer=192.0.2.1:40312 active=2/64 event=refused\n"
        "notice a b: refused reason=full peer=192.0.2.1:40312 active=2/64 event=refused\n"
        "notice other: refused reason=full peer=192.0.2.1:40312 active=2/64 event=refused\n"
        "notice a b: penalty begins source=192.0.2.1 duration_ms=0 event=penalty\n"
        "notice a b: penalties begin more=2 event=penalty\n"
        "notice a b: refused reason=denied more=4 active=2/64 event=refused\n");
    ck_assert_uint_eq(reporter.counters->refused[REASON_DENIED], 5);
    ck_assert_uint_eq(counters_sum(reporter.counters, FACT_REFUSED_UNSAID), 0);
    refuse(&reporter, REASON_DENIED, 1);
    ck_assert_ptr_nonnull(
        strstr(read_lines(), "more=4 active=2/64 event=refused\nnotice a b: refused"));
    end(&reporter);
}
END_TEST

Suite *event_suite(void)
{
    Suite *suite = suite_create("event");
    TCase *all = tcase_create("event");

    sandbox_add(all);
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, line, 0, ROWS(rows));
    tcase_add_test(all, flood);
    suite_add_tcase(suite, all);
    return suite;
}

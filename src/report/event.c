/* event: see event.h. The only place that words these lines. */
#include "report/event.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* The fields of a line, in their order. */
enum field {
    CONNECTION = 1 << 0,
    PID = 1 << 1, /* where there is one */
    REASON = 1 << 2,
    PEER = 1 << 3, /* where there is one */
    MORE = 1 << 4, /* of a sum, instead of PEER */
    ACTIVE = 1 << 5,
    RUNNING = 1 << 6, /* of the same source */
    SOURCE = 1 << 7,
    LISTEN = 1 << 8,
    OUTCOME = 1 << 9, /* with its signal */
    SIGNAL = 1 << 10,
    DURATION = 1 << 11,
    SPENT = 1 << 12, /* CPU and memory, where there was a process */
    STAGE = 1 << 13,
    FAILURE = 1 << 14, /* errno's words */
    PROGRAM = 1 << 15,
    PAUSES = 1 << 16,
    ENDS = 1 << 17,
};

#define CLIENT     (CONNECTION | PID | PEER)
#define SUM_FIELDS (REASON | MORE | ACTIVE)

struct event_row {
    const char *word;
    enum log_level level;
    const char *words;
    unsigned fields;
    enum fact_id counter;
    unsigned plot;       /* 1 + the kind of history; 0: none */
    enum fact_id unsaid; /* said once, then summed up: where it is counted until then */
    const char *sum_words;
};

static const struct event_row rows[EVENT_COUNT] = {
    [EVENT_START] = {"start", .level = LOG_LEVEL_INFO, "start", CLIENT | ACTIVE | RUNNING,
                     FACT_STARTED, .plot = 1 + HISTORY_STARTED},
    [EVENT_END] = {"end", .level = LOG_LEVEL_INFO, "end", CLIENT | OUTCOME | DURATION | SPENT,
                   FACT_EXITS},
    [EVENT_TIMEOUT] = {LOG_EVENT_INFO, .level = LOG_LEVEL_NOTICE, "max-runtime exceeded",
                       CLIENT | SIGNAL},
    [EVENT_GONE] = {LOG_EVENT_INFO, .level = LOG_LEVEL_DEBUG,
                    "client disconnected before its handler started", PEER, FACT_GONE},
    [EVENT_START_FAILED] = {"start-failed", .level = LOG_LEVEL_ERROR,
                            "start failed; service backs off and retries",
                            CLIENT | STAGE | FAILURE | PROGRAM, FACT_START_FAILURES},
    [EVENT_STARTED_AGAIN] = {"started-again", .level = LOG_LEVEL_NOTICE, "service started again",
                             PAUSES},
    [EVENT_PENALTY] = {"penalty", .level = LOG_LEVEL_NOTICE, "penalty begins", SOURCE | DURATION,
                       FACT_PENALTIES, .unsaid = FACT_PENALTIES_UNSAID,
                       .sum_words = "penalties begin"},
    [EVENT_PENALTY_OVER] = {"penalty-over", .level = LOG_LEVEL_NOTICE, "penalty ended", SOURCE},
    [EVENT_REFUSED] = {"refused", .level = LOG_LEVEL_NOTICE, "refused", REASON | PEER | ACTIVE,
                       FACT_REFUSED, .plot = 1 + HISTORY_REFUSED, .unsaid = FACT_REFUSED_UNSAID,
                       .sum_words = "refused"},
    [EVENT_PENDING] = {"pending", .level = LOG_LEVEL_WARNING, "cannot bind, will retry",
                       LISTEN | FAILURE},
    [EVENT_BOUND] = {"bound", .level = LOG_LEVEL_NOTICE, "bound", LISTEN},
    [EVENT_REST_DATAGRAMS] = {"resting", .level = LOG_LEVEL_WARNING,
                              "handlers exit without reading; datagrams dropped, socket backs off",
                              LISTEN | ENDS},
    [EVENT_REST_CLIENTS] = {"resting", .level = LOG_LEVEL_WARNING,
                            "handlers exit at once without accepting; socket backs off",
                            LISTEN | ENDS},
    [EVENT_REST_EMPTY] = {"resting", .level = LOG_LEVEL_WARNING,
                          "socket readable but nothing to read; socket backs off",
                          LISTEN | FAILURE},
    [EVENT_REST_OVER] = {"resting-over", .level = LOG_LEVEL_NOTICE,
                         "handlers read from the socket again", LISTEN | ENDS},
    [EVENT_READY] = {"ready", .level = LOG_LEVEL_NOTICE},
    [EVENT_STOPPING] = {"stopping", .level = LOG_LEVEL_NOTICE},
    [EVENT_STOPPED] = {"stopped", .level = LOG_LEVEL_NOTICE},
    [EVENT_RELOADED] = {"reloaded", .level = LOG_LEVEL_NOTICE},
    [EVENT_RELOAD_FAILED] = {"reload-failed", .level = LOG_LEVEL_ERROR},
    [EVENT_UPGRADED] = {"upgraded", .level = LOG_LEVEL_NOTICE},
    [EVENT_UPGRADE_FAILED] = {"upgrade-failed", .level = LOG_LEVEL_ERROR},
    [EVENT_NO_FDS] = {"no-fds", .level = LOG_LEVEL_WARNING},
    [EVENT_NO_FDS_OVER] = {"no-fds-over", .level = LOG_LEVEL_NOTICE},
    [EVENT_ORDER] = {"order", .level = LOG_LEVEL_NOTICE},
    [EVENT_STDERR] = {"stderr", .level = LOG_LEVEL_INFO},
    [EVENT_LOST] = {LOG_EVENT_LOST, .level = LOG_LEVEL_WARNING},
    [EVENT_WARNING] = {LOG_EVENT_WARNING, .level = LOG_LEVEL_WARNING},
    [EVENT_INFO] = {LOG_EVENT_INFO, .level = LOG_LEVEL_INFO},
};

/* --- fields --------------------------------------------------------------------------------- */

/* Text in either case, so that it is one kind of member as JSON. */
void event_add_active(struct log_record *record, const struct admission_service *admission)
{
    if (admission->limit > 0)
        log_record_format(record, "active", "%" PRIu64 "/%" PRIu64, admission->running,
                          admission->limit);
    else
        log_record_format(record, "active", "%" PRIu64, admission->running);
}

static void add_peer(struct log_record *record, const struct addr *peer)
{
    char text[ADDR_TEXT_SIZE];

    addr_format(peer, text);
    log_record_format(record, "peer", "%s", text);
}

static void add_source(struct log_record *record, const struct addr *source)
{
    char text[ADDR_TEXT_SIZE];

    addr_format_host(source, text);
    log_record_format(record, "source", "%s", text);
}

static void add_listen(struct log_record *record, const struct endpoint *endpoint)
{
    char text[ENDPOINT_TEXT_SIZE];

    endpoint_format(endpoint, text);
    log_record_format(record, "listen", "%s", text);
}

static void add_outcome(struct log_record *record, int status, enum outcome outcome)
{
    const char *name;

    if (WIFSIGNALED(status)) {
        name = sigabbrev_np(WTERMSIG(status));
        log_record_text(record, "outcome", outcome_names[outcome]);
        log_record_format(record, "signal", "%s%s", name ? "SIG" : "", name ? name : "unknown");
    } else if (outcome == OUTCOME_EXIT) {
        log_record_format(record, "outcome", "exit.%d", WEXITSTATUS(status));
    } else {
        log_record_text(record, "outcome", outcome_names[outcome]);
    }
}

static nanoseconds time_of(struct timeval time)
{
    return (nanoseconds)time.tv_sec * CLOCK_SECOND + (nanoseconds)time.tv_usec * CLOCK_MICROSECOND;
}

static nanoseconds cpu_of(const struct rusage *usage)
{
    return time_of(usage->ru_utime) + time_of(usage->ru_stime);
}

/* Whom it is about. */
static void add_subject(struct log_record *record, unsigned fields, const struct event_facts *facts)
{
    if (fields & CONNECTION)
        log_record_number(record, "connection", facts->connection);
    if (fields & PID && facts->pid > 0)
        log_record_number(record, "pid", (uint64_t)facts->pid);
    if (fields & REASON)
        log_record_text(record, "reason", admission_reason_names[facts->reason]);
    if (fields & PEER && facts->peer)
        add_peer(record, facts->peer);
}

/* What there is to say of it. */
static void add_rest(struct log_record *record, unsigned fields, const struct event_facts *facts)
{
    if (fields & RUNNING && facts->source_running > 0)
        log_record_number(record, "source", facts->source_running);
    if (fields & SOURCE)
        add_source(record, facts->source);
    if (fields & LISTEN)
        add_listen(record, facts->listen);
    if (fields & OUTCOME)
        add_outcome(record, facts->status, facts->outcome);
    if (fields & SIGNAL)
        log_record_text(record, "signal", facts->signal);
    if (fields & DURATION)
        log_record_number(record, "duration_ms", facts->duration / CLOCK_MILLISECOND);
    if (fields & SPENT && facts->usage) {
        log_record_number(record, "cpu_ms", cpu_of(facts->usage) / CLOCK_MILLISECOND);
        log_record_number(record, "memory_kib", (uint64_t)facts->usage->ru_maxrss);
    }
    if (fields & STAGE)
        log_record_text(record, "stage", stage_name(facts->stage));
    if (fields & FAILURE)
        log_record_text(record, "error", facts->error);
    if (fields & PROGRAM)
        log_record_text(record, "program", facts->program);
    if (fields & PAUSES)
        log_record_number(record, "pauses", facts->times);
    if (fields & ENDS)
        log_record_number(record, "ends", facts->times);
}

static void say(const struct reporter *reporter, const struct event_row *row,
                const struct event_facts *facts, uint64_t more)
{
    enum log_level level = facts->again ? LOG_LEVEL_DEBUG : row->level;
    unsigned fields = more > 0 ? (row->fields | MORE) & SUM_FIELDS : row->fields;
    struct log_record record;

    if (!log_wants(level) && level > LOG_LEVEL_NOTICE /* log_recent wants those */)
        return;
    log_record_begin(&record, level, reporter->name, more > 0 ? row->sum_words : row->words);
    log_record_event(&record, row->word);
    add_subject(&record, fields, facts);
    if (fields & MORE)
        log_record_number(&record, "more", more);
    if (fields & ACTIVE)
        event_add_active(&record, reporter->admission);
    add_rest(&record, fields, facts);
    log_record_emit(&record);
}

/* --- counting ------------------------------------------------------------------------------- */

struct service_counters *event_counters(struct reporter *reporter)
{
    static struct service_counters nobodys;

    if (!reporter->counters)
        reporter->counters = calloc(1, sizeof(*reporter->counters));
    return reporter->counters ? reporter->counters : &nobodys;
}

/* Which one of a counter's numbers it is. */
static size_t index_of(enum fact_id counter, const struct event_facts *facts)
{
    switch (counter) {
    case FACT_REFUSED:
        return facts->reason;
    case FACT_EXITS:
        return facts->outcome;
    case FACT_START_FAILURES:
        return facts->stage;
    default:
        return 0;
    }
}

static void count(struct reporter *reporter, const struct event_row *row,
                  const struct event_facts *facts)
{
    struct service_counters *counters = event_counters(reporter);

    counters_add(counters, row->counter, index_of(row->counter, facts), 1);
    if (row->plot > 0)
        history_add(&counters->history, (enum history_kind)(row->plot - 1),
                    loop_now(reporter->report->loop));
    if (facts->usage)
        counters_add_time(counters, facts->duration, cpu_of(facts->usage));
}

/* --- floods --------------------------------------------------------------------------------- */

static void arm_flood(struct event_report *report)
{
    if (!loop_is_armed(&report->flood))
        loop_arm(report->loop, &report->flood, loop_now(report->loop) + CLOCK_SECOND);
}

void event_sum_up_later(struct reporter *reporter)
{
    struct event_report *report = reporter->report;
    struct service_counters *counters = reporter->counters;

    arm_flood(report);
    if (!counters || counters->is_unsaid)
        return;
    counters->is_unsaid = true;
    counters->next_unsaid = report->unsaid;
    report->unsaid = reporter;
}

/* The first one ever of its kind is said, and each one that comes a second after another. */
static bool is_for_the_sum(struct reporter *reporter, const struct event_row *row, size_t index)
{
    struct service_counters *counters;

    if (row->unsaid == FACT_NONE)
        return false;
    counters = event_counters(reporter);
    if (!loop_is_armed(&reporter->report->flood) ||
        counters_get(counters, row->counter, index) == 1) {
        arm_flood(reporter->report);
        return false;
    }
    counters_add(counters, row->unsaid, index, 1);
    event_sum_up_later(reporter);
    return true;
}

static void sum_up_event(const struct reporter *reporter, const struct event_row *row)
{
    for (size_t i = 0; i < counters_facts[row->unsaid].count; i++) {
        uint64_t more = counters_get(reporter->counters, row->unsaid, i);

        if (more == 0)
            continue;
        counters_set(reporter->counters, row->unsaid, i, 0);
        say(reporter, row, &(struct event_facts){.reason = (enum admission_reason)i}, more);
        arm_flood(reporter->report);
    }
}

static void on_flood(struct loop_timer *timer)
{
    struct event_report *report = timer->owner;
    struct reporter *reporter;

    while ((reporter = report->unsaid) != NULL) {
        report->unsaid = reporter->counters->next_unsaid;
        reporter->counters->is_unsaid = false;
        for (size_t i = 0; i < EVENT_COUNT; i++)
            if (rows[i].unsaid != FACT_NONE)
                sum_up_event(reporter, &rows[i]);
    }
}

/* --- the whole ------------------------------------------------------------------------------ */

void event_open_report(struct event_report *report, struct loop *loop)
{
    *report = (struct event_report){.loop = loop, .flood = {.fired = on_flood, .owner = report}};
}

void event_open(struct reporter *reporter, struct event_report *report, const char *name,
                const struct admission_service *admission)
{
    *reporter = (struct reporter){.name = name, .report = report, .admission = admission};
}

void event_close(struct reporter *reporter)
{
    struct service_counters *counters = reporter->counters;
    struct reporter **link = &reporter->report->unsaid;

    while (counters && counters->is_unsaid && *link != reporter)
        link = &(*link)->counters->next_unsaid;
    if (counters && counters->is_unsaid)
        *link = counters->next_unsaid;
    free(counters);
    reporter->counters = NULL;
}

void event_say(struct reporter *reporter, enum event event, const struct event_facts *facts)
{
    const struct event_row *row = &rows[event];

    if (row->counter != FACT_NONE)
        count(reporter, row, facts);
    if (!is_for_the_sum(reporter, row, index_of(row->counter, facts)))
        say(reporter, row, facts, 0);
}

void event_log(enum event event, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_message_event(rows[event].level, rows[event].word, format, arguments);
    va_end(arguments);
}

const char *event_word(enum event event)
{
    return rows[event].word;
}

/* events: see events.h. Called by server.c and service.c; the only place that words these lines. */
#include "serve/events.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/log.h"
#include "serve/lend.h"
#include "serve/server.h"
#include "serve/service.h"

enum outcome outcome_of(int status, const struct connection *connection)
{
    if (connection->timeouts > 0 && !connection->ordered)
        return OUTCOME_TIMEOUT;
    if (WIFSIGNALED(status))
        return connection->killed ? OUTCOME_KILLED : OUTCOME_CRASH;
    return WEXITSTATUS(status) == 0 ? OUTCOME_OK : OUTCOME_EXIT;
}

struct service_counters *event_counters(struct service *service)
{
    static struct service_counters nobodys;

    if (!service->counters)
        service->counters = calloc(1, sizeof(*service->counters));
    return service->counters ? service->counters : &nobodys;
}

static void add_peer(struct log_record *record, const struct addr *peer)
{
    char text[ADDR_TEXT_SIZE];

    addr_format(peer, text);
    log_record_format(record, "peer", "%s", text);
}

/* Text in either case, so that it is one kind of member as JSON. */
void event_add_active(struct log_record *record, const struct admission_service *admission)
{
    if (admission->limit > 0)
        log_record_format(record, "active", "%" PRIu64 "/%" PRIu64, admission->running,
                          admission->limit);
    else
        log_record_format(record, "active", "%" PRIu64, admission->running);
}

/* What every line about a connection begins with. */
static void begin(struct log_record *record, enum log_level level,
                  const struct connection *connection, const char *message)
{
    log_record_begin(record, level, connection->service->settings->name, message);
    log_record_number(record, "connection", connection->number);
    if (connection->pid > 0)
        log_record_number(record, "pid", (uint64_t)connection->pid);
    if (!connection->lent)
        add_peer(record, &connection->peer);
}

void event_started(const struct connection *connection)
{
    struct service *service = connection->service;
    struct log_record record;

    event_counters(service)->started++;
    history_add(&event_counters(service)->history, HISTORY_STARTED,
                loop_now(service->server->loop));
    if (!log_wants(LOG_LEVEL_INFO))
        return;
    begin(&record, LOG_LEVEL_INFO, connection, "start");
    event_add_active(&record, &service->admission);
    if (!connection->lent)
        log_record_number(&record, "source", connection->source_running);
    log_record_emit(&record);
}

static void add_outcome(struct log_record *record, int status, enum outcome outcome)
{
    const char *name;

    if (WIFSIGNALED(status)) {
        name = sigabbrev_np(WTERMSIG(status));
        log_record_format(record, "outcome", "%s", outcome_names[outcome]);
        log_record_format(record, "signal", "%s%s", name ? "SIG" : "", name ? name : "unknown");
    } else if (outcome == OUTCOME_EXIT) {
        log_record_format(record, "outcome", "exit.%d", WEXITSTATUS(status));
    } else {
        log_record_format(record, "outcome", "%s", outcome_names[outcome]);
    }
}

static nanoseconds time_of(struct timeval time)
{
    return (nanoseconds)time.tv_sec * CLOCK_SECOND + (nanoseconds)time.tv_usec * CLOCK_MICROSECOND;
}

void event_ended(const struct connection *connection, int status, const struct rusage *usage,
                 nanoseconds now)
{
    struct service *service = connection->service;
    enum outcome outcome = outcome_of(status, connection);
    nanoseconds duration = now - connection->accepted;
    nanoseconds cpu = time_of(usage->ru_utime) + time_of(usage->ru_stime);
    struct log_record record;

    event_counters(service)->exits[outcome]++;
    counters_add_time(event_counters(service), duration, cpu);
    if (!log_wants(LOG_LEVEL_INFO))
        return;
    begin(&record, LOG_LEVEL_INFO, connection, "end");
    add_outcome(&record, status, outcome);
    log_record_number(&record, "duration_ms", duration / CLOCK_MILLISECOND);
    log_record_number(&record, "cpu_ms", cpu / CLOCK_MILLISECOND);
    log_record_number(&record, "memory_kib", (uint64_t)usage->ru_maxrss);
    log_record_emit(&record);
}

void event_timeout(const struct connection *connection, const char *signal)
{
    struct log_record record;

    begin(&record, LOG_LEVEL_NOTICE, connection, "max-runtime is over");
    log_record_text(&record, "signal", signal);
    log_record_emit(&record);
}

void event_start_failed(const struct connection *connection, struct child_failure failure)
{
    struct service *service = connection->service;
    bool again =
        service->throttle_stage == failure.stage && service->throttle_error == failure.error;
    struct log_record record;

    event_counters(service)->start_failures[failure.stage]++;
    begin(&record, again ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR, connection,
          "start failed; the service rests and tries again");
    log_record_text(&record, "stage", stage_name(failure.stage));
    log_record_format(&record, "error", "%s", strerror(failure.error));
    log_record_text(&record, "program", service->plan->program);
    log_record_emit(&record);
}

void event_recovered(const struct service *service, unsigned failures)
{
    struct log_record record;

    log_record_begin(&record, LOG_LEVEL_NOTICE, service->settings->name, "starts work again");
    log_record_number(&record, "pauses", failures);
    log_record_emit(&record);
}

static void say_refused(const struct service *service, const struct addr *peer,
                        enum admission_reason reason, uint64_t count)
{
    struct log_record record;

    log_record_begin(&record, LOG_LEVEL_NOTICE, service->settings->name, "refused");
    log_record_text(&record, "reason", admission_reason_names[reason]);
    if (peer)
        add_peer(&record, peer);
    else
        log_record_number(&record, "more", count);
    event_add_active(&record, &service->admission);
    log_record_emit(&record);
}

void event_refused(struct service *service, const struct addr *peer, enum admission_reason reason)
{
    struct service_counters *counters = event_counters(service);
    struct server *server = service->server;

    counters->refused[reason]++;
    history_add(&counters->history, HISTORY_REFUSED, loop_now(server->loop));
    /* The timer runs while something was said within the last second. */
    if (!loop_is_armed(&server->sum_timer) || counters->refused[reason] == 1)
        say_refused(service, peer, reason, 1);
    else
        counters->refused_unsaid[reason]++;
    server_sum_up_soon(server);
}

void event_silent(const struct connection *connection, nanoseconds now)
{
    struct log_record record;

    event_counters(connection->service)->exits[OUTCOME_SILENT]++;
    if (!log_wants(LOG_LEVEL_INFO))
        return;
    begin(&record, LOG_LEVEL_INFO, connection, "end");
    log_record_text(&record, "outcome", outcome_names[OUTCOME_SILENT]);
    log_record_number(&record, "duration_ms", (now - connection->accepted) / CLOCK_MILLISECOND);
    log_record_emit(&record);
}

/* An address without its port, which is no part of a source. */
static void add_source(struct log_record *record, const struct addr *source)
{
    char text[ADDR_TEXT_SIZE];

    addr_format_host(source, text);
    log_record_format(record, "source", "%s", text);
}

void event_penalty(struct service *service, const struct addr *source, nanoseconds duration)
{
    struct service_counters *counters = event_counters(service);
    struct log_record record;

    /* As with refusals: an attacker with many addresses must not write our log. */
    if (counters->penalties++ > 0 && loop_is_armed(&service->server->sum_timer)) {
        counters->penalties_unsaid++;
        return;
    }
    log_record_begin(&record, LOG_LEVEL_NOTICE, service->settings->name, "penalty begins");
    add_source(&record, source);
    log_record_number(&record, "duration_ms", duration / CLOCK_MILLISECOND);
    log_record_emit(&record);
    server_sum_up_soon(service->server);
}

void event_pardon(const struct service *service, const struct addr *source)
{
    struct log_record record;

    log_record_begin(&record, LOG_LEVEL_NOTICE, service->settings->name, "penalty is over");
    add_source(&record, source);
    log_record_emit(&record);
}

static void sum_up_penalties(const struct service *service)
{
    struct log_record record;

    if (service->counters->penalties_unsaid == 0)
        return;
    log_record_begin(&record, LOG_LEVEL_NOTICE, service->settings->name, "penalties begin");
    log_record_number(&record, "more", service->counters->penalties_unsaid);
    log_record_emit(&record);
    service->counters->penalties_unsaid = 0;
    server_sum_up_soon(service->server);
}

void event_sum_up(struct service *service)
{
    if (!service->counters)
        return;
    sum_up_penalties(service);
    for (enum admission_reason reason = REASON_NONE; reason < REASON_COUNT; reason++) {
        uint64_t count = service->counters->refused_unsaid[reason];

        service->counters->refused_unsaid[reason] = 0;
        if (count == 0)
            continue;
        say_refused(service, NULL, reason, count);
        server_sum_up_soon(service->server);
    }
}

void event_gone(struct service *service, const struct addr *peer)
{
    struct log_record record;

    event_counters(service)->gone++;
    log_record_begin(&record, LOG_LEVEL_DEBUG, service->settings->name,
                     "the client was gone before its handler was started");
    add_peer(&record, peer);
    log_record_emit(&record);
}

void event_pending(struct listener *listener, int error)
{
    char text[ENDPOINT_TEXT_SIZE];
    struct log_record record;

    if (listener->error == error)
        return;
    listener->error = error;
    endpoint_format(listener->endpoint, text);
    log_record_begin(&record, LOG_LEVEL_WARNING, listener->service->settings->name,
                     "pending: the address cannot be bound; it is tried again");
    log_record_text(&record, "listen", text);
    log_record_text(&record, "error", listener_error_text(error));
    log_record_emit(&record);
}

void event_bound(struct listener *listener)
{
    char text[ENDPOINT_TEXT_SIZE];
    struct log_record record;

    if (listener->error == 0)
        return;
    listener->error = 0;
    endpoint_format(listener->endpoint, text);
    log_record_begin(&record, LOG_LEVEL_NOTICE, listener->service->settings->name,
                     "not pending any more");
    log_record_text(&record, "listen", text);
    log_record_emit(&record);
}

static void begin_lend(struct log_record *record, enum log_level level,
                       const struct listener *listener, const char *message)
{
    char text[ENDPOINT_TEXT_SIZE];

    endpoint_format(listener->endpoint, text);
    log_record_begin(record, level, listener->service->settings->name, message);
    log_record_format(record, "listen", "%s", text); /* copied: text ends here */
}

void event_lend_idle(const struct listener *listener, unsigned ends, bool dropped)
{
    struct log_record record;

    begin_lend(&record, ends == LEND_IDLE_ENDS ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG, listener,
               dropped
                   ? "handlers end and leave datagrams unread; they are dropped, the socket rests"
                   : "handlers end at once and leave clients waiting; the socket rests");
    log_record_number(&record, "ends", ends);
    log_record_emit(&record);
}

void event_lend_empty(const struct listener *listener, int error)
{
    struct log_record record;

    begin_lend(&record, LOG_LEVEL_WARNING, listener,
               "the socket wakes for nothing that a handler could take; it rests");
    log_record_format(&record, "error", "%s", strerror(-error));
    log_record_emit(&record);
}

void event_lend_recovered(const struct listener *listener, unsigned ends)
{
    struct log_record record;

    begin_lend(&record, LOG_LEVEL_NOTICE, listener, "handlers take what waits again");
    log_record_number(&record, "ends", ends);
    log_record_emit(&record);
}

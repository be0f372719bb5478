/* connection_event: see connection_event.h. */
#include "connection/connection_event.h"

#include <string.h>
#include <sys/wait.h>

#include "report/event.h"
#include "service/service.h"

enum outcome connection_event_outcome(const struct connection *connection, int status)
{
    if (connection->timeouts > 0 && !connection->ordered)
        return OUTCOME_TIMEOUT;
    if (WIFSIGNALED(status))
        return connection->killed ? OUTCOME_KILLED : OUTCOME_CRASH;
    return WEXITSTATUS(status) == 0 ? OUTCOME_OK : OUTCOME_EXIT;
}

/* What every line about a connection has. */
static struct event_facts facts_of(const struct connection *connection)
{
    return (struct event_facts){
        .connection = connection->number,
        .pid = connection->process.pid,
        .peer = connection->lent ? NULL : &connection->peer,
        .source_running = connection->lent ? 0 : connection->source_running,
    };
}

static void say(const struct connection *connection, enum event event,
                const struct event_facts *facts)
{
    event_say(&connection->service->reporter, event, facts);
}

void connection_event_start(const struct connection *connection)
{
    struct event_facts facts = facts_of(connection);

    say(connection, EVENT_START, &facts);
}

void connection_event_end(const struct connection *connection, int status,
                          const struct rusage *usage, nanoseconds now)
{
    struct event_facts facts = facts_of(connection);

    facts.outcome = connection_event_outcome(connection, status);
    facts.status = status;
    facts.usage = usage;
    facts.duration = now - connection->accepted;
    say(connection, EVENT_END, &facts);
}

void connection_event_silent(const struct connection *connection, nanoseconds now)
{
    struct event_facts facts = facts_of(connection);

    facts.outcome = OUTCOME_SILENT;
    facts.duration = now - connection->accepted;
    say(connection, EVENT_END, &facts);
}

void connection_event_timeout(const struct connection *connection, const char *signal)
{
    struct event_facts facts = facts_of(connection);

    facts.signal = signal;
    say(connection, EVENT_TIMEOUT, &facts);
}

void connection_event_start_failed(const struct connection *connection,
                                   struct child_failure failure)
{
    const struct service *service = connection->service;
    struct event_facts facts = facts_of(connection);

    facts.again =
        service->throttle_stage == failure.stage && service->throttle_error == failure.error;
    facts.stage = failure.stage;
    facts.error = strerror(failure.error);
    facts.program = service->plan->program;
    say(connection, EVENT_START_FAILED, &facts);
}

void connection_event_refused(struct service *service, const struct addr *peer,
                              enum admission_reason reason)
{
    event_say(&service->reporter, EVENT_REFUSED,
              &(struct event_facts){.peer = peer, .reason = reason});
}

void connection_event_gone(struct service *service, const struct addr *peer)
{
    event_say(&service->reporter, EVENT_GONE, &(struct event_facts){.peer = peer});
}

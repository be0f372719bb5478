/* penalty: what the end of a connection means for its source, and until when it is remembered.
 *
 * What earns how much is admission's; here outcomes become what it asks for, the log is told, and
 * entries that say nothing any more are forgotten once a second. Called by server.c and
 * reception.c.
 */
#include <sys/wait.h>

#include "serve/connection_event.h"
#include "serve/server.h"

/* Looked at in one turn of each family's table; and pardons told in it by name, the others as a
 * sum. */
#define EXPIRE_BATCH 16384
#define PARDONS      8

void server_expire_later(struct server *server)
{
    if (!loop_is_armed(&server->expire_timer) && sources_are_idle(&server->admission.sources))
        loop_arm(server->loop, &server->expire_timer, loop_now(server->loop) + CLOCK_SECOND);
}

static struct service *find_service_number(struct server *server, uint32_t number)
{
    struct service *service = server->services;

    while (service && service->admission.number != number)
        service = service->next;
    return service;
}

static void say_over(struct service *service, const struct addr *source)
{
    event_say(&service->reporter, EVENT_PENALTY_OVER, &(struct event_facts){.source = source});
}

void server_on_expire_timer(struct loop_timer *timer)
{
    struct server *server = timer->owner;
    struct source_pardon pardons[PARDONS];
    size_t untold, count = sources_expire(&server->admission.sources, EXPIRE_BATCH,
                                          loop_now(server->loop), pardons, PARDONS, &untold);

    for (size_t i = 0; i < count; i++) {
        struct service *service = find_service_number(server, pardons[i].service);

        if (service)
            say_over(service, &pardons[i].addr);
    }
    if (untold > 0)
        event_log(EVENT_PENALTY_OVER, "penalties are over of %zu more sources", untold);
    server_expire_later(server);
}

void server_penalize(struct server *server, const struct connection *connection,
                     const struct admission_end *end)
{
    struct service *service = connection->service;
    nanoseconds now = loop_now(server->loop);
    struct admission_sentence sentence;
    struct addr source;

    /* What a proxy does on its own account, as its checks, is no client's fault. */
    if (connection->is_proxys)
        return;
    sentence =
        admission_penalize(&service->admission, &connection->ticket, &connection->peer, end, now);
    if (!sentence.is_over && !sentence.begins)
        return;
    source = rules_source_of(service->admission.rules, &connection->peer);
    if (sentence.is_over)
        say_over(service, &source);
    if (sentence.begins)
        event_say(&service->reporter, EVENT_PENALTY,
                  &(struct event_facts){.source = &source, .duration = sentence.until - now});
}

void server_judge(struct server *server, const struct connection *connection, int status)
{
    enum outcome outcome = connection_event_outcome(connection, status);
    const struct admission_end end = {
        .crash = outcome == OUTCOME_CRASH,
        .timeout = outcome == OUTCOME_TIMEOUT,
        /* Its own time: how long its client was held before is that one's choice. */
        .is_short = loop_now(server->loop) - connection->started < CLOCK_SECOND,
        .status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
    };

    /* What we ended ourselves, because we stop, is nobody's fault. */
    if (outcome != OUTCOME_KILLED)
        server_penalize(server, connection, &end);
}

/* penalty: see penalty.h. */
#include "connection/penalty.h"

#include <sys/wait.h>

#include "connection/connection_event.h"
#include "connection/connections.h"

/* Looked at in one turn of each family's table; and pardons told in it by name, the others as a
 * sum. */
#define EXPIRE_BATCH 16384
#define PARDONS      8

void penalty_expire_later(struct connections *connections)
{
    if (!loop_is_armed(&connections->expire_timer) &&
        sources_are_idle(&connections->admission.sources))
        loop_arm(connections->loop, &connections->expire_timer,
                 loop_now(connections->loop) + CLOCK_SECOND);
}

static struct service *find_service_number(struct connections *connections, uint32_t number)
{
    struct service *service = connections->services->first;

    while (service && service->admission.number != number)
        service = service->next;
    return service;
}

static void say_over(struct service *service, const struct addr *source)
{
    event_say(&service->reporter, EVENT_PENALTY_OVER, &(struct event_facts){.source = source});
}

static void on_expire(struct loop_timer *timer)
{
    struct connections *connections = timer->owner;
    struct source_pardon pardons[PARDONS];
    size_t untold, count = sources_expire(&connections->admission.sources, EXPIRE_BATCH,
                                          loop_now(connections->loop), pardons, PARDONS, &untold);

    for (size_t i = 0; i < count; i++) {
        struct service *service = find_service_number(connections, pardons[i].service);

        if (service)
            say_over(service, &pardons[i].addr);
    }
    if (untold > 0)
        event_log(EVENT_PENALTY_OVER, "penalties expired for %zu more sources", untold);
    penalty_expire_later(connections);
}

void penalty_add(struct connections *connections, const struct connection *connection,
                 const struct admission_end *end)
{
    struct service *service = connection->service;
    nanoseconds now = loop_now(connections->loop);
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

void penalty_judge(struct connections *connections, const struct connection *connection, int status)
{
    enum outcome outcome = connection_event_outcome(connection, status);
    const struct admission_end end = {
        .crash = outcome == OUTCOME_CRASH,
        .timeout = outcome == OUTCOME_TIMEOUT,
        /* Its own time: how long its client was held before is that one's choice. */
        .is_short = loop_now(connections->loop) - connection->started < CLOCK_SECOND,
        .status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
    };

    /* What we ended ourselves, because we stop, is nobody's fault. */
    if (outcome != OUTCOME_KILLED)
        penalty_add(connections, connection, &end);
}

void penalty_open(struct connections *connections)
{
    connections->expire_timer = (struct loop_timer){.fired = on_expire, .owner = connections};
}

/* waiting: who waits for what, and when it is looked at again.
 *
 * Accepting pauses for all while fds or memory are short, and for a service that is full, too fast
 * or resting. Its listeners are parked then (service.c) and it stands in the list of those that
 * wait, in the order in which they came, so that they take turns when there is room. Nothing here
 * accepts or starts. Called by server.c, service.c and reception.c.
 */
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "serve/server.h"

/* How long accepting pauses when fds or memory are short: 100 ms … 1 s, as sshd does. */
#define STARVE_WAIT_MIN (100 * CLOCK_MILLISECOND)
#define STARVE_WAIT_MAX CLOCK_SECOND
/* Quiet for this long, a shortage is over. */
#define STARVE_OVER (2 * CLOCK_SECOND)

bool server_is_starved(const struct server *server)
{
    return loop_is_armed(&server->starve_timer);
}

void server_starve(struct server *server, int error)
{
    nanoseconds now = loop_now(server->loop);

    if (server->starve_failures++ == 0) {
        server->starve_wait = STARVE_WAIT_MIN;
        server->starve_began = now;
        event_log(EVENT_NO_FDS, "accepting is paused: %s; clients wait", strerror(-error));
    }
    server->starve_last = now;
    loop_arm(server->loop, &server->starve_timer, now + server->starve_wait);
    server->starve_wait =
        server->starve_wait * 2 < STARVE_WAIT_MAX ? server->starve_wait * 2 : STARVE_WAIT_MAX;
}

void server_feed(struct server *server)
{
    server->starve_wait = STARVE_WAIT_MIN;
    if (loop_now(server->loop) - server->starve_last < STARVE_OVER)
        return;
    event_log(
        EVENT_NO_FDS_OVER, "accepting works again; for %" PRIu64 " ms it failed %" PRIu64 " times",
        (server->starve_last - server->starve_began) / CLOCK_MILLISECOND, server->starve_failures);
    server->starve_failures = 0;
}

void server_fds_given_back(struct server *server)
{
    if (!server_is_starved(server))
        return;
    loop_disarm(server->loop, &server->starve_timer);
    server_rearm_waiting(server);
}

void server_enter_waiting(struct server *server, struct service *service)
{
    struct service **last = &server->waiting;

    if (service->waiting)
        return;
    /* At the end: who waits longest comes first when there is room again. */
    while (*last)
        last = &(*last)->next_waiting;
    service->waiting = true;
    service->next_waiting = NULL;
    *last = service;
}

void server_leave_waiting(struct server *server, struct service *service)
{
    struct service **link = &server->waiting;

    if (!service->waiting)
        return;
    while (*link != service)
        link = &(*link)->next_waiting;
    *link = service->next_waiting;
    service->waiting = false;
}

static size_t count_parked(const struct service *service)
{
    size_t count = 0;

    for (const struct listener *listener = service->parked; listener;
         listener = listener->next_parked)
        count++;
    return count;
}

/* Whether who was told of a place at the limit of all will have the last one. */
static bool are_given_away(const struct server *server, uint64_t told)
{
    const struct admission *admission = &server->admission;

    return admission->limit > 0 && told > 0 && admission->running + told >= admission->limit;
}

void server_rearm_waiting(struct server *server)
{
    struct service *service = server->waiting;
    uint64_t told = 0;

    while (service) {
        struct service *next = service->next_waiting;
        size_t parked = count_parked(service);

        /* Who is told of a place has it when its listener fires in the next turn; clients that are
         * ready would be quicker. */
        server->admission.promised = told;
        service_rearm(service);
        server->admission.promised = 0;
        told += parked > count_parked(service);
        if (server->waiting && are_given_away(server, told)) {
            /* If nobody comes after all, the others have their turn after those events. */
            server_pace(server, loop_now(server->loop) + 1);
            return;
        }
        service = next;
    }
}

void server_rearm_later(struct server *server, int error)
{
    if (server->watch_failures++ == 0)
        log_warning("a socket cannot be watched: %s; clients wait", strerror(-error));
    if (!loop_is_armed(&server->rearm_timer))
        loop_arm(server->loop, &server->rearm_timer, loop_now(server->loop) + CLOCK_SECOND);
}

void server_pace(struct server *server, nanoseconds when)
{
    if (!loop_is_armed(&server->pace_timer) || server->pace_timer.due > when)
        loop_arm(server->loop, &server->pace_timer, when);
}

void server_on_rearm_timer(struct loop_timer *timer)
{
    struct server *server = timer->owner;
    uint64_t before = server->watch_failures;

    server_rearm_waiting(server);
    if (timer != &server->rearm_timer || server->watch_failures > before)
        return;
    log_notice("sockets can be watched again; it failed %" PRIu64 " times", before);
    server->watch_failures = 0;
}

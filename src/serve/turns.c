/* turns: see turns.h. */
#include "serve/turns.h"

#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/backoff.h"
#include "base/log.h"
#include "serve/server.h"

/* How long accepting pauses when fds or memory are short: 100 ms … 1 s, as sshd does. */
#define SHORT_WAIT     (100 * CLOCK_MILLISECOND)
#define SHORT_WAIT_MAX CLOCK_SECOND
/* Quiet for this long, a shortage is over. */
#define SHORT_OVER (2 * CLOCK_SECOND)
/* Listeners that are watched again at least, when there is a place for a client. */
#define LOOK_LEAST 16

/* --- moments -------------------------------------------------------------------------------- */

static void arm(struct server *server)
{
    struct turns *turns = &server->turns;
    const nanoseconds moments[] = {turns->accept_at, turns->start_at, turns->watch_at,
                                   turns->pace_at};
    nanoseconds first = 0;

    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++)
        if (moments[i] > 0 && (first == 0 || moments[i] < first))
            first = moments[i];
    if (first == 0)
        loop_disarm(server->loop, &turns->wake);
    else if (!loop_is_armed(&turns->wake) || turns->wake.due != first)
        loop_arm(server->loop, &turns->wake, first);
}

/* Has a look at that moment, or before. */
static void look_at(struct server *server, nanoseconds *moment, nanoseconds when)
{
    if (*moment > 0 && *moment <= when)
        return;
    *moment = when;
    arm(server);
}

static bool is_over(nanoseconds *moment, nanoseconds now)
{
    if (*moment == 0 || *moment > now)
        return false;
    *moment = 0;
    return true;
}

/* --- what is short -------------------------------------------------------------------------- */

bool turns_is_short(const struct server *server)
{
    return server->turns.accept_at > 0;
}

void turns_no_fds(struct server *server, int error)
{
    struct turns *turns = &server->turns;
    nanoseconds now = loop_now(server->loop);

    if (turns->accept_failures++ == 0) {
        turns->accept_tries = 0;
        turns->short_began = now;
        event_log(EVENT_NO_FDS, "accepting is paused: %s; clients wait", strerror(-error));
    }
    turns->short_last = now;
    turns->accept_tries++;
    turns->accept_at = now + backoff_pause(turns->accept_tries, SHORT_WAIT, SHORT_WAIT_MAX, 2);
    arm(server);
}

void turns_accepted(struct server *server)
{
    struct turns *turns = &server->turns;

    if (turns->accept_failures == 0)
        return;
    turns->accept_tries = 0;
    if (loop_now(server->loop) - turns->short_last < SHORT_OVER)
        return;
    event_log(EVENT_NO_FDS_OVER,
              "accepting works again; for %" PRIu64 " ms it failed %" PRIu64 " times",
              (turns->short_last - turns->short_began) / CLOCK_MILLISECOND, turns->accept_failures);
    turns->accept_failures = 0;
}

void turns_await_fds(struct service *service)
{
    struct server *server = service->server;
    struct turns *turns = &server->turns;

    service->awaits_fds = true;
    if (turns->start_at > 0)
        return;
    turns->start_tries++;
    look_at(server, &turns->start_at,
            loop_now(server->loop) +
                backoff_pause(turns->start_tries, SHORT_WAIT, SHORT_WAIT_MAX, 2));
}

/* Whoever waits for fds may try again. */
static void try_again(struct server *server)
{
    struct turns *turns = &server->turns;

    turns->start_at = 0;
    for (struct service *service = server->services; service; service = service->next)
        service->awaits_fds = false;
    turns_look_all(server);
    if (turns->start_at == 0)
        turns->start_tries = 0;
}

void turns_fds_given_back(struct server *server)
{
    struct turns *turns = &server->turns;

    if (turns->accept_at == 0 && turns->start_at == 0)
        return;
    turns->accept_at = 0;
    try_again(server);
    arm(server);
}

/* A listener could not be watched: the kernel has no memory, or no watches, left for it. Nobody
 * tells when it has. */
static void cannot_watch(struct server *server, int error)
{
    if (server->turns.watch_failures++ == 0)
        log_warning("a socket cannot be watched: %s; clients wait", strerror(-error));
    look_at(server, &server->turns.watch_at, loop_now(server->loop) + CLOCK_SECOND);
}

static void on_wake(struct loop_timer *timer)
{
    struct server *server = timer->owner;
    struct turns *turns = &server->turns;
    nanoseconds now = loop_now(server->loop);
    uint64_t failures = turns->watch_failures;
    bool watched = is_over(&turns->watch_at, now);
    bool fds = is_over(&turns->start_at, now);

    is_over(&turns->accept_at, now);
    is_over(&turns->pace_at, now);
    if (fds)
        try_again(server);
    else
        turns_look_all(server);
    if (watched && turns->watch_failures == failures) {
        log_notice("sockets can be watched again; it failed %" PRIu64 " times", failures);
        turns->watch_failures = 0;
    }
    arm(server);
}

void turns_open(struct turns *turns, struct server *server)
{
    *turns = (struct turns){.wake = {.fired = on_wake, .owner = server}};
}

/* --- what keeps back ------------------------------------------------------------------------ */

void turns_block(struct turns *turns, enum turns_block block)
{
    turns->blocked |= block;
}

void turns_unblock(struct turns *turns, enum turns_block block)
{
    turns->blocked &= ~(unsigned)block;
}

bool turns_can_start(const struct service *service)
{
    return service->server->turns.blocked == 0 && !service->retired && !service->paused &&
           !service->awaits_fds && !loop_is_armed(&service->throttle_timer);
}

bool turns_wants(const struct service *service, const struct listener *listener)
{
    const struct server *server = service->server;
    enum admission_verdict verdict;
    enum admission_reason reason;

    if (!turns_can_start(service) || turns_is_short(server))
        return false;
    verdict =
        admission_preview(&server->admission, &service->admission, loop_now(server->loop), &reason);
    /* Nobody can be refused on a socket whose clients aren't ours to accept. */
    if (listener_waits(listener))
        return verdict == VERDICT_ADMIT;
    /* Who is ready comes before who is still outside. */
    return verdict == VERDICT_REFUSE || (verdict == VERDICT_ADMIT && !reception_has_ready(service));
}

void turns_pace(struct service *service)
{
    nanoseconds ready = admission_ready(&service->admission);

    if (ready > loop_now(service->server->loop))
        look_at(service->server, &service->server->turns.pace_at, ready);
}

/* --- who waits ------------------------------------------------------------------------------ */

void turns_enter(struct service *service)
{
    struct service **last = &service->server->turns.first;

    if (service->waiting)
        return;
    /* At the end: who waits longest comes first when there is room again. */
    while (*last)
        last = &(*last)->next_waiting;
    service->waiting = true;
    service->next_waiting = NULL;
    *last = service;
}

void turns_leave(struct service *service)
{
    struct service **link = &service->server->turns.first;

    if (!service->waiting)
        return;
    while (*link != service)
        link = &(*link)->next_waiting;
    *link = service->next_waiting;
    service->waiting = false;
}

void turns_park(struct service *service, struct listener *listener)
{
    loop_unwatch(service->server->loop, &listener->source);
    if (!listener->parked) {
        /* At the end: with one place at a time the others' clients would never have it. */
        listener->parked = true;
        listener->next_parked = NULL;
        if (service->parked)
            service->parked_last->next_parked = listener;
        else
            service->parked = listener;
        service->parked_last = listener;
    }
    turns_enter(service);
    turns_pace(service);
}

/* How many parked listeners are looked at again in one turn: each may have a client for a place. A
 * range of a thousand ports isn't watched, and parked again, for the sake of one. */
static uint64_t look_batch(const struct service *service)
{
    uint64_t limit = service->admission.limit, running = service->admission.running;
    uint64_t places = limit > running ? limit - running : 0;

    return limit == 0 || service->admission.refuse_when_full ? UINT64_MAX
           : places > LOOK_LEAST                             ? places
                                                             : LOOK_LEAST;
}

/* Watches a parked listener; false where that has to wait. */
static bool watch(struct service *service, struct listener *listener)
{
    struct server *server = service->server;
    int error = listener->source.fd >= 0 ? loop_watch(server->loop, &listener->source, EPOLLIN) : 0;

    if (error < 0)
        cannot_watch(server, error);
    else
        listener->parked = false;
    return error == 0;
}

/* Watches those parked listeners whose clients are wanted. */
static void watch_parked(struct service *service)
{
    struct listener **link = &service->parked, *last = NULL;
    uint64_t left = look_batch(service);

    while (*link) {
        struct listener *listener = *link;

        if (left == 0) {
            /* The others have their turn when those have had theirs, and there are places left. */
            look_at(service->server, &service->server->turns.pace_at,
                    loop_now(service->server->loop) + 1);
            return;
        }
        if (!turns_wants(service, listener)) {
            last = listener;
            link = &listener->next_parked;
            continue;
        }
        if (!watch(service, listener))
            return;
        *link = listener->next_parked;
        left--;
    }
    service->parked_last = last;
}

void turns_look(struct service *service)
{
    if (reception_admit_ready(service) && reception_has_ready(service))
        /* Who got some of the places is the last one to get the next. */
        turns_leave(service);
    watch_parked(service);
    if (!service->parked && !reception_has_ready(service)) {
        turns_leave(service);
        return;
    }
    turns_enter(service);
    turns_pace(service);
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

void turns_look_all(struct server *server)
{
    struct service *service = server->turns.first;
    uint64_t told = 0;

    while (service) {
        struct service *next = service->next_waiting;
        size_t parked = count_parked(service);

        /* Who is told of a place has it when its listener fires in the next turn; clients that are
         * ready would be quicker. */
        server->admission.promised = told;
        turns_look(service);
        server->admission.promised = 0;
        told += parked > count_parked(service);
        if (server->turns.first && are_given_away(server, told)) {
            /* If nobody comes after all, the others have their turn after those events. */
            look_at(server, &server->turns.pace_at, loop_now(server->loop) + 1);
            return;
        }
        service = next;
    }
}

void turns_look_soon(struct server *server)
{
    look_at(server, &server->turns.pace_at, loop_now(server->loop));
}

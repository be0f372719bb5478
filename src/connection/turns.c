/* turns: see turns.h. */
#include "connection/turns.h"

#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/backoff.h"
#include "base/log.h"
#include "connection/connections.h"

/* How long accepting pauses when fds or memory are short: 100 ms … 1 s, as sshd does. */
#define SHORT_WAIT     (100 * CLOCK_MILLISECOND)
#define SHORT_WAIT_MAX CLOCK_SECOND
/* Quiet for this long, a shortage is over. */
#define SHORT_OVER (2 * CLOCK_SECOND)
/* Listeners that are watched again at least, when there is a place for a client. */
#define LOOK_LEAST 16

static struct turns *turns_of(const struct service *service)
{
    return &service->services->connections->turns;
}

/* --- moments -------------------------------------------------------------------------------- */

static void arm(struct turns *turns)
{
    const nanoseconds moments[] = {turns->accept_at, turns->start_at, turns->watch_at,
                                   turns->pace_at};
    nanoseconds first = 0;

    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++)
        if (moments[i] > 0 && (first == 0 || moments[i] < first))
            first = moments[i];
    if (first == 0)
        loop_disarm(turns->loop, &turns->wake);
    else if (!loop_is_armed(&turns->wake) || turns->wake.due != first)
        loop_arm(turns->loop, &turns->wake, first);
}

/* Has a look at that moment, or before. */
static void look_at(struct turns *turns, nanoseconds *moment, nanoseconds when)
{
    if (*moment > 0 && *moment <= when)
        return;
    *moment = when;
    arm(turns);
}

static bool is_over(nanoseconds *moment, nanoseconds now)
{
    if (*moment == 0 || *moment > now)
        return false;
    *moment = 0;
    return true;
}

/* --- what is short -------------------------------------------------------------------------- */

bool turns_is_short(const struct turns *turns)
{
    return turns->accept_at > 0;
}

void turns_no_fds(struct turns *turns, int error)
{
    nanoseconds now = loop_now(turns->loop);

    if (turns->accept_failures++ == 0) {
        turns->accept_tries = 0;
        turns->short_began = now;
        event_log(EVENT_NO_FDS, "accept paused: %s; clients wait in the backlog", strerror(-error));
    }
    turns->short_last = now;
    turns->accept_tries++;
    turns->accept_at = now + backoff_pause(turns->accept_tries, SHORT_WAIT, SHORT_WAIT_MAX, 2);
    arm(turns);
}

void turns_accepted(struct turns *turns)
{
    if (turns->accept_failures == 0)
        return;
    turns->accept_tries = 0;
    if (loop_now(turns->loop) - turns->short_last < SHORT_OVER)
        return;
    event_log(EVENT_NO_FDS_OVER, "accept resumed after %" PRIu64 " ms, %" PRIu64 " failures",
              (turns->short_last - turns->short_began) / CLOCK_MILLISECOND, turns->accept_failures);
    turns->accept_failures = 0;
}

void turns_await_fds(struct turns *turns, struct service *service)
{
    service->awaits_fds = true;
    if (turns->start_at > 0)
        return;
    turns->start_tries++;
    look_at(turns, &turns->start_at,
            loop_now(turns->loop) +
                backoff_pause(turns->start_tries, SHORT_WAIT, SHORT_WAIT_MAX, 2));
}

/* Whoever waits for fds may try again. */
static void let_try_again(struct turns *turns)
{
    for (struct service *service = turns->services->first; service; service = service->next)
        service->awaits_fds = false;
    turns->start_at = 0;
}

void turns_fds_given_back(struct turns *turns)
{
    if (turns->accept_at == 0 && turns->start_at == 0)
        return;
    turns->accept_at = 0;
    let_try_again(turns);
    turns_look_all(turns);
    arm(turns);
}

/* A listener could not be watched: the kernel has no memory, or no watches, left for it. Nobody
 * tells when it has. */
static void cannot_watch(struct turns *turns, int error)
{
    if (turns->watch_failures++ == 0)
        log_warning("cannot add a socket to epoll: %s; clients wait", strerror(-error));
    look_at(turns, &turns->watch_at, loop_now(turns->loop) + CLOCK_SECOND);
}

static void on_wake(struct loop_timer *timer)
{
    struct turns *turns = timer->owner;
    nanoseconds now = loop_now(turns->loop);

    turns->watch_was_due = is_over(&turns->watch_at, now);
    if (is_over(&turns->start_at, now))
        let_try_again(turns);
    is_over(&turns->accept_at, now);
    is_over(&turns->pace_at, now);
    turns_look_all(turns);
    arm(turns);
}

void turns_looked(struct turns *turns)
{
    if (turns->start_at == 0)
        turns->start_tries = 0;
    if (!turns->watch_was_due)
        return;
    turns->watch_was_due = false;
    if (turns->watch_at > 0)
        return;
    log_notice("epoll works again after %" PRIu64 " failures", turns->watch_failures);
    turns->watch_failures = 0;
}

void turns_open(struct turns *turns, struct loop *loop, struct services *services)
{
    *turns = (struct turns){
        .loop = loop, .services = services, .wake = {.fired = on_wake, .owner = turns}};
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
    return turns_of(service)->blocked == 0 && !service->retired && !service->paused &&
           !service->awaits_fds && !loop_is_armed(&service->throttle_timer);
}

bool turns_wants(const struct service *service, const struct listener *listener)
{
    const struct connections *connections = service->services->connections;
    enum admission_verdict verdict;
    enum admission_reason reason;

    if (!turns_can_start(service) || turns_is_short(&connections->turns))
        return false;
    verdict = admission_preview(&connections->admission, &service->admission,
                                loop_now(connections->loop), &reason);
    /* Nobody can be refused on a socket whose clients aren't ours to accept. */
    if (listener_waits(listener))
        return verdict == VERDICT_ADMIT;
    /* Who is ready comes before who is still outside. */
    return verdict == VERDICT_REFUSE || (verdict == VERDICT_ADMIT && !turns_has_ready(service));
}

void turns_pace(struct service *service)
{
    nanoseconds ready = admission_ready(&service->admission);

    struct turns *turns = turns_of(service);

    if (ready > loop_now(turns->loop))
        look_at(turns, &turns->pace_at, ready);
}

/* --- who waits ------------------------------------------------------------------------------ */

bool turns_has_ready(const struct service *service)
{
    return service->ready && service->ready->first;
}

void turns_enter(struct turns *turns, struct service *service)
{
    struct service **last = &turns->first;

    if (service->waiting)
        return;
    /* At the end: who waits longest comes first when there is room again. */
    while (*last)
        last = &(*last)->next_waiting;
    service->waiting = true;
    service->next_waiting = NULL;
    *last = service;
}

void turns_leave(struct turns *turns, struct service *service)
{
    struct service **link = &turns->first;

    if (!service->waiting)
        return;
    while (*link != service)
        link = &(*link)->next_waiting;
    *link = service->next_waiting;
    service->waiting = false;
}

void turns_park(struct service *service, struct listener *listener)
{
    service_park(service, listener);
    turns_enter(turns_of(service), service);
    turns_pace(service);
}

void turns_look(struct service *service)
{
    struct turns *turns = turns_of(service);

    if (service->is_due)
        return;
    service->is_due = true;
    service->next_due = turns->due;
    turns->due = service;
}

void turns_look_all(struct turns *turns)
{
    turns->are_all_due = true;
}

void turns_look_next_turn(struct turns *turns)
{
    look_at(turns, &turns->pace_at, loop_now(turns->loop) + 1);
}

struct service *turns_take_due(struct turns *turns)
{
    struct service *service = turns->due;

    if (!service)
        return NULL;
    turns->due = service->next_due;
    service->is_due = false;
    return service;
}

bool turns_take_all_due(struct turns *turns)
{
    bool are_due = turns->are_all_due;

    turns->are_all_due = false;
    return are_due;
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
static bool watch(struct turns *turns, struct listener *listener)
{
    int error = listener->source.fd >= 0 ? loop_watch(turns->loop, &listener->source, EPOLLIN) : 0;

    if (error < 0)
        cannot_watch(turns, error);
    else
        listener->parked = false;
    return error == 0;
}

static void watch_parked(struct turns *turns, struct service *service)
{
    struct listener **link = &service->parked, *last = NULL;
    uint64_t left = look_batch(service);

    while (*link) {
        struct listener *listener = *link;

        if (left == 0) {
            /* The others have their turn when those have had theirs, and there are places left. */
            turns_look_next_turn(turns);
            return;
        }
        if (!turns_wants(service, listener)) {
            last = listener;
            link = &listener->next_parked;
            continue;
        }
        if (!watch(turns, listener))
            return;
        *link = listener->next_parked;
        left--;
    }
    service->parked_last = last;
}

void turns_watch(struct service *service)
{
    struct turns *turns = turns_of(service);

    watch_parked(turns, service);
    if (!service->parked && !turns_has_ready(service)) {
        turns_leave(turns, service);
        return;
    }
    turns_enter(turns, service);
    turns_pace(service);
}

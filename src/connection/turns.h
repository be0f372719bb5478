/* turns: who may be let in now, and who is next.
 *
 * A service whose clients must wait has its listeners parked: they aren't watched, and their
 * clients stay in the kernel's backlog. It stands in a list, in the order in which they came, so
 * that they take turns when there is room; turns_look is the one place that decides whether a
 * listener is watched. What keeps all back is here, too: a stop, an upgrade, fds that are short.
 * Nothing here accepts. Called by whoever changes something that clients may wait for.
 */
#ifndef STDINETD_CONNECTION_TURNS_H
#define STDINETD_CONNECTION_TURNS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"

struct connection;
struct listener;
struct service;
struct services;

/* A service's clients that are ready for a handler (waiting.c). */
struct waiting_queue {
    struct connection *first, *last;
    size_t count;
};

/* What keeps all services back, as bits. */
enum turns_block {
    TURNS_STOPPING = 1,
    TURNS_UPGRADING = 2, /* between two builds (upgrade.h): nobody is started */
};

struct turns {
    struct loop *loop;
    struct services *services;
    struct service *first; /* with parked listeners, or clients that are ready */
    struct service *due;   /* looked at when the turn ends */
    bool are_all_due;      /* or all of those that wait are */
    unsigned blocked;

    /* When something is looked at again; 0: it isn't waited for. */
    nanoseconds accept_at; /* fds or memory were short to accept with */
    nanoseconds start_at;  /* fds were short to start with, for services that wait for some */
    nanoseconds watch_at;  /* a listener could not be watched */
    nanoseconds pace_at; /* a rate allows the next start, or there are places at the limit of all */
    struct loop_timer wake; /* armed for the earliest of them */

    unsigned accept_tries, start_tries; /* in a row */
    nanoseconds short_began, short_last;
    uint64_t accept_failures; /* since it began; 0: never, or over */
    uint64_t watch_failures;
    bool watch_was_due; /* in this turn */
};

void turns_open(struct turns *turns, struct loop *loop, struct services *services);

/* Nobody is let in while anything is blocked. Who was kept back is looked at by turns_look_all. */
void turns_block(struct turns *turns, enum turns_block block);
void turns_unblock(struct turns *turns, enum turns_block block);

/* Whether nothing but a limit keeps a handler from being started. */
bool turns_can_start(const struct service *service);

/* Whether a client of this listener would be accepted now, be it to refuse it; or, where clients
 * are a handler's, whether one would be started. */
bool turns_wants(const struct service *service, const struct listener *listener);

/* Stops watching a listener that has a client who must wait. */
void turns_park(struct service *service, struct listener *listener);

/* Somebody of the service waits for a place: it has its turn. */
void turns_enter(struct turns *turns, struct service *service);
/* The service has nobody who waits any more. */
void turns_leave(struct turns *turns, struct service *service);

/* Whether a client of the service is ready. */
bool turns_has_ready(const struct service *service);

/* Sees to it that the service is looked at again when its rate allows the next start. */
void turns_pace(struct service *service);

/* Something has changed that clients of the service may wait for: it is looked at when this turn of
 * the loop ends. Idempotent. Or all those that wait are, in their order. */
void turns_look(struct service *service);
void turns_look_all(struct turns *turns);

/* For who looks (connections.c): the next service that is due, which isn't any more; NULL. Whether
 * all are, which aren't any more. */
struct service *turns_take_due(struct turns *turns);
bool turns_take_all_due(struct turns *turns);
/* Watches those parked listeners whose clients are wanted; then the service waits on, or not. */
void turns_watch(struct service *service);
/* The look is over. */
void turns_looked(struct turns *turns);
/* Goes on with the others when those have had their turn who were told of a place. */
void turns_look_next_turn(struct turns *turns);

/* Accepting pauses for lack of fds or memory (-errno); and a client was accepted, so that it may be
 * over. */
void turns_no_fds(struct turns *turns, int error);
void turns_accepted(struct turns *turns);
bool turns_is_short(const struct turns *turns);

/* There was no fd for a start of the service: nothing of it is started until some are given back,
 * or it may be worth another try, at one moment for all that wait so. */
void turns_await_fds(struct turns *turns, struct service *service);

/* Fds were given back: whoever waits for one needs not wait for its moment. */
void turns_fds_given_back(struct turns *turns);

#endif

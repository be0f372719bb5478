/* loop: waits for fds and moments, and calls who is concerned. One thread, epoll, a heap of timers.
 *
 * A source or timer belongs to whoever embeds it; the loop only points at it. Inside a callback
 * anything may be watched, unwatched or freed: an event that is waiting for something that was
 * unwatched meanwhile is dropped.
 */
#ifndef STDINETD_BASE_LOOP_H
#define STDINETD_BASE_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

struct loop;

struct loop_source {
    int fd;
    bool watched;
    void (*ready)(struct loop_source *source, uint32_t events); /* EPOLLIN … */
    void *owner;
};

struct loop_timer {
    size_t place; /* in the heap, from 1; 0: not armed */
    nanoseconds due;
    void (*fired)(struct loop_timer *timer); /* the timer isn't armed any more */
    void *owner;
};

/* A loop; 0 or -errno. */
int loop_open(struct loop **ret);
void loop_close(struct loop *loop);

/* Calls source->ready while source->fd has one of events, level-triggered. Nothing happens when it
 * is watched already. 0 or -errno. */
int loop_watch(struct loop *loop, struct loop_source *source, uint32_t events);

/* Ends that. Must be called before the fd is closed. Nothing happens when it isn't watched. */
void loop_unwatch(struct loop *loop, struct loop_source *source);

/* Keeps room for count more timers to be armed, or (negative) gives it back. Whoever owns timers
 * does this once, so that arming one can't fail when memory is short. 0 or -ENOMEM. */
int loop_reserve(struct loop *loop, int count);

/* Calls timer->fired once, at due; arming an armed timer moves it. */
void loop_arm(struct loop *loop, struct loop_timer *timer, nanoseconds due);
void loop_disarm(struct loop *loop, struct loop_timer *timer);
bool loop_is_armed(const struct loop_timer *timer);

/* The moment at which this turn began: good enough for everything that is counted in it. */
nanoseconds loop_now(const struct loop *loop);

/* Runs until loop_stop; after_turn (may be NULL) is called at the end of each turn. 0 or -errno. */
int loop_run(struct loop *loop, void (*after_turn)(void *context), void *context);
void loop_stop(struct loop *loop);

#endif

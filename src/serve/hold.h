/* hold: connections that were accepted and have no process yet, because the system had none to
 * give.
 *
 * fork's EAGAIN and ENOMEM and a full fd table pass: so the client is kept, its start is tried
 * again after 50 ms … 1 s, and given up after 5 s. Bounded: while HOLD_MAX wait, nobody more is
 * accepted. Other services don't notice: their own starts are tried when their clients come.
 */
#ifndef STDINETD_SERVE_HOLD_H
#define STDINETD_SERVE_HOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "serve/children.h"

#define HOLD_MAX 1024

struct hold {
    struct connection *first, **last;
    size_t count;
    struct loop_timer timer;
    nanoseconds wait; /* until the next try */
};

/* An empty hold whose timer calls fired with that owner. */
void hold_open(struct hold *hold, void (*fired)(struct loop_timer *timer), void *owner);

bool hold_is_full(const struct hold *hold);

/* Keeps connection and arms the timer where nobody waited before. */
void hold_add(struct hold *hold, struct loop *loop, struct connection *connection);

/* Takes the one that waits longest; NULL when nobody does. */
struct connection *hold_take(struct hold *hold);

/* Puts one back in front after a try that failed, and waits twice as long for the next. */
void hold_put_back(struct hold *hold, struct loop *loop, struct connection *connection);

/* Whether connection has waited so long that it must be given up. */
bool hold_is_over(const struct connection *connection, nanoseconds now);

#endif

/* lend: wait = yes, the listening socket itself is lent to one handler until that ends.
 *
 * While it is out it isn't watched here. Then what matters is whether the handler has taken
 * anything: one that ends at once and leaves what woke it where it was would be started for the
 * same datagram or client again and again. After LEND_IDLE_ENDS such ends in a row the socket rests
 * for 1, 2, 4 … 60 s, open, and datagrams that nobody reads are dropped: the next one may be a good
 * one. The same rest is for a socket that a handler has left in a state in which it wakes us for
 * nothing.
 *
 * The open file is shared with the handler and whoever that leaves behind: what they set on it
 * (modes, options, a peer) is put right before it is lent again, and it is never accepted from
 * here, since they could make that wait (reload.c). Called by accept.c, end.c and reload.c.
 */
#ifndef STDINETD_LISTEN_LEND_H
#define STDINETD_LISTEN_LEND_H

#include <stdbool.h>
#include <time.h>

#include "base/loop.h"
#include "listen/listener.h"

#define LEND_IDLE_ENDS 3

/* Stays where it is while the socket goes on as another listener's: whoever has it holds on to it.
 */
struct lending {
    struct listener *listener; /* NULL: it was closed while it was out */
    bool is_out;
    unsigned idle_ends;     /* in a row */
    unsigned empty_wakes;   /* in a row, without anything that waits */
    unsigned quick_ends;    /* in a row, of a stream socket's handlers, with 0, clients waiting */
    struct timespec head;   /* when the datagram came that the handler was started for */
    struct loop_timer rest; /* armed: it rests */
};

/* Makes a listener ready to be lent. 0 with an fd for the handler, which the caller closes; -EAGAIN
 * where nothing waits after all; another -errno. Who wakes us for nothing again and again rests. */
int lend_begin(struct listener *listener, int *ret_fd);

/* A handler has it now, and gives it back by lend_return. */
struct lending *lend_out(struct listener *listener);

/* Whether it is out, or rests: then it isn't watched. */
bool lend_is_out(const struct listener *listener);

/* Whether it rests: its handlers take nothing of what waits. */
bool lend_rests(const struct listener *listener);

/* A handler that ran for so long has ended, with 0 or not: whether it has taken anything. */
void lend_judge(struct lending *lending, nanoseconds ran, bool succeeded);

/* It is back, from whatever became of its handler. */
void lend_return(struct lending *lending);

/* A listener whose socket an earlier daemon had lent goes on as that left it: what is in state,
 * save that it is out, which lend_out tells; resting until then (0: not). 0 or -ENOMEM. */
int lend_resume(struct listener *listener, const struct lending *state, nanoseconds until);

/* Its socket goes on as another listener's. */
void lend_move(struct listener *from, struct listener *to);

/* Frees what is kept here; a handler that still has the socket forgets whose it was. */
void lend_free(struct listener *listener);

#endif

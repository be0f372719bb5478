/* lend: wait = yes, the listening socket itself is lent to one handler until that ends.
 *
 * While it is out nobody here reads from it or watches it. Then what matters is whether the handler
 * has taken anything: one that ends at once and leaves what woke it where it was would be started
 * for the same datagram or client again and again. After LEND_IDLE_ENDS such ends in a row the
 * socket rests for 1, 2, 4 … 60 s, open, and the datagram that nobody reads is dropped: the next
 * one may be a good one. Called by server.c and reload.c.
 */
#ifndef STDINETD_SERVE_LEND_H
#define STDINETD_SERVE_LEND_H

#include <stdbool.h>
#include <time.h>

#include "serve/listener.h"
#include "serve/loop.h"

#define LEND_IDLE_ENDS 3

struct connection;

struct lending {
    struct connection *handler; /* who has it; NULL: nobody */
    unsigned idle_ends;         /* in a row */
    struct timespec head;       /* when the datagram came that the handler was started for */
    struct loop_timer rest;     /* armed: it rests */
};

/* Makes a listener ready to be lent. 0 with an fd for the handler, which the caller closes;
 * -EAGAIN where nothing waits after all; another -errno. */
int lend_begin(struct listener *listener, int *ret_fd);

/* Who has it now. */
void lend_to(struct listener *listener, struct connection *handler);

/* Whether it is out, or rests: then it isn't watched. */
bool lend_is_out(const struct listener *listener);

/* A handler that ran for so long has ended: whether it has taken anything. */
void lend_judge(struct listener *listener, nanoseconds ran);

/* It is back, from whatever became of its handler. */
void lend_return(struct listener *listener);

/* Its socket goes on as another listener's. */
void lend_move(struct listener *from, struct listener *to);

/* Frees what is kept here; a handler that still has the socket forgets whose it was. */
void lend_free(struct listener *listener);

#endif

/* linger: linger-close, a connection's end after its handler's.
 *
 * A program that answers without reading its request and leaves makes the kernel reset the
 * connection, and the answer may be lost on its way (RFC 1122 4.2.2.13): the classic broken health
 * check. So the daemon has kept a copy of the connection: it closes the writing side, reads away
 * what still comes, and closes when the client has closed, or after a time. Nothing of it needs a
 * process. Called by release.c, stop.c and carry/connection.c.
 */
#ifndef STDINETD_CONNECTION_LINGER_H
#define STDINETD_CONNECTION_LINGER_H

#include <stddef.h>

#include "base/clock.h"
#include "base/loop.h"

/* At once; beyond, the oldest one is closed for each new one. */
#define LINGER_MAX 1024

struct lingering;

struct linger_list {
    struct loop *loop;
    struct lingering *oldest, *youngest;
    size_t count;
    void (*ended)(void *context); /* one has gone */
    void *context;
};

/* Takes fd, whose handler has ended, and closes it at last. */
void linger_begin(struct linger_list *list, int fd, nanoseconds duration);

/* Calls visit for each, the oldest first. */
void linger_visit(const struct linger_list *list,
                  void (*visit)(int fd, nanoseconds until, void *context), void *context);

/* Closes all of them now. */
void linger_close_all(struct linger_list *list);

#endif

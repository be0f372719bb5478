/* inherited: the sockets that whoever started us passed on, by systemd's protocol (LISTEN_PID,
 * LISTEN_FDS, LISTEN_FDNAMES, sd_listen_fds(3)).
 *
 * They are taken once, at the start, and kept until the end: a listener that names one (fd:NAME, or
 * its very address) gets a copy, so that one that a reload drops can come back with another reload.
 * Called by daemon.c; asked by listeners.
 */
#ifndef STDINETD_LISTEN_INHERITED_H
#define STDINETD_LISTEN_INHERITED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/endpoint.h"

/* More than these are left alone (and closed by exec in every handler). */
#define INHERITED_MAX 4096

struct inherited_socket {
    int fd;
    const char *name;
    bool named;               /* a listener found it, some time */
    bool used;                /* one has it now */
    struct endpoint endpoint; /* what it is: never ENDPOINT_FD */
};

struct inherited {
    struct inherited_socket *sockets;
    size_t count, room;
    struct arena *arena; /* for names and paths */
};

/* Takes what was passed to this very process; without that there is nothing to take. What is no
 * socket that we know is closed and said in the log. 0 or -ENOMEM. */
int inherited_take(struct inherited *ret);

/* Adds one that an earlier daemon had taken, which becomes its own. 0; -ENOTSOCK where it is no
 * socket that we know, -ENOMEM: then it stays the caller's. */
int inherited_add(struct inherited *inherited, int fd, const char *name, bool named);

/* Closes them all. */
void inherited_close(struct inherited *inherited);

/* How many have this name. */
size_t inherited_count(const struct inherited *inherited, const char *name);

/* A listener has it, or has it no more. One at a time: two would take clients, and the socket's
 * mode, from each other. */
void inherited_use(struct inherited *inherited, unsigned index, bool used);

/* The ordinal-th (from 0) of the name that endpoint (ENDPOINT_FD) says, or the one at endpoint's
 * address; NULL where there is none. */
const struct inherited_socket *inherited_find(struct inherited *inherited,
                                              const struct endpoint *endpoint, unsigned ordinal);

#endif

/* listener: one listening socket of a service.
 *
 * Opens it with its options, replaces a stale unix path, accepts from it. Which socket is watched
 * when, and what happens to a client, is service.c's and server.c's.
 */
#ifndef STDINETD_SERVE_LISTENER_H
#define STDINETD_SERVE_LISTENER_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/addr.h"
#include "base/endpoint.h"
#include "config/settings.h"
#include "serve/loop.h"

struct service;

struct listener {
    struct loop_source source; /* fd -1: pending, couldn't be bound yet */
    struct service *service;
    const struct endpoint *endpoint; /* in the service's snapshot */
    struct listener *next_parked;    /* of service->parked: not watched until there is room */
    bool parked;
    bool kept;    /* during a reload: its socket goes on in the new configuration */
    int error;    /* why it is pending (errno); 0 where it never was */
    dev_t device; /* of a unix path, to remove only what we made */
    ino_t inode;
};

/* A client that was accepted. */
struct arrival {
    int fd;
    struct addr peer;
    char peer_path[ENDPOINT_PATH_MAX + 1]; /* of a unix peer; empty: none */
};

/* Opens, binds and listens. 0; -errno with everything as it was, EADDRINUSE for a unix path where
 * somebody listens and EEXIST for one that is no socket. */
int listener_open(struct listener *listener, const struct service_settings *settings);

/* Closes the socket and removes its unix path, if it is still ours. Must not be watched. */
void listener_close(struct listener *listener);

/* Sets what may change while it listens: backlog, nodelay, keepalive, a unix path's owner and
 * mode. Options that can't be set are left: the socket goes on. */
void listener_adjust(struct listener *listener, const struct service_settings *settings);

/* Accepts one client. 0 or -errno, EAGAIN when none waits. */
int listener_accept(struct listener *listener, struct arrival *ret);

/* Whether the client has reset the connection already: no handler is worth starting. A client that
 * has only closed its writing side is there. */
bool listener_is_gone(int fd, const struct addr *peer);

/* The local address of an accepted connection. */
void listener_local_addr(const struct listener *listener, int fd, struct addr *ret);

#endif

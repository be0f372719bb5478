/* reception: clients that are let in and have no handler yet.
 *
 * With proxy-protocol a client is who its header says, so nothing is decided before that has come;
 * with start-on = data it has no process before its first byte; and one that is ready may have to
 * wait for a place in its service. Until then it costs an fd and a record, and no process. They
 * have a bound of their own (RECEPTION_MAX, and half of our fds): beyond, the one that has been
 * silent for longest goes, or the new one where nobody is silent; and who waits for a place in a
 * service that has a quarter of them all is refused, so that one that is full leaves room to the
 * others. What is read here is read exactly: not one byte of what is the handler's. Called by
 * server.c, service.c, reload.c and stop.c.
 */
#ifndef STDINETD_SERVE_RECEPTION_H
#define STDINETD_SERVE_RECEPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admit/proxy.h"
#include "base/clock.h"

#define RECEPTION_MAX   16384
#define RECEPTION_SHARE 4

struct connection;
struct server;
struct service;

/* What has come of a PROXY header that isn't complete; and of one that is, how much is still to
 * skip. */
struct reception_header {
    size_t kept;
    size_t skip;
    uint8_t bytes[PROXY_KEPT_MAX];
};

/* All who await bytes, the oldest first. */
struct reception {
    struct connection *oldest, *youngest;
    size_t count;
    size_t ready; /* of all services */
    size_t most;  /* of both together */
};

/* A service's clients that are ready and wait for a place, in their order. */
struct reception_queue {
    struct connection *first, *last;
    size_t count; /* at most a RECEPTION_SHARE of all that may be held */
    bool busy;    /* somebody is being let in */
};

/* Sets the bound, by the limit of open files. */
void reception_open(struct reception *reception);

/* Whether a client of this service must be received before it has a handler. */
bool reception_is_wanted(const struct service *service);

/* Receives one: it awaits its header or its data, or goes on at once where they are there. */
void reception_receive(struct server *server, struct connection *connection);

/* One whom an earlier daemon had received goes on, with the state and the header that it has, until
 * then (0: for ever). */
void reception_resume(struct server *server, struct connection *connection, nanoseconds until);

/* A client whose handler could not be started just now goes in front of those who wait for a place,
 * behind others like it. False without memory: nothing has changed. */
bool reception_put_back(struct server *server, struct connection *connection);

/* Starts handlers for who waits for a place, while there is one. Whether it did. */
bool reception_admit_ready(struct service *service);

/* After a reload or an upgrade: who awaits a byte that isn't asked for any more goes on. */
void reception_adapt(struct server *server);

/* Whether somebody waits for a place in the service. */
bool reception_has_ready(const struct service *service);

/* Drops those of one service, or of all with NULL. Nothing may be started for it any more: it is
 * retired, or we stop. */
void reception_drop(struct server *server, struct service *service);

#endif

/* intake: clients that are let in and have no handler yet.
 *
 * With proxy-protocol a client is who its header says, so nothing is decided before that has come;
 * with start-on = data it has no process before its first byte; and one that is ready may have to
 * wait for a place in its service. Until then it costs an fd and a record, and no process. They
 * have a bound of their own (INTAKE_MAX, and half of our fds): beyond, the one that has been
 * silent for longest goes, or the new one where nobody is silent; and who waits for a place in a
 * service that has a quarter of them all is refused, so that one that is full leaves room to the
 * others. What is read here is read exactly: not one byte of what is the handler's. Called by
 * accept.c, reload.c and stop.c.
 */
#ifndef STDINETD_CONNECTION_INTAKE_H
#define STDINETD_CONNECTION_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admit/proxy.h"
#include "base/clock.h"

#define INTAKE_MAX   16384
#define INTAKE_SHARE 4

struct connection;
struct connections;
struct service;

/* What has come of a PROXY header that isn't complete; and of one that is, how much is still to
 * skip. */
struct intake_header {
    size_t kept;
    size_t skip;
    uint8_t bytes[PROXY_KEPT_MAX];
};

/* All who await bytes, the oldest first. */
struct intake {
    struct connection *oldest, *youngest;
    size_t count;
    size_t most; /* of them and of those who wait for a place */
};

/* Sets the bound, by the limit of open files. */
void intake_open(struct intake *intake);

/* Whether a client of this service must be received before it has a handler. */
bool intake_is_wanted(const struct service *service);

/* Receives one: it awaits its header or its data, or goes on at once where they are there. */
void intake_receive(struct connections *connections, struct connection *connection);

/* One whom an earlier daemon had received goes on, with the state and the header that it has, until
 * then (0: for ever). */
void intake_resume(struct connections *connections, struct connection *connection,
                   nanoseconds until);

/* After a reload or an upgrade: who awaits a byte that isn't asked for any more goes on. */
void intake_apply(struct connections *connections);

/* Drops those of services that are retired; or all, those who wait for a place too: we stop.
 * Nothing may be started for them any more. */
void intake_drop_retired(struct connections *connections);
void intake_drop_all(struct connections *connections);

#endif

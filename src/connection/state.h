/* state: what a service and its sockets are doing, in a word, for the log, stdinetctl and metrics.
 *
 * Looks only. Where several words are true the first one in the order of the enum is said: what
 * somebody ordered before what happened, what lasts before what passes.
 */
#ifndef STDINETD_CONNECTION_STATE_H
#define STDINETD_CONNECTION_STATE_H

#include <stddef.h>

#include "listen/listener.h"
#include "service/service.h"

enum service_state {
    SERVICE_STOPPING, /* the daemon stops, or the configuration doesn't have it any more */
    SERVICE_DRAINING, /* paused, and somebody waits for its handlers to end */
    SERVICE_PAUSED,   /* clients wait until it is resumed */
    SERVICE_PENDING,  /* an address of it can't be bound */
    SERVICE_RESTING,  /* starts failed; clients wait */
    SERVICE_STARVED,  /* no fds or memory to accept with; clients wait */
    SERVICE_FULL,     /* at max-connections, its own or the daemon's */
    SERVICE_LIMITED,  /* its rate is used up */
    SERVICE_SERVING,
    SERVICE_STATES
};

extern const char *const service_state_names[SERVICE_STATES];

enum service_state service_state(const struct service *service);

/* Its sockets that are not open. */
size_t service_pending(const struct service *service);

/* "pending", "lent" (wait = yes: a handler has it, or it rests), "parked" (a client waits, for
 * there is no room) or "watched". */
const char *listener_state_name(const struct listener *listener);

#endif

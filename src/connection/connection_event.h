/* connection_event: what happens to a connection, as facts for event.h; and what its end means.
 *
 * Nothing here acts. Called by the files of this room, and by carry/connection.c
 * for one whose start was under way.
 */
#ifndef STDINETD_CONNECTION_CONNECTION_EVENT_H
#define STDINETD_CONNECTION_CONNECTION_EVENT_H

#include <sys/resource.h>

#include "connection/children.h"
#include "launch/child.h"
#include "report/counters.h"

/* How a handler ended: from wait4's status, and from what we did to it. */
enum outcome connection_event_outcome(const struct connection *connection, int status);

/* A program runs. */
void connection_event_start(const struct connection *connection);

/* A handler ended and was reaped at now. */
void connection_event_end(const struct connection *connection, int status,
                          const struct rusage *usage, nanoseconds now);

/* A client was held at most until now, and sent nothing. */
void connection_event_silent(const struct connection *connection, nanoseconds now);

/* A handler's max-runtime is over, and it is sent this signal. */
void connection_event_timeout(const struct connection *connection, const char *signal);

/* A start failed for good: the connection is closed. Said when it isn't what failed before; the
 * service's throttle_stage and throttle_error tell that, and change after this. */
void connection_event_start_failed(const struct connection *connection,
                                   struct child_failure failure);

/* A client is refused; and one was gone before its handler was started. */
void connection_event_refused(struct service *service, const struct addr *peer,
                              enum admission_reason reason);
void connection_event_gone(struct service *service, const struct addr *peer);

#endif

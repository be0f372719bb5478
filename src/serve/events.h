/* events: everything that happens to a connection or a service, counted and said.
 *
 * One function an event; each counts, and logs one line. Refusals that come fast are said once and
 * then summed up each second, for each service and reason: an attacker must not write our log.
 */
#ifndef STDINETD_SERVE_EVENTS_H
#define STDINETD_SERVE_EVENTS_H

#include <stdint.h>
#include <sys/resource.h>

#include "admit/admission.h"
#include "base/log.h"
#include "launch/child.h"
#include "serve/children.h"
#include "serve/counters.h"
#include "serve/listener.h"

/* The counters of a service, which has them from the first thing to count on: of thousands most
 * rest. Without memory for them, some that nobody reads. */
struct service_counters *event_counters(struct service *service);

/* How a handler ended: from wait4's status, and from what we did to it. */
enum outcome outcome_of(int status, const struct connection *connection);

/* A program runs. */
void event_started(const struct connection *connection);

/* A handler ended and was reaped at now. */
void event_ended(const struct connection *connection, int status, const struct rusage *usage,
                 nanoseconds now);

/* A handler's max-runtime is over, and it is sent this signal. */
void event_timeout(const struct connection *connection, const char *signal);

/* A start failed for good: the connection is closed. Said when it isn't what failed before; the
 * service's throttle_stage and throttle_error tell that, and change after this. */
void event_start_failed(const struct connection *connection, struct child_failure failure);

/* A client was refused. */
void event_refused(struct service *service, const struct addr *peer, enum admission_reason reason);

/* A client was held at most until now, and sent nothing. */
void event_silent(const struct connection *connection, nanoseconds now);

/* A source is refused from now on, for so long; and isn't any more. */
void event_penalty(struct service *service, const struct addr *source, nanoseconds duration);
void event_pardon(const struct service *service, const struct addr *source);

/* A client was gone before its handler was started. */
void event_gone(struct service *service, const struct addr *peer);

/* Says the sums of refusals that were not said one by one. */
void event_sum_up(struct service *service);

/* A listener can't be bound, for this reason (errno), or now is. Said when the reason changes. */
void event_pending(struct listener *listener, int error);
void event_bound(struct listener *listener);

/* A service starts programs again after this many pauses. */
void event_recovered(const struct service *service, unsigned failures);

/* wait = yes: so many handlers in a row ended and took nothing of what waits on their socket; the
 * datagram they left was dropped, or clients were left waiting. And: one took something again. */
void event_lend_idle(const struct listener *listener, unsigned ends, bool dropped);
/* Its socket wakes us again and again, and there is nothing to start a handler for (-errno). */
void event_lend_empty(const struct listener *listener, int error);
void event_lend_recovered(const struct listener *listener, unsigned ends);

/* How many handlers a service has, and its limit. */
void event_add_active(struct log_record *record, const struct admission_service *admission);

#endif

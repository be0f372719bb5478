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
#include "launch/child.h"
#include "serve/children.h"
#include "serve/history.h"
#include "serve/listener.h"

/* How a handler ended. */
enum outcome {
    OUTCOME_OK,      /* exit 0 */
    OUTCOME_EXIT,    /* another exit status */
    OUTCOME_CRASH,   /* a signal that we didn't send */
    OUTCOME_KILLED,  /* a signal that we sent */
    OUTCOME_SILENT,  /* no handler: the client was held, and sent nothing */
    OUTCOME_TIMEOUT, /* at its max-runtime we sent it one; then it doesn't matter how it ended */
    OUTCOME_COUNT
};

extern const char *const outcome_names[OUTCOME_COUNT];

/* Handlers are counted by how long they took: up to so long each. */
#define EVENT_BUCKETS 10

struct event_bucket {
    nanoseconds most;
    const char *text; /* in seconds, for metrics */
};

extern const struct event_bucket event_buckets[EVENT_BUCKETS];

/* A service's counters, since it came into being. */
struct service_counters {
    uint64_t started;
    uint64_t accept_errors; /* of clients that were lost while they were accepted */
    uint64_t gone;          /* clients that left before their handler was started */
    uint64_t refused[REASON_COUNT];
    uint64_t exits[OUTCOME_COUNT];
    /* 32 bits: after each failure the service rests for a second at least. */
    uint32_t start_failures[STAGE_COUNT];
    uint32_t refused_unsaid[REASON_COUNT]; /* in the last second */
    uint64_t penalties;
    uint32_t penalties_unsaid;             /* in the last second */
    uint64_t durations[EVENT_BUCKETS + 1]; /* of handlers that ended; the last one: longer */
    nanoseconds duration, cpu;             /* of all of them together */
    struct history history;
};

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

/* One line about the service as it stands, for USR1. */
void event_status(const struct service *service);

#endif

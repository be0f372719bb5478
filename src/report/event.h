/* event: what happens to a service and its connections, counted and said.
 *
 * One row an event tells its word, what is counted, which words and fields its line has, and when
 * it is said. Who reports one fills in what is known of it; what isn't about a service has its
 * words from who says it. Events that come fast (refusals, penalties) are
 * said once and then summed up each second, for each service and reason: an attacker must not
 * write our log. Nothing here knows a service or a connection but by its reporter.
 */
#ifndef STDINETD_REPORT_EVENT_H
#define STDINETD_REPORT_EVENT_H

#include <stdint.h>
#include <sys/resource.h>

#include "admit/admission.h"
#include "base/addr.h"
#include "base/endpoint.h"
#include "base/log.h"
#include "base/loop.h"
#include "launch/stage.h"
#include "report/counters.h"

enum event {
    EVENT_START,          /* a program runs */
    EVENT_END,            /* a handler ended, or a client was held at most, and sent nothing */
    EVENT_TIMEOUT,        /* a handler's max-runtime is over, and it is sent a signal */
    EVENT_GONE,           /* a client was gone before its handler was started */
    EVENT_START_FAILED,   /* for good: the connection is closed */
    EVENT_STARTED_AGAIN,  /* a start worked, after so many pauses */
    EVENT_PENALTY,        /* a source is refused from now on, for so long */
    EVENT_PENALTY_OVER,   /* and isn't any more */
    EVENT_REFUSED,        /* a client */
    EVENT_PENDING,        /* a socket can't be opened */
    EVENT_BOUND,          /* and now is */
    EVENT_REST_DATAGRAMS, /* wait = yes: so many handlers in a row left a datagram unread */
    EVENT_REST_CLIENTS,   /* the same, and clients were left waiting */
    EVENT_REST_EMPTY,     /* a socket wakes us, and there is nothing to start a handler for */
    EVENT_REST_OVER,      /* a handler took something again */
    EVENT_READY,          /* these are the daemon's */
    EVENT_STOPPING,
    EVENT_STOPPED,
    EVENT_RELOADED,
    EVENT_RELOAD_FAILED,
    EVENT_UPGRADED,
    EVENT_UPGRADE_FAILED,
    EVENT_NO_FDS, /* accepting pauses for lack of them, or of memory */
    EVENT_NO_FDS_OVER,
    EVENT_ORDER,  /* by the control socket */
    EVENT_STDERR, /* a line that a handler wrote */
    EVENT_LOST,   /* lines of the log, of which base/log.c tells */
    EVENT_WARNING,
    EVENT_INFO, /* any other line, by its level */
    EVENT_COUNT
};

/* The word that its lines have as their last field; several may have the same. */
const char *event_word(enum event event);

/* What is known of an event; a row names what of it is said. Text lives until event_say returns. */
struct event_facts {
    bool again;                   /* nothing new: it is said for debugging only */
    uint64_t connection;          /* its number */
    pid_t pid;                    /* 0: no process */
    const struct addr *peer;      /* NULL: there is none */
    uint32_t source_running;      /* of its source, this one included; 0: of none */
    const struct addr *source;    /* its port is not said */
    enum admission_reason reason; /* of a refusal */
    const struct endpoint *listen;
    enum outcome outcome;
    int status;                 /* from wait4 */
    const struct rusage *usage; /* from wait4; NULL: there was no process */
    nanoseconds duration;
    const char *signal;
    enum stage stage; /* that failed */
    const char *error, *program;
    unsigned times;
};

/* What all services share: one timer, which runs while something was said within a second. */
struct event_report {
    struct loop *loop;
    struct loop_timer flood;
    struct reporter *unsaid; /* those with something to sum up */
};

/* Whose events they are: a part of each service. */
struct reporter {
    const char *name;
    struct event_report *report;
    const struct admission_service *admission; /* for how many handlers there are */
    struct service_counters *counters;         /* NULL: nothing to count yet */
};

/* The report must stay where it is, and has one timer in loop. */
void event_open_report(struct event_report *report, struct loop *loop);

/* The name may change later. Both frees what was counted. */
void event_open(struct reporter *reporter, struct event_report *report, const char *name,
                const struct admission_service *admission);
void event_close(struct reporter *reporter);

/* The counters, from the first thing to count on: of thousands most rest. Without memory for them,
 * some that nobody reads. */
struct service_counters *event_counters(struct reporter *reporter);

/* Counts the event, and says it, now or in a sum. */
void event_say(struct reporter *reporter, enum event event, const struct event_facts *facts);

/* Says one that is about the daemon, at its level. */
void event_log(enum event event, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Has what is counted as not said summed up within a second: after an upgrade. */
void event_sum_up_later(struct reporter *reporter);

/* How many handlers there are, and their limit, as a field. */
void event_add_active(struct log_record *record, const struct admission_service *admission);

#endif

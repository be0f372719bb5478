/* counters: what a service has done, counted; and one table of all facts that are numbers.
 *
 * A row says where the number stands, what it is called as JSON, as a metric and for an upgrade,
 * and whom a metric's label tells apart. Whoever shows numbers walks the table or asks it by a
 * fact's id: metrics.c all of it, control/status.c and status_line.c a service's. Counted by
 * event.c and the files of connection. Nothing here prints.
 */
#ifndef STDINETD_REPORT_COUNTERS_H
#define STDINETD_REPORT_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admit/admission.h"
#include "base/clock.h"
#include "launch/stage.h"
#include "report/history.h"

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

struct reporter;

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
    struct reporter *next_unsaid;          /* event.h: whose sums are to be said */
    bool is_unsaid;
    struct history history;
};

/* What is so now, of a service and of the daemon: filled by who shows it. */
struct service_numbers {
    uint64_t active, held;
    uint64_t warm_starts[2]; /* warm and cold ones */
    uint64_t warm_ready;
};

struct daemon_numbers {
    uint64_t sources, bans;
    uint64_t reloads[2], upgrades[2]; /* that went well, and that failed */
    uint64_t messages_lost;
};

/* In the order of the metrics, and of what an upgrade carries. */
enum fact_id {
    FACT_NONE,
    FACT_STARTED,
    FACT_ACTIVE,
    FACT_HELD,
    FACT_ACCEPT_ERRORS,
    FACT_GONE,
    FACT_PENALTIES,
    FACT_PENALTIES_UNSAID,
    FACT_REFUSED,
    FACT_REFUSED_UNSAID,
    FACT_EXITS,
    FACT_START_FAILURES,
    FACT_DURATIONS,
    FACT_DURATION,
    FACT_CPU,
    FACT_WARM_STARTS,
    FACT_WARM_READY,
    FACT_SOURCES,
    FACT_BANS,
    FACT_RELOADS,
    FACT_UPGRADES,
    FACT_MESSAGES_LOST,
    FACT_COUNT
};

/* The struct in which a fact's numbers stand. */
enum fact_place { FACT_IN_COUNTERS, FACT_IN_SERVICE, FACT_IN_DAEMON };

/* Of which services there is a metric: what never happened has none, so that of thousands that
 * rest each has two lines. */
enum fact_scope { FACT_OF_ALL, FACT_OF_COUNTED, FACT_OF_WARM };

struct fact {
    const char *key;                   /* as JSON, and in the line for USR1; NULL: in neither */
    const char *metric, *type;         /* of its family; NULL: none */
    const char *unit;                  /* NULL: none. Times are nanoseconds in the struct */
    const char *help;                  /* a sentence */
    const char *label;                 /* of a metric: what the names are */
    const char *(*name)(size_t index); /* of each number; NULL: there is but one */
    bool no_zeros;                     /* a metric has no samples of 0 */
    enum fact_scope scope;
    enum fact_place place;
    uint16_t count, offset, size;
};

extern const struct fact counters_facts[FACT_COUNT];

/* The index-th number of a fact in its struct; and all of them together. */
uint64_t counters_get(const void *values, enum fact_id id, size_t index);
uint64_t counters_sum(const void *values, enum fact_id id);
void counters_set(void *values, enum fact_id id, size_t index, uint64_t number);
void counters_add(void *values, enum fact_id id, size_t index, uint64_t number);

/* Counts a handler that ended, and took so long. */
void counters_add_time(struct service_counters *counters, nanoseconds duration, nanoseconds cpu);

#endif

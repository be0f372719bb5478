/* pool: a service's handlers that are started before their clients come: how many stand ready,
 * when they are renewed, who takes one. How it is done is told in warm/warm.h.
 *
 * Cold is always right: nothing ready, something doubtful, an error: the connection is served by
 * the ordinary start, and the reason is said once. Nothing here waits. pool.c decides what a
 * service has; its parts (parts.h) have them made and give connections to them. Called by
 * start.c, which takes one, and by reload.c, stop.c and upgrade.c.
 *
 * Bounds: warm-count (at most 256) parked processes of a service, one that is warmed up at a time,
 * WARM_UPS of all services; COPIES_WAITING connections that wait for a template's copy.
 */
#ifndef STDINETD_POOL_POOL_H
#define STDINETD_POOL_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "launch/environment.h"
#include "launch/processes.h"
#include "warm/files.h"
#include "warm/slots.h"
#include "warm/warm.h"

struct service;
struct warming;

/* A connection that is to have a warm handler: its owner's, until done is called. */
struct pool_request {
    struct pool_request *next;
    int fd;       /* the connection's, which stays its owner's to close */
    char *region; /* what its handler is told, while it waits for a copy; malloc'ed */
    /* A handler has it; pid 0: none will, and it is to be started cold. */
    void (*done)(struct pool_request *request, pid_t pid);
};

/* What all services' have in common. */
struct pools {
    struct loop *loop;
    struct processes *processes;
    int null_fd;
    struct warming *first;
    unsigned warm_ups;                   /* requested from warmers */
    struct warming *queue, **queue_last; /* that wait for one to end */
    struct warming *due;                 /* that may lack some: looked at when the turn ends */
    bool is_held;                        /* nothing is made: we stop, or an upgrade is under way */
};

/* Warm-ups at a time, of all services; the others' turn comes in their order. They are CPU, mostly;
 * so many that a few that hang (warm-timeout) don't keep the rest. */
#define WARM_UPS 16

/* Sent to a template and not answered yet, and those that wait behind them. The first fits into the
 * kernel's queue of a socket (net.unix.max_dgram_qlen, 10). */
#define COPIES_SENT    8
#define COPIES_WAITING 64

/* A process of ours that is no handler: a warmer, or one that is parked. */
struct warm_child {
    struct process process;
    struct warming *warming;
    struct warm_child *next; /* of the ready ones; the oldest first */
    struct loop_source source;
    bool reaped;
    nanoseconds since; /* when it was parked, or given its connection */
    uint64_t uses;
    void (*answers)(struct warm_child *child); /* reads what it has said, when it has ended */
    struct pool_request
        *given;      /* sent to it, and not answered yet; it isn't among the ready ones */
    uint32_t serial; /* of that */
};

struct warming {
    struct warming *next, **link;
    struct pools *pools;
    struct service *service;
    struct plan *plan; /* a reference */
    char *order;       /* what the warmer was told */
    size_t order_size;
    struct warm_slots slots;
    struct warm_files files;
    uint64_t stderr_inode; /* of the fd 2 that the warmer has */
    uid_t uid;             /* of its processes */
    bool is_possible;      /* else it stays cold, and why says why */

    struct warm_child warmer; /* source.fd -1: none runs */
    bool requested;           /* and not reported yet */
    bool is_due;
    struct warming *next_due;
    bool is_queued; /* it wants one more, when others have theirs */
    struct warming *queue_next;
    uint32_t serial; /* of the last request */
    uint32_t connection_serial;
    unsigned failures; /* since a client was served warm */
    bool lost;         /* one that was ready has ended: the next one is made later */
    char why[WARM_WHY_SIZE];
    char said[WARM_WHY_SIZE]; /* what of that was logged last */
    int call;                 /* of what is ready: where it stands; -1: entry */
    bool was_parked;          /* call is known */

    struct warm_child *given; /* those with a connection */
    struct warm_child *ready; /* one-shot; the last in them is the youngest */
    unsigned ready_count;
    struct warm_child *template, *successor; /* the successor waits for the last answers */

    struct pool_request *waiting, **waiting_last; /* for a copy; not sent */
    unsigned waiting_count;
    struct {
        struct pool_request *request; /* NULL: free */
        uint32_t serial;
        nanoseconds since;
    } sent[COPIES_SENT];
    unsigned sent_count;

    struct loop_timer retry;  /* armed: the next try of a warm-up; or it takes too long */
    struct loop_timer age;    /* armed: something is ready, and gets old */
    struct loop_timer answer; /* armed: an answer is due, or soon */
    uint64_t served, colds;   /* connections, warm and cold, since it is warm */
};

/* Nobody has any yet. null_fd stays the caller's. */
void pools_open(struct pools *pools, struct loop *loop, struct processes *processes, int null_fd);

/* Nothing is made while they are held; then who lacks some is looked at by warming_adapt. */
void pools_hold(struct pools *pools, bool is_held);

/* Makes the service warm as its settings say, or cold; where nothing changed, what is ready stays.
 */
void warming_adapt(struct pools *pools, struct service *service);

/* At the end of a turn: sees to it that enough are ready. */
void pools_end_turn(struct pools *pools);

/* Ends everything of it: connections that wait are started cold. */
void warming_end(struct service *service);
/* The same for all services. */
void pools_end(struct pools *pools);

/* Before an upgrade: nothing is made any more, and whoever waits for a template is started cold.
 * Those who were sent to somebody have their answer soon: processes->unclaimed. */
void pools_leave(struct pools *pools);
/* When that takes too long: they are started cold, too. */
void pools_take_back(struct pools *pools);

/* Hands the connection over to a handler that is ready, or to be made by a template; false: it is
 * to be started cold. */
bool warming_give(struct service *service, struct pool_request *request,
                  const struct launch_connection *wiring);

/* Takes the answers that have come: before a process is reaped that may be a handler now. For
 * processes.h, with the pools. */
void pools_take_answers(void *context);

/* Calls visit for each process of ours that is no handler yet. */
void pools_visit_children(const struct pools *pools,
                          void (*visit)(const struct warm_child *child, void *context),
                          void *context);
/* And for each request that is not done. */
void pools_visit_requests(const struct pools *pools,
                          void (*visit)(struct pool_request *request, void *context),
                          void *context);

/* "template", "one-shot" or "cold": what clients get now. */
const char *warming_state(const struct warming *warming);

/* How many are ready; a template is one. */
unsigned warming_ready(const struct warming *warming);

/* Where those that are ready stand: "entry", or a system call's name. False: nobody was ready yet.
 */
#define WARMING_GATE_SIZE 32
bool warming_gate(const struct warming *warming, char text[static WARMING_GATE_SIZE]);

/* What stands in a service's status line. */
void warming_add_status(const struct service *service, struct log_record *record);

#endif

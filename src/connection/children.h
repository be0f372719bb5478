/* children: the connections that are in our care, from their acceptance to their handler's end.
 *
 * A connection is one small record from a pool; while it has a process it is found by the pid. What
 * happens to it is decided in accept.c, start.c, end.c and their neighbours; here it is only kept.
 */
#ifndef STDINETD_CONNECTION_CHILDREN_H
#define STDINETD_CONNECTION_CHILDREN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "admit/admission.h"
#include "base/addr.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/map.h"
#include "launch/launcher.h"
#include "launch/processes.h"
#include "pool/pool.h"

struct lending;
struct intake_header;
struct service;

enum connection_state {
    CONNECTION_AWAITS_HEADER, /* no process: a PROXY header is to come (intake.c) */
    CONNECTION_AWAITS_DATA,   /* no process: its first byte is to come */
    CONNECTION_AWAITS_PLACE,  /* no process: its service is full */
    CONNECTION_HELD,          /* the same, and its start was tried: it failed for now */
    CONNECTION_AWAITS_WARM,   /* sent to a warm handler: its answer is to come (pool.c) */
    CONNECTION_STARTING,      /* a process, on its way to the program */
    CONNECTION_RUNNING,       /* the handler */
    CONNECTION_FAILED,        /* its start failed; the process is about to end */
};

struct connection {
    struct process process;             /* its handler; pid 0: none yet */
    struct pool_request request;        /* while it AWAITS_WARM */
    struct launch_start *start;         /* while STARTING */
    nanoseconds started;                /* when the program ran; while HELD: since when it is */
    struct loop_source source;          /* while it AWAITS something */
    struct intake_header *header;       /* what came of one so far; malloc'ed; NULL: nothing */
    struct connection *next;            /* of the held or the free ones */
    struct connection *older, *younger; /* of those who await bytes or a place */
    struct service *service;
    struct lending *lending;      /* wait = yes: its handler has a listening socket */
    char *peer_path, *local_path; /* of a unix connection while it has no process; malloc'ed */
    struct admission_ticket ticket;
    nanoseconds accepted; /* when */
    uint64_t number;
    struct addr peer, local;
    uint32_t source_running;
    int fd;        /* while there is no process; -1 after */
    int linger_fd; /* linger-close: our copy of the connection; -1: none */
    enum connection_state state;
    bool told;                  /* its PROXY header has been read, up to what is to skip */
    bool is_proxys;             /* the header tells no client: it is the proxy's own */
    bool stands_high;           /* its fd, for it waited: fd_move_low before its start */
    bool is_unix;               /* its socket; peer may be who a proxy told */
    bool cold;                  /* no warm handler for it: that was tried */
    bool lent;                  /* wait = yes: no connection, but a listening socket */
    bool killed;                /* by us, so its end is no crash */
    bool ordered;               /* by order, so what timeouts says is no timeout */
    uint8_t timeouts;           /* its max-runtime is over: 1: it was sent TERM, 2: KILL */
    bool has_deadline;          /* room for its timer is reserved */
    struct loop_timer deadline; /* armed: data-timeout, max-runtime, or then kill-after */
};

struct children {
    struct processes *processes; /* the handlers are among them */
    void (*ended)(struct process *process, int status,
                  const struct rusage *usage); /* of a handler */
    struct connection *free;
    struct connection_block *blocks;
    size_t handlers; /* connections with a process */
};

/* An empty pool; ended is called when a handler has ended. */
void children_open(struct children *children, struct processes *processes,
                   void (*ended)(struct process *process, int status, const struct rusage *usage));
void children_close(struct children *children);

/* A zeroed connection with fd -1; NULL without memory. Given back by children_free. */
struct connection *children_new(struct children *children);
void children_free(struct children *children, struct connection *connection);

/* Its handler is the process of that pid, until that has ended. */
void children_add(struct children *children, struct connection *connection, pid_t pid);

/* Whose handler the process is; and the connection of that handler, or NULL. */
struct connection *children_of(struct process *process);
struct connection *children_find(const struct children *children, pid_t pid);

/* Those with a handler, one by one: the one started last, the next older or younger one; NULL. What
 * comes next is asked for before this one may end. */
struct connection *children_youngest(const struct children *children);
struct connection *children_older(const struct children *children, const struct connection *one);
struct connection *children_younger(const struct children *children, const struct connection *one);

/* Sends number to a handler's process group, and to every handler's. */
void children_signal_one(struct connection *connection, int number);
void children_signal(struct children *children, int number);

#endif

/* connections: every connection that is in our care, from its acceptance to its last line in the
 * log, and what they all share.
 *
 *   accept.c -> intake.c -> start.c -> (a process) -> end.c -> release.c
 *
 * accept.c takes clients from a listener and has them judged; intake.c keeps those that must say
 * something first; waiting.c those for whom there is no place; start.c has a handler started, or
 * gives them to a warm one (pool); end.c hears of its end, release.c gives back what was counted,
 * kill.c ends one by our hand. Whose turn it is turns.c decides, and connections.c lets in when a
 * turn of the loop ends. Called by daemon.c, which ties this to the loop.
 */
#ifndef STDINETD_CONNECTION_CONNECTIONS_H
#define STDINETD_CONNECTION_CONNECTIONS_H

#include <stdbool.h>
#include <sys/resource.h>

#include "admit/admission.h"
#include "base/loop.h"
#include "connection/children.h"
#include "connection/intake.h"
#include "connection/linger.h"
#include "connection/turns.h"
#include "launch/launcher.h"
#include "launch/processes.h"
#include "pool/pool.h"
#include "service/service.h"

struct connections {
    struct loop *loop;
    struct services *services;
    struct processes *processes;
    struct launcher *launcher;
    struct admission admission;
    struct children children;
    struct linger_list lingering;
    struct intake intake;
    size_t waiting_count; /* who waits for a place, of all services */
    struct turns turns;
    bool is_ending; /* we stop, and end handlers: nobody waits for their clients */
    uint64_t next_number;
    struct loop_source launches;    /* reports of starts */
    struct loop_timer launch_timer; /* armed: starts are under way that no fd tells of */
    struct loop_timer expire_timer; /* armed: sources are remembered that may be forgotten */
};

/* The timers of connections, that a loop must have room for. */
#define CONNECTIONS_TIMERS 3

/* Makes it ready: loop, services and processes are the caller's and stay. engine: STDINETD_ENGINE
 * or NULL. 0 or -errno, after saying why where that isn't plain. */
int connections_open(struct connections *connections, struct services *services,
                     struct processes *processes, size_t max_sources, const char *engine);
/* Forgets everything; handlers that run stay. */
void connections_close(struct connections *connections);

/* The end of a turn: starts that were reported on, and whose turn it is now. */
void connections_end_turn(struct connections *connections);
/* At the very end: what was made due since is looked at in the next turn, which comes at once. */
void connections_go_on(struct connections *connections);

/* accept.c, for service.h: a listener has clients. */
void connection_accept(struct loop_source *source, uint32_t events);

/* start.c. Starts the handler of a connection that is counted as one of its service, or has it wait
 * for a process; the paths are those of a unix connection, kept where they are needed later. */
void connection_start(struct connections *connections, struct connection *connection);
void connection_start_from(struct connections *connections, struct connection *connection,
                           const char *peer_path, const char *local_path);
/* What became of a start; and of all that were reported on. */
void connection_take_report(struct connections *connections, const struct launch_report *report);
void connection_collect_starts(struct connections *connections);
void connection_on_launches(struct loop_source *source, uint32_t events);
void connection_on_launch_timer(struct loop_timer *timer);
/* Keeps the paths of a connection that will have its process later. */
void connection_keep_paths(struct connection *connection, const char *peer_path,
                           const char *local_path);

/* end.c, for children.h: a handler, or a process that never became one, has ended and was reaped.
 */
void connection_end(struct process *process, int status, const struct rusage *usage);

/* release.c. Gives back what a connection counted, and frees it. With its fd: of one that has no
 * process (any more). */
void connection_release(struct connections *connections, struct connection *connection);
void connection_drop(struct connections *connections, struct connection *connection);

/* kill.c. Ends a handler by order: TERM, and KILL when kill-after has passed. */
void connection_kill(struct connections *connections, struct connection *connection);
/* Room for the connection's timer, once: 0 or -ENOMEM. And when a handler that runs has run for too
 * long (0: never), or is sent its signal again. */
int connection_reserve_deadline(struct connections *connections, struct connection *connection);
void connection_set_deadline(struct connection *connection, nanoseconds due);

#endif

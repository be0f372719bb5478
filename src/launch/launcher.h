/* launcher: starts programs and reports later what became of each start.
 *
 * launcher_start() returns when a process exists, not when the program runs: that, or the step that
 * failed, comes as a report from launcher_collect(). Reports may wait when launcher_fd() is
 * readable, and when launcher_pace() has passed, where nothing tells. A
 * process that ends before its report was collected is settled by launcher_settle(). So the loop
 * never waits for a child. Knows no limits and logs nothing; called by connection/start.c.
 *
 * An engine is one way to start a process: engine_clone.c the fast one, engine_fork.c the plain
 * one, which also starts what the fast one can't (plan.h, own_memory).
 */
#ifndef STDINETD_LAUNCH_LAUNCHER_H
#define STDINETD_LAUNCH_LAUNCHER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/clock.h"
#include "launch/child.h"
#include "launch/environment.h"
#include "launch/plan.h"

struct launcher;
struct launch_start; /* a start under way */

/* What became of a start. */
struct launch_report {
    void *owner;                  /* as given to launcher_start */
    struct child_failure failure; /* stage STAGE_NONE: the program runs */
};

/* Starts under way at one time: more wait as if there were no memory (-EAGAIN). A start stays under
 * way for long only where the handler's user stops the child in front of its exec. */
#define LAUNCHER_STARTS_MAX 1024

/* How long a connection may stay open in the parent after its handler has closed it: below the 10
 * ms that its client may have to wait for the end of the stream. */
#define LAUNCHER_PACE (5 * CLOCK_MILLISECOND)
/* And where a start has been under way for long: somebody stopped it. */
#define LAUNCHER_SLOW_PACE CLOCK_SECOND

/* Opens the engine of that name ("clone", "fork"), or with NULL the best that works here. Returns
 * 0; -EINVAL where there is no such engine; -ENOSYS where the one that was named doesn't work here;
 * another -errno. *ret_fallback tells why the best one was passed over (a constant), or NULL. */
int launcher_open(const char *engine, struct launcher **ret, const char **ret_fallback);

/* Frees it. What starts under way still use is left to the process's end. */
void launcher_close(struct launcher *launcher);

/* The name of its engine. */
const char *launcher_engine(const struct launcher *launcher);

/* The fd that becomes readable when reports wait; -1 where none tells. */
int launcher_fd(const struct launcher *launcher);

/* How soon to look again, while a start is under way whose progress no fd tells; 0: no need. */
nanoseconds launcher_pace(const struct launcher *launcher);

/* Starts plan's program on connection. Returns 0 with the pid and the start under way; then the
 * connection's fd is the launcher's, which closes it as soon as the child has its own. -errno when
 * there is no process, and the fd stays the caller's: EAGAIN and ENOMEM pass, EMFILE and ENFILE
 * pass when fds are given back. */
int launcher_start(struct launcher *launcher, struct plan *plan,
                   const struct launch_connection *connection, void *owner, pid_t *ret_pid,
                   struct launch_start **ret_start);

/* Whether no start is under way. */
bool launcher_is_idle(const struct launcher *launcher);

/* Closes what children have taken over; returns how many fds were given back since the last call.
 */
unsigned launcher_tend(struct launcher *launcher);

/* Takes the next report, after which its start is forgotten; false when there is none. */
bool launcher_collect(struct launcher *launcher, struct launch_report *ret);

/* Closes our copy of a connection that a handler has, as the engines do, for who gave it to one in
 * another way. */
void launcher_close_connection(int fd);

/* The process of a start has ended (was reaped): what became of the start, now. */
void launcher_settle(struct launch_start *start, struct launch_report *ret);

#endif

/* child: the steps from a new process to its program. Runs in the child, on prepared data. */
#ifndef STDINETD_LAUNCH_CHILD_H
#define STDINETD_LAUNCH_CHILD_H

#include <stdbool.h>

#include "launch/environment.h"
#include "launch/plan.h"
#include "launch/stage.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* What a failed start leaves behind, as the child reports it. */
struct child_failure {
    enum stage stage;
    int error; /* errno */
};

/* Carries out the plan and executes the program. Returns only on failure, with the step that
 * failed; then the caller must end the process. All signals must be blocked before. environment is
 * joined; the child writes nothing of it but its pid.
 * close_flags says what becomes of fds from 3 up: 0, they are closed at once; CLOSE_RANGE_CLOEXEC,
 * with the exec, for an engine that needs one until then. */
struct child_failure child_execute(const struct plan *plan,
                                   const struct launch_connection *connection,
                                   const struct environment *environment, unsigned close_flags);

/* Part of that, for who goes on as a process like the service's handlers (src/warm): everything of
 * the plan that a child of the process would inherit, from the umask to no_new_privs; its limits
 * only where limited. Failure as above. */
struct child_failure child_become(const struct plan *plan, bool limited);

/* And the limits alone: none above the hard ones, unless by root. */
struct child_failure child_limit(const struct plan *plan);

#endif

/* startup: the daemon's own process, put right whatever it was started from.
 *
 * Whoever starts us may have closed 0 to 2, leaked fds, ignored or blocked signals, set a umask, an
 * oom_score_adj, a small limit of open files. A handler must see none of it, and neither should we.
 */
#ifndef STDINETD_DAEMON_STARTUP_H
#define STDINETD_DAEMON_STARTUP_H

#include <signal.h>
#include <stdbool.h>

#include "launch/plan.h"

/* Standard fds, close-on-exec, default dispositions, umask, open files. To be called first of all
 * in main. With keep_mask signals stay blocked as they are: what came since another daemon was in
 * this process waits for us. Fills what handlers get back. 0 or -errno. */
int startup_clean_process(bool keep_mask, struct plan_origin *ret);

/* Blocks the signals of the table that the loop reads from a signalfd, and SIGPIPE. Returns the
 * signalfd (non-blocking) or -errno. */
int startup_open_signals(void);

/* The starting side of --daemon: forks; the parent waits until the child says how it went, calls
 * on_ready if it went well, and exits with that status. The child gets the fd to say it on. 0 in
 * the child or -errno. */
int startup_daemonize(void (*on_ready)(pid_t child, void *context), void *context,
                      int *ret_ready_fd);

/* The child says how the start went: the waiting parent exits with status. */
void startup_say_ready(int ready_fd, int status);

#endif

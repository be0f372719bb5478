/* stage: the steps from a decision to a running program, by name.
 *
 * A start that fails says which step failed, so that "Permission denied" is never a riddle. The
 * names stand in logs and metrics. The order is the one in which child.c takes them.
 */
#ifndef STDINETD_LAUNCH_STAGE_H
#define STDINETD_LAUNCH_STAGE_H

enum stage {
    STAGE_NONE, /* nothing failed: the program runs */
    STAGE_STDERR,
    STAGE_FORK,
    STAGE_SESSION,
    STAGE_FD,
    STAGE_UMASK,
    STAGE_OOM,
    STAGE_RLIMIT,
    STAGE_NICE,
    STAGE_ISOLATE,
    STAGE_CHROOT,
    STAGE_DIRECTORY,
    STAGE_GROUPS,
    STAGE_GROUP,
    STAGE_CAPABILITIES,
    STAGE_USER,
    STAGE_VERIFY,
    STAGE_PRIVILEGES,
    STAGE_SIGNALS,
    STAGE_EXEC,
    STAGE_PROCESS_LIMIT, /* execve's EAGAIN: the user has too many processes, execve(2) */
    STAGE_COUNT
};

/* The name of a stage ("exec", "user", "process-limit" …). */
const char *stage_name(enum stage stage);

#endif

/* stage: see stage.h. */
#include "launch/stage.h"

#include <stddef.h>

static const char *const names[STAGE_COUNT] = {
    [STAGE_NONE] = "none",
    [STAGE_STDERR] = "stderr",
    [STAGE_FORK] = "fork",
    [STAGE_SESSION] = "session",
    [STAGE_FD] = "fd",
    [STAGE_UMASK] = "umask",
    [STAGE_RLIMIT] = "rlimit",
    [STAGE_NICE] = "nice",
    [STAGE_OOM] = "oom-score-adjust",
    [STAGE_ISOLATE] = "isolate",
    [STAGE_CHROOT] = "chroot",
    [STAGE_DIRECTORY] = "directory",
    [STAGE_GROUPS] = "groups",
    [STAGE_GROUP] = "group",
    [STAGE_CAPABILITIES] = "capabilities",
    [STAGE_USER] = "user",
    [STAGE_VERIFY] = "verify",
    [STAGE_PRIVILEGES] = "no-new-privileges",
    [STAGE_SIGNALS] = "signals",
    [STAGE_EXEC] = "exec",
    [STAGE_PROCESS_LIMIT] = "process-limit",
};

const char *stage_name(enum stage stage)
{
    return (size_t)stage < STAGE_COUNT && names[stage] ? names[stage] : "unknown";
}

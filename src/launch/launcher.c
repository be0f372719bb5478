/* launcher: see launcher.h. Chooses the engine and passes calls on to it. */
#include "launch/launcher.h"

#include <errno.h>
#include <string.h>

#include "launch/engine.h"

/* The best one first. */
static const struct launch_engine *const engines[] = {&engine_clone, &engine_fork};

#define ENGINE_COUNT (sizeof(engines) / sizeof(engines[0]))

int launcher_open(const char *name, struct launcher **ret, const char **ret_fallback)
{
    int error = -EINVAL;

    *ret_fallback = NULL;
    for (size_t i = 0; i < ENGINE_COUNT; i++) {
        if (name && strcmp(name, engines[i]->name) != 0)
            continue;
        error = engines[i]->open(ret);
        if (error != -ENOSYS || name)
            break;
        *ret_fallback =
            "clone needs Linux 5.9, x86-64 or aarch64, fs.suid_dumpable = 0 and no sanitizer";
    }
    return error;
}

void launcher_close(struct launcher *launcher)
{
    if (launcher)
        launcher->engine->close(launcher);
}

const char *launcher_engine(const struct launcher *launcher)
{
    return launcher->engine->name;
}

int launcher_fd(const struct launcher *launcher)
{
    return launcher->engine->fd(launcher);
}

nanoseconds launcher_pace(const struct launcher *launcher)
{
    return launcher->engine->pace(launcher);
}

int launcher_start(struct launcher *launcher, struct plan *plan,
                   const struct launch_connection *connection, void *owner, pid_t *ret_pid,
                   struct launch_start **ret_start)
{
    return launcher->engine->start(launcher, plan, connection, owner, ret_pid, ret_start);
}

unsigned launcher_tend(struct launcher *launcher)
{
    unsigned given_back;

    launcher->engine->tend(launcher);
    given_back = launcher->given_back;
    launcher->given_back = 0;
    return given_back;
}

bool launcher_collect(struct launcher *launcher, struct launch_report *ret)
{
    return launcher->engine->collect(launcher, ret);
}

void launcher_settle(struct launcher *launcher, struct launch_start *start,
                     struct launch_report *ret)
{
    launcher->engine->settle(launcher, start, ret);
}

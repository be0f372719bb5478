/* launcher: see launcher.h. Chooses the engine of each start and passes calls on to it.
 *
 * Two engines stand ready: the usual one, and fork for plans that need memory of their own. Where
 * fork is the usual one, both are the same.
 */
#include "launch/launcher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "launch/engine.h"

/* The best one first. */
static const struct engine_calls *const engines[] = {&engine_clone, &engine_fork};

#define ENGINE_COUNT (sizeof(engines) / sizeof(engines[0]))

struct launcher {
    struct engine *usual;
    struct engine *apart; /* of plans with own_memory */
};

static int open_usual(const char *name, struct engine **ret, const char **ret_fallback)
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
            "clone needs Linux 5.9, x86-64 or aarch64, fs.suid_dumpable = 0, and no sanitizer";
    }
    return error;
}

int launcher_open(const char *name, struct launcher **ret, const char **ret_fallback)
{
    struct launcher *launcher = calloc(1, sizeof(*launcher));
    int error = launcher ? open_usual(name, &launcher->usual, ret_fallback) : -ENOMEM;

    if (error == 0 && launcher->usual->calls == &engine_fork)
        launcher->apart = launcher->usual;
    else if (error == 0)
        error = engine_fork.open(&launcher->apart);
    if (error < 0) {
        launcher_close(launcher);
        return error;
    }
    *ret = launcher;
    return 0;
}

void launcher_close(struct launcher *launcher)
{
    if (!launcher)
        return;
    if (launcher->apart && launcher->apart != launcher->usual)
        launcher->apart->calls->close(launcher->apart);
    if (launcher->usual)
        launcher->usual->calls->close(launcher->usual);
    free(launcher);
}

const char *launcher_engine(const struct launcher *launcher)
{
    return launcher->usual->calls->name;
}

int launcher_fd(const struct launcher *launcher)
{
    return launcher->apart->calls->fd(launcher->apart);
}

nanoseconds launcher_pace(const struct launcher *launcher)
{
    return launcher->usual->calls->pace(launcher->usual);
}

int launcher_start(struct launcher *launcher, struct plan *plan,
                   const struct launch_connection *connection, void *owner, pid_t *ret_pid,
                   struct launch_start **ret_start)
{
    struct engine *engine = plan->own_memory ? launcher->apart : launcher->usual;

    return engine->calls->start(engine, plan, connection, owner, ret_pid, ret_start);
}

static unsigned tend(struct engine *engine)
{
    unsigned given_back;

    engine->calls->tend(engine);
    given_back = engine->given_back;
    engine->given_back = 0;
    return given_back;
}

bool launcher_is_idle(const struct launcher *launcher)
{
    return launcher->usual->calls->is_idle(launcher->usual) &&
           launcher->apart->calls->is_idle(launcher->apart);
}

unsigned launcher_tend(struct launcher *launcher)
{
    unsigned given_back = tend(launcher->usual);

    return launcher->apart == launcher->usual ? given_back : given_back + tend(launcher->apart);
}

bool launcher_collect(struct launcher *launcher, struct launch_report *ret)
{
    if (launcher->usual->calls->collect(launcher->usual, ret))
        return true;
    return launcher->apart != launcher->usual &&
           launcher->apart->calls->collect(launcher->apart, ret);
}

void launcher_settle(struct launch_start *start, struct launch_report *ret)
{
    start->engine->calls->settle(start, ret);
}

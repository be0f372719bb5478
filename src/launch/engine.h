/* engine: what a way to start processes must offer, and what all of them share. Only launcher.c and
 * the engines include this; the calls mean what launcher.h says of the ones of the same name. */
#ifndef STDINETD_LAUNCH_ENGINE_H
#define STDINETD_LAUNCH_ENGINE_H

#include "launch/launcher.h"

/* The beginning of each engine's own state. */
struct engine {
    const struct engine_calls *calls;
    unsigned given_back; /* fds closed since launcher_tend was asked last */
};

/* The beginning of each engine's own record of a start. */
struct launch_start {
    struct engine *engine;
    void *owner;
};

/* Closes our copy of a connection that a child has taken over, and counts it. */
void engine_give_back(struct engine *engine, const struct launch_connection *connection);

struct engine_calls {
    const char *name;
    int (*open)(struct engine **ret); /* -ENOSYS: it doesn't work here */
    void (*close)(struct engine *engine);
    int (*fd)(const struct engine *engine);
    nanoseconds (*pace)(const struct engine *engine);
    int (*start)(struct engine *engine, struct plan *plan,
                 const struct launch_connection *connection, void *owner, pid_t *ret_pid,
                 struct launch_start **ret_start);
    bool (*is_idle)(const struct engine *engine);
    void (*tend)(struct engine *engine);
    bool (*collect)(struct engine *engine, struct launch_report *ret);
    void (*settle)(struct launch_start *start, struct launch_report *ret);
};

extern const struct engine_calls engine_clone;
extern const struct engine_calls engine_fork;

#endif

/* engine: what a way to start processes must offer, and what all of them share. Only launcher.c and
 * the engines include this; the calls mean what launcher.h says of the ones of the same name. */
#ifndef STDINETD_LAUNCH_ENGINE_H
#define STDINETD_LAUNCH_ENGINE_H

#include "launch/launcher.h"

struct launch_engine {
    const char *name;
    int (*open)(struct launcher **ret); /* -ENOSYS: it doesn't work here */
    void (*close)(struct launcher *launcher);
    int (*fd)(const struct launcher *launcher);
    nanoseconds (*pace)(const struct launcher *launcher);
    int (*start)(struct launcher *launcher, struct plan *plan,
                 const struct launch_connection *connection, void *owner, pid_t *ret_pid,
                 struct launch_start **ret_start);
    void (*tend)(struct launcher *launcher);
    bool (*collect)(struct launcher *launcher, struct launch_report *ret);
    void (*settle)(struct launcher *launcher, struct launch_start *start,
                   struct launch_report *ret);
};

/* The beginning of each engine's own state. */
struct launcher {
    const struct launch_engine *engine;
    unsigned given_back; /* fds closed since launcher_tend was asked last */
};

extern const struct launch_engine engine_clone;
extern const struct launch_engine engine_fork;

#endif

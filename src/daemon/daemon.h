/* daemon: the process itself: its start, signals, settings, reload, stop and upgrade, and its word
 * to the service manager.
 *
 * It puts the rooms together and ties them to the loop; what happens to a connection is told in
 * connections.h. What follows from a turn of the loop is asked at its end, in one list
 * (daemon.c, end_turn). Nobody below knows this struct. Called by main.
 */
#ifndef STDINETD_DAEMON_DAEMON_H
#define STDINETD_DAEMON_DAEMON_H

#include <stdbool.h>

#include "base/loop.h"
#include "base/pid_file.h"
#include "config/load.h"
#include "config/settings.h"
#include "connection/connections.h"
#include "control/orders.h"
#include "daemon/notify.h"
#include "daemon/startup.h"
#include "daemon/upgrade.h"
#include "launch/processes.h"

enum stop_stage {
    STOP_NOT,        /* serving */
    STOP_WAITING,    /* handlers may finish */
    STOP_TERMINATED, /* they were sent TERM */
    STOP_KILLED,     /* and KILL */
};

struct daemon {
    struct loop *loop;
    const struct load_request *request; /* for reloads */
    bool daemonized;
    struct config *config;
    struct processes processes; /* all our children */
    struct services services;
    struct pools pools; /* of services that are warm */
    struct connections connections;
    struct control *control; /* NULL: not yet */
    struct notify notify;    /* the service manager, if we have one */
    size_t told_handlers;    /* of which it knows */
    unsigned told_binds;
    struct upgrade upgrade;
    struct loop_source signals;
    struct loop_timer log_timer;
    enum stop_stage stop_stage;
    struct loop_timer stop_timer;
    struct pid_file pid_file;
    struct daemon_facts facts;
};

/* What a daemon begins with. */
struct daemon_start {
    struct plan_origin origin;
    struct upgrade_origin binary;
    struct adoption *adoption; /* what the daemon before us left; NULL: there was none, or none any
                                  more */
    char problem[HANDOVER_PROBLEM_SIZE];
    const struct load_request *request; /* how the configuration is loaded, for reloads */
    struct problems problems;           /* its warnings, for the log; main frees them */
    bool daemonize;
};

/* Puts the process right and remembers whence it came; to be called first of all in main. The
 * request and daemonize are the caller's to fill. 0 or -errno. */
int daemon_begin(char *const *argv, struct daemon_start *ret);

/* Serves config, whose reference it takes, until it is told to stop; handlers that run then stay.
 * With daemonize, the caller's process ends here and a child of it serves, unless we are that child
 * already. The adoption is done with then. 0 or -errno, after logging why: -EEXIST when another
 * daemon has the pid file. */
int daemon_serve(struct config *config, struct daemon_start *start);

/* How the log goes for these settings. 0 or -errno. */
int daemon_open_log(const struct daemon_settings *settings, bool daemonized);

/* What follows a configuration, at the start, after a reload and when an upgrade is taken up:
 * limits, addresses, clients that wait, what is warm, the control socket. */
void daemon_apply(struct daemon *daemon);
/* What is warm alone. */
void daemon_apply_pools(struct daemon *daemon);

/* What an upgrade carries over of it. */
struct carried daemon_carried(struct daemon *daemon);

/* reload.c: reads the configuration anew and switches to it, or leaves everything as it is. 0; or
 * -errno, after logging why. Each line of that is told too, unless tell is NULL. */
int daemon_reload(struct daemon *daemon,
                  void (*tell)(bool is_warning, const char *line, void *context), void *context);

/* readiness.c: tells the service manager that we are ready (again), that we stop within a time, and
 * at the end of each turn what has changed. */
void daemon_tell_ready(struct daemon *daemon);
void daemon_tell_stopping(struct daemon *daemon, nanoseconds longest);
void daemon_tell_turn(struct daemon *daemon);

/* stop.c: told to stop, again: one stage further each time. */
void daemon_stop(struct daemon *daemon);
/* At the end of a turn: whether nobody is left. */
void daemon_stop_end_turn(struct daemon *daemon);

#endif

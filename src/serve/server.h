/* server: the whole daemon while it serves, and the one place that knows both policy and mechanism.
 *
 * listener readable -> a bounded batch is accepted -> admission_check -> wait or start -> children
 * -> SIGCHLD -> outcome -> ticket given back -> one event -> service_rearm. server.c tells that
 * story; daemon.c puts the parts together; turns.c tells who waits, penalty.c what is
 * remembered; stop.c, reload.c and upgrade.c tell how it ends and changes, readiness.c what its
 * service manager hears of all that.
 */
#ifndef STDINETD_SERVE_SERVER_H
#define STDINETD_SERVE_SERVER_H

#include <stdbool.h>
#include <sys/resource.h>

#include "admit/admission.h"
#include "base/loop.h"
#include "config/load.h"
#include "config/settings.h"
#include "launch/launcher.h"
#include "launch/plan.h"
#include "launch/processes.h"
#include "serve/children.h"
#include "serve/inherited.h"
#include "serve/linger.h"
#include "serve/notify.h"
#include "serve/reception.h"
#include "serve/service.h"
#include "serve/startup.h"
#include "serve/turns.h"
#include "serve/upgrade.h"
#include "serve/warming.h"

enum stop_stage {
    STOP_NOT,        /* serving */
    STOP_WAITING,    /* handlers may finish */
    STOP_TERMINATED, /* they were sent TERM */
    STOP_KILLED,     /* and KILL */
};

struct server {
    struct loop *loop;
    const struct load_request *request; /* for reloads */
    bool daemonized;
    struct plan_origin origin;
    struct config *config;
    struct inherited inherited;
    struct notify notify;  /* the service manager, if we have one */
    size_t told_processes; /* of which it knows */
    struct upgrade upgrade;

    struct admission admission;
    struct launcher *launcher;
    struct control *control;    /* NULL: not yet */
    struct processes processes; /* all our children */
    struct children children;
    struct linger_list lingering;
    struct reception reception;
    struct service *services;
    struct service *retired; /* gone from the configuration, with handlers that still run */
    bool service_is_empty;   /* one has lost its last connection, or the last one that it drains */
    struct pools pools;      /* of services that are warm */
    struct turns turns;      /* who may be let in, and who is next */

    struct loop_source signals, launches;
    struct loop_timer expire_timer; /* armed: sources are remembered that may be forgotten */
    struct loop_timer launch_timer; /* armed: starts are under way that no fd tells of */
    struct loop_timer log_timer;
    struct event_report report;

    enum stop_stage stop_stage;
    struct loop_timer stop_timer;

    struct pid_file pid_file;
    int null_fd;
    nanoseconds began; /* the first of the daemons that were in this process */
    uint32_t next_service;
    uint64_t next_connection;
    uint64_t reloads_done, reloads_failed;
    bool last_reload_failed;
    uint64_t upgrades_done, upgrades_failed;
};

/* What a server begins with. */
struct server_start {
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
int server_begin(char *const *argv, struct server_start *ret);

/* Serves config, whose reference it takes, until it is told to stop; handlers that run then stay.
 * With daemonize, the caller's process ends here and a child of it serves, unless we are that child
 * already. The adoption is done with then. 0 or -errno, after logging why: -EEXIST when another
 * daemon has the pid file. */
int server_serve(struct config *config, struct server_start *start);

/* How the log goes for these settings. 0 or -errno. */
int server_open_log(const struct daemon_settings *settings, bool daemonized);

/* What daemon.c ties to the loop: reports of starts, a shortage's end, held connections, processes
 * that ended. */
void server_on_launches(struct loop_source *source, uint32_t events);
void server_tend_launches(struct server *server);

/* For service.c: a listener has clients. */
void server_on_listener(struct loop_source *source, uint32_t events);

/* penalty.c: forgets sources that nothing is to be remembered of, soon, if there may be any. */
void server_expire_later(struct server *server);
void server_on_expire_timer(struct loop_timer *timer);

/* Starts the handler of a connection that is counted as one of its service, or holds it. */
void server_start(struct server *server, struct connection *connection);

/* Ends a handler by order: TERM, and KILL when kill-after has passed. */
void server_kill(struct server *server, struct connection *connection);

/* Sets when a handler that runs has run for too long (0: never), or is sent its signal again. */
void server_set_deadline(struct connection *connection, nanoseconds due);

/* Remembers against its source how a connection ended: as told, or by a handler's wait status. */
void server_judge(struct server *server, const struct connection *connection, int status);
void server_penalize(struct server *server, const struct connection *connection,
                     const struct admission_end *end);

/* Closes a connection that has no process (any more), gives back what it counted, frees it. */
void server_drop(struct server *server, struct connection *connection);

/* What is warm follows the configuration of each service. */
void server_adapt_pools(struct server *server);

/* For children.h: a handler, or a process that never became one, has ended and was reaped. */
void server_on_end(struct process *process, int status, const struct rusage *usage);

/* reload.c: reads the configuration anew and switches to it, or leaves everything as it is. 0; or
 * -errno, after logging why. Each line of that is told too, unless tell is NULL. */
int server_reload(struct server *server,
                  void (*tell)(bool is_warning, const char *line, void *context), void *context);

/* readiness.c: tells the service manager that we are ready (again), that we stop within a time, and
 * at the end of each turn what has changed. */
void server_tell_ready(struct server *server);
void server_tell_stopping(struct server *server, nanoseconds longest);
void server_tell_turn(struct server *server);

/* stop.c: told to stop, again: one stage further each time. */
void server_stop(struct server *server);
/* At the end of a turn: whether nobody is left. */
void server_stop_end_turn(struct server *server);

#endif

/* daemon: the daemon's parts put together, run and taken apart; its signals and its log.
 *
 * Nothing here knows a connection: that story is told in connections.h. Called by main.
 */
#include "daemon/daemon.h"
#include "control/status_line.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "carry/adoption.h"
#include "config/arguments.h"
#include "connection/penalty.h"
#include "control/control.h"
#include "handover/version.h"

/* The timers of the daemon itself: log, sum of events, stop, notify, upgrade. */
#define DAEMON_TIMERS 5

/* --- signals -------------------------------------------------------------------------------- */

static void say_status(const struct daemon *daemon)
{
    log_notice("%zu processes, %" PRIu64 " connections so far, %" PRIu64 " reloads (%" PRIu64
               " failed), %" PRIu64 " upgrades (%" PRIu64 " failed), %" PRIu64 " messages lost",
               daemon->connections.children.handlers, daemon->connections.next_number,
               daemon->facts.reloads_done, daemon->facts.reloads_failed,
               daemon->facts.upgrades_done, daemon->facts.upgrades_failed, log_lost_total());
    for (const struct service *service = daemon->services.first; service; service = service->next)
        status_line_log(service);
}

static void take_signal(struct daemon *daemon, const struct signalfd_siginfo *info)
{
    switch (info->ssi_signo) {
    case SIGCHLD:
        processes_reap(&daemon->processes, (pid_t)info->ssi_pid);
        break;
    case SIGHUP:
        if (!upgrade_defers_reload(daemon))
            daemon_reload(daemon, NULL, NULL);
        break;
    case SIGTERM:
    case SIGINT:
        daemon_stop(daemon);
        break;
    case SIGQUIT:
        event_log(EVENT_STOPPING, "exiting now; %zu handlers left running",
                  daemon->connections.children.handlers);
        notify_stopping(&daemon->notify, "exiting, handlers left running", 0);
        /* Or the end of this very turn could be another build's beginning. */
        upgrade_abandon(daemon, "stdinetd is exiting");
        loop_stop(daemon->loop);
        break;
    case SIGUSR1:
        say_status(daemon);
        break;
    default:
        upgrade_request(daemon);
    }
}

static void on_signals(struct loop_source *source, uint32_t events)
{
    struct daemon *daemon = source->owner;
    struct signalfd_siginfo infos[8]; /* we read seven, and each is pending once at most */
    ssize_t got = read(source->fd, infos, sizeof(infos));

    (void)events;
    /* Once a turn: what comes meanwhile is for the next, or a storm of signals would be all we do.
     */
    for (size_t i = 0; got > 0 && i < (size_t)got / sizeof(infos[0]); i++)
        take_signal(daemon, &infos[i]);
}

/* --- the daemon ----------------------------------------------------------------------------- */

/* The end of a turn: starts are looked after, the service manager hears what it should, and the
 * turn's lines go out together. */
static void end_turn(void *context)
{
    struct daemon *daemon = context;

    connections_end_turn(&daemon->connections);
    pools_end_turn(&daemon->pools);
    if (daemon->services.is_any_empty) {
        daemon->services.is_any_empty = false;
        control_tell_drained(daemon->control);
        services_free_unused(&daemon->services);
    }
    daemon_stop_end_turn(daemon);
    upgrade_end_turn(daemon); /* where we stay, it has something to say */
    daemon_tell_turn(daemon);
    upgrade_end_turn(daemon); /* before the lines: it may have to say that it failed */
    if (upgrade_releases_reload(daemon))
        daemon_reload(daemon, NULL, NULL);
    connections_go_on(&daemon->connections);
    if (log_flush() && !loop_is_armed(&daemon->log_timer))
        loop_arm(daemon->loop, &daemon->log_timer, clock_now() + LOG_RETRY * CLOCK_MILLISECOND);
}

/* A timer that only makes the loop turn: what is to do is done at the end of each turn. */
static void on_turn_timer(struct loop_timer *timer)
{
    (void)timer;
}

static void free_services(struct service *service)
{
    while (service) {
        struct service *next = service->next;

        service_free(service);
        service = next;
    }
}

/* Closes and frees everything, whatever of it was opened; handlers that run stay. */
static void daemon_close(struct daemon *daemon)
{
    notify_close(&daemon->notify);
    control_close(daemon->control);
    daemon->control = NULL;
    if (daemon->loop) {
        pools_end(&daemon->pools);
        upgrade_close(daemon);
        free_services(daemon->services.first);
        free_services(daemon->services.retired);
        linger_close_all(&daemon->connections.lingering);
    }
    connections_close(&daemon->connections);
    processes_close(&daemon->processes);
    pid_file_remove(&daemon->pid_file);
    fd_close(daemon->signals.fd);
    fd_close(daemon->services.null_fd);
    loop_close(daemon->loop);
    inherited_close(&daemon->services.inherited);
    config_unref(daemon->config);
    free(daemon);
}

/* STDINETD_ENGINE names the way to start processes, for tests and for kernels that are odd. */
static const char *chosen_engine(void)
{
    const char *engine = getenv("STDINETD_ENGINE");

    return engine && engine[0] != '\0' ? engine : NULL;
}

static int open_parts(struct daemon *daemon)
{
    int error = loop_open(&daemon->loop);

    daemon->services.loop = daemon->loop;
    if (error < 0)
        return error;
    notify_begin(&daemon->notify, daemon->loop);
    event_open_report(&daemon->services.report, daemon->loop);
    daemon->services.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (daemon->services.null_fd < 0) {
        error = -errno;
        log_error("cannot open /dev/null: %s", strerror(-error));
        return error;
    }
    error = services_open(&daemon->services);
    if (error < 0)
        return error;
    pools_open(&daemon->pools, daemon->loop, &daemon->processes, daemon->services.null_fd);
    error = loop_reserve(daemon->loop, DAEMON_TIMERS);
    if (error == 0)
        error =
            processes_open(&daemon->processes, daemon->loop, pools_take_answers, &daemon->pools);
    if (error == 0)
        error = connections_open(&daemon->connections, &daemon->services, &daemon->processes,
                                 daemon->config->daemon.max_sources, chosen_engine());
    if (error < 0)
        return error;
    daemon->signals.fd = startup_open_signals();
    if (daemon->signals.fd < 0)
        return daemon->signals.fd;
    return loop_watch(daemon->loop, &daemon->signals, EPOLLIN);
}

static int open_pid_file(struct daemon *daemon)
{
    const char *path = daemon->config->daemon.pid_file;
    int error;

    if (!path)
        return 0;
    error = pid_file_write(path, &daemon->pid_file);
    if (error == -EEXIST)
        log_error("another stdinetd is running (%s is locked)", path);
    else if (error == -ENOTUNIQ)
        log_error("%s: not a pid file (it does not contain a number)", path);
    else if (error < 0)
        log_error("cannot write pid file %s: %s", path, strerror(-error));
    return error;
}

/* The pid file that was handed over goes on, unless the configuration names another one. */
static void change_pid_file(struct daemon *daemon)
{
    struct pid_file before = daemon->pid_file;
    const char *path = daemon->config->daemon.pid_file;

    if (before.path && path && strcmp(before.path, path) == 0)
        return;
    daemon->pid_file = (struct pid_file){.fd = -1};
    if (open_pid_file(daemon) < 0)
        daemon->pid_file = before;
    else
        pid_file_remove(&before);
}

static void init_callbacks(struct daemon *daemon)
{
    daemon->signals = (struct loop_source){.fd = -1, .ready = on_signals, .owner = daemon};
    daemon->log_timer = (struct loop_timer){.fired = on_turn_timer, .owner = daemon};
}

/* A socket that nobody serves has clients that wait for ever. */
static void say_unnamed(const struct inherited *inherited)
{
    for (size_t i = 0; i < inherited->count; i++) {
        const struct inherited_socket *socket = &inherited->sockets[i];
        char text[ENDPOINT_TEXT_SIZE];

        if (socket->named)
            continue;
        endpoint_format(&socket->endpoint, text);
        log_warning("inherited socket fd:%s (%s) is not used by any service", socket->name, text);
    }
}

/* What the daemon before us left, as far as our services are made of it: nothing of it ends us. */
static void adopt_services(struct daemon *daemon, struct adoption *adoption)
{
    turns_block(&daemon->connections.turns, TURNS_UPGRADING);
    pools_hold(&daemon->pools, true);
    adoption->carried->control = daemon->control;
    adoption_read(adoption, ADOPTION_OF_SERVICES);
    adoption_close_rest(adoption);
    adoption->carried = NULL;
    daemon->services.is_any_empty = true; /* clients of control may wait for what is over by now */
    turns_unblock(&daemon->connections.turns, TURNS_UPGRADING);
    penalty_expire_later(&daemon->connections);
    /* Whoever has ended meanwhile. */
    processes_look_soon(&daemon->processes);
}

static int order_reload(void *daemon,
                        void (*tell)(bool is_warning, const char *line, void *context),
                        void *context, size_t *ret_services)
{
    int error = daemon_reload(daemon, tell, context);

    *ret_services = ((struct daemon *)daemon)->config->service_count;
    return error;
}

static void order_upgrade(void *daemon)
{
    upgrade_request(daemon);
}

static void order_stop(void *daemon)
{
    daemon_stop(daemon);
}

static int open_control(struct daemon *daemon)
{
    const struct orders orders = {.daemon = daemon,
                                  .facts = &daemon->facts,
                                  .reload = order_reload,
                                  .upgrade = order_upgrade,
                                  .stop = order_stop};

    return control_open(&daemon->connections, &daemon->pools, &orders, &daemon->control);
}

/* All but what follows the configuration. 0 or -errno. */
static int open_daemon(struct daemon *daemon, struct adoption *adoption)
{
    int error = open_parts(daemon);

    if (error < 0)
        return error;
    if (adoption) {
        adoption->parts = daemon_carried(daemon);
        adoption->carried = &adoption->parts;
        adoption_read(adoption, ADOPTION_OF_DAEMON);
        change_pid_file(daemon);
    } else {
        error = open_pid_file(daemon);
    }
    if (error == 0)
        error = service_new_all(&daemon->services, daemon->config, &daemon->services.first);
    if (error == 0)
        error = open_control(daemon);
    if (error == 0 && adoption)
        adopt_services(daemon, adoption);
    return error;
}

/* Makes a server of config, on which it takes a reference, and binds its services; inherited and
 * notify become its own in any case. 0; -EEXIST when another daemon has the pid file; another
 * -errno. Logs why. */
static int daemon_open(struct config *config, const struct daemon_start *start,
                       struct inherited *inherited, struct notify *notify, struct daemon **ret)
{
    struct daemon *daemon = calloc(1, sizeof(*daemon));
    int error;

    if (!daemon) {
        inherited_close(inherited);
        notify_close(notify);
        log_error("cannot start: %s", strerror(ENOMEM));
        return -ENOMEM;
    }
    *daemon = (struct daemon){
        .request = start->request,
        .services = {.origin = start->origin, .inherited = *inherited, .null_fd = -1},
        .notify = *notify,
        .daemonized = start->daemonize,
        .facts = {.began = clock_now()},
        .pid_file = {.fd = -1}};
    init_callbacks(daemon);
    upgrade_open(daemon, &start->binary);
    daemon->config = config_ref(config);
    error = open_daemon(daemon, start->adoption);
    if (error < 0) {
        if (error != -EEXIST)
            log_error("cannot start: %s", strerror(-error));
        daemon_close(daemon);
        return error;
    }
    daemon_apply(daemon);
    say_unnamed(&daemon->services.inherited);
    *ret = daemon;
    return 0;
}

/* Serves until it is told to stop. 0 or -errno. */
static int daemon_run(struct daemon *daemon)
{
    int error;

    log_set_buffered(true);
    end_turn(daemon);
    error = loop_run(daemon->loop, end_turn, daemon);
    log_set_buffered(false);
    return error;
}

static void say_ready(struct daemon *daemon, size_t services, const struct adoption *adoption)
{
    if (!adoption) {
        event_log(EVENT_READY, "stdinetd %s ready: %zu %s", version_text, services,
                  services == 1 ? "service" : "services");
        return;
    }
    event_log(EVENT_UPGRADED,
              "upgraded from %s: stdinetd %s ready: %zu services; kept %zu sockets, %zu handlers "
              "and %zu waiting clients",
              adoption->handover.program, version_text, services, adoption->sockets,
              adoption->handlers, adoption->clients);
    daemon->facts.last_reload_failed = adoption->fell_back;
    control_upgraded(daemon->control,
                     &(struct control_upgraded){adoption->handover.program, adoption->sockets,
                                                adoption->handlers, adoption->clients});
    if (adoption->fell_back)
        log_error("configuration became invalid after the upgrade check; using the version that "
                  "was checked");
    if (adoption->reload_due)
        daemon_reload(daemon, NULL, NULL);
}

/* Opens and runs a daemon; whoever waits at ready_fd is told how the opening went. */
static int open_and_run(struct config *config, struct daemon_start *start,
                        struct inherited *inherited, struct notify *notify, int ready_fd)
{
    struct daemon *daemon = NULL; /* gcc can't see that an error means none */
    size_t services = config->service_count;
    bool is_elsewhere = ready_fd >= 0 || config->daemon.log.kind != SETTINGS_LOG_STDERR;
    int error = daemon_open(config, start, inherited, notify, &daemon);

    config_unref(config); /* the daemon has its own: the first snapshot must not outlive reloads */
    /* Who started us looks here first. */
    if (error < 0 && is_elsewhere)
        fprintf(stderr, "stdinetd: failed to start: %s; see the log\n",
                error == -EEXIST ? "another stdinetd is running" : strerror(-error));
    startup_say_ready(ready_fd, error < 0 ? EXIT_SYSTEM : EXIT_OK);
    if (error == 0)
        say_ready(daemon, services, start->adoption);
    upgrade_settle(start);
    if (error < 0)
        return error;
    daemon_tell_ready(daemon);
    error = daemon_run(daemon);
    if (error < 0)
        log_error("event loop failed: %s", strerror(-error));
    event_log(EVENT_STOPPED, "stdinetd has stopped");
    daemon_close(daemon);
    return error;
}

/* --daemon: the parent's last deed. */
static void hand_over(pid_t child, void *context)
{
    notify_hand_over(context, child);
}

/* --daemon: we become another process; or we are that one already, which then works in /. */
static int daemonize(const struct adoption *adoption, struct notify *notify, int *ret_ready_fd)
{
    int error;

    if (adoption && adoption->daemonized)
        return chdir("/") < 0 ? -errno : 0;
    error = startup_daemonize(hand_over, notify, ret_ready_fd);
    if (error == 0)
        notify_take_over(notify);
    return error;
}

/* Only warnings are left of a configuration that is served. */
static void log_problem(bool is_warning, const char *line, void *context)
{
    (void)is_warning;
    (void)context;
    log_warning("%s", line);
}

/* The log, and first in it what couldn't be said before. A daemon that serves already doesn't end
 * for it: its log goes to stderr then. 0 or -errno. */
static int begin_log(const struct config *config, struct daemon_start *start)
{
    int error = daemon_open_log(&config->daemon, start->daemonize);

    if (error < 0)
        log_error("cannot open log %s: %s",
                  config->daemon.log.path ? config->daemon.log.path : "stderr", strerror(-error));
    if (start->problem[0] != '\0')
        log_error("cannot use the previous daemon's state (%s); starting fresh", start->problem);
    problems_show(&start->problems, log_problem, NULL);
    if (start->adoption)
        log_resume(start->adoption->log_unsaid, start->adoption->log_lost);
    return start->adoption ? 0 : error;
}

int daemon_begin(char *const *argv, struct daemon_start *ret)
{
    struct daemon_start start = {0};
    int error;

    if (argv[0] && strcmp(argv[0], WARM_NAME) == 0)
        warmer_main(); /* we are no daemon */
    start.adoption = upgrade_arrive(start.problem);
    error = startup_clean_process(start.adoption != NULL, &start.origin);
    if (error == 0)
        error = upgrade_origin_open(argv, &start.binary);
    if (error < 0) {
        upgrade_settle(&start);
        return error;
    }
    if (start.adoption && start.adoption->nofile.rlim_max > 0)
        start.origin.nofile = start.adoption->nofile;
    *ret = start;
    return 0;
}

int daemon_serve(struct config *config, struct daemon_start *start)
{
    struct inherited inherited = {0};
    struct notify notify = {.fd = -1};
    int ready_fd = -1;
    int error = begin_log(config, start);

#ifdef FUZZ_BUILD
    if (error == 0) {
        log_error("this is a fuzzing build and does not serve");
        error = -ENOSYS;
    }
#endif
    /* Before we are another process: they were passed to this one. */
    if (error == 0 && (error = inherited_take(&inherited)) < 0)
        log_error("inherited sockets: %s", strerror(-error));
    if (error == 0)
        notify_open(&notify);
    if (error == 0 && start->daemonize &&
        (error = daemonize(start->adoption, &notify, &ready_fd)) < 0)
        log_error("--daemon: %s", strerror(-error));
    if (error == 0)
        return open_and_run(config, start, &inherited, &notify, ready_fd);
    notify_close(&notify);
    upgrade_settle(start);
    inherited_close(&inherited);
    config_unref(config);
    return error;
}

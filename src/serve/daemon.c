/* daemon: the server's parts put together, run and taken apart; its signals and its log.
 *
 * Nothing here knows a connection: that story is server.c's. Called by main.
 */
#include "serve/server.h"
#include "serve/status_line.h"

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
#include "config/arguments.h"
#include "serve/adoption.h"
#include "serve/control.h"
#include "serve/version.h"

/* The timers of the server itself: turns, expire, launch, log, sum, stop,
 * notify, upgrade. */
#define SERVER_TIMERS 8

/* --- signals -------------------------------------------------------------------------------- */

static void say_status(const struct server *server)
{
    log_notice(
        "%zu processes, %" PRIu64 " connections so far, %" PRIu64 " reloads and %" PRIu64
        " that failed, %" PRIu64 " upgrades and %" PRIu64 " that failed, %" PRIu64 " messages lost",
        server->children.handlers, server->next_connection, server->reloads_done,
        server->reloads_failed, server->upgrades_done, server->upgrades_failed, log_lost_total());
    for (const struct service *service = server->services; service; service = service->next)
        status_line_log(service);
}

static void take_signal(struct server *server, const struct signalfd_siginfo *info)
{
    switch (info->ssi_signo) {
    case SIGCHLD:
        processes_reap(&server->processes, (pid_t)info->ssi_pid);
        break;
    case SIGHUP:
        if (!upgrade_defers_reload(server))
            server_reload(server, NULL, NULL);
        break;
    case SIGTERM:
    case SIGINT:
        server_stop(server);
        break;
    case SIGQUIT:
        event_log(EVENT_STOPPING, "leaving at once; %zu handlers stay", server->children.handlers);
        notify_stopping(&server->notify, "leaving, handlers stay", 0);
        /* Or the end of this very turn could be another build's beginning. */
        upgrade_abandon(server, "stdinetd leaves");
        loop_stop(server->loop);
        break;
    case SIGUSR1:
        say_status(server);
        break;
    default:
        upgrade_request(server, NULL);
    }
}

static void on_signals(struct loop_source *source, uint32_t events)
{
    struct server *server = source->owner;
    struct signalfd_siginfo infos[8]; /* we read seven, and each is pending once at most */
    ssize_t got = read(source->fd, infos, sizeof(infos));

    (void)events;
    /* Once a turn: what comes meanwhile is for the next, or a storm of signals would be all we do.
     */
    for (size_t i = 0; got > 0 && i < (size_t)got / sizeof(infos[0]); i++)
        take_signal(server, &infos[i]);
}

/* --- the server ----------------------------------------------------------------------------- */

/* The end of a turn: starts are looked after, the service manager hears what it should, and the
 * turn's lines go out together. */
static void end_turn(void *context)
{
    struct server *server = context;

    server_tend_launches(server);
    if (server->service_is_empty) {
        server->service_is_empty = false;
        control_tell_drained(server->control);
        service_free_unused(server);
    }
    server_stop_end_turn(server);
    upgrade_end_turn(server); /* where we stay, it has something to say */
    server_tell_turn(server);
    upgrade_end_turn(server); /* before the lines: it may have to say that it failed */
    if (log_flush() && !loop_is_armed(&server->log_timer))
        loop_arm(server->loop, &server->log_timer, clock_now() + LOG_RETRY * CLOCK_MILLISECOND);
}

/* A timer that only makes the loop turn: what is to do is done at the end of each turn. */
static void on_turn_timer(struct loop_timer *timer)
{
    (void)timer;
}

int server_open_log(const struct daemon_settings *settings, bool daemonized)
{
    static const enum log_sink sinks[] = {[SETTINGS_LOG_STDERR] = LOG_SINK_STDERR,
                                          [SETTINGS_LOG_SYSLOG] = LOG_SINK_SYSLOG,
                                          [SETTINGS_LOG_JOURNAL] = LOG_SINK_JOURNAL,
                                          [SETTINGS_LOG_FILE] = LOG_SINK_FILE};
    struct log_settings log = {
        .path = settings->log.path, .format = settings->log_format, .level = settings->log_level};

    if (settings->log.kind == SETTINGS_LOG_AUTO)
        log.sink = daemonized ? LOG_SINK_SYSLOG : LOG_SINK_STDERR;
    else
        log.sink = sinks[settings->log.kind];
    if (log.sink == LOG_SINK_STDERR && daemonized)
        return -EINVAL; /* nobody reads it any more */
    return log_open(&log);
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
static void server_close(struct server *server)
{
    notify_close(&server->notify);
    control_close(server->control);
    server->control = NULL;
    if (server->loop) {
        pools_end(&server->pools);
        upgrade_close(server);
        free_services(server->services);
        free_services(server->retired);
        linger_close_all(&server->lingering);
    }
    launcher_close(server->launcher);
    children_close(&server->children);
    processes_close(&server->processes);
    admission_close(&server->admission);
    startup_remove_pid_file(&server->pid_file);
    fd_close(server->signals.fd);
    fd_close(server->null_fd);
    loop_close(server->loop);
    inherited_close(&server->inherited);
    config_unref(server->config);
    free(server);
}

/* STDINETD_ENGINE names the way to start processes, for tests and for kernels that are odd. */
static int open_launcher(struct server *server)
{
    const char *engine = getenv("STDINETD_ENGINE");
    const char *fallback;
    int error =
        launcher_open(engine && engine[0] != '\0' ? engine : NULL, &server->launcher, &fallback);

    if (error < 0)
        log_error("STDINETD_ENGINE: %s",
                  error == -EINVAL ? "there is no such engine" : strerror(-error));
    else if (fallback)
        log_notice("processes are started by %s: %s", launcher_engine(server->launcher), fallback);
    return error;
}

static int open_parts(struct server *server)
{
    int error = loop_open(&server->loop);

    server->lingering.loop = server->loop;
    event_open_report(&server->report, server->loop);
    if (error == 0)
        notify_begin(&server->notify, server->loop);
    reception_open(&server->reception);
    if (error == 0)
        error = loop_reserve(server->loop, SERVER_TIMERS);
    if (error == 0)
        error = admission_open(&server->admission, server->config->daemon.max_sources);
    if (error == 0)
        error =
            processes_open(&server->processes, server->loop, pools_take_answers, &server->pools);
    children_open(&server->children, &server->processes, server_on_end);
    if (error == 0)
        error = open_launcher(server);
    if (error < 0)
        return error;
    server->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (server->null_fd < 0)
        return -errno;
    pools_open(&server->pools, server->loop, &server->processes, server->null_fd);
    server->launches.fd = launcher_fd(server->launcher);
    error = server->launches.fd < 0 ? 0 : loop_watch(server->loop, &server->launches, EPOLLIN);
    if (error < 0)
        return error;
    server->signals.fd = startup_open_signals();
    if (server->signals.fd < 0)
        return server->signals.fd;
    return loop_watch(server->loop, &server->signals, EPOLLIN);
}

static int open_pid_file(struct server *server)
{
    const char *path = server->config->daemon.pid_file;
    int error;

    if (!path)
        return 0;
    error = startup_write_pid_file(path, &server->pid_file);
    if (error == -EEXIST)
        log_error("another stdinetd runs: it holds %s", path);
    else if (error == -ENOTUNIQ)
        log_error("%s: is no pid file: there is something else than a number in it", path);
    else if (error < 0)
        log_error("%s: %s", path, strerror(-error));
    return error;
}

/* The pid file that was handed over goes on, unless the configuration names another one. */
static void change_pid_file(struct server *server)
{
    struct pid_file before = server->pid_file;
    const char *path = server->config->daemon.pid_file;

    if (before.path && path && strcmp(before.path, path) == 0)
        return;
    server->pid_file = (struct pid_file){.fd = -1};
    if (open_pid_file(server) < 0)
        server->pid_file = before;
    else
        startup_remove_pid_file(&before);
}

static void on_lingering_ended(void *context)
{
    turns_fds_given_back(context);
}

static void init_callbacks(struct server *server)
{
    server->signals = (struct loop_source){.fd = -1, .ready = on_signals, .owner = server};
    server->launches = (struct loop_source){.fd = -1, .ready = server_on_launches, .owner = server};
    turns_open(&server->turns, server);
    server->expire_timer = (struct loop_timer){.fired = server_on_expire_timer, .owner = server};
    server->log_timer = (struct loop_timer){.fired = on_turn_timer, .owner = server};
    server->launch_timer = (struct loop_timer){.fired = on_turn_timer, .owner = server};
    server->lingering.ended = on_lingering_ended;
    server->lingering.context = server;
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
        log_warning("no service listens on the inherited socket fd:%s, which is %s", socket->name,
                    text);
    }
}

/* What the daemon before us left, as far as our services are made of it: nothing of it ends us. */
static void adopt_services(struct server *server, struct adoption *adoption)
{
    turns_block(&server->turns, TURNS_UPGRADING);
    pools_hold(&server->pools, true);
    adoption_read(adoption, ADOPTION_OF_SERVICES);
    adoption_close_rest(adoption);
    server->service_is_empty = true; /* clients of control may wait for what is over by now */
    turns_unblock(&server->turns, TURNS_UPGRADING);
    server_expire_later(server);
    /* Whoever has ended meanwhile. */
    processes_look_soon(&server->processes);
}

/* All but the services' addresses. 0 or -errno. */
static int open_server(struct server *server, struct adoption *adoption)
{
    int error = open_parts(server);

    if (error < 0)
        return error;
    server->admission.limit = server->config->daemon.max_connections;
    if (adoption) {
        adoption->server = server;
        adoption_read(adoption, ADOPTION_OF_DAEMON);
        change_pid_file(server);
    } else {
        error = open_pid_file(server);
    }
    if (error == 0)
        error = service_new_all(server, server->config, &server->services);
    if (error == 0)
        error = control_open(server);
    if (error == 0 && adoption)
        adopt_services(server, adoption);
    return error;
}

/* Makes a server of config, on which it takes a reference, and binds its services; inherited and
 * notify become its own in any case. 0; -EEXIST when another daemon has the pid file; another
 * -errno. Logs why. */
static int server_open(struct config *config, const struct server_start *start,
                       struct inherited *inherited, struct notify *notify, struct server **ret)
{
    struct server *server = calloc(1, sizeof(*server));
    int error;

    if (!server) {
        inherited_close(inherited);
        notify_close(notify);
        log_error("cannot start: %s", strerror(ENOMEM));
        return -ENOMEM;
    }
    *server = (struct server){.request = start->request,
                              .origin = start->origin,
                              .inherited = *inherited,
                              .notify = *notify,
                              .daemonized = start->daemonize,
                              .null_fd = -1,
                              .began = clock_now(),
                              .pid_file = {.fd = -1}};
    init_callbacks(server);
    upgrade_open(server, &start->binary);
    server->config = config_ref(config);
    error = open_server(server, start->adoption);
    if (error < 0) {
        if (error != -EEXIST)
            log_error("cannot start: %s", strerror(-error));
        server_close(server);
        return error;
    }
    for (struct service *service = server->services; service; service = service->next)
        service_bind(service);
    reception_adapt(server); /* those that were held by another configuration */
    server_adapt_pools(server);
    say_unnamed(&server->inherited);
    control_adjust(server);
    *ret = server;
    return 0;
}

/* Serves until it is told to stop. 0 or -errno. */
static int server_run(struct server *server)
{
    int error;

    log_set_buffered(true);
    end_turn(server);
    error = loop_run(server->loop, end_turn, server);
    log_set_buffered(false);
    return error;
}

static void say_ready(struct server *server, size_t services, const struct adoption *adoption)
{
    if (!adoption) {
        event_log(EVENT_READY, "stdinetd %s serves %zu services", version_text, services);
        return;
    }
    event_log(EVENT_UPGRADED,
              "upgraded from %s: stdinetd %s serves %zu services; %zu sockets, %zu handlers and "
              "%zu held clients were carried over",
              adoption->handover.program, version_text, services, adoption->sockets,
              adoption->handlers, adoption->clients);
    server->last_reload_failed = adoption->fell_back;
    control_upgraded(server, adoption);
    if (adoption->fell_back)
        log_error("the configuration has become wrong since it was checked for the upgrade; it is "
                  "used as it was then");
    if (adoption->reload_due)
        server_reload(server, NULL, NULL);
}

/* Opens and runs a server; whoever waits at ready_fd is told how the opening went. */
static int open_and_run(struct config *config, struct server_start *start,
                        struct inherited *inherited, struct notify *notify, int ready_fd)
{
    struct server *server = NULL; /* gcc can't see that an error means none */
    size_t services = config->service_count;
    bool is_elsewhere = ready_fd >= 0 || config->daemon.log.kind != SETTINGS_LOG_STDERR;
    int error = server_open(config, start, inherited, notify, &server);

    config_unref(config); /* the server has its own: the first snapshot must not outlive reloads */
    /* Who started us looks here first. */
    if (error < 0 && is_elsewhere)
        fprintf(stderr, "stdinetd: not started: %s; the log tells more\n",
                error == -EEXIST ? "another one runs" : strerror(-error));
    startup_say_ready(ready_fd, error < 0 ? EXIT_SYSTEM : EXIT_OK);
    if (error == 0)
        say_ready(server, services, start->adoption);
    upgrade_settle(start);
    if (error < 0)
        return error;
    server_tell_ready(server);
    error = server_run(server);
    if (error < 0)
        log_error("the event loop: %s", strerror(-error));
    event_log(EVENT_STOPPED, "stdinetd has stopped");
    server_close(server);
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
static int begin_log(const struct config *config, struct server_start *start)
{
    int error = server_open_log(&config->daemon, start->daemonize);

    if (error < 0)
        log_error("the log %s: %s", config->daemon.log.path ? config->daemon.log.path : "stderr",
                  strerror(-error));
    if (start->problem[0] != '\0')
        log_error("what the daemon before left can't be used (%s): stdinetd begins anew",
                  start->problem);
    problems_show(&start->problems, log_problem, NULL);
    if (start->adoption)
        log_resume(start->adoption->log_unsaid, start->adoption->log_lost);
    return start->adoption ? 0 : error;
}

int server_begin(char *const *argv, struct server_start *ret)
{
    struct server_start start = {0};
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

int server_serve(struct config *config, struct server_start *start)
{
    struct inherited inherited = {0};
    struct notify notify = {.fd = -1};
    int ready_fd = -1;
    int error = begin_log(config, start);

#ifdef FUZZ_BUILD
    if (error == 0) {
        log_error("this was built for fuzzers, and doesn't serve");
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

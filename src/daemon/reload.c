/* reload: a new configuration for a daemon that runs, as a transaction.
 *
 * Prepare: read and check all files, make the new services, and for each of their addresses take
 * note of the socket that listens there already, or open one. Whatever fails, what was made is
 * thrown away, the reason is logged, and nothing has changed. Commit: nothing in it can fail.
 * Sockets that both configurations name move with their clients in the backlog; a service of the
 * same name keeps its counts and its handlers; one that is gone lives on without sockets until its
 * last handler has ended. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/option.h"
#include "connection/waiting.h"
#include "control/control.h"
#include "daemon/daemon.h"
#include "listen/lend.h"
#include "service/listener_index.h"
#include "service/names.h"

struct reload {
    struct daemon *daemon;
    struct config *config;
    struct service *services;   /* new, one for each that is enabled */
    struct listener_index old;  /* with the new ones that take their places */
    struct service_names names; /* of the services as they are */
    const char *reason;
    char text[ENDPOINT_TEXT_SIZE];
    void (*tell)(bool is_warning, const char *line,
                 void *context); /* NULL: nobody but the log wants to know */
    void *context;
};

/* A problem, for the log and for who ordered the reload. */
static void say_problem(bool is_warning, const char *line, void *context)
{
    const struct reload *reload = context;

    if (is_warning)
        log_warning("%s", line);
    else
        log_error("%s", line);
    if (reload->tell)
        reload->tell(is_warning, line, reload->context);
}

static void say(struct reload *reload, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(struct reload *reload, const char *format, ...)
{
    char line[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    say_problem(false, line, reload);
}

/* The last line of one that failed. */
static void say_failed(const struct reload *reload, const char *reason)
{
    char line[256];

    snprintf(line, sizeof(line), "reload failed, nothing changed: %s", reason);
    event_log(EVENT_RELOAD_FAILED, "%s", line);
    if (reload->tell)
        reload->tell(false, line, reload->context);
}

static int load(struct reload *reload)
{
    struct problems problems = {0};
    int error = config_load(reload->daemon->request, &reload->config, &problems);

    problems_show(&problems, say_problem, reload);
    problems_free(&problems);
    if (error == -ENOMEM)
        reload->reason = "out of memory";
    else if (error == -EINVAL)
        reload->reason = "invalid configuration";
    return error;
}

/* --- prepare -------------------------------------------------------------------------------- */

/* Whether made will have the socket of old as one for handlers that wait. */
static bool waits(struct listener *made, const struct listener *old)
{
    made->kind = old->kind;
    return listener_waits(made);
}

/* A stream socket that was lent to handlers, and is to be accepted from: whoever still has it could
 * make us wait there. It is closed, and the address opened anew when nobody has it any more. */
static bool is_spoiled(struct listener *made, const struct listener *old)
{
    return old->lending && !endpoint_is_datagram(old->kind) && !waits(made, old);
}

/* Takes the old socket of an address, or opens one. A pending one stays pending; one whose path
 * somebody took away is closed, and opened anew when the reload is done. */
static int prepare_listener(struct reload *reload, struct listener *listener)
{
    struct listener_place place = listener_place_of(listener);
    struct listener_entry *old = listener_index_find(&reload->old, &place);
    int error = 0;

    if (old && (is_spoiled(listener, old->listener) || listener_is_lost(old->listener)))
        return 0;
    if (!old)
        error = listener_open(listener, service_of(listener)->settings,
                              &reload->daemon->services.inherited);
    else if (endpoint_is_datagram(old->listener->kind) && !waits(listener, old->listener))
        error = -EPROTOTYPE;
    else
        old->successor = listener;
    if (error < 0) {
        endpoint_format(listener->endpoint, reload->text);
        say(reload, "%s: %s: %s", service_of(listener)->settings->name, reload->text,
            listener_error_text(-error));
        reload->reason = "cannot bind an address";
    }
    return error;
}

/* Before anything is committed, since it can fail: who was shut out must not be let in meanwhile.
 */
static int prepare_path(struct reload *reload, struct listener_entry *old)
{
    const struct service_settings *settings = service_of(old->successor)->settings;
    int error = listener_own_path(old->listener, settings, service_of(old->listener)->settings);

    if (error < 0) {
        say(reload, "%s: cannot set owner and mode of %s: %s", settings->name, old->listener->path,
            strerror(-error));
        reload->reason = "cannot change a unix socket's owner or mode";
    }
    return error;
}

/* The paths of sockets that stay; last, as these are in use. */
static int prepare_paths(struct reload *reload)
{
    int error = 0;

    for (size_t i = 0; error == 0 && i < reload->old.count; i++)
        if (reload->old.entries[i].successor)
            error = prepare_path(reload, &reload->old.entries[i]);
    return error;
}

static int prepare_listeners(struct reload *reload)
{
    for (struct service *service = reload->services; service; service = service->next)
        for (size_t i = 0; i < service->listener_count; i++) {
            int error = prepare_listener(reload, &service->listeners[i]);

            if (error < 0)
                return error;
        }
    return 0;
}

/* A stderr file is opened anew, so that it can be rotated, and its error is known in time. */
static int prepare_stderr(struct reload *reload)
{
    for (struct service *service = reload->services; service; service = service->next) {
        int fd =
            service->settings->stderr_sink.kind == STDERR_FILE ? service_stderr_fd(service, -1) : 0;

        if (fd < 0) {
            say(reload, "%s: %s: %s", service->settings->name, service->settings->stderr_sink.path,
                strerror(-fd));
            reload->reason = "cannot open a stderr file";
            return fd;
        }
    }
    return 0;
}

static int open_log(struct reload *reload)
{
    const struct daemon_settings *daemon = &reload->config->daemon;
    int error = daemon_open_log(daemon, reload->daemon->daemonized);

    if (error == 0)
        return 0;
    if (daemon->log.path)
        say(reload, "log: %s: %s", daemon->log.path, strerror(-error));
    else
        say(reload, "log: %s",
            error == -EINVAL ? "stderr cannot be used with --daemon" : strerror(-error));
    reload->reason = "cannot open the log file";
    return -EINVAL;
}

static int prepare(struct reload *reload)
{
    int error = load(reload);

    if (error == 0)
        error = listener_index_open(&reload->old, reload->daemon->services.first);
    if (error == 0)
        error = names_open(&reload->names, &reload->daemon->services);
    if (error == 0)
        error = service_new_all(&reload->daemon->services, reload->config, &reload->services);
    if (error == 0)
        error = prepare_stderr(reload);
    if (error == 0)
        error = prepare_listeners(reload);
    if (error == 0)
        error = prepare_paths(reload);
    return error == 0 ? open_log(reload) : error;
}

/* --- commit --------------------------------------------------------------------------------- */

/* Moves sockets from the old listeners to those that take their places. */
static void move_sockets(struct reload *reload)
{
    for (size_t i = 0; i < reload->old.count; i++) {
        struct listener *from = reload->old.entries[i].listener;
        struct listener *to = reload->old.entries[i].successor;

        if (!to)
            continue;
        loop_unwatch(reload->daemon->loop, &from->source);
        lend_move(from, to);
        listener_move(from, to);
        listener_adjust(to, service_of(to)->settings);
    }
}

/* The old service of the same name goes on as itself, with what the new one was made of. */
static void merge(struct reload *reload, struct service *old, struct service *made)
{
    struct service *server_next = made->next;
    struct listener *listeners = old->listeners;
    uint32_t listener_count = old->listener_count;
    struct plan *plan = old->plan;
    struct admission_rules *rules = old->admission.rules;
    int stderr_fd = old->stderr_fd;

    service_close_listeners(old); /* those that were not moved */
    old->settings = made->settings;
    old->listen.settings = made->settings;
    old->plan = made->plan;
    old->listeners = made->listeners;
    old->listener_count = made->listener_count;
    old->stderr_fd = made->stderr_fd;
    old->admission.rules = made->admission.rules;
    old->admission.limit = made->admission.limit;
    old->admission.refuse_when_full = made->admission.refuse_when_full;
    admission_adapt(&old->admission, loop_now(reload->daemon->loop));
    old->bind_tries = 0;
    for (size_t i = 0; i < old->listener_count; i++) {
        old->listeners[i].owner = &old->listen;
        old->listeners[i].source.owner = &old->listeners[i];
    }
    channel_rename(old->channel, old->settings->name);
    old->reporter.name = old->settings->name;
    /* What changed may be what was wrong: the next client finds out. */
    loop_disarm(reload->daemon->loop, &old->throttle_timer);
    old->throttle_failures = 0;
    old->throttle_stage = STAGE_NONE;
    old->throttle_error = 0;
    old->retired = false;

    made->plan = plan;
    made->admission.rules = rules;
    made->listeners = listeners;
    made->listener_count = listener_count;
    made->stderr_fd = stderr_fd;
    made->next = NULL;
    service_free(made);
    old->next = server_next;
}

static void retire(struct daemon *daemon, struct service *service)
{
    warming_end(service);
    service_close_listeners(service);
    service->retired = true;
    service->next = daemon->services.retired;
    daemon->services.retired = service;
    daemon->services.is_any_empty = true; /* it may be: the end of the turn sees */
    waiting_drop(service);
    turns_leave(&daemon->connections.turns, service);
}

/* Sockets that went on with the options they were opened with. */
static void say_kept_options(const struct service_settings *before,
                             const struct service_settings *after)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        char *one, *other;

        if (option->scope != SCOPE_SERVICE || option->reload != RELOAD_SOCKETS)
            continue;
        one = option_text(option, before);
        other = option_text(option, after);
        if (one && other && strcmp(one, other) != 0)
            log_warning("%s: new %s applies to newly opened sockets only", after->name,
                        option->name);
        free(one);
        free(other);
    }
}

/* Old services go on by name, one that comes back while handlers of it still run too, so that it
 * has their count; those that are left go. */
static void swap_services(struct reload *reload)
{
    struct services *services = &reload->daemon->services;
    struct service **last = &services->first, *made = reload->services;

    services->first = NULL;
    services->retired = NULL;
    while (made) {
        struct service *next = made->next;
        struct service *same = names_take(&reload->names, made->settings->name);

        if (same) {
            say_kept_options(same->settings, made->settings);
            merge(reload, same, made);
            made = same;
        }
        made->next = NULL;
        *last = made;
        last = &made->next;
        made = next;
    }
    for (size_t i = 0; i < reload->names.count; i++)
        if (!reload->names.entries[i].is_taken)
            retire(reload->daemon, reload->names.entries[i].service);
    intake_drop_retired(&reload->daemon->connections);
    reload->services = NULL;
}

/* Keys whose new value has to wait, by the table. */
static void say_waiting_keys(const struct config *before, const struct config *after)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        char *one, *other;

        if (option->scope != SCOPE_DAEMON || option->reload != RELOAD_RESTART)
            continue;
        one = option_text(option, &before->daemon);
        other = option_text(option, &after->daemon);
        if (one && other && strcmp(one, other) != 0)
            log_warning("%s takes effect after a restart or upgrade", option->name);
        free(one);
        free(other);
    }
}

static void commit(struct reload *reload)
{
    struct daemon *daemon = reload->daemon;
    struct config *before = daemon->config;

    say_waiting_keys(before, reload->config);
    move_sockets(reload);
    swap_services(reload);
    daemon->config = reload->config;
    config_unref(before);
    daemon_apply(daemon);
}

/* Those that prepare_paths changed, back to what they were. */
static void roll_back_paths(struct reload *reload)
{
    for (size_t i = 0; i < reload->old.count; i++) {
        const struct listener_entry *old = &reload->old.entries[i];
        const struct service_settings *settings = service_of(old->listener)->settings;

        if (old->successor &&
            listener_own_path(old->listener, settings, service_of(old->successor)->settings) < 0)
            log_error("%s: cannot restore owner and mode of %s", settings->name,
                      old->listener->path);
    }
}

static void roll_back(struct reload *reload)
{
    roll_back_paths(reload);
    while (reload->services) {
        struct service *next = reload->services->next;

        service_free(reload->services);
        reload->services = next;
    }
    config_unref(reload->config);
}

int daemon_reload(struct daemon *daemon,
                  void (*tell)(bool is_warning, const char *line, void *context), void *context)
{
    struct reload reload = {.daemon = daemon, .tell = tell, .context = context};
    int error = log_reopen();

    if (daemon->connections.turns.blocked & TURNS_STOPPING)
        return -ECANCELED;
    notify_reloading(&daemon->notify);
    if (error < 0)
        log_error("cannot reopen log file: %s", strerror(-error));
    error = prepare(&reload);
    if (error == 0) {
        commit(&reload);
        daemon->facts.reloads_done++;
        event_log(EVENT_RELOADED, "reloaded: %zu services", daemon->config->service_count);
    } else {
        roll_back(&reload);
        daemon->facts.reloads_failed++;
        say_failed(&reload, reload.reason ? reload.reason : strerror(-error));
    }
    daemon->facts.last_reload_failed = error < 0;
    listener_index_close(&reload.old);
    names_close(&reload.names);
    daemon_tell_ready(daemon);
    return error;
}

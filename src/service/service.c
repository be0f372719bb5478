/* service: see service.h. */
#include "service/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/fd.h"
#include "base/log.h"
#include "listen/lend.h"

/* A taken port is tried once a second for a minute, so that a restart elsewhere is followed soon;
 * then 2, 4 … 30 s apart. */
#define BIND_WAIT     CLOCK_SECOND
#define BIND_QUICK    60
#define BIND_WAIT_MAX (30 * CLOCK_SECOND)
/* Listeners that are watched again at least, when there is a place for a client. */
#define REARM_LEAST  16
#define THROTTLE_MAX (60 * CLOCK_SECOND)
/* Between two tries to start something that is short of a process, memory or the like. */
#define SHORTAGE_WAIT     (50 * CLOCK_MILLISECOND)
#define SHORTAGE_WAIT_MAX CLOCK_SECOND
#define PROGRAM_RECHECK   (200 * CLOCK_MILLISECOND)

/* The timers that a service may have armed at once. */
#define SERVICE_TIMERS 1

/* Sleeps until the pause is over, or until it is worth a look whether the program is back. */
static void arm_throttle(struct service *service)
{
    struct loop *loop = service->services->loop;
    nanoseconds look = loop_now(loop) + PROGRAM_RECHECK;
    nanoseconds until = service->throttle_until;

    loop_arm(loop, &service->throttle_timer,
             service->program_missing && look < until ? look : until);
}

static void on_throttle_timer(struct loop_timer *timer)
{
    struct service *service = timer->owner;

    if (service->program_missing && access(service->plan->program, X_OK) == 0)
        /* At once back; should it fail again, that is the first time. That it works is still to be
         * said. */
        service->throttle_failures = 1;
    else if (loop_now(service->services->loop) < service->throttle_until) {
        arm_throttle(service);
        return;
    }
    service->services->look(service);
}

/* How many sockets an endpoint is: all those that were inherited by the name; one that is missing
 * counts too, as pending. */
static size_t count_sockets(const struct services *services, const struct endpoint *endpoint)
{
    size_t count =
        endpoint->kind == ENDPOINT_FD ? inherited_count(&services->inherited, endpoint->path) : 1;

    return count > 0 ? count : 1;
}

static int make_listeners(struct service *service, const struct service_settings *settings)
{
    const struct services *services = service->services;
    size_t total = 0, used = 0;

    for (size_t i = 0; i < settings->listen.count; i++)
        total += count_sockets(services, &settings->listen.items[i]);
    /* Every service has an address. NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI) */
    service->listeners = calloc(total, sizeof(*service->listeners));
    if (!service->listeners)
        return -ENOMEM;
    service->listener_count = (uint32_t)total; /* only now: service_free walks them */
    for (size_t i = 0; i < settings->listen.count; i++) {
        size_t count = count_sockets(services, &settings->listen.items[i]);

        for (size_t ordinal = 0; ordinal < count; ordinal++) {
            struct listener *listener = &service->listeners[used++];

            listener->owner = &service->listen;
            listener->endpoint = &settings->listen.items[i];
            listener->kind = listener->endpoint->kind;
            listener->ordinal = (uint16_t)ordinal; /* below INHERITED_MAX */
            listener->source =
                (struct loop_source){.fd = -1, .ready = services->readable, .owner = listener};
        }
    }
    return 0;
}

/* sibling, the one before or NULL, may share memory with it. */
static int new_service(struct services *services, struct config *snapshot,
                       const struct service_settings *settings, const struct service *sibling,
                       struct service **ret)
{
    struct service *service = calloc(1, sizeof(*service));
    int error;

    if (!service)
        return -ENOMEM;
    service->services = services;
    service->settings = settings;
    service->listen = (struct listen_owner){
        .settings = settings, .reporter = &service->reporter, .context = &services->listen};
    event_open(&service->reporter, &services->report, settings->name, &service->admission);
    service->stderr_fd = -1;
    service->admission.number = services->next_number++;
    service->admission.limit = settings->max_connections;
    service->admission.refuse_when_full = settings->when_full == WHEN_FULL_REFUSE;
    service->throttle_timer = (struct loop_timer){.fired = on_throttle_timer, .owner = service};
    error = loop_reserve(services->loop, SERVICE_TIMERS);
    if (error < 0) {
        free(service);
        return error;
    }
    error = rules_build(settings->guard, sibling ? sibling->admission.rules : NULL,
                        &service->admission.rules);
    if (error == 0)
        error = plan_build(snapshot, settings, &services->origin, sibling ? sibling->plan : NULL,
                           &service->plan);
    if (error == 0)
        error = make_listeners(service, settings);
    if (error < 0) {
        service_free(service);
        return error;
    }
    *ret = service;
    return 0;
}

int service_new_all(struct services *services, struct config *snapshot, struct service **ret)
{
    const struct service *sibling = NULL;

    for (size_t i = 0; i < snapshot->service_count; i++) {
        int error;

        if (!snapshot->services[i].enabled)
            continue;
        error = new_service(services, snapshot, &snapshot->services[i], sibling, ret);
        if (error < 0)
            return error;
        sibling = *ret;
        ret = &(*ret)->next;
    }
    return 0;
}

/* A snapshot with nothing in it but this service, of which just its end is known. NULL without
 * memory. */
static struct config *make_remains(const char *name, nanoseconds linger_close,
                                   nanoseconds kill_after)
{
    struct arena *arena = arena_new();
    struct config *config = arena ? arena_allocate(arena, sizeof(*config)) : NULL;
    struct service_settings *settings = config ? arena_allocate(arena, sizeof(*settings)) : NULL;

    if (settings) {
        settings->name = arena_copy_string(arena, name);
        settings->guard = arena_allocate(arena, sizeof(*settings->guard));
    }
    if (!settings || !settings->name || !settings->guard) {
        arena_free(arena);
        return NULL;
    }
    /* Its sources are shown whole, whatever they were counted by. */
    settings->guard->source_prefix = (struct settings_lengths){32, 128};
    settings->exec.program = "unknown";
    settings->linger_close = linger_close;
    settings->kill_after = kill_after;
    *config = (struct config){.arena = arena, .references = 1, .services = settings};
    return config;
}

int service_new_retired(struct services *services, const char *name, nanoseconds linger_close,
                        nanoseconds kill_after, struct service **ret)
{
    struct config *remains = make_remains(name, linger_close, kill_after);
    int error = remains ? new_service(services, remains, remains->services, NULL, ret) : -ENOMEM;

    config_unref(remains);
    if (error < 0)
        return error;
    (*ret)->retired = true;
    (*ret)->next = services->retired;
    services->retired = *ret;
    return 0;
}

struct service *service_find(struct service *list, const char *name)
{
    while (list && strcmp(list->settings->name, name) != 0)
        list = list->next;
    return list;
}

void services_free_unused(struct services *services)
{
    struct service **link = &services->retired;

    while (*link) {
        struct service *service = *link;

        if (service->connections > 0 || service->is_due) {
            link = &service->next;
            continue;
        }
        *link = service->next;
        service_free(service);
    }
}

void service_free(struct service *service)
{
    struct loop *loop = service->services->loop;

    service_close_listeners(service);
    loop_disarm(loop, &service->throttle_timer);
    loop_reserve(loop, -SERVICE_TIMERS);
    channel_close(service->channel);
    fd_close(service->stderr_fd);
    free(service->listeners);
    event_close(&service->reporter);
    free(service->ready);
    rules_unref(service->admission.rules);
    plan_unref(service->plan);
    free(service);
}

/* A listener can't be opened, for this reason (errno): said when that changes; and is open. */
static void say_pending(struct listener *listener, int error)
{
    if (listener->error == error)
        return;
    listener->error = error;
    event_say(
        listener->owner->reporter, EVENT_PENDING,
        &(struct event_facts){.listen = listener->endpoint, .error = listener_error_text(error)});
}

static void say_bound(struct listener *listener)
{
    if (listener->error == 0)
        return;
    listener->error = 0;
    event_say(listener->owner->reporter, EVENT_BOUND,
              &(struct event_facts){.listen = listener->endpoint});
}

void service_bind(struct service *service)
{
    struct loop_timer *timer = &service->services->bind_timer;
    bool pending = false, quick;

    service->bind_at = 0;
    for (size_t i = 0; i < service->listener_count; i++) {
        struct listener *listener = &service->listeners[i];
        int error = listener->source.fd < 0
                        ? listener_open(listener, service->settings, &service->services->inherited)
                        : 0;

        if (error < 0) {
            say_pending(listener, -error);
            pending = true;
            continue;
        }
        say_bound(listener);
        if (!listener->source.watched && !listener->parked && !lend_is_out(listener))
            service_park(service, listener);
    }
    service->services->bind_rounds++;
    service->services->look(service);
    if (!pending)
        service->bind_tries = 0;
    if (!pending || service->retired)
        return;
    service->bind_tries++;
    quick = service->bind_tries <= BIND_QUICK;
    service->bind_at =
        loop_now(service->services->loop) +
        backoff_pause(quick ? 1 : service->bind_tries - BIND_QUICK, BIND_WAIT, BIND_WAIT_MAX, 2);
    if (!loop_is_armed(timer) || timer->due > service->bind_at)
        loop_arm(service->services->loop, timer, service->bind_at);
}

/* One timer for all: few ever wait, and each would have it with it for ever. */
static void on_bind_timer(struct loop_timer *timer)
{
    struct services *services = timer->owner;
    nanoseconds now = loop_now(services->loop), next = 0;

    for (struct service *service = services->first; service; service = service->next) {
        if (service->bind_at > 0 && service->bind_at <= now)
            service_bind(service);
        if (service->bind_at > 0 && (next == 0 || service->bind_at < next))
            next = service->bind_at;
    }
    if (next > 0)
        loop_arm(services->loop, timer, next);
}

int services_open(struct services *services)
{
    services->bind_timer = (struct loop_timer){.fired = on_bind_timer, .owner = services};
    return loop_reserve(services->loop, 1);
}

void service_close_listeners(struct service *service)
{
    service->bind_at = 0;
    for (size_t i = 0; i < service->listener_count; i++) {
        loop_unwatch(service->services->loop, &service->listeners[i].source);
        lend_free(&service->listeners[i]);
        listener_close(&service->listeners[i]);
        service->listeners[i].parked = false;
    }
    service->parked = NULL;
}

void service_park(struct service *service, struct listener *listener)
{
    loop_unwatch(service->services->loop, &listener->source);
    if (listener->parked)
        return;
    /* At the end: with one place at a time the others' clients would never have it. */
    listener->parked = true;
    listener->next_parked = NULL;
    if (service->parked)
        service->parked_last->next_parked = listener;
    else
        service->parked = listener;
    service->parked_last = listener;
}

void service_tell_refused(const struct service *service, int fd)
{
    const char *message = service->admission.rules->guard->refuse_message;

    /* What doesn't fit into an empty buffer isn't waited for. */
    if (message && send(fd, message, strlen(message), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        return;
}

static int open_stderr_file(const char *path)
{
    /* Not through a link, and not hanging on a FIFO without a reader; handlers get it blocking. */
    FD_CLEANUP int fd = open(
        path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0640);
    int kept;

    if (fd < 0 || fcntl(fd, F_SETFL, O_APPEND) < 0)
        return -errno;
    kept = fd_move_high(fd);
    fd = -1;
    return kept;
}

static int channel_stderr_fd(struct service *service)
{
    int error;

    if (service->channel && channel_fd(service->channel) < 0) {
        channel_close(service->channel);
        service->channel = NULL;
    }
    if (!service->channel) {
        error = channel_open(service->services->loop, service->settings->name, &service->channel);
        if (error < 0)
            return error;
    }
    return channel_fd(service->channel);
}

int service_stderr_fd(struct service *service, int connection_fd)
{
    switch (service->settings->stderr_sink.kind) {
    case STDERR_LOG:
        return channel_stderr_fd(service);
    case STDERR_CONNECTION:
        return connection_fd;
    case STDERR_NULL:
        return service->services->null_fd;
    default:
        if (service->stderr_fd < 0) {
            int fd = open_stderr_file(service->settings->stderr_sink.path);

            if (fd < 0)
                return fd;
            service->stderr_fd = fd;
        }
        return service->stderr_fd;
    }
}

void service_note_shortage(struct service *service, struct child_failure failure)
{
    if (service->shortages++ == 0)
        log_warning("cannot start a handler for %s (%s: %s); will retry", service->settings->name,
                    stage_name(failure.stage), strerror(failure.error));
}

void service_back_off(struct service *service)
{
    service->throttle_until =
        loop_now(service->services->loop) +
        backoff_pause(service->shortages, SHORTAGE_WAIT, SHORTAGE_WAIT_MAX, 2);
    arm_throttle(service);
}

void service_throttle(struct service *service, struct child_failure failure)
{
    nanoseconds now = loop_now(service->services->loop);

    /* Clients that were on their way together fail together: that is one failure. */
    if (loop_is_armed(&service->throttle_timer))
        return;
    service->throttle_failures++;
    service->throttle_stage = failure.stage;
    service->throttle_error = failure.error;
    service->throttle_until =
        now + backoff_pause(service->throttle_failures, CLOCK_SECOND, THROTTLE_MAX, 2);
    /* Inside another root we don't look. */
    service->program_missing = failure.stage == STAGE_EXEC && !service->plan->chroot &&
                               access(service->plan->program, X_OK) < 0;
    arm_throttle(service);
}

void service_resume_rest(struct service *service)
{
    if (service->throttle_failures > 0 &&
        service->throttle_until > loop_now(service->services->loop))
        arm_throttle(service);
}

void service_unthrottle(struct service *service)
{
    if (service->throttle_failures == 0 && service->shortages == 0)
        return;
    if (service->throttle_failures > 0)
        event_say(&service->reporter, EVENT_STARTED_AGAIN,
                  &(struct event_facts){.times = service->throttle_failures});
    service->shortages = 0;
    service->gave_up = false;
    service->throttle_failures = 0;
    service->throttle_stage = STAGE_NONE;
    service->throttle_error = 0;
    loop_disarm(service->services->loop, &service->throttle_timer);
    service->services->look(service);
}

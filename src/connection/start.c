/* start: from a connection that may have a handler to the process that is one: warm, or started
 * now; or back to those who wait, where there is no process to be had just now. See connections.h.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/stranger.h"
#include "connection/connection_event.h"
#include "connection/connections.h"
#include "connection/waiting.h"
#include "listen/lend.h"

/* Shortages that pass: the client is kept and its start tried again. ENOSPC: no epoll watches left
 * for our user, epoll(7). */
static bool is_passing(int error)
{
    return error == -EAGAIN || error == -ENOMEM || error == -EMFILE || error == -ENFILE ||
           error == -ENOBUFS || error == -ENOSPC;
}

/* What PROTO tells a handler: of a connection by its client, of a lent socket by what it is. */
static const char *protocol_of(const struct connection *connection)
{
    static const char *const by_family[] = {[ADDR_NONE] = "TCP",
                                            [ADDR_IPV4] = "TCP",
                                            [ADDR_IPV6] = "TCP",
                                            [ADDR_UNIX] = "UNIX",
                                            [ADDR_VSOCK] = "VSOCK"};

    if (!connection->lent)
        return by_family[connection->peer.family];
    switch (connection->lending->listener->kind) {
    case ENDPOINT_TCP:
        return "TCP";
    case ENDPOINT_UDP:
        return "UDP";
    case ENDPOINT_VSOCK:
        return "VSOCK";
    default:
        return "UNIX";
    }
}

/* The name of a lent socket, for LISTEN_FDNAMES, which a ':' would end. NULL for a connection. */
static const char *lent_name(const struct connection *connection)
{
    const char *name = connection->service->settings->name;

    const struct endpoint *endpoint;

    if (!connection->lent)
        return NULL;
    endpoint = connection->lending->listener->endpoint;
    if (endpoint->kind == ENDPOINT_FD)
        return endpoint->path;
    return strchr(name, ':') ? "unknown" : name;
}

/* What the connection needs for its end, before it begins: room for its timer, a copy to linger
 * with. 0 or -errno. */
static int prepare_end(struct connections *connections, struct connection *connection)
{
    const struct service_settings *settings = connection->service->settings;
    int error =
        settings->max_runtime > 0 ? connection_reserve_deadline(connections, connection) : 0;

    if (error < 0)
        return error;
    if (settings->linger_close > 0 && connection->linger_fd < 0 && !connection->lent) {
        int copy = fd_copy_high(connection->fd);

        if (copy < 0)
            return copy;
        connection->linger_fd = copy;
    }
    return 0;
}

/* Keeps the paths of a connection that will have its process later. Without memory for them the
 * handler is told no path: better than no handler. */
void connection_keep_paths(struct connection *connection, const char *peer_path,
                           const char *local_path)
{
    if (!connection->peer_path && peer_path)
        connection->peer_path = strdup(peer_path);
    if (!connection->local_path && local_path)
        connection->local_path = strdup(local_path);
}

static struct launch_connection make_wiring(const struct connection *connection,
                                            const char *peer_path, const char *local_path)
{
    return (struct launch_connection){.fd = connection->fd,
                                      .lent_name = lent_name(connection),
                                      .protocol = protocol_of(connection),
                                      .peer = connection->peer,
                                      .local = connection->local,
                                      .peer_path = peer_path,
                                      .local_path = local_path,
                                      .number = connection->number,
                                      .source_running = connection->source_running};
}

/* It has a process from here on, which is on its way or runs. */
static void begin_process(struct connections *connections, struct connection *connection, pid_t pid)
{
    const struct service_settings *settings = connection->service->settings;
    /* A reload may have set max-runtime since its end was prepared; without memory it has none. */
    bool ends =
        settings->max_runtime > 0 && connection_reserve_deadline(connections, connection) == 0;

    connection->process.kills_group = settings->kill_mode == KILL_MODE_GROUP;
    connection_set_deadline(connection,
                            ends ? loop_now(connections->loop) + settings->max_runtime : 0);
    children_add(&connections->children, connection, pid);
}

/* A handler that was warm has the connection, which we close. */
static void begin_warm(struct connections *connections, struct connection *connection, pid_t pid)
{
    launcher_close_connection(connection->fd);
    connection->fd = -1;
    connection->start = NULL;
    connection->started = loop_now(connections->loop);
    connection->state = CONNECTION_RUNNING;
    begin_process(connections, connection, pid);
    connection_event_start(connection);
    turns_fds_given_back(&connections->turns);
}

static void on_pool_done(struct pool_request *request, pid_t pid);

/* Whether it will have a warm handler, or be told that it has none. */
static bool is_given(struct connection *connection, const struct launch_connection *wiring)
{
    connection->request = (struct pool_request){.fd = connection->fd, .done = on_pool_done};
    return !connection->cold && !connection->lent &&
           warming_give(connection->service, &connection->request, wiring);
}

/* Tries to start the handler of a connection that has its fd. 0; -errno when there is no process.
 */
static int start(struct connections *connections, struct connection *connection,
                 const char *peer_path, const char *local_path, enum stage *ret_stage)
{
    struct service *service = connection->service;
    struct launch_connection wiring = make_wiring(connection, peer_path, local_path);
    pid_t pid;
    int error;

    *ret_stage = STAGE_FORK;
    error = prepare_end(connections, connection);
    if (error < 0)
        return error;
    *ret_stage = STAGE_STDERR;
    wiring.stderr_fd = service_stderr_fd(service, connection->fd);
    if (wiring.stderr_fd < 0)
        return wiring.stderr_fd;
    if (service->warming)
        connection_keep_paths(connection, peer_path,
                              local_path); /* it may wait, and be started cold then */
    if (is_given(connection, &wiring)) {
        connection->state = CONNECTION_AWAITS_WARM;
        return 0;
    }
    *ret_stage = service->plan->clone_flags != 0 ? STAGE_ISOLATE : STAGE_FORK;
    error = launcher_start(connections->launcher, service->plan, &wiring, connection, &pid,
                           &connection->start);
    if (error < 0)
        return error;
    connection->state = CONNECTION_STARTING;
    begin_process(connections, connection, pid);
    connection->fd = -1; /* the launcher's now */
    return 0;
}

/* A start failed for good: one word about it, and the service rests. */
static void start_failed(struct connection *connection, struct child_failure failure)
{
    connection_event_start_failed(connection, failure);
    service_throttle(connection->service, failure);
}

/* How long a client waits at most whose handler can't be started for want of something. */
#define GIVE_UP (5 * CLOCK_SECOND)

/* Whether it is worth another try soon. Where one client waited so for nothing, the next ones
 * don't: each would keep its service's others waiting as long. */
static bool can_wait(const struct connections *connections, const struct connection *connection,
                     int error)
{
    bool is_over =
        connection->started > 0 && loop_now(connections->loop) - connection->started >= GIVE_UP;

    return is_passing(error) && !(connections->turns.blocked & TURNS_STOPPING) &&
           !connection->service->gave_up && !is_over;
}

/* There is no process for it just now: it waits in front of its service's other clients, with
 * nothing that others may need. A socket that is lent goes back, and its clients wait there: before
 * the service waits, or that would be the fd that it waits for. */
static void wait_for_process(struct connections *connections, struct connection *connection,
                             struct child_failure failure)
{
    struct service *service = connection->service;

    if (connection->started == 0)
        connection->started = loop_now(connections->loop);
    admission_unstart(&connections->admission, &service->admission, &connection->ticket);
    if (connection->linger_fd >= 0)
        connection->linger_fd = stranger_close_any(connection->linger_fd);
    if (connection->lent || !waiting_put_back(connection))
        connection_drop(connections, connection);
    service_note_shortage(service, failure);
    /* Fds are short for all; anything else is looked at by each service for itself. */
    if (failure.error == EMFILE || failure.error == ENFILE)
        turns_await_fds(&connections->turns, service);
    else
        service_back_off(service);
}

/* Starts, or has the connection wait until a process can be had. */
void connection_start_from(struct connections *connections, struct connection *connection,
                           const char *peer_path, const char *local_path)
{
    struct child_failure failure;
    int error = start(connections, connection, peer_path, local_path, &failure.stage);

    if (error == 0)
        return;
    failure.error = -error;
    if (can_wait(connections, connection, error)) {
        connection_keep_paths(connection, peer_path, local_path);
        wait_for_process(connections, connection, failure);
        return;
    }
    connection->service->gave_up = is_passing(error);
    start_failed(connection, failure);
    connection_drop(connections, connection);
}

void connection_start(struct connections *connections, struct connection *connection)
{
    if (connection->stands_high)
        connection->fd = fd_move_low(connection->fd);
    connection->stands_high = false;
    connection_start_from(connections, connection, connection->peer_path, connection->local_path);
}

/* A warm handler has it; or none will. */
static void on_pool_done(struct pool_request *request, pid_t pid)
{
    struct connection *connection = MAP_ENTRY(request, struct connection, request);
    struct connections *connections = connection->service->services->connections;

    if (pid > 0) {
        begin_warm(connections, connection, pid);
        return;
    }
    connection->cold = true;
    connection_start_from(connections, connection, connection->peer_path, connection->local_path);
}

/* --- what becomes of a start ---------------------------------------------------------------- */

void connection_take_report(struct connections *connections, const struct launch_report *report)
{
    struct connection *connection = report->owner;

    connection->start = NULL;
    connection->started = loop_now(connections->loop);
    if (report->failure.stage == STAGE_NONE) {
        connection->state = CONNECTION_RUNNING;
        connection_event_start(connection);
        service_unthrottle(connection->service);
        return;
    }
    connection->state = CONNECTION_FAILED;
    start_failed(connection, report->failure);
}

void connection_collect_starts(struct connections *connections)
{
    struct launch_report report;
    nanoseconds pace;

    if (launcher_tend(connections->launcher) > 0)
        turns_fds_given_back(&connections->turns);
    while (launcher_collect(connections->launcher, &report))
        connection_take_report(connections, &report);
    pace = launcher_pace(connections->launcher);
    /* A slow pace must not hold up a start that came after it. */
    if (pace > 0 && (!loop_is_armed(&connections->launch_timer) ||
                     connections->launch_timer.due > loop_now(connections->loop) + pace))
        loop_arm(connections->loop, &connections->launch_timer, loop_now(connections->loop) + pace);
}

/* The turn that these make looks after the starts at its end. */
void connection_on_launch_timer(struct loop_timer *timer)
{
    (void)timer;
}

void connection_on_launches(struct loop_source *source, uint32_t events)
{
    (void)source;
    (void)events;
}

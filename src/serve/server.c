/* server: see server.h. The story of a connection, from its listener to the end of its handler. */
#include "serve/server.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/stranger.h"
#include "serve/connection_event.h"
#include "serve/control.h"
#include "serve/lend.h"

/* Clients accepted from one listener in one turn; the others' turn comes before the next batch. */
#define ACCEPT_BATCH 32

/* --- a connection's way --------------------------------------------------------------------- */

/* A client that never had a handler, so nobody else has its socket: unless its listener is one that
 * others have, too, close() has nothing to wait for. */
static void close_client(struct server *server, const struct listener *listener,
                         const struct arrival *arrival)
{
    if (arrival->peer.family == ADDR_UNIX || listener->endpoint->kind == ENDPOINT_FD)
        stranger_close(arrival->fd, arrival->peer.family == ADDR_UNIX);
    else
        fd_close(arrival->fd);
    turns_fds_given_back(server);
}

/* linger-close: what happens to our copy of a connection when its process is gone. */
static void end_copy(struct server *server, struct connection *connection)
{
    nanoseconds duration = connection->service->settings->linger_close;

    if (connection->linger_fd < 0)
        return;
    /* When handlers are ended because we stop, nobody waits for their clients. */
    if (connection->state == CONNECTION_RUNNING && duration > 0 &&
        server->stop_stage < STOP_TERMINATED)
        linger_begin(&server->lingering, connection->linger_fd, duration);
    else
        stranger_close_any(connection->linger_fd);
    connection->linger_fd = -1;
}

/* Whether a place that is given back now may be one that other services wait for: at the limit of
 * all, or when others were given back in this turn or told of in the last one. */
static bool is_wanted_by_all(const struct server *server)
{
    const struct admission *admission = &server->admission;

    return admission->limit > 0 &&
           (admission->running >= admission->limit || server->turns.pace_at > 0);
}

/* Gives back what a connection counted, frees it, and lets in who waits for its place. */
static void release(struct server *server, struct connection *connection)
{
    struct service *service = connection->service, *heir = NULL;
    struct listener *listener = connection->listener;
    bool others_wait = connection->ticket.started && is_wanted_by_all(server);

    admission_release(&server->admission, &service->admission, &connection->ticket,
                      loop_now(server->loop));
    server_expire_later(server);
    /* Whatever armed it: a record that is used again must not be in the heap of timers. */
    loop_disarm(server->loop, &connection->deadline);
    if (connection->has_deadline)
        loop_reserve(server->loop, -1);
    end_copy(server, connection);
    children_free(&server->children, connection);
    if (listener) {
        lend_return(listener);
        if (listener->service != service) /* after a reload it may be another one's */
            heir = listener->service;
    }
    service->connections--;
    if (service->connections == 0 || (service->draining && service->admission.running == 0))
        server->service_is_empty = true;
    /* In their order, and all places of this turn together: rearming our own service first would
     * give it every place for ever. */
    if (others_wait) {
        turns_look_soon(server);
    } else {
        turns_look(service);
        if (heir)
            turns_look(heir);
    }
}

void server_drop(struct server *server, struct connection *connection)
{
    int fd = connection->fd;
    bool lent = connection->lent, is_unix = connection->is_unix;

    connection->fd = -1;
    release(server, connection);
    if (lent)
        fd_close(fd); /* a copy of ours: the socket goes on */
    else
        stranger_close(fd, is_unix);
    turns_fds_given_back(server);
}

/* TERM first, and when kill-after has passed KILL, again and again: a process that is in its first
 * steps may not have the group yet that the signal is for. */
static void on_deadline(struct loop_timer *timer)
{
    struct connection *connection = timer->owner;
    struct service *service = connection->service;
    struct loop *loop = service->server->loop;
    nanoseconds again = service->settings->kill_after;

    if (connection->timeouts < 2 && !connection->ordered)
        connection_event_timeout(connection, connection->timeouts == 0 ? "SIGTERM" : "SIGKILL");
    children_signal_one(connection, connection->timeouts == 0 ? SIGTERM : SIGKILL);
    if (connection->timeouts > 0)
        again = CLOCK_SECOND;
    connection->timeouts = connection->timeouts == 0 ? 1 : 2;
    loop_arm(loop, timer, loop_now(loop) + again);
}

/* Room for the connection's timer, once. 0 or -ENOMEM. */
static int reserve_deadline(struct server *server, struct connection *connection)
{
    int error = connection->has_deadline ? 0 : loop_reserve(server->loop, 1);

    connection->has_deadline = error == 0;
    return error;
}

void server_kill(struct server *server, struct connection *connection)
{
    /* It is on that way already. */
    if (connection->timeouts > 0)
        return;
    connection->ordered = true;
    if (reserve_deadline(server, connection) == 0)
        on_deadline(&connection->deadline);
    else /* no memory for a timer: who orders it again gets it again */
        children_signal_one(connection, SIGTERM);
}

void server_set_deadline(struct connection *connection, nanoseconds due)
{
    connection->deadline = (struct loop_timer){.fired = on_deadline, .owner = connection};
    if (due > 0)
        loop_arm(connection->service->server->loop, &connection->deadline, due);
}

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

    if (!connection->listener)
        return by_family[connection->peer.family];
    switch (connection->listener->kind) {
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

    if (!connection->listener)
        return NULL;
    if (connection->listener->endpoint->kind == ENDPOINT_FD)
        return connection->listener->endpoint->path;
    return strchr(name, ':') ? "unknown" : name;
}

/* What the connection needs for its end, before it begins: room for its timer, a copy to linger
 * with. 0 or -errno. */
static int prepare_end(struct server *server, struct connection *connection)
{
    const struct service_settings *settings = connection->service->settings;
    int error = settings->max_runtime > 0 ? reserve_deadline(server, connection) : 0;

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
static void keep_paths(struct connection *connection, const char *peer_path, const char *local_path)
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
static void begin_process(struct server *server, struct connection *connection, pid_t pid)
{
    const struct service_settings *settings = connection->service->settings;
    /* A reload may have set max-runtime since its end was prepared; without memory it has none. */
    bool ends = settings->max_runtime > 0 && reserve_deadline(server, connection) == 0;

    connection->process.kills_group = settings->kill_mode == KILL_MODE_GROUP;
    server_set_deadline(connection, ends ? loop_now(server->loop) + settings->max_runtime : 0);
    children_add(&server->children, connection, pid);
}

/* A handler that was warm has the connection, which we close. */
static void begin_warm(struct server *server, struct connection *connection, pid_t pid)
{
    launcher_close_connection(connection->fd);
    connection->fd = -1;
    connection->start = NULL;
    connection->started = loop_now(server->loop);
    connection->state = CONNECTION_RUNNING;
    begin_process(server, connection, pid);
    connection_event_start(connection);
    turns_fds_given_back(server);
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
static int start(struct server *server, struct connection *connection, const char *peer_path,
                 const char *local_path, enum stage *ret_stage)
{
    struct service *service = connection->service;
    struct launch_connection wiring = make_wiring(connection, peer_path, local_path);
    pid_t pid;
    int error;

    *ret_stage = STAGE_FORK;
    error = prepare_end(server, connection);
    if (error < 0)
        return error;
    *ret_stage = STAGE_STDERR;
    wiring.stderr_fd = service_stderr_fd(service, connection->fd);
    if (wiring.stderr_fd < 0)
        return wiring.stderr_fd;
    if (service->warming)
        keep_paths(connection, peer_path, local_path); /* it may wait, and be started cold then */
    if (is_given(connection, &wiring)) {
        connection->state = CONNECTION_AWAITS_WARM;
        return 0;
    }
    *ret_stage = service->plan->clone_flags != 0 ? STAGE_ISOLATE : STAGE_FORK;
    error = launcher_start(server->launcher, service->plan, &wiring, connection, &pid,
                           &connection->start);
    if (error < 0)
        return error;
    connection->state = CONNECTION_STARTING;
    begin_process(server, connection, pid);
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
static bool can_wait(const struct server *server, const struct connection *connection, int error)
{
    bool is_over =
        connection->started > 0 && loop_now(server->loop) - connection->started >= GIVE_UP;

    return is_passing(error) && !(server->turns.blocked & TURNS_STOPPING) &&
           !connection->service->gave_up && !is_over;
}

/* There is no process for it just now: it waits in front of its service's other clients, with
 * nothing that others may need. A socket that is lent goes back, and its clients wait there: before
 * the service waits, or that would be the fd that it waits for. */
static void wait_for_process(struct server *server, struct connection *connection,
                             struct child_failure failure)
{
    struct service *service = connection->service;

    if (connection->started == 0)
        connection->started = loop_now(server->loop);
    admission_unstart(&server->admission, &service->admission, &connection->ticket);
    if (connection->linger_fd >= 0)
        connection->linger_fd = stranger_close_any(connection->linger_fd);
    if (connection->lent || !reception_put_back(server, connection))
        server_drop(server, connection);
    service_note_shortage(service, failure);
    /* Fds are short for all; anything else is looked at by each service for itself. */
    if (failure.error == EMFILE || failure.error == ENFILE)
        turns_await_fds(service);
    else
        service_back_off(service);
}

/* Starts, or has the connection wait until a process can be had. */
static void start_or_wait(struct server *server, struct connection *connection,
                          const char *peer_path, const char *local_path)
{
    struct child_failure failure;
    int error = start(server, connection, peer_path, local_path, &failure.stage);

    if (error == 0)
        return;
    failure.error = -error;
    if (can_wait(server, connection, error)) {
        keep_paths(connection, peer_path, local_path);
        wait_for_process(server, connection, failure);
        return;
    }
    connection->service->gave_up = is_passing(error);
    start_failed(connection, failure);
    server_drop(server, connection);
}

void server_start(struct server *server, struct connection *connection)
{
    if (connection->stands_high)
        connection->fd = fd_move_low(connection->fd);
    connection->stands_high = false;
    start_or_wait(server, connection, connection->peer_path, connection->local_path);
}

/* A warm handler has it; or none will. */
static void on_pool_done(struct pool_request *request, pid_t pid)
{
    struct connection *connection = MAP_ENTRY(request, struct connection, request);
    struct server *server = connection->service->server;

    if (pid > 0) {
        begin_warm(server, connection, pid);
        return;
    }
    connection->cold = true;
    start_or_wait(server, connection, connection->peer_path, connection->local_path);
}

/* Closes a client that isn't served. */
static void refuse(struct server *server, const struct listener *listener,
                   const struct arrival *arrival, enum admission_reason reason)
{
    connection_event_refused(listener->service, &arrival->peer, reason);
    service_tell_refused(listener->service, arrival->fd);
    close_client(server, listener, arrival);
}

/* Makes the record of an admitted client; NULL without memory. */
static struct connection *make_connection(struct server *server, struct listener *listener,
                                          const struct arrival *arrival,
                                          const struct admission_decision *decision)
{
    struct connection *connection = children_new(&server->children);

    if (!connection)
        return NULL;
    connection->service = listener->service;
    connection->fd = arrival->fd;
    connection->peer = arrival->peer;
    connection->is_unix = arrival->peer.family == ADDR_UNIX;
    connection->accepted = loop_now(server->loop);
    connection->number = ++server->next_connection;
    connection->ticket = decision->ticket;
    connection->source_running = decision->source_running;
    if (arrival->peer.family != ADDR_NONE)
        listener_local_addr(listener, arrival->fd, &connection->local);
    listener->service->connections++;
    return connection;
}

/* What is decided on a client at once: all of it, or the part that can be known before it has said
 * something. */
static struct admission_decision decide(struct server *server, struct service *service,
                                        const struct addr *peer)
{
    const struct admission_rules *rules = service->admission.rules;
    nanoseconds now = loop_now(server->loop);

    /* Of a proxy, too: who it comes for is looked at later. */
    if (rules->guard->proxy_protocol && admission_is_banned(&server->admission, peer, now))
        return (struct admission_decision){.verdict = VERDICT_REFUSE, .reason = REASON_BANNED};
    if (rules->guard->proxy_protocol && !rules_list_has(rules->proxies, peer))
        return (struct admission_decision){.verdict = VERDICT_REFUSE, .reason = REASON_PROXY};
    if (rules->guard->proxy_protocol)
        return (struct admission_decision){.verdict = VERDICT_ADMIT};
    if (rules->guard->start_on == START_ON_DATA)
        return admission_enter(&server->admission, &service->admission, peer, now);
    return admission_check(&server->admission, &service->admission, peer, now);
}

static void admit(struct server *server, struct listener *listener, const struct arrival *arrival)
{
    struct service *service = listener->service;
    const char *peer_path = arrival->peer_path[0] != '\0' ? arrival->peer_path : NULL;
    struct admission_decision decision;
    struct connection *connection;

    decision = decide(server, service, &arrival->peer);
    if (decision.verdict != VERDICT_ADMIT) {
        refuse(server, listener, arrival, decision.reason);
        return;
    }
    /* After the decision: who is refused needn't be looked at. */
    if (listener_is_gone(arrival->fd, arrival->peer.family == ADDR_UNIX)) {
        connection_event_gone(service, &arrival->peer);
        admission_withdraw(&server->admission, &service->admission, &decision.ticket,
                           loop_now(server->loop));
        close_client(server, listener, arrival);
        return;
    }
    connection = make_connection(server, listener, arrival, &decision);
    if (!connection) {
        admission_withdraw(&server->admission, &service->admission, &decision.ticket,
                           loop_now(server->loop));
        refuse(server, listener, arrival, REASON_MEMORY);
        return;
    }
    if (!reception_is_wanted(service)) {
        start_or_wait(server, connection, peer_path, listener->path);
        return;
    }
    keep_paths(connection, peer_path, listener->path);
    reception_receive(server, connection);
}

/* Errors of accept4 that are one client's, or its network's, and gone with it: accept(2). All
 * others (EMFILE, ENFILE, ENOBUFS, ENOMEM, and what nobody expects) would come back at once for the
 * next client: accepting pauses. */
static bool is_one_clients(int error)
{
    static const int errors[] = {ECONNABORTED, EPROTO,       ENETDOWN,   ENOPROTOOPT, EHOSTDOWN,
                                 ENONET,       EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, EPERM,
                                 ETIMEDOUT,    ECONNRESET,   EINTR};

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (error == -errors[i])
            return true;
    return false;
}

/* What is short for all, so that nobody else need try. */
static bool is_shortage(int error)
{
    return error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOBUFS;
}

/* wait = yes: the socket itself goes to a handler, and whoever waits there is that one's. */
static void lend(struct server *server, struct listener *listener)
{
    struct service *service = listener->service;
    struct arrival arrival = {.peer = {.family = ADDR_NONE}};
    struct admission_decision decision = {0};
    struct connection *connection;
    int error;

    if (!turns_wants(service, listener)) {
        turns_park(service, listener);
        return;
    }
    error = lend_begin(listener, &arrival.fd);
    if (is_shortage(error))
        turns_no_fds(server, error);
    if (error < 0)
        return;
    turns_accepted(server);
    /* It has no client that could be one of a source. */
    decision.verdict = admission_start(&server->admission, &service->admission, &decision.ticket,
                                       loop_now(server->loop), &decision.reason);
    connection = decision.verdict == VERDICT_ADMIT
                     ? make_connection(server, listener, &arrival, &decision)
                     : NULL;
    if (!connection) { /* no memory: the next turn may have some */
        admission_release(&server->admission, &service->admission, &decision.ticket,
                          loop_now(server->loop));
        fd_close(arrival.fd);
        turns_no_fds(server, -ENOMEM);
        return;
    }
    connection->lent = true;
    lend_to(listener, connection);
    loop_unwatch(server->loop, &listener->source);
    start_or_wait(server, connection, NULL, NULL);
}

void server_on_listener(struct loop_source *source, uint32_t events)
{
    struct listener *listener = source->owner;
    struct service *service = listener->service;
    struct server *server = service->server;

    unsigned errors = 0;

    (void)events;
    if (listener_waits(listener)) {
        lend(server, listener);
        return;
    }
    for (unsigned i = 0; i < ACCEPT_BATCH; i++) {
        struct arrival arrival;
        int error;

        if (!turns_wants(service, listener)) {
            /* One that has just been served is parked when it fires again, behind the others that
             * fired with it. */
            if (i == 0)
                turns_park(service, listener);
            return;
        }
        error = listener_accept(listener, &arrival);
        if (error == -EAGAIN)
            return;
        if (is_one_clients(error)) {
            event_counters(&service->reporter)->accept_errors++;
            /* A whole batch of them: something refuses accepting itself, and would do so for ever.
             */
            if (++errors == ACCEPT_BATCH)
                turns_no_fds(server, error);
        } else if (error < 0) {
            turns_no_fds(server, error);
        } else {
            turns_accepted(server);
            admit(server, listener, &arrival);
        }
    }
}

/* --- what becomes of a start ---------------------------------------------------------------- */

static void take_report(struct server *server, const struct launch_report *report)
{
    struct connection *connection = report->owner;

    connection->start = NULL;
    connection->started = loop_now(server->loop);
    if (report->failure.stage == STAGE_NONE) {
        connection->state = CONNECTION_RUNNING;
        connection_event_start(connection);
        service_unthrottle(connection->service);
        return;
    }
    connection->state = CONNECTION_FAILED;
    start_failed(connection, report->failure);
}

void server_tend_launches(struct server *server)
{
    struct launch_report report;
    nanoseconds pace;

    if (launcher_tend(server->launcher) > 0)
        turns_fds_given_back(server);
    while (launcher_collect(server->launcher, &report))
        take_report(server, &report);
    pace = launcher_pace(server->launcher);
    /* A slow pace must not hold up a start that came after it. */
    if (pace > 0 && (!loop_is_armed(&server->launch_timer) ||
                     server->launch_timer.due > loop_now(server->loop) + pace))
        loop_arm(server->loop, &server->launch_timer, loop_now(server->loop) + pace);
}

/* The turn that this makes looks after the starts at its end. */
void server_on_launches(struct loop_source *source, uint32_t events)
{
    (void)source;
    (void)events;
}

void server_on_end(struct process *process, int status, const struct rusage *usage)
{
    struct connection *connection = children_of(process);
    struct server *server = connection->service->server;

    if (connection->state == CONNECTION_STARTING) {
        struct launch_report report;

        launcher_settle(connection->start, &report);
        take_report(server, &report);
    }
    server->children.handlers--;
    if (connection->state == CONNECTION_RUNNING) {
        channel_flush(connection->service->channel, connection->process.pid);
        connection_event_end(connection, status, usage, loop_now(server->loop));
        server_judge(server, connection, status);
        if (connection->listener)
            lend_judge(connection->listener, loop_now(server->loop) - connection->started,
                       WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    release(server, connection);
}

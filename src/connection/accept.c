/* accept: a listener has clients: a bounded batch of them is accepted, each is judged, and refused,
 * received or started; or the socket itself is lent to a handler. See connections.h. */

#include <errno.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "base/stranger.h"
#include "connection/connection_event.h"
#include "connection/connections.h"
#include "connection/intake.h"
#include "listen/lend.h"

/* Clients accepted from one listener in one turn; the others' turn comes before the next batch. */
#define ACCEPT_BATCH 32

/* A client that never had a handler, so nobody else has its socket: unless its listener is one that
 * others have, too, close() has nothing to wait for. */
static void close_client(struct connections *connections, const struct listener *listener,
                         const struct arrival *arrival)
{
    if (arrival->peer.family == ADDR_UNIX || listener->endpoint->kind == ENDPOINT_FD)
        stranger_close(arrival->fd, arrival->peer.family == ADDR_UNIX);
    else
        fd_close(arrival->fd);
    turns_fds_given_back(&connections->turns);
}

/* Closes a client that isn't served. */
static void refuse(struct connections *connections, const struct listener *listener,
                   const struct arrival *arrival, enum admission_reason reason)
{
    connection_event_refused(service_of(listener), &arrival->peer, reason);
    service_tell_refused(service_of(listener), arrival->fd);
    close_client(connections, listener, arrival);
}

/* Makes the record of an admitted client; NULL without memory. */
static struct connection *make_connection(struct connections *connections,
                                          struct listener *listener, const struct arrival *arrival,
                                          const struct admission_decision *decision)
{
    struct connection *connection = children_new(&connections->children);

    if (!connection)
        return NULL;
    connection->service = service_of(listener);
    connection->fd = arrival->fd;
    connection->peer = arrival->peer;
    connection->is_unix = arrival->peer.family == ADDR_UNIX;
    connection->accepted = loop_now(connections->loop);
    connection->number = ++connections->next_number;
    connection->ticket = decision->ticket;
    connection->source_running = decision->source_running;
    if (arrival->peer.family != ADDR_NONE)
        listener_local_addr(listener, arrival->fd, &connection->local);
    service_of(listener)->connections++;
    return connection;
}

/* What is decided on a client at once: all of it, or the part that can be known before it has said
 * something. */
static struct admission_decision decide(struct connections *connections, struct service *service,
                                        const struct addr *peer)
{
    const struct admission_rules *rules = service->admission.rules;
    nanoseconds now = loop_now(connections->loop);

    /* Of a proxy, too: who it comes for is looked at later. */
    if (rules->guard->proxy_protocol && admission_is_banned(&connections->admission, peer, now))
        return (struct admission_decision){.verdict = VERDICT_REFUSE, .reason = REASON_BANNED};
    if (rules->guard->proxy_protocol && !rules_list_has(rules->proxies, peer))
        return (struct admission_decision){.verdict = VERDICT_REFUSE, .reason = REASON_PROXY};
    if (rules->guard->proxy_protocol)
        return (struct admission_decision){.verdict = VERDICT_ADMIT};
    if (rules->guard->start_on == START_ON_DATA)
        return admission_enter(&connections->admission, &service->admission, peer, now);
    return admission_check(&connections->admission, &service->admission, peer, now);
}

static void admit(struct connections *connections, struct listener *listener,
                  const struct arrival *arrival)
{
    struct service *service = service_of(listener);
    const char *peer_path = arrival->peer_path[0] != '\0' ? arrival->peer_path : NULL;
    struct admission_decision decision;
    struct connection *connection;

    decision = decide(connections, service, &arrival->peer);
    if (decision.verdict != VERDICT_ADMIT) {
        refuse(connections, listener, arrival, decision.reason);
        return;
    }
    /* After the decision: who is refused needn't be looked at. */
    if (listener_is_gone(arrival->fd, arrival->peer.family == ADDR_UNIX)) {
        connection_event_gone(service, &arrival->peer);
        admission_withdraw(&connections->admission, &service->admission, &decision.ticket,
                           loop_now(connections->loop));
        close_client(connections, listener, arrival);
        return;
    }
    connection = make_connection(connections, listener, arrival, &decision);
    if (!connection) {
        admission_withdraw(&connections->admission, &service->admission, &decision.ticket,
                           loop_now(connections->loop));
        refuse(connections, listener, arrival, REASON_MEMORY);
        return;
    }
    if (!intake_is_wanted(service)) {
        connection_start_from(connections, connection, peer_path, listener->path);
        return;
    }
    connection_keep_paths(connection, peer_path, listener->path);
    intake_receive(connections, connection);
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
static void lend(struct connections *connections, struct listener *listener)
{
    struct service *service = service_of(listener);
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
        turns_no_fds(&connections->turns, error);
    if (error < 0)
        return;
    turns_accepted(&connections->turns);
    /* It has no client that could be one of a source. */
    decision.verdict =
        admission_start(&connections->admission, &service->admission, &decision.ticket,
                        loop_now(connections->loop), &decision.reason);
    connection = decision.verdict == VERDICT_ADMIT
                     ? make_connection(connections, listener, &arrival, &decision)
                     : NULL;
    if (!connection) { /* no memory: the next turn may have some */
        admission_release(&connections->admission, &service->admission, &decision.ticket,
                          loop_now(connections->loop));
        fd_close(arrival.fd);
        turns_no_fds(&connections->turns, -ENOMEM);
        return;
    }
    connection->lent = true;
    connection->lending = lend_out(listener);
    loop_unwatch(connections->loop, &listener->source);
    connection_start_from(connections, connection, NULL, NULL);
}

void connection_accept(struct loop_source *source, uint32_t events)
{
    struct listener *listener = source->owner;
    struct service *service = service_of(listener);
    struct connections *connections = service->services->connections;

    unsigned errors = 0;

    (void)events;
    if (listener_waits(listener)) {
        lend(connections, listener);
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
                turns_no_fds(&connections->turns, error);
        } else if (error < 0) {
            turns_no_fds(&connections->turns, error);
        } else {
            turns_accepted(&connections->turns);
            admit(connections, listener, &arrival);
        }
    }
}

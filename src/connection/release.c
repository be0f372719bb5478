/* release: a connection is over: what it counted is given back, and whoever waits for its place is
 * looked at when the turn ends. See connections.h. */

#include "base/fd.h"
#include "base/stranger.h"
#include "connection/connections.h"
#include "connection/penalty.h"
#include "listen/lend.h"

/* linger-close: what happens to our copy of a connection when its process is gone. */
static void end_copy(struct connections *connections, struct connection *connection)
{
    nanoseconds duration = connection->service->settings->linger_close;

    if (connection->linger_fd < 0)
        return;
    /* When handlers are ended because we stop, nobody waits for their clients. */
    if (connection->state == CONNECTION_RUNNING && duration > 0 && !connections->is_ending)
        linger_begin(&connections->lingering, connection->linger_fd, duration);
    else
        stranger_close_any(connection->linger_fd);
    connection->linger_fd = -1;
}

/* Whether a place that is given back now may be one that other services wait for: at the limit of
 * all, or when others were given back in this turn or told of in the last one. */
static bool is_wanted_by_all(const struct connections *connections)
{
    const struct admission *admission = &connections->admission;

    return admission->limit > 0 &&
           (admission->running >= admission->limit || connections->turns.pace_at > 0);
}

void connection_release(struct connections *connections, struct connection *connection)
{
    struct service *service = connection->service;
    struct lending *lending = connection->lending;
    struct listener *listener = lending ? lending->listener : NULL;
    bool others_wait = connection->ticket.started && is_wanted_by_all(connections);

    admission_release(&connections->admission, &service->admission, &connection->ticket,
                      loop_now(connections->loop));
    penalty_expire_later(connections);
    /* Whatever armed it: a record that is used again must not be in the heap of timers. */
    loop_disarm(connections->loop, &connection->deadline);
    if (connection->has_deadline)
        loop_reserve(connections->loop, -1);
    end_copy(connections, connection);
    children_free(&connections->children, connection);
    if (lending)
        lend_return(lending);
    service->connections--;
    if (service->connections == 0 || (service->draining && service->admission.running == 0))
        connections->services->is_any_empty = true;
    /* In their order: looking at our own service alone would give it every place for ever. */
    if (others_wait)
        turns_look_all(&connections->turns);
    turns_look(service);
    if (listener && service_of(listener) != service) /* after a reload it may be another one's */
        turns_look(service_of(listener));
}

void connection_drop(struct connections *connections, struct connection *connection)
{
    int fd = connection->fd;
    bool lent = connection->lent, is_unix = connection->is_unix;

    connection->fd = -1;
    connection_release(connections, connection);
    if (lent)
        fd_close(fd); /* a copy of ours: the socket goes on */
    else
        stranger_close(fd, is_unix);
    turns_fds_given_back(&connections->turns);
}

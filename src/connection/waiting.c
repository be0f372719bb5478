/* waiting: see waiting.h. */

#include "connection/waiting.h"

#include <errno.h>
#include <stdlib.h>

#include "connection/connection_event.h"
#include "connection/connections.h"

static struct waiting_queue *queue_of(struct service *service)
{
    if (!service->ready)
        service->ready = calloc(1, sizeof(*service->ready));
    return service->ready;
}

/* It isn't ready any more. */
void waiting_leave(struct connection *connection)
{
    struct waiting_queue *queue = connection->service->ready;
    struct connections *connections = connection->service->services->connections;

    if (connection->older)
        connection->older->younger = connection->younger;
    else
        queue->first = connection->younger;
    if (connection->younger)
        connection->younger->older = connection->older;
    else
        queue->last = connection->older;
    connection->older = connection->younger = NULL;
    queue->count--;
    connections->waiting_count--;
    loop_unwatch(connections->loop, &connection->source);
    connection->state = CONNECTION_HELD;
}

/* It has reset: its fd and its room may be somebody else's. */
static void on_reset(struct loop_source *source, uint32_t events)
{
    struct connection *connection = source->owner;

    (void)events;
    waiting_leave(connection);
    connection_event_gone(connection->service, &connection->peer);
    connection_drop(connection->service->services->connections, connection);
}

/* Only for its end, which is told unasked; on a unix socket that is no sign. Without a watch it is
 * found gone when there is a place for it. */
static void watch_for_reset(struct connections *connections, struct connection *connection)
{
    connection->source =
        (struct loop_source){.fd = connection->fd, .ready = on_reset, .owner = connection};
    connection->header = NULL;
    if (!connection->is_unix)
        loop_watch(connections->loop, &connection->source, 0);
}

/* Puts it behind previous; NULL: in front of all. */
static void insert(struct waiting_queue *queue, struct connection *connection,
                   struct connection *previous)
{
    struct connections *connections = connection->service->services->connections;

    queue->count++;
    connections->waiting_count++;
    connection->older = previous;
    connection->younger = previous ? previous->younger : queue->first;
    if (connection->older)
        connection->older->younger = connection;
    else
        queue->first = connection;
    if (connection->younger)
        connection->younger->older = connection;
    else
        queue->last = connection;
    watch_for_reset(connections, connection);
    turns_enter(&connections->turns, connection->service);
}

bool waiting_put_back(struct connection *connection)
{
    struct waiting_queue *queue = queue_of(connection->service);
    struct connection *previous = NULL;

    if (!queue)
        return false;
    for (struct connection *one = queue->first; one && one->state == CONNECTION_HELD;
         one = one->younger)
        previous = one;
    connection->state = CONNECTION_HELD;
    insert(queue, connection, previous);
    return true;
}

int waiting_append(struct connection *connection, size_t most)
{
    struct waiting_queue *queue = queue_of(connection->service);

    if (!queue)
        return -ENOMEM;
    if (queue->count >= most)
        return -ENOSPC;
    connection->state = CONNECTION_AWAITS_PLACE;
    insert(queue, connection, queue->last);
    turns_pace(connection->service);
    return 0;
}

void waiting_drop(struct service *service)
{
    while (turns_has_ready(service)) {
        struct connection *connection = service->ready->first;

        waiting_leave(connection);
        connection_drop(service->services->connections, connection);
    }
}

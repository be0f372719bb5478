/* kill: a handler's end by our hand: at its max-runtime, or by order. TERM first, and KILL when
 * kill-after has passed. See connections.h. */

#include <signal.h>

#include "connection/connection_event.h"
#include "connection/connections.h"

/* TERM first, and when kill-after has passed KILL, again and again: a process that is in its first
 * steps may not have the group yet that the signal is for. */
static void on_deadline(struct loop_timer *timer)
{
    struct connection *connection = timer->owner;
    struct service *service = connection->service;
    struct loop *loop = service->services->connections->loop;
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
int connection_reserve_deadline(struct connections *connections, struct connection *connection)
{
    int error = connection->has_deadline ? 0 : loop_reserve(connections->loop, 1);

    connection->has_deadline = error == 0;
    return error;
}

void connection_kill(struct connections *connections, struct connection *connection)
{
    /* It is on that way already. */
    if (connection->timeouts > 0)
        return;
    connection->ordered = true;
    if (connection_reserve_deadline(connections, connection) == 0)
        on_deadline(&connection->deadline);
    else /* no memory for a timer: who orders it again gets it again */
        children_signal_one(connection, SIGTERM);
}

void connection_set_deadline(struct connection *connection, nanoseconds due)
{
    connection->deadline = (struct loop_timer){.fired = on_deadline, .owner = connection};
    if (due > 0)
        loop_arm(connection->service->services->connections->loop, &connection->deadline, due);
}

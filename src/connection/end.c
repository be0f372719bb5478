/* end: a handler has ended: what it was is said and counted, what its end means for its source is
 * remembered, and the connection is released. See connections.h. */

#include <sys/wait.h>

#include "connection/connection_event.h"
#include "connection/connections.h"
#include "connection/penalty.h"
#include "listen/lend.h"

void connection_end(struct process *process, int status, const struct rusage *usage)
{
    struct connection *connection = children_of(process);
    struct connections *connections = connection->service->services->connections;

    if (connection->state == CONNECTION_STARTING) {
        struct launch_report report;

        launcher_settle(connection->start, &report);
        connection_take_report(connections, &report);
    }
    connections->children.handlers--;
    if (connection->state == CONNECTION_RUNNING) {
        channel_flush(connection->service->channel, connection->process.pid);
        connection_event_end(connection, status, usage, loop_now(connections->loop));
        penalty_judge(connections, connection, status);
        if (connection->lending)
            lend_judge(connection->lending, loop_now(connections->loop) - connection->started,
                       WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    connection_release(connections, connection);
}

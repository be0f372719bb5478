/* stop: how the daemon ends when it is told to: TERM or INT.
 *
 * Sockets are closed at once. Handlers may finish for stop-timeout, then get TERM, and 5 s later
 * KILL. Each further TERM or INT goes one stage on without waiting.
 */
#include <signal.h>

#include "serve/server.h"

#define KILL_AFTER (5 * CLOCK_SECOND)

static void stop_listening(struct server *server)
{
    turns_block(&server->turns, TURNS_STOPPING);
    upgrade_abandon(server, "stdinetd stops");
    for (struct service *service = server->services; service; service = service->next)
        service_close_listeners(service);
    reception_drop(server, NULL);
    /* Clients on their way to a handler have one, as those whose handler is on its way. */
    pools_hold(&server->pools, true);
    pools_end(&server->pools);
}

static void next_stage(struct server *server)
{
    nanoseconds wait = KILL_AFTER;

    server->stop_stage++;
    if (server->stop_stage == STOP_WAITING) {
        event_log(EVENT_STOPPING, "stopping: %zu handlers may finish", server->children.handlers);
        stop_listening(server);
        wait = server->config->daemon.stop_timeout;
        server_tell_stopping(server, wait + KILL_AFTER);
    } else if (server->stop_stage == STOP_TERMINATED) {
        event_log(EVENT_STOPPING, "stopping: %zu handlers are sent TERM",
                  server->children.handlers);
        linger_close_all(&server->lingering);
        children_signal(&server->children, SIGTERM);
    } else {
        event_log(EVENT_STOPPING, "stopping: %zu handlers are sent KILL",
                  server->children.handlers);
        server->stop_stage = STOP_KILLED;
        children_signal(&server->children, SIGKILL);
    }
    notify_change(&server->notify);
    /* KILL is repeated: a process in its first steps may have left the group it was sent to. */
    loop_arm(server->loop, &server->stop_timer, loop_now(server->loop) + wait);
}

static void on_stop_timer(struct loop_timer *timer)
{
    next_stage(timer->owner);
}

void server_stop(struct server *server)
{
    server->stop_timer.fired = on_stop_timer;
    server->stop_timer.owner = server;
    next_stage(server);
}

void server_stop_end_turn(struct server *server)
{
    if (!(server->turns.blocked & TURNS_STOPPING) || server->children.handlers > 0 ||
        server->lingering.count > 0)
        return;
    loop_disarm(server->loop, &server->stop_timer);
    loop_stop(server->loop);
}

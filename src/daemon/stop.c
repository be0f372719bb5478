/* stop: how the daemon ends when it is told to: TERM or INT.
 *
 * Sockets are closed at once. Handlers may finish for stop-timeout, then get TERM, and 5 s later
 * KILL. Each further TERM or INT goes one stage on without waiting.
 */
#include <signal.h>

#include "daemon/daemon.h"

#define KILL_AFTER (5 * CLOCK_SECOND)

static void stop_listening(struct daemon *daemon)
{
    turns_block(&daemon->connections.turns, TURNS_STOPPING);
    upgrade_abandon(daemon, "stdinetd is stopping");
    for (struct service *service = daemon->services.first; service; service = service->next)
        service_close_listeners(service);
    intake_drop_all(&daemon->connections);
    /* Clients on their way to a handler have one, as those whose handler is on its way. */
    pools_hold(&daemon->pools, true);
    pools_end(&daemon->pools);
}

static void next_stage(struct daemon *daemon)
{
    nanoseconds wait = KILL_AFTER;

    daemon->stop_stage++;
    if (daemon->stop_stage == STOP_WAITING) {
        event_log(EVENT_STOPPING, "stopping: waiting for %zu handlers",
                  daemon->connections.children.handlers);
        stop_listening(daemon);
        wait = daemon->config->daemon.stop_timeout;
        daemon_tell_stopping(daemon, wait + KILL_AFTER);
    } else if (daemon->stop_stage == STOP_TERMINATED) {
        event_log(EVENT_STOPPING, "stopping: sending SIGTERM to %zu handlers",
                  daemon->connections.children.handlers);
        daemon->connections.is_ending = true;
        linger_close_all(&daemon->connections.lingering);
        children_signal(&daemon->connections.children, SIGTERM);
    } else {
        event_log(EVENT_STOPPING, "stopping: sending SIGKILL to %zu handlers",
                  daemon->connections.children.handlers);
        daemon->stop_stage = STOP_KILLED;
        children_signal(&daemon->connections.children, SIGKILL);
    }
    notify_change(&daemon->notify);
    /* KILL is repeated: a process in its first steps may have left the group it was sent to. */
    loop_arm(daemon->loop, &daemon->stop_timer, loop_now(daemon->loop) + wait);
}

static void on_stop_timer(struct loop_timer *timer)
{
    next_stage(timer->owner);
}

void daemon_stop(struct daemon *daemon)
{
    daemon->stop_timer.fired = on_stop_timer;
    daemon->stop_timer.owner = daemon;
    next_stage(daemon);
}

void daemon_stop_end_turn(struct daemon *daemon)
{
    if (!(daemon->connections.turns.blocked & TURNS_STOPPING) ||
        daemon->connections.children.handlers > 0 || daemon->connections.lingering.count > 0)
        return;
    loop_disarm(daemon->loop, &daemon->stop_timer);
    loop_stop(daemon->loop);
}

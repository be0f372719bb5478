/* readiness: what of the daemon its service manager is told, and in which words; notify.c sends it.
 *
 * Decides nothing. The line is made once a second at most, and only after something in it may have
 * changed, so that a busy server's costs next to nothing. */
#include <stdio.h>

#include "connection/state.h"
#include "daemon/daemon.h"

/* The services, and their addresses that are pending. */
static size_t count_services(const struct daemon *daemon, size_t *ret_pending)
{
    size_t count = 0;

    *ret_pending = 0;
    for (const struct service *service = daemon->services.first; service; service = service->next) {
        count++;
        *ret_pending += service_pending(service);
    }
    return count;
}

/* "3 services, 1 address pending, 12 handlers running; the last reload failed" */
static void format_serving(const struct daemon *daemon, char *text, size_t size)
{
    size_t pending, services = count_services(daemon, &pending);
    char pending_text[48] = "";

    if (pending > 0)
        snprintf(pending_text, sizeof(pending_text), ", %zu %s pending", pending,
                 pending == 1 ? "address" : "addresses");
    snprintf(text, size, "%zu %s%s, %zu %s running%s", services,
             services == 1 ? "service" : "services", pending_text,
             daemon->connections.children.handlers,
             daemon->connections.children.handlers == 1 ? "handler" : "handlers",
             daemon->facts.last_reload_failed ? "; the last reload failed, see the log" : "");
}

static void format_status(const struct daemon *daemon, char text[static NOTIFY_STATUS_SIZE])
{
    static const char *const stages[] = {[STOP_WAITING] = "finishing",
                                         [STOP_TERMINATED] = "sent SIGTERM",
                                         [STOP_KILLED] = "sent SIGKILL"};

    if (daemon->stop_stage == STOP_NOT)
        format_serving(daemon, text, NOTIFY_STATUS_SIZE);
    else
        snprintf(text, NOTIFY_STATUS_SIZE, "stopping, %zu %s %s",
                 daemon->connections.children.handlers,
                 daemon->connections.children.handlers == 1 ? "handler" : "handlers",
                 stages[daemon->stop_stage]);
}

void daemon_tell_ready(struct daemon *daemon)
{
    char text[NOTIFY_STATUS_SIZE];

    format_status(daemon, text);
    notify_ready(&daemon->notify, text);
}

void daemon_tell_stopping(struct daemon *daemon, nanoseconds longest)
{
    char text[NOTIFY_STATUS_SIZE];

    format_status(daemon, text);
    notify_stopping(&daemon->notify, text, longest);
}

void daemon_tell_turn(struct daemon *daemon)
{
    char text[NOTIFY_STATUS_SIZE];

    if (daemon->connections.children.handlers != daemon->told_handlers ||
        daemon->services.bind_rounds != daemon->told_binds)
        notify_change(&daemon->notify);
    if (notify_wants_status(&daemon->notify)) {
        daemon->told_handlers = daemon->connections.children.handlers;
        daemon->told_binds = daemon->services.bind_rounds;
        format_status(daemon, text);
        notify_tell_status(&daemon->notify, text);
    }
    notify_tend(&daemon->notify);
}

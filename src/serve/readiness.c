/* readiness: what of the server its service manager is told, and in which words; notify.c sends it.
 *
 * Decides nothing. The line is made once a second at most, and only after something in it may have
 * changed, so that a busy server's costs next to nothing. */
#include <stdio.h>

#include "serve/server.h"
#include "serve/state.h"

/* The services, and their addresses that are pending. */
static size_t count_services(const struct server *server, size_t *ret_pending)
{
    size_t count = 0;

    *ret_pending = 0;
    for (const struct service *service = server->services; service; service = service->next) {
        count++;
        *ret_pending += service_pending(service);
    }
    return count;
}

/* "3 services, 1 address pending, 12 handlers running; the last reload failed" */
static void format_serving(const struct server *server, char *text, size_t size)
{
    size_t pending, services = count_services(server, &pending);
    char pending_text[48] = "";

    if (pending > 0)
        snprintf(pending_text, sizeof(pending_text), ", %zu %s pending", pending,
                 pending == 1 ? "address" : "addresses");
    snprintf(text, size, "%zu %s%s, %zu %s running%s", services,
             services == 1 ? "service" : "services", pending_text, server->children.handlers,
             server->children.handlers == 1 ? "handler" : "handlers",
             server->last_reload_failed ? "; the last reload failed, see the log" : "");
}

static void format_status(const struct server *server, char text[static NOTIFY_STATUS_SIZE])
{
    static const char *const stages[] = {[STOP_WAITING] = "may finish",
                                         [STOP_TERMINATED] = "were sent TERM",
                                         [STOP_KILLED] = "were sent KILL"};

    if (server->stop_stage == STOP_NOT)
        format_serving(server, text, NOTIFY_STATUS_SIZE);
    else
        snprintf(text, NOTIFY_STATUS_SIZE, "stopping, %zu %s %s", server->children.handlers,
                 server->children.handlers == 1 ? "handler" : "handlers",
                 stages[server->stop_stage]);
}

void server_tell_ready(struct server *server)
{
    char text[NOTIFY_STATUS_SIZE];

    format_status(server, text);
    notify_ready(&server->notify, text);
}

void server_tell_stopping(struct server *server, nanoseconds longest)
{
    char text[NOTIFY_STATUS_SIZE];

    format_status(server, text);
    notify_stopping(&server->notify, text, longest);
}

void server_tell_turn(struct server *server)
{
    char text[NOTIFY_STATUS_SIZE];

    if (server->children.handlers != server->told_processes)
        notify_change(&server->notify);
    if (notify_wants_status(&server->notify)) {
        server->told_processes = server->children.handlers;
        format_status(server, text);
        notify_tell_status(&server->notify, text);
    }
    notify_tend(&server->notify);
}

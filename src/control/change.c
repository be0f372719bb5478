/* change: the commands that act: pause, resume, drain, kill, reload, upgrade,
 * stop. */
#include <errno.h>

#include "base/value.h"
#include "connection/connections.h"
#include "control/client.h"
#include "control/command.h"
#include "control/control.h"

int control_pause(struct control_call *call)
{
    struct service *service = control_find_service(call, &call->arguments[0]);

    if (!service)
        return -EINVAL;
    /* Its listeners are parked when a client comes: until then that costs nothing. */
    service->paused = true;
    reply_add_count(&call->reply, call->reply.root, "active", service->admission.running);
    return 0;
}

int control_resume(struct control_call *call)
{
    struct service *service = control_find_service(call, &call->arguments[0]);

    if (!service)
        return -EINVAL;
    service->paused = false;
    service->draining = false; /* whoever waits for that is told when the turn ends */
    service->services->is_any_empty = true;
    turns_look(service);
    return 0;
}

int control_drain(struct control_call *call)
{
    struct service *service = control_find_service(call, &call->arguments[0]);

    if (!service)
        return -EINVAL;
    service->paused = true;
    if (service->admission.running == 0)
        return 0;
    service->draining = true;
    call->client->draining = service;
    return -EINPROGRESS;
}

/* Also one that the configuration has no more: its handlers run, and are shown by its name. */
static struct service *find_any_named(struct connections *connections, const char *name)
{
    struct service *service = service_find(connections->services->first, name);

    return service ? service : service_find(connections->services->retired, name);
}

/* Ends the handlers of a service; how many. */
static uint64_t kill_all(struct connections *connections, const struct service *service)
{
    uint64_t count = 0;

    for (struct connection *one = children_youngest(&connections->children); one;
         one = children_older(&connections->children, one)) {
        if (one->service != service)
            continue;
        connection_kill(connections, one);
        count++;
    }
    return count;
}

/* A service of that name comes before a process of that number. */
int control_kill(struct control_call *call)
{
    struct connections *connections = call->context->connections;
    const char *target = call->arguments[0].text;
    const struct service *service = find_any_named(connections, target);
    struct connection *connection = NULL;
    uint64_t pid, count = 1;

    if (service) {
        count = kill_all(connections, service);
    } else {
        if (value_parse_count(target, &pid) == 0 && pid <= INT32_MAX)
            connection = children_find(&connections->children, (pid_t)pid);
        if (!connection)
            return control_refuse(call, "no such service, and no handler with that pid");
        connection_kill(connections, connection);
    }
    reply_add_count(&call->reply, call->reply.root, "killed", count);
    return 0;
}

/* More lines than anybody reads, of a configuration that is wrong everywhere. */
#define PROBLEMS_SHOWN 200

static void tell_problem(bool is_warning, const char *line, void *context)
{
    json_t *lines = context;

    (void)is_warning;
    if (json_array_size(lines) < PROBLEMS_SHOWN)
        json_array_append_new(lines, json_string(line));
}

int control_reload(struct control_call *call)
{
    json_t *problems = reply_add_array(&call->reply, call->reply.root, "problems");
    const struct orders *orders = &call->context->orders;
    size_t services = 0;
    int error;

    if (call->context->connections->turns.blocked & TURNS_STOPPING)
        return control_refuse(call, "the daemon is stopping");
    error = orders->reload(orders->daemon, tell_problem, problems, &services);
    /* The request was understood; whether the configuration was is another question. */
    reply_add_flag(&call->reply, call->reply.root, "reloaded", error == 0);
    reply_add_count(&call->reply, call->reply.root, "services", services);
    return 0;
}

int control_upgrade(struct control_call *call)
{
    call->client->upgrading = true;
    call->context->orders.upgrade(call->context->orders.daemon);
    return -EINPROGRESS;
}

int control_stop(struct control_call *call)
{
    reply_add_count(&call->reply, call->reply.root, "handlers",
                    call->context->connections->children.handlers);
    call->context->orders.stop(call->context->orders.daemon);
    return 0;
}

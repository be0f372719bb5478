/* state: see state.h. Called by status_line.c and the control commands. */
#include "connection/state.h"

#include "connection/connections.h"
#include "listen/lend.h"

const char *const service_state_names[SERVICE_STATES] = {
    [SERVICE_STOPPING] = "stopping", [SERVICE_DRAINING] = "draining", [SERVICE_PAUSED] = "paused",
    [SERVICE_PENDING] = "pending",   [SERVICE_RESTING] = "resting",   [SERVICE_STARVED] = "starved",
    [SERVICE_FULL] = "full",         [SERVICE_LIMITED] = "limited",   [SERVICE_SERVING] = "serving",
};

size_t service_pending(const struct service *service)
{
    size_t pending = 0;

    for (size_t i = 0; i < service->listener_count; i++)
        pending += service->listeners[i].source.fd < 0;
    return pending;
}

/* Its starts fail; or the handlers of all of its sockets take nothing. */
static bool is_resting(const struct service *service)
{
    size_t resting = 0;

    for (size_t i = 0; i < service->listener_count; i++)
        resting += lend_rests(&service->listeners[i]);
    return loop_is_armed(&service->throttle_timer) ||
           (resting > 0 && resting == service->listener_count);
}

static enum service_state state_by_limits(const struct service *service)
{
    const struct connections *connections = service->services->connections;
    enum admission_reason reason;

    admission_preview(&connections->admission, &service->admission, loop_now(connections->loop),
                      &reason);
    if (reason == REASON_FULL || reason == REASON_DAEMON_FULL)
        return SERVICE_FULL;
    return reason == REASON_NONE ? SERVICE_SERVING : SERVICE_LIMITED;
}

enum service_state service_state(const struct service *service)
{
    if (service->services->connections->turns.blocked & TURNS_STOPPING || service->retired)
        return SERVICE_STOPPING;
    if (service->paused)
        return service->draining ? SERVICE_DRAINING : SERVICE_PAUSED;
    if (service_pending(service) > 0)
        return SERVICE_PENDING;
    if (is_resting(service))
        return SERVICE_RESTING;
    if (turns_is_short(&service->services->connections->turns) || service->awaits_fds)
        return SERVICE_STARVED;
    return state_by_limits(service);
}

const char *listener_state_name(const struct listener *listener)
{
    if (listener->source.fd < 0)
        return "pending";
    if (lend_rests(listener))
        return "resting";
    if (lend_is_out(listener))
        return "lent";
    return listener->parked ? "parked" : "watched";
}

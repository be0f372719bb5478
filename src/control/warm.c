/* warm: what the control socket tells of warm handlers: in a service's status what was
 * found and what stands ready, and of the connections, on demand, the processes that have none yet.
 * Called by status.c. */
#include "connection/connections.h"
#include "control/command.h"

void control_add_warm(struct control_reply *reply, json_t *object, const struct service *service)
{
    const struct warming *warming = service->warming;
    char gate[WARMING_GATE_SIZE];
    json_t *warm;

    if (!warming)
        return;
    warm = reply_add_object(reply, object, "warm");
    reply_add_text(reply, warm, "state", warming_state(warming));
    if (warming_gate(warming, gate))
        reply_add_text(reply, warm, "gate", gate);
    reply_add_count(reply, warm, "ready", warming_ready(warming));
    reply_add_count(reply, warm, "served_warm", warming->served);
    reply_add_count(reply, warm, "served_cold", warming->colds);
    if (warming->why[0] != '\0')
        reply_add_text(reply, warm, "why", warming->why);
}

struct listing {
    struct control_reply *reply;
    const struct service *service; /* NULL: all */
    json_t *list;
    nanoseconds now;
    uint64_t most, total;
};

static void list_one(const struct warm_child *child, void *context)
{
    struct listing *listing = context;
    const struct warming *warming = child->warming;
    bool is_warmer = child == &warming->warmer;
    json_t *item;

    if ((listing->service && warming->service != listing->service) ||
        listing->total++ >= listing->most)
        return;
    item = reply_add_item(listing->reply, listing->list);
    reply_add_text(listing->reply, item, "service", warming->service->settings->name);
    reply_add_text(listing->reply, item, "state",
                   is_warmer                    ? "warmer"
                   : child == warming->template ? "template"
                                                : "parked");
    reply_add_count(listing->reply, item, "pid", (uint64_t)child->process.pid);
    if (is_warmer)
        return;
    reply_add_count(listing->reply, item, "uses", child->uses);
    reply_add_duration(listing->reply, item, "age_ms", listing->now - child->since);
}

void control_add_parked(struct control_call *call, const struct service *service, uint64_t most)
{
    struct connections *connections = call->context->connections;
    struct listing listing = {.reply = &call->reply,
                              .service = service,
                              .list = reply_add_array(&call->reply, call->reply.root, "parked"),
                              .now = loop_now(connections->loop),
                              .most = most};

    pools_visit_children(call->context->pools, list_one, &listing);
    reply_add_count(&call->reply, call->reply.root, "parked_total", listing.total);
}

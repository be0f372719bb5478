/* sources: the busiest sources: those with the most connections first, then those that are
 * refused the longest.
 *
 * There may be millions. What one call looks at is bounded, so that the loop goes on; a table with
 * more than that is looked at in part, which the answer tells.
 */
#include <errno.h>

#include "admit/ranking.h"
#include "connection/connections.h"
#include "control/command.h"

#define SHOWN  20
#define LOOKED 65536 /* of each family: some milliseconds */

static void rank(const struct source *source, void *context)
{
    ranking_add(context, source);
}

/* The service of that number, also one that is retired; NULL: gone. */
static const struct service *find_number(const struct connections *connections, uint32_t number)
{
    const struct service *service = connections->services->first;

    while (service && service->admission.number != number)
        service = service->next;
    if (!service)
        for (service = connections->services->retired;
             service && service->admission.number != number;)
            service = service->next;
    return service;
}

static void add_source(struct control_call *call, json_t *list, const struct source *source)
{
    struct control_reply *reply = &call->reply;
    const struct service *service = find_number(call->context->connections, source->key.service);
    nanoseconds now = loop_now(call->context->connections->loop);
    struct addr addr = sources_addr(source);
    char text[PREFIX_TEXT_SIZE];
    json_t *item = reply_add_item(reply, list);

    control_format_source(service, &addr, text);
    reply_add_text(reply, item, "service", service ? service->settings->name : "");
    reply_add_text(reply, item, "source", sources_is_shared(source) ? "others" : text);
    reply_add_count(reply, item, "connections", source->connections);
    if (source->penalty > now) {
        reply_add_duration(reply, item, "penalty_ms", source->penalty - now);
        reply_add_flag(reply, item, "enforced", source->is_enforced);
    }
}

int control_sources(struct control_call *call)
{
    const struct control_argument *one = &call->arguments[0];
    const struct service *service = one->given ? control_find_service(call, one) : NULL;
    size_t most = (size_t)control_count(&call->arguments[1], SHOWN);
    struct ranking ranking;
    const struct sources *sources = &call->context->connections->admission.sources;
    json_t *list;
    bool whole;

    if (one->given && !service)
        return -EINVAL;
    if (ranking_open(&ranking, most, service ? &service->admission.number : NULL) < 0)
        return -ENOMEM;
    whole = sources_visit(sources, LOOKED, rank, &ranking);
    ranking_sort(&ranking);
    list = reply_add_array(&call->reply, call->reply.root, "sources");
    for (size_t i = 0; i < ranking.count; i++)
        add_source(call, list, ranking.items[i]);
    reply_add_count(&call->reply, call->reply.root, "total",
                    service ? ranking.seen : sources_count(sources));
    ranking_close(&ranking);
    reply_add_flag(&call->reply, call->reply.root, "whole", whole);
    return 0;
}

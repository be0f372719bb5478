/* bans: ban, unban, bans: who may not come, by order. admit/bans.h keeps them. */
#include <errno.h>

#include "connection/connections.h"
#include "control/command.h"

/* Ends the handlers of its clients; how many. */
static uint64_t kill_all(struct connections *connections, const struct prefix *prefix)
{
    uint64_t count = 0;

    for (struct connection *one = children_youngest(&connections->children); one;
         one = children_older(&connections->children, one)) {
        if (one->lent || !prefix_contains(prefix, &one->peer))
            continue;
        connection_kill(connections, one);
        count++;
    }
    return count;
}

int control_ban(struct control_call *call)
{
    struct connections *connections = call->context->connections;
    const struct control_argument *duration = &call->arguments[1];
    const struct prefix *prefix = &call->arguments[0].prefix;
    nanoseconds now = loop_now(connections->loop);
    int error = bans_add(&connections->admission.bans, prefix,
                         duration->given ? now + duration->duration : 0, now);

    if (error == -ENOSPC)
        return control_refuse(call, "too many bans (limit %d)", BANS_MAX);
    if (error < 0)
        return error;
    reply_add_count(
        &call->reply, call->reply.root, "killed",
        call->arguments[2].given && call->arguments[2].flag ? kill_all(connections, prefix) : 0);
    return 0;
}

int control_unban(struct control_call *call)
{
    char text[PREFIX_TEXT_SIZE];

    if (bans_remove(&call->context->connections->admission.bans, &call->arguments[0].prefix,
                    loop_now(call->context->connections->loop)))
        return 0;
    prefix_format(&call->arguments[0].prefix, text);
    return control_refuse(call, "%s is not banned", text);
}

#define SHOWN 1000

int control_bans(struct control_call *call)
{
    nanoseconds now = loop_now(call->context->connections->loop);
    uint64_t most = control_count(&call->arguments[0], SHOWN), total = 0;
    json_t *list = reply_add_array(&call->reply, call->reply.root, "bans");

    for (const struct ban *ban = call->context->connections->admission.bans.youngest; ban;
         ban = ban->older) {
        char text[PREFIX_TEXT_SIZE];
        json_t *item;

        if (bans_is_over(ban, now) || total++ >= most)
            continue;
        prefix_format(&ban->prefix, text);
        item = reply_add_item(&call->reply, list);
        reply_add_text(&call->reply, item, "source", text);
        if (ban->until != 0)
            reply_add_duration(&call->reply, item, "left_ms", ban->until - now);
    }
    reply_add_count(&call->reply, call->reply.root, "total", total);
    return 0;
}

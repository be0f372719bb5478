/* control_bans: ban, unban, bans: who may not come, by order. admit/bans.h keeps them. */
#include <errno.h>

#include "serve/control_command.h"
#include "serve/server.h"

struct killing {
    struct server *server;
    const struct prefix *prefix;
    uint64_t count;
};

static void kill_one(struct map_node *node, void *context)
{
    struct connection *connection = MAP_ENTRY(node, struct connection, node);
    struct killing *killing = context;

    if (connection->lent || !prefix_contains(killing->prefix, &connection->peer))
        return;
    server_kill(killing->server, connection);
    killing->count++;
}

int control_ban(struct control_call *call)
{
    struct server *server = call->server;
    const struct control_argument *duration = &call->arguments[1];
    struct killing killing = {server, &call->arguments[0].prefix, 0};
    nanoseconds now = loop_now(server->loop);
    int error = bans_add(&server->admission.bans, killing.prefix,
                         duration->given ? now + duration->duration : 0, now);

    if (error == -ENOSPC)
        return control_refuse(call, "there are %d bans already, and no room for more", BANS_MAX);
    if (error < 0)
        return error;
    if (call->arguments[2].given && call->arguments[2].flag)
        map_visit(&server->children.by_pid, kill_one, &killing);
    reply_add_count(&call->reply, call->reply.root, "killed", killing.count);
    return 0;
}

int control_unban(struct control_call *call)
{
    char text[PREFIX_TEXT_SIZE];

    if (bans_remove(&call->server->admission.bans, &call->arguments[0].prefix,
                    loop_now(call->server->loop)))
        return 0;
    prefix_format(&call->arguments[0].prefix, text);
    return control_refuse(call, "%s is not banned", text);
}

#define SHOWN 1000

int control_bans(struct control_call *call)
{
    nanoseconds now = loop_now(call->server->loop);
    uint64_t most = control_count(&call->arguments[0], SHOWN), total = 0;
    json_t *list = reply_add_array(&call->reply, call->reply.root, "bans");

    for (const struct ban *ban = call->server->admission.bans.youngest; ban; ban = ban->older) {
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

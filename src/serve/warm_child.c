/* warm_child: see warming_parts.h. */
#include <signal.h>
#include <stdlib.h>

#include "base/fd.h"
#include "serve/server.h"
#include "serve/warming_parts.h"

struct warm_child *warm_child_find(const struct server *server, pid_t pid)
{
    const struct map *map = &server->warm_children;
    struct map_node *node = map_first(map, map_hash(map, &pid, sizeof(pid)));

    for (; node; node = map_next(node)) {
        struct warm_child *child = MAP_ENTRY(node, struct warm_child, node);

        if (child->pid == pid)
            return child;
    }
    return NULL;
}

void warm_child_know(struct warm_child *child, pid_t pid)
{
    struct map *map = &child->warming->service->server->warm_children;

    child->pid = pid;
    child->reaped = false;
    map_add(map, &child->node, map_hash(map, &pid, sizeof(pid)));
}

void warm_child_forget(struct warm_child *child)
{
    struct server *server = child->warming->service->server;

    loop_unwatch(server->loop, &child->source);
    child->source.fd = fd_close(child->source.fd);
    map_remove(&server->warm_children, &child->node);
}

void warm_child_end(struct warm_child *child)
{
    /* Not reaped, so its number is still its own. */
    if (!child->reaped)
        kill(child->pid, SIGKILL);
    warm_child_forget(child);
}

void warm_child_discard(struct warm_child *child)
{
    warm_child_end(child);
    free(child);
}

void warm_child_unlist(struct warm_child **list, const struct warm_child *child)
{
    while (*list != child)
        list = &(*list)->next;
    *list = child->next;
}

void warm_child_append(struct warm_child **list, struct warm_child *child)
{
    while (*list)
        list = &(*list)->next;
    child->next = NULL;
    *list = child;
}

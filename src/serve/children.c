/* children: see children.h. */
#include "serve/children.h"

#include <signal.h>
#include <stdlib.h>

#define BLOCK_ITEMS 64

struct connection_block {
    struct connection_block *next;
    struct connection items[BLOCK_ITEMS];
};

int children_open(struct children *children)
{
    *children = (struct children){0};
    return map_open(&children->by_pid);
}

void children_close(struct children *children)
{
    while (children->blocks) {
        struct connection_block *next = children->blocks->next;

        free(children->blocks);
        children->blocks = next;
    }
    map_close(&children->by_pid);
    *children = (struct children){0};
}

static bool add_block(struct children *children)
{
    struct connection_block *block = calloc(1, sizeof(*block));

    if (!block)
        return false;
    block->next = children->blocks;
    children->blocks = block;
    for (size_t i = 0; i < BLOCK_ITEMS; i++) {
        block->items[i].next = children->free;
        children->free = &block->items[i];
    }
    return true;
}

struct connection *children_new(struct children *children)
{
    struct connection *connection;

    if (!children->free && !add_block(children))
        return NULL;
    connection = children->free;
    children->free = connection->next;
    *connection = (struct connection){.fd = -1, .linger_fd = -1};
    return connection;
}

void children_free(struct children *children, struct connection *connection)
{
    free(connection->peer_path);
    free(connection->local_path);
    connection->next = children->free;
    children->free = connection;
}

void children_add(struct children *children, struct connection *connection, pid_t pid)
{
    connection->pid = pid;
    map_add(&children->by_pid, &connection->node, map_hash(&children->by_pid, &pid, sizeof(pid)));
    connection->younger = NULL;
    connection->older = children->youngest;
    if (connection->older)
        connection->older->younger = connection;
    children->youngest = connection;
    children->processes++;
    children->group_kills += connection->kills_group;
}

void children_remove(struct children *children, struct connection *connection)
{
    map_remove(&children->by_pid, &connection->node);
    if (children->cursor == connection)
        children->cursor = connection->older;
    if (children->youngest == connection)
        children->youngest = connection->older;
    if (connection->older)
        connection->older->younger = connection->younger;
    if (connection->younger)
        connection->younger->older = connection->older;
    children->processes--;
    children->group_kills -= connection->kills_group;
}

struct connection *children_find(const struct children *children, pid_t pid)
{
    struct map_node *node =
        map_first(&children->by_pid, map_hash(&children->by_pid, &pid, sizeof(pid)));

    for (; node; node = map_next(node)) {
        struct connection *connection = MAP_ENTRY(node, struct connection, node);

        if (connection->pid == pid)
            return connection;
    }
    return NULL;
}

void children_signal_one(struct connection *connection, int number)
{
    connection->killed = true;
    /* Its group is its pid once it has made its session; before that there is only itself. */
    if (kill(-connection->pid, number) < 0)
        kill(connection->pid, number);
}

static void signal_one(struct map_node *node, void *context)
{
    children_signal_one(MAP_ENTRY(node, struct connection, node), *(int *)context);
}

void children_signal(struct children *children, int number)
{
    map_visit(&children->by_pid, signal_one, &number);
}

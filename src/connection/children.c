/* children: see children.h. */
#include "connection/children.h"

#include <signal.h>
#include <stdlib.h>

#define BLOCK_ITEMS 64

struct connection_block {
    struct connection_block *next;
    struct connection items[BLOCK_ITEMS];
};

void children_open(struct children *children, struct processes *processes,
                   void (*ended)(struct process *process, int status, const struct rusage *usage))
{
    *children = (struct children){.processes = processes, .ended = ended};
}

void children_close(struct children *children)
{
    while (children->blocks) {
        struct connection_block *next = children->blocks->next;

        free(children->blocks);
        children->blocks = next;
    }
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
    connection->process.ended = children->ended;
    processes_add(children->processes, &connection->process, pid);
    children->handlers++;
}

struct connection *children_of(struct process *process)
{
    return MAP_ENTRY(process, struct connection, process);
}

struct connection *children_find(const struct children *children, pid_t pid)
{
    struct process *process = processes_find(children->processes, pid);

    return process && process->ended == children->ended ? children_of(process) : NULL;
}

/* From process on, the first one that is a handler. */
static struct connection *skip(const struct children *children, struct process *process, bool older)
{
    while (process && process->ended != children->ended)
        process = older ? process->older : process->younger;
    return process ? children_of(process) : NULL;
}

struct connection *children_youngest(const struct children *children)
{
    return skip(children, children->processes->youngest, true);
}

struct connection *children_older(const struct children *children, const struct connection *one)
{
    return skip(children, one->process.older, true);
}

struct connection *children_younger(const struct children *children, const struct connection *one)
{
    return skip(children, one->process.younger, false);
}

void children_signal_one(struct connection *connection, int number)
{
    connection->killed = true;
    /* Its group is its pid once it has made its session; before that there is only itself. */
    if (kill(-connection->process.pid, number) < 0)
        kill(connection->process.pid, number);
}

void children_signal(struct children *children, int number)
{
    for (struct connection *one = children_youngest(children); one;
         one = children_older(children, one))
        children_signal_one(one, number);
}

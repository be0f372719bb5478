/* map: see map.h. Under admission's sources, serve's children and load's names. */
#include "base/map.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_CHAINS 16

int map_open(struct map *map)
{
    struct map made = {.chain_count = FIRST_CHAINS};
    int error = siphash_key_new(&made.key);

    if (error < 0)
        return error;
    made.chains = calloc(FIRST_CHAINS, sizeof(*made.chains));
    if (!made.chains)
        return -ENOMEM;
    *map = made;
    return 0;
}

void map_close(struct map *map)
{
    free(map->chains);
    *map = (struct map){0};
}

uint64_t map_hash(const struct map *map, const void *key, size_t length)
{
    return siphash(&map->key, key, length);
}

static struct map_node **find_chain(const struct map *map, uint64_t hash)
{
    /* double_chains leaves the new ones behind. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    return &map->chains[hash & (map->chain_count - 1)];
}

static struct map_node *skip_to(struct map_node *node, uint64_t hash)
{
    while (node && node->hash != hash)
        node = node->next;
    return node;
}

struct map_node *map_first(const struct map *map, uint64_t hash)
{
    return skip_to(*find_chain(map, hash), hash);
}

struct map_node *map_next(const struct map_node *node)
{
    return skip_to(node->next, node->hash);
}

static void double_chains(struct map *map)
{
    struct map larger = *map;

    larger.chain_count *= 2;
    larger.chains = calloc(larger.chain_count, sizeof(*larger.chains));
    if (!larger.chains)
        return;
    for (size_t i = 0; i < map->chain_count; i++)
        while (map->chains[i]) {
            struct map_node *node = map->chains[i];
            struct map_node **chain = find_chain(&larger, node->hash);

            map->chains[i] = node->next;
            node->next = *chain;
            *chain = node;
        }
    free(map->chains);
    *map = larger;
}

void map_add(struct map *map, struct map_node *node, uint64_t hash)
{
    struct map_node **chain;

    if (map->count >= 2 * map->chain_count)
        double_chains(map);
    chain = find_chain(map, hash);
    node->hash = hash;
    node->next = *chain;
    *chain = node;
    map->count++;
}

void map_remove(struct map *map, struct map_node *node)
{
    struct map_node **link = find_chain(map, node->hash);

    while (*link != node)
        link = &(*link)->next;
    *link = node->next;
    map->count--;
}

void map_visit(struct map *map, void (*visit)(struct map_node *node, void *context), void *context)
{
    for (size_t i = 0; i < map->chain_count; i++) {
        struct map_node *node = map->chains[i];

        while (node) {
            struct map_node *next = node->next;

            visit(node, context);
            node = next;
        }
    }
}

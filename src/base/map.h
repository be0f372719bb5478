/* map: a hash table of things that carry their own node.
 *
 * Why not a library's: adding must never fail, because what is added is a process that exists
 * already or a client that is counted. The node is part of the thing, and when there is no memory
 * for more chains the chains just get longer. Hashing is keyed (SipHash), since strangers choose
 * some of the keys. Not for keys that change while they are in.
 */
#ifndef STDINETD_BASE_MAP_H
#define STDINETD_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/siphash.h"

struct map_node {
    struct map_node *next;
    uint64_t hash;
};

struct map {
    struct siphash_key key;
    struct map_node **chains;
    size_t chain_count; /* a power of two */
    size_t count;
};

/* The thing that node is part of. */
#define MAP_ENTRY(node, type, member) ((type *)((char *)(node)-offsetof(type, member)))

/* An empty map; 0 or -errno. */
int map_open(struct map *map);

/* Frees the table; the things in it are their owners'. */
void map_close(struct map *map);

uint64_t map_hash(const struct map *map, const void *key, size_t length);

/* The first node with this hash, or the next one after node; NULL where there is none. The caller
 * compares the keys. */
struct map_node *map_first(const struct map *map, uint64_t hash);
struct map_node *map_next(const struct map_node *node);

/* Adds node under hash; never fails. The caller looked before whether the key is there. */
void map_add(struct map *map, struct map_node *node, uint64_t hash);

/* Takes node out, which must be in. */
void map_remove(struct map *map, struct map_node *node);

/* Calls visit for every node, in no order; visit may remove the node it was given. */
void map_visit(struct map *map, void (*visit)(struct map_node *node, void *context), void *context);

#endif

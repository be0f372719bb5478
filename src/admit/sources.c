/* sources: see sources.h. Entries come in blocks and are used again, so that a busy table allocates
 * nothing. */
#include "admit/sources.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_ITEMS 64

struct source_block {
    struct source_block *next;
    struct source items[BLOCK_ITEMS];
};

int sources_open(struct sources *sources)
{
    *sources = (struct sources){0};
    return map_open(&sources->map);
}

void sources_close(struct sources *sources)
{
    while (sources->blocks) {
        struct source_block *next = sources->blocks->next;

        free(sources->blocks);
        sources->blocks = next;
    }
    map_close(&sources->map);
    *sources = (struct sources){0};
}

static struct source *take_free(struct sources *sources)
{
    struct source *source;

    if (!sources->free) {
        struct source_block *block = calloc(1, sizeof(*block));

        if (!block)
            return NULL;
        block->next = sources->blocks;
        sources->blocks = block;
        for (size_t i = 0; i < BLOCK_ITEMS; i++) {
            block->items[i].next_free = sources->free;
            sources->free = &block->items[i];
        }
    }
    source = sources->free;
    sources->free = source->next_free;
    return source;
}

static struct source_key make_key(uint32_t service, const struct addr *addr)
{
    struct source_key key = {.service = service, .family = addr->family};

    /* Of a unix peer just the uid, which stands first; its pid and a vsock's port, which stand in
     * scope, are a client's own choice. */
    if (addr->family == ADDR_UNIX) {
        memcpy(key.bytes, addr->bytes, sizeof(uint32_t));
        return key;
    }
    if (addr->family != ADDR_VSOCK)
        key.scope = addr->scope;
    memcpy(key.bytes, addr->bytes, sizeof(key.bytes));
    return key;
}

struct source *sources_enter(struct sources *sources, uint32_t service, const struct addr *addr)
{
    struct source_key key = make_key(service, addr);
    uint64_t hash = map_hash(&sources->map, &key, sizeof(key));
    struct source *source;

    for (struct map_node *node = map_first(&sources->map, hash); node; node = map_next(node)) {
        source = MAP_ENTRY(node, struct source, node);
        if (memcmp(&source->key, &key, sizeof(key)) == 0) {
            source->running++;
            return source;
        }
    }
    source = take_free(sources);
    if (!source)
        return NULL;
    source->key = key;
    source->running = 1;
    map_add(&sources->map, &source->node, hash);
    return source;
}

void sources_leave(struct sources *sources, struct source *source)
{
    if (--source->running > 0)
        return;
    map_remove(&sources->map, &source->node);
    source->next_free = sources->free;
    sources->free = source;
}

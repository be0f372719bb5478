/* arena: see arena.h. Used by config and by the plans made from it. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One malloc of a few pages: large enough that five thousand services need few of them. */
#define BLOCK_SIZE ((size_t)16 * 1024)

struct block {
    struct block *next;
    size_t used;
    size_t size;
    alignas(max_align_t) unsigned char bytes[];
};

struct arena {
    struct block *blocks; /* the first one is the one being filled */
};

struct arena *arena_new(void)
{
    return calloc(1, sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    while (arena->blocks) {
        struct block *next = arena->blocks->next;

        free(arena->blocks);
        arena->blocks = next;
    }
    free(arena);
}

static struct block *add_block(struct arena *arena, size_t size)
{
    size_t room = size > BLOCK_SIZE / 4 ? size : BLOCK_SIZE;
    struct block *block = malloc(sizeof(*block) + room);

    if (!block)
        return NULL;
    *block = (struct block){.size = room};
    if (room != BLOCK_SIZE && arena->blocks) {
        /* A piece of its own goes behind the block being filled, which still has room. */
        block->next = arena->blocks->next;
        arena->blocks->next = block;
    } else {
        block->next = arena->blocks;
        arena->blocks = block;
    }
    return block;
}

void *arena_allocate(struct arena *arena, size_t size)
{
    const size_t alignment = alignof(max_align_t);
    struct block *block = arena->blocks;
    void *piece;

    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + alignment - 1) / alignment * alignment;
    if (!block || block->size - block->used < size)
        block = add_block(arena, size);
    if (!block)
        return NULL;
    piece = block->bytes + block->used;
    block->used += size;
    return memset(piece, 0, size);
}

void *arena_allocate_array(struct arena *arena, size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    return arena_allocate(arena, total);
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_allocate(arena, length + 1);

    if (copy && length > 0)
        memcpy(copy, text, length);
    return copy;
}

char *arena_copy_string(struct arena *arena, const char *text)
{
    return arena_copy(arena, text, strlen(text));
}

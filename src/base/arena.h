/* arena: memory that is filled piece by piece and given back all at once.
 *
 * A configuration snapshot lives in one: it is built while loading, never changed afterwards, and
 * freed as a whole when nothing refers to it. Pieces cannot be freed singly.
 */
#ifndef STDINETD_BASE_ARENA_H
#define STDINETD_BASE_ARENA_H

#include <stddef.h>

struct arena;

/* A new, empty arena; NULL when memory is short. Freed by arena_free. */
struct arena *arena_new(void);

/* Frees the arena and every piece of it. NULL is fine. */
void arena_free(struct arena *arena);

/* size zeroed bytes, aligned for any type; NULL when memory is short. Lives as long as the arena.
 */
void *arena_allocate(struct arena *arena, size_t size);

/* count zeroed items of size bytes each; NULL when memory is short or the product overflows. */
void *arena_allocate_array(struct arena *arena, size_t count, size_t size);

/* A copy of the first length bytes of text, with a NUL after them; NULL when memory is short. */
char *arena_copy(struct arena *arena, const char *text, size_t length);

/* A copy of text; NULL when memory is short. */
char *arena_copy_string(struct arena *arena, const char *text);

#endif

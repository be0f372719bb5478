/* sources: see sources.h. Entries stand in blocks of pages of their own, so that what a flood took
 * goes back to the system block by block. */
#include "admit/sources.h"

#include <string.h>
#include <sys/mman.h>

#define BLOCK_SIZE ((size_t)64 * 1024)

struct source_block {
    struct source_block *next, **link;           /* of all */
    struct source_block *next_free, **free_link; /* of those with room */
    struct source *free;
    size_t used;
    size_t fresh; /* items from here on were never used: their pages are untouched */
    struct source items[];
};

#define BLOCK_ITEMS ((BLOCK_SIZE - sizeof(struct source_block)) / sizeof(struct source))

/* Entries that a new one looks at for one to replace, when a table is full: constant work. */
#define LOOKS 8

static const struct source_table *look_table(const struct sources *sources, uint8_t family)
{
    return &sources->tables[family == ADDR_IPV4 ? 0 : family == ADDR_IPV6 ? 1 : 2];
}

static struct source_table *table_of(struct sources *sources, uint8_t family)
{
    return &sources->tables[look_table(sources, family) - sources->tables];
}

int sources_open(struct sources *sources, size_t most)
{
    *sources = (struct sources){.most = most};
    for (size_t i = 0; i < SOURCE_TABLES; i++) {
        int error = map_open(&sources->tables[i].map);

        if (error < 0) {
            sources_close(sources);
            return error;
        }
    }
    return 0;
}

void sources_close(struct sources *sources)
{
    for (size_t i = 0; i < SOURCE_TABLES; i++) {
        struct source_table *table = &sources->tables[i];

        while (table->blocks) {
            struct source_block *next = table->blocks->next;

            munmap(table->blocks, BLOCK_SIZE);
            table->blocks = next;
        }
        map_close(&table->map);
    }
    *sources = (struct sources){0};
}

/* --- blocks --------------------------------------------------------------------------------- */

static void push_free_block(struct source_table *table, struct source_block *block)
{
    block->next_free = table->free_blocks;
    block->free_link = &table->free_blocks;
    if (block->next_free)
        block->next_free->free_link = &block->next_free;
    table->free_blocks = block;
}

static void pull_free_block(struct source_block *block)
{
    *block->free_link = block->next_free;
    if (block->next_free)
        block->next_free->free_link = block->free_link;
}

static struct source_block *add_block(struct source_table *table)
{
    struct source_block *block =
        mmap(NULL, BLOCK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (block == MAP_FAILED)
        return NULL;
    block->next = table->blocks;
    block->link = &table->blocks;
    if (block->next)
        block->next->link = &block->next;
    table->blocks = block;
    push_free_block(table, block);
    return block;
}

/* An entry, zeroed but for its block; NULL without memory. */
static struct source *take_entry(struct source_table *table)
{
    struct source_block *block = table->free_blocks ? table->free_blocks : add_block(table);
    struct source *source;

    if (!block)
        return NULL;
    source = block->free;
    if (source)
        block->free = source->next_free;
    else
        source = &block->items[block->fresh++];
    if (++block->used == BLOCK_ITEMS)
        pull_free_block(block);
    *source = (struct source){.block = block};
    table->count++;
    return source;
}

static void give_entry(struct source_table *table, struct source *source)
{
    struct source_block *block = source->block;

    table->count--;
    if (block->used-- == BLOCK_ITEMS)
        push_free_block(table, block);
    source->next_free = block->free;
    block->free = source;
    /* One empty block is kept, so that a source that comes and goes costs no system call. */
    if (block->used > 0 || (block == table->free_blocks && !block->next_free))
        return;
    pull_free_block(block);
    *block->link = block->next;
    if (block->next)
        block->next->link = block->link;
    munmap(block, BLOCK_SIZE);
}

/* --- entries without connections ------------------------------------------------------------ */

static void append_idle(struct source_table *table, struct source *source)
{
    source->younger = NULL;
    source->older = table->youngest;
    if (source->older)
        source->older->younger = source;
    else
        table->oldest = source;
    table->youngest = source;
}

static void remove_idle(struct source_table *table, struct source *source)
{
    if (source->older)
        source->older->younger = source->younger;
    else
        table->oldest = source->younger;
    if (source->younger)
        source->younger->older = source->older;
    else
        table->youngest = source->older;
}

static bool says_nothing(const struct source *source, nanoseconds now)
{
    return source->connections == 0 && source->bucket.full <= now && source->penalty <= now;
}

/* Forgets an entry, which is not among the idle ones any more. */
static void forget(struct source_table *table, struct source *source)
{
    map_remove(&table->map, &source->node);
    give_entry(table, source);
}

/* --- finding -------------------------------------------------------------------------------- */

static struct source_key make_key(uint32_t service, const struct addr *addr)
{
    struct source_key key = {.service = service};

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

static struct source *find(const struct source_table *table, const struct source_key *key,
                           uint8_t family, bool is_shared, uint64_t hash)
{
    for (struct map_node *node = map_first(&table->map, hash); node; node = map_next(node)) {
        struct source *source = MAP_ENTRY(node, struct source, node);

        if (source->family == family && source->is_shared == is_shared &&
            memcmp(&source->key, key, sizeof(*key)) == 0)
            return source;
    }
    return NULL;
}

/* The one entry of the service's sources that find no room, where there is one. */
static struct source *find_shared(const struct source_table *table, uint32_t service,
                                  uint8_t family)
{
    const struct source_key key = {.service = service};

    return find(table, &key, family, true, map_hash(&table->map, &key, sizeof(key)));
}

const struct source *sources_look(const struct sources *sources, uint32_t service,
                                  const struct addr *addr)
{
    const struct source_table *table = look_table(sources, addr->family);
    struct source_key key = make_key(service, addr);
    const struct source *source =
        find(table, &key, addr->family, false, map_hash(&table->map, &key, sizeof(key)));

    if (!source && table->count >= sources->most)
        source = find_shared(table, service, addr->family);
    return source;
}

bool sources_visit(const struct sources *sources, size_t most,
                   void (*visit)(const struct source *source, void *context), void *context)
{
    bool whole = true;

    for (size_t i = 0; i < SOURCE_TABLES; i++) {
        const struct map *map = &sources->tables[i].map;
        size_t seen = 0, chain = 0;

        for (; chain < map->chain_count && seen < most; chain++)
            for (struct map_node *node = map->chains[chain]; node; node = node->next) {
                visit(MAP_ENTRY(node, struct source, node), context);
                seen++;
            }
        whole = whole && seen == map->count;
    }
    return whole;
}

/* Makes room in a full table: one of the oldest idle ones that says nothing goes. */
static bool replace_one(struct sources *sources, struct source_table *table, nanoseconds now)
{
    for (unsigned i = 0; table->oldest && i < LOOKS; i++) {
        struct source *source = table->oldest;

        remove_idle(table, source);
        if (says_nothing(source, now)) {
            /* An enforced penalty's end is still to be told, as one of many. */
            sources->untold += source->is_enforced;
            forget(table, source);
            return true;
        }
        append_idle(table, source);
    }
    return false;
}

static struct source *make(struct source_table *table, const struct source_key *key, uint8_t family,
                           bool is_shared, uint64_t hash)
{
    struct source *source = take_entry(table);

    if (!source)
        return &table->last_resort;
    source->family = family;
    source->is_shared = is_shared;
    source->key = *key;
    map_add(&table->map, &source->node, hash);
    append_idle(table, source);
    return source;
}

/* That one, made where there is none: each service has its own, so that a flood of one is not felt
 * by the new clients of another. */
static struct source *get_shared(struct source_table *table, uint32_t service, uint8_t family)
{
    const struct source_key key = {.service = service};
    struct source *source = find_shared(table, service, family);

    return source ? source
                  : make(table, &key, family, true, map_hash(&table->map, &key, sizeof(key)));
}

struct source *sources_get(struct sources *sources, uint32_t service, const struct addr *addr,
                           nanoseconds now)
{
    struct source_table *table = table_of(sources, addr->family);
    struct source_key key = make_key(service, addr);
    uint64_t hash = map_hash(&table->map, &key, sizeof(key));
    struct source *source = find(table, &key, addr->family, false, hash);

    if (source)
        return source;
    if (table->count >= sources->most && !replace_one(sources, table, now))
        return get_shared(table, service, addr->family);
    return make(table, &key, addr->family, false, hash);
}

struct source *sources_resume(struct sources *sources, uint32_t service, const struct addr *addr,
                              bool is_shared, nanoseconds now)
{
    if (is_shared)
        return get_shared(table_of(sources, addr->family), service, addr->family);
    return sources_get(sources, service, addr, now);
}

static bool is_last_resort(const struct source *source)
{
    return source->block == NULL;
}

bool sources_is_shared(const struct source *source)
{
    return source->is_shared || is_last_resort(source);
}

void sources_enter(struct sources *sources, struct source *source)
{
    if (source->connections++ == 0 && !is_last_resort(source))
        remove_idle(table_of(sources, source->family), source);
}

/* It has just become idle: what says nothing is forgotten. */
static void settle(struct sources *sources, struct source *source, nanoseconds now)
{
    struct source_table *table = table_of(sources, source->family);

    if (is_last_resort(source) || !says_nothing(source, now) || source->is_enforced)
        return;
    remove_idle(table, source);
    forget(table, source);
}

void sources_leave(struct sources *sources, struct source *source, nanoseconds now)
{
    if (--source->connections > 0 || is_last_resort(source))
        return;
    append_idle(table_of(sources, source->family), source);
    settle(sources, source, now);
}

/* --- the end of what is remembered ---------------------------------------------------------- */

struct addr sources_addr(const struct source *source)
{
    struct addr addr = {.family = source->family, .scope = source->key.scope};

    memcpy(addr.bytes, source->key.bytes, sizeof(addr.bytes));
    return addr;
}

static void tell_pardon(const struct source *source, struct source_pardon *ret)
{
    *ret = (struct source_pardon){.service = source->key.service, .addr = sources_addr(source)};
}

size_t sources_expire(struct sources *sources, size_t most, nanoseconds now,
                      struct source_pardon *pardons, size_t room, size_t *ret_untold)
{
    size_t told = 0;

    for (size_t i = 0; i < SOURCE_TABLES; i++) {
        struct source_table *table = &sources->tables[i];
        struct source *last = table->youngest;

        for (size_t j = 0; table->oldest && j < most; j++) {
            struct source *source = table->oldest;
            bool was_last = source == last;
            bool ends = source->is_enforced && source->penalty <= now;

            remove_idle(table, source);
            if (ends && told < room)
                tell_pardon(source, &pardons[told++]);
            else if (ends)
                sources->untold++;
            if (ends)
                source->is_enforced = false;
            if (says_nothing(source, now))
                forget(table, source);
            else
                append_idle(table, source);
            if (was_last)
                break;
        }
    }
    *ret_untold = sources->untold;
    sources->untold = 0;
    return told;
}

bool sources_are_idle(const struct sources *sources)
{
    for (size_t i = 0; i < SOURCE_TABLES; i++)
        if (sources->tables[i].oldest)
            return true;
    return false;
}

size_t sources_count(const struct sources *sources)
{
    size_t count = 0;

    for (size_t i = 0; i < SOURCE_TABLES; i++)
        count += sources->tables[i].count;
    return count;
}

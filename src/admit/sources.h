/* sources: what is remembered of each source of each service: how many connections it has, its
 * bucket, its penalty.
 *
 * A source is a prefix of an address, or the uid of a unix peer. An entry lives while it has
 * connections, or its bucket isn't full, or it has a penalty: without all of that it would say
 * nothing. IPv4, IPv6 and the others have tables apart, each bounded: a flood of one family takes
 * no room from the other. When a table is full of entries that still say something, new sources
 * of a service share one entry, as if they were one source; known ones keep theirs.
 * The tables are keyed, since strangers choose the addresses, and give their memory back when a
 * flood is over. Pure: the moment now is passed in. Used by admission only.
 */
#ifndef STDINETD_ADMIT_SOURCES_H
#define STDINETD_ADMIT_SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admit/bucket.h"
#include "base/addr.h"
#include "base/clock.h"
#include "base/map.h"

struct source_key {
    uint32_t service; /* a number of the service's own */
    uint32_t scope;
    uint8_t bytes[16];
};

struct source {
    union {
        struct map_node node;     /* in the map, while it says something */
        struct source *next_free; /* else */
    };
    struct source *older, *younger; /* of those without connections */
    struct source_block *block;     /* which it is part of; NULL: a last resort */
    struct source_key key;
    uint32_t connections;
    struct bucket bucket;
    nanoseconds penalty; /* until then; 0 or past: none */
    uint8_t family;
    bool is_shared;   /* by all sources of its service that found no room */
    bool is_enforced; /* the penalty is large enough to count */
};

struct source_table {
    struct map map;
    struct source_block *blocks, *free_blocks; /* all of them; those with room */
    struct source *oldest, *youngest; /* without connections: they may have nothing to say */
    size_t count;
    struct source last_resort; /* shared by all services, when there is no memory either */
};

#define SOURCE_TABLES 3 /* IPv4, IPv6, others */

struct sources {
    struct source_table tables[SOURCE_TABLES];
    size_t most; /* entries of each table, and one more for each service that needs a shared one */
    size_t untold; /* ended penalties whose entries had to make room before they were told */
};

/* A source whose penalty is over, as sources_expire tells. */
struct source_pardon {
    uint32_t service;
    struct addr addr; /* of the prefix */
};

/* Empty tables of at most so many entries each; 0 or -errno. */
int sources_open(struct sources *sources, size_t most);
void sources_close(struct sources *sources);

/* The entry of the source that addr (masked by the caller) is for service, for looking only; the
 * shared one of its service where there is none and no room; or NULL. */
const struct source *sources_look(const struct sources *sources, uint32_t service,
                                  const struct addr *addr);

/* The same, made where there is none; a shared one where there is no room or memory. */
struct source *sources_get(struct sources *sources, uint32_t service, const struct addr *addr,
                           nanoseconds now);

/* Whether an entry is one for many sources. */
bool sources_is_shared(const struct source *source);

/* Counts a connection of it, and counts it out; then the entry may be gone. */
void sources_enter(struct sources *sources, struct source *source);
void sources_leave(struct sources *sources, struct source *source, nanoseconds now);

/* Forgets entries that say nothing any more: looks at up to so many of each table. Fills pardons
 * (room for as many) with those whose enforced penalty ended, and returns how many; *ret_untold is
 * how many more there were since it was called last. */
size_t sources_expire(struct sources *sources, size_t most, nanoseconds now,
                      struct source_pardon *pardons, size_t room, size_t *ret_untold);

/* Whether there is anything that sources_expire will have to look at. */
bool sources_are_idle(const struct sources *sources);

/* The address that an entry is for: its prefix's first. */
struct addr sources_addr(const struct source *source);

/* The entry that an earlier daemon had, shared or not. */
struct source *sources_resume(struct sources *sources, uint32_t service, const struct addr *addr,
                              bool is_shared, nanoseconds now);

/* Calls visit for entries, in no order, until about so many of each table were seen; true where
 * that was all of them. */
bool sources_visit(const struct sources *sources, size_t most,
                   void (*visit)(const struct source *source, void *context), void *context);

/* Entries of all tables. */
size_t sources_count(const struct sources *sources);

#endif

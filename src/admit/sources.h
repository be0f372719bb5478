/* sources: how many handlers each source has running, per service.
 *
 * A source is an address without its port, or the uid of a unix peer. An entry exists while its
 * count is above zero, so there are never more entries than admitted connections. The table is
 * keyed: strangers choose the addresses. Used by admission only.
 */
#ifndef STDINETD_ADMIT_SOURCES_H
#define STDINETD_ADMIT_SOURCES_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/map.h"

struct source_key {
    uint32_t service; /* a number of the service's own */
    uint32_t family;
    uint32_t scope;
    uint8_t bytes[16];
};

struct source {
    union {
        struct map_node node;     /* in the map, while it counts */
        struct source *next_free; /* else */
    };
    struct source_key key;
    uint32_t running;
};

struct sources {
    struct map map;
    struct source *free;
    struct source_block *blocks;
};

/* An empty table; 0 or -errno. */
int sources_open(struct sources *sources);
void sources_close(struct sources *sources);

/* Counts one more for this source; NULL where there is no memory for a new one. */
struct source *sources_enter(struct sources *sources, uint32_t service, const struct addr *addr);

/* Counts one less; at zero the entry is given back. */
void sources_leave(struct sources *sources, struct source *source);

#endif

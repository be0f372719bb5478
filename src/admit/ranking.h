/* ranking: the busiest of many sources: most connections first, then the longest penalty. Keeps so
 * many and no more, however many are shown to it. Pure. Used to list sources.
 */
#ifndef STDINETD_ADMIT_RANKING_H
#define STDINETD_ADMIT_RANKING_H

#include <stddef.h>
#include <stdint.h>

#include "admit/sources.h"

struct ranking {
    const struct source **items; /* a heap with the least busy one first; sorted: the busiest */
    size_t count, most;
    size_t seen;             /* of that service, kept or not */
    const uint32_t *service; /* only of this one; NULL: all */
};

/* An empty one for the busiest so many of a service's number (which must live as long), or of all
 * with NULL. 0 or -ENOMEM. */
int ranking_open(struct ranking *ranking, size_t most, const uint32_t *service);
void ranking_close(struct ranking *ranking);

/* Takes source in, if it is busy enough. */
void ranking_add(struct ranking *ranking, const struct source *source);

/* Puts them in their order; nothing more can be added. */
void ranking_sort(struct ranking *ranking);

#endif

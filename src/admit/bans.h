/* bans: networks that may not come now, by order of somebody who runs the daemon: for a time, or
 * until the ban is lifted.
 *
 * Asked before anything else about each client, so that a ban acts at once; without bans that is
 * one comparison, and with any number of them a look for each length of prefix that there is among
 * them. Bounded: a full table takes no more, and says so. Pure: the moment now is passed in. Used
 * by admission, and by serve to list them.
 */
#ifndef STDINETD_ADMIT_BANS_H
#define STDINETD_ADMIT_BANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/prefix.h"

#define BANS_MAX 65536

struct ban {
    struct map_node node;
    struct ban *older, *younger;
    struct prefix prefix;
    nanoseconds until; /* 0: until it is lifted */
};

/* Lengths of prefixes: of IPv4, of IPv6, and of unix, which has one. */
#define BANS_LENGTHS 129

struct bans {
    struct map map;
    struct ban *oldest, *youngest;     /* by when they were made; what is over may still be there */
    size_t count;                      /* of the table */
    uint32_t lengths[3][BANS_LENGTHS]; /* how many there are of each */
};

/* An empty table; 0 or -errno. */
int bans_open(struct bans *bans);
void bans_close(struct bans *bans);

/* Bans prefix until then (0: for good), or changes until when it is banned. 0; -ENOSPC where there
 * are BANS_MAX; -ENOMEM. */
int bans_add(struct bans *bans, const struct prefix *prefix, nanoseconds until, nanoseconds now);

/* Lifts the ban of that very prefix; false where there is none. */
bool bans_remove(struct bans *bans, const struct prefix *prefix, nanoseconds now);

/* The widest ban that addr is in now, or NULL. */
const struct ban *bans_find(const struct bans *bans, const struct addr *addr, nanoseconds now);

/* How many hold now; it looks at each. The table itself may still have what is over. */
size_t bans_count(const struct bans *bans, nanoseconds now);

/* Whether a ban's time is over. */
bool bans_is_over(const struct ban *ban, nanoseconds now);

#endif

/* slots: the variables of a connection, as wide as they can ever be.
 *
 * A handler that is started before its client comes has them in its environment all the same, each
 * with room for any value. They come first and in the order of environment_fill, so that they are
 * one region of its memory, which is written when the client is there. Pure; used by the supervisor
 * and the warmer.
 */
#ifndef STDINETD_WARM_SLOTS_H
#define STDINETD_WARM_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "launch/environment.h"

#define WARM_REGION_MAX 1024

struct warm_slot {
    uint16_t offset; /* of its string in the region */
    uint16_t name;   /* bytes up to and with the '=' */
    uint16_t width;  /* bytes of a value; those of one that never changes stand there already */
    uint16_t changes;
};

struct warm_slots {
    uint32_t size, count;
    struct warm_slot items[ENVIRONMENT_ITEMS];
    char blank[WARM_REGION_MAX];  /* "NAME=" and NULs: how a program sees it that looks too early */
    char padded[WARM_REGION_MAX]; /* "NAME=   …": how exec is given it */
};

/* Slots for environments with these variables. 0; -E2BIG where there is no room for them. */
int warm_slots_make(const struct environment *sample, struct warm_slots *ret);

/* Writes environment, the variables of a connection, into region (slots->size bytes). False where
 * they aren't the ones the slots were made for, or too long. */
bool warm_slots_fill(const struct warm_slots *slots, const struct environment *environment,
                     char *region);

#endif

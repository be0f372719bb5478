/* bans: see bans.h. */
#include "admit/bans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Old ones that each new one looks at, to forget those that are over. */
#define LOOKS 8

static uint32_t *lengths_of(struct bans *bans, uint8_t family)
{
    return bans->lengths[family == ADDR_IPV4 ? 0 : family == ADDR_IPV6 ? 1 : 2];
}

int bans_open(struct bans *bans)
{
    *bans = (struct bans){0};
    return map_open(&bans->map);
}

void bans_close(struct bans *bans)
{
    while (bans->oldest) {
        struct ban *next = bans->oldest->younger;

        free(bans->oldest);
        bans->oldest = next;
    }
    map_close(&bans->map);
    *bans = (struct bans){0};
}

bool bans_is_over(const struct ban *ban, nanoseconds now)
{
    return ban->until != 0 && ban->until <= now;
}

size_t bans_count(const struct bans *bans, nanoseconds now)
{
    size_t count = 0;

    for (const struct ban *ban = bans->oldest; ban; ban = ban->younger)
        count += !bans_is_over(ban, now);
    return count;
}

static uint64_t hash(const struct bans *bans, const struct prefix *prefix)
{
    return map_hash(&bans->map, prefix, sizeof(*prefix)); /* it has no padding */
}

static struct ban *find(const struct bans *bans, const struct prefix *prefix)
{
    for (struct map_node *node = map_first(&bans->map, hash(bans, prefix)); node;
         node = map_next(node)) {
        struct ban *ban = MAP_ENTRY(node, struct ban, node);

        if (prefix_compare(&ban->prefix, prefix) == 0)
            return ban;
    }
    return NULL;
}

static void append(struct bans *bans, struct ban *ban)
{
    ban->younger = NULL;
    ban->older = bans->youngest;
    if (ban->older)
        ban->older->younger = ban;
    else
        bans->oldest = ban;
    bans->youngest = ban;
}

static void take_out(struct bans *bans, struct ban *ban)
{
    if (ban->older)
        ban->older->younger = ban->younger;
    else
        bans->oldest = ban->younger;
    if (ban->younger)
        ban->younger->older = ban->older;
    else
        bans->youngest = ban->older;
}

static void forget(struct bans *bans, struct ban *ban)
{
    take_out(bans, ban);
    map_remove(&bans->map, &ban->node);
    lengths_of(bans, ban->prefix.family)[ban->prefix.length]--;
    bans->count--;
    free(ban);
}

/* Forgets those of the first most that are over. */
static void expire(struct bans *bans, size_t most, nanoseconds now)
{
    struct ban *ban = bans->oldest;

    while (ban && most-- > 0) {
        struct ban *next = ban->younger;

        if (bans_is_over(ban, now))
            forget(bans, ban);
        ban = next;
    }
}

int bans_add(struct bans *bans, const struct prefix *prefix, nanoseconds until, nanoseconds now)
{
    struct ban *ban = find(bans, prefix);

    if (ban) {
        ban->until = until;
        return 0;
    }
    expire(bans, bans->count < BANS_MAX ? LOOKS : BANS_MAX, now);
    if (bans->count == BANS_MAX)
        return -ENOSPC;
    ban = calloc(1, sizeof(*ban));
    if (!ban)
        return -ENOMEM;
    ban->prefix = *prefix;
    ban->until = until;
    map_add(&bans->map, &ban->node, hash(bans, prefix));
    append(bans, ban);
    lengths_of(bans, prefix->family)[prefix->length]++;
    bans->count++;
    return 0;
}

bool bans_remove(struct bans *bans, const struct prefix *prefix, nanoseconds now)
{
    struct ban *ban = find(bans, prefix);
    bool held;

    if (!ban)
        return false;
    held = !bans_is_over(ban, now);
    forget(bans, ban);
    return held;
}

const struct ban *bans_find(const struct bans *bans, const struct addr *addr, nanoseconds now)
{
    const uint32_t *lengths;
    unsigned width = addr->family == ADDR_IPV4 ? 32 : addr->family == ADDR_IPV6 ? 128 : 0;

    if (bans->count == 0 || (width == 0 && addr->family != ADDR_UNIX))
        return NULL;
    lengths = bans->lengths[width == 32 ? 0 : width == 128 ? 1 : 2];
    for (unsigned length = 0; length <= width; length++) {
        struct prefix prefix = {.family = addr->family, .length = (uint8_t)length};
        struct addr masked = *addr;
        const struct ban *ban;

        if (lengths[length] == 0)
            continue;
        if (width > 0) {
            prefix_mask(&masked, length);
            memcpy(prefix.bytes, masked.bytes, width / 8);
        }
        ban = find(bans, &prefix);
        if (ban && !bans_is_over(ban, now))
            return ban;
    }
    return NULL;
}

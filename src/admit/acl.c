/* acl: see acl.h. Made by serve when a configuration is put to use; asked by admission. */
#include "admit/acl.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum decision {
    DECISION_NONE,
    DECISION_ALLOW,
    DECISION_DENY, /* behind ALLOW: of two equal prefixes the last one stays */
};

/* Why a range has its answer. The prefix itself isn't kept: of its length there is only one that
 * contains a given peer. */
struct rule {
    uint8_t length;
    uint8_t decision; /* enum decision */
};

/* An address as a number of 128 bits; IPv4 stands in the uppermost 32, so that lengths count from
 * the same end and all but the search is the same for both families. */
struct key {
    uint64_t high, low;
};

/* All memory is one piece: this, and behind it the arrays in the order of their alignment. */
struct acl {
    unsigned references;
    bool allow_given;
    struct rule unix_rule;
    size_t ipv4_count, ipv6_count; /* of ranges, at least one, the first of which begins at 0 */
    struct key *ipv6_starts;
    uint32_t *ipv4_starts;
    struct rule *ipv6_rules, *ipv4_rules;
};

/* A prefix and its list, while it is made. */
struct entry {
    struct prefix prefix;
    uint8_t decision;
};

struct range {
    struct key start; /* it ends where the next one starts */
    struct rule rule;
};

struct ranges {
    struct range *items;
    size_t count;
};

/* A prefix that the sweep is within. */
struct nest {
    struct key end; /* the first address behind it; 0: there is none */
    struct rule rule;
};

/* A family's prefixes from their beginnings upwards, and those it is within: as many as there are
 * lengths, and what holds outside of all. */
struct sweep {
    struct ranges ranges;
    struct nest nests[130];
    unsigned depth;
};

static struct key key_of_bytes(const uint8_t bytes[static 16])
{
    struct key key;

    memcpy(&key.high, bytes, sizeof(key.high));
    memcpy(&key.low, bytes + sizeof(key.high), sizeof(key.low));
    return (struct key){be64toh(key.high), be64toh(key.low)};
}

/* Without a branch, since whichever way it goes is a guess at each step of a search. */
static bool is_behind(struct key one, struct key other)
{
    return (one.high > other.high) | ((one.high == other.high) & (one.low > other.low));
}

static bool is_equal(struct key one, struct key other)
{
    return one.high == other.high && one.low == other.low;
}

/* The first address behind the prefix of length bits that begins at start; 0 behind the last. */
static struct key end_of_prefix(struct key start, unsigned length)
{
    struct key end = start;

    if (length == 0)
        return (struct key){0, 0};
    if (length <= 64) {
        end.high += (uint64_t)1 << (64 - length);
    } else {
        end.low += (uint64_t)1 << (128 - length);
        end.high += end.low == 0;
    }
    return end;
}

static int compare_entries(const void *one, const void *other)
{
    const struct entry *first = one, *second = other;
    int order = prefix_compare(&first->prefix, &second->prefix);

    return order == 0 ? first->decision - second->decision : order;
}

/* Both lists as one, in the order of prefix_compare, and of equal prefixes only the one that wins.
 * Returns how many are left. */
static size_t gather_entries(const struct prefix *allow, size_t allow_count,
                             const struct prefix *deny, size_t deny_count, struct entry *entries)
{
    size_t count = allow_count + deny_count, kept = 0;

    for (size_t i = 0; i < allow_count; i++)
        entries[i] = (struct entry){allow[i], DECISION_ALLOW};
    for (size_t i = 0; i < deny_count; i++)
        entries[allow_count + i] = (struct entry){deny[i], DECISION_DENY};
    qsort(entries, count, sizeof(*entries), compare_entries);
    for (size_t i = 0; i < count; i++) {
        if (i + 1 < count && prefix_compare(&entries[i].prefix, &entries[i + 1].prefix) == 0)
            continue;
        entries[kept++] = entries[i];
    }
    return kept;
}

/* From start on rule holds. What began there is nothing, because it ends at once; and where the
 * same holds already, nothing new begins. */
static void begin_range(struct ranges *ranges, struct key start, struct rule rule)
{
    const struct range *last;

    if (ranges->count > 0 && is_equal(ranges->items[ranges->count - 1].start, start))
        ranges->count--;
    if (ranges->count > 0) {
        last = &ranges->items[ranges->count - 1];
        if (last->rule.length == rule.length && last->rule.decision == rule.decision)
            return;
    }
    ranges->items[ranges->count++] = (struct range){start, rule};
}

static void enter_prefix(struct sweep *sweep, struct key start, struct key end, struct rule rule)
{
    sweep->nests[sweep->depth++] = (struct nest){end, rule};
    begin_range(&sweep->ranges, start, rule);
}

/* Whether the prefix goes on to key, which isn't before it. */
static bool is_within(const struct nest *nest, struct key key)
{
    return (nest->end.high == 0 && nest->end.low == 0) || is_behind(nest->end, key);
}

/* Leaves the innermost prefix: behind it holds what the one around it says. */
static void leave_prefix(struct sweep *sweep)
{
    struct key end = sweep->nests[--sweep->depth].end;

    if (end.high != 0 || end.low != 0)
        begin_range(&sweep->ranges, end, sweep->nests[sweep->depth - 1].rule);
}

/* Cuts a family into ranges: at most two for each of its entries, and one. */
static size_t cut_ranges(const struct entry *entries, size_t count, uint8_t family,
                         struct range *ranges)
{
    struct sweep sweep = {.ranges = {ranges, 0}};
    const struct key zero = {0, 0};

    enter_prefix(&sweep, zero, zero, (struct rule){0, DECISION_NONE});
    for (size_t i = 0; i < count; i++) {
        const struct prefix *prefix = &entries[i].prefix;
        struct key start = key_of_bytes(prefix->bytes);

        if (prefix->family != family)
            continue;
        while (sweep.depth > 1 && !is_within(&sweep.nests[sweep.depth - 1], start))
            leave_prefix(&sweep);
        enter_prefix(&sweep, start, end_of_prefix(start, prefix->length),
                     (struct rule){prefix->length, entries[i].decision});
    }
    while (sweep.depth > 1)
        leave_prefix(&sweep);
    return sweep.ranges.count;
}

/* A piece of memory for as many ranges of either family; NULL without memory. */
static struct acl *allocate_acl(size_t ipv4_count, size_t ipv6_count)
{
    /* Less than the ranges took that it is made from, so this can't overflow. */
    struct acl *acl =
        malloc(sizeof(*acl) + ipv6_count * (sizeof(*acl->ipv6_starts) + sizeof(struct rule)) +
               ipv4_count * (sizeof(*acl->ipv4_starts) + sizeof(struct rule)));

    if (!acl)
        return NULL;
    *acl = (struct acl){.references = 1, .ipv4_count = ipv4_count, .ipv6_count = ipv6_count};
    acl->ipv6_starts = (struct key *)(acl + 1);
    acl->ipv4_starts = (uint32_t *)(acl->ipv6_starts + ipv6_count);
    acl->ipv6_rules = (struct rule *)(acl->ipv4_starts + ipv4_count);
    acl->ipv4_rules = acl->ipv6_rules + ipv6_count;
    return acl;
}

/* Makes an acl of entries that are in order; ranges has room for all that they may become. */
static struct acl *make_acl(const struct entry *entries, size_t count, struct range *ranges)
{
    size_t ipv4_count = cut_ranges(entries, count, ADDR_IPV4, ranges);
    struct range *ipv6_ranges = ranges + ipv4_count;
    size_t ipv6_count = cut_ranges(entries, count, ADDR_IPV6, ipv6_ranges);
    struct acl *acl = allocate_acl(ipv4_count, ipv6_count);

    if (!acl)
        return NULL;
    for (size_t i = 0; i < ipv4_count; i++) {
        acl->ipv4_starts[i] = (uint32_t)(ranges[i].start.high >> 32);
        acl->ipv4_rules[i] = ranges[i].rule;
    }
    for (size_t i = 0; i < ipv6_count; i++) {
        acl->ipv6_starts[i] = ipv6_ranges[i].start;
        acl->ipv6_rules[i] = ipv6_ranges[i].rule;
    }
    for (size_t i = 0; i < count; i++)
        if (entries[i].prefix.family == ADDR_UNIX)
            acl->unix_rule.decision = entries[i].decision;
    return acl;
}

int acl_new(const struct prefix *allow, size_t allow_count, const struct prefix *deny,
            size_t deny_count, struct acl **ret)
{
    size_t count = allow_count + deny_count;
    struct entry *entries;
    struct range *ranges;
    struct acl *acl = NULL;

    if (count == 0) {
        *ret = NULL;
        return 0;
    }
    entries = calloc(count, sizeof(*entries));
    ranges = calloc(count + 1, 2 * sizeof(*ranges)); /* the one more range of each family, too */
    if (entries && ranges) {
        count = gather_entries(allow, allow_count, deny, deny_count, entries);
        acl = make_acl(entries, count, ranges);
    }
    free(entries);
    free(ranges);
    if (!acl)
        return -ENOMEM;
    acl->allow_given = allow_count > 0;
    *ret = acl;
    return 0;
}

struct acl *acl_ref(struct acl *acl)
{
    if (acl)
        acl->references++;
    return acl;
}

void acl_unref(struct acl *acl)
{
    if (acl && --acl->references == 0)
        free(acl);
}

/* The last range that starts at or before key. */
static size_t find_ipv4(const uint32_t *starts, size_t count, uint32_t key)
{
    const uint32_t *first = starts;

    while (count > 1) {
        size_t half = count / 2;

        first = first[half] > key ? first : first + half;
        count -= half;
    }
    return (size_t)(first - starts);
}

static size_t find_ipv6(const struct key *starts, size_t count, struct key key)
{
    const struct key *first = starts;

    while (count > 1) {
        size_t half = count / 2;

        first = is_behind(first[half], key) ? first : first + half;
        count -= half;
    }
    return (size_t)(first - starts);
}

static struct rule find_rule(const struct acl *acl, const struct addr *peer)
{
    struct key key = key_of_bytes(peer->bytes);

    switch (peer->family) {
    case ADDR_IPV4:
        return acl
            ->ipv4_rules[find_ipv4(acl->ipv4_starts, acl->ipv4_count, (uint32_t)(key.high >> 32))];
    case ADDR_IPV6:
        return acl->ipv6_rules[find_ipv6(acl->ipv6_starts, acl->ipv6_count, key)];
    case ADDR_UNIX:
        return acl->unix_rule;
    default:
        return (struct rule){0, DECISION_NONE};
    }
}

/* The prefix of that rule that contains peer. */
static struct prefix rule_prefix(struct rule rule, const struct addr *peer)
{
    struct prefix prefix = {.family = ADDR_NONE};
    struct addr masked = *peer;

    if (rule.decision == DECISION_NONE)
        return prefix;
    prefix.family = peer->family;
    prefix.length = rule.length;
    if (peer->family == ADDR_UNIX) /* whoever it is */
        return prefix;
    prefix_mask(&masked, rule.length);
    memcpy(prefix.bytes, masked.bytes, sizeof(prefix.bytes));
    return prefix;
}

bool acl_allows(const struct acl *acl, const struct addr *peer, struct prefix *ret_rule)
{
    struct rule rule = {0, DECISION_NONE};

    if (acl)
        rule = find_rule(acl, peer);
    if (ret_rule)
        *ret_rule = rule_prefix(rule, peer);
    if (rule.decision == DECISION_NONE)
        return !acl || !acl->allow_given;
    return rule.decision == DECISION_ALLOW;
}

/* acl: what a decision by address costs, and what it takes to get a long list ready for it.
 *
 *   acl [ROUNDS [PREFIXES]]
 *
 * For IPv4, for IPv6, and for a list of one entry as most services have: the medians over ROUNDS
 * (5) of the time to parse PREFIXES (100,000) random prefixes, to make an acl of them and to decide
 * about one peer, and the bytes that the acl takes. Half of the prefixes are single addresses, the
 * others are networks of every size; half of the peers are in one of them. The peers come in no
 * order, so that the caches don't know what comes next. Nothing here is seen by a client: see
 * run.sh for that.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admit/acl.h"
#include "base/clock.h"

#define PEERS      65536U
#define DECISIONS  (16U * PEERS)
#define ROUNDS_MAX 100U

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (!memory)
        die("calloc");
    return memory;
}

static struct addr random_addr(uint8_t family)
{
    struct addr addr = {.family = family};

    for (unsigned i = 0; i < (family == ADDR_IPV4 ? 4 : 16); i++)
        addr.bytes[i] = (uint8_t)(next_random() >> 32);
    if (family == ADDR_IPV6) /* all that is given to anybody: 2000::/3 */
        addr.bytes[0] = (uint8_t)(0x20 | (addr.bytes[0] & 0x1f));
    return addr;
}

static struct prefix random_prefix(uint8_t family)
{
    struct addr addr = random_addr(family);
    unsigned shortest = family == ADDR_IPV4 ? 8 : 20, width = family == ADDR_IPV4 ? 32 : 128;
    unsigned length = width;
    struct prefix prefix;

    if (next_random() % 2)
        length = shortest + (unsigned)(next_random() % (width - shortest));
    prefix_mask(&addr, length);
    prefix = (struct prefix){.family = family, .length = (uint8_t)length};
    memcpy(prefix.bytes, addr.bytes, sizeof(prefix.bytes));
    return prefix;
}

/* Half of them from anywhere, half within a prefix. */
static void fill_peers(struct addr *peers, uint8_t family, const struct prefix *prefixes,
                       size_t count)
{
    for (size_t i = 0; i < PEERS; i++) {
        const struct prefix *within = &prefixes[next_random() % count];

        peers[i] = random_addr(family);
        if (next_random() % 2)
            memcpy(peers[i].bytes, within->bytes, within->length / 8);
    }
}

static int compare_times(const void *one, const void *other)
{
    nanoseconds first = *(const nanoseconds *)one, second = *(const nanoseconds *)other;

    return first < second ? -1 : first > second;
}

static double median(nanoseconds *times, size_t count)
{
    qsort(times, count, sizeof(*times), compare_times);
    return (double)(times[(count - 1) / 2] + times[count / 2]) / 2;
}

static nanoseconds time_parsing(char (*texts)[PREFIX_TEXT_SIZE], struct prefix *prefixes,
                                size_t count)
{
    nanoseconds began = clock_now();
    const char *problem = NULL;

    for (size_t i = 0; i < count; i++)
        if (prefix_parse(texts[i], &prefixes[i], &problem) < 0) {
            fprintf(stderr, "%s: %s\n", texts[i], problem);
            exit(1);
        }
    return clock_now() - began;
}

/* Every other prefix is allowed, the others are denied. */
static nanoseconds time_making(const struct prefix *prefixes, size_t count, struct acl **ret)
{
    nanoseconds began = clock_now();

    if (acl_new(prefixes, count / 2, prefixes + count / 2, count - count / 2, ret) < 0)
        die("acl_new");
    return clock_now() - began;
}

static nanoseconds time_deciding(const struct acl *acl, const struct addr *peers)
{
    static volatile unsigned result; /* else there would be nothing to do */
    nanoseconds began = clock_now();
    unsigned allowed = 0;

    for (unsigned i = 0; i < DECISIONS; i++)
        allowed += acl_allows(acl, &peers[i % PEERS], NULL);
    result = allowed;
    (void)result;
    return clock_now() - began;
}

static void measure(const char *name, uint8_t family, size_t count, size_t rounds)
{
    struct prefix *prefixes = allocate(count, sizeof(*prefixes));
    char(*texts)[PREFIX_TEXT_SIZE] = allocate(count, sizeof(*texts));
    struct addr *peers = allocate(PEERS, sizeof(*peers));
    nanoseconds parsing[ROUNDS_MAX], making[ROUNDS_MAX], deciding[ROUNDS_MAX];
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++) {
        prefixes[i] = random_prefix(family);
        prefix_format(&prefixes[i], texts[i]);
    }
    fill_peers(peers, family, prefixes, count);
    for (size_t i = 0; i < rounds; i++) {
        struct acl *acl;

        parsing[i] = time_parsing(texts, prefixes, count);
        making[i] = time_making(prefixes, count, &acl);
        bytes = malloc_usable_size(acl); /* it is one piece */
        deciding[i] = time_deciding(acl, peers);
        acl_unref(acl);
    }
    printf("%-6s %9zu %11.2f %11.2f %14.1f %12zu %13.1f\n", name, count,
           median(parsing, rounds) / (double)CLOCK_MILLISECOND,
           median(making, rounds) / (double)CLOCK_MILLISECOND, median(deciding, rounds) / DECISIONS,
           bytes, (double)bytes / (double)count);
    free(peers);
    free(texts);
    free(prefixes);
}

int main(int argc, char *argv[])
{
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 5;
    size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 100000;

    if (rounds < 1 || rounds > ROUNDS_MAX || count < 1 || count > 10000000) {
        fprintf(stderr, "usage: acl [ROUNDS [PREFIXES]]\n");
        return 64;
    }
    printf("%-6s %9s %11s %11s %14s %12s %13s\n", "acl", "prefixes", "parse (ms)", "make (ms)",
           "decision (ns)", "bytes", "bytes/prefix");
    measure("ipv4", ADDR_IPV4, count, rounds);
    measure("ipv6", ADDR_IPV6, count, rounds);
    measure("ipv4", ADDR_IPV4, 1, rounds);
    measure("ipv6", ADDR_IPV6, 1, rounds);
    return 0;
}

/* sources: what a decision costs when each client is a new source, and what is remembered of them.
 *
 *   sources [ROUNDS [SOURCES]]
 *
 * Asks admission about SOURCES (1,000,000) clients of IPv6 networks (/64) of their own, one after
 * the other, 20,000 a second by the clock that it is told, with 65,536 remembered at most: under a
 * rate-per-source whose bucket is full again after a second (so those that say nothing any more
 * make room), and after an hour (so that the table stays full and all new ones are one source).
 * Between them comes one that is known, for every 1,000th. For both prints the medians over ROUNDS
 * (5) of the time for a decision, and the memory that is taken at the end and an hour after it.
 * Nothing here is seen by a client: see the scenario `sources` in flood.sh for that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admit/admission.h"
#include "base/clock.h"

#define MOST       65536U
#define A_SECOND   20000U
#define ROUNDS_MAX 100U

struct result {
    double decision;                                       /* nanoseconds */
    size_t remembered, known_refused, began, taken, after; /* the last three: KiB of RSS */
};

static size_t rss(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long all = 0, resident = 0;

    if (!file || fscanf(file, "%lu %lu", &all, &resident) != 2)
        exit(1);
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

static struct addr network(size_t number)
{
    struct addr addr = {.family = ADDR_IPV6, .bytes = {0x20, 0x01, 0x0d, 0xb8}};

    for (unsigned i = 0; i < 4; i++)
        addr.bytes[7 - i] = (uint8_t)(number >> (8 * i));
    addr.bytes[15] = 1;
    return addr;
}

/* As a client that is let in and gone again. */
static bool come(struct admission *admission, struct admission_service *service,
                 const struct addr *peer, nanoseconds now)
{
    struct admission_decision decision = admission_check(admission, service, peer, now);

    if (decision.verdict != VERDICT_ADMIT)
        return false;
    admission_release(admission, service, &decision.ticket, now);
    return true;
}

static struct result round_of(struct admission_rules *rules, size_t count)
{
    struct admission_service service = {.number = 1, .rules = rules};
    const struct addr known = network(UINT32_MAX);
    nanoseconds now = clock_now(), began;
    struct source_pardon pardon;
    size_t untold;
    struct admission admission;
    struct result result = {.began = rss()};

    if (admission_open(&admission, MOST) < 0)
        exit(1);
    began = clock_now();
    for (size_t i = 0; i < count; i++) {
        struct addr peer = network(i);

        now += CLOCK_SECOND / A_SECOND;
        if (i % 1000 == 0)
            result.known_refused += !come(&admission, &service, &known, now);
        come(&admission, &service, &peer, now);
    }
    result.decision = (double)(clock_now() - began) / (double)count;
    result.remembered = sources_count(&admission.sources);
    result.taken = rss();
    now += 3601 * CLOCK_SECOND;
    sources_expire(&admission.sources, MOST, now, &pardon, 1, &untold);
    result.after = rss();
    admission_close(&admission);
    return result;
}

static int compare_decisions(const void *one, const void *other)
{
    double first = ((const struct result *)one)->decision;
    double second = ((const struct result *)other)->decision;

    return first < second ? -1 : first > second;
}

static void measure(const char *name, nanoseconds period, size_t rounds, size_t count)
{
    struct settings_guard guard = {.source_prefix = {.ipv4 = 32, .ipv6 = 64}};
    struct result results[ROUNDS_MAX];
    struct admission_rules *rules;
    const struct result *middle;

    /* The known one comes 20 times a second, and may. */
    guard.rate_per_source.count = 100000;
    guard.rate_per_source.period = guard.rate_per_source.count * period;
    if (rules_build(&guard, NULL, &rules) < 0)
        exit(1);
    for (size_t i = 0; i < rounds; i++)
        results[i] = round_of(rules, count);
    qsort(results, rounds, sizeof(results[0]), compare_decisions);
    middle = &results[rounds / 2];
    printf("%-10s %9zu %14.1f %11zu %10zu %10zu %10zu %8zu\n", name, count, middle->decision,
           middle->remembered, middle->began, middle->taken, middle->after, middle->known_refused);
    rules_unref(rules);
}

int main(int argc, char *argv[])
{
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 5;
    size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000000;

    if (rounds < 1 || rounds > ROUNDS_MAX || count < 1) {
        fprintf(stderr, "usage: sources [ROUNDS [SOURCES]]\n");
        return 64;
    }
    printf("%-10s %9s %14s %11s %10s %10s %10s %8s\n", "said for", "sources", "decision (ns)",
           "remembered", "KiB before", "at the end", "an hour on", "refused");
    measure("1 s", CLOCK_SECOND, rounds, count);
    measure("an hour", 3600 * CLOCK_SECOND, rounds, count);
    return 0;
}

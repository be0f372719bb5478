/* history: see history.h. */
#include "report/history.h"

#include <string.h>

static uint64_t slot_at(nanoseconds now)
{
    return now / HISTORY_SLOT;
}

/* Empties the slots in which nothing happened, up to now. */
static void advance(struct history *history, uint64_t slot)
{
    uint64_t passed = slot > history->slot ? slot - history->slot : 0;

    if (passed > HISTORY_SLOTS)
        passed = HISTORY_SLOTS;
    for (uint64_t i = 0; i < passed; i++)
        for (unsigned kind = 0; kind < HISTORY_KINDS; kind++)
            history->counts[kind][(slot - i) % HISTORY_SLOTS] = 0;
    if (slot > history->slot)
        history->slot = slot;
}

void history_add(struct history *history, enum history_kind kind, nanoseconds now)
{
    uint32_t *count;

    if (history->first == 0)
        history->first = now;
    advance(history, slot_at(now));
    count = &history->counts[kind][history->slot % HISTORY_SLOTS];
    if (*count < UINT32_MAX)
        (*count)++;
}

void history_read(const struct history *history, enum history_kind kind, nanoseconds now,
                  uint32_t counts[static HISTORY_SLOTS])
{
    uint64_t last = slot_at(now);

    memset(counts, 0, HISTORY_SLOTS * sizeof(*counts));
    for (uint64_t i = 0; history && i < HISTORY_SLOTS && i <= last; i++) {
        uint64_t slot = last - i;

        if (slot <= history->slot && history->slot - slot < HISTORY_SLOTS)
            counts[HISTORY_SLOTS - 1 - i] = history->counts[kind][slot % HISTORY_SLOTS];
    }
}

double history_rate(const struct history *history, enum history_kind kind, nanoseconds now)
{
    nanoseconds span = HISTORY_SLOT + now % HISTORY_SLOT;
    uint32_t counts[HISTORY_SLOTS];

    if (!history)
        return 0;
    history_read(history, kind, now, counts);
    if (now - history->first < span)
        span = now - history->first;
    if (span < CLOCK_SECOND)
        span = CLOCK_SECOND;
    return ((double)counts[HISTORY_SLOTS - 2] + counts[HISTORY_SLOTS - 1]) /
           ((double)span / (double)CLOCK_SECOND);
}

/* history: what a service has done in the last half hour, for a plot and for its rate: how many
 * handlers were started and how many clients refused, in each HISTORY_SLOT.
 *
 * Pure: the moment now is passed in, and nothing has to be called while nothing happens. Allocated
 * with a service's first event, so that of thousands that rest none has one. Filled by event.c,
 * read by the control commands.
 */
#ifndef STDINETD_REPORT_HISTORY_H
#define STDINETD_REPORT_HISTORY_H

#include <stdint.h>

#include "base/clock.h"

#define HISTORY_SLOTS 60
#define HISTORY_SLOT  (30 * CLOCK_SECOND)

enum history_kind { HISTORY_STARTED, HISTORY_REFUSED, HISTORY_KINDS };

struct history {
    nanoseconds first; /* when the first event was */
    uint64_t slot;     /* that of the last one, counted from the clock's start */
    uint32_t counts[HISTORY_KINDS][HISTORY_SLOTS];
};

/* Counts one event. */
void history_add(struct history *history, enum history_kind kind, nanoseconds now);

/* The counts of the last HISTORY_SLOTS, the oldest first; the last one is not over yet. NULL is a
 * history of nothing. */
void history_read(const struct history *history, enum history_kind kind, nanoseconds now,
                  uint32_t counts[static HISTORY_SLOTS]);

/* Events a second, over the last one or two slots. */
double history_rate(const struct history *history, enum history_kind kind, nanoseconds now);

#endif

/* bucket: so many per so long, as a token bucket that is refilled evenly.
 *
 * All its state is one moment: when it would be full again if nobody took from it (the generic cell
 * rate algorithm, ITU-T I.371). Up to the whole count can be taken at once; then one each
 * period / count. Pure: the moment now is passed in, and one before an earlier one does no harm.
 */
#ifndef STDINETD_ADMIT_BUCKET_H
#define STDINETD_ADMIT_BUCKET_H

#include <stdbool.h>

#include "base/clock.h"
#include "config/settings.h"

struct bucket {
    nanoseconds full; /* when it is full again; 0 or past: it is */
};

/* Takes one, if there is one. A rate of count 0 is no bound. */
bool bucket_take(struct bucket *bucket, const struct settings_rate *rate, nanoseconds now);

/* Puts back the one that was taken last, at the same moment. */
void bucket_give(struct bucket *bucket, const struct settings_rate *rate);

/* After the rate has changed: forgives what is owed to a slower one, but for one empty bucket. */
void bucket_adapt(struct bucket *bucket, const struct settings_rate *rate, nanoseconds now);

/* The moment from which on bucket_take succeeds, which may be past. */
nanoseconds bucket_ready(const struct bucket *bucket, const struct settings_rate *rate);

#endif

/* backoff: a pause that grows with each failure, up to a bound. */
#ifndef STDINETD_BASE_BACKOFF_H
#define STDINETD_BASE_BACKOFF_H

#include "base/clock.h"

/* How long to pause after so many failures in a row (1: the first one): first, then factor times as
 * long after each further one, at most most. */
nanoseconds backoff_pause(unsigned failures, nanoseconds first, nanoseconds most, unsigned factor);

#endif

/* backoff: see backoff.h. */
#include "base/backoff.h"

nanoseconds backoff_pause(unsigned failures, nanoseconds first, nanoseconds most, unsigned factor)
{
    nanoseconds pause = first;

    for (unsigned i = 1; i < failures && pause < most; i++)
        pause *= factor;
    return pause < most ? pause : most;
}

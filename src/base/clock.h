/* clock: what time it is, in nanoseconds.
 *
 * Everything that waits or measures uses the monotonic clock, so that an administrator who sets the
 * wall clock neither kills handlers nor lets them live for ever. Wall time is only for showing.
 */
#ifndef STDINETD_BASE_CLOCK_H
#define STDINETD_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* A moment (since an arbitrary start) or a length of time; 2^64 ns are 584 years. */
typedef uint64_t nanoseconds;

#define CLOCK_MICROSECOND ((nanoseconds)1000)
#define CLOCK_MILLISECOND ((nanoseconds)1000000)
#define CLOCK_SECOND      ((nanoseconds)1000000000)

/* The moment now, on CLOCK_MONOTONIC. Cannot fail (vDSO). */
nanoseconds clock_now(void);

#define CLOCK_STAMP_SIZE 32

/* Writes the wall time as RFC 3339 with milliseconds in UTC ("2026-11-23T21:35:00.123Z"). */
void clock_stamp(char text[static CLOCK_STAMP_SIZE]);

/* Writes the wall time as RFC 3164 wants it in local time ("Nov 23 21:35:00"). */
void clock_stamp_syslog(char text[static CLOCK_STAMP_SIZE]);

#endif

/* clock: see clock.h. Called by whoever waits, measures or writes a log line. */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

nanoseconds clock_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (nanoseconds)now.tv_sec * CLOCK_SECOND + (nanoseconds)now.tv_nsec;
}

void clock_stamp(char text[static CLOCK_STAMP_SIZE])
{
    struct timespec now;
    struct tm calendar;
    char seconds[CLOCK_STAMP_SIZE - 8];

    clock_gettime(CLOCK_REALTIME, &now);
    if (!gmtime_r(&now.tv_sec, &calendar) ||
        strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &calendar) == 0)
        seconds[0] = '\0';
    snprintf(text, CLOCK_STAMP_SIZE, "%s.%03uZ", seconds, (unsigned)(now.tv_nsec / 1000000) % 1000);
}

void clock_stamp_syslog(char text[static CLOCK_STAMP_SIZE])
{
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct timespec now;
    struct tm calendar;

    clock_gettime(CLOCK_REALTIME, &now);
    if (!localtime_r(&now.tv_sec, &calendar)) {
        text[0] = '\0';
        return;
    }
    /* The month's name is fixed by the RFC and must not follow the locale as strftime's %b does. */
    snprintf(text, CLOCK_STAMP_SIZE, "%s %2d %02d:%02d:%02d", months[calendar.tm_mon % 12],
             calendar.tm_mday, calendar.tm_hour, calendar.tm_min, calendar.tm_sec);
}

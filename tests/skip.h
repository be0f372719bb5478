/* skip: for tests of Check that can't run where they are.
 *
 * Check knows of passed and failed alone, so a test that returns early has passed. It says so in a
 * line of its own, and tests/summary.sh counts it as skipped instead. */
#ifndef STDINETD_TESTS_SKIP_H
#define STDINETD_TESTS_SKIP_H

#include <stdio.h>
#include <unistd.h>

/* Ends a test (only a START_TEST itself, not what it calls) as skipped where condition is true. The
 * reason is a format and its arguments; a colon is in none, since summary.sh counts what is behind.
 */
#define SKIP_IF(condition, ...)                              \
    do {                                                     \
        if (condition) {                                     \
            dprintf(STDOUT_FILENO, "skip - %s: ", __func__); \
            dprintf(STDOUT_FILENO, __VA_ARGS__);             \
            dprintf(STDOUT_FILENO, "\n");                    \
            return;                                          \
        }                                                    \
    } while (0)

#endif

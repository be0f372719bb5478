/* check: what check-http and check-agent have in common: the command line, and a result for it.
 *
 * It decides whether the program is run or a cached result is taken; what a prober hears of it is
 * decided by the two mains. Whatever goes wrong on the way is a failed check, never silence: a
 * prober that hears nothing waits for its timeout.
 */
#ifndef STDINETD_HANDLERS_CHECK_H
#define STDINETD_HANDLERS_CHECK_H

#include "base/clock.h"
#include "handlers/program.h"

struct check_service {
    const char *name;
    const char *purpose;
    /* Before the program is run: reads the prober's question. NULL: it has none. */
    void (*read_question)(void);
    /* Tells the result to the prober. 0 or -errno. */
    int (*answer)(const struct program_result *result);
};

/* The whole of such a handler's main; returns its exit status: 0 when an answer was given, or the
 * prober didn't want it any more, whatever the result was. */
int check_main(const struct check_service *service, int argc, char *argv[]);

#endif

/* program: runs a check's program once, bounded in time and in what it may say.
 *
 * It gets /dev/null as standard input and a pipe as standard output, our standard error, default
 * signals and a process group of its own, of which nothing that we may kill is left when
 * program_run returns or we are told to end. What its exit status means is for others to say. Used
 * by check.
 */
#ifndef STDINETD_HANDLERS_PROGRAM_H
#define STDINETD_HANDLERS_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

/* Bytes of output that are kept; the rest is read and thrown away, so that nobody is stuck. */
#define PROGRAM_OUTPUT_MAX 65536

struct program_result {
    int32_t status;   /* as a shell has it: 128 and the signal's number for a crash */
    uint32_t is_late; /* its time was over, and it was killed; a boolean */
    uint32_t length;  /* of output */
    char output[PROGRAM_OUTPUT_MAX];
};

/* What status is where the program could not be executed, as a shell has it. */
#define PROGRAM_NOT_FOUND 127

/* Looks argv[0] up in PATH and runs it; timeout 0: as long as it likes. Returns 0, however it
 * ended, or -errno. */
int program_run(char *const argv[], nanoseconds timeout, struct program_result *ret);

#define PROGRAM_REASON_SIZE 64

/* Why it failed in words ("exit status 2"), where the program says nothing itself. */
void program_format_reason(const struct program_result *result,
                           char text[static PROGRAM_REASON_SIZE]);

#endif

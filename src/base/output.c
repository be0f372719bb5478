/* output: see output.h. */
#include "base/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int output_finish(const char *program)
{
    /* Why an earlier write failed nobody knows any more. */
    int error = ferror(stdout) ? -EIO : 0;

    if (fflush(stdout) != 0)
        error = -errno;
    if (error < 0)
        fprintf(stderr, "%s: cannot write to standard output: %s\n", program, strerror(-error));
    return error;
}

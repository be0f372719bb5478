/* load: from a request (a file, a command line) to a snapshot, or to a list of what is wrong.
 *
 * All or nothing: with a single problem there is no configuration. Files are read, options parsed
 * by their rows, services checked against each other; nothing is opened for serving.
 */
#ifndef STDINETD_CONFIG_LOAD_H
#define STDINETD_CONFIG_LOAD_H

#include <stddef.h>

#include "config/problems.h"
#include "config/settings.h"

/* What to load. Strings are borrowed for the call; keep them for reloads. */
struct load_request {
    const char *file; /* the ini file; NULL: one service from the command line */
    const char *text; /* what file says, where that isn't to be read; else NULL */
    size_t text_length;
    bool proven;                /* the text was right a moment ago: a program may be missing */
    const char *directory;      /* that the command line's names start from; NULL: where we work */
    const char *const *listens; /* -l, of the one-line service */
    size_t listen_count;
    const char *const *overrides; /* -o KEY=VALUE */
    size_t override_count;
    const char *const *command; /* PROGRAM ARG…, of the one-line service */
    size_t command_count;
};

/* Loads. Returns 0 with one reference on *ret; -EINVAL with problems filled; -ENOMEM. */
int config_load(const struct load_request *request, struct config **ret, struct problems *problems);

#endif

/* program: which file a command's first word means to a handler that is to run it.
 *
 * Looked up once, while loading, so that no start of a handler searches PATH; and in the handler's
 * own root directory where it has one. That the file is there and is a program is checked here;
 * that the handler's user may execute it is found out by the start. Called by check.c.
 */
#ifndef STDINETD_CONFIG_PROGRAM_H
#define STDINETD_CONFIG_PROGRAM_H

#include "base/arena.h"

#define PROGRAM_MESSAGE_SIZE 512

struct program_request {
    const char *name;
    const char *directory; /* of the configuration: relative names with a slash start there */
    const char *chroot;    /* NULL: none */
};

/* Finds it; *ret, in arena, is absolute, as the handler sees it. 0, -ENOMEM, or -EINVAL with the
 * reason in message. */
int program_find(struct arena *arena, const struct program_request *request, const char **ret,
                 char message[static PROGRAM_MESSAGE_SIZE]);

#endif

/* environment: what a handler is told about its connection: UCSPI's names, systemd's, xinetd's.
 *
 * All strings are written into one block of fixed size, without an allocation.
 */
#ifndef STDINETD_LAUNCH_ENVIRONMENT_H
#define STDINETD_LAUNCH_ENVIRONMENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/* A connection as its handler is told of it. */
struct launch_connection {
    int fd;        /* becomes the handler's 0 and 1; at least 3 */
    int stderr_fd; /* becomes its 2 */
    struct addr peer, local;
    const char *peer_path;  /* of a unix peer that is bound to a path; else NULL */
    const char *local_path; /* of a unix service; else NULL */
    uint64_t number;        /* of the connection, since the daemon's start */
    uint32_t source_running;
};

#define ENVIRONMENT_ITEMS 16
#define ENVIRONMENT_TEXT  1024

struct environment {
    char *items[ENVIRONMENT_ITEMS]; /* count of them, not NULL-terminated */
    size_t count;
    char text[ENVIRONMENT_TEXT];
    size_t used;
};

/* Fills environment for connection. What can't fit (nothing can, by its sizes) is left out. */
void environment_fill(struct environment *environment, const struct launch_connection *connection);

#endif

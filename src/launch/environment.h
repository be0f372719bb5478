/* environment: what a handler is told about its connection: UCSPI's names, systemd's, xinetd's; or,
 * where it gets the listening socket itself (wait = yes), what systemd's protocol tells of that.
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
    int fd;        /* becomes the handler's 0 and 1, and when lent its 3; above LAUNCH_LENT_FD */
    int stderr_fd; /* becomes its 2 */
    /* NULL: a connection. Else fd is a listening socket of this name (LISTEN_FDNAMES), which is
     * lent to the handler; there is no peer. */
    const char *lent_name;
    const char *protocol; /* for PROTO */
    struct addr peer, local;
    const char *peer_path;  /* of a unix peer that is bound to a path; else NULL */
    const char *local_path; /* of a unix service; else NULL */
    uint64_t number;        /* of the connection, since the daemon's start */
    uint32_t source_running;
};

/* Where a handler finds a socket that is lent to it: SD_LISTEN_FDS_START of sd_listen_fds(3). */
#define LAUNCH_LENT_FD 3

#define ENVIRONMENT_ITEMS 16
#define ENVIRONMENT_TEXT  1024

struct environment {
    char *items[ENVIRONMENT_ITEMS]; /* count of them, not NULL-terminated */
    size_t count;
    char text[ENVIRONMENT_TEXT];
    size_t used;
    char *listen_pid; /* where the child writes its own pid (ENVIRONMENT_PID_SIZE); NULL: nowhere */
    char **all;       /* what was joined last; malloc'ed, with room for all_room */
    size_t all_room;
};

/* The digits of the largest pid (2^22, proc(5)) and more, and the NUL behind them. */
#define ENVIRONMENT_PID_SIZE 12

/* Fills environment for a connection of that service. What can't fit (nothing can, by its sizes) is
 * left out. */
void environment_fill(struct environment *environment, const char *service,
                      const struct launch_connection *connection);

/* Makes environment->all of connection's strings and the service's own count ones behind them,
 * NULL- terminated. It grows as it is used, so that a start allocates nothing. 0 or -ENOMEM. */
int environment_join(struct environment *environment, char *const *variables, size_t count);

/* Frees what environment_join keeps. */
void environment_free(struct environment *environment);

/* Writes pid where listen_pid points. Called by the child, in whose memory others may live: it uses
 * nothing but that place. */
void environment_write_pid(char *listen_pid, long pid);

#endif

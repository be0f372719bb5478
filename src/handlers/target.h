/* target: where relay connects to: its text, its address, and the way there.
 *
 * Numbers, the names of services(5), and unix sockets; never DNS, so that the time a connection
 * takes is bounded by the timeout alone. Used by relay.
 */
#ifndef STDINETD_HANDLERS_TARGET_H
#define STDINETD_HANDLERS_TARGET_H

#include <sys/socket.h>

#include "base/clock.h"

struct target {
    struct sockaddr_storage address;
    socklen_t length;
};

/* Parses ADDRESS:PORT, unix:/PATH or unix:@NAME. Returns NULL, or what is wrong (a constant). */
const char *target_parse(const char *text, struct target *ret);

/* Returns a connected socket, non-blocking (it is nobody else's), or -errno; -ETIMEDOUT after
 * timeout. */
int target_connect(const struct target *target, nanoseconds timeout);

#endif

/* reply: whether a datagram may be answered at all. Pure; the datagram services ask it.
 *
 * A source address is whatever a stranger wrote into the datagram. An answer to the wrong one makes
 * two servers talk to each other for ever (echo to chargen, echo to itself), or sends what we say
 * to a whole network. Whatever is doubtful is not answered: these services are for looking at.
 */
#ifndef STDINETD_HANDLERS_REPLY_H
#define STDINETD_HANDLERS_REPLY_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/clock.h"

/* Below it ports belong to services, and no client asks from there. */
#define REPLY_PORT_MIN 1024

/* Whether one host, and only one, has this address: no broadcast, multicast or unspecified one. */
bool reply_is_unicast(const struct addr *addr);

/* Whether the datagram from source may be answered. destination is where it was sent to, with our
 * own port; ADDR_NONE, with the port or 0, where the system doesn't tell. */
bool reply_is_allowed(const struct addr *source, const struct addr *destination);

/* How many answers of ours went to an address and port in its current second. Those that share a
 * slot share the number: it only has to end a loop. No client needs as many; a loop has them at
 * once. */
#define REPLY_PER_SECOND 10
#define REPLY_SLOTS      1024

struct reply_rate {
    struct reply_second {
        nanoseconds begin;
        unsigned count;
    } seconds[REPLY_SLOTS];
};

/* Counts a datagram from source; whether it is one too many for an answer. Whatever our own port
 * is: anybody's service on a port from REPLY_PORT_MIN up that answers what it gets looks like a
 * client, and a forged datagram would make the two talk for ever. */
bool reply_is_frequent(struct reply_rate *rate, const struct addr *source, nanoseconds now);

#endif

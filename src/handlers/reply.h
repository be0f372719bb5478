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

/* Below it ports belong to services, and no client asks from there. */
#define REPLY_PORT_MIN 1024

/* Whether one host, and only one, has this address: no broadcast, multicast or unspecified one. */
bool reply_is_unicast(const struct addr *addr);

/* Whether the datagram from source may be answered. destination is where it was sent to, with our
 * own port; ADDR_NONE, with the port or 0, where the system doesn't tell. */
bool reply_is_allowed(const struct addr *source, const struct addr *destination);

#endif

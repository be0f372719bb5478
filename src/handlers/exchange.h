/* exchange: passes bytes between a client and a target, in both directions, until both are done.
 *
 * It decides when a direction is over and what the other one learns of it. It knows no addresses
 * and opens nothing. Bytes go by recv and send with MSG_DONTWAIT, not by splice(2): with
 * SPLICE_F_NONBLOCK that still blocks, in reading from a TCP socket and in writing to any, unless
 * the socket is O_NONBLOCK (tried on 6.18), and fd 0's mode is not ours to change. Used by relay.
 */
#ifndef STDINETD_HANDLERS_EXCHANGE_H
#define STDINETD_HANDLERS_EXCHANGE_H

#include "base/clock.h"

enum exchange_end {
    EXCHANGE_DONE,   /* both directions are over */
    EXCHANGE_BROKEN, /* one side broke off, and so did we on the other */
    EXCHANGE_IDLE,   /* nothing passed for so long: broken off on both sides */
};

/* fd 0 and 1 are the client; target is closed here. idle_timeout 0: none. 0 or -errno (of poll). */
int exchange_run(int target, nanoseconds idle_timeout, enum exchange_end *ret);

#endif

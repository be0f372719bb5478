/* datagram: the loop of a wait handler that answers datagrams.
 *
 * fd 0 is a socket that isn't connected, shared with the super-server that waits for our end. Each
 * datagram is answered at once or never, from the address it was sent to; nothing is kept between
 * two of them. It must not block in sending, spin on errors, or answer whom reply.h refuses. Used
 * by the classic services.
 */
#ifndef STDINETD_HANDLERS_DATAGRAM_H
#define STDINETD_HANDLERS_DATAGRAM_H

#include <stddef.h>

#include "base/clock.h"

/* No more datagrams for this long: the handler ends, and the super-server watches the socket again.
 * Long enough that a client that asks every few seconds meets the same process, short enough that
 * an idle service costs nothing. */
#define DATAGRAM_QUIET_TIME (10 * CLOCK_SECOND)

/* The largest payload of UDP is 65,507 bytes, or 65,527 with IPv6. A larger one (unix sockets have
 * them) can't be echoed exactly, and isn't answered. */
#define DATAGRAM_SIZE 65536

/* Makes the answer out of the datagram of size bytes, in place (DATAGRAM_SIZE bytes of room).
 * Returns its length, or -1 for no answer. */
typedef long datagram_answer(char bytes[static DATAGRAM_SIZE], size_t size);

/* Answers what comes to fd until it is quiet. 0 or -errno. */
int datagram_serve(int fd, datagram_answer *answer);

#endif

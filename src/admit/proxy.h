/* proxy: what the first bytes of a stream tell when a proxy speaks first (PROXY protocol, versions
 * 1 and 2, as HAProxy specifies them in proxy-protocol.txt).
 *
 * Decides: no header yet, this header and these addresses, or no header at all. It must not read a
 * socket, keep anything, allocate or log, and it doesn't know who may be a proxy. How a caller uses
 * it: look at the socket's first bytes (MSG_PEEK) behind those kept already, up to PROXY_KEPT_MAX
 * in all; parse all of them; read for good as many as proxy_consumable says, less those kept; with
 * PROXY_INCOMPLETE keep them and wait, with PROXY_COMPLETE read away what is missing up to length,
 * and only then start: a client's byte is never taken, and a header that ends early starts nothing.
 */
#ifndef STDINETD_ADMIT_PROXY_H
#define STDINETD_ADMIT_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/* With so many bytes it is never PROXY_INCOMPLETE: a whole line of version 1 is needed, which has
 * at most 107 by the specification, or 52 of version 2, up to its IPv6 addresses. */
#define PROXY_KEPT_MAX 107

/* The longest header that is accepted, as nginx has it. Version 2 has room for 65551 bytes, but its
 * extensions (TLVs) are only skipped here, and those that are sent (a name, an id, words about TLS)
 * take hundreds; a client's certificate takes one or two thousand. More is a mistake, or somebody
 * who wants to keep us reading. */
#define PROXY_LENGTH_MAX 4096

enum proxy_verdict {
    PROXY_INCOMPLETE, /* nothing wrong so far */
    PROXY_COMPLETE,   /* all is known; the end of the header may still have to be read */
    PROXY_BAD,        /* no header, and none with more bytes either: for good */
};

struct proxy_header {
    bool told;          /* whose connection it is; else the real addresses stay: LOCAL, UNKNOWN,
                           unix (its addresses name no uid), datagrams, unspecified */
    struct addr source; /* the client; both are ADDR_NONE where nothing is told */
    struct addr destination; /* where it connected to; one of them may be IPv4 and the other IPv6,
                                where just one of TCP6 is v4-mapped */
    size_t length;           /* of the whole header; 0 until it is known, and of PROXY_BAD */
    const char *problem; /* of PROXY_BAD: a constant to show behind "PROXY header: "; else NULL */
};

/* What these first bytes of a stream are; they may end anywhere, and go beyond the header. All of
 * ret is written whatever the verdict is. A word or number is judged at the latest when its last
 * byte is there, a byte that can't be in its place at once. Version 2 is complete with its
 * addresses: what stands behind them, up to length, needn't be given. */
enum proxy_verdict proxy_parse(const uint8_t *bytes, size_t length, struct proxy_header *ret);

/* How many of these bytes surely belong to the header: all while it is incomplete, of a complete
 * one those up to its end, and none where it is bad. */
size_t proxy_consumable(const uint8_t *bytes, size_t length);

#endif

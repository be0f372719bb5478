/* proxy_header: the header that tells a server whose connection is passed on to it.
 *
 * PROXY protocol, versions 1 and 2, as HAProxy specifies them (proxy-protocol.txt). Pure: addresses
 * in, bytes out. What isn't TCP over IPv4 or IPv6 is UNKNOWN or UNSPEC, and a server goes by
 * what it sees itself. Used by relay.
 */
#ifndef STDINETD_HANDLERS_PROXY_HEADER_H
#define STDINETD_HANDLERS_PROXY_HEADER_H

#include <stddef.h>

#include "base/addr.h"

/* The longest of version 1, by the specification; those of version 2 here have at most 52. */
#define PROXY_HEADER_SIZE 108

enum proxy_version { PROXY_NONE, PROXY_V1, PROXY_V2 };

/* Writes the header; returns its length, 0 for PROXY_NONE. client is who connected, server where
 * to. A v4-mapped address has become IPv4 in struct addr, and is sent so. */
size_t proxy_header_format(enum proxy_version version, const struct addr *client,
                           const struct addr *server, char bytes[static PROXY_HEADER_SIZE]);

#endif

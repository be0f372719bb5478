/* prefix: a network, or a single address, or every unix peer: an item of `allow`, `deny` and the
 * like.
 *
 * 192.0.2.0/24 · 2001:db8::/32 · ::1 and 192.0.2.1 (that address alone) · 0.0.0.0/0 · unix
 *
 * Says what such a text means and whether an address belongs to it; what follows from that is not
 * decided here (admit/acl.h). A text that could be meant in two ways is refused: bits behind the
 * length, a length like 010. What maps IPv4 into IPv6 is IPv4, as in addr.h, and so no client comes
 * in by another spelling. Pure, never asks DNS. Called by the codec of lists, acl and sources.
 */
#ifndef STDINETD_BASE_PREFIX_H
#define STDINETD_BASE_PREFIX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct prefix {
    uint8_t family;    /* enum addr_family: ADDR_IPV4, ADDR_IPV6 or ADDR_UNIX */
    uint8_t length;    /* bits: up to 32 or 128; of unix 0 */
    uint8_t bytes[16]; /* network order, zero behind the length */
};

/* An address without a scope and "/128" need less than an address with one. */
#define PREFIX_TEXT_SIZE ADDR_TEXT_SIZE

/* Returns 0, or -EINVAL with *ret_problem saying what is wrong (a constant). */
int prefix_parse(const char *text, struct prefix *ret, const char **ret_problem);

/* Writes what prefix_parse reads back to the same prefix; a single address without a length. */
void prefix_format(const struct prefix *prefix, char text[static PREFIX_TEXT_SIZE]);

/* Whether addr belongs to prefix; its port and scope don't matter. */
bool prefix_contains(const struct prefix *prefix, const struct addr *addr);

/* A total order: families apart, in the order of their first addresses, and of those that begin
 * alike the larger one first, so that a prefix stands before all that are in it. Negative, 0 or
 * positive as with strcmp. */
int prefix_compare(const struct prefix *one, const struct prefix *other);

/* Clears the bits of an IPv4 or IPv6 address behind the first length ones; more of them than it has
 * clears none. Port and scope stay (a link's neighbours are its own), other families too. */
void prefix_mask(struct addr *addr, unsigned length);

#endif

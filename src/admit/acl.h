/* acl: who may come by address: `allow` and `deny` of a service, made ready for thousands of
 * entries.
 *
 * The longest prefix of both lists that contains the peer decides; where both have it, deny wins.
 * A peer that is in none is allowed, unless anything at all is given to allow.
 *
 * Decides only, and says by which rule: closes nothing, counts nothing, logs nothing, and never
 * changes once it is made. Made for services when a configuration is put to use, asked by admission
 * for each client.
 *
 * What it is made of: prefixes nest but never overlap otherwise, so n of them cut the addresses of
 * a family into at most 2n + 1 ranges of which each has one answer. These are found once, and a
 * decision is a search for the last range that begins at or before the peer: log2(2n + 1) steps,
 * 18 for 100,000 prefixes, through an array of nothing but the ranges' beginnings, whoever comes
 * and however deep prefixes nest. A trie would follow as many pointers as there are bits, each a
 * miss of the cache, and take several times the memory; a hash table for each length is up to 129
 * of them. IPv4 takes at most 12 bytes a prefix and IPv6 at most 36; neighbours that have the same
 * answer by the same length are one range, so lists that are dense take less.
 */
#ifndef STDINETD_ADMIT_ACL_H
#define STDINETD_ADMIT_ACL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/prefix.h"

struct acl;

/* Makes one, held once, of prefixes as prefix_parse makes them, in any order; they are copied.
 * Gives NULL where both lists are empty. Returns 0 or -ENOMEM. */
int acl_new(const struct prefix *allow, size_t allow_count, const struct prefix *deny,
            size_t deny_count, struct acl **ret);

/* Counts one more holder, and gives it back for an assignment. NULL is fine. */
struct acl *acl_ref(struct acl *acl);

/* Gives one holder's count back; the last one frees it. NULL is fine. */
void acl_unref(struct acl *acl);

/* Whether peer may come; without an acl (NULL) everybody may. Unless ret_rule is NULL it learns the
 * prefix that decided, whose family is ADDR_NONE where peer is in none. */
bool acl_allows(const struct acl *acl, const struct addr *peer, struct prefix *ret_rule);

#endif

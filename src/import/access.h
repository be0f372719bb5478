/* access: xinetd's lists of addresses (only_from, no_access) as prefixes of ours.
 *
 * 10.1.2.3 · 10.0.0.0 (zeros at the end stand for anything) · 10.1.{2,3} · 10.0.0.0/8 ·
 * 2001:db8::/32 · localhost. Names need DNS and become nothing; whoever asked decides what follows.
 */
#ifndef STDINETD_IMPORT_ACCESS_H
#define STDINETD_IMPORT_ACCESS_H

#include "base/prefix.h"
#include "import/import.h"

/* A list that belongs to one owner. */
struct import_prefixes {
    struct prefix *items;
    size_t count, room;
    bool cut; /* there were too many, here or of all services: import.h */
};

struct import_prefixes import_copy_prefixes(struct import *import,
                                            const struct import_prefixes *prefixes);

enum import_access {
    IMPORT_ACCESS_GOOD,
    IMPORT_ACCESS_NETMASK, /* good, but /255.255.0.0 means /32 to xinetd, which nobody expects */
    IMPORT_ACCESS_NAME,    /* a host's or a network's name, or what looks like one */
    IMPORT_ACCESS_BAD,     /* it means nothing, or there are too many */
};

/* Adds what text means to prefixes, or takes it out. */
enum import_access import_change_prefixes(struct import *import, struct import_prefixes *prefixes,
                                          const char *text, bool remove);

/* Whether the whole of one is within one of prefixes. */
bool import_is_covered(const struct prefix *one, const struct import_prefixes *prefixes);

/* As allow and deny have them. */
const char *import_join_prefixes(struct import *import, const struct import_prefixes *prefixes);

#endif

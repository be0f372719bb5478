/* rules: what a service admits by, made once of its settings: access lists ready to be asked, and
 * the settings of limits and penalties themselves. Services that have all of it from [defaults]
 * share one. Made by serve, asked by admission.
 */
#ifndef STDINETD_ADMIT_RULES_H
#define STDINETD_ADMIT_RULES_H

#include "admit/acl.h"
#include "config/settings.h"

struct admission_rules {
    unsigned references;
    const struct settings_guard *guard; /* in a snapshot that lives as long */
    struct acl *access;                 /* allow and deny; NULL: everybody */
    struct acl *exempt;                 /* of penalties; NULL: nobody */
    struct acl *proxies;                /* proxy-from; NULL: nobody */
};

/* Makes the rules of guard, or takes a sibling's (NULL: there is none) that are of the same one. 0
 * or -ENOMEM. */
int rules_build(const struct settings_guard *guard, struct admission_rules *sibling,
                struct admission_rules **ret);

/* Gives one holder's reference back; NULL is fine. */
void rules_unref(struct admission_rules *rules);

/* Whether addr stands in a list that was made without a deny side; NULL: no. */
bool rules_list_has(const struct acl *list, const struct addr *addr);

/* addr as the source that it is part of, for this service. */
struct addr rules_source_of(const struct admission_rules *rules, const struct addr *addr);

#endif

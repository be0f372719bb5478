/* judge: the rules by which a client is let in or not, a row each, in the order in which they are
 * asked. The first that refuses decides.
 *
 * One table for both: admission asks it for its decisions, and judge_explain walks the same rows to
 * tell what each of them would say and why. Pure: looks at counts and the moment now, and changes
 * none of them. Used by admission.c, and by serve for explanations.
 */
#ifndef STDINETD_ADMIT_JUDGE_H
#define STDINETD_ADMIT_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admit/admission.h"

/* Who is asked about. */
struct inquiry {
    const struct admission *admission;
    const struct admission_service *service;
    const struct addr *peer; /* for the rules about the peer itself; else NULL */
    struct source *source;   /* for those about its source, whose rate may be adapted; else NULL */
    nanoseconds now;
};

/* Rules about the peer's address: bans, allow and deny. */
enum admission_reason judge_peer(const struct inquiry *inquiry);
/* About the service and the daemon, whoever comes. */
enum admission_reason judge_service(const struct inquiry *inquiry);
/* About the peer's source. */
enum admission_reason judge_source(const struct inquiry *inquiry);

/* What one rule says. */
struct judge_step {
    enum admission_reason rule; /* which: the reason that it would give */
    bool applies;               /* there is such a rule for this service */
    bool refuses;
    uint64_t count, limit;     /* what it has counted, and how much it allows */
    struct settings_rate rate; /* how much it allows, of a rule about a rate */
    nanoseconds until;         /* when it stops refusing, as far as it knows; 0: it doesn't */
    struct prefix prefix;      /* that decided; family ADDR_NONE: none */
};

#define JUDGE_STEPS 8

/* Asks all rules about a client that comes now, in the order in which they would be, and counts
 * nothing. Returns how many steps there are. The first that refuses would decide. */
size_t judge_explain(struct admission *admission, const struct admission_service *service,
                     const struct addr *peer, nanoseconds now,
                     struct judge_step steps[static JUDGE_STEPS]);

#endif

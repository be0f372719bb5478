/* admission: who may come in now, and why not.
 *
 * Pure: addresses and moments in, a verdict, a reason and a ticket out. Nothing here closes, logs,
 * arms a timer or reads a clock. A ticket carries what was counted for a connection and must be
 * given back, once, when its handler has ended. Called by connection/.
 *
 * No limit ever shuts a listener: at a limit of the service a client waits in the kernel's backlog
 * (QUEUE) or is accepted and closed (REFUSE), as the service says; over a limit of its own source
 * it is refused, so that one source never blocks the others.
 *
 * A client is counted in two steps: as one of its source when it is let in (admission_enter), and
 * as one of its service when a handler is to start (admission_start). Between both it may be held:
 * until its first byte, or until it is told by a proxy who it is.
 */
#ifndef STDINETD_ADMIT_ADMISSION_H
#define STDINETD_ADMIT_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "admit/bans.h"
#include "admit/bucket.h"
#include "admit/rules.h"
#include "admit/sources.h"
#include "base/addr.h"

enum admission_verdict {
    VERDICT_ADMIT,  /* start a handler; the ticket is taken */
    VERDICT_QUEUE,  /* not now */
    VERDICT_REFUSE, /* accept and close */
};

enum admission_reason {
    REASON_NONE,
    REASON_BANNED,      /* by order (bans.h) */
    REASON_FULL,        /* the service's max-connections */
    REASON_DAEMON_FULL, /* [stdinetd] max-connections */
    REASON_RATE,        /* the service's rate */
    REASON_DENIED,      /* allow, deny */
    REASON_PENALTY,
    REASON_SOURCE_FULL, /* max-connections-per-source */
    REASON_SOURCE_RATE, /* rate-per-source */
    REASON_PROXY,       /* not one of proxy-from */
    REASON_HEADER,      /* what a proxy said is no PROXY header */
    REASON_HELD,        /* too many are held: the one that waited longest goes */
    REASON_MEMORY,      /* no memory to count it */
    REASON_COUNT
};

/* The words for logs and metrics, in the order of the enum. */
extern const char *const admission_reason_names[REASON_COUNT];

/* The daemon's side: what all services share. */
struct admission {
    uint64_t limit; /* running handlers; 0: no bound */
    uint64_t running;
    uint64_t promised; /* places that are somebody's who isn't here yet: nobody else gets them */
    struct sources sources;
    struct bans bans;
};

/* A service's side. Counts stay when rules change. */
struct admission_service {
    uint32_t number; /* tells services apart in the table of sources */
    bool refuse_when_full;
    struct admission_rules *rules; /* a reference of its owner's; never NULL */
    struct bucket bucket;          /* of rate */
    uint64_t limit;                /* running handlers; 0: no bound */
    uint64_t running;
};

struct admission_ticket {
    struct source *source; /* NULL: not taken, or given back */
    bool started;          /* counted as one of its service, too */
};

struct admission_decision {
    enum admission_verdict verdict;
    enum admission_reason reason;
    struct admission_ticket ticket; /* with VERDICT_ADMIT */
    uint32_t source_running;        /* connections of this source now, this one included */
};

/* How a connection ended, as far as penalties are concerned. */
struct admission_end {
    bool crash, timeout, silent;
    bool is_short; /* its handler ran for less than a second */
    int status;    /* exit status; -1: none */
};

/* What that makes of the source. */
struct admission_sentence {
    bool is_over;      /* an earlier penalty had ended, which nobody has been told yet */
    bool begins;       /* it is refused from now on, and wasn't before */
    nanoseconds until; /* with begins */
};

/* An admission without limits, but for so many sources of each family; 0 or -errno. */
int admission_open(struct admission *admission, size_t max_sources);
void admission_close(struct admission *admission);

/* The rules of the service have changed: what it owes to its old rate is bounded by the new one. */
void admission_adapt(struct admission_service *service, nanoseconds now);

/* What would happen to any client now, as far as the client doesn't matter: decides whether a
 * listener is worth watching (it is, unless QUEUE). *ret_reason says why not ADMIT. */
enum admission_verdict admission_preview(const struct admission *admission,
                                         const struct admission_service *service, nanoseconds now,
                                         enum admission_reason *ret_reason);

/* Whether peer may not come whatever a service says. */
bool admission_is_banned(const struct admission *admission, const struct addr *peer,
                         nanoseconds now);

/* When rate allows the next start; may be past. */
nanoseconds admission_ready(const struct admission_service *service);

/* Decides on a client that was accepted, both steps at once. */
struct admission_decision admission_check(struct admission *admission,
                                          struct admission_service *service,
                                          const struct addr *peer, nanoseconds now);

/* The first step alone: ADMIT or REFUSE. */
struct admission_decision admission_enter(struct admission *admission,
                                          struct admission_service *service,
                                          const struct addr *peer, nanoseconds now);

/* The second one, for a ticket of the first: ADMIT; QUEUE or REFUSE leave the ticket as it is. */
enum admission_verdict admission_start(struct admission *admission,
                                       struct admission_service *service,
                                       struct admission_ticket *ticket, nanoseconds now,
                                       enum admission_reason *ret_reason);

/* Gives back what the ticket counted; a ticket that was given back already is fine. */
void admission_release(struct admission *admission, struct admission_service *service,
                       struct admission_ticket *ticket, nanoseconds now);

/* Its handler could not be started just now: the place and the bit of the rate are given back; it
 * stays one of its source, and asks for a place again by admission_start. */
void admission_unstart(struct admission *admission, struct admission_service *service,
                       struct admission_ticket *ticket);

/* The same at the moment of the decision, for who was gone: its buckets are as before, too. */
void admission_withdraw(struct admission *admission, struct admission_service *service,
                        struct admission_ticket *ticket, nanoseconds now);

/* Counts again what a ticket of an earlier daemon had counted: a connection of source (NULL: of
 * none), and one of its service. Over a limit, too: it is there already. */
void admission_resume(struct admission *admission, struct admission_service *service,
                      struct source *source, bool started, struct admission_ticket *ret);

/* Remembers against its source how a connection ended, before its ticket is released. */
struct admission_sentence admission_penalize(const struct admission_service *service,
                                             const struct admission_ticket *ticket,
                                             const struct addr *peer,
                                             const struct admission_end *end, nanoseconds now);

#endif

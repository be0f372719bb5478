/* admission: who may come in now, and why not.
 *
 * Pure: addresses in, a verdict, a reason and a ticket out. Nothing here closes, logs, arms a timer
 * or reads a clock. A ticket carries what was counted for a connection and must be given back,
 * once, when its handler has ended. Called by serve/server.c.
 *
 * No limit ever shuts a listener: at a limit a client waits in the kernel's backlog (QUEUE) or is
 * accepted and closed (REFUSE), as the service says.
 */
#ifndef STDINETD_ADMIT_ADMISSION_H
#define STDINETD_ADMIT_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "admit/sources.h"
#include "base/addr.h"

enum admission_verdict {
    VERDICT_ADMIT,  /* start a handler; the ticket is taken */
    VERDICT_QUEUE,  /* don't accept now */
    VERDICT_REFUSE, /* accept and close */
};

enum admission_reason {
    REASON_NONE,
    REASON_FULL,        /* the service's max-connections */
    REASON_DAEMON_FULL, /* [stdinetd] max-connections */
    REASON_MEMORY,      /* no memory to count it */
    REASON_COUNT
};

/* The words for logs and metrics, in the order of the enum. */
extern const char *const admission_reason_names[REASON_COUNT];

/* The daemon's side: what all services share. */
struct admission {
    uint64_t limit; /* running handlers; 0: no bound */
    uint64_t running;
    struct sources sources;
};

/* A service's side. Counts stay when limits change. */
struct admission_service {
    uint32_t number; /* tells services apart in the table of sources */
    uint64_t limit;  /* running handlers; 0: no bound */
    bool refuse_when_full;
    uint64_t running;
};

struct admission_ticket {
    struct source *source; /* NULL: not taken, or given back */
};

struct admission_decision {
    enum admission_verdict verdict;
    enum admission_reason reason;
    struct admission_ticket ticket; /* with VERDICT_ADMIT */
    uint32_t source_running;        /* handlers of this source now, this one included */
};

/* An admission without limits; 0 or -errno. */
int admission_open(struct admission *admission);
void admission_close(struct admission *admission);

/* What would happen to any client now, as far as the client doesn't matter: decides whether a
 * listener is worth watching (it is, unless QUEUE). *ret_reason says why not ADMIT. */
enum admission_verdict admission_preview(const struct admission *admission,
                                         const struct admission_service *service,
                                         enum admission_reason *ret_reason);

/* Decides on a client that was accepted. */
struct admission_decision admission_check(struct admission *admission,
                                          struct admission_service *service,
                                          const struct addr *peer);

/* Gives back what the ticket counted; a ticket that was given back already is fine. */
void admission_release(struct admission *admission, struct admission_service *service,
                       struct admission_ticket *ticket);

#endif

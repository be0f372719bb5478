/* service: one service while it is served: its settings, plan, sockets, counts and pauses.
 *
 * It outlives reloads: the settings and the plan are exchanged, everything else stays. Nothing here
 * accepts or starts; connection/ does.
 */
#ifndef STDINETD_SERVICE_SERVICE_H
#define STDINETD_SERVICE_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "admit/admission.h"
#include "config/settings.h"
#include "launch/child.h"
#include "launch/plan.h"
#include "launch/stage.h"
#include "listen/inherited.h"
#include "listen/listener.h"
#include "report/event.h"
#include "service/channel.h"

struct connections;

/* All services. */
struct services {
    struct service *first;   /* in the order of the configuration */
    struct service *retired; /* gone from the configuration, with handlers that still run */
    bool is_any_empty;       /* one has lost its last connection, or the last one that it drains */
    uint32_t next_number;
    unsigned bind_rounds; /* how often it was tried to bind addresses: pending ones may be less */
    struct loop *loop;
    struct loop_timer bind_timer; /* armed: addresses are pending */
    struct inherited inherited;
    struct listen_context listen;
    struct plan_origin origin;
    struct event_report report;
    int null_fd;
    /* Whoever lets clients in: nothing here looks into it. */
    struct connections *connections;
    void (*readable)(struct loop_source *source, uint32_t events); /* of a listener */
    void (*look)(struct service *service); /* something has changed that clients may wait for */
};

struct service {
    struct service *next;
    struct services *services;
    struct listen_owner listen;
    const struct service_settings *settings; /* in plan->snapshot */
    struct plan *plan;

    struct listener *listeners;
    struct listener *parked;      /* listeners with clients that must wait, the first one first */
    struct listener *parked_last; /* where there are any */
    struct service *next_waiting; /* of turns, while there are parked or ready ones */
    struct service *next_due;     /* of turns: it is looked at when the turn ends */
    struct waiting_queue *ready;  /* clients that wait for a place; made when there is the first */
    uint32_t listener_count;
    uint32_t connections;    /* records that point here */
    uint32_t handover_place; /* among those that were handed over last: adoption.h */
    bool is_due;
    bool waiting;
    bool retired;  /* the configuration doesn't have it any more */
    bool paused;   /* by order: nobody is accepted, clients wait */
    bool draining; /* and a control client waits until there is no handler */
    bool program_missing;
    bool awaits_fds; /* there was none for its last start */
    bool gave_up;    /* a client was given up for a shortage, and no start worked since */
    unsigned bind_tries;
    nanoseconds bind_at; /* when pending addresses are tried again; 0: there are none */

    struct admission_service admission;

    struct channel *channel; /* stderr = log; made at the first start */
    int stderr_fd;           /* of a stderr file; -1: not open */

    unsigned shortages;         /* starts that failed for now, since one worked */
    unsigned throttle_failures; /* in a row */
    enum stage throttle_stage;
    int throttle_error;
    nanoseconds throttle_until;       /* the pause's end, however often the timer looks before */
    struct loop_timer throttle_timer; /* armed: paused after a failed start */

    struct warming *warming; /* NULL: warm = no */

    struct reporter reporter; /* what happens to it is counted and said there */
};

/* Makes it ready; its loop is set. 0 or -ENOMEM. */
int services_open(struct services *services);

/* Makes a service for each of snapshot that is enabled, as a list in *ret, with their plans, their
 * listeners not yet open; one that names an inherited socket has a listener for each of that name.
 * 0 or -errno, and then *ret has those that were made before. */
int service_new_all(struct services *services, struct config *snapshot, struct service **ret);

/* Makes one that the configuration doesn't have any more, for handlers that an earlier daemon
 * started, among the retired ones. Of its settings only these are known. 0 or -errno. */
int service_new_retired(struct services *services, const char *name, nanoseconds linger_close,
                        nanoseconds kill_after, struct service **ret);

/* Frees the retired ones that have no handlers. */
void services_free_unused(struct services *services);

/* The first one of that name in a list, from services on; NULL: none. */
struct service *service_find(struct service *list, const char *name);

/* Closes its sockets and frees it. Must have no connections. */
void service_free(struct service *service);

/* Opens the listeners that are not open; those that can't be become pending and are tried again. */
void service_bind(struct service *service);

/* Whose listener it is. */
static inline struct service *service_of(const struct listener *listener)
{
    return (struct service *)((char *)listener->owner - offsetof(struct service, listen));
}

/* Stops watching a listener that has a client who must wait; it stands behind those that do so
 * already. */
void service_park(struct service *service, struct listener *listener);

/* Stops listening for good. */
void service_close_listeners(struct service *service);

/* Sends refuse-message to a client that is about to be closed; never waits. */
void service_tell_refused(const struct service *service, int fd);

/* The fd that becomes fd 2 of a handler on connection_fd, or -errno. */
int service_stderr_fd(struct service *service, int connection_fd);

/* A start failed for now, for something is short: it is said, the first time; and where it is the
 * service's own affair, the next try is 50 ms … 1 s later. */
void service_note_shortage(struct service *service, struct child_failure failure);
void service_back_off(struct service *service);

/* A start failed: pauses the service 1, 2, 4 … 60 s, shorter where the program was missing and is
 * back. A start worked: ends that. */
void service_throttle(struct service *service, struct child_failure failure);
void service_unthrottle(struct service *service);
/* The pause goes on that an earlier daemon had begun, as the fields tell. */
void service_resume_rest(struct service *service);

#endif

/* notify: what a service manager is told of us, by the protocol of sd_notify(3): that we are ready,
 * reload or stop; one line of status; and, for its watchdog, that the loop turns.
 *
 * Nobody is waited for. What cannot be sent now (the manager's queue is full, its socket is gone)
 * is kept in its newest form, in the protocol's order, and tried again. Without a manager all of
 * this does nothing. The variables are read in notify_open only and stay in our environment, for
 * what we may execute in our place; handlers never get them (launch/variables.c, config/codec.c).
 * Called by daemon.c, readiness.c,
 * reload.c, upgrade.c and stop.c.
 */
#ifndef STDINETD_DAEMON_NOTIFY_H
#define STDINETD_DAEMON_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/loop.h"

/* Longer ones are cut. */
#define NOTIFY_STATUS_SIZE 160

/* In the order in which they are sent when several wait. */
enum notify_message {
    NOTIFY_RELOADING,
    NOTIFY_READY,
    NOTIFY_STOPPING,
    NOTIFY_STATUS,
    NOTIFY_ALIVE,
    NOTIFY_MESSAGES
};

struct notify {
    int fd; /* -1: there is nobody to tell */
    struct sockaddr_un address;
    socklen_t address_length;
    bool told_by_parent; /* that we are ready: --daemon */

    bool due[NOTIFY_MESSAGES];
    nanoseconds reload_began, stop_lasts; /* for their messages */
    char status[NOTIFY_STATUS_SIZE];
    bool changed;          /* the status may not be true any more */
    nanoseconds status_at; /* not before */

    nanoseconds ping_every, ping_at; /* 0: no watchdog; not yet */
    unsigned failures;               /* in a row */
    nanoseconds retry_at;

    struct loop *loop; /* NULL: it doesn't run yet, and nothing is sent */
    struct loop_timer timer;
};

/* Takes what NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID say to this very process; to be called
 * before --daemon makes it another one. What is wrong with them is said in the log. */
void notify_open(struct notify *ret);
void notify_close(struct notify *notify);

/* --daemon. The process that was started tells, before it exits, that child is the main process now
 * and ready: a manager need not listen to anybody else. The child takes over the watchdog. */
void notify_hand_over(struct notify *notify, pid_t child);
void notify_take_over(struct notify *notify);

/* From now on things are sent, by timers of this loop (one of which must be reserved). */
void notify_begin(struct notify *notify, struct loop *loop);

/* We serve, or serve again after notify_reloading; status as for notify_tell_status. */
void notify_ready(struct notify *notify, const char *status);
/* A reload begins, at the moment of this call. */
void notify_reloading(struct notify *notify);
/* We stop, which may take that long. */
void notify_stopping(struct notify *notify, const char *status, nanoseconds longest);

/* What the status tells has changed: so that it costs little, it is asked for once a second. */
void notify_change(struct notify *notify);
/* Whether it is wanted now. */
bool notify_wants_status(const struct notify *notify);
/* One line. Nothing is sent when it is the one told before. */
void notify_tell_status(struct notify *notify, const char *status);

/* At the end of each turn of the loop: sends what is due, and the watchdog's ping. */
void notify_tend(struct notify *notify);

/* The address that NOTIFY_SOCKET means: a path or @abstract. 0; -EAFNOSUPPORT for another kind,
 * -E2BIG where it is too long. */
int notify_parse_address(const char *text, struct sockaddr_un *ret, socklen_t *ret_length);

/* How often WATCHDOG_USEC, for WATCHDOG_PID or (NULL) for anybody, wants to hear of process pid;
 * either may be NULL. 0: never. */
nanoseconds notify_parse_watchdog(const char *interval, const char *for_pid, pid_t pid);

#endif

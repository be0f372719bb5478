/* channel: what handlers say on stderr, as log lines with their service and pid.
 *
 * One socket pair a service, none a connection: every handler of a service has the same writing end
 * as its fd 2. The kernel marks each write with the writer's pid (SCM_CREDENTIALS), so
 * grandchildren are told apart too. Lines are put together for each writer, cut where they are too
 * long, and escaped by the log. A handler that shuts the socket down only gets a new pair made.
 *
 * Bounds: CHANNEL_READ bytes a turn, so that one noisy service doesn't keep the loop; CHANNEL_RATE
 * bytes or CHANNEL_LINES lines a second, beyond which its handlers wait in write(2) until the
 * second is over; unfinished lines of CHANNEL_WRITERS writers, beyond which the oldest goes out as
 * it is.
 */
#ifndef STDINETD_SERVICE_CHANNEL_H
#define STDINETD_SERVICE_CHANNEL_H

#include <stdint.h>
#include <sys/types.h>

#include "base/loop.h"
#include "handover/record.h"

#define CHANNEL_READ    ((size_t)64 * 1024)
#define CHANNEL_RATE    ((size_t)1024 * 1024)
#define CHANNEL_LINES   ((size_t)4000)
#define CHANNEL_WRITERS 4
#define CHANNEL_LINE    1024 /* a longer line goes out in pieces */

struct channel;

/* A channel for the service of that name, which must live as long. 0 or -errno. */
int channel_open(struct loop *loop, const char *service, struct channel **ret);

/* What goes on in another daemon: both ends, unfinished lines. */
struct channel_left {
    int read_fd, write_fd, send_buffer;
    nanoseconds rests_until, unfinished_until; /* 0: not */
    struct channel_line {
        pid_t pid;
        struct record_bytes text; /* the channel's, or the handover's */
    } lines[CHANNEL_WRITERS];
};

/* Tells that. */
void channel_leave(const struct channel *channel, struct channel_left *ret);

/* A channel that goes on so, with these ends, for the service of that name. 0; or -errno, with the
 * ends still the caller's. */
int channel_resume(struct loop *loop, const char *service, const struct channel_left *left,
                   struct channel **ret);

/* Says what is left and closes it. NULL is fine. */
void channel_close(struct channel *channel);

/* Takes another name for what comes (after a reload, when the old one's memory goes). */
void channel_rename(struct channel *channel, const char *service);

/* The end that becomes handlers' fd 2, looked after; -1 where there is none now. */
int channel_fd(struct channel *channel);

/* A handler has ended: says its unfinished line. NULL is fine. */
void channel_flush(struct channel *channel, pid_t pid);

#endif

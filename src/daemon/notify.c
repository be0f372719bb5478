/* notify: see notify.h. */
#include "daemon/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/value.h"

#define STATUS_EVERY CLOCK_SECOND
#define NEVER        UINT64_MAX

/* Tries are 50 ms apart, then twice that each time: a queue that is full will be read soon, a
 * socket that is gone may be so for ever. */
#define RETRY_FIRST (50 * CLOCK_MILLISECOND)
#define RETRY_FULL  CLOCK_SECOND
#define RETRY_GONE  (30 * CLOCK_SECOND)
/* It is said when that many tries have failed, which takes more than a second. */
#define FAILURES_TOLD 6

/* A watchdog that wants to hear of us more often than that is told that often. */
#define PING_MIN (10 * CLOCK_MILLISECOND)
/* The parent of --daemon may wait, since nobody else waits for it. */
#define HAND_OVER_SECONDS 5
/* What a stop may take beyond what we reckon with. */
#define STOP_MARGIN (5 * CLOCK_SECOND)

/* --- who wants to know ---------------------------------------------------------------------- */

int notify_parse_address(const char *text, struct sockaddr_un *ret, socklen_t *ret_length)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(text);

    if (text[0] != '/' && text[0] != '@')
        return -EAFNOSUPPORT;
    if (length >= sizeof(address.sun_path))
        return -E2BIG;
    memcpy(address.sun_path, text, length);
    if (text[0] == '@')
        address.sun_path[0] = '\0';
    *ret = address;
    *ret_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return 0;
}

nanoseconds notify_parse_watchdog(const char *interval, const char *for_pid, pid_t pid)
{
    uint64_t microseconds, number;

    if (!interval || value_parse_count(interval, &microseconds) < 0 || microseconds == 0 ||
        microseconds > NEVER / CLOCK_MICROSECOND)
        return 0;
    if (for_pid && (value_parse_count(for_pid, &number) < 0 || number != (uint64_t)pid))
        return 0;
    return microseconds * CLOCK_MICROSECOND;
}

void notify_open(struct notify *ret)
{
    const char *socket_name = getenv("NOTIFY_SOCKET");
    nanoseconds watchdog =
        notify_parse_watchdog(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"), getpid());
    int error;

    *ret = (struct notify){.fd = -1, .ping_at = NEVER};
    if (!socket_name || socket_name[0] == '\0')
        return;
    error = notify_parse_address(socket_name, &ret->address, &ret->address_length);
    if (error == 0) {
        /* Kept, and not connected: a ping needs no fd when there are none, and a manager that
         * begins anew under the same name is found. */
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        error = fd < 0 ? -errno : 0;
        ret->fd = fd < 0 ? -1 : fd_move_high(fd);
    }
    if (error < 0)
        log_warning("cannot use NOTIFY_SOCKET %s: %s", socket_name, strerror(-error));
    if (watchdog > 0)
        ret->ping_every = watchdog / 2 > PING_MIN ? watchdog / 2 : PING_MIN;
}

void notify_close(struct notify *notify)
{
    if (notify->loop)
        loop_disarm(notify->loop, &notify->timer);
    notify->fd = fd_close(notify->fd);
}

/* --- sending -------------------------------------------------------------------------------- */

static int send_text(const struct notify *notify, const char *text, int flags)
{
    ssize_t sent = sendto(notify->fd, text, strlen(text), flags | MSG_NOSIGNAL,
                          (const struct sockaddr *)&notify->address, notify->address_length);

    return sent < 0 ? -errno : 0;
}

void notify_hand_over(struct notify *notify, pid_t child)
{
    const struct timeval longest = {.tv_sec = HAND_OVER_SECONDS};
    char text[64];
    int error;

    if (notify->fd < 0)
        return;
    setsockopt(notify->fd, SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof(longest));
    snprintf(text, sizeof(text), "MAINPID=%ld\nREADY=1", (long)child);
    error = send_text(notify, text, 0);
    if (error < 0)
        log_warning("cannot notify the service manager: %s", strerror(-error));
}

void notify_take_over(struct notify *notify)
{
    char pid[VALUE_TEXT_SIZE];

    notify->told_by_parent = true;
    /* For a program that we execute in our place, which will ask whether it is meant. */
    snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    if (getenv("WATCHDOG_PID") && setenv("WATCHDOG_PID", pid, 1) < 0)
        log_warning("WATCHDOG_PID: %s", strerror(errno));
}

/* The fields of one message, NAME=value a line. RELOADING and READY can't be in the same: the last
 * would win. */
static void format_message(const struct notify *notify, enum notify_message message, char *text,
                           size_t size)
{
    switch (message) {
    case NOTIFY_RELOADING:
        snprintf(text, size, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
                 notify->reload_began / CLOCK_MICROSECOND);
        break;
    case NOTIFY_READY:
        snprintf(text, size, "READY=1\nSTATUS=%s", notify->status);
        break;
    case NOTIFY_STOPPING:
        snprintf(text, size, "STOPPING=1\nSTATUS=%s\nEXTEND_TIMEOUT_USEC=%" PRIu64, notify->status,
                 notify->stop_lasts / CLOCK_MICROSECOND);
        break;
    case NOTIFY_STATUS:
        snprintf(text, size, "STATUS=%s", notify->status);
        break;
    default:
        snprintf(text, size, "WATCHDOG=1");
    }
}

static void note_failure(struct notify *notify, int error)
{
    nanoseconds longest = error == -EAGAIN ? RETRY_FULL : RETRY_GONE;

    notify->failures++;
    notify->retry_at =
        loop_now(notify->loop) + backoff_pause(notify->failures, RETRY_FIRST, longest, 2);
    if (notify->failures == FAILURES_TOLD)
        log_warning("cannot notify the service manager: %s", strerror(-error));
}

static void note_success(struct notify *notify, enum notify_message message)
{
    if (notify->failures >= FAILURES_TOLD)
        log_notice("service manager notification works again");
    notify->failures = 0;
    notify->due[message] = false;
    if (message != NOTIFY_READY && message != NOTIFY_STOPPING && message != NOTIFY_STATUS)
        return;
    notify->due[NOTIFY_STATUS] = false; /* it was in it */
    notify->status_at = loop_now(notify->loop) + STATUS_EVERY;
}

/* Sends what is due, until something can't be sent. */
static void flush(struct notify *notify)
{
    char text[NOTIFY_STATUS_SIZE + 128];

    if (notify->failures > 0 && loop_now(notify->loop) < notify->retry_at)
        return;
    for (enum notify_message message = 0; message < NOTIFY_MESSAGES; message++) {
        int error;

        if (!notify->due[message])
            continue;
        format_message(notify, message, text, sizeof(text));
        error = send_text(notify, text, MSG_DONTWAIT);
        if (error < 0) {
            note_failure(notify, error);
            return;
        }
        note_success(notify, message);
    }
}

static bool is_due(const struct notify *notify)
{
    for (size_t i = 0; i < NOTIFY_MESSAGES; i++)
        if (notify->due[i])
            return true;
    return false;
}

/* So that a turn comes when there is something to do. */
static void arm(struct notify *notify)
{
    nanoseconds next = notify->ping_at;

    if (is_due(notify) && notify->retry_at < next)
        next = notify->retry_at;
    if (notify->changed && notify->status_at < next)
        next = notify->status_at;
    if (next == NEVER)
        loop_disarm(notify->loop, &notify->timer);
    else if (!loop_is_armed(&notify->timer) || notify->timer.due != next)
        loop_arm(notify->loop, &notify->timer, next);
}

/* What is to do is done at the end of each turn. */
static void on_timer(struct loop_timer *timer)
{
    (void)timer;
}

/* --- what is told --------------------------------------------------------------------------- */

void notify_begin(struct notify *notify, struct loop *loop)
{
    notify->loop = loop;
    notify->timer = (struct loop_timer){.fired = on_timer, .owner = notify};
}

static bool is_wanted(const struct notify *notify)
{
    return notify->fd >= 0 && notify->loop;
}

static void tell(struct notify *notify, enum notify_message message)
{
    notify->due[message] = true;
    notify->retry_at = 0; /* at once, however it went before: we may not be here much longer */
    flush(notify);
    arm(notify);
}

static void take_status(struct notify *notify, const char *status)
{
    snprintf(notify->status, sizeof(notify->status), "%s", status);
    notify->changed = false;
}

void notify_ready(struct notify *notify, const char *status)
{
    if (!is_wanted(notify))
        return;
    if (notify->ping_every > 0 && notify->ping_at == NEVER)
        notify->ping_at = loop_now(notify->loop);
    if (!notify->told_by_parent) {
        take_status(notify, status);
        tell(notify, NOTIFY_READY);
        return;
    }
    /* Not at once: the manager may not know yet that we are the main process. */
    notify->told_by_parent = false;
    notify->status_at = loop_now(notify->loop) + STATUS_EVERY;
    if (notify->ping_every > 0)
        notify->ping_at = loop_now(notify->loop) + notify->ping_every;
    notify_change(notify);
    arm(notify);
}

void notify_reloading(struct notify *notify)
{
    if (!is_wanted(notify))
        return;
    /* Not the turn's moment: whoever asked for it compares with when they did. */
    notify->reload_began = clock_now();
    notify->due[NOTIFY_READY] = false;
    tell(notify, NOTIFY_RELOADING);
}

void notify_stopping(struct notify *notify, const char *status, nanoseconds longest)
{
    if (!is_wanted(notify))
        return;
    notify->due[NOTIFY_RELOADING] = notify->due[NOTIFY_READY] = false;
    notify->stop_lasts = longest < NEVER - STOP_MARGIN ? longest + STOP_MARGIN : longest;
    take_status(notify, status);
    tell(notify, NOTIFY_STOPPING);
}

void notify_change(struct notify *notify)
{
    notify->changed = true;
}

bool notify_wants_status(const struct notify *notify)
{
    return is_wanted(notify) && notify->changed && loop_now(notify->loop) >= notify->status_at;
}

void notify_tell_status(struct notify *notify, const char *status)
{
    bool is_new = strncmp(notify->status, status, sizeof(notify->status) - 1) != 0;

    take_status(notify, status);
    if (is_new)
        tell(notify, NOTIFY_STATUS);
}

void notify_tend(struct notify *notify)
{
    nanoseconds now;

    if (!is_wanted(notify))
        return;
    now = loop_now(notify->loop);
    if (now >= notify->ping_at) {
        notify->due[NOTIFY_ALIVE] = true;
        notify->ping_at = now + notify->ping_every;
    }
    if (is_due(notify))
        flush(notify);
    arm(notify);
}

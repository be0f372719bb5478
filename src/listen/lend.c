/* lend: see lend.h. */
#include "listen/lend.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/backoff.h"
#include "base/fd.h"
#include "base/stranger.h"
#include "launch/launcher.h"
#include "report/event.h"

/* A handler of a stream socket that ran for less has "ended at once". */
#define AT_ONCE  CLOCK_SECOND
#define REST     CLOCK_SECOND
#define REST_MAX (60 * CLOCK_SECOND)
/* And one that ended so with 0: so many in a row are nothing, then 20 ms lie between two. */
#define QUICK_ENDS 10
#define QUICK_REST (20 * CLOCK_MILLISECOND)
/* Wakes for nothing, in a row: some are by the way. */
#define EMPTY_WAKES 16
/* At most 256 datagrams are dropped at a time. */
#define DROP_DOUBLINGS 8

static struct loop *loop_of(const struct listener *listener)
{
    return listener->owner->context->loop;
}

static void on_rest_timer(struct loop_timer *timer)
{
    struct lending *lending = timer->owner;

    lending->listener->owner->context->again(lending->listener);
}

static int make_lending(struct listener *listener)
{
    struct loop *loop = loop_of(listener);

    if (listener->lending)
        return 0;
    if (loop_reserve(loop, 1) < 0)
        return -ENOMEM;
    listener->lending = calloc(1, sizeof(*listener->lending));
    if (!listener->lending) {
        loop_reserve(loop, -1);
        return -ENOMEM;
    }
    listener->lending->listener = listener;
    listener->lending->rest =
        (struct loop_timer){.fired = on_rest_timer, .owner = listener->lending};
    return 0;
}

/* When the first datagram that waits came, by which it is told from one that looks the same. The
 * kernel stamps one that has no stamp when it is first asked for it, and keeps that. There is room
 * for the stamp, which comes first, and for nothing else: fds that a stranger sent would be ours
 * with each look. 0; -EAGAIN where none waits; another -errno that the socket had. */
static int peek_head(const struct listener *listener, struct timespec *ret)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(struct timespec))];
    } control;
    char byte;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    int fd = listener->source.fd;
    struct cmsghdr *stamp;

    fd_set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
    if (recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
        return -errno;
    stamp = CMSG_FIRSTHDR(&message);
    *ret = (struct timespec){0};
    if (stamp && stamp->cmsg_level == SOL_SOCKET && stamp->cmsg_type == SCM_TIMESTAMPNS)
        memcpy(ret, CMSG_DATA(stamp), sizeof(*ret));
    return 0;
}

/* Kept errors that are taken away at once. Processes that a handler left behind may make new ones
 * faster than that; then the socket wakes us in vain, and rests. */
#define ERRORS_A_TURN 256

/* What earlier ones may have set, so that nothing could ever be read, or it waked us for ever:
 * looks that begin further on, a peer that alone is heard, errors kept for somebody who asks for
 * them. */
static void put_datagrams_right(const struct listener *listener)
{
    const struct sockaddr none = {.sa_family = AF_UNSPEC};
    struct sockaddr_storage peer;
    socklen_t length = sizeof(peer);
    const char *device = listener->owner->settings->bind_device;
    int fd = listener->source.fd;
    char byte;

    fd_set_option(fd, SOL_SOCKET, SO_PEEK_OFF, -1);
    if (listener->kind != ENDPOINT_UDP)
        return;
    if (getpeername(fd, (struct sockaddr *)&peer, &length) == 0 &&
        connect(fd, &none, sizeof(none)) == 0 && device)
        listener_bind_device(fd, device);
    for (unsigned i = 0; i < ERRORS_A_TURN && recv(fd, &byte, 1, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0;
         i++)
        ;
}

/* Whether something waits that a handler can be started for. 0 or -errno. */
static int prepare(struct listener *listener)
{
    struct lending *lending = listener->lending;
    int error;

    if (!endpoint_is_datagram(listener->kind)) {
        /* One that was shut down listens again; else it only sets the backlog, listen(2). */
        if (listen(listener->source.fd, (int)listener->owner->settings->backlog) < 0)
            return -errno;
        return listener_set_blocking(listener, true);
    }
    put_datagrams_right(listener);
    error = peek_head(listener, &lending->head);
    if (error == 0)
        error = listener_set_blocking(listener, true);
    /* A handler must not find control messages that it never asked for. */
    if (error == 0)
        error = fd_set_option(listener->source.fd, SOL_SOCKET, SO_TIMESTAMPNS, 0);
    return error;
}

static void rest_for(struct listener *listener, nanoseconds pause)
{
    struct loop *loop = loop_of(listener);

    loop_unwatch(loop, &listener->source);
    loop_arm(loop, &listener->lending->rest, loop_now(loop) + pause);
}

/* 1, 2, 4 … 60 s, from the LEND_IDLE_ENDS-th time on. */
static void rest(struct listener *listener, unsigned times)
{
    rest_for(listener, backoff_pause(times - LEND_IDLE_ENDS + 1, REST, REST_MAX, 2));
}

/* ends: so many in a row; or error: -errno of a look that found nothing. */
static void say(const struct listener *listener, enum event event, unsigned ends, int error)
{
    event_say(listener->owner->reporter, event,
              &(struct event_facts){.listen = listener->endpoint,
                                    .times = ends,
                                    .error = error < 0 ? strerror(-error) : NULL,
                                    .again = event != EVENT_REST_OVER && ends > LEND_IDLE_ENDS});
}

int lend_begin(struct listener *listener, int *ret_fd)
{
    int error = make_lending(listener);
    int fd;

    if (error < 0)
        return error;
    error = prepare(listener);
    if (error < 0) {
        /* A datagram that was none (a bad checksum), an error that one look takes away; or for
         * ever. */
        if (++listener->lending->empty_wakes >= EMPTY_WAKES) {
            say(listener, EVENT_REST_EMPTY, 0, error);
            rest(listener, LEND_IDLE_ENDS + listener->lending->empty_wakes - EMPTY_WAKES);
        }
        return error;
    }
    listener->lending->empty_wakes = 0;
    fd = fcntl(listener->source.fd, F_DUPFD_CLOEXEC, LAUNCH_LENT_FD + 1);
    if (fd < 0)
        return -errno;
    *ret_fd = fd;
    return 0;
}

struct lending *lend_out(struct listener *listener)
{
    listener->lending->is_out = true;
    return listener->lending;
}

int lend_resume(struct listener *listener, const struct lending *state, nanoseconds until)
{
    int error = make_lending(listener);
    struct lending *lending = listener->lending;

    if (error < 0)
        return error;
    lending->idle_ends = state->idle_ends;
    lending->empty_wakes = state->empty_wakes;
    lending->quick_ends = state->quick_ends;
    lending->head = state->head;
    if (until > 0)
        loop_arm(loop_of(listener), &lending->rest, until);
    return 0;
}

bool lend_rests(const struct listener *listener)
{
    const struct lending *lending = listener->lending;

    /* Not the pause between two that are quick. */
    return lending && !lending->is_out && loop_is_armed(&lending->rest) &&
           (lending->idle_ends >= LEND_IDLE_ENDS || lending->empty_wakes >= EMPTY_WAKES);
}

bool lend_is_out(const struct listener *listener)
{
    const struct lending *lending = listener->lending;

    return lending && (lending->is_out || loop_is_armed(&lending->rest));
}

/* Whether what the handler was started for still waits. */
static bool is_untouched(const struct listener *listener, nanoseconds ran)
{
    struct pollfd poller = {.fd = listener->source.fd, .events = POLLIN};
    const struct timespec *before = &listener->lending->head;
    struct timespec now = {0};

    if (!endpoint_is_datagram(listener->kind))
        return ran < AT_ONCE && poll(&poller, 1, 0) > 0;
    fd_set_option(listener->source.fd, SOL_SOCKET, SO_PEEK_OFF, -1);
    return peek_head(listener, &now) == 0 && now.tv_sec != 0 && now.tv_sec == before->tv_sec &&
           now.tv_nsec == before->tv_nsec;
}

/* Takes datagrams out of the queue and forgets them: one, and with each further rest twice as many,
 * since where one is bad others may be. */
static void drop_heads(const struct listener *listener, unsigned idle_ends)
{
    unsigned doublings = idle_ends - LEND_IDLE_ENDS;
    unsigned count = 1U << (doublings < DROP_DOUBLINGS ? doublings : DROP_DOUBLINGS);
    char byte;

    while (count-- > 0 && stranger_receive(listener->source.fd, &byte, 1) >= 0)
        ;
}

/* A handler of a stream socket that takes one client and ends is as good as one that takes none, to
 * look at; it may go on, but not at any pace. */
static void slow_down(struct listener *listener, bool quick)
{
    struct lending *lending = listener->lending;

    lending->quick_ends = quick ? lending->quick_ends + 1 : 0;
    if (lending->quick_ends > QUICK_ENDS)
        rest_for(listener, QUICK_REST);
}

void lend_judge(struct lending *lending, nanoseconds ran, bool succeeded)
{
    struct listener *listener = lending->listener;
    bool datagrams, untouched;

    if (!listener)
        return;
    datagrams = endpoint_is_datagram(listener->kind);
    untouched = is_untouched(listener, ran);
    if (!datagrams && succeeded) {
        slow_down(listener, untouched);
        untouched = false;
    }
    if (!untouched) {
        if (lending->idle_ends >= LEND_IDLE_ENDS)
            say(listener, EVENT_REST_OVER, lending->idle_ends, 0);
        lending->idle_ends = 0;
        return;
    }
    if (++lending->idle_ends < LEND_IDLE_ENDS)
        return;
    if (datagrams)
        drop_heads(listener, lending->idle_ends);
    say(listener, datagrams ? EVENT_REST_DATAGRAMS : EVENT_REST_CLIENTS, lending->idle_ends, 0);
    rest(listener, lending->idle_ends);
}

void lend_return(struct lending *lending)
{
    struct listener *listener = lending->listener;

    lending->is_out = false;
    if (!listener)
        free(lending);
    else if (!loop_is_armed(&lending->rest))
        listener->owner->context->again(listener);
}

void lend_move(struct listener *from, struct listener *to)
{
    to->lending = from->lending;
    from->lending = NULL;
    if (to->lending)
        to->lending->listener = to;
}

void lend_free(struct listener *listener)
{
    struct lending *lending = listener->lending;
    struct loop *loop;

    if (!lending)
        return;
    loop = loop_of(listener);
    loop_disarm(loop, &lending->rest);
    loop_reserve(loop, -1);
    listener->lending = NULL;
    lending->listener = NULL;
    if (!lending->is_out)
        free(lending);
}

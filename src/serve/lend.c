/* lend: see lend.h. */
#include "serve/lend.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "serve/server.h"

/* A handler of a stream socket that ran for less has "ended at once". */
#define AT_ONCE  CLOCK_SECOND
#define REST     CLOCK_SECOND
#define REST_MAX (60 * CLOCK_SECOND)

static void on_rest_timer(struct loop_timer *timer)
{
    struct listener *listener = timer->owner;

    service_park(listener->service, listener);
    service_rearm(listener->service);
}

static int make_lending(struct listener *listener)
{
    struct loop *loop = listener->service->server->loop;

    if (listener->lending)
        return 0;
    if (loop_reserve(loop, 1) < 0)
        return -ENOMEM;
    listener->lending = calloc(1, sizeof(*listener->lending));
    if (!listener->lending) {
        loop_reserve(loop, -1);
        return -ENOMEM;
    }
    listener->lending->rest = (struct loop_timer){.fired = on_rest_timer, .owner = listener};
    return 0;
}

static int set_stamps(int fd, int on)
{
    return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0 ? -errno : 0;
}

/* When the first datagram that waits came, by which it is told from one that looks the same. The
 * kernel stamps one that has no stamp when it is first asked for it, and keeps that. The option is
 * set for this question only: a handler must not find control messages that it never asked for.
 * 0; -EAGAIN where none waits. */
static int peek_head(int fd, struct timespec *ret)
{
    char control[CMSG_SPACE(sizeof(struct timespec)) + 256], byte;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    int error = set_stamps(fd, 1);
    ssize_t got = recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT);

    if (got < 0)
        error = -errno;
    /* Errors that a handler asked for (IP_RECVERR) and left would wake us for ever. */
    if (error == -EAGAIN)
        got = recv(fd, &byte, 1, MSG_ERRQUEUE | MSG_DONTWAIT);
    set_stamps(fd, 0);
    if (error < 0)
        return error;
    *ret = (struct timespec){0};
    for (struct cmsghdr *one = CMSG_FIRSTHDR(&message); one; one = CMSG_NXTHDR(&message, one))
        if (one->cmsg_level == SOL_SOCKET && one->cmsg_type == SCM_TIMESTAMPNS)
            memcpy(ret, CMSG_DATA(one), sizeof(*ret));
    return 0;
}

int lend_begin(struct listener *listener, int *ret_fd)
{
    int error = make_lending(listener);
    int fd;

    if (error == 0 && endpoint_is_datagram(listener->kind))
        error = peek_head(listener->source.fd, &listener->lending->head);
    /* Anew each time: some leave it non-blocking, and those who wait for it aren't asked. */
    if (error == 0)
        error = listener_set_blocking(listener, true);
    if (error < 0)
        return error;
    fd = fcntl(listener->source.fd, F_DUPFD_CLOEXEC, LAUNCH_LENT_FD + 1);
    if (fd < 0)
        return -errno;
    *ret_fd = fd;
    return 0;
}

void lend_to(struct listener *listener, struct connection *handler)
{
    listener->lending->handler = handler;
    handler->listener = listener;
}

bool lend_is_out(const struct listener *listener)
{
    const struct lending *lending = listener->lending;

    return lending && (lending->handler || loop_is_armed(&lending->rest));
}

/* Whether what the handler was started for still waits. */
static bool is_untouched(const struct listener *listener, nanoseconds ran)
{
    struct pollfd poller = {.fd = listener->source.fd, .events = POLLIN};
    const struct timespec *before = &listener->lending->head;
    struct timespec now;

    if (!endpoint_is_datagram(listener->kind))
        return ran < AT_ONCE && poll(&poller, 1, 0) > 0;
    return peek_head(listener->source.fd, &now) == 0 && now.tv_sec != 0 &&
           now.tv_sec == before->tv_sec && now.tv_nsec == before->tv_nsec;
}

/* Takes one datagram out of the queue and forgets it. */
static void drop_head(const struct listener *listener)
{
    char byte;
    ssize_t got = recv(listener->source.fd, &byte, 1, MSG_DONTWAIT);

    (void)got; /* else it is gone already */
}

void lend_judge(struct listener *listener, nanoseconds ran)
{
    struct lending *lending = listener->lending;
    struct loop *loop = listener->service->server->loop;
    bool datagrams = endpoint_is_datagram(listener->kind);
    nanoseconds rest = REST;

    if (!is_untouched(listener, ran)) {
        if (lending->idle_ends >= LEND_IDLE_ENDS)
            event_lend_recovered(listener, lending->idle_ends);
        lending->idle_ends = 0;
        return;
    }
    if (++lending->idle_ends < LEND_IDLE_ENDS)
        return;
    if (datagrams)
        drop_head(listener);
    event_lend_idle(listener, lending->idle_ends, datagrams);
    for (unsigned i = LEND_IDLE_ENDS; i < lending->idle_ends && rest < REST_MAX; i++)
        rest *= 2;
    loop_arm(loop, &lending->rest, loop_now(loop) + (rest < REST_MAX ? rest : REST_MAX));
}

void lend_return(struct listener *listener)
{
    listener->lending->handler = NULL;
    if (!loop_is_armed(&listener->lending->rest))
        service_park(listener->service, listener);
}

void lend_move(struct listener *from, struct listener *to)
{
    to->lending = from->lending;
    from->lending = NULL;
    if (!to->lending)
        return;
    to->lending->rest.owner = to;
    if (to->lending->handler)
        to->lending->handler->listener = to;
}

void lend_free(struct listener *listener)
{
    struct loop *loop = listener->service->server->loop;

    if (!listener->lending)
        return;
    if (listener->lending->handler)
        listener->lending->handler->listener = NULL;
    loop_disarm(loop, &listener->lending->rest);
    loop_reserve(loop, -1);
    free(listener->lending);
    listener->lending = NULL;
}

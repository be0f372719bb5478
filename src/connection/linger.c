/* linger: see linger.h. */
#include "connection/linger.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/stranger.h"

/* Read away in one turn; the others' turn comes before the rest. */
#define TURN_READS 16
#define READ_SIZE  65536
/* How often one is looked at that would wake us all the time. */
#define LOOK_WAIT (CLOCK_SECOND / 10)

struct lingering {
    struct loop_source source;
    struct loop_timer timer;
    nanoseconds until;
    struct linger_list *list;
    struct lingering *older, *younger;
};

static void end(struct lingering *lingering)
{
    struct linger_list *list = lingering->list;

    loop_unwatch(list->loop, &lingering->source);
    loop_disarm(list->loop, &lingering->timer);
    loop_reserve(list->loop, -1);
    stranger_close_any(lingering->source.fd);
    if (lingering->older)
        lingering->older->younger = lingering->younger;
    else
        list->oldest = lingering->younger;
    if (lingering->younger)
        lingering->younger->older = lingering->older;
    else
        list->youngest = lingering->older;
    list->count--;
    free(lingering);
    list->ended(list->context);
}

/* Whether the client has closed its side, or is gone. Processes that the handler left may have the
 * socket too, so its mode isn't ours to change. */
static bool is_over(int fd)
{
    static char bytes[READ_SIZE];

    for (unsigned i = 0; i < TURN_READS; i++) {
        ssize_t got = stranger_receive(fd, bytes, sizeof(bytes));

        if (got == 0)
            return true;
        if (got < 0)
            return got != -EAGAIN && got != -EINTR;
    }
    return false;
}

static void look_later(struct lingering *lingering)
{
    struct loop *loop = lingering->list->loop;
    nanoseconds next = loop_now(loop) + LOOK_WAIT;

    loop_arm(loop, &lingering->timer, next < lingering->until ? next : lingering->until);
}

static void on_bytes(struct loop_source *source, uint32_t events)
{
    struct lingering *lingering = source->owner;

    if (is_over(source->fd)) {
        end(lingering);
        return;
    }
    /* Messages that a handler asked for (SO_TIMESTAMPING) and nobody reads: those that it left
     * behind can make more of them faster than anybody takes them away. */
    if (events & EPOLLERR) {
        loop_unwatch(lingering->list->loop, source);
        look_later(lingering);
    }
}

static void on_timer(struct loop_timer *timer)
{
    struct lingering *lingering = timer->owner;

    if (loop_now(lingering->list->loop) >= lingering->until || is_over(lingering->source.fd))
        end(lingering);
    else
        look_later(lingering);
}

static struct lingering *make(struct linger_list *list, int fd)
{
    struct lingering *lingering;

    if (loop_reserve(list->loop, 1) < 0)
        return NULL;
    lingering = calloc(1, sizeof(*lingering));
    if (!lingering) {
        loop_reserve(list->loop, -1);
        return NULL;
    }
    lingering->list = list;
    lingering->source = (struct loop_source){.fd = fd, .ready = on_bytes, .owner = lingering};
    lingering->timer = (struct loop_timer){.fired = on_timer, .owner = lingering};
    lingering->older = list->youngest;
    if (lingering->older)
        lingering->older->younger = lingering;
    else
        list->oldest = lingering;
    list->youngest = lingering;
    list->count++;
    return lingering;
}

/* Whether the handler wants its client to see that the connection broke: the last close resets it
 * then, socket(7), where shutdown() would have told of an end that is whole. */
static bool is_broken_off(int fd)
{
    struct linger linger = {0};
    socklen_t length = sizeof(linger);

    return getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &length) == 0 && linger.l_onoff != 0 &&
           linger.l_linger == 0;
}

void linger_begin(struct linger_list *list, int fd, nanoseconds duration)
{
    struct lingering *lingering;

    if (is_broken_off(fd) || shutdown(fd, SHUT_WR) < 0 || is_over(fd)) {
        stranger_close_any(fd);
        return;
    }
    if (list->count == LINGER_MAX)
        end(list->oldest);
    lingering = make(list, fd);
    if (!lingering) {
        stranger_close_any(fd);
        return;
    }
    lingering->until = loop_now(list->loop) + duration;
    loop_arm(list->loop, &lingering->timer, lingering->until);
    if (loop_watch(list->loop, &lingering->source, EPOLLIN) < 0)
        end(lingering);
}

void linger_visit(const struct linger_list *list,
                  void (*visit)(int fd, nanoseconds until, void *context), void *context)
{
    for (struct lingering *one = list->oldest; one; one = one->younger)
        visit(one->source.fd, one->until, context);
}

void linger_close_all(struct linger_list *list)
{
    /* end() makes the next one the oldest. */
    while (list->oldest)
        end(list->oldest); /* NOLINT(clang-analyzer-unix.Malloc) */
}

/* loop: see loop.h. */
#include "base/loop.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/fd.h"

/* Events taken from the kernel at once: enough to save calls, few enough to come back to signals.
 */
#define BATCH 64

struct loop {
    int epoll_fd;
    bool stopping;
    bool firing; /* timers: one that is armed now is the next turn's */
    nanoseconds now;
    struct epoll_event batch[BATCH];
    int batch_count, batch_next;
    struct loop_timer **heap; /* from 1; the parent of i is i / 2 */
    size_t heap_count, heap_reserved, heap_room;
};

int loop_open(struct loop **ret)
{
    struct loop *loop = calloc(1, sizeof(*loop));

    if (!loop)
        return -ENOMEM;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0) {
        int error = -errno;

        free(loop);
        return error;
    }
    loop->epoll_fd = fd_move_high(loop->epoll_fd);
    loop->now = clock_now();
    *ret = loop;
    return 0;
}

void loop_close(struct loop *loop)
{
    if (!loop)
        return;
    fd_close(loop->epoll_fd);
    free(loop->heap);
    free(loop);
}

int loop_watch(struct loop *loop, struct loop_source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};

    if (source->watched)
        return 0;
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, source->fd, &event) < 0)
        return -errno;
    source->watched = true;
    return 0;
}

void loop_unwatch(struct loop *loop, struct loop_source *source)
{
    if (!source->watched)
        return;
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
    source->watched = false;
    for (int i = loop->batch_next; i < loop->batch_count; i++)
        if (loop->batch[i].data.ptr == source)
            loop->batch[i].data.ptr = NULL;
}

static void place_timer(struct loop *loop, struct loop_timer *timer, size_t place)
{
    loop->heap[place] = timer;
    timer->place = place;
}

static void sift_up(struct loop *loop, struct loop_timer *timer, size_t place)
{
    while (place > 1 && loop->heap[place / 2]->due > timer->due) {
        place_timer(loop, loop->heap[place / 2], place);
        place /= 2;
    }
    place_timer(loop, timer, place);
}

static void sift_down(struct loop *loop, struct loop_timer *timer, size_t place)
{
    for (;;) {
        size_t child = place * 2;

        if (child < loop->heap_count && loop->heap[child + 1]->due < loop->heap[child]->due)
            child++;
        if (child > loop->heap_count || loop->heap[child]->due >= timer->due)
            break;
        place_timer(loop, loop->heap[child], place);
        place = child;
    }
    place_timer(loop, timer, place);
}

int loop_reserve(struct loop *loop, int count)
{
    size_t reserved = loop->heap_reserved + (size_t)count;
    size_t room = loop->heap_room ? loop->heap_room : 64;
    struct loop_timer **heap;

    while (room < reserved + 1)
        room *= 2;
    if (room != loop->heap_room) {
        heap = realloc(loop->heap, room * sizeof(struct loop_timer *));
        if (!heap)
            return -ENOMEM;
        loop->heap = heap;
        loop->heap_room = room;
    }
    loop->heap_reserved = reserved;
    return 0;
}

void loop_arm(struct loop *loop, struct loop_timer *timer, nanoseconds due)
{
    loop_disarm(loop, timer);
    timer->due = loop->firing && due <= loop->now ? loop->now + 1 : due;
    sift_up(loop, timer, ++loop->heap_count);
}

void loop_disarm(struct loop *loop, struct loop_timer *timer)
{
    size_t place = timer->place;
    struct loop_timer *last;

    if (place == 0)
        return;
    timer->place = 0;
    last = loop->heap[loop->heap_count--];
    if (last == timer)
        return;
    if (place > 1 && loop->heap[place / 2]->due > last->due)
        sift_up(loop, last, place);
    else
        sift_down(loop, last, place);
}

bool loop_is_armed(const struct loop_timer *timer)
{
    return timer->place != 0;
}

nanoseconds loop_now(const struct loop *loop)
{
    return loop->now;
}

/* Milliseconds until the next timer, rounded up so that it is due when we wake; -1 for ever. */
static int next_timeout(const struct loop *loop)
{
    nanoseconds left;

    if (loop->heap_count == 0)
        return -1;
    if (loop->heap[1]->due <= loop->now)
        return 0;
    left = (loop->heap[1]->due - loop->now + CLOCK_MILLISECOND - 1) / CLOCK_MILLISECOND;
    return left > INT_MAX ? INT_MAX : (int)left;
}

static void fire_timers(struct loop *loop)
{
    /* Only what is due now: a timer that arms itself again at once must not hold the loop. */
    loop->firing = true;
    while (loop->heap_count > 0 && loop->heap[1]->due <= loop->now) {
        struct loop_timer *timer = loop->heap[1];

        loop_disarm(loop, timer);
        timer->fired(timer);
    }
    loop->firing = false;
}

static int turn(struct loop *loop)
{
    int count;

    loop->now = clock_now();
    count = epoll_wait(loop->epoll_fd, loop->batch, BATCH, next_timeout(loop));
    if (count < 0 && errno != EINTR)
        return -errno;
    loop->now = clock_now();
    loop->batch_count = count > 0 ? count : 0;
    for (loop->batch_next = 0; loop->batch_next < loop->batch_count;) {
        struct epoll_event *event = &loop->batch[loop->batch_next++];
        struct loop_source *source = event->data.ptr;

        if (source)
            source->ready(source, event->events);
    }
    loop->batch_count = 0;
    fire_timers(loop);
    return 0;
}

int loop_run(struct loop *loop, void (*after_turn)(void *context), void *context)
{
    while (!loop->stopping) {
        int error = turn(loop);

        if (error < 0)
            return error;
        if (after_turn)
            after_turn(context);
    }
    return 0;
}

void loop_stop(struct loop *loop)
{
    loop->stopping = true;
}

/* exchange: see exchange.h. */
#include "handlers/exchange.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <unistd.h>

#include "handlers/stream.h"

/* What may be on its way in one direction: as much as a pipe holds. */
#define FLOW_SIZE 65536

#define POLL_ENDED (POLLERR | POLLHUP | POLLNVAL)

/* One direction. */
struct flow {
    int from, to;
    bool ended;  /* nothing more comes from `from` */
    bool broken; /* and it is no end, but an error: what has come isn't the whole */
    bool passed; /* `to` has been told of the end */
    bool deaf;   /* `to` takes no more; what still comes is thrown away */
    size_t start, end;
    char bytes[FLOW_SIZE];
};

enum { CLIENT_IN, CLIENT_OUT, TARGET, POLLS };

struct exchange {
    int target;
    struct flow request; /* the client's bytes to the target */
    struct flow answer;  /* and the target's to the client */
    struct pollfd polls[POLLS];
    bool gone[POLLS]; /* its end has been seen: not polled when nothing is wanted of it */
};

static bool wants_read(const struct flow *flow)
{
    return !flow->ended && (flow->deaf || flow->end < FLOW_SIZE);
}

static bool wants_write(const struct flow *flow)
{
    return !flow->deaf && flow->start < flow->end;
}

static void set_deaf(struct flow *flow)
{
    flow->deaf = true;
    flow->start = flow->end = 0;
}

/* Both return whether bytes moved. */
static bool read_some(struct flow *flow)
{
    ssize_t got = stream_read_some(flow->from, flow->bytes + flow->end, FLOW_SIZE - flow->end);

    if (got == -EAGAIN)
        return false;
    if (got <= 0) {
        flow->ended = true;
        flow->broken = got < 0;
        return false;
    }
    if (!flow->deaf)
        flow->end += (size_t)got;
    return true;
}

static bool write_some(struct flow *flow)
{
    ssize_t put = stream_write_some(flow->to, flow->bytes + flow->start, flow->end - flow->start);

    if (put == -EAGAIN)
        return false;
    if (put < 0) {
        set_deaf(flow);
        return false;
    }
    flow->start += (size_t)put;
    if (flow->start == flow->end)
        flow->start = flow->end = 0;
    return true;
}

/* Half-close: the end goes on once all before it has gone. */
static void pass_end(struct flow *flow)
{
    if (!flow->ended || flow->broken || flow->passed || flow->deaf || wants_write(flow))
        return;
    flow->passed = true;
    stream_end(flow->to);
}

static bool is_over(const struct flow *flow)
{
    return flow->passed || flow->deaf;
}

static void fill_polls(struct exchange *exchange)
{
    struct pollfd *polls = exchange->polls;
    const struct flow *request = &exchange->request, *answer = &exchange->answer;

    polls[CLIENT_IN] =
        (struct pollfd){.fd = request->from, .events = wants_read(request) ? POLLIN : 0};
    polls[CLIENT_OUT] =
        (struct pollfd){.fd = answer->to, .events = wants_write(answer) ? POLLOUT : 0};
    polls[TARGET] = (struct pollfd){.fd = exchange->target,
                                    .events = (short)((wants_read(answer) ? POLLIN : 0) |
                                                      (wants_write(request) ? POLLOUT : 0))};
    /* poll tells of an end even where nothing was asked: once is enough. */
    for (size_t i = 0; i < POLLS; i++)
        if (exchange->gone[i] && polls[i].events == 0)
            polls[i].fd = -1;
}

/* A side of which nothing is wanted has gone away altogether. What it sent may still wait in its
 * socket while our buffer is full; only when all of that is read is there nobody left to write to.
 */
static void see_ends(struct exchange *exchange)
{
    for (size_t i = 0; i < POLLS; i++) {
        struct flow *from = i == TARGET ? &exchange->answer : &exchange->request;
        struct flow *to = i == TARGET ? &exchange->request : &exchange->answer;

        if (exchange->polls[i].events != 0 || !(exchange->polls[i].revents & POLL_ENDED))
            continue;
        exchange->gone[i] = true;
        if (from->ended && !to->passed)
            set_deaf(to);
    }
}

static bool is_ready(const struct pollfd *ready, short event)
{
    return (ready->events & event) && (ready->revents & (event | POLL_ENDED));
}

/* Returns whether bytes moved. */
static bool move_bytes(struct exchange *exchange)
{
    const struct pollfd *polls = exchange->polls;
    bool moved = false;

    if (is_ready(&polls[CLIENT_IN], POLLIN))
        moved |= read_some(&exchange->request);
    if (is_ready(&polls[TARGET], POLLIN))
        moved |= read_some(&exchange->answer);
    if (is_ready(&polls[TARGET], POLLOUT))
        moved |= write_some(&exchange->request);
    if (is_ready(&polls[CLIENT_OUT], POLLOUT))
        moved |= write_some(&exchange->answer);
    return moved;
}

/* Until it ends by itself; 0 or -errno. */
static int pass_bytes(struct exchange *exchange, nanoseconds idle_timeout, enum exchange_end *ret)
{
    nanoseconds last = clock_now();

    for (;;) {
        int timeout = idle_timeout > 0 ? stream_time_left(last + idle_timeout) : -1;

        pass_end(&exchange->request);
        pass_end(&exchange->answer);
        *ret =
            exchange->request.broken || exchange->answer.broken ? EXCHANGE_BROKEN : EXCHANGE_DONE;
        if (*ret == EXCHANGE_BROKEN || (is_over(&exchange->request) && is_over(&exchange->answer)))
            return 0;
        fill_polls(exchange);
        if (poll(exchange->polls, POLLS, timeout) < 0) {
            if (errno != EINTR)
                return -errno;
            continue;
        }
        see_ends(exchange);
        if (move_bytes(exchange))
            last = clock_now();
        *ret = EXCHANGE_IDLE;
        if (idle_timeout > 0 && clock_now() - last >= idle_timeout)
            return 0;
    }
}

int exchange_run(int target, nanoseconds idle_timeout, enum exchange_end *ret)
{
    static struct exchange exchange; /* too large for a stack that an rlimit may have cut */
    int error;

    exchange.target = target;
    exchange.request = (struct flow){.from = STDIN_FILENO, .to = target};
    exchange.answer = (struct flow){.from = target, .to = STDOUT_FILENO};
    error = pass_bytes(&exchange, idle_timeout, ret);
    if (error == 0 && *ret == EXCHANGE_BROKEN) {
        /* Half a file must not look like a whole one to the other side. */
        stream_break(target);
        stream_break(STDOUT_FILENO);
        return 0;
    }
    close(target);
    /* The target had heard enough and has answered: the client must get that answer. */
    if (error == 0 && *ret == EXCHANGE_DONE && !exchange.request.ended)
        stream_finish();
    return error;
}

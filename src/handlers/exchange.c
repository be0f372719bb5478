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

/* Of one direction. */
enum flow_state {
    FLOW_OPEN,
    FLOW_ENDED, /* nothing more comes from `from`; what has come is still to be written */
    FLOW_DEAF,  /* `to` takes no more; what still comes is thrown away */
    FLOW_OVER,  /* ended, and `to` has been told so or is deaf */
};

struct flow {
    int from, to;
    enum flow_state state;
    bool broken; /* one of the two broke off: what has come isn't the whole */
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
    return flow->state == FLOW_DEAF || (flow->state == FLOW_OPEN && flow->end < FLOW_SIZE);
}

static bool wants_write(const struct flow *flow)
{
    return flow->start < flow->end;
}

static void set_deaf(struct flow *flow)
{
    if (flow->state == FLOW_OPEN)
        flow->state = FLOW_DEAF;
    else if (flow->state == FLOW_ENDED)
        flow->state = FLOW_OVER;
    flow->start = flow->end = 0;
}

static bool is_over(const struct flow *flow)
{
    return flow->state == FLOW_OVER || flow->state == FLOW_DEAF;
}

/* Both return whether bytes moved. */
static bool read_some(struct flow *flow)
{
    ssize_t got = stream_read_some(flow->from, flow->bytes + flow->end, FLOW_SIZE - flow->end);

    if (got == -EAGAIN)
        return false;
    if (got > 0 && flow->state == FLOW_OPEN)
        flow->end += (size_t)got;
    if (got <= 0)
        flow->state = flow->state == FLOW_OPEN ? FLOW_ENDED : FLOW_OVER;
    flow->broken |= got < 0;
    return got > 0;
}

static bool write_some(struct flow *flow)
{
    ssize_t put = stream_write_some(flow->to, flow->bytes + flow->start, flow->end - flow->start);

    if (put < 0 && put != -EAGAIN)
        set_deaf(flow);
    /* The system tells of a reset once: after this, reading would show a clean end. (EPIPE is of
     * one that had ended before, or just takes no more.) */
    flow->broken |= put == -ECONNRESET;
    if (put > 0)
        flow->start += (size_t)put;
    if (flow->start == flow->end)
        flow->start = flow->end = 0;
    return put > 0;
}

/* Half-close: the end goes on once all before it has gone. */
static void pass_end(struct flow *flow)
{
    if (flow->state != FLOW_ENDED || wants_write(flow))
        return;
    flow->state = FLOW_OVER;
    stream_end(flow->to);
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

/* A side of which nothing is wanted has gone away altogether. Unless it broke off, what it sent may
 * still wait in its socket while our buffer is full; only when all of that is read is there nobody
 * left to write to. */
static void see_ends(struct exchange *exchange)
{
    for (size_t i = 0; i < POLLS; i++) {
        const struct pollfd *seen = &exchange->polls[i];
        struct flow *from = i == TARGET ? &exchange->answer : &exchange->request;
        struct flow *to = i == TARGET ? &exchange->request : &exchange->answer;

        if (seen->events != 0 || !(seen->revents & POLL_ENDED))
            continue;
        exchange->gone[i] = true;
        if ((seen->revents & POLLERR) && stream_error(seen->fd) == -ECONNRESET)
            from->broken = true;
        else if (from->state == FLOW_ENDED || from->state == FLOW_OVER)
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
    nanoseconds deadline = stream_deadline(idle_timeout);

    for (;;) {
        *ret = EXCHANGE_BROKEN;
        if (exchange->request.broken || exchange->answer.broken)
            return 0;
        pass_end(&exchange->request);
        pass_end(&exchange->answer);
        *ret = EXCHANGE_DONE;
        if (is_over(&exchange->request) && is_over(&exchange->answer))
            return 0;
        *ret = EXCHANGE_IDLE;
        if (clock_now() >= deadline)
            return 0;
        fill_polls(exchange);
        if (poll(exchange->polls, POLLS, stream_time_left(deadline)) < 0) {
            if (errno != EINTR)
                return -errno;
            continue;
        }
        see_ends(exchange);
        if (move_bytes(exchange))
            deadline = stream_deadline(idle_timeout);
    }
}

/* What had come before the break still goes, as far as that goes at once. */
static void pass_rest(struct flow *flow)
{
    bool moved = true;

    while (moved && !is_over(flow)) {
        moved = wants_read(flow) && read_some(flow);
        moved |= wants_write(flow) && write_some(flow);
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
        pass_rest(&exchange.request);
        pass_rest(&exchange.answer);
    }
    if (error == 0 && *ret != EXCHANGE_DONE) {
        /* Half a file must not look like a whole one to the other side. */
        stream_break(target);
        stream_break(STDOUT_FILENO);
        return 0;
    }
    close(target);
    /* The target had heard enough and has answered: the client must get that answer. */
    if (error == 0 && exchange.request.state == FLOW_DEAF)
        stream_finish();
    return error;
}

/* ready: see parts.h. A connection is sent to a parked process, and stays ours until
 * it answers: then it is its handler. What has no answer when its socket is shut is started cold.
 */
#include <stdlib.h>
#include <sys/epoll.h>

#include "pool/parts.h"
#include "warm/link.h"

static void take_out(struct warm_child *child)
{
    warm_child_unlist(&child->warming->ready, child);
    child->warming->ready_count--;
}

static void discard(struct warm_child *child)
{
    take_out(child);
    warm_child_discard(child);
}

void ready_discard_all(struct warming *warming)
{
    while (warming->ready)
        discard(warming->ready); /* NOLINT(clang-analyzer-unix.Malloc): it takes it out */
}

void ready_discard_old(struct warming *warming)
{
    while (warming->ready && warm_child_is_old(warming, warming->ready))
        discard(warming->ready);
}

static void remove_given(struct warm_child *child)
{
    warm_child_unlist(&child->warming->given, child);
    child->given = NULL;
    child->warming->pools->processes->unclaimed--;
}

/* It has the connection, and is a handler from here on. */
static void take_answer(struct warm_child *child)
{
    struct pool_request *request = child->given;
    pid_t pid = child->process.pid;

    remove_given(child);
    warm_child_forget(child);
    child->warming->served++;
    child->warming->failures = 0;
    free(child);
    request->done(request, pid);
}

/* It won't have it: after its socket is shut it can't go on. */
static void take_back(struct warm_child *child)
{
    struct warming *warming = child->warming;
    struct pool_request *request = child->given;
    struct warm_answer answer;
    pid_t pid;

    warm_link_shut(child->source.fd);
    if (warm_link_answer(child->source.fd, warming->uid, &answer, &pid) > 0 &&
        pid == child->process.pid) {
        take_answer(child);
        return;
    }
    remove_given(child);
    warm_child_discard(child);
    request->done(request, 0);
}

void ready_read_answer(struct warm_child *child)
{
    struct warm_answer answer;
    pid_t pid;
    int got = warm_link_answer(child->source.fd, child->warming->uid, &answer, &pid);

    if (got > 0 && pid == child->process.pid && answer.serial == child->serial)
        take_answer(child);
    else if (got != 0 || child->reaped)
        take_back(child);
}

/* Its socket has something: the answer to a connection, or its end. */
static void on_control(struct loop_source *source, uint32_t events)
{
    struct warm_child *child = source->owner;
    struct warming *warming = child->warming;

    (void)events;
    if (child->given) {
        ready_read_answer(child);
        return;
    }
    discard(child);
    warm_child_lost(warming);
}

void ready_read_answers(struct warming *warming)
{
    struct warm_child *child = warming->given, *next;

    for (; child; child = next) {
        next = child->next;
        ready_read_answer(child);
    }
}

void ready_take_back(struct warming *warming)
{
    while (warming->given)
        take_back(warming->given); /* NOLINT(clang-analyzer-unix.Malloc): it takes it out */
}

int ready_add(struct warming *warming, struct warm_child *child)
{
    int error;

    child->source.ready = on_control;
    child->answers = ready_read_answer;
    error = loop_watch(warming->pools->loop, &child->source, EPOLLIN);
    if (error < 0)
        return error;
    warm_child_append(&warming->ready, child);
    warming->ready_count++;
    return 0;
}

/* The oldest that is ready gets it; one that is gone, or too old, makes room for the next. */
bool ready_take(struct warming *warming, struct pool_request *request, const char *region)
{
    while (warming->ready) {
        struct warm_child *child = warming->ready;

        take_out(child);
        child->serial = ++warming->connection_serial;
        if (child->reaped || warm_child_is_old(warming, child) ||
            warm_link_send(child->source.fd, WARM_GO, child->serial, region, warming->slots.size,
                           request->fd) < 0) {
            warm_child_discard(child);
            continue;
        }
        child->given = request;
        child->since = loop_now(warming->pools->loop);
        child->next = warming->given;
        warming->given = child;
        warming->pools->processes->unclaimed++;
        warm_child_await_answer(warming);
        return true;
    }
    return false;
}

bool ready_check(struct warming *warming, nanoseconds now)
{
    struct warm_child *child = warming->given, *next;
    bool late = false;

    for (; child; child = next) {
        next = child->next;
        if (now - child->since < ANSWER_WAIT)
            continue;
        take_back(child);
        late = true;
    }
    return late;
}

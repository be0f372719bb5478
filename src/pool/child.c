/* child: see parts.h. */
#include <signal.h>
#include <stdlib.h>

#include "base/fd.h"
#include "pool/parts.h"
#include "service/service.h"

static struct processes *processes_of(const struct warm_child *child)
{
    return child->warming->pools->processes;
}

static void on_end(struct process *process, int status, const struct rusage *usage)
{
    struct warm_child *child = MAP_ENTRY(process, struct warm_child, process);

    (void)status;
    (void)usage;
    child->reaped = true;
    if (child->answers && (child->given || child == child->warming->template))
        child->answers(child);
}

void warm_child_know(struct warm_child *child, pid_t pid)
{
    child->reaped = false;
    child->process.ended = on_end;
    processes_add(processes_of(child), &child->process, pid);
}

void warm_child_forget(struct warm_child *child)
{
    loop_unwatch(child->warming->pools->loop, &child->source);
    child->source.fd = fd_close(child->source.fd);
    if (!child->reaped)
        processes_remove(processes_of(child), &child->process);
}

void warm_child_end(struct warm_child *child)
{
    /* Not reaped, so its number is still its own. */
    if (!child->reaped)
        kill(child->process.pid, SIGKILL);
    warm_child_forget(child);
}

void warm_child_discard(struct warm_child *child)
{
    warm_child_end(child);
    free(child);
}

void warm_child_unlist(struct warm_child **list, const struct warm_child *child)
{
    while (*list != child)
        list = &(*list)->next;
    *list = child->next;
}

void warm_child_append(struct warm_child **list, struct warm_child *child)
{
    while (*list)
        list = &(*list)->next;
    child->next = NULL;
    *list = child;
}

/* warm-age; 0: for ever. Not so short that warming up were all that is done. */
nanoseconds warm_child_most_age(const struct warming *warming)
{
    nanoseconds age = warming->service->settings->warm->age;

    return age == 0 || age > CLOCK_SECOND ? age : CLOCK_SECOND;
}

bool warm_child_is_old(const struct warming *warming, const struct warm_child *child)
{
    nanoseconds most = warm_child_most_age(warming);

    return most > 0 && loop_now(warming->pools->loop) - child->since >= most;
}

void warm_child_await_answer(struct warming *warming)
{
    struct loop *loop = warming->pools->loop;

    if (!loop_is_armed(&warming->answer))
        loop_arm(loop, &warming->answer, loop_now(loop) + ANSWER_WAIT);
}

/* One that was ready has ended, and whoever looks at the end of the turn makes another one later.
 */
void warm_child_lost(struct warming *warming)
{
    warming->lost = true;
    warm_child_refill(warming);
}

void warm_child_refill(struct warming *warming)
{
    struct pools *pools = warming->pools;

    if (warming->is_due)
        return;
    warming->is_due = true;
    warming->next_due = pools->due;
    pools->due = warming;
}

/* warm_child: see warming_parts.h. */
#include <signal.h>
#include <stdlib.h>

#include "base/fd.h"
#include "serve/warming_parts.h"

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
    /* Whoever has a copy of its socket could keep its end from being seen. */
    if (child == child->warming->template)
        copies_take_answers(child->warming);
    else if (child->given)
        ready_read_answer(child);
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

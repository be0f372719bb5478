/* processes: all our children by pid, whoever started them, and who of them has ended.
 *
 * Whoever has a child embeds a struct process and is called when it has ended and was reaped; what
 * kind of process it is, nobody here knows. wait4(-1) looks through all children, the oldest first:
 * beside ten thousand handlers that sleep, each short one would cost a look at all of them
 * (measured: 820 us of CPU a connection where 180 do). And SIGCHLD tells one pid only: those who
 * end before that is read are not told of. processes.c tells how ends are found at a cost that
 * doesn't grow with those that live on. Called by the daemon for the signal.
 */
#ifndef STDINETD_LAUNCH_PROCESSES_H
#define STDINETD_LAUNCH_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/loop.h"
#include "base/map.h"

struct process {
    struct map_node node;
    struct process *older, *younger; /* by when they were added */
    pid_t pid;
    bool kills_group; /* what is left of its group when it has ended is killed */
    /* It has ended, was reaped, and is known no more; status and usage are wait4's. */
    void (*ended)(struct process *process, int status, const struct rusage *usage);
};

struct processes {
    struct loop *loop;
    struct map by_pid;
    size_t count;
    struct process *youngest;
    struct process *cursor,
        *walk;          /* of walks to the older ones; move on when their place is left */
    size_t group_kills; /* processes with kills_group */
    /* Connections that were given to a process which may be nobody's yet, and whose answer is still
     * to come: the pool's to count. While there are any, claim is called before an end is reaped,
     * so that what has ended is known as what it was. */
    size_t unclaimed;
    void (*claim)(void *context);
    void *context;
    struct loop_timer sweep; /* armed: more may have ended than were found */
};

/* 0 or -errno. claim may be NULL. */
int processes_open(struct processes *processes, struct loop *loop, void (*claim)(void *context),
                   void *context);
/* Forgets all of them; they live on. */
void processes_close(struct processes *processes);

/* Makes process, whose ended and kills_group are set, known as pid; and forgets it again. */
void processes_add(struct processes *processes, struct process *process, pid_t pid);
void processes_remove(struct processes *processes, struct process *process);

/* The one of that pid; NULL: none that is known, as an orphan's when we are PID 1. */
struct process *processes_find(const struct processes *processes, pid_t pid);

/* Some may have ended of which no signal told: they are found soon. */
void processes_look_soon(struct processes *processes);

/* After SIGCHLD, which told of pid (0: of nobody): takes those who have ended. */
void processes_reap(struct processes *processes, pid_t told);

#endif

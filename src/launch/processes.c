/* processes: see processes.h. Where there are many:
 *
 *   the one that the signal told of is asked for by its pid, which costs the same among any number;
 *   then the youngest ones, who are the likeliest to end together, while they are found ended;
 *   then, SWEEP_WAIT later, wait4(-1) looks whether anybody was missed (or is an orphan, which PID
 * 1 gets); only where somebody was, a sweep asks for all by their pids, some a turn.
 */
#include "launch/processes.h"

#include <signal.h>
#include <sys/wait.h>

/* Up to so many children wait4(-1) is as good as anything. */
#define FEW 256
/* Asked for or taken in one turn: the others' turn comes before the next ones'. */
#define BATCH 256
/* Young ones that may be found alive, one after the other, before the search is left to the sweep.
 */
#define MISSES 16
/* How late the end of a process can be noticed that the signal and the young ones didn't tell. */
#define SWEEP_WAIT (100 * CLOCK_MILLISECOND)

static void on_sweep(struct loop_timer *timer);

int processes_open(struct processes *processes, struct loop *loop, void (*claim)(void *context),
                   void *context)
{
    int error;

    *processes = (struct processes){.loop = loop, .claim = claim, .context = context};
    processes->sweep = (struct loop_timer){.fired = on_sweep, .owner = processes};
    error = loop_reserve(loop, 1);
    return error < 0 ? error : map_open(&processes->by_pid);
}

void processes_close(struct processes *processes)
{
    map_close(&processes->by_pid);
    *processes = (struct processes){0};
}

static uint64_t hash(const struct processes *processes, pid_t pid)
{
    return map_hash(&processes->by_pid, &pid, sizeof(pid));
}

void processes_add(struct processes *processes, struct process *process, pid_t pid)
{
    process->pid = pid;
    map_add(&processes->by_pid, &process->node, hash(processes, pid));
    process->younger = NULL;
    process->older = processes->youngest;
    if (process->older)
        process->older->younger = process;
    processes->youngest = process;
    processes->count++;
    processes->group_kills += process->kills_group;
}

void processes_remove(struct processes *processes, struct process *process)
{
    map_remove(&processes->by_pid, &process->node);
    if (processes->cursor == process)
        processes->cursor = process->older;
    if (processes->walk == process)
        processes->walk = process->older;
    if (processes->youngest == process)
        processes->youngest = process->older;
    if (process->older)
        process->older->younger = process->younger;
    if (process->younger)
        process->younger->older = process->older;
    processes->count--;
    processes->group_kills -= process->kills_group;
}

struct process *processes_find(const struct processes *processes, pid_t pid)
{
    struct map_node *node = map_first(&processes->by_pid, hash(processes, pid));

    for (; node; node = map_next(node)) {
        struct process *process = MAP_ENTRY(node, struct process, node);

        if (process->pid == pid)
            return process;
    }
    return NULL;
}

/* What must be done before a process is reaped: asks who of pid (or of all, with -1) has ended,
 * finds out who that is, and kills what is left of its group where that is wanted: from then on its
 * number could be another's. Who it is, or 0 where nobody has: one that ends right now is the next
 * signal's. */
static pid_t look(struct processes *processes, pid_t pid)
{
    siginfo_t info = {0};
    struct process *process;

    if (waitid(pid > 0 ? P_PID : P_ALL, pid > 0 ? (id_t)pid : 0, &info,
               WEXITED | WNOHANG | WNOWAIT) < 0 ||
        info.si_pid == 0)
        return 0;
    if (processes->unclaimed > 0 && processes->claim)
        processes->claim(processes->context);
    process = processes_find(processes, info.si_pid);
    /* Itself it is dead already: a group that has nobody else can't be signalled any more. */
    if (process && process->kills_group)
        kill(-info.si_pid, SIGKILL);
    return info.si_pid;
}

/* Takes the end of pid, or of anybody with -1; false where there is none. */
static bool take(struct processes *processes, pid_t pid)
{
    bool looks = processes->group_kills > 0 || processes->unclaimed > 0;
    pid_t whom = looks ? look(processes, pid) : pid;
    struct process *process;
    struct rusage usage;
    int status;
    pid_t ended = whom != 0 ? wait4(whom, &status, WNOHANG, &usage) : 0;

    if (ended <= 0)
        return false;
    process = processes_find(processes, ended);
    if (process) { /* else an orphan */
        processes_remove(processes, process);
        process->ended(process, status, &usage);
    }
    return true;
}

/* Takes whoever has ended; false where a turn was not enough. */
static bool take_all(struct processes *processes)
{
    for (unsigned i = 0; i < BATCH; i++)
        if (!take(processes, -1))
            return true;
    return false;
}

/* Takes those of the youngest that have ended. */
static void take_young(struct processes *processes)
{
    unsigned misses = 0;

    processes->walk = processes->youngest;
    for (unsigned i = 0; processes->walk && i < BATCH && misses < MISSES; i++) {
        struct process *process = processes->walk;

        processes->walk = process->older;
        misses = take(processes, process->pid) ? 0 : misses + 1;
    }
    processes->walk = NULL;
}

/* Goes on with the sweep, or looks whether one is worth it; false where there is more to do. */
static bool sweep(struct processes *processes)
{
    size_t before = processes->count;

    if (!processes->cursor) {
        if (!take(processes, -1))
            return true;
        if (processes->count < before) /* else an orphan, which is no sign of others */
            processes->cursor = processes->youngest;
    }
    for (unsigned i = 0; processes->cursor && i < BATCH; i++) {
        struct process *process = processes->cursor;

        processes->cursor = process->older;
        take(processes, process->pid);
    }
    return false;
}

void processes_reap(struct processes *processes, pid_t told)
{
    if (processes->count <= FEW) {
        if (!take_all(processes))
            processes_look_soon(processes);
        return;
    }
    if (told > 0)
        take(processes, told);
    take_young(processes);
    if (!loop_is_armed(&processes->sweep))
        loop_arm(processes->loop, &processes->sweep, loop_now(processes->loop) + SWEEP_WAIT);
}

static void on_sweep(struct loop_timer *timer)
{
    struct processes *processes = timer->owner;

    if (!sweep(processes))
        processes_look_soon(processes);
}

void processes_look_soon(struct processes *processes)
{
    loop_arm(processes->loop, &processes->sweep, loop_now(processes->loop));
}

/* engine_clone: starts a process without copying anything: CLONE_VM | CLONE_FILES, not CLONE_VFORK.
 *
 * For a reader who knows vfork: the child runs in our memory, as vfork's does, but we go on at
 * once, and it has our table of fds too. So nothing is copied, however many sockets are open, and
 * nobody waits. What makes each part of that safe:
 *
 * Memory. The child has a stack of its own, in a slot that belongs to one start. It reads the plan,
 * which holds still (the slot has a reference, reloads notwithstanding), and its slot; it writes
 * nothing but its slot and its stack. It makes only raw system calls (raw.h): no errno, which is
 * our thread's, no malloc, no locks, nothing lazily bound (the program is linked with -z now).
 *
 * Signals. The daemon has default dispositions only (daemon/startup.c), so no handler of ours can
 * run in the child; what the daemon blocks, the child has blocked until its mask is emptied in
 * front of exec. A signal to the child alone kills or stops the child alone: it is no thread of
 * ours.
 *
 * Fds. The child's first call, close_range(CLOSE_RANGE_UNSHARE), gives it a table of its own with
 * just the fds below `first`, above which the daemon keeps all that lives long (fd_move_high).
 * Before that it must not change the table, and we must not close the connection: `unshared` says
 * when. Then the parent closes its copies, in launcher_tend(): the loop comes back within
 * LAUNCHER_PACE while any start is under way, so a client sees its handler's close within 10 ms;
 * and the end of a short handler wakes the loop by itself.
 *
 * Credentials. setresuid in the child is the child's own, but it clears the dumpable flag of the
 * memory it shares with us (prctl(2), PR_SET_DUMPABLE). That is wanted: the handler's user must not
 * be able to ptrace the child, which can see our memory, in front of its exec. So a daemon that
 * changes ids makes itself undumpable from the start and stays so; exec gives the handler a flag of
 * its own.
 *
 * oom_score_adj. The kernel keeps it the same for all processes that share a memory, so a child
 * must not write it here: plans that need that (plan.h, own_memory) go to the fork engine.
 *
 * The end of a start. CLONE_CHILD_CLEARTID: the kernel sets `running` to zero when exec or exit has
 * let go of the memory: then the stack is free, and `failure` says which of both it was. A child
 * that is stopped in front of its exec (its user may do that once it has the uid) keeps its slot,
 * and nothing else waits: others have slots of their own, LAUNCHER_STARTS_MAX of them; beyond,
 * -EAGAIN.
 */
#include "launch/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "launch/raw.h"

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE (1U << 1)
#endif

/* raw.h has system calls without errno for two processors; and a sanitizer's shadow of the stack
 * knows nothing of a second process in its memory. */
#if (defined(__x86_64__) || defined(__aarch64__)) && !defined(__SANITIZE_ADDRESS__)
#define IS_SAFE_HERE true
#else
#define IS_SAFE_HERE false
#endif

/* child_execute uses a few hundred bytes; below the stack lies a page that nobody may touch. */
#define STACK_SIZE ((size_t)16 * 1024)

struct clone_start {
    struct launch_start base;
    struct clone_start *next, **link; /* of those under way; next alone of the free ones */
    nanoseconds began;
    struct plan *plan; /* a reference */
    unsigned char *stack;
    struct launch_connection connection; /* fd and stderr_fd as the child finds them */
    int own_stderr_fd;                   /* a low copy that we made for it, or -1 */
    unsigned first;                      /* the child keeps the fds below */
    uint32_t running;                    /* the kernel's: nonzero while the child has our memory */
    uint32_t unshared;                   /* the child's: it has its own table of fds */
    bool given_back;                     /* ours are closed */
    struct child_failure failure;        /* the child's last word */
    struct environment environment;
};

struct cloner {
    struct engine base;
    struct clone_start *free;
    struct clone_start *under_way;
    size_t count; /* slots that exist */
};

static struct cloner *cloner_of(const struct engine *engine)
{
    return (struct cloner *)(uintptr_t)engine; /* base comes first */
}

/* Whether this kernel has what the child needs: asked about fds that nobody has. */
static bool can_unshare(void)
{
    return raw_call(SYS_close_range, ~0U, (long)~0U, CLOSE_RANGE_UNSHARE, 0) == 0;
}

/* With fs.suid_dumpable set, a child that changes its ids would make the memory that it shares with
 * us dumpable and traceable again: proc(5). Then processes are started by fork. */
static bool are_set_ids_dumpable(void)
{
    FD_CLEANUP int fd = open("/proc/sys/fs/suid_dumpable", O_RDONLY | O_CLOEXEC);
    char value = '0';

    return geteuid() == 0 && fd >= 0 && read(fd, &value, 1) == 1 && value != '0';
}

static int clone_open(struct engine **ret)
{
    struct cloner *cloner;

    if (!IS_SAFE_HERE || !can_unshare() || are_set_ids_dumpable())
        return -ENOSYS;
    cloner = calloc(1, sizeof(*cloner));
    if (!cloner)
        return -ENOMEM;
    if (geteuid() == 0 && prctl(PR_SET_DUMPABLE, 0) < 0) {
        int error = -errno;

        free(cloner);
        return error;
    }
    cloner->base.calls = &engine_clone;
    *ret = &cloner->base;
    return 0;
}

/* A page, which on aarch64 may have 64 KiB. */
static size_t guard_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static void clone_close(struct engine *engine)
{
    struct cloner *cloner = cloner_of(engine);

    while (cloner->free) {
        struct clone_start *next = cloner->free->next;

        munmap(cloner->free->stack - guard_size(), guard_size() + STACK_SIZE);
        environment_free(&cloner->free->environment);
        free(cloner->free);
        cloner->free = next;
    }
    /* Children on their way still read their slots and plans: those stay until the process ends. */
    if (!cloner->under_way)
        free(cloner);
}

static int clone_fd(const struct engine *engine)
{
    (void)engine;
    return -1;
}

/* A start that takes long was stopped by somebody: it is looked at, but not two hundred times a
 * second. */
static nanoseconds clone_pace(const struct engine *engine)
{
    const struct clone_start *slot = cloner_of(engine)->under_way;
    nanoseconds now = slot ? clock_now() : 0;

    if (!slot)
        return 0;
    /* The youngest one stands first. */
    return now - slot->began < 20 * LAUNCHER_PACE ? LAUNCHER_PACE : LAUNCHER_SLOW_PACE;
}

static bool clone_is_idle(const struct engine *engine)
{
    return !cloner_of(engine)->under_way;
}

static unsigned char *map_stack(void)
{
    size_t guard = guard_size();
    unsigned char *area = mmap(NULL, guard + STACK_SIZE, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

    if (area == MAP_FAILED)
        return NULL;
    if (mprotect(area, guard, PROT_NONE) < 0) {
        munmap(area, guard + STACK_SIZE);
        return NULL;
    }
    return area + guard;
}

/* A slot: the one used last, whose stack is still in the cache, or a new one; NULL: none now. */
static struct clone_start *take_slot(struct cloner *cloner)
{
    struct clone_start *slot = cloner->free;

    if (slot) {
        cloner->free = slot->next;
        return slot;
    }
    if (cloner->count == LAUNCHER_STARTS_MAX)
        return NULL;
    slot = calloc(1, sizeof(*slot));
    if (slot)
        slot->stack = map_stack();
    if (!slot || !slot->stack) {
        free(slot);
        return NULL;
    }
    cloner->count++;
    return slot;
}

static void give_slot(struct cloner *cloner, struct clone_start *slot)
{
    slot->next = cloner->free;
    cloner->free = slot;
}

static int fill_environment(struct clone_start *slot)
{
    const struct plan *plan = slot->plan;

    environment_fill(&slot->environment, plan->service, &slot->connection);
    return environment_join(&slot->environment, plan->variables->items, plan->variables->count);
}

/* The child needs fd 2 among the low fds that it keeps; a channel lives at a high number. */
static int lower_stderr(struct clone_start *slot)
{
    int fd;

    slot->own_stderr_fd = -1;
    if (slot->connection.stderr_fd == slot->connection.fd)
        return 0;
    /* Also of a low one: its owner may close it before the child has its own table. */
    fd = fcntl(slot->connection.stderr_fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (fd < 0)
        return -errno;
    slot->own_stderr_fd = slot->connection.stderr_fd = fd;
    return 0;
}

/* The child's life in our memory. What it returns is its exit status. */
static int run_child(void *argument)
{
    struct clone_start *slot = argument;
    long result = raw_call(SYS_close_range, (long)slot->first, (long)~0U, CLOSE_RANGE_UNSHARE, 0);

    if (result < 0) {
        slot->failure = (struct child_failure){STAGE_FD, (int)-result};
        return 127;
    }
    __atomic_store_n(&slot->unshared, 1, __ATOMIC_RELEASE);
    slot->failure = child_execute(slot->plan, &slot->connection, &slot->environment, 0);
    return 127;
}

/* Makes the process. The slot is filled. */
static int clone_process(struct clone_start *slot, pid_t *ret_pid)
{
    int highest = slot->connection.fd > slot->connection.stderr_fd ? slot->connection.fd
                                                                   : slot->connection.stderr_fd;
    pid_t pid;

    slot->first = (unsigned)highest + 1;
    slot->unshared = 0;
    slot->given_back = false;
    slot->failure = (struct child_failure){0};
    slot->running = 1;
    slot->began = clock_now();
    pid = clone(run_child, slot->stack + STACK_SIZE,
                CLONE_VM | CLONE_FILES | CLONE_CHILD_CLEARTID | SIGCHLD | slot->plan->clone_flags,
                slot, NULL, NULL, &slot->running);
    if (pid < 0)
        return -errno;
    *ret_pid = pid;
    return 0;
}

static int clone_start(struct engine *engine, struct plan *plan,
                       const struct launch_connection *connection, void *owner, pid_t *ret_pid,
                       struct launch_start **ret_start)
{
    struct cloner *cloner = cloner_of(engine);
    struct clone_start *slot = take_slot(cloner);
    int error;

    if (!slot)
        return -EAGAIN;
    slot->base = (struct launch_start){&cloner->base, owner};
    slot->plan = plan;
    slot->connection = *connection;
    error = lower_stderr(slot);
    if (error == 0)
        error = fill_environment(slot);
    if (error == 0)
        error = clone_process(slot, ret_pid);
    if (error < 0) {
        fd_close(slot->own_stderr_fd);
        give_slot(cloner, slot);
        return error;
    }
    plan_ref(plan);
    slot->link = &cloner->under_way;
    slot->next = cloner->under_way;
    if (slot->next)
        slot->next->link = &slot->next;
    cloner->under_way = slot;
    *ret_start = &slot->base;
    return 0;
}

/* Closes our copies of what the child has taken over. */
static void give_fds_back(struct cloner *cloner, struct clone_start *slot)
{
    if (slot->given_back)
        return;
    slot->given_back = true;
    engine_give_back(&cloner->base, &slot->connection);
    fd_close(slot->own_stderr_fd);
}

static void clone_tend(struct engine *engine)
{
    struct cloner *cloner = cloner_of(engine);

    for (struct clone_start *slot = cloner->under_way; slot; slot = slot->next)
        if (__atomic_load_n(&slot->unshared, __ATOMIC_ACQUIRE))
            give_fds_back(cloner, slot);
}

/* The child has let go of our memory: its report, and the slot is free. */
static void finish(struct cloner *cloner, struct clone_start *slot, struct launch_report *ret)
{
    *ret = (struct launch_report){slot->base.owner, slot->failure};
    give_fds_back(cloner, slot);
    plan_unref(slot->plan);
    *slot->link = slot->next;
    if (slot->next)
        slot->next->link = slot->link;
    give_slot(cloner, slot);
}

static bool clone_collect(struct engine *engine, struct launch_report *ret)
{
    struct cloner *cloner = cloner_of(engine);

    for (struct clone_start *slot = cloner->under_way; slot; slot = slot->next)
        if (__atomic_load_n(&slot->running, __ATOMIC_ACQUIRE) == 0) {
            finish(cloner, slot, ret);
            return true;
        }
    return false;
}

static void clone_settle(struct launch_start *start, struct launch_report *ret)
{
    /* It was reaped, so the kernel has cleared `running` before. */
    finish(cloner_of(start->engine), (struct clone_start *)start, ret);
}

const struct engine_calls engine_clone = {
    .name = "clone",
    .open = clone_open,
    .close = clone_close,
    .fd = clone_fd,
    .pace = clone_pace,
    .start = clone_start,
    .is_idle = clone_is_idle,
    .tend = clone_tend,
    .collect = clone_collect,
    .settle = clone_settle,
};

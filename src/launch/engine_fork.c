/* engine_fork: starts a process by fork(), the plain way, for every kernel, valgrind and
 * sanitizers.
 *
 * Each start has a close-on-exec pipe: the child writes {stage, errno} into it when a step fails;
 * when the program is executed the kernel closes it. So the read end tells exactly one of both. All
 * read ends are in one epoll of their own, which is the fd the loop watches. The parent closes the
 * write end before the next fork, so no other child can hold it open.
 */
#include "launch/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

struct fork_start {
    struct launch_start base;
    struct fork_start *next; /* of the free ones */
    int status_fd;
};

struct forker {
    struct engine base;
    int epoll_fd;
    struct fork_start *free;
    size_t under_way;
    struct environment environment; /* the child has its own copy after the fork */
};

static struct forker *forker_of(const struct engine *engine)
{
    return (struct forker *)(uintptr_t)engine; /* base comes first */
}

static int fork_open(struct engine **ret)
{
    struct forker *forker = calloc(1, sizeof(*forker));

    if (!forker)
        return -ENOMEM;
    forker->base.calls = &engine_fork;
    forker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (forker->epoll_fd < 0) {
        int error = -errno;

        free(forker);
        return error;
    }
    forker->epoll_fd = fd_move_high(forker->epoll_fd);
    *ret = &forker->base;
    return 0;
}

static void fork_close(struct engine *engine)
{
    struct forker *forker = forker_of(engine);

    while (forker->free) {
        struct fork_start *next = forker->free->next;

        free(forker->free);
        forker->free = next;
    }
    fd_close(forker->epoll_fd);
    environment_free(&forker->environment);
    free(forker);
}

static int fork_fd(const struct engine *engine)
{
    return forker_of(engine)->epoll_fd;
}

/* The pipes tell everything. */
static nanoseconds fork_pace(const struct engine *engine)
{
    (void)engine;
    return 0;
}

static bool fork_is_idle(const struct engine *engine)
{
    return forker_of(engine)->under_way == 0;
}

static void fork_tend(struct engine *engine)
{
    (void)engine;
}

static struct fork_start *take_start(struct forker *forker)
{
    struct fork_start *start = forker->free;

    if (forker->under_way == LAUNCHER_STARTS_MAX)
        return NULL;
    if (start)
        forker->free = start->next;
    else if (!(start = malloc(sizeof(*start))))
        return NULL;
    *start = (struct fork_start){.base.engine = &forker->base, .status_fd = -1};
    forker->under_way++;
    return start;
}

static void give_start(struct forker *forker, struct fork_start *start)
{
    /* Closing alone wouldn't end the watching: other children on their way to exec still have a
     * copy of the read end, and epoll watches the open file, not our fd. */
    if (start->status_fd >= 0)
        epoll_ctl(forker->epoll_fd, EPOLL_CTL_DEL, start->status_fd, NULL);
    start->status_fd = fd_close(start->status_fd);
    start->next = forker->free;
    forker->free = start;
    forker->under_way--;
}

_Noreturn static void run_child(const struct forker *forker, const struct plan *plan,
                                const struct launch_connection *connection, int status_fd)
{
    struct child_failure failure;
    ssize_t written;

    /* It may stand where a socket that is lent must go. */
    if (connection->lent_name && status_fd == LAUNCH_LENT_FD)
        status_fd = fcntl(status_fd, F_DUPFD_CLOEXEC, LAUNCH_LENT_FD + 1);
    failure = child_execute(plan, connection, &forker->environment, CLOSE_RANGE_CLOEXEC);
    written = write(status_fd, &failure, sizeof(failure));
    /* If even that failed the parent sees a program that ended at once. */
    (void)written;
    _exit(127);
}

/* fork(), or what it is made of where the child is to be born into namespaces of its own. */
static pid_t make_process(int clone_flags)
{
    if (clone_flags == 0)
        return fork();
#if defined(__s390x__) || defined(__s390__)
    return (pid_t)syscall(SYS_clone, NULL, SIGCHLD | clone_flags, NULL, NULL, NULL);
#else
    return (pid_t)syscall(SYS_clone, SIGCHLD | clone_flags, NULL, NULL, NULL, NULL);
#endif
}

/* Forks with every signal blocked: nothing of ours may run in the child. */
static pid_t fork_blocked(int clone_flags)
{
    sigset_t all, before;
    pid_t pid;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid = make_process(clone_flags);
    if (pid != 0) {
        int error = errno;

        sigprocmask(SIG_SETMASK, &before, NULL);
        errno = error;
    }
    return pid;
}

static int start_process(struct forker *forker, const struct plan *plan,
                         const struct launch_connection *connection, struct fork_start *start,
                         pid_t *ret_pid)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = start};
    int status[2];
    pid_t pid;

    environment_fill(&forker->environment, plan->service, connection);
    if (environment_join(&forker->environment, plan->variables->items, plan->variables->count) < 0)
        return -ENOMEM;
    if (pipe2(status, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    start->status_fd = status[0];
    if (epoll_ctl(forker->epoll_fd, EPOLL_CTL_ADD, status[0], &event) < 0) {
        int error = -errno;

        fd_close(status[1]);
        return error;
    }
    pid = fork_blocked(plan->clone_flags);
    if (pid == 0)
        run_child(forker, plan, connection, status[1]);
    fd_close(status[1]);
    if (pid < 0)
        return -errno;
    *ret_pid = pid;
    return 0;
}

static int fork_start(struct engine *engine, struct plan *plan,
                      const struct launch_connection *connection, void *owner, pid_t *ret_pid,
                      struct launch_start **ret_start)
{
    struct forker *forker = forker_of(engine);
    struct fork_start *start = take_start(forker);
    int error;

    if (!start)
        return -EAGAIN;
    start->base.owner = owner;
    error = start_process(forker, plan, connection, start, ret_pid);
    if (error < 0) {
        give_start(forker, start);
        return error;
    }
    *ret_start = &start->base;
    /* The child has its own since the fork. */
    engine_give_back(engine, connection);
    return 0;
}

/* Reads what the pipe tells; false when the child is still on its way. */
static bool read_status(struct forker *forker, struct fork_start *start, struct launch_report *ret)
{
    struct launch_report report = {.owner = start->base.owner};
    ssize_t got;

    do {
        got = read(start->status_fd, &report.failure, sizeof(report.failure));
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN)
        return false;
    if (got != sizeof(report.failure))
        report.failure = (struct child_failure){0};
    give_start(forker, start);
    *ret = report;
    return true;
}

static bool fork_collect(struct engine *engine, struct launch_report *ret)
{
    struct forker *forker = forker_of(engine);
    struct epoll_event event;

    while (forker->under_way > 0 && epoll_wait(forker->epoll_fd, &event, 1, 0) == 1)
        if (read_status(forker, event.data.ptr, ret))
            return true;
    return false;
}

static void fork_settle(struct launch_start *base, struct launch_report *ret)
{
    struct fork_start *start = (struct fork_start *)base; /* base comes first */
    struct forker *forker = forker_of(base->engine);

    /* The child is gone, so the pipe has its last word; one killed on its way left none. */
    if (!read_status(forker, start, ret)) {
        *ret = (struct launch_report){.owner = start->base.owner};
        give_start(forker, start);
    }
}

const struct engine_calls engine_fork = {
    .name = "fork",
    .open = fork_open,
    .close = fork_close,
    .fd = fork_fd,
    .pace = fork_pace,
    .start = fork_start,
    .is_idle = fork_is_idle,
    .tend = fork_tend,
    .collect = fork_collect,
    .settle = fork_settle,
};

/* child: see child.h.
 *
 * 16 system calls, and up to 11 more for keys that a service sets (a limit that is set, and a
 * capability that is dropped, take one each on top: there is no call for many), each checked, all
 * through raw.h; nothing is opened (one file where oom_score_adj is to be another), nothing looked
 * up, nothing allocated or logged. The order: session, fds, umask, limits and priorities,
 * namespaces, root, directory, groups, gid, capabilities (for which the uid must still be root's),
 * uid and the proof of all, no_new_privs, signal mask, exec. Signal dispositions need no step: the
 * daemon itself has only default ones (daemon/startup.c), and blocks what it must not die from.
 */
#include "launch/child.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "launch/raw.h"

/* Where there are two generations of these calls (i386, arm), the plain names take 16-bit ids. */
#ifdef SYS_setgroups32
#define CALL_SETGROUPS SYS_setgroups32
#define CALL_SETRESGID SYS_setresgid32
#define CALL_SETRESUID SYS_setresuid32
#else
#define CALL_SETGROUPS SYS_setgroups
#define CALL_SETRESGID SYS_setresgid
#define CALL_SETRESUID SYS_setresuid
#endif

/* sizeof(sigset_t) as the kernel counts it: 64 signals. */
#define KERNEL_SIGSET_SIZE 8

static long call(long number, long one, long two, long three)
{
    return raw_call(number, one, two, three, 0);
}

static long wire_fds(const struct launch_connection *connection, unsigned close_flags)
{
    long first = STDERR_FILENO + 1;
    long result = call(SYS_dup3, connection->fd, 0, 0);

    if (result >= 0)
        result = call(SYS_dup3, connection->fd, 1, 0);
    if (result >= 0)
        result = call(SYS_dup3, connection->stderr_fd, 2, 0);
    if (result >= 0 && connection->lent_name) {
        result = call(SYS_dup3, connection->fd, LAUNCH_LENT_FD, 0);
        first = LAUNCH_LENT_FD + 1;
    }
    if (result < 0)
        return result;
    /* Everything is close-on-exec from its birth on; this makes sure of what libraries opened. */
    result = call(SYS_close_range, first, (long)~0U, close_flags);
    if (result == -EPERM && close_flags == CLOSE_RANGE_CLOEXEC)
        return 0; /* exec closes them all: a filter that does not know the call */
    return result == -ENOSYS || result == -EINVAL ? 0 : result; /* before Linux 5.11 */
}

/* Those that are set, but for open files, which every plan has. */
static long set_rlimits(const struct settings_rlimits *rlimits)
{
    for (int resource = 0; rlimits && resource < RLIM_NLIMITS; resource++) {
        long result = 0;

        if (rlimits->set[resource] && resource != RLIMIT_NOFILE)
            result = raw_call(SYS_prlimit64, 0, resource, (long)&rlimits->values[resource], 0);
        if (result < 0)
            return result;
    }
    return 0;
}

/* The daemon may be protected from the OOM killer (or marked for it); a handler is neither, unless
 * its service says so. Without a word of the service, what can't be done is let be: no /proc here,
 * or not ours to lower, which needs CAP_SYS_RESOURCE, proc(5). */
static long write_oom_score(const struct plan *plan)
{
    long fd =
        raw_call(SYS_openat, AT_FDCWD, (long)"/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC, 0);
    long result = fd, length = 0;

    while (plan->oom_score[length] != '\0')
        length++;
    if (fd >= 0) {
        result = call(SYS_write, fd, (long)plan->oom_score, length);
        call(SYS_close, fd, 0, 0);
    }
    if (!plan->oom_score_due && (result == -ENOENT || result == -EACCES))
        return 0;
    return result;
}

/* Namespaces of its own. What is mounted and unmounted outside still comes in, so that no handler
 * keeps a file system busy; nothing goes out. */
static long isolate(const struct plan *plan)
{
    long result = 0;

    if (plan->unshare_flags != 0)
        result = call(SYS_unshare, plan->unshare_flags, 0, 0);
    if (result >= 0 && plan->unshare_flags & CLONE_NEWNS)
        result = raw_call5(SYS_mount, 0, (long)"/", 0, MS_REC | MS_SLAVE, 0);
    return result;
}

/* Inside the new root: a link in it must not lead the mount elsewhere. */
static long mount_proc(void)
{
    long result = raw_call5(SYS_mount, (long)"proc", (long)"/proc", (long)"proc",
                            MS_NOSUID | MS_NODEV | MS_NOEXEC, 0);

    return result == -ENOENT ? 0 : result; /* a root without it */
}

/* One by one: the kernel has no call for several. One that it doesn't know is not there (EINVAL).
 */
static long drop_capabilities(uint64_t dropped)
{
    for (int number = 0; dropped != 0; number++, dropped >>= 1) {
        long result = 0;

        if (dropped & 1)
            result = raw_call(SYS_prctl, PR_CAPBSET_DROP, number, 0, 0);
        if (result < 0 && result != -EINVAL)
            return result;
    }
    return 0;
}

static struct child_failure fail(enum stage stage, long result)
{
    return (struct child_failure){stage, (int)-result};
}

/* Groups before gid before uid: after the uid is gone there is no right to change the others. */
static struct child_failure drop_ids(const struct plan *plan)
{
    long result = call(CALL_SETGROUPS, (long)plan->group_count, (long)plan->groups, 0);

    if (result < 0)
        return fail(STAGE_GROUPS, result);
    result = call(CALL_SETRESGID, plan->gid, plan->gid, plan->gid);
    if (result < 0)
        return fail(STAGE_GROUP, result);
    result = drop_capabilities(plan->dropped_capabilities);
    if (result < 0)
        return fail(STAGE_CAPABILITIES, result);
    result = call(CALL_SETRESUID, plan->uid, plan->uid, plan->uid);
    if (result < 0)
        return fail(STAGE_USER, result);
    /* The proof: root must not come back. With odd securebits it would. */
    if (plan->uid != 0 && call(CALL_SETRESUID, -1, 0, -1) >= 0)
        return fail(STAGE_VERIFY, -EPERM);
    if (plan->uid != 0 && plan->gid != 0 && call(CALL_SETRESGID, -1, 0, -1) >= 0)
        return fail(STAGE_VERIFY, -EPERM);
    return (struct child_failure){0};
}

struct child_failure child_limit(const struct plan *plan)
{
    long result = raw_call(SYS_prlimit64, 0, RLIMIT_NOFILE, (long)&plan->nofile, 0);

    if (result >= 0)
        result = set_rlimits(plan->rlimits);
    return result < 0 ? fail(STAGE_RLIMIT, result) : (struct child_failure){0};
}

/* What the process is like, apart from its fds. */
static struct child_failure set_attributes(const struct plan *plan, bool limited)
{
    struct child_failure failure = {0};
    long result = call(SYS_umask, (long)plan->umask, 0, 0);

    if (result < 0)
        return fail(STAGE_UMASK, result);
    /* Before the limits: it opens a file, for which they may leave no room. */
    result = plan->oom_score[0] != '\0' ? write_oom_score(plan) : 0;
    if (result < 0)
        return fail(STAGE_OOM, result);
    if (limited)
        failure = child_limit(plan);
    if (failure.stage != STAGE_NONE)
        return failure;
    if (plan->nice.set)
        result = call(SYS_setpriority, PRIO_PROCESS, 0, plan->nice.value);
    if (result < 0)
        return fail(STAGE_NICE, result);
    return (struct child_failure){0};
}

/* Where the process is, and what of the system it sees. */
static struct child_failure set_place(const struct plan *plan)
{
    long result = isolate(plan);

    if (result < 0)
        return fail(STAGE_ISOLATE, result);
    if (plan->chroot)
        result = call(SYS_chroot, (long)plan->chroot, 0, 0);
    if (result < 0)
        return fail(STAGE_CHROOT, result);
    if (plan->own_proc)
        result = mount_proc();
    if (result < 0)
        return fail(STAGE_ISOLATE, result);
    /* A relative directory would stay outside; config takes absolute ones only. */
    result = call(SYS_chdir, (long)plan->directory, 0, 0);
    if (result < 0)
        return fail(STAGE_DIRECTORY, result);
    return (struct child_failure){0};
}

struct child_failure child_become(const struct plan *plan, bool limited)
{
    struct child_failure failure = set_attributes(plan, limited);
    long result = 0;

    if (failure.stage == STAGE_NONE)
        failure = set_place(plan);
    if (failure.stage == STAGE_NONE && plan->change_credentials)
        failure = drop_ids(plan);
    if (failure.stage != STAGE_NONE)
        return failure;
    if (plan->no_new_privileges)
        result = raw_call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0);
    return result < 0 ? fail(STAGE_PRIVILEGES, result) : (struct child_failure){0};
}

struct child_failure child_execute(const struct plan *plan,
                                   const struct launch_connection *connection,
                                   const struct environment *environment, unsigned close_flags)
{
    static const uint64_t no_signals = 0;
    struct child_failure failure;
    long result;

    result = call(SYS_setsid, 0, 0, 0);
    if (result < 0)
        return fail(STAGE_SESSION, result);
    result = wire_fds(connection, close_flags);
    if (result < 0)
        return fail(STAGE_FD, result);
    failure = child_become(plan, true);
    if (failure.stage != STAGE_NONE)
        return failure;
    result =
        raw_call(SYS_rt_sigprocmask, 2 /* SIG_SETMASK */, (long)&no_signals, 0, KERNEL_SIGSET_SIZE);
    if (result < 0)
        return fail(STAGE_SIGNALS, result);
    if (environment->listen_pid)
        environment_write_pid(environment->listen_pid, call(SYS_getpid, 0, 0, 0));
    result = call(SYS_execve, (long)plan->program, (long)plan->argv, (long)environment->all);
    return fail(result == -EAGAIN ? STAGE_PROCESS_LIMIT : STAGE_EXEC, result);
}

/* gate: see gate.h. */
#include "warm/gate.h"

#if WARM_IS_POSSIBLE

#include <asm/ioctls.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/prctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"

typedef bool (*gate_check)(struct gate *gate, const uint64_t arguments[6]);

static bool is_own_fd(const struct gate *gate, uint64_t fd)
{
    return fd > STDERR_FILENO && fd < GATE_FDS && !gate->is_alias[fd];
}

/* --- calls with arguments that matter -------------------------------------------------------- */

/* The fd is the program's own: not the connection, nor where its errors go. */
static bool check_own(struct gate *gate, const uint64_t arguments[6])
{
    return is_own_fd(gate, arguments[0]);
}

/* Asking what an fd is changes nothing, whichever it is; and of a socket no place can be set. */
static bool check_any_fd(struct gate *gate, const uint64_t arguments[6])
{
    (void)gate;
    return arguments[0] < GATE_FDS;
}

/* Kinds of files that opening has no effect on: not a pipe that somebody waits at, not a device
 * that rewinds. Nor what the kernel tells in /proc, which may be different for each process, or
 * later. What isn't there can't be opened, and that has no effect either. */
static bool is_harmless(struct gate *gate, const struct stat *status)
{
    struct stat proc;

    gate->opened = 0;
    if (fstat(gate->tracee->proc_fd, &proc) < 0 || status->st_dev == proc.st_dev)
        return false;
    if (S_ISREG(status->st_mode) || S_ISDIR(status->st_mode))
        return true;
    if (!S_ISCHR(status->st_mode) || major(status->st_rdev) != 1)
        return false;
    gate->opened = minor(status->st_rdev) == 8 || minor(status->st_rdev) == 9;
    return gate->opened || minor(status->st_rdev) == 3 || minor(status->st_rdev) == 5;
}

/* The path of a call as the program would find it. The warmer is in the same root directory; that
 * the file may be another one a moment later is the business of who can change it: the same user.
 */
static bool is_harmless_path(struct gate *gate, uint64_t directory, uint64_t address)
{
    char path[PATH_MAX], base[64];
    struct stat status;
    FD_CLEANUP int opened = -1;
    int base_fd = AT_FDCWD;

    gate->opened = 0;
    if (tracee_read_string(gate->tracee, address, path, sizeof(path)) < 0)
        return false;
    if (path[0] != '/') {
        if ((int)directory == AT_FDCWD)
            snprintf(base, sizeof(base), "%d/cwd", gate->tracee->pid);
        else if (directory < GATE_FDS)
            snprintf(base, sizeof(base), "%d/fd/%d", gate->tracee->pid, (int)directory);
        else
            return false;
        base_fd = opened = openat(gate->tracee->proc_fd, base, O_PATH | O_CLOEXEC);
        if (opened < 0)
            return false;
    } else if (strcmp(path, "/proc/sys/vm/overcommit_memory") == 0) {
        return true; /* mimalloc's, and so python 3.13's: the machine's, and seldom another */
    } else if (strncmp(path, "/proc", 5) == 0) {
        return false; /* even what isn't there: it may be, later */
    }
    return fstatat(base_fd, path, &status, 0) < 0 || is_harmless(gate, &status);
}

/* The kernel's own, which libc has as 0 where it is always so; musl gives it. */
#if defined(__aarch64__)
#define KERNEL_LARGEFILE 0400000
#else
#define KERNEL_LARGEFILE 0100000
#endif

static bool are_reading_flags(uint64_t flags)
{
    const uint64_t harmless =
        O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY | O_NOCTTY | O_NONBLOCK | KERNEL_LARGEFILE;

    return (flags & O_ACCMODE) == O_RDONLY && (flags & ~harmless) == 0;
}

static bool check_openat(struct gate *gate, const uint64_t arguments[6])
{
    return are_reading_flags(arguments[2]) && is_harmless_path(gate, arguments[0], arguments[1]);
}

#ifdef SYS_open
static bool check_open(struct gate *gate, const uint64_t arguments[6])
{
    return are_reading_flags(arguments[1]) &&
           is_harmless_path(gate, (uint64_t)AT_FDCWD, arguments[0]);
}
#endif

/* Where libc has the state of its random numbers (glibc 2.41): memory that a fork finds empty. From
 * then on it draws without a call, and nobody sees it: gate_note. Linux 6.11. */
#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif

static bool is_droppable(uint64_t flags)
{
    return flags == (MAP_DROPPABLE | MAP_ANONYMOUS);
}

/* Private memory, or a file that is only read. */
static bool check_mmap(struct gate *gate, const uint64_t arguments[6])
{
    const uint64_t harmless = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_FIXED_NOREPLACE |
                              MAP_NORESERVE | MAP_STACK | MAP_DENYWRITE | MAP_POPULATE |
                              MAP_GROWSDOWN | MAP_EXECUTABLE | MAP_HUGETLB;
    uint64_t flags = arguments[3];

    if (flags & MAP_ANONYMOUS)
        return (flags & ~harmless) == 0 || is_droppable(flags);
    if (!is_own_fd(gate, arguments[4]))
        return false;
    return (flags & ~harmless) == 0 || (flags == MAP_SHARED && (arguments[2] & PROT_WRITE) == 0);
}

static bool check_mremap(struct gate *gate, const uint64_t arguments[6])
{
    (void)gate;
    return (arguments[3] & ~(uint64_t)(MREMAP_MAYMOVE | MREMAP_FIXED)) == 0;
}

/* What a copy of the process would have otherwise than its template is the gate. */
static bool check_madvise(struct gate *gate, const uint64_t arguments[6])
{
    static const int harmless[] = {MADV_NORMAL,   MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED,
                                   MADV_DONTNEED, MADV_FREE,   MADV_HUGEPAGE,   MADV_NOHUGEPAGE};

    (void)gate;
    for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
        if (arguments[2] == (uint64_t)harmless[i])
            return true;
    return false;
}

/* Flags of the fd itself, not of the open file that others have too; locks are the gate. */
static bool check_fcntl(struct gate *gate, const uint64_t arguments[6])
{
    (void)gate;
    if (arguments[0] >= GATE_FDS)
        return false;
    switch (arguments[1]) {
    case F_GETFD:
    case F_SETFD:
    case F_GETFL:
        return true;
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return arguments[2] < GATE_FDS / 2;
    default:
        return false;
    }
}

static bool check_ioctl(struct gate *gate, const uint64_t arguments[6])
{
    (void)gate;
    return arguments[0] < GATE_FDS && (arguments[1] == TCGETS || arguments[1] == TIOCGWINSZ ||
                                       arguments[1] == FIOCLEX || arguments[1] == FIONCLEX);
}

/* Asking only, and of itself. */
static bool check_prlimit(struct gate *gate, const uint64_t arguments[6])
{
    pid_t pid = (pid_t)arguments[0];

    return (pid == 0 || pid == gate->tracee->pid) && arguments[2] == 0;
}

static bool check_own_pid(struct gate *gate, const uint64_t arguments[6])
{
    return (pid_t)arguments[0] == 0 || (pid_t)arguments[0] == gate->tracee->pid;
}

static bool check_prctl(struct gate *gate, const uint64_t arguments[6])
{
    (void)gate;
    switch ((int)arguments[0]) {
    case PR_SET_NAME:
    case PR_GET_NAME:
    case PR_GET_DUMPABLE:
    case PR_GET_KEEPCAPS:
    case PR_GET_PDEATHSIG:
    case PR_GET_SECCOMP:
    case PR_GET_NO_NEW_PRIVS:
    case PR_GET_THP_DISABLE:
    case PR_CAPBSET_READ:
    case 0x53564d41: /* PR_SET_VMA */
        return true;
    default:
        return false;
    }
}

/* Waking nobody; and waiting for a while at most, which one thread can't end itself. */
static bool check_futex(struct gate *gate, const uint64_t arguments[6])
{
    const uint64_t wake = 1, is_private = 128;

    (void)gate;
    return (arguments[1] & ~is_private) == wake && (arguments[1] & is_private) != 0;
}

static bool check_stat_at(struct gate *gate, const uint64_t arguments[6])
{
    (void)gate;
    return (int)arguments[0] == AT_FDCWD || arguments[0] < GATE_FDS;
}

/* Not what hands the memory's kind to the copies (DONTFORK …), not protection keys. */
static bool check_nothing(struct gate *gate, const uint64_t arguments[6])
{
    (void)gate;
    (void)arguments;
    return true;
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct {
    int number;
    gate_check check;
} table[] = {
    /* memory */
    {SYS_brk, check_nothing},
    {SYS_mmap, check_mmap},
    {SYS_munmap, check_nothing},
    {SYS_mprotect, check_nothing},
    {SYS_mremap, check_mremap},
    {SYS_madvise, check_madvise},
    /* signals of its own: what is blocked and how they are taken; none is sent */
    {SYS_rt_sigaction, check_nothing},
    {SYS_rt_sigprocmask, check_nothing},
    {SYS_rt_sigreturn, check_nothing},
    {SYS_sigaltstack, check_nothing},
    /* who and what it is */
    {SYS_getpid, check_nothing},
    {SYS_gettid, check_nothing},
    {SYS_getppid, check_nothing},
    {SYS_getpgid, check_own_pid},
    {SYS_getsid, check_own_pid},
    {SYS_getuid, check_nothing},
    {SYS_geteuid, check_nothing},
    {SYS_getgid, check_nothing},
    {SYS_getegid, check_nothing},
    {SYS_getresuid, check_nothing},
    {SYS_getresgid, check_nothing},
    {SYS_getgroups, check_nothing},
    {SYS_getrlimit, check_nothing},
    {SYS_prlimit64, check_prlimit},
    {SYS_getrusage, check_nothing},
    {SYS_getpriority, check_nothing},
    {SYS_sched_getaffinity, check_own_pid},
    {SYS_sched_getscheduler, check_own_pid},
    {SYS_sched_getparam, check_own_pid},
    {SYS_capget, check_nothing},
    {SYS_prctl, check_prctl},
    {SYS_umask, check_nothing},
    {SYS_uname, check_nothing},
    {SYS_sysinfo, check_nothing},
    {SYS_getcpu, check_nothing},
    {SYS_clock_gettime, check_nothing},
    {SYS_clock_getres, check_nothing},
    {SYS_gettimeofday, check_nothing},
    {SYS_times, check_nothing},
    {SYS_getrandom, check_nothing},
    /* its one thread */
    {SYS_set_tid_address, check_nothing},
    {SYS_set_robust_list, check_nothing},
#ifdef SYS_rseq
    {SYS_rseq, check_nothing},
#endif
    {SYS_futex, check_futex},
    {SYS_sched_yield, check_nothing},
    {SYS_restart_syscall, check_nothing},
    /* files: looked for, opened for reading, read */
    {SYS_openat, check_openat},
    {SYS_newfstatat, check_stat_at},
    {SYS_statx, check_stat_at},
    {SYS_faccessat, check_stat_at},
#ifdef SYS_faccessat2
    {SYS_faccessat2, check_stat_at},
#endif
    {SYS_readlinkat, check_stat_at},
    {SYS_statfs, check_nothing},
    {SYS_getcwd, check_nothing},
    {SYS_chdir, check_nothing},
    {SYS_fchdir, check_own},
    {SYS_read, check_own},
    {SYS_readv, check_own},
    {SYS_pread64, check_own},
    {SYS_preadv, check_own},
    {SYS_getdents64, check_own},
    {SYS_lseek, check_any_fd},
    {SYS_fstatfs, check_own},
    {SYS_fadvise64, check_any_fd},
    {SYS_fstat, check_any_fd},
    {SYS_close, check_own},
    {SYS_dup, check_any_fd},
    {SYS_fcntl, check_fcntl},
    {SYS_ioctl, check_ioctl},
    {SYS_epoll_create1, check_nothing},
    {SYS_eventfd2, check_nothing},
    {SYS_pipe2, check_nothing},
    {SYS_execve, check_nothing},
#ifdef __x86_64__
    {SYS_arch_prctl, check_nothing},
    {SYS_open, check_open},
    {SYS_stat, check_nothing},
    {SYS_lstat, check_nothing},
    {SYS_access, check_nothing},
    {SYS_readlink, check_nothing},
    {SYS_getpgrp, check_nothing},
    {SYS_time, check_nothing},
    {SYS_epoll_create, check_nothing},
    {SYS_pipe, check_nothing},
#endif
};

static gate_check find(long number)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].number == number)
            return table[i].check;
    return NULL;
}

void gate_begin(struct gate *gate, struct tracee *tracee, bool with_stderr)
{
    gate->tracee = tracee;
    /* What is known of other fds stays: they may be open still. */
    gate->is_alias[0] = gate->is_alias[1] = true;
    gate->is_alias[2] = with_stderr;
    gate->thread_id = gate->robust_list = gate->robust_size = 0;
    gate->libc_draws = 0;
}

bool gate_passes(struct gate *gate, long number, const uint64_t arguments[6])
{
    gate_check check = find(number);

    return check && check(gate, arguments);
}

/* --- what is remembered ----------------------------------------------------------------------- */

/* libc's malloc draws 8 bytes once, without waiting (glibc 2.36), in nearly every program. Copies
 * of a process have those in common, as they have its addresses. */
static void note_random_call(struct gate *gate, const uint64_t arguments[6])
{
    bool waits = (arguments[2] & GRND_NONBLOCK) == 0;

    if (waits || arguments[1] != 8 || gate->libc_draws++ > 0)
        gate->has_drawn = true;
}

static void note_copy(struct gate *gate, uint64_t from, int64_t to)
{
    if (from >= GATE_FDS || to < 0 || to >= GATE_FDS)
        return;
    gate->is_alias[to] = gate->is_alias[from];
    gate->is_random[to] = gate->is_random[from];
}

void gate_note(struct gate *gate, long number, const uint64_t arguments[6], int64_t result)
{
    bool is_duplicate =
        number == SYS_dup ||
        (number == SYS_fcntl && (arguments[1] == F_DUPFD || arguments[1] == F_DUPFD_CLOEXEC));
    bool opens = number == SYS_openat;
    bool reads =
        number == SYS_read || number == SYS_readv || number == SYS_pread64 || number == SYS_preadv;

#ifdef SYS_open
    opens = opens || number == SYS_open;
#endif
    if (result < 0)
        return;
    if (number == SYS_getrandom)
        note_random_call(gate, arguments);
    else if ((number == SYS_mmap && is_droppable(arguments[3])) ||
             (reads && gate->is_random[arguments[0] % GATE_FDS]))
        gate->has_drawn = true;
    else if (is_duplicate)
        note_copy(gate, arguments[0], result);
    else if (opens && result < GATE_FDS) {
        gate->is_random[result] = gate->opened != 0;
        gate->is_alias[result] = false; /* one before may have been closed by an exec */
    } else if (number == SYS_close && arguments[0] < GATE_FDS)
        gate->is_alias[arguments[0]] = gate->is_random[arguments[0]] = false;
    else if (number == SYS_set_tid_address)
        gate->thread_id = arguments[0];
    else if (number == SYS_set_robust_list) {
        gate->robust_list = arguments[0];
        gate->robust_size = arguments[1];
    }
}

#endif

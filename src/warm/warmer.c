/* warmer: the process that warms a service's handlers up, one after the other. See warm.h.
 *
 * It has a fresh memory (exec), makes itself what the plan says, and keeps four things: the
 * supervisor's socket, a placeholder for connections, the service's stderr, /proc. Same-uid
 * handlers can neither trace it nor look into it (PR_SET_DUMPABLE); they can kill it, and then the
 * service is cold for a while.
 */
#include "warm/warm.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "warm/order.h"

#if WARM_IS_POSSIBLE

#include <sys/ptrace.h>
#include <sys/xattr.h>

#include "base/fd.h"
#include "launch/child.h"
#include "launch/raw.h"
#include "warm/gate.h"
#include "warm/park.h"
#include "warm/tracee.h"

/* Programs that execute others (env, sh -c exec …) and are followed. */
#define EXECS_MAX 8

struct warmer {
    struct warm_order order;
    int placeholder; /* what stands for connections; its other end is open, too, and silent */
    int proc_fd;
    struct stat placeholder_status, stderr_status;
};

/* One that is warmed up. */
struct warming {
    struct warmer *warmer;
    struct tracee tracee;
    struct gate gate;
    struct park park;
    unsigned execs;
    uint64_t region;                   /* where its variables stand; 0: not known */
    uint64_t entry;                    /* of the program; 0: no breakpoint there */
    unsigned char text[ARCH_CODE_MAX]; /* what the breakpoint stands on */
    bool is_in_call;
    long number; /* of the call */
    uint64_t arguments[6];
};

static volatile int is_overdue;

static void on_alarm(int number)
{
    (void)number;
    is_overdue = 1;
}

/* --- the child, to its exec ------------------------------------------------------------------- */

/* Runs in a copy of the warmer; returns the errno of what failed. It says 0 when it may be traced,
 * which yama lets only ancestors do if it doesn't name the tracer, and goes on when it is. */
static int become_handler(const struct warmer *warmer, int start_fd, pid_t tracer)
{
    const struct plan *plan = &warmer->order.plan;
    int errors = warmer->order.stderr_is_connection ? warmer->placeholder : WARM_FD_STDERR;
    struct child_failure failure;
    sigset_t none;
    int word = 0;

    if (setsid() < 0 || dup3(start_fd, WARM_FD_COUNT, O_CLOEXEC) < 0 ||
        dup2(warmer->placeholder, 0) < 0 || dup2(warmer->placeholder, 1) < 0 ||
        dup2(errors, 2) < 0 || close_range(STDERR_FILENO + 1, WARM_FD_COUNT - 1, 0) < 0 ||
        close_range(WARM_FD_COUNT + 1, ~0U, 0) < 0)
        return errno;
    failure = child_limit(plan);
    if (failure.stage != STAGE_NONE)
        return failure.error;
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    prctl(PR_SET_PTRACER, tracer, 0, 0, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (write(WARM_FD_COUNT, &word, sizeof(word)) != sizeof(word) ||
        read(WARM_FD_COUNT, &word, sizeof(word)) != sizeof(word))
        return ECANCELED;
    execve(plan->program, plan->argv, warmer->order.environment);
    return errno;
}

/* Makes it, as a sibling of ours: the supervisor's child. */
static int spawn(struct warming *warming, int *ret_start_fd)
{
    pid_t tracer = getpid();
    int ends[2];
    long pid;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return tracee_fail(&warming->tracee, "socketpair: %s", strerror(errno));
    ends[0] = fd_move_high(ends[0]);
    /* fork() has no such flag. */
    pid = raw_call5(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        int failure = become_handler(warming->warmer, ends[0], tracer);

        send(ends[0], &failure, sizeof(failure), MSG_NOSIGNAL); /* closed, where it came so far */
        _exit(failure);
    }
    close(ends[0]);
    *ret_start_fd = ends[1];
    if (pid < 0)
        return tracee_fail(&warming->tracee, "clone: %s", strerror((int)-pid));
    warming->tracee.pid = (pid_t)pid;
    return 0;
}

/* --- its exec --------------------------------------------------------------------------------- */

/* What the kernel has put on a new program's stack: argc, argv, NULL, envp, NULL, auxv. */
struct image {
    uint64_t first_variable; /* the string's address */
    uint64_t entry;
    bool is_secure;
};

#define STACK_WORDS_MAX 65536

static int read_image(struct tracee *tracee, struct image *ret)
{
    struct arch_registers registers;
    uint64_t place, word = 1, pair[2];
    unsigned left = STACK_WORDS_MAX;

    memset(ret, 0, sizeof(*ret));
    if (tracee_get_registers(tracee, &registers) < 0)
        return tracee_fail(tracee, "it is built for another processor");
    place = arch_stack(&registers);
    if (tracee_read(tracee, place, &word, sizeof(word)) < 0 || word > left)
        return -EFAULT;
    place += (word + 2) * sizeof(word);
    if (tracee_read(tracee, place, &ret->first_variable, sizeof(word)) < 0)
        return -EFAULT;
    for (word = 1; word != 0 && left > 0; left--, place += sizeof(word))
        if (tracee_read(tracee, place, &word, sizeof(word)) < 0)
            return -EFAULT;
    for (pair[0] = 1; pair[0] != 0 && left > 0; left--, place += sizeof(pair)) {
        if (tracee_read(tracee, place, pair, sizeof(pair)) < 0)
            return -EFAULT;
        if (pair[0] == 9) /* AT_ENTRY */
            ret->entry = pair[1];
        if (pair[0] == 23) /* AT_SECURE */
            ret->is_secure = pair[1] != 0;
    }
    return left > 0 && ret->entry != 0 ? 0 : -EFAULT;
}

/* Traced by us, such a program wouldn't have the rights that its file gives. */
static bool gives_rights(const struct warmer *warmer, pid_t pid)
{
    char path[64];
    struct stat status;
    FD_CLEANUP int fd = -1;

    snprintf(path, sizeof(path), "%d/exe", pid);
    fd = openat(warmer->proc_fd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) < 0)
        return true;
    return (status.st_mode & (S_ISUID | S_ISGID)) != 0 ||
           fgetxattr(fd, "security.capability", NULL, 0) >= 0;
}

/* The kernel's word on what kind of calls it makes. */
static int get_call_info(const struct tracee *tracee, struct __ptrace_syscall_info *ret)
{
    memset(ret, 0, sizeof(*ret));
    return ptrace(PTRACE_GET_SYSCALL_INFO, tracee->pid, (void *)sizeof(*ret), ret) < 0 ? -errno : 0;
}

static int set_breakpoint(struct warming *warming, uint64_t entry)
{
    struct tracee *tracee = &warming->tracee;
    int error = tracee_read(tracee, entry, warming->text, arch_breakpoint_size);

    if (error == 0)
        error = tracee_poke(tracee, entry, arch_breakpoint, arch_breakpoint_size);
    if (error == 0)
        warming->entry = entry;
    return error;
}

/* A new program has begun: its variables are found, and blanked. */
static int take_exec(struct warming *warming)
{
    struct tracee *tracee = &warming->tracee;
    const struct warmer *warmer = warming->warmer;
    const struct warm_slots *slots = &warmer->order.slots;
    struct __ptrace_syscall_info info;
    struct image image;
    char found[WARM_REGION_MAX];
    int error;

    if (++warming->execs > EXECS_MAX)
        return tracee_fail(tracee, "it executes too many programs in a row");
    error = get_call_info(tracee, &info);
    if (error < 0)
        return tracee_fail(tracee, "PTRACE_GET_SYSCALL_INFO: %s", strerror(-error));
    if (info.arch != arch_audit)
        return tracee_fail(tracee, "it is built for another processor");
    error = read_image(tracee, &image);
    if (error < 0)
        return tracee_fail(tracee, "cannot read its memory: %s", strerror(-error));
    if (image.is_secure || gives_rights(warmer, tracee->pid))
        return tracee_fail(tracee, "its file is set-id, has capabilities or cannot be read");
    error = tracee_read(tracee, image.first_variable, found, slots->size);
    if (error < 0 || memcmp(found, slots->padded, slots->size) != 0)
        return tracee_fail(tracee, "it changed its environment");
    error = tracee_write(tracee, image.first_variable, slots->blank, slots->size);
    if (error == 0 && warmer->order.depth == WARM_DEPTH_ENTRY)
        error = set_breakpoint(warming, image.entry);
    if (error < 0)
        return tracee_fail(tracee, "cannot write its memory: %s", strerror(-error));
    warming->region = image.first_variable;
    warming->is_in_call = true; /* the execve's end comes next */
    warming->number = SYS_execve;
    gate_begin(&warming->gate, tracee, warmer->order.stderr_is_connection);
    return 0;
}

/* Whether its variables stand as they were left: else what stands there is the program's own by
 * now, and isn't to be written over. */
static bool has_its_variables(const struct warming *warming)
{
    const struct warm_slots *slots = &warming->warmer->order.slots;
    char now[WARM_REGION_MAX];

    return tracee_read(&warming->tracee, warming->region, now, slots->size) == 0 &&
           memcmp(now, slots->blank, slots->size) == 0;
}

/* Whether the program that is to be executed will find its variables where and as they were: the
 * same strings, first and in their order. Then they are made wide again. */
static bool hands_variables_on(struct warming *warming)
{
    const struct warm_slots *slots = &warming->warmer->order.slots;
    struct tracee *tracee = &warming->tracee;
    uint64_t pointers[ENVIRONMENT_ITEMS];

    if (tracee_read(tracee, warming->arguments[2], pointers, slots->count * sizeof(*pointers)) < 0)
        return false;
    for (uint32_t i = 0; i < slots->count; i++)
        if (pointers[i] != warming->region + slots->items[i].offset)
            return false;
    if (!has_its_variables(warming))
        return false;
    return tracee_write(tracee, warming->region, slots->padded, slots->size) == 0;
}

/* --- its stops -------------------------------------------------------------------------------- */

enum { GO_ON, PARK };

static int prepare_park(struct warming *warming, long number)
{
    struct park *park = &warming->park;
    struct tracee *tracee = &warming->tracee;

    if (!has_its_variables(warming))
        return tracee_fail(tracee, "it overwrote its environment variables");
    *park = (struct park){.tracee = tracee,
                          .gate = &warming->gate,
                          .call = number,
                          .region = warming->region,
                          .region_size = warming->warmer->order.slots.size,
                          .placeholder = warming->warmer->placeholder_status,
                          .stderr_file = warming->warmer->stderr_status};
    if (tracee_get_registers(tracee, &park->registers) < 0)
        return tracee_fail(tracee, "cannot read its registers");
    park->resume = arch_pc(&park->registers) - arch_call_size;
    return PARK;
}

/* A breakpoint that is never reached must not stay. */
static int remove_breakpoint(struct warming *warming)
{
    int error = warming->entry != 0 ? tracee_poke(&warming->tracee, warming->entry, warming->text,
                                                  arch_breakpoint_size)
                                    : 0;

    warming->entry = 0;
    return error;
}

static int take_call(struct warming *warming)
{
    struct __ptrace_syscall_info info;
    int error = get_call_info(&warming->tracee, &info);

    if (error < 0)
        return error;
    if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
        if (warming->is_in_call)
            gate_note(&warming->gate, warming->number, warming->arguments, info.exit.rval);
        /* One that failed goes on with the variables, which are blank again. */
        if (warming->number == SYS_execve && warming->is_in_call && info.exit.rval < 0 &&
            tracee_write(&warming->tracee, warming->region, warming->warmer->order.slots.blank,
                         warming->warmer->order.slots.size) < 0)
            return -EFAULT;
        warming->is_in_call = false;
        return GO_ON;
    }
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
        return GO_ON;
    warming->is_in_call = true;
    warming->number = info.arch == arch_audit ? (long)info.entry.nr : -1;
    for (int i = 0; i < 6; i++)
        warming->arguments[i] = info.entry.args[i];
    if (warming->number < 0)
        return tracee_fail(&warming->tracee, "it makes system calls of another architecture");
    if (gate_passes(&warming->gate, warming->number, warming->arguments) &&
        (warming->number != SYS_execve || hands_variables_on(warming)))
        return GO_ON;
    if (remove_breakpoint(warming) < 0)
        return -EFAULT;
    return prepare_park(warming, warming->number);
}

/* In front of the program's first instruction. */
static int take_entry(struct warming *warming)
{
    struct park *park = &warming->park;
    int result = prepare_park(warming, -1);

    if (result < 0)
        return result;
    park->resume = warming->entry;
    arch_set_pc(&park->registers, warming->entry);
    return remove_breakpoint(warming) < 0 ? -EFAULT : PARK;
}

static bool is_at_breakpoint(const struct warming *warming, int number)
{
    struct arch_registers registers;

    return number == SIGTRAP && warming->entry != 0 &&
           tracee_get_registers(&warming->tracee, &registers) == 0 &&
           arch_hit(&registers) == warming->entry;
}

/* What a stop means; *ret_signal is what it is to get when it goes on. */
static int take_stop(struct warming *warming, int status, int *ret_signal)
{
    int number = WSTOPSIG(status), event = status >> 16;

    *ret_signal = 0;
    if (event == PTRACE_EVENT_EXEC)
        return take_exec(warming);
    if (number == (SIGTRAP | 0x80))
        return take_call(warming);
    if (event == PTRACE_EVENT_STOP)
        return tracee_fail(&warming->tracee, "it was stopped while warming up");
    if (is_at_breakpoint(warming, number))
        return take_entry(warming);
    *ret_signal = number;
    return GO_ON;
}

/* How it ended, before it was ever parked. */
static int take_end(struct warming *warming, int status)
{
    struct tracee *tracee = &warming->tracee;

    if (WIFSIGNALED(status))
        return tracee_fail(tracee, "it was killed by signal %d while warming up", WTERMSIG(status));
    return tracee_fail(tracee, "start failed: %s", strerror(WEXITSTATUS(status)));
}

/* From its start to its gate. 0 or negative, with a reason. */
static int follow(struct warming *warming)
{
    struct tracee *tracee = &warming->tracee;

    for (;;) {
        int status, number, error = tracee_wait(tracee, &status), result;

        if (error == -ETIMEDOUT)
            return tracee_fail(tracee, "it was not ready within warm-timeout");
        if (error == -ECHILD && tracee->exited)
            return take_end(warming, status);
        if (error < 0)
            return tracee_fail(tracee, "waitpid: %s", strerror(-error));
        result = take_stop(warming, status, &number);
        if (result == PARK)
            return 0;
        error = result < 0 ? result : tracee_continue(tracee, number);
        /* ESRCH: it was killed, which the next wait tells. */
        if (error < 0 && error != -ESRCH)
            return tracee_fail(tracee, "cannot trace it: %s", strerror(-error));
    }
}

/* --- one after the other ---------------------------------------------------------------------- */

static void set_alarm(nanoseconds after)
{
    struct itimerval timer = {.it_interval = {.tv_usec = after > 0 ? 50000 : 0},
                              .it_value = {.tv_sec = (time_t)(after / CLOCK_SECOND),
                                           .tv_usec = (suseconds_t)(after % CLOCK_SECOND / 1000)}};

    is_overdue = 0;
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* Makes a handler and takes it to its gate. */
static int warm_up(struct warming *warming)
{
    struct tracee *tracee = &warming->tracee;
    const uintptr_t options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC;
    FD_CLEANUP int start_fd = -1;
    int error = spawn(warming, &start_fd), word = 0;

    if (error < 0)
        return error;
    if (recv(start_fd, &word, sizeof(word), MSG_WAITALL) != sizeof(word) || word != 0)
        return tracee_fail(tracee, "start failed: %s", strerror(word));
    if (ptrace(PTRACE_SEIZE, tracee->pid, NULL, (void *)options) < 0)
        return tracee_fail(tracee, "cannot trace it: %s", strerror(errno));
    tracee->traced = true;
    if (send(start_fd, &word, sizeof(word), MSG_NOSIGNAL) != sizeof(word))
        return tracee_fail(tracee, "start failed: %s", strerror(errno));
    error = follow(warming);
    if (error == 0)
        error = park_tracee(&warming->park);
    return error < 0 ? tracee_fail(tracee, "cannot park it: %s", strerror(-error)) : 0;
}

static void send_report(const struct warm_report *report, int fd)
{
    struct iovec part = {NULL, sizeof(*report)};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } ancillary;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    const void *bytes = report;

    memcpy(&part.iov_base, &bytes, sizeof(bytes)); /* only read */
    if (fd >= 0) {
        memset(&ancillary, 0, sizeof(ancillary));
        ancillary.header = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
        memcpy(CMSG_DATA(&ancillary.header), &fd, sizeof(fd));
        message.msg_control = &ancillary;
        message.msg_controllen = sizeof(ancillary);
    }
    if (sendmsg(WARM_FD_CONTROL, &message, MSG_NOSIGNAL) < 0)
        _exit(1);
}

static void serve(struct warmer *warmer, uint32_t serial)
{
    static struct warming warming; /* it is large */
    struct warm_report report = {.serial = serial};

    memset(&warming, 0, sizeof(warming));
    warming.warmer = warmer;
    warming.tracee.proc_fd = warmer->proc_fd;
    warming.tracee.is_overdue = &is_overdue;
    set_alarm(warmer->order.timeout);
    if (warm_up(&warming) == 0) {
        report.pid = warming.tracee.pid;
        report.call = (int32_t)warming.park.call;
        report.cloneable = warming.park.is_cloneable;
        memcpy(report.why, warming.park.why_not, sizeof(report.why));
        send_report(&report, warming.park.control);
        close(warming.park.control);
    } else {
        set_alarm(0);
        tracee_kill(&warming.tracee); /* where it isn't traced, it ends when nobody lets it go on */
        memcpy(report.why, warming.tracee.why, sizeof(report.why));
        send_report(&report, -1);
    }
    set_alarm(0);
}

static int read_order(struct warmer *warmer)
{
    struct stat status;
    char *bytes;

    if (fstat(WARM_FD_ORDER, &status) < 0 || status.st_size <= 0)
        return -EINVAL;
    bytes =
        mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, WARM_FD_ORDER, 0);
    return bytes == MAP_FAILED ? -errno
                               : warm_order_read(bytes, (size_t)status.st_size, &warmer->order);
}

/* Hard limits that are to be higher are raised while that is allowed; the limits themselves are
 * each handler's: a warmer must not end because of its own CPU time. */
static int raise_limits(const struct settings_rlimits *rlimits)
{
    for (int resource = 0; rlimits && resource < RLIM_NLIMITS; resource++) {
        struct rlimit now;

        if (!rlimits->set[resource] || getrlimit((__rlimit_resource_t)resource, &now) < 0 ||
            now.rlim_max >= rlimits->values[resource].rlim_max)
            continue;
        now.rlim_max = rlimits->values[resource].rlim_max;
        if (setrlimit((__rlimit_resource_t)resource, &now) < 0)
            return -errno;
    }
    return 0;
}

/* What it needs, while it may still have it; then what the plan says. Returns the reason in text
 * where that fails. */
static int open_warmer(struct warmer *warmer, char *text, size_t size)
{
    int ends[2] = {-1, -1}, error = read_order(warmer);
    struct child_failure failure;

    if (error == 0)
        error = raise_limits(warmer->order.plan.rlimits);
    if (error == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        error = -errno;
    if (error == 0 && fstat(ends[0], &warmer->placeholder_status) < 0)
        error = -errno;
    if (error == 0 && fstat(WARM_FD_STDERR, &warmer->stderr_status) < 0)
        error = -errno;
    if (error < 0) {
        snprintf(text, size, "cannot start the warmer: %s", strerror(-error));
        return error;
    }
    /* High, where no child puts anything. The other end stays open, so that nobody reads an end. */
    warmer->placeholder = fd_move_high(ends[0]);
    fd_move_high(ends[1]);
    warmer->proc_fd = fd_move_high(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (warmer->proc_fd < 0 || faccessat(warmer->proc_fd, "self/fd", R_OK, 0) < 0) {
        snprintf(text, size, "/proc is not mounted");
        return -ENOENT;
    }
    failure = child_become(&warmer->order.plan, false);
    if (failure.stage != STAGE_NONE) {
        snprintf(text, size, "%s: %s", stage_name(failure.stage), strerror(failure.error));
        return -failure.error;
    }
    return 0;
}

/* As the kernel takes it: sigaction(2), "C library/kernel differences". */
struct kernel_sigaction {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

/* What posix_spawn can't: libc's own two signals, which it leaves ignored, and handlers would find
 * them so. */
static void reset_signals(void)
{
    const struct kernel_sigaction plain = {.handler = SIG_DFL};

    for (int number = 1; number <= 64; number++)
        syscall(SYS_rt_sigaction, number, &plain, NULL, sizeof(plain.mask));
}

_Noreturn void warmer_main(void)
{
    static struct warmer warmer;
    struct sigaction action = {.sa_handler = on_alarm}; /* no SA_RESTART: waitpid is to end */
    struct warm_request request;
    struct warm_report refusal = {0};
    int error;

    for (int fd = WARM_FD_CONTROL; fd < WARM_FD_COUNT; fd++)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    reset_signals();
    sigaction(SIGALRM, &action, NULL);
    error = open_warmer(&warmer, refusal.why, sizeof(refusal.why));
    /* After the uid: changing it takes both away. */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    while (recv(WARM_FD_CONTROL, &request, sizeof(request), 0) == sizeof(request)) {
        refusal.serial = request.serial;
        if (error < 0)
            send_report(&refusal, -1);
        else
            serve(&warmer, request.serial);
    }
    _exit(0);
}

#else

_Noreturn void warmer_main(void)
{
    _exit(1);
}

#endif

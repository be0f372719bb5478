/* startup: see startup.h. Called by main and by daemon_open. */
#include "daemon/startup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/stranger.h"

/* As the kernel takes it: sigaction(2), "C library/kernel differences". */
struct kernel_sigaction {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

/* Dispositions to default, so that no child has to reset any; and nothing blocked. By the system
 * call itself: libc hides 32 and 33, which whoever started us may have ignored all the same. Only
 * ignored ones: sanitizers and debuggers have handlers of their own, which exec resets by itself.
 */
static int reset_signals(bool keep_mask)
{
    const struct kernel_sigaction plain = {.handler = SIG_DFL};
    const struct kernel_sigaction children = {.handler = SIG_DFL, .flags = SA_NOCLDSTOP};
    sigset_t none;

    for (int number = 1; number <= 64; number++) {
        struct kernel_sigaction now;

        if (syscall(SYS_rt_sigaction, number, NULL, &now, sizeof(now.mask)) == 0 &&
            now.handler == SIG_IGN)
            syscall(SYS_rt_sigaction, number, &plain, NULL, sizeof(now.mask));
    }
    /* Told of ends only: a handler's user can stop and continue it as often as they like. */
    if (syscall(SYS_rt_sigaction, SIGCHLD, &children, NULL, sizeof(children.mask)) < 0)
        return -errno;
    sigemptyset(&none);
    if (keep_mask)
        return 0;
    return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

/* Whether oom_score_adj isn't 0; without /proc it can't be known, nor set. */
static bool is_oom_score_adjusted(void)
{
    char text[16] = "0";
    int fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);

    if (fd >= 0 && read(fd, text, sizeof(text) - 1) < 0)
        text[0] = '0';
    fd_close(fd);
    return strtol(text, NULL, 10) != 0;
}

/* What root's programs would inherit past a bounding set that a service has cut down, see
 * "Transformation of capabilities during execve()" in capabilities(7). Taking away needs no right.
 */
static void clear_inheritable(void)
{
    cap_t capabilities = cap_get_proc();

    if (capabilities && cap_clear_flag(capabilities, CAP_INHERITABLE) == 0)
        cap_set_proc(capabilities);
    cap_free(capabilities);
}

int startup_clean_process(bool keep_mask, struct plan_origin *ret)
{
    struct plan_origin origin = {.environment = environ};
    int error = fd_ensure_standard();

    if (error == 0)
        error = fd_set_cloexec_all();
    if (error == 0)
        error = reset_signals(keep_mask);
    if (error == 0)
        error = fd_raise_limit(&origin.nofile);
    if (error < 0)
        return error;
    umask(022);
    /* What a service manager gave us to bind low ports with is not for handlers; we keep ours.
     * Kernels without ambient capabilities have nothing to clear. */
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    clear_inheritable();
    origin.oom_score_adjusted = is_oom_score_adjusted();
    *ret = origin;
    return 0;
}

int startup_open_signals(void)
{
    static const int read_signals[] = {SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2};
    /* A terminal may stop us; and faults of our own end us whether blocked or not, but valgrind and
     * sanitizers have handlers for them. */
    static const int passed_signals[] = {SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGSEGV, SIGBUS,
                                         SIGFPE,  SIGILL,  SIGTRAP, SIGSYS,  SIGABRT};
    sigset_t read_set, blocked;
    int fd, error;

    sigemptyset(&read_set);
    for (size_t i = 0; i < sizeof(read_signals) / sizeof(read_signals[0]); i++)
        sigaddset(&read_set, read_signals[i]);
    /* All others are blocked too, rather than ignored, which a child would inherit through exec:
     * SIGPIPE and SIGXFSZ mean nothing to us, and a child that shares our memory must not be one to
     * interrupt. */
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof(passed_signals) / sizeof(passed_signals[0]); i++)
        sigdelset(&blocked, passed_signals[i]);
    if (sigprocmask(SIG_BLOCK, &blocked, NULL) < 0)
        return -errno;
    error = stranger_begin();
    if (error < 0)
        return error;
    fd = signalfd(-1, &read_set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd_move_high(fd);
}

/* The parent's side: the child's word is our exit status; without a word it died. */
_Noreturn static void wait_for_child(int fd, pid_t child,
                                     void (*on_ready)(pid_t child, void *context), void *context)
{
    unsigned char status;
    ssize_t got;
    int result;

    do {
        got = read(fd, &status, 1);
    } while (got < 0 && errno == EINTR);
    if (got == 1 && status == 0)
        on_ready(child, context);
    if (got == 1)
        _exit(status);
    if (waitpid(child, &result, 0) == child && WIFEXITED(result))
        _exit(WEXITSTATUS(result));
    _exit(71);
}

int startup_daemonize(void (*on_ready)(pid_t child, void *context), void *context,
                      int *ret_ready_fd)
{
    int ready[2], null;
    pid_t child;

    if (pipe2(ready, O_CLOEXEC) < 0)
        return -errno;
    child = fork();
    if (child < 0) {
        int error = -errno;

        close(ready[0]);
        close(ready[1]);
        return error;
    }
    if (child > 0) {
        close(ready[1]);
        wait_for_child(ready[0], child, on_ready, context);
    }
    close(ready[0]);
    if (setsid() < 0 || chdir("/") < 0)
        return -errno;
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return -errno;
    /* stderr stays until the start is over: somebody may be reading what went wrong. */
    if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
        return -errno;
    close(null);
    *ret_ready_fd = ready[1];
    return 0;
}

void startup_say_ready(int ready_fd, int status)
{
    unsigned char word = (unsigned char)status;
    ssize_t written;

    if (ready_fd < 0)
        return;
    written = write(ready_fd, &word, 1);
    (void)written; /* nobody waits any more: then nobody needs to know */
    close(ready_fd);
    if (status == 0 && dup2(STDIN_FILENO, STDERR_FILENO) < 0)
        return;
}

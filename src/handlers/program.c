/* program: see program.h. */
#include "handlers/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "handlers/stream.h"

/* What tells us to end; the program's group, which those signals don't reach, ends first. */
static const int endings[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};

/* How long what is killed may take to go away. */
#define KILL_TIME CLOCK_SECOND

struct run {
    pid_t pid;
    int process; /* a pidfd: readable when the program has ended */
    int output;  /* our end of the pipe; -1 when it has ended */
    int signals; /* a signalfd */
    sigset_t mask_before;
    struct program_result *result;
};

void program_format_reason(const struct program_result *result,
                           char text[static PROGRAM_REASON_SIZE])
{
    if (result->is_late)
        snprintf(text, PROGRAM_REASON_SIZE, "timed out");
    else if (result->status > 128 && result->status <= 128 + SIGRTMAX)
        snprintf(text, PROGRAM_REASON_SIZE, "ended by signal %d", result->status - 128);
    else if (result->status == PROGRAM_NOT_FOUND)
        snprintf(text, PROGRAM_REASON_SIZE, "cannot run it");
    else
        snprintf(text, PROGRAM_REASON_SIZE, "exit status %d", result->status);
}

static int watch_signals(struct run *run)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t mask;

    sigemptyset(&mask);
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
        sigaddset(&mask, endings[i]);
    /* Where a super-server left SIGCHLD ignored, children would vanish without a status. */
    if (sigaction(SIGCHLD, &action, NULL) < 0 ||
        sigprocmask(SIG_BLOCK, &mask, &run->mask_before) < 0)
        return -errno;
    run->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    return run->signals < 0 ? -errno : 0;
}

/* In the child; what goes wrong is said on stderr. */
static void execute(char *const argv[], int output, pid_t parent)
{
    sigset_t none;
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    sigemptyset(&none);
    /* If we are killed, nobody else would end it. */
    if (setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent &&
        null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
        stream_restore_sigpipe() == 0 && sigprocmask(SIG_SETMASK, &none, NULL) == 0)
        execvp(argv[0], argv);
    fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
    _exit(PROGRAM_NOT_FOUND);
}

static int start(struct run *run, char *const argv[])
{
    pid_t parent = getpid();
    int pipe[2];

    if (pipe2(pipe, O_CLOEXEC) < 0)
        return -errno;
    run->output = pipe[0];
    /* Our end only: the other one is another open file. */
    if (fcntl(run->output, F_SETFL, O_NONBLOCK) == 0)
        run->pid = fork();
    if (run->pid == 0)
        execute(argv, pipe[1], parent);
    fd_close(pipe[1]);
    if (run->pid < 0)
        return -errno;
    /* In both processes, so that the group is there whoever comes first; EACCES: it has exec'ed. */
    setpgid(run->pid, run->pid);
    run->process = (int)syscall(SYS_pidfd_open, run->pid, 0);
    return run->process < 0 ? -errno : 0;
}

/* Takes what the pipe has now, but not for ever from one that is filled as fast as we read. */
static void read_output(struct run *run)
{
    struct program_result *result = run->result;
    char surplus[4096];

    for (int i = 0; run->output >= 0 && i < 64; i++) {
        size_t room = sizeof(result->output) - result->length;
        ssize_t got = room > 0 ? read(run->output, result->output + result->length, room)
                               : read(run->output, surplus, sizeof(surplus));

        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0)
            run->output = fd_close(run->output);
        else if (room > 0)
            result->length += (uint32_t)got;
    }
}

/* Kills what is left of the group, and takes the status. The order matters: until it is reaped, its
 * number can be nobody else's. One that has become another user can't be killed, and one that hangs
 * in the kernel doesn't hear of it: neither is waited for. */
static void reap(struct run *run)
{
    int status;
    bool is_told;

    kill(-run->pid, SIGKILL);
    is_told = kill(run->pid, SIGKILL) == 0; /* it may not have come to setpgid yet */
    stream_wait(run->process, POLLIN, clock_now() + (is_told ? KILL_TIME : 0));
    if (waitpid(run->pid, &status, WNOHANG) == run->pid)
        run->result->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Somebody ends us: the program first, then we, by that signal. */
static void end_with(struct run *run, int number)
{
    reap(run);
    sigprocmask(SIG_SETMASK, &run->mask_before, NULL);
    raise(number);
    _exit(128 + number); /* it was ignored or blocked before, but it was meant */
}

static void read_signals(struct run *run)
{
    struct signalfd_siginfo info;

    if (read(run->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        end_with(run, (int)info.ssi_signo);
}

static int await_end(struct run *run, nanoseconds deadline)
{
    for (;;) {
        struct pollfd fds[] = {{.fd = run->process, .events = POLLIN},
                               {.fd = run->signals, .events = POLLIN},
                               {.fd = run->output, .events = POLLIN}};
        int ready = poll(fds, 3, stream_time_left(deadline));

        if (ready < 0 && errno != EINTR)
            return -errno;
        read_output(run);
        read_signals(run);
        /* Its end counts, not that of its output, which something in the background may hold. */
        if (ready > 0 && fds[0].revents)
            return 0;
        if (clock_now() >= deadline) {
            run->result->is_late = true;
            return 0;
        }
    }
}

static void close_run(struct run *run)
{
    fd_close(run->output);
    fd_close(run->process);
    fd_close(run->signals);
    sigprocmask(SIG_SETMASK, &run->mask_before, NULL);
}

int program_run(char *const argv[], nanoseconds timeout, struct program_result *ret)
{
    struct run run = {.pid = -1, .process = -1, .output = -1, .signals = -1, .result = ret};
    int error = watch_signals(&run);

    ret->status = PROGRAM_NOT_FOUND;
    ret->is_late = false;
    ret->length = 0;
    if (error == 0)
        error = start(&run, argv);
    if (error == 0)
        error = await_end(&run, stream_deadline(timeout));
    if (run.pid > 0) {
        reap(&run);
        read_output(&run);
    }
    close_run(&run);
    return error;
}

/* upgrade_proof: see upgrade_proof.h. */
#include "daemon/upgrade_proof.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/capability.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "carry/adoption.h"
#include "daemon/daemon.h"

/* --- whence we were started ----------------------------------------------------------------- */

/* Whether that is the file we are of. */
static bool is_our_file(const char *path)
{
    struct stat file, ours;

    return stat(path, &file) == 0 && stat("/proc/self/exe", &ours) == 0 &&
           file.st_dev == ours.st_dev && file.st_ino == ours.st_ino;
}

/* The name by which we were executed; not /proc/self/exe, which is the old file when a new one has
 * taken its name. Of a script whose interpreter we are ("#!/usr/sbin/stdinetd -c") it is the
 * script's, which would put its own words before ours each time: our own is argv[0] then. One of
 * /dev or /proc is an fd's, and means nothing later. */
static const char *executed_name(char *const *argv)
{
    const char *name = (const char *)getauxval(AT_EXECFN);

    if (name && argv[0] && strchr(argv[0], '/') && !is_our_file(name) && is_our_file(argv[0]))
        name = argv[0];
    if (!name || name[0] == '\0')
        name = argv[0] && strchr(argv[0], '/') ? argv[0] : NULL;
    if (!name || strncmp(name, "/dev/", 5) == 0 || strncmp(name, "/proc/", 6) == 0)
        return NULL;
    return name;
}

int upgrade_origin_open(char *const *argv, struct upgrade_origin *ret)
{
    struct upgrade_origin origin = {.argv = argv};
    const char *name = executed_name(argv);
    char *directory = getcwd(NULL, 0);
    int length;

    if (name && (directory || name[0] == '/')) {
        length = asprintf(&origin.memory, "%s%c%s%s%s", directory ? directory : "/", '\0',
                          name[0] == '/' ? "" : directory, name[0] == '/' ? "" : "/", name);
        if (length < 0) {
            free(directory);
            return -ENOMEM;
        }
        origin.directory = origin.memory;
        origin.path = origin.memory + strlen(origin.memory) + 1;
    }
    free(directory);
    *ret = origin;
    return 0;
}

void upgrade_origin_close(struct upgrade_origin *origin)
{
    free(origin->memory);
    *origin = (struct upgrade_origin){0};
}

/* --- executing ------------------------------------------------------------------------------ */

static size_t count_strings(char *const *strings)
{
    size_t count = 0;

    while (strings[count])
        count++;
    return count;
}

/* argv[0], the words, and the rest of argv; NULL without memory. */
static char **make_argv(const struct upgrade_origin *origin, const char *const words[static 2])
{
    size_t count = count_strings(origin->argv), used = 0;
    char **argv = calloc(count + 4, sizeof(*argv));

    if (!argv)
        return NULL;
    if (count > 0)
        argv[used++] = origin->argv[0];
    for (size_t i = 0; i < 2 && words[i]; i++)
        memcpy(&argv[used++], &words[i], sizeof(words[i]));
    for (size_t i = 1; i < count; i++)
        argv[used++] = origin->argv[i];
    return argv;
}

/* What was meant for the process that we were, and is used up. */
static bool is_used_up(const char *variable)
{
    static const char *const names[] = {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES",
                                        "LISTEN_PIDFDID", UPGRADE_VARIABLE};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t length = strlen(names[i]);

        if (strncmp(variable, names[i], length) == 0 && variable[length] == '=')
            return true;
    }
    return false;
}

static char **make_environment(const char *variable)
{
    size_t used = 0;
    char **all = calloc(count_strings(environ) + 2, sizeof(*all));

    if (!all)
        return NULL;
    for (char **one = environ; *one; one++)
        if (!is_used_up(*one))
            all[used++] = *one;
    if (variable)
        memcpy(&all[used], &variable, sizeof(variable));
    return all;
}

static int set_cloexec(const struct upgrade_execution *execution, int flag)
{
    for (size_t i = 0; i < execution->fd_count; i++)
        if (fcntl(execution->fds[i], F_SETFD, flag) < 0)
            return -errno;
    return 0;
}

/* What a service manager gave to a daemon that isn't root, as to bind low ports: execve would take
 * it away unless it is ambient; capabilities(7). The new build clears that as we did. */
static void set_ambient(bool raise)
{
    cap_t capabilities = geteuid() != 0 ? cap_get_proc() : NULL;
    int count = capabilities ? cap_max_bits() : 0;

    for (cap_value_t i = 0; i < count; i++) {
        cap_flag_value_t permitted = CAP_CLEAR;

        if (cap_get_flag(capabilities, i, CAP_PERMITTED, &permitted) < 0 || permitted == CAP_CLEAR)
            continue;
        cap_set_flag(capabilities, CAP_INHERITABLE, 1, &i, raise ? CAP_SET : CAP_CLEAR);
    }
    if (!raise)
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (capabilities && cap_set_proc(capabilities) == 0)
        for (cap_value_t i = 0; raise && i < count; i++)
            prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0,
                  0); /* fails for those we don't have */
    cap_free(capabilities);
}

/* Where relative names are to be looked up. If the directory is gone, the new build will say what
 * it can't find. */
static void change_directory(const char *directory)
{
    if (directory && chdir(directory) < 0)
        return;
}

int upgrade_execute(const struct upgrade_origin *origin, const struct upgrade_execution *execution)
{
    char **argv = make_argv(origin, execution->words);
    char **environment = make_environment(execution->variable);
    int error = argv && environment ? set_cloexec(execution, 0) : -ENOMEM;

    if (error == 0) {
        if (execution->daemonized)
            change_directory(origin->directory);
        set_ambient(true);
        execve(origin->path, argv, environment);
        error = -errno;
        set_ambient(false);
        if (execution->daemonized)
            change_directory("/");
    }
    set_cloexec(execution, FD_CLOEXEC);
    free(argv);
    free(environment);
    return error;
}

static int write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, text, length);

        if (written < 0 && errno != EINTR)
            return -errno;
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
    return 0;
}

int upgrade_make_memory(const char *text, size_t length)
{
    FD_CLEANUP int fd = memfd_create("stdinetd-handover", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int error, kept;

    if (fd < 0)
        return -errno;
    error = write_all(fd, text, length);
    if (error == 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
        error = -errno;
    if (error < 0)
        return error;
    kept = fd;
    fd = -1;
    return kept;
}

/* --- the child ------------------------------------------------------------------------------ */

/* Where the child has what it needs; everything else of ours is closed there at once, so that no
 * connection stays open for it. */
enum { CHILD_CONFIGURATION_FD = STDERR_FILENO + 1, CHILD_FIRST_OTHER };

_Noreturn static void give_up(const char *what, int error)
{
    dprintf(STDERR_FILENO, "%s: %s\n", what, strerror(-error));
    _exit(127);
}

static void arrange_fds(int null_fd, int words_fd, int configuration_fd)
{
    /* All three stand high, or at least not among those that they become: fd_move_high. */
    if (dup2(null_fd, STDIN_FILENO) < 0 || dup2(words_fd, STDOUT_FILENO) < 0 ||
        dup2(words_fd, STDERR_FILENO) < 0 || dup2(configuration_fd, CHILD_CONFIGURATION_FD) < 0)
        _exit(127);
    if (syscall(SYS_close_range, CHILD_FIRST_OTHER, ~0U, 0) < 0)
        fd_set_cloexec_all();
}

static int write_copy(struct daemon *daemon)
{
    struct handover_writer writer;
    struct carried carried;
    int fd;

    handover_write_begin(&writer);
    carried = daemon_carried(daemon);
    adoption_write(&writer, &carried);
    fd = handover_write_end(&writer);
    if (fd == 0)
        fd = upgrade_make_memory(writer.text, writer.length);
    handover_write_free(&writer);
    return fd;
}

_Noreturn static void run_child(struct daemon *daemon, int words_fd, int configuration_fd)
{
    const struct upgrade_origin *origin = daemon->upgrade.origin;
    int fds[2] = {CHILD_CONFIGURATION_FD};
    char numbers[32];
    struct upgrade_execution execution = {
        .words = {"--prove", numbers}, .fds = fds, .fd_count = 2, .daemonized = daemon->daemonized};
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    arrange_fds(daemon->services.null_fd, words_fd, configuration_fd);
    fds[1] = write_copy(daemon);
    if (fds[1] < 0)
        give_up("cannot write the state to hand over", fds[1]);
    snprintf(numbers, sizeof(numbers), "%d,%d", fds[1], fds[0]);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    give_up("cannot execute the new binary", upgrade_execute(origin, &execution));
}

/* --- the parent ----------------------------------------------------------------------------- */

/* All that it has said so far; what is too long is read away. */
static void read_words(struct proof *proof)
{
    for (unsigned i = 0; i < 64; i++) {
        char rest[256];
        size_t room = PROOF_TEXT_MAX - proof->length;
        bool is_full = room == 0;
        ssize_t got = read(proof->words.fd, is_full ? rest : proof->text + proof->length,
                           is_full ? sizeof(rest) : room);

        if (got <= 0)
            return;
        proof->length += is_full ? 0 : (size_t)got;
    }
}

static void on_words(struct loop_source *source, uint32_t events)
{
    struct daemon *daemon = source->owner;
    struct proof *proof = &daemon->upgrade.proof;

    read_words(proof);
    /* It has closed them: nothing more to come but its end. */
    if (events & EPOLLHUP)
        loop_unwatch(daemon->loop, source);
}

static void close_words(struct daemon *daemon, struct proof *proof)
{
    loop_unwatch(daemon->loop, &proof->words);
    proof->words.fd = fd_close(proof->words.fd);
}

static pid_t fork_blocked(void)
{
    sigset_t all, before;
    pid_t pid;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid != 0) {
        int error = errno;

        sigprocmask(SIG_SETMASK, &before, NULL);
        errno = error;
    }
    return pid;
}

/* The pipe on which it speaks: ours in proof, its own high up. fd or -errno. */
static int open_words(struct daemon *daemon, struct proof *proof)
{
    int ends[2], error;

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    proof->words =
        (struct loop_source){.fd = fd_move_high(ends[0]), .ready = on_words, .owner = daemon};
    error = loop_watch(daemon->loop, &proof->words, EPOLLIN);
    if (error < 0) {
        close_words(daemon, proof);
        fd_close(ends[1]);
        return error;
    }
    fcntl(ends[1], F_SETFL, 0);
    return fd_move_high(ends[1]);
}

int proof_begin(struct daemon *daemon, struct proof *proof, int *ret_configuration_fd)
{
    FD_CLEANUP int words_fd = -1;
    FD_CLEANUP int configuration_fd = -1;
    pid_t pid;

    proof->length = 0;
    configuration_fd = fd_move_high(memfd_create("stdinetd-configuration", MFD_CLOEXEC));
    if (configuration_fd < 0)
        return -errno;
    words_fd = open_words(daemon, proof);
    if (words_fd < 0)
        return words_fd;
    pid = fork_blocked();
    if (pid == 0)
        run_child(daemon, words_fd, configuration_fd);
    if (pid < 0) {
        int error = -errno;

        close_words(daemon, proof);
        return error;
    }
    processes_add(&daemon->processes, &proof->process, pid);
    *ret_configuration_fd = configuration_fd;
    configuration_fd = -1;
    return 0;
}

void proof_end(struct daemon *daemon, struct proof *proof)
{
    read_words(proof);
    close_words(daemon, proof);
    while (proof->length > 0 && proof->text[proof->length - 1] == '\n')
        proof->length--;
    proof->text[proof->length] = '\0';
    proof->process.pid = 0;
}

bool proof_succeeded(const struct proof *proof, int status)
{
    static const char words[] = " " PROOF_WORDS;
    const size_t size = sizeof(words) - 1;

    return WIFEXITED(status) && WEXITSTATUS(status) == 0 && proof->length >= size &&
           strcmp(proof->text + proof->length - size, words) == 0;
}

void proof_kill(struct daemon *daemon, struct proof *proof)
{
    if (proof->process.pid == 0)
        return;
    /* It has a session of its own; in its first moments it may not have it yet. */
    kill(proof->process.pid, SIGKILL);
    kill(-proof->process.pid, SIGKILL);
    processes_remove(&daemon->processes, &proof->process);
    proof_end(daemon, proof);
}

/* What must not happen when the system or an admin fails: section 11 of the design. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The program goes away while it is served: connections are closed at once, it is said once, the
 * service rests, clients wait; at once back with the program. */
START_TEST(missing_program)
{
    struct daemon daemon;
    int port = harness_port();
    char program[128], *answer;
    int fd;

    harness_begin(&daemon);
    snprintf(program, sizeof(program), "%s/handler", daemon.directory);
    harness_write_program(program, "#!/bin/sh\necho here\n");
    harness_configure(&daemon, "[handler]\nlisten = 127.0.0.1:%d\nexec = %s\nUSER\n", port,
                      program);
    harness_start(&daemon, NULL);
    answer = client_read_all(client_connect(port));
    ck_assert_str_eq(answer, "here\n");
    free(answer);
    ck_assert(unlink(program) == 0);
    client_expect_closed(client_connect(port));
    harness_log_wait(&daemon, "stage=exec", 1);
    ck_assert_int_eq(harness_log_count(&daemon, "No such file or directory"), 1);
    /* This one waits in the backlog, and is answered by the program that came back. */
    fd = client_connect(port);
    harness_write_program(program, "#!/bin/sh\necho back\n");
    answer = client_read_all(fd);
    ck_assert_str_eq(answer, "back\n");
    free(answer);
    harness_log_wait(&daemon, "service started again", 1);
    ck_assert_int_eq(harness_log_count(&daemon, "start failed"), 1);
    harness_end(&daemon);
}
END_TEST

struct stage_case {
    const char *name, *exec, *extra, *stage, *error;
};

/* Each step that fails is reported by its name. */
static const struct stage_case stage_cases[] = {
    {"no permission", "/handler", "", "stage=exec", "Permission denied"},
    {"no interpreter", "/broken", "", "stage=exec", "No such file or directory"},
    {"no directory", NULL, "directory = /nowhere/at/all", "stage=directory",
     "No such file or directory"},
    {"no stderr file", NULL, "stderr = /nowhere/at/all", "stage=stderr",
     "No such file or directory"},
    {"a limit that nobody may have", NULL, "rlimit-nofile = unlimited", "stage=rlimit",
     "Operation not permitted"},
};

START_TEST(failed_steps)
{
    const struct stage_case *this = &stage_cases[_i];
    struct daemon daemon;
    int port = harness_port();
    char path[128];

    harness_be_cold();
    SKIP_IF(harness_is_wrapped(), "not under a wrapper");
    harness_begin(&daemon);
    snprintf(path, sizeof(path), "%s/handler", daemon.directory);
    /* For root every file with an x is executable, so it must be another user's. */
    harness_write_file(path, "#!/bin/sh\n", harness_is_root() ? 0700 : 0755);
    snprintf(path, sizeof(path), "%s/broken", daemon.directory);
    harness_write_program(path, "#!/nowhere/interpreter\n");
    harness_configure(&daemon, "[broken]\nlisten = 127.0.0.1:%d\nUSER\nexec = %s%s\n%s\n", port,
                      this->exec ? daemon.directory : "cat", this->exec ? this->exec : "",
                      this->extra);
    harness_start(&daemon, NULL);
    if (!harness_is_root() && _i == 0) {
        snprintf(path, sizeof(path), "%s/handler", daemon.directory);
        chmod(path, 0644);
    }
    client_expect_closed(client_connect(port));
    harness_log_wait(&daemon, this->stage, 1);
    ck_assert_msg(harness_log_count(&daemon, this->error) == 1, "%s", this->name);
    harness_end(&daemon);
}
END_TEST

/* A user at its rlimit-nproc: the kernel lets the change of the user pass and refuses the exec with
 * EAGAIN, execve(2); the log says what that means. Another user's service doesn't notice. */
START_TEST(user_process_limit)
{
    struct daemon daemon;
    int ports[2] = {harness_port(), harness_port()};
    int fds[3];
    char *answer;

    SKIP_IF(!harness_is_root(), "needs root");
    SKIP_IF(harness_is_wrapped(), "not under a wrapper");
    harness_serve(&daemon,
                  "[few]\nlisten = 127.0.0.1:%d\nexec = cat\nuser = nobody\nrlimit-nproc = 0\n"
                  "[other]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\nuser = root\n",
                  ports[0], ports[1]);
    /* It counts those that the user has already, so the first one may still be let in. */
    for (int i = 0; i < 3; i++)
        fds[i] = client_connect(ports[0]);
    harness_log_wait(&daemon, "stage=process-limit", 1);
    answer = client_exchange(ports[1], "served");
    ck_assert_str_eq(answer, "SERVED");
    free(answer);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    harness_end(&daemon);
}
END_TEST

/* No fds: accepting pauses, uses no CPU, is said once, and clients are served when there are some.
 */
START_TEST(no_fds)
{
    struct daemon daemon;
    struct rlimit limit, before;
    int port = harness_port();
    int fds[8];
    long ticks, start;

    SKIP_IF(harness_is_wrapped(), "not under a wrapper");
    harness_serve(&daemon, "[upper]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\nUSER\n", port);
    ck_assert(prlimit(daemon.pid, RLIMIT_NOFILE, NULL, &before) == 0);
    limit = before;
    limit.rlim_cur = 3; /* those that are open stay; none is given any more */
    ck_assert(prlimit(daemon.pid, RLIMIT_NOFILE, &limit, NULL) == 0);
    for (int i = 0; i < 8; i++) {
        fds[i] = client_connect(port);
        client_send(fds[i], "wait");
        shutdown(fds[i], SHUT_WR);
    }
    harness_log_wait(&daemon, "accept paused: Too many open files", 1);
    ticks = process_ticks(daemon.pid);
    start = harness_now();
    while (harness_now() < start + 2000) /* a span to measure in, not an event to wait for */
        harness_pause();
    ticks = process_ticks(daemon.pid) - ticks;
    ck_assert_msg(ticks * 1000 / sysconf(_SC_CLK_TCK) <= 100, "%ld ticks in 2 s", ticks);
    ck_assert_int_eq(harness_log_count(&daemon, "accept paused"), 1);
    ck_assert(prlimit(daemon.pid, RLIMIT_NOFILE, &before, NULL) == 0);
    for (int i = 0; i < 8; i++) {
        char *answer = client_read_all(fds[i]);

        ck_assert_str_eq(answer, "WAIT");
        free(answer);
    }
    harness_end(&daemon);
}
END_TEST

#define ORDINARY_UID 54321
#define EATERS       10

/* A daemon without root's privileges, for which the limit of processes counts. */
static void become_ordinary(void *context)
{
    struct rlimit limit = {EATERS, EATERS};

    (void)context;
    if (setrlimit(RLIMIT_NPROC, &limit) < 0 || setgroups(0, NULL) < 0 || setgid(ORDINARY_UID) < 0 ||
        setuid(ORDINARY_UID) < 0)
        _exit(99);
}

/* Uses up, or gives back, all processes that the daemon's user may have. */
static void eat_processes(pid_t pids[static EATERS])
{
    for (int i = 0; i < EATERS; i++) {
        pids[i] = fork();
        ck_assert(pids[i] >= 0);
        if (pids[i] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (setuid(ORDINARY_UID) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                _exit(99);
            pause();
            _exit(0);
        }
    }
}

static void give_processes(const pid_t pids[static EATERS])
{
    for (int i = 0; i < EATERS; i++)
        kill(pids[i], SIGKILL);
    for (int i = 0; i < EATERS; i++)
        waitpid(pids[i], NULL, 0);
}

static bool has_become_ordinary(void *context)
{
    return process_status(*(pid_t *)context, "Uid:") == ORDINARY_UID;
}

static void start_waiting_clients(int port, int fds[static 4])
{
    for (int i = 0; i < 4; i++) {
        fds[i] = client_connect(port);
        client_send(fds[i], "wait");
        shutdown(fds[i], SHUT_WR);
    }
}

/* fork fails with EAGAIN: clients are held, and served when there are processes again. */
START_TEST(no_processes)
{
    struct daemon_options options = {.before_exec = become_ordinary};
    struct daemon daemon;
    int port = harness_port();
    int fds[4];
    pid_t eaters[EATERS];

    SKIP_IF(!harness_is_root(), "needs root, since our own other processes would count");
    harness_begin(&daemon);
    harness_copy_daemon(&daemon);
    harness_configure(&daemon, "[upper]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\n", port);
    harness_start(&daemon, &options);
    eat_processes(eaters);
    for (int i = 0; i < EATERS; i++)
        ck_assert(harness_until(has_become_ordinary, &eaters[i]));
    start_waiting_clients(port, fds);
    harness_log_wait(&daemon, "cannot start a handler for", 1);
    give_processes(eaters);
    for (int i = 0; i < 4; i++) {
        char *answer = client_read_all(fds[i]);

        ck_assert_str_eq(answer, "WAIT");
        free(answer);
    }
    /* And given up after 5 s with a reason, without hurting the daemon. */
    harness_log_wait(&daemon, " end ", 4);
    eat_processes(eaters);
    for (int i = 0; i < EATERS; i++)
        ck_assert(harness_until(has_become_ordinary, &eaters[i]));
    client_expect_closed(client_connect(port));
    harness_log_wait(&daemon, "stage=fork", 1);
    give_processes(eaters);
    harness_end(&daemon);
}
END_TEST

#ifndef __SANITIZE_ADDRESS__
/* The client that is held for want of a process is held by the next build, and those who came after
 * it wait in the backlog: all are served. */
START_TEST(no_processes_and_an_upgrade)
{
    struct daemon_options options = {.before_exec = become_ordinary};
    struct daemon daemon;
    int port = harness_port(), go;
    int fds[4];
    pid_t eaters[EATERS];
    char path[128], fifo[128], script[512];

    SKIP_IF(!harness_is_root(), "needs root");
    SKIP_IF(harness_is_wrapped(), "not under a wrapper");
    /* What counts lines can't write as that user, and says so in the words that the new build is
     * asked for. */
    SKIP_IF(getenv("GCOV_ERROR_FILE"), "not where lines are counted");
    harness_begin(&daemon);
    harness_copy_daemon(&daemon);
    harness_configure(&daemon, "[upper]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\n", port);
    harness_start(&daemon, &options);
    snprintf(path, sizeof(path), "%s/stdinetd", daemon.directory);
    snprintf(fifo, sizeof(fifo), "%s/fifo", daemon.directory);
    ck_assert(mkfifo(fifo, 0666) == 0 && chmod(fifo, 0666) == 0);
    /* Without a process of its own. */
    snprintf(script, sizeof(script),
             "#!/bin/sh\ncase \"$1\" in --prove) read -r go <'%s';; esac\nexec '%s/real' \"$@\"\n",
             fifo, daemon.directory);
    ck_assert(harness_shell("mv '%s' '%s/real'", path, daemon.directory) == 0);
    harness_write_program(path, script);
    harness_signal(&daemon, SIGUSR2);
    harness_log_wait(&daemon, "upgrade: checking", 1);
    eat_processes(eaters);
    for (int i = 0; i < EATERS; i++)
        ck_assert(harness_until(has_become_ordinary, &eaters[i]));
    start_waiting_clients(port, fds);
    harness_log_wait(&daemon, "cannot start a handler for", 1);
    go = open(fifo, O_WRONLY | O_CLOEXEC);
    ck_assert(go >= 0 && write(go, "go\n", 3) == 3);
    close(go);
    harness_log_wait(&daemon, "and 1 waiting clients", 1);
    give_processes(eaters);
    for (int i = 0; i < 4; i++) {
        char *answer = client_read_all(fds[i]);

        ck_assert_str_eq(answer, "WAIT");
        free(answer);
    }
    harness_end(&daemon);
}
END_TEST
#endif

/* The daemon is killed: handlers live on, the port is free, another daemon serves. */
START_TEST(killed_daemon)
{
    struct daemon daemon;
    int port = harness_port();
    int fd;
    char *answer;

    harness_serve(&daemon, "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n", port);
    fd = client_connect(port);
    client_send(fd, "1\n");
    client_expect(fd, "1\n");
    harness_signal(&daemon, SIGKILL);
    harness_wait(&daemon);
    client_send(fd, "2\n");
    client_expect(fd, "2\n");
    harness_start(&daemon, NULL);
    answer = client_exchange(port, "new");
    ck_assert_str_eq(answer, "new");
    free(answer);
    client_send(fd, "3\n");
    client_expect(fd, "3\n");
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* The daemon stalls while a thousand clients come: all are served when it goes on. */
START_TEST(stall)
{
    struct daemon daemon;
    int port = harness_port();
    int count = harness_scale(1000);
    int *fds = calloc((size_t)count, sizeof(*fds));
    char *answer;

    harness_serve(&daemon, "[upper]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\nUSER\n", port);
    harness_signal(&daemon, SIGSTOP);
    for (int i = 0; i < count; i++) {
        fds[i] = client_connect(port);
        client_send(fds[i], "x");
        shutdown(fds[i], SHUT_WR);
    }
    harness_signal(&daemon, SIGCONT);
    for (int i = 0; i < count; i++) {
        answer = client_read_all(fds[i]);
        ck_assert_str_eq(answer, "X");
        free(answer);
    }
    free(fds);
    harness_end(&daemon);
}
END_TEST

/* Makes each execution of path wait for our word; the fd to hear of it on, or -1 where the kernel
 * can't (it needs root and CONFIG_FANOTIFY_ACCESS_PERMISSIONS). */
static int guard_execution(const char *path)
{
    int fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);

    if (fd >= 0 && fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN_EXEC_PERM, AT_FDCWD, path) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Waits until somebody is about to execute the file. */
static struct fanotify_event_metadata await_execution(int fd)
{
    struct fanotify_event_metadata event = {0};
    struct pollfd poller = {.fd = fd, .events = POLLIN};

    ck_assert_msg(poll(&poller, 1, DEADLINE * 1000) == 1, "nobody executes it");
    ck_assert(read(fd, &event, sizeof(event)) == (ssize_t)sizeof(event));
    return event;
}

/* A child that its user stops in front of its exec holds up nobody: others are served, a reload
 * takes the plan from under it, and when it goes on it is the handler it was to be. */
START_TEST(stopped_before_exec)
{
    struct daemon daemon;
    struct crowd crowd;
    struct fanotify_event_metadata event;
    struct fanotify_response response = {.response = FAN_ALLOW};
    int port = harness_port(), other = harness_port();
    int guard, fd;
    char program[128], *answer;

    harness_be_cold();
    SKIP_IF(!harness_is_root(), "needs root");
    SKIP_IF(harness_is_wrapped(), "not under a wrapper");
    harness_begin(&daemon);
    snprintf(program, sizeof(program), "%s/handler", daemon.directory);
    ck_assert(harness_shell("cp /bin/cat '%s'", program) == 0);
    guard = guard_execution(program);
    if (guard < 0)
        harness_remove(&daemon);
    SKIP_IF(guard < 0, "no execution can be held up here");
    harness_configure(&daemon,
                      "[defaults]\nUSER\n[stuck]\nlisten = 127.0.0.1:%d\nexec = %s\n"
                      "[upper]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\n",
                      port, program, other);
    harness_start(&daemon, NULL);
    fd = client_connect(port);
    event = await_execution(guard);
    ck_assert(kill(event.pid, SIGSTOP) == 0);
    crowd_start(&crowd, other, 10, 100);
    crowd_end(&crowd);
    for (int i = 1; i <= 3; i++) {
        harness_signal(&daemon, SIGHUP);
        harness_log_wait(&daemon, "notice reloaded", i);
    }
    ck_assert_int_eq(harness_log_count(&daemon, "stuck: start"), 0);
    response.fd = event.fd;
    ck_assert(write(guard, &response, sizeof(response)) == (ssize_t)sizeof(response));
    close(event.fd);
    close(guard);
    ck_assert(kill(event.pid, SIGCONT) == 0);
    client_send(fd, "at last");
    shutdown(fd, SHUT_WR);
    answer = client_read_all(fd);
    ck_assert_str_eq(answer, "at last");
    free(answer);
    harness_log_wait(&daemon, "stuck: end", 1);
    harness_end(&daemon);
}
END_TEST

/* Nor does it hold up an upgrade: when it goes on it is a handler of the new build's. */
START_TEST(stopped_before_an_upgrade)
{
    struct daemon daemon;
    struct fanotify_event_metadata event;
    struct fanotify_response response = {.response = FAN_ALLOW};
    int port = harness_port();
    int guard, fd;
    char program[128], *answer;

    harness_be_cold();
    SKIP_IF(!harness_is_root(), "needs root");
    SKIP_IF(harness_is_wrapped(), "not under a wrapper");
    harness_begin(&daemon);
    snprintf(program, sizeof(program), "%s/handler", daemon.directory);
    ck_assert(harness_shell("cp /bin/cat '%s'", program) == 0);
    guard = guard_execution(program);
    if (guard < 0)
        harness_remove(&daemon);
    SKIP_IF(guard < 0, "no execution can be held up here");
    harness_configure(&daemon, "[stuck]\nlisten = 127.0.0.1:%d\nexec = %s\nUSER\n", port, program);
    harness_start(&daemon, NULL);
    fd = client_connect(port);
    event = await_execution(guard);
    ck_assert(kill(event.pid, SIGSTOP) == 0);
    harness_upgrade(&daemon, 1);
    harness_log_wait(&daemon, "stuck: start", 1);
    response.fd = event.fd;
    ck_assert(write(guard, &response, sizeof(response)) == (ssize_t)sizeof(response));
    close(event.fd);
    close(guard);
    ck_assert(kill(event.pid, SIGCONT) == 0);
    client_send(fd, "at last");
    shutdown(fd, SHUT_WR);
    answer = client_read_all(fd);
    ck_assert_str_eq(answer, "at last");
    free(answer);
    harness_log_wait(&daemon, "stuck: end", 1);
    harness_end(&daemon);
}
END_TEST

/* A handler that closes its connection and lives on: its client sees the end at once. */
START_TEST(closes_and_lives_on)
{
    struct daemon daemon;
    int port = harness_port();

    harness_serve(&daemon,
                  "[away]\nlisten = 127.0.0.1:%d\nexec = sh -c 'exec <&- >&-; exec sleep 30'\n"
                  "stderr = null\nUSER\n",
                  port);
    for (int i = 0; i < 20; i++)
        client_expect_closed(client_connect(port));
    harness_signal(&daemon, SIGTERM);
    harness_log_wait(&daemon, "stopping: waiting for",
                     1); /* the second one doesn't wait for the sleepers */
    harness_end(&daemon);
}
END_TEST

/* 5,000 services: loaded, served, the last one as quickly as the first. */
START_TEST(many_services)
{
    struct daemon daemon;
    int count = harness_scale(5000);
    char *text, path[128], *answer;
    struct rlimit limit;
    size_t length;
    FILE *file = open_memstream(&text, &length);

    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < (rlim_t)count + 100)
        count = (int)limit.rlim_max - 100;
    harness_begin(&daemon);
    fprintf(file, "[defaults]\nexec = tr a-z A-Z\nUSER\n");
    for (int i = 0; i < count; i++)
        fprintf(file, "[s%d]\nlisten = unix:%s/%d\n", i, daemon.directory, i);
    fclose(file);
    harness_configure(&daemon, "%s", text);
    free(text);
    harness_start(&daemon, NULL);
    for (int i = 0; i<count; i += count> 1 ? count - 1 : 1) {
        int fd;

        snprintf(path, sizeof(path), "%s/%d", daemon.directory, i);
        fd = client_connect_unix(path);
        client_send(fd, "x");
        shutdown(fd, SHUT_WR);
        answer = client_read_all(fd);
        ck_assert_str_eq(answer, "X");
        free(answer);
    }
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 1);
    harness_end(&daemon);
}
END_TEST

Suite *faults_suite(void)
{
    Suite *suite = suite_create("faults");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, LONGEST);
    tcase_add_test(all, missing_program);
    tcase_add_loop_test(all, failed_steps, 0, sizeof(stage_cases) / sizeof(stage_cases[0]));
    tcase_add_test(all, user_process_limit);
    tcase_add_test(all, no_fds);
    tcase_add_test(all, no_processes);
#ifndef __SANITIZE_ADDRESS__ /* which needs a process of its own to look for leaks */
    tcase_add_test(all, no_processes_and_an_upgrade);
#endif
    tcase_add_test(all, stopped_before_exec);
    tcase_add_test(all, stopped_before_an_upgrade);
    tcase_add_test(all, closes_and_lives_on);
    tcase_add_test(all, killed_daemon);
    tcase_add_test(all, stall);
    tcase_add_test(all, many_services);
    suite_add_tcase(suite, all);
    return suite;
}

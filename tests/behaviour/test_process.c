/* The daemon as a process: how it stops, goes to the background, and is PID 1. */
#include "harness.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CAT "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n"

/* A handler that has started, held by an open connection. */
static int hold_handler(int port)
{
    int fd = client_connect(port);

    client_send(fd, "1\n");
    client_expect(fd, "1\n");
    return fd;
}

/* TERM: no new clients, handlers finish, exit 0. */
START_TEST(stop_waits)
{
    struct daemon daemon;
    int port = harness_port();
    int fd, status;
    char *answer;

    harness_serve(&daemon, CAT, port);
    fd = hold_handler(port);
    harness_signal(&daemon, SIGTERM);
    harness_log_wait(&daemon, "waiting for 1 handlers", 1);
    ck_assert_int_eq(client_try(port), -ECONNREFUSED);
    client_send(fd, "2\n");
    client_expect(fd, "2\n");
    shutdown(fd, SHUT_WR);
    answer = client_read_all(fd);
    free(answer);
    status = harness_wait(&daemon);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    harness_log_wait(&daemon, "outcome=ok", 1);
    harness_remove(&daemon);
}
END_TEST

/* After stop-timeout handlers get TERM; one that ignores it gets KILL. */
START_TEST(stop_timeout)
{
    struct daemon daemon;
    int ports[2] = {harness_port(), harness_port()};
    int fds[2];

    harness_serve(&daemon,
                  "[stdinetd]\nstop-timeout = 100ms\n" CAT
                  "[deaf]\nlisten = 127.0.0.1:%d\nexec = sh -c \"trap '' TERM; echo 1; while :; do "
                  "sleep 1; done\"\nUSER\n",
                  ports[0], ports[1]);
    fds[0] = hold_handler(ports[0]);
    fds[1] = client_connect(ports[1]);
    client_expect(fds[1], "1\n");
    harness_signal(&daemon, SIGINT);
    harness_log_wait(&daemon, "sending SIGTERM to", 1);
    harness_log_wait(&daemon, "cat: end", 1);
    harness_log_wait(&daemon, "outcome=killed signal=SIGTERM", 1);
    harness_log_wait(&daemon, "outcome=killed signal=SIGKILL", 1);
    ck_assert_int_eq(harness_wait(&daemon), 0);
    harness_remove(&daemon);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

/* A second TERM doesn't wait for stop-timeout, a third one kills. */
START_TEST(stop_at_once)
{
    struct daemon daemon;
    int port = harness_port();
    int fd;

    harness_serve(&daemon,
                  "[deaf]\nlisten = 127.0.0.1:%d\nexec = sh -c \"trap '' TERM; echo 1; while :; do "
                  "sleep 1; done\"\nUSER\n",
                  port);
    fd = client_connect(port);
    client_expect(fd, "1\n");
    harness_signal(&daemon, SIGTERM);
    harness_log_wait(&daemon, "stopping: waiting for", 1);
    harness_signal(&daemon, SIGTERM);
    harness_log_wait(&daemon, "sending SIGTERM to", 1);
    harness_signal(&daemon, SIGTERM);
    ck_assert_int_eq(harness_wait(&daemon), 0);
    harness_log_wait(&daemon, "signal=SIGKILL", 1);
    harness_remove(&daemon);
    close(fd);
}
END_TEST

/* QUIT: leave now, handlers stay. */
START_TEST(quit_leaves_handlers)
{
    struct daemon daemon;
    int port = harness_port();
    int fd;

    /* What they say on stderr has no reader any more, and must not end them. */
    harness_serve(&daemon,
                  "[loud]\nlisten = 127.0.0.1:%d\nUSER\n"
                  "exec = sh -c 'while read x; do echo said >&2; echo $x; done'\n",
                  port);
    fd = hold_handler(port);
    harness_signal(&daemon, SIGQUIT);
    ck_assert_int_eq(harness_wait(&daemon), 0);
    for (int i = 0; i < 3; i++) {
        client_send(fd, "2\n");
        client_expect(fd, "2\n");
    }
    close(fd);
    harness_remove(&daemon);
}
END_TEST

/* How handlers end is told apart. */
START_TEST(outcomes)
{
    static const struct {
        const char *command, *expected;
    } cases[] = {
        {"exit 0", "outcome=ok"},
        {"exit 3", "outcome=exit.3"},
        {"kill -SEGV $$", "outcome=crash signal=SIGSEGV"},
    };
    struct daemon daemon;
    int ports[3] = {harness_port(), harness_port(), harness_port()};

    harness_serve(&daemon,
                  "[defaults]\nUSER\n[a]\nlisten = 127.0.0.1:%d\nexec = sh -c '%s'\n"
                  "[b]\nlisten = 127.0.0.1:%d\nexec = sh -c '%s'\n"
                  "[c]\nlisten = 127.0.0.1:%d\nexec = sh -c '%s'\n",
                  ports[0], cases[0].command, ports[1], cases[1].command, ports[2],
                  cases[2].command);
    for (int i = 0; i < 3; i++) {
        free(client_read_all(client_connect(ports[i])));
        harness_log_wait(&daemon, cases[i].expected, 1);
    }
    harness_end(&daemon);
}
END_TEST

static pid_t read_pid(const char *path)
{
    char *text = harness_read_file(path);
    pid_t pid = (pid_t)strtol(text, NULL, 10);

    ck_assert_msg(pid > 1, "%s holds '%s'", path, text);
    free(text);
    return pid;
}

static bool is_gone(void *context)
{
    return !process_exists(*(pid_t *)context);
}

/* --daemon returns when services listen; a second one is refused; the pid file goes at the end. */
START_TEST(background)
{
    const char *arguments[] = {"-c", NULL, "--daemon", "-o", "control=none", NULL};
    struct daemon_options options = {.arguments = arguments, .not_ready = true};
    struct daemon daemon;
    int port = harness_port();
    char pid_file[128], *answer;
    pid_t pid;

    /* What was orphaned comes to us: so this test sees its end, and leaves nothing behind. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    harness_begin(&daemon);
    arguments[1] = daemon.config;
    snprintf(pid_file, sizeof(pid_file), "%s/pid", daemon.directory);
    harness_configure(&daemon, "[stdinetd]\npid-file = %s\nlog = %s\n" CAT, pid_file, daemon.log,
                      port);
    harness_start(&daemon, &options);
    ck_assert_int_eq(harness_wait(&daemon), 0);
    pid = read_pid(pid_file);
    answer = client_exchange(port, "background");
    ck_assert_str_eq(answer, "background");
    free(answer);
    harness_start(&daemon, &options);
    ck_assert_int_eq(WEXITSTATUS(harness_wait(&daemon)), 71);
    harness_log_wait(&daemon, "another stdinetd is running", 1);
    ck_assert_int_eq(read_pid(pid_file), pid);
    ck_assert(kill(pid, SIGTERM) == 0);
    daemon.pid = pid;
    ck_assert_int_eq(harness_wait(&daemon), 0);
    ck_assert(access(pid_file, F_OK) < 0);
    ck_assert(harness_until(is_gone, &pid));
    harness_remove(&daemon);
}
END_TEST

static void work_there(void *context)
{
    if (chdir(context) < 0)
        _exit(99);
}

/* A daemon works in /, and still finds the program of its command line, which was named from where
 * it was started. */
START_TEST(background_one_line)
{
    char listen[32], log[160], pid_setting[160], pid_file[128], handler[128], *answer;
    const char *user = harness_is_root() ? "user=root" : "umask=077";
    const char *arguments[] = {"--daemon",  "-l", listen,         "-o", log,  "-o",
                               pid_setting, "-o", "control=none", "-o", user, "--",
                               "./handler", NULL};
    struct daemon_options options = {
        .arguments = arguments, .not_ready = true, .before_exec = work_there};
    struct daemon daemon;
    int port = harness_port();

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    harness_begin(&daemon);
    options.context = daemon.directory;
    snprintf(listen, sizeof(listen), "127.0.0.1:%d", port);
    snprintf(log, sizeof(log), "log=%s", daemon.log);
    snprintf(pid_file, sizeof(pid_file), "%s/pid", daemon.directory);
    snprintf(pid_setting, sizeof(pid_setting), "pid-file=%s", pid_file);
    snprintf(handler, sizeof(handler), "%s/handler", daemon.directory);
    harness_write_program(handler, "#!/bin/sh\necho here\n");
    harness_start(&daemon, &options);
    ck_assert_int_eq(harness_wait(&daemon), 0);
    daemon.pid = read_pid(pid_file);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 1);
    answer = client_read_all(client_connect(port));
    ck_assert_str_eq(answer, "here\n");
    free(answer);
    harness_signal(&daemon, SIGTERM);
    ck_assert_int_eq(harness_wait(&daemon), 0);
    harness_remove(&daemon);
}
END_TEST

/* A pid file left behind by a daemon that was killed is no hindrance. */
START_TEST(stale_pid_file)
{
    struct daemon daemon;
    int port = harness_port();
    char pid_file[128];

    harness_begin(&daemon);
    snprintf(pid_file, sizeof(pid_file), "%s/pid", daemon.directory);
    harness_write_file(pid_file, "1\n", 0644);
    harness_configure(&daemon, "[stdinetd]\npid-file = %s\n" CAT, pid_file, port);
    harness_start(&daemon, NULL);
    ck_assert_int_eq(read_pid(pid_file), daemon.pid);
    harness_end(&daemon);
}
END_TEST

/* What is no pid file is neither emptied nor removed, by a slip in pid-file. */
START_TEST(pid_file_is_another_file)
{
    static const char *const texts[] = {"precious\n", "12\n34\n", " 1\n", "\n",
                                        "1234567890123456789012345678901234567890\n"};
    struct daemon daemon;
    int port = harness_port(), status;
    char path[128], *text;

    harness_begin(&daemon);
    snprintf(path, sizeof(path), "%s/precious", daemon.directory);
    harness_write_file(path, texts[_i], 0644);
    harness_configure(&daemon, "[stdinetd]\npid-file = %s\n" CAT, path, port);
    status = harness_shell("timeout 10 '%s' -c '%s' >'%s' 2>&1", getenv("STDINETD"), daemon.config,
                           daemon.log);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 71);
    harness_log_wait(&daemon, "not a pid file", 1);
    text = harness_read_file(path);
    ck_assert_str_eq(text, texts[_i]);
    free(text);
    harness_remove(&daemon);
}
END_TEST

/* Nor is one removed at the end that somebody else wrote over meanwhile. */
START_TEST(pid_file_written_over)
{
    struct daemon daemon;
    int port = harness_port();
    char path[128], *text;

    harness_begin(&daemon);
    snprintf(path, sizeof(path), "%s/pid", daemon.directory);
    harness_configure(&daemon, "[stdinetd]\npid-file = %s\n" CAT, path, port);
    harness_start(&daemon, NULL);
    harness_write_file(path, "precious\n", 0644);
    harness_signal(&daemon, SIGTERM);
    ck_assert_int_eq(harness_wait(&daemon), 0);
    text = harness_read_file(path);
    ck_assert_str_eq(text, "precious\n");
    free(text);
    harness_remove(&daemon);
}
END_TEST

/* In a PID namespace of its own the daemon is PID 1, and what handlers leave behind is its. */
static void become_init(void *context)
{
    int status;
    pid_t pid;

    (void)context;
    if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
        _exit(99);
    pid = fork();
    if (pid < 0)
        _exit(99);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
        mount("proc", "/proc", "proc", 0, NULL);
        return;
    }
    signal(SIGTERM, SIG_IGN);
    waitpid(pid, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 98);
}

static bool has_no_zombies(void *context)
{
    int port = *(int *)context;
    char *answer = client_exchange(port, "");
    bool clean = strncmp(answer, "0", 1) == 0;

    free(answer);
    return clean;
}

START_TEST(pid_1)
{
    struct daemon_options options = {.before_exec = become_init};
    struct daemon daemon;
    int ports[2] = {harness_port(), harness_port()};
    char *answer;

    SKIP_IF(!harness_is_root(), "needs root");
    harness_begin(&daemon);
    harness_configure(&daemon,
                      "[defaults]\nUSER\n[orphans]\nlisten = 127.0.0.1:%d\n"
                      "exec = sh -c '(sleep 0.2 &) ; (exit 1 &) ; echo 1'\n"
                      "[zombies]\nlisten = 127.0.0.1:%d\n"
                      "exec = sh -c 'cat /proc/[0-9]*/stat 2>/dev/null | grep -c \") Z 1 \"'\n",
                      ports[0], ports[1]);
    harness_start(&daemon, &options);
    for (int i = 0; i < 5; i++) {
        answer = client_exchange(ports[0], "");
        free(answer);
    }
    ck_assert_msg(harness_until(has_no_zombies, &ports[1]), "zombies stay");
    /* Its parent in our namespace ignores TERM and ends with it. */
    ck_assert(harness_shell("pkill -TERM -P %d", (int)daemon.pid) == 0);
    ck_assert_int_eq(harness_wait(&daemon), 0);
    harness_remove(&daemon);
}
END_TEST

/* A handler that ignores TERM is gone after max-runtime and kill-after; one that heeds it sooner; a
 * quick one isn't touched. */
START_TEST(max_runtime)
{
    struct daemon daemon;
    int ports[3] = {harness_port(), harness_port(), harness_port()};
    long before = harness_now();
    int stubborn;
    char *answer;

    harness_serve(&daemon,
                  "[defaults]\nUSER\nmax-runtime = 300ms\nkill-after = 200ms\n"
                  "[stubborn]\nlisten = 127.0.0.1:%d\n"
                  "exec = sh -c 'trap \"\" TERM; echo ready; while :; do :; done'\n"
                  "[obedient]\nlisten = 127.0.0.1:%d\nexec = sleep 1000\n"
                  "[quick]\nlisten = 127.0.0.1:%d\nmax-runtime = 1h\nexec = echo quick\n",
                  ports[0], ports[1], ports[2]);
    stubborn = client_connect(ports[0]);
    client_expect_closed(client_connect(ports[1]));
    harness_log_wait(&daemon, "obedient: end", 1);
    answer = client_read_all(stubborn);
    ck_assert_int_ge(harness_now() - before, 500);
    free(answer);
    harness_log_wait(&daemon, "stubborn: end", 1);
    answer = client_exchange(ports[2], "");
    ck_assert_str_eq(answer, "quick\n");
    free(answer);
    harness_log_wait(&daemon, "quick: end", 1);
    ck_assert_int_eq(harness_log_count(&daemon, "outcome=timeout signal=SIGTERM"), 1);
    ck_assert_int_eq(harness_log_count(&daemon, "outcome=timeout signal=SIGKILL"), 1);
    ck_assert_int_eq(harness_log_count(&daemon, "max-runtime exceeded"), 3);
    ck_assert_int_eq(harness_log_count(&daemon, "outcome=ok"), 1);
    harness_end(&daemon);
}
END_TEST

/* How many processes have `word` among their arguments, as this test's children do. */
struct search {
    char word[64];
    int expected;
};

static bool are_found(void *context)
{
    const struct search *search = context;

    return harness_shell("[ \"$(pgrep -c -x -f 'sleep %s')\" = %d ]", search->word,
                         search->expected) == 0;
}

/* A handler that leaves five of its own behind: with kill-mode = group nobody is left, and those of
 * another service, which live on, are not touched. */
START_TEST(kill_mode)
{
    struct daemon daemon;
    int ports[2] = {harness_port(), harness_port()};
    struct search left, kept;

    SKIP_IF(harness_is_wrapped(), "not under a wrapper");
    snprintf(left.word, sizeof(left.word), "1000.%d", ports[0]);
    snprintf(kept.word, sizeof(kept.word), "1000.%d", ports[1]);
    harness_serve(&daemon,
                  "[defaults]\nUSER\nstderr = null\n"
                  "[group]\nlisten = 127.0.0.1:%d\nkill-mode = group\n"
                  "exec = sh -c 'for i in 1 2 3 4 5; do sleep %s <&- >&- & done; read line'\n"
                  "[process]\nlisten = 127.0.0.1:%d\n"
                  "exec = sh -c 'for i in 1 2 3 4 5; do sleep %s <&- >&- & done; read line'\n",
                  ports[0], left.word, ports[1], kept.word);
    left.expected = kept.expected = 5;
    for (int i = 0; i < 2; i++) {
        int fd = client_connect(ports[i]);

        ck_assert(harness_until(are_found, i == 0 ? &left : &kept));
        client_send(fd, "end\n");
        client_expect_closed(fd);
    }
    harness_log_wait(&daemon, ": end ", 2);
    left.expected = 0;
    ck_assert(harness_until(are_found, &left));
    ck_assert(are_found(&kept));
    ck_assert(harness_shell("pkill -x -f 'sleep %s'", kept.word) == 0);
    harness_end(&daemon);
}
END_TEST

/* Whether so many handlers have been taken at their end. */
struct reaped {
    const struct daemon *daemon;
    int ends;
};

static bool are_reaped(void *context)
{
    struct reaped *reaped = context;

    return harness_log_count(reaped->daemon, ": end ") == reaped->ends;
}

/* Among so many handlers that wait4(-1) isn't asked first (launch/processes.c): short ones, old
 * ones that end one by one, and many that end at once are all taken, and none twice. */
START_TEST(reaps_among_many)
{
    struct daemon daemon;
    struct reaped reaped = {.daemon = &daemon};
    int ports[2] = {harness_port(), harness_port()};
    int count = 600, *fds = calloc((size_t)count, sizeof(*fds));
    struct crowd crowd;

    SKIP_IF(harness_is_wrapped(), "not under a wrapper");
    harness_serve(&daemon,
                  "[defaults]\nUSER\nmax-connections = 0\n[old]\nlisten = 127.0.0.1:%d\n"
                  "exec = cat\n[short]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\n",
                  ports[0], ports[1]);
    for (int i = 0; i < count; i++) {
        fds[i] = client_connect(ports[0]);
        client_send(fds[i], "x");
        client_expect(fds[i], "x");
    }
    crowd_start(&crowd, ports[1], 20, 400);
    crowd_end(&crowd);
    reaped.ends = 400;
    ck_assert(harness_until(are_reaped, &reaped));
    for (int i = 0; i < 100; i++) { /* spread over all ages */
        close(fds[i * 6]);
        fds[i * 6] = -1;
        reaped.ends++;
        if (i < 10)
            ck_assert(harness_until(are_reaped, &reaped));
    }
    ck_assert(harness_until(are_reaped, &reaped));
    for (int i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    reaped.ends = 400 + count;
    ck_assert(harness_until(are_reaped, &reaped));
    harness_signal(&daemon, SIGUSR1);
    harness_log_wait(&daemon, "notice 0 processes", 1);
    free(fds);
    harness_end(&daemon);
}
END_TEST

Suite *process_suite(void)
{
    Suite *suite = suite_create("process");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, LONGEST);
    tcase_add_test(all, stop_waits);
    tcase_add_test(all, stop_timeout);
    tcase_add_test(all, stop_at_once);
    tcase_add_test(all, quit_leaves_handlers);
    tcase_add_test(all, outcomes);
    tcase_add_test(all, background);
    tcase_add_test(all, background_one_line);
    tcase_add_test(all, stale_pid_file);
    tcase_add_loop_test(all, pid_file_is_another_file, 0, 5);
    tcase_add_test(all, pid_file_written_over);
    tcase_add_test(all, pid_1);
    tcase_add_test(all, max_runtime);
    tcase_add_test(all, kill_mode);
    tcase_add_test(all, reaps_among_many);
    suite_add_tcase(suite, all);
    return suite;
}

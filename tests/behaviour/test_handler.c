/* What a handler is given, asserted to the byte: fds, ids, signals, place, environment. */
#include "harness.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* A copy of the probe where any user may execute it. */
static void copy_probe(const struct daemon *daemon, char path[static 128])
{
    const char *probe = getenv("STDINETD_PROBE");

    snprintf(path, 128, "%s/probe", daemon->directory);
    ck_assert(harness_shell("cp '%s' '%s' && chmod 755 '%s'", probe ? probe : "./probe", path,
                            path) == 0);
}

static int port_of(int fd)
{
    struct sockaddr_in address;
    socklen_t length = sizeof(address);

    ck_assert(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
    return ntohs(address.sin_port);
}

/* The ids that the probe shows for the handlers' user. */
static void format_ids(char *text, size_t size)
{
    struct passwd *nobody = getpwnam("nobody");
    unsigned uid = harness_is_root() ? nobody->pw_uid : geteuid();
    unsigned gid = harness_is_root() ? nobody->pw_gid : getegid();
    gid_t groups[64];
    int count = harness_is_root() ? 0 : getgroups(64, groups);
    int used =
        snprintf(text, size, "uid %u %u %u\ngid %u %u %u\ngroups", uid, uid, uid, gid, gid, gid);

    if (harness_is_root())
        used += snprintf(text + used, size - (size_t)used, " %u", gid);
    for (int i = 0; i < count; i++)
        used += snprintf(text + used, size - (size_t)used, " %u", groups[i]);
    snprintf(text + used, size - (size_t)used, "\n");
}

/* The whole answer that a TCP client on 127.0.0.1 must get. */
static void format_expected(char *text, size_t size, const char *program, int port, int client_port,
                            const struct rlimit *nofile)
{
    char ids[1024];

    format_ids(ids, sizeof(ids));
    snprintf(text, size,
             "argv %s\nargv one two\nargv three\nfds 0 1 2\nconnection socket same blocking\n%s"
             "SigPnd 0000000000000000\nSigBlk 0000000000000000\nSigIgn 0000000000000000\n"
             "session own own\ndirectory /usr\numask 027\n"
             "nofile %lu %lu\noom 0\nenv COLOUR=dark red\n%s%senv PATH=" DEFAULT_PATH
             "\nenv PROTO=TCP\nenv REMOTE_ADDR=127.0.0.1\nenv REMOTE_HOST=127.0.0.1\n"
             "env REMOTE_PORT=%d\n%senv STDINETD_CONNECTION=1\nenv STDINETD_SERVICE=probe\n"
             "env TCPCONNNUM=1\nenv TCPLOCALIP=127.0.0.1\nenv TCPLOCALPORT=%d\n"
             "env TCPREMOTEIP=127.0.0.1\nenv TCPREMOTEPORT=%d\n%senv WANTED=passed\n",
             program, ids, (unsigned long)nofile->rlim_cur, (unsigned long)nofile->rlim_max,
             harness_is_root() ? "env HOME=/nonexistent\n" : "",
             harness_is_root() ? "env LOGNAME=nobody\n" : "", client_port,
             harness_is_root() ? "env SHELL=/usr/sbin/nologin\n" : "", port, client_port,
             harness_is_root() ? "env USER=nobody\n" : "");
}

#define PROBE_CONFIG                                                                        \
    "[probe]\nlisten = 127.0.0.1:%d\nexec = %s \"one two\" three\nUSER\ndirectory = /usr\n" \
    "umask = 027\nenv = 'COLOUR=dark red'\npass-env = WANTED MISSING\nstderr = null\n"

/* Asks the probe of a daemon and compares all that it says. */
static void check_probe(struct daemon *daemon, int port, const char *program,
                        const struct rlimit *nofile)
{
    char expected[4096];
    int fd = client_connect(port);
    int client_port = port_of(fd);
    char *answer = client_read_all(fd);

    format_expected(expected, sizeof(expected), program, port, client_port, nofile);
    ck_assert_str_eq(answer, expected);
    free(answer);
    harness_log_wait(daemon, " end ", 1);
}

START_TEST(sees_what_it_should)
{
    struct daemon daemon;
    struct rlimit nofile;
    int port = harness_port();
    char program[128];

    SKIP_IF(harness_is_wrapped(), "not under a wrapper");
    setenv("WANTED", "passed", 1);
    getrlimit(RLIMIT_NOFILE, &nofile);
    harness_begin(&daemon);
    copy_probe(&daemon, program);
    harness_configure(&daemon, PROBE_CONFIG, port, program);
    harness_start(&daemon, NULL);
    check_probe(&daemon, port, program, &nofile);
    harness_end(&daemon);
}
END_TEST

static void adjust_oom_score(const char *score)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY);

    if (fd >= 0 && write(fd, score, strlen(score)) < 0)
        _exit(99);
    close(fd);
}

/* Everything that whoever starts the daemon can spoil; context is its oom_score_adj. */
static void make_hostile(void *context)
{
    struct rlimit small = {.rlim_cur = 64, .rlim_max = 4096};
    sigset_t all;

    /* The kernel's own call, since libc keeps 32 and 33 from us: handler, flags, restorer, mask. */
    for (int number = 1; number <= 64; number++)
        syscall(SYS_rt_sigaction, number, (const long[]){(long)SIG_IGN, 0, 0, 0}, NULL, 8L);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    umask(0);
    setrlimit(RLIMIT_NOFILE, &small);
    setenv("SECRET", "password", 1);
    setenv("LISTEN_FDS", "1", 1);
    setenv("NOTIFY_SOCKET", "/nowhere", 1);
    setenv("LD_BIND_NOW", "1", 1);
    setenv("WANTED", "passed", 1);
    adjust_oom_score(context);
    ck_assert(dup2(open("/dev/zero", O_RDONLY), 17) == 17); /* leaked, without close-on-exec */
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
}

/* Once with an oom_score_adj that handlers must not have (the daemon keeps it: children that share
 * its memory would change it too), once without, which is another way to start them. */
START_TEST(sees_no_hostile_start)
{
    static char scores[][8] = {"300\n", "0\n"};
    struct rlimit nofile = {.rlim_cur = 64, .rlim_max = 4096};
    struct daemon_options options = {.before_exec = make_hostile, .context = scores[_i]};
    struct daemon daemon;
    int port = harness_port();
    char program[128], path[64];
    char *score;

    SKIP_IF(!harness_is_root(), "oom_score_adj can't be lowered again without root");
    SKIP_IF(harness_is_wrapped(), "not under a wrapper");
    harness_begin(&daemon);
    copy_probe(&daemon, program);
    harness_configure(&daemon, PROBE_CONFIG, port, program);
    harness_start(&daemon, &options);
    check_probe(&daemon, port, program, &nofile);
    snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)daemon.pid);
    score = harness_read_file(path);
    ck_assert_str_eq(score, scores[_i]);
    free(score);
    harness_end(&daemon);
}
END_TEST

/* Limits and priorities, each as it is configured; the last service has its own beside those of
 * [defaults]. Address space and data are what a probe with a sanitizer needs. */
START_TEST(limits_and_priorities)
{
    struct daemon daemon;
    int ports[2] = {harness_port(), harness_port()};
    char program[128], path[64], *answer, *before, *after;

    SKIP_IF(!harness_is_root(), "needs root");
    SKIP_IF(harness_is_wrapped(), "not under a wrapper");
    harness_begin(&daemon);
    copy_probe(&daemon, program);
    harness_configure(
        &daemon,
        "[defaults]\nUSER\nexec = %s limits\nrlimit-as = 100000G:200000G\nrlimit-core = 0\n"
        "rlimit-cpu = 7:9\nrlimit-data = 100000G\nrlimit-fsize = 1M\n"
        "rlimit-memlock = 64K\nrlimit-nofile = 77:99\nrlimit-nproc = 2000\n"
        "rlimit-stack = 4M:unlimited\nnice = 3\noom-score-adjust = 17\n"
        "no-new-privileges = yes\n[one]\nlisten = 127.0.0.1:%d\n"
        "[two]\nlisten = 127.0.0.1:%d\nrlimit-nofile = 55\nnice = -2\n"
        "oom-score-adjust = 20\nno-new-privileges = no\n",
        program, ports[0], ports[1]);
    harness_start(&daemon, NULL);
    snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)daemon.pid);
    before = harness_read_file(path);
    for (int i = 0; i < 2; i++) {
        char expected[512];

        snprintf(expected, sizeof(expected),
                 "as 107374182400000:214748364800000\ncore 0:0\ncpu 7:9\ndata "
                 "107374182400000:107374182400000\n"
                 "fsize 1048576:1048576\nmemlock 65536:65536\nnofile %s\nnproc 2000:2000\n"
                 "stack 4194304:-1\nnice %d\nNoNewPrivs %d\nsession own own\ndirectory /\n"
                 "umask 022\nnofile %s\noom %d\n",
                 i == 0 ? "77:99" : "55:55", i == 0 ? 3 : -2, i == 0, i == 0 ? "77 99" : "55 55",
                 i == 0 ? 17 : 20);
        answer = client_exchange(ports[i], "");
        ck_assert_str_eq(answer, expected);
        free(answer);
    }
    after = harness_read_file(path); /* the handlers' is not ours */
    ck_assert_str_eq(after, before);
    free(before);
    free(after);
    harness_end(&daemon);
}
END_TEST

/* All three standard fds closed: no socket may become one of them. */
static void close_all(void *context)
{
    (void)context;
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
}

START_TEST(closed_standard_fds)
{
    struct daemon_options options = {.before_exec = close_all, .not_ready = true};
    struct daemon daemon;
    char *answer, *target;
    int port = harness_port();

    SKIP_IF(harness_is_wrapped(), "not under a wrapper");
    harness_begin(&daemon);
    harness_configure(&daemon,
                      "[stdinetd]\nlog = %s\n[upper]\nlisten = 127.0.0.1:%d\n"
                      "exec = tr a-z A-Z\nUSER\n",
                      daemon.log, port);
    harness_start(&daemon, &options);
    answer = client_exchange(port, "abc");
    ck_assert_str_eq(answer, "ABC");
    free(answer);
    for (int fd = 0; fd < 3; fd++) {
        char path[64];

        snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)daemon.pid, fd);
        target = realpath(path, NULL);
        ck_assert_str_eq(target, "/dev/null");
        free(target);
    }
    harness_end(&daemon);
}
END_TEST

START_TEST(argv0_and_groups)
{
    struct daemon daemon;
    int port = harness_port();
    char program[128], *answer;

    SKIP_IF(!harness_is_root(), "needs root");
    harness_begin(&daemon);
    copy_probe(&daemon, program);
    harness_configure(&daemon,
                      "[probe]\nlisten = 127.0.0.1:%d\nexec = %s\nargv0 = another name\n"
                      "user = daemon\ngroup = tty\ngroups = audio video\n",
                      port, program);
    harness_start(&daemon, NULL);
    answer = client_read_all(client_connect(port));
    ck_assert_msg(strstr(answer, "argv another name\n") != NULL, "%s", answer);
    ck_assert_msg(strstr(answer, "uid 1 1 1\ngid 5 5 5\ngroups 29 44\n") != NULL, "%s", answer);
    free(answer);
    harness_configure(&daemon,
                      "[probe]\nlisten = 127.0.0.1:%d\nexec = %s\nuser = daemon\ngroups = none\n",
                      port, program);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "reloaded", 1);
    answer = client_read_all(client_connect(port));
    ck_assert_msg(strstr(answer, "gid 1 1 1\ngroups\n") != NULL, "%s", answer);
    free(answer);
    harness_end(&daemon);
}
END_TEST

START_TEST(told_of_unix_peer)
{
    struct daemon daemon;
    char program[128], path[128], expected[256], *answer;

    harness_begin(&daemon);
    copy_probe(&daemon, program);
    snprintf(path, sizeof(path), "%s/socket", daemon.directory);
    harness_configure(&daemon, "[probe]\nlisten = unix:%s\nexec = %s\nUSER\n", path, program);
    harness_start(&daemon, NULL);
    answer = client_read_all(client_connect_unix(path));
    snprintf(expected, sizeof(expected),
             "env UNIXLOCALPATH=%s\nenv UNIXREMOTEEGID=%u\nenv UNIXREMOTEEUID=%u\n"
             "env UNIXREMOTEPID=%d\n",
             path, getegid(), geteuid(), (int)getpid());
    ck_assert_msg(strstr(answer, "env PROTO=UNIX\n") != NULL, "%s", answer);
    ck_assert_msg(strstr(answer, expected) != NULL, "%s\nwanted: %s", answer, expected);
    ck_assert_msg(strstr(answer, "env IPCREMOTEEUID=") != NULL, "%s", answer);
    ck_assert_msg(strstr(answer, "env TCP") == NULL, "%s", answer);
    free(answer);
    harness_end(&daemon);
}
END_TEST

/* stderr = connection, null and a file; `log` is in the logs' tests. */
START_TEST(stderr_kinds)
{
    struct daemon daemon;
    int ports[3] = {harness_port(), harness_port(), harness_port()};
    const char *expected[3] = {"said\nanswer\n", "answer\n", "answer\n"};
    char path[128], *text;

    harness_begin(&daemon);
    snprintf(path, sizeof(path), "%s/errors", daemon.directory);
    harness_configure(&daemon,
                      "[defaults]\nUSER\nexec = sh -c 'echo said >&2; echo answer'\n"
                      "[connection]\nlisten = 127.0.0.1:%d\nstderr = connection\n"
                      "[null]\nlisten = 127.0.0.1:%d\nstderr = null\n"
                      "[file]\nlisten = 127.0.0.1:%d\nstderr = %s\n",
                      ports[0], ports[1], ports[2], path);
    harness_start(&daemon, NULL);
    for (int i = 0; i < 3; i++) {
        text = client_read_all(client_connect(ports[i]));
        ck_assert_str_eq(text, expected[i]);
        free(text);
    }
    text = client_read_all(client_connect(ports[2]));
    free(text);
    harness_log_wait(&daemon, " end ", 4);
    text = harness_read_file(path);
    ck_assert_str_eq(text, "said\nsaid\n");
    free(text);
    harness_end(&daemon);
}
END_TEST

Suite *handler_suite(void)
{
    Suite *suite = suite_create("handler");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, LONGEST);
    tcase_add_test(all, sees_what_it_should);
    tcase_add_loop_test(all, sees_no_hostile_start, 0, 2);
    tcase_add_test(all, limits_and_priorities);
    tcase_add_test(all, closed_standard_fds);
    tcase_add_test(all, argv0_and_groups);
    tcase_add_test(all, told_of_unix_peer);
    tcase_add_test(all, stderr_kinds);
    suite_add_tcase(suite, all);
    return suite;
}

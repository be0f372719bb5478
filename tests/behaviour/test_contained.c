/* What keeps handlers in: another root, namespaces, capabilities; each step that fails has its
 * name. And linger-close, which keeps the kernel from resetting what a handler has said. */
#include "harness.h"

#include <errno.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A directory with nothing but the cell in it. */
static void make_cell(const struct daemon *daemon, char path[static 128])
{
    const char *cell = getenv("STDINETD_CELL");

    snprintf(path, 128, "%s/cell", daemon->directory);
    ck_assert(harness_shell("mkdir '%s' && cp '%s' '%s/cell' && chmod 755 '%s' '%s/cell'", path,
                            cell ? cell : "./cell", path, path, path) == 0);
}

/* The issue's own example, line by line. */
START_TEST(sees_and_can_do_nothing)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port();
    struct passwd *nobody = getpwnam("nobody");
    char root[128], expected[2048], *answer;

    SKIP_IF(!harness_is_root(), "needs root");
    harness_begin(&daemon);
    make_cell(&daemon, root);
    harness_configure(&daemon,
                      "[cell]\nlisten = 127.0.0.1:%d\nexec = /cell %d\nuser = nobody\n"
                      "groups = none\nchroot = %s\nisolate = network, pid\n"
                      "capabilities = net_bind_service\nno-new-privileges = yes\n"
                      "[other]\nlisten = 127.0.0.1:%d\nexec = cat\nuser = nobody\n",
                      port, other, root, other);
    harness_start(&daemon, NULL);
    answer = client_exchange(other, "reached from outside");
    ck_assert_str_eq(answer, "reached from outside");
    free(answer);
    answer = client_exchange(port, "");
    snprintf(expected, sizeof(expected),
             "uid %u %u %u\n"
             "gid %u %u %u\n"
             "groups 0\n"
             "become root: EPERM\n"
             "become group root: EPERM\n"
             "root: cell\n"
             "directory /\n"
             "open /etc/passwd: ENOENT\n"
             "open ../etc/passwd: ENOENT\n"
             "chroot: EPERM\n"
             "make a device: EACCES\n"
             "pid 1, parent 0\n"
             "signal all others: ESRCH\n"
             "interfaces: lo\n"
             "connect to 127.0.0.1: ENETUNREACH\n"
             "raw socket: EPERM\n"
             "bounding set: 10\n"
             "permitted 000000000\n"
             "effective 000000000\n"
             "inheritable 000000000\n"
             "no new privileges 1\n"
             "set the host's name: EPERM\n",
             nobody->pw_uid, nobody->pw_uid, nobody->pw_uid, nobody->pw_gid, nobody->pw_gid,
             nobody->pw_gid);
    ck_assert_str_eq(answer, expected);
    free(answer);
    harness_end(&daemon);
}
END_TEST

/* Without any of it, to see that the cell would have told. */
START_TEST(sees_everything_without)
{
    struct daemon daemon;
    int port = harness_port();
    char root[128], *answer;

    SKIP_IF(!harness_is_root(), "needs root");
    harness_begin(&daemon);
    make_cell(&daemon, root);
    harness_configure(&daemon, "[cell]\nlisten = 127.0.0.1:%d\nexec = %s/cell %d\nuser = root\n",
                      port, root, port);
    harness_start(&daemon, NULL);
    answer = client_exchange(port, "");
    ck_assert_ptr_nonnull(strstr(answer, "\nbecome root: done\n"));
    ck_assert_ptr_nonnull(strstr(answer, "\nopen /etc/passwd: done\n"));
    ck_assert_ptr_nonnull(strstr(answer, "\nsignal all others: done\n"));
    ck_assert_ptr_nonnull(strstr(answer, "\nconnect to 127.0.0.1: done\n"));
    ck_assert_ptr_nonnull(strstr(answer, "\nno new privileges 0\n"));
    free(answer);
    harness_end(&daemon);
}
END_TEST

/* All that we may have, as inheritable too: some container runtimes start programs so. */
static void inherit_capabilities(void *context)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2];

    (void)context;
    if (syscall(SYS_capget, &header, sets) < 0)
        _exit(99);
    for (int i = 0; i < 2; i++)
        sets[i].inheritable = sets[i].permitted;
    if (syscall(SYS_capset, &header, sets) < 0)
        _exit(99);
}

/* Root's own programs get nothing beyond the bounding set, whatever the daemon has as inheritable.
 */
START_TEST(root_with_two_capabilities)
{
    const struct daemon_options options = {.before_exec = inherit_capabilities};
    struct daemon daemon;
    int port = harness_port();
    char root[128], *answer;

    SKIP_IF(!harness_is_root(), "needs root");
    harness_begin(&daemon);
    make_cell(&daemon, root);
    harness_configure(&daemon,
                      "[cell]\nlisten = 127.0.0.1:%d\nexec = %s/cell 1\nuser = root\n"
                      "capabilities = CAP_KILL chown\n",
                      port, root);
    harness_start(&daemon, &options);
    answer = client_exchange(port, "");
    ck_assert_ptr_nonnull(strstr(answer, "\nbounding set: 0 5\n"));
    ck_assert_ptr_nonnull(strstr(answer, "\npermitted 000000021\n"));
    ck_assert_ptr_nonnull(strstr(answer, "\neffective 000000021\n"));
    ck_assert_ptr_nonnull(strstr(answer, "\ninheritable 000000000\n"));
    free(answer);
    harness_end(&daemon);
}
END_TEST

/* Whoever starts us has less than we need: the step that fails is named, the others are served. */
static const struct {
    int missing; /* capability */
    const char *keys, *stage;
} failing[] = {
    {CAP_SYS_ADMIN, "isolate = network", "stage=isolate"},
    {CAP_SYS_ADMIN, "isolate = pid", "stage=isolate"},
    {CAP_SYS_CHROOT, "chroot = /", "stage=chroot"},
    {CAP_SETPCAP, "capabilities = none", "stage=capabilities"},
};

static void drop_capability(void *context)
{
    if (prctl(PR_CAPBSET_DROP, *(const int *)context, 0, 0, 0) < 0)
        _exit(99);
}

START_TEST(failed_steps)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port(), missing = failing[_i].missing;
    const struct daemon_options options = {.before_exec = drop_capability, .context = &missing};
    char *answer;

    SKIP_IF(!harness_is_root(), "needs root");
    SKIP_IF(prctl(PR_CAPBSET_READ, missing, 0, 0, 0) != 1, "we lack the capability ourselves");
    harness_begin(&daemon);
    harness_configure(&daemon,
                      "[defaults]\nuser = nobody\n[fails]\nlisten = 127.0.0.1:%d\nexec = cat\n%s\n"
                      "[upper]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\n",
                      port, failing[_i].keys, other);
    harness_start(&daemon, &options);
    client_expect_closed(client_connect(port));
    harness_log_wait(&daemon, failing[_i].stage, 1);
    answer = client_exchange(other, "hello");
    ck_assert_str_eq(answer, "HELLO");
    free(answer);
    harness_end(&daemon);
}
END_TEST

START_TEST(root_is_gone)
{
    struct daemon daemon;
    int port = harness_port();
    char root[128];

    SKIP_IF(!harness_is_root(), "needs root");
    harness_begin(&daemon);
    make_cell(&daemon, root);
    harness_configure(&daemon,
                      "[cell]\nlisten = 127.0.0.1:%d\nexec = cell 1\nuser = nobody\nchroot = %s\n"
                      "directory = /nowhere\n",
                      port, root);
    /* A name without a slash is looked up in there: PATH has its root. */
    setenv("PATH", "/:/usr/bin:/bin", 1);
    harness_start(&daemon, NULL);
    client_expect_closed(client_connect(port));
    harness_log_wait(&daemon, "stage=directory", 1);
    harness_end(&daemon);
}
END_TEST

/* Its whole tree ends with it, whatever sessions they made. Each of them has the connection, so its
 * end is the end of all. */
START_TEST(tree_ends_with_it)
{
    struct daemon daemon;
    int port = harness_port();
    int fd;

    SKIP_IF(!harness_is_root(), "needs root");
    harness_serve(&daemon,
                  "[tree]\nlisten = 127.0.0.1:%d\nuser = nobody\nisolate = pid\n"
                  "exec = sh -c 'for i in 1 2 3 4 5; do setsid sleep 1000 & done; echo ready; "
                  "read line'\n",
                  port);
    fd = client_connect(port);
    client_expect(fd, "ready\n");
    client_send(fd, "end\n");
    client_expect_closed(fd);
    harness_log_wait(&daemon, "tree: end", 1);
    harness_end(&daemon);
}
END_TEST

START_TEST(own_processes_and_mounts)
{
    struct daemon daemon;
    int port = harness_port();
    char *answer;

    SKIP_IF(!harness_is_root(), "needs root");
    harness_serve(&daemon,
                  "[own]\nlisten = 127.0.0.1:%d\nuser = root\nisolate = pid mount uts ipc\n"
                  "exec = sh -c 'cd /proc; echo [0-9]*; hostname cell; mount -t tmpfs none /mnt && "
                  "echo mine >/mnt/stdinetd-test && cat /mnt/stdinetd-test'\n",
                  port);
    answer = client_exchange(port, "");
    ck_assert_str_eq(answer, "1\nmine\n");
    free(answer);
    ck_assert_int_lt(access("/mnt/stdinetd-test", F_OK), 0);
    ck_assert(harness_shell("test \"$(hostname)\" != cell") == 0);
    harness_end(&daemon);
}
END_TEST

/* --- linger-close --------------------------------------------------------------------------- */

/* Sends a request that nobody reads, waits until the handler is gone, and reads to the end: 0 where
 * the stream ends as it should, else the errno. */
static int ask_deaf_handler(struct daemon *daemon, int port, int ends)
{
    char text[65536] = "", expected[] = "answer\n";
    int fd = client_connect(port);
    ssize_t got;
    size_t length = 0;

    ck_assert_int_eq(send(fd, text, sizeof(text), 0), (ssize_t)sizeof(text));
    harness_log_wait(daemon, ": end ", ends);
    while ((got = recv(fd, text + length, sizeof(text) - length - 1, 0)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    if (got == 0)
        ck_assert_str_eq(text, expected);
    got = got < 0 ? errno : 0;
    close(fd);
    return (int)got;
}

START_TEST(linger_close)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port();
    int fds;

    harness_be_cold();
    harness_serve(&daemon,
                  "[defaults]\nUSER\nexec = echo answer\nstderr = null\n"
                  "[plain]\nlisten = 127.0.0.1:%d\n"
                  "[linger]\nlisten = 127.0.0.1:%d\nlinger-close = 20s\n",
                  port, other);
    fds = process_fds(daemon.pid);
    ck_assert_int_eq(ask_deaf_handler(&daemon, port, 1), ECONNRESET);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(ask_deaf_handler(&daemon, other, 2 + i), 0);
    for (int tries = 0; process_fds(daemon.pid) > fds && tries < 1000; tries++)
        harness_pause();
    ck_assert_int_le(process_fds(daemon.pid), fds);
    harness_end(&daemon);
}
END_TEST

/* A handler that breaks its connection off (SO_LINGER 0, as relay does for its target) has it
 * broken: half a file must not look whole. */
START_TEST(linger_close_keeps_resets)
{
    struct daemon daemon;
    char text[64];
    int port = harness_port(), fd;
    ssize_t got;

    harness_be_cold();
    harness_serve(&daemon,
                  "[linger]\nlisten = 127.0.0.1:%d\nlinger-close = 20s\nUSER\nstderr = null\n"
                  "exec = %s break\n",
                  port, getenv("STDINETD_PROBE"));
    fd = client_connect(port);
    client_expect(fd, "answer\n");
    got = recv(fd, text, sizeof(text), 0);
    ck_assert_msg(got < 0 && errno == ECONNRESET, "recv: %zd, %s", got, strerror(errno));
    close(fd);
    harness_end(&daemon);
}
END_TEST

struct closed {
    int fd;
    int error;
};

/* Goes on sending until the connection is gone. */
static bool is_cut(void *context)
{
    struct closed *closed = context;

    if (send(closed->fd, "x", 1, MSG_NOSIGNAL) < 0)
        closed->error = errno;
    return closed->error != 0;
}

/* A client that never stops sending is cut when the time is over, and costs nothing after. */
START_TEST(linger_close_is_bounded)
{
    struct daemon daemon;
    int port = harness_port();
    struct closed closed = {0};
    int fds;

    harness_be_cold();
    harness_serve(&daemon,
                  "[linger]\nlisten = 127.0.0.1:%d\nlinger-close = 300ms\nUSER\nexec = echo hello\n"
                  "stderr = null\n",
                  port);
    fds = process_fds(daemon.pid);
    closed.fd = client_connect(port);
    client_expect(closed.fd, "hello\n");
    ck_assert(harness_until(is_cut, &closed));
    close(closed.fd);
    ck_assert_int_le(process_fds(daemon.pid), fds);
    harness_end(&daemon);
}
END_TEST

/* The end of the daemon waits for it, and a second TERM doesn't. */
START_TEST(linger_close_at_the_end)
{
    struct daemon daemon;
    int port = harness_port();
    int fd;

    harness_serve(&daemon,
                  "[linger]\nlisten = 127.0.0.1:%d\nlinger-close = 1h\nUSER\nexec = echo hello\n",
                  port);
    fd = client_connect(port);
    client_expect(fd, "hello\n");
    client_expect_closed(fd); /* and closes: now it is over */
    fd = client_connect(port);
    client_expect(fd, "hello\n");
    harness_log_wait(&daemon, ": end ", 2);
    harness_signal(&daemon, SIGTERM);
    harness_log_wait(&daemon, "stopping: waiting for 0 handlers", 1);
    client_send(fd, "still here");
    harness_signal(&daemon, SIGTERM);
    ck_assert_int_eq(harness_wait(&daemon), 0);
    close(fd);
    harness_remove(&daemon);
}
END_TEST

/* Who still has the connection can't have us wait for its client in close(). */
START_TEST(linger_close_is_never_waited_for)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port();
    char *answer;
    long began;
    int fd, fds;

    harness_be_cold();
    harness_serve(&daemon,
                  "[defaults]\nUSER\nstderr = null\n[upper]\nlisten = 127.0.0.1:%d\n"
                  "exec = tr a-z A-Z\n[linger]\nlisten = 127.0.0.1:%d\nlinger-close = 300ms\n"
                  "exec = %s linger\n",
                  other, port, getenv("STDINETD_PROBE"));
    fds = process_fds(daemon.pid);
    fd = client_connect(port);
    harness_log_wait(&daemon, "linger: end", 1);
    began = harness_now();
    for (int tries = 0; process_fds(daemon.pid) > fds && tries < 1000; tries++)
        harness_pause();
    answer = client_exchange(other, "hello"); /* what close() is at work on is no fd any more */
    ck_assert_str_eq(answer, "HELLO");
    free(answer);
    ck_assert_int_lt(harness_now() - began, 6000); /* it would wait for 8 s */
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* What a handler left in its client's socket, asked for or made, wakes stdinetd no more than once,
 * and none of it is an fd that stays. */
START_TEST(linger_close_is_left_something)
{
    static const struct {
        bool is_unix;
        const char *option; /* of the socket, by its number in the kernel's headers */
    } rows[] = {
        {false, "37, 2450" /* SO_TIMESTAMPING: when each packet is sent, by software */},
        {true, "76, 1" /* SO_PASSPIDFD */},
    };
    const bool is_unix = rows[_i].is_unix;
    struct daemon daemon;
    int port = harness_port(), fds, fd;
    char path[128], listen[160];
    long ticks;

    harness_be_cold();
    harness_begin(&daemon);
    snprintf(path, sizeof(path), "%s/socket", daemon.directory);
    if (is_unix)
        snprintf(listen, sizeof(listen), "unix:%s", path);
    else
        snprintf(listen, sizeof(listen), "127.0.0.1:%d", port);
    harness_configure(&daemon,
                      "[left]\nlisten = %s\nUSER\nlinger-close = 1m\nexec = perl -MSocket -e "
                      "'setsockopt(STDIN, SOL_SOCKET, %s); syswrite(STDOUT, q(ready)); exit'\n",
                      listen, rows[_i].option);
    harness_start(&daemon, NULL);
    fds = process_fds(daemon.pid);
    fd = is_unix ? client_connect_unix(path) : client_connect(port);
    client_expect(fd, "ready");
    harness_log_wait(&daemon, "left: end", 1);
    ticks = process_ticks(daemon.pid);
    for (int i = 0; i < 50; i++) {
        ck_assert(send(fd, "x", 1, MSG_NOSIGNAL) == 1);
        harness_pause();
    }
    ck_assert_int_le(process_ticks(daemon.pid) - ticks, sysconf(_SC_CLK_TCK) / 4);
    ck_assert_int_le(process_fds(daemon.pid), fds + 4); /* the connection, and stderr's channel */
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* Handlers that are ended by the stop have no time to linger. */
START_TEST(linger_close_does_not_hold_up_the_stop)
{
    struct daemon daemon;
    int port = harness_port();
    int fd;

    harness_serve(&daemon,
                  "[stdinetd]\nstop-timeout = 100ms\n[linger]\nlisten = 127.0.0.1:%d\n"
                  "linger-close = 1h\nUSER\nexec = cat\n",
                  port);
    fd = client_connect(port);
    client_send(fd, "x");
    client_expect(fd, "x");
    harness_signal(&daemon, SIGTERM);
    ck_assert_int_eq(harness_wait(&daemon), 0);
    close(fd);
    harness_remove(&daemon);
}
END_TEST

Suite *contained_suite(void)
{
    Suite *suite = suite_create("contained");
    TCase *all = tcase_create("all");
    const int failing_count = (int)(sizeof(failing) / sizeof(failing[0]));

    tcase_set_timeout(all, LONGEST);
    tcase_add_test(all, sees_and_can_do_nothing);
    tcase_add_test(all, sees_everything_without);
    tcase_add_test(all, root_with_two_capabilities);
    tcase_add_loop_test(all, failed_steps, 0, failing_count);
    tcase_add_test(all, root_is_gone);
    tcase_add_test(all, tree_ends_with_it);
    tcase_add_test(all, own_processes_and_mounts);
    tcase_add_test(all, linger_close);
    tcase_add_test(all, linger_close_keeps_resets);
    tcase_add_test(all, linger_close_is_bounded);
    tcase_add_test(all, linger_close_at_the_end);
    tcase_add_test(all, linger_close_is_never_waited_for);
    tcase_add_loop_test(all, linger_close_is_left_something, 0, 2);
    tcase_add_test(all, linger_close_does_not_hold_up_the_stop);
    suite_add_tcase(suite, all);
    return suite;
}

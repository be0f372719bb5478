/* The control socket: who may use it, what is made of every kind of line, and that nobody who
 * doesn't read or doesn't write holds up anything. What the commands do stands in test_steer.c. */
#include "control.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define UPPER CONTROL "[upper]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\nUSER\n"

#define NOBODY 65534

/* What one answer and its making may take; a sanitizer keeps freed memory aside. */
#ifdef __SANITIZE_ADDRESS__
#define GROWTH_KIB (256 * 1024)
#else
#define GROWTH_KIB 2048
#endif

static void expect_served(int port)
{
    char *answer = client_exchange(port, "still here");

    ck_assert_str_eq(answer, "STILL HERE");
    free(answer);
}

/* --- lines ---------------------------------------------------------------------------------- */

static const struct {
    const char *line, *error;
} wrong_lines[] = {
    {"noise", "not a JSON object"},
    {"\x01\x02\xff\xfe", "not a JSON object"},
    {"{", "not a JSON object"},
    {"[]", "not a JSON object"},
    {"\"status\"", "not a JSON object"},
    {"{} {}", "not a JSON object"},
    {"{}", "\"command\" is missing"},
    {"{\"command\":7}", "\"command\" is missing"},
    {"{\"command\":\"status\",\"command\":\"stop\"}", "not a JSON object"},
    {"{\"command\":\"nothing\"}", "unknown command \"nothing\""},
    {"{\"command\":\"no\\nthing\\u001b\"}", "unknown command \"no\\nthing\\x1b\""},
    {"{\"command\":\"status\",\"more\":1}", "can have \"command\" and \"arguments\" only"},
    {"{\"command\":\"status\",\"arguments\":[]}", "is not an object"},
    {"{\"command\":\"status\",\"arguments\":{\"what\":1}}", "takes no argument \"what\""},
    {"{\"command\":\"status\",\"arguments\":{\"count\":-1}}", "is not a non-negative integer"},
    {"{\"command\":\"status\",\"arguments\":{\"count\":\"1\"}}", "is not a non-negative integer"},
    {"{\"command\":\"status\",\"arguments\":{\"service\":\"none\"}}", "unknown service \"none\""},
    {"{\"command\":\"pause\"}", "needs \"service\""},
    {"{\"command\":\"pause\",\"arguments\":{\"service\":1}}", "is not a string"},
    {"{\"command\":\"kill\",\"arguments\":{\"target\":\"1\"}}",
     "no such service, and no handler with that pid"},
};

START_TEST(wrong_line)
{
    struct daemon daemon;
    int port = harness_port(), fd;

    harness_serve_control(&daemon, UPPER, port);
    fd = control_connect(&daemon);
    for (size_t i = 0; i < sizeof(wrong_lines) / sizeof(wrong_lines[0]); i++) {
        json_t *answer = control_ask(fd, wrong_lines[i].line);

        control_expect_error(answer, wrong_lines[i].error);
        json_decref(answer);
    }
    json_decref(control_expect_ok(control_ask(fd, "{\"command\":\"status\"}")));
    /* Nobody is told of what failed but who did it. */
    ck_assert_int_eq(harness_log_count(&daemon, "noise"), 0);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* Lines come in pieces, several at once, with CR, with nothing in them. */
START_TEST(pieces)
{
    struct daemon daemon;
    int port = harness_port(), fd;
    const char *line = "{\"command\":\"status\"}\r\n";
    json_t *answer;

    harness_serve_control(&daemon, UPPER, port);
    fd = control_connect(&daemon);
    for (const char *byte = line; *byte != '\0'; byte++) {
        client_send(fd, (char[]){*byte, '\0'});
        harness_pause();
    }
    json_decref(control_expect_ok(control_read(fd)));
    client_send(fd, "\n\r\n{\"command\":\"status\"}\n\nx\n{\"command\":\"status\"}\n");
    json_decref(control_expect_ok(control_read(fd)));
    answer = control_read(fd);
    control_expect_error(answer, "not a JSON object");
    json_decref(answer);
    json_decref(control_expect_ok(control_read(fd)));

    /* Who has said all gets the answers to it, and half a line is none. */
    client_send(fd, "{\"command\":\"status\"}\n{\"command\":\"status\"}\n{\"command\":\"stop\"}");
    shutdown(fd, SHUT_WR);
    json_decref(control_expect_ok(control_read(fd)));
    json_decref(control_expect_ok(control_read(fd)));
    client_expect_closed(fd);
    expect_served(port);
    harness_end(&daemon);
}
END_TEST

/* A line without an end is cut off, one that is just too long is refused. */
START_TEST(too_long)
{
    struct daemon daemon;
    int port = harness_port(), fd;
    size_t size = (size_t)256 * 1024;
    char *line = malloc(size + 1);
    json_t *answer;

    memset(line, ' ', size);
    line[size] = '\0';
    harness_serve_control(&daemon, UPPER, port);
    fd = control_connect(&daemon);
    ck_assert(send(fd, line, size, MSG_NOSIGNAL) > 0);
    answer = control_read(fd);
    control_expect_error(answer, "too long");
    json_decref(answer);
    client_expect_closed(fd);

    fd = control_connect(&daemon);
    /* In one piece: the daemon may have enough of it, and close, before its end is sent. */
    line[66 * 1024] = '\n';
    ck_assert(send(fd, line, 66 * 1024 + 1, MSG_NOSIGNAL) > 0);
    answer = control_read(fd);
    control_expect_error(answer, "too long");
    json_decref(answer);
    line[64 * 1024 - 30] = '\0';
    memcpy(line, "{\"command\":\"status\"}", 20);
    json_decref(control_expect_ok(control_ask(fd, line)));
    close(fd);
    free(line);
    expect_served(port);
    harness_end(&daemon);
}
END_TEST

/* Who asks and never reads holds up neither handlers nor other control clients, and takes no more
 * memory than one answer. */
START_TEST(slow_reader)
{
    struct daemon daemon;
    int port = harness_port(), slow, fd;
    long memory;

    harness_serve_control(&daemon, UPPER, port);
    fd = control_connect(&daemon);
    json_decref(control_expect_ok(control_ask(fd, "{\"command\":\"status\"}")));
    memory = process_status(daemon.pid, "VmRSS");
    slow = control_connect(&daemon);
    ck_assert(setsockopt(slow, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){.tv_usec = 200000},
                         sizeof(struct timeval)) == 0);
    for (int i = 0; i < 20000; i++)
        if (send(slow, "{\"command\":\"status\"}\n", 21, MSG_NOSIGNAL) < 0)
            break; /* it isn't read from any more */
    expect_served(port);
    json_decref(control_expect_ok(control_ask(fd, "{\"command\":\"status\"}")));
    ck_assert(harness_is_wrapped() || process_status(daemon.pid, "VmRSS") < memory + GROWTH_KIB);
    close(slow);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* More than there is room for are told so; who has said nothing for a while makes room. */
START_TEST(too_many)
{
    struct daemon daemon;
    int port = harness_port(), fds[16], refused = 0, fd;
    long end = harness_now() + DEADLINE * 1000;
    char *answer;

    harness_serve_control(&daemon, UPPER, port);
    for (int i = 0; i < 16; i++) {
        fds[i] = control_connect(&daemon);
        json_decref(control_expect_ok(control_ask(fds[i], "{\"command\":\"status\"}")));
    }
    do {
        json_t *status;

        fd = control_connect(&daemon);
        status = control_ask_or_hear(fd, "{\"command\":\"status\"}");
        ck_assert(harness_now() < end);
        if (json_is_true(json_object_get(status, "ok"))) {
            json_decref(status);
            break;
        }
        control_expect_error(status, "too many clients");
        json_decref(status);
        client_expect_closed(fd);
        refused++;
        harness_pause();
    } while (true);
    ck_assert(refused > 0 || harness_is_wrapped());
    answer = client_read_all(fds[0]); /* it was the one who was silent for longest */
    ck_assert_str_eq(answer, "");
    free(answer);
    close(fd);
    for (int i = 1; i < 16; i++)
        close(fds[i]);
    expect_served(port);
    harness_end(&daemon);
}
END_TEST

/* A client that goes in the middle of anything leaves nothing behind. */
START_TEST(clients_that_go)
{
    struct daemon daemon;
    int port = harness_port(), fds, fd;
    struct linger reset = {.l_onoff = 1};

    harness_be_cold();
    harness_serve_control(&daemon, UPPER, port);
    fd = control_connect(&daemon);
    json_decref(control_expect_ok(control_ask(fd, "{\"command\":\"status\"}")));
    fds = process_fds(daemon.pid);
    for (int i = 0; i < harness_scale(200); i++) {
        static const char *const words[] = {"{\"command\":\"sta", "{\"command\":\"status\"}\n", "",
                                            "{\"command\":\"status\"}\n{\"command\":\"stat"};
        int other = control_connect(&daemon);

        client_send(other, words[i % 4]);
        if (i % 3 == 0)
            setsockopt(other, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        close(other);
    }
    json_decref(control_expect_ok(control_ask(fd, "{\"command\":\"status\"}")));
    control_wait_fds(&daemon, fds);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* --- who may -------------------------------------------------------------------------------- */

static unsigned mode_of(const struct daemon *daemon, gid_t *ret_gid)
{
    struct stat status;
    char path[128];

    control_socket_path(daemon, path);
    ck_assert(stat(path, &status) == 0 && S_ISSOCK(status.st_mode));
    *ret_gid = status.st_gid;
    return status.st_mode & 07777;
}

/* Asks for the status as somebody else; in a process of its own. 0: refused by the kernel, 1: by
 * the daemon, 2: answered. */
static int ask_as(const struct daemon *daemon, uid_t uid, gid_t gid, gid_t group)
{
    pid_t pid = fork();
    int status;

    ck_assert(pid >= 0);
    if (pid == 0) {
        char path[128];
        int fd, result = 0;

        control_socket_path(daemon, path);
        if (setgroups(group != 0, &group) < 0 || setgid(gid) < 0 || setuid(uid) < 0)
            _exit(99);
        fd = control_try(path);
        if (fd >= 0) {
            json_t *answer = control_ask_or_hear(fd, "{\"command\":\"status\"}");

            result = json_is_true(json_object_get(answer, "ok")) ? 2 : 1;
        }
        _exit(result);
    }
    ck_assert(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(permission)
{
    struct daemon daemon;
    int port = harness_port();
    char path[128];
    gid_t gid;

    harness_serve_control(&daemon, UPPER, port);
    control_socket_path(&daemon, path);
    ck_assert_int_eq(mode_of(&daemon, &gid), 0600);
    if (harness_is_root()) {
        ck_assert_int_eq(ask_as(&daemon, NOBODY, NOBODY, 0), 0);
        /* Whatever is made of the file's mode: the kernel's word on who it is counts. */
        ck_assert(chmod(path, 0666) == 0);
        ck_assert_int_eq(ask_as(&daemon, NOBODY, NOBODY, 0), 1);
        harness_log_wait(&daemon, "control: permission denied for uid 65534", 1);

        harness_configure(&daemon,
                          CONTROL "control-group = 7\n[upper]\nlisten = 127.0.0.1:%d\n"
                                  "exec = tr a-z A-Z\nUSER\n",
                          daemon.directory, port);
        harness_signal(&daemon, SIGHUP);
        harness_log_wait(&daemon, "notice reloaded", 1);
        ck_assert_int_eq(mode_of(&daemon, &gid), 0660);
        ck_assert_int_eq(gid, 7);
        ck_assert_int_eq(ask_as(&daemon, NOBODY, NOBODY, 0), 0);
        ck_assert_int_eq(ask_as(&daemon, NOBODY, 7, 0), 2);
        ck_assert_int_eq(ask_as(&daemon, NOBODY, NOBODY, 7), 2);
        ck_assert(chmod(path, 0666) == 0);
        ck_assert_int_eq(ask_as(&daemon, NOBODY, NOBODY, 0), 1);
        ck_assert_int_eq(ask_as(&daemon, NOBODY, NOBODY, 8), 1);
    }
    harness_end(&daemon);
    ck_assert(access(path, F_OK) < 0);
}
END_TEST

/* --- the socket ----------------------------------------------------------------------------- */

/* What a killed daemon left is replaced; another one's is left alone until that one has gone. */
START_TEST(stale_and_taken)
{
    struct daemon daemon, other;
    int port = harness_port(), second = harness_port(), fd;
    int status;

    harness_serve_control(&daemon, UPPER, port);
    harness_signal(&daemon, SIGKILL);
    harness_wait(&daemon);
    harness_start(&daemon, NULL);
    harness_log_wait(&daemon, " ready: ", 2);
    json_decref(control_expect_ok(control_ask_once(&daemon, "{\"command\":\"status\"}")));
    ck_assert_int_eq(harness_log_count(&daemon, "will retry"), 0);

    harness_begin(&other);
    harness_configure(&other, UPPER, daemon.directory, second);
    harness_start(&other, NULL);
    harness_log_wait(&other, "is in use by another daemon", 1);
    expect_served(second);
    json_decref(control_expect_ok(control_ask_once(&daemon, "{\"command\":\"stop\"}")));
    status = harness_wait(&daemon);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    harness_log_wait(&other, "control socket opened", 1);
    fd = control_connect(&daemon); /* its directory, the other one's socket */
    json_decref(control_expect_ok(control_ask(fd, "{\"command\":\"status\"}")));
    close(fd);
    harness_end(&other);
    harness_remove(&daemon);
}
END_TEST

/* A path that is no socket is left alone, and a reload moves the socket; its clients stay. */
START_TEST(moved)
{
    struct daemon daemon;
    int port = harness_port(), fd;
    char old[128], path[160];
    json_t *answer;

    harness_serve_control(&daemon, UPPER, port);
    control_socket_path(&daemon, old);
    fd = control_connect(&daemon);
    snprintf(path, sizeof(path), "%s.moved", old);
    harness_write_file(path, "precious", 0644);
    harness_configure(&daemon,
                      "[stdinetd]\ncontrol = %s\n[upper]\nlisten = 127.0.0.1:%d\n"
                      "exec = tr a-z A-Z\nUSER\n",
                      path, port);
    answer = control_ask(fd, "{\"command\":\"reload\"}");
    ck_assert(json_is_true(json_object_get(control_expect_ok(answer), "reloaded")));
    json_decref(answer);
    harness_log_wait(&daemon, "path exists and is not a socket", 1);
    ck_assert(access(old, F_OK) < 0);
    ck_assert(unlink(path) == 0);
    harness_log_wait(&daemon, "control socket opened", 1);
    json_decref(control_expect_ok(control_ask(fd, "{\"command\":\"status\"}")));

    ck_assert(unlink(path) == 0);
    json_decref(control_expect_ok(control_ask(fd, "{\"command\":\"reload\"}")));
    ck_assert(access(path, F_OK) == 0);

    harness_configure(&daemon,
                      "[stdinetd]\ncontrol = none\n[upper]\nlisten = 127.0.0.1:%d\n"
                      "exec = tr a-z A-Z\nUSER\n",
                      port);
    json_decref(control_expect_ok(control_ask(fd, "{\"command\":\"reload\"}")));
    ck_assert(access(path, F_OK) < 0);
    close(fd);
    expect_served(port);
    harness_end(&daemon);
}
END_TEST

/* Where `auto` is a place of ours: root's would be that of everybody's daemon. */
static void become_ordinary_with_directory(void *directory)
{
    setenv("XDG_RUNTIME_DIR", directory, 1);
    if (harness_is_root() && (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
        _exit(99);
}

/* A service of the command line has a control socket only where it is asked for. */
START_TEST(on_command_line)
{
    char listen[64], option[160], path[128];
    const char *arguments[] = {"-l", listen, "-o", option, "--", "cat", NULL, NULL};
    struct daemon_options options = {.arguments = arguments,
                                     .before_exec = become_ordinary_with_directory};
    struct daemon daemon;

    harness_begin(&daemon);
    options.context = daemon.directory;
    snprintf(path, sizeof(path), "%s/stdinetd.sock", daemon.directory);
    snprintf(listen, sizeof(listen), "127.0.0.1:%d", harness_port());
    snprintf(option, sizeof(option), "control=%s", path);
    harness_copy_daemon(&daemon);
    ck_assert(!harness_is_root() || chown(daemon.directory, NOBODY, NOBODY) == 0);
    harness_start(&daemon, &options);
    ck_assert(access(path, F_OK) == 0);
    harness_signal(&daemon, SIGTERM);
    harness_wait(&daemon);
    /* Without -o there is none, and `auto` is where we may write. */
    arguments[2] = "--";
    arguments[3] = "cat";
    arguments[4] = NULL;
    harness_start(&daemon, &options);
    harness_log_wait(&daemon, " ready: ", 2);
    ck_assert(access(path, F_OK) < 0);
    harness_signal(&daemon, SIGTERM);
    harness_wait(&daemon);
    arguments[2] = "-o";
    arguments[3] = "control=auto";
    arguments[4] = "--";
    arguments[5] = "cat";
    harness_start(&daemon, &options);
    harness_log_wait(&daemon, " ready: ", 3);
    ck_assert(access(path, F_OK) == 0);
    harness_end(&daemon);
}
END_TEST

/* --- what it costs others ------------------------------------------------------------------- */

/* While clients ask all the time, the crowd is served, and no handler has a fd of the socket. */
START_TEST(under_load)
{
    struct daemon daemon;
    struct crowd crowd;
    int port = harness_port(), fd;
    int requests = harness_scale(1000);

    harness_serve_control(&daemon, UPPER, port);
    fd = control_connect(&daemon);
    crowd_start(&crowd, port, 10, requests);
    for (int i = 0; i < harness_scale(200); i++) {
        static const char *const lines[] = {
            "{\"command\":\"status\"}", "{\"command\":\"connections\"}",
            "{\"command\":\"pause\",\"arguments\":{\"service\":\"upper\"}}",
            "{\"command\":\"resume\",\"arguments\":{\"service\":\"upper\"}}"};

        json_decref(control_expect_ok(control_ask(fd, lines[i % 4])));
    }
    json_decref(control_expect_ok(
        control_ask(fd, "{\"command\":\"resume\",\"arguments\":{\"service\":\"upper\"}}")));
    crowd_end(&crowd);
    close(fd);
    harness_end(&daemon);
}
END_TEST

Suite *control_suite(void)
{
    Suite *suite = suite_create("control");
    TCase *all = tcase_create("control");

    tcase_set_timeout(all, LONGEST);
    tcase_add_test(all, wrong_line);
    tcase_add_test(all, pieces);
    tcase_add_test(all, too_long);
    tcase_add_test(all, slow_reader);
    tcase_add_test(all, too_many);
    tcase_add_test(all, clients_that_go);
    tcase_add_test(all, permission);
    tcase_add_test(all, stale_and_taken);
    tcase_add_test(all, moved);
    tcase_add_test(all, on_command_line);
    tcase_add_test(all, under_load);
    suite_add_tcase(suite, all);
    return suite;
}

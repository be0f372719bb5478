/* Hostile and broken handlers and clients stay within their bounds: the others are served
 * meanwhile, and afterwards nothing is left of them, in /proc or in the daemon. */
#include "harness.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The daemon may keep a little more than it had: pools, a channel, what malloc holds; and much more
 * with a sanitizer, which keeps freed memory aside. */
#ifdef __SANITIZE_ADDRESS__
#define GROWTH_KIB (256 * 1024)
#else
#define GROWTH_KIB 1024
#endif

struct hostile {
    struct daemon daemon;
    int port, other;
    char mark[64]; /* in the environment of all that belongs to the hostile service */
    int fds;
    long memory;
};

/* Starts a daemon with a hostile service of those keys beside a good one. */
static void begin(struct hostile *hostile, const char *keys)
{
    hostile->port = harness_port();
    hostile->other = harness_port();
    harness_be_cold();
    snprintf(hostile->mark, sizeof(hostile->mark), "STDINETD_MARK_%d", hostile->port);
    harness_serve(&hostile->daemon,
                  "[defaults]\nUSER\n[upper]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\n"
                  "[hostile]\nlisten = 127.0.0.1:%d\nenv = MARK=%s\n%s\n",
                  hostile->other, hostile->port, hostile->mark, keys);
}

static void expect_service(const struct hostile *hostile)
{
    char *answer = client_exchange(hostile->other, "good");

    ck_assert_str_eq(answer, "GOOD");
    free(answer);
}

/* After the first connections, which make what later ones find ready. */
static void remember(struct hostile *hostile)
{
    for (int i = 0; i < 3; i++)
        expect_service(hostile);
    harness_log_wait(&hostile->daemon, "upper: end", 3);
    hostile->fds = process_fds(hostile->daemon.pid);
    hostile->memory = process_status(hostile->daemon.pid, "VmRSS");
}

/* Whether a process has mark in its environment. */
static bool is_marked(const char *pid, const char *mark)
{
    char path[300], text[8192];
    FILE *file;
    size_t length;

    snprintf(path, sizeof(path), "/proc/%s/environ", pid);
    file = fopen(path, "r");
    if (!file)
        return false;
    length = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    return memmem(text, length, mark, strlen(mark)) != NULL;
}

static bool is_nothing_left(void *context)
{
    const struct hostile *hostile = context;
    DIR *directory = opendir("/proc");
    struct dirent *entry;
    bool found = false;

    while (!found && (entry = readdir(directory)) != NULL)
        found = isdigit((unsigned char)entry->d_name[0]) && is_marked(entry->d_name, hostile->mark);
    closedir(directory);
    return !found;
}

static bool are_fds_back(void *context)
{
    const struct hostile *hostile = context;

    /* One more: the channel of the hostile service's stderr, which it keeps. */
    return process_fds(hostile->daemon.pid) <= hostile->fds + 2;
}

/* All of it is over, after so many handlers. */
static void end(struct hostile *hostile, int handlers)
{
    harness_log_wait(&hostile->daemon, "hostile: end", handlers);
    ck_assert_msg(harness_until(is_nothing_left, hostile), "a process is left");
    ck_assert_msg(harness_until(are_fds_back, hostile), "%d fds, not %d",
                  process_fds(hostile->daemon.pid), hostile->fds);
    if (!harness_is_wrapped())
        ck_assert_int_le(process_status(hostile->daemon.pid, "VmRSS"),
                         hostile->memory + GROWTH_KIB);
    expect_service(hostile);
    harness_end(&hostile->daemon);
}

/* --- handlers ------------------------------------------------------------------------------- */

#define TIMES "max-runtime = 500ms\nkill-after = 500ms\nkill-mode = group\n"

static const struct {
    const char *name, *keys;
    bool needs_root;     /* its limit counts all processes of the user */
    const char *outcome; /* in the log */
} handlers[] = {
    {"ignores TERM and burns CPU", TIMES "exec = sh -c \"trap '' TERM; while :; do :; done\"",
     false, "outcome=timeout signal=SIGKILL"},
    {"leaves five grandchildren",
     "kill-mode = group\nexec = sh -c 'for i in 1 2 3 4 5; do sleep 1000 & done'", false,
     "outcome=ok"},
    {"leaves five grandchildren in sessions of their own",
     "isolate = pid\nexec = sh -c 'for i in 1 2 3 4 5; do setsid sleep 1000 & done'", true,
     "outcome=ok"},
    {"is a fork bomb",
     /* A user of its own: the limit counts all processes of that one. */
     TIMES "user = games\nrlimit-nproc = 50\nstderr = null\n"
           "exec = sh -c 'f() { f & f; }; f 2>/dev/null; sleep 1000'",
     true, "outcome="},
    {"allocates without end",
     "rlimit-as = 64M\n"
     "exec = perl -e '$x .= \"x\" x 1048576 while 1'",
     false, "outcome=exit."},
    {"floods stderr", TIMES "exec = sh -c 'exec yes flooding >&2'", false, "outcome=timeout"},
    {"floods stderr without a newline", TIMES "exec = sh -c 'exec cat /dev/zero >&2'", false,
     "outcome=timeout"},
    {"stops itself", TIMES "exec = sh -c 'kill -STOP $$; sleep 1000'", false, "outcome=timeout"},
    {"closes its connection and sleeps", TIMES "exec = sh -c 'exec <&- >&-; sleep 1000'", false,
     "outcome=timeout"},
    {"kills itself", "exec = sh -c 'kill -SEGV $$'", false, "outcome=crash signal=SIGSEGV"},
};

START_TEST(handler)
{
    struct hostile hostile;
    int clients[3];

    SKIP_IF(handlers[_i].needs_root && !harness_is_root(), "needs root");
    begin(&hostile, handlers[_i].keys);
    remember(&hostile);
    for (int i = 0; i < 3; i++)
        clients[i] = client_connect(hostile.port);
    for (int i = 0; i < harness_scale(30); i++)
        expect_service(&hostile);
    harness_log_wait(&hostile.daemon, handlers[_i].outcome, 3);
    for (int i = 0; i < 3; i++)
        close(clients[i]);
    end(&hostile, 3);
}
END_TEST

/* What a flood leaves in the log is bounded: the lines that didn't fit are counted. */
START_TEST(flood_is_bounded)
{
    struct hostile hostile;
    char *log;
    int fd;

    begin(&hostile, TIMES "exec = sh -c 'exec yes flooding >&2'");
    remember(&hostile);
    fd = client_connect(hostile.port);
    harness_log_wait(&hostile.daemon, "hostile: end", 1);
    close(fd);
    log = harness_log(&hostile.daemon);
    /* Half a second of `yes` is some hundred MB. */
    ck_assert_uint_lt(strlen(log), 64U * 1024 * 1024);
    free(log);
    end(&hostile, 1);
}
END_TEST

/* --- clients -------------------------------------------------------------------------------- */

/* Says nothing: it has a handler, and that ends at its time. */
START_TEST(silent_client)
{
    struct hostile hostile;
    int fds[5];

    begin(&hostile, TIMES "exec = cat");
    remember(&hostile);
    for (int i = 0; i < 5; i++)
        fds[i] = client_connect(hostile.port);
    expect_service(&hostile);
    harness_log_wait(&hostile.daemon, "outcome=timeout", 5);
    for (int i = 0; i < 5; i++)
        client_expect_closed(fds[i]);
    end(&hostile, 5);
}
END_TEST

/* A reset, at once or after a while, ends the handler, which reads or writes nothing any more. */
START_TEST(reset_by_client)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    struct hostile hostile;

    begin(&hostile, "exec = cat");
    remember(&hostile);
    for (int i = 0; i < 20; i++) {
        int fd = client_connect(hostile.port);

        if (i % 2 == 0) {
            client_send(fd, "x");
            client_expect(fd, "x");
        }
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        close(fd);
    }
    expect_service(&hostile);
    end(&hostile, 10);
}
END_TEST

START_TEST(half_closed_client)
{
    struct hostile hostile;
    char *answer;
    int fd;

    begin(&hostile, "exec = sh -c 'cat >/dev/null; echo all read'");
    remember(&hostile);
    fd = client_connect(hostile.port);
    shutdown(fd, SHUT_WR);
    answer = client_read_all(fd);
    ck_assert_str_eq(answer, "all read\n");
    free(answer);
    end(&hostile, 1);
}
END_TEST

/* Reads a byte now and then of 200 MB: the handler waits, in the kernel's buffers and nowhere else;
 * and ends when the client has had enough. */
START_TEST(slow_reader)
{
    struct hostile hostile;
    int fd;
    char byte;

    begin(&hostile, "exec = head -c 200M /dev/zero\nmax-runtime = 1h");
    remember(&hostile);
    fd = client_connect(hostile.port);
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(recv(fd, &byte, 1, 0), 1);
        expect_service(&hostile);
    }
    ck_assert_int_eq(harness_log_count(&hostile.daemon, "hostile: end"), 0);
    if (!harness_is_wrapped())
        ck_assert_int_le(process_status(hostile.daemon.pid, "VmRSS"), hostile.memory + GROWTH_KIB);
    close(fd);
    end(&hostile, 1);
}
END_TEST

Suite *hostile_suite(void)
{
    Suite *suite = suite_create("hostile");
    TCase *programs = tcase_create("handlers"), *clients = tcase_create("clients");

    tcase_set_timeout(programs, LONGEST);
    tcase_add_loop_test(programs, handler, 0, (int)(sizeof(handlers) / sizeof(handlers[0])));
    tcase_add_test(programs, flood_is_bounded);
    suite_add_tcase(suite, programs);
    tcase_set_timeout(clients, LONGEST);
    tcase_add_test(clients, silent_client);
    tcase_add_test(clients, reset_by_client);
    tcase_add_test(clients, half_closed_client);
    tcase_add_test(clients, slow_reader);
    suite_add_tcase(suite, clients);
    return suite;
}

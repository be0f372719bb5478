/* check-http and check-agent: statuses, bounds, odd probers, and the cache. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define HEADERS                                   \
    "Content-Type: text/plain; charset=utf-8\r\n" \
    "Content-Length: %zu\r\n"                     \
    "Cache-Control: no-store\r\n"                 \
    "X-Content-Type-Options: nosniff\r\n"         \
    "Connection: close\r\n\r\n"
#define OK          "HTTP/1.1 200 OK\r\n"
#define UNAVAILABLE "HTTP/1.1 503 Service Unavailable\r\n"

/* Asks, reads to the end; malloc'ed. The handler's own status must be 0 whatever the check says. */
static char *ask(const char *question, const char *const *words)
{
    struct handler handler;
    int pair[2], error;
    size_t length;
    char *answer;

    socket_pair("127.0.0.1", pair);
    handler = handler_serve(pair[1], words);
    bytes_write(pair[0], question, strlen(question));
    answer = bytes_read_all(pair[0], &length, &error);
    ck_assert_int_eq(error, 0);
    close(pair[0]);
    ck_assert_int_eq(handler_end(&handler), 0);
    return answer;
}

/* Takes the line of the date out, which must be now's. */
static void cut_date(char *answer)
{
    char *line = strstr(answer, "Date: "), *rest;
    struct tm utc = {0};
    time_t told;

    ck_assert_msg(line != NULL, "%s", answer);
    rest = strptime(line, "Date: %a, %d %b %Y %H:%M:%S GMT", &utc);
    ck_assert_msg(rest && strncmp(rest, "\r\n", 2) == 0, "%s", answer);
    told = timegm(&utc);
    ck_assert(told <= time(NULL) && time(NULL) - told <= DEADLINE);
    memmove(line, rest + 2, strlen(rest + 2) + 1);
}

static void expect(char *answer, const char *status, const char *body, bool with_body)
{
    char expected[2048];

    cut_date(answer);
    snprintf(expected, sizeof(expected), "%s" HEADERS "%s", status, strlen(body),
             with_body ? body : "");
    ck_assert_str_eq(answer, expected);
    free(answer);
}

static const struct {
    const char *script, *status, *body;
} scripts[] = {
    {"echo fine", OK, "fine\n"},
    {"exit 0", OK, "ok\n"},
    {"echo broken; exit 1", UNAVAILABLE, "broken\n"},
    {"exit 7", UNAVAILABLE, "exit status 7\n"},
    {"kill -SEGV $$", UNAVAILABLE, "ended by signal 11\n"},
    {"cat; echo nothing to read", OK, "nothing to read\n"},
    /* What a background process holds open is not waited for. */
    {"sleep 1000 & echo started", OK, "started\n"},
};
#define SCRIPTS (int)(sizeof(scripts) / sizeof(scripts[0]))

START_TEST(answers_by_exit_status)
{
    expect(ask(GET, WORDS("check-http", "sh", "-c", scripts[_i].script)), scripts[_i].status,
           scripts[_i].body, true);
}
END_TEST

START_TEST(answers_head_without_a_body)
{
    static const char *const questions[] = {"HEAD / HTTP/1.0\r\n\r\n",
                                            "\r\n\r\nHEAD / HTTP/1.0\r\n\r\n"};

    expect(ask(questions[_i], WORDS("check-http", "sh", "-c", "echo fine")), OK, "fine\n", false);
}
END_TEST

/* The line alone, or nothing at all: an answer comes after a second of silence. */
START_TEST(answers_odd_probers)
{
    static const char *const questions[] = {
        "GET /\r\n", "", "GET /\n\n", "\r\n\r\n", "nonsense\n\n", "OPTIONS * HTTP/1.0\r\n\r\n"};

    expect(ask(questions[_i], WORDS("check-http", "true")), OK, "ok\n", true);
}
END_TEST

/* A question of a megabyte, most of it after the answer: no reset may destroy that. */
START_TEST(answers_probers_that_say_much)
{
    char *body = calloc(1, ((size_t)1 << 20) + 1), *question;

    memset(body, 'x', (size_t)1 << 20);
    ck_assert(asprintf(&question, "POST / HTTP/1.1\r\nContent-Length: 1048576\r\n\r\n%s", body) >
              0);
    expect(ask(question, WORDS("check-http", "true")), OK, "ok\n", true);
    free(question);
    free(body);
}
END_TEST

START_TEST(bounds_the_output)
{
    char *answer =
        ask(GET, WORDS("check-http", "sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x"));
    char *body = strstr(answer, "\r\n\r\n");

    ck_assert(strstr(answer, "Content-Length: 65536\r\n") && body);
    ck_assert_uint_eq(strlen(body + 4), 65536);
    free(answer);
}
END_TEST

START_TEST(says_that_it_cannot_run_the_program)
{
    struct handler handler;
    size_t length;
    char *errors, *answer;
    int pair[2], error;

    socket_pair("127.0.0.1", pair);
    handler = handler_serve(pair[1], WORDS("check-http", "/nonexistent/program"));
    bytes_write(pair[0], GET, strlen(GET));
    answer = bytes_read_all(pair[0], &length, &error);
    close(pair[0]);
    ck_assert_int_eq(handler_end_errors(&handler, &errors), 0);
    ck_assert_str_eq(errors, "/nonexistent/program: No such file or directory\n");
    free(errors);
    expect(answer, UNAVAILABLE, "cannot run it\n", true);
}
END_TEST

static pid_t read_pid(const char *directory)
{
    char *text;
    pid_t pid;

    file_await(directory, "pid", 2);
    text = file_read(directory, "pid");
    pid = (pid_t)strtol(text, NULL, 10);
    free(text);
    return pid;
}

/* A program that starts another one and waits for it; its pid goes into a file. */
static void format_hanging(char script[static 256], const char *directory)
{
    snprintf(script, 256,
             "echo begun; sleep 1000 & echo $! >'%s/pid.new'; mv '%s/pid.new' '%s/pid'; wait",
             directory, directory, directory);
}

START_TEST(ends_what_takes_too_long)
{
    char *directory = directory_make(), script[256];

    format_hanging(script, directory);
    expect(ask(GET, WORDS("check-http", "--timeout", "500ms", "sh", "-c", script)), UNAVAILABLE,
           "timed out\nbegun\n", true);
    process_await_end(read_pid(directory));
    directory_remove(directory);
}
END_TEST

/* The super-server ends the handler, which isn't in the program's group. */
START_TEST(ends_the_program_when_it_is_ended)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    char *directory = directory_make(), script[256];
    struct handler handler;
    pid_t pid;
    int pair[2];

    format_hanging(script, directory);
    socket_pair("127.0.0.1", pair);
    handler = handler_serve(pair[1], WORDS("check-agent", "--timeout", "1h", "sh", "-c", script));
    pid = read_pid(directory);
    ck_assert(kill(handler.pid, signals[_i]) == 0);
    ck_assert_int_eq(handler_end(&handler), 128 + signals[_i]);
    process_await_end(pid);
    close(pair[0]);
    directory_remove(directory);
}
END_TEST

/* inetd has the connection as standard error too. */
START_TEST(keeps_stderr_out_of_the_answer)
{
    struct handler handler;
    int pair[2];

    socket_pair("127.0.0.1", pair);
    handler =
        handler_serve_by_shell(pair[1], "exec \"$0/check-agent\" sh -c 'echo oops >&2; exit 3'");
    ck_assert(shutdown(pair[0], SHUT_WR) == 0);
    bytes_expect_all(pair[0], "down #exit status 3\n");
    close(pair[0]);
    ck_assert_int_eq(handler_end(&handler), 0);
}
END_TEST

/* As by sudo: we may not kill it, and its time is over all the same. */
START_TEST(does_not_wait_for_another_user)
{
    char *directory, script[512];
    struct handler handler;
    int pair[2];
    pid_t pid;

    SKIP_IF(geteuid() != 0, "needs root");
    directory = directory_make();
    snprintf(script, sizeof(script),
             "cd %s && cp \"$(command -v setpriv)\" su && chgrp 65534 su && chmod 4710 su &&"
             " cp \"$0/check-agent\" . && exec setpriv --reuid 65534 --regid 65534 --clear-groups"
             " ./check-agent --timeout 500ms"
             " ./su --reuid 0 sh -c 'rm su; echo $$ >pid; exec sleep 1000'",
             directory);
    socket_pair("127.0.0.1", pair);
    handler = handler_serve_by_shell(pair[1], script);
    ck_assert(shutdown(pair[0], SHUT_WR) == 0);
    bytes_expect_all(pair[0], "down #timed out\n");
    ck_assert_int_eq(handler_end(&handler), 0);
    pid = read_pid(directory);
    ck_assert_msg(kill(pid, SIGKILL) == 0, "it was killed");
    process_await_end(pid);
    close(pair[0]);
    directory_remove(directory);
}
END_TEST

START_TEST(tells_agents)
{
    static const struct {
        const char *script, *line;
    } agents[] = {
        {"echo 'up 50% maxconn:10'", "up 50% maxconn:10\n"},
        {"true", "up\n"},
        {"echo no disk; exit 1", "down #no disk\n"},
        {"echo drain", "up drain\n"},
    };
    char *line =
        ask(_i % 2 ? "agent-send\n" : "", WORDS("check-agent", "sh", "-c", agents[_i].script));

    ck_assert_str_eq(line, agents[_i].line);
    free(line);
}
END_TEST

/* A script that writes a byte into DIRECTORY/runs each time. */
static void format_counting(char script[static 256], const char *directory, const char *rest)
{
    snprintf(script, 256, "printf x >>'%s/runs'; %s", directory, rest);
}

static void expect_runs(const char *directory, size_t count)
{
    char *runs = file_read(directory, "runs");

    ck_assert_uint_eq(strlen(runs), count);
    free(runs);
}

#define PROBERS 50

/* All at once, while the first run still goes on: each gets what it said. */
START_TEST(fifty_probers_cost_one_run)
{
    char *directory = directory_make(), script[256], cache[128];
    struct handler handlers[PROBERS];
    int clients[PROBERS], pair[2];

    snprintf(cache, sizeof(cache), "%s/cache", directory);
    format_counting(script, directory, "sleep 0.3; echo result; exit 1");
    for (int i = 0; i < PROBERS; i++) {
        socket_pair("127.0.0.1", pair);
        clients[i] = pair[0];
        bytes_write(clients[i], GET, strlen(GET));
        handlers[i] = handler_serve(pair[1], WORDS("check-http", "--cache", "60s",
                                                   "--cache-directory", cache, "sh", "-c", script));
    }
    for (int i = 0; i < PROBERS; i++) {
        size_t length;
        int error;

        expect(bytes_read_all(clients[i], &length, &error), UNAVAILABLE, "result\n", true);
        close(clients[i]);
        ck_assert_int_eq(handler_end(&handlers[i]), 0);
    }
    expect_runs(directory, 1);
    directory_remove(directory);
}
END_TEST

static char *ask_cached(const char *directory, const char *age, const char *script)
{
    char cache[128];

    snprintf(cache, sizeof(cache), "%s/cache", directory);
    return ask(
        "", WORDS("check-agent", "--cache", age, "--cache-directory", cache, "sh", "-c", script));
}

static void expect_cached(const char *directory, const char *age, const char *script, size_t runs)
{
    char *line = ask_cached(directory, age, script);

    ck_assert_str_eq(line, "up 50%\n");
    free(line);
    expect_runs(directory, runs);
}

START_TEST(results_grow_old)
{
    char *directory = directory_make(), script[256], other[256];

    format_counting(script, directory, "echo 50%");
    format_counting(other, directory, "echo 50% ");
    expect_cached(directory, "60s", script, 1);
    expect_cached(directory, "60s", script, 1);
    expect_cached(directory, "0", script, 2);
    expect_cached(directory, "60s", other, 3);
    expect_cached(directory, "60s", script, 3);
    poll(NULL, 0, 20); /* 1 ms is over, however quick this machine is */
    expect_cached(directory, "1ms", script, 4);
    directory_remove(directory);
}
END_TEST

/* The only file in the cache. */
static void find_file(const char *directory, char path[static 256])
{
    char pattern[160], *line;
    size_t length;
    int error, pipe[2];
    pid_t pid;

    snprintf(pattern, sizeof(pattern), "echo '%s'/cache/*", directory);
    ck_assert(pipe2(pipe, O_CLOEXEC) == 0);
    pid = fork();
    if (pid == 0) {
        dup2(pipe[1], STDOUT_FILENO);
        execl("/bin/sh", "sh", "-c", pattern, (char *)NULL);
        _exit(127);
    }
    close(pipe[1]);
    line = bytes_read_all(pipe[0], &length, &error);
    close(pipe[0]);
    snprintf(path, 256, "%.*s", (int)strcspn(line, "\n"), line);
    free(line);
}

/* The file ends early, which is all that a death in writing can do to it; or it has a byte more. */
START_TEST(damaged_results_are_not_used)
{
    char *directory = directory_make(), script[256], path[256];
    size_t runs = 1;
    struct stat info;

    format_counting(script, directory, "echo 50%");
    expect_cached(directory, "60s", script, runs);
    find_file(directory, path);
    ck_assert(stat(path, &info) == 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0600);
    for (off_t at = 0; at <= info.st_size + 1; at += at < info.st_size - 11 ? 11 : 1) {
        ck_assert(truncate(path, at) == 0);
        runs += at != info.st_size;
        expect_cached(directory, "60s", script, runs);
    }
    expect_cached(directory, "60s", script, runs);
    directory_remove(directory);
}
END_TEST

/* No room for a byte: no cache, but an answer. */
START_TEST(answers_where_nothing_can_be_kept)
{
    char *directory = directory_make(), script[512];
    struct handler handler;
    int pair[2];

    for (int i = 0; i < 2; i++) {
        snprintf(script, sizeof(script),
                 "ulimit -f 0; exec \"$0/check-agent\" --cache 60s --cache-directory %s/cache true",
                 directory);
        socket_pair("127.0.0.1", pair);
        handler = handler_serve_by_shell(pair[1], script);
        ck_assert(shutdown(pair[0], SHUT_WR) == 0);
        bytes_expect_all(pair[0], "up\n");
        ck_assert_int_eq(handler_end(&handler), 0);
        close(pair[0]);
    }
    directory_remove(directory);
}
END_TEST

static void expect_timed(const char *directory, const char *timeout, const char *script,
                         size_t runs)
{
    char cache[128], *line;

    snprintf(cache, sizeof(cache), "%s/cache", directory);
    line = ask("", WORDS("check-agent", "--timeout", timeout, "--cache", "60s", "--cache-directory",
                         cache, "sh", "-c", script));
    ck_assert_str_eq(line, "up\n");
    free(line);
    expect_runs(directory, runs);
}

/* A lock that isn't given back says nothing of the program. */
START_TEST(a_lock_that_hangs_is_not_waited_for)
{
    char *directory = directory_make(), script[256], path[256];
    int fd;

    format_counting(script, directory, "true");
    expect_timed(directory, "1s", script, 1);
    expect_timed(directory, "1s", script, 1);
    find_file(directory, path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert(flock(fd, LOCK_EX) == 0);
    expect_timed(directory, "1s", script, 2);
    close(fd);
    /* It is another run that may take longer. */
    expect_timed(directory, "2s", script, 3);
    expect_timed(directory, "0", script, 4);
    directory_remove(directory);
}
END_TEST

/* Whoever may write into the directory decides what probers hear: then no cache, but an answer. */
START_TEST(directories_of_others_are_not_used)
{
    char *directory, *errors, script[256], cache[128], target[128];
    struct handler handler;
    int pair[2];

    SKIP_IF(_i == 3 && geteuid() != 0, "needs root");
    directory = directory_make();
    snprintf(cache, sizeof(cache), "%s/cache", directory);
    snprintf(target, sizeof(target), "%s/elsewhere", directory);
    ck_assert(mkdir(_i == 0 ? target : cache, 0700) == 0);
    if (_i == 0)
        ck_assert(symlink(target, cache) == 0);
    else if (_i == 1)
        ck_assert(chmod(cache, 0777) == 0);
    else if (_i == 2)
        ck_assert(chmod(cache, 0770) == 0);
    else
        ck_assert(chown(cache, 1, 1) == 0);
    format_counting(script, directory, "true");
    for (size_t i = 1; i <= 2; i++) {
        socket_pair("127.0.0.1", pair);
        handler = handler_serve(pair[1], WORDS("check-agent", "--cache", "60s", "--cache-directory",
                                               cache, "sh", "-c", script));
        ck_assert(shutdown(pair[0], SHUT_WR) == 0);
        bytes_expect_all(pair[0], "up\n");
        close(pair[0]);
        ck_assert_int_eq(handler_end_errors(&handler, &errors), 0);
        ck_assert_msg(strstr(errors, "others have access to it") != NULL, "%s", errors);
        free(errors);
        expect_runs(directory, i);
    }
    directory_remove(directory);
}
END_TEST

/* By default under XDG_RUNTIME_DIR, and only for us. */
START_TEST(makes_its_directory)
{
    char *directory = directory_make(), script[256], path[128];
    struct stat info;

    setenv("XDG_RUNTIME_DIR", directory, 1);
    format_counting(script, directory, "true");
    free(ask("", WORDS("check-agent", "--cache", "60s", "sh", "-c", script)));
    free(ask("", WORDS("check-agent", "--cache", "60s", "sh", "-c", script)));
    expect_runs(directory, 1);
    snprintf(path, sizeof(path), "%s/stdinetd-checks", directory);
    ck_assert(stat(path, &info) == 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0700);
    unsetenv("XDG_RUNTIME_DIR");
    directory_remove(directory);
}
END_TEST

/* One handler dies in the middle of its run: the others go on, with a run of their own. */
START_TEST(a_death_leaves_no_lock)
{
    char *directory = directory_make(), script[256], cache[128];
    struct handler handler;
    int pair[2];

    snprintf(cache, sizeof(cache), "%s/cache", directory);
    snprintf(script, sizeof(script),
             "printf x >>'%s/runs'; test -e '%s/go' || exec sleep 1000; echo 50%%", directory,
             directory);
    socket_pair("127.0.0.1", pair);
    handler = handler_serve(pair[1], WORDS("check-agent", "--cache", "60s", "--cache-directory",
                                           cache, "sh", "-c", script));
    file_await(directory, "runs", 1);
    handler_kill(&handler);
    close(pair[0]);
    file_write(directory, "go", "", 0644);
    expect_cached(directory, "60s", script, 2);
    directory_remove(directory);
}
END_TEST

Suite *check_suite(void)
{
    Suite *suite = suite_create("check");
    TCase *check = tcase_create("check");

    tcase_add_loop_test(check, answers_by_exit_status, 0, SCRIPTS);
    tcase_add_loop_test(check, answers_head_without_a_body, 0, 2);
    tcase_add_loop_test(check, answers_odd_probers, 0, 6);
    tcase_add_test(check, answers_probers_that_say_much);
    tcase_add_test(check, bounds_the_output);
    tcase_add_test(check, says_that_it_cannot_run_the_program);
    tcase_add_test(check, ends_what_takes_too_long);
    tcase_add_loop_test(check, ends_the_program_when_it_is_ended, 0, 3);
    tcase_add_test(check, keeps_stderr_out_of_the_answer);
    tcase_add_test(check, does_not_wait_for_another_user);
    tcase_add_loop_test(check, tells_agents, 0, 4);
    tcase_add_test(check, fifty_probers_cost_one_run);
    tcase_add_test(check, results_grow_old);
    tcase_add_test(check, damaged_results_are_not_used);
    tcase_add_test(check, answers_where_nothing_can_be_kept);
    tcase_add_test(check, a_lock_that_hangs_is_not_waited_for);
    tcase_add_loop_test(check, directories_of_others_are_not_used, 0, 4);
    tcase_add_test(check, makes_its_directory);
    tcase_add_test(check, a_death_leaves_no_lock);
    suite_add_tcase(suite, check);
    return suite;
}

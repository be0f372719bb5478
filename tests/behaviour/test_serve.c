/* What every connection sees: an answer, half-close, early goodbyes, one client after the other. */
#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define UPPER "[upper]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\nUSER\n"

START_TEST(answers)
{
    struct daemon daemon;
    int port = harness_port();
    char *answer;

    harness_serve(&daemon, UPPER, port);
    answer = client_exchange(port, "hello world\n");
    ck_assert_str_eq(answer, "HELLO WORLD\n");
    free(answer);
    harness_log_wait(&daemon, " end ", 1);
    ck_assert_int_eq(harness_log_count(&daemon, "outcome=ok"), 1);
    harness_end(&daemon);
}
END_TEST

/* The client sends, shuts down its writing side, and only then reads what comes. */
START_TEST(half_close)
{
    struct daemon daemon;
    int port = harness_port();
    int fd;
    char *answer;

    harness_serve(&daemon, "[count]\nlisten = 127.0.0.1:%d\nexec = wc -c\nUSER\n", port);
    fd = client_connect(port);
    client_send(fd, "0123456789");
    shutdown(fd, SHUT_WR);
    answer = client_read_all(fd);
    ck_assert_int_eq(strtol(answer, NULL, 10), 10);
    free(answer);
    harness_end(&daemon);
}
END_TEST

START_TEST(large_answers)
{
    struct daemon daemon;
    int port = harness_port();
    char *answer;

    harness_serve(&daemon,
                  "[zeros]\nlisten = 127.0.0.1:%d\nexec = sh -c \"head -c 3000000 /dev/zero | tr "
                  "'\\\\0' z\"\nUSER\n",
                  port);
    answer = client_read_all(client_connect(port));
    ck_assert_uint_eq(strlen(answer), 3000000);
    free(answer);
    harness_end(&daemon);
}
END_TEST

/* A client that has left does no harm, be its handler told or not. */
START_TEST(client_leaves)
{
    struct daemon daemon;
    int port = harness_port();
    char *answer;

    harness_serve(&daemon, UPPER, port);
    for (int i = 0; i < 20; i++) {
        int fd = client_connect(port);

        if (i % 2) {
            struct linger now = {.l_onoff = 1};

            setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        }
        close(fd);
    }
    answer = client_exchange(port, "x");
    ck_assert_str_eq(answer, "X");
    free(answer);
    harness_end(&daemon);
}
END_TEST

/* A hundred resets before they were accepted: no handler for them, hardly a line. */
START_TEST(reset_before_accept)
{
    struct daemon daemon;
    int port = harness_port();
    char *answer;

    harness_serve(&daemon, UPPER, port);
    harness_signal(&daemon, SIGSTOP);
    for (int i = 0; i < 100; i++) {
        struct linger now = {.l_onoff = 1};
        int fd = client_connect(port);

        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        close(fd);
    }
    harness_signal(&daemon, SIGCONT);
    answer = client_exchange(port, "x");
    ck_assert_str_eq(answer, "X");
    free(answer);
    harness_log_wait(&daemon, " end ", 1);
    ck_assert_int_eq(harness_log_count(&daemon, ": start "), 1);
    harness_signal(&daemon, SIGUSR1);
    harness_log_wait(&daemon, "gone=100", 1);
    harness_end(&daemon);
}
END_TEST

/* max-connections = 1 is the textbook's iterative server: the second client waits, unharmed. */
START_TEST(iterative_server)
{
    struct daemon daemon;
    int port = harness_port();
    int first, second;
    char *answer;

    harness_serve(&daemon, "[one]\nlisten = 127.0.0.1:%d\nexec = cat\nmax-connections = 1\nUSER\n",
                  port);
    first = client_connect(port);
    client_send(first, "first\n");
    client_expect(first, "first\n");
    second = client_connect(port);
    client_send(second, "second\n");
    /* The second one's turn has not come: its bytes are with the kernel. */
    client_send(first, "again\n");
    client_expect(first, "again\n");
    ck_assert(recv(second, &(char){0}, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
    harness_log_wait(&daemon, ": start ", 1);
    ck_assert_int_eq(harness_log_count(&daemon, ": start "), 1);
    close(first);
    client_expect(second, "second\n");
    shutdown(second, SHUT_WR);
    answer = client_read_all(second);
    free(answer);
    harness_end(&daemon);
}
END_TEST

START_TEST(one_line_service)
{
    struct daemon daemon;
    char listen[32], *answer;
    int port = harness_port();
    const char *arguments[] = {"-l",  listen,
                               "-o",  "max-connections=5",
                               "-o",  harness_is_root() ? "user=nobody" : "description=x",
                               "--",  "tr",
                               "a-z", "A-Z",
                               NULL};
    struct daemon_options options = {.arguments = arguments};

    harness_begin(&daemon);
    snprintf(listen, sizeof(listen), "127.0.0.1:%d", port);
    harness_start(&daemon, &options);
    answer = client_exchange(port, "one line");
    ck_assert_str_eq(answer, "ONE LINE");
    free(answer);
    harness_end(&daemon);
}
END_TEST

/* After 20,000 connections memory and fds are where they were after 1,000. */
START_TEST(stays_small)
{
    struct daemon daemon;
    struct crowd crowd;
    int port = harness_port();
    long early_memory, late_memory;
    int early_fds;

    harness_be_cold();
    harness_serve(&daemon, "[stdinetd]\nlog-level = notice\n" UPPER, port);
    crowd_start(&crowd, port, 20, harness_scale(1000));
    crowd_end(&crowd);
    early_memory = process_status(daemon.pid, "VmRSS");
    early_fds = process_fds(daemon.pid);
    crowd_start(&crowd, port, 20, harness_scale(19000));
    crowd_end(&crowd);
    late_memory = process_status(daemon.pid, "VmRSS");
    printf("RSS after %d: %ld KiB, after %d: %ld KiB\n", harness_scale(1000), early_memory,
           harness_scale(20000), late_memory);
    ck_assert_int_le(process_fds(daemon.pid), early_fds);
#ifndef __SANITIZE_ADDRESS__ /* which keeps freed memory aside */
    ck_assert_int_le(late_memory, early_memory + early_memory / 20);
#endif
    harness_end(&daemon);
}
END_TEST

Suite *serve_suite(void)
{
    Suite *suite = suite_create("serve");
    TCase *quick = tcase_create("quick"), *load = tcase_create("load");

    tcase_set_timeout(quick, LONGEST);
    tcase_add_test(quick, answers);
    tcase_add_test(quick, half_close);
    tcase_add_test(quick, large_answers);
    tcase_add_test(quick, client_leaves);
    tcase_add_test(quick, reset_before_accept);
    tcase_add_test(quick, iterative_server);
    tcase_add_test(quick, one_line_service);
    suite_add_tcase(suite, quick);
    tcase_set_timeout(load, LONGEST);
    tcase_add_test(load, stays_small);
    suite_add_tcase(suite, load);
    return suite;
}

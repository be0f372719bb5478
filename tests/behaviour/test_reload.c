/* HUP: a new configuration as a transaction, under load, and a broken one that changes nothing. */
#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define UPPER "[upper]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\nUSER\n"

/* 5,000 connections by 50 clients while 20 reloads happen, half of them with a broken file. */
START_TEST(under_load)
{
    struct daemon daemon;
    struct crowd crowd;
    int port = harness_port(), other = harness_port();
    int requests = harness_scale(5000);

    harness_serve(&daemon, UPPER, port);
    crowd_start(&crowd, port, 50, requests);
    for (int i = 0; i < 20; i++) {
        crowd_wait_for(&crowd, requests * (i + 1) / 22);
        if (i % 2)
            harness_configure(&daemon, UPPER "max-connections = many\n", port);
        else
            harness_configure(&daemon,
                              UPPER "max-connections = %d\n[x%d]\nlisten = 127.0.0.1:%d\n"
                                    "exec = cat\nUSER\n",
                              port, 30 + i, i, other);
        harness_signal(&daemon, SIGHUP);
        harness_log_wait(&daemon, i % 2 ? "reload failed" : "notice reloaded", i / 2 + 1);
    }
    crowd_end(&crowd);
    ck_assert_int_eq(harness_log_count(&daemon, "reload failed"), 10);
    ck_assert_int_eq(harness_log_count(&daemon, "notice reloaded"), 10);
    harness_end(&daemon);
}
END_TEST

static const char *const broken_files[] = {
    "",
    "[upper\n",
    "[upper]\nlisten = 70000\nexec = cat\n",
    "noise \x01\x02\xff\n",
    "[upper]\nlisten = 127.0.0.1:9\nexec = /nowhere/at/all\n",
    "[stdinetd]\n",
    NULL,
};

static void expect_refused(struct daemon *daemon, int port, int refusals)
{
    char *answer;

    harness_signal(daemon, SIGHUP);
    harness_log_wait(daemon, "reload failed, nothing changed", refusals);
    answer = client_exchange(port, "still here");
    ck_assert_str_eq(answer, "STILL HERE");
    free(answer);
}

START_TEST(broken_file_changes_nothing)
{
    struct daemon daemon;
    int port = harness_port();
    int refusals = 0;

    harness_serve(&daemon, UPPER, port);
    for (; broken_files[refusals]; refusals++) {
        harness_write_file(daemon.config, broken_files[refusals], 0644);
        expect_refused(&daemon, port, refusals + 1);
    }
    ck_assert(unlink(daemon.config) == 0);
    expect_refused(&daemon, port, ++refusals);
    ck_assert(harness_shell("mkdir '%s'", daemon.config) == 0);
    expect_refused(&daemon, port, ++refusals);
    ck_assert(harness_shell("rmdir '%s'", daemon.config) == 0);
    harness_configure(&daemon, UPPER, port);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 1);
    harness_end(&daemon);
}
END_TEST

/* A new address that is taken refuses the whole reload; nothing of it stays open. */
START_TEST(taken_address_changes_nothing)
{
    struct daemon daemon, other;
    int port = harness_port(), taken = harness_port(), fresh = harness_port();

    harness_serve(&other, UPPER, taken);
    harness_serve(&daemon, UPPER, port);
    harness_configure(&daemon,
                      UPPER "[fresh]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n"
                            "[taken]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n",
                      port, fresh, taken);
    expect_refused(&daemon, port, 1);
    ck_assert_int_eq(client_try(fresh), -ECONNREFUSED);
    ck_assert_int_eq(harness_log_count(&daemon, "Address already in use"), 1);
    harness_end(&daemon);
    harness_end(&other);
}
END_TEST

/* Handlers and counts outlive reloads that change, rename and remove their service. */
START_TEST(handlers_stay)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port();
    int fd;
    char *answer;

    harness_serve(&daemon, "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nmax-connections = 1\nUSER\n",
                  port);
    fd = client_connect(port);
    client_send(fd, "1\n");
    client_expect(fd, "1\n");

    /* The count stays: with one handler running, one more is allowed now. */
    harness_configure(&daemon,
                      "[cat]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\n"
                      "max-connections = 2\nUSER\n",
                      port);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 1);
    answer = client_exchange(port, "new program");
    ck_assert_str_eq(answer, "NEW PROGRAM");
    free(answer);
    harness_log_wait(&daemon, "active=2/2", 1);

    /* The service is gone, its socket belongs to another one, its handler still lives. */
    harness_configure(&daemon,
                      "[renamed]\nlisten = 127.0.0.1:%d 127.0.0.1:%d\nexec = wc -c\nUSER\n", port,
                      other);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 2);
    answer = client_exchange(port, "12345");
    ck_assert_int_eq(strtol(answer, NULL, 10), 5);
    free(answer);
    client_send(fd, "2\n");
    client_expect(fd, "2\n");
    shutdown(fd, SHUT_WR);
    answer = client_read_all(fd);
    free(answer);
    harness_log_wait(&daemon, "cat: end", 2);

    /* A removed address is closed. */
    harness_configure(&daemon, "[renamed]\nlisten = 127.0.0.1:%d\nexec = wc -c\nUSER\n", other);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 3);
    ck_assert_int_eq(client_try(port), -ECONNREFUSED);
    harness_end(&daemon);
}
END_TEST

/* A service that is taken away and comes back has the count of the handlers that stayed. */
START_TEST(comes_back)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port();
    int first, second;

    harness_serve(&daemon, "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nmax-connections = 1\nUSER\n",
                  port);
    first = client_connect(port);
    client_send(first, "1\n");
    client_expect(first, "1\n");
    harness_configure(&daemon, "[other]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n", other);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 1);
    harness_configure(
        &daemon, "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nmax-connections = 1\nUSER\n", port);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 2);
    second = client_connect(port);
    client_send(second, "2\n");
    client_send(first, "3\n");
    client_expect(first, "3\n");
    ck_assert(recv(second, &(char){0}, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
    close(first);
    client_expect(second, "2\n");
    close(second);
    harness_end(&daemon);
}
END_TEST

/* Clients in the backlog of a full service are not lost when the socket moves. */
START_TEST(waiting_clients_stay)
{
    struct daemon daemon;
    int port = harness_port();
    int fd, waiting[5];
    char *answer;

    harness_serve(&daemon, "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nmax-connections = 1\nUSER\n",
                  port);
    fd = client_connect(port);
    client_send(fd, "1\n");
    client_expect(fd, "1\n");
    for (int i = 0; i < 5; i++) {
        waiting[i] = client_connect(port);
        client_send(waiting[i], "waiting\n");
        shutdown(waiting[i], SHUT_WR);
    }
    harness_configure(&daemon, "[other]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n", port);
    harness_signal(&daemon, SIGHUP);
    for (int i = 0; i < 5; i++) {
        answer = client_read_all(waiting[i]);
        ck_assert_str_eq(answer, "waiting\n");
        free(answer);
    }
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* A thousand HUPs in a row are served as a few, and nobody notices. */
START_TEST(storm)
{
    struct daemon daemon;
    struct crowd crowd;
    int port = harness_port();

    harness_serve(&daemon, UPPER, port);
    crowd_start(&crowd, port, 10, harness_scale(500));
    for (int i = 0; i < 1000; i++)
        harness_signal(&daemon, SIGHUP);
    crowd_end(&crowd);
    harness_log_wait(&daemon, "notice reloaded", 1);
    harness_end(&daemon);
}
END_TEST

Suite *reload_suite(void)
{
    Suite *suite = suite_create("reload");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, LONGEST);
    tcase_add_test(all, under_load);
    tcase_add_test(all, broken_file_changes_nothing);
    tcase_add_test(all, taken_address_changes_nothing);
    tcase_add_test(all, handlers_stay);
    tcase_add_test(all, comes_back);
    tcase_add_test(all, waiting_clients_stay);
    tcase_add_test(all, storm);
    suite_add_tcase(suite, all);
    return suite;
}

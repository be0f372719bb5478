/* At a limit clients wait or are refused; nothing is ever shut. */
#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* 200 clients at once over max-connections = 10: all are served. */
START_TEST(queue_serves_all)
{
    struct daemon daemon;
    struct crowd crowd;
    int port = harness_port();

    harness_serve(&daemon,
                  "[upper]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\nmax-connections = 10\nUSER\n",
                  port);
    crowd_start(&crowd, port, harness_scale(200), 2 * harness_scale(200));
    crowd_end(&crowd);
    ck_assert_int_eq(harness_log_count(&daemon, "active=11/10"), 0);
    ck_assert_int_eq(harness_log_count(&daemon, "refused"), 0);
    harness_end(&daemon);
}
END_TEST

START_TEST(refuse_closes)
{
    struct daemon daemon;
    int port = harness_port();
    int first, second;
    char *answer;

    harness_serve(&daemon,
                  "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nmax-connections = 1\n"
                  "when-full = refuse\nUSER\n",
                  port);
    first = client_connect(port);
    client_send(first, "x");
    client_expect(first, "x");
    for (int i = 0; i < 50; i++) {
        second = client_connect(port);
        client_expect_closed(second);
    }
    /* The first one is said at once, the others in sums. */
    ck_assert_int_eq(harness_log_count(&daemon, "refused reason=full peer="), 1);
    harness_log_wait(&daemon, "refused reason=full more=", 1);
    ck_assert_int_le(harness_log_count(&daemon, "refused reason=full"), 10);
    harness_signal(&daemon, SIGUSR1);
    harness_log_wait(&daemon, "refused=50", 1);
    shutdown(first, SHUT_WR);
    answer = client_read_all(first);
    free(answer);
    harness_log_wait(&daemon, " end ", 1);
    answer = client_exchange(port, "again");
    ck_assert_str_eq(answer, "again");
    free(answer);
    harness_end(&daemon);
}
END_TEST

/* The daemon's own max-connections: a service at rest waits for another one's handler. */
START_TEST(daemon_limit)
{
    struct daemon daemon;
    int ports[2] = {harness_port(), harness_port()};
    int first, second;
    char *answer;

    harness_serve(&daemon,
                  "[stdinetd]\nmax-connections = 1\n[defaults]\nUSER\nexec = cat\n"
                  "[one]\nlisten = 127.0.0.1:%d\n[two]\nlisten = 127.0.0.1:%d\n",
                  ports[0], ports[1]);
    first = client_connect(ports[0]);
    client_send(first, "1");
    client_expect(first, "1");
    second = client_connect(ports[1]);
    client_send(second, "2");
    client_send(first, "3");
    client_expect(first, "3");
    ck_assert(recv(second, &(char){0}, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
    close(first);
    client_expect(second, "2");
    shutdown(second, SHUT_WR);
    answer = client_read_all(second);
    free(answer);
    harness_end(&daemon);
}
END_TEST

/* At the daemon's limit services take turns: one with a crowd doesn't starve one with a client. */
START_TEST(daemon_limit_is_fair)
{
    struct daemon daemon;
    struct crowd crowd;
    int ports[2] = {harness_port(), harness_port()};
    char *answer;

    harness_serve(&daemon,
                  "[stdinetd]\nmax-connections = 1\n[defaults]\nUSER\nexec = tr a-z A-Z\n"
                  "[busy]\nlisten = 127.0.0.1:%d\n[rare]\nlisten = 127.0.0.1:%d\n",
                  ports[0], ports[1]);
    crowd_start(&crowd, ports[0], 8, harness_scale(2000));
    crowd_wait_for(&crowd, harness_scale(200));
    answer = client_exchange(ports[1], "my turn");
    ck_assert_str_eq(answer, "MY TURN");
    ck_assert_int_lt(*crowd.answered, crowd.requests);
    free(answer);
    crowd_end(&crowd);
    harness_end(&daemon);
}
END_TEST

/* The sockets of one service take turns, too: where many wait on one of them those of the other
 * aren't the last. */
START_TEST(sockets_take_turns)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port();
    int keeper, guests[3], many[20];

    harness_serve(&daemon,
                  "[cat]\nlisten = 127.0.0.1:%d 127.0.0.1:%d\nexec = sh -c 'sleep 0.05; exec cat'\n"
                  "max-connections = 1\nUSER\n",
                  port, other);
    keeper = client_connect(other);
    client_send(keeper, "0");
    client_expect(keeper, "0");
    for (int i = 0; i < 23; i++) {
        int fd = client_connect(i < 3 ? port : other);

        client_send(fd, "x");
        shutdown(fd, SHUT_WR);
        *(i < 3 ? &guests[i] : &many[i - 3]) = fd;
        for (int j = 0; i == 2 && j < 20; j++) /* until it is seen that they wait */
            harness_pause();
    }
    for (int i = 0; i < 20; i++)
        harness_pause();
    close(keeper);
    for (int i = 0; i < 3; i++)
        client_expect(guests[i], "x");
    ck_assert_int_lt(harness_log_count(&daemon, "cat: start"), 15);
    for (int i = 0; i < 20; i++) {
        client_expect(many[i], "x");
        close(many[i]);
    }
    for (int i = 0; i < 3; i++)
        close(guests[i]);
    harness_end(&daemon);
}
END_TEST

/* TCPCONNNUM counts the handlers of one source. */
START_TEST(counts_sources)
{
    struct daemon daemon;
    int port = harness_port();
    int fds[3];
    char *answer;

    harness_serve(&daemon,
                  "[count]\nlisten = 127.0.0.1:%d\nexec = sh -c 'echo $TCPCONNNUM; cat'\nUSER\n",
                  port);
    for (int i = 0; i < 3; i++) {
        char expected[16];

        fds[i] = client_connect(port);
        snprintf(expected, sizeof(expected), "%d\n", i + 1);
        client_expect(fds[i], expected);
    }
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    harness_log_wait(&daemon, " end ", 3);
    answer = client_exchange(port, "");
    ck_assert_str_eq(answer, "1\n");
    free(answer);
    harness_end(&daemon);
}
END_TEST

Suite *limits_suite(void)
{
    Suite *suite = suite_create("limits");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, LONGEST);
    tcase_add_test(all, queue_serves_all);
    tcase_add_test(all, refuse_closes);
    tcase_add_test(all, daemon_limit);
    tcase_add_test(all, daemon_limit_is_fair);
    tcase_add_test(all, sockets_take_turns);
    tcase_add_test(all, counts_sources);
    suite_add_tcase(suite, all);
    return suite;
}

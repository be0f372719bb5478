/* Who may come, how often, and with what: rates, sources, access, penalties, the first byte, PROXY
 * headers. Clients have many addresses: 127.0.0.0/8, and IPv6 in a namespace of the test's own. */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define UPPER "exec = tr a-z A-Z\nUSER\n"

/* --- rates ---------------------------------------------------------------------------------- */

/* Over the rate clients wait and are all served, and not sooner than it allows. */
START_TEST(rate_queues)
{
    struct daemon daemon;
    struct crowd crowd;
    int port = harness_port();
    long began = harness_now();

    harness_serve(&daemon, "[upper]\nlisten = 127.0.0.1:%d\nrate = 5/250ms\n" UPPER, port);
    crowd_start(&crowd, port, 10, 25);
    crowd_end(&crowd);
    ck_assert_int_ge(harness_now() - began, 1000); /* five at once, twenty each 50 ms */
    ck_assert_int_eq(harness_log_count(&daemon, "refused"), 0);
    harness_end(&daemon);
}
END_TEST

START_TEST(rate_refuses)
{
    struct daemon daemon;
    int port = harness_port();

    harness_serve(&daemon,
                  "[upper]\nlisten = 127.0.0.1:%d\nrate = 2/1h\nwhen-full = refuse\n"
                  "refuse-message = \"later\\r\\n\"\n" UPPER,
                  port);
    for (int i = 0; i < 2; i++)
        client_expect_answer(client_connect(port), "hello", "HELLO");
    for (int i = 0; i < 5; i++) {
        char *answer = client_read_all(client_connect(port));

        ck_assert_str_eq(answer, "later\r\n");
        free(answer);
    }
    harness_log_wait(&daemon, "refused reason=rate", 1);
    harness_end(&daemon);
}
END_TEST

/* --- one source ----------------------------------------------------------------------------- */

/* A source at its limit is refused; others are served, and it again when one of its own has ended.
 */
START_TEST(connections_per_source)
{
    struct daemon daemon;
    int port = harness_port();
    int fds[2];
    char *answer;

    harness_serve(
        &daemon, "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nmax-connections-per-source = 2\nUSER\n",
        port);
    for (int i = 0; i < 2; i++) {
        fds[i] = client_connect_from("127.0.0.2", port);
        client_send(fds[i], "x");
        client_expect(fds[i], "x");
    }
    for (int i = 0; i < 20; i++)
        client_expect_closed(client_connect_from("127.0.0.2", port));
    for (int i = 0; i < 20; i++) {
        char source[32];

        snprintf(source, sizeof(source), "127.0.1.%d", i + 1);
        client_expect_answer(client_connect_from(source, port), "y", "y");
    }
    harness_log_wait(&daemon, "refused reason=source-full peer=127.0.0.2", 1);
    shutdown(fds[0], SHUT_WR);
    answer = client_read_all(fds[0]);
    free(answer);
    harness_log_wait(&daemon, "peer=127.0.0.2", 4); /* two starts, a refusal, an end */
    client_expect_answer(client_connect_from("127.0.0.2", port), "z", "z");
    close(fds[1]);
    harness_end(&daemon);
}
END_TEST

START_TEST(rate_per_source)
{
    struct daemon daemon;
    int port = harness_port();

    harness_serve(&daemon, "[upper]\nlisten = 127.0.0.1:%d\nrate-per-source = 3/1h\n" UPPER, port);
    for (int i = 0; i < 3; i++)
        client_expect_answer(client_connect_from("127.0.0.2", port), "hello", "HELLO");
    for (int i = 0; i < 10; i++)
        client_expect_closed(client_connect_from("127.0.0.2", port));
    client_expect_answer(client_connect_from("127.0.0.3", port), "hello", "HELLO");
    harness_log_wait(&daemon, "refused reason=source-rate peer=127.0.0.2", 1);
    harness_end(&daemon);
}
END_TEST

/* source-prefix makes neighbours one. */
START_TEST(source_prefix)
{
    struct daemon daemon;
    int port = harness_port();

    harness_serve(
        &daemon,
        "[upper]\nlisten = 127.0.0.1:%d\nrate-per-source = 3/1h\nsource-prefix = 24/48\n" UPPER,
        port);
    for (int i = 1; i <= 3; i++) {
        char source[32];

        snprintf(source, sizeof(source), "127.0.0.%d", i * 10);
        client_expect_answer(client_connect_from(source, port), "hello", "HELLO");
    }
    client_expect_closed(client_connect_from("127.0.0.40", port));
    client_expect_answer(client_connect_from("127.0.1.1", port), "hello", "HELLO");
    harness_end(&daemon);
}
END_TEST

/* Connects from an IPv6 address to ::1. */
static int connect_ipv6(const char *source, int port)
{
    struct sockaddr_in6 from = {.sin6_family = AF_INET6}, to = from;
    const struct timeval deadline = {.tv_sec = DEADLINE};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(inet_pton(AF_INET6, source, &from.sin6_addr), 1);
    setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &(int){1}, sizeof(int));
    to.sin6_addr = in6addr_loopback;
    to.sin6_port = htons((uint16_t)port);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
    ck_assert(bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0);
    ck_assert(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
    return fd;
}

/* Rotation inside one /64, limit 5: 5 of 300 (other super-servers: 264 or all); and another /64 is
 * another source. */
START_TEST(ipv6_rotation)
{
    struct daemon daemon;
    int port = harness_port(), served = 0, fds[300];

    SKIP_IF(!harness_is_root(), "needs root");
    SKIP_IF(unshare(CLONE_NEWNET) < 0 || harness_shell("ip link set lo up && ip -6 route add local "
                                                       "2001:db8::/32 dev lo") != 0,
            "no network namespace can be made here");
    harness_serve(&daemon,
                  "[cat]\nlisten = [::]:%d\nexec = cat\nmax-connections-per-source = 5\nUSER\n",
                  port);
    for (int i = 0; i < 300; i++) {
        char source[64], byte;

        snprintf(source, sizeof(source), "2001:db8:0:1::%x", i + 1);
        fds[i] = connect_ipv6(source, port);
        send(fds[i], "x", 1, MSG_NOSIGNAL);
        served += recv(fds[i], &byte, 1, 0) == 1;
    }
    ck_assert_int_eq(served, 5);
    client_expect_answer(connect_ipv6("2001:db8:0:2::1", port), "y", "y");
    for (int i = 0; i < 300; i++)
        close(fds[i]);
    harness_end(&daemon);
}
END_TEST

/* --- access --------------------------------------------------------------------------------- */

START_TEST(allow_and_deny)
{
    struct daemon daemon;
    int port = harness_port();

    harness_begin(&daemon);
    harness_configure(&daemon,
                      "[upper]\nlisten = 127.0.0.1:%d\nallow = 127.0.0.0/24\ndeny = 127.0.0.64/26\n"
                      "allow = 127.0.0.65\n" UPPER,
                      port);
    harness_start(&daemon, NULL);
    client_expect_answer(client_connect_from("127.0.0.2", port), "hello", "HELLO");
    client_expect_answer(client_connect_from("127.0.0.65", port), "hello", "HELLO");
    client_expect_closed(client_connect_from("127.0.0.66", port));
    client_expect_closed(client_connect_from("127.0.1.1", port));
    harness_log_wait(&daemon, "refused reason=denied peer=127.0.0.66", 1);
    /* A reload changes who may come. */
    harness_configure(&daemon, "[upper]\nlisten = 127.0.0.1:%d\ndeny = 127.0.0.2\n" UPPER, port);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 1);
    client_expect_closed(client_connect_from("127.0.0.2", port));
    client_expect_answer(client_connect_from("127.0.0.66", port), "hello", "HELLO");
    harness_end(&daemon);
}
END_TEST

/* --- penalties ------------------------------------------------------------------------------ */

START_TEST(penalty)
{
    struct daemon daemon;
    int port = harness_port();

    harness_serve(&daemon,
                  "[exit]\nlisten = 127.0.0.1:%d\nexec = sh -c 'read -r status; exit $status'\n"
                  "penalty = exit.3:1s exit.4-9:1h\npenalty-min = 0\npenalty-exempt = 127.0.0.9\n"
                  "USER\n",
                  port);
    client_expect_answer(client_connect_from("127.0.0.2", port), "0\n", "");
    client_expect_answer(client_connect_from("127.0.0.2", port), "3\n", "");
    harness_log_wait(&daemon, "exit: penalty begins source=127.0.0.2 duration_ms=1000", 1);
    client_expect_closed(client_connect_from("127.0.0.2", port));
    harness_log_wait(&daemon, "refused reason=penalty peer=127.0.0.2", 1);
    client_expect_answer(client_connect_from("127.0.0.3", port), "0\n", "");
    harness_log_wait(&daemon, "exit: penalty ended source=127.0.0.2", 1);
    client_expect_answer(client_connect_from("127.0.0.2", port), "4\n", "");
    harness_log_wait(&daemon, "duration_ms=600000", 1); /* penalty-max */
    /* A reload pardons nobody. */
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 1);
    client_expect_closed(client_connect_from("127.0.0.2", port));
    for (int i = 0; i < 3; i++)
        client_expect_answer(client_connect_from("127.0.0.9", port), "5\n", "");
    harness_end(&daemon);
}
END_TEST

/* Who is held for more than a second, and then fails at once, was short nevertheless. */
START_TEST(penalty_short)
{
    struct daemon daemon;
    int port = harness_port();
    int fd;

    harness_serve(&daemon,
                  "[fail]\nlisten = 127.0.0.1:%d\nexec = sh -c 'read -r word; exit 1'\n"
                  "start-on = data\npenalty = short:1h\npenalty-min = 0\nUSER\n",
                  port);
    fd = client_connect(port);
    for (long began = harness_now(); harness_now() - began < 1100;)
        harness_pause();
    client_expect_answer(fd, "word\n", "");
    harness_log_wait(&daemon, "fail: penalty begins source=127.0.0.1", 1);
    client_expect_closed(client_connect(port));
    harness_end(&daemon);
}
END_TEST

/* --- the first byte ------------------------------------------------------------------------- */

/* Silent clients have no process; who speaks is served, byte for byte; who never does is closed. */
START_TEST(start_on_data)
{
    struct daemon daemon;
    int port = harness_port();
    int silent[20], late;

    harness_serve(&daemon,
                  "[upper]\nlisten = 127.0.0.1:%d\nstart-on = data\ndata-timeout = 1s\n"
                  "penalty = silent:1h\npenalty-min = 0\nstderr = null\n" UPPER,
                  port);
    for (int i = 0; i < 20; i++)
        silent[i] = client_connect_from("127.0.0.2", port);
    late = client_connect_from("127.0.0.3", port);
    for (int i = 0; i < 10; i++)
        client_expect_answer(client_connect_from("127.0.0.4", port), "hello", "HELLO");
    ck_assert_int_eq(harness_log_count(&daemon, "peer=127.0.0.2"), 0);
    client_expect_answer(late, "late, but not too late", "LATE, BUT NOT TOO LATE");
    for (int i = 0; i < 20; i++)
        client_expect_closed(silent[i]);
    harness_log_wait(&daemon, "outcome=silent", 20);
    harness_log_wait(&daemon, "penalty begins source=127.0.0.2", 1);
    ck_assert_int_eq(harness_log_count(&daemon, "upper: start"), 11);
    client_expect_closed(client_connect_from("127.0.0.2", port));
    harness_end(&daemon);
}
END_TEST

/* One that has spoken waits for a place, in its turn, however long that takes. */
START_TEST(ready_clients_wait)
{
    struct daemon daemon;
    int port = harness_port();
    int fds[4];

    harness_serve(&daemon,
                  "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nstart-on = data\nmax-connections = 1\n"
                  "data-timeout = 500ms\nUSER\n",
                  port);
    for (int i = 0; i < 4; i++)
        fds[i] = client_connect(port);
    client_send(fds[0], "0");
    client_expect(fds[0], "0");
    for (int i = 1; i < 4; i++)
        client_send(fds[i], "x");
    for (int i = 0; i < 100; i++) /* data-timeout is over: it is not for them any more */
        harness_pause();
    for (int i = 0; i < 4; i++) {
        char *answer;

        shutdown(fds[i], SHUT_WR);
        answer = client_read_all(fds[i]);
        ck_assert_str_eq(answer, i == 0 ? "" : "x");
        free(answer);
    }
    ck_assert_int_eq(harness_log_count(&daemon, "active=2"), 0);
    harness_end(&daemon);
}
END_TEST

/* Clients that have spoken, and wait for a place that one more has. */
static void fill(int port, int *keeper, int *waiting, int count)
{
    for (int i = 0; i < count; i++)
        waiting[i] = client_connect(port);
    *keeper = client_connect(port);
    client_send(*keeper, "0");
    client_expect(*keeper, "0"); /* so all were accepted before */
    for (int i = 0; i < count; i++)
        client_send(waiting[i], "x");
}

/* At the limit of the daemon services take turns, however many are ready for one of them. */
START_TEST(ready_clients_take_turns)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port();
    int keeper, waiting[20], guest;
    char *log, *turn;
    int before = 0;

    harness_serve(&daemon,
                  "[stdinetd]\nmax-connections = 1\n[defaults]\nUSER\nexec = cat\n"
                  "[many]\nlisten = 127.0.0.1:%d\nstart-on = data\n"
                  "[one]\nlisten = 127.0.0.1:%d\n",
                  port, other);
    fill(port, &keeper, waiting, 20);
    guest = client_connect(other);
    client_send(guest, "guest");
    for (int i = 0; i < 20; i++) /* until it is seen that somebody waits there, too */
        harness_pause();
    for (int i = 0; i < 20; i++)
        shutdown(waiting[i], SHUT_WR);
    shutdown(keeper, SHUT_WR);
    client_expect(guest, "guest");
    harness_log_wait(&daemon, "one: start", 1);
    log = harness_log(&daemon);
    turn = strstr(log, "one: start");
    ck_assert_ptr_nonnull(turn);
    *turn = '\0';
    for (char *at = log; (at = strstr(at, "many: start")) != NULL; at++)
        before++;
    ck_assert_int_le(before, 3);
    free(log);
    shutdown(guest, SHUT_WR);
    for (int i = 0; i < 20; i++) {
        char *answer = client_read_all(waiting[i]);

        ck_assert_str_eq(answer, "x");
        free(answer);
    }
    close(keeper);
    close(guest);
    harness_end(&daemon);
}
END_TEST

/* The same when all handlers end in one turn, and those who are ready could fill all places at
 * once.
 */
START_TEST(ready_clients_take_turns_together)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port();
    int keeper, waiting[60], guest, served = 0;
    char byte;

    harness_serve(&daemon,
                  "[stdinetd]\nmax-connections = 3\n[defaults]\nUSER\nexec = cat\n"
                  "[many]\nlisten = 127.0.0.1:%d\nstart-on = data\nmax-connections = 0\n"
                  "[one]\nlisten = 127.0.0.1:%d\n",
                  port, other);
    fill(port, &keeper, waiting, 60);
    guest = client_connect(other);
    client_send(guest, "g");
    shutdown(guest, SHUT_WR);
    for (int i = 0; i < 20; i++) /* until it is seen that somebody waits there, too */
        harness_pause();
    close(keeper);
    for (int i = 0; i < 60 && recv(guest, &byte, 1, MSG_DONTWAIT) != 1; i += 3) {
        for (int j = i; j < i + 3; j++)
            client_expect(waiting[j], "x");
        harness_signal(&daemon, SIGSTOP);
        for (int j = i; j < i + 3; j++)
            close(waiting[j]);
        for (int j = 0; j < 4; j++) /* let the handlers end */
            harness_pause();
        harness_signal(&daemon, SIGCONT);
        harness_pause();
        served = i + 3;
    }
    ck_assert_int_lt(served, 60);
    for (int i = served; i < 60; i++)
        close(waiting[i]);
    close(guest);
    harness_end(&daemon);
}
END_TEST

/* Who has gone meanwhile has no handler. */
START_TEST(ready_clients_go)
{
    const struct linger reset = {.l_onoff = 1};
    struct daemon daemon;
    int port = harness_port();
    int keeper, waiting[20];

    harness_serve(&daemon,
                  "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nstart-on = data\nmax-connections = 1\n"
                  "USER\n",
                  port);
    fill(port, &keeper, waiting, 20);
    for (int i = 0; i < 19; i++) {
        setsockopt(waiting[i], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        close(waiting[i]);
    }
    shutdown(keeper, SHUT_WR);
    client_expect(waiting[19], "x");
    harness_log_wait(&daemon, "cat: start", 2);
    ck_assert_int_eq(harness_log_count(&daemon, "cat: start"), 2);
    close(waiting[19]);
    close(keeper);
    harness_end(&daemon);
}
END_TEST

static void allow_few_fds(void *context)
{
    const struct rlimit limit = {100, 100};

    (void)context;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        _exit(99);
}

/* Nor do they keep what others need: fds, and room to be held in. */
START_TEST(ready_clients_give_room)
{
    const struct daemon_options options = {.before_exec = allow_few_fds};
    const struct linger reset = {.l_onoff = 1};
    struct daemon daemon;
    int port = harness_port(), other = harness_port();
    int keeper, waiting[45], held[10];

    SKIP_IF(harness_is_wrapped(), "not under a wrapper");
    harness_begin(&daemon);
    harness_configure(&daemon,
                      "[defaults]\nstart-on = data\nexec = cat\nUSER\n"
                      "[cat]\nlisten = 127.0.0.1:%d\nmax-connections = 1\n"
                      "[other]\nlisten = 127.0.0.1:%d\n",
                      port, other);
    harness_start(&daemon, &options);
    fill(port, &keeper, waiting, 45);
    harness_log_wait(&daemon, "refused reason=held", 1);
    for (int i = 0; _i == 0 && i < 45; i++) {
        setsockopt(waiting[i], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        close(waiting[i]);
    }
    for (int i = 0; i < 10; i++)
        held[i] = client_connect(other);
    for (int i = 0; i < 10; i++)
        client_expect_answer(held[i], "held", "held");
    ck_assert_int_eq(harness_log_count(&daemon, "other: refused"), 0);
    for (int i = 0; _i == 1 && i < 45; i++)
        close(waiting[i]);
    close(keeper);
    harness_end(&daemon);
}
END_TEST

/* They wait on when a reload takes every socket of their service away. */
START_TEST(ready_clients_and_reload)
{
#define ONE_CAT \
    "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nstart-on = data\nmax-connections = 1\nUSER\n"
    struct daemon daemon;
    int port = harness_port();
    int keeper, waiting[3];

    harness_serve(&daemon, ONE_CAT, port);
    fill(port, &keeper, waiting, 3);
    harness_configure(&daemon, ONE_CAT, harness_port());
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 1);
    close(keeper);
    for (int i = 0; i < 3; i++)
        client_expect_answer(waiting[i], "y", "xy");
    harness_end(&daemon);
}
END_TEST

/* While the service rests nobody is tried, neither who comes nor who was held. */
START_TEST(held_while_resting)
{
    struct daemon daemon;
    int port = harness_port();
    char program[128];
    int held[3];

    harness_begin(&daemon);
    snprintf(program, sizeof(program), "%s/upper", daemon.directory);
    harness_write_program(program, "#!/bin/sh\nexec tr a-z A-Z\n");
    harness_configure(&daemon, "[upper]\nlisten = 127.0.0.1:%d\nexec = %s\nstart-on = data\nUSER\n",
                      port, program);
    harness_start(&daemon, NULL);
    for (int i = 0; i < 3; i++)
        held[i] = client_connect(port);
    unlink(program);
    client_expect_answer(client_connect(port), "too early", "");
    harness_log_wait(&daemon, "start failed", 1);
    for (int i = 0; i < 3; i++)
        client_send(held[i], "held");
    for (int i = 0; i < 20; i++)
        harness_pause();
    harness_write_program(program, "#!/bin/sh\nexec tr a-z A-Z\n");
    for (int i = 0; i < 3; i++)
        client_expect_answer(held[i], " on", "HELD ON");
    ck_assert_int_eq(harness_log_count(&daemon, "upper: start failed"), 1);
    harness_end(&daemon);
}
END_TEST

/* At their bound the one that has been silent for longest goes; whoever speaks is served. */
START_TEST(held_are_bounded)
{
    const struct daemon_options options = {.before_exec = allow_few_fds};
    struct daemon daemon;
    int port = harness_port();
    int fds[70];

    SKIP_IF(harness_is_wrapped(), "not under a wrapper");
    harness_begin(&daemon);
    harness_configure(&daemon,
                      "[upper]\nlisten = 127.0.0.1:%d\nstart-on = data\ndata-timeout = 1h\n" UPPER,
                      port);
    harness_start(&daemon, &options);
    for (int i = 0; i < 70; i++)
        fds[i] = client_connect(port);
    harness_log_wait(&daemon, "refused reason=held", 1);
    for (int i = 0; i < 20; i++)
        client_expect_closed(fds[i]); /* 50 stay */
    for (int i = 0; i < 10; i++)
        client_expect_answer(client_connect(port), "hello", "HELLO");
    client_expect_answer(fds[69], "me too", "ME TOO");
    for (int i = 20; i < 69; i++)
        close(fds[i]);
    harness_end(&daemon);
}
END_TEST

/* A reload keeps those that are held, or drops them with their service; the stop doesn't wait. */
START_TEST(held_and_reload)
{
    struct daemon daemon;
    int port = harness_port();
    int kept, dropped;

    harness_begin(&daemon);
    harness_configure(&daemon, "[upper]\nlisten = 127.0.0.1:%d\nstart-on = data\n" UPPER, port);
    harness_start(&daemon, NULL);
    kept = client_connect(port);
    client_expect_answer(client_connect(port), "hello", "HELLO"); /* so kept was accepted before */
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 1);
    client_expect_answer(kept, "kept", "KEPT");
    dropped = client_connect(port);
    client_expect_answer(client_connect(port), "hello", "HELLO");
    harness_configure(&daemon, "[other]\nlisten = 127.0.0.1:%d\nstart-on = data\n" UPPER, port);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 2);
    client_expect_closed(dropped);
    kept = client_connect(port);
    client_expect_answer(client_connect(port), "hello", "HELLO");
    harness_signal(&daemon, SIGTERM);
    ck_assert_int_eq(harness_wait(&daemon), 0);
    client_expect_closed(kept);
    harness_remove(&daemon);
}
END_TEST

/* Who is held for a byte that isn't asked for any more needn't send it. */
START_TEST(held_until_reload)
{
#define GREETER "[greeter]\nlisten = 127.0.0.1:%d\nexec = echo hello\n%sUSER\n"
    struct daemon daemon;
    int port = harness_port(), fds[5];

    harness_begin(&daemon);
    harness_configure(&daemon, GREETER, port, "start-on = data\ndata-timeout = 1h\n");
    harness_start(&daemon, NULL);
    for (int i = 0; i < 5; i++)
        fds[i] = client_connect(port);
    client_send(fds[4], "x");
    client_expect(fds[4], "hello\n"); /* so the others were accepted before */
    harness_configure(&daemon, GREETER, port, "");
    harness_signal(&daemon, SIGHUP);
    for (int i = 0; i < 4; i++) {
        client_expect(fds[i], "hello\n");
        close(fds[i]);
    }
    close(fds[4]);
    harness_end(&daemon);
}
END_TEST

/* --- PROXY ---------------------------------------------------------------------------------- */

#define SHOW_WHO                                                                       \
    "exec = sh -c 'echo $REMOTE_ADDR $TCPREMOTEPORT $TCPLOCALIP $TCPLOCALPORT; cat'\n" \
    "proxy-protocol = yes\nproxy-from = 127.0.0.1\nUSER\n"

static const struct {
    const char *header;
    size_t length;
    const char *told;
} headers[] = {
#define TEXT(text) text, sizeof(text) - 1
    {TEXT("PROXY TCP4 192.0.2.1 198.51.100.1 40000 443\r\n"), "192.0.2.1 40000 198.51.100.1 443\n"},
    {TEXT("PROXY TCP6 2001:db8::1 2001:db8::2 40000 443\r\n"),
     "2001:db8::1 40000 2001:db8::2 443\n"},
    {TEXT("PROXY UNKNOWN\r\n"), NULL},
    {TEXT("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\1\x9c\x40\x01\xbb"),
     "192.0.2.1 40000 198.51.100.1 443\n"},
    /* With extensions behind the addresses. */
    {TEXT("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x12\xc0\0\2\1\xc6\x33\x64\1\x9c\x40\x01\xbb\x04\0\3abc"),
     "192.0.2.1 40000 198.51.100.1 443\n"},
    {TEXT("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"), NULL}, /* LOCAL */
};

/* The answer to a header and what is behind it; without an address told it is the client's own. */
static void check_told(int fd, const char *told, const char *rest)
{
    char *answer;

    shutdown(fd, SHUT_WR);
    answer = client_read_all(fd);
    if (told)
        ck_assert_msg(strncmp(answer, told, strlen(told)) == 0, "%s", answer);
    else
        ck_assert_msg(strncmp(answer, "127.0.0.1 ", 10) == 0, "%s", answer);
    ck_assert_str_eq(strchr(answer, '\n') + 1, rest);
    free(answer);
}

/* Header and first data in one segment; and the header byte by byte. */
START_TEST(proxy_header)
{
    struct daemon daemon;
    int port = harness_port();

    harness_serve(&daemon, "[who]\nlisten = 127.0.0.1:%d\n%s" SHOW_WHO, port,
                  _i % 2 == 0 ? "" : "start-on = data\n");
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        char text[256] = "";
        int fd = client_connect(port);

        memcpy(text, headers[i].header, headers[i].length);
        memcpy(text + headers[i].length, "rest\n", 5);
        ck_assert_int_gt(send(fd, text, headers[i].length + 5, 0), 0);
        check_told(fd, headers[i].told, "rest\n");
        fd = client_connect(port);
        setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &(int){1}, sizeof(int));
        for (size_t j = 0; j < headers[i].length + 5; j++) {
            ck_assert_int_eq(send(fd, text + j, 1, 0), 1);
            if (j % 7 == 0)
                harness_pause();
        }
        check_told(fd, headers[i].told, "rest\n");
    }
    ck_assert_int_eq(harness_log_count(&daemon, "refused"), 0);
    harness_end(&daemon);
}
END_TEST

/* What is no header, and who is no proxy; limits go by the address that is told. */
START_TEST(proxy_refused)
{
    struct daemon daemon;
    int port = harness_port();
    int fd, other;

    harness_serve(&daemon,
                  "[who]\nlisten = 127.0.0.1:%d\nmax-connections-per-source = 1\n"
                  "deny = 192.0.2.66 127.0.0.1\ndata-timeout = 500ms\n" SHOW_WHO,
                  port);
    fd = client_connect(port);
    client_send(fd, "GET / HTTP/1.0\r\n\r\n");
    client_expect_closed(fd);
    harness_log_wait(&daemon, "refused reason=proxy-header peer=127.0.0.1", 1);
    client_expect_closed(client_connect_from("127.0.0.2", port));
    harness_log_wait(&daemon, "refused reason=proxy peer=127.0.0.2", 1);
    fd = client_connect(port);
    client_send(fd, "PROXY TCP4 192.0.2.66 198.51.100.1 1 2\r\n");
    client_expect_closed(fd);
    harness_log_wait(&daemon, "refused reason=denied peer=192.0.2.66:1", 1);
    fd = client_connect(port);
    client_send(fd, "PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\n");
    client_expect(fd, "192.0.2.1 1 198.51.100.1 2\n");
    other = client_connect(port);
    client_send(other, "PROXY TCP4 192.0.2.1 198.51.100.1 3 2\r\n");
    client_expect_closed(other);
    harness_log_wait(&daemon, "refused reason=source-full peer=192.0.2.1:3", 1);
    other = client_connect(port);
    client_send(other, "PROXY TCP4 192.0.2.2 198.51.100.1 3 2\r\n");
    client_expect(other, "192.0.2.2 3 198.51.100.1 2\n");
    close(fd);
    close(other);
    /* Half a header, and then nothing. */
    fd = client_connect(port);
    client_send(fd, "PROXY TCP4 192.0.2");
    client_expect_closed(fd);
    harness_log_wait(&daemon, "outcome=silent", 1);
    harness_end(&daemon);
}
END_TEST

/* What a proxy does on its own account is nobody's fault, and needs no handler. */
START_TEST(proxys_own_checks)
{
    const struct linger reset = {.l_onoff = 1};
    struct daemon daemon;
    int port = harness_port();
    int fd;

    harness_serve(&daemon,
                  "[who]\nlisten = 127.0.0.1:%d\nstart-on = data\npenalty = silent:1h\n"
                  "penalty-min = 0\n" SHOW_WHO,
                  port);
    for (int i = 0; i < 10; i++) {
        fd = client_connect(port);
        ck_assert_int_eq(send(fd, "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16, 0), 16);
        if (i % 2 == 0)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        close(fd);
    }
    fd = client_connect(port);
    client_send(fd, "PROXY UNKNOWN\r\n");
    shutdown(fd, SHUT_WR);
    client_expect_closed(fd);
    fd = client_connect(port);
    client_send(fd, "PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\nx");
    client_expect(fd, "192.0.2.1 1 198.51.100.1 2\n");
    close(fd);
    harness_log_wait(&daemon, "who: start", 1);
    ck_assert_int_eq(harness_log_count(&daemon, "who: start"), 1);
    ck_assert_int_eq(harness_log_count(&daemon, "penalty"), 0);
    ck_assert_int_eq(harness_log_count(&daemon, "silent"), 0);
    harness_end(&daemon);
}
END_TEST

/* A TCP connection that would be waited for in close(): SO_LINGER, and more than its peer reads. */
static int lingering_socket(int port)
{
    const struct linger long_time = {.l_onoff = 1, .l_linger = 8};
    char bytes[65536] = "";
    int fd = client_connect(port);

    while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
        ;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &long_time, sizeof(long_time));
    return fd;
}

/* Who says all and closes is there, on a unix socket; also behind a proxy, whoever it tells. */
START_TEST(proxy_on_a_unix_socket)
{
    struct daemon daemon;
    char path[128];
    int fd;

    harness_begin(&daemon);
    snprintf(path, sizeof(path), "%s/socket", daemon.directory);
    harness_configure(&daemon,
                      "[say]\nlisten = unix:%s\nexec = sh -c 'read -r word; echo \"$word\" >&2'\n"
                      "proxy-protocol = yes\nproxy-from = unix\nUSER\n",
                      path);
    harness_start(&daemon, NULL);
    for (int i = 1; i <= 5; i++) {
        fd = client_connect_unix(path);
        client_send(fd, "PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\nspoken\n");
        close(fd);
        harness_log_wait(&daemon, "spoken", i);
    }
    harness_end(&daemon);
}
END_TEST

/* An fd that comes along with a header over a unix socket is nobody's, and its close is nobody's
 * wait. */
START_TEST(proxy_header_with_an_fd)
{
    struct daemon daemon;
    int port = harness_port(), sink = harness_port(), sent, fd;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
                            .cmsg_level = SOL_SOCKET,
                            .cmsg_type = SCM_RIGHTS}};
    char path[128], text[] = "PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\n", *answer;
    struct iovec part = {text, sizeof(text) - 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    long began;

    harness_begin(&daemon);
    snprintf(path, sizeof(path), "%s/socket", daemon.directory);
    harness_configure(&daemon,
                      "[stdinetd]\nstop-timeout = 100ms\n[defaults]\nUSER\nstderr = "
                      "null\n[sink]\nlisten = 127.0.0.1:%d\n"
                      "exec = sleep 30\n[upper]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\n"
                      "[who]\nlisten = unix:%s\nexec = cat\nproxy-protocol = yes\n"
                      "proxy-from = unix\ndeny = 192.0.2.1\n",
                      sink, port, path);
    harness_start(&daemon, NULL);
    sent = lingering_socket(sink);
    memcpy(CMSG_DATA(&control.header), &sent, sizeof(sent));
    fd = client_connect_unix(path);
    ck_assert(sendmsg(fd, &message, 0) > 0);
    close(sent); /* the one in the message is the last */
    began = harness_now();
    harness_log_wait(&daemon, "refused reason=denied peer=192.0.2.1", 1);
    answer = client_exchange(port, "hello");
    ck_assert_str_eq(answer, "HELLO");
    free(answer);
    ck_assert_int_lt(harness_now() - began, 6000);
    close(fd);
    harness_end(&daemon);
}
END_TEST

Suite *guard_suite(void)
{
    Suite *suite = suite_create("guard");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, LONGEST);
    tcase_add_test(all, rate_queues);
    tcase_add_test(all, rate_refuses);
    tcase_add_test(all, connections_per_source);
    tcase_add_test(all, rate_per_source);
    tcase_add_test(all, source_prefix);
    tcase_add_test(all, ipv6_rotation);
    tcase_add_test(all, allow_and_deny);
    tcase_add_test(all, penalty);
    tcase_add_test(all, penalty_short);
    tcase_add_test(all, start_on_data);
    tcase_add_test(all, ready_clients_wait);
    tcase_add_test(all, ready_clients_take_turns);
    tcase_add_test(all, ready_clients_take_turns_together);
    tcase_add_test(all, ready_clients_go);
    tcase_add_loop_test(all, ready_clients_give_room, 0, 2);
    tcase_add_test(all, ready_clients_and_reload);
    tcase_add_test(all, held_while_resting);
    tcase_add_test(all, held_are_bounded);
    tcase_add_test(all, held_and_reload);
    tcase_add_test(all, held_until_reload);
    tcase_add_loop_test(all, proxy_header, 0, 2);
    tcase_add_test(all, proxy_refused);
    tcase_add_test(all, proxys_own_checks);
    tcase_add_test(all, proxy_on_a_unix_socket);
    tcase_add_test(all, proxy_header_with_an_fd);
    suite_add_tcase(suite, all);
    return suite;
}

/* What an upgrade carries over: clients that are held, what limits count, what is owed to rates and
 * penalties, sockets of every kind and those that are lent, what handlers say and how they end. */
#include "control.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define UPPER "exec = tr a-z A-Z\nUSER\n"
#define PROBE "STDINETD_PROBE"

/* Whether nothing has come on fd, which is open. */
static bool is_silent(int fd)
{
    return recv(fd, &(char){0}, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

/* A client of "exec = cat" that has its handler. */
static int talk(int fd)
{
    client_send(fd, "x");
    client_expect(fd, "x");
    return fd;
}

/* --- clients without a handler -------------------------------------------------------------- */

#define SHOW_WHO                                                                       \
    "exec = sh -c 'echo $REMOTE_ADDR $TCPREMOTEPORT $TCPLOCALIP $TCPLOCALPORT; cat'\n" \
    "proxy-protocol = yes\nproxy-from = 127.0.0.1\nUSER\n"

static const struct {
    const char *header;
    size_t length;
} headers[] = {
#define TEXT(text) text, sizeof(text) - 1
    {TEXT("PROXY TCP4 192.0.2.1 198.51.100.1 40000 443\r\n")},
    {TEXT("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x12\xc0\0\2\1\xc6\x33\x64\1\x9c\x40\x01\xbb\x04\0\3abc")},
};

/* All cuts of both, begun in that order; then ended in that order. */
#define CUTS 128

static int begin_headers(int port, int fds[static CUTS])
{
    int count = 0;

    for (size_t i = 0; i < 2; i++)
        for (size_t cut = 1; cut < headers[i].length; cut++) {
            int fd = fds[count++] = client_connect(port);

            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
            ck_assert_int_eq(send(fd, headers[i].header, cut, 0), (ssize_t)cut);
        }
    return count;
}

static void end_headers(int fds[static CUTS])
{
    int count = 0;

    for (size_t i = 0; i < 2; i++)
        for (size_t cut = 1; cut < headers[i].length; cut++) {
            char text[256];
            size_t rest = headers[i].length - cut;

            memcpy(text, headers[i].header + cut, rest);
            memcpy(text + rest, "rest\n", 6);
            ck_assert_int_gt(send(fds[count], text, rest + 5, 0), 0);
            client_expect_answer(fds[count++], "", "192.0.2.1 40000 198.51.100.1 443\nrest\n");
        }
}

/* A header that is cut at every byte, with upgrades between both parts: it is the same client, and
 * not one byte of what is behind it is lost. */
START_TEST(proxy_header_in_pieces)
{
    struct daemon daemon;
    int port = harness_port(), fds[CUTS], count;
    char expected[64];

    harness_serve(&daemon, "[who]\nlisten = 127.0.0.1:%d\n%s" SHOW_WHO, port,
                  _i % 2 == 0 ? "" : "start-on = data\n");
    count = begin_headers(port, fds);
    harness_upgrade(&daemon, 1);
    harness_upgrade(&daemon, 2);
    snprintf(expected, sizeof(expected), "and %d waiting clients", count);
    harness_log_wait(&daemon, expected, 1);
    end_headers(fds);
    ck_assert_int_eq(harness_log_count(&daemon, "refused"), 0);
    harness_end(&daemon);
}
END_TEST

/* Who is silent is held on, to its own deadline, and served with its first byte. */
START_TEST(held_for_data)
{
    struct daemon daemon;
    int port = harness_port(), silent, patient, gone;
    long began;

    harness_serve(&daemon,
                  "[upper]\nlisten = 127.0.0.1:%d\nstart-on = data\ndata-timeout = 3s\n" UPPER,
                  port);
    began = harness_now();
    silent = client_connect(port);
    patient = client_connect(port);
    gone = client_connect(port);
    for (int i = 1; i <= 5; i++)
        harness_upgrade(&daemon, i);
    harness_log_wait(&daemon, "0 handlers and 3 waiting clients", 1);
    ck_assert(is_silent(silent) && is_silent(patient));
    ck_assert_int_eq(harness_log_count(&daemon, "upper: start"), 0);
    client_expect_answer(patient, "first", "FIRST");
    close(gone);
    harness_log_wait(&daemon, "outcome=silent", 1);
    client_expect_closed(silent);
    ck_assert_int_ge(harness_now() - began, 3000);
    harness_log_wait(&daemon, "outcome=silent", 2);
    harness_end(&daemon);
}
END_TEST

/* A client is no longer held for its first byte where the configuration that comes with the upgrade
 * starts without: its handler may be the one that speaks first. */
START_TEST(held_no_longer)
{
    struct daemon daemon;
    int port = harness_port(), fd;

    harness_serve(&daemon,
                  "[greeter]\nlisten = 127.0.0.1:%d\nexec = echo hello\nUSER\n"
                  "start-on = data\ndata-timeout = 0\n",
                  port);
    fd = client_connect(port);
    harness_upgrade(&daemon, 1);
    harness_log_wait(&daemon, "and 1 waiting clients", 1);
    harness_configure(&daemon, "[greeter]\nlisten = 127.0.0.1:%d\nexec = echo hello\nUSER\n", port);
    harness_upgrade(&daemon, 2);
    client_expect(fd, "hello\n");
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* Who is ready and waits for a place, and who waits in the backlog: in their order. */
START_TEST(waiting_clients)
{
    struct daemon daemon;
    int ports[2] = {harness_port(), harness_port()};
    int first[2], ready[3], outside[3];

    harness_serve(&daemon,
                  "[held]\nlisten = 127.0.0.1:%d\nexec = cat\nstart-on = data\nmax-connections = "
                  "1\nUSER\n[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nmax-connections = 1\nUSER\n",
                  ports[0], ports[1]);
    first[0] = client_connect(ports[0]);
    for (int i = 0; i < 3; i++)
        ready[i] = client_connect(ports[0]);
    /* They are held, each with a handler to come; from now on there is one. */
    harness_upgrade(&daemon, 1);
    harness_log_wait(&daemon, "and 4 waiting clients", 1);
    talk(first[0]);
    first[1] = talk(client_connect(ports[1]));
    for (int i = 0; i < 3; i++) {
        client_send(ready[i], "ready");
        outside[i] = client_connect(ports[1]);
        client_send(outside[i], "outside");
    }
    harness_upgrade(&daemon, 2);
    harness_upgrade(&daemon, 3);
    harness_log_wait(&daemon, "and 3 waiting clients", 2);
    for (int i = 0; i < 3; i++)
        ck_assert(is_silent(ready[i]) && is_silent(outside[i]));
    close(first[0]);
    close(first[1]);
    for (int i = 0; i < 3; i++) {
        client_expect(ready[i], "ready");
        client_expect(outside[i], "outside");
        if (i < 2)
            ck_assert(is_silent(ready[i + 1]) && is_silent(outside[i + 1]));
        close(ready[i]);
        close(outside[i]);
    }
    ck_assert_int_eq(harness_log_count(&daemon, "active=2"), 0);
    harness_end(&daemon);
}
END_TEST

/* Clients whose service is gone with the upgrade's configuration are closed, without a word as by a
 * reload; handlers stay. */
START_TEST(service_is_gone)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port();
    int silent, held, running, again;

    harness_serve(&daemon,
                  "[gone]\nlisten = 127.0.0.1:%d\nexec = cat\nstart-on = data\nkill-after = 2s\n"
                  "max-connections = 1\nUSER\n",
                  port);
    silent = client_connect(port);
    running = talk(client_connect(port));
    held = client_connect(port);
    harness_log_wait(&daemon, "gone: start", 1);
    harness_upgrade(&daemon, 1);
    harness_log_wait(&daemon, "and 1 waiting clients", 1);
    harness_configure(&daemon, "[upper]\nlisten = 127.0.0.1:%d\n" UPPER, other);
    harness_upgrade(&daemon, 2);
    client_expect_closed(held);
    client_expect_closed(silent);
    ck_assert_int_eq(harness_log_count(&daemon, "could not restore"), 0);
    ck_assert_int_eq(client_try(port), -ECONNREFUSED);
    talk(running);
    client_expect_answer(client_connect(other), "here", "HERE");
    harness_upgrade(&daemon, 3);
    talk(running);
    /* It comes back, and with it the count. */
    harness_configure(
        &daemon, "[gone]\nlisten = 127.0.0.1:%d\nexec = cat\nmax-connections = 1\nUSER\n", port);
    harness_upgrade(&daemon, 4);
    again = client_connect(port);
    client_send(again, "y");
    talk(running);
    ck_assert(is_silent(again));
    close(running);
    client_expect(again, "y");
    close(again);
    harness_log_wait(&daemon, "gone: end", 2);
    ck_assert_int_eq(harness_log_count(&daemon, "outcome=ok"), 3);
    harness_end(&daemon);
}
END_TEST

/* Services are found by their names, in whatever order: handlers and what is counted stay theirs.
 */
START_TEST(another_order)
{
#define SERVICE(name) "[" name "]\nlisten = 127.0.0.1:%d\nexec = cat\nmax-connections = 1\nUSER\n"
    struct daemon daemon;
    int ports[3] = {harness_port(), harness_port(), harness_port()};
    int fds[3], again;

    harness_serve(&daemon, SERVICE("one") SERVICE("two") SERVICE("three"), ports[0], ports[1],
                  ports[2]);
    for (int i = 0; i < 3; i++)
        fds[i] = talk(client_connect(ports[i]));
    harness_configure(&daemon, SERVICE("three") SERVICE("new") SERVICE("one"), ports[2],
                      harness_port(), ports[0]);
    harness_upgrade(&daemon, 1);
    again = client_connect(ports[0]);
    client_send(again, "y");
    for (int i = 0; i < 3; i++)
        talk(fds[i]);
    close(fds[1]);
    harness_log_wait(&daemon, "two: end", 1);
    close(fds[2]);
    harness_log_wait(&daemon, "three: end", 1);
    ck_assert(is_silent(again));
    close(fds[0]);
    harness_log_wait(&daemon, "one: end", 1);
    client_expect(again, "y");
    close(again);
    harness_log_wait(&daemon, "one: end", 2);
    harness_end(&daemon);
#undef SERVICE
}
END_TEST

/* --- what is counted ------------------------------------------------------------------------ */

START_TEST(limits)
{
    struct daemon daemon;
    int port = harness_port(), one, other;
    char *answer;

    harness_serve(&daemon,
                  "[stdinetd]\nmax-connections = 3\n"
                  "[cat]\nlisten = 127.0.0.1:%d\nexec = sh -c 'echo $TCPCONNNUM "
                  "$STDINETD_CONNECTION; exec cat'\n"
                  "max-connections-per-source = 2\nwhen-full = refuse\nUSER\n",
                  port);
    one = client_connect_from("127.0.0.2", port);
    client_expect(one, "1 1\n");
    harness_upgrade(&daemon, 1);
    other = client_connect_from("127.0.0.2", port);
    client_expect(other, "2 2\n");
    harness_upgrade(&daemon, 2);
    client_expect_closed(client_connect_from("127.0.0.2", port));
    harness_log_wait(&daemon, "refused reason=source-full peer=127.0.0.2", 1);
    shutdown(one, SHUT_WR);
    answer = client_read_all(one);
    free(answer);
    harness_log_wait(&daemon, "cat: end", 1);
    harness_upgrade(&daemon, 3);
    one = client_connect_from("127.0.0.2", port);
    client_expect(one, "2 3\n");
    client_expect(client_connect_from("127.0.0.3", port), "1 4\n");
    harness_upgrade(&daemon, 4);
    client_expect_closed(client_connect_from("127.0.0.4", port));
    harness_log_wait(&daemon, "refused reason=daemon-full peer=127.0.0.4", 1);
    harness_signal(&daemon, SIGKILL);
    harness_wait(&daemon);
    harness_remove(&daemon);
}
END_TEST

START_TEST(rates)
{
    struct daemon daemon;
    int ports[2] = {harness_port(), harness_port()};

    harness_serve(&daemon,
                  "[service]\nlisten = 127.0.0.1:%d\nrate = 3/1h\nwhen-full = refuse\n" UPPER
                  "[source]\nlisten = 127.0.0.1:%d\nrate-per-source = 2/1h\n" UPPER,
                  ports[0], ports[1]);
    for (int i = 0; i < 2; i++) {
        client_expect_answer(client_connect_from("127.0.0.2", ports[0]), "rate", "RATE");
        client_expect_answer(client_connect_from("127.0.0.2", ports[1]), "rate", "RATE");
    }
    harness_upgrade(&daemon, 1);
    harness_upgrade(&daemon, 2);
    client_expect_answer(client_connect_from("127.0.0.3", ports[0]), "rate", "RATE");
    client_expect_closed(client_connect_from("127.0.0.4", ports[0]));
    client_expect_closed(client_connect_from("127.0.0.2", ports[1]));
    client_expect_answer(client_connect_from("127.0.0.3", ports[1]), "rate", "RATE");
    harness_log_wait(&daemon, "refused reason=rate peer=127.0.0.4", 1);
    harness_log_wait(&daemon, "refused reason=source-rate peer=127.0.0.2", 1);
    /* A service that isn't told of any more forgets nothing either: reloads and upgrades alike. */
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 1);
    client_expect_closed(client_connect_from("127.0.0.2", ports[1]));
    harness_end(&daemon);
}
END_TEST

START_TEST(penalties)
{
    struct daemon daemon;
    int port = harness_port();
    long began;

    harness_serve(&daemon,
                  "[exit]\nlisten = 127.0.0.1:%d\nexec = sh -c 'read -r status; exit $status'\n"
                  "penalty = exit.3:4s exit.4:1h\npenalty-min = 0\nUSER\n",
                  port);
    began = harness_now();
    client_expect_answer(client_connect_from("127.0.0.2", port), "3\n", "");
    client_expect_answer(client_connect_from("127.0.0.3", port), "4\n", "");
    harness_log_wait(&daemon, "exit: end", 2);
    harness_upgrade(&daemon, 1);
    harness_upgrade(&daemon, 2);
    client_expect_closed(client_connect_from("127.0.0.2", port));
    harness_log_wait(&daemon, "refused reason=penalty peer=127.0.0.2", 1);
    client_expect_closed(client_connect_from("127.0.0.3", port));
    client_expect_answer(client_connect_from("127.0.0.4", port), "0\n", "");
    harness_log_wait(&daemon, "penalty ended source=127.0.0.2", 1);
    ck_assert_int_ge(harness_now() - began, 4000);
    client_expect_answer(client_connect_from("127.0.0.2", port), "0\n", "");
    client_expect_closed(client_connect_from("127.0.0.3", port));
    harness_log_wait(&daemon, "outcome=ok", 2);
    /* A handler's end earns its penalty where it began before the upgrade. */
    {
        int fd = client_connect_from("127.0.0.5", port);

        harness_log_wait(&daemon, "exit: start", 5);
        harness_upgrade(&daemon, 3);
        client_expect_answer(fd, "4\n", "");
        harness_log_wait(&daemon, "outcome=exit.4", 2);
        client_expect_closed(client_connect_from("127.0.0.5", port));
    }
    harness_end(&daemon);
}
END_TEST

/* A service that rests goes on resting; at once back when its program is. */
START_TEST(rests)
{
    struct daemon daemon;
    int port = harness_port(), fd;
    char program[128];

    harness_be_cold();
    harness_begin(&daemon);
    snprintf(program, sizeof(program), "%s/program", daemon.directory);
    ck_assert(harness_shell("cp /bin/cat '%s'", program) == 0);
    harness_configure(&daemon, "[cat]\nlisten = 127.0.0.1:%d\nexec = %s\nUSER\n", port, program);
    harness_start(&daemon, NULL);
    harness_write_program(program, "noise");
    client_expect_closed(client_connect(port));
    harness_log_wait(&daemon, "start failed", 1);
    fd = client_connect(port);
    client_send(fd, "x");
    harness_upgrade(&daemon, 1);
    harness_signal(&daemon, SIGUSR1);
    harness_log_wait(&daemon, "state=resting", 1);
    /* Whole at once: the service may look in between. */
    harness_shell("cp /bin/cat '%s.new' && mv '%s.new' '%s'", program, program, program);
    client_expect(fd, "x");
    harness_log_wait(&daemon, "service started again", 1);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* --- handlers ------------------------------------------------------------------------------- */

/* Its max-runtime ends a handler at its moment, and what is sent again is sent again. */
START_TEST(max_runtime)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port(), fd, stubborn;
    long began;

    harness_serve(&daemon,
                  "[defaults]\nUSER\n[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nmax-runtime = 3s\n"
                  "[stubborn]\nlisten = 127.0.0.1:%d\nmax-runtime = 1s\nkill-after = 4s\n"
                  "exec = sh -c 'trap \"\" TERM; echo ready; while :; do sleep 0.1; done'\n",
                  port, other);
    began = harness_now();
    fd = talk(client_connect(port));
    stubborn = client_connect(other);
    client_expect(stubborn, "ready");
    harness_upgrade(&daemon, 1);
    harness_log_wait(&daemon, "max-runtime exceeded", 1);
    harness_upgrade(&daemon, 2);
    client_expect_closed(fd);
    ck_assert_int_ge(harness_now() - began, 3000);
    harness_log_wait(&daemon, "cat: end", 1);
    harness_upgrade(&daemon, 3);
    client_expect_closed(stubborn);
    ck_assert_int_ge(harness_now() - began, 5000);
    harness_log_wait(&daemon, "outcome=timeout signal=SIGKILL", 1);
    harness_log_wait(&daemon, "outcome=timeout", 2);
    ck_assert_int_eq(harness_log_count(&daemon, "max-runtime exceeded"), 3); /* two TERM, a KILL */
    harness_end(&daemon);
}
END_TEST

/* Who ended in the moment of the upgrade, or while there was nobody to hear of it, is not lost. */
START_TEST(ends_meanwhile)
{
    struct daemon daemon;
    int port = harness_port(), fds[50];

    harness_serve(&daemon, "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n", port);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 50; i++)
            fds[i] = talk(client_connect(port));
        harness_log_wait(&daemon, "cat: start", 50 * (round + 1));
        harness_signal(&daemon, SIGUSR2);
        for (int i = 0; i < 50; i++) {
            close(fds[i]);
            if (i % 10 == 9)
                harness_pause();
        }
        harness_log_wait(&daemon, "notice upgraded", round + 1);
        harness_log_wait(&daemon, "cat: end", 50 * (round + 1));
    }
    ck_assert_int_eq(harness_log_count(&daemon, "outcome=ok"), 250);
    ck_assert_int_eq(harness_log_count(&daemon, "could not restore"), 0);
    harness_end(&daemon);
}
END_TEST

/* kill-mode = group, as it was when the handler was started. */
START_TEST(kill_mode)
{
    struct daemon daemon;
    int port = harness_port(), fd;

    harness_serve(&daemon,
                  "[group]\nlisten = 127.0.0.1:%d\nkill-mode = group\n"
                  "exec = sh -c 'sleep 300 & echo ready; cat >/dev/null'\nUSER\n",
                  port);
    fd = client_connect(port);
    client_expect(fd, "ready");
    harness_configure(&daemon, "[group]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n", port);
    harness_upgrade(&daemon, 1);
    shutdown(fd, SHUT_WR);
    client_expect_closed(fd); /* sleep has it open, too */
    harness_end(&daemon);
}
END_TEST

static bool says_half_line(const struct daemon *daemon, int port, int upgrade)
{
    int fd = client_connect(port);
    char *answer;

    client_expect(fd, "half");
    harness_upgrade(daemon, upgrade);
    client_send(fd, "\n");
    shutdown(fd, SHUT_WR);
    answer = client_read_all(fd);
    free(answer);
    harness_log_wait(daemon, "says: end", upgrade);
    return harness_log_count(daemon, "says: one half and the other") > 0;
}

/* A line that was begun before is whole; one that isn't finished in a second comes as it is, so on
 * a machine that is busy it may need another try. */
START_TEST(stderr_lines)
{
    struct daemon daemon;
    int port = harness_port(), tries = 0, fd;

    harness_serve(&daemon,
                  "[says]\nlisten = 127.0.0.1:%d\nUSER\nexec = sh -c 'printf \"one half\" >&2; "
                  "echo half; read -r go; echo \" and the other\" >&2; echo last >&2'\n",
                  port);
    while (!says_half_line(&daemon, port, ++tries))
        ck_assert_int_lt(tries, 10);
    ck_assert_int_eq(harness_log_count(&daemon, "says: last"), tries);
    /* Handlers of both builds share the channel. */
    fd = client_connect(port);
    client_expect(fd, "half");
    harness_log_wait(&daemon, "says: one half", tries + 1);
    client_send(fd, "\n");
    harness_log_wait(&daemon, "says: last", tries + 1);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* linger-close: the copy of a connection whose handler runs, and one that is on its way. */
START_TEST(linger_close)
{
    struct daemon daemon;
    int port = harness_port(), running, lingering;
    char *answer;

    harness_serve(&daemon,
                  "[linger]\nlisten = 127.0.0.1:%d\nlinger-close = 20s\nUSER\n"
                  "exec = sh -c 'read -r line; echo hello'\n",
                  port);
    running = client_connect(port);
    lingering = client_connect(port);
    client_send(lingering, "go\nand a request that nobody reads");
    harness_log_wait(&daemon, "linger: end", 1);
    harness_upgrade(&daemon, 1);
    harness_upgrade(&daemon, 2);
    client_expect(lingering, "hello\n");
    /* The writing side was closed; what still comes is read away, and not reset. */
    ck_assert_int_eq(recv(lingering, &(char){0}, 1, 0), 0);
    for (int i = 0; i < 20; i++) {
        client_send(lingering, ", and more of it");
        harness_pause();
    }
    close(lingering);
    client_send(running, "go\nand a request that nobody reads");
    harness_log_wait(&daemon, "linger: end", 2);
    client_send(running, ", and more of it");
    answer = client_read_all(running);
    ck_assert_str_eq(answer, "hello\n");
    free(answer);
    harness_end(&daemon);
}
END_TEST

/* --- sockets -------------------------------------------------------------------------------- */

static int client_datagrams(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const struct timeval deadline = {.tv_sec = DEADLINE};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
    return fd;
}

static void ask(int fd, const char *text)
{
    ck_assert_int_eq(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
}

static void expect_datagram(int fd, const char *expected)
{
    char text[512];
    ssize_t got = recv(fd, text, sizeof(text) - 1, 0);

    ck_assert_msg(got >= 0, "no answer: %s", strerror(errno));
    text[got] = '\0';
    ck_assert_str_eq(text, expected);
}

#define LENT(protocol, name) protocol " 1 " name " own-pid same blocking 3"

/* wait = yes: the handler that has the socket keeps it; when it ends the socket is watched again.
 */
START_TEST(lent_sockets)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port(), fd;
    char *answer;

    harness_serve(&daemon,
                  "[defaults]\nUSER\n[ask]\nlisten = udp:127.0.0.1:%d\nexec = %s lent 2\n"
                  "[stream]\nlisten = 127.0.0.1:%d\nwait = yes\nexec = %s lent 2\n",
                  port, getenv(PROBE), other, getenv(PROBE));
    fd = client_datagrams(port);
    for (int round = 1; round <= 2; round++) {
        ask(fd, "ask");
        expect_datagram(fd, LENT("UDP", "ask"));
        answer = client_read_all(client_connect(other));
        ck_assert_str_eq(answer, LENT("TCP", "stream"));
        free(answer);
        harness_upgrade(&daemon, round);
        /* The same handlers answer once more. */
        ask(fd, "ask");
        expect_datagram(fd, LENT("UDP", "ask"));
        answer = client_read_all(client_connect(other));
        ck_assert_str_eq(answer, LENT("TCP", "stream"));
        free(answer);
        harness_log_wait(&daemon, "ask: end", round);
        harness_log_wait(&daemon, "stream: end", round);
        ck_assert_int_eq(harness_log_count(&daemon, "ask: start"), round);
        ck_assert_int_eq(harness_log_count(&daemon, "stream: start"), round);
    }
    /* A datagram that nobody reads: the third end in a row is the third one, upgrade or not. */
    ask(fd, "bad");
    harness_log_wait(&daemon, "ask: end", 4);
    harness_upgrade(&daemon, 3);
    harness_log_wait(&daemon, "datagrams dropped, socket backs off", 1);
    harness_upgrade(&daemon, 4);
    ask(fd, "ask");
    expect_datagram(fd, LENT("UDP", "ask"));
    ask(fd, "ask");
    expect_datagram(fd, LENT("UDP", "ask"));
    harness_log_wait(&daemon, "handlers read from the socket again", 1);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* A socket that handlers had and that is to be accepted from now is opened anew. */
START_TEST(lent_before)
{
    struct daemon daemon;
    int port = harness_port();
    char *answer;

    harness_serve(&daemon, "[stream]\nlisten = 127.0.0.1:%d\nwait = yes\nexec = %s lent 1\nUSER\n",
                  port, getenv(PROBE));
    answer = client_read_all(client_connect(port));
    free(answer);
    harness_log_wait(&daemon, "stream: end", 1);
    harness_configure(&daemon, "[stream]\nlisten = 127.0.0.1:%d\n" UPPER, port);
    harness_upgrade(&daemon, 1);
    client_expect_answer(client_connect(port), "anew", "ANEW");
    harness_end(&daemon);
}
END_TEST

static ino_t inode_of(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 ? status.st_ino : 0;
}

/* Unix sockets with their paths, which are still ours to remove; abstract ones. */
START_TEST(unix_sockets)
{
    struct daemon daemon;
    char kept[128], dropped[128];
    ino_t inode;

    harness_begin(&daemon);
    snprintf(kept, sizeof(kept), "%s/kept", daemon.directory);
    snprintf(dropped, sizeof(dropped), "%s/dropped", daemon.directory);
    harness_configure(&daemon, "[upper]\nlisten = unix:%s unix:%s unix:@%s\n" UPPER, kept, dropped,
                      kept);
    harness_start(&daemon, NULL);
    inode = inode_of(kept);
    harness_upgrade(&daemon, 1);
    harness_configure(&daemon, "[upper]\nlisten = unix:%s unix:@%s\nsocket-mode = 0600\n" UPPER,
                      kept, kept);
    harness_upgrade(&daemon, 2);
    ck_assert_uint_eq(inode_of(kept), inode);
    ck_assert_uint_eq(inode_of(dropped), 0);
    ck_assert(harness_shell("test \"$(stat -c %%a '%s')\" = 600", kept) == 0);
    client_expect_answer(client_connect_unix(kept), "path", "PATH");
    memmove(dropped + 1, kept, strlen(kept) + 1);
    dropped[0] = '@';
    client_expect_answer(client_connect_unix(dropped), "path", "PATH");
    /* A path that somebody removed is made again. */
    ck_assert(unlink(kept) == 0);
    harness_upgrade(&daemon, 3);
    client_expect_answer(client_connect_unix(kept), "again", "AGAIN");
    harness_signal(&daemon, SIGTERM);
    ck_assert_int_eq(harness_wait(&daemon), 0);
    ck_assert_uint_eq(inode_of(kept), 0);
    harness_remove(&daemon);
}
END_TEST

struct passed {
    int fd, other;
};

static void pass_sockets(void *context)
{
    const struct passed *passed = context;
    int one = fcntl(passed->fd, F_DUPFD, 100), other = fcntl(passed->other, F_DUPFD, 100);
    char number[32];

    dup2(one, 3);
    dup2(other, 4);
    close(one);
    close(other);
    snprintf(number, sizeof(number), "%d", (int)getpid());
    setenv("LISTEN_PID", number, 1);
    setenv("LISTEN_FDS", "2", 1);
    setenv("LISTEN_FDNAMES", "web:spare", 1);
}

static int bound_socket(int *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 5) == 0);
    ck_assert(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

/* Inherited sockets stay by their names, also one that nobody names for now. */
START_TEST(inherited_sockets)
{
    struct daemon daemon;
    struct passed passed;
    const struct daemon_options options = {.before_exec = pass_sockets, .context = &passed};
    int port, other;

    SKIP_IF(harness_is_wrapped(), "the variables are for the wrapper's own fds");
    passed.fd = bound_socket(&port);
    passed.other = bound_socket(&other);
    harness_begin(&daemon);
    harness_configure(&daemon, "[upper]\nlisten = fd:web\n" UPPER);
    harness_start(&daemon, &options);
    close(passed.fd);
    close(passed.other);
    harness_upgrade(&daemon, 1);
    client_expect_answer(client_connect(port), "web", "WEB");
    /* What the service manager said is used up. */
    ck_assert_int_eq(harness_log_count(&daemon, "inherited fd"), 0);
    harness_configure(&daemon, "[upper]\nlisten = fd:spare\n" UPPER);
    harness_upgrade(&daemon, 2);
    client_expect_answer(client_connect(other), "spare", "SPARE");
    harness_configure(&daemon, "[upper]\nlisten = fd:web 127.0.0.1:%d\n" UPPER, other);
    harness_upgrade(&daemon, 3);
    client_expect_answer(client_connect(port), "web", "WEB");
    client_expect_answer(client_connect(other), "spare", "SPARE");
    ck_assert_int_eq(harness_log_count(&daemon, "pending"), 0);
    /* Who has one has it alone. */
    harness_configure(
        &daemon, "[upper]\nlisten = fd:web\n" UPPER "[two]\nlisten = 127.0.0.1:%d\n" UPPER, port);
    harness_upgrade(&daemon, 4);
    harness_log_wait(&daemon, "two: cannot bind", 1);
    client_expect_answer(client_connect(port), "web", "WEB");
    harness_end(&daemon);
}
END_TEST

/* Addresses come and go with the configuration; one may replace another that overlaps it; one that
 * is pending stays so, is not said again, and is bound when it can be. */
START_TEST(addresses_change)
{
    struct daemon daemon, blocker;
    int port = harness_port(), taken = harness_port(), fresh = harness_port();

    harness_serve(&blocker, "[upper]\nlisten = 127.0.0.1:%d\n" UPPER, taken);
    harness_serve(&daemon, "[upper]\nlisten = 127.0.0.1:%d 127.0.0.1:%d\n" UPPER, port, taken);
    harness_log_wait(&daemon, "cannot bind", 1);
    harness_configure(&daemon, "[upper]\nlisten = %d 127.0.0.1:%d 127.0.0.1:%d\n" UPPER, port,
                      taken, fresh);
    harness_upgrade(&daemon, 1);
    client_expect_answer(client_connect(port), "any", "ANY");
    client_expect_answer(client_connect(fresh), "fresh", "FRESH");
    harness_upgrade(&daemon, 2);
    ck_assert_int_eq(harness_log_count(&daemon, "cannot bind"), 1);
    harness_end(&blocker);
    harness_log_wait(&daemon, "event=bound", 1);
    client_expect_answer(client_connect(taken), "free", "FREE");
    harness_end(&daemon);
}
END_TEST

/* --- orders --------------------------------------------------------------------------------- */

static long count_of(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);

    ck_assert_msg(json_is_integer(value), "no count %s: %s", member, json_dumps(object, 0));
    return (long)json_integer_value(value);
}

/* Whether text is somewhere in an answer. */
static bool has_text(const json_t *answer, const char *text)
{
    char *whole = json_dumps(answer, 0);
    bool found = strstr(whole, text) != NULL;

    free(whole);
    return found;
}

#define CONTROL_CAT CONTROL "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n"

/* Who orders it is answered by the new build, or told why there is none; others stay connected to a
 * socket that was never away. */
START_TEST(upgrade_by_order)
{
    struct daemon daemon;
    int port = harness_port(), fd, other, client;
    json_t *answer;
    char path[128];
    ino_t inode;

    harness_begin(&daemon);
    harness_copy_daemon(&daemon);
    harness_configure(&daemon, CONTROL_CAT, daemon.directory, port);
    harness_start(&daemon, NULL);
    control_socket_path(&daemon, path);
    inode = inode_of(path);
    client = talk(client_connect(port));
    fd = control_connect(&daemon);
    other = control_connect(&daemon);
    json_decref(control_expect_ok(control_ask(other, "{\"command\":\"status\"}")));
    harness_replace_daemon(&daemon, getenv("STDINETD_NEXT"));
    answer = control_expect_ok(control_ask(fd, "{\"command\":\"upgrade\"}"));
    ck_assert_str_eq(json_string_value(json_object_get(answer, "from")), PACKAGE_VERSION);
    ck_assert_str_eq(json_string_value(json_object_get(answer, "version")),
                     PACKAGE_VERSION "-next");
    ck_assert_int_eq(count_of(answer, "handlers"), 1);
    ck_assert_int_eq(count_of(answer, "sockets"), 1);
    json_decref(answer);
    answer = control_expect_ok(control_ask(other, "{\"command\":\"status\"}"));
    ck_assert_int_eq(count_of(answer, "upgrades"), 1);
    ck_assert_int_eq(count_of(answer, "pid"), daemon.pid);
    json_decref(answer);
    harness_replace_daemon(&daemon, getenv("STDINETD_FOREIGN"));
    answer = control_ask(fd, "{\"command\":\"upgrade\"}");
    control_expect_error(answer, "the new binary refused, exit status 71: stdinetd " //
                         PACKAGE_VERSION "-foreign cannot take over: it has version 1");
    json_decref(answer);
    /* Two at once are one, and both hear of it; one who has left doesn't. */
    harness_shell("rm '%s/stdinetd'", daemon.directory);
    client_send(fd, "{\"command\":\"upgrade\"}\n");
    client_send(other, "{\"command\":\"upgrade\"}\n");
    answer = control_read(fd);
    control_expect_error(answer, "No such file or directory");
    json_decref(answer);
    answer = control_read(other);
    control_expect_error(answer, "No such file or directory");
    json_decref(answer);
    close(fd);
    ck_assert_uint_eq(inode_of(path), inode);
    fd = control_connect(&daemon);
    answer = control_expect_ok(control_ask(fd, "{\"command\":\"events\"}"));
    ck_assert(has_text(answer, "ready: 1 service event=ready\""));
    json_decref(answer);
    close(fd);
    close(other);
    close(client);
    harness_log_wait(&daemon, "cat: end", 1);
    harness_end(&daemon);
}
END_TEST

/* Bans and pauses hold; who waits for a service to be drained goes on waiting. */
START_TEST(bans_and_pauses)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port(), fd, drainer, running, waiting;
    json_t *answer;

    harness_serve_control(&daemon,
                          CONTROL "[defaults]\nUSER\nexec = cat\n[cat]\nlisten = 127.0.0.1:%d\n"
                                  "[other]\nlisten = 127.0.0.1:%d\n",
                          port, other);
    fd = control_connect(&daemon);
    drainer = control_connect(&daemon);
    running = talk(client_connect(port));
    json_decref(control_order(fd, "ban", "source", "127.0.0.2"));
    json_decref(control_order(fd, "pause", "service", "other"));
    client_send(drainer, "{\"command\":\"drain\",\"arguments\":{\"service\":\"cat\"}}\n");
    control_await_text(fd, "cat", "state", "draining");
    waiting = client_connect(other);
    client_send(waiting, "x");
    harness_upgrade(&daemon, 1);
    harness_upgrade(&daemon, 2);
    control_await_text(fd, "cat", "state", "draining");
    control_await_text(fd, "other", "state", "paused");
    ck_assert(is_silent(waiting) && is_silent(drainer));
    talk(running);
    close(running);
    json_decref(control_expect_ok(control_read(drainer)));
    json_decref(control_order(fd, "resume", "service", "other"));
    client_expect(waiting, "x");
    client_expect_closed(client_connect_from("127.0.0.2", other));
    harness_log_wait(&daemon, "refused reason=banned peer=127.0.0.2", 1);
    json_decref(control_order(fd, "unban", "source", "127.0.0.2"));
    close(talk(client_connect_from("127.0.0.2", other)));
    close(waiting);
    /* What was counted before is counted still. */
    harness_log_wait(&daemon, " end ", 3);
    answer = control_expect_ok(control_ask(fd, "{\"command\":\"metrics\"}"));
    ck_assert(has_text(answer, "connections_total{service=\\\"cat\\\"} 1"));
    ck_assert(has_text(answer, "handler_seconds_count"));
    json_decref(answer);
    close(fd);
    close(drainer);
    harness_end(&daemon);
}
END_TEST

/* An order to end a handler is carried on: KILL comes when it was due, and is no timeout. */
START_TEST(kill_by_order)
{
    struct daemon daemon;
    int port = harness_port(), fd, client;
    long began;

    harness_serve_control(&daemon,
                          CONTROL
                          "[stubborn]\nlisten = 127.0.0.1:%d\nkill-after = 3s\nUSER\n"
                          "exec = sh -c 'trap \"\" TERM; echo ready; while :; do sleep 0.1; "
                          "done'\n",
                          port);
    fd = control_connect(&daemon);
    client = client_connect(port);
    client_expect(client, "ready");
    began = harness_now();
    json_decref(control_order(fd, "kill", "target", "stubborn"));
    harness_upgrade(&daemon, 1);
    client_expect_closed(client);
    ck_assert_int_ge(harness_now() - began, 3000);
    harness_log_wait(&daemon, "outcome=killed signal=SIGKILL", 1);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* --- rights --------------------------------------------------------------------------------- */

#define LOW_PORT 817

/* As a service manager does it: an ordinary user who may bind low ports. */
static void become_binder(void *context)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    const uint32_t bit = 1U << CAP_NET_BIND_SERVICE;

    (void)context;
    data[0] = (struct __user_cap_data_struct){bit, bit, bit};
    if (prctl(PR_SET_KEEPCAPS, 1) < 0 || setgid(54321) < 0 || setuid(54321) < 0 ||
        syscall(SYS_capset, &header, data) < 0 ||
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0) < 0)
        _exit(99);
}

START_TEST(capabilities)
{
    struct daemon daemon;
    struct daemon_options options = {.before_exec = become_binder};
    int port = harness_port();
    char *answer;

    SKIP_IF(!harness_is_root(), "needs root");
    SKIP_IF(harness_is_wrapped(), "not under a wrapper");
    harness_begin(&daemon);
    harness_copy_daemon(&daemon);
    harness_configure(&daemon,
                      "[upper]\nlisten = 127.0.0.1:%d\nexec = grep Cap /proc/self/status\n", port);
    harness_start(&daemon, &options);
    harness_upgrade(&daemon, 1);
    harness_upgrade(&daemon, 2);
    ck_assert(harness_shell("grep -q '^CapPrm:.*0400$' /proc/%d/status", (int)daemon.pid) == 0);
    ck_assert(harness_shell("grep -q '^CapAmb:.*0000$' /proc/%d/status", (int)daemon.pid) == 0);
    answer = client_read_all(client_connect(port));
    ck_assert_ptr_nonnull(strstr(answer, "CapPrm:\t0000000000000000"));
    free(answer);
    harness_end(&daemon);
}
END_TEST

/* --- no upgrade: the daemon is killed ------------------------------------------------------- */

/* Killed and started again, it finds its unix sockets and its pid file, and serves; the handlers of
 * the old one are unharmed. */
START_TEST(killed_and_restarted)
{
    struct daemon daemon;
    int port = harness_port(), fd, other;
    char path[128], pid_file[128], *answer;

    harness_begin(&daemon);
    snprintf(path, sizeof(path), "%s/socket", daemon.directory);
    snprintf(pid_file, sizeof(pid_file), "%s/pid", daemon.directory);
    harness_configure(&daemon,
                      "[stdinetd]\npid-file = %s\n[cat]\nlisten = unix:%s 127.0.0.1:%d\n"
                      "exec = cat\nUSER\n",
                      pid_file, path, port);
    harness_start(&daemon, NULL);
    harness_upgrade(&daemon, 1);
    fd = talk(client_connect_unix(path));
    other = talk(client_connect(port));
    harness_signal(&daemon, SIGKILL);
    harness_wait(&daemon);
    talk(fd);
    harness_start(&daemon, &(struct daemon_options){.not_ready = true});
    harness_log_wait(&daemon, " ready: ", 3);
    answer = harness_read_file(pid_file);
    ck_assert_int_eq(strtol(answer, NULL, 10), daemon.pid);
    free(answer);
    client_expect_answer(client_connect_unix(path), "new", "new");
    client_expect_answer(client_connect(port), "new", "new");
    ck_assert_int_eq(harness_log_count(&daemon, "pending"), 0);
    talk(fd);
    talk(other);
    close(fd);
    close(other);
    harness_end(&daemon);
}
END_TEST

Suite *carried_suite(void)
{
    Suite *suite = suite_create("carried");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, LONGEST);
    tcase_add_loop_test(all, proxy_header_in_pieces, 0, 2);
    tcase_add_test(all, held_for_data);
    tcase_add_test(all, held_no_longer);
    tcase_add_test(all, waiting_clients);
    tcase_add_test(all, service_is_gone);
    tcase_add_test(all, another_order);
    tcase_add_test(all, limits);
    tcase_add_test(all, rates);
    tcase_add_test(all, penalties);
    tcase_add_test(all, rests);
    tcase_add_test(all, max_runtime);
    tcase_add_test(all, ends_meanwhile);
    tcase_add_test(all, kill_mode);
    tcase_add_test(all, stderr_lines);
    tcase_add_test(all, linger_close);
    tcase_add_test(all, lent_sockets);
    tcase_add_test(all, lent_before);
    tcase_add_test(all, unix_sockets);
    tcase_add_test(all, inherited_sockets);
    tcase_add_test(all, addresses_change);
    tcase_add_test(all, upgrade_by_order);
    tcase_add_test(all, bans_and_pauses);
    tcase_add_test(all, kill_by_order);
    tcase_add_test(all, capabilities);
    tcase_add_test(all, killed_and_restarted);
    suite_add_tcase(suite, all);
    return suite;
}

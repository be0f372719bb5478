/* wait = yes: the listening socket itself is lent to one handler at a time; datagrams, streams,
 * sockets that were inherited, and handlers that take nothing of what waits for them. */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"

#define PROBE "STDINETD_PROBE"
/* What a handler must find: name, then where and how its socket is. */
#define LENT(protocol, name) protocol " 1 " name " own-pid same blocking 3"

static struct sockaddr_in loopback(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void set_deadline(int fd)
{
    struct timeval deadline = {.tv_sec = DEADLINE};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
}

/* A client of datagrams to that port. */
static int client_datagrams(int port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    ck_assert(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    set_deadline(fd);
    return fd;
}

static void expect_datagram(int fd, const char *expected)
{
    char text[512];
    ssize_t got = recv(fd, text, sizeof(text) - 1, 0);

    ck_assert_msg(got >= 0, "no answer: %s", strerror(errno));
    text[got] = '\0';
    ck_assert_str_eq(text, expected);
}

static void ask(int fd, const char *text)
{
    ck_assert_int_eq(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
}

/* Each handler answers one and leaves: as many starts, each with the socket as it must be. */
START_TEST(datagrams)
{
    struct daemon daemon;
    int port = harness_port();
    int fd, count = harness_scale(20);

    harness_serve(&daemon, "[ask]\nlisten = udp:127.0.0.1:%d\nexec = %s lent 1\nUSER\n", port,
                  getenv(PROBE));
    fd = client_datagrams(port);
    for (int i = 0; i < count; i++) {
        ask(fd, "ask");
        expect_datagram(fd, LENT("UDP", "ask"));
    }
    close(fd);
    harness_log_wait(&daemon, "ask: end", count);
    ck_assert_int_eq(harness_log_count(&daemon, "ask: start"), count);
    ck_assert_int_eq(harness_log_count(&daemon, "peer="), 0);
    harness_end(&daemon);
}
END_TEST

/* A place is given back at each end: more starts than there are places, of the service and of all.
 */
START_TEST(places_are_given_back)
{
    struct daemon daemon;
    int port = harness_port();
    int fd;

    harness_serve(&daemon,
                  "[stdinetd]\nmax-connections = 3\n[ask]\nlisten = udp:127.0.0.1:%d\n"
                  "exec = %s lent 1\nmax-connections = 2\nUSER\n",
                  port, getenv(PROBE));
    fd = client_datagrams(port);
    for (int i = 0; i < 10; i++) {
        ask(fd, "ask");
        expect_datagram(fd, LENT("UDP", "ask"));
    }
    close(fd);
    harness_log_wait(&daemon, "ask: end", 10);
    ck_assert_int_eq(harness_log_count(&daemon, "active=2/2"), 0);
    harness_end(&daemon);
}
END_TEST

/* A burst waits in the socket and is served by the handlers to come. */
START_TEST(datagrams_in_a_burst)
{
    struct daemon daemon;
    int port = harness_port();
    int fd;

    harness_serve(&daemon, "[ask]\nlisten = udp:%d\nexec = %s lent 7\nUSER\n", port, getenv(PROBE));
    fd = client_datagrams(port);
    for (int i = 0; i < 35; i++)
        ask(fd, "ask");
    for (int i = 0; i < 35; i++)
        expect_datagram(fd, LENT("UDP", "ask"));
    close(fd);
    harness_log_wait(&daemon, "ask: end", 5);
    ck_assert_int_eq(harness_log_count(&daemon, "ask: start"), 5);
    harness_end(&daemon);
}
END_TEST

static socklen_t fill_path(struct sockaddr_un *address, const char *path)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, strlen(path));
    return sizeof(*address);
}

START_TEST(unix_datagrams)
{
    struct daemon daemon;
    struct sockaddr_un address;
    char path[128], own[128];
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    harness_begin(&daemon);
    snprintf(path, sizeof(path), "%s/socket", daemon.directory);
    snprintf(own, sizeof(own), "%s/own", daemon.directory);
    harness_configure(&daemon, "[ask]\nlisten = unix-dgram:%s\nexec = %s lent 1\nUSER\n", path,
                      getenv(PROBE));
    harness_start(&daemon, NULL);
    ck_assert(bind(fd, (struct sockaddr *)&address, fill_path(&address, own)) == 0);
    ck_assert(chmod(own, 0777) == 0); /* the handler's user sends there */
    ck_assert(connect(fd, (struct sockaddr *)&address, fill_path(&address, path)) == 0);
    set_deadline(fd);
    for (int i = 0; i < 3; i++) {
        ask(fd, "ask");
        expect_datagram(fd, LENT("UNIX", "ask"));
    }
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* Records keep their bounds, and each connection has a handler of its own. */
START_TEST(unix_seqpacket)
{
    struct daemon daemon;
    struct sockaddr_un address;
    char path[128];
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    harness_begin(&daemon);
    snprintf(path, sizeof(path), "%s/socket", daemon.directory);
    harness_configure(&daemon, "[cat]\nlisten = unix-seqpacket:%s\nexec = cat\nUSER\n", path);
    harness_start(&daemon, NULL);
    ck_assert(connect(fd, (struct sockaddr *)&address, fill_path(&address, path)) == 0);
    set_deadline(fd);
    ask(fd, "one");
    ask(fd, "other");
    expect_datagram(fd, "one");
    expect_datagram(fd, "other");
    close(fd);
    harness_log_wait(&daemon, "outcome=ok", 1);
    harness_end(&daemon);
}
END_TEST

/* The handler accepts; the connections are its own, and it has as many as it takes. */
START_TEST(streams)
{
    struct daemon daemon;
    int port = harness_port();
    int fds[6];
    char *answer;

    harness_serve(&daemon, "[ask]\nlisten = 127.0.0.1:%d\nwait = yes\nexec = %s lent 2\nUSER\n",
                  port, getenv(PROBE));
    for (int i = 0; i < 6; i++)
        fds[i] = client_connect(port);
    for (int i = 0; i < 6; i++) {
        answer = client_read_all(fds[i]);
        ck_assert_str_eq(answer, LENT("TCP", "ask"));
        free(answer);
    }
    harness_log_wait(&daemon, "ask: end", 3);
    ck_assert_int_eq(harness_log_count(&daemon, "ask: start"), 3);
    harness_end(&daemon);
}
END_TEST

/* What openbsd-inetd spins on: a datagram that no handler reads. Three starts, then it is dropped;
 * the next good one is served. */
START_TEST(unread_datagram)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port();
    int fd;
    char *answer;
    long ticks;

    harness_serve(&daemon,
                  "[defaults]\nUSER\n[ask]\nlisten = udp:127.0.0.1:%d\nexec = %s lent 1\n"
                  "[upper]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\n",
                  port, getenv(PROBE), other);
    fd = client_datagrams(port);
    ask(fd, "bad");
    harness_log_wait(&daemon, "datagrams dropped, socket backs off", 1);
    ck_assert_int_eq(harness_log_count(&daemon, "ask: start"), 3);
    ticks = process_ticks(daemon.pid);
    ask(fd, "ask");
    answer = client_exchange(other, "meanwhile");
    ck_assert_str_eq(answer, "MEANWHILE");
    free(answer);
    expect_datagram(fd, LENT("UDP", "ask"));
    harness_log_wait(&daemon, "handlers read from the socket again", 1);
    ck_assert_int_eq(harness_log_count(&daemon, "ask: start"), 4);
    ck_assert_int_le(process_ticks(daemon.pid) - ticks, sysconf(_SC_CLK_TCK) / 4);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* Datagrams that look the same, each read by a handler, are no reason to rest. */
START_TEST(same_datagrams_are_no_spin)
{
    struct daemon daemon;
    int port = harness_port();
    int fd;

    harness_serve(&daemon, "[ask]\nlisten = udp:127.0.0.1:%d\nexec = %s lent 1\nUSER\n", port,
                  getenv(PROBE));
    fd = client_datagrams(port);
    for (int i = 0; i < 12; i++)
        ask(fd, "ask");
    for (int i = 0; i < 12; i++)
        expect_datagram(fd, LENT("UDP", "ask"));
    close(fd);
    harness_log_wait(&daemon, "ask: end", 12);
    ck_assert_int_eq(harness_log_count(&daemon, "backs off"), 0);
    harness_end(&daemon);
}
END_TEST

/* A program that never accepts rests with its listener open; when it works, who waits is served. */
START_TEST(handler_never_accepts)
{
    struct daemon daemon;
    int port = harness_port();
    char script[128], good[512], *answer;
    json_t *status;
    int fd;

    harness_begin(&daemon);
    snprintf(script, sizeof(script), "%s/handler", daemon.directory);
    harness_write_program(script, "#!/bin/sh\nexit 1\n");
    harness_configure(&daemon,
                      "[stdinetd]\ncontrol = %s/control\n"
                      "[ask]\nlisten = 127.0.0.1:%d\nwait = yes\nexec = %s\nUSER\n",
                      daemon.directory, port, script);
    harness_start(&daemon, NULL);
    fd = client_connect(port);
    harness_log_wait(&daemon, "exit at once without accepting; socket backs off", 1);
    status = control_expect_ok(control_ask_once(&daemon, "{\"command\":\"status\"}"));
    ck_assert_str_eq(json_string_value(json_object_get(control_service(status, "ask"), "state")),
                     "resting");
    json_decref(status);
    ck_assert_int_eq(harness_log_count(&daemon, "ask: start"), 3);
    snprintf(good, sizeof(good), "#!/bin/sh\nexec %s lent 1\n", getenv(PROBE));
    harness_write_program(script, good);
    answer = client_read_all(fd);
    ck_assert_str_eq(answer, LENT("TCP", "ask"));
    free(answer);
    harness_log_wait(&daemon, "handlers read from the socket again", 1);
    harness_end(&daemon);
}
END_TEST

/* One that succeeds, takes nobody, and ends: bounded, too; one that takes just one each time goes
 * on. */
START_TEST(quick_handlers)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port();
    char *answer;
    int fd, starts;
    long began;

    harness_serve(&daemon,
                  "[defaults]\nUSER\nwait = yes\n[none]\nlisten = 127.0.0.1:%d\nexec = true\n"
                  "[one]\nlisten = 127.0.0.1:%d\nexec = %s lent 1\n",
                  port, other, getenv(PROBE));
    fd = client_connect(port);
    harness_log_wait(&daemon, "none: start", 12);
    began = harness_now();
    starts = harness_log_count(&daemon, "none: start");
    for (int i = 0; i < 30; i++) {
        answer = client_read_all(client_connect(other));
        ck_assert_str_eq(answer, LENT("TCP", "one"));
        free(answer);
    }
    ck_assert_int_le(harness_log_count(&daemon, "none: start") - starts,
                     2 + (int)(harness_now() - began) / 20);
    ck_assert_int_eq(harness_log_count(&daemon, "backs off"), 0);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* A start that fails: the service rests, and the datagram is served when the program is back. */
START_TEST(program_missing)
{
    struct daemon daemon;
    int port = harness_port();
    char script[128], text[512];
    int fd;

    harness_begin(&daemon);
    snprintf(script, sizeof(script), "%s/handler", daemon.directory);
    snprintf(text, sizeof(text), "#!/bin/sh\nexec %s lent 1\n", getenv(PROBE));
    harness_write_program(script, text);
    harness_configure(&daemon, "[ask]\nlisten = udp:127.0.0.1:%d\nexec = %s\nUSER\n", port, script);
    harness_start(&daemon, NULL);
    ck_assert(unlink(script) == 0);
    fd = client_datagrams(port);
    ask(fd, "ask");
    harness_log_wait(&daemon, "ask: start failed", 1);
    harness_write_program(script, text);
    expect_datagram(fd, LENT("UDP", "ask"));
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* At the daemon's own limit it waits its turn, and is refused never. */
START_TEST(limit)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port();
    int fd, client;
    char *answer;

    harness_serve(&daemon,
                  "[stdinetd]\nmax-connections = 1\n[defaults]\nUSER\nwhen-full = refuse\n"
                  "[ask]\nlisten = udp:127.0.0.1:%d\nexec = %s lent 1\n"
                  "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\n",
                  port, getenv(PROBE), other);
    client = client_connect(other);
    client_send(client, "x");
    client_expect(client, "x");
    fd = client_datagrams(port);
    ask(fd, "ask");
    client_send(client, "y");
    client_expect(client, "y");
    ck_assert_int_eq(harness_log_count(&daemon, "ask: start"), 0);
    shutdown(client, SHUT_WR);
    answer = client_read_all(client);
    free(answer);
    expect_datagram(fd, LENT("UDP", "ask"));
    ck_assert_int_eq(harness_log_count(&daemon, "refused"), 0);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* The socket went to another service while a handler of the first one had it: whose end makes room
 * in the first one, too. */
START_TEST(reload_gives_it_away)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port();
    int first, waiting;
    char *answer;

    harness_serve(&daemon,
                  "[a]\nlisten = 127.0.0.1:%d\nwait = yes\nexec = %s lent 2\nmax-connections = 1\n"
                  "USER\n",
                  port, getenv(PROBE));
    answer = client_exchange(port, "");
    ck_assert_str_eq(answer, LENT("TCP", "a"));
    free(answer);
    harness_configure(&daemon,
                      "[a]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\nmax-connections = 1\nUSER\n"
                      "[b]\nlisten = 127.0.0.1:%d\nwait = yes\nexec = %s lent 1\nUSER\n",
                      other, port, getenv(PROBE));
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 1);
    waiting = client_connect(other);
    client_send(waiting, "hello");
    shutdown(waiting, SHUT_WR);
    for (int i = 0; i < 20; i++) /* until it is seen that somebody waits there */
        harness_pause();
    first = client_connect(port); /* the old handler's second one */
    answer = client_read_all(first);
    ck_assert_str_eq(answer, LENT("TCP", "a"));
    free(answer);
    answer = client_read_all(waiting);
    ck_assert_str_eq(answer, "HELLO");
    free(answer);
    harness_end(&daemon);
}
END_TEST

/* A reload leaves the socket with its handler, and what changed holds when it comes back. */
START_TEST(reload_while_it_is_lent)
{
    struct daemon daemon;
    int port = harness_port();
    int first;
    char *answer;

    harness_begin(&daemon);
    harness_configure(&daemon, "[ask]\nlisten = 127.0.0.1:%d\nwait = yes\nexec = %s lent 2\nUSER\n",
                      port, getenv(PROBE));
    harness_start(&daemon, NULL);
    answer = client_exchange(port, "");
    ck_assert_str_eq(answer, LENT("TCP", "ask"));
    free(answer);
    harness_configure(&daemon, "[other]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\nUSER\n", port);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 1);
    first = client_connect(port); /* the old handler's second one */
    answer = client_read_all(first);
    ck_assert_str_eq(answer, LENT("TCP", "ask"));
    free(answer);
    /* Its socket isn't accepted from: a new one is opened when the old handler has let go of it. */
    harness_log_wait(&daemon, "other: bound", 1);
    for (int i = 0; i < 3; i++) {
        answer = client_exchange(port, "hello");
        ck_assert_str_eq(answer, "HELLO");
        free(answer);
    }
    harness_end(&daemon);
}
END_TEST

/* A datagram that nobody reads and that carries an fd: each look at it must not be one more of
 * ours. */
START_TEST(fds_in_an_unread_datagram)
{
    struct daemon daemon;
    struct sockaddr_un address;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
                            .cmsg_level = SOL_SOCKET,
                            .cmsg_type = SCM_RIGHTS}};
    char path[128], text[] = "bad";
    struct iovec part = {text, sizeof(text)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), fds;

    harness_begin(&daemon);
    snprintf(path, sizeof(path), "%s/socket", daemon.directory);
    harness_configure(&daemon,
                      "[ask]\nlisten = unix-dgram:%s\nexec = %s lent 1\nUSER\nstderr = null\n",
                      path, getenv(PROBE));
    harness_start(&daemon, NULL);
    fds = process_fds(daemon.pid);
    ck_assert(connect(fd, (struct sockaddr *)&address, fill_path(&address, path)) == 0);
    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    for (int i = 0; i < 3; i++)
        ck_assert(sendmsg(fd, &message, 0) > 0);
    harness_log_wait(&daemon, "ask: end", 4);
    ck_assert_int_le(process_fds(daemon.pid), fds + 1); /* one may be lent right now */
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* A socket that its handler left always readable rests, too; and another service doesn't notice. */
START_TEST(wakes_for_nothing)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port();
    int fd;
    long ticks;

    harness_serve(&daemon,
                  "[defaults]\nUSER\n[shut]\nlisten = udp:127.0.0.1:%d\nexec = %s shut\n"
                  "[upper]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\n",
                  port, getenv(PROBE), other);
    fd = client_datagrams(port);
    ask(fd, "ask");
    harness_log_wait(&daemon, "; socket backs off", 1);
    ticks = process_ticks(daemon.pid);
    for (int i = 0; i < 20; i++) {
        char *answer = client_exchange(other, "hello");

        ck_assert_str_eq(answer, "HELLO");
        free(answer);
    }
    harness_log_wait(&daemon, "; socket backs off", 2);
    ck_assert_int_le(process_ticks(daemon.pid) - ticks, sysconf(_SC_CLK_TCK) / 4);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* --- inherited sockets ---------------------------------------------------------------------- */

struct passed {
    int fds[4];
    int count;
    const char *names;
};

/* As systemd does: from fd 3 on, with the pid of the process to be. */
static void pass_sockets(void *context)
{
    const struct passed *passed = context;
    char number[32];
    int high[4];

    for (int i = 0; i < passed->count; i++)
        high[i] = fcntl(passed->fds[i], F_DUPFD, 100);
    for (int i = 0; i < passed->count; i++)
        dup2(high[i], 3 + i);
    for (int i = 0; i < passed->count; i++)
        close(high[i]);
    snprintf(number, sizeof(number), "%d", (int)getpid());
    setenv("LISTEN_PID", number, 1);
    snprintf(number, sizeof(number), "%d", passed->count);
    setenv("LISTEN_FDS", number, 1);
    setenv("LISTEN_FDNAMES", passed->names, 1);
}

/* A socket on a port of its own, which it tells. */
static int bound_socket(int type, int *ret_port)
{
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    ck_assert(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    ck_assert(type == SOCK_DGRAM || listen(fd, 5) == 0);
    ck_assert(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static void expect_upper(int port)
{
    char *answer = client_exchange(port, "hello");

    ck_assert_str_eq(answer, "HELLO");
    free(answer);
}

/* Two sockets of one name, one that is found by its address, and datagrams for a wait handler. */
START_TEST(inherited)
{
    struct daemon daemon;
    struct passed passed = {.count = 4, .names = "web:web::dns"};
    const struct daemon_options options = {.before_exec = pass_sockets, .context = &passed};
    int ports[4], fd;

    SKIP_IF(harness_is_wrapped(), "the variables are for the wrapper's own fds");
    for (int i = 0; i < 3; i++)
        passed.fds[i] = bound_socket(SOCK_STREAM, &ports[i]);
    passed.fds[3] = bound_socket(SOCK_DGRAM, &ports[3]);
    harness_begin(&daemon);
    harness_configure(&daemon,
                      "[defaults]\nUSER\n[upper]\nlisten = fd:web 127.0.0.1:%d\n"
                      "exec = tr a-z A-Z\n[ask]\nlisten = fd:dns\nexec = %s lent 1\n"
                      "[missing]\nlisten = fd:nobody\nexec = cat\n",
                      ports[2], getenv(PROBE));
    harness_start(&daemon, &options);
    for (int i = 0; i < 4; i++)
        close(passed.fds[i]);
    for (int i = 0; i < 3; i++)
        expect_upper(ports[i]);
    fd = client_datagrams(ports[3]);
    ask(fd, "ask");
    expect_datagram(fd, LENT("UDP", "dns"));
    close(fd);
    ck_assert_int_eq(harness_log_count(&daemon, "missing: cannot bind"), 1);
    ck_assert_int_eq(harness_log_count(&daemon, "is not used by any service"), 0);
    /* One that a reload drops is there for the next one; a new one that isn't there fails it. */
    harness_configure(&daemon, "[ask]\nlisten = fd:dns\nexec = %s lent 1\nUSER\n", getenv(PROBE));
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 1);
    harness_configure(&daemon, "[upper]\nlisten = fd:web\nexec = tr a-z A-Z\nUSER\n");
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 2);
    expect_upper(ports[0]);
    harness_configure(&daemon, "[upper]\nlisten = fd:web fd:none\nexec = tr a-z A-Z\nUSER\n");
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "reload failed", 1);
    expect_upper(ports[1]);
    harness_end(&daemon);
}
END_TEST

/* One socket under two names: two would take its mode and its clients from each other. */
START_TEST(inherited_twice)
{
    struct daemon daemon;
    struct passed passed = {.count = 1, .names = "web"};
    const struct daemon_options options = {.before_exec = pass_sockets, .context = &passed};
    char *answer;
    int port;

    SKIP_IF(harness_is_wrapped(), "not under a wrapper");
    passed.fds[0] = bound_socket(SOCK_STREAM, &port);
    harness_begin(&daemon);
    harness_configure(&daemon,
                      "[defaults]\nUSER\n[one]\nlisten = fd:web\nwait = yes\nexec = %s lent 1\n"
                      "[two]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\n",
                      getenv(PROBE), port);
    harness_start(&daemon, &options);
    close(passed.fds[0]);
    ck_assert_int_eq(harness_log_count(&daemon, "two: cannot bind"), 1);
    for (int i = 0; i < 10; i++) {
        answer = client_read_all(client_connect(port));
        ck_assert_str_eq(answer, LENT("TCP", "web"));
        free(answer);
    }
    harness_end(&daemon);
}
END_TEST

/* What is for another process is none of ours, and a handler never sees it. */
static void pass_to_another(void *context)
{
    pass_sockets(context);
    setenv("LISTEN_PID", "1", 1);
}

START_TEST(inherited_by_another)
{
    struct daemon daemon;
    struct passed passed = {.count = 1, .names = "web"};
    const struct daemon_options options = {.before_exec = pass_to_another, .context = &passed};
    int port, other = harness_port();
    char *answer;

    passed.fds[0] = bound_socket(SOCK_STREAM, &port);
    harness_begin(&daemon);
    harness_configure(&daemon,
                      "[defaults]\nUSER\n[web]\nlisten = fd:web\nexec = cat\n"
                      "[env]\nlisten = 127.0.0.1:%d\nexec = env\npass-env = LISTEN\n",
                      other);
    harness_start(&daemon, &options);
    close(passed.fds[0]);
    harness_log_wait(&daemon, "web: cannot bind", 1);
    answer = client_exchange(other, "");
    ck_assert_ptr_null(strstr(answer, "LISTEN_"));
    free(answer);
    harness_end(&daemon);
}
END_TEST

/* --- options of sockets --------------------------------------------------------------------- */

START_TEST(options_reach_the_connection)
{
    struct daemon daemon;
    int port = harness_port();
    char *answer;

    harness_serve(&daemon,
                  "[options]\nlisten = 127.0.0.1:%d\nexec = %s options\nbind-device = lo\n"
                  "receive-buffer = 20000\nsend-buffer = 30000\nkeepalive = yes\nnodelay = yes\n"
                  "reuse-port = yes\nUSER\n",
                  port, getenv(PROBE));
    answer = client_exchange(port, "");
    /* The kernel doubles what it is told, socket(7). */
    ck_assert_str_eq(answer, "receive-buffer 40000\nsend-buffer 60000\nkeepalive 1\nnodelay 1\n"
                             "device lo\n");
    free(answer);
    harness_end(&daemon);
}
END_TEST

/* A client that says nothing stays in the kernel; when it speaks it is served. */
START_TEST(defer_accept)
{
    struct daemon daemon;
    int port = harness_port();
    int silent;

    harness_serve(&daemon,
                  "[upper]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\ndefer-accept = 1h\nUSER\n",
                  port);
    silent = client_connect(port);
    expect_upper(port); /* whoever came before would have been started before */
    harness_log_wait(&daemon, "upper: end", 1);
    ck_assert_int_eq(harness_log_count(&daemon, "upper: start"), 1);
    client_send(silent, "x");
    shutdown(silent, SHUT_WR);
    client_expect(silent, "X");
    close(silent);
    harness_end(&daemon);
}
END_TEST

/* With reuse-port two daemons serve one port; without it the second one's service is pending. */
START_TEST(reuse_port)
{
    struct daemon daemons[2], third;
    int port = harness_port();

    for (int i = 0; i < 2; i++)
        harness_serve(&daemons[i],
                      "[upper]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\nreuse-port = yes\nUSER\n",
                      port);
    for (int i = 0; i < 10; i++)
        expect_upper(port);
    harness_serve(&third, "[upper]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\nUSER\n", port);
    ck_assert_int_eq(harness_log_count(&third, "upper: cannot bind"), 1);
    harness_end(&third);
    harness_end(&daemons[1]);
    for (int i = 0; i < 10; i++)
        expect_upper(port);
    harness_end(&daemons[0]);
}
END_TEST

/* Whether machines can be told apart or not, the socket itself is there. */
START_TEST(vsock_listens)
{
    struct daemon daemon;
    int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int port = harness_port();

    SKIP_IF(fd < 0, "this kernel has no vsock");
    close(fd);
    harness_serve(&daemon, "[cat]\nlisten = vsock:%d\nexec = cat\nUSER\n", port);
    ck_assert_int_eq(harness_log_count(&daemon, "pending"), 0);
    harness_end(&daemon);
}
END_TEST

Suite *wait_suite(void)
{
    Suite *suite = suite_create("wait");
    TCase *lent = tcase_create("lent"), *given = tcase_create("inherited");
    TCase *options = tcase_create("options");

    tcase_set_timeout(lent, LONGEST);
    tcase_add_test(lent, datagrams);
    tcase_add_test(lent, places_are_given_back);
    tcase_add_test(lent, datagrams_in_a_burst);
    tcase_add_test(lent, unix_datagrams);
    tcase_add_test(lent, unix_seqpacket);
    tcase_add_test(lent, streams);
    tcase_add_test(lent, unread_datagram);
    tcase_add_test(lent, same_datagrams_are_no_spin);
    tcase_add_test(lent, handler_never_accepts);
    tcase_add_test(lent, quick_handlers);
    tcase_add_test(lent, program_missing);
    tcase_add_test(lent, limit);
    tcase_add_test(lent, reload_while_it_is_lent);
    tcase_add_test(lent, reload_gives_it_away);
    tcase_add_test(lent, fds_in_an_unread_datagram);
    tcase_add_test(lent, wakes_for_nothing);
    suite_add_tcase(suite, lent);
    tcase_set_timeout(given, LONGEST);
    tcase_add_test(given, inherited);
    tcase_add_test(given, inherited_twice);
    tcase_add_test(given, inherited_by_another);
    suite_add_tcase(suite, given);
    tcase_set_timeout(options, LONGEST);
    tcase_add_test(options, options_reach_the_connection);
    tcase_add_test(options, defer_accept);
    tcase_add_test(options, reuse_port);
    tcase_add_test(options, vsock_listens);
    suite_add_tcase(suite, options);
    return suite;
}

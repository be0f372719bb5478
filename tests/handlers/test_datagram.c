/* The classic services as wait handlers: who is answered, from where, with how much.
 *
 * That nothing is answered is seen by what comes after: a handler takes datagrams in order, so once
 * an allowed one is answered, those before it never will be.
 */
#include "support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Where a server listens, and where a client finds it; by loop. */
static const struct {
    const char *bound, *reached, *client;
} places[] = {
    {"127.0.0.1", "127.0.0.1", "127.0.0.1"},
    {"0.0.0.0", "127.0.0.5", "127.0.0.6"}, /* another address than the one a route would choose */
    {"::1", "::1", "::1"},
    {"::", "::1", "::1"},
    {"::", "127.0.0.5", "127.0.0.6"},
};
#define PLACES (int)(sizeof(places) / sizeof(places[0]))

struct service {
    struct handler handler;
    int port;
};

static struct service serve_on(const char *program, int fd)
{
    struct address address = address_of(fd);
    struct service service = {.port = address_port(&address)};

    service.handler = handler_serve(fd, WORDS(program));
    return service;
}

static struct service serve_at(const char *program, const char *bound)
{
    return serve_on(program, socket_bind(SOCK_DGRAM, bound, 0));
}

static void send_to(int fd, const struct address *address, const void *bytes, size_t size)
{
    ck_assert_msg(sendto(fd, bytes, size, 0, (const struct sockaddr *)&address->storage,
                         address->length) == (ssize_t)size,
                  "sendto: %s", strerror(errno));
}

/* Asks by a connected socket, which hears only the address it asked; a second later again, as a
 * full buffer loses datagrams. Returns the length. */
static size_t ask(int place, int port, const void *question, size_t size, char answer[static 65536])
{
    int fd = socket_bind(SOCK_DGRAM, places[place].client, 0);
    struct address address = address_make(places[place].reached, port);
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    ssize_t got;

    ck_assert(connect(fd, (struct sockaddr *)&address.storage, address.length) == 0);
    for (int tries = 0; tries < 10 && poller.revents == 0; tries++) {
        ck_assert(send(fd, question, size, 0) == (ssize_t)size);
        ck_assert(poll(&poller, 1, 1000) >= 0);
    }
    got = recv(fd, answer, 65536, 0);
    ck_assert_msg(got >= 0, "no answer: %s", strerror(errno));
    close(fd);
    return (size_t)got;
}

static void expect_silence(int fd)
{
    char bytes[64];

    ck_assert(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) < 0 && errno == EAGAIN);
}

/* An allowed client is answered: what was sent before is done with. */
static void expect_service(int place, int port)
{
    char answer[65536];

    ck_assert_uint_eq(ask(place, port, "x", 1, answer), 1);
}

START_TEST(echo_answers_from_where_it_was_asked)
{
    struct service service = serve_at("echo", places[_i].bound);
    char *question = bytes_make(60000, 4), answer[65536];

    for (size_t size = 0; size <= 60000; size = size * 10 + 6)
        ck_assert(ask(_i, service.port, question, size, answer) == size &&
                  memcmp(question, answer, size) == 0);
    handler_kill(&service.handler);
    free(question);
}
END_TEST

START_TEST(time_and_daytime_answer_with_the_least)
{
    struct service service = serve_at(_i < PLACES ? "time" : "daytime", places[_i % PLACES].bound);
    char answer[65536];
    size_t length = ask(_i % PLACES, service.port, "", 0, answer);
    uint32_t told;

    if (_i < PLACES) {
        ck_assert_uint_eq(length, 4);
        memcpy(&told, answer, sizeof(told));
        told = ntohl(told) - 2208988800U;
        ck_assert((uint32_t)time(NULL) - told <= DEADLINE);
    } else {
        ck_assert_uint_eq(length, 26);
        ck_assert_mem_eq(answer + 24, "\r\n", 2);
    }
    handler_kill(&service.handler);
}
END_TEST

START_TEST(chargen_never_amplifies)
{
    static const size_t sizes[] = {0, 1, 74, 511, 512, 513, 9000};
    struct service service = serve_at("chargen", places[_i].bound);
    char question[9000] = {0}, answer[65536];

    for (int round = 0; round < 100; round++) {
        size_t size = sizes[round % 7], length = ask(_i, service.port, question, size, answer);

        ck_assert_uint_eq(length, size < 512 ? size : 512);
        for (size_t i = 0; i < length; i++)
            ck_assert_msg((answer[i] >= ' ' && answer[i] <= '~') || answer[i] == '\r' ||
                              answer[i] == '\n',
                          "byte %zu is %d", i, answer[i]);
    }
    handler_kill(&service.handler);
}
END_TEST

START_TEST(discard_answers_nothing)
{
    struct service service = serve_at("discard", "127.0.0.1");
    struct address address = address_make("127.0.0.1", service.port);
    int client = socket_bind(SOCK_DGRAM, "127.0.0.1", 0);

    for (int i = 0; i < 100; i++)
        send_to(client, &address, "x", 1);
    /* It has read them all when it waits again. */
    for (long end = now_milliseconds() + DEADLINE * 1000;;) {
        char *queues = file_read("/proc/net", "udp"), needle[32], *line;
        bool empty;

        snprintf(needle, sizeof(needle), ":%04X 00000000:0000 07", (unsigned)service.port);
        line = strstr(queues, needle);
        empty = line && strncmp(line + strlen(needle) + 10, "00000000", 8) == 0;
        free(queues);
        if (empty)
            break;
        ck_assert_msg(now_milliseconds() < end, "discard doesn't read");
    }
    expect_silence(client);
    handler_kill(&service.handler);
    close(client);
}
END_TEST

/* A socket bound to a port below 1024; -1 where we may not. */
static int bind_low(const char *host)
{
    for (int port = 1023; port > 500; port--) {
        struct address address = address_make(host, port);
        int fd = socket(address.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (bind(fd, (struct sockaddr *)&address.storage, address.length) == 0)
            return fd;
        close(fd);
        if (errno == EACCES)
            break;
    }
    return -1;
}

START_TEST(low_ports_are_not_answered)
{
    static const char *const names[] = {"echo", "chargen"};
    struct service service = serve_at(names[_i % 2], places[_i / 2].bound);
    struct address address = address_make(places[_i / 2].reached, service.port);
    int client = bind_low(places[_i / 2].client);

    if (client >= 0) {
        send_to(client, &address, "x", 1);
        expect_service(_i / 2, service.port);
        expect_silence(client);
        close(client);
    }
    handler_kill(&service.handler);
}
END_TEST

/* Somebody pretends to be us, or another server like us. */
START_TEST(our_own_port_is_not_answered)
{
    struct service service = serve_at("echo", "127.0.0.1");
    struct address address = address_make("127.0.0.1", service.port);
    int client = socket_bind(SOCK_DGRAM, "127.0.0.9", service.port);

    send_to(client, &address, "x", 1);
    expect_service(0, service.port);
    expect_silence(client);
    handler_kill(&service.handler);
    close(client);
}
END_TEST

/* 127.255.255.255 is the broadcast address of loopback's network. One comes before the handler is
 * started, one while it runs: the kernel tells less of the first. */
START_TEST(broadcasts_are_not_answered)
{
    int place = _i ? 4 : 1, client = socket_bind(SOCK_DGRAM, "127.0.0.1", 0);
    int fd = socket_bind(SOCK_DGRAM, places[place].bound, 0);
    struct address own = address_of(fd);
    struct address address = address_make("127.255.255.255", address_port(&own));
    struct handler handler;

    ck_assert(setsockopt(client, SOL_SOCKET, SO_BROADCAST, &(int){1}, sizeof(int)) == 0);
    for (int round = 0; round < 2; round++) {
        char byte;

        send_to(client, &address, "x", 1);
        if (round == 0) {
            ck_assert(recv(fd, &byte, 1, MSG_PEEK) == 1);
            handler = handler_serve(fd, WORDS("echo"));
        }
        expect_service(place, address_port(&own));
        expect_silence(client);
    }
    handler_kill(&handler);
    close(client);
}
END_TEST

START_TEST(multicasts_are_not_answered)
{
    int fd = socket_bind(SOCK_DGRAM, "0.0.0.0", 0),
        client = socket_bind(SOCK_DGRAM, "127.0.0.1", 0);
    struct address own = address_of(fd), address = address_make("239.1.2.3", address_port(&own));
    struct ip_mreqn group = {.imr_ifindex = 1};
    struct in_addr loopback = {htonl(INADDR_LOOPBACK)};
    struct handler handler;
    char byte;

    inet_pton(AF_INET, "239.1.2.3", &group.imr_multiaddr);
    group.imr_address = loopback;
    ck_assert(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)) == 0);
    ck_assert(setsockopt(client, IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof(group)) == 0);
    send_to(client, &address, "x", 1);
    /* It does come here: the handler will find it. */
    ck_assert_msg(recv(fd, &byte, 1, MSG_PEEK) == 1, "multicast: %s", strerror(errno));
    handler = handler_serve(fd, WORDS("echo"));
    expect_service(1, address_port(&own));
    expect_silence(client);
    handler_kill(&handler);
    close(client);
}
END_TEST

static int bind_unix(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path + 1, name, strlen(name)); /* abstract */
    ck_assert(bind(fd, (struct sockaddr *)&address, length) == 0);
    socket_set_deadline(fd);
    return fd;
}

START_TEST(unix_peers_with_a_name_are_answered)
{
    char name[64], own[64], answer[16];
    struct address address;
    struct handler handler;
    int fd, client, nameless = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(name, sizeof(name), "stdinetd-test-%d-server", getpid());
    snprintf(own, sizeof(own), "stdinetd-test-%d-client", getpid());
    fd = bind_unix(name);
    client = bind_unix(own);
    address = address_of(fd);
    handler = handler_serve(fd, WORDS("echo"));
    send_to(nameless, &address, "nobody", 6);
    send_to(client, &address, "hello", 5);
    ck_assert_int_eq(recv(client, answer, sizeof(answer), 0), 5);
    ck_assert_mem_eq(answer, "hello", 5);
    handler_kill(&handler);
    close(client);
    close(nameless);
}
END_TEST

/* A peer that doesn't read must not stop the others. */
START_TEST(full_peers_are_dropped)
{
    char name[64], own[64], other[64], answer[16];
    struct address address;
    struct handler handler;
    int fd, deaf, client;

    snprintf(name, sizeof(name), "stdinetd-test-%d-server", getpid());
    snprintf(own, sizeof(own), "stdinetd-test-%d-deaf", getpid());
    snprintf(other, sizeof(other), "stdinetd-test-%d-client", getpid());
    fd = bind_unix(name);
    deaf = bind_unix(own);
    client = bind_unix(other);
    address = address_of(fd);
    handler = handler_serve(fd, WORDS("echo"));
    for (int i = 0; i < 500; i++) /* far more than net.unix.max_dgram_qlen */
        send_to(deaf, &address, "x", 1);
    send_to(client, &address, "hello", 5);
    ck_assert_int_eq(recv(client, answer, sizeof(answer), 0), 5);
    handler_kill(&handler);
    close(deaf);
    close(client);
}
END_TEST

/* An echo on a port that only root may take, or on any; the handler's pid is 0 where we may not. */
static struct service serve_echo(bool low)
{
    int fd = low ? bind_low("127.0.0.1") : socket_bind(SOCK_DGRAM, "127.0.0.1", 0);

    return fd < 0 ? (struct service){0} : serve_on("echo", fd);
}

/* How many answers to one client the seconds since then may have brought. */
static int count_allowed(long begin)
{
    return 10 * (int)((now_milliseconds() - begin) / 1000 + 1);
}

/* Many at once, which would go round for ever between it and a service that answers them. */
START_TEST(a_loop_is_slow)
{
    struct service service = serve_echo(_i == 1);
    struct address address = address_make("127.0.0.1", service.port);
    int client = socket_bind(SOCK_DGRAM, "127.0.0.1", 0), count = 0;
    long begin = now_milliseconds();
    char byte;

    if (service.handler.pid > 0) {
        for (int i = 0; i < 250; i++) /* what its buffer has room for, with the least of them */
            send_to(client, &address, "x", 1);
        expect_service(0, service.port);
        while (recv(client, &byte, 1, MSG_DONTWAIT) == 1)
            count++;
        ck_assert_msg(count >= 10 && count <= count_allowed(begin), "%d answers", count);
        handler_kill(&service.handler);
    }
    close(client);
}
END_TEST

/* Somebody else's service on a high port that sends back what it gets, once a forged datagram has
 * made us talk to it. */
START_TEST(a_loop_with_a_stranger_ends)
{
    struct service service = serve_echo(_i == 1);
    struct address address = address_make("127.0.0.1", service.port);
    int stranger = socket_bind(SOCK_DGRAM, "127.0.0.1", 0), rounds = 0;
    long begin = now_milliseconds();
    char byte = 'x';

    if (service.handler.pid > 0) {
        do {
            send_to(stranger, &address, &byte, 1);
            expect_service(0, service.port);
        } while (recv(stranger, &byte, 1, MSG_DONTWAIT) == 1 && ++rounds < 500);
        ck_assert_msg(rounds >= 10 && rounds <= count_allowed(begin), "%d rounds", rounds);
        handler_kill(&service.handler);
    }
    close(stranger);
}
END_TEST

/* It is readable for ever, and nothing comes. */
START_TEST(a_socket_that_is_shut_down_is_an_error)
{
    struct handler handler;
    int pair[2];
    char *errors;

    ck_assert(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) == 0);
    ck_assert(shutdown(pair[1], SHUT_RD) == 0);
    handler = handler_serve(pair[1], WORDS("discard"));
    ck_assert_int_eq(handler_end_errors(&handler, &errors), 71);
    ck_assert(strstr(errors, strerror(ESHUTDOWN)) != NULL);
    free(errors);
    close(pair[0]);
}
END_TEST

/* What the one that waits says of itself, and since when. */
static int quiet_pipe = -1;
static long quiet_begin;

/* The handler under a shell, whose last word is the status: Check runs each test in a process of
 * its own, which can't wait for a child of this one. */
void datagram_begin_quiet(void)
{
    int fd = socket_bind(SOCK_DGRAM, "127.0.0.1", 0), pipe[2];
    pid_t pid;

    if (quiet_pipe >= 0) {
        close(fd);
        return;
    }
    ck_assert(pipe2(pipe, O_CLOEXEC) == 0);
    quiet_begin = now_milliseconds();
    pid = fork();
    if (pid == 0) {
        dup2(fd, STDIN_FILENO);
        dup2(pipe[1], STDOUT_FILENO);
        execl("/bin/sh", "sh", "-c", "\"$STDINETD_HANDLERS/echo\"; echo $? 2>/dev/null",
              (char *)NULL);
        _exit(127);
    }
    ck_assert(pid > 0);
    close(pipe[1]);
    close(fd);
    quiet_pipe = pipe[0];
}

START_TEST(ends_when_it_is_quiet)
{
    bytes_expect_all(quiet_pipe, "0\n");
    ck_assert_int_ge(now_milliseconds() - quiet_begin, 10000);
}
END_TEST

Suite *datagram_suite(void)
{
    Suite *suite = suite_create("datagram");
    TCase *datagram = tcase_create("datagram");

    tcase_add_unchecked_fixture(datagram, datagram_begin_quiet, NULL);
    tcase_add_loop_test(datagram, echo_answers_from_where_it_was_asked, 0, PLACES);
    tcase_add_loop_test(datagram, time_and_daytime_answer_with_the_least, 0, 2 * PLACES);
    tcase_add_loop_test(datagram, chargen_never_amplifies, 0, PLACES);
    tcase_add_test(datagram, discard_answers_nothing);
    tcase_add_loop_test(datagram, low_ports_are_not_answered, 0, 2 * PLACES);
    tcase_add_test(datagram, our_own_port_is_not_answered);
    tcase_add_loop_test(datagram, broadcasts_are_not_answered, 0, 2);
    tcase_add_test(datagram, multicasts_are_not_answered);
    tcase_add_test(datagram, unix_peers_with_a_name_are_answered);
    tcase_add_test(datagram, full_peers_are_dropped);
    tcase_add_loop_test(datagram, a_loop_is_slow, 0, 2);
    tcase_add_loop_test(datagram, a_loop_with_a_stranger_ends, 0, 2);
    tcase_add_test(datagram, a_socket_that_is_shut_down_is_an_error);
    tcase_add_test(datagram, ends_when_it_is_quiet);
    suite_add_tcase(suite, datagram);
    return suite;
}

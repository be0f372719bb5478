/* relay: both directions to the byte, half-close, headers, timeouts, and ends that are none. */
#include "support.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEGABYTE ((size_t)1 << 20)
#define MUCH     (10 * MEGABYTE)

/* A relay between a client and a target, whose other ends the test has. */
struct passage {
    int client, target;
    struct handler handler;
};

enum kind { IPV4_TO_IPV4, IPV4_TO_IPV6, IPV6_TO_IPV4, TO_PATH, TO_ABSTRACT, UNIX_TO_IPV4, KINDS };

static int listen_unix(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, name, strlen(name));
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    ck_assert(bind(fd, (struct sockaddr *)&address, length) == 0 && listen(fd, 1) == 0);
    return fd;
}

/* A listener for that kind, and its name for the command line. */
static int listen_at(enum kind kind, char name[static 128])
{
    const char *host = kind == IPV4_TO_IPV6 ? "::1" : "127.0.0.1";
    struct address address;
    int fd;

    if (kind == TO_PATH || kind == TO_ABSTRACT) {
        snprintf(name, 128, "unix:%sstdinetd-relay-%d", kind == TO_PATH ? "/tmp/" : "@", getpid());
        return listen_unix(name + 5);
    }
    fd = socket_bind(SOCK_STREAM, host, 0);
    address = address_of(fd);
    snprintf(name, 128, kind == IPV4_TO_IPV6 ? "[%s]:%d" : "%s:%d", host, address_port(&address));
    return fd;
}

static struct passage open_passage(enum kind kind, const char *option, const char *value)
{
    struct passage passage;
    char name[128];
    int listener = listen_at(kind, name), pair[2];

    if (kind == UNIX_TO_IPV4)
        ck_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    else
        socket_pair(kind == IPV6_TO_IPV4 ? "::1" : "127.0.0.1", pair);
    passage.client = pair[0];
    socket_set_deadline(passage.client);
    passage.handler =
        handler_serve(pair[1], option ? WORDS("relay", option, value, name) : WORDS("relay", name));
    passage.target = socket_accept(listener);
    close(listener);
    if (kind == TO_PATH)
        unlink(name + 5);
    return passage;
}

static void end_passage(struct passage *passage)
{
    if (passage->client >= 0)
        close(passage->client);
    if (passage->target >= 0)
        close(passage->target);
    ck_assert_int_eq(handler_end(&passage->handler), 0);
}

START_TEST(passes_much_both_ways)
{
    struct passage passage = open_passage((enum kind)_i, NULL, NULL);
    char *up = bytes_make(MUCH, 5), *down = bytes_make(MUCH, 6), *got = malloc(MUCH);
    pid_t pid = fork();
    int status;

    /* The target's side in a process of its own. */
    if (pid == 0) {
        bytes_pump(passage.target, down, MUCH, passage.target, got, MUCH);
        _exit(memcmp(got, up, MUCH) == 0 ? 0 : 1);
    }
    bytes_pump(passage.client, up, MUCH, passage.client, got, MUCH);
    ck_assert(memcmp(got, down, MUCH) == 0);
    ck_assert(waitpid(pid, &status, 0) == pid && status == 0);
    end_passage(&passage);
    free(up);
    free(down);
    free(got);
}
END_TEST

/* Ends of the client's bytes and of the target's, each while the other still has much to say. */
START_TEST(keeps_half_close)
{
    struct passage passage = open_passage((enum kind)(_i / 2), NULL, NULL);
    int first = _i % 2 ? passage.target : passage.client;
    int second = _i % 2 ? passage.client : passage.target;
    char *much = bytes_make(MEGABYTE, 7), *got = malloc(MEGABYTE);

    bytes_write(first, "question", 8);
    ck_assert(shutdown(first, SHUT_WR) == 0);
    bytes_expect_all(second, "question");
    bytes_pump(second, much, MEGABYTE, first, got, MEGABYTE);
    ck_assert(memcmp(much, got, MEGABYTE) == 0);
    ck_assert(shutdown(second, SHUT_WR) == 0);
    bytes_expect_all(first, "");
    ck_assert_int_eq(handler_end(&passage.handler), 0);
    close(first);
    close(second);
    free(much);
    free(got);
}
END_TEST

/* The client doesn't read: what the target sends waits with the target, and nothing is lost. */
START_TEST(holds_back_what_is_not_read)
{
    struct passage passage = open_passage((enum kind)_i, NULL, NULL);
    char *much = bytes_make(MUCH, 8), *got = malloc(MUCH);
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        bytes_pump(passage.target, much, MUCH, passage.target, got, 10);
        _exit(memcmp(got, "still here", 10) == 0 ? 0 : 1);
    }
    close(passage.target);
    passage.target = -1;
    /* The other direction isn't stopped by that. */
    bytes_write(passage.client, "still here", 10);
    bytes_read(passage.client, got, MUCH);
    ck_assert(memcmp(got, much, MUCH) == 0);
    ck_assert(waitpid(pid, &status, 0) == pid && status == 0);
    end_passage(&passage);
    free(much);
    free(got);
}
END_TEST

static void break_off(int *fd)
{
    const struct linger now = {.l_onoff = 1};

    ck_assert(setsockopt(*fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) == 0);
    close(*fd);
    *fd = -1;
}

/* Half a file must not look like a whole one. */
START_TEST(passes_a_reset_on)
{
    struct passage passage = open_passage(IPV4_TO_IPV6, NULL, NULL);
    int *first = _i ? &passage.target : &passage.client;
    int *second = _i ? &passage.client : &passage.target;
    char half[4];
    size_t length;
    int error;

    bytes_write(*first, "half", 4);
    bytes_read(*second, half, 4);
    break_off(first);
    free(bytes_read_all(*second, &length, &error));
    ck_assert_int_eq(error, -ECONNRESET);
    end_passage(&passage);
}
END_TEST

/* Until nothing moves any more: all buffers on the way are full, or, since TCP's may hold all of
 * it, everything is sent. Returns how much. */
static size_t fill(int fd, const char *bytes)
{
    size_t sent = 0;
    int full = 0;

    while (sent < MUCH && full < 20) {
        ssize_t put = send(fd, bytes + sent, MUCH - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

        full = put > 0 ? 0 : full + 1;
        sent += put > 0 ? (size_t)put : 0;
        if (put <= 0)
            poll(NULL, 0, 5);
    }
    return sent;
}

/* A client breaks off when the target reads nothing, and (1) sends itself: the relay finds out by
 * poll alone, or in writing. The target learns of it though it doesn't read. */
START_TEST(passes_a_reset_on_when_full)
{
    struct passage passage = open_passage(IPV4_TO_IPV4, NULL, NULL);
    struct pollfd ended = {.fd = passage.target};
    char *much = bytes_make(MUCH, 11);
    size_t length;
    int error;

    fill(passage.client, much);
    if (_i)
        fill(passage.target, much);
    break_off(&passage.client);
    ck_assert_msg(poll(&ended, 1, DEADLINE * 1000) == 1, "the target isn't told");
    free(bytes_read_all(passage.target, &length, &error));
    ck_assert_int_eq(error, -ECONNRESET);
    end_passage(&passage);
    free(much);
}
END_TEST

/* The target has heard enough and has answered; what the client still sends must not cost it the
 * answer. */
START_TEST(delivers_an_early_answer)
{
    struct passage passage = open_passage((enum kind)_i, NULL, NULL);
    char *much = bytes_make(MEGABYTE, 9), byte;

    bytes_write(passage.client, "x", 1);
    bytes_read(passage.target, &byte, 1);
    bytes_write(passage.target, "413 too much", 12);
    close(passage.target);
    passage.target = -1;
    for (size_t sent = 0; sent < MEGABYTE;) {
        ssize_t put = send(passage.client, much + sent, MEGABYTE - sent, MSG_NOSIGNAL);

        ck_assert_msg(put > 0, "after %zu bytes: %s", sent, strerror(errno));
        sent += (size_t)put;
    }
    bytes_expect_all(passage.client, "413 too much");
    end_passage(&passage);
    free(much);
}
END_TEST

/* A client that wants no answer any more ends the relay, though the target says nothing. */
START_TEST(ends_with_its_client)
{
    struct passage passage = open_passage(_i ? UNIX_TO_IPV4 : IPV4_TO_IPV4, NULL, NULL);

    ck_assert(shutdown(passage.client, SHUT_WR) == 0);
    bytes_expect_all(passage.target, "");
    break_off(&passage.client);
    ck_assert_int_eq(handler_end(&passage.handler), 0);
    close(passage.target);
}
END_TEST

/* A client sends more than the relay holds and goes; the target reads it only later. */
START_TEST(loses_nothing_of_a_gone_client)
{
    struct passage passage = open_passage(_i ? UNIX_TO_IPV4 : IPV4_TO_IPV4, NULL, NULL);
    char *much = bytes_make(MUCH, 10), *got;
    size_t sent = fill(passage.client, much), length;
    int error;

    close(passage.client);
    passage.client = -1;
    /* It waits meanwhile, and doesn't ask again and again. */
    poll(NULL, 0, 300);
    ck_assert_int_lt(process_ticks(passage.handler.pid), 15);
    got = bytes_read_all(passage.target, &length, &error);
    ck_assert_int_eq(error, 0);
    ck_assert_uint_eq(length, sent);
    ck_assert(memcmp(got, much, sent) == 0);
    end_passage(&passage);
    free(much);
    free(got);
}
END_TEST

/* All that the target gets before the first byte of the client. */
static void expect_header(struct passage *passage, const void *header, size_t size)
{
    char got[256];

    bytes_write(passage->client, "client", 6);
    bytes_read(passage->target, got, size + 6);
    ck_assert_mem_eq(got, header, size);
    ck_assert_mem_eq(got + size, "client", 6);
    end_passage(passage);
}

static void get_ports(int client, int *ret_client, int *ret_server)
{
    struct address own = address_of(client), peer = {.length = sizeof(peer.storage)};

    ck_assert(getpeername(client, (struct sockaddr *)&peer.storage, &peer.length) == 0);
    *ret_client = address_port(&own);
    *ret_server = address_port(&peer);
}

START_TEST(tells_the_client_in_version_1)
{
    static const enum kind kinds[] = {IPV4_TO_IPV6, IPV6_TO_IPV4, UNIX_TO_IPV4};
    static const char *const addresses[] = {"TCP4 127.0.0.1 127.0.0.1", "TCP6 ::1 ::1"};
    struct passage passage = open_passage(kinds[_i], "--proxy", "v1");
    char header[128] = "PROXY UNKNOWN\r\n";
    int client, server;

    if (_i < 2) {
        get_ports(passage.client, &client, &server);
        snprintf(header, sizeof(header), "PROXY %s %d %d\r\n", addresses[_i], client, server);
    }
    expect_header(&passage, header, strlen(header));
}
END_TEST

START_TEST(tells_the_client_in_version_2)
{
    static const enum kind kinds[] = {IPV4_TO_IPV6, IPV6_TO_IPV4, UNIX_TO_IPV4};
    static const char four[] = "\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01";
    static const char six[] = "\x21\x21\0\x24\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"
                              "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01";
    static const char unspecified[] = "\x21\0\0\0";
    static const char *const parts[] = {four, six, unspecified};
    static const size_t sizes[] = {sizeof(four) - 1, sizeof(six) - 1, sizeof(unspecified) - 1};
    struct passage passage = open_passage(kinds[_i], "--proxy", "v2");
    char header[128] = "\r\n\r\n\0\r\nQUIT\n";
    size_t size = 12 + sizes[_i];
    int ports[2];

    memcpy(header + 12, parts[_i], sizes[_i]);
    if (_i < 2) {
        get_ports(passage.client, &ports[0], &ports[1]);
        for (int i = 0; i < 2; i++) {
            header[size++] = (char)(ports[i] >> 8);
            header[size++] = (char)ports[i];
        }
    }
    expect_header(&passage, header, size);
}
END_TEST

/* On a dual socket an IPv4 client is mapped, and must be told as IPv4. */
START_TEST(tells_mapped_addresses_as_ipv4)
{
    char name[128], header[128];
    int listener = listen_at(IPV4_TO_IPV4, name), dual = socket_bind(SOCK_STREAM, "::", 0);
    struct address bound = address_of(dual),
                   address = address_make("127.0.0.1", address_port(&bound)), own;
    struct passage passage = {.client = socket_connect(SOCK_STREAM, &address)};

    passage.handler = handler_serve(socket_accept(dual), WORDS("relay", "--proxy", "v1", name));
    passage.target = socket_accept(listener);
    own = address_of(passage.client);
    snprintf(header, sizeof(header), "PROXY TCP4 127.0.0.1 127.0.0.1 %d %d\r\n", address_port(&own),
             address_port(&address));
    close(listener);
    close(dual);
    expect_header(&passage, header, strlen(header));
}
END_TEST

/* A super-server that has read a header itself tells the client by UCSPI's variables. */
START_TEST(tells_what_it_was_told)
{
    struct passage passage;

    setenv("TCPREMOTEIP", "192.0.2.1", 1);
    setenv("TCPREMOTEPORT", "40000", 1);
    setenv("TCPLOCALIP", "192.0.2.2", 1);
    setenv("TCPLOCALPORT", "80", 1);
    passage = open_passage(IPV4_TO_IPV4, "--proxy", "v1");
    expect_header(&passage, "PROXY TCP4 192.0.2.1 192.0.2.2 40000 80\r\n", 41);
    unsetenv("TCPREMOTEIP");
}
END_TEST

START_TEST(ends_when_nothing_passes)
{
    struct passage passage = open_passage((enum kind)_i, "--idle-timeout", "200ms");
    int client_error, target_error;
    char *errors, bytes[5];
    size_t length;

    bytes_write(passage.client, "hello", 5);
    bytes_read(passage.target, bytes, 5);
    free(bytes_read_all(passage.client, &length, &client_error));
    free(bytes_read_all(passage.target, &length, &target_error));
    /* What has passed need not be the whole; unix sockets have no way to say so. */
    ck_assert_int_eq(client_error, _i == UNIX_TO_IPV4 ? 0 : -ECONNRESET);
    ck_assert_int_eq(target_error, _i == TO_PATH || _i == TO_ABSTRACT ? 0 : -ECONNRESET);
    ck_assert_int_eq(handler_end_errors(&passage.handler, &errors), 0);
    ck_assert_str_eq(errors, "relay: connection closed: idle for too long\n");
    free(errors);
    close(passage.client);
    close(passage.target);
}
END_TEST

static void expect_failure(const char *name, const char *reason)
{
    struct handler handler;
    char expected[256], *errors;
    int pair[2];

    socket_pair("127.0.0.1", pair);
    handler = handler_serve(pair[1], WORDS("relay", "--connect-timeout", "300ms", name));
    bytes_expect_all(pair[0], "");
    ck_assert_int_eq(handler_end_errors(&handler, &errors), 1);
    snprintf(expected, sizeof(expected), "relay: cannot connect to %s: %s\n", name, reason);
    ck_assert_str_eq(errors, expected);
    free(errors);
    close(pair[0]);
}

START_TEST(says_that_a_target_refuses)
{
    char name[128];
    int fd = listen_at((enum kind)_i, name);

    close(fd);
    expect_failure(name, strerror(ECONNREFUSED));
    if (_i == TO_PATH) {
        unlink(name + 5);
        expect_failure(name, strerror(ENOENT));
    }
}
END_TEST

/* A listener whose backlog is full lets connections hang. */
START_TEST(gives_up_connecting)
{
    char name[128];
    int fd = listen_at(_i == 0 ? IPV4_TO_IPV4 : TO_ABSTRACT, name), waiting[16], count = 0;
    struct address address = address_of(fd);

    ck_assert(listen(fd, 0) == 0);
    for (; count < 16; count++) {
        waiting[count] =
            socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (connect(waiting[count], (struct sockaddr *)&address.storage, address.length) < 0 &&
            errno == EAGAIN)
            break;
    }
    expect_failure(name, strerror(ETIMEDOUT));
    while (count-- > 0)
        close(waiting[count]);
    close(fd);
}
END_TEST

Suite *relay_suite(void)
{
    Suite *suite = suite_create("relay");
    TCase *relay = tcase_create("relay");

    tcase_add_loop_test(relay, passes_much_both_ways, 0, KINDS);
    tcase_add_loop_test(relay, keeps_half_close, 0, 2 * KINDS);
    tcase_add_loop_test(relay, holds_back_what_is_not_read, 0, KINDS);
    tcase_add_loop_test(relay, passes_a_reset_on, 0, 2);
    tcase_add_loop_test(relay, passes_a_reset_on_when_full, 0, 2);
    tcase_add_loop_test(relay, delivers_an_early_answer, 0, KINDS);
    tcase_add_loop_test(relay, ends_with_its_client, 0, 2);
    tcase_add_loop_test(relay, loses_nothing_of_a_gone_client, 0, 2);
    tcase_add_loop_test(relay, tells_the_client_in_version_1, 0, 3);
    tcase_add_loop_test(relay, tells_the_client_in_version_2, 0, 3);
    tcase_add_test(relay, tells_mapped_addresses_as_ipv4);
    tcase_add_test(relay, tells_what_it_was_told);
    tcase_add_loop_test(relay, ends_when_nothing_passes, 0, KINDS);
    tcase_add_loop_test(relay, says_that_a_target_refuses, 0, UNIX_TO_IPV4);
    tcase_add_loop_test(relay, gives_up_connecting, 0, 2);
    suite_add_tcase(suite, relay);
    return suite;
}

/* The classic services and command lines, on streams. */
#include "support.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MEGABYTE ((size_t)1 << 20)

/* The kinds of connection a handler may have. */
static void make_connection(int kind, int pair[static 2])
{
    if (kind == 0)
        socket_pair("127.0.0.1", pair);
    else if (kind == 1)
        socket_pair("::1", pair);
    else {
        ck_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
        socket_set_deadline(pair[0]);
    }
}

#define KINDS 3

START_TEST(echo_gives_back_every_byte)
{
    char *output = bytes_make(MEGABYTE, 1), *input = malloc(MEGABYTE);
    struct handler handler;
    int pair[2];

    make_connection(_i, pair);
    handler = handler_serve(pair[1], WORDS("echo"));
    bytes_pump(pair[0], output, MEGABYTE, pair[0], input, MEGABYTE);
    ck_assert_mem_eq(input, output, MEGABYTE);
    ck_assert(shutdown(pair[0], SHUT_WR) == 0);
    bytes_expect_all(pair[0], "");
    ck_assert_int_eq(handler_end(&handler), 0);
    close(pair[0]);
    free(output);
    free(input);
}
END_TEST

START_TEST(echo_works_by_hand)
{
    int in[2], out[2];
    struct handler handler;

    ck_assert(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
    handler = handler_start(in[0], out[1], WORDS("echo"));
    close(in[0]);
    close(out[1]);
    bytes_write(in[1], "hello\n", 6);
    close(in[1]);
    bytes_expect_all(out[0], "hello\n");
    ck_assert_int_eq(handler_end(&handler), 0);
    close(out[0]);
}
END_TEST

/* A client that breaks off is no error of ours. */
START_TEST(gone_clients_are_no_error)
{
    static const char *const names[] = {"echo", "discard", "chargen"};
    const struct linger now = {.l_onoff = 1};
    char byte;
    struct handler handler;
    int pair[2];

    socket_pair("127.0.0.1", pair);
    handler = handler_serve(pair[1], WORDS(names[_i]));
    bytes_write(pair[0], "x", 1);
    if (_i != 1)
        bytes_read(pair[0], &byte, 1);
    ck_assert(setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &now, sizeof(now)) == 0);
    close(pair[0]);
    ck_assert_int_eq(handler_end(&handler), 0);
}
END_TEST

START_TEST(discard_says_nothing)
{
    char *output = bytes_make(MEGABYTE, 2);
    struct handler handler;
    int pair[2];

    make_connection(_i, pair);
    handler = handler_serve(pair[1], WORDS("discard"));
    bytes_pump(pair[0], output, MEGABYTE, -1, NULL, 0);
    ck_assert(shutdown(pair[0], SHUT_WR) == 0);
    bytes_expect_all(pair[0], "");
    ck_assert_int_eq(handler_end(&handler), 0);
    close(pair[0]);
    free(output);
}
END_TEST

/* What a client sends though nobody wants it must not destroy the answer. */
START_TEST(daytime_is_a_line_of_now)
{
    time_t before = time(NULL), told;
    struct handler handler;
    struct tm local = {.tm_isdst = -1};
    char *line, *rest;
    size_t length;
    int pair[2], error;

    make_connection(_i, pair);
    bytes_write(pair[0], "what time is it?\n", 17);
    handler = handler_serve(pair[1], WORDS("daytime"));
    line = bytes_read_all(pair[0], &length, &error);
    ck_assert_int_eq(error, 0);
    ck_assert_uint_eq(length, 26);
    rest = strptime(line, "%a %b %e %H:%M:%S %Y", &local);
    ck_assert_msg(rest && strcmp(rest, "\r\n") == 0, "%s", line);
    told = mktime(&local);
    ck_assert(told >= before && told <= time(NULL));
    close(pair[0]);
    ck_assert_int_eq(handler_end(&handler), 0);
    free(line);
}
END_TEST

START_TEST(time_is_four_bytes_of_now)
{
    time_t before = time(NULL);
    struct handler handler;
    uint32_t told;
    char *answer;
    size_t length;
    int pair[2], error;

    make_connection(_i, pair);
    handler = handler_serve(pair[1], WORDS("time"));
    answer = bytes_read_all(pair[0], &length, &error);
    ck_assert_uint_eq(length, 4);
    memcpy(&told, answer, sizeof(told));
    /* The RFC's own example: 2,208,988,800 is 1970-01-01. */
    told = ntohl(told) - 2208988800U;
    ck_assert(told >= (uint32_t)before && told <= (uint32_t)time(NULL));
    close(pair[0]);
    ck_assert_int_eq(handler_end(&handler), 0);
    free(answer);
}
END_TEST

#define LINES 200

/* The client writes a lot before it reads anything: both must go on. */
START_TEST(chargen_goes_on_and_on)
{
    char *output = bytes_make(4 * MEGABYTE, 3), *input = malloc(LINES * 74);
    struct handler handler;
    int pair[2];

    make_connection(_i, pair);
    handler = handler_serve(pair[1], WORDS("chargen"));
    bytes_pump(pair[0], output, 4 * MEGABYTE, -1, NULL, 0);
    ck_assert(shutdown(pair[0], SHUT_WR) == 0);
    bytes_read(pair[0], input, LINES * 74);
    for (int line = 0; line < LINES; line++) {
        for (int i = 0; i < 72; i++)
            ck_assert_int_eq(input[line * 74 + i], ' ' + (line + i) % 95);
        ck_assert_mem_eq(input + line * 74 + 72, "\r\n", 2);
    }
    close(pair[0]);
    ck_assert_int_eq(handler_end(&handler), 0);
    free(output);
    free(input);
}
END_TEST

static const char *const programs[] = {"echo",   "discard", "daytime",    "time",       "chargen",
                                       "tcpmux", "relay",   "check-http", "check-agent"};
#define PROGRAMS (int)(sizeof(programs) / sizeof(programs[0]))

START_TEST(helps)
{
    struct handler handler;
    int pair[2], error;
    size_t length;
    char *text;

    make_connection(2, pair);
    handler = handler_serve(pair[1], WORDS(programs[_i], "--help"));
    text = bytes_read_all(pair[0], &length, &error);
    ck_assert(strncmp(text, "usage: ", 7) == 0);
    ck_assert(strncmp(text + 7, programs[_i], strlen(programs[_i])) == 0);
    ck_assert(strstr(text, "See stdinetd-handlers(7)."));
    ck_assert_int_eq(handler_end(&handler), 0);
    close(pair[0]);
    free(text);
}
END_TEST

static const char *const mistakes[][4] = {
    {"echo", "operand"},
    {"daytime", "--nonsense"},
    {"tcpmux"},
    {"tcpmux", "--timeout", "soon", "/tmp"},
    {"tcpmux", "one", "two"},
    {"relay"},
    {"relay", "--proxy", "v3", "127.0.0.1:80"},
    {"relay", "80"},
    {"check-http"},
    {"check-http", "--timeout", "366d", "true"},
    {"relay", "--idle-timeout", "213503d", "127.0.0.1:80"},
    {"check-agent", "--cache", "x", "true"},
};
#define MISTAKES (int)(sizeof(mistakes) / sizeof(mistakes[0]))

START_TEST(mistakes_are_said)
{
    const char *words[5] = {NULL};
    struct handler handler;
    char *errors;
    int pair[2];

    memcpy(words, mistakes[_i], sizeof(mistakes[_i]));
    make_connection(2, pair);
    handler = handler_serve(pair[1], words);
    ck_assert_int_eq(handler_end_errors(&handler, &errors), 64);
    ck_assert_str_ne(errors, "");
    bytes_expect_all(pair[0], "");
    close(pair[0]);
    free(errors);
}
END_TEST

START_TEST(listening_sockets_are_refused)
{
    static const char *const words[][3] = {{"echo"},
                                           {"tcpmux", "/"},
                                           {"relay", "127.0.0.1:1"},
                                           {"check-http", "true"},
                                           {"check-agent", "true"}};
    struct handler handler = handler_serve(socket_bind(SOCK_STREAM, "127.0.0.1", 0), words[_i]);
    char *errors;

    ck_assert_int_eq(handler_end_errors(&handler, &errors), 64);
    ck_assert(strstr(errors, "listening") != NULL);
    free(errors);
}
END_TEST

/* Under inetd standard error is the client's connection. */
START_TEST(errors_stay_out_of_the_data)
{
    static const struct {
        const char *command;
        int status;
    } failures[] = {{"echo --nonsense", 64}, {"tcpmux /nonexistent", 71}, {"relay 127.0.0.1:1", 1}};
    struct handler handler;
    char script[128];
    int pair[2];

    snprintf(script, sizeof(script), "exec \"$0\"/%s", failures[_i].command);
    make_connection(2, pair);
    handler = handler_serve_by_shell(pair[1], script);
    bytes_expect_all(pair[0], "");
    ck_assert_int_eq(handler_end(&handler), failures[_i].status);
    close(pair[0]);
}
END_TEST

Suite *stream_suite(void)
{
    Suite *suite = suite_create("stream");
    TCase *stream = tcase_create("stream");

    tcase_add_loop_test(stream, echo_gives_back_every_byte, 0, KINDS);
    tcase_add_test(stream, echo_works_by_hand);
    tcase_add_loop_test(stream, gone_clients_are_no_error, 0, 3);
    tcase_add_loop_test(stream, discard_says_nothing, 0, KINDS);
    tcase_add_loop_test(stream, daytime_is_a_line_of_now, 0, KINDS);
    tcase_add_loop_test(stream, time_is_four_bytes_of_now, 0, KINDS);
    tcase_add_loop_test(stream, chargen_goes_on_and_on, 0, KINDS);
    tcase_add_loop_test(stream, helps, 0, PROGRAMS);
    tcase_add_loop_test(stream, mistakes_are_said, 0, MISTAKES);
    tcase_add_loop_test(stream, listening_sockets_are_refused, 0, 5);
    tcase_add_loop_test(stream, errors_stay_out_of_the_data, 0, 3);
    suite_add_tcase(suite, stream);
    return suite;
}

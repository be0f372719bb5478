/* tcpmux: which line starts which program, and that it takes nothing but its line. */
#include "support.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *directory;

static void begin(void)
{
    char path[256];

    directory = directory_make();
    file_write(directory, "rest", "#!/bin/sh\nexec cat\n", 0755);
    file_write(directory, "=rest", "#!/bin/sh\necho another\n", 0755);
    file_write(directory, "+plus", "#!/bin/sh\necho plus \"$0\"\n", 0755);
    file_write(directory, "=own", "#!/bin/sh\nprintf '+Welcome\\r\\n'\nexec cat\n", 0755);
    file_write(directory, "secret", "#!/bin/sh\necho secret\n", 0644);
    file_write(directory, ".hidden", "#!/bin/sh\necho hidden\n", 0755);
    file_write(directory, "Upper", "#!/bin/sh\necho upper\n", 0755);
    snprintf(path, sizeof(path), "%s/linked", directory);
    ck_assert(symlink("/bin/cat", path) == 0);
    snprintf(path, sizeof(path), "%s/folder", directory);
    ck_assert(mkdir(path, 0755) == 0);
}

static void end(void)
{
    directory_remove(directory);
}

#define REFUSED "-Service not available\r\n"

static const struct {
    const char *question, *answer;
} exchanges[] = {
    {"rest\r\nthe rest\r\nof it", "+Go\r\nthe rest\r\nof it"},
    {"rest\nthe rest", "+Go\r\nthe rest"},
    {"rest\r\n", "+Go\r\n"},
    {"ReSt\r\n\r\n\r\n", "+Go\r\n\r\n\r\n"},
    {"linked\r\nabc", "+Go\r\nabc"},
    {"own\r\nabc", "+Welcome\r\nabc"},
    {"help\r\n", "plus\r\nown\r\nlinked\r\nrest\r\n"},
    {"HELP\n", "plus\r\nown\r\nlinked\r\nrest\r\n"},
    {"nothing\r\nabc", REFUSED},
    {"secret\r\n", REFUSED},
    {"folder\r\n", REFUSED},
    {"upper\r\n", REFUSED},
    {"=own\r\n", REFUSED},
    {"+plus\r\n", REFUSED},
    {".hidden\r\n", REFUSED},
    {"..\r\n", REFUSED},
    {"../../bin/cat\r\n", REFUSED},
    {"/bin/cat\r\n", REFUSED},
    {"rest \r\n", REFUSED},
    {"rest\r\r\n", REFUSED},
    {"\r\n", REFUSED},
    {"\n", REFUSED},
    {"res", ""}, /* the client ends in the middle of its line */
    {"", ""},
};
#define EXCHANGES (int)(sizeof(exchanges) / sizeof(exchanges[0]))

/* Sends all in one segment, what is for the program too. */
START_TEST(starts_what_is_named)
{
    struct handler handler;
    int pair[2];

    begin();
    socket_pair("127.0.0.1", pair);
    bytes_write(pair[0], exchanges[_i].question, strlen(exchanges[_i].question));
    ck_assert(shutdown(pair[0], SHUT_WR) == 0);
    handler = handler_serve(pair[1], WORDS("tcpmux", directory));
    bytes_expect_all(pair[0], exchanges[_i].answer);
    ck_assert_int_eq(handler_end(&handler), 0);
    close(pair[0]);
    end();
}
END_TEST

START_TEST(gives_the_name_to_the_program)
{
    char expected[128];
    struct handler handler;
    int pair[2];

    begin();
    socket_pair("::1", pair);
    handler = handler_serve(pair[1], WORDS("tcpmux", directory));
    bytes_write(pair[0], "plus\r\n", 6);
    /* The shell's $0 is the script. */
    snprintf(expected, sizeof(expected), "+Go\r\nplus %s/+plus\n", directory);
    bytes_expect_all(pair[0], expected);
    ck_assert_int_eq(handler_end(&handler), 0);
    close(pair[0]);
    end();
}
END_TEST

/* A NUL inside a line, and lines of 255 and more bytes. */
START_TEST(refuses_lines_that_are_none)
{
    char line[600];
    struct handler handler;
    int pair[2];

    begin();
    memset(line, 'a', sizeof(line));
    if (_i == 0)
        memcpy(line, "rest\0x\r\n", 8);
    else
        memcpy(line + (_i == 1 ? 254 : 400), "\r\n", 2);
    socket_pair("127.0.0.1", pair);
    handler = handler_serve(pair[1], WORDS("tcpmux", directory));
    bytes_write(pair[0], line, _i == 0 ? 8 : _i == 1 ? 256 : 402);
    bytes_expect_all(pair[0], REFUSED);
    close(pair[0]);
    ck_assert_int_eq(handler_end(&handler), 0);
    end();
}
END_TEST

START_TEST(does_not_wait_for_ever)
{
    struct handler handler;
    int pair[2];

    begin();
    socket_pair("127.0.0.1", pair);
    handler = handler_serve(pair[1], WORDS("tcpmux", "--timeout", "100ms", directory));
    bytes_write(pair[0], "res", 3);
    bytes_expect_all(pair[0], "");
    ck_assert_int_eq(handler_end(&handler), 0);
    close(pair[0]);
    end();
}
END_TEST

START_TEST(waits_as_long_as_the_client_likes)
{
    struct handler handler;
    int pair[2];

    begin();
    socket_pair("127.0.0.1", pair);
    handler = handler_serve(pair[1], WORDS("tcpmux", "--timeout", "0", directory));
    poll(NULL, 0, 100); /* it would have ended */
    bytes_write(pair[0], "rest\r\n", 6);
    ck_assert(shutdown(pair[0], SHUT_WR) == 0);
    bytes_expect_all(pair[0], "+Go\r\n");
    close(pair[0]);
    ck_assert_int_eq(handler_end(&handler), 0);
    end();
}
END_TEST

/* The program is the client's alone, with what inetd gave us as standard error. */
START_TEST(gives_stderr_to_the_program)
{
    struct handler handler;
    char script[256];
    int pair[2];

    begin();
    file_write(directory, "errs", "#!/bin/sh\necho oops >&2\n", 0755);
    snprintf(script, sizeof(script), "exec \"$0/tcpmux\" %s", directory);
    socket_pair("127.0.0.1", pair);
    handler = handler_serve_by_shell(pair[1], script);
    bytes_write(pair[0], "errs\r\n", 6);
    bytes_expect_all(pair[0], "+Go\r\noops\n");
    close(pair[0]);
    ck_assert_int_eq(handler_end(&handler), 0);
    end();
}
END_TEST

START_TEST(refuses_directories_of_everybody)
{
    struct handler handler;
    char *errors;
    int pair[2];

    begin();
    ck_assert(chmod(directory, 0777) == 0);
    socket_pair("127.0.0.1", pair);
    handler = handler_serve(pair[1], WORDS("tcpmux", _i == 0 ? directory : "/nonexistent"));
    bytes_expect_all(pair[0], "");
    ck_assert_int_eq(handler_end_errors(&handler, &errors), 71);
    ck_assert_str_ne(errors, "");
    free(errors);
    close(pair[0]);
    end();
}
END_TEST

Suite *tcpmux_suite(void)
{
    Suite *suite = suite_create("tcpmux");
    TCase *tcpmux = tcase_create("tcpmux");

    tcase_add_loop_test(tcpmux, starts_what_is_named, 0, EXCHANGES);
    tcase_add_test(tcpmux, gives_the_name_to_the_program);
    tcase_add_loop_test(tcpmux, refuses_lines_that_are_none, 0, 3);
    tcase_add_test(tcpmux, waits_as_long_as_the_client_likes);
    tcase_add_test(tcpmux, gives_stderr_to_the_program);
    tcase_add_test(tcpmux, does_not_wait_for_ever);
    tcase_add_loop_test(tcpmux, refuses_directories_of_everybody, 0, 2);
    suite_add_tcase(suite, tcpmux);
    return suite;
}

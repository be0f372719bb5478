/* endpoint: items of `listen`, good ones with what they become and how many, bad ones with the
 * refusal and its reason; there and back; and their order. */
#include "base/endpoint.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static const struct {
    const char *text;
    size_t count;
    const char *first, *last; /* as they are written again */
} good_rows[] = {
    {"7777", 1, "7777", "7777"},
    {"1", 1, "1", "1"},
    {"65535", 1, "65535", "65535"},
    {"0080", 1, "80", "80"},
    {"http", 1, "80", "80"},
    {"ftp-data", 1, "20", "20"}, /* a '-' that is no range */
    {"*:80", 1, "80", "80"},
    {"*:http", 1, "80", "80"},
    {"6000-6010", 11, "6000", "6010"},
    {"5-5", 1, "5", "5"},
    {"65534-65535", 2, "65534", "65535"},
    {"1-65535", 65535, "1", "65535"},
    {"*:6000-6001", 2, "6000", "6001"},
    {"127.0.0.1:80", 1, "127.0.0.1:80", "127.0.0.1:80"},
    {"127.0.0.1:http", 1, "127.0.0.1:80", "127.0.0.1:80"},
    {"127.0.0.1:80-82", 3, "127.0.0.1:80", "127.0.0.1:82"},
    {"0.0.0.0:80", 1, "0.0.0.0:80", "0.0.0.0:80"},
    {"[::1]:80", 1, "[::1]:80", "[::1]:80"},
    {"[::1]:80-82", 3, "[::1]:80", "[::1]:82"},
    {"[::]:80", 1, "[::]:80", "[::]:80"},
    {"[2001:DB8:0:0::1]:80", 1, "[2001:db8::1]:80", "[2001:db8::1]:80"},
    {"[::ffff:192.0.2.1]:80", 1, "192.0.2.1:80", "192.0.2.1:80"},
    {"[fe80::1%3]:80", 1, "[fe80::1%3]:80", "[fe80::1%3]:80"},
    {"unix:/p", 1, "unix:/p", "unix:/p"},
    {"unix:/run/a b, c:d\"e'.sock", 1, "unix:/run/a b, c:d\"e'.sock",
     "unix:/run/a b, c:d\"e'.sock"},
    {"unix://", 1, "unix://", "unix://"},
    {"unix:@n", 1, "unix:@n", "unix:@n"},
    {"unix:@@", 1, "unix:@@", "unix:@@"},
    {"udp:53", 1, "udp:53", "udp:53"},
    {"udp:*:53", 1, "udp:53", "udp:53"},
    {"udp:domain", 1, "udp:53", "udp:53"},
    {"udp:127.0.0.1:53-54", 2, "udp:127.0.0.1:53", "udp:127.0.0.1:54"},
    {"udp:[::1]:53", 1, "udp:[::1]:53", "udp:[::1]:53"},
    {"unix-dgram:/p", 1, "unix-dgram:/p", "unix-dgram:/p"},
    {"unix-dgram:@n", 1, "unix-dgram:@n", "unix-dgram:@n"},
    {"unix-seqpacket:/p", 1, "unix-seqpacket:/p", "unix-seqpacket:/p"},
    {"vsock:1", 1, "vsock:1", "vsock:1"},
    {"vsock:4294967294", 1, "vsock:4294967294", "vsock:4294967294"},
    {"fd:web", 1, "fd:web", "fd:web"},
    {"fd:a,b;c", 1, "fd:a,b;c", "fd:a,b;c"},
};

/* Whether the row needs a services(5) that this machine hasn't. */
static bool lacks_services(const char *text)
{
    return (strstr(text, "http") && !getservbyname("http", "tcp")) ||
           (strstr(text, "ftp-data") && !getservbyname("ftp-data", "tcp")) ||
           (strstr(text, "domain") && !getservbyname("domain", "udp"));
}

static void check_round_trip(struct arena *arena, const struct endpoint *endpoint,
                             const char *expected)
{
    char text[ENDPOINT_TEXT_SIZE];
    const char *problem = NULL;
    struct endpoint *back;
    size_t count = 0;

    endpoint_format(endpoint, text);
    ck_assert_str_eq(text, expected);
    ck_assert_msg(endpoint_parse(arena, text, &back, &count, &problem) == 0, "'%s': %s", text,
                  problem);
    ck_assert_uint_eq(count, 1);
    ck_assert_msg(endpoint_equal(endpoint, back), "'%s' is another one", text);
    ck_assert_int_eq(endpoint_compare(endpoint, back), 0);
}

START_TEST(test_good)
{
    const char *text = good_rows[_i].text, *problem = NULL;
    struct arena *arena = arena_new();
    struct endpoint *endpoints = NULL;
    size_t count = 0;
    int error = endpoint_parse(arena, text, &endpoints, &count, &problem);
    bool lacks = error < 0 && lacks_services(text);

    if (lacks)
        arena_free(arena);
    SKIP_IF(lacks, "services(5) has no such name here");
    ck_assert_msg(error == 0, "'%s': %d, %s", text, error, problem);
    ck_assert_msg(count == good_rows[_i].count, "'%s': %zu", text, count);
    check_round_trip(arena, &endpoints[0], good_rows[_i].first);
    check_round_trip(arena, &endpoints[count - 1], good_rows[_i].last);
    for (size_t i = 1; i < count; i++)
        ck_assert_uint_eq(endpoints[i].addr.port, endpoints[i - 1].addr.port + 1U);
    arena_free(arena);
}
END_TEST

#define UNIX_FORM "a unix socket is written unix:/absolute/path or unix:@name"

static const struct {
    const char *text;
    const char *problem; /* a part of it; NULL: any */
} bad_rows[] = {
    {"", NULL},
    {" ", NULL},
    {"0", "from 1 to 65535"},
    {"65536", "from 1 to 65535"},
    {"99999999999999999999", "not a port"},
    {"-1", NULL},
    {"+80", NULL},
    {"80 ", "not a port"},
    {" 80", NULL},
    {"80x", "not a port"},
    {"8.0", NULL},
    {"0x50", "not a port"},
    {"no-such-service", "not a port number or a name"},
    {"HTTP/1.1", NULL},
    {"10-5", "backwards"},
    {"0-5", "from 1 to 65535"},
    {"1-65536", "from 1 to 65535"},
    {"1-99999999999999999999", "not a port"},
    {"1-", NULL},
    {"1--2", NULL},
    {"1-2-3", NULL},
    {"1 - 2", NULL},
    {"00000000000000000000001-2", NULL},
    {":", NULL},
    {":80", NULL},
    {"::", NULL},
    {"::1", "needs brackets"},
    {"::1:80", "needs brackets"},
    {"2001:db8::1:80", "needs brackets"},
    {"[::1]", "ADDRESS:PORT"},
    {"[::1]:", NULL},
    {"[::1]80", "ADDRESS:PORT"},
    {"[::1", "ADDRESS:PORT"},
    {"[::1:80", "ADDRESS:PORT"},
    {"::1]:80", NULL},
    {"[]:80", "ADDRESS:PORT"},
    {"[", "ADDRESS:PORT"},
    {"[*]:80", "not a numeric address"},
    {"[::1]:0", "from 1 to 65535"},
    {"[::1]:65536", "from 1 to 65535"},
    {"[::1]:80:81", NULL},
    {"[::g]:80", "not a numeric address"},
    {"[fe80::1%no-such-interface]:80", "not a numeric address"},
    {"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:80", NULL},
    {"*", NULL},
    {"*:", NULL},
    {"**:80", "not a numeric address"},
    {"a.b.c:80", "not a numeric address"},
    {"localhost:80", "not a numeric address"},
    {"127.0.0.1", NULL},
    {"127.0.0.1:", NULL},
    {"127.0.0.1:0", "from 1 to 65535"},
    {"127.0.0.1:65536", "from 1 to 65535"},
    {"127.0.0.1:10-5", "backwards"},
    {"127.0.0:80", "not a numeric address"},
    {"127.1:80", "not a numeric address"},
    {"256.0.0.1:80", "not a numeric address"},
    {"127.0.0.1/8:80", "not a numeric address"},
    {"udp:", NULL},
    {"udp:0", "from 1 to 65535"},
    {"udp:udp:53", NULL},
    {"udp:no-such-service", "not a port number or a name"},
    {"unix-dgram:p", UNIX_FORM},
    {"unix-seqpacket:", UNIX_FORM},
    {"vsock:", "a vsock port"},
    {"vsock:0", "a vsock port"},
    {"vsock:4294967295", "a vsock port"},
    {"vsock:2:80", "a vsock port"},
    {"vsock:http", "a vsock port"},
    {"fd:", "1 to 107"},
    {"fd:a:b", "cannot contain blanks or ':'"},
    {"fd:a b", "cannot contain blanks"},
    {"fd:a\x01", "cannot contain blanks"},
    {"tcp:80", NULL},
    {"UNIX:/p", NULL},
    {"unix:", UNIX_FORM},
    {"unix:relative", UNIX_FORM},
    {"unix:./p", UNIX_FORM},
    {"unix: /p", UNIX_FORM},
    {"unix:/", "no name"},
    {"unix:@", "no name"},
    {"/run/p", NULL},
};

START_TEST(test_bad)
{
    const char *text = bad_rows[_i].text, *problem = NULL;
    struct arena *arena = arena_new();
    struct endpoint *endpoints = NULL;
    size_t count = 77;
    int error = endpoint_parse(arena, text, &endpoints, &count, &problem);

    ck_assert_msg(error == -EINVAL, "'%s': %d", text, error);
    ck_assert_msg(problem && problem[0] != '\0', "'%s': no reason", text);
    ck_assert_msg(!bad_rows[_i].problem || strstr(problem, bad_rows[_i].problem), "'%s': %s", text,
                  problem);
    ck_assert_msg(!endpoints && count == 77, "'%s' wrote", text);
    arena_free(arena);
}
END_TEST

/* A path of length bytes behind "unix:", the first of them first. */
static void make_path(char text[static 256], char first, size_t length)
{
    memcpy(text, "unix:", sizeof("unix:"));
    memset(text + 5, 'p', length);
    text[5] = first;
    text[5 + length] = '\0';
}

START_TEST(test_path_length)
{
    static const char firsts[] = {'/', '@'};
    struct arena *arena = arena_new();

    for (int i = 0; i < ROWS(firsts); i++) {
        struct endpoint *endpoint;
        const char *problem = NULL;
        char text[256];
        size_t count;

        make_path(text, firsts[i], 107);
        ck_assert_int_eq(endpoint_parse(arena, text, &endpoint, &count, &problem), 0);
        ck_assert_uint_eq(strlen(endpoint->path), 107);
        check_round_trip(arena, endpoint, text);
        make_path(text, firsts[i], 108);
        ck_assert_int_eq(endpoint_parse(arena, text, &endpoint, &count, &problem), -EINVAL);
        ck_assert_ptr_nonnull(strstr(problem, "107"));
    }
    arena_free(arena);
}
END_TEST

START_TEST(test_every_address)
{
    struct arena *arena = arena_new();
    struct endpoint *none, *star, *any;
    const char *problem;
    size_t count;

    ck_assert_int_eq(endpoint_parse(arena, "80", &none, &count, &problem), 0);
    ck_assert_int_eq(endpoint_parse(arena, "*:80", &star, &count, &problem), 0);
    ck_assert_int_eq(endpoint_parse(arena, "[::]:80", &any, &count, &problem), 0);
    ck_assert(none->every_address && star->every_address && !any->every_address);
    ck_assert(endpoint_equal(none, star));
    ck_assert(!endpoint_equal(none, any));
    ck_assert(addr_is_any(&none->addr) && addr_is_any(&any->addr));
    arena_free(arena);
}
END_TEST

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

/* In the order that endpoint_compare promises: ports together, wildcards first among them. */
static const char *const ordered[] = {
    "79",           "127.0.0.1:79", "80",       "0.0.0.0:80",     "127.0.0.1:80",
    "127.0.0.2:80", "[::]:80",      "[::1]:80", "[fe80::1%1]:80", "[fe80::1%2]:80",
    "81",           "[::1]:65535",  "udp:80",   "udp:[::1]:81",   "unix:/a",
    "unix:/a/b",    "unix:/b",      "unix:@a",  "unix-dgram:/a",  "unix-seqpacket:/a",
    "vsock:80",     "vsock:81",     "fd:a",     "fd:b",
};

START_TEST(test_order)
{
    struct arena *arena = arena_new();
    struct endpoint *endpoints[ROWS(ordered)];
    const char *problem;
    size_t count;

    for (int i = 0; i < ROWS(ordered); i++)
        ck_assert_int_eq(endpoint_parse(arena, ordered[i], &endpoints[i], &count, &problem), 0);
    for (int i = 0; i < ROWS(ordered); i++)
        for (int j = 0; j < ROWS(ordered); j++) {
            int order = sign(endpoint_compare(endpoints[i], endpoints[j]));

            ck_assert_msg(order == sign(i - j), "%s and %s: %d", ordered[i], ordered[j], order);
            ck_assert(endpoint_equal(endpoints[i], endpoints[j]) == (i == j));
        }
    arena_free(arena);
}
END_TEST

Suite *endpoint_suite(void)
{
    Suite *suite = suite_create("endpoint");
    TCase *tcase = tcase_create("endpoint");

    tcase_add_loop_test(tcase, test_good, 0, ROWS(good_rows));
    tcase_add_loop_test(tcase, test_bad, 0, ROWS(bad_rows));
    tcase_add_test(tcase, test_path_length);
    tcase_add_test(tcase, test_every_address);
    tcase_add_test(tcase, test_order);
    suite_add_tcase(suite, tcase);
    return suite;
}

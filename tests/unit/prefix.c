/* prefix: texts there and back, refusals and their reasons, who belongs to a prefix, their order,
 * masks; and lists of them as a configuration gives them, over one line and many. */
#include "base/prefix.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/codec.h"
#include "unit.h"

static struct prefix prefix_of(const char *text)
{
    struct prefix prefix;
    const char *problem = NULL;

    ck_assert_msg(prefix_parse(text, &prefix, &problem) == 0, "'%s': %s", text, problem);
    return prefix;
}

static struct addr addr_of(const char *host)
{
    struct addr addr;

    if (strcmp(host, "uid 1000") == 0)
        return addr_unix(1000, 100, 7);
    if (strcmp(host, "vsock") == 0)
        return addr_vsock(3, 80);
    if (strcmp(host, "unknown") == 0)
        return (struct addr){.family = ADDR_NONE};
    ck_assert_msg(addr_parse_host(host, &addr) == 0, "%s", host);
    return addr;
}

static const struct {
    const char *text;
    uint8_t family, length;
    const char *written; /* as it is written again */
} good_rows[] = {
    {"192.0.2.0/24", ADDR_IPV4, 24, "192.0.2.0/24"},
    {"192.0.2.1", ADDR_IPV4, 32, "192.0.2.1"},
    {"192.0.2.1/32", ADDR_IPV4, 32, "192.0.2.1"},
    {"192.0.2.254/31", ADDR_IPV4, 31, "192.0.2.254/31"},
    {"255.255.255.255", ADDR_IPV4, 32, "255.255.255.255"},
    {"128.0.0.0/1", ADDR_IPV4, 1, "128.0.0.0/1"},
    {"10.0.0.0/8", ADDR_IPV4, 8, "10.0.0.0/8"},
    {"10.128.0.0/9", ADDR_IPV4, 9, "10.128.0.0/9"},
    {"0.0.0.0/0", ADDR_IPV4, 0, "0.0.0.0/0"},
    {"0.0.0.0", ADDR_IPV4, 32, "0.0.0.0"},
    {"2001:db8::/32", ADDR_IPV6, 32, "2001:db8::/32"},
    {"2001:DB8:0:0::/32", ADDR_IPV6, 32, "2001:db8::/32"},
    {"::1", ADDR_IPV6, 128, "::1"},
    {"::1/128", ADDR_IPV6, 128, "::1"},
    {"::/0", ADDR_IPV6, 0, "::/0"},
    {"::", ADDR_IPV6, 128, "::"},
    {"8000::/1", ADDR_IPV6, 1, "8000::/1"},
    {"2001:db8:1:2:8000::/65", ADDR_IPV6, 65, "2001:db8:1:2:8000::/65"},
    {"fe80::/10", ADDR_IPV6, 10, "fe80::/10"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127", ADDR_IPV6, 127,
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.254/127", ADDR_IPV6, 127,
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127"},
    {"::192.0.2.1", ADDR_IPV6, 128, "::192.0.2.1"}, /* not mapped */
    {"64:ff9b::/96", ADDR_IPV6, 96, "64:ff9b::/96"},
    {"::fffe:0:0/95", ADDR_IPV6, 95, "::fffe:0:0/95"},
    {"::ffff:192.0.2.1", ADDR_IPV4, 32, "192.0.2.1"},
    {"::ffff:192.0.2.1/128", ADDR_IPV4, 32, "192.0.2.1"},
    {"::ffff:192.0.2.0/120", ADDR_IPV4, 24, "192.0.2.0/24"},
    {"::FFFF:c000:200/120", ADDR_IPV4, 24, "192.0.2.0/24"},
    {"::ffff:0.0.0.0/96", ADDR_IPV4, 0, "0.0.0.0/0"},
    {"::ffff:128.0.0.0/97", ADDR_IPV4, 1, "128.0.0.0/1"},
    {"unix", ADDR_UNIX, 0, "unix"},
};

START_TEST(test_good)
{
    const char *text = good_rows[_i].text;
    struct prefix prefix = prefix_of(text), back;
    char written[PREFIX_TEXT_SIZE];

    ck_assert_msg(prefix.family == good_rows[_i].family, "'%s': family %u", text, prefix.family);
    ck_assert_msg(prefix.length == good_rows[_i].length, "'%s': length %u", text, prefix.length);
    prefix_format(&prefix, written);
    ck_assert_str_eq(written, good_rows[_i].written);
    back = prefix_of(written);
    ck_assert_msg(prefix_compare(&prefix, &back) == 0, "'%s' is another one", written);
    ck_assert_mem_eq(&prefix, &back, sizeof(back));
}
END_TEST

#define NOT_ONE  "not a numeric address, a network"
#define LENGTH_4 "an IPv4 prefix must be from 0 to 32"
#define LENGTH_6 "an IPv6 prefix must be from 0 to 128"
#define BITS     "bits set after the prefix length"
#define MAPPED   "from 96 to 128"
#define SCOPE    "cannot have a scope"

static const struct {
    const char *text, *problem; /* a part of it */
} bad_rows[] = {
    {"", NOT_ONE},
    {" ", NOT_ONE},
    {"/", NOT_ONE},
    {"/24", NOT_ONE},
    {"24", NOT_ONE},
    {"*", NOT_ONE},
    {"any", NOT_ONE},
    {"localhost", NOT_ONE},
    {"example.com/24", NOT_ONE},
    {"UNIX", NOT_ONE},
    {"unix:", NOT_ONE},
    {"unix:/run/x", NOT_ONE},
    {"unix/0", NOT_ONE},
    {"unix ", NOT_ONE},
    {"vsock:3", NOT_ONE},
    {"192.0.2", NOT_ONE},
    {"192.0.2.", NOT_ONE},
    {"10/8", NOT_ONE},
    {"192.0.2.0/24 ", LENGTH_4},
    {" 192.0.2.0/24", NOT_ONE},
    {"192.0.2.0 /24", NOT_ONE},
    {"192.0.2.256", NOT_ONE},
    {"192.0.02.1", NOT_ONE},
    {"0x7f.0.0.1", NOT_ONE},
    {"192.0.2.1:80", NOT_ONE},
    {"192.0.2.1-192.0.2.9", NOT_ONE},
    {"!192.0.2.1", NOT_ONE},
    {"[::1]", NOT_ONE},
    {"[::]/0", NOT_ONE},
    {"::g", NOT_ONE},
    {":::", NOT_ONE},
    {"1:2:3:4:5:6:7:8:9", NOT_ONE},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
     NOT_ONE},
    {"192.0.2.0/", LENGTH_4},
    {"192.0.2.0/33", LENGTH_4},
    {"192.0.2.0/128", LENGTH_4},
    {"192.0.2.0/-1", LENGTH_4},
    {"192.0.2.0/+24", LENGTH_4},
    {"192.0.2.0/ 24", LENGTH_4},
    {"192.0.2.0/024", LENGTH_4},
    {"0.0.0.0/00", LENGTH_4},
    {"192.0.2.0/24x", LENGTH_4},
    {"192.0.2.0/24/24", LENGTH_4},
    {"192.0.2.0/0x18", LENGTH_4},
    {"192.0.2.0/255.255.255.0", LENGTH_4},
    {"192.0.2.0/4294967320", LENGTH_4},
    {"192.0.2.0/99999999999999999999", LENGTH_4},
    {"2001:db8::/", LENGTH_6},
    {"2001:db8::/129", LENGTH_6},
    {"2001:db8::/032", LENGTH_6},
    {"2001:db8::/ffff:ffff::", LENGTH_6},
    {"192.0.2.1/24", BITS},
    {"192.0.2.1/31", BITS},
    {"192.0.2.128/24", BITS},
    {"192.0.2.0/22", BITS},
    {"0.0.0.1/0", BITS},
    {"128.0.0.0/0", BITS},
    {"10.64.0.0/9", BITS},
    {"2001:db8::1/32", BITS},
    {"2001:db8::1/127", BITS},
    {"2001:db8:1:2:8000::/64", BITS},
    {"::1/0", BITS},
    {"8000::/0", BITS},
    {"::fffe:0:1/95", BITS},
    {"::ffff:192.0.2.1/120", BITS},
    {"::ffff:192.0.2.0/24", MAPPED}, /* of which family would it be? */
    {"::ffff:0.0.0.0/95", MAPPED},
    {"::ffff:0.0.0.0/0", MAPPED},
    {"::ffff:192.0.2.0/129", LENGTH_6},
    {"fe80::1%1", SCOPE},
    {"fe80::%lo/10", SCOPE},
    {"fe80::/10%1", SCOPE},
    {"192.0.2.1%1", SCOPE},
};

START_TEST(test_bad)
{
    const char *text = bad_rows[_i].text, *problem = NULL;
    struct prefix prefix, untouched;
    int error;

    memset(&prefix, 0x77, sizeof(prefix));
    untouched = prefix;
    error = prefix_parse(text, &prefix, &problem);
    ck_assert_msg(error == -EINVAL, "'%s': %d", text, error);
    ck_assert_msg(problem && strstr(problem, bad_rows[_i].problem), "'%s': %s", text, problem);
    ck_assert_mem_eq(&prefix, &untouched, sizeof(prefix));
}
END_TEST

static const struct {
    const char *prefix, *host;
    bool expected;
} contain_rows[] = {
    {"192.0.2.0/24", "192.0.2.0", true},
    {"192.0.2.0/24", "192.0.2.255", true},
    {"192.0.2.0/24", "192.0.1.255", false},
    {"192.0.2.0/24", "192.0.3.0", false},
    {"192.0.2.0/24", "::ffff:192.0.2.1", true}, /* the same machine */
    {"::ffff:192.0.2.0/120", "192.0.2.1", true},
    {"192.0.2.128/25", "192.0.2.128", true},
    {"192.0.2.128/25", "192.0.2.127", false},
    {"192.0.2.0/31", "192.0.2.1", true},
    {"192.0.2.0/31", "192.0.2.2", false},
    {"192.0.2.1", "192.0.2.1", true},
    {"192.0.2.1", "192.0.2.0", false},
    {"192.0.2.1", "193.0.2.1", false},
    {"10.0.0.0/9", "10.127.255.255", true},
    {"10.0.0.0/9", "10.128.0.0", false},
    {"0.0.0.0/0", "0.0.0.0", true},
    {"0.0.0.0/0", "255.255.255.255", true},
    {"0.0.0.0/0", "::", false},
    {"0.0.0.0/0", "::1", false},
    {"0.0.0.0/0", "uid 1000", false},
    {"0.0.0.0/0", "vsock", false},
    {"0.0.0.0/0", "unknown", false},
    {"0.0.0.0", "0.0.0.0", true},
    {"0.0.0.0", "0.0.0.1", false},
    {"2001:db8::/32", "2001:db8::", true},
    {"2001:db8::/32", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true},
    {"2001:db8::/32", "2001:db9::", false},
    {"2001:db8::/32", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", false},
    {"2001:db8::/65", "2001:db8::7fff:ffff:ffff:ffff", true},
    {"2001:db8::/65", "2001:db8::8000:0:0:0", false},
    {"::1", "::1", true},
    {"::1", "::", false},
    {"::1", "::1:1", false},
    {"::/0", "::", true},
    {"::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
    {"::/0", "192.0.2.1", false},
    {"::/0", "::ffff:192.0.2.1", false}, /* that is IPv4 */
    {"fe80::/10", "fe80::1%1", true},    /* on every link */
    {"fe80::/10", "fe80::1%2", true},
    {"fe80::/10", "fec0::1", false},
    {"unix", "uid 1000", true},
    {"unix", "192.0.2.1", false},
    {"unix", "::", false},
    {"unix", "vsock", false},
    {"unix", "unknown", false},
};

START_TEST(test_contains)
{
    struct prefix prefix = prefix_of(contain_rows[_i].prefix);
    struct addr addr = addr_of(contain_rows[_i].host);

    for (uint16_t port = 0; port < 3; port++) {
        addr.port = port;
        ck_assert_msg(prefix_contains(&prefix, &addr) == contain_rows[_i].expected, "%s and %s",
                      contain_rows[_i].prefix, contain_rows[_i].host);
    }
}
END_TEST

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

/* In the order that prefix_compare promises. */
static const char *const ordered[] = {
    "0.0.0.0/0",       "0.0.0.0/1",  "0.0.0.0",   "0.0.0.1",      "10.0.0.0/8",
    "10.0.0.0/9",      "10.0.0.0",   "10.0.0.1",  "10.128.0.0/9", "128.0.0.0/1",
    "255.255.255.255", "::/0",       "::",        "::1",          "2001:db8::/32",
    "2001:db8::/33",   "2001:db8::", "fe80::/10", "ff00::/8",     "unix",
};

START_TEST(test_order)
{
    for (int i = 0; i < ROWS(ordered); i++)
        for (int j = 0; j < ROWS(ordered); j++) {
            struct prefix one = prefix_of(ordered[i]), other = prefix_of(ordered[j]);

            ck_assert_msg(sign(prefix_compare(&one, &other)) == sign(i - j), "%s and %s",
                          ordered[i], ordered[j]);
        }
}
END_TEST

static const struct {
    const char *host;
    unsigned length;
    const char *expected;
} mask_rows[] = {
    {"192.0.2.255", 32, "192.0.2.255"},
    {"192.0.2.255", 31, "192.0.2.254"},
    {"192.0.2.255", 25, "192.0.2.128"},
    {"192.0.2.255", 24, "192.0.2.0"},
    {"192.0.2.255", 23, "192.0.2.0"},
    {"192.0.3.255", 23, "192.0.2.0"},
    {"255.255.255.255", 1, "128.0.0.0"},
    {"255.255.255.255", 0, "0.0.0.0"},
    {"192.0.2.255", 33, "192.0.2.255"},
    {"192.0.2.255", 128, "192.0.2.255"},
    {"192.0.2.255", 4000000000U, "192.0.2.255"},
    {"2001:db8:1:2:3:4:5:6", 128, "2001:db8:1:2:3:4:5:6"},
    {"2001:db8:1:2:3:4:5:7", 127, "2001:db8:1:2:3:4:5:6"},
    {"2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::"},
    {"2001:db8:1:2:ffff:4:5:6", 65, "2001:db8:1:2:8000::"},
    {"2001:db8:1:2:3:4:5:6", 48, "2001:db8:1::"},
    {"2001:db8:1:2:3:4:5:6", 32, "2001:db8::"},
    {"2001:db8:1:2:3:4:5:6", 0, "::"},
    {"2001:db8:1:2:3:4:5:6", 129, "2001:db8:1:2:3:4:5:6"},
    {"fe80::1%2", 64, "fe80::%2"}, /* the link is a part of who it is */
    {"uid 1000", 0, "uid 1000"},
    {"uid 1000", 64, "uid 1000"},
    {"vsock", 0, "vsock"},
    {"unknown", 0, "unknown"},
};

START_TEST(test_mask)
{
    struct addr addr = addr_of(mask_rows[_i].host), expected = addr_of(mask_rows[_i].expected);

    addr.port = expected.port = 4711;
    prefix_mask(&addr, mask_rows[_i].length);
    ck_assert_msg(addr_equal(&addr, &expected), "%s, %u", mask_rows[_i].host, mask_rows[_i].length);
}
END_TEST

/* --- lists, as options have them --- */

static const struct option dummy = {.name = "allow", .codec = &codec_prefixes};
static struct codec_context context;
static struct settings_prefixes prefixes;

static void open_list(void)
{
    context = (struct codec_context){.arena = arena_new(), .scratch = arena_new()};
    memset(&prefixes, 0, sizeof(prefixes));
}

static void close_list(void)
{
    arena_free(context.arena);
    arena_free(context.scratch);
}

static int parse_line(const char *text)
{
    return codec_prefixes.parse(&context, &dummy, text, &prefixes);
}

static void check_printed(const char *expected)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(file);
    codec_prefixes.print(file, &dummy, &prefixes);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_str_eq(text, expected);
    free(text);
}

static const struct {
    const char *lines[4]; /* up to the first NULL */
    size_t count;
    const char *printed;
} list_rows[] = {
    {{NULL}, 0, ""},
    {{"::1"}, 1, "::1"},
    {{"192.0.2.0/24 2001:db8::/32 ::1 unix"}, 4, "192.0.2.0/24 2001:db8::/32 ::1 unix"},
    {{"10.0.0.1,10.0.0.2 , 10.0.0.3/32\t10.0.0.4"}, 4, "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4"},
    {{"\"10.0.0.0/8\" 'unix'"}, 2, "10.0.0.0/8 unix"},
    {{"10.0.0.1", "10.0.0.2 unix", "10.0.0.0/8"}, 4, "10.0.0.1 10.0.0.2 unix 10.0.0.0/8"},
    {{"::1 ::1", "::1"}, 3, "::1 ::1 ::1"}, /* acl looks after what is there twice */
};

START_TEST(test_list)
{
    for (size_t i = 0; i < 4 && list_rows[_i].lines[i]; i++)
        ck_assert_msg(parse_line(list_rows[_i].lines[i]) == 0, "%s", context.message);
    ck_assert_uint_eq(prefixes.count, list_rows[_i].count);
    ck_assert_uint_ge(prefixes.room, prefixes.count);
    check_printed(list_rows[_i].printed);
}
END_TEST

static const struct {
    const char *text, *message;
} bad_list_rows[] = {
    {"", "no address or network given"},
    {" , ", "no address or network given"},
    {"\"10.0.0.1", "unclosed quote"},
    {"10.0.0.1 \"\"", "'': not a numeric address"},
    {"10.0.0.1 10.0.0.2/8 ::1", "'10.0.0.2/8': the address has bits set after the prefix length"},
    {"10.0.0.0/33", "'10.0.0.0/33': the length of an IPv4 prefix"},
};

START_TEST(test_bad_list)
{
    ck_assert_int_eq(parse_line(bad_list_rows[_i].text), -EINVAL);
    ck_assert_msg(strstr(context.message, bad_list_rows[_i].message), "%s", context.message);
}
END_TEST

#define LINES 100000U

/* So many lines of one item each: the list is moved as often as it doubles, and not for each. */
START_TEST(test_long_list)
{
    const struct prefix *items = NULL;
    unsigned moves = 0;
    char line[32];

    for (unsigned i = 0; i < LINES; i++) {
        snprintf(line, sizeof(line), "10.%u.%u.%u", i >> 16, i >> 8 & 0xff, i & 0xff);
        ck_assert_int_eq(parse_line(line), 0);
        moves += prefixes.items != items;
        items = prefixes.items;
    }
    ck_assert_uint_eq(prefixes.count, LINES);
    ck_assert_uint_le(moves, 20);
    for (unsigned i = 0; i < LINES; i++) {
        const uint8_t expected[16] = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};

        ck_assert_mem_eq(prefixes.items[i].bytes, expected, sizeof(expected));
    }
}
END_TEST

START_TEST(test_codec)
{
    ck_assert(codec_prefixes.list);
    ck_assert_uint_eq(codec_prefixes.size, sizeof(struct settings_prefixes));
}
END_TEST

Suite *prefix_suite(void)
{
    Suite *suite = suite_create("prefix");
    TCase *tcase = tcase_create("prefix");
    TCase *list = tcase_create("list");

    tcase_add_loop_test(tcase, test_good, 0, ROWS(good_rows));
    tcase_add_loop_test(tcase, test_bad, 0, ROWS(bad_rows));
    tcase_add_loop_test(tcase, test_contains, 0, ROWS(contain_rows));
    tcase_add_test(tcase, test_order);
    tcase_add_loop_test(tcase, test_mask, 0, ROWS(mask_rows));
    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(list, open_list, close_list);
    tcase_add_loop_test(list, test_list, 0, ROWS(list_rows));
    tcase_add_loop_test(list, test_bad_list, 0, ROWS(bad_list_rows));
    tcase_add_test(list, test_long_list);
    tcase_add_test(list, test_codec);
    suite_add_tcase(suite, list);
    return suite;
}

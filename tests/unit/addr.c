/* addr: addresses from texts and sockaddrs and back, IPv4 inside IPv6, scopes, unix peers, and when
 * two are the same. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "unit.h"

static const struct {
    const char *text;
    enum addr_family family;
    const char *host; /* as it is written again */
} good_rows[] = {
    {"0.0.0.0", ADDR_IPV4, "0.0.0.0"},
    {"192.0.2.1", ADDR_IPV4, "192.0.2.1"},
    {"255.255.255.255", ADDR_IPV4, "255.255.255.255"},
    {"::", ADDR_IPV6, "::"},
    {"::1", ADDR_IPV6, "::1"},
    {"2001:DB8:0:0:0:0:0:A", ADDR_IPV6, "2001:db8::a"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ADDR_IPV6,
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"::192.0.2.1", ADDR_IPV6, "::192.0.2.1"},
    {"64:ff9b::192.0.2.1", ADDR_IPV6, "64:ff9b::c000:201"},
    {"::ffff:192.0.2.1", ADDR_IPV4, "192.0.2.1"},
    {"::FFFF:c000:0201", ADDR_IPV4, "192.0.2.1"},
    {"0:0:0:0:0:ffff:0:0", ADDR_IPV4, "0.0.0.0"},
    {"::fffe:192.0.2.1", ADDR_IPV6, "::fffe:c000:201"},
    {"fe80::1%1", ADDR_IPV6, "fe80::1%1"},
    {"fe80::1%007", ADDR_IPV6, "fe80::1%7"},
    {"fe80::1%4294967295", ADDR_IPV6, "fe80::1%4294967295"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295", ADDR_IPV6,
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295"},
};

START_TEST(test_parse)
{
    struct addr addr, back;
    char text[ADDR_TEXT_SIZE];

    ck_assert_msg(addr_parse_host(good_rows[_i].text, &addr) == 0, "'%s' is refused",
                  good_rows[_i].text);
    ck_assert_msg(addr.family == good_rows[_i].family, "'%s': family %u", good_rows[_i].text,
                  addr.family);
    ck_assert_uint_eq(addr.port, 0);
    addr_format_host(&addr, text);
    ck_assert_str_eq(text, good_rows[_i].host);
    ck_assert_int_eq(addr_parse_host(text, &back), 0);
    ck_assert_msg(addr_equal(&addr, &back), "'%s' doesn't come back from '%s'", good_rows[_i].text,
                  text);
}
END_TEST

static const char *const bad_rows[] = {
    "",
    " ",
    "*",
    "localhost",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "256.0.0.1",
    "01.2.3.4",
    "0x7f.0.0.1",
    "1.2.3.4 ",
    " 1.2.3.4",
    "1.2.3.4:80",
    "1.2.3.4/32",
    "1.2.3.4%1",
    "[::1]",
    ":",
    ":::",
    "::1::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
    "g::",
    "::1 ",
    "::1/128",
    "::1%",
    "%1",
    "fe80::1%0",
    "fe80::1%-1",
    "fe80::1%+1",
    "fe80::1% 1",
    "fe80::1%1x",
    "fe80::1%4294967296",
    "fe80::1%99999999999999999999",
    "fe80::1%no-such-interface",
    "fe80::1%1%1",
    "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2551",
    "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255:0000:0000:0000:0000:0000:0000:0000:0000",
};

START_TEST(test_parse_bad)
{
    struct addr addr = {.family = ADDR_UNIX, .port = 77};
    int error = addr_parse_host(bad_rows[_i], &addr);

    ck_assert_msg(error == -EINVAL, "'%s': %d", bad_rows[_i], error);
    ck_assert_msg(addr.family == ADDR_UNIX && addr.port == 77, "'%s' wrote", bad_rows[_i]);
}
END_TEST

START_TEST(test_scope_name)
{
    struct addr addr;
    unsigned index = if_nametoindex("lo");
    char text[ADDR_TEXT_SIZE], expected[ADDR_TEXT_SIZE];

    SKIP_IF(index == 0, "this machine has no loopback");
    ck_assert_int_eq(addr_parse_host("fe80::1%lo", &addr), 0);
    ck_assert_uint_eq(addr.scope, index);
    snprintf(expected, sizeof(expected), "fe80::1%%%u", index);
    addr_format_host(&addr, text);
    ck_assert_str_eq(text, expected);
}
END_TEST

/* An IPv4 address has no scope: one that came in IPv6 clothes is refused or loses it. Else one
 * machine would be two sources, and two services could claim one address. */
START_TEST(test_mapped_with_scope)
{
    struct addr addr, plain;

    ck_assert_int_eq(addr_parse_host("192.0.2.1", &plain), 0);
    if (addr_parse_host("::ffff:192.0.2.1%1", &addr) == 0)
        ck_assert_msg(addr_equal(&addr, &plain), "::ffff:192.0.2.1%%1 is IPv4 with scope %u",
                      addr.scope);
}
END_TEST

static const struct {
    const char *host;
    uint16_t port;
    const char *text;
} format_rows[] = {
    {"192.0.2.1", 80, "192.0.2.1:80"},
    {"0.0.0.0", 0, "0.0.0.0:0"},
    {"255.255.255.255", 65535, "255.255.255.255:65535"},
    {"::1", 80, "[::1]:80"},
    {"::ffff:192.0.2.1", 80, "192.0.2.1:80"},
    {"fe80::1%2", 80, "[fe80::1%2]:80"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295", 65535,
     "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535"},
};

START_TEST(test_format)
{
    struct addr addr;
    char text[ADDR_TEXT_SIZE];

    ck_assert_int_eq(addr_parse_host(format_rows[_i].host, &addr), 0);
    addr.port = format_rows[_i].port;
    addr_format(&addr, text);
    ck_assert_str_eq(text, format_rows[_i].text);
}
END_TEST

START_TEST(test_format_none)
{
    struct addr addr = {.family = ADDR_NONE};
    char text[ADDR_TEXT_SIZE];

    addr_format(&addr, text);
    ck_assert_str_eq(text, "unknown");
    addr_format_host(&addr, text);
    ck_assert_str_eq(text, "unknown");
}
END_TEST

START_TEST(test_unix)
{
    static const uint32_t ids[] = {0, 1, 1000, 65534, UINT32_MAX};
    char text[ADDR_TEXT_SIZE], expected[ADDR_TEXT_SIZE];

    for (int i = 0; i < ROWS(ids); i++) {
        uint32_t uid = ids[i], gid = ids[(i + 1) % ROWS(ids)], pid = ids[(i + 2) % ROWS(ids)];
        struct addr addr = addr_unix(uid, gid, pid);

        ck_assert_uint_eq(addr.family, ADDR_UNIX);
        ck_assert_uint_eq(addr_unix_uid(&addr), uid);
        ck_assert_uint_eq(addr_unix_gid(&addr), gid);
        ck_assert_uint_eq(addr.scope, pid);
        ck_assert_uint_eq(addr.port, 0);
        ck_assert(!addr_is_any(&addr));
        snprintf(expected, sizeof(expected), "uid %u", uid);
        addr_format_host(&addr, text);
        ck_assert_str_eq(text, expected);
        snprintf(expected, sizeof(expected), "uid %u pid %u", uid, pid);
        addr_format(&addr, text);
        ck_assert_str_eq(text, expected);
    }
}
END_TEST

START_TEST(test_vsock)
{
    struct sockaddr_storage storage;
    struct addr addr = addr_vsock(3, 4294967294U), back;
    char text[ADDR_TEXT_SIZE];
    socklen_t length = addr_to_sockaddr(&addr, &storage);

    addr_from_sockaddr((struct sockaddr *)&storage, length, &back);
    ck_assert(addr_equal(&addr, &back));
    ck_assert_uint_eq(addr_vsock_cid(&back), 3);
    ck_assert_uint_eq(addr_vsock_port(&back), 4294967294U);
    ck_assert(!addr_is_any(&addr));
    addr_format_host(&addr, text);
    ck_assert_str_eq(text, "vsock:3");
    addr_format(&addr, text);
    ck_assert_str_eq(text, "vsock:3:4294967294");
    addr_from_sockaddr((struct sockaddr *)&storage, length - 1, &back);
    ck_assert_uint_eq(back.family, ADDR_NONE);
}
END_TEST

START_TEST(test_equal)
{
    static const struct addr other[] = {
        {ADDR_IPV4, 80, 7, {1, 2, 3, 4}},           {ADDR_IPV6, 81, 7, {1, 2, 3, 4}},
        {ADDR_IPV6, 80, 8, {1, 2, 3, 4}},           {ADDR_IPV6, 80, 7, {2, 2, 3, 4}},
        {ADDR_IPV6, 80, 7, {1, 2, 3, 4, [15] = 1}},
    };
    struct addr one = {ADDR_IPV6, 80, 7, {1, 2, 3, 4}};
    struct addr same = {ADDR_IPV6, 80, 7, {1, 2, 3, 4}};
    struct addr two_pids[] = {addr_unix(1, 1, 1), addr_unix(1, 1, 2)};

    ck_assert(addr_equal(&one, &same));
    for (int i = 0; i < ROWS(other); i++) {
        ck_assert_msg(!addr_equal(&one, &other[i]), "row %d", i);
        ck_assert_msg(!addr_equal(&other[i], &one), "row %d", i);
    }
    ck_assert(!addr_equal(&two_pids[0], &two_pids[1]));
}
END_TEST

static const struct {
    const char *host;
    bool any;
} any_rows[] = {
    {"0.0.0.0", true}, {"::", true},   {"::ffff:0.0.0.0", true}, {"127.0.0.1", false},
    {"::1", false},    {"1::", false}, {"0.0.0.1", false},
};

START_TEST(test_any)
{
    struct addr addr;

    ck_assert_int_eq(addr_parse_host(any_rows[_i].host, &addr), 0);
    addr.port = 80;
    ck_assert_msg(addr_is_any(&addr) == any_rows[_i].any, "%s", any_rows[_i].host);
}
END_TEST

/* text and port into a sockaddr of that family, by libc alone. */
static socklen_t make_sockaddr(int family, const char *text, struct sockaddr_storage *ret)
{
    struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(4711)};
    struct sockaddr_in6 in6 = {
        .sin6_family = AF_INET6, .sin6_port = htons(4711), .sin6_scope_id = 5};

    memset(ret, 0xee, sizeof(*ret));
    if (family == AF_INET) {
        ck_assert_int_eq(inet_pton(AF_INET, text, &in4.sin_addr), 1);
        memcpy(ret, &in4, sizeof(in4));
        return sizeof(in4);
    }
    ck_assert_int_eq(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
    memcpy(ret, &in6, sizeof(in6));
    return sizeof(in6);
}

static const struct {
    int family;
    const char *text;
    const char *shown;
    bool stays; /* the sockaddr of what was read is the one it was read from */
} sockaddr_rows[] = {
    {AF_INET, "192.0.2.1", "192.0.2.1:4711", true},
    {AF_INET, "0.0.0.0", "0.0.0.0:4711", true},
    {AF_INET6, "2001:db8::1", "[2001:db8::1%5]:4711", true},
    {AF_INET6, "::", "[::%5]:4711", true},
    {AF_INET6, "::ffff:192.0.2.1", "192.0.2.1:4711", false},
};

START_TEST(test_sockaddr)
{
    struct sockaddr_storage from, back;
    struct addr addr;
    char text[ADDR_TEXT_SIZE];
    socklen_t length = make_sockaddr(sockaddr_rows[_i].family, sockaddr_rows[_i].text, &from);

    addr_from_sockaddr((struct sockaddr *)&from, length, &addr);
    addr_format(&addr, text);
    ck_assert_str_eq(text, sockaddr_rows[_i].shown);
    if (!sockaddr_rows[_i].stays)
        return;
    ck_assert_uint_eq(addr_to_sockaddr(&addr, &back), length);
    ck_assert_mem_eq(&from, &back, length);
}
END_TEST

START_TEST(test_sockaddr_mapped)
{
    struct sockaddr_storage from, back;
    struct addr addr, plain;
    socklen_t length = make_sockaddr(AF_INET6, "::ffff:192.0.2.1", &from);

    addr_from_sockaddr((struct sockaddr *)&from, length, &addr);
    ck_assert_int_eq(addr_parse_host("192.0.2.1", &plain), 0);
    plain.port = 4711;
    ck_assert(addr_equal(&addr, &plain));
    ck_assert_uint_eq(addr_to_sockaddr(&addr, &back), sizeof(struct sockaddr_in));
    ck_assert_int_eq(back.ss_family, AF_INET);
}
END_TEST

START_TEST(test_sockaddr_odd)
{
    struct sockaddr_storage from, back;
    struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/x"};
    struct addr addr;

    for (socklen_t length = 0; length < sizeof(struct sockaddr_in6); length++) {
        make_sockaddr(AF_INET6, "::1", &from);
        addr_from_sockaddr((struct sockaddr *)&from, length, &addr);
        ck_assert_msg(addr.family == ADDR_NONE, "IPv6 from %u bytes", length);
    }
    for (socklen_t length = 0; length < sizeof(struct sockaddr_in); length++) {
        make_sockaddr(AF_INET, "127.0.0.1", &from);
        addr_from_sockaddr((struct sockaddr *)&from, length, &addr);
        ck_assert_msg(addr.family == ADDR_NONE, "IPv4 from %u bytes", length);
    }
    addr_from_sockaddr((struct sockaddr *)&local, sizeof(local), &addr);
    ck_assert_uint_eq(addr.family, ADDR_UNIX);
    ck_assert_uint_eq(addr_to_sockaddr(&addr, &back), 0);
    from.ss_family = AF_NETLINK;
    addr_from_sockaddr((struct sockaddr *)&from, sizeof(from), &addr);
    ck_assert_uint_eq(addr.family, ADDR_NONE);
    ck_assert_uint_eq(addr_to_sockaddr(&addr, &back), 0);
}
END_TEST

Suite *addr_suite(void)
{
    Suite *suite = suite_create("addr");
    TCase *tcase = tcase_create("addr");

    tcase_add_loop_test(tcase, test_parse, 0, ROWS(good_rows));
    tcase_add_loop_test(tcase, test_parse_bad, 0, ROWS(bad_rows));
    tcase_add_test(tcase, test_scope_name);
    tcase_add_test(tcase, test_mapped_with_scope);
    tcase_add_loop_test(tcase, test_format, 0, ROWS(format_rows));
    tcase_add_test(tcase, test_format_none);
    tcase_add_test(tcase, test_unix);
    tcase_add_test(tcase, test_vsock);
    tcase_add_test(tcase, test_equal);
    tcase_add_loop_test(tcase, test_any, 0, ROWS(any_rows));
    tcase_add_loop_test(tcase, test_sockaddr, 0, ROWS(sockaddr_rows));
    tcase_add_test(tcase, test_sockaddr_mapped);
    tcase_add_test(tcase, test_sockaddr_odd);
    suite_add_tcase(suite, tcase);
    return suite;
}

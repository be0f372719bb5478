/* What only decides: whom a datagram may be answered to, headers, agents' lines, targets. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "admit/proxy.h"
#include "base/addr.h"
#include "handlers/agent.h"
#include "handlers/proxy_header.h"
#include "handlers/reply.h"
#include "handlers/target.h"

static struct addr parse(const char *host, int port)
{
    struct addr addr;

    ck_assert_msg(addr_parse_host(host, &addr) == 0, "%s", host);
    addr.port = (uint16_t)port;
    return addr;
}

static const struct {
    const char *source;
    int port;
    const char *destination;
    int own_port;
    bool allowed;
} replies[] = {
    {"192.0.2.1", 40000, "192.0.2.2", 7, true},
    {"192.0.2.1", 1024, "192.0.2.2", 7, true},
    {"192.0.2.1", 1023, "192.0.2.2", 7, false},
    {"192.0.2.1", 19, "192.0.2.2", 7, false},
    {"192.0.2.1", 0, "192.0.2.2", 7, false},
    /* Another service of our kind on a high port, or ourselves. */
    {"192.0.2.2", 7007, "192.0.2.2", 7007, false},
    {"192.0.2.1", 7007, "192.0.2.2", 7007, false},
    {"255.255.255.255", 40000, "192.0.2.2", 7, false},
    {"224.0.0.1", 40000, "192.0.2.2", 7, false},
    {"239.255.255.255", 40000, "192.0.2.2", 7, false},
    {"223.255.255.255", 40000, "192.0.2.2", 7, true},
    {"0.0.0.0", 40000, "192.0.2.2", 7, false},
    {"0.1.2.3", 40000, "192.0.2.2", 7, false},
    {"1.0.0.0", 40000, "192.0.2.2", 7, true},
    {"::ffff:224.0.0.1", 40000, "::ffff:192.0.2.2", 7, false},
    {"::ffff:255.255.255.255", 40000, "192.0.2.2", 7, false},
    {"::ffff:192.0.2.1", 40000, "192.0.2.2", 7, true},
    {"192.0.2.1", 40000, "255.255.255.255", 7, false},
    {"192.0.2.1", 40000, "224.0.0.251", 7, false},
    {"2001:db8::1", 40000, "2001:db8::2", 7, true},
    {"2001:db8::1", 1023, "2001:db8::2", 7, false},
    {"2001:db8::1", 40000, "ff02::1", 7, false},
    {"ff02::1", 40000, "2001:db8::2", 7, false},
    {"ff00::", 40000, "2001:db8::2", 7, false},
    {"feff::1", 40000, "2001:db8::2", 7, true},
    {"::", 40000, "2001:db8::2", 7, false},
    {"::1", 40000, "::1", 7, true},
};

START_TEST(replies_only_to_one_client)
{
    struct addr source = parse(replies[_i].source, replies[_i].port);
    struct addr destination = parse(replies[_i].destination, replies[_i].own_port);
    struct addr unknown = {.family = ADDR_NONE, .port = destination.port};

    ck_assert_msg(reply_is_allowed(&source, &destination) == replies[_i].allowed,
                  "from %s port %d to %s", replies[_i].source, replies[_i].port,
                  replies[_i].destination);
    if (replies[_i].allowed)
        ck_assert(reply_is_allowed(&source, &unknown));
}
END_TEST

START_TEST(replies_to_nobody_unknown)
{
    struct addr none = {.family = ADDR_NONE, .port = 40000}, unix_peer = addr_unix(1, 2, 3);

    unix_peer.port = 40000;
    ck_assert(!reply_is_allowed(&none, &none));
    ck_assert(!reply_is_allowed(&unix_peer, &none));
}
END_TEST

/* Counted for each source, in each second. */
START_TEST(replies_end_a_loop)
{
    static struct reply_rate rate;
    struct addr source = parse("192.0.2.1", 40000), other = parse("192.0.2.1", 40001);
    nanoseconds now = 1000 * CLOCK_SECOND;

    for (int second = 0; second < 3; second++, now += CLOCK_SECOND) {
        for (int i = 0; i < REPLY_PER_SECOND; i++)
            ck_assert(!reply_is_frequent(&rate, &source, now));
        ck_assert(reply_is_frequent(&rate, &source, now + CLOCK_SECOND - 1));
        ck_assert(!reply_is_frequent(&rate, &other, now));
    }
}
END_TEST

static const struct {
    const char *client;
    int client_port;
    const char *server;
    int server_port;
    const char *header;
} headers[] = {
    {"192.0.2.1", 40000, "192.0.2.2", 80, "PROXY TCP4 192.0.2.1 192.0.2.2 40000 80\r\n"},
    {"::ffff:192.0.2.1", 1, "::ffff:192.0.2.2", 2, "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"},
    {"2001:db8::1", 65535, "::1", 65535, "PROXY TCP6 2001:db8::1 ::1 65535 65535\r\n"},
    {"fe80::1%1", 1, "fe80::2%1", 2, "PROXY TCP6 fe80::1 fe80::2 1 2\r\n"},
    {"192.0.2.1", 40000, "2001:db8::1", 80, "PROXY UNKNOWN\r\n"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe",
     65535,
     "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe "
     "65535 65535\r\n"},
};

START_TEST(writes_headers_of_version_1)
{
    struct addr client = parse(headers[_i].client, headers[_i].client_port);
    struct addr server = parse(headers[_i].server, headers[_i].server_port);
    char bytes[PROXY_HEADER_SIZE];
    size_t length = proxy_header_format(PROXY_V1, &client, &server, bytes);

    ck_assert_uint_eq(length, strlen(headers[_i].header));
    ck_assert_mem_eq(bytes, headers[_i].header, length);
}
END_TEST

/* Literals of their own: after \x an 'A' to 'F' would be taken for a digit. */
#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

START_TEST(writes_headers_of_version_2)
{
    static const char four[] =
        SIGNATURE "\x21\x11\x00\x0c\xc0\x00\x02\x01\xc0\x00\x02\x02\x9c\x40\x00\x50";
    static const char six[] = SIGNATURE "\x21\x21\x00\x24\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
                                        "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x9c\x40\x00\x50";
    static const char unknown[] = SIGNATURE "\x21\x00\x00\x00";
    struct addr client = parse("192.0.2.1", 40000), server = parse("192.0.2.2", 80);
    struct addr others[] = {{.family = ADDR_NONE}, addr_unix(0, 0, 1), addr_vsock(3, 1025), client};
    char bytes[PROXY_HEADER_SIZE];

    ck_assert_uint_eq(proxy_header_format(PROXY_V2, &client, &server, bytes), sizeof(four) - 1);
    ck_assert_mem_eq(bytes, four, sizeof(four) - 1);
    client = parse("2001:db8::1", 40000);
    server = parse("::1", 80);
    ck_assert_uint_eq(proxy_header_format(PROXY_V2, &client, &server, bytes), sizeof(six) - 1);
    ck_assert_mem_eq(bytes, six, sizeof(six) - 1);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        ck_assert_uint_eq(proxy_header_format(PROXY_V2, &others[i], &others[i < 3 ? i : 0], bytes),
                          sizeof(unknown) - 1);
        ck_assert_mem_eq(bytes, unknown, sizeof(unknown) - 1);
        ck_assert_uint_eq(proxy_header_format(PROXY_V1, &others[i], &others[i < 3 ? i : 0], bytes),
                          15);
        ck_assert_mem_eq(bytes, "PROXY UNKNOWN\r\n", 15);
    }
    ck_assert_uint_eq(proxy_header_format(PROXY_NONE, &client, &server, bytes), 0);
}
END_TEST

/* What relay writes is what the daemon reads; UNKNOWN and LOCAL tell nothing. */
START_TEST(writes_headers_that_are_read)
{
    struct addr client = parse(headers[_i].client, headers[_i].client_port);
    struct addr server = parse(headers[_i].server, headers[_i].server_port);
    bool is_told = client.family == server.family;
    char bytes[PROXY_HEADER_SIZE];
    struct proxy_header header;

    for (enum proxy_version version = PROXY_V1; version <= PROXY_V2; version++) {
        size_t length = proxy_header_format(version, &client, &server, bytes);

        ck_assert(proxy_parse((const uint8_t *)bytes, length, &header) == PROXY_COMPLETE);
        ck_assert_uint_eq(header.length, length);
        ck_assert(header.told == is_told);
        client.scope = server.scope = 0; /* the protocol has none */
        ck_assert(!is_told || addr_equal(&header.source, &client));
        ck_assert(!is_told || addr_equal(&header.destination, &server));
    }
}
END_TEST

static const struct {
    int status;
    bool is_late;
    const char *output, *line;
} lines[] = {
    {0, false, "", "up\n"},
    {0, false, "all is well\n", "up\n"},
    {0, false, "up\n", "up\n"},
    {0, false, "UP 50%, maxconn:30\nmore\n", "up 50% maxconn:30\n"},
    {0, false, "75%\n", "up 75%\n"},
    {0, false, "drain\r\n", "up drain\n"},
    {0, false, "ready up 100% #after maintenance\n", "up ready 100% #after maintenance\n"},
    {0, false, "down #no disk\n", "down #no disk\n"},
    {0, false, "stopped", "down\n"},
    /* HAProxy has no such word, and no '#' inside of one: "agent reports an error". */
    {0, false, "failed", "down\n"},
    {0, false, "failed\tmaint", "down maint\n"},
    {0, false, "maxconn:5 failed", "down maxconn:5\n"},
    {0, false, "down#disk", "down #disk\n"},
    {0, false, "75%,up#fine #1", "up 75% #fine #1\n"},
    {0, false, "down up", "up\n"},
    {0, false, "75 %\n", "up\n"},
    {0, false, "%\n", "up\n"},
    {0, false, "maxconn:\n", "up\n"},
    {0, false, "maxconn:-1\n", "up\n"},
    {0, false, "#only a text\n", "up\n"},
    {0, false, "\nup 75%\n", "up\n"},
    {1, false, "", "down #exit status 1\n"},
    {1, false, "no disk\nmore\n", "down #no disk\n"},
    {1, false, "up\n", "down #up\n"},
    {1, false, "fail #no disk\n", "down #no disk\n"},
    {1, false, "drain\n", "down drain\n"},
    {2, false, "50%\n", "down 50%\n"},
    {1, false, "bell\a\n", "down #bell\\x07\n"},
    {127, false, "", "down #cannot run it\n"},
    {137, false, "", "down #ended by signal 9\n"},
    {255, false, "", "down #exit status 255\n"},
    {137, true, "up\n", "down #timed out\n"},
};

START_TEST(speaks_to_agents)
{
    static struct program_result result;
    char line[AGENT_LINE_SIZE];
    size_t length;

    result.status = lines[_i].status;
    result.is_late = lines[_i].is_late;
    result.length = (uint32_t)strlen(lines[_i].output);
    memcpy(result.output, lines[_i].output, result.length);
    length = agent_format(&result, line);
    ck_assert_uint_eq(length, strlen(line));
    ck_assert_str_eq(line, lines[_i].line);
}
END_TEST

START_TEST(bounds_lines_to_agents)
{
    static struct program_result result;
    char line[AGENT_LINE_SIZE];

    result.length = sizeof(result.output);
    result.status = 1;
    memset(result.output, '\x01', sizeof(result.output));
    ck_assert_uint_lt(agent_format(&result, line), AGENT_LINE_SIZE);
    ck_assert_uint_eq(strcspn(line, "\n"), strlen(line) - 1);
}
END_TEST

static const struct {
    const char *text;
    bool good;
} targets[] = {
    {"127.0.0.1:80", true},
    {"[::1]:80", true},
    {"unix:/run/x", true},
    {"unix:@x", true},
    {"80", false},
    {"*:80", false},
    {"0.0.0.0:80", false},
    {"[::]:80", false},
    {"127.0.0.1", false},
    {"localhost:80", false},
    {"unix:", false},
    {"unix:x", false},
    {"", false},
    {"127.0.0.1:0", false},
    {"::1:80", false},
    {"127.0.0.1:1-2", false},
};

START_TEST(understands_targets)
{
    struct target target;

    ck_assert_msg((target_parse(targets[_i].text, &target) == NULL) == targets[_i].good, "'%s'",
                  targets[_i].text);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

Suite *decide_suite(void)
{
    Suite *suite = suite_create("decide");
    TCase *decide = tcase_create("decide");

    tcase_add_unchecked_fixture(decide, datagram_begin_quiet, NULL);
    tcase_add_loop_test(decide, replies_only_to_one_client, 0, COUNT(replies));
    tcase_add_test(decide, replies_to_nobody_unknown);
    tcase_add_test(decide, replies_end_a_loop);
    tcase_add_loop_test(decide, writes_headers_of_version_1, 0, COUNT(headers));
    tcase_add_test(decide, writes_headers_of_version_2);
    tcase_add_loop_test(decide, writes_headers_that_are_read, 0, COUNT(headers));
    tcase_add_loop_test(decide, speaks_to_agents, 0, COUNT(lines));
    tcase_add_test(decide, bounds_lines_to_agents);
    tcase_add_loop_test(decide, understands_targets, 0, COUNT(targets));
    suite_add_tcase(suite, decide);
    return suite;
}

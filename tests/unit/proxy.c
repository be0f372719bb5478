/* proxy: headers of both versions, each cut everywhere and with a stream behind it; what is none,
 * with the byte that gives it away and the reason; the bounds; and noise. Every try has its bytes
 * in memory of exactly their size, so that a sanitizer sees who reads beyond them. */
#include "admit/proxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define BYTES(literal) (literal), sizeof(literal) - 1
#define SIGNATURE      "\r\n\r\n\0\r\nQUIT\n"
#define HOST_A         "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
#define HOST_B         "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"
#define MAPPED_HOST    "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\x02\x07"
#define X8             "XXXXXXXX"
#define X54            X8 X8 X8 X8 X8 X8 "XXXXXX"
#define PATH           X54 X54

/* Check writes down each assertion that it passes, which is too slow for millions of them. */
#define MUST(condition)                     \
    do {                                    \
        if (!(condition))                   \
            ck_abort_msg("%s", #condition); \
    } while (0)

static enum proxy_verdict parse(const void *bytes, size_t length, struct proxy_header *ret)
{
    uint8_t *copy = malloc(length);
    enum proxy_verdict verdict;
    size_t consumable;

    if (length > 0)
        memcpy(copy, bytes, length);
    memset(ret, 0xa5, sizeof(*ret)); /* all of it must be written */
    verdict = proxy_parse(copy, length, ret);
    consumable = proxy_consumable(copy, length);
    free(copy);

    MUST(ret->told == (ret->source.family != ADDR_NONE));
    MUST(ret->told == (ret->destination.family != ADDR_NONE));
    MUST((verdict == PROXY_BAD) == (ret->problem != NULL));
    MUST(verdict == PROXY_COMPLETE || !ret->told);
    MUST(verdict != PROXY_BAD || ret->length == 0);
    MUST(verdict != PROXY_COMPLETE || ret->length > 0);
    MUST(ret->length <= PROXY_LENGTH_MAX);
    MUST(verdict != PROXY_INCOMPLETE || length < PROXY_KEPT_MAX);
    if (verdict == PROXY_COMPLETE && length > ret->length)
        MUST(consumable == ret->length);
    else
        MUST(consumable == (verdict == PROXY_BAD ? 0 : length));
    return verdict;
}

/* A row that tells nothing has no source. */
static const struct {
    const char *bytes;
    size_t length;
    size_t needed; /* 0: all of it */
    const char *source, *destination;
} good_rows[] = {
    {BYTES("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"), 0, "192.0.2.1:56324",
     "198.51.100.2:443"},
    {BYTES("PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n"), 0, "0.0.0.0:0", "0.0.0.0:0"},
    {BYTES("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"), 0,
     "255.255.255.255:65535", "255.255.255.255:65535"},
    {BYTES("PROXY TCP6 2001:db8::1 2001:DB8:0:0::2 1 10\r\n"), 0, "[2001:db8::1]:1",
     "[2001:db8::2]:10"},
    {BYTES("PROXY TCP6 :: ::1 0 80\r\n"), 0, "[::]:0", "[::1]:80"},
    {BYTES("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
           "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
     0, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
     "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
    /* One machine is one address, whatever kind of socket the proxy has. */
    {BYTES("PROXY TCP6 ::ffff:192.0.2.1 ::FFFF:c000:202 1024 80\r\n"), 0, "192.0.2.1:1024",
     "192.0.2.2:80"},
    {BYTES("PROXY TCP6 0000:0000:0000:0000:0000:ffff:192.168.100.228 2001:db8::2 1 2\r\n"), 0,
     "192.168.100.228:1", "[2001:db8::2]:2"},
    {BYTES("PROXY UNKNOWN\r\n"), 0, NULL, NULL},
    {BYTES("PROXY UNKNOWN \r\n"), 0, NULL, NULL},
    {BYTES("PROXY UNKNOWN TCP4 any thing\0at  all \xff\t\r\n"), 0, NULL, NULL},
    {BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
           "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
     107, NULL, NULL},
    {BYTES(SIGNATURE "\x21\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x02\xdc\x04\x01\xbb"), 28,
     "192.0.2.1:56324", "198.51.100.2:443"},
    {BYTES(SIGNATURE "\x21\x11\0\x10\xc0\0\x02\x01\xc6\x33\x64\x02\xdc\x04\x01\xbb\x04\0\x01-"), 28,
     "192.0.2.1:56324", "198.51.100.2:443"},
    /* What we skip we don't judge: an extension that goes beyond the header. */
    {BYTES(SIGNATURE "\x21\x11\0\x0e\xc0\0\x02\x01\xc6\x33\x64\x02\xdc\x04\x01\xbb\xff\xff"), 28,
     "192.0.2.1:56324", "198.51.100.2:443"},
    {BYTES(SIGNATURE "\x21\x21\0\x24" HOST_A HOST_B "\0\x01\xff\xff"), 52, "[2001:db8::1]:1",
     "[2001:db8::2]:65535"},
    {BYTES(SIGNATURE "\x21\x21\0\x28" HOST_A HOST_B "\0\x01\xff\xff\x04\0\x01-"), 52,
     "[2001:db8::1]:1", "[2001:db8::2]:65535"},
    {BYTES(SIGNATURE "\x21\x21\0\x24" MAPPED_HOST MAPPED_HOST "\0\x01\0\x50"), 52, "192.0.2.7:1",
     "192.0.2.7:80"},
    {BYTES(SIGNATURE "\x21\x21\0\x24" MAPPED_HOST HOST_B "\0\x01\0\x50"), 52, "192.0.2.7:1",
     "[2001:db8::2]:80"},
    /* LOCAL, as a proxy's own health checks, with anything in it or nothing. */
    {BYTES(SIGNATURE "\x20\0\0\0"), 16, NULL, NULL},
    {BYTES(SIGNATURE "\x20\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x02\xdc\x04\x01\xbb"), 16, NULL,
     NULL},
    {BYTES(SIGNATURE "\x20\x11\0\x01X"), 16, NULL, NULL},
    {BYTES(SIGNATURE "\x20\xff\0\x03XYZ"), 16, NULL, NULL},
    /* Unspecified, in whole or in part. */
    {BYTES(SIGNATURE "\x21\0\0\0"), 16, NULL, NULL},
    {BYTES(SIGNATURE "\x21\0\0\x03XYZ"), 16, NULL, NULL},
    {BYTES(SIGNATURE "\x21\x01\0\0"), 16, NULL, NULL},
    {BYTES(SIGNATURE "\x21\x10\0\0"), 16, NULL, NULL},
    {BYTES(SIGNATURE "\x21\x20\0\x01X"), 16, NULL, NULL},
    {BYTES(SIGNATURE "\x21\x30\0\0"), 16, NULL, NULL},
    /* Datagrams, and unix of both kinds. */
    {BYTES(SIGNATURE "\x21\x12\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x02\xdc\x04\x01\xbb"), 16, NULL,
     NULL},
    {BYTES(SIGNATURE "\x21\x22\0\x24" HOST_A HOST_B "\0\x01\xff\xff"), 16, NULL, NULL},
    {BYTES(SIGNATURE "\x21\x31\0\xd8" PATH PATH), 16, NULL, NULL},
    {BYTES(SIGNATURE "\x21\x31\0\xdc" PATH PATH "\x04\0\x01-"), 16, NULL, NULL},
    {BYTES(SIGNATURE "\x21\x32\0\xd8" PATH PATH), 16, NULL, NULL},
};

/* What stands behind a header is nobody's business. */
static const struct {
    const char *bytes;
    size_t length;
} streams[] = {
    {BYTES("X")},
    {BYTES("\n")},
    {BYTES("\r\n")},
    {BYTES("GET / HTTP/1.0\r\n\r\n")},
    {BYTES("PROXY TCP4 192.0.2.9 192.0.2.9 9 9\r\n")},
    {BYTES(SIGNATURE "\x21\x11\0\x0c")},
    {BYTES("\0\0\0\0" PATH PATH PATH PATH PATH)},
};

static void check_told(const char *expected, const struct addr *addr)
{
    char text[ADDR_TEXT_SIZE];

    addr_format(addr, text);
    ck_assert_str_eq(text, expected ? expected : "unknown");
}

static void check_complete(int row, const void *bytes, size_t length)
{
    struct proxy_header header;

    ck_assert_msg(parse(bytes, length, &header) == PROXY_COMPLETE, "row %d, %zu bytes", row,
                  length);
    ck_assert_uint_eq(header.length, good_rows[row].length);
    ck_assert(header.told == (good_rows[row].source != NULL));
    check_told(good_rows[row].source, &header.source);
    check_told(good_rows[row].destination, &header.destination);
}

START_TEST(test_good_cut_everywhere)
{
    size_t needed = good_rows[_i].needed ? good_rows[_i].needed : good_rows[_i].length;
    struct proxy_header header;

    for (size_t length = 0; length < needed; length++) {
        ck_assert_msg(parse(good_rows[_i].bytes, length, &header) == PROXY_INCOMPLETE,
                      "row %d, %zu bytes: %s", _i, length,
                      header.problem ? header.problem : "complete");
        ck_assert(header.length == 0 || header.length == good_rows[_i].length);
    }
    for (size_t length = needed; length <= good_rows[_i].length; length++)
        check_complete(_i, good_rows[_i].bytes, length);
    ck_assert_uint_le(needed, PROXY_KEPT_MAX);
}
END_TEST

START_TEST(test_good_before_a_stream)
{
    char bytes[2048];

    memcpy(bytes, good_rows[_i].bytes, good_rows[_i].length);
    for (int i = 0; i < ROWS(streams); i++) {
        ck_assert_uint_le(good_rows[_i].length + streams[i].length, sizeof(bytes));
        memcpy(bytes + good_rows[_i].length, streams[i].bytes, streams[i].length);
        for (size_t behind = 1; behind <= streams[i].length; behind++)
            check_complete(_i, bytes, good_rows[_i].length + behind);
    }
}
END_TEST

/* A stream that has said nothing yet has no bytes to point at. */
START_TEST(test_nothing)
{
    struct proxy_header header;

    ck_assert_int_eq(proxy_parse(NULL, 0, &header), PROXY_INCOMPLETE);
    ck_assert_uint_eq(header.length, 0);
    ck_assert_uint_eq(proxy_consumable(NULL, 0), 0);
}
END_TEST

static const char no_header[] = "not a header of version 1 or 2";
static const char no_feed[] = "CR without LF after it";
static const char feed_alone[] = "a line that ends in LF alone";
static const char too_long[] = "a line of more than 107 bytes";
static const char no_protocol[] = "not TCP4, TCP6 or UNKNOWN";
static const char no_ipv4[] = "not an IPv4 address";
static const char no_ipv6[] = "not an IPv6 address";
static const char no_port[] = "not a port";
static const char too_short[] = "shorter than its addresses";

#define ROW_V4 "PROXY TCP4 192.0.2.1 192.0.2.2 "

/* at: with so many bytes it is seen, and with one less not yet. 0: with the last of them. */
static const struct {
    const char *bytes;
    size_t length;
    size_t at;
    const char *problem;
} bad_rows[] = {
    {BYTES("GET / HTTP/1.0\r\n"), 1, no_header},
    {BYTES("\x16\x03\x01"), 1, no_header},
    {BYTES("\0"), 1, no_header},
    {BYTES("\n"), 1, no_header},
    {BYTES(" PROXY TCP4"), 1, no_header},
    {BYTES("proxy TCP4"), 1, no_header},
    {BYTES("POST / HTTP/1.0\r\n"), 2, no_header},
    {BYTES("PROXY\tTCP4"), 6, no_header},
    {BYTES("PROXY\r\n"), 6, no_header},
    {BYTES("PROXY\n"), 6, no_header},
    {BYTES("PROXY\0TCP4"), 6, no_header},
    {BYTES("PROXYTCP4"), 6, no_header},
    {BYTES("PROXY  TCP4"), 7, no_protocol},
    {BYTES("PROXY \r\n"), 7, no_protocol},
    {BYTES("PROXY \n"), 7, feed_alone},
    {BYTES("PROXY tcp4 "), 7, no_protocol},
    {BYTES("PROXY TCP\r\n"), 10, no_protocol},
    {BYTES("PROXY TCP5 "), 10, no_protocol},
    {BYTES("PROXY TCP4\r\n"), 11, no_protocol},
    {BYTES("PROXY TCP4\t"), 11, no_protocol},
    {BYTES("PROXY TCP46 "), 11, no_protocol},
    {BYTES("PROXY UDP4 "), 8, no_protocol},
    {BYTES("PROXY UNIX "), 9, no_protocol},
    {BYTES("PROXY UNKNOW\r\n"), 13, no_protocol},
    {BYTES("PROXY UNKNOWN\n"), 14, feed_alone},
    {BYTES("PROXY UNKNOWN\r\r\n"), 15, no_feed},
    {BYTES("PROXY UNKNOWN\rX"), 15, no_feed},
    {BYTES("PROXY UNKNOWN x\nx\r\n"), 16, feed_alone},
    {BYTES("PROXY UNKNOWN x\rx\r\n"), 17, no_feed},
    /* Addresses: blanks, family, form. */
    {BYTES("PROXY TCP4  192.0.2.1"), 12, no_ipv4},
    {BYTES("PROXY TCP4 \r\n"), 12, no_ipv4},
    {BYTES("PROXY TCP4 192.0.2.1\r\n"), 21, no_ipv4},
    {BYTES("PROXY TCP4 192.0.2.1  192.0.2.2"), 22, no_ipv4},
    {BYTES("PROXY TCP4 192.0.2.1\t192.0.2.2"), 21, no_ipv4},
    {BYTES("PROXY TCP4 192.0.2.1\0 192.0.2.2"), 21, no_ipv4},
    {BYTES("PROXY TCP4 192.0.2 "), 0, no_ipv4},
    {BYTES("PROXY TCP4 192.0.2.256 "), 0, no_ipv4},
    {BYTES("PROXY TCP4 192.0.2.01 "), 0, no_ipv4},
    {BYTES("PROXY TCP4 192.0.2.1. "), 0, no_ipv4},
    {BYTES("PROXY TCP4 192.0.2.1.1 "), 0, no_ipv4},
    {BYTES("PROXY TCP4 192..2.1 "), 0, no_ipv4},
    {BYTES("PROXY TCP4 3221225985 "), 0, no_ipv4},
    {BYTES("PROXY TCP4 0xc0"), 13, no_ipv4},
    {BYTES("PROXY TCP4 -"), 12, no_ipv4},
    {BYTES("PROXY TCP4 localhost"), 12, no_ipv4},
    {BYTES("PROXY TCP4 255.255.255.2555"), 0, no_ipv4},
    {BYTES("PROXY TCP4 ::1 "), 12, no_ipv4},
    {BYTES("PROXY TCP4 ::ffff:192.0.2.1 "), 12, no_ipv4},
    {BYTES("PROXY TCP4 192.0.2.1 2001:"), 0, no_ipv4},
    {BYTES("PROXY TCP6 192.0.2.1 "), 0, no_ipv6},
    {BYTES("PROXY TCP6 2001:db8::1 192.0.2.1 "), 0, no_ipv6},
    {BYTES("PROXY TCP6  ::1"), 12, no_ipv6},
    {BYTES("PROXY TCP6 fe80::1%"), 0, no_ipv6},
    {BYTES("PROXY TCP6 ["), 0, no_ipv6},
    {BYTES("PROXY TCP6 ::g"), 0, no_ipv6},
    {BYTES("PROXY TCP6 1::2::3 "), 0, no_ipv6},
    {BYTES("PROXY TCP6 1:2:3:4:5:6:7 "), 0, no_ipv6},
    {BYTES("PROXY TCP6 1:2:3:4:5:6:7:8:9 "), 0, no_ipv6},
    {BYTES("PROXY TCP6 ::12345 "), 0, no_ipv6},
    {BYTES("PROXY TCP6 1:2:3:4:5:6:7: "), 0, no_ipv6},
    {BYTES("PROXY TCP6 ::1\r\n"), 15, no_ipv6},
    {BYTES("PROXY TCP6 0000:0000:0000:0000:0000:0000:255.255.255.2555"), 0, no_ipv6},
    /* Ports. */
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2\r\n"), 31, no_ipv4},
    {BYTES(ROW_V4 " 1 2\r\n"), sizeof(ROW_V4), no_port},
    {BYTES(ROW_V4 "-"), 0, no_port},
    {BYTES(ROW_V4 "+"), 0, no_port},
    {BYTES(ROW_V4 "1x"), 0, no_port},
    {BYTES(ROW_V4 "0x1"), sizeof(ROW_V4) + 1, no_port},
    {BYTES(ROW_V4 "01 "), 0, no_port},
    {BYTES(ROW_V4 "00 "), 0, no_port},
    {BYTES(ROW_V4 "65536 "), 0, no_port},
    {BYTES(ROW_V4 "99999 "), 0, no_port},
    {BYTES(ROW_V4 "100000"), 0, no_port},
    {BYTES(ROW_V4 "1\r"), 0, no_port},
    {BYTES(ROW_V4 "1\t"), 0, no_port},
    {BYTES(ROW_V4 "1  "), 0, no_port},
    {BYTES(ROW_V4 "1 \r"), 0, no_port},
    {BYTES(ROW_V4 "1 00\r"), 0, no_port},
    {BYTES(ROW_V4 "1 65536\r"), 0, no_port},
    {BYTES(ROW_V4 "1 2 "), 0, no_port},
    {BYTES(ROW_V4 "1 2\0"), 0, no_port},
    {BYTES(ROW_V4 "1 2\t"), 0, no_port},
    {BYTES(ROW_V4 "1 2\n"), 0, feed_alone},
    {BYTES(ROW_V4 "1 2\r\r"), 0, no_feed},
    {BYTES(ROW_V4 "1 2\rG"), 0, no_feed},
    /* Without room for CR LF it needn't be waited for: with 106 bytes. */
    {BYTES("PROXY UNKNOWN " PATH), 106, too_long},
    {BYTES("PROXY TCP6 0000:0000:0000:0000:0000:0000:255.255.255.255 "
           "0000:0000:0000:0000:0000:0000:255.255.255.255 123\r\n"),
     106, too_long},
    /* Version 2. */
    {BYTES("\r\nGET"), 3, no_header},
    {BYTES("\r\n\r\n\0\r\nQUIT\r"), 12, no_header},
    {BYTES("\r\n\r\n\r\n"), 5, no_header},
    {BYTES(SIGNATURE "\x11"), 0, "a version that is not 2"},
    {BYTES(SIGNATURE "\x31"), 0, "a version that is not 2"},
    {BYTES(SIGNATURE "\x01"), 0, "a version that is not 2"},
    {BYTES(SIGNATURE "\x22"), 0, "not LOCAL or PROXY"},
    {BYTES(SIGNATURE "\x2f"), 0, "not LOCAL or PROXY"},
    {BYTES(SIGNATURE "\x21\x41"), 0, "unknown address family"},
    {BYTES(SIGNATURE "\x21\xf0"), 0, "unknown address family"},
    {BYTES(SIGNATURE "\x21\x13"), 0, "unknown transport"},
    {BYTES(SIGNATURE "\x21\x0f"), 0, "unknown transport"},
    {BYTES(SIGNATURE "\x21\x11\0\0"), 0, too_short},
    {BYTES(SIGNATURE "\x21\x11\0\x0b"), 0, too_short},
    {BYTES(SIGNATURE "\x21\x12\0\x0b"), 0, too_short},
    {BYTES(SIGNATURE "\x21\x21\0\x23"), 0, too_short},
    {BYTES(SIGNATURE "\x21\x21\0\x0c"), 0, too_short},
    {BYTES(SIGNATURE "\x21\x22\0\x23"), 0, too_short},
    {BYTES(SIGNATURE "\x21\x31\0\xd7"), 0, too_short},
    {BYTES(SIGNATURE "\x21\x32\0\xd7"), 0, too_short},
    {BYTES(SIGNATURE "\x21\x11\x0f\xf1"), 0, "more than 4096 bytes"},
    {BYTES(SIGNATURE "\x21\x11\xff\xff"), 0, "more than 4096 bytes"},
    {BYTES(SIGNATURE "\x20\0\x0f\xf1"), 0, "more than 4096 bytes"},
    {BYTES(SIGNATURE "\x21\0\xff\xff"), 0, "more than 4096 bytes"},
};

START_TEST(test_bad)
{
    size_t at = bad_rows[_i].at ? bad_rows[_i].at : bad_rows[_i].length;
    struct proxy_header header;

    for (size_t length = 0; length <= bad_rows[_i].length; length++) {
        enum proxy_verdict verdict = parse(bad_rows[_i].bytes, length, &header);

        ck_assert_msg(verdict == (length < at ? PROXY_INCOMPLETE : PROXY_BAD),
                      "row %d, %zu bytes: verdict %d, %s", _i, length, (int)verdict,
                      header.problem ? header.problem : "no problem");
        if (verdict == PROXY_BAD)
            ck_assert_str_eq(header.problem, bad_rows[_i].problem);
    }
}
END_TEST

/* Lines of UNKNOWN that have exactly so many bytes with CR LF. */
START_TEST(test_line_bound)
{
    struct proxy_header header;
    char line[200];

    for (size_t length = 15; length < sizeof(line); length++) {
        memset(line, 'x', sizeof(line));
        memcpy(line, "PROXY UNKNOWN", 13);
        memcpy(line + length - 2, "\r\n", 2);
        MUST(parse(line, length, &header) == (length <= 107 ? PROXY_COMPLETE : PROXY_BAD));
        MUST(header.length == (length <= 107 ? length : 0));
    }
}
END_TEST

/* Every length of version 2, with each command: accepted up to the bound, as soon as it is known.
 */
START_TEST(test_block_bound)
{
    uint8_t bytes[28] = SIGNATURE;
    struct proxy_header header;

    for (unsigned length = 0; length <= UINT16_MAX; length++)
        for (uint8_t command = 0x20; command <= 0x21; command++) {
            bool is_good = length + 16 <= PROXY_LENGTH_MAX && (command == 0x20 || length >= 12);

            bytes[12] = command;
            bytes[13] = 0x11;
            bytes[14] = (uint8_t)(length >> 8);
            bytes[15] = (uint8_t)length;
            MUST(parse(bytes, sizeof(bytes), &header) == (is_good ? PROXY_COMPLETE : PROXY_BAD));
            MUST(header.length == (is_good ? length + 16 : 0));
        }
}
END_TEST

/* All 65536 pairs of the two bytes behind the signature, by the numbers of the specification. */
START_TEST(test_every_command_and_family)
{
    uint8_t bytes[232] = SIGNATURE;
    struct proxy_header header;

    bytes[15] = sizeof(bytes) - 16;
    for (unsigned pair = 0; pair <= UINT16_MAX; pair++) {
        unsigned command = pair >> 8, family = pair >> 4 & 0xf, transport = pair & 0xf;
        bool is_local = command == 0x20, is_proxy = command == 0x21;
        bool is_good = is_local || (is_proxy && family <= 3 && transport <= 2);

        bytes[12] = (uint8_t)command;
        bytes[13] = (uint8_t)pair;
        MUST(parse(bytes, sizeof(bytes), &header) == (is_good ? PROXY_COMPLETE : PROXY_BAD));
        MUST(header.told == (pair == 0x2111 || pair == 0x2121));
    }
}
END_TEST

/* xorshift: the same noise on every machine. */
static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* What a byte is changed into: mostly one that means something somewhere. */
static uint8_t random_byte(uint32_t *state)
{
    static const char telling[] = "PROXY TCP46UNKNOWN 0129.:fF\r\n\0\x20\x21\x11\x31";
    uint32_t random = next_random(state);

    return (uint8_t)(random & 0x10000 ? random : (uint32_t)telling[random % sizeof(telling)]);
}

/* A verdict for good must stay with every byte more; one more byte never changes a length. */
static void check_grows(const uint8_t *bytes, size_t length)
{
    enum proxy_verdict verdict = PROXY_INCOMPLETE;
    struct proxy_header before = {0}, header;

    for (size_t i = 0; i <= length; i++, before = header) {
        enum proxy_verdict next = parse(bytes, i, &header);

        MUST(verdict == PROXY_INCOMPLETE || next == verdict);
        MUST(next == PROXY_BAD || before.length == 0 || header.length == before.length);
        MUST(verdict != PROXY_COMPLETE || addr_equal(&before.source, &header.source));
        verdict = next;
    }
}

START_TEST(test_noise)
{
    uint32_t state = 0x5eed + (uint32_t)_i;
    uint8_t bytes[512];

    for (int round = 0; round < 400; round++) {
        size_t length = good_rows[_i].length, changes = next_random(&state) % 4;

        memcpy(bytes, good_rows[_i].bytes, length);
        for (size_t change = 0; change < changes; change++)
            bytes[next_random(&state) % length] = random_byte(&state);
        if (next_random(&state) % 4 == 0) { /* a byte is lost */
            size_t at = next_random(&state) % length;

            memmove(bytes + at, bytes + at + 1, --length - at);
        }
        check_grows(bytes, length);
    }
}
END_TEST

Suite *proxy_suite(void)
{
    Suite *suite = suite_create("proxy");
    TCase *tcase = tcase_create("proxy");

    tcase_add_loop_test(tcase, test_good_cut_everywhere, 0, ROWS(good_rows));
    tcase_add_loop_test(tcase, test_good_before_a_stream, 0, ROWS(good_rows));
    tcase_add_test(tcase, test_nothing);
    tcase_add_loop_test(tcase, test_bad, 0, ROWS(bad_rows));
    tcase_add_test(tcase, test_line_bound);
    tcase_add_test(tcase, test_block_bound);
    tcase_add_test(tcase, test_every_command_and_family);
    tcase_add_loop_test(tcase, test_noise, 0, ROWS(good_rows));
    suite_add_tcase(suite, tcase);
    return suite;
}

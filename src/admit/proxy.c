/* proxy: see proxy.h. Strict wherever the specification is: whoever may speak to us here chooses
 * the address that limits and access lists look at. The two versions differ in their first byte. */
#include "admit/proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static const char no_header[] = "not a header of version 1 or 2";

static enum proxy_verdict refuse(struct proxy_header *ret, const char *problem)
{
    *ret = (struct proxy_header){.problem = problem};
    return PROXY_BAD;
}

/* Whether bytes and text are the same as far as both go. */
static bool agrees(const uint8_t *bytes, size_t length, const void *text, size_t text_length)
{
    return memcmp(bytes, text, length < text_length ? length : text_length) == 0;
}

/* By way of struct sockaddr, so that a v4-mapped address becomes what it is everywhere else. */
static struct addr make_addr(sa_family_t family, const uint8_t *host, uint16_t port)
{
    struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct addr addr;

    if (family == AF_INET) {
        memcpy(&in4.sin_addr, host, sizeof(in4.sin_addr));
        addr_from_sockaddr((const struct sockaddr *)&in4, sizeof(in4), &addr);
    } else {
        memcpy(&in6.sin6_addr, host, sizeof(in6.sin6_addr));
        addr_from_sockaddr((const struct sockaddr *)&in6, sizeof(in6), &addr);
    }
    return addr;
}

/* --- version 1: a line ------------------------------------------------------------------------ */

static const char opening[] = "PROXY ";

#define OPENING_LENGTH (sizeof(opening) - 1)
#define LINE_MAX_BYTES PROXY_KEPT_MAX /* with CR LF */

/* How each protocol writes a host. The words of UNKNOWN are nobody's business. */
static const struct protocol {
    const char *word; /* with what must follow */
    sa_family_t family;
    const char *characters;
    size_t size; /* of the longest host, with NUL */
    const char *problem;
} protocols[] = {
    {"TCP4 ", AF_INET, "0123456789.", INET_ADDRSTRLEN, "not an IPv4 address"},
    {"TCP6 ", AF_INET6, "0123456789abcdefABCDEF:.", INET6_ADDRSTRLEN, "not an IPv6 address"},
    {"UNKNOWN", AF_UNSPEC, NULL, 0, NULL},
};

struct line {
    const uint8_t *at;  /* what is read next */
    const uint8_t *end; /* behind what is there of it, CR and LF not counted */
    bool has_end;       /* CR stands at end */
    bool has_feed;      /* and LF behind it */
};

/* Finds the end of the line, as far as it is there. Returns what is wrong with it, or NULL. */
static const char *find_line(const uint8_t *bytes, size_t length, struct line *ret)
{
    size_t room = length < LINE_MAX_BYTES - 1 ? length : LINE_MAX_BYTES - 1;
    const uint8_t *cr = memchr(bytes, '\r', room);
    size_t end = cr ? (size_t)(cr - bytes) : room;

    if (memchr(bytes, '\n', end))
        return "a line that ends in LF alone";
    if (!cr && room == LINE_MAX_BYTES - 1)
        return "a line of more than 107 bytes";
    *ret = (struct line){.at = bytes, .end = bytes + end, .has_end = cr != NULL};
    ret->has_feed = cr && end + 1 < length;
    if (ret->has_feed && cr[1] != '\n')
        return "CR without LF after it";
    return NULL;
}

static enum proxy_verdict take_protocol(struct line *line, const struct protocol **ret)
{
    size_t left = (size_t)(line->end - line->at);

    for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
        size_t length = strlen(protocols[i].word);

        if (left >= length && agrees(line->at, left, protocols[i].word, length)) {
            line->at += length;
            *ret = &protocols[i];
            return PROXY_COMPLETE;
        }
        if (left < length && !line->has_end && agrees(line->at, left, protocols[i].word, length))
            return PROXY_INCOMPLETE;
    }
    return PROXY_BAD;
}

/* The next word, made of these characters and, with a NUL, no longer than size. One blank ends it,
 * or the line's end where it is the last. A NUL byte is no character, so word is a whole string. */
static enum proxy_verdict take_word(struct line *line, const char *characters, bool is_last,
                                    char *word, size_t size)
{
    size_t length = 0;

    while (line->at < line->end && *line->at != ' ') {
        if (length + 1 == size || !memchr(characters, *line->at, strlen(characters)))
            return PROXY_BAD;
        word[length++] = (char)*line->at++;
    }
    word[length] = '\0';
    if (line->at == line->end && !line->has_end)
        return PROXY_INCOMPLETE;
    if ((line->at == line->end) != is_last)
        return PROXY_BAD;
    if (!is_last)
        line->at++;
    return PROXY_COMPLETE;
}

static enum proxy_verdict take_host(struct line *line, const struct protocol *protocol,
                                    uint8_t ret[static 16])
{
    char word[INET6_ADDRSTRLEN];
    enum proxy_verdict verdict = take_word(line, protocol->characters, false, word, protocol->size);

    if (verdict == PROXY_COMPLETE && inet_pton(protocol->family, word, ret) != 1)
        return PROXY_BAD;
    return verdict;
}

/* "0" to "65535": no sign, and no zero before another digit. */
static enum proxy_verdict take_port(struct line *line, bool is_last, uint16_t *ret)
{
    char word[sizeof("65535")];
    uint32_t value = 0;
    enum proxy_verdict verdict = take_word(line, "0123456789", is_last, word, sizeof(word));

    if (verdict != PROXY_COMPLETE)
        return verdict;
    for (const char *digit = word; *digit; digit++)
        value = value * 10 + (uint32_t)(*digit - '0');
    if (word[0] == '\0' || (word[0] == '0' && word[1] != '\0') || value > UINT16_MAX)
        return PROXY_BAD;
    *ret = (uint16_t)value;
    return PROXY_COMPLETE;
}

/* The four words behind TCP4 or TCP6. */
static enum proxy_verdict take_addresses(struct line *line, const struct protocol *protocol,
                                         struct proxy_header *ret)
{
    uint8_t hosts[2][16];
    uint16_t ports[2];
    enum proxy_verdict verdict;

    for (int i = 0; i < 2; i++)
        if ((verdict = take_host(line, protocol, hosts[i])) != PROXY_COMPLETE)
            return verdict == PROXY_BAD ? refuse(ret, protocol->problem) : verdict;
    for (int i = 0; i < 2; i++)
        if ((verdict = take_port(line, i == 1, &ports[i])) != PROXY_COMPLETE)
            return verdict == PROXY_BAD ? refuse(ret, "not a port") : verdict;
    /* Nothing is told before the line is whole. */
    if (line->has_feed) {
        ret->told = true;
        ret->source = make_addr(protocol->family, hosts[0], ports[0]);
        ret->destination = make_addr(protocol->family, hosts[1], ports[1]);
    }
    return PROXY_COMPLETE;
}

static enum proxy_verdict parse_line(const uint8_t *bytes, size_t length, struct proxy_header *ret)
{
    const struct protocol *protocol;
    const char *problem;
    struct line line;
    enum proxy_verdict verdict;

    if (!agrees(bytes, length, opening, OPENING_LENGTH))
        return refuse(ret, no_header);
    if (length < OPENING_LENGTH)
        return PROXY_INCOMPLETE;
    if ((problem = find_line(bytes, length, &line)))
        return refuse(ret, problem);
    if (line.has_end)
        ret->length = (size_t)(line.end - bytes) + 2;
    line.at += OPENING_LENGTH;
    if ((verdict = take_protocol(&line, &protocol)) != PROXY_COMPLETE)
        return verdict == PROXY_BAD ? refuse(ret, "not TCP4, TCP6 or UNKNOWN") : verdict;
    if (protocol->family != AF_UNSPEC &&
        (verdict = take_addresses(&line, protocol, ret)) != PROXY_COMPLETE)
        return verdict;
    return line.has_feed ? PROXY_COMPLETE : PROXY_INCOMPLETE;
}

/* --- version 2: a block ----------------------------------------------------------------------- */

static const uint8_t signature[12] = {'\r', '\n', '\r', '\n', '\0', '\r',
                                      '\n', 'Q',  'U',  'I',  'T',  '\n'};

#define FIXED_LENGTH 16 /* signature, version and command, family and protocol, two of length */

enum command { COMMAND_LOCAL = 0, COMMAND_PROXY = 1 };
enum transport { TRANSPORT_UNSPEC = 0, TRANSPORT_STREAM = 1, TRANSPORT_DGRAM = 2 };

/* By the number of the family: how long each address is, and all of them with their ports. */
static const struct family {
    sa_family_t family; /* AF_UNSPEC where nothing is told */
    uint8_t host_length;
    uint8_t block_length;
} families[] = {
    {AF_UNSPEC, 0, 0},
    {AF_INET, 4, 2 * 4 + 2 * 2},
    {AF_INET6, 16, 2 * 16 + 2 * 2},
    {AF_UNSPEC, 0, 2 * 108}, /* unix: a path doesn't say who the client is */
};

static uint16_t get_number(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

/* Byte by byte, since each may be the last for a while. Returns what is wrong, or NULL. */
static const char *check_fixed(const uint8_t *bytes, size_t length)
{
    unsigned command, family, transport;

    if (!agrees(bytes, length, signature, sizeof(signature)))
        return no_header;
    if (length <= 12)
        return NULL;
    command = bytes[12] & 0xf;
    if (bytes[12] >> 4 != 2)
        return "a version that is not 2";
    if (command != COMMAND_LOCAL && command != COMMAND_PROXY)
        return "not LOCAL or PROXY";
    if (length <= 13)
        return NULL;
    family = bytes[13] >> 4;
    transport = bytes[13] & 0xf;
    /* A receiver ignores what a LOCAL says of these, and refuses numbers that mean nothing. */
    if (command == COMMAND_PROXY && family >= sizeof(families) / sizeof(families[0]))
        return "unknown address family";
    if (command == COMMAND_PROXY && transport > TRANSPORT_DGRAM)
        return "unknown transport";
    if (length < FIXED_LENGTH)
        return NULL;
    if (FIXED_LENGTH + get_number(bytes + 14) > PROXY_LENGTH_MAX)
        return "more than 4096 bytes";
    if (command == COMMAND_PROXY && transport != TRANSPORT_UNSPEC &&
        get_number(bytes + 14) < families[family].block_length)
        return "shorter than its addresses";
    return NULL;
}

/* Datagrams are a valid combination that a service of streams can't mean: the specification has
 * such taken for unspecified, as it has a family without a transport. */
static enum proxy_verdict parse_block(const uint8_t *bytes, size_t length, struct proxy_header *ret)
{
    const char *problem = check_fixed(bytes, length);
    const struct family *family;
    const uint8_t *at, *ports;

    if (problem)
        return refuse(ret, problem);
    if (length < FIXED_LENGTH)
        return PROXY_INCOMPLETE;
    ret->length = (size_t)FIXED_LENGTH + get_number(bytes + 14);
    if ((bytes[12] & 0xf) == COMMAND_LOCAL || (bytes[13] & 0xf) != TRANSPORT_STREAM)
        return PROXY_COMPLETE;
    family = &families[bytes[13] >> 4];
    if (family->family == AF_UNSPEC)
        return PROXY_COMPLETE;
    if (length < (size_t)FIXED_LENGTH + family->block_length)
        return PROXY_INCOMPLETE;
    at = bytes + FIXED_LENGTH;
    ports = at + 2 * family->host_length;
    ret->told = true;
    ret->source = make_addr(family->family, at, get_number(ports));
    ret->destination = make_addr(family->family, at + family->host_length, get_number(ports + 2));
    return PROXY_COMPLETE;
}

/* --- both ------------------------------------------------------------------------------------- */

enum proxy_verdict proxy_parse(const uint8_t *bytes, size_t length, struct proxy_header *ret)
{
    *ret = (struct proxy_header){0};
    if (length == 0)
        return PROXY_INCOMPLETE;
    return bytes[0] == signature[0] ? parse_block(bytes, length, ret)
                                    : parse_line(bytes, length, ret);
}

size_t proxy_consumable(const uint8_t *bytes, size_t length)
{
    struct proxy_header header;

    switch (proxy_parse(bytes, length, &header)) {
    case PROXY_INCOMPLETE:
        return length;
    case PROXY_COMPLETE:
        return length < header.length ? length : header.length;
    case PROXY_BAD:
        break;
    }
    return 0;
}

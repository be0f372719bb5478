/* prefix: see prefix.h. Pure; called by the codec of lists of prefixes and by what admits. */
#include "base/prefix.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/value.h"

/* The bits of an address of that family. */
static unsigned family_width(uint8_t family)
{
    return family == ADDR_IPV4 ? 32 : family == ADDR_IPV6 ? 128 : 0;
}

/* Clears what stands behind length bits in size bytes. */
static void clear_behind(uint8_t *bytes, unsigned size, unsigned length)
{
    unsigned whole = length / 8;

    if (whole >= size)
        return;
    bytes[whole] &= (uint8_t)(0xff00U >> length % 8);
    memset(bytes + whole + 1, 0, size - whole - 1);
}

void prefix_mask(struct addr *addr, unsigned length)
{
    clear_behind(addr->bytes, family_width(addr->family) / 8, length);
}

/* The number behind the slash. A zero before it is refused: an administrator may mean octal. */
static int parse_length(const char *text, unsigned width, unsigned *ret, const char **ret_problem)
{
    uint64_t length;

    if (value_parse_count(text, &length) < 0 || length > width ||
        (text[0] == '0' && text[1] != '\0')) {
        *ret_problem = width == 32 ? "the length of an IPv4 prefix must be from 0 to 32"
                                   : "the length of an IPv6 prefix must be from 0 to 128";
        return -EINVAL;
    }
    *ret = (unsigned)length;
    return 0;
}

/* Splits "192.0.2.0/24" into the address and the text of the length, NULL where there is none. */
static int split_length(const char *text, char host[static ADDR_TEXT_SIZE], const char **ret_length)
{
    const char *slash = strchr(text, '/');
    size_t length = slash ? (size_t)(slash - text) : strlen(text);

    if (length >= ADDR_TEXT_SIZE)
        return -EINVAL;
    memcpy(host, text, length);
    host[length] = '\0';
    *ret_length = slash ? slash + 1 : NULL;
    return 0;
}

/* The length as addr counts it. Of an address that was written as IPv6 and is IPv4 the first 96
 * bits are the mapping; a length that ends within them would cut it off. */
static int find_length(const char *text, unsigned width, bool mapped, unsigned *ret,
                       const char **ret_problem)
{
    unsigned length = mapped ? 128 : width;
    int error = text ? parse_length(text, mapped ? 128 : width, &length, ret_problem) : 0;

    if (error < 0)
        return error;
    if (mapped && length < 96) {
        *ret_problem =
            "the length of an IPv4 network written as ::ffff:192.0.2.0/120 must be from 96 to 128";
        return -EINVAL;
    }
    *ret = mapped ? length - 96 : length;
    return 0;
}

int prefix_parse(const char *text, struct prefix *ret, const char **ret_problem)
{
    struct addr addr, masked;
    char host[ADDR_TEXT_SIZE];
    const char *length_text;
    unsigned length, width;
    int error;

    if (strcmp(text, "unix") == 0) {
        *ret = (struct prefix){.family = ADDR_UNIX};
        return 0;
    }
    if (strchr(text, '%')) {
        *ret_problem = "a prefix cannot have a scope";
        return -EINVAL;
    }
    if (split_length(text, host, &length_text) < 0 || addr_parse_host(host, &addr) < 0) {
        *ret_problem =
            "not a numeric address, a network such as 192.0.2.0/24 or 2001:db8::/32, or unix";
        return -EINVAL;
    }
    width = family_width(addr.family);
    error = find_length(length_text, width, addr.family == ADDR_IPV4 && strchr(host, ':'), &length,
                        ret_problem);
    if (error < 0)
        return error;
    masked = addr;
    prefix_mask(&masked, length);
    if (!addr_equal(&masked, &addr)) {
        *ret_problem = "the address has bits set after the prefix length; they must be zero";
        return -EINVAL;
    }
    *ret = (struct prefix){.family = addr.family, .length = (uint8_t)length};
    memcpy(ret->bytes, addr.bytes, sizeof(ret->bytes));
    return 0;
}

void prefix_format(const struct prefix *prefix, char text[static PREFIX_TEXT_SIZE])
{
    struct addr addr = {.family = prefix->family};
    size_t used;

    if (prefix->family == ADDR_UNIX) {
        snprintf(text, PREFIX_TEXT_SIZE, "unix");
        return;
    }
    memcpy(addr.bytes, prefix->bytes, sizeof(addr.bytes));
    addr_format_host(&addr, text);
    if (prefix->length < family_width(prefix->family)) {
        used = strlen(text);
        snprintf(text + used, PREFIX_TEXT_SIZE - used, "/%u", prefix->length);
    }
}

bool prefix_contains(const struct prefix *prefix, const struct addr *addr)
{
    unsigned whole = prefix->length / 8, rest = prefix->length % 8;

    if (prefix->family != addr->family || memcmp(prefix->bytes, addr->bytes, whole) != 0)
        return false;
    return rest == 0 ||
           ((prefix->bytes[whole] ^ addr->bytes[whole]) & (0xff00U >> rest) & 0xff) == 0;
}

int prefix_compare(const struct prefix *one, const struct prefix *other)
{
    int order = one->family - other->family;

    if (order == 0)
        order = memcmp(one->bytes, other->bytes, sizeof(one->bytes));
    return order == 0 ? one->length - other->length : order;
}

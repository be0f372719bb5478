/* access: see access.h. Called by what reads xinetd's attributes. */
#include "import/access.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void add(struct import *import, struct import_prefixes *prefixes, const struct prefix *one)
{
    prefixes->cut = prefixes->cut || prefixes->count == IMPORT_PREFIXES_MAX ||
                    import->prefix_count == IMPORT_PREFIXES_TOTAL;
    if (prefixes->cut)
        return;
    import->prefix_count++;
    if (prefixes->count == prefixes->room) {
        size_t room = prefixes->room > 0 ? 2 * prefixes->room : 8;
        struct prefix *items = import_allocate(import, room, sizeof(*items));

        if (!items)
            return;
        if (prefixes->count > 0)
            memcpy(items, prefixes->items, prefixes->count * sizeof(*items));
        prefixes->items = items;
        prefixes->room = room;
    }
    prefixes->items[prefixes->count++] = *one;
}

struct import_prefixes import_copy_prefixes(struct import *import,
                                            const struct import_prefixes *prefixes)
{
    struct import_prefixes copy = {0};

    for (size_t i = 0; i < prefixes->count; i++)
        add(import, &copy, &prefixes->items[i]);
    return copy;
}

static void remove_equal(struct import_prefixes *prefixes, const struct prefix *one)
{
    size_t kept = 0;

    for (size_t i = 0; i < prefixes->count; i++)
        if (prefix_compare(&prefixes->items[i], one) != 0)
            prefixes->items[kept++] = prefixes->items[i];
    prefixes->count = kept;
}

/* Adding or taking out. */
struct change {
    struct import *import;
    struct import_prefixes *prefixes;
    bool remove;
};

static void apply(const struct change *change, struct addr *addr, unsigned length)
{
    struct prefix one = {.family = addr->family, .length = (uint8_t)length};

    prefix_mask(addr, length);
    memcpy(one.bytes, addr->bytes, sizeof(one.bytes));
    if (change->remove)
        remove_equal(change->prefixes, &one);
    else
        add(change->import, change->prefixes, &one);
}

/* IPv4 as inet_aton has it, which is what xinetd asks: "10.1" is 10.0.0.1. */
static bool parse_ipv4(const char *text, struct addr *ret)
{
    struct in_addr address;

    if (text[0] == '\0' || text[strspn(text, "0123456789abcdefABCDEFxX.")] != '\0' ||
        inet_aton(text, &address) == 0)
        return false;
    *ret = (struct addr){.family = ADDR_IPV4};
    memcpy(ret->bytes, &address, 4);
    return true;
}

static bool parse_address(const char *text, struct addr *ret)
{
    return parse_ipv4(text, ret) ||
           (strchr(text, ':') && !strchr(text, '%') && addr_parse_host(text, ret) == 0);
}

/* Bytes of zero at the end of an IPv4 address stand for anything, unless it is written as IPv6. */
static unsigned implied_length(const char *text, const struct addr *addr)
{
    unsigned length = 32;

    if (strchr(text, ':'))
        return addr->family == ADDR_IPV4 ? 32 : 128;
    while (length > 0 && addr->bytes[length / 8 - 1] == 0)
        length -= 8;
    return length;
}

/* "10.0.0.0/8". What xinetd reads of the length is the number it begins with, and 32 at most. */
static enum import_access change_network(const struct change *change, const char *text,
                                         const char *slash)
{
    const char *host = import_copy(change->import, text, (size_t)(slash - text));
    unsigned long width = strchr(host, ':') ? 128 : 32, length, mapping;
    struct addr addr;
    char *end;

    if (!isdigit((unsigned char)slash[1]) || !parse_address(host, &addr))
        return IMPORT_ACCESS_BAD;
    length = strtoul(slash + 1, &end, 10);
    mapping = addr.family == ADDR_IPV4 && width == 128 ? 96 : 0;
    if (length < mapping)
        return IMPORT_ACCESS_BAD;
    apply(change, &addr, (unsigned)((length < width ? length : width) - mapping));
    return *end != '\0' || length > width ? IMPORT_ACCESS_NETMASK : IMPORT_ACCESS_GOOD;
}

/* The number at *text, which moves behind it, and must be a byte. */
static bool take_byte(const char **text, uint8_t *ret)
{
    size_t digits = strspn(*text, "0123456789");
    unsigned long value = strtoul(*text, NULL, 10);

    if (digits == 0 || digits > 3 || value > 255)
        return false;
    *text += digits;
    *ret = (uint8_t)value;
    return true;
}

/* "10.1.{2,3}": whole bytes, and alternatives for the last. */
static enum import_access change_factorized(const struct change *change, const char *text)
{
    struct addr pattern = {.family = ADDR_IPV4};
    unsigned bytes = 0;

    while (*text != '{') {
        if (bytes == 3 || !take_byte(&text, &pattern.bytes[bytes++]) || *text++ != '.')
            return IMPORT_ACCESS_BAD;
    }
    do {
        struct addr addr = pattern;

        text++;
        if (!take_byte(&text, &addr.bytes[bytes]))
            return IMPORT_ACCESS_BAD;
        apply(change, &addr, 8 * (bytes + 1));
    } while (*text == ',');
    return strcmp(text, "}") == 0 ? IMPORT_ACCESS_GOOD : IMPORT_ACCESS_BAD;
}

/* The one name that means the same everywhere. */
static enum import_access change_localhost(const struct change *change)
{
    struct addr addr;

    if (addr_parse_host("127.0.0.1", &addr) == 0)
        apply(change, &addr, 32);
    if (addr_parse_host("::1", &addr) == 0)
        apply(change, &addr, 128);
    return IMPORT_ACCESS_GOOD;
}

static enum import_access change_any(const struct change *change, const char *text)
{
    const char *slash = strchr(text, '/');
    struct addr addr;

    if (strchr(text, '{'))
        return change_factorized(change, text);
    if (strchr(text, ','))
        return IMPORT_ACCESS_BAD;
    if (slash)
        return change_network(change, text, slash);
    if (strcmp(text, "localhost") == 0)
        return change_localhost(change);
    if (!parse_address(text, &addr))
        return strchr(text, ':') ? IMPORT_ACCESS_BAD : IMPORT_ACCESS_NAME;
    apply(change, &addr, implied_length(text, &addr));
    return IMPORT_ACCESS_GOOD;
}

enum import_access import_change_prefixes(struct import *import, struct import_prefixes *prefixes,
                                          const char *text, bool remove)
{
    const struct change what = {import, prefixes, remove};
    enum import_access access = change_any(&what, text);

    return prefixes->cut ? IMPORT_ACCESS_BAD : access;
}

bool import_is_covered(const struct prefix *one, const struct import_prefixes *prefixes)
{
    struct addr addr = {.family = one->family};

    memcpy(addr.bytes, one->bytes, sizeof(addr.bytes));
    for (size_t i = 0; i < prefixes->count; i++)
        if (prefixes->items[i].length <= one->length && prefix_contains(&prefixes->items[i], &addr))
            return true;
    return false;
}

const char *import_join_prefixes(struct import *import, const struct import_prefixes *prefixes)
{
    size_t size = prefixes->count * PREFIX_TEXT_SIZE + 1, length = 0;
    char *text = import_allocate(import, size, 1);

    if (!text)
        return "";
    for (size_t i = 0; i < prefixes->count; i++) {
        if (i > 0)
            text[length++] = ' ';
        prefix_format(&prefixes->items[i], text + length);
        length += strlen(text + length);
    }
    return text;
}

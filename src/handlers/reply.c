/* reply: see reply.h. */
#include "handlers/reply.h"

#include <stddef.h>
#include <string.h>

/* What no single host can have, as a prefix. */
static const struct {
    enum addr_family family;
    uint8_t bytes[16];
    unsigned prefix;
} not_one_host[] = {
    {ADDR_IPV4, {0}, 8},                   /* "this network", RFC 1122 3.2.1.3 */
    {ADDR_IPV4, {224}, 4},                 /* multicast */
    {ADDR_IPV4, {255, 255, 255, 255}, 32}, /* the limited broadcast */
    {ADDR_IPV6, {0}, 128},                 /* unspecified */
    {ADDR_IPV6, {0xff}, 8},                /* multicast */
};

static bool has_prefix(const struct addr *addr, const uint8_t *prefix, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    if (memcmp(addr->bytes, prefix, whole) != 0)
        return false;
    return rest == 0 || ((addr->bytes[whole] ^ prefix[whole]) >> (8 - rest)) == 0;
}

bool reply_is_unicast(const struct addr *addr)
{
    /* addr_from_sockaddr has made IPv4 of the v4-mapped ones, so that they can't slip through. */
    if (addr->family != ADDR_IPV4 && addr->family != ADDR_IPV6)
        return false;
    for (size_t i = 0; i < sizeof(not_one_host) / sizeof(not_one_host[0]); i++)
        if (addr->family == not_one_host[i].family &&
            has_prefix(addr, not_one_host[i].bytes, not_one_host[i].prefix))
            return false;
    return true;
}

bool reply_is_allowed(const struct addr *source, const struct addr *destination)
{
    if (source->port < REPLY_PORT_MIN || !reply_is_unicast(source))
        return false;
    /* On a high port of ours the rule above doesn't end a loop with ourselves or our like. */
    if (source->port == destination->port)
        return false;
    return destination->family == ADDR_NONE || reply_is_unicast(destination);
}

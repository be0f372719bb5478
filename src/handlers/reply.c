/* reply: see reply.h. */
#include "handlers/reply.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

static bool is_ipv4_unicast(const struct addr *addr)
{
    in_addr_t host;

    memcpy(&host, addr->bytes, sizeof(host));
    host = ntohl(host);
    /* "This network" (RFC 1122 3.2.1.3); multicast; the limited broadcast. */
    return host >> 24 != 0 && !IN_MULTICAST(host) && host != INADDR_BROADCAST;
}

bool reply_is_unicast(const struct addr *addr)
{
    struct in6_addr host;

    /* addr_from_sockaddr has made IPv4 of the v4-mapped ones, so that they can't slip through. */
    if (addr->family == ADDR_IPV4)
        return is_ipv4_unicast(addr);
    memcpy(&host, addr->bytes, sizeof(host));
    return addr->family == ADDR_IPV6 && !IN6_IS_ADDR_UNSPECIFIED(&host) &&
           !IN6_IS_ADDR_MULTICAST(&host);
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

bool reply_is_frequent(struct reply_rate *rate, const struct addr *source, nanoseconds now)
{
    unsigned slot = source->port;
    struct reply_second *second;

    for (size_t i = 0; i < sizeof(source->bytes); i++)
        slot = slot * 31 + source->bytes[i];
    second = &rate->seconds[slot % REPLY_SLOTS];
    if (now - second->begin >= CLOCK_SECOND)
        *second = (struct reply_second){.begin = now};
    return ++second->count > REPLY_PER_SECOND;
}

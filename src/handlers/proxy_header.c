/* proxy_header: see proxy_header.h. */
#include "handlers/proxy_header.h"

#include <stdio.h>
#include <string.h>

/* The word of version 1, and the byte and address length of version 2. */
struct kind {
    const char *word;
    unsigned char family_and_protocol;
    size_t address_length;
};

static const struct kind unknown = {"UNKNOWN", 0x00, 0}, tcp4 = {"TCP4", 0x11, 4},
                         tcp6 = {"TCP6", 0x21, 16};

static const char signature[12] = {'\r', '\n', '\r', '\n', '\0', '\r',
                                   '\n', 'Q',  'U',  'I',  'T',  '\n'};

#define COMMAND_PROXY 0x21 /* of version 2: not LOCAL, which is the proxy's own connection */

static const struct kind *find_kind(const struct addr *client, const struct addr *server)
{
    if (client->family != server->family)
        return &unknown;
    return client->family == ADDR_IPV4 ? &tcp4 : client->family == ADDR_IPV6 ? &tcp6 : &unknown;
}

static size_t format_v1(const struct addr *client, const struct addr *server, char *text)
{
    char client_host[ADDR_TEXT_SIZE], server_host[ADDR_TEXT_SIZE];
    const struct kind *kind = find_kind(client, server);
    struct addr from = *client, to = *server;

    if (kind == &unknown)
        return (size_t)snprintf(text, PROXY_HEADER_SIZE, "PROXY %s\r\n", kind->word);
    from.scope = to.scope = 0; /* the protocol has no "%eth0" */
    addr_format_host(&from, client_host);
    addr_format_host(&to, server_host);
    return (size_t)snprintf(text, PROXY_HEADER_SIZE, "PROXY %s %.45s %.45s %u %u\r\n", kind->word,
                            client_host, server_host, client->port, server->port);
}

static char *put_number(char *at, unsigned value)
{
    *at++ = (char)(value >> 8);
    *at++ = (char)value;
    return at;
}

static size_t format_v2(const struct addr *client, const struct addr *server, char *bytes)
{
    const struct kind *kind = find_kind(client, server);
    size_t length = kind->address_length;
    char *at = bytes;

    memcpy(at, signature, sizeof(signature));
    at += sizeof(signature);
    *at++ = COMMAND_PROXY;
    *at++ = (char)kind->family_and_protocol;
    at = put_number(at, kind == &unknown ? 0 : (unsigned)(2 * length + 4));
    if (kind != &unknown) {
        memcpy(at, client->bytes, length);
        memcpy(at + length, server->bytes, length);
        at = put_number(at + 2 * length, client->port);
        at = put_number(at, server->port);
    }
    return (size_t)(at - bytes);
}

size_t proxy_header_format(enum proxy_version version, const struct addr *client,
                           const struct addr *server, char bytes[static PROXY_HEADER_SIZE])
{
    switch (version) {
    case PROXY_V1:
        return format_v1(client, server, bytes);
    case PROXY_V2:
        return format_v2(client, server, bytes);
    case PROXY_NONE:
        break;
    }
    return 0;
}

/* proxy_header: see proxy_header.h. */
#include "handlers/proxy_header.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* By struct addr's family: the word of version 1, the byte and address length of version 2. */
static const struct {
    const char *word;
    unsigned char family_and_protocol;
    size_t address_length;
} families[] = {
    [ADDR_NONE] = {0},
    [ADDR_IPV4] = {"TCP4", 0x11, 4},
    [ADDR_IPV6] = {"TCP6", 0x21, 16},
    [ADDR_UNIX] = {0},
};

static const char signature[12] = {'\r', '\n', '\r', '\n', '\0', '\r',
                                   '\n', 'Q',  'U',  'I',  'T',  '\n'};

#define COMMAND_LOCAL 0x20
#define COMMAND_PROXY 0x21

static bool is_known(const struct addr *client, const struct addr *server)
{
    return client->family == server->family && families[client->family].word;
}

static size_t format_v1(const struct addr *client, const struct addr *server, char *text)
{
    char client_host[ADDR_TEXT_SIZE], server_host[ADDR_TEXT_SIZE];
    struct addr from = *client, to = *server;

    if (!is_known(client, server))
        return (size_t)snprintf(text, PROXY_HEADER_SIZE, "PROXY UNKNOWN\r\n");
    from.scope = to.scope = 0; /* the protocol has no "%eth0" */
    addr_format_host(&from, client_host);
    addr_format_host(&to, server_host);
    return (size_t)snprintf(text, PROXY_HEADER_SIZE, "PROXY %s %.45s %.45s %u %u\r\n",
                            families[client->family].word, client_host, server_host, client->port,
                            server->port);
}

static char *put_number(char *at, unsigned value)
{
    *at++ = (char)(value >> 8);
    *at++ = (char)value;
    return at;
}

static char *put_address(char *at, const struct addr *addr)
{
    size_t length = families[addr->family].address_length;

    memcpy(at, addr->bytes, length);
    return at + length;
}

static size_t format_v2(const struct addr *client, const struct addr *server, char *bytes)
{
    bool known = is_known(client, server);
    char *at = bytes;

    memcpy(at, signature, sizeof(signature));
    at += sizeof(signature);
    *at++ = known ? COMMAND_PROXY : COMMAND_LOCAL;
    *at++ = (char)(known ? families[client->family].family_and_protocol : 0);
    at = put_number(at, known ? (unsigned)(2 * families[client->family].address_length + 4) : 0);
    if (known) {
        at = put_address(at, client);
        at = put_address(at, server);
        at = put_number(at, client->port);
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

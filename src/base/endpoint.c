/* endpoint: see endpoint.h. Called by the codec of `listen`, by listeners and by the log. */
#include "base/endpoint.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/value.h"

/* The kinds. TCP has no prefix of its own: it is what an address is without one. */
static const struct {
    const char *prefix;
    int domain; /* of an internet address it depends on the address */
    int type;
} kinds[ENDPOINT_KINDS] = {
    [ENDPOINT_TCP] = {"", AF_UNSPEC, SOCK_STREAM},
    [ENDPOINT_UDP] = {"udp:", AF_UNSPEC, SOCK_DGRAM},
    [ENDPOINT_UNIX] = {"unix:", AF_UNIX, SOCK_STREAM},
    [ENDPOINT_UNIX_DGRAM] = {"unix-dgram:", AF_UNIX, SOCK_DGRAM},
    [ENDPOINT_UNIX_SEQPACKET] = {"unix-seqpacket:", AF_UNIX, SOCK_SEQPACKET},
    [ENDPOINT_VSOCK] = {"vsock:", AF_VSOCK, SOCK_STREAM},
    [ENDPOINT_FD] = {"fd:", AF_UNSPEC, 0},
};

bool endpoint_is_inet(enum endpoint_kind kind)
{
    return kind == ENDPOINT_TCP || kind == ENDPOINT_UDP;
}

bool endpoint_is_unix(enum endpoint_kind kind)
{
    return kinds[kind].domain == AF_UNIX;
}

bool endpoint_is_datagram(enum endpoint_kind kind)
{
    return kinds[kind].type == SOCK_DGRAM;
}

int endpoint_domain(const struct endpoint *endpoint)
{
    if (endpoint_is_inet(endpoint->kind))
        return endpoint->addr.family == ADDR_IPV6 ? AF_INET6 : AF_INET;
    return kinds[endpoint->kind].domain;
}

int endpoint_type(enum endpoint_kind kind)
{
    return kinds[kind].type;
}

/* One endpoint that is a path or a name. */
static int make_named(struct arena *arena, enum endpoint_kind kind, const char *name,
                      struct endpoint **ret)
{
    struct endpoint *endpoint = arena_allocate(arena, sizeof(*endpoint));

    if (!endpoint || !(name = arena_copy_string(arena, name)))
        return -ENOMEM;
    *endpoint = (struct endpoint){.kind = kind, .path = name};
    *ret = endpoint;
    return 0;
}

static int parse_unix(struct arena *arena, enum endpoint_kind kind, const char *path,
                      struct endpoint **ret, const char **ret_problem)
{

    if (path[0] != '/' && path[0] != '@')
        *ret_problem = "a unix socket is written unix:/absolute/path or unix:@name";
    else if (path[1] == '\0')
        *ret_problem = "the unix socket has no name";
    else if (strlen(path) > ENDPOINT_PATH_MAX)
        *ret_problem = "the unix socket's path is longer than 107 bytes";
    else
        *ret_problem = NULL;
    return *ret_problem ? -EINVAL : make_named(arena, kind, path, ret);
}

/* A name as LISTEN_FDNAMES can carry it, sd_listen_fds_with_names(3). */
static int parse_inherited(struct arena *arena, const char *name, struct endpoint **ret,
                           const char **ret_problem)
{
    size_t length = strlen(name);

    *ret_problem = length == 0 || length > ENDPOINT_PATH_MAX
                       ? "an inherited socket's name must have 1 to 107 characters"
                       : NULL;
    for (size_t i = 0; i < length && !*ret_problem; i++)
        if (!isgraph((unsigned char)name[i]) || name[i] == ':')
            *ret_problem = "an inherited socket's name cannot contain blanks or ':'";
    return *ret_problem ? -EINVAL : make_named(arena, ENDPOINT_FD, name, ret);
}

static int parse_vsock(struct arena *arena, const char *port, struct endpoint **ret,
                       const char **ret_problem)
{
    struct endpoint *endpoint;
    uint64_t number;

    /* The highest one means "any", vsock(7). */
    if (value_parse_count(port, &number) < 0 || number < 1 || number >= UINT32_MAX) {
        *ret_problem = "a vsock port must be from 1 to 4294967294";
        return -EINVAL;
    }
    endpoint = arena_allocate(arena, sizeof(*endpoint));
    if (!endpoint)
        return -ENOMEM;
    *endpoint = (struct endpoint){.kind = ENDPOINT_VSOCK,
                                  .addr = addr_vsock(ADDR_VSOCK_ANY, (uint32_t)number)};
    *ret = endpoint;
    return 0;
}

/* A number from 1 to 65535 or a name of services(5). */
static int parse_port(const char *text, const char *protocol, uint64_t *ret,
                      const char **ret_problem)
{
    struct servent *entry;

    if (isdigit((unsigned char)text[0])) {
        if (value_parse_count(text, ret) < 0) {
            *ret_problem =
                strstr(text, "/udp") ? "not a port; for UDP write udp:ADDRESS:PORT" : "not a port";
            return -EINVAL;
        }
        if (*ret < 1 || *ret > 65535) {
            *ret_problem = "a port must be from 1 to 65535";
            return -EINVAL;
        }
        return 0;
    }
    entry = getservbyname(text, protocol);
    if (!entry) {
        *ret_problem = "not a port number or a name in services(5)";
        return -EINVAL;
    }
    *ret = ntohs((uint16_t)entry->s_port);
    return 0;
}

/* "PORT", "NAME" or "PORT-PORT". A name may have a '-' inside, a range begins with a digit. */
static int parse_ports(const char *text, const char *protocol, uint64_t *ret_first,
                       uint64_t *ret_last, const char **ret_problem)
{
    char first[16];
    const char *dash = strchr(text, '-');
    int error;

    if (!dash || !isdigit((unsigned char)text[0])) {
        error = parse_port(text, protocol, ret_first, ret_problem);
        if (error == 0)
            *ret_last = *ret_first;
        return error;
    }
    if ((size_t)(dash - text) >= sizeof(first)) {
        *ret_problem = "not a port";
        return -EINVAL;
    }
    memcpy(first, text, (size_t)(dash - text));
    first[dash - text] = '\0';
    error = parse_port(first, protocol, ret_first, ret_problem);
    if (error == 0)
        error = parse_port(dash + 1, protocol, ret_last, ret_problem);
    if (error == 0 && *ret_first > *ret_last) {
        *ret_problem = "the range of ports is backwards";
        error = -EINVAL;
    }
    return error;
}

/* Splits "[::1]:80" or "127.0.0.1:80" or "80" into host (empty: none) and the text of the port. */
static int split_host(const char *text, char host[static ADDR_TEXT_SIZE], const char **ret_port,
                      const char **ret_problem)
{
    const char *start = text, *end, *colon;

    if (text[0] == '[') {
        start++;
        end = strchr(text, ']');
        colon = end && end[1] == ':' ? end + 1 : NULL;
    } else {
        colon = strrchr(text, ':');
        end = colon;
        if (colon && memchr(text, ':', (size_t)(colon - text))) {
            *ret_problem = "an IPv6 address needs brackets: [::1]:80";
            return -EINVAL;
        }
    }
    host[0] = '\0';
    *ret_port = text;
    if (!colon && text[0] != '[')
        return 0;
    if (!colon || end == start || (size_t)(end - start) >= ADDR_TEXT_SIZE) {
        *ret_problem = "not an ADDRESS:PORT";
        return -EINVAL;
    }
    memcpy(host, start, (size_t)(end - start));
    host[end - start] = '\0';
    *ret_port = colon + 1;
    return 0;
}

static int parse_host(const char *host, bool in_brackets, struct endpoint *endpoint,
                      const char **ret_problem)
{
    if (host[0] == '\0' || (strcmp(host, "*") == 0 && !in_brackets)) {
        endpoint->every_address = true;
        endpoint->addr.family = ADDR_IPV6; /* the wildcard; bound to both families */
        return 0;
    }
    if (addr_parse_host(host, &endpoint->addr) < 0) {
        *ret_problem = "not a numeric address";
        return -EINVAL;
    }
    return 0;
}

static int parse_inet(struct arena *arena, enum endpoint_kind kind, const char *text,
                      struct endpoint **ret, size_t *ret_count, const char **ret_problem)
{
    struct endpoint pattern = {.kind = kind};
    struct endpoint *endpoints;
    char host[ADDR_TEXT_SIZE];
    const char *ports;
    uint64_t first, last;
    int error = split_host(text, host, &ports, ret_problem);

    if (error == 0)
        error = parse_host(host, text[0] == '[', &pattern, ret_problem);
    if (error == 0)
        error =
            parse_ports(ports, kind == ENDPOINT_UDP ? "udp" : "tcp", &first, &last, ret_problem);
    if (error != 0)
        return error;
    endpoints = arena_allocate_array(arena, last - first + 1, sizeof(*endpoints));
    if (!endpoints)
        return -ENOMEM;
    for (uint64_t port = first; port <= last; port++) {
        endpoints[port - first] = pattern;
        endpoints[port - first].addr.port = (uint16_t)port;
    }
    *ret = endpoints;
    *ret_count = last - first + 1;
    return 0;
}

int endpoint_parse(struct arena *arena, const char *text, struct endpoint **ret, size_t *ret_count,
                   const char **ret_problem)
{
    enum endpoint_kind kind = ENDPOINT_KINDS - 1;
    int error;

    while (kind > ENDPOINT_TCP &&
           strncmp(text, kinds[kind].prefix, strlen(kinds[kind].prefix)) != 0)
        kind--;
    text += strlen(kinds[kind].prefix);
    if (endpoint_is_inet(kind))
        return parse_inet(arena, kind, text, ret, ret_count, ret_problem);
    if (kind == ENDPOINT_VSOCK)
        error = parse_vsock(arena, text, ret, ret_problem);
    else if (kind == ENDPOINT_FD)
        error = parse_inherited(arena, text, ret, ret_problem);
    else
        error = parse_unix(arena, kind, text, ret, ret_problem);
    if (error == 0)
        *ret_count = 1;
    return error;
}

void endpoint_format(const struct endpoint *endpoint, char text[static ENDPOINT_TEXT_SIZE])
{
    const char *prefix = kinds[endpoint->kind].prefix;
    char addr[ADDR_TEXT_SIZE];

    if (endpoint->path) {
        snprintf(text, ENDPOINT_TEXT_SIZE, "%s%s", prefix, endpoint->path);
    } else if (endpoint->kind == ENDPOINT_VSOCK) {
        snprintf(text, ENDPOINT_TEXT_SIZE, "%s%u", prefix, addr_vsock_port(&endpoint->addr));
    } else if (endpoint->every_address) {
        snprintf(text, ENDPOINT_TEXT_SIZE, "%s%u", prefix, endpoint->addr.port);
    } else {
        addr_format(&endpoint->addr, addr);
        snprintf(text, ENDPOINT_TEXT_SIZE, "%s%s", prefix, addr);
    }
}

static int compare_numbers(unsigned long one, unsigned long other)
{
    return one < other ? -1 : one > other;
}

int endpoint_compare(const struct endpoint *one, const struct endpoint *other)
{
    int order = compare_numbers(one->kind, other->kind);

    if (order == 0 && one->path)
        return strcmp(one->path, other->path);
    if (order == 0)
        order = compare_numbers(one->addr.port, other->addr.port);
    if (order == 0)
        order = compare_numbers(other->every_address, one->every_address); /* wildcards first */
    if (order == 0)
        order = compare_numbers(one->addr.family, other->addr.family);
    if (order == 0)
        order = memcmp(one->addr.bytes, other->addr.bytes, sizeof(one->addr.bytes));
    if (order == 0)
        order = compare_numbers(one->addr.scope, other->addr.scope);
    return order;
}

bool endpoint_equal(const struct endpoint *one, const struct endpoint *other)
{
    return endpoint_compare(one, other) == 0;
}

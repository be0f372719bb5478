/* endpoint: see endpoint.h. Called by the codec of `listen`, by listeners and by the log. */
#include "base/endpoint.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "base/value.h"

static int parse_unix(struct arena *arena, const char *path, struct endpoint **ret,
                      size_t *ret_count, const char **ret_problem)
{
    struct endpoint *endpoint;

    if (path[0] != '/' && path[0] != '@')
        *ret_problem = "a unix socket is unix:/an/absolute/path or unix:@name";
    else if (path[1] == '\0')
        *ret_problem = "the unix socket has no name";
    else if (strlen(path) > ENDPOINT_PATH_MAX)
        *ret_problem = "the unix socket's path is longer than 107 bytes";
    else
        *ret_problem = NULL;
    if (*ret_problem)
        return -EINVAL;
    endpoint = arena_allocate(arena, sizeof(*endpoint));
    if (!endpoint || !(path = arena_copy_string(arena, path)))
        return -ENOMEM;
    *endpoint = (struct endpoint){.kind = ENDPOINT_UNIX, .path = path};
    *ret = endpoint;
    *ret_count = 1;
    return 0;
}

/* A number from 1 to 65535 or a name of services(5). */
static int parse_port(const char *text, uint64_t *ret, const char **ret_problem)
{
    struct servent *entry;

    if (isdigit((unsigned char)text[0])) {
        if (value_parse_count(text, ret) < 0) {
            *ret_problem = "not a port";
            return -EINVAL;
        }
        if (*ret < 1 || *ret > 65535) {
            *ret_problem = "a port is from 1 to 65535";
            return -EINVAL;
        }
        return 0;
    }
    entry = getservbyname(text, "tcp");
    if (!entry) {
        *ret_problem = "neither a port nor a name in services(5)";
        return -EINVAL;
    }
    *ret = ntohs((uint16_t)entry->s_port);
    return 0;
}

/* "PORT", "NAME" or "PORT-PORT". A name may have a '-' inside, a range begins with a digit. */
static int parse_ports(const char *text, uint64_t *ret_first, uint64_t *ret_last,
                       const char **ret_problem)
{
    char first[16];
    const char *dash = strchr(text, '-');
    int error;

    if (!dash || !isdigit((unsigned char)text[0])) {
        error = parse_port(text, ret_first, ret_problem);
        *ret_last = *ret_first;
        return error;
    }
    if ((size_t)(dash - text) >= sizeof(first)) {
        *ret_problem = "not a port";
        return -EINVAL;
    }
    memcpy(first, text, (size_t)(dash - text));
    first[dash - text] = '\0';
    error = parse_port(first, ret_first, ret_problem);
    if (error == 0)
        error = parse_port(dash + 1, ret_last, ret_problem);
    if (error == 0 && *ret_first > *ret_last) {
        *ret_problem = "the range of ports runs backwards";
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
            *ret_problem = "an IPv6 address stands in brackets, as [::1]:80";
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

int endpoint_parse(struct arena *arena, const char *text, struct endpoint **ret, size_t *ret_count,
                   const char **ret_problem)
{
    /* Those that this version doesn't serve are named, so that nobody looks for a typing error. */
    static const char *const later[] = {"udp:", "unix-dgram:", "unix-seqpacket:", "vsock:", "fd:"};
    struct endpoint pattern = {.kind = ENDPOINT_TCP};
    struct endpoint *endpoints;
    char host[ADDR_TEXT_SIZE];
    const char *ports;
    uint64_t first, last;
    int error;

    if (strncmp(text, "unix:", 5) == 0)
        return parse_unix(arena, text + 5, ret, ret_count, ret_problem);
    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
        if (strncmp(text, later[i], strlen(later[i])) == 0) {
            *ret_problem = "this kind of socket is not supported by this version";
            return -EINVAL;
        }
    error = split_host(text, host, &ports, ret_problem);
    if (error == 0)
        error = parse_host(host, text[0] == '[', &pattern, ret_problem);
    if (error == 0)
        error = parse_ports(ports, &first, &last, ret_problem);
    if (error < 0)
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

void endpoint_format(const struct endpoint *endpoint, char text[static ENDPOINT_TEXT_SIZE])
{
    char addr[ADDR_TEXT_SIZE];

    if (endpoint->kind == ENDPOINT_UNIX) {
        snprintf(text, ENDPOINT_TEXT_SIZE, "unix:%s", endpoint->path);
    } else if (endpoint->every_address) {
        snprintf(text, ENDPOINT_TEXT_SIZE, "%u", endpoint->addr.port);
    } else {
        addr_format(&endpoint->addr, addr);
        snprintf(text, ENDPOINT_TEXT_SIZE, "%s", addr);
    }
}

static int compare_numbers(unsigned long one, unsigned long other)
{
    return one < other ? -1 : one > other;
}

int endpoint_compare(const struct endpoint *one, const struct endpoint *other)
{
    int order = compare_numbers(one->kind, other->kind);

    if (order == 0 && one->kind == ENDPOINT_UNIX)
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

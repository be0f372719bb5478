/* inherited: see inherited.h. */
#include "listen/inherited.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/value.h"

/* Where the first of them stands: SD_LISTEN_FDS_START. */
#define FIRST_FD 3

/* How many were passed to us; variables that are meant for another process (LISTEN_PID) are a
 * leftover of somebody who didn't clean up. */
static size_t passed_count(void)
{
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
    uint64_t number;

    if (!pid || !fds || value_parse_count(pid, &number) < 0 || number != (uint64_t)getpid() ||
        value_parse_count(fds, &number) < 0)
        return 0;
    if (number > INHERITED_MAX)
        log_warning("LISTEN_FDS: using only the first %d of %s sockets", INHERITED_MAX, fds);
    return number < INHERITED_MAX ? (size_t)number : INHERITED_MAX;
}

static int get_option(int fd, int level, int name)
{
    int value = 0;
    socklen_t length = sizeof(value);

    return getsockopt(fd, level, name, &value, &length) < 0 ? -1 : value;
}

/* The kind of a socket of that domain and type; ENDPOINT_FD where we know none. */
static enum endpoint_kind find_kind(int domain, int type)
{
    for (enum endpoint_kind kind = ENDPOINT_TCP; kind < ENDPOINT_FD; kind++) {
        struct endpoint endpoint = {.kind = kind};

        if (endpoint_type(kind) != type)
            continue;
        if (endpoint_is_inet(kind) ? domain == AF_INET || domain == AF_INET6
                                   : domain == endpoint_domain(&endpoint))
            return kind;
    }
    return ENDPOINT_FD;
}

/* "/path" or "@name"; "" for a socket without one. NULL without memory. */
static const char *copy_path(struct arena *arena, const struct sockaddr_un *address,
                             socklen_t length)
{
    size_t size = length > offsetof(struct sockaddr_un, sun_path)
                      ? length - offsetof(struct sockaddr_un, sun_path)
                      : 0;
    char *path = arena_copy(arena, address->sun_path, size);

    if (path && size > 0 && path[0] == '\0')
        path[0] = '@';
    return path;
}

/* 0; -ENOTSOCK for what isn't a socket of a kind that we serve; -ENOMEM. */
static int describe(struct arena *arena, int fd, struct endpoint *ret)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof(address);
    int domain = get_option(fd, SOL_SOCKET, SO_DOMAIN);

    *ret = (struct endpoint){.kind = find_kind(domain, get_option(fd, SOL_SOCKET, SO_TYPE))};
    if (ret->kind == ENDPOINT_FD || getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        return -ENOTSOCK;
    if (endpoint_is_unix(ret->kind)) {
        ret->path = copy_path(arena, (struct sockaddr_un *)&address, length);
        return ret->path ? 0 : -ENOMEM;
    }
    addr_from_sockaddr((struct sockaddr *)&address, length, &ret->addr);
    ret->every_address = domain == AF_INET6 && addr_is_any(&ret->addr) &&
                         get_option(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 0;
    return 0;
}

/* The next name of LISTEN_FDNAMES ("a:b:c"), or "unknown", which is sd_listen_fds' word too. */
static const char *next_name(struct arena *arena, const char **names)
{
    size_t length = *names ? strcspn(*names, ":") : 0;
    const char *name =
        length > 0 ? arena_copy(arena, *names, length) : arena_copy_string(arena, "unknown");

    if (*names)
        *names += length + ((*names)[length] == ':');
    return name;
}

/* Room for so many more. */
static int make_room(struct inherited *inherited, size_t more)
{
    size_t room = 2 * inherited->count + more;
    struct inherited_socket *sockets;

    if (inherited->count + more <= inherited->room)
        return 0;
    sockets = arena_allocate_array(inherited->arena, room, sizeof(*sockets));
    if (!sockets)
        return -ENOMEM;
    if (inherited->count > 0)
        memcpy(sockets, inherited->sockets, inherited->count * sizeof(*sockets));
    inherited->sockets = sockets;
    inherited->room = room;
    return 0;
}

int inherited_add(struct inherited *inherited, int fd, const char *name, bool named)
{
    struct inherited_socket socket = {.fd = fd, .named = named};
    int error = make_room(inherited, 1);

    if (error == 0)
        error = describe(inherited->arena, fd, &socket.endpoint);
    if (error < 0)
        return error;
    socket.name = arena_copy_string(inherited->arena, name);
    if (!socket.name)
        return -ENOMEM;
    inherited->sockets[inherited->count++] = socket;
    return 0;
}

int inherited_take(struct inherited *ret)
{
    struct inherited inherited = {.arena = arena_new()};
    const char *names = getenv("LISTEN_FDNAMES");
    size_t passed = passed_count();
    int error = inherited.arena ? 0 : -ENOMEM;

    if (error == 0)
        error = make_room(&inherited, passed);
    for (size_t i = 0; error == 0 && i < passed; i++) {
        struct inherited_socket *socket = &inherited.sockets[inherited.count];
        int fd = FIRST_FD + (int)i;

        socket->name = next_name(inherited.arena, &names);
        error = socket->name ? describe(inherited.arena, fd, &socket->endpoint) : -ENOMEM;
        if (error == 0) {
            socket->fd = fd_move_high(fd);
            inherited.count++;
        } else if (error == -ENOTSOCK) {
            log_warning("inherited fd %d (%s) is not a supported socket", fd, socket->name);
            fd_close(fd);
            error = 0;
        }
    }
    if (error < 0) {
        inherited_close(&inherited);
        return error;
    }
    *ret = inherited;
    return 0;
}

void inherited_close(struct inherited *inherited)
{
    for (size_t i = 0; i < inherited->count; i++)
        fd_close(inherited->sockets[i].fd);
    if (inherited->arena)
        arena_free(inherited->arena);
    *inherited = (struct inherited){0};
}

size_t inherited_count(const struct inherited *inherited, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < inherited->count; i++)
        count += strcmp(inherited->sockets[i].name, name) == 0;
    return count;
}

/* The same place; a wildcard is found whichever family its owner chose for it. */
static bool matches(const struct endpoint *wanted, const struct endpoint *found)
{
    if (endpoint_equal(wanted, found))
        return true;
    return endpoint_is_inet(wanted->kind) && wanted->kind == found->kind &&
           wanted->addr.port == found->addr.port && addr_is_any(&wanted->addr) &&
           addr_is_any(&found->addr) &&
           (wanted->every_address || wanted->addr.family == found->addr.family);
}

const struct inherited_socket *inherited_find(struct inherited *inherited,
                                              const struct endpoint *endpoint, unsigned ordinal)
{
    for (size_t i = 0; i < inherited->count; i++) {
        struct inherited_socket *socket = &inherited->sockets[i];
        bool found = endpoint->kind == ENDPOINT_FD
                         ? strcmp(socket->name, endpoint->path) == 0 && ordinal-- == 0
                         : matches(endpoint, &socket->endpoint);

        if (!found)
            continue;
        socket->named = true;
        return socket;
    }
    return NULL;
}

void inherited_use(struct inherited *inherited, unsigned index, bool used)
{
    inherited->sockets[index].used = used;
}

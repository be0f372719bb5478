/* target: see target.h. */
#include "handlers/target.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/endpoint.h"
#include "handlers/stream.h"

static socklen_t make_unix_address(const char *path, struct sockaddr_storage *ret)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path); /* at most ENDPOINT_PATH_MAX */

    memcpy(address.sun_path, path, length + 1);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    else
        length++; /* a path has its NUL, an abstract name has not */
    memcpy(ret, &address, sizeof(address));
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

const char *target_parse(const char *text, struct target *ret)
{
    struct arena *arena = arena_new();
    struct endpoint *endpoints;
    const char *problem = "out of memory";
    size_t count;

    if (!arena)
        return problem;
    if (endpoint_parse(arena, text, &endpoints, &count, &problem) == 0) {
        problem = NULL;
        if (count != 1)
            problem = "a range of ports is not a target";
        else if (endpoints->kind == ENDPOINT_UNIX)
            ret->length = make_unix_address(endpoints->path, &ret->address);
        else if (endpoints->kind != ENDPOINT_TCP || addr_is_any(&endpoints->addr))
            problem = "not an address to connect to";
        else
            ret->length = addr_to_sockaddr(&endpoints->addr, &ret->address);
    }
    arena_free(arena);
    return problem;
}

/* A unix socket whose backlog is full says EAGAIN at once, and no poll tells when it has room. */
static int connect_patiently(int fd, const struct target *target, nanoseconds deadline)
{
    const struct timespec pause = {.tv_nsec = 10000000};

    while (connect(fd, (const struct sockaddr *)&target->address, target->length) < 0) {
        if (errno == EINPROGRESS) {
            int ready = stream_wait(fd, POLLOUT, deadline);

            return ready < 0 ? ready : stream_error(fd);
        }
        if (errno != EAGAIN)
            return -errno;
        if (clock_now() >= deadline)
            return -ETIMEDOUT;
        nanosleep(&pause, NULL);
    }
    return 0;
}

int target_connect(const struct target *target, nanoseconds timeout)
{
    int fd = socket(target->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error;

    if (fd < 0)
        return -errno;
    error = connect_patiently(fd, target, stream_deadline(timeout));
    if (error < 0) {
        close(fd);
        return error;
    }
    return fd;
}

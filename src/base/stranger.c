/* stranger: see stranger.h. */
#include "base/stranger.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

/* More messages than the buffer of a unix socket can hold by far: each takes 500 bytes of it. */
#define DRAIN_MOST 4096
/* Messages without a byte, which are possible, or the end of a stream. */
#define EMPTY_MOST 64

static void forget_so_linger(int fd)
{
    const struct linger none = {0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

void stranger_close_received(const struct msghdr *message)
{
    struct msghdr walked = *message;

    for (struct cmsghdr *part = CMSG_FIRSTHDR(&walked); part; part = CMSG_NXTHDR(&walked, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; CMSG_LEN((i + 1) * sizeof(int)) <= part->cmsg_len; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(fd));
            forget_so_linger(fd);
            fd_close(fd);
        }
    }
}

ssize_t stranger_receive(int fd, void *bytes, size_t size)
{
    union {
        struct cmsghdr header;
        char space[STRANGER_CONTROL_SIZE];
    } control;
    struct iovec part = {bytes, size};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    if (got < 0)
        return -errno;
    stranger_close_received(&message);
    return got;
}

/* Nothing more can come after the shutdown; what lies there is taken. */
static void drain(int fd)
{
    char bytes[4096];
    unsigned empty = 0;

    shutdown(fd, SHUT_RDWR);
    for (unsigned i = 0; i < DRAIN_MOST && empty < EMPTY_MOST; i++) {
        ssize_t got = stranger_receive(fd, bytes, sizeof(bytes));

        if (got < 0)
            return;
        empty += got == 0;
    }
}

int stranger_close(int fd, bool is_unix)
{
    if (fd < 0)
        return -1;
    if (is_unix)
        drain(fd);
    forget_so_linger(fd);
    return fd_close(fd);
}

int stranger_close_any(int fd)
{
    int domain = AF_UNSPEC;
    socklen_t length = sizeof(domain);

    if (fd >= 0)
        getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length);
    return stranger_close(fd, domain == AF_UNIX);
}

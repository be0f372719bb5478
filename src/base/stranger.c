/* stranger: see stranger.h. */
#include "base/stranger.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/fd.h"

/* More messages than the buffer of a unix socket can hold by far: each takes 500 bytes of it. */
#define DRAIN_MOST 4096
/* Messages without a byte, which are possible, or the end of a stream. */
#define EMPTY_MOST 64

/* How long a close waits at most for somebody else's peer. It is never meant to wait at all; and
 * one whose time is over ends as it would have ended, in the background. */
#define HURRY_MICROSECONDS 1000

static bool is_begun;

static void on_alarm(int number)
{
    (void)number; /* that it came is all: a call that waits comes back */
}

int stranger_begin(void)
{
    /* SA_RESTART: a child of ours that is sent one in its first steps doesn't notice. */
    const struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    sigset_t alarm;

    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    if (sigaction(SIGALRM, &action, NULL) < 0 || sigprocmask(SIG_UNBLOCK, &alarm, NULL) < 0)
        return -errno;
    is_begun = true;
    return 0;
}

/* Between these two no call waits for long: SIGALRM comes, again and again, since the first one may
 * come before the call does. To clear SO_LINGER beforehand would be no help: whoever has a copy
 * sets it once more in that very moment, and setsockopt(2) itself waits, in no way to be
 * interrupted, while he has the socket locked by a call that reads its bytes from a page that never
 * comes. */
static void hurry_begin(void)
{
    const struct itimerval timer = {{0, HURRY_MICROSECONDS}, {0, HURRY_MICROSECONDS}};

    if (is_begun)
        setitimer(ITIMER_REAL, &timer, NULL);
}

static void hurry_end(void)
{
    const struct itimerval none = {{0, 0}, {0, 0}};

    setitimer(ITIMER_REAL, &none, NULL);
}

static bool is_unix_socket(int fd)
{
    int domain = AF_UNSPEC;
    socklen_t length = sizeof(domain);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX;
}

/* Whether fds can come over a socket. To ask is cheap, beside the two calls of a hurry. */
static bool brings_fds(int fd)
{
    int passes = 1;
    socklen_t length = sizeof(passes);

    return is_unix_socket(fd) &&
           (getsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &passes, &length) < 0 || passes != 0);
}

ssize_t stranger_receive_message(int fd, struct msghdr *message)
{
    const bool hurries = brings_fds(fd);
    ssize_t got;

    if (hurries)
        hurry_begin();
    got = recvmsg(fd, message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0)
        got = -errno;
    if (hurries)
        hurry_end();
    return got;
}

ssize_t stranger_receive(int fd, void *bytes, size_t size)
{
    struct iovec part = {bytes, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    return stranger_receive_message(fd, &message);
}

/* Nothing more can come after the shutdown; what lies there is taken. */
static void drain(int fd)
{
    char bytes[4096];
    unsigned empty = 0;

    shutdown(fd, SHUT_RDWR);
    for (unsigned i = 0; i < DRAIN_MOST && empty < EMPTY_MOST; i++) {
        ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

        if (got < 0)
            return;
        empty += got == 0;
    }
}

int stranger_close(int fd, bool is_unix)
{
    if (fd < 0)
        return -1;
    hurry_begin();
    if (is_unix)
        drain(fd);
    fd_close(fd);
    hurry_end();
    return -1;
}

int stranger_close_any(int fd)
{
    return stranger_close(fd, fd >= 0 && is_unix_socket(fd));
}

/* stream: see stream.h. */
#include "handlers/stream.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static int set_sigpipe(void (*disposition)(int))
{
    struct sigaction action = {.sa_handler = disposition};

    return sigaction(SIGPIPE, &action, NULL) < 0 ? -errno : 0;
}

int stream_ignore_sigpipe(void)
{
    return set_sigpipe(SIG_IGN);
}

int stream_restore_sigpipe(void)
{
    return set_sigpipe(SIG_DFL);
}

bool stream_is_gone(int error)
{
    switch (-error) {
    case EPIPE:
    case ECONNRESET:
    case ECONNABORTED:
    case ENOTCONN:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
        return true;
    default:
        return false;
    }
}

int stream_time_left(nanoseconds deadline)
{
    nanoseconds now = clock_now(), milliseconds;

    if (now >= deadline)
        return 0;
    milliseconds = (deadline - now + CLOCK_MILLISECOND - 1) / CLOCK_MILLISECOND;
    return milliseconds < INT_MAX ? (int)milliseconds : INT_MAX;
}

nanoseconds stream_deadline(nanoseconds timeout)
{
    return timeout == 0 ? STREAM_NO_DEADLINE : clock_now() + timeout;
}

int stream_wait(int fd, short events, nanoseconds deadline)
{
    struct pollfd wanted = {.fd = fd, .events = events};

    for (;;) {
        int ready = poll(&wanted, 1, stream_time_left(deadline));

        if (ready > 0)
            return wanted.revents;
        if (ready < 0 && errno != EINTR)
            return -errno;
        if (ready == 0 && clock_now() >= deadline)
            return -ETIMEDOUT;
    }
}

int stream_error(int fd)
{
    int error = 0;
    socklen_t length = sizeof(error);

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 ? -errno : -error;
}

ssize_t stream_read(int fd, void *bytes, size_t size, nanoseconds deadline)
{
    ssize_t got;

    do {
        got = stream_wait(fd, POLLIN, deadline);
        if (got >= 0)
            got = stream_read_some(fd, bytes, size);
    } while (got == -EAGAIN);
    return got;
}

int stream_write(int fd, const void *bytes, size_t size, nanoseconds deadline)
{
    const char *rest = bytes;

    while (size > 0) {
        ssize_t put = stream_wait(fd, POLLOUT, deadline);

        if (put >= 0)
            put = stream_write_some(fd, rest, size);
        if (put < 0 && put != -EAGAIN)
            return (int)put;
        if (put > 0) {
            rest += put;
            size -= (size_t)put;
        }
    }
    return 0;
}

ssize_t stream_read_some(int fd, void *bytes, size_t size)
{
    ssize_t got = recv(fd, bytes, size, MSG_DONTWAIT);

    if (got < 0 && errno == ENOTSOCK)
        got = read(fd, bytes, size);
    if (got < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    return got;
}

ssize_t stream_write_some(int fd, const void *bytes, size_t size)
{
    ssize_t put = send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);

    /* A pipe that poll calls writable takes PIPE_BUF bytes without blocking, pipe(7). */
    if (put < 0 && errno == ENOTSOCK)
        put = write(fd, bytes, size < PIPE_BUF ? size : PIPE_BUF);
    if (put < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    return put;
}

void stream_end(int fd)
{
    if (shutdown(fd, SHUT_WR) < 0 && errno == ENOTSOCK)
        close(fd);
}

void stream_break(int fd)
{
    const struct linger now = {.l_onoff = 1};

    /* On anything but TCP it means nothing, and a plain close must do. */
    (void)!setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
}

void stream_finish(void)
{
    nanoseconds deadline = clock_now() + STREAM_FINISH_TIME;
    char unread[4096];

    stream_end(STDOUT_FILENO);
    /* The deadline is looked at each time: a client that sends on and on doesn't keep us. Only a
     * socket can be reset, so that nothing else is read (ENOTSOCK). */
    while (clock_now() < deadline && stream_wait(STDIN_FILENO, POLLIN, deadline) > 0) {
        ssize_t got = recv(STDIN_FILENO, unread, sizeof(unread), MSG_DONTWAIT);

        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            return;
    }
}

/* log_sink: see log_sink.h.
 *
 * stderr is shared with whoever started us, so its O_NONBLOCK must stay as it is: a pipe or a
 * terminal is opened once more through /proc, a socket is written with MSG_DONTWAIT, and where
 * neither works poll() is asked before each write of at most PIPE_BUF bytes, which a pipe that
 * polls writable takes whole. Regular files never answer EAGAIN; a full disk answers ENOSPC.
 */
#include "base/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

#define SYSLOG_PATH  "/dev/log"
#define JOURNAL_PATH "/run/systemd/journal/socket"

static void open_stderr(struct log_sink_state *sink)
{
    struct stat status;
    int fd;

    sink->fd = STDERR_FILENO;
    if (fstat(STDERR_FILENO, &status) < 0 || S_ISREG(status.st_mode))
        return;
    if (S_ISSOCK(status.st_mode)) {
        sink->is_socket = true;
        return;
    }
    fd = fd_reopen_nonblocking(STDERR_FILENO);
    if (fd < 0) {
        sink->polled = true;
        return;
    }
    sink->fd = fd_move_high(fd);
    sink->owned = true;
}

/* Non-blocking: the name may be a FIFO, on whose reader we must not wait. */
static int open_file(struct log_sink_state *sink, const char *path)
{
    sink->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0640);
    if (sink->fd < 0)
        return -errno;
    sink->fd = fd_move_high(sink->fd);
    sink->owned = true;
    sink->path = strdup(path);
    if (!sink->path) {
        sink->fd = fd_close(sink->fd);
        return -ENOMEM;
    }
    return 0;
}

int log_sink_open(const struct log_settings *settings, struct log_sink_state *ret)
{
    struct log_sink_state sink = {.kind = settings->sink, .fd = -1};
    int error = 0;

    if (sink.kind == LOG_SINK_STDERR)
        open_stderr(&sink);
    else if (sink.kind == LOG_SINK_FILE)
        error = open_file(&sink, settings->path);
    else
        sink.is_socket = sink.owned = true;
    if (error == 0)
        *ret = sink;
    return error;
}

void log_sink_close(struct log_sink_state *sink)
{
    if (sink->owned)
        fd_close(sink->fd);
    free(sink->path);
    *sink = (struct log_sink_state){.fd = -1};
}

bool log_sink_is_datagram(const struct log_sink_state *sink)
{
    return sink->kind == LOG_SINK_SYSLOG || sink->kind == LOG_SINK_JOURNAL;
}

/* Connects the datagram socket, at most once a second. */
static int connect_socket(struct log_sink_state *sink)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = sink->kind == LOG_SINK_SYSLOG ? SYSLOG_PATH : JOURNAL_PATH;
    nanoseconds now = clock_now();

    if (now < sink->next_connect)
        return -EAGAIN;
    sink->next_connect = now + CLOCK_SECOND;
    memcpy(address.sun_path, path, strlen(path));
    sink->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (sink->fd < 0)
        return -EAGAIN;
    if (connect(sink->fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        sink->fd = fd_close(sink->fd);
        return -EAGAIN;
    }
    sink->fd = fd_move_high(sink->fd);
    return 0;
}

long log_sink_write(struct log_sink_state *sink, const char *bytes, size_t size)
{
    ssize_t written;

    if (sink->fd < 0 && connect_socket(sink) < 0)
        return -EAGAIN;
    if (sink->polled) {
        struct pollfd poller = {.fd = sink->fd, .events = POLLOUT};

        if (poll(&poller, 1, 0) == 0)
            return -EAGAIN;
    }
    do {
        written = sink->is_socket ? send(sink->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL)
                                  : write(sink->fd, bytes, size);
    } while (written < 0 && errno == EINTR);
    if (written >= 0)
        return written;
    if (errno == ENOBUFS || errno == EWOULDBLOCK)
        return -EAGAIN;
    if (log_sink_is_datagram(sink) && errno != EMSGSIZE && errno != EAGAIN) {
        /* The daemon behind it was restarted: keep the record and connect anew. */
        sink->fd = fd_close(sink->fd);
        return -EAGAIN;
    }
    return -errno;
}

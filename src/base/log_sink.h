/* log_sink: where log lines end, written to without blocking. Only log.c uses it. */
#ifndef STDINETD_BASE_LOG_SINK_H
#define STDINETD_BASE_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/log.h"

struct log_sink_state {
    enum log_sink kind;
    char *path;               /* of a file */
    int fd;                   /* -1: closed, not reachable now */
    bool owned;               /* whether closing the sink closes fd */
    bool is_socket;           /* written with send(MSG_DONTWAIT) */
    bool polled;              /* might block: ask poll first and write at most PIPE_BUF */
    nanoseconds next_connect; /* a socket that wasn't there is tried again then */
};

/* Opens a sink. 0 or -errno (only for files); ret is written on success only. */
int log_sink_open(const struct log_settings *settings, struct log_sink_state *ret);

/* Closes what it owns and frees the path. */
void log_sink_close(struct log_sink_state *sink);

/* Whether each record is a message of its own (a datagram) rather than a line of a stream. */
bool log_sink_is_datagram(const struct log_sink_state *sink);

/* Writes size bytes (one datagram, or whole lines). Returns the bytes taken, -EAGAIN when it must
 * wait, another -errno when these bytes will never be taken. */
long log_sink_write(struct log_sink_state *sink, const char *bytes, size_t size);

#endif

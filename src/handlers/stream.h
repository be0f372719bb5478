/* stream: reading and writing fd 0 and 1 with bounds in size and time.
 *
 * They are the connection, most often a socket that others may have open too (a super-server that
 * lingers, our fd 2): O_NONBLOCK belongs to all of them, so it is never set here. On sockets single
 * calls are made not to block instead; on pipes and files a poll comes first. A client that went
 * away is no error of a handler: stream_is_gone tells it from the others. Used by all handlers.
 */
#ifndef STDINETD_HANDLERS_STREAM_H
#define STDINETD_HANDLERS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/clock.h"

/* How long a handler reads away what a client still sends after its answer. A socket that is closed
 * with unread bytes makes the kernel send RST, which destroys the answer on its way. */
#define STREAM_FINISH_TIME CLOCK_SECOND

/* SIGPIPE off, so that EPIPE is seen. Whoever starts programs must give the default back to them
 * with stream_restore_sigpipe. Return 0 or -errno. */
int stream_ignore_sigpipe(void);
int stream_restore_sigpipe(void);

/* Whether error (-errno) only means that the other side is gone. */
bool stream_is_gone(int error);

/* Milliseconds until deadline for poll, rounded up so that it doesn't end just before. */
int stream_time_left(nanoseconds deadline);

/* The moment when a timeout that begins now is over. 0 is none, in all our options. */
#define STREAM_NO_DEADLINE UINT64_MAX
nanoseconds stream_deadline(nanoseconds timeout);

/* Waits for the events of poll(2), or an end or error of fd, at most until deadline. Returns what
 * poll has seen, -ETIMEDOUT or -errno. */
int stream_wait(int fd, short events, nanoseconds deadline);

/* The error that waits in a socket, -errno, or 0. It is told once, here or by the next call. */
int stream_error(int fd);

/* Reads what there is; waits for the first byte. Bytes, 0 at the end, -ETIMEDOUT or -errno. */
ssize_t stream_read(int fd, void *bytes, size_t size, nanoseconds deadline);

/* Writes all. 0, -ETIMEDOUT or -errno. */
int stream_write(int fd, const void *bytes, size_t size, nanoseconds deadline);

/* How long an answer may take to get out: a client that doesn't read it is as good as gone. */
#define STREAM_ANSWER_TIME (10 * CLOCK_SECOND)

/* Reads or writes what goes now, after a poll that said so: bytes (0: the end, when reading),
 * -EAGAIN where nothing goes, or -errno. */
ssize_t stream_read_some(int fd, void *bytes, size_t size);
ssize_t stream_write_some(int fd, const void *bytes, size_t size);

/* No more will be written to fd. Best effort: where the client is gone there is nobody to tell. */
void stream_end(int fd);

/* Closes fd so that a TCP peer sees that it was broken off (RST), not ended. */
void stream_break(int fd);

/* Ends fd 1 and, if it is a socket, reads fd 0 away until its end, for at most STREAM_FINISH_TIME.
 */
void stream_finish(void);

#endif

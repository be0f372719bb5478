/* fd: small things about file descriptors, and the process's bounds on them. */
#ifndef STDINETD_BASE_FD_H
#define STDINETD_BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

/* Closes fd unless it is negative; always returns -1, so that `fd = fd_close(fd)` forgets it. */
int fd_close(int fd);

/* Closes *fd and sets it to -1; for __attribute__((cleanup)). */
void fd_closep(int *fd);
#define FD_CLEANUP __attribute__((cleanup(fd_closep)))

/* Moves fd to a high number and gives that back, or fd itself where there is no room up there. What
 * lives as long as the daemon (listeners, epoll, logs) stands high, so that connections stand low,
 * and a started child needs to keep only the few low ones: launch/engine_clone.c. The layout:
 * 0 to 2 standard, from 3 connections on their way and copies for them, from FD_HIGH the rest. */
int fd_move_high(int fd);
/* The same for what there may be any number of: where there is no room up there, it takes a low
 * number only while FD_RESERVE of those are left for connections. Else closes fd; -EMFILE. */
int fd_settle_high(int fd);
#define FD_RESERVE 64
/* A copy of fd up there; -errno, -EMFILE where there is no room. */
int fd_copy_high(int fd);
#define FD_HIGH 1024
/* Moves fd back among the low ones, or gives back fd itself where there is no lower one. */
int fd_move_low(int fd);

/* Sets a socket's option that is an int. Returns 0 or -errno. */
int fd_set_option(int fd, int level, int name, int value);

/* Makes sure that 0, 1 and 2 are open (on /dev/null where they were not), so that no listener or
 * connection can ever become a handler's idea of a standard stream. Returns 0 or -errno. */
int fd_ensure_standard(void);

/* Sets close-on-exec on every fd from 3 up: what was leaked into us must not reach a handler.
 * Returns 0 or -errno. */
int fd_set_cloexec_all(void);

/* Raises the soft limit of open files to the hard one, where it can, and tells what it was before.
 * Returns 0 or -errno. */
int fd_raise_limit(struct rlimit *ret_before);

/* Opens what fd refers to anew for writing, with an open file of our own: our O_NONBLOCK must not
 * change the terminal or pipe that others share with us. Returns a new fd or -errno. */
int fd_reopen_nonblocking(int fd);

/* Reads the whole of fd into a NUL-terminated buffer that the caller frees, at most limit bytes.
 * Returns 0 or -errno (-EFBIG over the limit, -EISDIR for a directory). */
int fd_read_all(int fd, size_t limit, char **ret_text, size_t *ret_length);

#endif

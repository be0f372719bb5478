/* stranger: reading from and closing sockets that somebody else can do things to.
 *
 * Whoever has a copy of a socket can set SO_LINGER on it, and our close() may be the last one: then
 * it waits for that socket's peer. And over a unix socket anybody can send fds: those that nobody
 * takes are closed by the kernel in the name of who reads or closes, with the same wait. So a loop
 * that must never wait reads and closes such sockets by these. Nothing here logs.
 */
#ifndef STDINETD_BASE_STRANGER_H
#define STDINETD_BASE_STRANGER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Closes every fd that came with a message, without waiting. */
void stranger_close_received(const struct msghdr *message);

/* Reads once without waiting, as recv(2) does; fds that came along are closed. Returns the length
 * (the whole of a datagram, whatever fits) or -errno. */
ssize_t stranger_receive(int fd, void *bytes, size_t size);

/* Closes a socket, without waiting for its peer; of a unix socket (is_unix) what still lies in it
 * is read away first. Negative ones are let be. Always returns -1, as fd_close does. */
int stranger_close(int fd, bool is_unix);

/* The same of a socket whose kind isn't known here: one call more, which asks. */
int stranger_close_any(int fd);

/* Room for the control messages of one message: all fds that it can carry (SCM_MAX_FD of the kernel
 * is 253), and credentials. */
#define STRANGER_RIGHTS_MAX   253
#define STRANGER_CONTROL_SIZE (CMSG_SPACE(12) + CMSG_SPACE(STRANGER_RIGHTS_MAX * sizeof(int)))

#endif

/* stranger: reading from and closing sockets that somebody else can do things to.
 *
 * Whoever has a copy of a socket can set SO_LINGER on it, and our close() may be the last one: then
 * it waits for that socket's peer. And over a unix socket anybody can send fds. Taken, they would
 * have to be closed by us, and close() of a file of FUSE waits for whoever serves it, for ever; so
 * no message is read with room for one, and the kernel lets go of them, which waits for nobody but
 * the peer of a socket that lingers. So a loop that must never wait reads and closes such sockets
 * by these: what waits is interrupted after a millisecond (SIGALRM, which is theirs). Nothing here
 * logs.
 */
#ifndef STDINETD_BASE_STRANGER_H
#define STDINETD_BASE_STRANGER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Linux 6.16: whether fds may be sent to a socket at all. */
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

/* From here on nothing waits: SIGALRM gets its handler and is let through. 0 or -errno. */
int stranger_begin(void);

/* Reads once without waiting, as recv(2) does; fds that came along are gone. Returns the length
 * (the whole of a datagram, whatever fits) or -errno. */
ssize_t stranger_receive(int fd, void *bytes, size_t size);

/* The same as recvmsg(2) does. Room for control messages must be for those that the socket is asked
 * for and no more, or fds find it. */
ssize_t stranger_receive_message(int fd, struct msghdr *message);

/* Closes a socket, without waiting for its peer; of a unix socket (is_unix) what still lies in it
 * is read away first. Negative ones are let be. Always returns -1, as fd_close does. */
int stranger_close(int fd, bool is_unix);

/* The same of a socket whose kind isn't known here: one call more, which asks. */
int stranger_close_any(int fd);

#endif

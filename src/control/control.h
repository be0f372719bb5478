/* control: the socket by which a running daemon is looked at and steered (stdinetctl).
 *
 * Opens it where the configuration says, lets in who may, and follows a reload. The kernel says who
 * is at the other end: root, our own uid, and the members of control-group. A socket that nobody
 * listens on is replaced; one of another daemon is left alone, and tried again now and then, since
 * that daemon may be about to end. Without the socket everything else goes on.
 *
 * What a client says is read by client.c, understood by request.c, and done by the
 * commands of command.c. Called by daemon.c.
 */
#ifndef STDINETD_CONTROL_CONTROL_H
#define STDINETD_CONTROL_CONTROL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct connections;
struct control;
struct control_client;
struct control_client_left;
struct daemon_settings;
struct orders;
struct pools;
struct service;

/* Makes it, without a socket; orders are copied. 0 or -errno. */
int control_open(struct connections *connections, struct pools *pools, const struct orders *orders,
                 struct control **ret);

/* Follows the configuration: opens, closes or moves the socket. Clients stay. A socket that can't
 * be opened is no error: it is said, and tried again. */
void control_apply(struct control *control, const struct daemon_settings *settings);

/* Closes the socket and all clients. NULL is fine. */
void control_close(struct control *control);

/* What goes on in the next daemon (adoption.h): the socket ... */
struct control_left {
    const char *path; /* NULL: none */
    uint32_t group;   /* and 1; 0: none */
    int error, fd;
    dev_t device;
    ino_t inode;
};
void control_leave(const struct control *control, struct control_left *ret);
/* ... which goes on so, with fd its own, or -1: it is opened anew. 0 or -errno. */
int control_go_on(struct control *control, const struct control_left *left);

/* ... and its clients: one of them, or one more, which waits for that service, or NULL. fd stays
 * the caller's where it fails. 0 or -errno. */
const struct control_client *control_client_at(const struct control *control, size_t i);
int control_go_on_client(struct control *control, const struct control_client_left *left,
                         struct service *draining);

/* We are the new build: answers those who ordered it. */
struct control_upgraded {
    const char *from; /* the version of the daemon before */
    size_t sockets, handlers, clients;
};
void control_upgraded(struct control *control, const struct control_upgraded *upgraded);

/* An upgrade failed, for that reason: answers those who ordered it. control may be NULL. */
void control_upgrade_failed(struct control *control, const char *reason);

/* Answers those who wait for a service that has no handler any more, or was resumed. control may be
 * NULL. */
void control_tell_drained(struct control *control);

#endif

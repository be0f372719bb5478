/* control: the socket by which a running daemon is looked at and steered (stdinetctl).
 *
 * Opens it where the configuration says, lets in who may, and follows a reload. The kernel says who
 * is at the other end: root, our own uid, and the members of control-group. A socket that nobody
 * listens on is replaced; one of another daemon is left alone, and tried again now and then, since
 * that daemon may be about to end. Without the socket everything else goes on.
 *
 * What a client says is read by control_client.c, understood by control_request.c, and done by the
 * commands of control_command.c. Called by daemon.c, reload.c and server.c.
 */
#ifndef STDINETD_SERVE_CONTROL_H
#define STDINETD_SERVE_CONTROL_H

#include <stddef.h>

struct control;
struct server;
struct service;

/* Makes server->control. A socket that can't be opened is no error: it is said, and tried again.
 * 0 or -errno. */
int control_open(struct server *server);

/* Follows the server's configuration, which has changed: opens, closes or moves the socket. Clients
 * stay. */
void control_adjust(struct server *server);

/* Closes the socket and all clients. NULL is fine. */
void control_close(struct control *control);

/* A service that is draining has no handler any more; or is not draining any more, because of
 * what problem says. */
void control_drained(struct service *service, const char *problem);

#endif

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

#include "serve/handover.h"

struct adoption;
struct control;
struct server;
struct service;

/* Makes server->control, without a socket. 0 or -errno. */
int control_open(struct server *server);

/* Follows the server's configuration: opens, closes or moves the socket. Clients stay. A socket
 * that can't be opened is no error: it is said, and tried again. */
void control_adjust(struct server *server);

/* Closes the socket and all clients. NULL is fine. */
void control_close(struct control *control);

/* Writes the socket, and its clients, for the next daemon (adoption.h). */
void control_hand_over(const struct control *control, struct handover_writer *writer);
void control_hand_over_clients(const struct control *control, struct handover_writer *writer);

/* Takes over what such a line says; the service is the one that a client waits for. With NULL the
 * line is only checked. 0; -EINVAL for a line that is wrong; another -errno. */
int control_take_over(struct control *control, struct handover_line *line);
int control_take_over_client(struct control *control, struct handover_line *line,
                             struct service *draining);

/* We are the new build: answers those who ordered it. */
void control_upgraded(struct server *server, const struct adoption *adoption);

/* Answers those who wait for a service that has no handler any more. control may be NULL. */
void control_tell_drained(struct control *control);
/* Answers those who wait for one that doesn't drain any more, for it was resumed. */
void control_stop_draining(struct control *control, struct service *service);

#endif

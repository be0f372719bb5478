/* waiting: a service's clients that are ready for a handler, in the order in which they have it.
 *
 * Those whose start failed for now stand in front. Who has reset is found gone without being asked.
 * Nothing here starts; connections.c does when it is the service's turn.
 */
#ifndef STDINETD_CONNECTION_WAITING_H
#define STDINETD_CONNECTION_WAITING_H

#include <stdbool.h>
#include <stddef.h>

struct connection;
struct service;

/* A client whose handler could not be started just now goes in front, behind others like it. False
 * without memory: nothing has changed. */
bool waiting_put_back(struct connection *connection);

/* Appends a client that waits for a place. 0; -ENOSPC where the service has most that do, -ENOMEM.
 */
int waiting_append(struct connection *connection, size_t most);

/* It doesn't wait any more. */
void waiting_leave(struct connection *connection);

/* Drops all of them. Nothing may be started for the service any more: it is retired, or we stop. */
void waiting_drop(struct service *service);

#endif

/* listener_index: listeners by the place where they listen, so that a socket which is open already
 * finds the listener that it is to go on as. Among five thousand addresses each look costs the
 * same. Called by reload.c and, for sockets of the daemon before us, by carry/listener.c.
 */
#ifndef STDINETD_SERVICE_LISTENER_INDEX_H
#define STDINETD_SERVICE_LISTENER_INDEX_H

#include "base/endpoint.h"
#include "base/map.h"
#include "service/service.h"

/* A socket to whoever asks where: its address, which one of a name, and its network interface. */
struct listener_place {
    const struct endpoint *endpoint;
    unsigned ordinal;
    const char *device; /* NULL: any */
};

struct listener_entry {
    struct map_node node;
    struct listener *listener;
    struct listener *successor; /* its user's; NULL at first */
};

struct listener_index {
    struct map map;
    struct listener_entry *entries;
    size_t count;
};

/* Indexes the listeners of a list of services, which must stay where they are. 0 or -ENOMEM. */
int listener_index_open(struct listener_index *index, struct service *services);
void listener_index_close(struct listener_index *index);

/* The entry of a listener at that place, or NULL. */
struct listener_entry *listener_index_find(const struct listener_index *index,
                                           const struct listener_place *place);

struct listener_place listener_place_of(const struct listener *listener);

#endif

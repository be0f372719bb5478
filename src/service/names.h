/* names: services by their names, so that ten thousand in another order are found as fast as one.
 * Made for the moment of a reload or an upgrade; called by daemon/reload.c and carry/service.c. */
#ifndef STDINETD_SERVICE_NAMES_H
#define STDINETD_SERVICE_NAMES_H

#include "base/map.h"
#include "service/service.h"

struct service_name {
    struct map_node node;
    struct service *service;
    bool is_taken; /* by names_take */
};

struct service_names {
    struct map map;
    struct service_name *entries; /* NULL: not open */
    size_t count;
};

/* Of the services that are served, and those that are retired: of one name there is one. 0 or
 * -ENOMEM. */
int names_open(struct service_names *names, const struct services *services);
void names_close(struct service_names *names);

/* The service of that name; NULL: none. Or it is taken, too, once. */
struct service *names_find(const struct service_names *names, const char *name);
struct service *names_take(struct service_names *names, const char *name);

#endif

/* names: see names.h. */
#include "service/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t count(const struct service *list)
{
    size_t total = 0;

    for (; list; list = list->next)
        total++;
    return total;
}

static uint64_t hash(const struct service_names *names, const char *name)
{
    return map_hash(&names->map, name, strlen(name));
}

static void add_list(struct service_names *names, struct service *list)
{
    for (; list; list = list->next) {
        struct service_name *entry = &names->entries[names->count++];

        entry->service = list;
        map_add(&names->map, &entry->node, hash(names, list->settings->name));
    }
}

int names_open(struct service_names *names, const struct services *services)
{
    size_t total = count(services->first) + count(services->retired);
    int error;

    *names = (struct service_names){.entries = calloc(total + 1, sizeof(*names->entries))};
    error = names->entries ? map_open(&names->map) : -ENOMEM;
    if (error < 0) {
        free(names->entries);
        names->entries = NULL;
        return error;
    }
    add_list(names, services->first);
    add_list(names, services->retired);
    return 0;
}

void names_close(struct service_names *names)
{
    if (names->entries)
        map_close(&names->map);
    free(names->entries);
    *names = (struct service_names){0};
}

static struct service_name *find(const struct service_names *names, const char *name)
{
    struct map_node *node = map_first(&names->map, hash(names, name));

    for (; node; node = map_next(node)) {
        struct service_name *entry = MAP_ENTRY(node, struct service_name, node);

        if (!entry->is_taken && strcmp(entry->service->settings->name, name) == 0)
            return entry;
    }
    return NULL;
}

struct service *names_find(const struct service_names *names, const char *name)
{
    const struct service_name *entry = find(names, name);

    return entry ? entry->service : NULL;
}

struct service *names_take(struct service_names *names, const char *name)
{
    struct service_name *entry = find(names, name);

    if (!entry)
        return NULL;
    entry->is_taken = true;
    return entry->service;
}

/* listener_index: see listener_index.h. */
#include "service/listener_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "service/service.h"

struct listener_place listener_place_of(const struct listener *listener)
{
    return (struct listener_place){listener->endpoint, listener->ordinal,
                                   listener->owner->settings->bind_device};
}

static uint64_t hash_endpoint(const struct listener_index *index, const struct endpoint *endpoint)
{
    char text[ENDPOINT_TEXT_SIZE];

    endpoint_format(endpoint, text);
    return map_hash(&index->map, text, strlen(text));
}

int listener_index_open(struct listener_index *index, struct service *services)
{
    size_t count = 0;

    *index = (struct listener_index){0};
    for (const struct service *service = services; service; service = service->next)
        count += service->listener_count;
    index->entries = calloc(count + 1, sizeof(*index->entries));
    if (!index->entries || map_open(&index->map) < 0) {
        listener_index_close(index);
        return -ENOMEM;
    }
    for (struct service *service = services; service; service = service->next)
        for (size_t i = 0; i < service->listener_count; i++) {
            struct listener_entry *entry = &index->entries[index->count++];

            entry->listener = &service->listeners[i];
            map_add(&index->map, &entry->node, hash_endpoint(index, entry->listener->endpoint));
        }
    return 0;
}

void listener_index_close(struct listener_index *index)
{
    map_close(&index->map);
    free(index->entries);
    *index = (struct listener_index){0};
}

static bool is_same_device(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) == 0 : one == other;
}

static bool is_same_place(const struct listener_place *one, const struct listener_place *other)
{
    return one->ordinal == other->ordinal && is_same_device(one->device, other->device) &&
           endpoint_equal(one->endpoint, other->endpoint);
}

struct listener_entry *listener_index_find(const struct listener_index *index,
                                           const struct listener_place *place)
{
    struct map_node *node;

    if (index->count == 0)
        return NULL;
    node = map_first(&index->map, hash_endpoint(index, place->endpoint));
    for (; node; node = map_next(node)) {
        struct listener_entry *entry = MAP_ENTRY(node, struct listener_entry, node);
        struct listener_place found = listener_place_of(entry->listener);

        if (is_same_place(&found, place))
            return entry;
    }
    return NULL;
}

/* places: what lines tell each other of: see adoption.h. */
#include <errno.h>
#include <stdlib.h>

#include "carry/adoption.h"

static void *item_at(const struct adoption_list *list, uint64_t place)
{
    return place < list->count ? list->items[place] : NULL;
}

struct service *adoption_find_service(const struct adoption *adoption, uint64_t place)
{
    return item_at(&adoption->services, place);
}

struct listener *adoption_find_listener(const struct adoption *adoption, uint64_t place)
{
    return item_at(&adoption->listeners, place);
}

int adoption_add(struct adoption_list *list, void *item)
{
    if (list->count == list->room) {
        size_t room = list->room > 0 ? list->room * 2 : 64;
        void **items = realloc(list->items, room * sizeof(*items));

        if (!items)
            return -ENOMEM;
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = item;
    return 0;
}

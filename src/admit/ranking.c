/* ranking: see ranking.h. */
#include "admit/ranking.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

int ranking_open(struct ranking *ranking, size_t most, const uint32_t *service)
{
    *ranking = (struct ranking){.most = most, .service = service};
    ranking->items = calloc(most + 1, sizeof(const struct source *));
    return ranking->items ? 0 : -ENOMEM;
}

void ranking_close(struct ranking *ranking)
{
    free(ranking->items);
    *ranking = (struct ranking){0};
}

static bool is_busier(const struct source *one, const struct source *other)
{
    if (one->connections != other->connections)
        return one->connections > other->connections;
    return one->penalty > other->penalty;
}

/* source takes the first place, or the one further down where it belongs. */
static void sift_down(struct ranking *ranking, const struct source *source)
{
    size_t place = 0;

    for (;;) {
        size_t child = place * 2 + 1;

        if (child + 1 < ranking->count &&
            is_busier(ranking->items[child], ranking->items[child + 1]))
            child++;
        if (child >= ranking->count || !is_busier(source, ranking->items[child]))
            break;
        ranking->items[place] = ranking->items[child];
        place = child;
    }
    ranking->items[place] = source;
}

/* source takes the last place, or the one further up where it belongs. */
static void sift_up(struct ranking *ranking, const struct source *source)
{
    size_t place = ranking->count++;

    while (place > 0 && is_busier(ranking->items[(place - 1) / 2], source)) {
        ranking->items[place] = ranking->items[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    ranking->items[place] = source;
}

void ranking_add(struct ranking *ranking, const struct source *source)
{
    if (ranking->service && source->key.service != *ranking->service)
        return;
    ranking->seen++;
    if (ranking->count < ranking->most)
        sift_up(ranking, source);
    else if (ranking->most > 0 && is_busier(source, ranking->items[0]))
        sift_down(ranking, source);
}

void ranking_sort(struct ranking *ranking)
{
    size_t count = ranking->count;

    /* The least busy ones go to the end, one after the other. */
    while (ranking->count > 1) {
        const struct source *least = ranking->items[0];

        ranking->count--;
        sift_down(ranking, ranking->items[ranking->count]);
        ranking->items[ranking->count] = least;
    }
    ranking->count = count;
}

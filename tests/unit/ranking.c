/* ranking: the busiest of any number, in their order, whatever the order they come in. */
#include "admit/ranking.h"

#include "unit.h"

#define SOURCES 500

static struct source sources[SOURCES];

/* Connections 0 to 249, two each, of which the second has a penalty; in an order that jumps. */
static void make_sources(void)
{
    for (unsigned i = 0; i < SOURCES; i++) {
        unsigned rank = i * 211 % SOURCES;

        sources[i] = (struct source){.connections = rank / 2, .penalty = rank % 2 * 1000};
        sources[i].key.service = rank % 3;
    }
}

/* How far down a source stands: 0 is the busiest. */
static unsigned place_of(const struct source *source)
{
    return SOURCES - 1 - (source->connections * 2 + (source->penalty > 0));
}

static const size_t mosts[] = {0, 1, 2, 3, 10, 100, SOURCES - 1, SOURCES, SOURCES + 10};

START_TEST(busiest)
{
    struct ranking ranking;
    size_t most = mosts[_i];

    make_sources();
    ck_assert_int_eq(ranking_open(&ranking, most, NULL), 0);
    for (unsigned i = 0; i < SOURCES; i++)
        ranking_add(&ranking, &sources[i]);
    ranking_sort(&ranking);
    ck_assert_uint_eq(ranking.count, most < SOURCES ? most : SOURCES);
    for (size_t i = 0; i < ranking.count; i++)
        ck_assert_uint_eq(place_of(ranking.items[i]), i);
    ranking_close(&ranking);
}
END_TEST

START_TEST(of_a_service)
{
    struct ranking ranking;
    uint32_t service = 2;

    make_sources();
    ck_assert_int_eq(ranking_open(&ranking, 50, &service), 0);
    for (unsigned i = 0; i < SOURCES; i++)
        ranking_add(&ranking, &sources[i]);
    ranking_sort(&ranking);
    ck_assert_uint_eq(ranking.count, 50);
    ck_assert_uint_eq(ranking.seen, SOURCES / 3);
    for (size_t i = 0; i < ranking.count; i++) {
        ck_assert_uint_eq(ranking.items[i]->key.service, 2);
        ck_assert(i == 0 || place_of(ranking.items[i]) == place_of(ranking.items[i - 1]) + 3);
    }
    ranking_close(&ranking);
}
END_TEST

Suite *ranking_suite(void)
{
    Suite *suite = suite_create("ranking");
    TCase *all = tcase_create("ranking");

    tcase_add_loop_test(all, busiest, 0, ROWS(mosts));
    tcase_add_test(all, of_a_service);
    suite_add_tcase(suite, all);
    return suite;
}

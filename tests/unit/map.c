/* map: ten thousand things added, found and removed, equal hashes, growth, visits. */
#include "base/map.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

#define THINGS 10000

struct thing {
    unsigned number;
    struct map_node node;
    unsigned visits;
};

static struct thing things[THINGS];
static struct map map;

static void open_map(void)
{
    memset(things, 0, sizeof(things));
    for (unsigned i = 0; i < THINGS; i++)
        things[i].number = i;
    ck_assert_int_eq(map_open(&map), 0);
}

static void close_map(void)
{
    map_close(&map);
}

static uint64_t hash_number(unsigned number)
{
    return map_hash(&map, &number, sizeof(number));
}

static void add(unsigned number)
{
    map_add(&map, &things[number].node, hash_number(number));
}

/* As its users look: by hash, then comparing the keys. */
static struct thing *find(unsigned number)
{
    for (struct map_node *node = map_first(&map, hash_number(number)); node; node = map_next(node))
        if (MAP_ENTRY(node, struct thing, node)->number == number)
            return MAP_ENTRY(node, struct thing, node);
    return NULL;
}

START_TEST(test_empty)
{
    ck_assert_uint_eq(map.count, 0);
    ck_assert_ptr_null(map_first(&map, 0));
    ck_assert_ptr_null(map_first(&map, UINT64_MAX));
    ck_assert_ptr_null(find(1));
}
END_TEST

START_TEST(test_many)
{
    for (unsigned i = 0; i < THINGS; i++) {
        add(i);
        ck_assert_uint_eq(map.count, i + 1);
    }
    for (unsigned i = 0; i < THINGS; i++)
        ck_assert_ptr_eq(find(i), &things[i]);
    ck_assert_ptr_null(find(THINGS));
    for (unsigned i = 0; i < THINGS; i += 2)
        map_remove(&map, &things[i].node);
    ck_assert_uint_eq(map.count, THINGS / 2);
    for (unsigned i = 0; i < THINGS; i++)
        ck_assert_ptr_eq(find(i), i % 2 ? &things[i] : NULL);
    for (unsigned i = 1; i < THINGS; i += 2)
        map_remove(&map, &things[i].node);
    ck_assert_uint_eq(map.count, 0);
    for (unsigned i = 0; i < THINGS; i++)
        ck_assert_ptr_null(find(i));
}
END_TEST

START_TEST(test_growth)
{
    size_t first = map.chain_count;

    for (unsigned i = 0; i < THINGS; i++) {
        add(i);
        ck_assert_msg((map.chain_count & (map.chain_count - 1)) == 0, "%zu chains",
                      map.chain_count);
        ck_assert_msg(map.count <= 2 * map.chain_count, "%zu things in %zu chains", map.count,
                      map.chain_count);
    }
    ck_assert_uint_gt(map.chain_count, first);
}
END_TEST

START_TEST(test_equal_hashes)
{
    const uint64_t hash = 0x1234567812345678;
    unsigned found = 0;

    /* Two crowds: one hash, and one that shares its chain but isn't equal. */
    for (unsigned i = 0; i < 300; i++)
        map_add(&map, &things[i].node, i % 3 == 0 ? hash : hash + ((uint64_t)1 << 40));
    for (struct map_node *node = map_first(&map, hash); node; node = map_next(node)) {
        ck_assert_uint_eq(MAP_ENTRY(node, struct thing, node)->number % 3, 0);
        found++;
    }
    ck_assert_uint_eq(found, 100);
    map_remove(&map, &things[150].node); /* from the middle of the chain */
    map_remove(&map, &things[0].node);
    map_remove(&map, &things[297].node);
    found = 0;
    for (struct map_node *node = map_first(&map, hash); node; node = map_next(node))
        found++;
    ck_assert_uint_eq(found, 97);
    ck_assert_uint_eq(map.count, 297);
}
END_TEST

START_TEST(test_add_again)
{
    for (unsigned round = 0; round < 100; round++) {
        for (unsigned i = 0; i < 20; i++)
            add(i);
        for (unsigned i = 0; i < 20; i++)
            map_remove(&map, &things[(i * 7) % 20].node);
    }
    ck_assert_uint_eq(map.count, 0);
}
END_TEST

static void visit_one(struct map_node *node, void *context)
{
    struct thing *thing = MAP_ENTRY(node, struct thing, node);

    thing->visits++;
    if (context && thing->number % 2 == 0)
        map_remove(context, node);
}

START_TEST(test_visit)
{
    for (unsigned i = 0; i < THINGS; i++)
        add(i);
    map_visit(&map, visit_one, NULL);
    for (unsigned i = 0; i < THINGS; i++)
        ck_assert_msg(things[i].visits == 1, "%u: %u visits", i, things[i].visits);
    map_visit(&map, visit_one, &map);
    for (unsigned i = 0; i < THINGS; i++)
        ck_assert_msg(things[i].visits == 2, "%u: %u visits", i, things[i].visits);
    ck_assert_uint_eq(map.count, THINGS / 2);
    map_visit(&map, visit_one, NULL);
    for (unsigned i = 0; i < THINGS; i++)
        ck_assert_msg(things[i].visits == 2 + i % 2, "%u: %u visits", i, things[i].visits);
}
END_TEST

START_TEST(test_keyed)
{
    struct map other;

    ck_assert_int_eq(map_open(&other), 0);
    ck_assert(map_hash(&map, "address", 7) == map_hash(&map, "address", 7));
    ck_assert(map_hash(&map, "address", 7) != map_hash(&other, "address", 7));
    map_close(&other);
}
END_TEST

Suite *map_suite(void)
{
    Suite *suite = suite_create("map");
    TCase *tcase = tcase_create("map");

    tcase_add_checked_fixture(tcase, open_map, close_map);
    tcase_add_test(tcase, test_empty);
    tcase_add_test(tcase, test_many);
    tcase_add_test(tcase, test_growth);
    tcase_add_test(tcase, test_equal_hashes);
    tcase_add_test(tcase, test_add_again);
    tcase_add_test(tcase, test_visit);
    tcase_add_test(tcase, test_keyed);
    suite_add_tcase(suite, tcase);
    return suite;
}

/* slots: the variables of a connection at a fixed width, before and after it is there. */
#include "warm/slots.h"

#include <string.h>

#include "base/endpoint.h"
#include "unit.h"

static void fill(struct environment *environment, enum addr_family family, const char *peer,
                 uint64_t number)
{
    struct launch_connection connection = {
        .protocol = family == ADDR_UNIX ? "UNIX" : "TCP",
        .peer = {.family = (uint8_t)family},
        .local = {.family = (uint8_t)family},
        .peer_path = family == ADDR_UNIX ? peer : NULL,
        .local_path = family == ADDR_UNIX ? "/run/it" : NULL,
        .number = number,
        .source_running = 4294967295U,
    };

    if (family != ADDR_UNIX)
        ck_assert_int_eq(addr_parse_host(peer, &connection.peer), 0);
    connection.peer.port = 65535;
    memset(environment, 0, sizeof(*environment));
    environment_fill(environment, "it", &connection);
}

/* Every string stands where its slot says, is what the environment has, and has NULs behind it. */
static void expect_region(const struct warm_slots *slots, const struct environment *environment,
                          const char *region)
{
    for (uint32_t i = 0; i < slots->count; i++) {
        const struct warm_slot *slot = &slots->items[i];
        size_t length = strlen(environment->items[i]);
        size_t end = i + 1 < slots->count ? slots->items[i + 1].offset : slots->size;

        ck_assert_str_eq(region + slot->offset, environment->items[i]);
        for (size_t place = slot->offset + length; place < end; place++)
            ck_assert_int_eq(region[place], '\0');
        ck_assert_int_eq((int)strlen(slots->padded + slot->offset), (int)(end - slot->offset - 1));
    }
}

START_TEST(test_longest)
{
    static const char *const peers[] = {"192.0.2.255", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
                                        "fe80:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295"};
    struct environment sample, environment;
    struct warm_slots slots;
    char region[WARM_REGION_MAX];

    fill(&sample, ADDR_IPV4, "0.0.0.0", 0);
    ck_assert_int_eq(warm_slots_make(&sample, &slots), 0);
    for (int i = 0; i < 3; i++) {
        fill(&environment, ADDR_IPV4, peers[i], UINT64_MAX);
        memset(region, 'x', sizeof(region));
        ck_assert(warm_slots_fill(&slots, &environment, region));
        expect_region(&slots, &environment, region);
        ck_assert_int_eq(region[slots.size], 'x');
    }
}
END_TEST

START_TEST(test_unix)
{
    struct environment sample, environment;
    struct warm_slots slots;
    char region[WARM_REGION_MAX], path[ENDPOINT_PATH_MAX + 2];

    fill(&sample, ADDR_UNIX, NULL, 0);
    ck_assert_int_eq(warm_slots_make(&sample, &slots), 0);
    memset(path, 'p', sizeof(path));
    path[ENDPOINT_PATH_MAX] = '\0';
    fill(&environment, ADDR_UNIX, path, 7);
    ck_assert(warm_slots_fill(&slots, &environment, region));
    expect_region(&slots, &environment, region);
    path[ENDPOINT_PATH_MAX] = 'p';
    path[ENDPOINT_PATH_MAX + 1] = '\0';
    fill(&environment, ADDR_UNIX, path, 7);
    ck_assert(!warm_slots_fill(&slots, &environment, region));
}
END_TEST

/* Other variables, or another value of one that never changes. */
START_TEST(test_others)
{
    struct environment sample, environment;
    struct warm_slots slots;
    char region[WARM_REGION_MAX];

    fill(&sample, ADDR_IPV4, "0.0.0.0", 0);
    ck_assert_int_eq(warm_slots_make(&sample, &slots), 0);
    fill(&environment, ADDR_UNIX, NULL, 1);
    ck_assert(!warm_slots_fill(&slots, &environment, region));
    fill(&environment, ADDR_IPV4, "192.0.2.1", 1);
    environment.count--;
    ck_assert(!warm_slots_fill(&slots, &environment, region));
    environment.count++;
    environment.items[0] = (char[]){"PROTO=SCTP"};
    ck_assert(!warm_slots_fill(&slots, &environment, region));
}
END_TEST

Suite *slots_suite(void)
{
    Suite *suite = suite_create("slots");
    TCase *tcase = tcase_create("slots");

    tcase_add_test(tcase, test_longest);
    tcase_add_test(tcase, test_unix);
    tcase_add_test(tcase, test_others);
    suite_add_tcase(suite, tcase);
    return suite;
}

/* history: what was counted when, as time goes on, stands still, or jumps. The clock is a number.
 */
#include "report/history.h"

#include <string.h>

#include "unit.h"

#define START (1000 * HISTORY_SLOT)

/* What happened in slots 0 (now) and back, as HISTORY_STARTED. */
static void expect(const struct history *history, nanoseconds now, unsigned count,
                   const uint32_t *expected)
{
    uint32_t counts[HISTORY_SLOTS];

    history_read(history, HISTORY_STARTED, now, counts);
    for (unsigned i = 0; i < HISTORY_SLOTS; i++)
        ck_assert_msg(counts[HISTORY_SLOTS - 1 - i] == (i < count ? expected[i] : 0),
                      "%u slots ago: %u", i, counts[HISTORY_SLOTS - 1 - i]);
}

static void add(struct history *history, unsigned count, nanoseconds now)
{
    while (count-- > 0)
        history_add(history, HISTORY_STARTED, now);
}

START_TEST(slots)
{
    struct history history = {0};

    expect(NULL, START, 0, NULL);
    expect(&history, START, 0, NULL);
    add(&history, 3, START);
    add(&history, 2, START + HISTORY_SLOT - 1);
    expect(&history, START + HISTORY_SLOT - 1, 1, (uint32_t[]){5});
    expect(&history, START + HISTORY_SLOT, 2, (uint32_t[]){0, 5});
    add(&history, 7, START + 3 * HISTORY_SLOT);
    expect(&history, START + 4 * HISTORY_SLOT, 5, (uint32_t[]){0, 7, 0, 0, 5});
    history_add(&history, HISTORY_REFUSED, START + 4 * HISTORY_SLOT);
    expect(&history, START + 4 * HISTORY_SLOT, 5, (uint32_t[]){0, 7, 0, 0, 5});
}
END_TEST

/* The oldest goes when its slot is needed, and all of it when nothing happened for long. */
START_TEST(forgets)
{
    struct history history = {0};
    uint32_t counts[HISTORY_SLOTS];

    for (unsigned i = 0; i < 3 * HISTORY_SLOTS; i++)
        add(&history, i + 1, START + i * HISTORY_SLOT);
    history_read(&history, HISTORY_STARTED, START + (3 * HISTORY_SLOTS - 1) * HISTORY_SLOT, counts);
    for (unsigned i = 0; i < HISTORY_SLOTS; i++)
        ck_assert_uint_eq(counts[i], 2 * HISTORY_SLOTS + i + 1);
    expect(&history, START + 4 * HISTORY_SLOTS * HISTORY_SLOT, 0, NULL);
    add(&history, 1, START + 100000 * HISTORY_SLOT);
    expect(&history, START + 100000 * HISTORY_SLOT, 1, (uint32_t[]){1});
}
END_TEST

/* A moment before an earlier one does no harm. */
START_TEST(backwards)
{
    struct history history = {0};

    add(&history, 1, START + HISTORY_SLOT);
    add(&history, 1, START);
    expect(&history, START + HISTORY_SLOT, 1, (uint32_t[]){2});
    expect(&history, START, 0, NULL);
}
END_TEST

static void expect_rate(const struct history *history, nanoseconds now, double expected)
{
    double rate = history_rate(history, HISTORY_STARTED, now);

    ck_assert_msg(rate > expected * 0.99 - 0.001 && rate < expected * 1.01 + 0.001, "%f, not %f",
                  rate, expected);
}

START_TEST(rate)
{
    struct history history = {0};

    expect_rate(NULL, START, 0);
    expect_rate(&history, START, 0);
    add(&history, 60, START);
    expect_rate(&history, START, 60); /* since a moment ago: not less than a second is counted */
    expect_rate(&history, START + 10 * CLOCK_SECOND, 6);
    expect_rate(&history, START + HISTORY_SLOT, 2);
    add(&history, 30, START + HISTORY_SLOT);
    expect_rate(&history, START + HISTORY_SLOT + 15 * CLOCK_SECOND, 2);
    expect_rate(&history, START + 3 * HISTORY_SLOT, 0);
}
END_TEST

Suite *history_suite(void)
{
    Suite *suite = suite_create("history");
    TCase *all = tcase_create("history");

    tcase_add_test(all, slots);
    tcase_add_test(all, forgets);
    tcase_add_test(all, backwards);
    tcase_add_test(all, rate);
    suite_add_tcase(suite, all);
    return suite;
}

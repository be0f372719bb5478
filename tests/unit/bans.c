/* bans: who is banned by which prefixes, until when; their bound, and what is forgotten. The clock
 * is a number. */
#include "admit/bans.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

static struct bans bans;
static nanoseconds now;

static void open_bans(void)
{
    now = 1000 * CLOCK_SECOND;
    ck_assert_int_eq(bans_open(&bans), 0);
}

static void close_bans(void)
{
    bans_close(&bans);
}

static struct prefix prefix_of(const char *text)
{
    struct prefix prefix;
    const char *problem = NULL;

    ck_assert_msg(prefix_parse(text, &prefix, &problem) == 0, "'%s': %s", text, problem);
    return prefix;
}

static int ban(const char *text, nanoseconds until)
{
    struct prefix prefix = prefix_of(text);

    return bans_add(&bans, &prefix, until, now);
}

static bool unban(const char *text)
{
    struct prefix prefix = prefix_of(text);

    return bans_remove(&bans, &prefix, now);
}

/* The prefix that bans host, as text; "" for none. */
static const char *ban_of(const char *host)
{
    static char text[PREFIX_TEXT_SIZE];
    struct addr addr;
    const struct ban *found;

    if (strcmp(host, "unix") == 0)
        addr = addr_unix(1000, 100, 7);
    else if (strcmp(host, "vsock") == 0)
        addr = addr_vsock(3, 80);
    else if (strcmp(host, "unknown") == 0)
        addr = (struct addr){.family = ADDR_NONE};
    else
        ck_assert_int_eq(addr_parse_host(host, &addr), 0);
    found = bans_find(&bans, &addr, now);
    text[0] = '\0';
    if (found)
        prefix_format(&found->prefix, text);
    return text;
}

static const struct {
    const char *host, *ban; /* by which of those below */
} rows[] = {
    {"192.0.2.1", "192.0.2.0/24"},
    {"192.0.2.255", "192.0.2.0/24"},
    {"192.0.3.0", ""},
    {"192.0.1.255", ""},
    {"::ffff:192.0.2.7", "192.0.2.0/24"},
    {"198.51.100.7", "198.51.100.7"},
    {"198.51.100.8", ""},
    {"10.1.2.3", "10.0.0.0/8"}, /* the widest */
    {"2001:db8::1", "2001:db8::/32"},
    {"2001:db9::1", ""},
    {"::1", "::1"},
    {"::2", ""},
    {"unix", "unix"},
    {"vsock", ""},
    {"unknown", ""},
};

START_TEST(find)
{
    static const char *const texts[] = {"192.0.2.0/24", "198.51.100.7",  "10.1.0.0/16",
                                        "10.0.0.0/8",   "2001:db8::/32", "::1",
                                        "unix"};

    ck_assert_str_eq(ban_of(rows[_i].host), "");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_int_eq(ban(texts[i], 0), 0);
    ck_assert_str_eq(ban_of(rows[_i].host), rows[_i].ban);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert(unban(texts[i]));
    ck_assert_str_eq(ban_of(rows[_i].host), "");
    ck_assert_uint_eq(bans.count, 0);
}
END_TEST

START_TEST(everybody)
{
    ck_assert_int_eq(ban("0.0.0.0/0", 0), 0);
    ck_assert_str_eq(ban_of("203.0.113.9"), "0.0.0.0/0");
    ck_assert_str_eq(ban_of("::1"), "");
    ck_assert_int_eq(ban("::/0", 0), 0);
    ck_assert_str_eq(ban_of("::1"), "::/0");
}
END_TEST

/* A ban ends at its moment, and can be made longer, shorter and for good. */
START_TEST(ends)
{
    ck_assert_int_eq(ban("192.0.2.1", now + 10 * CLOCK_SECOND), 0);
    now += 10 * CLOCK_SECOND - 1;
    ck_assert_str_eq(ban_of("192.0.2.1"), "192.0.2.1");
    now++;
    ck_assert_str_eq(ban_of("192.0.2.1"), "");
    ck_assert_uint_eq(bans_count(&bans, now), 0); /* whether or not it is forgotten */
    ck_assert(!unban("192.0.2.1"));               /* over is over */
    ck_assert_int_eq(ban("192.0.2.1", now + 1), 0);
    ck_assert_int_eq(ban("192.0.2.1", 0), 0);
    now += 365 * 86400 * CLOCK_SECOND;
    ck_assert_str_eq(ban_of("192.0.2.1"), "192.0.2.1");
    ck_assert_int_eq(ban("192.0.2.1", now + 5), 0);
    now += 5;
    ck_assert_str_eq(ban_of("192.0.2.1"), "");
    ck_assert_uint_eq(bans.count, 1);
}
END_TEST

static int ban_number(unsigned number, nanoseconds until)
{
    char text[32];

    snprintf(text, sizeof(text), "10.%u.%u.%u", number >> 16 & 255, number >> 8 & 255,
             number & 255);
    return ban(text, until);
}

/* Those that hold are counted, wherever they stand among those that are over. */
START_TEST(counted)
{
    for (unsigned i = 0; i < 20; i++)
        ck_assert_int_eq(ban_number(i, i % 2 ? 0 : now + 10), 0);
    ck_assert_uint_eq(bans_count(&bans, now), 20);
    now += 10;
    ck_assert_uint_eq(bans_count(&bans, now), 10);
}
END_TEST

/* One that is over doesn't hide another that isn't. */
START_TEST(narrower_after_wider)
{
    ck_assert_int_eq(ban("10.0.0.0/8", now + 1), 0);
    ck_assert_int_eq(ban("10.1.0.0/16", 0), 0);
    now += 2;
    ck_assert_str_eq(ban_of("10.1.0.1"), "10.1.0.0/16");
    ck_assert_str_eq(ban_of("10.2.0.1"), "");
}
END_TEST

/* A full table takes no more but what it has, until some are over; what is over goes by and by. */
START_TEST(bound)
{
    for (unsigned i = 0; i < BANS_MAX; i++)
        ck_assert_int_eq(ban_number(i, i < 100 ? now + 10 : 0), 0);
    ck_assert_int_eq(ban("192.0.2.1", 0), -ENOSPC);
    ck_assert_int_eq(ban_number(7, now + 10), 0);
    now += 10;
    ck_assert_int_eq(ban("192.0.2.1", 0), 0);
    ck_assert_uint_eq(bans.count, BANS_MAX - 99);
    ck_assert_str_eq(ban_of("192.0.2.1"), "192.0.2.1");
    ck_assert_str_eq(ban_of("10.0.0.200"), "10.0.0.200");
}
END_TEST

START_TEST(forgotten)
{
    for (unsigned i = 0; i < 1000; i++) {
        ck_assert_int_eq(ban_number(i, now + 10), 0);
        now += 10;
    }
    ck_assert_uint_lt(bans.count, 3);
}
END_TEST

Suite *bans_suite(void)
{
    Suite *suite = suite_create("bans");
    TCase *all = tcase_create("bans");

    tcase_add_checked_fixture(all, open_bans, close_bans);
    tcase_add_loop_test(all, find, 0, ROWS(rows));
    tcase_add_test(all, everybody);
    tcase_add_test(all, ends);
    tcase_add_test(all, counted);
    tcase_add_test(all, narrower_after_wider);
    tcase_add_test(all, bound);
    tcase_add_test(all, forgotten);
    suite_add_tcase(suite, all);
    return suite;
}

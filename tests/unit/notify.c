/* notify: which addresses a service manager may have, and whom its watchdog means. What is told,
 * and when, is tests/behaviour/test_notify.c's. */
#include "daemon/notify.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "unit.h"

/* One byte less than sun_path, which is the longest; and one more. */
#define PATH_97                                                                                    \
    "/23456789a123456789b123456789c123456789d123456789e123456789f123456789g123456789h123456789i12" \
    "34567"
#define LONGEST    PATH_97 "j123456789"
#define TOO_LONG   LONGEST "k"
#define TOO_LONG_A "@" LONGEST

static const struct {
    const char *text;
    int error;
    socklen_t length; /* of the path in the address */
} address_rows[] = {
    {"/run/systemd/notify", 0, 19},
    {"@/org/freedesktop/systemd1/notify", 0, 33},
    {"/", 0, 1},
    {LONGEST, 0, 107},
    {TOO_LONG, -E2BIG, 0},
    {TOO_LONG_A, -E2BIG, 0},
    {"", -EAFNOSUPPORT, 0},
    {"run/notify", -EAFNOSUPPORT, 0},
    {"vsock:2:1234", -EAFNOSUPPORT, 0},
};

START_TEST(test_address)
{
    const char *text = address_rows[_i].text;
    struct sockaddr_un address;
    socklen_t length = 0;

    ck_assert_int_eq(notify_parse_address(text, &address, &length), address_rows[_i].error);
    if (address_rows[_i].error < 0)
        return;
    ck_assert_int_eq(address.sun_family, AF_UNIX);
    ck_assert_uint_eq(length, offsetof(struct sockaddr_un, sun_path) + address_rows[_i].length);
    ck_assert_int_eq(address.sun_path[0], text[0] == '@' ? '\0' : '/');
    ck_assert_int_eq(memcmp(address.sun_path + 1, text + 1, address_rows[_i].length - 1), 0);
}
END_TEST

/* We are process 77. */
static const struct {
    const char *interval, *for_pid;
    nanoseconds expected;
} watchdog_rows[] = {
    {"30000000", NULL, 30 * CLOCK_SECOND},
    {"30000000", "77", 30 * CLOCK_SECOND},
    {"1", "77", CLOCK_MICROSECOND},
    {"30000000", "78", 0},
    {"30000000", "", 0},
    {"30000000", "-77", 0},
    {"30000000", "77x", 0},
    {NULL, "77", 0},
    {NULL, NULL, 0},
    {"", NULL, 0},
    {"0", NULL, 0},
    {"-1", NULL, 0},
    {"30s", NULL, 0},
    {"18446744073709551615", NULL, 0}, /* more than nanoseconds can hold */
    {"99999999999999999999", NULL, 0},
};

START_TEST(test_watchdog)
{
    ck_assert_uint_eq(
        notify_parse_watchdog(watchdog_rows[_i].interval, watchdog_rows[_i].for_pid, 77),
        watchdog_rows[_i].expected);
}
END_TEST

Suite *notify_suite(void)
{
    Suite *suite = suite_create("notify");
    TCase *tcase = tcase_create("all");

    tcase_add_loop_test(tcase, test_address, 0, ROWS(address_rows));
    tcase_add_loop_test(tcase, test_watchdog, 0, ROWS(watchdog_rows));
    suite_add_tcase(suite, tcase);
    return suite;
}

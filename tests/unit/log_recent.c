/* log_recent: the last important lines, the youngest first, whatever is logged beside them. */
#include "base/log_recent.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "unit.h"

static void keep(enum log_level level, const char *message)
{
    struct log_record record;

    log_record_begin(&record, level, "service", message);
    log_recent_keep(&record);
}

START_TEST(youngest_first)
{
    char message[32];

    for (int i = 0; i < LOG_RECENT * 2; i++) {
        snprintf(message, sizeof(message), "number %d.", i);
        keep(i % 2 ? LOG_LEVEL_NOTICE : LOG_LEVEL_ERROR, message);
        keep(LOG_LEVEL_INFO, "nothing");
    }
    for (int i = 0; i < LOG_RECENT; i++) {
        snprintf(message, sizeof(message), "service: number %d.", LOG_RECENT * 2 - 1 - i);
        ck_assert_ptr_nonnull(log_recent((size_t)i));
        ck_assert_msg(strstr(log_recent((size_t)i), message), "%s", log_recent((size_t)i));
    }
    ck_assert_ptr_null(log_recent(LOG_RECENT));
}
END_TEST

/* A long line is cut, and no character with it. */
START_TEST(cut)
{
    char message[1000];

    for (size_t shift = 0; shift < 3; shift++) {
        const char *line;

        for (size_t i = 0; i + 3 < sizeof(message); i += 3)
            memcpy(message + i, "\xe2\x82\xac", 4);
        memmove(message + shift, message, sizeof(message) - shift);
        memset(message, 'x', shift);
        message[sizeof(message) - 1] = '\0';
        keep(LOG_LEVEL_WARNING, message);
        line = log_recent(0);
        ck_assert_uint_lt(strlen(line), LOG_RECENT_LINE);
        ck_assert_uint_gt(strlen(line), LOG_RECENT_LINE - 8);
        ck_assert_uint_eq(text_utf8_check(line, strlen(line)), strlen(line));
    }
}
END_TEST

Suite *log_recent_suite(void)
{
    Suite *suite = suite_create("log_recent");
    TCase *all = tcase_create("log_recent");

    tcase_add_test(all, youngest_first);
    tcase_add_test(all, cut);
    suite_add_tcase(suite, all);
    return suite;
}

/* problems: in which order they are shown and how, the bound of their number, and strangers' bytes
 * in them. */
#include "config/problems.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "unit.h"

static struct problems problems;

static void open_problems(void)
{
    problems = (struct problems){0};
}

static void close_problems(void)
{
    problems_free(&problems);
}

static void add(const char *file, unsigned line, const char *message)
{
    problems_add(&problems, (struct location){file, line}, "%s", message);
}

static void write_line(bool is_warning, const char *line, void *context)
{
    (void)is_warning;
    fprintf(context, "%s\n", line);
}

static void check_shown(const char *expected)
{
    char *text = NULL;
    size_t length;
    FILE *file = open_memstream(&text, &length);

    problems_show(&problems, write_line, file);
    fclose(file);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(test_none)
{
    ck_assert_uint_eq(problems_total(&problems), 0);
    check_shown("");
    problems_add_file(&problems, "a");
    check_shown("");
}
END_TEST

/* Files in the order they were named, lines ascending, of one line what was found first. */
START_TEST(test_order)
{
    problems_add_file(&problems, "z.ini");
    problems_add_file(&problems, "a.ini");
    problems_add_file(&problems, "z.ini");
    add("late.ini", 1, "late");
    add("a.ini", 2, "a2");
    add("z.ini", 10, "z10");
    add("z.ini", 9, "z9");
    add("z.ini", 9, "another z9");
    add("z.ini", 0, "whole");
    add("a.ini", 1, "a1");
    add("z.ini", 9, "a third");
    ck_assert_uint_eq(problems_total(&problems), 8);
    for (int again = 0; again < 2; again++)
        check_shown("z.ini: whole\n"
                    "z.ini:9: z9\n"
                    "z.ini:9: another z9\n"
                    "z.ini:9: a third\n"
                    "z.ini:10: z10\n"
                    "a.ini:1: a1\n"
                    "a.ini:2: a2\n"
                    "late.ini:1: late\n");
}
END_TEST

START_TEST(test_file_is_copied)
{
    char name[] = "a.ini";

    add(name, 1, "first");
    name[0] = 'b';
    add(name, 1, "second");
    check_shown("a.ini:1: first\nb.ini:1: second\n");
}
END_TEST

START_TEST(test_format)
{
    problems_add(&problems, (struct location){"f", 3}, "%s: %d of %u", "key", -1, 2U);
    check_shown("f:3: key: -1 of 2\n");
}
END_TEST

struct counter {
    unsigned count;
    char last[256];
};

static void count_line(bool is_warning, const char *line, void *context)
{
    struct counter *counter = context;

    (void)is_warning;
    counter->count++;
    snprintf(counter->last, sizeof(counter->last), "%s", line);
}

static const struct {
    unsigned added, shown;
    const char *last;
} bound_rows[] = {
    {PROBLEMS_MAX - 1, PROBLEMS_MAX - 1, "f:999: x"},
    {PROBLEMS_MAX, PROBLEMS_MAX, "f:1000: x"},
    {PROBLEMS_MAX + 1, PROBLEMS_MAX + 1, "and 1 more problem"},
    {PROBLEMS_MAX + 4711, PROBLEMS_MAX + 1, "and 4711 more problems"},
};

START_TEST(test_bound)
{
    struct counter counter = {0};

    ck_assert_int_eq(PROBLEMS_MAX, 1000);
    for (unsigned i = 1; i <= bound_rows[_i].added; i++)
        add("f", i, "x");
    ck_assert_uint_eq(problems_total(&problems), bound_rows[_i].added);
    problems_show(&problems, count_line, &counter);
    ck_assert_uint_eq(counter.count, bound_rows[_i].shown);
    ck_assert_msg(strncmp(counter.last, bound_rows[_i].last, strlen(bound_rows[_i].last)) == 0,
                  "'%s'", counter.last);
}
END_TEST

/* A warning stands among the mistakes, says that it is one, and refuses nothing. */
START_TEST(test_warnings)
{
    problems_warn(&problems, (struct location){"f", 2}, "%s", "w");
    ck_assert_uint_eq(problems_total(&problems), 0);
    check_shown("f:2: warning: w\n");
    add("f", 1, "x");
    problems_warn(&problems, (struct location){"f", 0}, "%s", "v");
    ck_assert_uint_eq(problems_total(&problems), 1);
    check_shown("f: warning: v\nf:1: x\nf:2: warning: w\n");
}
END_TEST

/* Warnings that aren't kept are no mistakes; mistakes that aren't kept for warnings still count. */
START_TEST(test_warnings_bound)
{
    struct counter counter = {0};

    for (unsigned i = 0; i < PROBLEMS_MAX + 2; i++)
        problems_warn(&problems, (struct location){"f", 1}, "w");
    ck_assert_uint_eq(problems_total(&problems), 0);
    problems_show(&problems, count_line, &counter);
    ck_assert_uint_eq(counter.count, PROBLEMS_MAX + 1);
    ck_assert_str_eq(counter.last, "and 2 more warnings");
    add("f", 2, "x");
    ck_assert_uint_eq(problems_total(&problems), 1);
}
END_TEST

START_TEST(test_strange_bytes)
{
    add("a\nb", 1, "\x1b[31m \xff \xc3\xbc \\ \t");
    check_shown("a\\nb:1: \\x1b[31m \\xff \xc3\xbc \\\\ \\t\n");
}
END_TEST

struct line {
    char text[4096];
};

static void copy_line(bool is_warning, const char *text, void *context)
{
    struct line *line = context;

    (void)is_warning;
    snprintf(line->text, sizeof(line->text), "%s", text);
}

/* A message that is too long to show is cut, but not inside a character. */
START_TEST(test_long)
{
    static const char *const pieces[] = {"x", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};

    for (unsigned shift = 0; shift < 4; shift++) {
        struct line line;
        char message[8001];

        memset(message, 'a', shift);
        for (size_t length = shift; length + 5 < sizeof(message); length += strlen(pieces[_i]))
            memcpy(message + length, pieces[_i], strlen(pieces[_i]) + 1);
        add("f", 1, message);
        problems_show(&problems, copy_line, &line);
        problems_free(&problems);
        ck_assert(strncmp(line.text, "f:1: ", 5) == 0);
        ck_assert_uint_eq(text_utf8_check(line.text, strlen(line.text)), strlen(line.text));
        ck_assert_msg(!strchr(line.text, '\\'), "cut inside a character: …%s",
                      strchr(line.text, '\\'));
    }
}
END_TEST

START_TEST(test_free)
{
    add("f", 1, "x");
    problems_free(&problems);
    ck_assert_uint_eq(problems_total(&problems), 0);
    check_shown("");
    add("g", 1, "y");
    check_shown("g:1: y\n");
}
END_TEST

Suite *problems_suite(void)
{
    Suite *suite = suite_create("problems");
    TCase *tcase = tcase_create("problems");

    tcase_add_checked_fixture(tcase, open_problems, close_problems);
    tcase_add_test(tcase, test_none);
    tcase_add_test(tcase, test_order);
    tcase_add_test(tcase, test_file_is_copied);
    tcase_add_test(tcase, test_format);
    tcase_add_loop_test(tcase, test_bound, 0, ROWS(bound_rows));
    tcase_add_test(tcase, test_warnings);
    tcase_add_test(tcase, test_warnings_bound);
    tcase_add_test(tcase, test_strange_bytes);
    tcase_add_loop_test(tcase, test_long, 0, 4);
    tcase_add_test(tcase, test_free);
    suite_add_tcase(suite, tcase);
    return suite;
}

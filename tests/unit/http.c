/* http: heads of requests, good ones and what strangers send; where a head ends; and the spans and
 * tables that stdinetctl shows. */
#include "ctl/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/answer.h"
#include "ctl/table.h"
#include "unit.h"

static const struct {
    const char *head;
    int status;
    bool is_head, is_openmetrics;
    const char *path;
} rows[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200, false, false, "/"},
    {"GET / HTTP/1.0\r\n\r\n", 200, false, false, "/"},
    {"GET / HTTP/1.0\n\n", 200, false, false, "/"},
    {"HEAD /metrics?x=/y HTTP/1.1\r\nhOST:a\r\n\r\n", 200, true, false, "/metrics"},
    {"GET http://a.b:80/p HTTP/1.1\r\nHost: a\r\n\r\n", 200, false, false, "/p"},
    {"GET http://a.b HTTP/1.1\r\nHost: a\r\n\r\n", 200, false, false, "/"},
    {"GET / HTTP/1.1\r\nHost: a\r\nAccept: text/plain;q=0.5, "
     "APPLICATION/openmetrics-text;version=1.0.0\r\n\r\n",
     200, false, true, "/"},
    {"GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nX: application/openmetrics-text\r\n\r\n",
     200, false, false, "/"},
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 200, false, false, "/"},
    {"GET / HTTP/1.1\r\n\r\n", 400, false, false, NULL},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, false, false, NULL},
    {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, false, false, NULL},
    {"GET / HTTP/1.1\r\nHost: a\r\n more\r\n\r\n", 400, false, false, NULL},
    {"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400, false, false, NULL},
    {"GET / HTTP/1.1\r\n: empty\r\n\r\n", 400, false, false, NULL},
    {"GET /\r\n\r\n", 400, false, false, NULL},
    {"GET\r\n\r\n", 400, false, false, NULL},
    {"\r\n\r\n", 400, false, false, NULL},
    {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, false, false, NULL},
    {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400, false, false, NULL},
    {"GET / x HTTP/1.1\r\nHost: a\r\n\r\n", 400, false, false, NULL},
    {"GET / http/1.1\r\nHost: a\r\n\r\n", 400, false, false, NULL},
    {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, false, false, NULL},
    {"PRI * HTTP/2.0\r\n\r\n", 505, false, false, NULL},
    {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400, false, false, NULL},
    {"GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400, false, false, NULL},
    {"POST / HTTP/1.1\r\nHost: a\r\n\r\n", 405, false, false, NULL},
    {"get / HTTP/1.1\r\nHost: a\r\n\r\n", 405, false, false, NULL},
    {"\x16\x03\x01\x02\x01\x01\n\n", 400, false, false, NULL},
};

START_TEST(parse)
{
    struct http_request request;
    int status = http_parse(rows[_i].head, strlen(rows[_i].head), &request);

    ck_assert_msg(status == rows[_i].status, "%s: %d", rows[_i].head, status);
    if (status != 200)
        return;
    ck_assert(request.head == rows[_i].is_head);
    ck_assert(request.is_openmetrics == rows[_i].is_openmetrics);
    ck_assert_str_eq(request.path, rows[_i].path);
}
END_TEST

START_TEST(long_or_with_nul)
{
    static const char with_nul[] = "GET /\0 HTTP/1.0\r\n\r\n";
    struct http_request request;
    char head[1024];

    ck_assert_int_eq(http_parse(with_nul, sizeof(with_nul) - 1, &request), 400);
    for (int length = 200; length < 300; length++) {
        snprintf(head, sizeof(head), "GET /%0*d HTTP/1.0\r\n\r\n", length, 0);
        ck_assert_int_eq(http_parse(head, strlen(head), &request),
                         (size_t)length + 1 < sizeof(request.path) ? 200 : 414);
    }
}
END_TEST

static const struct {
    const char *bytes;
    size_t length;
} ends[] = {
    {"", 0},
    {"GET / HTTP/1.0\r\n", 0},
    {"GET / HTTP/1.0\r\n\r", 0},
    {"GET / HTTP/1.0\r\n\r\n", 18},
    {"GET / HTTP/1.0\r\n\r\nmore\r\n\r\n", 18},
    {"a\n\nb", 3},
    {"a\r\nb\n\r\nc", 7},
    {"\r\n\r\n", 4},
};

START_TEST(head_length)
{
    ck_assert_uint_eq(http_head_length(ends[_i].bytes, strlen(ends[_i].bytes)), ends[_i].length);
}
END_TEST

static const struct {
    uint64_t milliseconds;
    const char *text;
} spans[] = {
    {0, "0ms"},
    {999, "999ms"},
    {1000, "1s"},
    {59999, "59s"},
    {60000, "1m 0s"},
    {3599000, "59m 59s"},
    {3600000, "1h 0m"},
    {47 * 3600000, "47h 0m"},
    {48 * 3600000, "2d 0h"},
    {UINT64_MAX, "213503982334d 14h"},
};

START_TEST(span)
{
    char text[ANSWER_SPAN_SIZE];

    answer_format_span(spans[_i].milliseconds, text);
    ck_assert_str_eq(text, spans[_i].text);
}
END_TEST

static const struct table_column columns[] = {
    {.title = "NAME", .flexible = true},
    {.title = "N", .right = true},
    {.title = "WHERE", .flexible = true, .rank = 2},
    {.title = "EXTRA", .rank = 1},
};

static const struct {
    struct table_look look;
    const char *text;
} looks[] = {
    {{0},
     "NAME                  N  WHERE         EXTRA\n"
     "a name of twenty-1    7  192.0.2.1:80  x\n"
     "\xc3\xbc                   123\n"
     "\\x1b[2J               0  w\n"},
    {{.width = 44},
     "NAME                  N  WHERE         EXTRA\n"
     "a name of twenty-1    7  192.0.2.1:80  x\n"
     "\xc3\xbc                   123\n"
     "\\x1b[2J               0  w\n"},
    {{.width = 43},
     "NAME                 N  WHERE         EXTRA\n"
     "a name of twenty~    7  192.0.2.1:80  x\n"
     "\xc3\xbc                  123\n"
     "\\x1b[2J              0  w\n"},
    {{.width = 34},
     "NAME          N  WHERE       EXTRA\n"
     "a name of~    7  192.0.2.1~  x\n"
     "\xc3\xbc           123\n"
     "\\x1b[2J       0  w\n"},
    {{.width = 25},
     "NAME             N  EXTRA\n"
     "a name of tw~    7  x\n"
     "\xc3\xbc              123\n"
     "\\x1b[2J          0\n"},
    {{.width = 1},
     "NAME        N\n"
     "a name ~    7\n"
     "\xc3\xbc         123\n"
     "\\x1b[2J     0\n"},
    {{.rows = 1},
     "NAME                N  WHERE         EXTRA\n"
     "a name of twenty-1  7  192.0.2.1:80  x\n"},
};

START_TEST(table_fits)
{
    struct table table;
    char *text = NULL;
    size_t length;
    FILE *file = open_memstream(&text, &length);

    table_begin(&table, columns, ROWS(columns), 3);
    table_set(&table, 0, 0, STYLE_GOOD, "a name of twenty-1");
    table_set(&table, 0, 1, STYLE_PLAIN, "7");
    table_set(&table, 0, 2, STYLE_PLAIN, "192.0.2.1:80");
    table_set(&table, 0, 3, STYLE_PLAIN, "x");
    table_set(&table, 1, 0, STYLE_PLAIN, "\xc3\xbc");
    table_set(&table, 1, 1, STYLE_PLAIN, "123");
    table_set(&table, 2, 0, STYLE_PLAIN, "\x1b[2J");
    table_set(&table, 2, 1, STYLE_PLAIN, "0");
    table_set(&table, 2, 2, STYLE_PLAIN, "w");
    ck_assert(table_print(&table, &looks[_i].look, file) == 0);
    fclose(file);
    ck_assert_str_eq(text, looks[_i].text);
    free(text);
}
END_TEST

Suite *http_suite(void)
{
    Suite *suite = suite_create("http");
    TCase *all = tcase_create("http");

    tcase_add_loop_test(all, parse, 0, ROWS(rows));
    tcase_add_test(all, long_or_with_nul);
    tcase_add_loop_test(all, head_length, 0, ROWS(ends));
    tcase_add_loop_test(all, span, 0, ROWS(spans));
    tcase_add_loop_test(all, table_fits, 0, ROWS(looks));
    suite_add_tcase(suite, all);
    return suite;
}

/* control: what a line asks for, with arguments of every type, and what is wrong with it; that
 * every answer is one line of UTF-8, and running out of memory is one too. */
#include "control/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "control/reply.h"
#include "unit.h"

static struct control_request parse(const char *line, int expected)
{
    struct control_request request;
    int error = control_request_parse(&control_commands, line, strlen(line), &request);

    ck_assert_msg(error == expected, "%s: %d: %s", line, error, request.problem);
    return request;
}

static const struct {
    const char *line;
    const char *problem; /* part of it */
} bad_rows[] = {
    {"", "not a JSON object"},
    {"nul", "not a JSON object"},
    {"null", "not a JSON object"},
    {"7", "not a JSON object"},
    {"{\"command\":\"status\"}x", "not a JSON object"},
    {"{\"command\":\"sta\\u0000tus\"}", "not a JSON object"},
    {"{\"command\":\"status\",\"arguments\":{\"first\":1,\"first\":2}}", "not a JSON object"},
    {"{\"command\":\"status\",\"arguments\":{\"first\":99999999999999999999}}",
     "not a JSON object"},
    {"{\"command\":null}", "\"command\" is missing or not a string"},
    {"{\"Command\":\"status\"}", "only"},
    {"{\"command\":\"Status\"}", "unknown command \"Status\""},
    {"{\"command\":\"\"}", "unknown command \"\""},
    {"{\"command\":\"status\",\"arguments\":null}", "\"arguments\" is not an object"},
    {"{\"command\":\"status\",\"arguments\":{\"\":1}}", "takes no argument \"\""},
    {"{\"command\":\"stop\",\"arguments\":{\"service\":\"a\"}}", "takes no argument \"service\""},
    {"{\"command\":\"status\",\"arguments\":{\"first\":1.5}}",
     "first: is not a non-negative integer"},
    {"{\"command\":\"status\",\"arguments\":{\"first\":true}}",
     "first: is not a non-negative integer"},
    {"{\"command\":\"drain\",\"arguments\":{}}", "drain needs \"service\""},
};

START_TEST(bad)
{
    struct control_request request = parse(bad_rows[_i].line, -EINVAL);

    ck_assert_msg(strstr(request.problem, bad_rows[_i].problem), "%s: %s", bad_rows[_i].line,
                  request.problem);
    control_request_free(&request);
}
END_TEST

START_TEST(good)
{
    struct control_request request = parse(
        " {\"arguments\": {\"count\": 7, \"service\": \"\\u00fc\"}, \"command\": \"status\"} ", 0);

    ck_assert_str_eq(request.command->name, "status");
    ck_assert(request.arguments[0].given && !request.arguments[1].given);
    ck_assert_str_eq(request.arguments[0].text, "ü");
    ck_assert_uint_eq(request.arguments[2].count, 7);
    control_request_free(&request);

    /* More than there ever is is all there is. */
    request = parse("{\"command\":\"status\",\"arguments\":{\"count\":9223372036854775807}}", 0);
    ck_assert_uint_eq(request.arguments[2].count, request.command->parameters[2].maximum);
    control_request_free(&request);
}
END_TEST

/* A client's words are shown in ours, but never as more than one line, nor in half characters. */
START_TEST(shown)
{
    char line[512] = "{\"command\":\"";
    struct control_request request;

    for (int i = 0; i < 60; i++)
        memcpy(line + strlen(line), i % 2 ? "\\u20ac" : "\\n", i % 2 ? 7 : 3);
    memcpy(line + strlen(line), "\"}", 3);
    request = parse(line, -EINVAL);
    ck_assert_uint_eq(text_utf8_check(request.problem, strlen(request.problem)),
                      strlen(request.problem));
    ck_assert_ptr_null(strchr(request.problem, '\n'));
    control_request_free(&request);
}
END_TEST

/* The rows themselves: what help and clients are made of. */
START_TEST(table)
{
    for (size_t i = 0; i < control_commands.count; i++) {
        const struct control_command *command = &control_commands.rows[i];

        ck_assert(command->name && command->help && command->run);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(command->name, control_commands.rows[j].name);
        for (size_t j = 0; j < CONTROL_PARAMETERS; j++) {
            const struct control_parameter *parameter = &command->parameters[j];

            ck_assert(parameter->name || j + 1 == CONTROL_PARAMETERS || !parameter[1].name);
            ck_assert(!parameter->name || parameter->type != CONTROL_COUNT ||
                      parameter->maximum > 0);
        }
    }
}
END_TEST

static void expect_printed(struct control_reply *reply, const char *expected)
{
    size_t length;
    char *line = reply_print(reply, &length);

    ck_assert_ptr_nonnull(line);
    ck_assert_str_eq(line, expected);
    ck_assert_uint_eq(length, strlen(expected));
    free(line);
    reply_free(reply);
}

START_TEST(printed)
{
    struct control_reply reply;
    json_t *counts, *list;

    reply_begin(&reply);
    reply_add_text(&reply, reply.root, "text", "a\n\xff\xc3\xbc");
    counts = reply_add_object(&reply, reply.root, "counts");
    reply_add_count(&reply, counts, "b", 1);
    reply_add_count(&reply, counts, "c", UINT64_MAX);
    list = reply_add_array(&reply, reply.root, "list");
    reply_add_duration(&reply, reply_add_item(&reply, list), "ms", CLOCK_SECOND);
    expect_printed(&reply, "{\"ok\":true,\"text\":\"a\\\\n\\\\xffü\",\"counts\":{\"b\":1,"
                           "\"c\":9223372036854775807},\"list\":[{\"ms\":1000}]}\n");
}
END_TEST

/* What can't be added is remembered, and nothing half is printed. */
START_TEST(reply_without_memory)
{
    struct control_reply reply;
    size_t length;

    reply_begin(&reply);
    reply_add_text(&reply, reply_add_object(&reply, NULL, "never"), "text", "x");
    ck_assert(reply.failed);
    ck_assert_ptr_null(reply_print(&reply, &length));
    reply_free(&reply);
}
END_TEST

Suite *control_suite(void)
{
    Suite *suite = suite_create("control");
    TCase *all = tcase_create("control");

    tcase_add_loop_test(all, bad, 0, ROWS(bad_rows));
    tcase_add_test(all, good);
    tcase_add_test(all, shown);
    tcase_add_test(all, table);
    tcase_add_test(all, printed);
    tcase_add_test(all, reply_without_memory);
    suite_add_tcase(suite, all);
    return suite;
}

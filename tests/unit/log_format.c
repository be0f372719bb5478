/* log_format: a record as text, JSON, a syslog message and the journal's fields: with quotes,
 * newlines and bytes that are no text, and far too long. JSON is read back with jansson. */
#include "base/log_format.h"

#include <ctype.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "unit.h"

/* "2026-11-23T21:35:00.123Z ": every digit is a 0 here. */
#define STAMP        "0000-00-00T00:00:00.000Z"
#define STAMP_SYSLOG "Aaa 00 00:00:00"

/* Whether text begins with such a stamp; returns what follows it. */
static const char *skip_stamp(const char *text, const char *stamp)
{
    for (; *stamp != '\0'; stamp++, text++) {
        bool fits = *stamp == '0'   ? isdigit((unsigned char)*text) || *text == ' '
                    : *stamp == 'A' ? isupper((unsigned char)*text)
                    : *stamp == 'a' ? islower((unsigned char)*text)
                                    : *stamp == *text;

        ck_assert_msg(fits, "'%s' where '%s' should be", text, stamp);
    }
    return text;
}

static const struct row {
    enum log_level level;
    const char *service, *message;
    const char *name, *value; /* of a field, NULL: none */
    bool number;
    const char *text;          /* behind the stamp */
    const char *shown_message; /* in JSON; NULL: as it is */
    const char *shown_value;   /* in JSON; NULL: as it is */
} rows[] = {
    {LOG_LEVEL_INFO, "upper", "start", "pid", "345", true, "info upper: start pid=345", NULL, NULL},
    {LOG_LEVEL_ERROR, NULL, "gone", NULL, NULL, false, "error gone", NULL, NULL},
    {LOG_LEVEL_WARNING, NULL, "w", "a", "b", false, "warning w a=b", NULL, NULL},
    {LOG_LEVEL_NOTICE, NULL, "n", "a", "192.0.2.1:80", false, "notice n a=192.0.2.1:80", NULL,
     NULL},
    {LOG_LEVEL_DEBUG, "a b", "d", "a", "", false, "debug a b: d a=\"\"", NULL, NULL},
    {LOG_LEVEL_INFO, NULL, "", "a", "b c", false, "info  a=\"b c\"", NULL, NULL},
    {LOG_LEVEL_INFO, NULL, "m", "a", "b=c", false, "info m a=\"b=c\"", NULL, NULL},
    {LOG_LEVEL_INFO, NULL, "m", "a", "\"", false, "info m a=\"\\\"\"", NULL, NULL},
    {LOG_LEVEL_INFO, NULL, "m", "a", "say \"hi\" x", false, "info m a=\"say \\\"hi\\\" x\"", NULL,
     NULL},
    {LOG_LEVEL_INFO, NULL, "m", "a", "b\\\" c", false, "info m a=\"b\\\\\\\" c\"", NULL,
     "b\\\\\" c"},
    {LOG_LEVEL_INFO, NULL, "one\ntwo\r\n", "a", "three\nfour", false,
     "info one\\ntwo\\r\\n a=three\\nfour", "one\\ntwo\\r\\n", "three\\nfour"},
    {LOG_LEVEL_INFO, "s", "\x1b[2J\x01\x7f", "a", "\xff\x80 \xc3", false,
     "info s: \\x1b[2J\\x01\\x7f a=\"\\xff\\x80 \\xc3\"", "\\x1b[2J\\x01\\x7f", "\\xff\\x80 \\xc3"},
    {LOG_LEVEL_INFO, "s", "\xc2\x9b", "a", "\xc3\xbc\xe2\x82\xac", false,
     "info s: \\xc2\\x9b a=\xc3\xbc\xe2\x82\xac", "\\xc2\\x9b", NULL},
    {LOG_LEVEL_INFO, "s", "a\xc0\x80z", "a", "\xc0\x80", false, "info s: a\\x00z a=\\x00",
     "a\\x00z", "\\x00"},
    {LOG_LEVEL_INFO, NULL, "{\"a\":1}", "a", "</script>", false, "info {\"a\":1} a=</script>", NULL,
     NULL},
    {LOG_LEVEL_INFO, NULL, "%s%n%d", "a", "%s%n", false, "info %s%n%d a=%s%n", NULL, NULL},
    {LOG_LEVEL_INFO, NULL, "m", "a", "0", true, "info m a=0", NULL, NULL},
    {LOG_LEVEL_INFO, NULL, "m", "a", "9223372036854775807", true, "info m a=9223372036854775807",
     NULL, NULL},
};

static void make_record(struct log_record *record, const struct row *row)
{
    log_record_begin(record, row->level, row->service, row->message);
    if (row->number)
        log_record_number(record, row->name, strtoull(row->value, NULL, 10));
    else if (row->name)
        log_record_text(record, row->name, row->value);
}

/* The row's text and its last field. */
static const char *text_of(const struct row *row)
{
    static char text[256];

    snprintf(text, sizeof(text), "%s event=%s", row->text,
             row->level <= LOG_LEVEL_WARNING ? "warning" : "info");
    return text;
}

/* Formats into text with the bounds that hold for all: its length, an end, one line. */
static void format(const struct log_record *record, enum log_sink sink, enum log_format kind,
                   char text[static LOG_LINE_MAX])
{
    size_t length;

    memset(text, 'X', LOG_LINE_MAX);
    length = log_format_record(record, sink, kind, text, LOG_LINE_MAX - 1);
    ck_assert_uint_lt(length, LOG_LINE_MAX - 1);
    ck_assert_msg(text[LOG_LINE_MAX - 1] == 'X', "written behind the end");
    ck_assert_msg(!memchr(text, '\0', length), "a NUL inside");
    text[length] = '\0';
    ck_assert_msg(text_utf8_check(text, length) == length, "sink %d: not UTF-8 at %zu of %zu", sink,
                  text_utf8_check(text, length), length);
    if (sink != LOG_SINK_JOURNAL)
        ck_assert_msg(!strchr(text, '\n'), "a newline inside");
}

START_TEST(test_text)
{
    static const enum log_sink sinks[] = {LOG_SINK_STDERR, LOG_SINK_FILE};
    struct log_record record;
    char text[LOG_LINE_MAX];

    make_record(&record, &rows[_i]);
    for (int i = 0; i < ROWS(sinks); i++) {
        format(&record, sinks[i], LOG_FORMAT_TEXT, text);
        ck_assert_str_eq(skip_stamp(text, STAMP " "), text_of(&rows[_i]));
    }
}
END_TEST

static void check_member(const json_t *object, const char *name, const char *expected)
{
    const char *text = json_string_value(json_object_get(object, name));

    ck_assert_msg(text && strcmp(text, expected) == 0, "%s is '%s' instead of '%s'", name,
                  text ? text : "missing", expected);
}

static void check_json(const char *text, const struct row *row)
{
    json_error_t error;
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    const json_t *value;

    ck_assert_msg(object != NULL, "%s: %s", error.text, text);
    ck_assert_msg(json_is_object(object), "%s", text);
    ck_assert_str_eq(skip_stamp(json_string_value(json_object_get(object, "time")), STAMP), "");
    check_member(object, "level", log_level_names[row->level]);
    if (row->service)
        check_member(object, "service", row->service);
    else
        ck_assert_ptr_null(json_object_get(object, "service"));
    check_member(object, "message", row->shown_message ? row->shown_message : row->message);
    value = row->name ? json_object_get(object, row->name) : NULL;
    if (row->number)
        ck_assert_msg(json_is_integer(value) &&
                          json_integer_value(value) == strtoll(row->value, NULL, 10),
                      "%s", text);
    else if (row->name)
        check_member(object, row->name, row->shown_value ? row->shown_value : row->value);
    check_member(object, "event", strrchr(text_of(row), '=') + 1);
    json_decref(object);
}

START_TEST(test_json)
{
    static const enum log_sink sinks[] = {LOG_SINK_STDERR, LOG_SINK_FILE};
    struct log_record record;
    char text[LOG_LINE_MAX];

    make_record(&record, &rows[_i]);
    for (int i = 0; i < ROWS(sinks); i++) {
        format(&record, sinks[i], LOG_FORMAT_JSON, text);
        check_json(text, &rows[_i]);
    }
}
END_TEST

/* A count is never shown as another number: not as a negative one either. */
START_TEST(test_json_large_number)
{
    struct log_record record;
    char text[LOG_LINE_MAX];

    log_record_begin(&record, LOG_LEVEL_INFO, NULL, "m");
    log_record_number(&record, "a", UINT64_MAX);
    format(&record, LOG_SINK_STDERR, LOG_FORMAT_JSON, text);
    ck_assert_msg(strstr(text, "18446744073709551615"), "%s", text);
}
END_TEST

START_TEST(test_syslog)
{
    static const char *const priorities[] = {"<27>", "<28>", "<29>", "<30>", "<31>"};
    struct log_record record;
    char text[LOG_LINE_MAX], head[64];
    const char *level = log_level_names[rows[_i].level], *rest;

    make_record(&record, &rows[_i]);
    format(&record, LOG_SINK_SYSLOG, LOG_FORMAT_TEXT, text);
    ck_assert_msg(strncmp(text, priorities[rows[_i].level], 4) == 0, "%s", text);
    snprintf(head, sizeof(head), STAMP_SYSLOG " stdinetd[%d]: ", (int)getpid());
    rest = skip_stamp(text + 4, STAMP_SYSLOG " stdinetd[");
    ck_assert(strncmp(rest, strchr(head, '[') + 1, strlen(strchr(head, '[') + 1)) == 0);
    /* As the text, without its stamp and level: syslog has its own. */
    ck_assert_str_eq(strchr(rest, ':') + 2, text_of(&rows[_i]) + strlen(level) + 1);
    format(&record, LOG_SINK_SYSLOG, LOG_FORMAT_JSON, text);
    check_json(strchr(text, '{'), &rows[_i]);
}
END_TEST

/* Each line of the journal's protocol is NAME=value and has an end; a line without '=' would make
 * it take what follows for a length. Returns the value of name, which ends at the line's end. */
static const char *find_journal_field(const char *text, const char *name)
{
    const char *found = NULL;

    while (*text != '\0') {
        const char *end = strchr(text, '\n');
        const char *equals = strchr(text, '=');
        size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

        ck_assert_msg(end, "no end: %s", text);
        ck_assert_msg(equals && equals < end, "no '=': %s", text);
        ck_assert_msg(length == (size_t)(equals - text), "no name: %s", text);
        if (strlen(name) == length && strncmp(text, name, length) == 0)
            found = equals + 1;
        text = end + 1;
    }
    return found;
}

static void check_journal_field(const char *text, const char *name, const char *expected)
{
    const char *found = find_journal_field(text, name);
    size_t length = strlen(expected);

    ck_assert_msg(found, "no %s in %s", name, text);
    ck_assert_msg(strncmp(found, expected, length) == 0 && found[length] == '\n',
                  "%s isn't '%s' in %s", name, expected, text);
}

START_TEST(test_journal)
{
    static const char *const priorities[] = {"3", "4", "5", "6", "7"};
    const struct row *row = &rows[_i];
    struct log_record record;
    char text[LOG_LINE_MAX];

    make_record(&record, row);
    format(&record, LOG_SINK_JOURNAL, LOG_FORMAT_TEXT, text);
    check_journal_field(text, "PRIORITY", priorities[row->level]);
    check_journal_field(text, "SYSLOG_IDENTIFIER", "stdinetd");
    check_journal_field(text, "MESSAGE", text_of(row) + strlen(log_level_names[row->level]) + 1);
    check_journal_field(text, "STDINETD_EVENT", strrchr(text_of(row), '=') + 1);
    if (row->service)
        check_journal_field(text, "STDINETD_SERVICE", row->service);
    else
        ck_assert_ptr_null(find_journal_field(text, "STDINETD_SERVICE"));
    if (row->number)
        check_journal_field(text, row->name[0] == 'p' ? "STDINETD_PID" : "STDINETD_A", row->value);
    else if (row->name && !strchr(row->value, '\\'))
        check_journal_field(text, "STDINETD_A", row->shown_value ? row->shown_value : row->value);
}
END_TEST

/* Whatever a line's message is: its event is the one it was given, and comes last. */
START_TEST(test_event)
{
    struct log_record record;
    char text[LOG_LINE_MAX];
    json_t *object;

    log_record_begin(&record, LOG_LEVEL_INFO, "s", "x event=end");
    log_record_event(&record, "stderr");
    log_record_number(&record, "stderr_of", 1);
    format(&record, LOG_SINK_STDERR, LOG_FORMAT_TEXT, text);
    ck_assert_str_eq(skip_stamp(text, STAMP " "), "info s: x event=end stderr_of=1 event=stderr");
    format(&record, LOG_SINK_JOURNAL, LOG_FORMAT_TEXT, text);
    check_journal_field(text, "STDINETD_EVENT", "stderr");
    check_journal_field(text, "MESSAGE", "s: x event=end stderr_of=1 event=stderr");
    format(&record, LOG_SINK_FILE, LOG_FORMAT_JSON, text);
    object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    check_member(object, "event", "stderr");
    json_decref(object);
}
END_TEST

static const char *const long_pieces[] = {
    "x", "\x01", "\"", "\n", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xff", "a b"};

/* length bytes of pieces behind shift letters. */
static void make_long(char *text, size_t length, unsigned shift, const char *piece)
{
    size_t used = shift;

    memset(text, 'a', shift);
    for (; used + strlen(piece) <= length; used += strlen(piece))
        memcpy(text + used, piece, strlen(piece));
    text[used] = '\0';
}

/* However long the rest is, the last field is whole. */
static void expect_event(const char *text)
{
    const char *last = strrchr(text, ' ');

    ck_assert_msg(last && strcmp(last, " event=info") == 0, "%s", text);
}

static void check_long(const struct log_record *record)
{
    static char text[LOG_LINE_MAX];

    format(record, LOG_SINK_STDERR, LOG_FORMAT_TEXT, text);
    skip_stamp(text, STAMP " ");
    expect_event(text);
    format(record, LOG_SINK_SYSLOG, LOG_FORMAT_TEXT, text);
    expect_event(text);
    format(record, LOG_SINK_SYSLOG, LOG_FORMAT_JSON, text);
    format(record, LOG_SINK_JOURNAL, LOG_FORMAT_TEXT, text);
    find_journal_field(text, "MESSAGE");
    check_journal_field(text, "STDINETD_EVENT", "info");
}

/* JSON that would be too long is replaced by JSON that isn't. */
static void check_long_json(const struct log_record *record)
{
    static char text[LOG_LINE_MAX];
    json_t *object;

    format(record, LOG_SINK_FILE, LOG_FORMAT_JSON, text);
    object = json_loads(text, 0, NULL);
    ck_assert_msg(json_is_object(object), "%s", text);
    check_member(object, "level", "info");
    ck_assert(json_is_string(json_object_get(object, "message")));
    json_decref(object);
}

#define LONG_SIZE 20000

START_TEST(test_long_message)
{
    static char message[LONG_SIZE];
    struct log_record record;

    for (unsigned shift = 0; shift < 5; shift++)
        for (size_t length = 1000; length < LONG_SIZE; length = length * 7 / 4) {
            make_long(message, length, shift, long_pieces[_i]);
            log_record_begin(&record, LOG_LEVEL_INFO, "service", message);
            log_record_text(&record, "field", "value");
            check_long(&record);
            check_long_json(&record);
        }
}
END_TEST

START_TEST(test_long_field)
{
    static char value[LONG_SIZE];
    struct log_record record;

    for (unsigned shift = 0; shift < 5; shift++)
        for (size_t length = 1000; length < LONG_SIZE; length = length * 7 / 4) {
            make_long(value, length, shift, long_pieces[_i]);
            log_record_begin(&record, LOG_LEVEL_INFO, "service", "message");
            log_record_text(&record, "field", value);
            log_record_text(&record, "other", "x");
            check_long(&record);
            check_long_json(&record);
        }
}
END_TEST

/* Fields beyond the bounds of a record are left out; the others stay. */
START_TEST(test_bounds)
{
    struct log_record record;
    char text[LOG_LINE_MAX], large[LOG_SCRATCH + 1];

    memset(large, 'x', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    log_record_begin(&record, LOG_LEVEL_INFO, NULL, "m");
    log_record_format(&record, "large", "%s", large);
    ck_assert_uint_eq(record.field_count, 0);
    for (unsigned i = 0; i < LOG_FIELDS_MAX + 5; i++)
        log_record_number(&record, "n", i);
    ck_assert_uint_eq(record.field_count, LOG_FIELDS_MAX);
    format(&record, LOG_SINK_STDERR, LOG_FORMAT_TEXT, text);
    ck_assert_ptr_nonnull(strstr(text, " n=19"));
    ck_assert_ptr_null(strstr(text, " n=20"));
    log_record_begin(&record, LOG_LEVEL_INFO, NULL, "m");
    for (unsigned i = 0; i < LOG_FIELDS_MAX; i++)
        log_record_format(&record, "f", "%.400s", large);
    ck_assert_uint_eq(record.field_count, LOG_SCRATCH / 401);
    log_record_number(&record, "small", 1);
    format(&record, LOG_SINK_STDERR, LOG_FORMAT_TEXT, text);
    ck_assert_ptr_nonnull(strstr(text, " small=1"));
}
END_TEST

Suite *log_format_suite(void)
{
    Suite *suite = suite_create("log_format");
    TCase *tcase = tcase_create("log_format");

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_text, 0, ROWS(rows));
    tcase_add_loop_test(tcase, test_json, 0, ROWS(rows));
    tcase_add_test(tcase, test_json_large_number);
    tcase_add_loop_test(tcase, test_syslog, 0, ROWS(rows));
    tcase_add_loop_test(tcase, test_journal, 0, ROWS(rows));
    tcase_add_test(tcase, test_event);
    tcase_add_loop_test(tcase, test_long_message, 0, ROWS(long_pieces));
    tcase_add_loop_test(tcase, test_long_field, 0, ROWS(long_pieces));
    tcase_add_test(tcase, test_bounds);
    suite_add_tcase(suite, tcase);
    return suite;
}

/* log_format: see log_format.h.
 *
 * text      2026-11-23T21:35:00.123Z info upper: end pid=345 event=end
 * json      {"time":"…","level":"info","service":"upper","message":"end","pid":345,"event":"end"}
 * syslog    <30>Nov 23 21:35:00 stdinetd[1]: upper: end pid=345 event=end        (RFC 3164)
 * journal   PRIORITY=6\nSTDINETD_SERVICE=upper\nMESSAGE=…\n…   (systemd's JOURNAL_NATIVE_PROTOCOL)
 */
#include "base/log_format.h"

#include <ctype.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

const char *const log_level_names[] = {"error", "warning", "notice", "info", "debug", NULL};

static const int level_priorities[] = {
    [LOG_LEVEL_ERROR] = LOG_ERR, [LOG_LEVEL_WARNING] = LOG_WARNING, [LOG_LEVEL_NOTICE] = LOG_NOTICE,
    [LOG_LEVEL_INFO] = LOG_INFO, [LOG_LEVEL_DEBUG] = LOG_DEBUG,
};

/* Text being written, which stops growing where it is full. */
struct output {
    char *text;
    size_t size;
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void put(struct output *output, const char *format,
                                                      ...)
{
    size_t room = output->size - output->length;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(output->text + output->length, room, format, arguments);
    va_end(arguments);
    if (length > 0)
        output->length += (size_t)length < room ? (size_t)length : room - 1;
}

/* A constant, or what put_escaped need not look at. */
static void put_plain(struct output *output, const char *text)
{
    size_t room = output->size - output->length - 1, length = strlen(text);

    length = length < room ? length : room;
    memcpy(output->text + output->length, text, length);
    output->length += length;
    output->text[output->length] = '\0';
}

static void put_escaped(struct output *output, const char *text)
{
    text_escape(text, strlen(text), output->text + output->length, output->size - output->length);
    output->length += strlen(output->text + output->length);
}

/* A quote inside quotes would end the value for whoever parses the line. */
static void put_quoted(struct output *output, const char *text)
{
    put(output, "\"");
    for (const char *quote; (quote = strchr(text, '"')) != NULL; text = quote + 1) {
        text_escape(text, (size_t)(quote - text), output->text + output->length,
                    output->size - output->length);
        output->length += strlen(output->text + output->length);
        put(output, "\\\"");
    }
    put_escaped(output, text);
    put(output, "\"");
}

/* The event comes last, whatever a stranger's bytes before it look like, and always fits. */
static void put_message_and_fields(struct output *output, const struct log_record *record)
{
    size_t room = sizeof(" event=") - 1 + strlen(record->event);

    output->size -= room;
    if (record->service) {
        put_escaped(output, record->service);
        put_plain(output, ": ");
    }
    put_escaped(output, record->message);
    for (size_t i = 0; i < record->field_count; i++) {
        put_plain(output, " ");
        put_plain(output, record->fields[i].name);
        put_plain(output, "=");
        if (text_needs_quotes(record->fields[i].text))
            put_quoted(output, record->fields[i].text);
        else
            put_escaped(output, record->fields[i].text);
    }
    output->size += room;
    put_plain(output, " event=");
    put_plain(output, record->event);
}

static void put_text(struct output *output, const struct log_record *record)
{
    char stamp[CLOCK_STAMP_SIZE];

    clock_stamp(stamp);
    put(output, "%s %s ", stamp, log_level_names[record->level]);
    put_message_and_fields(output, record);
}

/* Strings are escaped first: JSON has no way to say a byte that isn't UTF-8. */
static int set_json(json_t *object, const char *name, const char *text, bool number)
{
    char escaped[LOG_LINE_MAX];
    uint64_t value = number ? strtoull(text, NULL, 10) : 0;

    if (number && value <= INT64_MAX) /* JSON's integers are jansson's: larger ones stay text */
        return json_object_set_new(object, name, json_integer((json_int_t)value));
    text_escape(text, strlen(text), escaped, sizeof(escaped));
    return json_object_set_new(object, name, json_string(escaped));
}

static void put_json(struct output *output, const struct log_record *record)
{
    json_t *object = json_object();
    char stamp[CLOCK_STAMP_SIZE];
    size_t length = 0;
    int failed = 0;

    clock_stamp(stamp);
    failed |= set_json(object, "time", stamp, false);
    failed |= set_json(object, "level", log_level_names[record->level], false);
    if (record->service)
        failed |= set_json(object, "service", record->service, false);
    failed |= set_json(object, "message", record->message, false);
    for (size_t i = 0; i < record->field_count; i++)
        failed |= set_json(object, record->fields[i].name, record->fields[i].text,
                           record->fields[i].number);
    failed |= set_json(object, "event", record->event, false);
    if (!failed)
        length = json_dumpb(object, output->text + output->length, output->size - output->length,
                            JSON_COMPACT);
    json_decref(object);
    if (length > 0 && length < output->size - output->length)
        output->length += length;
    else /* no memory, or longer than a line may be: half an object would be worse */
        put(output,
            "{\"level\":\"%s\",\"message\":\"a message that was too long\",\"event\":\"%s\"}",
            log_level_names[record->level], record->event);
}

/* "NAME=value\n" as a whole, or nothing where it doesn't fit: half a field would be another one. */
static void put_journal_field(struct output *output, const struct log_field *field)
{
    size_t before = output->length;

    put(output, "STDINETD_");
    for (const char *name = field->name; *name != '\0'; name++)
        put(output, "%c", toupper((unsigned char)*name));
    put(output, "=");
    put_escaped(output, field->text);
    put(output, "\n");
    /* A character that doesn't fit whole is left out, so that nearly full is full. */
    if (output->size - output->length < 8)
        output->length = before;
}

static void put_journal(struct output *output, const struct log_record *record)
{
    struct output message;

    put(output, "PRIORITY=%d\nSYSLOG_IDENTIFIER=stdinetd\n", level_priorities[record->level]);
    if (record->service)
        put_journal_field(output, &(struct log_field){"service", record->service, false});
    put_journal_field(output, &(struct log_field){"event", record->event, false});
    put(output, "MESSAGE=");
    /* The message may take all but the room for its line end. */
    message = *output;
    message.size -= 1;
    put_message_and_fields(&message, record);
    output->length = message.length;
    put(output, "\n");
    for (size_t i = 0; i < record->field_count; i++)
        put_journal_field(output, &record->fields[i]);
}

size_t log_format_record(const struct log_record *record, enum log_sink sink,
                         enum log_format format, char *text, size_t size)
{
    struct output output = {.text = text, .size = size};
    char stamp[CLOCK_STAMP_SIZE];

    if (sink == LOG_SINK_JOURNAL) {
        put_journal(&output, record);
        return output.length;
    }
    if (sink == LOG_SINK_SYSLOG) {
        clock_stamp_syslog(stamp);
        put(&output, "<%d>%s stdinetd[%d]: ", LOG_DAEMON | level_priorities[record->level], stamp,
            (int)getpid());
    }
    if (format == LOG_FORMAT_JSON)
        put_json(&output, record);
    else if (sink == LOG_SINK_SYSLOG)
        put_message_and_fields(&output, record);
    else
        put_text(&output, record);
    return output.length;
}

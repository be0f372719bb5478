/* log: see log.h.
 *
 * The buffer is a plain array: bytes are added at its end, written from its start, and moved to the
 * front when the end is reached. Each record ends in '\n' for a stream or in NUL for datagrams;
 * neither occurs inside one, since text is escaped.
 */
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_format.h"
#include "base/log_recent.h"
#include "base/log_sink.h"

/* Room for about 1,500 lines: a second of a busy server, and small beside its handlers. */
#define BUFFER_SIZE ((size_t)256 * 1024)

/* Not allocated, so that a lack of memory can be said; pages that nobody touches cost nothing. */
static char log_buffer[BUFFER_SIZE];

const char *const log_format_names[] = {"text", "json", NULL};

static struct {
    struct log_sink_state sink;
    enum log_format format;
    enum log_level level;
    bool opened;
    bool buffered;
    bool inside;         /* what was written last is the beginning of a line */
    bool torn;           /* and its rest was dropped */
    uint64_t lost;       /* not yet said */
    uint64_t lost_total; /* since the start */
    size_t start, end;   /* of what waits in log_buffer */
} log_state = {.sink = {.fd = STDERR_FILENO}, .level = LOG_LEVEL_INFO};

static void count_lost(void)
{
    log_state.lost++;
    log_state.lost_total++;
}

bool log_wants(enum log_level level)
{
    return level <= log_state.level;
}

uint64_t log_lost_total(void)
{
    return log_state.lost_total;
}

void log_set_buffered(bool buffered)
{
    log_state.buffered = buffered;
}

/* Makes room for size bytes at the end; false where there is none. */
static bool make_room(size_t size)
{
    if (BUFFER_SIZE - log_state.end >= size)
        return true;
    /* Moving is worth it only when much of the array is free again: else a full buffer would be
     * moved for each line. */
    if (log_state.start < BUFFER_SIZE / 4)
        return false;
    memmove(log_buffer, log_buffer + log_state.start, log_state.end - log_state.start);
    log_state.end -= log_state.start;
    log_state.start = 0;
    return BUFFER_SIZE - log_state.end >= size;
}

/* Formats record into the buffer; false where there is no room for it. */
static bool enqueue(const struct log_record *record)
{
    char *text;
    size_t length;

    if (!make_room(LOG_LINE_MAX))
        return false;
    text = log_buffer + log_state.end;
    length =
        log_format_record(record, log_state.sink.kind, log_state.format, text, LOG_LINE_MAX - 1);
    text[length] = log_sink_is_datagram(&log_state.sink) ? '\0' : '\n';
    log_state.end += length + 1;
    return true;
}

static uint64_t count_waiting(void)
{
    char end = log_sink_is_datagram(&log_state.sink) ? '\0' : '\n';
    uint64_t count = 0;

    for (size_t i = log_state.start; i < log_state.end; i++)
        count += log_buffer[i] == end;
    return count;
}

static void drop_all(void)
{
    uint64_t count = count_waiting();

    log_state.lost += count;
    log_state.lost_total += count;
    log_state.start = log_state.end = 0;
}

void log_leave(uint64_t *ret_unsaid, uint64_t *ret_total)
{
    uint64_t waiting = count_waiting();

    *ret_unsaid = log_state.lost + waiting;
    *ret_total = log_state.lost_total + waiting;
}

void log_resume(uint64_t unsaid, uint64_t total)
{
    log_state.lost += unsaid;
    log_state.lost_total += total;
}

/* How many bytes the next write takes: one datagram, or whole lines up to PIPE_BUF, which a pipe
 * takes at once or not at all, so that nobody else's line comes between. */
static size_t next_write_size(void)
{
    const char *start = log_buffer + log_state.start;
    size_t waiting = log_state.end - log_state.start;
    const char *newline;

    if (log_sink_is_datagram(&log_state.sink))
        return strlen(start);
    if (waiting <= PIPE_BUF)
        return waiting;
    newline = memrchr(start, '\n', PIPE_BUF);
    if (!newline)
        newline = memchr(start, '\n', waiting);
    return newline ? (size_t)(newline - start) + 1 : waiting;
}

/* Writes what comes next. A line whose rest was dropped is ended before, so that the next one
 * stands for itself. */
static long write_some(size_t size)
{
    long written = log_state.torn ? log_sink_write(&log_state.sink, "\n", 1) : 0;

    if (written < 0)
        return written;
    log_state.torn = false;
    written = log_sink_write(&log_state.sink, log_buffer + log_state.start, size);
    if (written > 0 && !log_sink_is_datagram(&log_state.sink))
        log_state.inside = log_buffer[log_state.start + (size_t)written - 1] != '\n';
    return written;
}

/* Writes until nothing waits (true) or the sink takes no more (false). */
static bool drain(void)
{
    while (log_state.start < log_state.end) {
        size_t size = next_write_size();
        long written = write_some(size);

        if (written == -EAGAIN)
            return false;
        if (written == -EMSGSIZE) { /* this record only */
            count_lost();
            written = (long)size;
        }
        if (written < 0) {
            /* Nobody will ever read these: a full disk, a closed pipe. */
            drop_all();
            log_state.torn = log_state.torn || log_state.inside;
            log_state.inside = false;
            break;
        }
        log_state.start += (size_t)written;
        if (log_sink_is_datagram(&log_state.sink))
            log_state.start++; /* the NUL */
    }
    log_state.start = log_state.end = 0;
    return true;
}

static void enqueue_lost(void)
{
    struct log_record record;
    char message[64];

    if (log_state.lost == 0 || BUFFER_SIZE - log_state.end < BUFFER_SIZE / 4)
        return;
    snprintf(message, sizeof(message), "%" PRIu64 " messages lost", log_state.lost);
    log_record_begin(&record, LOG_LEVEL_WARNING, NULL, message);
    log_record_event(&record, LOG_EVENT_LOST);
    if (enqueue(&record))
        log_state.lost = 0;
}

bool log_flush(void)
{
    uint64_t lost = log_state.lost;
    bool waited = log_state.start < log_state.end;
    bool drained;

    drained = drain();
    /* Said only after a write that worked; else a dead sink would count its own obituaries, and
     * forget what it should tell of. */
    if (drained && waited && lost == log_state.lost && lost > 0) {
        enqueue_lost();
        drained = drain();
    }
    return !drained;
}

void log_record_emit(struct log_record *record)
{
    log_recent_keep(record);
    if (!log_wants(record->level))
        return;
    if (!enqueue(record)) {
        count_lost();
        return;
    }
    if (!log_state.buffered)
        log_flush();
}

static void install(const struct log_sink_state *sink)
{
    if (log_state.sink.kind != sink->kind &&
        (log_sink_is_datagram(&log_state.sink) || log_sink_is_datagram(sink))) {
        log_flush();
        drop_all(); /* lines for one of them mean nothing to the other */
    }
    if (log_state.opened)
        log_sink_close(&log_state.sink);
    log_state.sink = *sink;
    log_state.inside = log_state.torn = false; /* that line is in the other one */
    log_state.opened = true;
}

int log_open(const struct log_settings *settings)
{
    struct log_sink_state sink;
    int error = log_sink_open(settings, &sink);

    if (error < 0)
        return error;
    install(&sink);
    log_state.format = settings->format;
    log_state.level = settings->level;
    return 0;
}

int log_reopen(void)
{
    struct log_settings settings = {.sink = log_state.sink.kind, .path = log_state.sink.path};
    struct log_sink_state sink;
    int error;

    if (settings.sink != LOG_SINK_FILE)
        return 0;
    error = log_sink_open(&settings, &sink);
    if (error == 0)
        install(&sink);
    return error;
}

void log_close(int milliseconds)
{
    nanoseconds end = clock_now() + (nanoseconds)milliseconds * CLOCK_MILLISECOND;

    while (log_flush() && clock_now() < end) {
        struct pollfd poller = {.fd = log_state.sink.fd, .events = POLLOUT};

        poll(&poller, 1, LOG_RETRY);
    }
    if (log_state.opened)
        log_sink_close(&log_state.sink);
    log_state.start = log_state.end = 0;
    log_state.opened = log_state.buffered = false;
    log_state.sink = (struct log_sink_state){.fd = STDERR_FILENO};
}

void log_record_begin(struct log_record *record, enum log_level level, const char *service,
                      const char *message)
{
    /* The scratch is left as it is: clearing it would cost more than the rest. */
    record->level = level;
    record->service = service;
    record->message = message;
    record->event = level <= LOG_LEVEL_WARNING ? LOG_EVENT_WARNING : LOG_EVENT_INFO;
    record->field_count = 0;
    record->scratch_used = 0;
}

void log_record_event(struct log_record *record, const char *event)
{
    record->event = event;
}

static void add_field(struct log_record *record, const char *name, const char *text, bool number)
{
    if (record->field_count < LOG_FIELDS_MAX)
        record->fields[record->field_count++] = (struct log_field){name, text, number};
}

void log_record_text(struct log_record *record, const char *name, const char *text)
{
    add_field(record, name, text, false);
}

/* Formats into the scratch; NULL when it doesn't fit. */
__attribute__((format(printf, 2, 0))) static const char *format_scratch(struct log_record *record,
                                                                        const char *format,
                                                                        va_list arguments)
{
    char *text = record->scratch + record->scratch_used;
    size_t room = sizeof(record->scratch) - record->scratch_used;
    int length = vsnprintf(text, room, format, arguments);

    if (length < 0 || (size_t)length >= room)
        return NULL;
    record->scratch_used += (size_t)length + 1;
    return text;
}

void log_record_format(struct log_record *record, const char *name, const char *format, ...)
{
    const char *text;
    va_list arguments;

    va_start(arguments, format);
    text = format_scratch(record, format, arguments);
    va_end(arguments);
    if (text)
        add_field(record, name, text, false);
}

void log_record_number(struct log_record *record, const char *name, uint64_t number)
{
    size_t before = record->field_count;

    log_record_format(record, name, "%" PRIu64, number);
    if (record->field_count > before)
        record->fields[before].number = true;
}

void log_message_event(enum log_level level, const char *event, const char *format,
                       va_list arguments)
{
    struct log_record record;
    char message[LOG_MESSAGE_MAX];

    if (!log_wants(level) && level > LOG_LEVEL_NOTICE /* log_recent wants those */)
        return;
    vsnprintf(message, sizeof(message), format, arguments);
    log_record_begin(&record, level, NULL, message);
    if (event)
        log_record_event(&record, event);
    log_record_emit(&record);
}

void log_message(enum log_level level, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_message_event(level, NULL, format, arguments);
    va_end(arguments);
}

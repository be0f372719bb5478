/* log: one line an event, to one sink, without ever making the caller wait.
 *
 * A record is a message with named fields; the format (text or JSON) and the sink (stderr, a file,
 * syslog, the journal) are chosen once. Lines go into a bounded buffer and from there, several at a
 * time, into the sink by writes that don't block. What doesn't fit is counted, and the count is
 * said when there is room again ("312 messages lost"). With a sink that stalls for ever, we serve
 * on. Bytes that come from strangers are escaped here, so callers pass them as they are.
 *
 * This module owns the only mutable globals of the project. It must not be used in a started
 * child: that one shares our memory with the clone engine.
 */
#ifndef STDINETD_BASE_LOG_H
#define STDINETD_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_NOTICE,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG
};

enum log_sink { LOG_SINK_STDERR, LOG_SINK_SYSLOG, LOG_SINK_JOURNAL, LOG_SINK_FILE };

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* The names of the levels and formats in the order of their enums, NULL-terminated. */
extern const char *const log_level_names[];
extern const char *const log_format_names[];

struct log_settings {
    enum log_sink sink;
    const char *path; /* of LOG_SINK_FILE; copied */
    enum log_format format;
    enum log_level level;
};

/* Switches to these settings; lines that wait go to the new sink. A file is opened here and its
 * error returned as -errno, with everything left as it was; a syslog or journal that isn't there is
 * no error: it is tried again each second. Until the first call lines go to stderr. */
int log_open(const struct log_settings *settings);

/* Opens a log file anew under its name (after a rotation). 0 or -errno: then the old one goes on.
 */
int log_reopen(void);

/* Writes what waits, as much as the sink takes now. Returns whether something still waits: then
 * call again after LOG_RETRY milliseconds. */
bool log_flush(void);
#define LOG_RETRY 20

/* Flushes for at most this many milliseconds, then closes the sink and frees everything. */
void log_close(int milliseconds);

/* Whether lines wait for a flush (true for a server, which flushes once a turn) or go out at once
 * (false, the beginning). */
void log_set_buffered(bool buffered);

/* Whether a record of this level would be shown: to save the work of making it. */
bool log_wants(enum log_level level);

/* Records of this level and up that found no room, since the start. */
uint64_t log_lost_total(void);

/* For a program that takes this one's place in its process, where lines that wait are lost: how
 * many will have been then, and how many of them nobody has been told of; there it goes on
 * counting. */
void log_leave(uint64_t *ret_unsaid, uint64_t *ret_total);
void log_resume(uint64_t unsaid, uint64_t total);

#define LOG_FIELDS_MAX  20
#define LOG_SCRATCH     1536
#define LOG_MESSAGE_MAX 2048 /* bytes of a message before escaping; the rest is cut */

/* What a line is, in a word that programs match and that never changes: its last field. A line that
 * nobody names is one of the first two, by its level. */
#define LOG_EVENT_WARNING "warning" /* and errors */
#define LOG_EVENT_INFO    "info"
#define LOG_EVENT_LOST    "lost" /* messages that found no room */

struct log_field {
    const char *name; /* lower case, letters and '_'; a constant */
    const char *text;
    bool number;
};

/* On the caller's stack; strings given by pointer must live until log_record_emit. */
struct log_record {
    enum log_level level;
    const char *service; /* NULL: the daemon itself */
    const char *message;
    const char *event; /* lower case, letters and '-'; a constant */
    struct log_field fields[LOG_FIELDS_MAX];
    size_t field_count;
    char scratch[LOG_SCRATCH];
    size_t scratch_used;
};

void log_record_begin(struct log_record *record, enum log_level level, const char *service,
                      const char *message);
/* Names what the line is. */
void log_record_event(struct log_record *record, const char *event);
/* A field over LOG_FIELDS_MAX or LOG_SCRATCH is left out. */
void log_record_text(struct log_record *record, const char *name, const char *text);
void log_record_number(struct log_record *record, const char *name, uint64_t number);
void log_record_format(struct log_record *record, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void log_record_emit(struct log_record *record);

/* A message without fields; and one that is this event (NULL: by its level). */
void log_message(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void log_message_event(enum log_level level, const char *event, const char *format,
                       va_list arguments) __attribute__((format(printf, 3, 0)));

#define log_error(...)   log_message(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)  log_message(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)    log_message(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_message(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif

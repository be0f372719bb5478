/* log_format: a record as the bytes that a sink wants. Pure; only log.c uses it. */
#ifndef STDINETD_BASE_LOG_FORMAT_H
#define STDINETD_BASE_LOG_FORMAT_H

#include <stddef.h>

#include "base/log.h"

/* The longest line: what is longer is cut. 8 KiB is what syslog daemons take by default. */
#define LOG_LINE_MAX 8192

/* Writes record into text (size bytes) for that kind of sink, without '\n' or NUL inside it (the
 * journal's fields excepted, which are separated by '\n'). Returns its length, below size. */
size_t log_format_record(const struct log_record *record, enum log_sink sink,
                         enum log_format format, char *text, size_t size);

#endif

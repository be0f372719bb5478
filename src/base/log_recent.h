/* log_recent: the last lines of the log from notice up, kept for somebody who looks at a status
 * rather than at a log. Whatever log-level says, and wherever the log goes.
 *
 * Bounded: LOG_RECENT lines, each cut at LOG_RECENT_LINE. Filled by log.c, read by serve.
 */
#ifndef STDINETD_BASE_LOG_RECENT_H
#define STDINETD_BASE_LOG_RECENT_H

#include <stddef.h>

#include "base/log.h"

#define LOG_RECENT      64
#define LOG_RECENT_LINE 320

/* Keeps record, if it is important enough. */
void log_recent_keep(const struct log_record *record);

/* The line that is age lines old (0: the last one) as the log has it as text, escaped UTF-8; NULL
 * where there is none. */
const char *log_recent(size_t age);

/* Puts a line behind the others that an earlier daemon of this process had kept. */
void log_recent_resume(const char *line);

#endif

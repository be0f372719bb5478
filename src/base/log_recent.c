/* log_recent: see log_recent.h. */
#include "base/log_recent.h"

#include <stdint.h>
#include <string.h>

#include "base/log_format.h"
#include "base/text.h"

static struct {
    char lines[LOG_RECENT][LOG_RECENT_LINE];
    uint64_t count; /* since the start; the next one's place */
} recent;

/* The longest beginning of text that ends with a whole character and fits. */
static size_t fit(const char *text, size_t length)
{
    size_t most = length < LOG_RECENT_LINE ? length : LOG_RECENT_LINE - 1;

    return text_utf8_check(text, most);
}

static void keep(const char *line, size_t length)
{
    char *place = recent.lines[recent.count++ % LOG_RECENT];

    length = fit(line, length);
    memcpy(place, line, length);
    place[length] = '\0';
}

void log_recent_keep(const struct log_record *record)
{
    char line[LOG_LINE_MAX + 1];
    size_t length;

    if (record->level > LOG_LEVEL_NOTICE)
        return;
    length = log_format_record(record, LOG_SINK_STDERR, LOG_FORMAT_TEXT, line, sizeof(line));
    keep(line, length);
}

void log_recent_resume(const char *line)
{
    keep(line, strlen(line));
}

const char *log_recent(size_t age)
{
    if (age >= LOG_RECENT || age >= recent.count)
        return NULL;
    return recent.lines[(recent.count - 1 - age) % LOG_RECENT];
}

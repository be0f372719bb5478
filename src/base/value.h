/* value: the texts of numbers and words, and what they mean.
 *
 * Strict on purpose: the whole text must be the value. A configuration that says "10x" is wrong,
 * not ten. Each parser has the formatter that gives back a text which parses to the same value.
 * Parsers return 0, -EINVAL (not such a value) or -ERANGE (too large to hold), and write ret_…
 * only on success. Nothing here knows an option or a service.
 */
#ifndef STDINETD_BASE_VALUE_H
#define STDINETD_BASE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"

#define VALUE_TEXT_SIZE 32

/* yes/no, true/false, on/off, 1/0, in any case. */
int value_parse_bool(const char *text, bool *ret);

/* Digits only: no sign, no space, no hexadecimal. */
int value_parse_count(const char *text, uint64_t *ret);

/* Digits with or without '-' before them, within minimum and maximum. */
int value_parse_integer(const char *text, long minimum, long maximum, long *ret);

/* "500ms", "10s", "5m", "1h", "2d"; a bare number is seconds. */
int value_parse_duration(const char *text, nanoseconds *ret);
void value_format_duration(nanoseconds value, char text[static VALUE_TEXT_SIZE]);

/* "64K", "1M", "2G" (of 1024), a bare number of bytes, or "unlimited", which is UINT64_MAX. */
int value_parse_size(const char *text, uint64_t *ret);
void value_format_size(uint64_t value, char text[static VALUE_TEXT_SIZE]);

/* An octal mode as 022 or 0666; at most 07777. */
int value_parse_mode(const char *text, unsigned *ret);

/* How words are split. */
enum value_split {
    VALUE_SPLIT_COMMAND, /* white space between words */
    VALUE_SPLIT_LIST,    /* white space or commas between words */
};

struct value_words {
    char **items; /* NULL-terminated */
    size_t count;
};

/* Splits text into words. Quotes group: in '…' everything is literal, in "…" a backslash takes the
 * next character literally, and so it does outside. Nothing is expanded; there is no shell. The
 * words live in arena. Returns 0, -EINVAL (a quote that isn't closed or a backslash at the end) or
 * -ENOMEM. */
int value_split_words(struct arena *arena, const char *text, enum value_split split,
                      struct value_words *ret);

/* Writes word so that value_split_words reads it back as one word, quoted where it must be; as much
 * as fits into size. Returns the length it would have, as snprintf does. */
size_t value_quote_word(const char *word, char *text, size_t size);

#endif

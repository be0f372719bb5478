/* value: a value of another super-server's configuration, checked, as a key of ours.
 *
 * Each returns false where the text is no such value. Then nothing is set, and it is the caller's
 * to say so.
 */
#ifndef STDINETD_IMPORT_VALUE_H
#define STDINETD_IMPORT_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "import/import.h"

/* Bounds of ours: stdinetd.ini(5). */
#define IMPORT_COUNT_MAX    10000000
#define IMPORT_RATE_MAX     1000000
#define IMPORT_NAME_MAX     50
#define IMPORT_TEXT_MAX     1024 /* of refuse-message */
#define IMPORT_NICE_LEAST   (-20)
#define IMPORT_NICE_HIGHEST 19

/* A whole number; one that is larger than ours may be is no bound, which is 0. */
bool import_parse_count(struct import *import, const char *text, const char **ret);

/* Starts in a time; 0 and what is larger than ours may be is none: *ret is NULL. */
bool import_parse_rate(struct import *import, const char *text, const char *period,
                       const char **ret);

/* Bytes, with k or m behind them, in either case; brought within minimum and maximum. */
bool import_parse_size(struct import *import, const char *text, uint64_t minimum, uint64_t maximum,
                       const char **ret);

/* Whether it may be the name of a user, a group or a service, as far as it can be written. */
bool import_is_name(const char *text);

/* Adds "NAME=value" (separator '=') or "NAME" ('\0') to words; one of that name goes. */
bool import_add_variable(struct import *import, struct value_words *words, const char *text,
                         char separator);
/* Takes what has that name out of words. */
void import_remove_variable(struct value_words *words, const char *name);

/* Bytes that a client is to be sent, as refuse-message takes them. */
bool import_parse_message(struct import *import, const char *bytes, size_t length,
                          const char **ret);

#endif

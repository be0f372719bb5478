/* value: see value.h. Called by config's codecs and by command lines. */
#include "base/value.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

int value_parse_bool(const char *text, bool *ret)
{
    static const char *const words[2][4] = {{"no", "false", "off", "0"},
                                            {"yes", "true", "on", "1"}};

    for (unsigned truth = 0; truth < 2; truth++)
        for (unsigned i = 0; i < 4; i++)
            if (strcasecmp(text, words[truth][i]) == 0) {
                *ret = truth;
                return 0;
            }
    return -EINVAL;
}

/* The number that the first length bytes of text are, all of them digits. */
static int parse_digits(const char *text, size_t length, unsigned base, uint64_t *ret)
{
    uint64_t value = 0;

    if (length == 0)
        return -EINVAL;
    for (size_t i = 0; i < length; i++)
        if (text[i] < '0' || text[i] >= (char)('0' + base))
            return -EINVAL;
    for (size_t i = 0; i < length; i++)
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
            return -ERANGE;
    *ret = value;
    return 0;
}

int value_parse_count(const char *text, uint64_t *ret)
{
    return parse_digits(text, strlen(text), 10, ret);
}

int value_parse_integer(const char *text, long minimum, long maximum, long *ret)
{
    bool negative = text[0] == '-';
    uint64_t digits;
    long value;
    int error = value_parse_count(text + negative, &digits);

    if (error < 0)
        return error;
    if (digits > LONG_MAX)
        return -ERANGE;
    value = negative ? -(long)digits : (long)digits;
    if (value < minimum || value > maximum)
        return -ERANGE;
    *ret = value;
    return 0;
}

static const struct {
    char name[4];
    nanoseconds length;
} duration_units[] = {
    {"d", 86400 * CLOCK_SECOND}, {"h", 3600 * CLOCK_SECOND}, {"m", 60 * CLOCK_SECOND},
    {"s", CLOCK_SECOND},         {"ms", CLOCK_MILLISECOND},
};

#define DURATION_UNITS (sizeof(duration_units) / sizeof(duration_units[0]))

int value_parse_duration(const char *text, nanoseconds *ret)
{
    size_t digits = strspn(text, "0123456789");
    nanoseconds unit = text[digits] == '\0' ? CLOCK_SECOND : 0;
    uint64_t value;
    int error;

    for (size_t i = 0; i < DURATION_UNITS; i++)
        if (strcmp(text + digits, duration_units[i].name) == 0)
            unit = duration_units[i].length;
    if (unit == 0)
        return -EINVAL;
    error = parse_digits(text, digits, 10, &value);
    if (error < 0)
        return error;
    if (__builtin_mul_overflow(value, unit, &value))
        return -ERANGE;
    *ret = value;
    return 0;
}

void value_format_duration(nanoseconds value, char text[static VALUE_TEXT_SIZE])
{
    for (size_t i = 0; value > 0 && i < DURATION_UNITS; i++)
        if (value % duration_units[i].length == 0) {
            snprintf(text, VALUE_TEXT_SIZE, "%" PRIu64 "%s", value / duration_units[i].length,
                     duration_units[i].name);
            return;
        }
    snprintf(text, VALUE_TEXT_SIZE, "%" PRIu64 "ms", value / CLOCK_MILLISECOND);
}

static const struct {
    char name;
    unsigned shift;
} size_units[] = {{'G', 30}, {'M', 20}, {'K', 10}, {'\0', 0}};

#define SIZE_UNITS (sizeof(size_units) / sizeof(size_units[0]))

int value_parse_size(const char *text, uint64_t *ret)
{
    size_t digits = strspn(text, "0123456789");
    uint64_t value;
    int error;

    if (strcmp(text, "unlimited") == 0) {
        *ret = UINT64_MAX;
        return 0;
    }
    for (size_t i = 0; i < SIZE_UNITS; i++) {
        if (text[digits] != size_units[i].name ||
            (text[digits] != '\0' && text[digits + 1] != '\0'))
            continue;
        error = parse_digits(text, digits, 10, &value);
        if (error < 0)
            return error;
        /* The largest number means unlimited, and nothing else. */
        if (value >= UINT64_MAX >> size_units[i].shift)
            return -ERANGE;
        *ret = value << size_units[i].shift;
        return 0;
    }
    return -EINVAL;
}

void value_format_size(uint64_t value, char text[static VALUE_TEXT_SIZE])
{
    size_t unit = 0;

    if (value == UINT64_MAX) {
        snprintf(text, VALUE_TEXT_SIZE, "unlimited");
        return;
    }
    while (size_units[unit].shift > 0 &&
           (value == 0 || value % ((uint64_t)1 << size_units[unit].shift) != 0))
        unit++;
    snprintf(text, VALUE_TEXT_SIZE, "%" PRIu64 "%.1s", value >> size_units[unit].shift,
             &size_units[unit].name);
}

int value_parse_mode(const char *text, unsigned *ret)
{
    uint64_t value;
    int error = parse_digits(text, strlen(text), 8, &value);

    if (error < 0)
        return error;
    if (value > 07777)
        return -ERANGE;
    *ret = (unsigned)value;
    return 0;
}

static bool is_separator(char character, enum value_split split)
{
    return isspace((unsigned char)character) || (split == VALUE_SPLIT_LIST && character == ',');
}

/* Reads one word from *text into word (which has room for all of it); *text moves behind it. */
static int take_word(const char **text, enum value_split split, char *word)
{
    const char *at = *text;
    char quote = '\0';

    for (; *at != '\0' && (quote || !is_separator(*at, split)); at++) {
        if (*at == quote) {
            quote = '\0';
        } else if (!quote && (*at == '\'' || *at == '"')) {
            quote = *at;
        } else if (*at == '\\' && quote != '\'') {
            at++;
            if (*at == '\0')
                return -EINVAL;
            *word++ = *at;
        } else {
            *word++ = *at;
        }
    }
    if (quote)
        return -EINVAL;
    *word = '\0';
    *text = at;
    return 0;
}

int value_split_words(struct arena *arena, const char *text, enum value_split split,
                      struct value_words *ret)
{
    size_t length = strlen(text);
    /* Words are no longer than the text and at least every second byte separates two of them. */
    char *bytes = arena_allocate(arena, length + 2);
    char **items = NULL;
    size_t count = 0, room = 0;

    if (!bytes)
        return -ENOMEM;
    for (;;) {
        int error;

        while (*text != '\0' && is_separator(*text, split))
            text++;
        if (count + 1 >= room) {
            char **larger = arena_allocate_array(arena, room ? room * 2 : 4, sizeof(*items));

            if (!larger)
                return -ENOMEM;
            if (count > 0)
                memcpy(larger, items, count * sizeof(*items));
            items = larger;
            room = room ? room * 2 : 4;
        }
        if (*text == '\0')
            break;
        error = take_word(&text, split, bytes);
        if (error < 0)
            return error;
        items[count++] = bytes;
        bytes += strlen(bytes) + 1;
    }
    items[count] = NULL;
    *ret = (struct value_words){items, count};
    return 0;
}

static void put_character(char *text, size_t size, size_t *length, char character)
{
    if (*length + 1 < size)
        text[*length] = character;
    (*length)++;
}

size_t value_quote_word(const char *word, char *text, size_t size)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./:=+@%^~[]*?{}$!&()<>|";
    bool quoted = word[0] == '\0' || word[strspn(word, plain)] != '\0';
    size_t length = 0;

    if (quoted)
        put_character(text, size, &length, '"');
    for (; *word != '\0'; word++) {
        if (*word == '"' || *word == '\\')
            put_character(text, size, &length, '\\');
        put_character(text, size, &length, *word);
    }
    if (quoted)
        put_character(text, size, &length, '"');
    if (size > 0)
        text[length < size ? length : size - 1] = '\0';
    return length;
}

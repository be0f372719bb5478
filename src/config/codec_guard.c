/* codec_guard: the types of what a service admits by: rates, what one source is, messages,
 * penalties, prefixes. See codec.h and option.h. */
#include "config/codec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/prefix.h"
#include "base/value.h"

/* "20/1s"; a bare count is per second, and 0 alone means no bound. */
static int parse_rate_text(const char *text, struct settings_rate *ret)
{
    const char *slash = strchr(text, '/');
    size_t length = slash ? (size_t)(slash - text) : strlen(text);
    nanoseconds period = CLOCK_SECOND;
    char digits[VALUE_TEXT_SIZE];
    uint64_t count;

    if (length >= sizeof(digits))
        return -EINVAL;
    memcpy(digits, text, length);
    digits[length] = '\0';
    if (value_parse_count(digits, &count) < 0 || count > SETTINGS_RATE_MAX)
        return -EINVAL;
    if (slash && (value_parse_duration(slash + 1, &period) < 0 || period == 0 ||
                  period > SETTINGS_RATE_PERIOD_MAX))
        return -EINVAL;
    *ret = (struct settings_rate){.count = (uint32_t)count, .period = period};
    return 0;
}

static int parse_rate(struct codec_context *context, const struct option *option, const char *text,
                      void *field)
{
    (void)option;
    if (parse_rate_text(text, field) < 0)
        return codec_refuse(
            context,
            "'%.100s' is not N/DURATION such as 20/1s (N at most %d, DURATION at most 365 days)",
            text, SETTINGS_RATE_MAX);
    return 0;
}

static void print_rate(FILE *file, const struct option *option, const void *field)
{
    const struct settings_rate *rate = field;
    char period[VALUE_TEXT_SIZE];

    (void)option;
    value_format_duration(rate->period, period);
    if (rate->count == 0)
        fputs("0", file);
    else
        fprintf(file, "%" PRIu32 "/%s", rate->count, period);
}

const struct codec codec_rate = {"rate", false, sizeof(struct settings_rate), parse_rate,
                                 print_rate};

/* "32/64": prefix lengths for IPv4 and IPv6. */
static int parse_lengths(struct codec_context *context, const struct option *option,
                         const char *text, void *field)
{
    char ipv4[4] = "";
    const char *slash = strchr(text, '/');
    uint64_t one, other;

    (void)option;
    if (slash && (size_t)(slash - text) < sizeof(ipv4))
        memcpy(ipv4, text, (size_t)(slash - text));
    if (!slash || value_parse_count(ipv4, &one) < 0 || value_parse_count(slash + 1, &other) < 0 ||
        one > 32 || other > 128)
        return codec_refuse(context, "'%.100s' is not IPV4/IPV6, prefix lengths such as 32/64",
                            text);
    *(struct settings_lengths *)field = (struct settings_lengths){(uint8_t)one, (uint8_t)other};
    return 0;
}

static void print_lengths(FILE *file, const struct option *option, const void *field)
{
    const struct settings_lengths *lengths = field;

    (void)option;
    fprintf(file, "%u/%u", lengths->ipv4, lengths->ipv6);
}

const struct codec codec_lengths = {"lengths", false, sizeof(struct settings_lengths),
                                    parse_lengths, print_lengths};

/* The character that stands behind a backslash for another; 0 where there is none. */
static char unescape(char escaped)
{
    switch (escaped) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case '\\':
    case '"':
        return escaped;
    default:
        return '\0';
    }
}

/* Writes what text of that length means; NULL, or what is wrong with it. */
static const char *unescape_all(const char *text, size_t length, bool quoted, char *message)
{
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        char byte = text[i];

        if (byte == '"' && quoted)
            return "quotes must enclose the whole text";
        if (byte == '\\' && (++i == length || (byte = unescape(text[i])) == '\0'))
            return "a backslash is allowed before n, r, t, \" or another backslash only";
        message[used++] = byte;
    }
    message[used] = '\0';
    return used > SETTINGS_MESSAGE_MAX ? "a message can have at most 1024 bytes" : NULL;
}

/* Text with or without quotes around it, in which \n, \r, \t, \\ and \" are understood. */
static int parse_message(struct codec_context *context, const struct option *option,
                         const char *text, void *field)
{
    size_t length = strlen(text);
    bool quoted = length >= 2 && text[0] == '"' && text[length - 1] == '"';
    char *message = arena_allocate(context->arena, length + 1);
    const char *problem;

    (void)option;
    if (!message)
        return -ENOMEM;
    problem = quoted ? unescape_all(text + 1, length - 2, true, message)
                     : unescape_all(text, length, false, message);
    if (problem)
        return codec_refuse(context, "%s", problem);
    *(const char **)field = message;
    return 0;
}

static void print_message(FILE *file, const struct option *option, const void *field)
{
    static const char specials[] = "\n\r\t\\\"", letters[] = "nrt\\\"";
    const char *message = *(const char *const *)field;

    (void)option;
    if (!message)
        return;
    fputc('"', file);
    for (; *message != '\0'; message++) {
        const char *special = strchr(specials, *message);

        if (special) {
            fputc('\\', file);
            fputc(letters[special - specials], file);
        } else {
            fputc(*message, file);
        }
    }
    fputc('"', file);
}

const struct codec codec_message = {"message", false, sizeof(const char *), parse_message,
                                    print_message};

static const char *const penalty_names[] = {[PENALTY_CRASH] = "crash",
                                            [PENALTY_TIMEOUT] = "timeout",
                                            [PENALTY_SILENT] = "silent",
                                            [PENALTY_SHORT] = "short"};

#define PENALTY_NAMES (sizeof(penalty_names) / sizeof(penalty_names[0]))

/* "exit.1" or "exit.2-7". */
static int parse_exit(const char *text, struct settings_penalty *ret)
{
    char first[4] = "";
    const char *dash;
    size_t length;
    uint64_t one, other;

    if (strncmp(text, "exit.", 5) != 0)
        return -EINVAL;
    text += 5;
    dash = strchr(text, '-');
    length = dash ? (size_t)(dash - text) : strlen(text);
    if (length >= sizeof(first))
        return -EINVAL;
    memcpy(first, text, length);
    if (value_parse_count(first, &one) < 0 ||
        value_parse_count(dash ? dash + 1 : text, &other) < 0 || one > other || other > 255)
        return -EINVAL;
    ret->kind = PENALTY_EXIT;
    ret->first = (uint8_t)one;
    ret->last = (uint8_t)other;
    return 0;
}

static int parse_outcome(const char *text, struct settings_penalty *ret)
{
    for (uint8_t kind = 0; kind < PENALTY_NAMES; kind++)
        if (strcmp(text, penalty_names[kind]) == 0) {
            ret->kind = kind;
            return 0;
        }
    return parse_exit(text, ret);
}

/* "OUTCOME:DURATION"; text is cut in two. */
static int parse_penalty(struct codec_context *context, char *text, struct settings_penalty *ret)
{
    char *colon = strchr(text, ':');

    *ret = (struct settings_penalty){0};
    if (!colon)
        return codec_refuse(context, "'%.100s' is not OUTCOME:DURATION", text);
    *colon = '\0';
    if (parse_outcome(text, ret) < 0)
        return codec_refuse(
            context, "'%.100s': must be crash, timeout, silent, short, exit.N or exit.N-M", text);
    if (value_parse_duration(colon + 1, &ret->duration) < 0 || ret->duration > SETTINGS_PENALTY_MAX)
        return codec_refuse(context, "'%.100s' is not a duration of at most 365 days", colon + 1);
    return 0;
}

static int parse_penalties(struct codec_context *context, const struct option *option,
                           const char *text, void *field)
{
    struct settings_penalties *penalties = field;
    struct settings_penalty *all;
    struct value_words words;
    int error = value_split_words(context->scratch, text, VALUE_SPLIT_LIST, &words);

    (void)option;
    if (error == -EINVAL)
        return codec_refuse(context, "unclosed quote");
    if (error == 0 && penalties->count + words.count > SETTINGS_PENALTIES)
        return codec_refuse(context, "too many penalties (limit %d)", SETTINGS_PENALTIES);
    if (error < 0 || words.count == 0)
        return error;
    all = arena_allocate_array(context->arena, penalties->count + words.count, sizeof(*all));
    if (!all)
        return -ENOMEM;
    if (penalties->count > 0)
        memcpy(all, penalties->items, penalties->count * sizeof(*all));
    for (size_t i = 0; error == 0 && i < words.count; i++)
        error = parse_penalty(context, words.items[i], &all[penalties->count + i]);
    if (error == 0)
        *penalties = (struct settings_penalties){all, penalties->count + words.count};
    return error;
}

static void print_penalties(FILE *file, const struct option *option, const void *field)
{
    const struct settings_penalties *penalties = field;
    char duration[VALUE_TEXT_SIZE];

    (void)option;
    for (size_t i = 0; i < penalties->count; i++) {
        const struct settings_penalty *penalty = &penalties->items[i];

        value_format_duration(penalty->duration, duration);
        fputs(i > 0 ? " " : "", file);
        if (penalty->kind != PENALTY_EXIT)
            fprintf(file, "%s:%s", penalty_names[penalty->kind], duration);
        else if (penalty->first == penalty->last)
            fprintf(file, "exit.%u:%s", penalty->first, duration);
        else
            fprintf(file, "exit.%u-%u:%s", penalty->first, penalty->last, duration);
    }
}

const struct codec codec_penalties = {"OUTCOME:DURATION list", true,
                                      sizeof(struct settings_penalties), parse_penalties,
                                      print_penalties};

/* An empty list is refused: whoever writes `allow =` hardly means that everybody may come. */
static int parse_prefixes(struct codec_context *context, const struct option *option,
                          const char *text, void *field)
{
    struct settings_prefixes *prefixes = field;
    struct value_words words;
    int error = value_split_words(context->scratch, text, VALUE_SPLIT_LIST, &words);

    (void)option;
    if (error == -EINVAL)
        return codec_refuse(context, "unclosed quote");
    if (error == 0 && words.count == 0)
        return codec_refuse(context, "no address or network given");
    if (error == 0 && prefixes->room - prefixes->count < words.count) {
        struct prefix *grown = codec_grow(context->arena, prefixes->items, prefixes->count,
                                          words.count, &prefixes->room, sizeof(*grown));

        if (!grown)
            return -ENOMEM;
        prefixes->items = grown;
    }
    for (size_t i = 0; error == 0 && i < words.count; i++) {
        const char *problem = NULL;

        if (prefix_parse(words.items[i], &prefixes->items[prefixes->count], &problem) < 0)
            return codec_refuse(context, "'%.100s': %s", words.items[i], problem);
        prefixes->count++;
    }
    return error;
}

static void print_prefixes(FILE *file, const struct option *option, const void *field)
{
    const struct settings_prefixes *prefixes = field;
    char text[PREFIX_TEXT_SIZE]; /* never needs quotes */

    (void)option;
    for (size_t i = 0; i < prefixes->count; i++) {
        prefix_format(&prefixes->items[i], text);
        fprintf(file, "%s%s", i > 0 ? " " : "", text);
    }
}

const struct codec codec_prefixes = {"prefix list", true, sizeof(struct settings_prefixes),
                                     parse_prefixes, print_prefixes};

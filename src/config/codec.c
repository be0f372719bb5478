/* codec: the types that need nothing but their text. See codec.h and option.h. */
#include "config/codec.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/value.h"

int codec_refuse(struct codec_context *context, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(context->message, sizeof(context->message), format, arguments);
    va_end(arguments);
    return -EINVAL;
}

static int parse_bool(struct codec_context *context, const struct option *option, const char *text,
                      void *field)
{
    (void)option;
    if (value_parse_bool(text, field) < 0)
        return codec_refuse(context, "'%.100s': must be yes or no", text);
    return 0;
}

static void print_bool(FILE *file, const struct option *option, const void *field)
{
    (void)option;
    fputs(*(const bool *)field ? "yes" : "no", file);
}

const struct codec codec_bool = {"bool", false, sizeof(bool), parse_bool, print_bool};

/* yes or no, or nothing: then something else decides. */
static int parse_answer(struct codec_context *context, const struct option *option,
                        const char *text, void *field)
{
    bool value = false;
    int error = parse_bool(context, option, text, &value);

    if (error == 0)
        *(struct settings_integer *)field = (struct settings_integer){value, true};
    return error;
}

static void print_answer(FILE *file, const struct option *option, const void *field)
{
    const struct settings_integer *answer = field;

    (void)option;
    if (answer->set)
        fputs(answer->value ? "yes" : "no", file);
}

const struct codec codec_answer = {"bool", false, sizeof(struct settings_integer), parse_answer,
                                   print_answer};

/* A number within the row's bounds; what tells how it is written, for the message. */
static int parse_bounded_count(struct codec_context *context, const struct option *option,
                               const char *text, uint64_t *ret)
{
    uint64_t value;
    int error = value_parse_count(text, &value);

    if (error == -EINVAL)
        return codec_refuse(context, "'%.100s' is not a whole number", text);
    if (error == -ERANGE || value < option->minimum || value > option->maximum)
        return codec_refuse(context, "%.100s: must be from %" PRIu64 " to %" PRIu64, text,
                            option->minimum, option->maximum);
    *ret = value;
    return 0;
}

static int parse_count(struct codec_context *context, const struct option *option, const char *text,
                       void *field)
{
    return parse_bounded_count(context, option, text, field);
}

static void print_count(FILE *file, const struct option *option, const void *field)
{
    (void)option;
    fprintf(file, "%" PRIu64, *(const uint64_t *)field);
}

const struct codec codec_count = {"count", false, sizeof(uint64_t), parse_count, print_count};

static int parse_backlog(struct codec_context *context, const struct option *option,
                         const char *text, void *field)
{
    uint64_t value = 0;
    int error = parse_bounded_count(context, option, text, &value);

    if (error == 0)
        *(uint32_t *)field = (uint32_t)value;
    return error;
}

static void print_backlog(FILE *file, const struct option *option, const void *field)
{
    (void)option;
    fprintf(file, "%" PRIu32, *(const uint32_t *)field);
}

const struct codec codec_backlog = {"count", false, sizeof(uint32_t), parse_backlog, print_backlog};

static int parse_buffer(struct codec_context *context, const struct option *option,
                        const char *text, void *field)
{
    char least[VALUE_TEXT_SIZE], most[VALUE_TEXT_SIZE];
    uint64_t value;
    int error = value_parse_size(text, &value);

    if (error == -EINVAL)
        return codec_refuse(context, "'%.100s' is not a size such as 65536, 64K or 1M", text);
    if (error < 0 || value < option->minimum || value > option->maximum) {
        value_format_size(option->minimum, least);
        value_format_size(option->maximum, most);
        return codec_refuse(context, "%.100s: must be from %s to %s", text, least, most);
    }
    *(uint32_t *)field = (uint32_t)value;
    return 0;
}

static void print_buffer(FILE *file, const struct option *option, const void *field)
{
    char text[VALUE_TEXT_SIZE];

    (void)option;
    if (*(const uint32_t *)field == 0)
        return;
    value_format_size(*(const uint32_t *)field, text);
    fputs(text, file);
}

const struct codec codec_buffer = {"size", false, sizeof(uint32_t), parse_buffer, print_buffer};

static int parse_integer(struct codec_context *context, const struct option *option,
                         const char *text, void *field)
{
    long value = 0, least = (long)option->minimum, most = (long)option->maximum;
    int error = value_parse_integer(text, least, most, &value);

    if (error == -EINVAL)
        return codec_refuse(context, "'%.100s' is not a whole number", text);
    if (error < 0)
        return codec_refuse(context, "%.100s: must be from %ld to %ld", text, least, most);
    *(struct settings_integer *)field = (struct settings_integer){(int16_t)value, true};
    return 0;
}

static void print_integer(FILE *file, const struct option *option, const void *field)
{
    const struct settings_integer *integer = field;

    (void)option;
    if (integer->set)
        fprintf(file, "%d", integer->value);
}

const struct codec codec_integer = {"integer", false, sizeof(struct settings_integer),
                                    parse_integer, print_integer};

/* "SOFT" for both limits, or "SOFT:HARD". */
static int parse_soft_and_hard(const char *text, struct rlimit *ret)
{
    char soft[VALUE_TEXT_SIZE];
    const char *colon = strchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : strlen(text);
    uint64_t one, other;

    if (length >= sizeof(soft))
        return -EINVAL;
    memcpy(soft, text, length);
    soft[length] = '\0';
    if (value_parse_size(soft, &one) < 0 || value_parse_size(colon ? colon + 1 : soft, &other) < 0)
        return -EINVAL;
    *ret = (struct rlimit){one, other};
    return 0;
}

/* All limits of a service stand in one field, which services share with [defaults] until one of
 * them says something of its own: then it gets a copy. So nothing clears the field before. */
static int parse_rlimit(struct codec_context *context, const struct option *option,
                        const char *text, void *field)
{
    struct settings_rlimits **rlimits = field, *copy;
    struct rlimit value;

    if (parse_soft_and_hard(text, &value) < 0)
        return codec_refuse(
            context, "'%.100s' is not SOFT or SOFT:HARD, each as 100, 64K or unlimited", text);
    if (value.rlim_cur > value.rlim_max)
        return codec_refuse(context, "%.100s: the soft limit is above the hard one", text);
    copy = arena_allocate(context->arena, sizeof(*copy));
    if (!copy)
        return -ENOMEM;
    if (*rlimits)
        *copy = **rlimits;
    copy->set[option->resource] = true;
    copy->values[option->resource] = value;
    *rlimits = copy;
    return 0;
}

static void print_rlimit(FILE *file, const struct option *option, const void *field)
{
    const struct settings_rlimits *rlimits = *(struct settings_rlimits *const *)field;
    char soft[VALUE_TEXT_SIZE], hard[VALUE_TEXT_SIZE];

    if (!rlimits || !rlimits->set[option->resource])
        return;
    value_format_size(rlimits->values[option->resource].rlim_cur, soft);
    value_format_size(rlimits->values[option->resource].rlim_max, hard);
    fprintf(file, "%s:%s", soft, hard);
}

const struct codec codec_rlimit = {"limit", false, 0, parse_rlimit, print_rlimit};

static int parse_duration(struct codec_context *context, const struct option *option,
                          const char *text, void *field)
{
    char least[VALUE_TEXT_SIZE], most[VALUE_TEXT_SIZE];
    nanoseconds value;
    int error = value_parse_duration(text, &value);

    if (error == -EINVAL)
        return codec_refuse(context, "'%.100s' is not a duration such as 500ms, 10s, 5m, 1h or 2d",
                            text);
    if (error == -ERANGE || value < option->minimum || value > option->maximum) {
        value_format_duration(option->minimum, least);
        value_format_duration(option->maximum, most);
        return codec_refuse(context, "%.100s: must be from %s to %s", text, least, most);
    }
    *(nanoseconds *)field = value;
    return 0;
}

static void print_duration(FILE *file, const struct option *option, const void *field)
{
    char text[VALUE_TEXT_SIZE];

    (void)option;
    value_format_duration(*(const nanoseconds *)field, text);
    fputs(text, file);
}

const struct codec codec_duration = {"duration", false, sizeof(nanoseconds), parse_duration,
                                     print_duration};

/* Which of choices text is. */
static int find_choice(struct codec_context *context, const struct option *option, const char *text,
                       unsigned *ret)
{
    char words[128] = "";

    for (unsigned i = 0; option->choices[i]; i++)
        if (strcmp(text, option->choices[i]) == 0) {
            *ret = i;
            return 0;
        }
    for (unsigned i = 0; option->choices[i]; i++) {
        size_t used = strlen(words);

        snprintf(words + used, sizeof(words) - used, "%s%s",
                 i == 0                   ? ""
                 : option->choices[i + 1] ? ", "
                                          : " or ",
                 option->choices[i]);
    }
    return codec_refuse(context, "'%.100s': must be %s", text, words);
}

static int parse_choice(struct codec_context *context, const struct option *option,
                        const char *text, void *field)
{
    if (option->former && strcmp(text, option->former) == 0) {
        snprintf(context->warning, sizeof(context->warning), "%s is treated as %s: %s", text,
                 option->fallback, option->former_note);
        text = option->fallback;
    }
    return find_choice(context, option, text, field);
}

static void print_choice(FILE *file, const struct option *option, const void *field)
{
    fputs(option->choices[*(const unsigned *)field], file);
}

const struct codec codec_choice = {"choice", false, sizeof(unsigned), parse_choice, print_choice};

static int parse_mode(struct codec_context *context, const struct option *option, const char *text,
                      void *field)
{
    unsigned value;

    if (value_parse_mode(text, &value) < 0 || value > option->maximum)
        return codec_refuse(context, "'%.100s' is not an octal mode up to %04o", text,
                            (unsigned)option->maximum);
    *(unsigned *)field = value;
    return 0;
}

static void print_mode(FILE *file, const struct option *option, const void *field)
{
    (void)option;
    fprintf(file, "%03o", *(const unsigned *)field);
}

const struct codec codec_mode = {"mode", false, sizeof(unsigned), parse_mode, print_mode};

/* Whether text begins with a quote that closes at its very end. */
static bool is_quoted(const char *text)
{
    const char *at = text + 1;

    while (*at != '\0' && *at != '"')
        at += *at == '\\' && at[1] != '\0' ? 2 : 1;
    return *at == '"' && at[1] == '\0';
}

/* The text as it stands, or what is between quotes that enclose all of it. */
static int parse_text(struct codec_context *context, const struct option *option, const char *text,
                      void *field)
{
    const char *copy = NULL;

    (void)option;
    if (text[0] == '"') {
        struct value_words words;
        int error = value_split_words(context->arena, text, VALUE_SPLIT_COMMAND, &words);

        if (error == -ENOMEM)
            return error;
        if (error < 0 || words.count != 1 || !is_quoted(text))
            return codec_refuse(context, "quotes must enclose the whole text");
        copy = words.items[0];
    } else {
        copy = arena_copy_string(context->arena, text);
    }
    if (!copy)
        return -ENOMEM;
    *(const char **)field = copy;
    return 0;
}

void codec_print_word(FILE *file, const char *word)
{
    size_t size = value_quote_word(word, NULL, 0) + 1;
    char *text = malloc(size);

    if (text) {
        value_quote_word(word, text, size);
        fputs(text, file);
    }
    free(text);
}

static void print_text(FILE *file, const struct option *option, const void *field)
{
    const char *text = *(const char *const *)field;

    (void)option;
    if (text)
        codec_print_word(file, text);
}

const struct codec codec_text = {"text", false, sizeof(const char *), parse_text, print_text};

static int parse_path(struct codec_context *context, const struct option *option, const char *text,
                      void *field)
{
    int error = parse_text(context, option, text, field);

    if (error == 0 && (*(const char **)field)[0] != '/')
        return codec_refuse(context, "'%.100s' is not an absolute path", text);
    return error;
}

const struct codec codec_path = {"path", false, sizeof(const char *), parse_path, print_text};

static int parse_device(struct codec_context *context, const struct option *option,
                        const char *text, void *field)
{
    int error = parse_text(context, option, text, field);
    const char *name = *(const char **)field;

    if (error == 0 && (name[0] == '\0' || strlen(name) >= IFNAMSIZ || strpbrk(name, "/: \t")))
        return codec_refuse(context, "'%.100s' is not a valid name of a network interface", text);
    return error;
}

const struct codec codec_device = {"interface", false, sizeof(const char *), parse_device,
                                   print_text};

/* One of the words in choices, or a path; the kind behind the last word is the path's. */
static int parse_sink(struct codec_context *context, const struct option *option, const char *text,
                      void *field)
{
    struct settings_sink *sink = field;
    unsigned kind = 0;

    for (; option->choices[kind]; kind++)
        if (strcmp(text, option->choices[kind]) == 0) {
            *sink = (struct settings_sink){.kind = kind};
            return 0;
        }
    if (text[0] != '/' && text[0] != '"') {
        parse_choice(context, option, text, &kind);
        strncat(context->message, ", or an absolute path",
                sizeof(context->message) - strlen(context->message) - 1);
        return -EINVAL;
    }
    sink->kind = kind;
    return parse_path(context, option, text, &sink->path);
}

static void print_sink(FILE *file, const struct option *option, const void *field)
{
    const struct settings_sink *sink = field;

    if (sink->path)
        codec_print_word(file, sink->path);
    else
        fputs(option->choices[sink->kind], file);
}

const struct codec codec_sink = {"sink", false, sizeof(struct settings_sink), parse_sink,
                                 print_sink};

void *codec_grow(struct arena *arena, const void *items, size_t count, size_t more, size_t *room,
                 size_t size)
{
    size_t wanted = *room > 0 ? *room : 1;
    void *grown;

    while (wanted < count + more)
        wanted *= 2;
    grown = arena_allocate_array(arena, wanted, size);
    if (!grown)
        return NULL;
    if (count > 0)
        memcpy(grown, items, count * size);
    *room = wanted;
    return grown;
}

int codec_append_words(struct codec_context *context, struct value_words *words,
                       const struct value_words *more)
{
    size_t count = words->count + more->count;
    char **items;

    if (words->count == 0) {
        *words = *more;
        return 0;
    }
    items = arena_allocate_array(context->arena, count + 1, sizeof(*items));
    if (!items)
        return -ENOMEM;
    memcpy(items, words->items, words->count * sizeof(*items));
    memcpy(items + words->count, more->items, more->count * sizeof(*items));
    *words = (struct value_words){items, count};
    return 0;
}

static int parse_list(struct codec_context *context, const char *text, struct value_words *ret)
{
    int error = value_split_words(context->arena, text, VALUE_SPLIT_LIST, ret);

    return error == -EINVAL ? codec_refuse(context, "unclosed quote") : error;
}

static int parse_words(struct codec_context *context, const struct option *option, const char *text,
                       void *field)
{
    struct value_words more;
    int error = parse_list(context, text, &more);

    (void)option;
    return error < 0 ? error : codec_append_words(context, field, &more);
}

void codec_print_words(FILE *file, const struct value_words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        if (i > 0)
            fputc(' ', file);
        codec_print_word(file, words->items[i]);
    }
}

static void print_words(FILE *file, const struct option *option, const void *field)
{
    (void)option;
    codec_print_words(file, field);
}

const struct codec codec_words = {"list", true, sizeof(struct value_words), parse_words,
                                  print_words};

/* Any of the choices, each of them once or more. */
static int parse_set(struct codec_context *context, const struct option *option, const char *text,
                     void *field)
{
    struct value_words words;
    int error = parse_list(context, text, &words);
    unsigned choice = 0;

    for (size_t i = 0; error == 0 && i < words.count; i++) {
        error = find_choice(context, option, words.items[i], &choice);
        if (error == 0)
            *(unsigned *)field |= 1U << choice;
    }
    return error;
}

static void print_set(FILE *file, const struct option *option, const void *field)
{
    unsigned set = *(const unsigned *)field;
    bool first = true;

    for (unsigned i = 0; option->choices[i]; i++)
        if (set & 1U << i) {
            fprintf(file, "%s%s", first ? "" : " ", option->choices[i]);
            first = false;
        }
}

const struct codec codec_set = {"list", true, sizeof(unsigned), parse_set, print_set};

/* The length of the name of a variable at text (POSIX: letters, digits, '_', no digit first). */
static size_t name_length(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

    return text[0] >= '0' && text[0] <= '9' ? 0 : strspn(text, letters);
}

/* The word that is already given for the same name, or NULL. */
static const char *find_variable(const struct value_words *words, const char *item)
{
    size_t length = name_length(item);

    for (size_t i = 0; i < words->count; i++)
        if (strncmp(words->items[i], item, length) == 0 && name_length(words->items[i]) == length)
            return words->items[i];
    return NULL;
}

/* Names that tell of the connection (launch/environment.c), which a handler must be able to trust,
 * and those by which a service manager speaks to us, which never reach a handler. A name that
 * begins with one of these is refused. */
static const char *const own_names[] = {
    "PROTO=",      "TCPREMOTE",  "TCPLOCAL",  "TCPCONNNUM", "REMOTE_ADDR",   "REMOTE_PORT",
    "REMOTE_HOST", "UNIXREMOTE", "UNIXLOCAL", "IPCREMOTE",  "IPCLOCAL",      "IPCCONNNUM",
    "VSOCKREMOTE", "VSOCKLOCAL", "STDINETD_", "LISTEN_",    "NOTIFY_SOCKET", "WATCHDOG_"};

static bool is_own_name(const char *item, size_t length)
{
    for (size_t i = 0; i < sizeof(own_names) / sizeof(own_names[0]); i++) {
        size_t own = strcspn(own_names[i], "=");

        if (strncmp(item, own_names[i], own) == 0 && (own_names[i][own] == '\0' || length == own))
            return true;
    }
    return false;
}

static int parse_variables(struct codec_context *context, const char *text, void *field, char end)
{
    struct value_words more;
    int error = parse_list(context, text, &more);

    for (size_t i = 0; error == 0 && i < more.count; i++) {
        const char *item = more.items[i];
        size_t length = name_length(item);
        struct value_words before = {more.items, i};

        if (length == 0 || item[length] != end)
            return codec_refuse(context, "'%.100s' is not %s", item,
                                end == '=' ? "NAME=value" : "the name of a variable");
        if (is_own_name(item, length))
            return codec_refuse(context, "'%.*s' is set by stdinetd itself", (int)length, item);
        if (find_variable(field, item) || find_variable(&before, item))
            return codec_refuse(context, "'%.*s' is given twice", (int)length, item);
    }
    return error < 0 ? error : codec_append_words(context, field, &more);
}

static int parse_env(struct codec_context *context, const struct option *option, const char *text,
                     void *field)
{
    (void)option;
    return parse_variables(context, text, field, '=');
}

const struct codec codec_env = {"NAME=value list", true, sizeof(struct value_words), parse_env,
                                print_words};

static int parse_names(struct codec_context *context, const struct option *option, const char *text,
                       void *field)
{
    (void)option;
    return parse_variables(context, text, field, '\0');
}

const struct codec codec_names = {"name list", true, sizeof(struct value_words), parse_names,
                                  print_words};

/* import: see import.h. */
#include "import/import.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

void import_begin(struct import *import, struct arena *arena)
{
    *import = (struct import){.arena = arena, .out_of_memory = arena == NULL};
    import->last_service = &import->services;
    import->last_message = &import->messages;
}

void *import_allocate(struct import *import, size_t count, size_t size)
{
    void *memory = import->arena ? arena_allocate_array(import->arena, count, size) : NULL;

    if (!memory)
        import->out_of_memory = true;
    return memory;
}

const char *import_copy(struct import *import, const char *text, size_t length)
{
    char *copy = import->arena ? arena_copy(import->arena, text, length) : NULL;

    if (!copy)
        import->out_of_memory = true;
    return copy ? copy : "";
}

__attribute__((format(printf, 2, 0))) static const char *format_text(struct import *import,
                                                                     const char *format,
                                                                     va_list arguments)
{
    va_list again;
    char *text;
    int length;

    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    text = import_allocate(import, (size_t)length + 1, 1);
    if (!text)
        return "";
    vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

const char *import_format(struct import *import, const char *format, ...)
{
    const char *text;
    va_list arguments;

    va_start(arguments, format);
    text = format_text(import, format, arguments);
    va_end(arguments);
    return text;
}

const char *import_join(struct import *import, const struct value_words *words)
{
    size_t size = 1, length = 0;
    char *text;

    for (size_t i = 0; i < words->count; i++)
        size += value_quote_word(words->items[i], NULL, 0) + 1;
    text = import_allocate(import, size, 1);
    if (!text)
        return "";
    for (size_t i = 0; i < words->count; i++) {
        if (i > 0)
            text[length++] = ' ';
        length += value_quote_word(words->items[i], text + length, size - length);
    }
    return text;
}

/* Whether there is room for one word more and the NULL: at 0, 3, 7, 15 and so on there is none. */
static bool is_full(const struct value_words *words)
{
    return words->count == 0 || (words->count > 2 && (words->count & (words->count + 1)) == 0);
}

void import_append(struct import *import, struct value_words *words, const char *word)
{
    size_t count = words->count;

    if (count == IMPORT_WORDS_MAX) {
        import_say(import, NULL, IMPORT_ERROR, "more than %d words; the rest is ignored",
                   IMPORT_WORDS_MAX);
        return;
    }
    if (is_full(words)) {
        char **items = import_allocate(import, count == 0 ? 4 : 2 * (count + 1), sizeof(*items));

        if (!items)
            return;
        if (count > 0)
            memcpy(items, words->items, count * sizeof(*items));
        words->items = items;
    }
    /* The items of value_words aren't const; nobody here writes to them. */
    memcpy(&words->items[count], &word, sizeof(word));
    words->items[count + 1] = NULL;
    words->count++;
}

struct value_words import_copy_words(struct import *import, const struct value_words *words,
                                     size_t first)
{
    struct value_words copy = {0};

    for (size_t i = first; i < words->count; i++)
        import_append(import, &copy, words->items[i]);
    return copy;
}

struct import_service *import_add_service(struct import *import, const char *name)
{
    struct import_service *service;

    if (import->service_count == IMPORT_SERVICES_MAX) {
        import_say(import, NULL, IMPORT_ERROR, "%s: more than %d services; ignored", name,
                   IMPORT_SERVICES_MAX);
        return NULL;
    }
    service = import_allocate(import, 1, sizeof(*service));
    if (!service)
        return NULL;
    *service = (struct import_service){.file = import->file, .line = import->line, .name = name};
    service->last_message = &service->messages;
    *import->last_service = service;
    import->last_service = &service->next;
    import->service_count++;
    return service;
}

void import_return_to(struct import *import, const struct import_service *service)
{
    import->file = service->file;
    import->line = service->line;
}

bool import_is_word(const char *text, const char *word)
{
    return strcasecmp(text, word) == 0;
}

bool import_is_same(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) == 0 : one == other;
}

const char *import_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

const char *import_escape(struct import *import, const char *text)
{
    size_t length = strlen(text), size = 4 * length + 1;
    char *shown = import_allocate(import, size, 1);

    if (!shown)
        return "";
    text_escape(text, length, shown, size);
    return shown;
}

__attribute__((format(printf, 4, 0))) static void add_message(struct import *import,
                                                              struct import_service *service,
                                                              enum import_level level,
                                                              const char *format, va_list arguments)
{
    struct import_message *message;

    import->error_count += level == IMPORT_ERROR;
    if (import->message_count == IMPORT_MESSAGES_MAX)
        return;
    message = import_allocate(import, 1, sizeof(*message));
    if (!message)
        return;
    *message = (struct import_message){
        .file = import->file, .line = import->line, .level = level, .service = service};
    message->text = ++import->message_count == IMPORT_MESSAGES_MAX
                        ? "more messages are not shown"
                        : import_escape(import, format_text(import, format, arguments));
    *import->last_message = message;
    import->last_message = &message->next;
    if (service) {
        *service->last_message = message;
        service->last_message = &message->next_of_service;
    }
}

void import_say(struct import *import, struct import_service *service, enum import_level level,
                const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_message(import, service, level, format, arguments);
    va_end(arguments);
}

void import_downgrade(struct import *import, struct import_service *service,
                      enum import_result result, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_message(import, service, IMPORT_WARNING, format, arguments);
    va_end(arguments);
    import_set_result(service, result);
}

void import_set_result(struct import_service *service, enum import_result result)
{
    service->disabled = service->disabled || result == IMPORT_DISABLED;
    if (service->result < result)
        service->result = result;
}

void import_set(struct import_service *service, enum import_key key, const char *value)
{
    service->values[key] = value;
}

/* problems: see problems.h. Filled by reader, load, codecs and check; shown by main and reload. */
#include "config/problems.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define LINE_SIZE 1024

/* The index of file, added where it is new; file_count where there is no memory. */
static unsigned find_file(struct problems *problems, const char *file)
{
    char **files;

    for (unsigned i = 0; i < problems->file_count; i++)
        if (strcmp(problems->files[i], file) == 0)
            return i;
    files = realloc(problems->files, (problems->file_count + 1) * sizeof(*files));
    if (!files)
        return problems->file_count;
    problems->files = files;
    files[problems->file_count] = strdup(file);
    if (!files[problems->file_count])
        return problems->file_count;
    return problems->file_count++;
}

void problems_add_file(struct problems *problems, const char *file)
{
    find_file(problems, file);
}

__attribute__((format(printf, 1, 0))) static char *format_message(const char *format,
                                                                  va_list arguments)
{
    char *message;

    return vasprintf(&message, format, arguments) < 0 ? NULL : message;
}

static int keep(struct problems *problems, struct location where, char *message)
{
    struct problem *items;
    unsigned file = find_file(problems, where.file);

    if (file == problems->file_count || problems->count == PROBLEMS_MAX)
        return -1;
    items = realloc(problems->items, (problems->count + 1) * sizeof(*items));
    if (!items)
        return -1;
    problems->items = items;
    items[problems->count] = (struct problem){file, where.line, problems->count, message};
    problems->count++;
    return 0;
}

void problems_add(struct problems *problems, struct location where, const char *format, ...)
{
    va_list arguments;
    char *message;

    va_start(arguments, format);
    message = format_message(format, arguments);
    va_end(arguments);
    if (!message || keep(problems, where, message) < 0) {
        free(message);
        problems->dropped++;
    }
}

unsigned problems_total(const struct problems *problems)
{
    return problems->count + problems->dropped;
}

static int compare(const void *left, const void *right)
{
    const struct problem *one = left, *other = right;

    if (one->file != other->file)
        return one->file < other->file ? -1 : 1;
    if (one->line != other->line)
        return one->line < other->line ? -1 : 1;
    return one->order < other->order ? -1 : 1;
}

void problems_show(struct problems *problems, void (*show)(const char *line, void *context),
                   void *context)
{
    char file[LINE_SIZE], message[LINE_SIZE], line[2 * LINE_SIZE + 16];

    if (problems->count > 0)
        qsort(problems->items, problems->count, sizeof(*problems->items), compare);
    for (unsigned i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];
        const char *name = problems->files[problem->file];

        text_escape(name, strlen(name), file, sizeof(file));
        text_escape(problem->message, strlen(problem->message), message, sizeof(message));
        if (problem->line > 0)
            snprintf(line, sizeof(line), "%s:%u: %s", file, problem->line, message);
        else
            snprintf(line, sizeof(line), "%s: %s", file, message);
        show(line, context);
    }
    if (problems->dropped > 0) {
        snprintf(line, sizeof(line), "and %u more problems", problems->dropped);
        show(line, context);
    }
}

void problems_free(struct problems *problems)
{
    for (unsigned i = 0; i < problems->count; i++)
        free(problems->items[i].message);
    for (unsigned i = 0; i < problems->file_count; i++)
        free(problems->files[i]);
    free(problems->items);
    free(problems->files);
    *problems = (struct problems){0};
}

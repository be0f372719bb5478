/* problems: see problems.h. Filled by reader, load, codecs and check; shown by main and reload. */
#include "config/problems.h"

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

static int keep(struct problems *problems, struct location where, bool is_warning, char *message)
{
    struct problem *items;
    unsigned file = find_file(problems, where.file);

    if (file == problems->file_count || problems->count == PROBLEMS_MAX)
        return -1;
    items = realloc(problems->items, (problems->count + 1) * sizeof(*items));
    if (!items)
        return -1;
    problems->items = items;
    items[problems->count] =
        (struct problem){file, where.line, problems->count, is_warning, message};
    problems->count++;
    problems->warnings += is_warning;
    return 0;
}

/* message NULL: there was no memory for it. */
static void add(struct problems *problems, struct location where, bool is_warning, char *message)
{
    if (message && keep(problems, where, is_warning, message) == 0)
        return;
    free(message);
    problems->dropped += !is_warning;
    problems->warnings_dropped += is_warning;
}

void problems_add(struct problems *problems, struct location where, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add(problems, where, false, format_message(format, arguments));
    va_end(arguments);
}

void problems_warn(struct problems *problems, struct location where, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add(problems, where, true, format_message(format, arguments));
    va_end(arguments);
}

unsigned problems_total(const struct problems *problems)
{
    return problems->count - problems->warnings + problems->dropped;
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

/* "and N more problems", where some weren't kept. */
static void show_dropped(unsigned dropped, bool is_warning,
                         void (*show)(bool is_warning, const char *line, void *context),
                         void *context)
{
    char line[64];

    if (dropped == 0)
        return;
    snprintf(line, sizeof(line), "and %u more %s", dropped, is_warning ? "warnings" : "problems");
    show(is_warning, line, context);
}

void problems_show(struct problems *problems,
                   void (*show)(bool is_warning, const char *line, void *context), void *context)
{
    char file[LINE_SIZE], message[LINE_SIZE], line[2 * LINE_SIZE + 32];

    if (problems->count > 0)
        qsort(problems->items, problems->count, sizeof(*problems->items), compare);
    for (unsigned i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];
        const char *name = problems->files[problem->file];
        const char *kind = problem->is_warning ? "warning: " : "";

        text_escape(name, strlen(name), file, sizeof(file));
        text_escape(problem->message, strlen(problem->message), message, sizeof(message));
        if (problem->line > 0)
            snprintf(line, sizeof(line), "%s:%u: %s%s", file, problem->line, kind, message);
        else
            snprintf(line, sizeof(line), "%s: %s%s", file, kind, message);
        show(problem->is_warning, line, context);
    }
    show_dropped(problems->warnings_dropped, true, show, context);
    show_dropped(problems->dropped, false, show, context);
}

static void print_line(bool is_warning, const char *line, void *context)
{
    (void)is_warning;
    fprintf(context, "%s\n", line);
}

void problems_print(struct problems *problems, FILE *file)
{
    problems_show(problems, print_line, file);
    problems_free(problems);
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

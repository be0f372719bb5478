/* handover_line: the lines of a handover, and the fds that one passes on: see handover.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "handover/handover.h"

void handover_pass(struct handover_writer *writer, int fd)
{
    if (writer->fd_count == writer->fd_room) {
        size_t room = writer->fd_room > 0 ? writer->fd_room * 2 : 64;
        int *fds = realloc(writer->fds, room * sizeof(*fds));

        if (!fds) {
            writer->failed = true;
            return;
        }
        writer->fds = fds;
        writer->fd_room = room;
    }
    writer->fds[writer->fd_count++] = fd;
}

static bool is_word(struct handover_word word, const char *text)
{
    return word.length == strlen(text) && memcmp(word.start, text, word.length) == 0;
}

/* The word from start up to a space or end. */
static struct handover_word next_word(const char *start, const char *end)
{
    const char *space = memchr(start, ' ', (size_t)(end - start));

    return (struct handover_word){start, (size_t)((space ? space : end) - start)};
}

void handover_refuse(struct handover_line *line, const char *problem)
{
    if (line->problem[0] == '\0')
        snprintf(line->problem, sizeof(line->problem), "%s", problem);
}

/* Only bytes that handover_write puts into a word. */
static bool is_printable(struct handover_word word)
{
    for (size_t i = 0; i < word.length; i++)
        if (word.start[i] <= ' ' || word.start[i] >= 0x7f)
            return false;
    return word.length > 0;
}

static void split_field(struct handover_line *line, struct handover_word word)
{
    const char *equals = memchr(word.start, '=', word.length);
    struct handover_field field = {.key = word};

    if (!is_printable(word) || !equals || equals == word.start) {
        handover_refuse(line, "a word is not KEY=VALUE");
        return;
    }
    if (line->field_count == HANDOVER_FIELDS_MAX) {
        handover_refuse(line, "a line has too many values");
        return;
    }
    field.key.length = (size_t)(equals - word.start);
    field.value.start = equals + 1;
    field.value.length = word.length - field.key.length - 1;
    line->fields[line->field_count++] = field;
}

static void split_line(struct handover_line *line, const char *start, const char *end)
{
    line->field_count = 0;
    line->scratch_used = 0;
    line->problem[0] = '\0';
    line->kind = next_word(start, end);
    if (!is_printable(line->kind))
        handover_refuse(line, "a line has no kind");
    for (start += line->kind.length; start < end;) {
        struct handover_word word = next_word(start + 1, end);

        split_field(line, word);
        start += 1 + word.length;
    }
}

bool handover_next_line(struct handover_line *line)
{
    const char *start = line->handover->text + line->next;
    const char *end = memchr(start, '\n', line->handover->length - line->next);

    /* handover_open has seen to it that the last line has an end. */
    if (!end)
        return false;
    line->next = (size_t)(end - line->handover->text) + 1;
    split_line(line, start, end);
    return true;
}

bool handover_first_line(struct handover *handover, struct handover_line *ret)
{
    ret->handover = handover;
    ret->next = HANDOVER_HEAD_SIZE;
    return handover_next_line(ret);
}

bool handover_is_kind(const struct handover_line *line, const char *kind)
{
    return is_word(line->kind, kind);
}

int handover_check(const struct handover_line *line)
{
    return line->problem[0] == '\0' ? 0 : -EINVAL;
}

const struct handover_word *handover_find(const struct handover_line *line, const char *key)
{
    for (size_t i = 0; i < line->field_count; i++)
        if (is_word(line->fields[i].key, key))
            return &line->fields[i].value;
    return NULL;
}

/* reader: see reader.h.
 *
 * libinih asks for lines through read_line(), and between two of its questions it calls
 * handle_value() for what it made of the last one. So read_line() looks at each raw line first: it
 * checks it, notes sections, and hands libinih a line that means one thing only:
 *
 *   KEY = VALUE        "k = " and the first piece of the value; further pieces as indented lines,
 *                      which libinih hands over with the same key
 *   a continuation     an indented line
 *   a section          an empty line: its name and a key's are kept here, at any length
 *   comment, mistake   an empty line
 *
 * Pieces are short, so that no line reaches libinih's limit of 199 bytes, and each byte that
 * libinih could take for something (white space, ; # % and so on) is written as %XX, which
 * handle_value() decodes. reader.joint says how the next piece joins what is there. When a value is
 * complete, join_lines() strips its comments with respect for quotes.
 */
#include "config/reader.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"

/* libinih's buffer is 200 bytes in Debian: "k = ", 60 bytes as %XX and the line end fit. */
#define VALUE_PIECE 60

struct reader {
    struct document *document;
    struct problems *problems;
    const char *path;
    const char *text, *end; /* what is not read yet */
    unsigned line;          /* of the line last taken */

    struct document_section *section;
    struct document_entry *entry; /* what a continuation continues */
    char *value;                  /* the entry's value while it grows */
    size_t value_length, value_room;

    const char *pieces, *pieces_end; /* of the line being handed over */
    char joint;                      /* goes before the next piece; NUL: nothing */
    bool out_of_memory;
};

void document_begin(struct document *document, struct arena *arena)
{
    *document = (struct document){.arena = arena};
    document->last_section = &document->sections;
}

struct document_section *document_add_section(struct document *document, const char *name,
                                              struct location where)
{
    struct document_section *section = arena_allocate(document->arena, sizeof(*section));

    if (!section)
        return NULL;
    *section = (struct document_section){.name = name, .where = where};
    section->last_entry = &section->entries;
    *document->last_section = section;
    document->last_section = &section->next;
    return section;
}

struct document_entry *document_add_entry(struct document *document,
                                          struct document_section *section, const char *key,
                                          const char *value, unsigned line)
{
    struct document_entry *entry = arena_allocate(document->arena, sizeof(*entry));

    if (!entry)
        return NULL;
    *entry = (struct document_entry){.key = key, .value = value, .line = line};
    *section->last_entry = entry;
    section->last_entry = &entry->next;
    return entry;
}

static struct location here(const struct reader *reader)
{
    return (struct location){reader->path, reader->line};
}

static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\f' || character == '\v';
}

/* Where the quote at *at closes before end, or NULL: a lone apostrophe is no quote. */
static const char *closing_quote(const char *at, const char *end)
{
    for (const char *look = at + 1; look < end; look++) {
        if (*look == '\\' && *at == '"')
            look++;
        else if (*look == *at)
            return look;
    }
    return NULL;
}

/* How far the quote at *at may reach: over line ends only where it begins a word, so that "it's" on
 * one line and "isn't" on the next are no quote. */
static const char *quote_limit(const char *start, const char *at, const char *end)
{
    const char *line_end = memchr(at, '\n', (size_t)(end - at));

    return !line_end || at == start || strchr(" \t\n=,", at[-1]) ? end : line_end;
}

/* Where the text ends before its first comment: a ';' after white space, outside quotes. */
static const char *find_comment(const char *start, const char *end)
{
    for (const char *at = start; at < end; at++) {
        const char *close;

        if (*at == '\\') {
            at++;
        } else if (*at == '"' || *at == '\'') {
            close = closing_quote(at, quote_limit(start, at, end));
            at = close ? close : at;
        } else if (*at == ';' && at > start && is_blank(at[-1])) {
            return at;
        }
    }
    return end;
}

static void trim(const char **start, const char **end)
{
    while (*start < *end && is_blank(**start))
        (*start)++;
    while (*end > *start && is_blank((*end)[-1]))
        (*end)--;
}

/* A value as its lines stand in the file becomes one line, in place: comments go, the white space
 * around each line end becomes one blank. A quote may close on a later line than it opens. */
static size_t join_lines(char *value, size_t length)
{
    const char *at = value, *end = value + length;
    char *out = value;

    while (at < end) {
        const char *comment = find_comment(at, end);
        const char *line_end = memchr(comment, '\n', (size_t)(end - comment));

        /* What stands before the comment may be several lines. */
        for (const char *next = at; next < comment; at = next) {
            const char *stop = memchr(at, '\n', (size_t)(comment - at));
            const char *start = at;

            next = stop ? stop + 1 : comment;
            stop = stop ? stop : comment;
            trim(&start, &stop);
            if (start == stop)
                continue;
            if (out > value)
                *out++ = ' ';
            memmove(out, start, (size_t)(stop - start));
            out += stop - start;
        }
        at = line_end ? line_end + 1 : end;
        if (comment == end)
            break;
    }
    return (size_t)(out - value);
}

/* The value that grew is finished: it moves into the arena. */
static void finish_entry(struct reader *reader)
{
    if (reader->entry && reader->value_length > 0) {
        size_t length = join_lines(reader->value, reader->value_length);
        const char *value = arena_copy(reader->document->arena, reader->value, length);

        if (value)
            reader->entry->value = value;
        else
            reader->out_of_memory = true;
    }
    reader->entry = NULL;
    reader->value_length = 0;
}

static const char *find_separator(const char *start, const char *end)
{
    while (start < end && *start != '=' && *start != ':')
        start++;
    return start < end ? start : NULL;
}

/* "[name]" and nothing behind it. A name without its bracket is a mistake, and still the name of
 * what follows: else its keys would be mistakes of the section before. */
static void take_section(struct reader *reader, const char *start, const char *end)
{
    const char *close = end - 1;
    const char *name;

    finish_entry(reader);
    if (*close != ']') {
        problems_add(reader->problems, here(reader),
                     "a section is [NAME] and nothing else on the line");
        close = memchr(start, ']', (size_t)(end - start));
        close = close ? close : end;
    }
    start++;
    trim(&start, &close);
    name = arena_copy(reader->document->arena, start, (size_t)(close - start));
    reader->section = name ? document_add_section(reader->document, name, here(reader)) : NULL;
    if (!reader->section)
        reader->out_of_memory = true;
}

static bool take_key(struct reader *reader, const char *start, const char *separator)
{
    const char *end = separator, *key;

    finish_entry(reader);
    trim(&start, &end);
    if (start == end) {
        problems_add(reader->problems, here(reader), "a value without a key");
        return false;
    }
    if (!reader->section) {
        problems_add(reader->problems, here(reader), "'%.*s' is before the first [section]",
                     (int)(end - start), start);
        return false;
    }
    key = arena_copy(reader->document->arena, start, (size_t)(end - start));
    reader->entry =
        key ? document_add_entry(reader->document, reader->section, key, "", reader->line) : NULL;
    if (!reader->entry)
        reader->out_of_memory = true;
    return reader->entry != NULL;
}

static bool needs_code(char character)
{
    return !isalnum((unsigned char)character) && !strchr("/._-+,", character);
}

/* Writes the next piece of the line into buffer, coded; at the line's start behind its key. */
static void put_piece(struct reader *reader, char *buffer, const char *head)
{
    static const char digits[] = "0123456789abcdef";
    size_t head_length = strlen(head);
    char *out = buffer + head_length;

    memcpy(buffer, head, head_length);
    for (int i = 0; i < VALUE_PIECE && reader->pieces < reader->pieces_end; i++) {
        unsigned char byte = (unsigned char)*reader->pieces++;

        if (needs_code((char)byte)) {
            *out++ = '%';
            *out++ = digits[byte >> 4];
            *out++ = digits[byte & 15];
        } else {
            *out++ = (char)byte;
        }
    }
    memcpy(out, "\n", 2);
}

/* "KEY = VALUE": begins the entry; the value goes on its way from *start. False for a mistake. */
static bool take_entry(struct reader *reader, const char **start, const char *end)
{
    const char *separator = find_separator(*start, find_comment(*start, end));

    if (!separator) {
        finish_entry(reader);
        problems_add(reader->problems, here(reader), "not a [section] or KEY = VALUE");
        return false;
    }
    if (!take_key(reader, *start, separator))
        return false;
    *start = separator + 1;
    return true;
}

/* A raw line is start to end, without its line end. Fills buffer with what libinih gets for it. The
 * comment behind a value goes with it: whether it is one may depend on a quote lines before. */
static void take_line(struct reader *reader, const char *start, const char *end, char *buffer)
{
    bool indented = start < end && is_blank(*start);

    memcpy(buffer, "\n", 2);
    trim(&start, &end);
    if (start == end || *start == ';' || *start == '#')
        return;
    if (indented && !reader->entry) {
        problems_add(reader->problems, here(reader),
                     "an indented line continues a value, but no value precedes it");
        return;
    }
    if (!indented && *start == '[') {
        end = find_comment(start, end);
        trim(&start, &end);
        take_section(reader, start, end);
        return;
    }
    if (!indented && !take_entry(reader, &start, end))
        return;
    reader->joint = indented ? '\n' : '\0';
    reader->pieces = start;
    reader->pieces_end = end;
    put_piece(reader, buffer, indented ? " " : "k = ");
}

/* libinih's question for its next line: fgets() in its signature. */
static char *read_line(char *buffer, int size, void *stream)
{
    struct reader *reader = stream;
    const char *start = reader->text, *end;

    if (reader->out_of_memory || size < 8 + 3 * VALUE_PIECE)
        return NULL;
    if (reader->pieces < reader->pieces_end) {
        reader->joint = '\0';
        put_piece(reader, buffer, " ");
        return buffer;
    }
    if (start == reader->end)
        return NULL;
    end = memchr(start, '\n', (size_t)(reader->end - start));
    reader->text = end ? end + 1 : reader->end;
    end = end ? end : reader->end;
    if (end > start && end[-1] == '\r')
        end--;
    reader->line++;
    take_line(reader, start, end, buffer);
    return buffer;
}

static bool grow_value(struct reader *reader, size_t more)
{
    size_t room = reader->value_room ? reader->value_room : 256;
    char *value;

    while (room < reader->value_length + more)
        room *= 2;
    if (room == reader->value_room)
        return true;
    value = realloc(reader->value, room);
    if (!value)
        return false;
    reader->value = value;
    reader->value_room = room;
    return true;
}

static char decode_one(const char **text)
{
    char code[3];

    if (**text != '%')
        return *(*text)++;
    code[0] = (*text)[1];
    code[1] = (*text)[2];
    code[2] = '\0';
    *text += 3;
    return (char)strtoul(code, NULL, 16);
}

/* libinih's word for one piece. Returns non-zero: it never stops early. */
static int handle_value(void *user, const char *section, const char *key, const char *value)
{
    struct reader *reader = user;

    (void)section;
    (void)key;
    if (!reader->entry)
        return 1;
    if (!grow_value(reader, strlen(value) + 2)) {
        reader->out_of_memory = true;
        return 1;
    }
    if (reader->joint != '\0')
        reader->value[reader->value_length++] = reader->joint;
    while (*value != '\0')
        reader->value[reader->value_length++] = decode_one(&value);
    return 1;
}

/* Bytes that no text file has; reported with their line, and nothing of the file is used. */
static bool check_bytes(struct reader *reader)
{
    const char *text = reader->text;
    size_t length = (size_t)(reader->end - text);
    size_t valid = text_utf8_check(text, length);
    const char *nul = memchr(text, '\0', length);
    size_t offset = nul && (size_t)(nul - text) < valid ? (size_t)(nul - text) : valid;
    struct location where = {reader->path, 1};

    if (offset == length)
        return true;
    for (size_t i = 0; i < offset; i++)
        where.line += text[i] == '\n';
    problems_add(reader->problems, where,
                 text[offset] == '\0' ? "a NUL byte: this is not a text file"
                                      : "not UTF-8 (byte 0x%02x)",
                 (unsigned char)text[offset]);
    return false;
}

int reader_read_text(struct document *document, const char *path, const char *text, size_t length,
                     struct problems *problems)
{
    struct reader reader = {.document = document, .problems = problems, .end = text + length};
    int parsed;

    reader.path = arena_copy_string(document->arena, path);
    if (!reader.path)
        return -ENOMEM;
    problems_add_file(problems, path);
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3; /* the mark that some editors put before UTF-8 */
    reader.text = text;
    if (!check_bytes(&reader))
        return 0;
    parsed = ini_parse_stream(read_line, &reader, handle_value, &reader);
    finish_entry(&reader);
    free(reader.value);
    if (reader.out_of_memory)
        return -ENOMEM;
    if (parsed != 0) /* it was given only lines that it knows; what else it says is no good */
        problems_add(problems, here(&reader), "the ini library failed (%d)", parsed);
    return 0;
}

/* What must be true of a file before its text counts. Whoever may write the configuration of a
 * daemon that is root can have it run anything as root. */
static const char *refuse_file(const struct stat *status)
{
    if (S_ISDIR(status->st_mode))
        return "is a directory";
    if (!S_ISREG(status->st_mode) && !S_ISFIFO(status->st_mode))
        return "is not a regular file";
    if (geteuid() == 0 && status->st_mode & S_IWOTH)
        return "is writable by others, who could run anything as root";
    if (geteuid() == 0 && status->st_uid != 0)
        return "is not owned by root: its owner could run anything as root";
    if (status->st_size > (off_t)READER_FILE_MAX)
        return "is larger than 64 MiB";
    return NULL;
}

/* Whether others than root may write something that has this owner, group and mode. */
static bool is_writable_by_others(const struct stat *status)
{
    return status->st_uid != 0 || status->st_mode & S_IWOTH ||
           (status->st_mode & S_IWGRP && status->st_gid != 0);
}

/* Warns of a directory in which others may put files, once for all files in it. */
static void look_at_directory(struct document *document, const char *path,
                              struct problems *problems)
{
    const char *slash = strrchr(path, '/');
    const char *directory =
        slash ? arena_copy(document->arena, path, slash == path ? 1 : (size_t)(slash - path)) : ".";
    struct stat status;

    if (!directory || (document->directory && strcmp(document->directory, directory) == 0))
        return;
    document->directory = directory;
    if (stat(directory, &status) == 0 && is_writable_by_others(&status))
        problems_warn(problems, (struct location){path, 0},
                      "its directory is writable by others than root, who could run anything as "
                      "root; 2.0.0 will refuse it");
}

/* What 2.0.0 will refuse as root. */
static void look_at_owners(struct document *document, const char *path, const struct stat *status,
                           struct problems *problems)
{
    if (geteuid() != 0 || !S_ISREG(status->st_mode))
        return;
    if (is_writable_by_others(status))
        problems_warn(problems, (struct location){path, 0},
                      "is writable by its group (gid %u), which could run anything as root; 2.0.0 "
                      "will refuse it",
                      (unsigned)status->st_gid);
    look_at_directory(document, path, problems);
}

int reader_read_file(struct document *document, const char *path, struct problems *problems)
{
    struct location where = {path, 0};
    /* Non-blocking: a FIFO that nobody writes to reads as empty instead of hanging a reload. */
    FD_CLEANUP int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat status = {0};
    const char *refused = fd < 0 || fstat(fd, &status) < 0 ? strerror(errno) : refuse_file(&status);
    size_t length = 0;
    char *text = NULL;
    int error = 0;

    problems_add_file(problems, path);
    if (!refused && fcntl(fd, F_SETFL, 0) < 0)
        refused = strerror(errno);
    if (!refused && (error = fd_read_all(fd, READER_FILE_MAX, &text, &length)) < 0)
        refused = strerror(-error);
    if (refused) {
        problems_add(problems, where, "%s", refused);
        return error == -ENOMEM ? error : 0;
    }
    look_at_owners(document, path, &status, problems);
    error = reader_read_text(document, path, text, length, problems);
    free(text);
    return error;
}

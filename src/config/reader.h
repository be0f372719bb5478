/* reader: an ini file as sections and entries, each with its line.
 *
 * libinih splits the lines. It also cuts long ones in two keys, merges long section names, reads a
 * directory as an empty file and ends values at " ;" inside quotes, so what it is given here are
 * lines that it cannot misread (reader.c tells how). What a key means is not known here.
 */
#ifndef STDINETD_CONFIG_READER_H
#define STDINETD_CONFIG_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "config/problems.h"

struct document_entry {
    const char *key;
    const char *value;
    unsigned line;
    struct document_entry *next;
};

struct document_section {
    const char *name;
    struct location where;
    bool repeated; /* for load: another of the same name came before */
    struct document_entry *entries, **last_entry;
    struct document_section *next;
};

/* Sections in the order of the files and lines; all memory is the arena's. */
struct document {
    struct arena *arena;
    const char *directory; /* of the file that was read last */
    struct document_section *sections, **last_section;
};

/* A file larger than this is no configuration. */
#define READER_FILE_MAX ((size_t)64 * 1024 * 1024)

/* Starts an empty document on arena. */
void document_begin(struct document *document, struct arena *arena);

/* Adds an empty section; NULL when memory is short. Strings are not copied. */
struct document_section *document_add_section(struct document *document, const char *name,
                                              struct location where);

/* Adds an entry to section; NULL when memory is short. Strings are not copied. */
struct document_entry *document_add_entry(struct document *document,
                                          struct document_section *section, const char *key,
                                          const char *value, unsigned line);

/* Adds what the file says to document; what is wrong with it goes to problems. 0 or -ENOMEM. */
int reader_read_file(struct document *document, const char *path, struct problems *problems);

/* The same for length bytes of text that came from somewhere named path (tests, fuzzers). */
int reader_read_text(struct document *document, const char *path, const char *text, size_t length,
                     struct problems *problems);

#endif

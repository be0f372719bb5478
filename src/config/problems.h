/* problems: everything that is wrong with a configuration, said in one go.
 *
 * Loading doesn't stop at the first mistake: whoever mends a file wants the whole list. Collected
 * in any order, shown file by file in the order the files were read, by line. A mistake refuses the
 * configuration; a warning is said and refuses nothing.
 */
#ifndef STDINETD_CONFIG_PROBLEMS_H
#define STDINETD_CONFIG_PROBLEMS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Where something stands. line 0: the file as a whole. */
struct location {
    const char *file;
    unsigned line;
};

/* A file of noise has as many mistakes as lines; the rest are only counted. */
#define PROBLEMS_MAX 1000

struct problem {
    unsigned file; /* index into files */
    unsigned line;
    unsigned order; /* keeps what was found first on a line first */
    bool is_warning;
    char *message;
};

struct problems {
    char **files;
    unsigned file_count;
    struct problem *items;
    unsigned count;    /* kept, warnings included */
    unsigned warnings; /* kept */
    unsigned dropped;  /* mistakes beyond PROBLEMS_MAX, or for lack of memory */
    unsigned warnings_dropped;
};

/* Adds a mistake; where's file is copied. Never fails: what can't be kept is counted. */
void problems_add(struct problems *problems, struct location where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a warning, in the same way. */
void problems_warn(struct problems *problems, struct location where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Fixes the place of a file in the order of showing. */
void problems_add_file(struct problems *problems, const char *file);

/* How many mistakes there are, those not kept included. */
unsigned problems_total(const struct problems *problems);

/* Calls show for each, in order, with "file:line: message" or "file:line: warning: message",
 * strangers' bytes escaped. */
void problems_show(struct problems *problems,
                   void (*show)(bool is_warning, const char *line, void *context), void *context);

/* Shows all on file, a line each, and forgets them. */
void problems_print(struct problems *problems, FILE *file);

/* Frees what the list holds and makes it empty. */
void problems_free(struct problems *problems);

#endif

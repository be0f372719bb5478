/* option: the table of everything that can be configured: one option, one row.
 *
 * Parsing, bounds, defaults, --dump, --list-options, the reload's diff and the test that the manual
 * names each key all walk these rows. To add a simple option: a field in settings.h, a row in
 * option.c, its use, its entry in man/stdinetd.ini.5.
 *
 * A part is a struct of options that few services set: it stands once, behind a pointer, for
 * [defaults] and all services that say nothing of it.
 */
#ifndef STDINETD_CONFIG_OPTION_H
#define STDINETD_CONFIG_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "config/settings.h"

enum option_scope { SCOPE_DAEMON, SCOPE_SERVICE };

/* What a changed value means for a daemon that runs. */
enum option_reload {
    RELOAD_NOW,     /* it holds from the reload on */
    RELOAD_SOCKETS, /* sockets that are kept keep what they were opened with */
    RELOAD_RESTART, /* it holds from the next start of the daemon on */
};

struct option;

/* What a codec may need and where it says what is wrong. */
struct codec_context {
    struct arena *arena;             /* for what the value keeps */
    struct arena *scratch;           /* for what is needed while parsing */
    const char *directory;           /* relative programs are found from here */
    struct settings_user *last_user; /* the user found last: it is mostly the next one too */
    const void *shared;              /* settings whose parts are not to be written to, or NULL */
    char message[256];               /* set when parsing fails: what is wrong, without the key */
    char warning[160];               /* set when it succeeds and there is something to warn of */
};

/* How the text of an option becomes its value and back. */
struct codec {
    const char *name; /* of the type, as --list-options and the manual call it */
    bool list;        /* a key given again appends: parse is called for each */
    size_t size;      /* of the field */
    /* Writes the value at field (which holds zero bytes, or for a list what is there already).
     * Returns 0, -EINVAL with context->message set, or -ENOMEM. */
    int (*parse)(struct codec_context *context, const struct option *option, const char *text,
                 void *field);
    /* Writes the text that parses to the same value, or nothing for a value that isn't set. */
    void (*print)(FILE *file, const struct option *option, const void *field);
};

struct option {
    const char *name;
    enum option_scope scope;
    const struct codec *codec;
    size_t offset;             /* of the field in daemon_settings, service_settings, or its part */
    size_t part, part_size;    /* offset of the pointer to its part, and that one's size; 0: none */
    uint64_t minimum, maximum; /* of an integer they are long's */
    int resource;              /* of an rlimit: which of the field's */
    const char *fallback;      /* the default, as text; NULL: not set */
    const char *const *choices; /* of a choice, in the order of its enum, NULL-terminated */
    /* A word that a choice knew once: it is taken as the default, with a warning that ends so. */
    const char *former, *former_note;
    enum option_reload reload;
    bool required;
    bool judges;   /* it decides about a client: nothing that a service with wait = yes has */
    bool undumped; /* --dump leaves it out: its effect is in the dump already */
    const char *help;
};

extern const struct option option_table[];
extern const size_t option_count;

/* The row of that name in that scope, or NULL. */
const struct option *option_find(enum option_scope scope, const char *name);

/* The index of a row in option_table. */
size_t option_index(const struct option *option);

/* The field of option in its settings; of a part that isn't there yet, zero bytes. */
const void *option_field_const(const struct option *option, const void *settings);

/* The same to be written: the part becomes the settings' own first, with what was in it. NULL
 * without memory. */
void *option_field(struct codec_context *context, const struct option *option, void *settings);

/* The option's value as text in malloc'ed memory that the caller frees; NULL without memory. */
char *option_text(const struct option *option, const void *settings);

/* The name in scope that is nearest to a mistyped one, or NULL where none is near. */
const char *option_suggest(enum option_scope scope, const char *name);

/* Prints the table for --list-options. */
void option_list(FILE *file);

#endif

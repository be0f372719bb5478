/* codec: the types an option can have. Each is described at its definition in codec.c,
 * codec_system.c (those that ask the system: users, sockets) or codec_guard.c (admission's). */
#ifndef STDINETD_CONFIG_CODEC_H
#define STDINETD_CONFIG_CODEC_H

#include "config/option.h"

extern const struct codec codec_bool;     /* bool */
extern const struct codec codec_answer;   /* struct settings_integer, 0 or 1 */
extern const struct codec codec_count;    /* uint64_t */
extern const struct codec codec_backlog;  /* uint32_t */
extern const struct codec codec_buffer;   /* uint32_t, bytes */
extern const struct codec codec_integer;  /* struct settings_integer */
extern const struct codec codec_rlimit;   /* struct settings_rlimits *, of which it sets one */
extern const struct codec codec_duration; /* nanoseconds */
extern const struct codec codec_choice;   /* unsigned, index into choices */
extern const struct codec codec_set;      /* unsigned, a bit for each of choices */
extern const struct codec codec_mode;     /* unsigned */
extern const struct codec codec_text;     /* const char * */
extern const struct codec codec_path;     /* const char *, absolute */
extern const struct codec codec_device;   /* const char *, a network interface */
extern const struct codec codec_sink;     /* struct settings_sink, choices or a path */
extern const struct codec codec_words;    /* struct value_words */
extern const struct codec codec_env;      /* struct value_words, NAME=value */
extern const struct codec codec_names;    /* struct value_words, names of variables */
extern const struct codec codec_prefixes; /* struct settings_prefixes */

extern const struct codec codec_listen;       /* struct settings_endpoints */
extern const struct codec codec_command;      /* struct settings_command, program not yet found */
extern const struct codec codec_capabilities; /* struct settings_capabilities */
extern const struct codec codec_user;         /* struct settings_user * */
extern const struct codec codec_group;        /* struct settings_group * */
extern const struct codec codec_groups;       /* struct settings_groups */

extern const struct codec codec_rate;      /* struct settings_rate */
extern const struct codec codec_lengths;   /* struct settings_lengths */
extern const struct codec codec_message;   /* const char *, with escapes */
extern const struct codec codec_penalties; /* struct settings_penalties */

/* Sets the message of a failed parse and returns -EINVAL. */
int codec_refuse(struct codec_context *context, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A copy of count items of that size with room for more, in arena; *room learns for how many. Rooms
 * double, so that thousands that come one by one cost no more than at once. Nobody else adds to the
 * items: the first line of a section starts a list of its own. NULL without memory. */
void *codec_grow(struct arena *arena, const void *items, size_t count, size_t more, size_t *room,
                 size_t size);

/* Adds words to the list at field, for lists that may be given in several lines. */
int codec_append_words(struct codec_context *context, struct value_words *words,
                       const struct value_words *more);

/* Prints one word, quoted where it must be. */
void codec_print_word(FILE *file, const char *word);

/* Prints words, quoted where they must be, with blanks between. */
void codec_print_words(FILE *file, const struct value_words *words);

#endif

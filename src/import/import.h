/* import: what configurations of other super-servers say, in one neutral form, and what all files
 * of this room need of it: memory, lists, services, messages.
 *
 * source.c reads files; a reader of their dialect (inetd.c, xinetd.c) makes an import_service of
 * each service it finds; finish.c compares it with this machine and with the others and gives it
 * its keys; write.c writes the ini. What can't be carried over becomes a message, which goes to
 * standard error and, as a comment, into the ini. Nobody who was refused before may be let in: what
 * can't be kept of who may come makes a service IMPORT_DISABLED.
 *
 * All memory is the arena's. When it is short, out_of_memory is set and what was made is not to be
 * used; the readers go on and need not look.
 */
#ifndef STDINETD_IMPORT_IMPORT_H
#define STDINETD_IMPORT_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/value.h"

/* Bounds; beyond them it is said that something is left out. */
#define IMPORT_FILE_MAX       ((size_t)1024 * 1024) /* bytes of a file */
#define IMPORT_FILES_MAX      2048
#define IMPORT_DEPTH_MAX      8 /* of includes */
#define IMPORT_SERVICES_MAX   4096
#define IMPORT_MESSAGES_MAX   20000
#define IMPORT_WORDS_MAX      4096  /* of a line, a list */
#define IMPORT_PREFIXES_MAX   65536 /* of a list of addresses */
#define IMPORT_PREFIXES_TOTAL (1024 * 1024)

/* The keys that an imported service can have, in the order in which they are written. */
enum import_key {
    IMPORT_LISTEN,
    IMPORT_WAIT,
    IMPORT_IPV6_ONLY,
    IMPORT_NODELAY,
    IMPORT_KEEPALIVE,
    IMPORT_RECEIVE_BUFFER,
    IMPORT_SEND_BUFFER,
    IMPORT_SOCKET_USER,
    IMPORT_SOCKET_GROUP,
    IMPORT_SOCKET_MODE,
    IMPORT_EXEC,
    IMPORT_ARGV0,
    IMPORT_USER,
    IMPORT_GROUP,
    IMPORT_GROUPS,
    IMPORT_UMASK,
    IMPORT_ENV,
    IMPORT_PASS_ENV,
    IMPORT_STDERR,
    IMPORT_NICE,
    IMPORT_RLIMIT_AS,
    IMPORT_RLIMIT_CPU,
    IMPORT_RLIMIT_DATA,
    IMPORT_RLIMIT_STACK,
    IMPORT_MAX_CONNECTIONS,
    IMPORT_WHEN_FULL,
    IMPORT_RATE,
    IMPORT_MAX_CONNECTIONS_PER_SOURCE,
    IMPORT_RATE_PER_SOURCE,
    IMPORT_REFUSE_MESSAGE,
    IMPORT_ALLOW,
    IMPORT_DENY,
    IMPORT_KEYS
};

/* What becomes of a service. */
enum import_result {
    IMPORT_SERVED,
    IMPORT_DISABLED,  /* enabled = no: it was off, or mustn't be served before somebody looks */
    IMPORT_COMMENTED, /* --check wouldn't take it here: its section is a comment */
    IMPORT_OMITTED,   /* there is no section that would be like it: only its messages are written */
};

enum import_socket { IMPORT_STREAM, IMPORT_DATAGRAM, IMPORT_SEQPACKET };

/* The families of a wildcard; an address has its own. */
enum import_family {
    IMPORT_IPV4,
    IMPORT_IPV6,      /* alone */
    IMPORT_IPV6_DUAL, /* and IPv4, mapped, on the same socket */
    IMPORT_BOTH,      /* a socket each */
};

/* Who serves. */
enum import_kind {
    IMPORT_PROGRAM,  /* program and its argv */
    IMPORT_BUILT_IN, /* a handler of ours: program is its name; argv are its arguments, from [1] on
                      */
};

struct import_service {
    const char *file; /* where it was found */
    unsigned line;
    const char *name; /* as it was called there; the section's name once finished */
    enum import_result result;
    bool disabled; /* also where the section is a comment only */

    enum import_socket socket;
    bool is_unix; /* port is a path */
    const char *port;
    uint16_t port_number; /* once finished; 0: not known here */
    struct value_words
        addresses; /* texts without a port; none (until finished): family's wildcards */
    enum import_family family;
    bool family_assumed; /* the file leaves open which it is, and it has no address */
    bool wait;

    enum import_kind kind;
    const char *program;
    struct value_words argv; /* as the program gets it, from [0] on; may be empty */

    const char *values[IMPORT_KEYS]; /* as they stand in an ini; NULL: not given */
    struct import_message *messages, **last_message;
    struct import_service *next;
};

enum import_level {
    IMPORT_WARNING, /* it can't be carried over, or not as it was */
    IMPORT_ERROR,   /* the file has a mistake there */
};

struct import_message {
    const char *file; /* NULL: of no file */
    unsigned line;    /* 0: of the whole file */
    enum import_level level;
    const struct import_service *service; /* NULL: of none */
    const char *text;                     /* without control characters */
    struct import_message *next;          /* in the order in which they came */
    struct import_message *next_of_service;
};

struct xinetd;
struct import;

/* Reads a text of length bytes, whose file and line are import's. */
typedef void import_reader(struct import *import, const char *text, size_t length);

struct import {
    struct arena *arena;
    /* What the caller asks for. */
    import_reader *reader; /* of the dialect, or import_read_any (dialect.h) */
    const char *root; /* files are those of another machine, whose / is here; NULL: of this one */
    const char *handlers; /* the directory of the handlers that come with us */
    bool ipv6;            /* tcp and udp in inetd.conf mean both families */

    struct import_service *services, **last_service; /* in the order in which they were found */
    size_t service_count;
    struct import_message *messages, **last_message;
    size_t message_count, error_count;
    size_t prefix_count; /* ever made */
    bool unreadable;     /* a file couldn't be read */
    bool out_of_memory;

    struct xinetd *xinetd; /* of xinetd.c */
    unsigned depth, file_count;
    const char *file; /* that is being read */
    unsigned line;
};

/* Empties import and sets its arena (NULL is out of memory). */
void import_begin(struct import *import, struct arena *arena);

/* Memory for count items of size bytes; NULL where it is short. */
void *import_allocate(struct import *import, size_t count, size_t size);

/* Copies of text; "" where memory is short. */
const char *import_copy(struct import *import, const char *text, size_t length);
const char *import_format(struct import *import, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether text is that word of a configuration. Case makes no difference, as xinetd has it: a
 * restriction that is written in capitals is one. */
bool import_is_word(const char *text, const char *word);

/* Whether two texts, each of which may be NULL, are alike. */
bool import_is_same(const char *one, const char *other);

/* What is behind the last slash of path. */
const char *import_base_name(const char *path);

/* Text as a terminal and a comment can have it: without control characters and what isn't UTF-8. */
const char *import_escape(struct import *import, const char *text);

/* The words as one text that splits back into them. */
const char *import_join(struct import *import, const struct value_words *words);

/* Adds word (not copied) to words, whose items belong to it alone. What is more than
 * IMPORT_WORDS_MAX is left out, with a message. */
void import_append(struct import *import, struct value_words *words, const char *word);
/* The words from first on, with items of their own; the words themselves are shared. */
struct value_words import_copy_words(struct import *import, const struct value_words *words,
                                     size_t first);

/* A new service at the line that is being read; NULL where memory is short or there are too many,
 * which is said. */
struct import_service *import_add_service(struct import *import, const char *name);

/* What is said from now on is about the line where service was found. */
void import_return_to(struct import *import, const struct import_service *service);

/* Says something about service (NULL: none), at the line that is being read. */
void import_say(struct import *import, struct import_service *service, enum import_level level,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Gives service this result, unless its own is worse already. */
void import_set_result(struct import_service *service, enum import_result result);

/* The same with a warning. */
void import_downgrade(struct import *import, struct import_service *service,
                      enum import_result result, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Sets a key of service to a text (not copied). */
void import_set(struct import_service *service, enum import_key key, const char *value);

#endif

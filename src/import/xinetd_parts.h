/* xinetd_parts: what the parts of the reader of xinetd's files share. Nobody else includes it.
 *
 * xinetd.c reads entries and keeps their assignments; when all files are read it replays for each
 * service those of `defaults` and then its own on a struct settings, by the table in
 * xinetd_table.c; xinetd_service.c makes a service of that.
 */
#ifndef STDINETD_IMPORT_XINETD_PARTS_H
#define STDINETD_IMPORT_XINETD_PARTS_H

#include "import/access.h"
#include "import/import.h"

enum assign { ASSIGN_SET, ASSIGN_ADD, ASSIGN_REMOVE };

enum answer { ANSWER_NONE, ANSWER_NO, ANSWER_YES };

enum xinetd_type {
    TYPE_RPC = 1,
    TYPE_INTERNAL = 2,
    TYPE_TCPMUX = 4,
    TYPE_TCPMUXPLUS = 8,
};

enum xinetd_flag {
    FLAG_NAME_IN_ARGS = 1,
    FLAG_IPV4 = 2,
    FLAG_IPV6 = 4,
    FLAG_SENSOR = 8,
    FLAG_IDENT_ONLY = 16,
    FLAG_NODELAY = 32,
    FLAG_KEEPALIVE = 64,
    FLAG_NO_LIBWRAP = 128,
    FLAG_INTERCEPT = 256,
};

/* only_from or no_access */
struct address_list {
    struct import_prefixes prefixes;
    bool given;
    bool lost; /* there was something in it that isn't in prefixes */
};

/* What assignments have set so far: of `defaults`, or of a service. */
struct settings {
    struct import *import;
    struct import_service *service; /* NULL: of defaults */

    const char *id, *protocol, *port, *bind, *redirect_host, *redirect_port, *server;
    const char *user, *group, *libwrap;
    struct value_words flag_words, server_args, env, pass_env, enabled_ids, disabled_ids;
    bool has_socket, has_enabled_ids;
    enum import_socket socket;
    enum answer wait, groups, disable, ipv6_only;
    unsigned types, flags; /* sets of the enums above */
    struct address_list only_from, no_access;
    const char *values[IMPORT_KEYS]; /* those that need nothing else to be known */
    const char *refused;             /* why it mustn't be served; NULL: it may */
};

struct attribute;

/* What the function of an attribute's row is given. */
struct assigned {
    const struct attribute *attribute; /* the row */
    const struct value_words *words;
    enum assign how;
};

struct attribute {
    const char *name;
    unsigned places; /* where it may stand, and whether += is understood */
    int count;       /* of words; -1: any */
    /* Takes the words; false where they are wrong. The other members are for it. NULL: it is left
     * out, for reason. */
    bool (*take)(struct settings *settings, const struct assigned *one);
    size_t field;        /* the offset of what it sets in struct settings */
    enum import_key key; /* or of the key */
    const char *reason;  /* why it can't be carried over */
};

#define PLACE_SERVICE  1U
#define PLACE_DEFAULTS 2U
#define PLACE_LIST     4U /* it may be given again, and be changed by += and -= */
#define RESTRICTS      8U /* it keeps somebody out: where it is left out, nobody is served */

extern const struct attribute xinetd_table[];
extern const size_t xinetd_table_count;
#define ATTRIBUTES_MAX 64 /* xinetd_table_count is less: a set of them is a number of 64 bits */

/* Gives settings->service what they mean together. name is the service's own. */
void xinetd_service_conclude(struct settings *settings, const char *name);

#endif

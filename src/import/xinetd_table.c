/* xinetd_table: xinetd's attributes, a row each, and what each changes in struct settings.
 * See xinetd_parts.h. */
#include <stdlib.h>
#include <string.h>

#include "import/source.h"
#include "import/value.h"
#include "import/xinetd_parts.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static void *field_of(struct settings *settings, const struct assigned *one)
{
    return (char *)settings + one->attribute->field;
}

static const char **value_of(struct settings *settings, const struct assigned *one)
{
    return &settings->values[one->attribute->key];
}

/* --- single words --------------------------------------------------------------------------- */

static bool take_word(struct settings *settings, const struct assigned *one)
{
    *(const char **)field_of(settings, one) = one->words->items[0];
    return true;
}

static bool take_name(struct settings *settings, const struct assigned *one)
{
    return take_word(settings, one) && import_is_name(one->words->items[0]);
}

static bool take_answer(struct settings *settings, const struct assigned *one)
{
    bool yes = import_is_word(one->words->items[0], "yes");

    if (!yes && !import_is_word(one->words->items[0], "no"))
        return false;
    *(enum answer *)field_of(settings, one) = yes ? ANSWER_YES : ANSWER_NO;
    return true;
}

static bool take_socket(struct settings *settings, const struct assigned *one)
{
    static const char *const names[] = {
        [IMPORT_STREAM] = "stream", [IMPORT_DATAGRAM] = "dgram", [IMPORT_SEQPACKET] = "seqpacket"};

    for (size_t i = 0; i < ROWS(names); i++)
        if (import_is_word(one->words->items[0], names[i])) {
            settings->socket = (enum import_socket)i;
            settings->has_socket = true;
            return true;
        }
    return false;
}

static bool take_redirect(struct settings *settings, const struct assigned *one)
{
    settings->redirect_host = one->words->items[0];
    settings->redirect_port = one->words->items[1];
    return true;
}

static bool take_server_args(struct settings *settings, const struct assigned *one)
{
    settings->server_args = *one->words;
    return one->words->count > 0;
}

/* --- sets of words -------------------------------------------------------------------------- */

struct word {
    const char *name;
    unsigned bit;        /* 0: it changes nothing */
    const char *warning; /* NULL: none */
};

static bool take_set(struct settings *settings, const struct assigned *one,
                     const struct word *table, size_t count, unsigned *set)
{
    for (size_t i = 0; i < one->words->count; i++) {
        size_t row = 0;

        while (row < count && !import_is_word(one->words->items[i], table[row].name))
            row++;
        if (row == count)
            return false;
        *set |= table[row].bit;
        if (table[row].warning)
            import_say(settings->import, settings->service, IMPORT_WARNING,
                       "%s %s is not imported: %s", one->attribute->name, table[row].name,
                       table[row].warning);
    }
    return one->words->count > 0;
}

static const struct word types[] = {
    {"RPC", TYPE_RPC, NULL},       {"INTERNAL", TYPE_INTERNAL, NULL},
    {"TCPMUX", TYPE_TCPMUX, NULL}, {"TCPMUXPLUS", TYPE_TCPMUXPLUS, NULL},
    {"UNLISTED", 0, NULL},         {"SPECIAL", 0, NULL},
};

static bool take_type(struct settings *settings, const struct assigned *one)
{
    return take_set(settings, one, types, ROWS(types), &settings->types);
}

static const struct word flags[] = {
    {"NAMEINARGS", FLAG_NAME_IN_ARGS, NULL},
    {"IPv4", FLAG_IPV4, NULL},
    {"IPv6", FLAG_IPV6, NULL},
    {"SENSOR", FLAG_SENSOR, NULL},
    {"IDONLY", FLAG_IDENT_ONLY, NULL},
    {"NODELAY", FLAG_NODELAY, NULL},
    {"KEEPALIVE", FLAG_KEEPALIVE, NULL},
    {"REUSE", 0, NULL},
    {"NORETRY", 0, NULL},
    {"NOLIBWRAP", FLAG_NO_LIBWRAP, NULL},
    {"INTERCEPT", FLAG_INTERCEPT, "stdinetd does not inspect what a wait service receives"},
    {"LABELED", 0, "the SELinux context is the daemon's own"},
};

static bool take_flags(struct settings *settings, const struct assigned *one)
{
    settings->flag_words = *one->words;
    return take_set(settings, one, flags, ROWS(flags), &settings->flags);
}

/* stdinetd's own log has the others. */
static const struct word log_words[] = {
    {"PID", 0, NULL},
    {"HOST", 0, NULL},
    {"EXIT", 0, NULL},
    {"DURATION", 0, NULL},
    {"ATTEMPT", 0, NULL},
    {"RECORD", 0, NULL},
    {"USERID", 0, "stdinetd does not ask ident servers"},
    {"TRAFFIC", 0, "stdinetd does not count bytes"},
};

static bool take_log_words(struct settings *settings, const struct assigned *one)
{
    unsigned none = 0;

    return one->how == ASSIGN_REMOVE || one->words->count == 0 ||
           take_set(settings, one, log_words, ROWS(log_words), &none);
}

static bool take_log_type(struct settings *settings, const struct assigned *one)
{
    if (one->words->count > 1 && import_is_word(one->words->items[0], "FILE")) {
        import_say(settings->import, settings->service, IMPORT_WARNING,
                   "log_type FILE %s is not imported: all services share stdinetd's log (see "
                   "log in [stdinetd])",
                   one->words->items[1]);
        return true;
    }
    return one->words->count > 1 && import_is_word(one->words->items[0], "SYSLOG");
}

/* --- limits --------------------------------------------------------------------------------- */

/* 0 is nobody to xinetd, and no bound to us. */
static bool take_limit(struct settings *settings, const struct assigned *one)
{
    const char *text = one->words->items[0];

    if (import_is_word(text, "UNLIMITED")) {
        *value_of(settings, one) = "0";
        return true;
    }
    return text[strspn(text, "0")] != '\0' &&
           import_parse_count(settings->import, text, value_of(settings, one));
}

/* Beyond it xinetd accepts and closes. */
static bool take_instances(struct settings *settings, const struct assigned *one)
{
    bool good = take_limit(settings, one);

    settings->values[IMPORT_WHEN_FULL] =
        good && strcmp(*value_of(settings, one), "0") != 0 ? "refuse" : NULL;
    return good;
}

/* Connections a second; for how long xinetd then closes the port has no counterpart. */
static bool take_cps(struct settings *settings, const struct assigned *one)
{
    return import_parse_rate(settings->import, one->words->items[0], "1s", value_of(settings, one));
}

static bool take_nice(struct settings *settings, const struct assigned *one)
{
    long value;

    if (value_parse_integer(one->words->items[0], -1000, 1000, &value) < 0)
        return false;
    value = value < IMPORT_NICE_LEAST     ? IMPORT_NICE_LEAST
            : value > IMPORT_NICE_HIGHEST ? IMPORT_NICE_HIGHEST
                                          : value;
    *value_of(settings, one) = import_format(settings->import, "%ld", value);
    return true;
}

static bool take_umask(struct settings *settings, const struct assigned *one)
{
    unsigned mode;

    if (value_parse_mode(one->words->items[0], &mode) < 0 || mode > 0777)
        return false;
    *value_of(settings, one) = import_format(settings->import, "%03o", mode);
    return true;
}

static bool take_rlimit(struct settings *settings, const struct assigned *one)
{
    const char *text = one->words->items[0];

    if (import_is_word(text, "UNLIMITED")) {
        *value_of(settings, one) = "unlimited";
        return true;
    }
    if (text[strspn(text, "0")] == '\0') /* to xinetd that is as if it weren't set */
        return true;
    return import_parse_size(settings->import, text, 1, UINT64_MAX - 1, value_of(settings, one));
}

/* --- who may come --------------------------------------------------------------------------- */

static bool take_address(struct settings *settings, struct address_list *list, const char *text,
                         bool remove)
{
    switch (import_change_prefixes(settings->import, &list->prefixes, text, remove)) {
    case IMPORT_ACCESS_GOOD:
        return true;
    case IMPORT_ACCESS_NETMASK:
        import_say(settings->import, settings->service, IMPORT_WARNING,
                   "%s: imported as xinetd reads it: the number after the slash is a length, a "
                   "large one means a single address",
                   text);
        return true;
    case IMPORT_ACCESS_NAME:
        import_say(settings->import, settings->service, IMPORT_WARNING,
                   "%s is not imported: stdinetd never asks DNS; write addresses", text);
        list->lost = true;
        return true;
    case IMPORT_ACCESS_BAD:
        break;
    }
    list->lost = true;
    return false;
}

static bool take_addresses(struct settings *settings, const struct assigned *one)
{
    struct address_list *list = field_of(settings, one);
    bool good = true;

    if (one->how == ASSIGN_SET)
        *list = (struct address_list){0};
    list->given = true;
    for (size_t i = 0; i < one->words->count; i++)
        good =
            take_address(settings, list, one->words->items[i], one->how == ASSIGN_REMOVE) && good;
    return good;
}

/* --- lists of words ------------------------------------------------------------------------- */

/* "NAME=value" or "NAME", by the key. From env xinetd takes nothing out again. */
static bool take_variables(struct settings *settings, const struct assigned *one)
{
    struct value_words *list = field_of(settings, one);
    char separator = one->attribute->key == IMPORT_ENV ? '=' : '\0';

    if (one->how == ASSIGN_REMOVE && one->attribute->key == IMPORT_ENV)
        return false;
    if (one->how == ASSIGN_SET)
        *list = (struct value_words){0};
    for (size_t i = 0; i < one->words->count; i++) {
        if (one->how == ASSIGN_REMOVE)
            import_remove_variable(list, one->words->items[i]);
        else if (!import_add_variable(settings->import, list, one->words->items[i], separator))
            import_say(settings->import, settings->service, IMPORT_WARNING,
                       "%s is not imported: not a %s, or set by stdinetd itself",
                       one->words->items[i],
                       separator == '=' ? "NAME=value" : "name of a variable");
    }
    return true;
}

static bool take_ids(struct settings *settings, const struct assigned *one)
{
    for (size_t i = 0; i < one->words->count; i++)
        import_append(settings->import, field_of(settings, one), one->words->items[i]);
    return true;
}

static bool take_enabled(struct settings *settings, const struct assigned *one)
{
    settings->has_enabled_ids = true;
    return take_ids(settings, one);
}

/* --- what can't be carried over ------------------------------------------------------------- */

/* The file's contents are what a client is sent that is refused. */
static bool take_banner_fail(struct settings *settings, const struct assigned *one)
{
    struct import *import = settings->import;
    const char *problem = NULL;
    char *text = NULL;
    size_t length;
    int error = import_read_named(import, one->words->items[0], &text, &length);

    if (error < 0)
        problem = strerror(-error);
    else if (!import_parse_message(import, text, length, value_of(settings, one)))
        problem = "refuse-message takes 1024 bytes of UTF-8";
    free(text);
    if (problem)
        import_say(import, settings->service, IMPORT_WARNING, "%s %s is not imported: %s",
                   one->attribute->name, one->words->items[0], problem);
    return true;
}

static bool take_lost(struct settings *settings, const struct assigned *one)
{
    import_say(settings->import, settings->service, IMPORT_WARNING, "%s is not imported: %s",
               one->attribute->name, one->attribute->reason);
    return true;
}

/* 0 and no are what we do. */
static bool take_lost_unless_off(struct settings *settings, const struct assigned *one)
{
    return strtod(one->words->items[0], NULL) > 0 || import_is_word(one->words->items[0], "yes")
               ? take_lost(settings, one)
               : true;
}

/* Means something only together with another, which speaks for itself. */
static bool take_nothing(struct settings *settings, const struct assigned *one)
{
    (void)settings;
    (void)one;
    return true;
}

/* --- the table ------------------------------------------------------------------------------ */

#define SERVICE   PLACE_SERVICE
#define DEFAULTS  PLACE_DEFAULTS
#define BOTH      (PLACE_SERVICE | PLACE_DEFAULTS)
#define LIST      PLACE_LIST
#define IN(name)  .field = offsetof(struct settings, name)
#define KEY(name) .key = IMPORT_##name

static const char no_banner[] = "stdinetd sends nothing before the handler does";

/* clang-format off */
const struct attribute xinetd_table[] = {
    {"id", SERVICE, 1, .take = take_word, IN(id)},
    {"type", SERVICE, -1, .take = take_type},
    {"flags", SERVICE | RESTRICTS, -1, .take = take_flags},
    {"disable", SERVICE | RESTRICTS, 1, .take = take_answer, IN(disable)},
    {"disabled", DEFAULTS | LIST | RESTRICTS, -1, .take = take_ids, IN(disabled_ids)},
    {"enabled", DEFAULTS | LIST | RESTRICTS, -1, .take = take_enabled, IN(enabled_ids)},
    {"socket_type", SERVICE, 1, .take = take_socket},
    {"protocol", SERVICE, 1, .take = take_word, IN(protocol)},
    {"port", SERVICE, 1, .take = take_word, IN(port)},
    {"bind", BOTH | RESTRICTS, 1, .take = take_word, IN(bind)},
    {"v6only", BOTH, 1, .take = take_answer, IN(ipv6_only)},
    {"wait", SERVICE, 1, .take = take_answer, IN(wait)},
    {"user", SERVICE, 1, .take = take_name, IN(user)},
    {"group", SERVICE, 1, .take = take_name, IN(group)},
    {"groups", BOTH, 1, .take = take_answer, IN(groups)},
    {"umask", BOTH, 1, .take = take_umask, KEY(UMASK)},
    {"nice", SERVICE, 1, .take = take_nice, KEY(NICE)},
    {"rlimit_as", SERVICE, 1, .take = take_rlimit, KEY(RLIMIT_AS)},
    {"rlimit_cpu", SERVICE, 1, .take = take_rlimit, KEY(RLIMIT_CPU)},
    {"rlimit_data", SERVICE, 1, .take = take_rlimit, KEY(RLIMIT_DATA)},
    {"rlimit_stack", SERVICE, 1, .take = take_rlimit, KEY(RLIMIT_STACK)},
    {"rlimit_files", SERVICE, 1, .take = take_lost, .reason = "see rlimit-nofile in stdinetd.ini(5)"},
    {"rlimit_rss", SERVICE, 1, .take = take_lost, .reason = "it has no effect on Linux"},
    {"server", SERVICE, 1, .take = take_word, IN(server)},
    {"server_args", SERVICE, -1, .take = take_server_args},
    {"redirect", SERVICE, 2, .take = take_redirect},
    {"env", SERVICE | LIST, -1, .take = take_variables, IN(env), KEY(ENV)},
    {"passenv", BOTH | LIST, -1, .take = take_variables, IN(pass_env), KEY(PASS_ENV)},
    {"instances", BOTH, 1, .take = take_instances, KEY(MAX_CONNECTIONS)},
    {"per_source", BOTH, 1, .take = take_limit, KEY(MAX_CONNECTIONS_PER_SOURCE)},
    {"cps", BOTH, 2, .take = take_cps, KEY(RATE)},
    {"max_load", BOTH, 1, .take = take_lost_unless_off, .reason = "stdinetd does not look at the load"},
    {"only_from", BOTH | LIST | RESTRICTS, -1, .take = take_addresses, IN(only_from)},
    {"no_access", BOTH | LIST | RESTRICTS, -1, .take = take_addresses, IN(no_access)},
    {"access_times", SERVICE | RESTRICTS, -1, .reason = "is not imported: stdinetd serves at all times"},
    {"deny_time", SERVICE, 1, .take = take_nothing},
    {"banner", BOTH, 1, .take = take_lost, .reason = no_banner},
    {"banner_success", BOTH, 1, .take = take_lost, .reason = no_banner},
    {"banner_fail", BOTH, 1, .take = take_banner_fail, KEY(REFUSE_MESSAGE)},
    {"log_type", BOTH | LIST, -1, .take = take_log_type},
    {"log_on_success", BOTH | LIST, -1, .take = take_log_words},
    {"log_on_failure", BOTH | LIST, -1, .take = take_log_words},
    {"rpc_version", SERVICE, 1, .take = take_nothing},
    {"rpc_number", SERVICE, 1, .take = take_nothing},
    {"mdns", BOTH, 1, .take = take_lost_unless_off, .reason = "stdinetd does not announce services"},
    {"libwrap", SERVICE, 1, .take = take_word, IN(libwrap)},
};
/* clang-format on */

const size_t xinetd_table_count = ROWS(xinetd_table);
_Static_assert(ROWS(xinetd_table) <= ATTRIBUTES_MAX, "a set of them is a number of 64 bits");

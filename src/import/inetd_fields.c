/* inetd_fields: the fields of an entry of inetd.conf, a row each. See inetd_fields.h. */
#include "import/inetd_fields.h"

#include <string.h>
#include <strings.h>

#include "import/built_in.h"
#include "import/machine.h"
#include "import/value.h"
#include "import/wrappers.h"

struct entry {
    struct inetd_reader *reader;
    struct import *import;
    struct import_service *service;
    bool can_be; /* a service of ours */
};

/* There will be no section for it. */
static void omit(struct entry *entry, const char *reason)
{
    import_downgrade(entry->import, entry->service, IMPORT_OMITTED, "%s", reason);
    entry->can_be = false;
}

static void mistake(struct entry *entry, const char *what, const char *word)
{
    import_say(entry->import, entry->service, IMPORT_ERROR, "'%.200s' is not a valid %s", word,
               what);
    import_set_result(entry->service, IMPORT_OMITTED);
    entry->can_be = false;
}

/* Cuts word at the first of the separators; what is behind, or NULL. */
static const char *cut(struct import *import, const char **word, const char *separators)
{
    size_t length = strcspn(*word, separators);
    const char *rest = (*word)[length] == '\0' ? NULL : *word + length + 1;

    *word = import_copy(import, *word, length);
    return rest;
}

/* --- addresses ------------------------------------------------------------------------------ */

/* "127.0.0.1,[::1]"; "*" among them means all. */
static struct value_words split_addresses(struct import *import, const char *text)
{
    struct value_words addresses = {0};

    while (text) {
        const char *address = text;
        size_t length;

        text = cut(import, &address, ",");
        length = strlen(address);
        if (length > 2 && address[0] == '[' && address[length - 1] == ']')
            address = import_copy(import, address + 1, length - 2);
        if (strcmp(address, "*") == 0)
            return (struct value_words){0};
        import_append(import, &addresses, address);
    }
    return addresses;
}

void inetd_fields_set_default(struct inetd_reader *reader, const char *text)
{
    reader->addresses =
        split_addresses(reader->import, import_copy(reader->import, text, strlen(text) - 1));
}

/* --- service -------------------------------------------------------------------------------- */

/* ":user:group:mode:/path" is FreeBSD's way to say whose the socket is. */
static void take_path(struct entry *entry, const char *word)
{
    static const enum import_key keys[] = {IMPORT_SOCKET_USER, IMPORT_SOCKET_GROUP,
                                           IMPORT_SOCKET_MODE};
    struct import_service *service = entry->service;
    const char *slash;

    for (size_t i = 0; i < 3 && word && word[0] == ':'; i++) {
        const char *value = word + 1;

        word = strchr(value, ':');
        if (word && word > value)
            import_set(service, keys[i], import_copy(entry->import, value, (size_t)(word - value)));
    }
    if (word && word[0] == ':')
        word++;
    if (!word || word[0] != '/') {
        mistake(entry, "path of a unix socket", entry->reader->words.items[0]);
        return;
    }
    slash = strrchr(word, '/');
    service->port = word;
    service->name = slash[1] != '\0' ? slash + 1 : "unix";
}

/* "name" answers the client itself, "+name" leaves that to inetd. */
static void take_tcpmux(struct entry *entry, const char *name)
{
    const struct value_words *words = &entry->reader->words;

    entry->service->program = words->items[INETD_FIELDS - 1];
    entry->service->argv = import_copy_words(entry->import, words, INETD_FIELDS);
    import_omit_tcpmux(entry->import, entry->service, name + (name[0] == '+'), name[0] == '+');
    entry->can_be = false;
}

static void take_name(struct entry *entry, const char *word)
{
    struct import_service *service = entry->service;
    const char *colon = strrchr(word, ':');

    if (service->is_unix) {
        take_path(entry, word);
        return;
    }
    service->addresses = import_copy_words(entry->import, &entry->reader->addresses, 0);
    if (colon) {
        service->addresses = split_addresses(
            entry->import, import_copy(entry->import, word, (size_t)(colon - word)));
        word = colon + 1;
    }
    service->port = word;
    service->name = word;
    if (strncasecmp(word, "tcpmux/", 7) == 0) {
        take_tcpmux(entry, word + 7);
    }
}

/* --- socket and protocol -------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum import_socket socket;
    bool can_be;
} sockets[] = {
    {"stream", IMPORT_STREAM, true},       {"dgram", IMPORT_DATAGRAM, true},
    {"seqpacket", IMPORT_SEQPACKET, true}, {"raw", IMPORT_STREAM, false},
    {"rdm", IMPORT_STREAM, false},
};

/* "stream,20:dataready": NetBSD's bound on running handlers, and a filter of its kernel. */
static void take_socket(struct entry *entry, const char *word)
{
    const char *filter = cut(entry->import, &word, ":");
    const char *maximum = cut(entry->import, &word, ",");
    size_t i = 0, count = sizeof(sockets) / sizeof(sockets[0]);

    while (i < count && !import_is_word(word, sockets[i].name))
        i++;
    if (i == count) {
        mistake(entry, "socket type", word);
        return;
    }
    entry->service->socket = sockets[i].socket;
    if (!sockets[i].can_be)
        omit(entry, "raw and rdm sockets are not supported");
    if (maximum)
        import_parse_count(entry->import, maximum, &entry->service->values[IMPORT_MAX_CONNECTIONS]);
    if (filter)
        import_say(entry->import, entry->service, IMPORT_WARNING,
                   "the accept filter %s is not imported (see defer-accept and start-on)", filter);
}

enum meaning { MEANS_IPV4, MEANS_IPV6, MEANS_DUAL, MEANS_DEFAULT };

static const struct {
    const char *name;
    bool datagram;
    enum meaning meaning;
} protocols[] = {
    {"tcp", false, MEANS_DEFAULT},  {"tcp4", false, MEANS_IPV4},     {"tcp6", false, MEANS_IPV6},
    {"tcp46", false, MEANS_DUAL},   {"tcp6only", false, MEANS_IPV6}, {"udp", true, MEANS_DEFAULT},
    {"udp4", true, MEANS_IPV4},     {"udp6", true, MEANS_IPV6},      {"udp46", true, MEANS_DUAL},
    {"udp6only", true, MEANS_IPV6},
};

static void take_family(struct entry *entry, enum meaning meaning)
{
    static const enum import_family families[] = {IMPORT_IPV4, IMPORT_IPV6, IMPORT_IPV6_DUAL,
                                                  IMPORT_IPV4};

    entry->service->family = families[meaning];
    if (meaning == MEANS_DEFAULT && entry->import->ipv6)
        entry->service->family = IMPORT_BOTH;
    else if (meaning == MEANS_DEFAULT)
        entry->service->family_assumed = true;
}

/* ",sndbuf=64k,rcvbuf=1m" */
static void take_buffers(struct entry *entry, const char *text)
{
    static const struct {
        const char *name;
        enum import_key key;
    } buffers[] = {{"sndbuf=", IMPORT_SEND_BUFFER}, {"rcvbuf=", IMPORT_RECEIVE_BUFFER}};

    while (text) {
        const char *word = text;
        bool known = false;

        text = cut(entry->import, &word, ",");
        for (size_t i = 0; i < 2; i++)
            if (strncasecmp(word, buffers[i].name, 7) == 0)
                known = import_parse_size(entry->import, word + 7, 256, 1U << 30,
                                          &entry->service->values[buffers[i].key]);
        if (!known)
            import_say(entry->import, entry->service, IMPORT_WARNING, "%s is not imported", word);
    }
}

static void take_protocol(struct entry *entry, const char *word)
{
    struct import_service *service = entry->service;
    const char *buffers = cut(entry->import, &word, ",");

    take_buffers(entry, buffers);
    if (strncasecmp(word, "rpc/", 4) == 0) {
        omit(entry, IMPORT_NO_RPC);
        return;
    }
    if (strncasecmp(word, "faith/", 6) == 0)
        word += 6;
    if (import_is_word(word, "tcp/ttcp"))
        word = "tcp";
    if (import_is_word(word, "unix")) {
        service->is_unix = true;
        return;
    }
    for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
        if (!import_is_word(word, protocols[i].name))
            continue;
        if (service->socket != (protocols[i].datagram ? IMPORT_DATAGRAM : IMPORT_STREAM))
            mistake(entry, "protocol for this socket type", word);
        take_family(entry, protocols[i].meaning);
        return;
    }
    mistake(entry, "protocol of stdinetd", word);
}

/* --- wait ----------------------------------------------------------------------------------- */

/* Which of the numbers behind the word is what: ".N" and ":N" are starts a minute, and FreeBSD's
 * "/N/N/N" handlers, connections a minute of one address, handlers of one address. */
static void take_limits(struct entry *entry, char separator, const char *text)
{
    static const enum import_key limits[] = {IMPORT_MAX_CONNECTIONS, IMPORT_RATE_PER_SOURCE,
                                             IMPORT_MAX_CONNECTIONS_PER_SOURCE};
    const char *problem = "limit", **values = entry->service->values;

    for (size_t i = 0; text && i < 3; i++) {
        const char *word = text;
        bool good;

        text = cut(entry->import, &word, "/");
        if (separator != '/')
            good = i == 0 && import_parse_rate(entry->import, word, "1m", &values[IMPORT_RATE]);
        else if (i == 1)
            good = import_parse_rate(entry->import, word, "1m", &values[limits[i]]);
        else
            good = import_parse_count(entry->import, word, &values[limits[i]]);
        if (!good)
            mistake(entry, problem, word);
    }
    if (text)
        mistake(entry, problem, text);
}

static void take_wait(struct entry *entry, const char *word)
{
    size_t length = strcspn(word, ".:/");
    char separator = word[length];
    const char *limits = cut(entry->import, &word, ".:/");

    if (!import_is_word(word, "wait") && !import_is_word(word, "nowait")) {
        mistake(entry, "wait field (wait or nowait)", word);
        return;
    }
    entry->service->wait = import_is_word(word, "wait");
    if (limits)
        take_limits(entry, separator, limits);
}

/* --- user and program ----------------------------------------------------------------------- */

static void take_user(struct entry *entry, const char *word)
{
    struct import_service *service = entry->service;
    const char *class = cut(entry->import, &word, "/");
    const char *group = NULL, *whole = word;

    if (class)
        import_say(entry->import, service, IMPORT_WARNING,
                   "the login class %s is not imported (see the keys rlimit-)", class);
    if (strchr(word, ':'))
        group = cut(entry->import, &word, ":");
    else if (strchr(word, '.') && !import_is_user_here(entry->import, word))
        group = cut(entry->import, &word, ".");
    if (!import_is_name(word) || (group && !import_is_name(group))) {
        mistake(entry, "user", whole);
        return;
    }
    import_set(service, IMPORT_USER, word);
    if (group)
        import_set(service, IMPORT_GROUP, group);
}

static void take_program(struct entry *entry, const char *word)
{
    struct import_service *service = entry->service;

    service->program = word;
    service->argv = import_copy_words(entry->import, &entry->reader->words, INETD_FIELDS);
    if (import_is_word(word, "internal"))
        entry->can_be = import_set_built_in(entry->import, service, service->name);
}

/* --- who is refused ------------------------------------------------------------------------- */

/* Some inetds ask hosts.allow and hosts.deny by themselves, and it can't be seen which one this
 * file was for: FreeBSD's for the program, NetBSD's for its argv[0], both for an internal service
 * by its name. None does it for a waiting stream service, which has its clients from the socket;
 * and tcpd asks for itself. */
static void ask_wrappers(const struct entry *entry)
{
    struct import_service *service = entry->service;
    bool named = service->kind == IMPORT_PROGRAM && service->argv.count > 0;

    if (service->is_unix || (service->wait && service->socket == IMPORT_STREAM) ||
        import_is_tcpd(service->program))
        return;
    if (!import_ask_wrappers(entry->import, service,
                             named ? service->argv.items[0] : service->name))
        import_ask_wrappers(entry->import, service, service->program);
}

/* In the order in which one needs what another has found; index is the place in the line. */
static const struct {
    size_t index;
    void (*take)(struct entry *entry, const char *word);
} fields[INETD_FIELDS] = {
    {1, take_socket}, {2, take_protocol}, {0, take_name},
    {3, take_wait},   {4, take_user},     {5, take_program},
};

void inetd_fields_take_service(struct inetd_reader *reader)
{
    struct import *import = reader->import;
    struct entry entry = {.reader = reader, .import = import, .can_be = true};

    entry.service = import_add_service(import, reader->words.items[0]);
    if (!entry.service)
        return;
    if (reader->off)
        import_set_result(entry.service, IMPORT_DISABLED);
    if (reader->policy)
        import_downgrade(import, entry.service, IMPORT_DISABLED,
                         "disabled: clients refused by this IPsec policy would be let in: '%.200s'",
                         reader->policy);
    for (size_t i = 0; i < INETD_FIELDS && entry.can_be; i++)
        fields[i].take(&entry, reader->words.items[fields[i].index]);
    if (entry.can_be)
        ask_wrappers(&entry);
}

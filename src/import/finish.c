/* finish: see finish.h. Called by import_run. */
#include "import/finish.h"

#include <ctype.h>
#include <string.h>

#include "base/addr.h"
#include "base/endpoint.h"
#include "import/compare.h"
#include "import/machine.h"
#include "import/value.h"
#include "import/wrappers.h"
#include "import/xinetd.h"

/* tcpd looks there for daemons that are named without a path. */
#define DAEMON_DIRECTORY "/usr/sbin"

static void comment(struct import *import, struct import_service *service, const char *what,
                    const char *word)
{
    import_downgrade(import, service, IMPORT_COMMENTED, "commented out: %s %s", what, word);
}

/* --- where it listens ----------------------------------------------------------------------- */

/* From here on every address is explicit. */
static void expand_family(struct import *import, struct import_service *service)
{
    struct value_words *addresses = &service->addresses;

    if (addresses->count > 0)
        service->family_assumed = false;
    if (service->is_unix || addresses->count > 0)
        return;
    if (service->family == IMPORT_IPV4 || service->family == IMPORT_BOTH)
        import_append(import, addresses, "0.0.0.0");
    if (service->family != IMPORT_IPV4)
        import_append(import, addresses, "::");
}

/* One spelling for each address, and each only once; names are let be, to be reported. */
static void normalize_addresses(struct import *import, struct import_service *service)
{
    struct value_words addresses = {0};

    for (size_t i = 0; i < service->addresses.count; i++) {
        const char *text = service->addresses.items[i];
        char plain[ADDR_TEXT_SIZE];
        struct addr addr;
        bool known = false;

        if (!strchr(text, '%') && addr_parse_host(text, &addr) == 0) {
            addr_format_host(&addr, plain);
            text = import_copy(import, plain, strlen(plain));
        }
        for (size_t j = 0; j < addresses.count; j++)
            known = known || strcmp(addresses.items[j], text) == 0;
        if (!known)
            import_append(import, &addresses, text);
    }
    service->addresses = addresses;
}

/* Only of the wildcard it makes a difference. */
static void set_ipv6_only(struct import_service *service)
{
    if (service->family != IMPORT_IPV6 && service->family != IMPORT_BOTH)
        return;
    for (size_t i = 0; i < service->addresses.count; i++)
        if (strcmp(service->addresses.items[i], "::") == 0)
            import_set(service, IMPORT_IPV6_ONLY, "yes");
}

static void check_unix(struct import *import, struct import_service *service)
{
    const char *mode = service->values[IMPORT_SOCKET_MODE];
    unsigned value;

    if (strlen(service->port) > ENDPOINT_PATH_MAX)
        comment(import, service, "path too long for a unix socket:", service->port);
    if (mode && (value_parse_mode(mode, &value) < 0 || value > 0777))
        comment(import, service, "invalid mode:", mode);
    for (enum import_key key = IMPORT_SOCKET_USER; key <= IMPORT_SOCKET_GROUP; key++) {
        const char *name = service->values[key];

        if (name && (!import_is_name(name) ||
                     !(key == IMPORT_SOCKET_USER ? import_has_user(import, name)
                                                 : import_has_group(import, name))))
            comment(import, service, "unknown socket owner:", name);
    }
}

/* A name with a digit at its beginning would be taken for a number. */
static void check_port(struct import *import, struct import_service *service)
{
    bool datagram = service->socket == IMPORT_DATAGRAM;
    const char *port = service->port;
    uint16_t number;
    uint64_t value;

    if (port[strspn(port, "0123456789")] == '\0') {
        if (value_parse_count(port, &value) < 0 || value < 1 || value > 65535)
            comment(import, service, "invalid port:", port);
        else
            service->port_number = (uint16_t)value;
        return;
    }
    number = import_find_port(import, port, datagram);
    service->port_number = number;
    if (isdigit((unsigned char)port[0]) && number > 0)
        service->port = import_format(import, "%u", number);
    else if (!import_is_name(port) || isdigit((unsigned char)port[0]))
        comment(import, service, "invalid port:", port);
    else if (number == 0 && !import->root)
        comment(import, service, "port not in this machine's services(5):", port);
}

static void check_addresses(struct import *import, struct import_service *service)
{
    struct addr addr;

    for (size_t i = 0; i < service->addresses.count; i++)
        if (addr_parse_host(service->addresses.items[i], &addr) < 0)
            comment(import, service, "an address must be numeric:", service->addresses.items[i]);
    if (import_conflicts_with_itself(service))
        comment(import, service, "its addresses overlap at port", service->port);
}

static const char *listen_item(struct import *import, const struct import_service *service,
                               const char *address)
{
    const char *prefix = service->socket == IMPORT_DATAGRAM ? "udp:" : "";

    return import_format(import, strchr(address, ':') ? "%s[%s]:%s" : "%s%s:%s", prefix, address,
                         service->port);
}

static void set_listen(struct import *import, struct import_service *service)
{
    static const char *const prefixes[] = {[IMPORT_STREAM] = "unix:",
                                           [IMPORT_DATAGRAM] = "unix-dgram:",
                                           [IMPORT_SEQPACKET] = "unix-seqpacket:"};
    struct value_words items = {0};

    if (service->is_unix)
        import_append(import, &items,
                      import_format(import, "%s%s", prefixes[service->socket], service->port));
    for (size_t i = 0; i < service->addresses.count; i++)
        import_append(import, &items, listen_item(import, service, service->addresses.items[i]));
    import_set(service, IMPORT_LISTEN, import_join(import, &items));
}

/* --- what runs ------------------------------------------------------------------------------ */

/* The daemon that tcpd starts. */
static const char *wrapped_daemon(struct import *import, const struct import_service *service)
{
    const char *name = service->argv.items[0];

    return name[0] == '/' ? name : import_format(import, DAEMON_DIRECTORY "/%s", name);
}

/* Where tcpd is here it goes on to do its work. Otherwise its daemon runs without it. */
static void unwrap(struct import *import, struct import_service *service)
{
    const char *daemon;

    if (service->kind != IMPORT_PROGRAM || service->argv.count == 0 ||
        !import_is_tcpd(service->program))
        return;
    daemon = wrapped_daemon(import, service);
    if (import_has_program(import, service->program)) {
        if (!import_has_program(import, daemon))
            comment(import, service, "tcpd's program not found:", daemon);
        return;
    }
    import_say(import, service, IMPORT_WARNING, "%s not found: its daemon is started without it",
               service->program);
    import_ask_wrappers(import, service, daemon);
    service->program = daemon;
}

static void set_exec(struct import *import, struct import_service *service)
{
    bool built_in = service->kind == IMPORT_BUILT_IN;
    const char *program = built_in
                              ? import_format(import, "%s/%s", import->handlers, service->program)
                              : service->program;
    const char *name = service->argv.count > 0 ? service->argv.items[0] : program;
    struct value_words words = import_copy_words(import, &service->argv, 1);
    struct value_words all = {0};

    import_append(import, &all, program);
    for (size_t i = 0; i < words.count; i++)
        import_append(import, &all, words.items[i]);
    import_set(service, IMPORT_EXEC, import_join(import, &all));
    if (!built_in && strcmp(name, program) != 0 && strcmp(name, import_base_name(program)) != 0) {
        all = (struct value_words){0};
        import_append(import, &all, name);
        import_set(service, IMPORT_ARGV0, import_join(import, &all));
    }
    if (program[0] != '/' || !import_has_program(import, program))
        comment(import, service, "program not found:", program);
}

static void check_user(struct import *import, struct import_service *service)
{
    const char *user = service->values[IMPORT_USER], *group = service->values[IMPORT_GROUP];

    if (user && !import_has_user(import, user))
        comment(import, service, "unknown user:", user);
    if (group && !import_has_group(import, group))
        comment(import, service, "unknown group:", group);
}

/* A datagram service has no connections, and a waiting one no clients of its own. */
static void set_wait(struct import *import, struct import_service *service)
{
    if (service->socket == IMPORT_DATAGRAM && !service->wait) {
        import_say(import, service, IMPORT_WARNING,
                   "datagram services cannot be nowait: the program gets the socket, and the next "
                   "one is started when it exits");
        service->wait = true;
    }
    if (!service->wait) {
        /* Where a program says on standard error what went wrong, its client has seen it so far. */
        if (service->kind == IMPORT_PROGRAM)
            import_set(service, IMPORT_STDERR, "connection");
        return;
    }
    if (service->socket != IMPORT_DATAGRAM)
        import_set(service, IMPORT_WAIT, "yes");
    import_set(service, IMPORT_MAX_CONNECTIONS, NULL);
    import_set(service, IMPORT_WHEN_FULL, NULL);
    import_set(service, IMPORT_MAX_CONNECTIONS_PER_SOURCE, NULL);
    import_set(service, IMPORT_RATE_PER_SOURCE, NULL);
    import_set(service, IMPORT_REFUSE_MESSAGE, NULL);
}

/* --- the story ------------------------------------------------------------------------------ */

static void finish_alone(struct import *import, struct import_service *service)
{
    unwrap(import, service);
    set_wait(import, service);
    expand_family(import, service);
    normalize_addresses(import, service);
    set_ipv6_only(service);
}

static void finish_with_others(struct import *import, struct import_service *service)
{
    if (service->is_unix) {
        check_unix(import, service);
    } else {
        check_port(import, service);
        check_addresses(import, service);
    }
    set_listen(import, service);
    set_exec(import, service);
    check_user(import, service);
}

static void for_each(struct import *import,
                     void (*visit)(struct import *import, struct import_service *service))
{
    for (struct import_service *service = import->services; service; service = service->next) {
        import_return_to(import, service);
        if (service->result != IMPORT_OMITTED)
            visit(import, service);
    }
}

/* Once is enough. */
static void say_family(struct import *import)
{
    for (const struct import_service *service = import->services; service; service = service->next)
        if (service->result != IMPORT_OMITTED && service->family_assumed) {
            import_return_to(import, service);
            import_say(import, NULL, IMPORT_WARNING,
                       "tcp and udp are imported as IPv4 only; with --ipv6 as both, as in Debian's "
                       "openbsd-inetd");
            return;
        }
}

void import_finish(struct import *import)
{
    const char *file = import->file;
    unsigned line = import->line;

    import_finish_xinetd(import);
    for_each(import, finish_alone);
    import_merge_duplicates(import);
    say_family(import);
    for_each(import, finish_with_others);
    import_name_services(import);
    import_settle_conflicts(import);
    import->file = file;
    import->line = line;
}

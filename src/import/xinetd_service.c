/* xinetd_service: a service from what xinetd's attributes mean together. See
 * xinetd_parts.h. */
#include <string.h>

#include "import/built_in.h"
#include "import/wrappers.h"
#include "import/xinetd_parts.h"

/* For it there is no section. */
static bool omit(struct settings *settings, const char *reason)
{
    import_downgrade(settings->import, settings->service, IMPORT_OMITTED, "%s", reason);
    return false;
}

/* xinetd would not serve it. */
static void disable(struct settings *settings, const char *reason)
{
    import_downgrade(settings->import, settings->service, IMPORT_DISABLED, "disabled: %s", reason);
}

static const struct {
    const char *name;
    enum import_socket socket;
} protocols[] = {{"tcp", IMPORT_STREAM}, {"udp", IMPORT_DATAGRAM}};

/* socket_type and protocol: one follows from the other. */
static bool conclude_socket(struct settings *settings)
{
    struct import_service *service = settings->service;
    size_t i = 0;

    service->socket = settings->socket;
    if (!settings->protocol) {
        if (!settings->has_socket)
            disable(settings, "it has no socket_type or protocol");
        if (settings->socket == IMPORT_SEQPACKET)
            return omit(settings, "such sockets are supported as unix sockets only");
        return true;
    }
    while (i < 2 && !import_is_word(settings->protocol, protocols[i].name))
        i++;
    if (i == 2)
        return omit(settings, "only tcp and udp are supported");
    if (settings->has_socket && settings->socket != protocols[i].socket)
        return omit(settings, "socket_type and protocol do not match");
    service->socket = protocols[i].socket;
    return true;
}

static void conclude_address(struct settings *settings, const char *name)
{
    struct import_service *service = settings->service;
    bool ipv6 = (settings->flags & FLAG_IPV6) && !(settings->flags & FLAG_IPV4);
    const char *bind = settings->bind;

    service->port = settings->port ? settings->port : name;
    /* Both flags make an IPv4 socket, and so does none. */
    service->family = ipv6 ? IMPORT_IPV6_DUAL : IMPORT_IPV4;
    if (bind && import_is_word(bind, "localhost"))
        bind = ipv6 ? "::1" : "127.0.0.1";
    if (bind)
        import_append(settings->import, &service->addresses, bind);
    if (settings->ipv6_only == ANSWER_YES && (ipv6 || (bind && strchr(bind, ':'))))
        import_set(service, IMPORT_IPV6_ONLY, "yes");
}

static bool conclude_redirect(struct settings *settings)
{
    const char *host = settings->redirect_host;

    if (settings->service->socket != IMPORT_STREAM)
        return omit(settings, "only TCP can be redirected");
    if (import_is_word(host, "localhost"))
        host = "127.0.0.1";
    import_set_relay(settings->import, settings->service,
                     import_format(settings->import, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host,
                                   settings->redirect_port));
    return true;
}

static bool conclude_program(struct settings *settings, const char *name)
{
    struct import *import = settings->import;
    struct import_service *service = settings->service;

    if (settings->redirect_host)
        return conclude_redirect(settings);
    if (settings->types & TYPE_INTERNAL)
        return import_set_built_in(import, service, name);
    if (!settings->server)
        return omit(settings, "it has no server");
    service->program = settings->server;
    if (settings->flags & FLAG_NAME_IN_ARGS) {
        service->argv = settings->server_args;
        return true;
    }
    import_append(import, &service->argv, import_base_name(settings->server));
    for (size_t i = 0; i < settings->server_args.count; i++)
        import_append(import, &service->argv, settings->server_args.items[i]);
    return true;
}

/* Built-in ones have theirs. */
static void conclude_user(struct settings *settings)
{
    struct import_service *service = settings->service;

    if (settings->groups != ANSWER_YES)
        import_set(service, IMPORT_GROUPS, "none");
    if (service->values[IMPORT_USER])
        return;
    if (!settings->user)
        disable(settings, "it has no user");
    import_set(service, IMPORT_USER, settings->user ? settings->user : "nobody");
    import_set(service, IMPORT_GROUP, settings->group);
}

static void say_covered(struct settings *settings, const struct prefix *prefix)
{
    char text[PREFIX_TEXT_SIZE];

    prefix_format(prefix, text);
    import_say(settings->import, settings->service, IMPORT_WARNING,
               "only_from %s is inside no_access, which wins, whatever xinetd.conf(5) says", text);
}

/* xinetd refuses who is in both lists. With us the longer prefix decides, so what lies within
 * no_access goes. */
static struct import_prefixes allowed(struct settings *settings)
{
    struct import_prefixes *all = &settings->only_from.prefixes;
    struct import_prefixes kept = *all;

    kept.count = 0;
    for (size_t i = 0; i < all->count; i++)
        if (import_is_covered(&all->items[i], &settings->no_access.prefixes))
            say_covered(settings, &all->items[i]);
        else
            all->items[kept.count++] = all->items[i];
    return kept;
}

/* The name by which xinetd asks libwrap, as it is built by Debian and others. */
static const char *wrapped_name(const struct settings *settings, const char *name)
{
    const struct import_service *service = settings->service;

    if (settings->libwrap)
        return settings->libwrap;
    if (service->kind == IMPORT_BUILT_IN || service->argv.count == 0)
        return name;
    return service->argv.items[0];
}

static void conclude_wrappers(struct settings *settings, const char *name)
{
    if (!(settings->flags & FLAG_NO_LIBWRAP))
        import_ask_wrappers(settings->import, settings->service, wrapped_name(settings, name));
}

/* With INTERCEPT xinetd looks at who comes to a waiting service, too. */
static void disable_waiting(struct settings *settings)
{
    struct import *import = settings->import;

    if (settings->flags & FLAG_INTERCEPT)
        disable(settings, import_format(import,
                                        "with wait = yes stdinetd cannot refuse clients, as "
                                        "only_from and no_access do: 'flags = %s'",
                                        import_join(import, &settings->flag_words)));
    else
        disable(settings, "with wait = yes stdinetd cannot refuse clients; restrict access to the "
                          "port in another way");
}

static void conclude_access(struct settings *settings)
{
    static const char everybody[] = "0.0.0.0/0 ::/0";
    struct import *import = settings->import;
    struct import_service *service = settings->service;
    struct import_prefixes allow = allowed(settings);

    if (settings->no_access.lost)
        disable(settings, "clients refused by no_access would be let in");
    if (settings->flags & FLAG_IDENT_ONLY)
        disable(settings,
                "IDONLY refuses clients without an ident server; stdinetd would let them in");
    if (!settings->only_from.given && settings->no_access.prefixes.count == 0)
        return;
    if (service->wait && service->socket == IMPORT_STREAM && !(settings->flags & FLAG_INTERCEPT)) {
        import_say(
            import, service, IMPORT_WARNING,
            "only_from and no_access have no effect with wait = yes, in xinetd and in stdinetd");
        return;
    }
    /* Nor with datagrams, which become so. */
    if (service->wait || service->socket == IMPORT_DATAGRAM)
        disable_waiting(settings);
    if (settings->only_from.given && allow.count > 0)
        import_set(service, IMPORT_ALLOW, import_join_prefixes(import, &allow));
    if (settings->only_from.given && allow.count == 0)
        import_set(service, IMPORT_DENY, everybody);
    else if (settings->no_access.prefixes.count > 0)
        import_set(service, IMPORT_DENY,
                   import_join_prefixes(import, &settings->no_access.prefixes));
}

static void conclude_rest(struct settings *settings)
{
    struct import *import = settings->import;
    struct import_service *service = settings->service;

    if ((settings->flags & FLAG_NODELAY) && service->socket == IMPORT_STREAM)
        import_set(service, IMPORT_NODELAY, "yes");
    if ((settings->flags & FLAG_KEEPALIVE) && service->socket == IMPORT_STREAM)
        import_set(service, IMPORT_KEEPALIVE, "yes");
    if (settings->env.count > 0)
        import_set(service, IMPORT_ENV, import_join(import, &settings->env));
    if (settings->pass_env.count > 0)
        import_set(service, IMPORT_PASS_ENV, import_join(import, &settings->pass_env));
}

/* Those that have no section. */
static bool can_be(struct settings *settings, const char *name)
{
    if (settings->types & TYPE_RPC)
        return omit(settings, IMPORT_NO_RPC);
    if (settings->flags & FLAG_SENSOR)
        return omit(settings, "sensors are not supported; see penalty in stdinetd.ini(5)");
    if (settings->types & (TYPE_TCPMUX | TYPE_TCPMUXPLUS)) {
        if (conclude_program(settings, name))
            import_omit_tcpmux(settings->import, settings->service, name,
                               settings->types & TYPE_TCPMUXPLUS);
        return false;
    }
    return true;
}

void xinetd_service_conclude(struct settings *settings, const char *name)
{
    struct import_service *service = settings->service;

    service->name = settings->id ? settings->id : name;
    memcpy(service->values, settings->values, sizeof(service->values));
    if (settings->refused)
        disable(settings, settings->refused);
    if (!can_be(settings, name) || !conclude_socket(settings))
        return;
    if (settings->wait == ANSWER_NONE)
        disable(settings, "it has no wait");
    service->wait = settings->wait == ANSWER_YES;
    conclude_address(settings, name);
    if (!conclude_program(settings, name))
        return;
    conclude_user(settings);
    conclude_wrappers(settings, name);
    conclude_access(settings);
    conclude_rest(settings);
}

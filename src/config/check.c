/* check: see check.h. */
#include "config/check.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/option.h"
#include "config/program.h"

struct checker {
    struct config *config;
    const char *directory;
    bool proven;
    struct problems *problems;
    const struct check_places *places;
    struct location refused_exec; /* where a program was missing: [defaults] says it once for all */
};

/* Where an option of a service was given, be it in [defaults]; without a file: nowhere. */
static const struct location *find_given(const struct checker *checker, size_t service,
                                         size_t option)
{
    return checker->places->any(checker->places->context, service, option);
}

/* Where an option of a service stands, or the service's section where it was not given. */
static struct location locate(const struct checker *checker, size_t service, const char *name)
{
    const struct option *option = option_find(SCOPE_SERVICE, name);
    const struct location *where = find_given(checker, service, option_index(option));

    return where->file ? *where : checker->config->services[service].where;
}

static bool is_zero(const struct option *option, const struct service_settings *service)
{
    const unsigned char *bytes = option_field_const(option, service);
    size_t i = 0;

    while (i < option->codec->size && bytes[i] == 0)
        i++;
    return i == option->codec->size;
}

static bool is_missing(const struct option *option, const struct service_settings *service)
{
    return option->required && is_zero(option, service);
}

static void check_required(const struct checker *checker, size_t index)
{
    const struct service_settings *service = &checker->config->services[index];

    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];

        /* One that was given and is wrong was reported already. */
        if (option->scope == SCOPE_SERVICE && is_missing(option, service) &&
            !find_given(checker, index, i)->file)
            problems_add(checker->problems, service->where, "[%s] has no '%s'", service->name,
                         option->name);
    }
}

static void check_credentials(const struct checker *checker, size_t index)
{
    const struct service_settings *service = &checker->config->services[index];
    const size_t user = option_index(option_find(SCOPE_SERVICE, "user"));

    if (geteuid() == 0) {
        if (!service->user && !find_given(checker, index, user)->file)
            problems_add(checker->problems, service->where,
                         "[%s] has no 'user', which is required when running as root "
                         "(to run it as root, write user = root)",
                         service->name);
        return;
    }
    if (service->user && service->user->uid != geteuid())
        problems_add(checker->problems, locate(checker, index, "user"),
                     "user: only root can start programs as another user");
    if (service->group && service->group->gid != getegid())
        problems_add(checker->problems, locate(checker, index, "group"),
                     "group: only root can start programs with another group");
    if (service->groups.kind == GROUPS_LIST)
        problems_add(checker->problems, locate(checker, index, "groups"),
                     "groups: only root can choose groups");
    if (service->socket_user && service->socket_user->uid != geteuid())
        problems_add(checker->problems, locate(checker, index, "socket-user"),
                     "socket-user: only root can change a socket's owner");
    if (service->chroot)
        problems_add(checker->problems, locate(checker, index, "chroot"),
                     "chroot: only root can change the root directory");
    if (service->capabilities.set)
        problems_add(checker->problems, locate(checker, index, "capabilities"),
                     "capabilities: only root can drop them from the bounding set");
    if (service->isolate != 0)
        problems_add(checker->problems, locate(checker, index, "isolate"),
                     "isolate: only root can make namespaces");
}

/* Asks the group database for all groups of a user. */
static int fill_groups(struct arena *arena, const struct settings_user *user, gid_t gid,
                       struct settings_groups *groups)
{
    int room = 64;

    for (;;) {
        gid_t *gids = arena_allocate_array(arena, (size_t)room, sizeof(*gids));
        int count = room;

        if (!gids)
            return -ENOMEM;
        if (getgrouplist(user->name, gid, gids, &count) >= 0) {
            groups->gids = gids;
            groups->count = (uint32_t)count;
            return 0;
        }
        if (count <= room) /* it had room enough: something else is missing */
            return -ENOMEM;
        room = count;
    }
}

/* groups = init means those of the user; a service mostly has the same user as the one before. */
static int complete_groups(struct config *config)
{
    const struct service_settings *last = NULL;

    for (size_t i = 0; i < config->service_count; i++) {
        struct service_settings *service = &config->services[i];
        gid_t gid;
        int error = 0;

        if (service->groups.kind != GROUPS_INIT || !service->user)
            continue;
        gid = service->group ? service->group->gid : service->user->gid;
        if (last && last->user == service->user && last->group == service->group) {
            service->groups.gids = last->groups.gids;
            service->groups.count = last->groups.count;
        } else {
            error = fill_groups(config->arena, service->user, gid, &service->groups);
        }
        if (error < 0)
            return error;
        last = service;
    }
    return 0;
}

/* An endpoint and whose it is, for sorting. */
struct claim {
    const struct endpoint *endpoint;
    const char *device; /* NULL: all */
    struct endpoint place;
    size_t service;
};

/* A path can be only one socket, whatever its kind; abstract names are apart by kind. */
static struct endpoint place_of(const struct endpoint *endpoint)
{
    struct endpoint place = *endpoint;

    if (endpoint_is_unix(place.kind) && place.path[0] == '/')
        place.kind = ENDPOINT_UNIX;
    return place;
}

static int compare_claims(const void *left, const void *right)
{
    const struct claim *one = left, *other = right;
    int order = endpoint_compare(&one->place, &other->place);

    if (order == 0)
        order = one->service < other->service ? -1 : one->service > other->service;
    return order;
}

static void report_claims(const struct checker *checker, const struct claim *first,
                          const struct claim *second, const char *how)
{
    const struct service_settings *one = &checker->config->services[first->service];
    char text[ENDPOINT_TEXT_SIZE];

    endpoint_format(second->endpoint, text);
    if (first->service == second->service)
        problems_add(checker->problems, locate(checker, second->service, "listen"),
                     "listen: %s %s another address of this service", text, how);
    else
        problems_add(checker->problems, locate(checker, second->service, "listen"),
                     "listen: %s %s an address of [%s] (%s:%u)", text, how, one->name,
                     one->where.file, one->where.line);
}

/* Sockets that are bound to different devices never meet. */
static bool are_apart(const struct claim *one, const struct claim *other)
{
    return one->device && other->device && strcmp(one->device, other->device) != 0;
}

/* Whether a wildcard and another address of its port can't be bound at the same time. */
static bool overlaps(const struct checker *checker, const struct claim *wildcard,
                     const struct claim *other)
{
    const struct endpoint *any = wildcard->endpoint, *one = other->endpoint;
    bool dual =
        any->addr.family == ADDR_IPV6 && !checker->config->services[wildcard->service].ipv6_only;

    if (any->kind != one->kind || any->addr.port != one->addr.port || are_apart(wildcard, other))
        return false;
    return any->addr.family == one->addr.family || (dual && one->addr.family == ADDR_IPV4);
}

/* Claims of one place are neighbours. */
static void check_equal(const struct checker *checker, const struct claim *claims, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0 && endpoint_equal(&claims[j - 1].place, &claims[i].place); j--)
            if (!are_apart(&claims[j - 1], &claims[i])) {
                report_claims(checker, &claims[j - 1], &claims[i], "is");
                break;
            }
}

/* Claims are sorted by port: those of one port are a run; wildcards in it clash with the rest. */
static void check_run(const struct checker *checker, const struct claim *claims, size_t count)
{
    check_equal(checker, claims, count);
    for (size_t i = 0; i < count; i++) {
        if (!endpoint_is_inet(claims[i].endpoint->kind) || !addr_is_any(&claims[i].endpoint->addr))
            continue;
        for (size_t j = 0; j < count; j++) {
            bool both_any = addr_is_any(&claims[j].endpoint->addr);

            if (i == j || (both_any && j < i) || endpoint_equal(&claims[i].place, &claims[j].place))
                continue;
            if (overlaps(checker, &claims[i], &claims[j]) ||
                (both_any && overlaps(checker, &claims[j], &claims[i])))
                report_claims(checker, &claims[i], &claims[j], "overlaps");
        }
    }
}

/* Whether they stand in one run: the same port of one protocol, or the same name. */
static bool is_same_run(const struct claim *one, const struct claim *other)
{
    if (!endpoint_is_inet(one->place.kind))
        return endpoint_equal(&one->place, &other->place);
    return one->place.kind == other->place.kind && one->place.addr.port == other->place.addr.port;
}

static size_t collect_claims(const struct config *config, struct claim *claims)
{
    size_t used = 0;

    for (size_t i = 0; i < config->service_count; i++) {
        const struct service_settings *service = &config->services[i];

        for (size_t j = 0; service->enabled && j < service->listen.count; j++)
            claims[used++] = (struct claim){&service->listen.items[j], service->bind_device,
                                            place_of(&service->listen.items[j]), i};
    }
    return used;
}

static int check_endpoints(const struct checker *checker)
{
    const struct config *config = checker->config;
    size_t total = 0, start = 0;
    struct claim *claims;

    for (size_t i = 0; i < config->service_count; i++)
        total += config->services[i].enabled ? config->services[i].listen.count : 0;
    if (total == 0)
        return 0;
    claims = calloc(total, sizeof(*claims));
    if (!claims)
        return -ENOMEM;
    total = collect_claims(config, claims);
    qsort(claims, total, sizeof(*claims), compare_claims);
    for (size_t i = 1; i <= total; i++) {
        if (i < total && is_same_run(&claims[start], &claims[i]))
            continue;
        check_run(checker, claims + start, i - start);
        start = i;
    }
    free(claims);
    return 0;
}

/* There is nothing to accept on a datagram socket: it can only be given away as a whole. */
static void check_wait(const struct checker *checker, size_t index)
{
    const struct service_settings *service = &checker->config->services[index];
    char text[ENDPOINT_TEXT_SIZE];

    if (!service->wait.set || service->wait.value)
        return;
    for (size_t i = 0; i < service->listen.count; i++) {
        if (!endpoint_is_datagram(service->listen.items[i].kind))
            continue;
        endpoint_format(&service->listen.items[i], text);
        problems_add(checker->problems, locate(checker, index, "wait"),
                     "wait: %s is a datagram socket, which needs wait = yes", text);
        return;
    }
}

static void check_guard(const struct checker *checker, size_t index)
{
    const struct service_settings *service = &checker->config->services[index];
    const struct settings_guard *guard = service->guard;

    if (guard->proxy_protocol && guard->proxy_from.count == 0)
        problems_add(checker->problems, locate(checker, index, "proxy-protocol"),
                     "proxy-protocol: proxy-from is required");
    /* What stands behind a header in the same message would be gone with it. */
    for (size_t i = 0; guard->proxy_protocol && i < service->listen.count; i++)
        if (service->listen.items[i].kind == ENDPOINT_UNIX_SEQPACKET)
            problems_add(checker->problems, locate(checker, index, "proxy-protocol"),
                         "proxy-protocol: needs a stream, and %s is a seqpacket socket",
                         service->listen.items[i].path);
    if (guard->penalty_min > guard->penalty_max)
        problems_add(checker->problems, locate(checker, index, "penalty-min"),
                     "penalty-min: is above penalty-max, so no penalty would be enforced");
}

/* A deny that nobody heeds is worse than none. What [defaults] says is for the others. */
static void check_judges(const struct checker *checker, size_t index)
{
    const struct service_settings *service = &checker->config->services[index];

    if (!settings_waits(service) || !service->enabled)
        return;
    for (size_t i = 0; i < option_count; i++) {
        const struct location *own = checker->places->own(checker->places->context, index, i);

        if (option_table[i].judges && own->file && !is_zero(&option_table[i], service))
            problems_add(checker->problems, *own,
                         "%s: cannot be used with wait = yes (or datagrams): stdinetd does not see "
                         "the clients",
                         option_table[i].name);
    }
}

/* Whether the service before has found the same one: five thousand of one program share it. */
static bool has_same_program(const struct service_settings *one,
                             const struct service_settings *other)
{
    bool chroot = one->chroot && other->chroot ? strcmp(one->chroot, other->chroot) == 0
                                               : one->chroot == other->chroot;

    return one->exec.program && chroot &&
           strcmp(one->exec.words.items[0], other->exec.words.items[0]) == 0;
}

/* Where a program is waited for that has just gone: in its place, or where most are that were found
 * by PATH. */
static const char *expect_program(struct arena *arena, const char *name)
{
    size_t size = strlen(name) + sizeof("/usr/bin/");
    char *path = arena_allocate(arena, size);

    if (path)
        snprintf(path, size, "%s%s", name[0] == '/' ? "" : "/usr/bin/", name);
    return path;
}

static int find_program(struct checker *checker, size_t index)
{
    struct service_settings *service = &checker->config->services[index];
    struct settings_command *exec = &service->exec;
    struct program_request request = {.directory = checker->directory, .chroot = service->chroot};
    char message[PROGRAM_MESSAGE_SIZE];
    int error;

    if (exec->words.count == 0) /* said already */
        return 0;
    if (index > 0 && has_same_program(service - 1, service)) {
        exec->program = service[-1].exec.program;
        return 0;
    }
    request.name = exec->words.items[0];
    error = program_find(checker->config->arena, &request, &exec->program, message);
    if (error == -EINVAL && checker->proven) {
        exec->program = expect_program(checker->config->arena, request.name);
        return exec->program ? 0 : -ENOMEM;
    }
    if (error == -EINVAL) {
        struct location where = locate(checker, index, "exec");

        if (where.file != checker->refused_exec.file || where.line != checker->refused_exec.line)
            problems_add(checker->problems, where, "exec: %s", message);
        checker->refused_exec = where;
        return 0;
    }
    return error;
}

/* A relative name means nothing to a handler, which starts in another directory. Last of all:
 * services that have it from [defaults] share its words. */
static void make_absolute(struct config *config)
{
    for (size_t i = 0; i < config->service_count; i++) {
        struct settings_command *exec = &config->services[i].exec;

        if (exec->program && exec->words.items[0][0] != '/' && strchr(exec->words.items[0], '/'))
            memcpy(&exec->words.items[0], &exec->program, sizeof(exec->program));
    }
}

int config_check(struct config *config, const char *directory, bool proven,
                 struct problems *problems, const struct check_places *places)
{
    struct checker checker = {config, directory, proven, problems, places, {0}};

    for (size_t i = 0; i < config->service_count; i++) {
        check_required(&checker, i);
        check_credentials(&checker, i);
        check_wait(&checker, i);
        check_guard(&checker, i);
        check_judges(&checker, i);
        if (find_program(&checker, i) < 0)
            return -ENOMEM;
    }
    make_absolute(config);
    if (check_endpoints(&checker) < 0)
        return -ENOMEM;
    return complete_groups(config);
}

/* check: see check.h. */
#include "config/check.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/option.h"

struct checker {
    struct config *config;
    struct problems *problems;
    check_where where;
    const void *context;
};

/* Where an option of a service stands, or the service's section where it was not given. */
static struct location locate(const struct checker *checker, size_t service, const char *name)
{
    const struct option *option = option_find(SCOPE_SERVICE, name);
    const struct location *where = checker->where(checker->context, service, option_index(option));

    return where->file ? *where : checker->config->services[service].where;
}

static bool is_missing(const struct option *option, const struct service_settings *service)
{
    static const unsigned char zero[64];

    return option->required &&
           memcmp(option_field_const(option, service), zero, option->codec->size) == 0;
}

static void check_required(const struct checker *checker, size_t index)
{
    const struct service_settings *service = &checker->config->services[index];

    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];

        /* One that was given and is wrong was reported already. */
        if (option->scope == SCOPE_SERVICE && is_missing(option, service) &&
            !checker->where(checker->context, index, i)->file)
            problems_add(checker->problems, service->where, "[%s] has no '%s'", service->name,
                         option->name);
    }
}

static void check_credentials(const struct checker *checker, size_t index)
{
    const struct service_settings *service = &checker->config->services[index];
    const size_t user = option_index(option_find(SCOPE_SERVICE, "user"));

    if (geteuid() == 0) {
        if (!service->user && !checker->where(checker->context, index, user)->file)
            problems_add(checker->problems, service->where,
                         "[%s] has no 'user', which is required when running as root "
                         "(user = root to mean it)",
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
                     "socket-user: only root can give a socket away");
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
        room = count > room ? count : room * 2;
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
    size_t service;
};

static int compare_claims(const void *left, const void *right)
{
    const struct claim *one = left, *other = right;
    int order = endpoint_compare(one->endpoint, other->endpoint);

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

/* Whether a wildcard and another address of its port can't be bound at the same time. */
static bool overlaps(const struct checker *checker, const struct claim *wildcard,
                     const struct claim *other)
{
    const struct endpoint *any = wildcard->endpoint, *one = other->endpoint;
    bool dual =
        any->addr.family == ADDR_IPV6 && !checker->config->services[wildcard->service].ipv6_only;

    if (any->kind != ENDPOINT_TCP || one->kind != ENDPOINT_TCP || any->addr.port != one->addr.port)
        return false;
    return any->addr.family == one->addr.family || (dual && one->addr.family == ADDR_IPV4);
}

/* Claims are sorted by port: those of one port are a run; wildcards in it clash with the rest. */
static void check_run(const struct checker *checker, const struct claim *claims, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (endpoint_equal(claims[i - 1].endpoint, claims[i].endpoint))
            report_claims(checker, &claims[i - 1], &claims[i], "is");
    for (size_t i = 0; i < count; i++) {
        if (claims[i].endpoint->kind != ENDPOINT_TCP || !addr_is_any(&claims[i].endpoint->addr))
            continue;
        for (size_t j = 0; j < count; j++) {
            bool both_any = addr_is_any(&claims[j].endpoint->addr);

            if (i == j || (both_any && j < i) ||
                endpoint_equal(claims[i].endpoint, claims[j].endpoint))
                continue;
            if (overlaps(checker, &claims[i], &claims[j]) ||
                (both_any && overlaps(checker, &claims[j], &claims[i])))
                report_claims(checker, &claims[i], &claims[j], "overlaps");
        }
    }
}

static int check_endpoints(const struct checker *checker)
{
    const struct config *config = checker->config;
    size_t total = 0, used = 0, start = 0;
    struct claim *claims;

    for (size_t i = 0; i < config->service_count; i++)
        total += config->services[i].enabled ? config->services[i].listen.count : 0;
    if (total == 0)
        return 0;
    claims = calloc(total, sizeof(*claims));
    if (!claims)
        return -ENOMEM;
    for (size_t i = 0; i < config->service_count; i++)
        for (size_t j = 0; config->services[i].enabled && j < config->services[i].listen.count; j++)
            claims[used++] = (struct claim){&config->services[i].listen.items[j], i};
    qsort(claims, total, sizeof(*claims), compare_claims);
    for (size_t i = 1; i <= total; i++) {
        const struct endpoint *first = claims[start].endpoint;

        if (i < total && claims[i].endpoint->kind == first->kind &&
            (first->kind == ENDPOINT_UNIX ? endpoint_equal(claims[i].endpoint, first)
                                          : claims[i].endpoint->addr.port == first->addr.port))
            continue;
        check_run(checker, claims + start, i - start);
        start = i;
    }
    free(claims);
    return 0;
}

int config_check(struct config *config, struct problems *problems, check_where where,
                 const void *context)
{
    struct checker checker = {config, problems, where, context};

    for (size_t i = 0; i < config->service_count; i++) {
        check_required(&checker, i);
        check_credentials(&checker, i);
    }
    if (check_endpoints(&checker) < 0)
        return -ENOMEM;
    return complete_groups(config);
}

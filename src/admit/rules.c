/* rules: see rules.h. */
#include "admit/rules.h"

#include <errno.h>
#include <stdlib.h>

#include "base/prefix.h"

static int build_list(const struct settings_prefixes *prefixes, struct acl **ret)
{
    return prefixes->count > 0 ? acl_new(prefixes->items, prefixes->count, NULL, 0, ret) : 0;
}

int rules_build(const struct settings_guard *guard, struct admission_rules *sibling,
                struct admission_rules **ret)
{
    struct admission_rules *rules;
    int error = 0;

    if (sibling && sibling->guard == guard) {
        sibling->references++;
        *ret = sibling;
        return 0;
    }
    rules = calloc(1, sizeof(*rules));
    if (!rules)
        return -ENOMEM;
    rules->references = 1;
    rules->guard = guard;
    if (guard->allow.count + guard->deny.count > 0)
        error = acl_new(guard->allow.items, guard->allow.count, guard->deny.items,
                        guard->deny.count, &rules->access);
    if (error == 0)
        error = build_list(&guard->penalty_exempt, &rules->exempt);
    if (error == 0)
        error = build_list(&guard->proxy_from, &rules->proxies);
    if (error < 0) {
        rules_unref(rules);
        return error;
    }
    *ret = rules;
    return 0;
}

void rules_unref(struct admission_rules *rules)
{
    if (!rules || --rules->references > 0)
        return;
    acl_unref(rules->access);
    acl_unref(rules->exempt);
    acl_unref(rules->proxies);
    free(rules);
}

bool rules_list_has(const struct acl *list, const struct addr *addr)
{
    return list && acl_allows(list, addr, NULL);
}

static unsigned source_length(const struct settings_guard *guard, uint8_t family)
{
    return family == ADDR_IPV4   ? guard->source_prefix.ipv4
           : family == ADDR_IPV6 ? guard->source_prefix.ipv6
                                 : 128;
}

struct addr rules_source_of(const struct admission_rules *rules, const struct addr *addr)
{
    struct addr source = *addr;

    prefix_mask(&source, source_length(rules->guard, addr->family));
    return source;
}

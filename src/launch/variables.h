/* variables: what a service's handlers have in their environment whatever their connection is: env,
 * pass-env, those of its user, PATH. Services that have the same share one list: with thousands of
 * them it would be a tenth of their memory. What tells of a connection is environment.h's.
 */
#ifndef STDINETD_LAUNCH_VARIABLES_H
#define STDINETD_LAUNCH_VARIABLES_H

#include <stddef.h>

#include "config/settings.h"

struct variables {
    unsigned references;
    /* What it was made of, in a snapshot that lives as long: the same pointers mean the same. */
    const struct settings_user *user;
    char *const *env, *const *pass_env;
    size_t count;
    char *items[]; /* "NAME=value", NULL-terminated; the strings copied from us stand behind */
};

/* Makes the list of a service, or takes a sibling's, made for the same snapshot, where it is the
 * same (NULL: there is none). inherited is our own environment, from which strings are copied. 0 or
 * -ENOMEM. */
int variables_build(const struct service_settings *service, char *const *inherited,
                    struct variables *sibling, struct variables **ret);

/* Gives one holder's reference back; NULL is fine. */
void variables_unref(struct variables *variables);

#endif

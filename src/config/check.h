/* check: what no single option can know of itself: required keys, keys that need each other or
 * privileges, the program of a command, addresses that two services claim. Part of loading; called
 * by load only. */
#ifndef STDINETD_CONFIG_CHECK_H
#define STDINETD_CONFIG_CHECK_H

#include "config/problems.h"
#include "config/settings.h"

/* Where each option of a service was given, by option_index, be it in [defaults]; without a file:
 * nowhere. */
typedef const struct location *(*check_where)(const void *context, size_t service, size_t option);

/* The two of them that are told: in whatever section, and in the service's own. */
struct check_places {
    check_where any, own;
    const void *context;
};

/* Checks the services of config among themselves and completes what depends on several options (the
 * groups of a user, the program of a command, whose relative name starts from directory). What was
 * proven a moment ago may lack a program: its service rests, as where one goes that runs. 0 or
 * -ENOMEM; what is wrong goes to problems. */
int config_check(struct config *config, const char *directory, bool proven,
                 struct problems *problems, const struct check_places *places);

#endif

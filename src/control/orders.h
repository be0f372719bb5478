/* orders: what the control socket may order of the daemon, and what it may tell of it; filled by
 * daemon.c, so that nothing here calls it by name. */
#ifndef STDINETD_CONTROL_ORDERS_H
#define STDINETD_CONTROL_ORDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

struct daemon_facts {
    nanoseconds began; /* the first of the daemons that were in this process */
    uint64_t reloads_done, reloads_failed;
    uint64_t upgrades_done, upgrades_failed;
    bool last_reload_failed;
};

struct orders {
    void *daemon;
    const struct daemon_facts *facts;
    /* 0 or -errno; each line of what is wrong is told. *ret_services: how many are configured. */
    int (*reload)(void *daemon, void (*tell)(bool is_warning, const char *line, void *context),
                  void *context, size_t *ret_services);
    void (*upgrade)(void *daemon); /* how it ends is told by control_upgrade_failed, _upgraded */
    void (*stop)(void *daemon);
};

#endif

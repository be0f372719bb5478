/* order: what a warmer is told at its birth: the plan, and how warm. One block of bytes in a file
 * in memory, read by the same binary that wrote it. Two orders that are the same bytes mean the
 * same handlers. */
#ifndef STDINETD_WARM_ORDER_H
#define STDINETD_WARM_ORDER_H

#include <stddef.h>

#include "base/clock.h"
#include "launch/plan.h"
#include "warm/slots.h"
#include "warm/warm.h"

struct warm_order {
    struct plan plan;   /* argv and what is below; the rest isn't filled */
    char **environment; /* slots->padded's and the service's own, NULL-terminated */
    struct warm_slots slots;
    unsigned depth; /* enum settings_warm_depth */
    nanoseconds timeout;
    bool stderr_is_connection;
    struct settings_rlimits rlimits;
};

/* Writes order as bytes, which the caller frees. Of its environment only the service's own is taken
 * (plan.variables). 0 or -ENOMEM. */
int warm_order_write(const struct warm_order *order, char **ret, size_t *ret_size);

/* Reads them back; what ret points at lives in bytes and in memory that is never freed. 0 or
 * -errno. */
int warm_order_read(char *bytes, size_t size, struct warm_order *ret);

#endif

/* usage: how much CPU time handlers take, by service: of those that have ended as the daemon counts
 * it, and of those that run as the kernel does. Used by top. */
#ifndef STDINETD_CTL_USAGE_H
#define STDINETD_CTL_USAGE_H

#include <jansson.h>
#include <stdint.h>

/* CPU time in milliseconds that a process and its children that ended have used; 0 where it is
 * gone, or can't be asked. */
uint64_t usage_of_process(uint64_t pid);

/* That of all handlers of a service that stand in connections, an answer's list. */
uint64_t usage_of_service(const json_t *connections, const char *service);

#endif

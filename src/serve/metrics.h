/* metrics: what is counted, as OpenMetrics text.
 *
 * One table of families; each walks the services, since the samples of a family must stand
 * together. No label ever has a peer in it. What never happened to a service has no sample, so that
 * of thousands that rest each has two lines. Called by the control commands.
 */
#ifndef STDINETD_SERVE_METRICS_H
#define STDINETD_SERVE_METRICS_H

#include <stddef.h>

struct server;

/* The whole text, malloc'ed, with "# EOF"; NULL without memory. */
char *metrics_print(const struct server *server, size_t *ret_length);

#endif

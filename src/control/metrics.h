/* metrics: what is counted, as OpenMetrics text.
 *
 * The families are the rows of counters.h's table; each walks the services, since the samples of a
 * family must stand together. No label ever has a peer in it. The text is given in parts, since of
 * thousands of services that work it is long, and the loop has other things to do. Called by the
 * control commands.
 */
#ifndef STDINETD_CONTROL_METRICS_H
#define STDINETD_CONTROL_METRICS_H

#include <stddef.h>
#include <stdint.h>

struct connections;
struct daemon_facts;

/* The part of the text that begins at *place (0: the first), malloc'ed; NULL without memory. *place
 * becomes that of the next one, 0 behind the last, which ends with "# EOF". All parts together are
 * the text as long as no reload comes between. */
char *metrics_print(const struct connections *connections, const struct daemon_facts *facts,
                    uint64_t *place, size_t *ret_length);

#endif

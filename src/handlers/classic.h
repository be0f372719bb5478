/* classic: what echo, discard, daytime, time and chargen have in common.
 *
 * The kind of fd 0 decides: a datagram socket is served as a wait handler, anything else is one
 * client's stream, also pipes by hand. The protocols themselves stand in the five mains.
 */
#ifndef STDINETD_HANDLERS_CLASSIC_H
#define STDINETD_HANDLERS_CLASSIC_H

#include "handlers/datagram.h"

struct classic_service {
    const char *name;
    const char *purpose;
    /* fd 0 to fd 1; 0 or -errno. NULL: the answer to a datagram of nothing is all. */
    int (*serve_stream)(void);
    datagram_answer *answer_datagram;
};

/* The whole of such a handler's main; returns its exit status. */
int classic_main(const struct classic_service *service, int argc, char *argv[]);

#endif

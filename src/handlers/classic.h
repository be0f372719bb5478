/* classic: what echo, discard, daytime, time and chargen have in common.
 *
 * The kind of fd 0 decides: a datagram socket is served as a wait handler, anything else is one
 * client's stream, also pipes by hand. A listening socket is refused, because nothing can be read
 * from it (a stream service with wait = yes). The protocols themselves stand in the five mains.
 */
#ifndef STDINETD_HANDLERS_CLASSIC_H
#define STDINETD_HANDLERS_CLASSIC_H

#include "handlers/datagram.h"

struct classic_service {
    const char *name;
    const char *purpose;
    int (*serve_stream)(void); /* fd 0 to fd 1; 0 or -errno */
    datagram_answer *answer_datagram;
};

/* The whole of such a handler's main; returns its exit status. */
int classic_main(const struct classic_service *service, int argc, char *argv[]);

#endif

/* import_inetd: what the two halves of the reader of inetd.conf share. Nobody else includes it. */
#ifndef STDINETD_CTL_IMPORT_INETD_H
#define STDINETD_CTL_IMPORT_INETD_H

#include "ctl/import.h"

#define INETD_FIELDS 6 /* service, socket, protocol, wait, user, program */

struct inetd_reader {
    struct import *import;
    struct value_words addresses; /* of entries that name none; none: all */
    const char *policy;           /* the line of IPsec's that holds; NULL: none */

    struct value_words words; /* of the entry that is being read */
    unsigned line;            /* its first */
    bool off;
};

/* "ADDRESS:" */
void inetd_set_default(struct inetd_reader *reader, const char *text);

/* Makes a service of the entry, which has at least INETD_FIELDS words. */
void inetd_take_service(struct inetd_reader *reader);

#endif

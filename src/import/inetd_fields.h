/* inetd_fields: the fields of an entry of inetd.conf. Called by inetd.c alone. */
#ifndef STDINETD_IMPORT_INETD_FIELDS_H
#define STDINETD_IMPORT_INETD_FIELDS_H

#include "import/import.h"

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
void inetd_fields_set_default(struct inetd_reader *reader, const char *text);

/* Makes a service of the entry, which has at least INETD_FIELDS words. */
void inetd_fields_take_service(struct inetd_reader *reader);

#endif

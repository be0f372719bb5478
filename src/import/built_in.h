/* built_in: what other super-servers do themselves, by handlers of ours:
 * stdinetd-handlers(7). */
#ifndef STDINETD_IMPORT_BUILT_IN_H
#define STDINETD_IMPORT_BUILT_IN_H

#include "import/import.h"

/* Why a service has no counterpart. */
#define IMPORT_NO_RPC "RPC service; stdinetd does not register services with rpcbind"

/* Makes service the one that is called name inside of inetd and xinetd. Its handler needs nothing
 * of root's and runs as nobody. False where there is none: then service is omitted. */
bool import_set_built_in(struct import *import, struct import_service *service, const char *name);

/* Makes service pass connections on to address, "192.0.2.1:80". */
void import_set_relay(struct import *import, struct import_service *service, const char *address);

/* A program behind tcpmux is no service of ours but a file in a directory: says which, and omits
 * service. answered: its super-server tells the client "+Go". */
void import_omit_tcpmux(struct import *import, struct import_service *service, const char *name,
                        bool answered);

#endif

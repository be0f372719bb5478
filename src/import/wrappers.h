/* wrappers: whether hosts.allow and hosts.deny, which stdinetd doesn't read, could refuse
 * somebody: hosts_access(5). */
#ifndef STDINETD_IMPORT_WRAPPERS_H
#define STDINETD_IMPORT_WRAPPERS_H

#include "import/import.h"

/* Whether program is tcpd, which asks them for the daemon that it starts. */
bool import_is_tcpd(const char *program);

/* Disables service where they may have a rule against clients of daemon (a name or a path), and
 * quotes that rule. What can't be read or is hard to understand is taken for one. Returns whether
 * there is one. */
bool import_ask_wrappers(struct import *import, struct import_service *service, const char *daemon);

#endif

/* import_wrappers: whether hosts.allow and hosts.deny, which stdinetd doesn't read, could refuse
 * somebody: hosts_access(5). */
#ifndef STDINETD_CTL_IMPORT_WRAPPERS_H
#define STDINETD_CTL_IMPORT_WRAPPERS_H

#include "ctl/import.h"

/* Whether they have a rule against clients of that daemon. What can't be read or is hard to
 * understand is taken for one. */
bool import_may_be_refused(struct import *import, const char *daemon);

#endif

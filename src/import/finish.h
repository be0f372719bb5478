/* finish: keys for each service that was read, and what becomes of it here.
 *
 * What `stdinetd --check` would refuse on this machine (a program, a user or a service's name that
 * isn't here) makes a service a comment: the others then work.
 */
#ifndef STDINETD_IMPORT_FINISH_H
#define STDINETD_IMPORT_FINISH_H

#include "import/import.h"

/* Names, keys and results of all services. Call once, after the last file. */
void import_finish(struct import *import);

#endif

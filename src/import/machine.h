/* machine: what this machine has, as `stdinetd --check` would find it.
 *
 * With a root (the configuration is another machine's) everything is taken to be there.
 */
#ifndef STDINETD_IMPORT_MACHINE_H
#define STDINETD_IMPORT_MACHINE_H

#include "import/import.h"

/* A name or a number. */
bool import_has_user(const struct import *import, const char *user);
bool import_has_group(const struct import *import, const char *group);

/* Whether there is a user of exactly that name here; with a root there is none. */
bool import_is_user_here(const struct import *import, const char *name);

/* Whether the absolute path is a program. */
bool import_has_program(const struct import *import, const char *path);

/* The number of a name of services(5); 0 where there is none, or a root. */
uint16_t import_find_port(const struct import *import, const char *name, bool datagram);

#endif

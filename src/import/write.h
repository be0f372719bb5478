/* write: what was imported, as an ini.
 *
 * What most services have alike stands once, in [defaults]; a single service has none, and is a
 * file for /etc/stdinetd.d as it is. What couldn't be carried over is a comment above its service.
 */
#ifndef STDINETD_IMPORT_WRITE_H
#define STDINETD_IMPORT_WRITE_H

#include "import/import.h"

/* The ini, in malloc'ed memory; NULL where memory is short. */
char *import_write(const struct import *import);

#endif

/* write: what was imported, as an ini.
 *
 * What most services have alike stands once, in [defaults]; a single service has none, and is a
 * file for /etc/stdinetd.d as it is. What couldn't be carried over is a comment above its service.
 */
#ifndef STDINETD_IMPORT_WRITE_H
#define STDINETD_IMPORT_WRITE_H

#include <stdio.h>

#include "import/import.h"

/* The ini, in malloc'ed memory; NULL where memory is short. */
char *import_write(const struct import *import);

/* A message as a line: "FILE:LINE: SERVICE: TEXT", without the parts that it has not; the service's
 * name only where that is wanted. */
void import_print_message(FILE *file, const struct import_message *message, bool named);

#endif

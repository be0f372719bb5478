/* run: the command `import`: its options, and what it says where. All that others need of this
 * room.
 *
 * The ini goes to standard output, messages to standard error; with json both are one object on
 * standard output. Called by the table of stdinetctl's commands.
 */
#ifndef STDINETD_IMPORT_RUN_H
#define STDINETD_IMPORT_RUN_H

#include <stdbool.h>

/* arguments[0] is the command's name, and after the last is a NULL: as getopt_long wants it, which
 * begins with them (optind is 0). Returns the exit status, as sysexits(3) has them: 65 for files
 * with mistakes, 66 for one that can't be read. */
int import_run(bool json, int count, char *arguments[]);

#endif

/* source: where an import's text comes from.
 *
 * Files are read whole, with a bound, and have no NUL bytes. Whose dialect they are is not known
 * here: import->reader reads them. Called by import_run and, for files that a configuration names,
 * by the readers.
 */
#ifndef STDINETD_IMPORT_SOURCE_H
#define STDINETD_IMPORT_SOURCE_H

#include "import/import.h"

/* Reads what the caller names: a file, "-" for standard input, or all files of a directory, but
 * those whose name has a dot or ends in '~'. What is wrong becomes a message. */
void import_read_path(struct import *import, const char *path);

/* Reads what a configuration names, which is below root: a file, a directory, the bytes of a file
 * (0 or -errno, freed by the caller). */
void import_include(struct import *import, const char *path);
void import_include_directory(struct import *import, const char *path);
int import_read_named(struct import *import, const char *path, char **ret_text, size_t *ret_length);

/* Reads text that came from path. */
void import_read_text(struct import *import, const char *path, const char *text, size_t length);

#endif

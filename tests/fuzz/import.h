/* import: what both targets for the importer do: import text of a dialect, and have the daemon's
 * own loader read what comes out. */
#ifndef STDINETD_FUZZ_IMPORT_H
#define STDINETD_FUZZ_IMPORT_H

#include "fuzz.h"
#include "import/import.h"

/* Whatever the bytes are, there is an ini, and the loader takes it. As another machine's, too,
 * there is one. Returns 0. */
int fuzz_import(import_reader *reader, const uint8_t *bytes, size_t length);

#endif

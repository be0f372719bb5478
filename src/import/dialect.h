/* dialect: whose dialect a text is. Called by import_source, as its reader. */
#ifndef STDINETD_IMPORT_DIALECT_H
#define STDINETD_IMPORT_DIALECT_H

#include "import/import.h"

/* Reads a text by the reader of its dialect: xinetd's where its first word is one of xinetd's, or
 * where xinetd includes it. */
void import_read_any(struct import *import, const char *text, size_t length);

#endif

/* inetd: the reader of inetd.conf. Called as import->reader. */
#ifndef STDINETD_IMPORT_INETD_H
#define STDINETD_IMPORT_INETD_H

#include "import/import.h"

/* Makes services of the entries. */
void import_read_inetd(struct import *import, const char *text, size_t length);

#endif

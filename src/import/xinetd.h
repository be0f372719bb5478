/* xinetd: the reader of xinetd.conf and what it includes. Called as import->reader. */
#ifndef STDINETD_IMPORT_XINETD_H
#define STDINETD_IMPORT_XINETD_H

#include "import/import.h"

/* Keeps the entries: what they mean together is known when all were read. */
void import_read_xinetd(struct import *import, const char *text, size_t length);

/* Makes services of them. For import_finish. */
void import_finish_xinetd(struct import *import);

#endif

/* dump: a snapshot as an ini that loads to the same snapshot. */
#ifndef STDINETD_CONFIG_DUMP_H
#define STDINETD_CONFIG_DUMP_H

#include <stdio.h>

#include "config/settings.h"

/* Writes config to file, every option that has a value. 0; -EILSEQ when a word of the command line
 * holds a line end, which no ini can say; another -errno when writing failed. */
int config_dump(const struct config *config, FILE *file);

#endif

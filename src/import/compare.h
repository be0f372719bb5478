/* compare: what imported services mean to each other. Called by import_finish. */
#ifndef STDINETD_IMPORT_COMPARE_H
#define STDINETD_IMPORT_COMPARE_H

#include "import/import.h"

/* Services that differ in their addresses only become one: a line for tcp and one for tcp6. */
void import_merge_duplicates(struct import *import);

/* Gives each a name that can stand in an ini, and that no other has. */
void import_name_services(struct import *import);

/* Of two that want the same address the later one is disabled. */
void import_settle_conflicts(struct import *import);

/* Whether two addresses of the service can't be had at the same time. */
bool import_conflicts_with_itself(const struct import_service *service);

#endif

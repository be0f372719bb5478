/* show: how a status looks on a terminal: what status and top have in common. */
#ifndef STDINETD_CTL_SHOW_H
#define STDINETD_CTL_SHOW_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "ctl/table.h"

/* How the word for a service's state looks. */
enum table_style show_state_style(const char *state);

/* "3/64", or "3" without a limit. */
void show_active(const json_t *service, char *text, size_t size);

/* Two lines about the daemon. */
void show_daemon(const json_t *status, FILE *file);

#endif

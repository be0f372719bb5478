/* command: the commands of stdinetctl, a row each.
 *
 * main.c reads the options before the command's name, finds its row and runs it; --help and the
 * completion walk the rows. A command reads its own words, prints its result on standard output
 * (as JSON where asked), says what is wrong on standard error, and gives an exit status.
 */
#ifndef STDINETD_CTL_COMMAND_H
#define STDINETD_CTL_COMMAND_H

#include <stddef.h>

#include "ctl/ctl.h"

struct command {
    const char *name;
    const char *arguments; /* as --help shows them; "" for none */
    const char *help;      /* what it does, a line */
    /* How many words may follow the name; -1 as maximum is any number. Options count. */
    int minimum, maximum;
    /* arguments[0] is the command's name, and after the last is a NULL: as getopt_long wants it. */
    int (*run)(const struct ctl *ctl, int count, char *arguments[]);
};

extern const struct command command_table[];
extern const size_t command_count;

/* The row of that name, or NULL. */
const struct command *command_find(const char *name);

/* Each command, in the file of its name where none is said; import is a room of its own. */
/* show.c */
int status_run(const struct ctl *ctl, int count, char *arguments[]);
int connections_run(const struct ctl *ctl, int count, char *arguments[]);
int sources_run(const struct ctl *ctl, int count, char *arguments[]);
int bans_run(const struct ctl *ctl, int count, char *arguments[]);
int explain_run(const struct ctl *ctl, int count, char *arguments[]);
/* order.c; pause_run is resume's, too */
int ban_run(const struct ctl *ctl, int count, char *arguments[]);
int unban_run(const struct ctl *ctl, int count, char *arguments[]);
int pause_run(const struct ctl *ctl, int count, char *arguments[]);
int drain_run(const struct ctl *ctl, int count, char *arguments[]);
int kill_run(const struct ctl *ctl, int count, char *arguments[]);
int reload_run(const struct ctl *ctl, int count, char *arguments[]);
int upgrade_run(const struct ctl *ctl, int count, char *arguments[]);
int stop_run(const struct ctl *ctl, int count, char *arguments[]);
int metrics_run(const struct ctl *ctl, int count, char *arguments[]);
int page_run(const struct ctl *ctl, int count, char *arguments[]);
int top_run(const struct ctl *ctl, int count, char *arguments[]);

#endif

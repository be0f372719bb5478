/* command: the commands of stdinetctl, a row each.
 *
 * main.c reads the options, finds the row and runs it; --help and --list-commands walk the rows,
 * and the completion reads these. A command prints its result on standard output (as JSON where
 * asked), says what is wrong on standard error, and gives an exit status.
 */
#ifndef STDINETD_CTL_COMMAND_H
#define STDINETD_CTL_COMMAND_H

#include <stddef.h>

#include "ctl/ctl.h"

struct command {
    const char *name;
    const char *arguments; /* as --help shows them, its option first; "" for none */
    const char *help;      /* what it does, a line */
    /* How many operands it has. Without a maximum (-1) it reads all words itself, its options too.
     */
    int minimum, maximum;
    /* Of the operands, or words, and a NULL behind the last. */
    int (*run)(const struct ctl *ctl, char *arguments[]);
};

extern const struct command command_table[];
extern const size_t command_count;

/* The row of that name, or NULL. */
const struct command *command_find(const char *name);

/* Each command, in the file of its name where none is said; import is a room of its own. */
/* show.c */
int status_run(const struct ctl *ctl, char *arguments[]);
int connections_run(const struct ctl *ctl, char *arguments[]);
int sources_run(const struct ctl *ctl, char *arguments[]);
int bans_run(const struct ctl *ctl, char *arguments[]);
int explain_run(const struct ctl *ctl, char *arguments[]);
/* order.c; pause_run is resume's, too */
int ban_run(const struct ctl *ctl, char *arguments[]);
int unban_run(const struct ctl *ctl, char *arguments[]);
int pause_run(const struct ctl *ctl, char *arguments[]);
int drain_run(const struct ctl *ctl, char *arguments[]);
int kill_run(const struct ctl *ctl, char *arguments[]);
int reload_run(const struct ctl *ctl, char *arguments[]);
int upgrade_run(const struct ctl *ctl, char *arguments[]);
int stop_run(const struct ctl *ctl, char *arguments[]);
int metrics_run(const struct ctl *ctl, char *arguments[]);
int page_run(const struct ctl *ctl, char *arguments[]);
int top_run(const struct ctl *ctl, char *arguments[]);

#endif

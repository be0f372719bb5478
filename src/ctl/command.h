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

/* Gets the operands, or words, and a NULL behind the last; returns an exit status. */
typedef int command_run(const struct ctl *ctl, char *arguments[]);

struct command {
    const char *name;
    const char *arguments; /* as --help shows them, its option first; "" for none */
    const char *help;      /* what it does, a line */
    /* How many operands it has; with no maximum (-1) it reads all words itself, its options too. */
    int minimum, maximum;
    command_run *run;
};

extern const struct command command_table[];
extern const size_t command_count;

/* The row of that name, or NULL. */
const struct command *command_find(const char *name);

/* Each command, in the file of its name where none is said; import is a room of its own. */
command_run status_run, connections_run, sources_run, bans_run, explain_run; /* show.c */
command_run ban_run, unban_run, drain_run, kill_run, reload_run, upgrade_run,
    stop_run;          /* order.c */
command_run pause_run; /* order.c; resume's, too */
command_run metrics_run, page_run, top_run;

#endif

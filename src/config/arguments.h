/* arguments: the daemon's command line. A table of options from which --help follows. */
#ifndef STDINETD_CONFIG_ARGUMENTS_H
#define STDINETD_CONFIG_ARGUMENTS_H

#include <stdbool.h>

#include "config/load.h"

/* Exit statuses, section 4 of the design and sysexits(3). */
enum exit_status { EXIT_OK = 0, EXIT_USAGE = 64, EXIT_SYSTEM = 71, EXIT_CONFIG = 78 };

enum arguments_action {
    ACTION_SERVE,
    ACTION_CHECK,        /* --check */
    ACTION_DUMP,         /* --dump */
    ACTION_LIST_OPTIONS, /* --list-options */
    ACTION_LIST_WORDS,   /* --list-words */
    ACTION_HELP,         /* --help */
    ACTION_VERSION,      /* --version */
    ACTION_PROVE,        /* --prove, which only an upgrade gives */
};

/* Points into argv, except for the four last members, which arguments_free frees. */
struct arguments {
    enum arguments_action action;
    bool daemonize;
    const char *prove; /* what --prove says (daemon/upgrade.h) */
    struct load_request request;
    const char **listens;
    const char **overrides;
    char *file;      /* the configuration's absolute path, with --daemon */
    char *directory; /* or where we were started, as there is none */
};

/* Reads the command line. Returns 0; -EINVAL after saying on stderr what is wrong; -ENOMEM. */
int arguments_parse(int argc, char *argv[], struct arguments *ret);

/* Prints --help to stdout. */
void arguments_help(void);

void arguments_free(struct arguments *arguments);

#endif

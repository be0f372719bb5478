/* ctl: what all commands of stdinetctl have in common: what stands before the command's name, how
 * they say that something went wrong, and with which exit status. */
#ifndef STDINETD_CTL_CTL_H
#define STDINETD_CTL_CTL_H

#include <stdbool.h>

/* sysexits(3), as the daemon's. */
enum {
    EXIT_OK = 0,
    EXIT_REFUSED = 1,      /* the daemon says no */
    EXIT_USAGE = 64,       /* the command line is wrong */
    EXIT_DATA = 65,        /* what was read has mistakes */
    EXIT_NO_INPUT = 66,    /* a file can't be read */
    EXIT_UNAVAILABLE = 69, /* no daemon answers */
    EXIT_SYSTEM = 71,      /* the system refused something */
};

/* What the command line says, but for the command's operands. */
struct ctl {
    const char *socket; /* NULL: not given */
    bool json;
    const char *command;
    bool option; /* the command's own, as --kill: it was given */
};

/* "stdinetctl: MESSAGE" on standard error; returns status, so that a command can end with it. */
int ctl_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

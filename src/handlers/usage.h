/* usage: the command line of a handler, from a table that is also its --help.
 *
 * It decides what a word of the command line means and says what is wrong with it. It must not know
 * any handler. Every main of src/handlers begins with usage_parse. The exit statuses are those that
 * the daemon has too (sysexits), so that a `penalty` can tell a mistake from a client's doing.
 */
#ifndef STDINETD_HANDLERS_USAGE_H
#define STDINETD_HANDLERS_USAGE_H

#include <stddef.h>

#define EXIT_USAGE  64 /* the command line, or the kind of fd 0, is wrong */
#define EXIT_SYSTEM 71 /* the system refused something */

enum usage_kind {
    USAGE_DURATION, /* value is a nanoseconds */
    USAGE_TEXT,     /* value is a const char * */
    USAGE_CHOICE,   /* value is an int: the index in choices */
};

struct usage_option {
    const char *name;
    const char *argument; /* how --help calls it */
    enum usage_kind kind;
    void *value;
    const char *const *choices; /* of USAGE_CHOICE, NULL-terminated */
    const char *help;
};

struct usage {
    const char *name;
    const char *operands; /* "ADDRESS", "" where there are none */
    const char *purpose;  /* a sentence */
    const struct usage_option *options;
    size_t option_count;
    int operands_minimum, operands_maximum;
};

/* Fills the options' values and returns the index of the first operand. Prints and ends the process
 * for --help (0) and for mistakes (EXIT_USAGE), of which one is a listening socket as fd 0. Before
 * that it sees to the standard fds: all are open, and where 2 is the client's connection, as with
 * inetd, it is /dev/null from now on: what we say there would get between the client's data. */
int usage_parse(const struct usage *usage, int argc, char *argv[]);

/* For a program that gets the connection from us: fd 2 is again what it was at first. */
void usage_restore_errors(void);

/* "NAME: MESSAGE" on stderr, for what an administrator must read; returns status. */
int usage_fail(const struct usage *usage, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

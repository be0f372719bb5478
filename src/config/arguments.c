/* arguments: see arguments.h. Called by main. */
#include "config/arguments.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif

enum argument_kind {
    ARGUMENT_ACTION,
    ARGUMENT_DAEMON,
    ARGUMENT_FILE,
    ARGUMENT_LISTEN,
    ARGUMENT_OVERRIDE,
    ARGUMENT_PROVE
};

static const struct {
    const char *name;
    char letter;          /* '\0': long only */
    const char *argument; /* NULL: takes none */
    enum argument_kind kind;
    enum arguments_action action; /* of ARGUMENT_ACTION */
    const char *help;             /* NULL: not for people */
} argument_table[] = {
    {"config", 'c', "FILE", ARGUMENT_FILE, 0,
     "configuration file (default: " SYSCONFDIR "/stdinetd.ini)"},
    {"check", '\0', NULL, ARGUMENT_ACTION, ACTION_CHECK,
     "check the configuration, print all errors; exit 0 or 78"},
    {"dump", '\0', NULL, ARGUMENT_ACTION, ACTION_DUMP,
     "print the effective configuration as an ini"},
    {"list-options", '\0', NULL, ARGUMENT_ACTION, ACTION_LIST_OPTIONS,
     "print every key of the configuration"},
    {"list-words", '\0', NULL, ARGUMENT_ACTION, ACTION_LIST_WORDS,
     "print the words used in the log, status and metrics"},
    {"daemon", '\0', NULL, ARGUMENT_DAEMON, 0, "go to the background once all services listen"},
    {"listen", 'l', "ADDRESS", ARGUMENT_LISTEN, 0,
     "serve PROGRAM here, without a file; repeatable"},
    {"option", 'o', "KEY=VALUE", ARGUMENT_OVERRIDE, 0,
     "set a key for PROGRAM, or a default for the file's services"},
    {"help", 'h', NULL, ARGUMENT_ACTION, ACTION_HELP, "print this"},
    {"version", 'V', NULL, ARGUMENT_ACTION, ACTION_VERSION, "print the version"},
    {"prove", '\0', "FDS", ARGUMENT_PROVE, ACTION_PROVE, NULL},
};

#define ARGUMENT_COUNT (sizeof(argument_table) / sizeof(argument_table[0]))

void arguments_help(void)
{
    puts("usage: stdinetd [-c FILE] [--check | --dump | --list-options | --list-words] [--daemon]\n"
         "                [-o KEY=VALUE]\n"
         "       stdinetd -l ADDRESS [-l ADDRESS] [-o KEY=VALUE] -- PROGRAM [ARGUMENT]\n"
         "\n"
         "Listens, accepts, and starts a program per connection, with the connection as its\n"
         "standard input and output.\n");
    for (size_t i = 0; i < ARGUMENT_COUNT; i++) {
        char left[40];

        if (!argument_table[i].help)
            continue;
        snprintf(left, sizeof(left), "%c%c%s --%s%s%s", argument_table[i].letter ? '-' : ' ',
                 argument_table[i].letter ? argument_table[i].letter : ' ',
                 argument_table[i].letter ? "," : " ", argument_table[i].name,
                 argument_table[i].argument ? " " : "",
                 argument_table[i].argument ? argument_table[i].argument : "");
        printf("  %-24s %s\n", left, argument_table[i].help);
    }
    puts("\nSee stdinetd(8) and stdinetd.ini(5).");
}

/* What getopt_long needs, made from the table: a long option's value is 256 and its row. */
static void fill_options(struct option longs[static ARGUMENT_COUNT + 1],
                         char shorts[static 2 * ARGUMENT_COUNT + 2])
{
    *shorts++ = '+'; /* the first word that is no option ends them: PROGRAM has its own */
    for (size_t i = 0; i < ARGUMENT_COUNT; i++) {
        longs[i] =
            (struct option){.name = argument_table[i].name,
                            .has_arg = argument_table[i].argument ? required_argument : no_argument,
                            .val = 256 + (int)i};
        if (argument_table[i].letter)
            *shorts++ = argument_table[i].letter;
        if (argument_table[i].letter && argument_table[i].argument)
            *shorts++ = ':';
    }
    longs[ARGUMENT_COUNT] = (struct option){0};
    *shorts = '\0';
}

/* The row of what getopt_long returned; ARGUMENT_COUNT for its '?'. */
static size_t find_row(int value)
{
    if (value >= 256)
        return (size_t)value - 256;
    for (size_t i = 0; i < ARGUMENT_COUNT; i++)
        if (argument_table[i].letter == value)
            return i;
    return ARGUMENT_COUNT;
}

static void take_row(struct arguments *arguments, size_t row, const char *value)
{
    switch (argument_table[row].kind) {
    case ARGUMENT_ACTION:
        arguments->action = argument_table[row].action;
        break;
    case ARGUMENT_PROVE:
        arguments->action = argument_table[row].action;
        arguments->prove = value;
        break;
    case ARGUMENT_DAEMON:
        arguments->daemonize = true;
        break;
    case ARGUMENT_FILE:
        arguments->request.file = value;
        break;
    case ARGUMENT_LISTEN:
        arguments->listens[arguments->request.listen_count++] = value;
        break;
    case ARGUMENT_OVERRIDE:
        arguments->overrides[arguments->request.override_count++] = value;
        break;
    }
}

/* What the options mean together, and the program behind them. */
static int take_rest(struct arguments *arguments, int count, char *const words[])
{
    struct load_request *request = &arguments->request;
    const char *problem = NULL;

    if (arguments->action == ACTION_HELP || arguments->action == ACTION_VERSION ||
        arguments->action == ACTION_LIST_OPTIONS || arguments->action == ACTION_LIST_WORDS)
        return 0;
    if (count > 0 && request->listen_count == 0)
        problem = "PROGRAM needs -l ADDRESS";
    else if (count == 0 && request->listen_count > 0)
        problem = "-l needs a PROGRAM after --";
    else if (request->listen_count > 0 && request->file)
        problem = "cannot use -l with -c";
    if (problem) {
        fprintf(stderr, "stdinetd: %s (see --help)\n", problem);
        return -EINVAL;
    }
    request->command = (const char *const *)words;
    request->command_count = (size_t)count;
    if (request->listen_count == 0 && !request->file)
        request->file = SYSCONFDIR "/stdinetd.ini";
    /* A daemon works in /, and its reloads must find the file, or the program. One that isn't there
     * is reported by the name it was given. */
    if (arguments->daemonize && request->file)
        arguments->file = realpath(request->file, NULL);
    if (arguments->file)
        request->file = arguments->file;
    if (arguments->daemonize && !request->file)
        request->directory = arguments->directory = getcwd(NULL, 0);
    return 0;
}

int arguments_parse(int argc, char *argv[], struct arguments *ret)
{
    struct option longs[ARGUMENT_COUNT + 1];
    char shorts[2 * ARGUMENT_COUNT + 2];
    struct arguments arguments = {.action = ACTION_SERVE};
    int value;

    fill_options(longs, shorts);
    arguments.listens = calloc((size_t)argc + 1, sizeof(*arguments.listens));
    arguments.overrides = calloc((size_t)argc + 1, sizeof(*arguments.overrides));
    if (!arguments.listens || !arguments.overrides) {
        arguments_free(&arguments);
        return -ENOMEM;
    }
    while ((value = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        size_t row = find_row(value);

        if (row == ARGUMENT_COUNT) {
            arguments_free(&arguments); /* getopt_long said what is wrong */
            return -EINVAL;
        }
        take_row(&arguments, row, optarg);
    }
    if (take_rest(&arguments, argc - optind, argv + optind) < 0) {
        arguments_free(&arguments);
        return -EINVAL;
    }
    arguments.request.listens = arguments.listens;
    arguments.request.overrides = arguments.overrides;
    *ret = arguments;
    return 0;
}

void arguments_free(struct arguments *arguments)
{
    free(arguments->listens);
    free(arguments->overrides);
    free(arguments->file);
    free(arguments->directory);
    arguments->file = arguments->directory = NULL;
    arguments->listens = arguments->overrides = NULL;
}

/* main: the command line of stdinetctl up to the command's name; the rest is the command's.
 *
 * Options of stdinetctl stand before the name. Behind it --help, the option that the command has
 * and the number of its operands are looked at here; what these mean is not.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/output.h"
#include "ctl/command.h"

enum { VALUE_JSON = 256, VALUE_LIST };

static const struct option longs[] = {
    {"socket", required_argument, NULL, 's'},
    {"json", no_argument, NULL, VALUE_JSON},
    {"list-commands", no_argument, NULL, VALUE_LIST},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {0},
};

static char program[] = "stdinetctl";

static void print_help(void)
{
    puts("usage: stdinetctl [-s SOCKET] [--json] COMMAND [ARGUMENT]...\n\n"
         "Inspects and controls a running stdinetd, and imports configurations of inetd and "
         "xinetd.\n\n"
         "  -s, --socket SOCKET      the daemon's control socket\n"
         "      --json               print JSON, for programs\n"
         "      --list-commands      print the commands and their arguments\n"
         "  -h, --help               print this\n"
         "  -V, --version            print the version\n\n"
         "Commands:");
    for (size_t i = 0; i < command_count; i++) {
        char left[80];

        snprintf(left, sizeof(left), "%s %s", command_table[i].name, command_table[i].arguments);
        printf("  %-24s %s\n", left, command_table[i].help);
    }
    puts("\nSee stdinetctl(8).");
}

/* " ARGUMENTS" of a command. */
static const char *blank_of(const struct command *command)
{
    return command->arguments[0] != '\0' ? " " : "";
}

/* A command a line, and the kinds of its arguments, which the completion reads. */
static void print_commands(void)
{
    for (const struct command *row = command_table; row < command_table + command_count; row++)
        printf("%s%s%s\n", row->name, blank_of(row), row->arguments);
}

static void print_help_of(const struct command *command)
{
    printf("usage: stdinetctl %s%s%s\n\n%s\n\n  -h, --help  print this\n\nSee stdinetctl(8).\n",
           command->name, blank_of(command), command->arguments, command->help);
}

static int usage(const char *problem, const char *word)
{
    return ctl_fail(EXIT_USAGE, "%s%s (see --help)", word, problem);
}

/* That of the whole program, once all that it prints is out. */
static int finish(int status)
{
    return output_finish(program) == 0 ? status : EXIT_SYSTEM;
}

/* The next option behind a command's name, as getopt_long: 'h' for --help, another letter for its
 * own, which its row says. */
static int next_option(const struct command *command, int count, char *words[])
{
    char name[16] = "";
    struct option own[] = {{"help", no_argument, NULL, 'h'}, {0}, {0}};
    char letters[3] = "h";

    if (sscanf(command->arguments, "[--%15[a-z]", name) == 1) {
        own[1] = (struct option){name, no_argument, NULL, 1};
        letters[1] = name[0];
    }
    return getopt_long(count, words, letters, own, NULL);
}

/* words[0] is the command's name. */
static int run(struct ctl *ctl, int count, char *words[])
{
    const struct command *command = count > 0 ? command_find(words[0]) : NULL;
    int value, first;

    if (count == 0)
        return usage("which COMMAND?", "");
    if (!command)
        return usage(": unknown command", words[0]);
    ctl->command = command->name;
    words[0] = program; /* so that getopt_long says what all say */
    optind = 0;
    while (command->maximum >= 0 && (value = next_option(command, count, words)) != -1) {
        if (value == '?')
            return EXIT_USAGE;
        if (value == 'h') {
            print_help_of(command);
            return EXIT_OK;
        }
        ctl->option = true;
    }
    first = command->maximum < 0 ? 1 : optind;
    if (count - first < command->minimum)
        return ctl_fail(EXIT_USAGE, "usage: stdinetctl %s %s", command->name, command->arguments);
    if (command->maximum >= 0 && count - first > command->maximum)
        return usage(": too many arguments", command->name);
    return command->run(ctl, words + (command->maximum < 0 ? 0 : first));
}

int main(int argc, char *argv[])
{
    struct ctl ctl = {0};
    int value;

    (void)!fd_ensure_standard();
    argv[0] = program;
    /* "+": the first word that is no option ends them. */
    while ((value = getopt_long(argc, argv, "+s:hV", longs, NULL)) != -1) {
        switch (value) {
        case 's':
            if (optarg[0] == '\0')
                return usage("--socket needs a path", "");
            ctl.socket = optarg;
            break;
        case VALUE_JSON:
            ctl.json = true;
            break;
        case VALUE_LIST:
            print_commands();
            return finish(EXIT_OK);
        case 'h':
            print_help();
            return finish(EXIT_OK);
        case 'V':
            puts("stdinetctl " PACKAGE_VERSION);
            return finish(EXIT_OK);
        default: /* getopt_long has said what is wrong */
            return EXIT_USAGE;
        }
    }
    return finish(run(&ctl, argc - optind, argv + optind));
}

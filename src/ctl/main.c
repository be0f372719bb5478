/* main: the command line of stdinetctl up to the command's name; the rest is the command's.
 *
 * Options of stdinetctl stand before the name. That the number of words behind it fits is checked
 * here, what they mean is not.
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

static void print_help(void)
{
    puts(
        "usage: stdinetctl [-s SOCKET] [--json] COMMAND [ARGUMENT]...\n\n"
        "Looks at a running stdinetd, steers it, and brings configurations of other super-servers\n"
        "to it.\n\n"
        "  -s, --socket SOCKET      the daemon's control socket\n"
        "      --json               print JSON, for programs\n"
        "      --list-commands      print the commands' names\n"
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

static void print_names(void)
{
    for (size_t i = 0; i < command_count; i++)
        puts(command_table[i].name);
}

static int usage(const char *problem, const char *word)
{
    return ctl_fail(EXIT_USAGE, "%s%s (--help tells more)", word, problem);
}

/* That of the whole program, once all that it prints is out. */
static int finish(int status)
{
    return output_finish("stdinetctl") == 0 ? status : EXIT_SYSTEM;
}

/* words[0] is the command's name. */
static int run(const struct ctl *ctl, int count, char *words[])
{
    const struct command *command = count > 0 ? command_find(words[0]) : NULL;

    if (count == 0)
        return usage("which COMMAND?", "");
    if (!command)
        return usage(": no such command", words[0]);
    if (count - 1 < command->minimum)
        return ctl_fail(EXIT_USAGE, "usage: stdinetctl %s %s", command->name, command->arguments);
    if (command->maximum >= 0 && count - 1 > command->maximum)
        return usage(": too many arguments", words[0]);
    optind = 0; /* a command may have options of its own */
    return command->run(ctl, count, words);
}

int main(int argc, char *argv[])
{
    struct ctl ctl = {0};
    int value;

    (void)!fd_ensure_standard();
    /* "+": the first word that is no option ends them. */
    while ((value = getopt_long(argc, argv, "+s:hV", longs, NULL)) != -1) {
        switch (value) {
        case 's':
            ctl.socket = optarg;
            break;
        case VALUE_JSON:
            ctl.json = true;
            break;
        case VALUE_LIST:
            print_names();
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

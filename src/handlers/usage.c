/* usage: see usage.h. Called by every handler's main. */
#include "handlers/usage.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/output.h"
#include "base/value.h"

#define OPTIONS_MAX 8
#define HELP_VALUE  'h'
/* What getopt_long returns for row 0; above all letters. */
#define ROW_BASE 256

/* The longest duration; 2^63 ns of deadline are never reached with it. */
#define DURATION_MAX (365 * 86400 * CLOCK_SECOND)

static bool errors_were_connection; /* of fd 2, before keep_errors_off */

static void keep_errors_off(void)
{
    struct stat connection, errors;
    int null;

    if (fstat(STDIN_FILENO, &connection) < 0 || fstat(STDERR_FILENO, &errors) < 0 ||
        !S_ISSOCK(connection.st_mode) || connection.st_dev != errors.st_dev ||
        connection.st_ino != errors.st_ino)
        return;
    null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    errors_were_connection = null >= 0 && dup2(null, STDERR_FILENO) >= 0;
    fd_close(null);
}

void usage_restore_errors(void)
{
    if (errors_were_connection)
        dup2(STDIN_FILENO, STDERR_FILENO);
}

/* Nothing can be read from it: a stream service with wait = yes. */
static bool is_listening(int fd)
{
    int value = 0;
    socklen_t length = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value != 0;
}

static void print_help(const struct usage *usage)
{
    printf("usage: %s%s%s%s\n\n%s\n\n", usage->name, usage->option_count > 0 ? " [OPTION]..." : "",
           usage->operands[0] ? " " : "", usage->operands, usage->purpose);
    for (size_t i = 0; i < usage->option_count; i++) {
        char left[40];

        snprintf(left, sizeof(left), "--%s %s", usage->options[i].name, usage->options[i].argument);
        printf("  %-27s %s\n", left, usage->options[i].help);
    }
    printf("  %-27s %s\n\nSee stdinetd-handlers(7).\n", "--help", "print this");
}

int usage_fail(const struct usage *usage, int status, const char *format, ...)
{
    char message[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s: %s\n", usage->name, message);
    return status;
}

static int take_choice(const struct usage_option *option, const char *text)
{
    for (int i = 0; option->choices[i]; i++)
        if (strcmp(option->choices[i], text) == 0) {
            *(int *)option->value = i;
            return 0;
        }
    return -1;
}

static int take_option(const struct usage_option *option, const char *text)
{
    switch (option->kind) {
    case USAGE_DURATION:
        return value_parse_duration(text, option->value) < 0 ||
                       *(nanoseconds *)option->value > DURATION_MAX
                   ? -1
                   : 0;
    case USAGE_CHOICE:
        return take_choice(option, text);
    case USAGE_TEXT:
        break;
    }
    *(const char **)option->value = text;
    return 0;
}

static void fill_options(const struct usage *usage, struct option longs[static OPTIONS_MAX + 2])
{
    size_t count = usage->option_count < OPTIONS_MAX ? usage->option_count : OPTIONS_MAX;

    for (size_t i = 0; i < count; i++)
        longs[i] = (struct option){
            .name = usage->options[i].name, .has_arg = required_argument, .val = ROW_BASE + (int)i};
    longs[count] = (struct option){.name = "help", .val = HELP_VALUE};
    longs[count + 1] = (struct option){0};
}

static void check_operands(const struct usage *usage, int count)
{
    if (count >= usage->operands_minimum && count <= usage->operands_maximum)
        return;
    exit(usage_fail(usage, EXIT_USAGE, "%s (see --help)",
                    count < usage->operands_minimum ? "missing operand" : "too many operands"));
}

int usage_parse(const struct usage *usage, int argc, char *argv[])
{
    struct option longs[OPTIONS_MAX + 2];
    int value;

    (void)!fd_ensure_standard();
    keep_errors_off();
    fill_options(usage, longs);
    /* "+": the first word that is no option ends them; PROGRAM has its own. */
    while ((value = getopt_long(argc, argv, "+h", longs, NULL)) != -1) {
        const struct usage_option *option;

        if (value == HELP_VALUE) {
            print_help(usage);
            exit(output_finish(usage->name) == 0 ? EXIT_SUCCESS : EXIT_SYSTEM);
        }
        if (value < ROW_BASE) /* getopt_long has said what is wrong */
            exit(EXIT_USAGE);
        option = &usage->options[value - ROW_BASE];
        if (take_option(option, optarg) < 0)
            exit(usage_fail(usage, EXIT_USAGE, "--%s %s: not a %s%s", option->name, optarg,
                            option->argument,
                            option->kind == USAGE_DURATION ? " of at most a year" : ""));
    }
    check_operands(usage, argc - optind);
    if (is_listening(STDIN_FILENO))
        exit(usage_fail(usage, EXIT_USAGE,
                        "standard input is a listening socket, not a connection"));
    return optind;
}

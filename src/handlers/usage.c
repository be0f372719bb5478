/* usage: see usage.h. Called by every handler's main. */
#include "handlers/usage.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/value.h"

#define OPTIONS_MAX 8
#define HELP_VALUE  'h'
/* What getopt_long returns for row 0; above all letters. */
#define ROW_BASE 256

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
        return value_parse_duration(text, option->value);
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
    exit(usage_fail(usage, EXIT_USAGE, "%s (--help tells more)",
                    count < usage->operands_minimum ? "an operand is missing"
                                                    : "too many operands"));
}

int usage_parse(const struct usage *usage, int argc, char *argv[])
{
    struct option longs[OPTIONS_MAX + 2];
    int value;

    fill_options(usage, longs);
    /* "+": the first word that is no option ends them; PROGRAM has its own. */
    while ((value = getopt_long(argc, argv, "+h", longs, NULL)) != -1) {
        const struct usage_option *option;

        if (value == HELP_VALUE) {
            print_help(usage);
            exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_SYSTEM);
        }
        if (value < ROW_BASE) /* getopt_long has said what is wrong */
            exit(EXIT_USAGE);
        option = &usage->options[value - ROW_BASE];
        if (take_option(option, optarg) < 0)
            exit(usage_fail(usage, EXIT_USAGE, "--%s %s: not a %s", option->name, optarg,
                            option->argument));
    }
    check_operands(usage, argc - optind);
    return optind;
}

/* command: see command.h. Called by main and, for command_fail, by every command. */
#include "ctl/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct command command_table[] = {
    {"import", "FILE...", "print an ini for what inetd.conf or xinetd's files say", 1, -1,
     import_run},
};

const size_t command_count = sizeof(command_table) / sizeof(command_table[0]);

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(command_table[i].name, name) == 0)
            return &command_table[i];
    return NULL;
}

int command_fail(int status, const char *format, ...)
{
    char message[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    fprintf(stderr, "stdinetctl: %s\n", message);
    return status;
}

/* ctl: see ctl.h. */
#include "ctl/ctl.h"

#include <stdarg.h>
#include <stdio.h>

int ctl_fail(int status, const char *format, ...)
{
    char message[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    fprintf(stderr, "stdinetctl: %s\n", message);
    return status;
}

/* import: the command `import`. */
#include <stdio.h>

#include "ctl/command.h"

int import_run(const struct ctl *ctl, int count, char *arguments[])
{
    (void)ctl;
    (void)count;
    return command_fail(EXIT_SYSTEM, "%s: not written yet", arguments[0]);
}

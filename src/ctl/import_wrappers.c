/* import_wrappers: see import_wrappers.h. Called for what xinetd and tcpd serve. */
#include "ctl/import_wrappers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* "ALL EXCEPT sshd, in.ftpd@192.0.2.1": whether the list of length bytes could mean daemon. */
static bool names(const char *list, size_t length, const char *daemon)
{
    const char *end = list + length;

    while (list < end) {
        size_t word = strcspn(list, IMPORT_BLANKS ",:\n");
        size_t name = strcspn(list, IMPORT_BLANKS ",:\n@");

        if ((name == 3 && strncasecmp(list, "ALL", 3) == 0) ||
            (name == strlen(daemon) && strncmp(list, daemon, name) == 0) ||
            strcspn(list, "*?") < word)
            return true;
        list += word;
        list += list < end ? 1 : 0;
    }
    return false;
}

/* "DAEMONS : CLIENTS [: OPTION]...", of length bytes. */
static bool refuses(const char *line, size_t length, bool deny, const char *daemon)
{
    const char *colon = memchr(line, ':', length);

    if (!colon || line[0] == '#' || !names(line, (size_t)(colon - line), daemon))
        return false;
    if (deny)
        return true;
    /* In hosts.allow it takes an option. */
    for (const char *at = colon; at + 4 <= line + length; at++)
        if (strncasecmp(at, "deny", 4) == 0 || strncasecmp(at, "twist", 5) == 0)
            return true;
    return false;
}

static bool file_refuses(struct import *import, const char *path, bool deny, const char *daemon)
{
    char *text = NULL;
    size_t length = 0;
    int error = import_read_named(import, path, &text, &length);
    bool result = false;

    if (error < 0)
        return error != -ENOENT;
    for (const char *line = text; !result && *line != '\0';) {
        size_t size = strcspn(line, "\n");

        result = refuses(line, size, deny, daemon);
        line += size + (line[size] == '\n');
    }
    free(text);
    return result;
}

bool import_may_be_refused(struct import *import, const char *daemon)
{
    return file_refuses(import, "/etc/hosts.deny", true, daemon) ||
           file_refuses(import, "/etc/hosts.allow", false, daemon);
}

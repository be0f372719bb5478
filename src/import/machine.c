/* machine: see machine.h. Called by import_finish and the readers. */
#include "import/machine.h"

#include <arpa/inet.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <sys/stat.h>

#include "base/value.h"

static bool parse_id(const char *text, uint32_t *ret)
{
    uint64_t value;

    if (value_parse_count(text, &value) < 0 || value >= UINT32_MAX)
        return false;
    *ret = (uint32_t)value;
    return true;
}

/* A user by number must be known, too: its name and its home are needed. */
bool import_has_user(const struct import *import, const char *user)
{
    uint32_t uid;

    return import->root || getpwnam(user) || (parse_id(user, &uid) && getpwuid(uid));
}

bool import_has_group(const struct import *import, const char *group)
{
    uint32_t gid;

    return import->root || getgrnam(group) || parse_id(group, &gid);
}

bool import_is_user_here(const struct import *import, const char *name)
{
    return !import->root && getpwnam(name);
}

bool import_has_program(const struct import *import, const char *path)
{
    struct stat status;

    return import->root ||
           (stat(path, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 0111));
}

uint16_t import_find_port(const struct import *import, const char *name, bool datagram)
{
    struct servent *entry = import->root ? NULL : getservbyname(name, datagram ? "udp" : "tcp");

    return entry ? ntohs((uint16_t)entry->s_port) : 0;
}

/* wrappers: see wrappers.h. Called for what xinetd, tcpd and inetds that wrap by themselves serve.
 *
 * Only one thing is understood of a rule: that all its daemons are plain names, and other ones.
 * Everything else (wildcards, beginnings and ends of names, daemon@host, EXCEPT, and what libwrap
 * may learn yet) is a rule against everybody.
 */
#include "import/wrappers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "import/lines.h"
#include "import/source.h"

#define SEPARATORS IMPORT_BLANKS ","

/* In hosts.allow they make of a rule more than a permission. */
static const char *const refusals[] = {"deny", "twist", "spawn", "aclexec"};

static const char *const wildcards[] = {"ALL", "KNOWN", "UNKNOWN", "LOCAL", "PARANOID", "EXCEPT"};

static bool is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && strncasecmp(text, word, length) == 0;
}

/* Whether the word of length bytes is a plain name, and not daemon's. */
static bool is_other(const char *word, size_t length, const char *daemon)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_.";

    if (word[0] == '.' || word[length - 1] == '.' || strspn(word, plain) < length)
        return false;
    for (size_t i = 0; i < sizeof(wildcards) / sizeof(wildcards[0]); i++)
        if (is_word(word, length, wildcards[i]))
            return false;
    return !is_word(word, length, daemon);
}

/* The same of the whole list, which ends with a colon. */
static bool are_others(const char *list, const char *daemon)
{
    for (list += strspn(list, SEPARATORS); *list != ':'; list += strspn(list, SEPARATORS)) {
        size_t length = strcspn(list, SEPARATORS ":");

        if (!is_other(list, length, daemon))
            return false;
        list += length;
    }
    return true;
}

static bool has_refusal(const char *text)
{
    for (; *text != '\0'; text++)
        for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
            if (strncasecmp(text, refusals[i], strlen(refusals[i])) == 0)
                return true;
    return false;
}

/* "DAEMONS : CLIENTS [: OPTION]..." */
static bool may_refuse(const char *line, bool deny, const char *daemon)
{
    const char *colon = strchr(line, ':');

    if (line[0] == '#' || line[strspn(line, IMPORT_BLANKS)] == '\0')
        return false;
    if (!deny && !has_refusal(colon ? colon : line))
        return false;
    return !colon || !are_others(line, daemon);
}

/* The line at *at, which moves behind it; NULL behind the last. A backslash at its end joins it
 * with the next, before anything else of it is looked at. */
static char *next_line(char **at)
{
    char *line = *at, *from = line, *to = line;

    if (*line == '\0')
        return NULL;
    while (*from != '\0' && *from != '\n') {
        if (from[0] == '\\' && from[1] == '\n')
            from += 2;
        else
            *to++ = *from++;
    }
    *at = from + (*from == '\n');
    *to = '\0';
    return line;
}

/* The first line that may refuse, or what is wrong with the file, as a copy; NULL: there is none.
 */
static const char *find_refusal(struct import *import, const char *path, bool deny,
                                const char *daemon)
{
    char *text = NULL, *at, *line;
    const char *found = NULL;
    size_t length = 0;
    int error = import_read_named(import, path, &text, &length);

    if (error == -ENOENT)
        return NULL;
    if (error < 0)
        return strerror(-error);
    if (memchr(text, '\0', length))
        found = "it has NUL bytes";
    for (at = text; !found && (line = next_line(&at)) != NULL;)
        if (may_refuse(line, deny, daemon))
            found = import_format(import, "'%.200s'", line);
    free(text);
    return found;
}

bool import_is_tcpd(const char *program)
{
    return strcmp(import_base_name(program), "tcpd") == 0;
}

bool import_ask_wrappers(struct import *import, struct import_service *service, const char *daemon)
{
    static const struct {
        const char *name, *path;
        bool deny;
    } files[] = {{"hosts.deny", "/etc/hosts.deny", true},
                 {"hosts.allow", "/etc/hosts.allow", false}};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        const char *line =
            find_refusal(import, files[i].path, files[i].deny, import_base_name(daemon));

        if (!line)
            continue;
        import_downgrade(import, service, IMPORT_DISABLED,
                         "disabled: clients refused by %s would be let in (see allow and deny): %s",
                         files[i].name, line);
        return true;
    }
    return false;
}

/* inetd: see inetd.h. inetd.conf in all its dialects: lines to entries, entries to services.
 *
 * [ADDRESS[,ADDRESS]...:]SERVICE SOCKET PROTOCOL WAIT USER PROGRAM [ARGUMENT]...
 *
 * What the fields mean is in inetd_fields.c. An indented line goes on with the entry before it, as
 * in every inetd; "ADDRESS:" alone is the default for what follows; what Debian's update-inetd has
 * switched off (#<off>#) is a service that is disabled; KAME's IPsec policies (#@) hold for what
 * follows, until the next one; other lines with # are comments.
 */
#include "import/inetd.h"

#include <string.h>

#include "import/inetd_fields.h"
#include "import/lines.h"

#define OFF      "#<off>#"
#define OFF_SIZE (sizeof(OFF) - 1)
#define POLICY   "#@"

static bool is_default_address(const struct value_words *words)
{
    size_t length = strlen(words->items[0]);

    return words->count == 1 && length > 1 && words->items[0][length - 1] == ':';
}

/* NetBSD's own notation, which ends with a semicolon, and its directives. */
static bool is_foreign(const struct value_words *words)
{
    return words->items[0][0] == '.' ||
           (words->count > 1 &&
            (import_is_word(words->items[1], "on") || import_is_word(words->items[1], "off")));
}

/* The entry that was read is complete. Of one that was switched off nothing is expected. */
static void take_entry(struct inetd_reader *reader)
{
    struct import *import = reader->import;
    unsigned line = import->line;

    if (reader->words.count > 0) {
        import->line = reader->line;
        if (is_default_address(&reader->words))
            inetd_fields_set_default(reader, reader->words.items[0]);
        else if (is_foreign(&reader->words))
            import_say(import, NULL, IMPORT_ERROR, "%s: NetBSD's notation is not supported",
                       reader->words.items[0]);
        else if (reader->words.count >= INETD_FIELDS)
            inetd_fields_take_service(reader);
        else if (!reader->off)
            import_say(import, NULL, IMPORT_ERROR, "%s: %zu words; an entry has at least %d",
                       reader->words.items[0], reader->words.count, INETD_FIELDS);
        import->line = line;
    }
    reader->words = (struct value_words){0};
    reader->off = false;
}

/* "#@ in ipsec esp/transport//require"; nothing behind it ends the one before. */
static void take_policy(struct inetd_reader *reader, const char *text)
{
    const char *policy = text + strlen(POLICY);

    take_entry(reader);
    reader->policy = policy[strspn(policy, IMPORT_BLANKS)] == '\0' ? NULL : text;
}

static void take_line(struct inetd_reader *reader, const char *text)
{
    bool indented = text[0] != '\0' && strchr(IMPORT_BLANKS, text[0]);
    const char *start = text + strspn(text, IMPORT_BLANKS);
    bool off = strncmp(text, OFF, OFF_SIZE) == 0;

    if (strncmp(text, POLICY, strlen(POLICY)) == 0)
        take_policy(reader, text);
    if (*start == '\0' || (*start == '#' && !off))
        return;
    if (!indented || reader->words.count == 0) {
        take_entry(reader);
        reader->line = reader->import->line;
        reader->off = off;
        start += off ? OFF_SIZE : 0;
    }
    /* A word in quotes is one, as FreeBSD, NetBSD and GNU have it. */
    import_split_words(reader->import, start, true, &reader->words);
}

void import_read_inetd(struct import *import, const char *text, size_t length)
{
    struct inetd_reader reader = {.import = import};
    struct import_lines lines = {text, text + length};
    const char *line;

    while ((line = import_next_line(import, &lines)) != NULL)
        take_line(&reader, line);
    take_entry(&reader);
}

/* xinetd: see xinetd.h. Entries, and what is made of them together.
 *
 *     service NAME          defaults        include FILE     includedir DIRECTORY
 *     {                     {
 *         ATTRIBUTE = WORD...     += and -= for lists
 *     }                     }
 *
 * Braces stand on lines of their own, and white space on both sides of the operator. xinetd throws
 * away an entry that has it otherwise; here it is read all the same, and disabled.
 */
#include "import/xinetd.h"

#include <string.h>

#include "import/lines.h"
#include "import/source.h"
#include "import/xinetd_parts.h"

struct assignment {
    const char *name;
    enum assign how;
    struct value_words words;
    const char *text; /* its line */
    unsigned line;
    struct assignment *next;
};

struct entry {
    const char *file, *name; /* name is NULL for defaults */
    unsigned line;
    struct import_service *service; /* NULL for defaults, and where there was no room */
    struct assignment *assignments, **last_assignment;
    const char *refused; /* why xinetd wouldn't take it */
    struct entry *next;
};

struct xinetd {
    struct entry *entries, **last_entry; /* services */
    struct entry *defaults;
};

struct reader {
    struct import *import;
    struct xinetd *xinetd;
    struct entry *entry; /* whose lines are being read */
    bool open;           /* its '{' was there */
};

static struct xinetd *get_xinetd(struct import *import)
{
    if (!import->xinetd && (import->xinetd = import_allocate(import, 1, sizeof(*import->xinetd))))
        import->xinetd->last_entry = &import->xinetd->entries;
    return import->xinetd;
}

/* --- entries -------------------------------------------------------------------------------- */

static struct entry *make_entry(struct reader *reader, const char *name)
{
    struct import *import = reader->import;
    struct entry *entry = import_allocate(import, 1, sizeof(*entry));

    if (!entry)
        return NULL;
    *entry = (struct entry){.file = import->file, .line = import->line, .name = name};
    entry->last_assignment = &entry->assignments;
    return entry;
}

static void begin_service(struct reader *reader, const char *name)
{
    struct entry *entry = make_entry(reader, name);

    if (!entry)
        return;
    entry->service = import_add_service(reader->import, name);
    *reader->xinetd->last_entry = entry;
    reader->xinetd->last_entry = &entry->next;
    reader->entry = entry;
}

static void begin_defaults(struct reader *reader)
{
    struct entry *entry = make_entry(reader, NULL);

    if (!entry)
        return;
    if (reader->xinetd->defaults)
        import_say(reader->import, NULL, IMPORT_ERROR,
                   "duplicate defaults; xinetd uses the first (%s:%u)",
                   reader->xinetd->defaults->file, reader->xinetd->defaults->line);
    else
        reader->xinetd->defaults = entry;
    reader->entry = entry;
}

static void refuse(struct reader *reader, const char *reason)
{
    import_say(reader->import, reader->entry->service, IMPORT_ERROR, "%s", reason);
    if (!reader->entry->refused)
        reader->entry->refused = reason;
}

/* Outside of braces. */
static void take_keyword(struct reader *reader, const struct value_words *words)
{
    struct import *import = reader->import;
    const char *word = words->items[0], *name = words->count > 1 ? words->items[1] : NULL;
    bool opens = strcmp(words->items[words->count - 1], "{") == 0;

    if (import_is_word(word, "defaults"))
        begin_defaults(reader);
    else if (import_is_word(word, "service") && name && strcmp(name, "{") != 0)
        begin_service(reader, name);
    else if (import_is_word(word, "include") && name)
        import_include(import, name);
    else if (import_is_word(word, "includedir") && name)
        import_include_directory(import, name);
    else
        import_say(import, NULL, IMPORT_ERROR,
                   "'%.200s': not service NAME, defaults, include FILE or includedir DIRECTORY",
                   word);
    reader->open = reader->entry && opens;
    if (reader->open)
        refuse(reader, "'{' must be on its own line");
}

/* --- assignments ---------------------------------------------------------------------------- */

static const char *const operators[] = {"=", "+=", "-="};

/* The operator at text; NULL where there is none. */
static const char *find_operator(const char *text, enum assign *ret)
{
    for (int i = 0; i < 3; i++)
        if (strncmp(text, operators[i], strlen(operators[i])) == 0) {
            *ret = (enum assign)i;
            return text + strlen(operators[i]);
        }
    return NULL;
}

/* "name = word word" */
static void take_assignment(struct reader *reader, const char *text)
{
    struct import *import = reader->import;
    size_t length = strcspn(text, IMPORT_BLANKS "=");
    const char *at = text + length + strspn(text + length, IMPORT_BLANKS);
    struct assignment *assignment;
    enum assign how;
    const char *rest = find_operator(at, &how);

    if (!rest || length == 0) {
        refuse(reader, import_format(import, "not ATTRIBUTE = VALUE or '}': '%.200s'", text));
        return;
    }
    if (text[length] == '=')
        refuse(reader, "an attribute and its operator need white space between them");
    assignment = import_allocate(import, 1, sizeof(*assignment));
    if (!assignment)
        return;
    *assignment = (struct assignment){
        .name = import_copy(import, text, length), .how = how, .text = text, .line = import->line};
    import_split_words(import, rest, false, &assignment->words);
    *reader->entry->last_assignment = assignment;
    reader->entry->last_assignment = &assignment->next;
}

static void take_line(struct reader *reader, const char *text)
{
    struct value_words words = {0};

    text += strspn(text, IMPORT_BLANKS);
    if (*text == '\0' || *text == '#')
        return;
    if (reader->entry && strcmp(text, "{") == 0 && !reader->open) {
        reader->open = true;
    } else if (reader->entry && strcmp(text, "}") == 0) {
        reader->entry = NULL;
        reader->open = false;
    } else if (reader->open) {
        take_assignment(reader, text);
    } else {
        if (reader->entry)
            refuse(reader, "'{' is missing");
        reader->entry = NULL;
        import_split_words(reader->import, text, false, &words);
        if (words.count > 0)
            take_keyword(reader, &words);
    }
}

void import_read_xinetd(struct import *import, const char *text, size_t length)
{
    struct reader reader = {.import = import, .xinetd = get_xinetd(import)};
    struct import_lines lines = {text, text + length};
    const char *line;

    if (!reader.xinetd)
        return;
    while ((line = import_next_line(import, &lines)) != NULL)
        take_line(&reader, line);
    if (reader.entry)
        refuse(&reader, "'}' is missing");
}

/* --- what they mean ------------------------------------------------------------------------- */

static const struct attribute *find_attribute(const char *name, unsigned place)
{
    if (import_is_word(name, "interface")) /* two names of one */
        name = "bind";
    for (size_t i = 0; i < xinetd_table_count; i++)
        if ((xinetd_table[i].places & place) && import_is_word(name, xinetd_table[i].name))
            return &xinetd_table[i];
    return NULL;
}

/* What is wrong with the form of an assignment, or NULL. */
static const char *check_form(const struct attribute *attribute,
                              const struct assignment *assignment, uint64_t seen, uint64_t bit)
{
    bool list = attribute->places & PLACE_LIST;

    if (!attribute->take)
        return attribute->reason;
    if (!list && (seen & bit))
        return "is set again; xinetd uses the first";
    if (!list && assignment->how != ASSIGN_SET)
        return "is not a list and takes = only; xinetd ignores this";
    if (attribute->count >= 0 && assignment->words.count != (size_t)attribute->count)
        return "has the wrong number of words; xinetd ignores this";
    return NULL;
}

/* Nothing becomes of a line that kept somebody out: so nobody is served. A line of defaults speaks
 * for all services. */
static void close_for(struct settings *settings, const struct assignment *one, const char *reason)
{
    struct import *import = settings->import;

    if (settings->service)
        import_downgrade(import, settings->service, IMPORT_DISABLED, "disabled: %s: '%.200s'",
                         reason, one->text);
    else if (!settings->refused)
        settings->refused = import_format(import, "%s: '%.200s'", reason, one->text);
}

/* Of a word that nobody here knows it can't be said what it does: to xinetd's next version, or to
 * whoever wrote it. */
static bool may_refuse(const char *name)
{
    const struct attribute *attribute = find_attribute(name, PLACE_SERVICE | PLACE_DEFAULTS);

    return !attribute || (attribute->places & RESTRICTS);
}

static void leave_out(struct settings *settings, const struct assignment *one, const char *problem,
                      bool again)
{
    import_say(settings->import, settings->service, IMPORT_WARNING, "%s %s", one->name, problem);
    if (!again && may_refuse(one->name))
        close_for(settings, one, "clients refused by this line would be let in");
}

/* In defaults = adds, as += does. */
static bool take(struct settings *settings, const struct entry *entry,
                 const struct attribute *attribute, const struct assignment *one)
{
    const struct assigned assigned = {
        attribute, &one->words, !entry->name && one->how == ASSIGN_SET ? ASSIGN_ADD : one->how};

    return attribute->take(settings, &assigned);
}

static void replay(struct settings *settings, const struct entry *entry)
{
    struct import *import = settings->import;
    unsigned place = entry->name ? PLACE_SERVICE : PLACE_DEFAULTS;
    uint64_t seen = 0;

    import->file = entry->file;
    for (const struct assignment *one = entry->assignments; one; one = one->next) {
        const struct attribute *attribute = find_attribute(one->name, place);
        uint64_t bit = attribute ? UINT64_C(1) << (attribute - xinetd_table) : 0;
        const char *problem =
            attribute ? check_form(attribute, one, seen, bit) : "is not an attribute allowed here";

        import->line = one->line;
        if (problem) {
            leave_out(settings, one, problem, seen & bit);
            continue;
        }
        seen |= bit;
        if (take(settings, entry, attribute, one))
            continue;
        import_say(import, settings->service, IMPORT_ERROR, "%s: not understood", one->name);
        close_for(settings, one, "xinetd would not serve it");
    }
}

/* What services begin with. Lists get items of their own, since services change them. */
static struct settings copy_defaults(const struct settings *defaults,
                                     struct import_service *service)
{
    struct import *import = defaults->import;
    struct settings copy = *defaults;

    copy.service = service;
    copy.pass_env = import_copy_words(import, &defaults->pass_env, 0);
    copy.only_from.prefixes = import_copy_prefixes(import, &defaults->only_from.prefixes);
    copy.no_access.prefixes = import_copy_prefixes(import, &defaults->no_access.prefixes);
    return copy;
}

static bool is_among(const char *id, const struct value_words *ids)
{
    for (size_t i = 0; i < ids->count; i++)
        if (import_is_word(ids->items[i], id))
            return true;
    return false;
}

/* Each of the three can switch it off, and none of them on again. */
static bool is_off(const struct settings *settings, const char *id)
{
    return settings->disable == ANSWER_YES ||
           (settings->has_enabled_ids && !is_among(id, &settings->enabled_ids)) ||
           is_among(id, &settings->disabled_ids);
}

static void finish_entry(const struct settings *defaults, const struct entry *entry)
{
    struct settings settings = copy_defaults(defaults, entry->service);
    struct import *import = settings.import;

    if (entry->refused)
        settings.refused = entry->refused;
    replay(&settings, entry);
    import->line = entry->line;
    if (is_off(&settings, settings.id ? settings.id : entry->name))
        import_set_result(entry->service, IMPORT_DISABLED);
    xinetd_service_conclude(&settings, entry->name);
}

void import_finish_xinetd(struct import *import)
{
    struct settings defaults = {.import = import};
    const char *file = import->file;

    if (!import->xinetd)
        return;
    if (import->xinetd->defaults)
        replay(&defaults, import->xinetd->defaults);
    for (const struct entry *entry = import->xinetd->entries; entry; entry = entry->next)
        if (entry->service)
            finish_entry(&defaults, entry);
    import->file = file;
}

/* load: see load.h. The steps, in order:
 *
 *   the main file, then those it includes, become one document of sections and entries (reader);
 *   the command line becomes a section like those of files;
 *   sections are told apart: [stdinetd], [defaults], services; repeated ones are a problem;
 *   a template is made of the rows' defaults, [defaults] and -o; each service is a copy of the
 *   template with its own keys parsed over it;
 *   config_check looks at the whole.
 */
#include "config/load.h"

#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "base/text.h"
#include "base/value.h"
#include "config/check.h"
#include "config/option.h"
#include "config/reader.h"

struct named_section {
    const struct document_section *section;
    struct map_node node;
};

struct loader {
    const struct load_request *request;
    struct problems *problems;
    struct arena *scratch; /* the document and what only loading needs */
    struct document document;
    struct config *config;
    struct codec_context context;
    struct service_settings template;
    struct document_section *daemon, *defaults, *overrides;
    struct location *defaults_where; /* where [defaults] or -o gave an option */
    struct location (*where)[];      /* option_count of them for each service */
};

/* The directory that relative names of a file start from, absolute so that a reload finds it. */
static const char *file_directory(struct arena *arena, const char *file)
{
    char current[4096];
    char *copy = arena_copy_string(arena, file ? file : "./x");
    char *joined;
    size_t size;

    if (!copy)
        return NULL;
    copy = dirname(copy);
    if (copy[0] == '/' || !getcwd(current, sizeof(current)))
        return copy;
    if (strcmp(copy, ".") == 0)
        return arena_copy_string(arena, current);
    size = strlen(current) + strlen(copy) + 2;
    joined = arena_allocate(arena, size);
    if (joined)
        snprintf(joined, size, "%s/%s", current, copy);
    return joined;
}

/* A relative pattern starts from the main file's directory, whose own name is no pattern. */
static char *absolute_pattern(struct loader *loader, const char *pattern)
{
    const char *directory = loader->context.directory;
    char *path, *out;

    if (pattern[0] == '/')
        return arena_copy_string(loader->scratch, pattern);
    path = arena_allocate(loader->scratch, 2 * strlen(directory) + strlen(pattern) + 2);
    if (!path)
        return NULL;
    for (out = path; *directory != '\0'; directory++) {
        if (strchr("*?[]\\", *directory))
            *out++ = '\\';
        *out++ = *directory;
    }
    *out++ = '/';
    memcpy(out, pattern, strlen(pattern));
    return path;
}

/* Whether path is the main file, which a glob over its directory finds too. */
static bool is_main_file(const struct loader *loader, const char *path)
{
    struct stat one, other;

    return stat(path, &one) == 0 && stat(loader->request->file, &other) == 0 &&
           one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* A directory that isn't there has no files; one that can't be read now may have some, which must
 * not vanish from a configuration that is served. */
static int stops_search(const char *path, int error)
{
    (void)path;
    return error != ENOENT && error != ENOTDIR;
}

/* Reads the files of one glob, in sorted order. */
static int read_glob(struct loader *loader, const char *text, struct location where)
{
    char *pattern = absolute_pattern(loader, text);
    glob_t found = {0};
    int result, error = 0;

    if (!pattern)
        return -ENOMEM;
    result = glob(pattern, 0, stops_search, &found);
    if (result == GLOB_NOSPACE)
        return -ENOMEM;
    if (result == GLOB_NOMATCH && !strpbrk(text, "*?["))
        problems_add(loader->problems, where, "include: no such file: %s", text);
    else if (result != 0 && result != GLOB_NOMATCH)
        problems_add(loader->problems, where, "include: cannot search %s", text);
    for (size_t i = 0; error == 0 && result == 0 && i < found.gl_pathc; i++) {
        if (is_main_file(loader, found.gl_pathv[i]))
            problems_add(loader->problems, where, "include: %s includes this file itself", text);
        else
            error = reader_read_file(&loader->document, found.gl_pathv[i], loader->problems);
    }
    globfree(&found);
    return error;
}

/* Reads what one `include` names. */
static int read_include(struct loader *loader, const char *value, struct location where)
{
    struct value_words words;
    int error = value_split_words(loader->scratch, value, VALUE_SPLIT_LIST, &words);

    if (error == -EINVAL) /* said when the key itself is parsed */
        return 0;
    for (size_t i = 0; error == 0 && i < words.count; i++)
        error = read_glob(loader, words.items[i], where);
    return error;
}

/* The includes of one [stdinetd]; those of an included file are refused, so that it ends. */
static int read_section_includes(struct loader *loader, const struct document_section *section)
{
    bool included = strcmp(section->where.file, loader->request->file) != 0;
    int error = 0;

    for (const struct document_entry *entry = section->entries; error == 0 && entry;
         entry = entry->next) {
        struct location where = {section->where.file, entry->line};

        if (strcmp(entry->key, "include") != 0)
            continue;
        if (included)
            problems_add(loader->problems, where, "include: not allowed in an included file");
        else
            error = read_include(loader, entry->value, where);
    }
    return error;
}

static int read_includes(struct loader *loader)
{
    int error = 0;

    for (const struct document_section *section = loader->document.sections; error == 0 && section;
         section = section->next)
        if (strcmp(section->name, "stdinetd") == 0)
            error = read_section_includes(loader, section);
    return error;
}

/* Adds "KEY=VALUE" as the command line gives it to section. */
static int add_override(struct loader *loader, struct document_section *section,
                        struct document_section *daemon, const char *text)
{
    const char *equals = strchr(text, '=');
    char *key;

    if (!equals || equals == text) {
        problems_add(loader->problems, section->where, "-o %s: not KEY=VALUE", text);
        return 0;
    }
    if (strpbrk(equals, "\r\n")) {
        problems_add(loader->problems, section->where, "-o %s: contains a line end", text);
        return 0;
    }
    key = arena_copy(loader->scratch, text, (size_t)(equals - text));
    if (!key)
        return -ENOMEM;
    if (strcmp(key, "include") == 0) {
        problems_add(loader->problems, section->where, "-o %s: allowed in a file only", text);
        return 0;
    }
    if (!option_find(SCOPE_SERVICE, key) && option_find(SCOPE_DAEMON, key))
        section = daemon;
    return document_add_entry(&loader->document, section, key, equals + 1, 0) ? 0 : -ENOMEM;
}

/* The words of the command line as one value that splits back into them. */
static char *join_command(struct arena *arena, const char *const *words, size_t count)
{
    size_t size = 1, length = 0;
    char *text;

    for (size_t i = 0; i < count; i++)
        size += value_quote_word(words[i], NULL, 0) + 1;
    text = arena_allocate(arena, size);
    for (size_t i = 0; text && i < count; i++) {
        if (i > 0)
            text[length++] = ' ';
        length += value_quote_word(words[i], text + length, size - length);
    }
    return text;
}

static const char *refuse_name(const char *name)
{
    char shown[4 * SERVICE_NAME_MAX + 1];

    if (name[0] == '\0')
        return "the section has no name";
    if (strlen(name) > SERVICE_NAME_MAX)
        return "a service's name can have at most 50 bytes";
    /* A backslash alone is shown as two; anything else that isn't shown as it is, is a control. */
    text_escape(name, strlen(name), shown, sizeof(shown));
    for (const char *at = shown; (at = strchr(at, '\\')) != NULL; at += 2)
        if (at[1] != '\\')
            return "a service's name cannot contain control characters";
    return NULL;
}

/* The service is called as its program, unless that could not stand in a file as [NAME]. */
static const char *one_line_name(const char *program)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+@-";
    const char *slash = strrchr(program, '/');
    const char *name = slash ? slash + 1 : program;

    if (refuse_name(name) || name[strspn(name, plain)] != '\0' || strcmp(name, "stdinetd") == 0 ||
        strcmp(name, "defaults") == 0)
        return "service";
    return name;
}

static int add_one_line_service(struct loader *loader)
{
    const struct load_request *request = loader->request;
    struct document_section *section =
        document_add_section(&loader->document, one_line_name(request->command[0]),
                             (struct location){"command line", 0});
    char *command = join_command(loader->scratch, request->command, request->command_count);

    if (!section || !command || !document_add_entry(&loader->document, section, "exec", command, 0))
        return -ENOMEM;
    for (size_t i = 0; i < request->listen_count; i++)
        if (!document_add_entry(&loader->document, section, "listen", request->listens[i], 0))
            return -ENOMEM;
    /* A control socket only where -o asks for one. */
    section =
        document_add_section(&loader->document, "stdinetd", (struct location){"command line", 0});
    return section && document_add_entry(&loader->document, section, "control", "none", 0)
               ? 0
               : -ENOMEM;
}

/* -o stands above [defaults] and below a service's own keys; of the daemon's, above the file. */
static int add_overrides(struct loader *loader)
{
    struct document_section *sections[2];
    int error = 0;

    for (size_t i = 0; i < 2; i++) {
        /* Kept out of the document's chain: they are no sections of a file. */
        sections[i] = arena_allocate(loader->scratch, sizeof(*sections[i]));
        if (!sections[i])
            return -ENOMEM;
        sections[i]->name = i == 0 ? "defaults" : "stdinetd";
        sections[i]->where = (struct location){"command line", 0};
        sections[i]->last_entry = &sections[i]->entries;
    }
    for (size_t i = 0; error == 0 && i < loader->request->override_count; i++)
        error = add_override(loader, sections[0], sections[1], loader->request->overrides[i]);
    loader->overrides = sections[0];
    loader->overrides->next = sections[1];
    return error;
}

static const struct document_section *find_named(const struct map *names, const char *name)
{
    struct map_node *node = map_first(names, map_hash(names, name, strlen(name)));

    for (; node; node = map_next(node)) {
        struct named_section *named = MAP_ENTRY(node, struct named_section, node);

        if (strcmp(named->section->name, name) == 0)
            return named->section;
    }
    return NULL;
}

static int add_named(struct loader *loader, struct map *names,
                     const struct document_section *section)
{
    struct named_section *named = arena_allocate(loader->scratch, sizeof(*named));

    if (!named)
        return -ENOMEM;
    named->section = section;
    map_add(names, &named->node, map_hash(names, section->name, strlen(section->name)));
    return 0;
}

/* Finds the daemon's section and the defaults, refuses names, and counts the services. */
static int sort_sections(struct loader *loader, struct map *names, size_t *ret_services)
{
    *ret_services = 0;
    for (struct document_section *section = loader->document.sections; section;
         section = section->next) {
        const char *refused = refuse_name(section->name);
        const struct document_section *first = find_named(names, section->name);

        if (refused)
            problems_add(loader->problems, section->where, "[%s]: %s", section->name, refused);
        if (first) {
            problems_add(loader->problems, section->where,
                         "duplicate section [%s]; first defined at %s:%u", section->name,
                         first->where.file, first->where.line);
            section->repeated = true;
            continue;
        }
        if (add_named(loader, names, section) < 0)
            return -ENOMEM;
        if (strcmp(section->name, "stdinetd") == 0)
            loader->daemon = section;
        else if (strcmp(section->name, "defaults") == 0)
            loader->defaults = section;
        else
            (*ret_services)++;
    }
    return 0;
}

static int name_sections(struct loader *loader, size_t *ret_services)
{
    struct map names;
    int error = map_open(&names);

    if (error < 0)
        return error;
    error = sort_sections(loader, &names, ret_services);
    map_close(&names);
    return error;
}

/* Parses one entry into settings; first tells whether its option wasn't given in this section yet.
 */
static int parse_entry(struct loader *loader, const struct option *option,
                       const struct document_entry *entry, struct location where, void *settings,
                       bool first)
{
    void *field = option_field(&loader->context, option, settings);
    int error;

    if (!field)
        return -ENOMEM;
    if (first)
        memset(field, 0, option->codec->size); /* what a template or a default put there */
    loader->context.message[0] = loader->context.warning[0] = '\0';
    error = option->codec->parse(&loader->context, option, entry->value, field);
    if (error == -EINVAL) {
        problems_add(loader->problems, where, "%s: %s", option->name, loader->context.message);
        return 0;
    }
    if (error == 0 && loader->context.warning[0] != '\0')
        problems_warn(loader->problems, where, "%s: %s", option->name, loader->context.warning);
    return error;
}

static void refuse_key(struct loader *loader, enum option_scope scope, const char *key,
                       struct location where)
{
    const char *near = option_suggest(scope, key);

    if (option_find(scope == SCOPE_DAEMON ? SCOPE_SERVICE : SCOPE_DAEMON, key))
        problems_add(loader->problems, where, "'%s' %s", key,
                     scope == SCOPE_DAEMON ? "belongs in a service or [defaults]"
                                           : "belongs in [stdinetd]");
    else if (near)
        problems_add(loader->problems, where, "unknown key '%s'; did you mean '%s'?", key, near);
    else
        problems_add(loader->problems, where, "unknown key '%s'", key);
}

/* Parses a section's entries over settings; given (option_count places) learns where each stood. */
static int parse_section(struct loader *loader, const struct document_section *section,
                         enum option_scope scope, void *settings, struct location *given)
{
    for (const struct document_entry *entry = section->entries; entry; entry = entry->next) {
        struct location where = {section->where.file, entry->line};
        const struct option *option = option_find(scope, entry->key);
        struct location *before;
        int error;

        if (!option) {
            refuse_key(loader, scope, entry->key, where);
            continue;
        }
        before = &given[option_index(option)];
        if (before->file && !option->codec->list) {
            problems_add(loader->problems, where, "duplicate key %s; first set on line %u",
                         option->name, before->line);
            continue;
        }
        error = parse_entry(loader, option, entry, where, settings, before->file == NULL);
        if (error < 0)
            return error;
        *before = where;
    }
    return 0;
}

/* The rows' own defaults go through the same parsers as what users write. */
static int parse_fallbacks(struct loader *loader, enum option_scope scope, void *settings)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        struct document_entry entry = {.key = option->name, .value = option->fallback};
        int error;

        if (option->scope != scope || !option->fallback)
            continue;
        error = parse_entry(loader, option, &entry, (struct location){"built-in default", 0},
                            settings, true);
        if (error < 0)
            return error;
    }
    return 0;
}

/* Parses sections one over the other; a later one's list replaces an earlier one's. *ret_where (the
 * scratch's) tells where each option was given last. */
static int parse_layers(struct loader *loader, enum option_scope scope, void *settings,
                        const struct document_section *const layers[static 2],
                        struct location **ret_where)
{
    struct location *all = arena_allocate_array(loader->scratch, option_count, sizeof(*all));
    int error = all ? parse_fallbacks(loader, scope, settings) : -ENOMEM;

    for (size_t i = 0; error == 0 && i < 2; i++) {
        struct location *given =
            arena_allocate_array(loader->scratch, option_count, sizeof(*given));

        if (!given)
            return -ENOMEM;
        if (layers[i])
            error = parse_section(loader, layers[i], scope, settings, given);
        for (size_t j = 0; j < option_count; j++)
            all[j] = given[j].file ? given[j] : all[j];
    }
    *ret_where = all;
    return error;
}

/* What a repeated section says is no service, but its mistakes are reported with the others. */
static int parse_repeated(struct loader *loader, const struct document_section *section)
{
    struct location *given = arena_allocate_array(loader->scratch, option_count, sizeof(*given));
    bool daemon = strcmp(section->name, "stdinetd") == 0;
    struct service_settings service = loader->template;
    struct daemon_settings settings = loader->config->daemon;

    if (!given)
        return -ENOMEM;
    return daemon ? parse_section(loader, section, SCOPE_DAEMON, &settings, given)
                  : parse_section(loader, section, SCOPE_SERVICE, &service, given);
}

/* A copy of the template with the section's own keys over it. */
static int parse_service(struct loader *loader, const struct document_section *section,
                         struct location *given)
{
    struct config *config = loader->config;
    struct service_settings *service = &config->services[config->service_count];
    const struct service_settings *before = config->service_count > 0 ? service - 1 : NULL;

    *service = loader->template;
    service->name = arena_copy_string(config->arena, section->name);
    service->where.line = section->where.line;
    service->where.file = before && strcmp(before->where.file, section->where.file) == 0
                              ? before->where.file
                              : arena_copy_string(config->arena, section->where.file);
    if (!service->name || !service->where.file)
        return -ENOMEM;
    config->service_count++;
    return parse_section(loader, section, SCOPE_SERVICE, service, given);
}

static int parse_services(struct loader *loader, size_t count)
{
    struct config *config = loader->config;
    struct location *given =
        arena_allocate_array(loader->scratch, (count + 1) * option_count, sizeof(*given));
    int error = 0;

    config->services = arena_allocate_array(config->arena, count, sizeof(*config->services));
    if (!given || !config->services)
        return -ENOMEM;
    loader->where = (struct location(*)[])given;
    loader->context.shared = &loader->template;
    for (const struct document_section *section = loader->document.sections; error == 0 && section;
         section = section->next) {
        if (section->repeated)
            error = parse_repeated(loader, section);
        else if (section != loader->daemon && section != loader->defaults)
            error = parse_service(loader, section, given + config->service_count * option_count);
    }
    return error;
}

static const struct location *find_own(const void *context, size_t service, size_t option)
{
    const struct loader *loader = context;

    return &(*loader->where)[service * option_count + option];
}

static const struct location *find_any(const void *context, size_t service, size_t option)
{
    const struct loader *loader = context;
    const struct location *own = find_own(context, service, option);

    return own->file ? own : &loader->defaults_where[option];
}

static int load_document(struct loader *loader)
{
    struct location *daemon_where;
    size_t services;
    int error = add_overrides(loader);

    if (error == 0 && loader->request->text)
        error = reader_read_text(&loader->document, loader->request->file, loader->request->text,
                                 loader->request->text_length, loader->problems);
    else if (error == 0 && loader->request->file)
        error = reader_read_file(&loader->document, loader->request->file, loader->problems);
    if (error == 0 && loader->request->file)
        error = read_includes(loader);
    if (error == 0 && !loader->request->file)
        error = add_one_line_service(loader);
    if (error == 0)
        error = name_sections(loader, &services);
    if (error == 0)
        error = parse_layers(
            loader, SCOPE_DAEMON, &loader->config->daemon,
            (const struct document_section *[]){loader->daemon, loader->overrides->next},
            &daemon_where);
    if (error == 0)
        error =
            parse_layers(loader, SCOPE_SERVICE, &loader->template,
                         (const struct document_section *[]){loader->defaults, loader->overrides},
                         &loader->defaults_where);
    if (error == 0)
        error = parse_services(loader, services);
    if (error == 0)
        error = config_check(loader->config, loader->context.directory, loader->request->proven,
                             loader->problems, &(struct check_places){find_any, find_own, loader});
    return error;
}

static bool has_enabled_service(const struct config *config)
{
    for (size_t i = 0; i < config->service_count; i++)
        if (config->services[i].enabled)
            return true;
    return false;
}

int config_load(const struct load_request *request, struct config **ret, struct problems *problems)
{
    struct loader loader = {.request = request, .problems = problems, .scratch = arena_new()};
    struct arena *arena = arena_new();
    int error = -ENOMEM;

    if (arena && loader.scratch)
        loader.config = arena_allocate(arena, sizeof(*loader.config));
    if (loader.config) {
        *loader.config = (struct config){.arena = arena, .references = 1};
        loader.context.arena = arena;
        loader.context.scratch = loader.scratch;
        loader.context.directory = !request->file && request->directory
                                       ? request->directory
                                       : file_directory(arena, request->file);
        document_begin(&loader.document, loader.scratch);
        if (loader.context.directory)
            error = load_document(&loader);
    }
    if (error == 0 && problems_total(problems) == 0 && !has_enabled_service(loader.config))
        problems_add(problems, (struct location){request->file ? request->file : "command line", 0},
                     "no service is defined or enabled");
    if (error == 0 && problems_total(problems) > 0)
        error = -EINVAL;
    arena_free(loader.scratch);
    if (error == 0)
        *ret = loader.config;
    else
        arena_free(arena);
    return error;
}

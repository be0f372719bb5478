/* codec_system: the types whose texts name something of the system: sockets, commands, users,
 * groups and capabilities. They are looked up here, once, while loading, so that no handler's start
 * asks a name service. See codec.h and option.h. */
#include "config/codec.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>

#include "base/value.h"

static int add_endpoints(struct arena *arena, struct settings_endpoints *listen,
                         const struct endpoint *more, size_t count)
{
    if (listen->room - listen->count < count) {
        struct endpoint *grown =
            codec_grow(arena, listen->items, listen->count, count, &listen->room, sizeof(*grown));

        if (!grown)
            return -ENOMEM;
        listen->items = grown;
    }
    memcpy(listen->items + listen->count, more, count * sizeof(*more));
    listen->count += count;
    return 0;
}

static int parse_listen(struct codec_context *context, const struct option *option,
                        const char *text, void *field)
{
    struct settings_endpoints *listen = field;
    struct value_words words;
    int error = value_split_words(context->scratch, text, VALUE_SPLIT_LIST, &words);

    (void)option;
    if (error == -EINVAL)
        return codec_refuse(context, "unclosed quote");
    if (error == 0 && words.count == 0)
        return codec_refuse(context, "no address given");
    for (size_t i = 0; error == 0 && i < words.count; i++) {
        struct endpoint *more;
        const char *problem = NULL;
        size_t count;

        error = endpoint_parse(context->arena, words.items[i], &more, &count, &problem);
        if (error == -EINVAL)
            return codec_refuse(context, "'%.100s': %s", words.items[i], problem);
        /* Mostly there is one, and it is as it was parsed. */
        if (error == 0 && words.count == 1 && listen->count == 0)
            *listen = (struct settings_endpoints){more, count, count};
        else if (error == 0)
            error = add_endpoints(context->arena, listen, more, count);
    }
    return error;
}

/* Prints neighbours that were a range as a range again: 60,000 ports would be a long line. */
static void print_listen(FILE *file, const struct option *option, const void *field)
{
    const struct settings_endpoints *listen = field;
    char text[ENDPOINT_TEXT_SIZE];

    (void)option;
    for (size_t i = 0; i < listen->count; i++) {
        const struct endpoint *first = &listen->items[i];
        struct endpoint expected = *first;

        while (i + 1 < listen->count && endpoint_is_inet(first->kind) &&
               expected.addr.port < 65535) {
            expected.addr.port++;
            if (!endpoint_equal(&listen->items[i + 1], &expected))
                break;
            i++;
        }
        endpoint_format(first, text);
        fputs(first == listen->items ? "" : " ", file);
        codec_print_word(file, text);
        if (&listen->items[i] != first)
            fprintf(file, "-%u", listen->items[i].addr.port);
    }
}

const struct codec codec_listen = {"address list", true, sizeof(struct settings_endpoints),
                                   parse_listen, print_listen};

static int parse_command(struct codec_context *context, const struct option *option,
                         const char *text, void *field)
{
    struct settings_command *command = field;
    struct value_words words;
    int error = value_split_words(context->arena, text, VALUE_SPLIT_COMMAND, &words);

    (void)option;
    if (error == -EINVAL)
        return codec_refuse(context, "unclosed quote, or a backslash at the end");
    if (error < 0)
        return error;
    if (words.count == 0 || words.items[0][0] == '\0')
        return codec_refuse(context, "no program given");
    command->words = words;
    return 0;
}

static void print_command(FILE *file, const struct option *option, const void *field)
{
    const struct settings_command *command = field;

    (void)option;
    codec_print_words(file, &command->words);
}

/* Which program it is is found out when its whole service is known: program.h. */
const struct codec codec_command = {"command", false, sizeof(struct settings_command),
                                    parse_command, print_command};

/* What a look-up without an answer means: nobody of that name (0), or that it could not be asked
 * for, which getpwnam(3) tells by these. */
static int lookup_error(int error)
{
    return error == ENOMEM || error == EMFILE || error == ENFILE || error == EIO ? -error : 0;
}

static int refuse_lookup(struct codec_context *context, const char *text, int error)
{
    if (error == -ENOMEM)
        return error;
    return codec_refuse(context, "cannot look up '%.100s': %s", text, strerror(-error));
}

/* getpwnam's answer, or getpwuid's for a number; NULL where there is none, or with *ret_error. */
static struct passwd *find_user(const char *text, int *ret_error)
{
    struct passwd *entry;
    uint64_t uid;

    errno = 0;
    entry = getpwnam(text);
    if (!entry && value_parse_count(text, &uid) == 0 && uid < UINT32_MAX)
        entry = getpwuid((uid_t)uid);
    *ret_error = entry ? 0 : lookup_error(errno);
    return entry;
}

/* "NAME=value" in arena; NULL without memory. */
static char *make_variable(struct arena *arena, const char *name, const char *value)
{
    size_t size = strlen(name) + strlen(value) + 2;
    char *variable = arena_allocate(arena, size);

    if (variable)
        snprintf(variable, size, "%s=%s", name, value);
    return variable;
}

static struct settings_user *make_user(struct arena *arena, const struct passwd *entry)
{
    const char *const variables[SETTINGS_USER_VARIABLES][2] = {
        {"USER", entry->pw_name},
        {"LOGNAME", entry->pw_name},
        {"HOME", entry->pw_dir ? entry->pw_dir : "/"},
        {"SHELL", entry->pw_shell ? entry->pw_shell : "/bin/sh"}};
    struct settings_user *user = arena_allocate(arena, sizeof(*user));

    if (!user || !(user->name = arena_copy_string(arena, entry->pw_name)))
        return NULL;
    user->uid = entry->pw_uid;
    user->gid = entry->pw_gid;
    for (size_t i = 0; i < SETTINGS_USER_VARIABLES; i++) {
        user->variables[i] = make_variable(arena, variables[i][0], variables[i][1]);
        if (!user->variables[i])
            return NULL;
    }
    return user;
}

static int parse_user(struct codec_context *context, const struct option *option, const char *text,
                      void *field)
{
    struct settings_user *user = context->last_user;
    struct passwd *entry;
    int error;

    (void)option;
    /* Five thousand services of one user ask once. */
    if (user && strcmp(user->name, text) == 0) {
        *(struct settings_user **)field = user;
        return 0;
    }
    entry = find_user(text, &error);
    if (error < 0)
        return refuse_lookup(context, text, error);
    if (!entry)
        return codec_refuse(context, "unknown user '%.100s'", text);
    user = make_user(context->arena, entry);
    if (!user)
        return -ENOMEM;
    context->last_user = user;
    *(struct settings_user **)field = user;
    return 0;
}

static void print_user(FILE *file, const struct option *option, const void *field)
{
    const struct settings_user *user = *(struct settings_user *const *)field;

    (void)option;
    if (user)
        fputs(user->name, file);
}

const struct codec codec_user = {"user", false, sizeof(struct settings_user *), parse_user,
                                 print_user};

static int find_group(struct codec_context *context, const char *text, gid_t *ret)
{
    struct group *entry;
    uint64_t gid;
    int error;

    errno = 0;
    entry = getgrnam(text);
    if (entry) {
        *ret = entry->gr_gid;
        return 0;
    }
    error = lookup_error(errno);
    if (error < 0)
        return refuse_lookup(context, text, error);
    if (value_parse_count(text, &gid) < 0 || gid >= UINT32_MAX)
        return codec_refuse(context, "unknown group '%.100s'", text);
    *ret = (gid_t)gid;
    return 0;
}

static int parse_group(struct codec_context *context, const struct option *option, const char *text,
                       void *field)
{
    struct settings_group *group = arena_allocate(context->arena, sizeof(*group));
    int error;

    (void)option;
    if (!group || !(group->name = arena_copy_string(context->arena, text)))
        return -ENOMEM;
    error = find_group(context, text, &group->gid);
    if (error == 0)
        *(struct settings_group **)field = group;
    return error;
}

static void print_group(FILE *file, const struct option *option, const void *field)
{
    const struct settings_group *group = *(struct settings_group *const *)field;

    (void)option;
    if (group)
        fputs(group->name, file);
}

const struct codec codec_group = {"group", false, sizeof(struct settings_group *), parse_group,
                                  print_group};

/* "net_raw" or "CAP_NET_RAW" to its number. */
static int find_capability(const char *name, cap_value_t *ret)
{
    char text[64];
    int length =
        snprintf(text, sizeof(text), "%s%s", strncasecmp(name, "cap_", 4) == 0 ? "" : "cap_", name);

    if (length < 0 || (size_t)length >= sizeof(text) || isdigit((unsigned char)text[4]) ||
        cap_from_name(text, ret) < 0)
        return -EINVAL;
    return 0;
}

static int parse_capabilities(struct codec_context *context, const struct option *option,
                              const char *text, void *field)
{
    struct settings_capabilities *capabilities = field;
    struct value_words words;
    int error = value_split_words(context->scratch, text, VALUE_SPLIT_LIST, &words);

    (void)option;
    if (error == -EINVAL)
        return codec_refuse(context, "unclosed quote");
    if (error < 0)
        return error;
    if (words.count == 0)
        return codec_refuse(context, "no capability given; for none, write none");
    for (size_t i = 0; i < words.count; i++) {
        cap_value_t number;

        if (words.count == 1 && !capabilities->set && strcmp(words.items[0], "none") == 0)
            break;
        if (find_capability(words.items[i], &number) < 0 || number >= 64)
            return codec_refuse(context, "unknown capability '%.100s'", words.items[i]);
        capabilities->kept |= UINT64_C(1) << number;
    }
    capabilities->set = true;
    return 0;
}

static void print_capabilities(FILE *file, const struct option *option, const void *field)
{
    const struct settings_capabilities *capabilities = field;
    const char *separator = "";

    (void)option;
    if (capabilities->set && capabilities->kept == 0)
        fputs("none", file);
    for (cap_value_t number = 0; number < 64; number++) {
        char *name = NULL;

        if (capabilities->kept & UINT64_C(1) << number)
            name = cap_to_name(number);
        if (name) {
            fprintf(file, "%s%s", separator, name + strlen("cap_"));
            separator = " ";
        }
        cap_free(name);
    }
}

const struct codec codec_capabilities = {"capability list", true,
                                         sizeof(struct settings_capabilities), parse_capabilities,
                                         print_capabilities};

/* "init" (the user's own, looked up when the user is known), "none", or names. */
static int parse_groups(struct codec_context *context, const struct option *option,
                        const char *text, void *field)
{
    struct settings_groups *groups = field;
    struct value_words more;
    int error = value_split_words(context->arena, text, VALUE_SPLIT_LIST, &more);

    (void)option;
    if (error == -EINVAL)
        return codec_refuse(context, "unclosed quote");
    if (error == 0)
        error = codec_append_words(context, &groups->names, &more);
    if (error < 0)
        return error;
    if (groups->names.count == 0)
        return codec_refuse(context, "no group given; for none, write none");
    if (groups->names.count == 1 && strcmp(groups->names.items[0], "init") == 0)
        groups->kind = GROUPS_INIT;
    else if (groups->names.count == 1 && strcmp(groups->names.items[0], "none") == 0)
        groups->kind = GROUPS_NONE;
    else
        groups->kind = GROUPS_LIST;
    groups->count = 0;
    if (groups->kind != GROUPS_LIST)
        return 0;
    groups->gids = arena_allocate_array(context->arena, groups->names.count, sizeof(gid_t));
    if (!groups->gids)
        return -ENOMEM;
    for (size_t i = 0; error == 0 && i < groups->names.count; i++)
        error = find_group(context, groups->names.items[i], &groups->gids[i]);
    groups->count = (uint32_t)groups->names.count;
    return error;
}

static void print_groups(FILE *file, const struct option *option, const void *field)
{
    const struct settings_groups *groups = field;

    (void)option;
    codec_print_words(file, &groups->names);
}

const struct codec codec_groups = {"group list", true, sizeof(struct settings_groups), parse_groups,
                                   print_groups};

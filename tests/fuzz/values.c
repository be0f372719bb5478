/* values: the codec of every option on any text, as KEY=TEXT. Besides what sanitizers see: what is
 * refused says why, and what is taken is printed as a text that means the same. */
#include <errno.h>
#include <string.h>

#include "config/codec.h"
#include "fuzz.h"

static union {
    struct daemon_settings daemon;
    struct service_settings service;
} settings;

static int parse(struct codec_context *context, const struct option *option, const char *text)
{
    void *field;
    int error;

    memset(&settings, 0, sizeof(settings));
    context->message[0] = '\0';
    field = option_field(context, option, &settings);
    if (!field)
        return -ENOMEM;
    error = option->codec->parse(context, option, text, field);
    FUZZ_MUST(error == 0 || error == -ENOMEM || (error == -EINVAL && context->message[0] != '\0'));
    return error;
}

/* The text of a value, and the text of that: they are the same. */
static void check_there_and_back(struct codec_context *context, const struct option *option)
{
    char *first = option_text(option, &settings), *second;

    /* Nothing is printed for a list of nothing, and nothing is needed to load it. */
    if (first && first[0] != '\0') {
        FUZZ_MUST(parse(context, option, first) == 0);
        second = option_text(option, &settings);
        FUZZ_MUST(second && strcmp(first, second) == 0);
        free(second);
    }
    free(first);
}

/* Looks at names of this machine, which are slow and no codec of ours. */
static bool asks_the_system(const struct codec *codec)
{
    return codec == &codec_user || codec == &codec_group || codec == &codec_groups;
}

static const struct option *find(const char *key)
{
    const struct option *option = option_find(SCOPE_SERVICE, key);

    return option ? option : option_find(SCOPE_DAEMON, key);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct codec_context context = {.directory = "/"};
    const struct option *option;
    char *key = calloc(1, length + 1), *text;

    if (!key)
        return 0;
    if (length > 0)
        memcpy(key, bytes, length);
    text = strchr(key, '=');
    if (text)
        *text++ = '\0';
    option = text ? find(key) : NULL;
    context.arena = arena_new();
    context.scratch = arena_new();
    if (option && !asks_the_system(option->codec) && context.arena && context.scratch &&
        parse(&context, option, text) == 0)
        check_there_and_back(&context, option);
    arena_free(context.arena);
    arena_free(context.scratch);
    free(key);
    return 0;
}

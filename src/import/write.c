/* write: see write.h. Called by import_run. */
#include "import/write.h"

#include <stdlib.h>
#include <string.h>

/* The keys by their names, and whether [defaults] may have them: who runs what where is each
 * service's own. */
static const struct {
    const char *name;
    bool shared;
} keys[IMPORT_KEYS] = {
    [IMPORT_LISTEN] = {"listen", false},
    [IMPORT_WAIT] = {"wait", false},
    [IMPORT_IPV6_ONLY] = {"ipv6-only", true},
    [IMPORT_NODELAY] = {"nodelay", true},
    [IMPORT_KEEPALIVE] = {"keepalive", true},
    [IMPORT_RECEIVE_BUFFER] = {"receive-buffer", true},
    [IMPORT_SEND_BUFFER] = {"send-buffer", true},
    [IMPORT_SOCKET_USER] = {"socket-user", false},
    [IMPORT_SOCKET_GROUP] = {"socket-group", false},
    [IMPORT_SOCKET_MODE] = {"socket-mode", false},
    [IMPORT_EXEC] = {"exec", false},
    [IMPORT_ARGV0] = {"argv0", false},
    [IMPORT_USER] = {"user", false},
    [IMPORT_GROUP] = {"group", false},
    [IMPORT_GROUPS] = {"groups", true},
    [IMPORT_UMASK] = {"umask", true},
    [IMPORT_ENV] = {"env", true},
    [IMPORT_PASS_ENV] = {"pass-env", true},
    [IMPORT_STDERR] = {"stderr", true},
    [IMPORT_NICE] = {"nice", true},
    [IMPORT_RLIMIT_AS] = {"rlimit-as", true},
    [IMPORT_RLIMIT_CPU] = {"rlimit-cpu", true},
    [IMPORT_RLIMIT_DATA] = {"rlimit-data", true},
    [IMPORT_RLIMIT_STACK] = {"rlimit-stack", true},
    [IMPORT_MAX_CONNECTIONS] = {"max-connections", true},
    [IMPORT_WHEN_FULL] = {"when-full", true},
    [IMPORT_RATE] = {"rate", true},
    [IMPORT_MAX_CONNECTIONS_PER_SOURCE] = {"max-connections-per-source", true},
    [IMPORT_RATE_PER_SOURCE] = {"rate-per-source", true},
    [IMPORT_REFUSE_MESSAGE] = {"refuse-message", true},
    [IMPORT_ALLOW] = {"allow", true},
    [IMPORT_DENY] = {"deny", true},
};

static bool has_section(const struct import_service *service)
{
    return service->result != IMPORT_OMITTED;
}

static const struct import_service *next_section(const struct import_service *service)
{
    while (service && !has_section(service))
        service = service->next;
    return service;
}

/* The value that more than half of the services have for key, by the vote of Boyer and Moore. */
static const char *majority(const struct import *import, enum import_key key)
{
    const char *value = NULL;
    size_t votes = 0, count = 0, total = 0;

    for (const struct import_service *one = next_section(import->services); one;
         one = next_section(one->next)) {
        if (votes == 0)
            value = one->values[key];
        votes += import_is_same(one->values[key], value) ? 1 : (size_t)-1;
    }
    for (const struct import_service *one = next_section(import->services); one;
         one = next_section(one->next)) {
        count += import_is_same(one->values[key], value);
        total++;
    }
    return total > 1 && 2 * count > total ? value : NULL;
}

/* What stands in [defaults] for key, or NULL. A service can replace it there, but not take it back:
 * so each must have a value. */
static const char *common_value(const struct import *import, enum import_key key)
{
    if (!keys[key].shared)
        return NULL;
    for (const struct import_service *one = next_section(import->services); one;
         one = next_section(one->next))
        if (!one->values[key])
            return NULL;
    return majority(import, key);
}

static void write_defaults(FILE *file, const char *const common[static IMPORT_KEYS])
{
    bool begun = false;

    for (int key = 0; key < IMPORT_KEYS; key++) {
        if (!common[key])
            continue;
        if (!begun)
            fputs("\n[defaults]\n", file);
        begun = true;
        fprintf(file, "%s = %s\n", keys[key].name, common[key]);
    }
}

void import_print_message(FILE *file, const struct import_message *message, bool named)
{
    if (message->file)
        fprintf(file, "%s:", message->file);
    if (message->line > 0)
        fprintf(file, "%u:", message->line);
    if (message->file)
        fputc(' ', file);
    if (message->service && named)
        fprintf(file, "%s: ", message->service->name);
    fprintf(file, "%s\n", message->text);
}

/* Above its section it needs no name. */
static void write_message(FILE *file, const struct import_message *message)
{
    fputs("; ", file);
    import_print_message(file, message, message->service && !has_section(message->service));
}

static void write_section(FILE *file, const struct import_service *service,
                          const char *const common[static IMPORT_KEYS])
{
    const char *lead = service->result == IMPORT_COMMENTED ? "; " : "";

    fprintf(file, "%s[%s]\n", lead, service->name);
    for (int key = 0; key < IMPORT_KEYS; key++)
        if (service->values[key] && !import_is_same(service->values[key], common[key]))
            fprintf(file, "%s%s = %s\n", lead, keys[key].name, service->values[key]);
    if (service->disabled)
        fprintf(file, "%senabled = no\n", lead);
}

static void write_service(FILE *file, const struct import_service *service,
                          const char *const common[static IMPORT_KEYS])
{
    fputc('\n', file);
    for (const struct import_message *message = service->messages; message;
         message = message->next_of_service)
        write_message(file, message);
    if (has_section(service))
        write_section(file, service, common);
}

static void write_all(FILE *file, const struct import *import)
{
    const char *common[IMPORT_KEYS];

    for (int key = 0; key < IMPORT_KEYS; key++)
        common[key] = common_value(import, (enum import_key)key);
    fputs("; Made by stdinetctl import. Review it, and test it with stdinetd --check.\n"
          "; Limits not set here have stdinetd's defaults: see stdinetd.ini(5).\n",
          file);
    for (const struct import_message *message = import->messages; message; message = message->next)
        if (!message->service)
            write_message(file, message);
    write_defaults(file, common);
    for (const struct import_service *service = import->services; service; service = service->next)
        write_service(file, service, common);
}

char *import_write(const struct import *import)
{
    char *text = NULL;
    size_t length;
    FILE *file = import->out_of_memory ? NULL : open_memstream(&text, &length);

    if (!file)
        return NULL;
    write_all(file, import);
    if (fclose(file) == 0)
        return text;
    free(text);
    return NULL;
}

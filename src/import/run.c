/* run: see run.h. */
#include "import/run.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "import/dialect.h"
#include "import/finish.h"
#include "import/inetd.h"
#include "import/source.h"
#include "import/write.h"
#include "import/xinetd.h"

#ifndef HANDLERS_DIRECTORY
#define HANDLERS_DIRECTORY "/usr/local/libexec/stdinetd"
#endif

enum { VALUE_INETD = 256, VALUE_XINETD, VALUE_IPV6, VALUE_ROOT, VALUE_HANDLERS };

static const struct option longs[] = {
    {"inetd", no_argument, NULL, VALUE_INETD},
    {"xinetd", no_argument, NULL, VALUE_XINETD},
    {"ipv6", no_argument, NULL, VALUE_IPV6},
    {"root", required_argument, NULL, VALUE_ROOT},
    {"handlers", required_argument, NULL, VALUE_HANDLERS},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static void print_help(void)
{
    puts("usage: stdinetctl import [OPTION]... FILE...\n\n"
         "Prints an ini equivalent to inetd.conf or xinetd's files. FILE may be a directory, or -\n"
         "for standard input. What cannot be imported is a comment there, and is reported on\n"
         "standard error.\n\n"
         "  --inetd                  the files are inetd.conf files\n"
         "  --xinetd                 the files are xinetd files (default: detected)\n"
         "  --ipv6                   tcp and udp in inetd.conf mean IPv4 and IPv6\n"
         "  --root DIRECTORY         the files are another machine's, with this root directory\n"
         "  --handlers DIRECTORY     where stdinetd's handlers are (" HANDLERS_DIRECTORY ")\n"
         "  --help                   print this\n\n"
         "See stdinetctl(8).");
}

/* The command's own options. Returns false with the exit status where that is all. */
static bool take_options(struct import *import, int count, char *arguments[], int *ret_status)
{
    int value;

    while ((value = getopt_long(count, arguments, "h", longs, NULL)) != -1) {
        switch (value) {
        case VALUE_INETD:
            import->reader = import_read_inetd;
            break;
        case VALUE_XINETD:
            import->reader = import_read_xinetd;
            break;
        case VALUE_IPV6:
            import->ipv6 = true;
            break;
        case VALUE_ROOT:
            import->root = optarg;
            break;
        case VALUE_HANDLERS:
            import->handlers = optarg;
            break;
        case 'h':
            print_help();
            *ret_status = EX_OK;
            return false;
        default: /* getopt_long has said what is wrong */
            *ret_status = EX_USAGE;
            return false;
        }
    }
    return true;
}

/* --- what is said --------------------------------------------------------------------------- */

static void print_messages(const struct import *import)
{
    for (const struct import_message *message = import->messages; message; message = message->next)
        import_print_message(stderr, message, true);
}

static json_t *message_object(const struct import_message *message)
{
    return json_pack("{s:s?, s:i, s:s, s:s?, s:s}", "file", message->file, "line",
                     (int)message->line, "level",
                     message->level == IMPORT_ERROR ? "error" : "warning", "service",
                     message->service ? message->service->name : NULL, "message", message->text);
}

static json_t *service_object(const struct import_service *service)
{
    static const char *const results[] = {[IMPORT_SERVED] = "served",
                                          [IMPORT_DISABLED] = "disabled",
                                          [IMPORT_COMMENTED] = "comment",
                                          [IMPORT_OMITTED] = "omitted"};

    return json_pack("{s:s, s:s, s:s, s:i}", "name", service->name, "fate",
                     results[service->result], "file", service->file, "line", (int)service->line);
}

static int print_json(const struct import *import, const char *ini)
{
    json_t *services = json_array(), *messages = json_array(), *object;
    int status;

    for (const struct import_service *service = import->services; service; service = service->next)
        json_array_append_new(services, service_object(service));
    for (const struct import_message *message = import->messages; message; message = message->next)
        json_array_append_new(messages, message_object(message));
    object = json_pack("{s:s, s:o, s:o}", "ini", ini, "services", services, "messages", messages);
    /* What standard output doesn't take is no lack of memory, and main asks for it. */
    status = object && (json_dumpf(object, stdout, JSON_COMPACT) == 0 || ferror(stdout)) ? 0 : -1;
    putchar('\n');
    json_decref(object);
    return status;
}

static int fail(int status, const char *problem)
{
    fprintf(stderr, "stdinetctl: %s\n", problem);
    return status;
}

static int print_result(bool json, const struct import *import)
{
    char *ini = import_write(import);
    int status = ini ? 0 : -1;

    if (ini && json)
        status = print_json(import, ini);
    else if (ini)
        fputs(ini, stdout);
    free(ini);
    if (status < 0)
        return fail(EX_OSERR, "out of memory");
    if (!json)
        print_messages(import);
    return import->unreadable ? EX_NOINPUT : import->error_count > 0 ? EX_DATAERR : EX_OK;
}

static bool has_service(const struct import *import)
{
    for (const struct import_service *service = import->services; service; service = service->next)
        if (service->result == IMPORT_SERVED)
            return true;
    return false;
}

static int import_files(bool json, struct import *import, char *const files[])
{
    while (*files)
        import_read_path(import, *files++);
    import_finish(import);
    if (!has_service(import))
        import_say(import, NULL, IMPORT_WARNING,
                   "no service to serve: stdinetd will not start with this file alone");
    return print_result(json, import);
}

int import_run(bool json, int count, char *arguments[])
{
    struct import import;
    struct arena *arena = arena_new();
    int status;

    import_begin(&import, arena);
    import.reader = import_read_any;
    import.handlers = HANDLERS_DIRECTORY;
    if (!arena)
        return fail(EX_OSERR, "out of memory");
    if (take_options(&import, count, arguments, &status))
        status = optind < count ? import_files(json, &import, arguments + optind)
                                : fail(EX_USAGE, "import: missing FILE");
    arena_free(arena);
    return status;
}

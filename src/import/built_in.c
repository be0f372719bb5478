/* built_in: see built_in.h. Called by both readers. */
#include "import/built_in.h"

#include <ctype.h>
#include <string.h>

/* Where an imported tcpmux looks for programs, as in etc/internal-services.ini. */
#define TCPMUX_DIRECTORY "/etc/stdinetd/tcpmux"

static const struct {
    const char *name;
    const char *argument; /* NULL: none */
} handlers[] = {
    {"echo", NULL}, {"discard", NULL}, {"daytime", NULL},
    {"time", NULL}, {"chargen", NULL}, {"tcpmux", TCPMUX_DIRECTORY},
};

static void set_handler(struct import *import, struct import_service *service, const char *name,
                        const char *argument)
{
    service->kind = IMPORT_BUILT_IN;
    service->program = name;
    service->argv = (struct value_words){0};
    import_append(import, &service->argv, name);
    if (argument)
        import_append(import, &service->argv, argument);
}

bool import_set_built_in(struct import *import, struct import_service *service, const char *name)
{
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (!import_is_word(name, handlers[i].name))
            continue;
        set_handler(import, service, handlers[i].name, handlers[i].argument);
        service->wait = service->socket == IMPORT_DATAGRAM;
        import_set(service, IMPORT_USER, "nobody");
        import_set(service, IMPORT_GROUP, NULL);
        return true;
    }
    import_downgrade(import, service, IMPORT_OMITTED,
                     "stdinetd has no replacement for this internal service");
    return false;
}

void import_set_relay(struct import *import, struct import_service *service, const char *address)
{
    set_handler(import, service, "relay", address);
}

/* As tcpmux looks for it: in lower case. */
static const char *lower(struct import *import, const char *name)
{
    char text[256];
    size_t length = 0;

    for (; length < sizeof(text) && name[length] != '\0'; length++)
        text[length] = (char)tolower((unsigned char)name[length]);
    return import_copy(import, text, length);
}

void import_omit_tcpmux(struct import *import, struct import_service *service, const char *name,
                        bool answered)
{
    const char *file = import_format(import, "%s/%s%s", TCPMUX_DIRECTORY, answered ? "" : "=",
                                     lower(import, name));
    struct value_words arguments = import_copy_words(import, &service->argv, 1);

    if (arguments.count == 0)
        import_downgrade(import, service, IMPORT_OMITTED,
                         "tcpmux program; to offer it: ln -s %s %s", service->program, file);
    else
        import_downgrade(import, service, IMPORT_OMITTED,
                         "tcpmux program; to offer it, make %s a script that runs: %s %s", file,
                         service->program, import_join(import, &arguments));
}

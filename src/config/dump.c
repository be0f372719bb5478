/* dump: see dump.h. Walks the option table; for --dump and for the tests of every codec. */
#include "config/dump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/option.h"

/* waits: what judges clients is left out, as it is where [defaults] says it. */
static int dump_section(FILE *file, const char *name, enum option_scope scope, const void *settings,
                        bool waits)
{
    fprintf(file, "[%s]\n", name);
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        char *text;

        if (option->scope != scope || option->undumped || (waits && option->judges))
            continue;
        text = option_text(option, settings);
        if (!text)
            return -ENOMEM;
        if (strchr(text, '\n')) {
            free(text);
            return -EILSEQ;
        }
        if (text[0] != '\0')
            fprintf(file, "%s = %s\n", option->name, text);
        free(text);
    }
    return 0;
}

int config_dump(const struct config *config, FILE *file)
{
    int error = dump_section(file, "stdinetd", SCOPE_DAEMON, &config->daemon, false);

    for (size_t i = 0; error == 0 && i < config->service_count; i++) {
        fputc('\n', file);
        error = dump_section(file, config->services[i].name, SCOPE_SERVICE, &config->services[i],
                             settings_waits(&config->services[i]));
    }
    if (error == 0 && (fflush(file) != 0 || ferror(file)))
        error = -EIO;
    return error;
}

/* import: see import.h. An include is refused as one too many, so nothing of the machine is read
 * but its users, groups, services(5), hosts.deny, and what a banner_fail names. */
#include "import.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/load.h"
#include "import/finish.h"
#include "import/source.h"
#include "import/write.h"

/* What may be wrong with an ini that is right: nothing in it is enabled; who runs us isn't root. */
static void check_problem(bool is_warning, const char *line, void *context)
{
    const char *ini = context;

    (void)is_warning;
    if (strstr(line, "no service is defined or enabled") || strstr(line, "only root can"))
        return;
    fprintf(stderr, "%s\n%s", line, ini);
    abort();
}

static void load(const char *ini)
{
    int fd = memfd_create("import.ini", MFD_CLOEXEC);
    struct problems problems = {0};
    struct load_request request = {0};
    struct config *config = NULL;
    char path[64];

    FUZZ_MUST(fd >= 0);
    FUZZ_MUST(fchmod(fd, 0600) == 0);
    FUZZ_MUST(write(fd, ini, strlen(ini)) == (ssize_t)strlen(ini));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    request.file = path;
    if (config_load(&request, &config, &problems) == 0)
        config_unref(config);
    problems_show(&problems, check_problem, (void *)(uintptr_t)ini);
    problems_free(&problems);
    close(fd);
}

/* The ini; the caller frees it. */
static char *import_bytes(import_reader *reader, const char *root, const char *bytes, size_t length)
{
    struct arena *arena = arena_new();
    struct import import;
    char *ini;

    FUZZ_MUST(arena != NULL);
    import_begin(&import, arena);
    import.reader = reader;
    import.root = root;
    import.handlers = "/bin"; /* echo is there */
    import.ipv6 = length % 2 == 0;
    import.depth = IMPORT_DEPTH_MAX;
    import_read_text(&import, "seed\n.conf", bytes, length);
    import_finish(&import);
    ini = import_write(&import);
    FUZZ_MUST(ini != NULL);
    arena_free(arena);
    return ini;
}

int fuzz_import(import_reader *reader, const uint8_t *bytes, size_t length)
{
    /* Of exactly its size, so that reading beyond is seen. */
    char *copy = malloc(length + (length == 0)), *ini;

    FUZZ_MUST(copy != NULL);
    memcpy(copy, bytes, length);
    ini = import_bytes(reader, NULL, copy, length);
    load(ini);
    free(ini);
    free(import_bytes(reader, "/nonexistent", copy, length));
    free(copy);
    return 0;
}

/* config: any bytes as an ini: through the reader in memory, and as a file through the loader.
 * Besides what sanitizers see: what is refused has a problem to show; keys and sections are never
 * empty or cut; and what is loaded is dumped as an ini that loads to the same dump. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/dump.h"
#include "config/load.h"
#include "config/reader.h"
#include "fuzz.h"

static void check_line(bool is_warning, const char *line, void *context)
{
    (void)is_warning;
    (void)context;
    for (; *line != '\0'; line++)
        FUZZ_MUST((unsigned char)*line >= ' ');
}

static void read_bytes(const uint8_t *bytes, size_t length)
{
    struct arena *arena = arena_new();
    struct problems problems = {0};
    struct document document;

    if (!arena)
        return;
    document_begin(&document, arena);
    reader_read_text(&document, "x.ini", (const char *)bytes, length, &problems);
    for (const struct document_section *section = document.sections; section;
         section = section->next)
        for (const struct document_entry *entry = section->entries; entry; entry = entry->next) {
            FUZZ_MUST(entry->key[0] != '\0' && entry->line > 0);
            FUZZ_MUST(strlen(entry->key) + strlen(entry->value) <= length);
        }
    problems_show(&problems, check_line, NULL);
    problems_free(&problems);
    arena_free(arena);
}

/* A file in memory that only we may write. Path gets its name. */
static int make_file(const char *bytes, size_t length, char path[static 64])
{
    int fd = memfd_create("x.ini", MFD_CLOEXEC);

    if (fd < 0)
        return -1;
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    if (fchmod(fd, 0600) < 0 || write(fd, bytes, length) != (ssize_t)length) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Loads it; the dump of what came of it, or NULL. */
static char *load_and_dump(const char *bytes, size_t length, unsigned *ret_problems)
{
    struct load_request request = {0};
    struct problems problems = {0};
    struct config *config = NULL;
    char path[64], *dump = NULL;
    size_t size;
    int fd = make_file(bytes, length, path);

    if (fd < 0)
        return NULL;
    request.file = path;
    if (config_load(&request, &config, &problems) == 0) {
        FILE *file = open_memstream(&dump, &size);

        FUZZ_MUST(problems_total(&problems) == 0);
        FUZZ_MUST(file && config_dump(config, file) == 0);
        fclose(file);
        config_unref(config);
    }
    *ret_problems = problems_total(&problems);
    problems_show(&problems, check_line, NULL);
    problems_free(&problems);
    close(fd);
    return dump;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    unsigned count = 0;
    char *first, *second;

    read_bytes(bytes, length);
    /* Globs would look at all of this machine. */
    if (memmem(bytes, length, "include", 7))
        return 0;
    first = load_and_dump((const char *)bytes, length, &count);
    if (first) {
        second = load_and_dump(first, strlen(first), &count);
        FUZZ_MUST(second && strcmp(first, second) == 0);
        free(second);
    } else {
        FUZZ_MUST(count > 0);
    }
    free(first);
    return 0;
}

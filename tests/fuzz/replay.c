/* replay: a fuzz target without a fuzzer. Runs it once on each file that is named, with any
 * compiler, and says which; what a file does wrong ends it as it would end the fuzzer. Exit status
 * 1 where a file can't be read. Started by replay.sh. */
#include "fuzz.h"

/* Larger files are cut: no seed is. */
#define FILE_MAX_BYTES ((size_t)1 << 20)

static int replay(const char *path, uint8_t *bytes)
{
    FILE *file = fopen(path, "rb");
    size_t length;
    int failed;

    if (!file) {
        perror(path);
        return -1;
    }
    length = fread(bytes, 1, FILE_MAX_BYTES, file);
    failed = ferror(file);
    fclose(file);
    if (failed) {
        fprintf(stderr, "%s: can't be read\n", path);
        return -1;
    }
    return LLVMFuzzerTestOneInput(bytes, length);
}

int main(int argc, char **argv)
{
    uint8_t *bytes = malloc(FILE_MAX_BYTES);
    int status = bytes ? EXIT_SUCCESS : EXIT_FAILURE;

    for (int i = 1; bytes && i < argc; i++)
        if (replay(argv[i], bytes) < 0)
            status = EXIT_FAILURE;
    free(bytes);
    return status;
}

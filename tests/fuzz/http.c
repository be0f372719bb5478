/* http: heads of requests, given in pieces. Besides what sanitizers see: a head ends where it ends
 * however much follows, and what is taken has a path and one of the few statuses. */
#include "ctl/http.h"

#include <string.h>

#include "fuzz.h"

static void check_parsed(const uint8_t *head, size_t length)
{
    char *copy = malloc(length);
    struct http_request request;
    int status;

    if (!copy)
        return;
    memcpy(copy, head, length); /* of exactly its size, so that reading beyond it is seen */
    status = http_parse(copy, length, &request);
    free(copy);
    FUZZ_MUST(status == 200 || status == 400 || status == 405 || status == 414 || status == 505);
    FUZZ_MUST(memchr(request.path, '\0', sizeof(request.path)));
    FUZZ_MUST(status != 200 || request.path[0] == '/');
    FUZZ_MUST(status != 200 || !strpbrk(request.path, "? \n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    size_t head = http_head_length((const char *)bytes, length);

    FUZZ_MUST(head <= length);
    for (size_t i = 0; i <= length; i++) {
        size_t part = http_head_length((const char *)bytes, i);

        FUZZ_MUST(part == (head > 0 && i >= head ? head : 0));
    }
    if (head > 0)
        check_parsed(bytes, head);
    return 0;
}

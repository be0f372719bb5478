/* proxy: proxy_parse on anything, given in pieces. Besides what sanitizers see: a verdict for good
 * stays with every byte more, what is kept is bounded, and nothing is ever taken from the stream
 * behind a header. */
#include "admit/proxy.h"

#include <string.h>

#include "fuzz.h"

/* The first bytes in memory of exactly their size, so that reading beyond them is seen. */
static enum proxy_verdict parse(const uint8_t *bytes, size_t length, struct proxy_header *ret)
{
    uint8_t *copy = malloc(length);
    enum proxy_verdict verdict;
    size_t consumable;

    if (length > 0 && copy)
        memcpy(copy, bytes, length);
    verdict = proxy_parse(copy, length, ret);
    consumable = proxy_consumable(copy, length);
    free(copy);

    FUZZ_MUST(consumable <= length);
    FUZZ_MUST(verdict != PROXY_INCOMPLETE || (consumable == length && length < PROXY_KEPT_MAX));
    FUZZ_MUST(verdict != PROXY_COMPLETE || consumable == length || consumable == ret->length);
    FUZZ_MUST(verdict != PROXY_COMPLETE || (ret->length > 0 && consumable <= ret->length));
    FUZZ_MUST(verdict != PROXY_BAD || consumable == 0);
    FUZZ_MUST((verdict == PROXY_BAD) == (ret->problem != NULL));
    FUZZ_MUST(ret->length <= PROXY_LENGTH_MAX);
    FUZZ_MUST(ret->told == (ret->source.family != ADDR_NONE));
    FUZZ_MUST(ret->told == (ret->destination.family != ADDR_NONE));
    FUZZ_MUST(!ret->told || verdict == PROXY_COMPLETE);
    return verdict;
}

static void check_same(const struct proxy_header *one, const struct proxy_header *other)
{
    FUZZ_MUST(one->told == other->told);
    FUZZ_MUST(one->length == other->length);
    FUZZ_MUST(addr_equal(&one->source, &other->source));
    FUZZ_MUST(addr_equal(&one->destination, &other->destination));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct proxy_header whole, part;
    enum proxy_verdict verdict = parse(bytes, length, &whole), before = PROXY_INCOMPLETE;
    /* Beyond what is kept every prefix is like the one before. */
    size_t last = length < PROXY_KEPT_MAX + 2 ? length : PROXY_KEPT_MAX + 2;

    for (size_t i = 0; i <= last; i++) {
        enum proxy_verdict next = parse(bytes, i, &part);

        FUZZ_MUST(before == PROXY_INCOMPLETE || next == before);
        FUZZ_MUST(next == PROXY_INCOMPLETE || next == verdict);
        FUZZ_MUST(next == PROXY_BAD || part.length == 0 || part.length == whole.length ||
                  verdict == PROXY_BAD);
        if (next == PROXY_COMPLETE)
            check_same(&part, &whole);
        before = next;
    }
    FUZZ_MUST(before == verdict);
    return 0;
}

/* fuzz: what a fuzz target is, for libFuzzer and for replay.c alike.
 *
 * A target is one file here that defines LLVMFuzzerTestOneInput, aborts where a
 * property doesn't hold, and keeps nothing from one input to the next. NAME.c has its seeds in
 * seeds/NAME/, its words in NAME.dict, and two programs in Makefile.am: NAME and replay-NAME.
 */
#ifndef STDINETD_FUZZ_H
#define STDINETD_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* libFuzzer's own name. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* A property of what is tested. */
#define FUZZ_MUST(condition)                                                \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                        \
        }                                                                   \
    } while (0)

#endif

/* handover: what a daemon hands over to the next one, as anybody might have written it: opened, and
 * every line checked as "--prove" checks it. The input is all but the first line, whose checksum is
 * made to be right, or else nothing would ever get beyond it; and once the whole of it. Besides
 * what sanitizers see: what is wrong has a reason, and an fd is claimed once. */
#include "handover/handover.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/siphash.h"
#include "carry/adoption.h"
#include "fuzz.h"

#define HEAD_SIZE (sizeof("stdinetd-handover checksum=0123456789abcdef\n") - 1)

/* Memory of exactly that size, so that reading beyond it is seen. */
static char *seal(const uint8_t *bytes, size_t length)
{
    static const struct siphash_key key;
    char head[HEAD_SIZE + 1];
    char *text = malloc(HEAD_SIZE + length);

    if (!text)
        return NULL;
    snprintf(head, sizeof(head), "stdinetd-handover checksum=%016" PRIx64 "\n",
             siphash(&key, bytes, length));
    memcpy(text, head, HEAD_SIZE);
    if (length > 0)
        memcpy(text + HEAD_SIZE, bytes, length);
    return text;
}

static void claim_all(struct handover *handover)
{
    size_t count = 0;
    int last = -1, fd;

    while ((fd = handover_claim_any(handover)) >= 0) {
        FUZZ_MUST(fd > last && fd > 2);
        FUZZ_MUST(handover_claim(handover, fd) < 0);
        last = fd;
        count++;
    }
    FUZZ_MUST(count == handover->fd_count);
}

static void check(char *text, size_t length)
{
    char problem[HANDOVER_PROBLEM_SIZE] = "";
    struct adoption adoption;
    int error = adoption_open(text, length, &adoption, problem);

    FUZZ_MUST((error == -EINVAL) == (problem[0] != '\0'));
    if (error < 0)
        return;
    error = adoption_check(&adoption, problem);
    FUZZ_MUST((error == 0) == (problem[0] == '\0'));
    claim_all(&adoption.handover);
    adoption_close(&adoption);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char *text = seal(bytes, length), *copy = malloc(length + 1);

    if (text)
        check(text, HEAD_SIZE + length);
    if (copy) {
        memcpy(copy, bytes, length);
        check(copy, length);
    }
    return 0;
}

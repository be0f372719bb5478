/* control: control_request_parse on anything. Besides what sanitizers see: a request has its
 * command and whatever that needs, and what is wrong with another is said in one line of UTF-8. */
#include "control/command.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "fuzz.h"

static void check_problem(const char *problem)
{
    size_t length = strlen(problem);

    FUZZ_MUST(length > 0 && length < CONTROL_PROBLEM_SIZE);
    FUZZ_MUST(text_utf8_check(problem, length) == length);
    for (size_t i = 0; i < length; i++)
        FUZZ_MUST((unsigned char)problem[i] >= 0x20);
}

static void check_argument(const struct control_parameter *parameter,
                           const struct control_argument *argument)
{
    FUZZ_MUST(argument->given || !parameter->required);
    if (!argument->given)
        return;
    FUZZ_MUST(parameter->type != CONTROL_TEXT || argument->text);
    FUZZ_MUST(parameter->type != CONTROL_COUNT || argument->count <= parameter->maximum);
    FUZZ_MUST(parameter->type != CONTROL_DURATION || argument->duration > 0);
    FUZZ_MUST(parameter->type != CONTROL_PREFIX || argument->prefix.family != ADDR_NONE);
    FUZZ_MUST(parameter->type != CONTROL_ADDRESS || argument->address.family != ADDR_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct control_request request;
    int error = control_request_parse(&control_commands, (const char *)bytes, length, &request);

    if (error == 0) {
        FUZZ_MUST(request.command && request.problem[0] == '\0');
        for (size_t i = 0; i < CONTROL_PARAMETERS && request.command->parameters[i].name; i++)
            check_argument(&request.command->parameters[i], &request.arguments[i]);
    } else {
        FUZZ_MUST(error == -EINVAL || error == -ENOMEM);
        if (error == -EINVAL)
            check_problem(request.problem);
    }
    control_request_free(&request);
    return 0;
}

/* check-agent: a program's exit status, or the words it says, for HAProxy's agent-check.
 *
 * HAProxy connects, may send a string (agent-send), which is read away, and reads one line. What
 * the line is, agent.c decides.
 */
#include <unistd.h>

#include "handlers/agent.h"
#include "handlers/check.h"
#include "handlers/stream.h"

static int answer(const struct program_result *result)
{
    char line[AGENT_LINE_SIZE];
    size_t length = agent_format(result, line);

    return stream_write(STDOUT_FILENO, line, length, stream_deadline(STREAM_ANSWER_TIME));
}

int main(int argc, char *argv[])
{
    static const struct check_service service = {
        .name = "check-agent",
        .purpose = "Runs PROGRAM and answers HAProxy's agent-check with the words it prints, or "
                   "with up if\nit exits with 0, else down.",
        .answer = answer,
    };

    return check_main(&service, argc, argv);
}

/* usage: see usage.h. */
#include "ctl/usage.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "ctl/answer.h"

/* utime, stime, cutime and cstime are the 14th to 17th field, proc_pid_stat(5); the name before
 * them may hold blanks and parentheses. */
static uint64_t ticks_of(const char *stat)
{
    const char *end = strrchr(stat, ')');
    uint64_t ticks[4];

    if (!end || sscanf(end + 1,
                       " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
                       " %" SCNu64 " %" SCNu64,
                       &ticks[0], &ticks[1], &ticks[2], &ticks[3]) != 4)
        return 0;
    return ticks[0] + ticks[1] + ticks[2] + ticks[3];
}

uint64_t usage_of_process(uint64_t pid)
{
    long per_second = sysconf(_SC_CLK_TCK);
    char path[64], stat[1024];
    FD_CLEANUP int fd = -1;
    ssize_t got;

    snprintf(path, sizeof(path), "/proc/%" PRIu64 "/stat", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    got = fd >= 0 ? read(fd, stat, sizeof(stat) - 1) : -1;
    if (got <= 0 || per_second <= 0)
        return 0;
    stat[got] = '\0';
    return ticks_of(stat) * 1000 / (uint64_t)per_second;
}

uint64_t usage_of_service(const json_t *connections, const char *service)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < json_array_size(connections); i++) {
        const json_t *connection = json_array_get(connections, i);

        if (answer_count(connection, "pid") > 0 &&
            strcmp(answer_text(connection, "service"), service) == 0)
            sum += usage_of_process(answer_count(connection, "pid"));
    }
    return sum;
}

/* command: see command.h. Called by main. */
#include "ctl/command.h"

#include <string.h>

#include "import/run.h"

/* The words begin with the program's name. */
static int run_import(const struct ctl *ctl, char *words[])
{
    int count = 0;

    while (words[count])
        count++;
    return import_run(ctl->json, count, words);
}

const struct command command_table[] = {
    {"status", "[SERVICE]", "the daemon and its services, or all about one", 0, 1, status_run},
    {"connections", "[--parked] [SERVICE]",
     "the connections in its care; or the warm handlers that wait for one", 0, 1, connections_run},
    {"explain", "SERVICE ADDRESS", "what would happen to a client, and by which rule", 2, 2,
     explain_run},
    {"sources", "[SERVICE]", "the busiest sources, and their penalties", 0, 1, sources_run},
    {"ban", "[--kill] SOURCE [DURATION]", "refuse a network; --kill ends its handlers, too", 1, 2,
     ban_run},
    {"unban", "SOURCE", "lift that", 1, 1, unban_run},
    {"bans", "", "who is banned, and for how long", 0, 0, bans_run},
    {"pause", "SERVICE", "start nothing more for it: its clients wait", 1, 1, pause_run},
    {"resume", "SERVICE", "end that", 1, 1, pause_run},
    {"drain", "SERVICE", "pause it, and wait until it has no handler", 1, 1, drain_run},
    {"kill", "SERVICE|PID", "end the handlers of a service, or one", 1, 1, kill_run},
    {"reload", "", "read the configuration anew", 0, 0, reload_run},
    {"upgrade", "", "let another build take the daemon's place", 0, 0, upgrade_run},
    {"stop", "[--wait]", "stop the daemon", 0, 0, stop_run},
    {"metrics", "[--http]", "all counts as OpenMetrics text; or as an answer to a request", 0, 0,
     metrics_run},
    {"page", "[--http]", "the status as a page of HTML; or as an answer to a request", 0, 0,
     page_run},
    {"top", "", "the services live, the busiest first; q ends it", 0, 0, top_run},
    {"import", "FILE...", "print an ini for what inetd.conf or xinetd's files say", 1, -1,
     run_import},
};

const size_t command_count = sizeof(command_table) / sizeof(command_table[0]);

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(command_table[i].name, name) == 0)
            return &command_table[i];
    return NULL;
}

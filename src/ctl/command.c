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
    {"status", "[SERVICE]", "the daemon and its services, or one in detail", 0, 1, status_run},
    {"connections", "[--parked] [SERVICE]", "list open connections (--parked: warm processes)", 0,
     1, connections_run},
    {"explain", "SERVICE ADDRESS", "what would happen to a client, and which rule decides", 2, 2,
     explain_run},
    {"sources", "[SERVICE]", "the busiest sources, and their penalties", 0, 1, sources_run},
    {"ban", "[--kill] SOURCE [DURATION]", "refuse a network; --kill also ends its handlers", 1, 2,
     ban_run},
    {"unban", "SOURCE", "remove a ban", 1, 1, unban_run},
    {"bans", "", "list bans and the time left", 0, 0, bans_run},
    {"pause", "SERVICE", "start no more handlers for it; its clients wait", 1, 1, pause_run},
    {"resume", "SERVICE", "undo pause", 1, 1, pause_run},
    {"drain", "SERVICE", "pause it, and wait until it has no handlers", 1, 1, drain_run},
    {"kill", "SERVICE|PID", "end the handlers of a service, or one", 1, 1, kill_run},
    {"reload", "", "reload the configuration", 0, 0, reload_run},
    {"upgrade", "", "upgrade to a new binary without dropping connections", 0, 0, upgrade_run},
    {"stop", "[--wait]", "stop the daemon", 0, 0, stop_run},
    {"metrics", "[--http]", "all metrics as OpenMetrics text; --http: answer an HTTP request", 0, 0,
     metrics_run},
    {"page", "[--http]", "the status as an HTML page; --http: answer an HTTP request", 0, 0,
     page_run},
    {"top", "", "live table of services, busiest first; q quits", 0, 0, top_run},
    {"import", "FILE...", "print an ini equivalent to inetd.conf or xinetd's files", 1, -1,
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

/* apply: what follows a configuration, the one list of it: at the start, after a reload, when an
 * upgrade is taken up; how the log goes; and what an upgrade carries over. See daemon.h. */
#include <errno.h>

#include "base/log.h"
#include "carry/adoption.h"
#include "control/control.h"
#include "daemon/daemon.h"

int daemon_open_log(const struct daemon_settings *settings, bool daemonized)
{
    static const enum log_sink sinks[] = {[SETTINGS_LOG_STDERR] = LOG_SINK_STDERR,
                                          [SETTINGS_LOG_SYSLOG] = LOG_SINK_SYSLOG,
                                          [SETTINGS_LOG_JOURNAL] = LOG_SINK_JOURNAL,
                                          [SETTINGS_LOG_FILE] = LOG_SINK_FILE};
    struct log_settings log = {
        .path = settings->log.path, .format = settings->log_format, .level = settings->log_level};

    if (settings->log.kind == SETTINGS_LOG_AUTO)
        log.sink = daemonized ? LOG_SINK_SYSLOG : LOG_SINK_STDERR;
    else
        log.sink = sinks[settings->log.kind];
    if (log.sink == LOG_SINK_STDERR && daemonized)
        return -EINVAL; /* nobody reads it any more */
    return log_open(&log);
}

void daemon_apply_pools(struct daemon *daemon)
{
    pools_hold(&daemon->pools, daemon->connections.turns.blocked != 0);
    for (struct service *service = daemon->services.first; service; service = service->next)
        warming_adapt(&daemon->pools, service);
}

void daemon_apply(struct daemon *daemon)
{
    daemon->connections.admission.limit = daemon->config->daemon.max_connections;
    for (struct service *service = daemon->services.first; service; service = service->next)
        service_bind(service);
    intake_apply(&daemon->connections); /* those that were held by another configuration */
    daemon_apply_pools(daemon);
    control_apply(daemon->control, &daemon->config->daemon);
}

struct carried daemon_carried(struct daemon *daemon)
{
    return (struct carried){.services = &daemon->services,
                            .pools = &daemon->pools,
                            .connections = &daemon->connections,
                            .control = daemon->control,
                            .facts = &daemon->facts,
                            .pid_file = &daemon->pid_file,
                            .daemonized = daemon->daemonized,
                            .nofile = daemon->services.origin.nofile,
                            .configuration_fd = daemon->upgrade.configuration_fd,
                            .reload_due = daemon->upgrade.reload_due};
}

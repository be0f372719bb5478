/* settings: a configuration, loaded and checked: what the option table's rows are written into.
 *
 * A snapshot: made by config_load in one arena, never changed afterwards, freed when the last
 * config_unref gives it back. Pointers in it live as long.
 */
#ifndef STDINETD_CONFIG_SETTINGS_H
#define STDINETD_CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/endpoint.h"
#include "base/prefix.h"
#include "base/value.h"
#include "config/problems.h"

enum settings_when_full { WHEN_FULL_QUEUE, WHEN_FULL_REFUSE };

enum settings_kill_mode { KILL_MODE_PROCESS, KILL_MODE_GROUP };

enum settings_stderr { STDERR_LOG, STDERR_CONNECTION, STDERR_NULL, STDERR_FILE };

enum settings_log {
    SETTINGS_LOG_AUTO,
    SETTINGS_LOG_STDERR,
    SETTINGS_LOG_SYSLOG,
    SETTINGS_LOG_JOURNAL,
    SETTINGS_LOG_FILE
};

enum settings_control { SETTINGS_CONTROL_AUTO, SETTINGS_CONTROL_NONE, SETTINGS_CONTROL_PATH };

/* Where something stands: one of the words, or a path. */
struct settings_sink {
    unsigned kind;    /* enum settings_stderr, settings_log or settings_control */
    const char *path; /* NULL for a word */
};

#define SETTINGS_USER_VARIABLES 4

/* Looked up once, while loading: handlers are started without asking any name service. */
struct settings_user {
    const char *name;
    uid_t uid;
    gid_t gid;
    char *variables[SETTINGS_USER_VARIABLES]; /* USER=, LOGNAME=, HOME=, SHELL=, for handlers */
};

struct settings_group {
    const char *name;
    gid_t gid;
};

enum settings_groups_kind { GROUPS_INIT, GROUPS_NONE, GROUPS_LIST };

struct settings_groups {
    unsigned kind; /* enum settings_groups_kind */
    uint32_t count;
    gid_t *gids;              /* the list, or with init the user's own (filled by config_check) */
    struct value_words names; /* as they were written */
};

struct settings_command {
    const char *program; /* absolute path */
    struct value_words words;
};

/* A number that may be left as it is found. */
struct settings_integer {
    int16_t value;
    bool set;
};

/* Limits of handlers by resource (getrlimit(2)); most services have none. */
struct settings_rlimits {
    bool set[RLIM_NLIMITS];
    struct rlimit values[RLIM_NLIMITS];
};

/* The capabilities that stay in a handler's bounding set, by number; most services keep all. */
struct settings_capabilities {
    uint64_t kept;
    bool set;
};

/* Namespaces of a handler's own, as bits of service_settings.isolate: the order of isolate's words.
 */
enum settings_isolate {
    ISOLATE_NETWORK,
    ISOLATE_PID,
    ISOLATE_IPC,
    ISOLATE_UTS,
    ISOLATE_MOUNT,
};

/* So many per so long; count 0: no bound. */
#define SETTINGS_RATE_MAX 1000000
/* Its longest period: a moment that is this far away can be reckoned. */
#define SETTINGS_RATE_PERIOD_MAX (365 * 86400 * CLOCK_SECOND)

struct settings_rate {
    uint32_t count;
    nanoseconds period;
};

/* What one source is: lengths of prefixes. */
struct settings_lengths {
    uint8_t ipv4, ipv6;
};

#define SETTINGS_MESSAGE_MAX 1024
#define SETTINGS_PENALTIES   64
#define SETTINGS_PENALTY_MAX (365 * 86400 * CLOCK_SECOND)

enum settings_penalty_kind {
    PENALTY_CRASH,
    PENALTY_TIMEOUT,
    PENALTY_SILENT,
    PENALTY_SHORT,
    PENALTY_EXIT, /* exit status first to last */
};

struct settings_penalty {
    uint8_t kind, first, last; /* kind: enum settings_penalty_kind */
    nanoseconds duration;
};

struct settings_penalties {
    struct settings_penalty *items;
    size_t count;
};

enum settings_start_on { START_ON_ACCEPT, START_ON_DATA };

/* Networks and addresses, of which there may be very many, an item or a few on each line. */
struct settings_prefixes {
    struct prefix *items;
    size_t count, room; /* room: of items */
};

/* What a service admits by. A part: services share it with [defaults] until they say something of
 * it themselves (option.h). */
struct settings_guard {
    struct settings_rate rate, rate_per_source;
    uint64_t max_connections_per_source; /* 0: no bound */
    struct settings_lengths source_prefix;
    unsigned start_on; /* enum settings_start_on */
    nanoseconds data_timeout;
    const char *refuse_message; /* NULL: none */
    struct settings_prefixes allow, deny;
    struct settings_penalties penalties;
    nanoseconds penalty_min, penalty_max;
    struct settings_prefixes penalty_exempt;
    bool proxy_protocol;
    struct settings_prefixes proxy_from;
};

enum settings_warm_depth { WARM_DEPTH_NO, WARM_DEPTH_ENTRY, WARM_DEPTH_IO };

enum settings_warm_template { WARM_TEMPLATE_NO, WARM_TEMPLATE_YES };

/* Handlers that are started before their clients come. A part, as settings_guard is. */
struct settings_warm {
    unsigned depth;      /* enum settings_warm_depth */
    unsigned template;   /* enum settings_warm_template */
    uint64_t count;      /* kept ready */
    nanoseconds timeout; /* not parked by then: cold */
    uint64_t uses;       /* a template is renewed after so many */
    nanoseconds age;     /* and what is parked after so long */
};

struct settings_endpoints {
    struct endpoint *items;
    size_t count, room; /* room: of items */
};

/* [stdinetd] */
struct daemon_settings {
    struct value_words include;
    struct settings_sink log;
    unsigned log_format; /* enum log_format */
    unsigned log_level;  /* enum log_level */
    struct settings_sink control;
    struct settings_group *control_group; /* NULL: none */
    const char *pid_file;
    uint64_t max_connections; /* 0: no bound */
    uint64_t max_sources;
    nanoseconds stop_timeout;
};

/* Bytes of a service's name, which goes into logs, environments and tables of a terminal's width.
 */
#define SERVICE_NAME_MAX 50

/* A service. */
struct service_settings {
    const char *name;
    struct location where; /* its section */

    struct settings_endpoints listen;
    struct settings_integer wait; /* 0 or 1; not set: as its sockets need it */
    uint32_t backlog;
    bool ipv6_only, freebind, reuse_port, nodelay, keepalive;
    const char *bind_device;              /* NULL: any */
    nanoseconds defer_accept;             /* 0: no */
    uint32_t receive_buffer, send_buffer; /* bytes; 0: the system's */
    struct settings_user *socket_user;
    struct settings_group *socket_group;
    unsigned socket_mode;

    struct settings_command exec;
    const char *argv0;          /* NULL: the program as it was written */
    struct settings_user *user; /* NULL: ours */
    struct settings_group *group;
    struct settings_groups groups;
    const char *directory;
    const char *chroot; /* NULL: none */
    unsigned umask;
    struct value_words env;
    struct value_words pass_env;
    struct settings_sink stderr_sink;
    struct settings_integer nice, oom_score_adjust;
    bool no_new_privileges;
    struct settings_rlimits *rlimits; /* NULL: none */
    struct settings_capabilities capabilities;
    unsigned isolate; /* a bit for each enum settings_isolate */

    nanoseconds max_runtime; /* 0: no bound */
    nanoseconds kill_after;
    nanoseconds linger_close; /* 0: no */
    unsigned kill_mode;       /* enum settings_kill_mode */

    uint64_t max_connections;
    struct settings_guard *guard;
    struct settings_warm *warm;
    unsigned when_full; /* enum settings_when_full */
    bool enabled;
    const char *description;
};

struct config {
    struct arena *arena;
    unsigned references;
    struct daemon_settings daemon;
    struct service_settings *services;
    size_t service_count;
};

/* Whether a socket of that kind is given to a handler as a whole, and isn't accepted from. */
bool settings_waits_on(const struct service_settings *service, enum endpoint_kind kind);

/* Whether that is so for all of its sockets. */
bool settings_waits(const struct service_settings *service);

/* Counts one more holder of the snapshot, and gives it back for an assignment. */
struct config *config_ref(struct config *config);

/* Gives one holder's count back; the last one frees the snapshot. NULL is fine. */
void config_unref(struct config *config);

#endif

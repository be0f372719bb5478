/* option: the rows, and what walks them. See option.h. */
#include "config/option.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/codec.h"

static const char *const log_choices[] = {"auto", "stderr", "syslog", "journal", NULL};
static const char *const control_choices[] = {"auto", "none", NULL};
static const char *const stderr_choices[] = {"log", "connection", "null", NULL};
static const char *const kill_mode_choices[] = {"process", "group", NULL};
static const char *const start_on_choices[] = {"accept", "data", NULL};
static const char *const isolate_choices[] = {"network", "pid", "ipc", "uts", "mount", NULL};
static const char *const warm_choices[] = {"no", "entry", "io", NULL};
static const char *const warm_template_choices[] = {"no", "yes", NULL};
static const char *const when_full_choices[] = {"queue", "refuse", NULL};

#define DAEMON(field)  SCOPE_DAEMON, .offset = offsetof(struct daemon_settings, field)
#define SERVICE(field) SCOPE_SERVICE, .offset = offsetof(struct service_settings, field)
#define GUARD(field)                                                 \
    SCOPE_SERVICE, .part = offsetof(struct service_settings, guard), \
                   .part_size = sizeof(struct settings_guard),       \
                   .offset = offsetof(struct settings_guard, field)
#define WARM(field)                                                 \
    SCOPE_SERVICE, .part = offsetof(struct service_settings, warm), \
                   .part_size = sizeof(struct settings_warm),       \
                   .offset = offsetof(struct settings_warm, field)
#define DAYS(count)   ((count)*86400 * CLOCK_SECOND)
#define RLIMIT(which) SERVICE(rlimits), .codec = &codec_rlimit, .resource = RLIMIT_##which

/* clang-format off */
const struct option option_table[] = {
    {"include", DAEMON(include), .codec = &codec_words, .undumped = true,
     .help = "more files to read: globs, relative to this file"},
    {"log", DAEMON(log), .codec = &codec_sink, .choices = log_choices, .fallback = "auto",
     .help = "where lines go: auto, stderr, syslog, journal or a file"},
    {"log-format", DAEMON(log_format), .codec = &codec_choice, .choices = log_format_names,
     .fallback = "text", .help = "text, or json: one object per line"},
    {"log-level", DAEMON(log_level), .codec = &codec_choice, .choices = log_level_names,
     .fallback = "info", .help = "the lowest level that is logged"},
    {"control", DAEMON(control), .codec = &codec_sink, .choices = control_choices,
     .fallback = "auto", .help = "control socket for stdinetctl: auto, none or a path"},
    {"control-group", DAEMON(control_group), .codec = &codec_group,
     .help = "group that may use it, besides root and the daemon's user"},
    {"pid-file", DAEMON(pid_file), .codec = &codec_path, .reload = RELOAD_RESTART,
     .help = "file with the daemon's pid, while it is running"},
    {"max-connections", DAEMON(max_connections), .codec = &codec_count, .maximum = 10000000,
     .fallback = "0", .help = "maximum running handlers, all services; 0: no limit"},
    {"max-sources", DAEMON(max_sources), .codec = &codec_count,     .minimum = 1, .maximum = 16000000,
     .fallback = "65536", .reload = RELOAD_RESTART,
     .help = "maximum tracked sources, per address family"},
    {"stop-timeout", DAEMON(stop_timeout), .codec = &codec_duration, .maximum = DAYS(30),
     .fallback = "30s", .help = "time handlers get to finish on shutdown"},

    {"listen", SERVICE(listen), .codec = &codec_listen, .required = true,
     .help = "ports, addresses with ports, udp:, unix:, vsock: sockets, or fd:NAME"},
    {"wait", SERVICE(wait), .codec = &codec_answer,
     .help = "yes: one handler gets the listening socket; required for datagrams"},
    {"backlog", SERVICE(backlog), .codec = &codec_backlog, .minimum = 1, .maximum = 1000000,
     .fallback = "4096", .help = "length of the kernel's backlog, capped by net.core.somaxconn"},
    {"ipv6-only", SERVICE(ipv6_only), .codec = &codec_bool, .fallback = "no",
     .reload = RELOAD_SOCKETS, .help = "no IPv4 clients on IPv6 sockets"},
    {"freebind", SERVICE(freebind), .codec = &codec_bool, .fallback = "no",
     .reload = RELOAD_SOCKETS, .help = "bind addresses this machine does not have yet"},
    {"reuse-port", SERVICE(reuse_port), .codec = &codec_bool, .fallback = "no",
     .reload = RELOAD_SOCKETS, .help = "share the port with other processes (SO_REUSEPORT)"},
    {"bind-device", SERVICE(bind_device), .codec = &codec_device,
     .help = "accept clients from this network interface only"},
    {"defer-accept", SERVICE(defer_accept), .codec = &codec_duration, .maximum = DAYS(1),
     .fallback = "0ms", .help = "how long the kernel holds back clients that have sent nothing"},
    {"receive-buffer", SERVICE(receive_buffer), .codec = &codec_buffer, .minimum = 256,
     .maximum = 1U << 30, .help = "SO_RCVBUF of sockets and connections"},
    {"send-buffer", SERVICE(send_buffer), .codec = &codec_buffer, .minimum = 256,
     .maximum = 1U << 30, .help = "SO_SNDBUF of sockets and connections"},
    {"nodelay", SERVICE(nodelay), .codec = &codec_bool, .fallback = "no",
     .help = "TCP_NODELAY on connections"},
    {"keepalive", SERVICE(keepalive), .codec = &codec_bool, .fallback = "no",
     .help = "SO_KEEPALIVE on connections"},
    {"socket-user", SERVICE(socket_user), .codec = &codec_user,
     .help = "owner of unix socket paths"},
    {"socket-group", SERVICE(socket_group), .codec = &codec_group,
     .help = "group of unix socket paths"},
    {"socket-mode", SERVICE(socket_mode), .codec = &codec_mode, .maximum = 0777,
     .fallback = "0666", .help = "mode of unix socket paths"},

    {"exec", SERVICE(exec), .codec = &codec_command, .required = true,
     .help = "the program and its arguments; no shell"},
    {"argv0", SERVICE(argv0), .codec = &codec_text,
     .help = "the program's argv[0]"},
    {"user", SERVICE(user), .codec = &codec_user,
     .help = "user the handler runs as; required if stdinetd runs as root"},
    {"group", SERVICE(group), .codec = &codec_group,
     .help = "group the handler runs as; default: its user's group"},
    {"groups", SERVICE(groups), .codec = &codec_groups, .fallback = "init",
     .help = "supplementary groups: init (the user's own), none, or names"},
    {"directory", SERVICE(directory), .codec = &codec_path, .fallback = "/",
     .help = "the handler's working directory"},
    {"chroot", SERVICE(chroot), .codec = &codec_path,
     .help = "the handler's root directory; exec is looked up in it"},
    {"umask", SERVICE(umask), .codec = &codec_mode, .maximum = 0777, .fallback = "022",
     .help = "the handler's umask"},
    {"env", SERVICE(env), .codec = &codec_env,
     .help = "environment variables for the handler: NAME=value"},
    {"pass-env", SERVICE(pass_env), .codec = &codec_names,
     .help = "environment variables of stdinetd passed to the handler"},
    {"stderr", SERVICE(stderr_sink), .codec = &codec_sink, .choices = stderr_choices,
     .fallback = "log", .help = "the handler's fd 2: log, connection, null or a file"},

    {"nice", SERVICE(nice), .codec = &codec_integer, .minimum = (uint64_t)-20, .maximum = 19,
     .help = "the handler's nice value, from -20 to 19"},
    {"oom-score-adjust", SERVICE(oom_score_adjust), .codec = &codec_integer,
     .minimum = (uint64_t)-1000, .maximum = 1000,
     .help = "the handler's oom_score_adj, from -1000 to 1000"},
    {"rlimit-as", RLIMIT(AS), .help = "SOFT or SOFT:HARD: address space, bytes"},
    {"rlimit-core", RLIMIT(CORE), .help = "size of a core dump, bytes"},
    {"rlimit-cpu", RLIMIT(CPU), .help = "CPU time, seconds"},
    {"rlimit-data", RLIMIT(DATA), .help = "data segment, bytes"},
    {"rlimit-fsize", RLIMIT(FSIZE), .help = "size of a written file, bytes"},
    {"rlimit-memlock", RLIMIT(MEMLOCK), .help = "locked memory, bytes"},
    {"rlimit-nofile", RLIMIT(NOFILE), .help = "open files; default: as stdinetd was started"},
    {"rlimit-nproc", RLIMIT(NPROC), .help = "processes of the handler's user"},
    {"rlimit-stack", RLIMIT(STACK), .help = "stack, bytes"},
    {"no-new-privileges", SERVICE(no_new_privileges), .codec = &codec_bool, .fallback = "no",
     .help = "set-user-id programs and file capabilities have no effect"},
    {"capabilities", SERVICE(capabilities), .codec = &codec_capabilities,
     .help = "capabilities kept in the handler's bounding set, or none"},
    {"isolate", SERVICE(isolate), .codec = &codec_set, .choices = isolate_choices,
     .help = "new namespaces for the handler: network, pid, ipc, uts, mount"},
    {"max-runtime", SERVICE(max_runtime), .codec = &codec_duration, .maximum = DAYS(365),
     .fallback = "0ms", .help = "then SIGTERM to the handler's process group; 0: no limit"},
    {"kill-after", SERVICE(kill_after), .codec = &codec_duration, .maximum = DAYS(1),
     .fallback = "5s", .help = "delay between SIGTERM and SIGKILL"},
    {"linger-close", SERVICE(linger_close), .codec = &codec_duration, .maximum = DAYS(1),
     .fallback = "0ms", .help = "how long to read and discard what the client still sends at the end"},
    {"kill-mode", SERVICE(kill_mode), .codec = &codec_choice, .choices = kill_mode_choices,
     .fallback = "process",
     .help = "group: the rest of a handler's process group is killed when it exits"},

    {"max-connections", SERVICE(max_connections), .codec = &codec_count, .maximum = 10000000,
     .fallback = "64", .help = "maximum running handlers; 1: one client at a time; 0: no limit"},
    {"when-full", SERVICE(when_full), .codec = &codec_choice, .choices = when_full_choices,
     .fallback = "queue", .help = "queue: clients wait in the backlog; refuse: accept and close"},
    {"rate", GUARD(rate), .codec = &codec_rate, .fallback = "0",
     .help = "maximum starts, such as 100/10s; 0: no limit"},
    {"max-connections-per-source", GUARD(max_connections_per_source), .judges = true, .codec = &codec_count,
     .maximum = 10000000, .fallback = "0", .help = "maximum connections of one source, then refused; 0: no limit"},
    {"rate-per-source", GUARD(rate_per_source), .judges = true, .codec = &codec_rate, .fallback = "0",
     .help = "connections of one source, such as 20/1s; above it, refused"},
    {"source-prefix", GUARD(source_prefix), .codec = &codec_lengths, .fallback = "32/64",
     .help = "size of a source: prefix lengths of IPv4 and IPv6"},
    {"refuse-message", GUARD(refuse_message), .codec = &codec_message,
     .help = "text sent to refused clients; may contain \\n and \\r"},
    {"start-on", GUARD(start_on), .judges = true, .codec = &codec_choice, .choices = start_on_choices,
     .fallback = "accept", .help = "data: start the handler at the client's first byte"},
    {"data-timeout", GUARD(data_timeout), .codec = &codec_duration, .maximum = DAYS(1), .fallback = "10s",
     .help = "how long to wait for that byte, or a PROXY header; 0: no limit"},
    {"allow", GUARD(allow), .judges = true, .codec = &codec_prefixes,
     .help = "prefixes let in; the longest match of allow and deny decides"},
    {"deny", GUARD(deny), .judges = true, .codec = &codec_prefixes, .help = "prefixes refused"},
    {"penalty", GUARD(penalties), .judges = true, .codec = &codec_penalties,
     .help = "how long a source is refused after such an exit: crash:1m exit.1-5:10s"},
    {"penalty-min", GUARD(penalty_min), .codec = &codec_duration, .maximum = DAYS(365),
     .fallback = "15s", .help = "penalties below this are not enforced yet"},
    {"penalty-max", GUARD(penalty_max), .codec = &codec_duration, .maximum = DAYS(365), .fallback = "10m", .help = "maximum sum of penalties"},
    {"penalty-exempt", GUARD(penalty_exempt), .codec = &codec_prefixes,
     .help = "prefixes that are never penalized"},
    {"proxy-protocol", GUARD(proxy_protocol), .judges = true, .codec = &codec_bool, .fallback = "no",
     .help = "expect a PROXY v1 or v2 header with the client's address"},
    {"proxy-from", GUARD(proxy_from), .codec = &codec_prefixes,
     .help = "prefixes of the proxies that may send it"},
    {"warm", WARM(depth), .codec = &codec_choice, .choices = warm_choices, .fallback = "no",
     .help = "start handlers before clients connect: up to the program's entry, or its first I/O"},
    {"warm-count", WARM(count), .codec = &codec_count, .minimum = 1, .maximum = 256,
     .fallback = "4", .help = "number of warm handlers kept ready"},
    {"warm-template", WARM(template), .codec = &codec_choice, .choices = warm_template_choices,
     .former = "auto",
     .former_note = "with yes, copies share memory addresses and random numbers already read",
     .fallback = "no", .help = "one warm handler forks copies, which share its random numbers"},
    {"warm-timeout", WARM(timeout), .codec = &codec_duration,
     .maximum = DAYS(1), .fallback = "10s", .help = "if not ready by then: start on demand; 0: no limit"},
    {"warm-uses", WARM(uses), .codec = &codec_count, .minimum = 1, .maximum = 1000000000,
     .fallback = "1000", .help = "copies made of a template before it is replaced"},
    {"warm-age", WARM(age), .codec = &codec_duration, .maximum = DAYS(365),
     .fallback = "1h", .help = "age at which warm handlers are replaced; 0: never"},
    {"enabled", SERVICE(enabled), .codec = &codec_bool, .fallback = "yes",
     .help = "no: check the service but do not serve it"},
    {"description", SERVICE(description), .codec = &codec_text,
     .help = "description for humans"},
};
/* clang-format on */

const size_t option_count = sizeof(option_table) / sizeof(option_table[0]);

const struct option *option_find(enum option_scope scope, const char *name)
{
    for (size_t i = 0; i < option_count; i++)
        if (option_table[i].scope == scope && strcmp(option_table[i].name, name) == 0)
            return &option_table[i];
    return NULL;
}

size_t option_index(const struct option *option)
{
    return (size_t)(option - option_table);
}

static const void *part_of(const struct option *option, const void *settings)
{
    return *(const void *const *)((const char *)settings + option->part);
}

const void *option_field_const(const struct option *option, const void *settings)
{
    static const union {
        char bytes[sizeof(struct settings_guard)];
        max_align_t alignment;
    } none;

    if (option->part == 0)
        return (const char *)settings + option->offset;
    settings = part_of(option, settings);
    return settings ? (const char *)settings + option->offset : none.bytes + option->offset;
}

/* Gives settings a part of their own. */
static void *own_part(struct codec_context *context, const struct option *option, void *settings)
{
    void **place = (void **)((char *)settings + option->part);
    bool shared = context->shared && part_of(option, context->shared) == *place;
    void *own = *place;

    if (own && !shared)
        return own;
    own = arena_allocate(context->arena, option->part_size);
    if (!own)
        return NULL;
    if (*place)
        memcpy(own, *place, option->part_size);
    *place = own;
    return own;
}

void *option_field(struct codec_context *context, const struct option *option, void *settings)
{
    if (option->part != 0)
        settings = own_part(context, option, settings);
    return settings ? (char *)settings + option->offset : NULL;
}

char *option_text(const struct option *option, const void *settings)
{
    char *text = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&text, &length);
    bool failed;

    if (!file)
        return NULL;
    option->codec->print(file, option, option_field_const(option, settings));
    failed = ferror(file) != 0;
    if (fclose(file) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}

#define NAME_MAX_SUGGESTED 32

/* How many letters must be added, dropped or changed to get from one name to the other
 * (Levenshtein's distance, a row at a time). */
static size_t name_distance(const char *one, const char *other)
{
    size_t row[NAME_MAX_SUGGESTED + 1];
    size_t columns = strlen(other);

    if (columns > NAME_MAX_SUGGESTED)
        return columns;
    for (size_t column = 0; column <= columns; column++)
        row[column] = column;
    for (size_t line = 0; one[line] != '\0'; line++) {
        size_t diagonal = row[0];

        row[0] = line + 1;
        for (size_t column = 0; column < columns; column++) {
            size_t change = diagonal + (one[line] != other[column]);

            diagonal = row[column + 1];
            if (row[column] + 1 < change)
                change = row[column] + 1;
            if (diagonal + 1 < change)
                change = diagonal + 1;
            row[column + 1] = change;
        }
    }
    return row[columns];
}

const char *option_suggest(enum option_scope scope, const char *name)
{
    /* Further away than half the name it is a guess, not a typing error. */
    size_t nearest = strlen(name) / 2 + 1;
    const char *suggestion = NULL;

    if (strlen(name) > NAME_MAX_SUGGESTED)
        return NULL;
    for (size_t i = 0; i < option_count; i++) {
        size_t distance = name_distance(name, option_table[i].name);

        if (option_table[i].scope == scope && distance < nearest) {
            nearest = distance;
            suggestion = option_table[i].name;
        }
    }
    return suggestion;
}

void option_list(FILE *file)
{
    static const char *const titles[] = {"[stdinetd]", "a service, [defaults]"};

    for (unsigned scope = SCOPE_DAEMON; scope <= SCOPE_SERVICE; scope++) {
        fprintf(file, "%s%s\n", scope > 0 ? "\n" : "", titles[scope]);
        for (size_t i = 0; i < option_count; i++) {
            const struct option *option = &option_table[i];

            if (option->scope == scope)
                fprintf(file, "  %-26s %-16s %-8s %s\n", option->name, option->codec->name,
                        option->required   ? "required"
                        : option->fallback ? option->fallback
                                           : "-",
                        option->help);
        }
    }
}

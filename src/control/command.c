/* command: see command.h. The table. */
#include "control/command.h"

#include "base/log_recent.h"

/* Of what there may be very much, one answer has at most so much. */
#define SERVICES_MAX    500
#define CONNECTIONS_MAX 5000
#define LISTENERS_MAX   1024
#define SOURCES_MAX     1000
#define BANS_SHOWN_MAX  10000

#define REQUIRED .required = true
#define OPTIONAL .required = false

/* clang-format off */
static const struct control_command rows[] = {
    {"status", "the daemon and `count` of its services starting at `first`, or one service", false,
     {{"service", CONTROL_TEXT, OPTIONAL}, {"first", CONTROL_COUNT, .maximum = UINT32_MAX},
      {"count", CONTROL_COUNT, .maximum = SERVICES_MAX},
      {"listeners", CONTROL_COUNT, .maximum = LISTENERS_MAX},
      {"history", CONTROL_FLAG, OPTIONAL}},
     control_status},
    {"connections", "open connections, newest first", false,
     {{"service", CONTROL_TEXT, OPTIONAL}, {"count", CONTROL_COUNT, .maximum = CONNECTIONS_MAX},
      {"parked", CONTROL_FLAG, OPTIONAL}},
     control_connections},
    {"events", "the last log lines of level notice or higher, newest first", false,
     {{"count", CONTROL_COUNT, .maximum = LOG_RECENT}}, control_events},
    {"metrics", "all metrics as OpenMetrics text, starting at `first` (the last answer's `next`)", false,
     {{"first", CONTROL_COUNT, .maximum = (uint64_t)UINT32_MAX << 8}}, control_metrics},
    {"explain", "what would happen to a client from an address, and by which rule", false,
     {{"service", CONTROL_TEXT, REQUIRED}, {"address", CONTROL_ADDRESS, REQUIRED}},
     control_explain},
    {"sources", "the busiest sources, and those with penalties", false,
     {{"service", CONTROL_TEXT, OPTIONAL}, {"count", CONTROL_COUNT, .maximum = SOURCES_MAX}},
     control_sources},
    {"ban", "refuses a network, for a time or permanently; `kill`: also ends its handlers", true,
     {{"source", CONTROL_PREFIX, REQUIRED}, {"duration", CONTROL_DURATION, OPTIONAL},
      {"kill", CONTROL_FLAG, OPTIONAL}},
     control_ban},
    {"unban", "removes a ban", true, {{"source", CONTROL_PREFIX, REQUIRED}}, control_unban},
    {"bans", "the bans, newest first", false,
     {{"count", CONTROL_COUNT, .maximum = BANS_SHOWN_MAX}}, control_bans},
    {"pause", "starts no more handlers for a service; its clients wait", true,
     {{"service", CONTROL_TEXT, REQUIRED}}, control_pause},
    {"resume", "ends a pause", true, {{"service", CONTROL_TEXT, REQUIRED}}, control_resume},
    {"drain", "pauses, and answers when the service has no handlers left", true,
     {{"service", CONTROL_TEXT, REQUIRED}}, control_drain},
    {"kill", "sends SIGTERM, and SIGKILL after kill-after, to the handlers of a service or one pid",
     true, {{"target", CONTROL_TEXT, REQUIRED}}, control_kill},
    {"reload", "reloads the configuration", true, {{0}}, control_reload},
    {"upgrade", "replaces the running daemon with a new binary; answers when done", true, {{0}},
     control_upgrade},
    {"stop", "stops; repeated: the next stage of stopping", true, {{0}}, control_stop},
};
/* clang-format on */

const struct control_commands control_commands = {rows, sizeof(rows) / sizeof(rows[0])};

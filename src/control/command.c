/* control_command: see control_command.h. The table. */
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
    {"status", "the daemon, and its services from `first` on, `count` of them, or one", false,
     {{"service", CONTROL_TEXT, OPTIONAL}, {"first", CONTROL_COUNT, .maximum = UINT32_MAX},
      {"count", CONTROL_COUNT, .maximum = SERVICES_MAX},
      {"listeners", CONTROL_COUNT, .maximum = LISTENERS_MAX},
      {"history", CONTROL_FLAG, OPTIONAL}},
     control_status},
    {"connections", "the connections that are in our care, the youngest first", false,
     {{"service", CONTROL_TEXT, OPTIONAL}, {"count", CONTROL_COUNT, .maximum = CONNECTIONS_MAX},
      {"parked", CONTROL_FLAG, OPTIONAL}},
     control_connections},
    {"events", "the last lines of the log from notice up, the youngest first", false,
     {{"count", CONTROL_COUNT, .maximum = LOG_RECENT}}, control_events},
    {"metrics", "all counts as OpenMetrics text, from `first` on, as `next` was", false,
     {{"first", CONTROL_COUNT, .maximum = (uint64_t)UINT32_MAX << 8}}, control_metrics},
    {"explain", "what would happen to a client from an address, and by which rule", false,
     {{"service", CONTROL_TEXT, REQUIRED}, {"address", CONTROL_ADDRESS, REQUIRED}},
     control_explain},
    {"sources", "the busiest sources, and those with penalties", false,
     {{"service", CONTROL_TEXT, OPTIONAL}, {"count", CONTROL_COUNT, .maximum = SOURCES_MAX}},
     control_sources},
    {"ban", "refuses a network, for a time or for good; `kill`: its handlers end, too", true,
     {{"source", CONTROL_PREFIX, REQUIRED}, {"duration", CONTROL_DURATION, OPTIONAL},
      {"kill", CONTROL_FLAG, OPTIONAL}},
     control_ban},
    {"unban", "lifts that", true, {{"source", CONTROL_PREFIX, REQUIRED}}, control_unban},
    {"bans", "the bans, the youngest first", false,
     {{"count", CONTROL_COUNT, .maximum = BANS_SHOWN_MAX}}, control_bans},
    {"pause", "starts nothing more for a service; its clients wait", true,
     {{"service", CONTROL_TEXT, REQUIRED}}, control_pause},
    {"resume", "ends that", true, {{"service", CONTROL_TEXT, REQUIRED}}, control_resume},
    {"drain", "pauses, and answers when the service has no handler", true,
     {{"service", CONTROL_TEXT, REQUIRED}}, control_drain},
    {"kill", "TERM, and KILL after kill-after, to the handlers of a service, or to one by its pid",
     true, {{"target", CONTROL_TEXT, REQUIRED}}, control_kill},
    {"reload", "reads the configuration anew", true, {{0}}, control_reload},
    {"upgrade", "lets another build take over; answers when it did, or why not", true, {{0}},
     control_upgrade},
    {"stop", "stops, and again: one stage further", true, {{0}}, control_stop},
};
/* clang-format on */

const struct control_commands control_commands = {rows, sizeof(rows) / sizeof(rows[0])};

/* adoption: see adoption.h. Called by upgrade.c, which writes, and by daemon.c and
 * upgrade_arrive.c, which read. */
#include "serve/adoption.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/stranger.h"

/* In the order in which they are written: a line may tell of those before it. */
static const struct adoption_section sections[] = {
    {"process", ADOPTION_OF_PROCESS, adopt_write_process, adopt_read_process},
    {"event", ADOPTION_OF_PROCESS, adopt_write_event, adopt_read_event},
    {"daemon", ADOPTION_OF_DAEMON, adopt_write_daemon, adopt_read_daemon},
    {"inherited", ADOPTION_OF_DAEMON, adopt_write_inherited, adopt_read_inherited},
    {"service", ADOPTION_OF_SERVICES, adopt_write_service, adopt_read_service},
    {"counters", ADOPTION_OF_SERVICES, adopt_write_counters, adopt_read_counters},
    {"stderr", ADOPTION_OF_SERVICES, adopt_write_stderr, adopt_read_stderr},
    {"listener", ADOPTION_OF_SERVICES, adopt_write_listener, adopt_read_listener},
    {"source", ADOPTION_OF_SERVICES, adopt_write_source, adopt_read_source},
    {"ban", ADOPTION_OF_SERVICES, adopt_write_ban, adopt_read_ban},
    {"warming", ADOPTION_OF_SERVICES, adopt_write_warming, adopt_read_warming},
    {"warm-file", ADOPTION_OF_SERVICES, adopt_write_warm_file, adopt_read_warm_file},
    {"parked", ADOPTION_OF_SERVICES, adopt_write_parked, adopt_read_parked},
    {"connection", ADOPTION_OF_SERVICES, adopt_write_connection, adopt_read_connection},
    {"lingering", ADOPTION_OF_SERVICES, adopt_write_lingering, adopt_read_lingering},
    {"control", ADOPTION_OF_SERVICES, adopt_write_control, adopt_read_control},
    {"control-client", ADOPTION_OF_SERVICES, adopt_write_control_client, adopt_read_control_client},
};

/* Lines that can't be carried over and are told one by one; the rest is a sum. */
#define SAID_MOST 16

#define SECTION_COUNT (sizeof(sections) / sizeof(sections[0]))

void adoption_write(struct handover_writer *writer, struct server *server)
{
    for (size_t i = 0; i < SECTION_COUNT; i++)
        sections[i].write(writer, server);
}

static const struct adoption_section *find_section(const struct handover_line *line)
{
    for (size_t i = 0; i < SECTION_COUNT; i++)
        if (handover_is_kind(line, sections[i].kind))
            return &sections[i];
    return NULL;
}

int adoption_open(char *text, size_t length, struct adoption *ret,
                  char problem[static HANDOVER_PROBLEM_SIZE])
{
    struct adoption adoption = {.text = text, .configuration_fd = -1};
    int error = handover_open(text, length, &adoption.handover, problem);

    if (error < 0) {
        free(text);
        return error;
    }
    *ret = adoption;
    return 0;
}

void adoption_close(struct adoption *adoption)
{
    listener_index_close(&adoption->index);
    handover_close(&adoption->handover);
    free(adoption->services);
    free(adoption->listeners);
    free(adoption->text);
    *adoption = (struct adoption){.configuration_fd = -1};
}

/* "KIND: what is wrong with it" */
#define NAMED_SIZE (HANDOVER_PROBLEM_SIZE + 40)

static void name_problem(const struct handover_line *line, int error, char text[static NAMED_SIZE])
{
    snprintf(text, NAMED_SIZE, "%.*s: %s", line->kind.length < 32 ? (int)line->kind.length : 32,
             line->kind.start, line->problem[0] != '\0' ? line->problem : strerror(-error));
}

int adoption_check(struct adoption *adoption, char problem[static HANDOVER_PROBLEM_SIZE])
{
    struct handover_line *line = malloc(sizeof(*line));
    int error = line ? 0 : -ENOMEM;
    char text[NAMED_SIZE];

    for (bool is_there = line && handover_first_line(&adoption->handover, line);
         error == 0 && is_there; is_there = handover_next_line(line)) {
        const struct adoption_section *section = find_section(line);

        if (section)
            error = section->read(adoption, line);
        if (error < 0) {
            name_problem(line, error, text);
            snprintf(problem, HANDOVER_PROBLEM_SIZE, "%.*s", HANDOVER_PROBLEM_SIZE - 1, text);
        }
    }
    free(line);
    return error;
}

/* Reads a line, if it is one of part; false where it can't be carried over, which is said unless it
 * is one of too many. */
static bool read_line(struct adoption *adoption, struct handover_line *line,
                      enum adoption_part part, bool is_said)
{
    const struct adoption_section *section = find_section(line);
    int error = section && section->part == part ? section->read(adoption, line) : 0;
    char text[NAMED_SIZE];

    if (error == 0)
        return true;
    name_problem(line, error, text);
    if (is_said)
        log_warning("upgrade: not carried over: %s", text);
    return false;
}

int adoption_read(struct adoption *adoption, enum adoption_part part)
{
    struct handover_line *line = malloc(sizeof(*line));
    size_t lost = 0;

    if (!line)
        return -ENOMEM;
    for (bool is_there = handover_first_line(&adoption->handover, line); is_there;
         is_there = handover_next_line(line))
        lost += !read_line(adoption, line, part, lost < SAID_MOST);
    if (lost > SAID_MOST)
        log_warning("upgrade: not carried over: %zu more", lost - SAID_MOST);
    free(line);
    return 0;
}

void adoption_close_rest(struct adoption *adoption)
{
    int fd;

    while ((fd = handover_claim_any(&adoption->handover)) >= 0)
        stranger_close_any(fd);
}

/* --- what lines tell each other of ---------------------------------------------------------- */

struct service *adoption_find_service(const struct adoption *adoption, uint64_t place)
{
    return place < adoption->service_count ? adoption->services[place] : NULL;
}

struct listener *adoption_find_listener(const struct adoption *adoption, uint64_t place)
{
    return place < adoption->listener_count ? adoption->listeners[place] : NULL;
}

/* Room for one more pointer in an array of so many; NULL without memory. */
static void *make_room(void *items, size_t count, size_t *room)
{
    size_t larger = *room > 0 ? *room * 2 : 64;

    if (count < *room)
        return items;
    items = realloc(items, larger * sizeof(void *));
    if (items)
        *room = larger;
    return items;
}

int adoption_add_service(struct adoption *adoption, struct service *service)
{
    struct service **services =
        make_room(adoption->services, adoption->service_count, &adoption->service_room);

    if (!services)
        return -ENOMEM;
    adoption->services = services;
    services[adoption->service_count++] = service;
    return 0;
}

int adoption_add_listener(struct adoption *adoption, struct listener *listener)
{
    struct listener **listeners =
        make_room(adoption->listeners, adoption->listener_count, &adoption->listener_room);

    if (!listeners)
        return -ENOMEM;
    adoption->listeners = listeners;
    listeners[adoption->listener_count++] = listener;
    return 0;
}

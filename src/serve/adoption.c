/* adoption: see adoption.h. Called by upgrade.c, which writes, and by daemon.c and
 * upgrade_arrive.c, which read. */
#include "serve/adoption.h"

#include <errno.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/stranger.h"

/* In the order in which they are written: a line may tell of those before it. */
static const struct adoption_section *const sections[] = {
    &adopt_process,
    &adopt_event,
    &adopt_daemon,
    &adopt_inherited,
    &adopt_service,
    &adopt_counters,
    &adopt_stderr,
    &adopt_listener,
    &adopt_source,
    &adopt_ban,
    &adopt_warming,
    &adopt_warm_file,
    &adopt_parked,
    &adopt_connection,
    &adopt_lingering,
    &(const struct adoption_section){.kind = "control",
                                     .part = ADOPTION_OF_SERVICES,
                                     .write = adopt_write_control,
                                     .read = adopt_read_control},
    &(const struct adoption_section){.kind = "control-client",
                                     .part = ADOPTION_OF_SERVICES,
                                     .write = adopt_write_control_client,
                                     .read = adopt_read_control_client},
};

/* Lines that can't be carried over and are told one by one; the rest is a sum. */
#define SAID_MOST 16

#define SECTION_COUNT (sizeof(sections) / sizeof(sections[0]))

void adoption_write(struct handover_writer *writer, struct server *server)
{
    for (size_t i = 0; i < SECTION_COUNT; i++)
        if (sections[i]->record.kind)
            sections[i]->collect(writer, server);
        else
            sections[i]->write(writer, server);
}

const struct adoption_section *adoption_find_section(const struct handover_line *line)
{
    for (size_t i = 0; i < SECTION_COUNT; i++)
        if (handover_is_kind(line, sections[i]->record.kind ? sections[i]->record.kind
                                                            : sections[i]->kind))
            return sections[i];
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
static void name_problem(const struct handover_line *line, const char *reason,
                         char text[static HANDOVER_PROBLEM_SIZE])
{
    snprintf(text, HANDOVER_PROBLEM_SIZE, "%.*s: %.*s",
             line->kind.length < 32 ? (int)line->kind.length : 32, line->kind.start,
             HANDOVER_PROBLEM_SIZE - 35, line->problem[0] != '\0' ? line->problem : reason);
}

/* A line, with room behind it for what one of any kind says. NULL without memory. */
static struct handover_line *new_line(void **ret_left)
{
    struct handover_line *line;
    size_t largest = 0;

    for (size_t i = 0; i < SECTION_COUNT; i++)
        if (sections[i]->record.kind && sections[i]->record.size > largest)
            largest = sections[i]->record.size;
    line = malloc(sizeof(*line) + alignof(max_align_t) + largest);
    if (line)
        *ret_left = (char *)line + (sizeof(*line) + alignof(max_align_t) - 1) /
                                       alignof(max_align_t) * alignof(max_align_t);
    return line;
}

int adoption_check(struct adoption *adoption, char problem[static HANDOVER_PROBLEM_SIZE])
{
    void *left;
    struct handover_line *line = new_line(&left);
    int error = line ? 0 : -ENOMEM;

    for (bool is_there = line && handover_first_line(&adoption->handover, line);
         error == 0 && is_there; is_there = handover_next_line(line)) {
        const struct adoption_section *section = adoption_find_section(line);

        if (section)
            error = section->record.kind ? record_read(line, &section->record, left)
                                         : section->read(adoption, line);
        if (error < 0)
            name_problem(line, strerror(-error), problem);
    }
    free(line);
    return error;
}

/* Does what a line says, if it is one of part; false where it can't be carried over, which is said
 * unless it is one of too many. */
static bool apply_line(struct adoption *adoption, struct handover_line *line, void *left,
                       enum adoption_part part, bool is_said)
{
    const struct adoption_section *section = adoption_find_section(line);
    char text[HANDOVER_PROBLEM_SIZE];
    int error;

    if (!section || section->part != part)
        return true;
    adoption->problem = NULL;
    error = section->record.kind ? record_read(line, &section->record, left)
                                 : section->read(adoption, line);
    if (error == 0 && section->record.kind)
        error = section->apply(adoption, left);
    if (error == 0)
        return true;
    name_problem(line, adoption->problem ? adoption->problem : strerror(-error), text);
    if (is_said)
        log_warning("upgrade: not carried over: %s", text);
    return false;
}

int adoption_read(struct adoption *adoption, enum adoption_part part)
{
    void *left;
    struct handover_line *line = new_line(&left);
    size_t lost = 0;

    if (!line)
        return -ENOMEM;
    for (bool is_there = handover_first_line(&adoption->handover, line); is_there;
         is_there = handover_next_line(line))
        lost += !apply_line(adoption, line, left, part, lost < SAID_MOST);
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

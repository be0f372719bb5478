/* adoption: see adoption.h. Called by upgrade.c, which writes, and by daemon.c and
 * upgrade_arrive.c, which read. */
#include "carry/adoption.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/stranger.h"

/* In the order in which they are written: a line may tell of those before it. */
static const struct adoption_section *const sections[] = {
    &adopt_process,  &adopt_event,          &adopt_daemon,   &adopt_inherited,  &adopt_service,
    &adopt_counters, &adopt_stderr,         &adopt_listener, &adopt_source,     &adopt_ban,
    &adopt_warming,  &adopt_warm_file,      &adopt_parked,   &adopt_connection, &adopt_lingering,
    &adopt_control,  &adopt_control_client,
};

/* Lines that can't be carried over and are told one by one; the rest is a sum. */
#define SAID_MOST 16

#define SECTION_COUNT (sizeof(sections) / sizeof(sections[0]))

void adoption_write(struct handover_writer *writer, const struct carried *carried)
{
    for (size_t i = 0; i < SECTION_COUNT; i++)
        sections[i]->collect(writer, carried);
}

const struct adoption_section *adoption_find_section(const struct handover_line *line)
{
    for (size_t i = 0; i < SECTION_COUNT; i++)
        if (handover_is_kind(line, sections[i]->record.kind))
            return sections[i];
    return NULL;
}

static size_t largest_record(void)
{
    size_t largest = 0;

    for (size_t i = 0; i < SECTION_COUNT; i++)
        if (sections[i]->record.size > largest)
            largest = sections[i]->record.size;
    return largest;
}

int adoption_open(char *text, size_t length, struct adoption *ret,
                  char problem[static HANDOVER_PROBLEM_SIZE])
{
    int error;

    *ret = (struct adoption){.text = text,
                             .configuration_fd = -1,
                             .line = malloc(sizeof(*ret->line)),
                             .left = malloc(largest_record())};
    error = ret->line && ret->left ? handover_open(text, length, &ret->handover, problem) : -ENOMEM;
    if (error < 0)
        adoption_close(ret);
    return error;
}

void adoption_close(struct adoption *adoption)
{
    listener_index_close(&adoption->index);
    names_close(&adoption->names);
    handover_close(&adoption->handover);
    free(adoption->services.items);
    free(adoption->listeners.items);
    free(adoption->line);
    free(adoption->left);
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

int adoption_check(struct adoption *adoption, char problem[static HANDOVER_PROBLEM_SIZE])
{
    struct handover_line *line = adoption->line;
    int error = 0;

    for (bool is_there = handover_first_line(&adoption->handover, line); error == 0 && is_there;
         is_there = handover_next_line(line)) {
        const struct adoption_section *section = adoption_find_section(line);

        if (section)
            error = record_read(line, &section->record, adoption->left);
        if (error < 0)
            name_problem(line, strerror(-error), problem);
    }
    return error;
}

/* Does what the line says, if it is one of part; false where it can't be carried over, which is
 * said unless it is one of too many. */
static bool apply_line(struct adoption *adoption, enum adoption_part part, bool is_said)
{
    const struct adoption_section *section = adoption_find_section(adoption->line);
    char text[HANDOVER_PROBLEM_SIZE];
    int error;

    if (!section || section->part != part)
        return true;
    adoption->problem = NULL;
    error = record_read(adoption->line, &section->record, adoption->left);
    if (error == 0)
        error = section->apply(adoption, adoption->left);
    if (error == 0)
        return true;
    name_problem(adoption->line, adoption->problem ? adoption->problem : strerror(-error), text);
    if (is_said)
        log_warning("upgrade: could not restore %s", text);
    return false;
}

void adoption_read(struct adoption *adoption, enum adoption_part part)
{
    size_t lost = 0;

    for (bool is_there = handover_first_line(&adoption->handover, adoption->line); is_there;
         is_there = handover_next_line(adoption->line))
        lost += !apply_line(adoption, part, lost < SAID_MOST);
    if (lost > SAID_MOST)
        log_warning("upgrade: could not restore %zu more", lost - SAID_MOST);
}

void adoption_close_rest(struct adoption *adoption)
{
    int fd;

    while ((fd = handover_claim_any(&adoption->handover)) >= 0)
        stranger_close_any(fd);
}

/* source: what is carried over of sources: what they owe to their rate, and their penalties;
 * and bans. Rows of adoption.c's table. How many connections a source has follows from those. */
#include <errno.h>

#include "carry/adoption.h"
#include "connection/connections.h"

/* --- sources -------------------------------------------------------------------------------- */

struct source_left {
    struct source source;
    struct addr addr;
    bool is_shared;
};

static const struct record_field source_fields[] = {
    {"service-number", RECORD_NUMBER, LEFT(source, source.key.service)},
    {"addr", RECORD_ADDR, LEFT(source, addr), .missing = "has no address"},
    {"shared", RECORD_FLAG, LEFT(source, is_shared)},
    {"rate-full", RECORD_NUMBER, LEFT(source, source.bucket.full)},
    {"penalty", RECORD_NUMBER, LEFT(source, source.penalty)},
    {"enforced", RECORD_FLAG, LEFT(source, source.is_enforced)},
};

struct writing {
    struct handover_writer *writer;
    nanoseconds now;
};

static void write_source(const struct source *source, void *context)
{
    const struct writing *writing = context;
    struct source_left left = {*source, sources_addr(source), sources_is_shared(source)};

    if (source->bucket.full > writing->now || source->penalty > writing->now || source->is_enforced)
        record_write(writing->writer, &adopt_source.record, &left);
}

static void collect_source(struct handover_writer *writer, const struct carried *carried)
{
    struct writing writing = {writer, loop_now(carried->connections->loop)};

    sources_visit(&carried->connections->admission.sources, SIZE_MAX, write_source, &writing);
}

static int apply_source(struct adoption *adoption, const void *values)
{
    const struct source_left *left = values;
    struct carried *carried = adoption->carried;
    struct source *source =
        sources_resume(&carried->connections->admission.sources, left->source.key.service,
                       &left->addr, left->is_shared, loop_now(carried->connections->loop));

    if (sources_is_shared(source) != left->is_shared)
        return -ENOSPC; /* max-sources is smaller now */
    source->bucket = left->source.bucket;
    source->penalty = left->source.penalty;
    source->is_enforced = left->source.is_enforced;
    return 0;
}

ADOPTION_SECTION(source, "source", ADOPTION_OF_SERVICES, struct source_left, NULL);

/* --- bans ----------------------------------------------------------------------------------- */

struct ban_left {
    const char *prefix;
    nanoseconds until;
};

static const struct record_field ban_fields[] = {
    {"prefix", RECORD_TEXT, LEFT(ban, prefix), .most = PREFIX_TEXT_SIZE,
     .missing = "has no prefix"},
    {"until", RECORD_NUMBER, LEFT(ban, until)},
};

static void check_ban(struct handover_line *line, const void *values)
{
    const struct ban_left *left = values;
    struct prefix prefix;
    const char *problem;

    if (left->prefix && prefix_parse(left->prefix, &prefix, &problem) < 0)
        handover_refuse(line, problem);
}

static void collect_ban(struct handover_writer *writer, const struct carried *carried)
{
    for (const struct ban *ban = carried->connections->admission.bans.oldest; ban;
         ban = ban->younger) {
        char text[PREFIX_TEXT_SIZE];
        struct ban_left left = {text, ban->until};

        if (bans_is_over(ban, loop_now(carried->connections->loop)))
            continue;
        prefix_format(&ban->prefix, text);
        record_write(writer, &adopt_ban.record, &left);
    }
}

static int apply_ban(struct adoption *adoption, const void *values)
{
    const struct ban_left *left = values;
    struct carried *carried = adoption->carried;
    struct prefix prefix;
    const char *problem;
    int error = prefix_parse(left->prefix, &prefix, &problem);

    return error < 0 ? error
                     : bans_add(&carried->connections->admission.bans, &prefix, left->until,
                                loop_now(carried->connections->loop));
}

ADOPTION_SECTION(ban, "ban", ADOPTION_OF_SERVICES, struct ban_left, check_ban);

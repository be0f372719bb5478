/* adopt_source: what is carried over of sources: what they owe to their rate, and their penalties;
 * and bans. Rows of adoption.c's table. How many connections a source has follows from those. */
#include <errno.h>

#include "serve/adoption.h"
#include "serve/server.h"

struct writing {
    struct handover_writer *writer;
    nanoseconds now;
};

static void write_source(const struct source *source, void *context)
{
    const struct writing *writing = context;
    struct handover_writer *writer = writing->writer;
    struct addr addr = sources_addr(source);

    if (source->bucket.full <= writing->now && source->penalty <= writing->now &&
        !source->is_enforced)
        return;
    handover_line(writer, "source");
    handover_put(writer, "service-number", source->key.service);
    handover_put_addr(writer, "addr", &addr);
    handover_put(writer, "shared", sources_is_shared(source));
    handover_put(writer, "rate-full", source->bucket.full);
    handover_put(writer, "penalty", source->penalty);
    handover_put(writer, "enforced", source->is_enforced);
    handover_end_line(writer);
}

void adopt_write_source(struct handover_writer *writer, struct server *server)
{
    struct writing writing = {writer, loop_now(server->loop)};

    sources_visit(&server->admission.sources, SIZE_MAX, write_source, &writing);
}

int adopt_read_source(struct adoption *adoption, struct handover_line *line)
{
    struct server *server = adoption->server;
    uint32_t number = (uint32_t)handover_number(line, "service-number", UINT32_MAX);
    struct addr addr = handover_addr(line, "addr");
    bool is_shared = handover_flag(line, "shared");
    nanoseconds rate_full = handover_number(line, "rate-full", UINT64_MAX);
    nanoseconds penalty = handover_number(line, "penalty", UINT64_MAX);
    bool is_enforced = handover_flag(line, "enforced");
    struct source *source;

    if (addr.family == ADDR_NONE)
        handover_refuse(line, "it has no address");
    if (handover_check(line) < 0 || !server)
        return handover_check(line);
    source = sources_resume(&server->admission.sources, number, &addr, is_shared,
                            loop_now(server->loop));
    if (sources_is_shared(source) != is_shared)
        return -ENOSPC; /* max-sources is smaller now */
    source->bucket.full = rate_full;
    source->penalty = penalty;
    source->is_enforced = is_enforced;
    return 0;
}

/* --- bans ----------------------------------------------------------------------------------- */

void adopt_write_ban(struct handover_writer *writer, struct server *server)
{
    for (const struct ban *ban = server->admission.bans.oldest; ban; ban = ban->younger) {
        char text[PREFIX_TEXT_SIZE];

        if (bans_is_over(ban, loop_now(server->loop)))
            continue;
        prefix_format(&ban->prefix, text);
        handover_line(writer, "ban");
        handover_put_text(writer, "prefix", text);
        handover_put(writer, "until", ban->until);
        handover_end_line(writer);
    }
}

int adopt_read_ban(struct adoption *adoption, struct handover_line *line)
{
    struct server *server = adoption->server;
    const char *text = handover_text(line, "prefix", PREFIX_TEXT_SIZE), *problem;
    nanoseconds until = handover_number(line, "until", UINT64_MAX);
    struct prefix prefix;

    if (!text)
        handover_refuse(line, "it has no prefix");
    else if (prefix_parse(text, &prefix, &problem) < 0)
        handover_refuse(line, problem);
    if (handover_check(line) < 0 || !server)
        return handover_check(line);
    return bans_add(&server->admission.bans, &prefix, until, loop_now(server->loop));
}

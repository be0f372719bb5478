/* judge: see judge.h. */
#include "admit/judge.h"

#include "admit/bans.h"

struct rule {
    enum admission_reason reason;
    bool (*refuses)(const struct inquiry *inquiry);
    /* Fills in what it looks at. */
    void (*tell)(const struct inquiry *inquiry, struct judge_step *step);
};

static const struct settings_guard *guard_of(const struct inquiry *inquiry)
{
    return inquiry->service->rules->guard;
}

/* --- about the peer ------------------------------------------------------------------------- */

static bool is_banned(const struct inquiry *inquiry)
{
    return bans_find(&inquiry->admission->bans, inquiry->peer, inquiry->now) != NULL;
}

static void tell_banned(const struct inquiry *inquiry, struct judge_step *step)
{
    const struct ban *ban = bans_find(&inquiry->admission->bans, inquiry->peer, inquiry->now);

    step->applies = true;
    step->count = bans_count(&inquiry->admission->bans, inquiry->now);
    if (!ban)
        return;
    step->prefix = ban->prefix;
    step->until = ban->until;
}

static bool is_denied(const struct inquiry *inquiry)
{
    return inquiry->service->rules->access &&
           !acl_allows(inquiry->service->rules->access, inquiry->peer, NULL);
}

static void tell_denied(const struct inquiry *inquiry, struct judge_step *step)
{
    step->applies = inquiry->service->rules->access != NULL;
    if (step->applies)
        acl_allows(inquiry->service->rules->access, inquiry->peer, &step->prefix);
}

/* --- about the service ---------------------------------------------------------------------- */

static bool is_full(const struct inquiry *inquiry)
{
    return inquiry->service->limit > 0 && inquiry->service->running >= inquiry->service->limit;
}

static void tell_full(const struct inquiry *inquiry, struct judge_step *step)
{
    step->limit = inquiry->service->limit;
    step->count = inquiry->service->running;
    step->applies = step->limit > 0;
}

static bool is_daemon_full(const struct inquiry *inquiry)
{
    return inquiry->admission->limit > 0 &&
           inquiry->admission->running + inquiry->admission->promised >= inquiry->admission->limit;
}

static void tell_daemon_full(const struct inquiry *inquiry, struct judge_step *step)
{
    step->limit = inquiry->admission->limit;
    step->count = inquiry->admission->running;
    step->applies = step->limit > 0;
}

static bool is_too_fast(const struct inquiry *inquiry)
{
    return bucket_ready(&inquiry->service->bucket, &guard_of(inquiry)->rate) > inquiry->now;
}

static void tell_too_fast(const struct inquiry *inquiry, struct judge_step *step)
{
    step->rate = guard_of(inquiry)->rate;
    step->applies = step->rate.count > 0;
    step->until = bucket_ready(&inquiry->service->bucket, &step->rate);
}

/* --- about the source ----------------------------------------------------------------------- */

static bool has_penalty(const struct inquiry *inquiry)
{
    return inquiry->source->is_enforced && inquiry->source->penalty > inquiry->now;
}

static void tell_penalty(const struct inquiry *inquiry, struct judge_step *step)
{
    step->applies = guard_of(inquiry)->penalties.count > 0 || has_penalty(inquiry);
    step->until = inquiry->source->penalty;
}

static bool has_too_many(const struct inquiry *inquiry)
{
    uint64_t limit = guard_of(inquiry)->max_connections_per_source;

    return limit > 0 && inquiry->source->connections >= limit;
}

static void tell_too_many(const struct inquiry *inquiry, struct judge_step *step)
{
    step->limit = guard_of(inquiry)->max_connections_per_source;
    step->count = inquiry->source->connections;
    step->applies = step->limit > 0;
}

static bool comes_too_fast(const struct inquiry *inquiry)
{
    const struct settings_rate *rate = &guard_of(inquiry)->rate_per_source;

    /* Since the source was made its rate may have changed. */
    bucket_adapt(&inquiry->source->bucket, rate, inquiry->now);
    return bucket_ready(&inquiry->source->bucket, rate) > inquiry->now;
}

static void tell_comes_too_fast(const struct inquiry *inquiry, struct judge_step *step)
{
    step->rate = guard_of(inquiry)->rate_per_source;
    step->applies = step->rate.count > 0;
    step->until = bucket_ready(&inquiry->source->bucket, &step->rate);
}

/* --- all of them ---------------------------------------------------------------------------- */

static const struct rule peer_rules[] = {
    {REASON_BANNED, is_banned, tell_banned},
    {REASON_DENIED, is_denied, tell_denied},
};

static const struct rule service_rules[] = {
    {REASON_FULL, is_full, tell_full},
    {REASON_DAEMON_FULL, is_daemon_full, tell_daemon_full},
    {REASON_RATE, is_too_fast, tell_too_fast},
};

static const struct rule source_rules[] = {
    {REASON_PENALTY, has_penalty, tell_penalty},
    {REASON_SOURCE_FULL, has_too_many, tell_too_many},
    {REASON_SOURCE_RATE, comes_too_fast, tell_comes_too_fast},
};

#define COUNT(rules) (sizeof(rules) / sizeof((rules)[0]))

_Static_assert(COUNT(peer_rules) + COUNT(service_rules) + COUNT(source_rules) == JUDGE_STEPS,
               "an explanation has a step for each rule");

static enum admission_reason ask(const struct rule *rules, size_t count,
                                 const struct inquiry *inquiry)
{
    for (size_t i = 0; i < count; i++)
        if (rules[i].refuses(inquiry))
            return rules[i].reason;
    return REASON_NONE;
}

enum admission_reason judge_peer(const struct inquiry *inquiry)
{
    return ask(peer_rules, COUNT(peer_rules), inquiry);
}

enum admission_reason judge_service(const struct inquiry *inquiry)
{
    return ask(service_rules, COUNT(service_rules), inquiry);
}

enum admission_reason judge_source(const struct inquiry *inquiry)
{
    return ask(source_rules, COUNT(source_rules), inquiry);
}

static size_t tell(const struct rule *rules, size_t count, const struct inquiry *inquiry,
                   struct judge_step *steps)
{
    for (size_t i = 0; i < count; i++) {
        steps[i] = (struct judge_step){.rule = rules[i].reason};
        steps[i].refuses = rules[i].refuses(inquiry);
        rules[i].tell(inquiry, &steps[i]);
        if (steps[i].until <= inquiry->now)
            steps[i].until = 0;
    }
    return count;
}

size_t judge_explain(struct admission *admission, const struct admission_service *service,
                     const struct addr *peer, nanoseconds now,
                     struct judge_step steps[static JUDGE_STEPS])
{
    struct addr addr = rules_source_of(service->rules, peer);
    const struct source *known = sources_look(&admission->sources, service->number, &addr);
    struct source source = known ? *known : (struct source){0};
    struct inquiry inquiry = {admission, service, peer, &source, now};
    bool is_held =
        service->rules->guard->proxy_protocol || service->rules->guard->start_on == START_ON_DATA;
    size_t used = 1;

    /* A ban comes first in any case; who is held until he says something needs no place before. */
    tell(peer_rules, 1, &inquiry, steps);
    if (!is_held)
        used += tell(service_rules, COUNT(service_rules), &inquiry, steps + used);
    used += tell(peer_rules + 1, COUNT(peer_rules) - 1, &inquiry, steps + used);
    used += tell(source_rules, COUNT(source_rules), &inquiry, steps + used);
    if (is_held)
        used += tell(service_rules, COUNT(service_rules), &inquiry, steps + used);
    return used;
}

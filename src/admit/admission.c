/* admission: see admission.h. */
#include "admit/admission.h"

#include "admit/judge.h"

const char *const admission_reason_names[REASON_COUNT] = {
    [REASON_NONE] = "none",
    [REASON_BANNED] = "banned",
    [REASON_FULL] = "full",
    [REASON_DAEMON_FULL] = "daemon-full",
    [REASON_RATE] = "rate",
    [REASON_DENIED] = "denied",
    [REASON_PENALTY] = "penalty",
    [REASON_SOURCE_FULL] = "source-full",
    [REASON_SOURCE_RATE] = "source-rate",
    [REASON_PROXY] = "proxy",
    [REASON_HEADER] = "proxy-header",
    [REASON_HELD] = "held",
    [REASON_MEMORY] = "memory",
};

int admission_open(struct admission *admission, size_t max_sources)
{
    int error;

    *admission = (struct admission){0};
    error = bans_open(&admission->bans);
    return error < 0 ? error : sources_open(&admission->sources, max_sources);
}

void admission_close(struct admission *admission)
{
    bans_close(&admission->bans);
    sources_close(&admission->sources);
}

bool admission_is_banned(const struct admission *admission, const struct addr *peer,
                         nanoseconds now)
{
    return bans_find(&admission->bans, peer, now) != NULL;
}

nanoseconds admission_ready(const struct admission_service *service)
{
    return bucket_ready(&service->bucket, &service->rules->guard->rate);
}

void admission_adapt(struct admission_service *service, nanoseconds now)
{
    bucket_adapt(&service->bucket, &service->rules->guard->rate, now);
}

enum admission_verdict admission_preview(const struct admission *admission,
                                         const struct admission_service *service, nanoseconds now,
                                         enum admission_reason *ret_reason)
{
    const struct inquiry inquiry = {.admission = admission, .service = service, .now = now};

    *ret_reason = judge_service(&inquiry);
    if (*ret_reason == REASON_NONE)
        return VERDICT_ADMIT;
    return service->refuse_when_full ? VERDICT_REFUSE : VERDICT_QUEUE;
}

static struct admission_decision refuse(enum admission_reason reason)
{
    return (struct admission_decision){.verdict = VERDICT_REFUSE, .reason = reason};
}

struct admission_decision admission_enter(struct admission *admission,
                                          struct admission_service *service,
                                          const struct addr *peer, nanoseconds now)
{
    struct admission_decision decision = {.verdict = VERDICT_ADMIT};
    struct addr addr = rules_source_of(service->rules, peer);
    struct inquiry inquiry = {admission, service, peer, NULL, now};

    decision.reason = judge_peer(&inquiry);
    if (decision.reason != REASON_NONE)
        return refuse(decision.reason);
    inquiry.source = sources_get(&admission->sources, service->number, &addr, now);
    decision.reason = judge_source(&inquiry);
    if (decision.reason != REASON_NONE)
        return refuse(decision.reason);
    bucket_take(&inquiry.source->bucket, &service->rules->guard->rate_per_source, now);
    sources_enter(&admission->sources, inquiry.source);
    decision.ticket.source = inquiry.source;
    decision.source_running = inquiry.source->connections;
    return decision;
}

/* One more runs. */
static void take_place(struct admission *admission, struct admission_service *service,
                       struct admission_ticket *ticket, nanoseconds now)
{
    bucket_take(&service->bucket, &service->rules->guard->rate, now);
    admission->running++;
    service->running++;
    ticket->started = true;
}

enum admission_verdict admission_start(struct admission *admission,
                                       struct admission_service *service,
                                       struct admission_ticket *ticket, nanoseconds now,
                                       enum admission_reason *ret_reason)
{
    enum admission_verdict verdict = admission_preview(admission, service, now, ret_reason);

    if (verdict == VERDICT_ADMIT)
        take_place(admission, service, ticket, now);
    return verdict;
}

struct admission_decision admission_check(struct admission *admission,
                                          struct admission_service *service,
                                          const struct addr *peer, nanoseconds now)
{
    struct admission_decision decision = {0};

    if (admission_is_banned(admission, peer, now))
        return refuse(REASON_BANNED);
    /* First: at a limit that everybody shares, nothing is remembered of who came. */
    decision.verdict = admission_preview(admission, service, now, &decision.reason);
    if (decision.verdict != VERDICT_ADMIT)
        return decision;
    decision = admission_enter(admission, service, peer, now);
    if (decision.verdict == VERDICT_ADMIT)
        take_place(admission, service, &decision.ticket, now);
    return decision;
}

void admission_release(struct admission *admission, struct admission_service *service,
                       struct admission_ticket *ticket, nanoseconds now)
{
    /* A socket that is lent has a place in its service, and no source. */
    if (ticket->source)
        sources_leave(&admission->sources, ticket->source, now);
    ticket->source = NULL;
    if (!ticket->started)
        return;
    ticket->started = false;
    admission->running--;
    service->running--;
}

void admission_withdraw(struct admission *admission, struct admission_service *service,
                        struct admission_ticket *ticket, nanoseconds now)
{
    const struct settings_guard *guard = service->rules->guard;

    if (ticket->source)
        bucket_give(&ticket->source->bucket, &guard->rate_per_source);
    if (ticket->started)
        bucket_give(&service->bucket, &guard->rate);
    admission_release(admission, service, ticket, now);
}

void admission_unstart(struct admission *admission, struct admission_service *service,
                       struct admission_ticket *ticket)
{
    if (!ticket->started)
        return;
    ticket->started = false;
    bucket_give(&service->bucket, &service->rules->guard->rate);
    admission->running--;
    service->running--;
}

void admission_resume(struct admission *admission, struct admission_service *service,
                      struct source *source, bool started, struct admission_ticket *ret)
{
    *ret = (struct admission_ticket){.source = source, .started = started};
    if (source)
        sources_enter(&admission->sources, source);
    admission->running += started;
    service->running += started;
}

static bool matches(const struct settings_penalty *penalty, const struct admission_end *end)
{
    switch (penalty->kind) {
    case PENALTY_CRASH:
        return end->crash;
    case PENALTY_TIMEOUT:
        return end->timeout;
    case PENALTY_SILENT:
        return end->silent;
    case PENALTY_SHORT:
        return end->is_short && end->status != 0;
    default:
        return end->status >= penalty->first && end->status <= penalty->last;
    }
}

struct admission_sentence admission_penalize(const struct admission_service *service,
                                             const struct admission_ticket *ticket,
                                             const struct addr *peer,
                                             const struct admission_end *end, nanoseconds now)
{
    const struct settings_guard *guard = service->rules->guard;
    struct source *source = ticket->source;
    struct admission_sentence sentence = {0};
    nanoseconds sum = 0;
    bool was_enforced;

    for (size_t i = 0; i < guard->penalties.count; i++)
        if (matches(&guard->penalties.items[i], end))
            sum += guard->penalties.items[i].duration;
    /* Of a shared one nobody pays for another. */
    if (sum == 0 || !source || sources_is_shared(source) ||
        rules_list_has(service->rules->exempt, peer))
        return sentence;
    was_enforced = source->is_enforced && source->penalty > now;
    sentence.is_over = source->is_enforced && !was_enforced;
    source->penalty = (source->penalty > now ? source->penalty : now) + sum;
    if (source->penalty > now + guard->penalty_max)
        source->penalty = now + guard->penalty_max;
    /* Once it counts, it does until it is over. */
    source->is_enforced = was_enforced || source->penalty - now >= guard->penalty_min;
    sentence.begins = source->is_enforced && !was_enforced;
    sentence.until = source->penalty;
    return sentence;
}

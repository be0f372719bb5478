/* admission: see admission.h. */
#include "admit/admission.h"

const char *const admission_reason_names[REASON_COUNT] = {
    [REASON_NONE] = "none",
    [REASON_FULL] = "full",
    [REASON_DAEMON_FULL] = "daemon-full",
    [REASON_MEMORY] = "memory",
};

int admission_open(struct admission *admission)
{
    *admission = (struct admission){0};
    return sources_open(&admission->sources);
}

void admission_close(struct admission *admission)
{
    sources_close(&admission->sources);
}

enum admission_verdict admission_preview(const struct admission *admission,
                                         const struct admission_service *service,
                                         enum admission_reason *ret_reason)
{
    if (service->limit > 0 && service->running >= service->limit)
        *ret_reason = REASON_FULL;
    else if (admission->limit > 0 && admission->running >= admission->limit)
        *ret_reason = REASON_DAEMON_FULL;
    else
        *ret_reason = REASON_NONE;
    if (*ret_reason == REASON_NONE)
        return VERDICT_ADMIT;
    return service->refuse_when_full ? VERDICT_REFUSE : VERDICT_QUEUE;
}

struct admission_decision admission_check(struct admission *admission,
                                          struct admission_service *service,
                                          const struct addr *peer)
{
    struct admission_decision decision = {0};

    decision.verdict = admission_preview(admission, service, &decision.reason);
    if (decision.verdict != VERDICT_ADMIT)
        return decision;
    decision.ticket.source = sources_enter(&admission->sources, service->number, peer);
    if (!decision.ticket.source) {
        decision.verdict = VERDICT_REFUSE;
        decision.reason = REASON_MEMORY;
        return decision;
    }
    admission->running++;
    service->running++;
    decision.source_running = decision.ticket.source->running;
    return decision;
}

void admission_release(struct admission *admission, struct admission_service *service,
                       struct admission_ticket *ticket)
{
    if (!ticket->source)
        return;
    sources_leave(&admission->sources, ticket->source);
    ticket->source = NULL;
    admission->running--;
    service->running--;
}

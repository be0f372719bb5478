/* explain: what would happen to a client from an address now, and which rule says so.
 *
 * The rules are admission's own (admit/judge.h), asked as they would be; around them stands what
 * the service itself does: whether it accepts at all, whom a proxy speaks for, whether a client is
 * held. Each step has a verdict and a sentence; the first that doesn't pass decides.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "admit/judge.h"
#include "base/value.h"
#include "connection/connections.h"
#include "connection/state.h"
#include "control/command.h"

#define SENTENCE 160

/* What the answer is made of, while the steps are told. */
struct account {
    struct control_reply *reply;
    const struct service *service;
    nanoseconds now;
    json_t *steps;
    const char *verdict, *rule; /* of the step that decides; NULL: none yet */
    char text[SENTENCE];
};

static void write_text(struct account *account, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void write_text(struct account *account, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(account->text, sizeof(account->text), format, arguments);
    va_end(arguments);
}

/* One step, with the sentence that was written. verdict NULL: it passes. */
static json_t *add_step(struct account *account, const char *rule, const char *verdict)
{
    json_t *step = reply_add_item(account->reply, account->steps);

    reply_add_text(account->reply, step, "rule", rule);
    reply_add_text(account->reply, step, "verdict", verdict ? verdict : "pass");
    reply_add_text(account->reply, step, "text", account->text);
    if (verdict && !account->verdict) {
        account->verdict = verdict;
        account->rule = rule;
    }
    return step;
}

/* --- the service ---------------------------------------------------------------------------- */

static void tell_state(struct account *account)
{
    enum service_state state = service_state(account->service);
    bool waits = state != SERVICE_SERVING && state != SERVICE_FULL && state != SERVICE_LIMITED;
    const char *verdict = waits ? "queue" : NULL;

    write_text(account, "the service is %s%s", service_state_names[state],
               waits                      ? ": clients are not accepted and wait"
               : state == SERVICE_SERVING ? ""
                                          : "; its limits are checked below");
    if (state == SERVICE_STOPPING) {
        write_text(account, "the service is stopping: nobody is listening");
        verdict = "unreachable";
    } else if (state == SERVICE_PENDING &&
               service_pending(account->service) < account->service->listener_count) {
        write_text(account, "%zu of its %u addresses are pending; the others are served",
                   service_pending(account->service), account->service->listener_count);
        verdict = NULL;
    } else if (state == SERVICE_PENDING) {
        write_text(account, "its address is pending: nobody is listening");
        verdict = "unreachable";
    }
    add_step(account, "state", verdict);
}

static void tell_proxy(struct account *account, const struct addr *address)
{
    const struct admission_rules *rules = account->service->admission.rules;

    if (!rules->guard->proxy_protocol)
        return;
    write_text(account, "assumes a PROXY header with this address; without one, this address %s",
               rules_list_has(rules->proxies, address) ? "is a trusted proxy" : "is refused");
    add_step(account, "proxy", NULL);
}

static void tell_hold(struct account *account)
{
    const struct settings_guard *guard = account->service->admission.rules->guard;
    char time[VALUE_TEXT_SIZE];

    if (guard->start_on != START_ON_DATA)
        return;
    value_format_duration(guard->data_timeout, time);
    if (guard->data_timeout > 0)
        write_text(account, "start-on = data: held without a process, for at most %s", time);
    else
        write_text(account, "start-on = data: held without a process");
    add_step(account, "start-on", "hold");
}

/* --- admission's rules ---------------------------------------------------------------------- */

/* "1h" of what may be 59 minutes and 59.9 seconds: rounded to what is worth saying. */
static void format_left(const struct account *account, nanoseconds until,
                        char text[static VALUE_TEXT_SIZE])
{
    nanoseconds left = until - account->now;
    nanoseconds unit = left < 10 * CLOCK_SECOND ? CLOCK_MILLISECOND : CLOCK_SECOND;

    value_format_duration((left + unit - 1) / unit * unit, text);
}

static void tell_ban(struct account *account, const struct judge_step *step)
{
    char prefix[PREFIX_TEXT_SIZE], left[VALUE_TEXT_SIZE];

    if (!step->refuses) {
        write_text(account, "not banned");
        return;
    }
    prefix_format(&step->prefix, prefix);
    if (step->until == 0) {
        write_text(account, "%s is banned permanently", prefix);
        return;
    }
    format_left(account, step->until, left);
    write_text(account, "%s is banned, %s left", prefix, left);
}

static void tell_access(struct account *account, const struct judge_step *step)
{
    char prefix[PREFIX_TEXT_SIZE];

    if (!step->applies) {
        write_text(account, "no allow or deny set");
        return;
    }
    prefix_format(&step->prefix, prefix);
    if (step->prefix.family != ADDR_NONE)
        write_text(account, "%s is in %s", prefix, step->refuses ? "deny" : "allow");
    else if (step->refuses)
        write_text(account, "no allow entry matches");
    else
        write_text(account, "no deny entry matches");
}

static void tell_count(struct account *account, const struct judge_step *step, const char *whose)
{
    if (step->applies)
        write_text(account, "%" PRIu64 " of %" PRIu64 " %s", step->count, step->limit, whose);
    else
        write_text(account, "%" PRIu64 " %s; no limit set", step->count, whose);
}

static void tell_rate(struct account *account, const struct judge_step *step, const char *whose)
{
    char period[VALUE_TEXT_SIZE], left[VALUE_TEXT_SIZE];

    if (!step->applies) {
        write_text(account, "no %s set", whose);
        return;
    }
    value_format_duration(step->rate.period, period);
    if (step->until == 0) {
        write_text(account, "below %s (%" PRIu32 "/%s)", whose, step->rate.count, period);
        return;
    }
    format_left(account, step->until, left);
    write_text(account, "above %s (%" PRIu32 "/%s): the next one in %s", whose, step->rate.count,
               period, left);
}

static void tell_penalty(struct account *account, const struct judge_step *step)
{
    char left[VALUE_TEXT_SIZE];

    if (step->until == 0) {
        write_text(account, "no penalty");
        return;
    }
    format_left(account, step->until, left);
    write_text(account, "penalty%s, %s left", step->refuses ? "" : " (not enforced yet)", left);
}

static void write_step(struct account *account, const struct judge_step *step)
{
    switch (step->rule) {
    case REASON_BANNED:
        tell_ban(account, step);
        break;
    case REASON_DENIED:
        tell_access(account, step);
        break;
    case REASON_PENALTY:
        tell_penalty(account, step);
        break;
    case REASON_FULL:
        tell_count(account, step, "handlers of the service running");
        break;
    case REASON_DAEMON_FULL:
        tell_count(account, step, "handlers of all services running");
        break;
    case REASON_SOURCE_FULL:
        tell_count(account, step, "connections from this source");
        break;
    case REASON_RATE:
        tell_rate(account, step, "rate");
        break;
    default:
        tell_rate(account, step, "rate-per-source");
    }
}

static bool is_service_rule(const struct judge_step *step)
{
    return step->rule == REASON_FULL || step->rule == REASON_DAEMON_FULL ||
           step->rule == REASON_RATE;
}

/* Of rules about the service clients wait where it says so. */
static const char *verdict_of(const struct account *account, const struct judge_step *step)
{
    bool waits = is_service_rule(step) && !account->service->admission.refuse_when_full;

    return !step->refuses ? NULL : waits ? "queue" : "refuse";
}

static void tell_rules(struct account *account, const struct addr *address, bool lent)
{
    struct connections *connections = account->service->services->connections;
    struct judge_step steps[JUDGE_STEPS];
    size_t count = judge_explain(&connections->admission, &account->service->admission, address,
                                 account->now, steps);

    for (size_t i = 0; i < count; i++) {
        json_t *step;

        if (lent && !is_service_rule(&steps[i]))
            continue;
        write_step(account, &steps[i]);
        step = add_step(account, admission_reason_names[steps[i].rule],
                        verdict_of(account, &steps[i]));
        if (steps[i].limit > 0 || steps[i].count > 0)
            reply_add_count(account->reply, step, "count", steps[i].count);
        if (steps[i].limit > 0)
            reply_add_count(account->reply, step, "limit", steps[i].limit);
        if (steps[i].until > 0)
            reply_add_duration(account->reply, step, "left_ms", steps[i].until - account->now);
    }
}

/* --- the whole ------------------------------------------------------------------------------ */

int control_explain(struct control_call *call)
{
    const struct addr *address = &call->arguments[1].address;
    const struct service *service = control_find_service(call, &call->arguments[0]);
    struct account account = {.reply = &call->reply,
                              .service = service,
                              .now = loop_now(call->context->connections->loop)};
    char text[ADDR_TEXT_SIZE], source[PREFIX_TEXT_SIZE];

    if (!service)
        return -EINVAL;
    addr_format_host(address, text);
    reply_add_text(&call->reply, call->reply.root, "service", service->settings->name);
    reply_add_text(&call->reply, call->reply.root, "address", text);
    control_format_source(service, address, source);
    reply_add_text(&call->reply, call->reply.root, "source", source);
    account.steps = reply_add_array(&call->reply, call->reply.root, "steps");
    tell_state(&account);
    if (service->listener_count > 0 && listener_waits(&service->listeners[0])) {
        write_text(&account,
                   "wait = yes: the handler accepts the clients, stdinetd does not see them");
        add_step(&account, "wait", NULL);
        tell_rules(&account, address, true);
    } else {
        tell_proxy(&account, address);
        tell_rules(&account, address, false);
        tell_hold(&account);
    }
    reply_add_text(&call->reply, call->reply.root, "verdict",
                   account.verdict ? account.verdict : "admit");
    if (account.rule)
        reply_add_text(&call->reply, call->reply.root, "by", account.rule);
    return 0;
}

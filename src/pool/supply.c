/* supply: see parts.h. One warmer a service, asked for one process at a time. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "base/backoff.h"
#include "base/fd.h"
#include "pool/parts.h"
#include "service/service.h"
#include "warm/link.h"

/* After a warm-up that failed the next one is tried 1, 4, 16 … s later: it may cost as much as
 * warm-timeout allows. */
#define RETRY_MIN CLOCK_SECOND
#define RETRY_MAX (600 * CLOCK_SECOND)
/* So much longer than warm-timeout and a warmer isn't waited for. */
#define REPORT_GRACE (5 * CLOCK_SECOND)

static const struct settings_warm *settings_of(const struct warming *warming)
{
    return warming->service->settings->warm;
}

/* Whether there are enough, or a template that is good for more. */
static bool has_enough(const struct warming *warming)
{
    const struct settings_warm *settings = settings_of(warming);
    const struct warm_child *template = warming->template;

    if (warming->successor)
        return true;
    if (template)
        return template->uses < settings->uses && !warm_child_is_old(warming, template);
    return warming->ready_count >= settings->count;
}

/* --- warm-ups, so many at a time -------------------------------------------------------------- */

static void enqueue(struct warming *warming)
{
    struct pools *pools = warming->pools;

    if (warming->is_queued)
        return;
    warming->is_queued = true;
    warming->queue_next = NULL;
    *pools->queue_last = warming;
    pools->queue_last = &warming->queue_next;
}

static struct warming *dequeue(struct pools *pools)
{
    struct warming *warming = pools->queue;

    pools->queue = warming->queue_next;
    if (!pools->queue)
        pools->queue_last = &pools->queue;
    warming->is_queued = false;
    return warming;
}

static void leave_queue(struct warming *warming)
{
    struct warming **link = &warming->pools->queue;

    if (!warming->is_queued)
        return;
    while (*link != warming)
        link = &(*link)->queue_next;
    *link = warming->queue_next;
    if (!*link)
        warming->pools->queue_last = link;
    warming->is_queued = false;
}

/* Its warm-up is over, in whatever way: another one's turn. */
static void end_request(struct warming *warming)
{
    struct pools *pools = warming->pools;

    if (!warming->requested)
        return;
    warming->requested = false;
    loop_disarm(pools->loop, &warming->retry);
    pools->warm_ups--;
    while (pools->queue && pools->warm_ups < WARM_UPS)
        supply_refill(dequeue(pools));
}

/* --- what goes wrong -------------------------------------------------------------------------- */

void supply_say(struct warming *warming, enum log_level level, const char *message)
{
    struct log_record record;

    if (strcmp(warming->said, warming->why) == 0)
        return;
    memcpy(warming->said, warming->why, sizeof(warming->said));
    log_record_begin(&record, level, warming->service->settings->name, message);
    log_record_text(&record, "reason", warming->why);
    log_record_emit(&record);
}

/* So much later than the last time. */
static void wait_longer(struct warming *warming)
{
    struct loop *loop = warming->pools->loop;

    warming->failures++;
    loop_arm(loop, &warming->retry,
             loop_now(loop) + backoff_pause(warming->failures, RETRY_MIN, RETRY_MAX, 4));
}

static void fail(struct warming *warming)
{
    wait_longer(warming);
    supply_say(warming, LOG_LEVEL_NOTICE, SUPPLY_COLD);
}

static void fail_with(struct warming *warming, const char *text)
{
    snprintf(warming->why, sizeof(warming->why), "%s", text);
    fail(warming);
}

void supply_stop(struct warming *warming)
{
    leave_queue(warming);
    if (warming->warmer.source.fd < 0)
        return;
    warm_child_end(&warming->warmer);
    loop_disarm(warming->pools->loop, &warming->retry);
    end_request(warming);
}

/* It never stops so long by itself. */
static void on_retry(struct loop_timer *timer)
{
    struct warming *warming = timer->owner;

    if (warming->requested) {
        supply_stop(warming);
        fail_with(warming, "the warmer did not answer in time");
        return;
    }
    supply_refill(warming);
}

static void arm_age(struct warming *warming)
{
    struct loop *loop = warming->pools->loop;

    if (warm_child_most_age(warming) > 0 && !loop_is_armed(&warming->age))
        loop_arm(loop, &warming->age, loop_now(loop) + warm_child_most_age(warming));
}

/* All that is old is made anew; a template serves until its successor is there. */
static void on_age(struct loop_timer *timer)
{
    struct warming *warming = timer->owner;

    ready_discard_old(warming);
    if (warming->ready || warming->template)
        arm_age(warming);
    supply_refill(warming);
}

static void on_successor(struct loop_source *source, uint32_t events)
{
    struct warm_child *child = source->owner;
    struct warming *warming = child->warming;

    (void)events;
    warming->successor = NULL;
    warm_child_discard(child);
    warm_child_lost(warming);
}

void supply_take(struct warming *warming, struct warm_child *child, bool copies)
{
    struct loop *loop = warming->pools->loop;

    if (!copies) {
        /* Not beside a template: that would never be good for more, and these never enough. */
        copies_end(warming);
        if (ready_add(warming, child) < 0)
            warm_child_discard(child);
    } else if (warming->template && warming->sent_count > 0) {
        child->source.ready = on_successor;
        if (loop_watch(loop, &child->source, EPOLLIN) < 0)
            warm_child_discard(child);
        else
            warming->successor = child;
    } else {
        copies_set_template(warming, child);
    }
    if (copies)
        ready_discard_all(warming);
    arm_age(warming);
}

static void take_report(struct warming *warming, const struct warm_report *report, int fd)
{
    bool copies = settings_of(warming)->template == WARM_TEMPLATE_YES;
    bool refused = copies && !report->cloneable;
    struct warm_child *child;

    memcpy(warming->why, report->why, sizeof(warming->why));
    if (report->pid == 0) {
        fail(warming);
        return;
    }
    /* One that is somebody already could be reaped as that one, and killed later as another. */
    if (processes_find(warming->pools->processes, report->pid)) {
        fd_close(fd);
        fail_with(warming, "invalid message from the warmer");
        return;
    }
    child = calloc(1, sizeof(*child));
    if (!child) {
        fd_close(fd);
        fail_with(warming, "out of memory");
        return;
    }
    child->warming = warming;
    child->source = (struct loop_source){.fd = fd, .owner = child};
    child->since = loop_now(warming->pools->loop);
    warm_child_know(child, report->pid);
    if (refused) {
        warm_child_discard(child);
        fail(warming);
        return;
    }
    warming->why[0] = '\0'; /* why it can't be copied is nothing to one that isn't to be */
    if (!warming->was_parked)
        log_debug("%s: the first warm handler is ready", warming->service->settings->name);
    warming->call = report->call;
    warming->was_parked = true;
    supply_take(warming, child, copies);
}

static void on_warmer(struct loop_source *source, uint32_t events)
{
    struct warm_child *warmer = source->owner;
    struct warming *warming = warmer->warming;
    struct warm_report report;
    int fd, got = warm_link_report(source->fd, warming->uid, &report, &fd);

    (void)events;
    if (got == 0)
        return;
    if (got > 0 && (!warming->requested || report.serial != warming->serial)) {
        fd_close(fd);
        got = -EPROTO;
    }
    if (got < 0) {
        supply_stop(warming);
        fail_with(warming, got == -EPROTO   ? "invalid message from the warmer"
                           : got == -EMFILE ? strerror(EMFILE)
                                            : "the warmer exited");
        return;
    }
    end_request(warming);
    take_report(warming, &report, fd);
    supply_refill(warming);
}

uint64_t supply_inode(int fd)
{
    struct stat status;

    return fstat(fd, &status) < 0 ? 0 : status.st_ino;
}

/* What is ready is of the warmer before; from now on it is compared with what this one is made of.
 */
static void discard_stale(struct warming *warming, uint64_t stderr_inode)
{
    if (!warming->ready && !warming->template)
        return;
    if (warming->stderr_inode == stderr_inode &&
        warm_files_are_same(&warming->files, warming->plan))
        return;
    ready_discard_all(warming);
    copies_end(warming);
}

static int start_warmer(struct warming *warming)
{
    struct service *service = warming->service;
    struct pools *pools = warming->pools;
    bool is_connection = service->settings->stderr_sink.kind == STDERR_CONNECTION;
    int errors = is_connection ? pools->null_fd : service_stderr_fd(service, -1);
    struct warm_child *warmer = &warming->warmer;
    uint64_t inode = is_connection ? 0 : supply_inode(errors);
    pid_t pid;
    int fd, error;

    if (errors < 0)
        return errors;
    discard_stale(warming, inode);
    warming->stderr_inode = inode;
    warm_files_note(&warming->files, warming->plan);
    error = warm_link_spawn(warming->order, warming->order_size, errors, pools->null_fd, &fd, &pid);
    if (error < 0)
        return error;
    *warmer = (struct warm_child){.warming = warming,
                                  .source = {.fd = fd, .ready = on_warmer, .owner = warmer}};
    warm_child_know(warmer, pid);
    error = loop_watch(pools->loop, &warmer->source, EPOLLIN);
    if (error < 0)
        warm_child_end(warmer);
    return error;
}

void supply_refill(struct warming *warming)
{
    struct pools *pools = warming->pools;
    int error = 0;

    if (!warming->is_possible || warming->requested || loop_is_armed(&warming->retry) ||
        has_enough(warming) || pools->is_held)
        return;
    if (warming->lost) {
        warming->lost = false;
        wait_longer(warming);
        snprintf(warming->why, sizeof(warming->why), "a ready handler exited");
        supply_say(warming, LOG_LEVEL_NOTICE, "warm handler exited; replacing it later");
        return;
    }
    if (pools->warm_ups >= WARM_UPS) {
        enqueue(warming);
        return;
    }
    if (warming->warmer.source.fd < 0)
        error = start_warmer(warming);
    if (error == 0)
        error = warm_link_request(warming->warmer.source.fd, warming->serial + 1);
    if (error < 0) {
        supply_stop(warming);
        fail_with(warming, strerror(-error));
        return;
    }
    warming->serial++;
    warming->requested = true;
    pools->warm_ups++;
    if (settings_of(warming)->timeout > 0)
        loop_arm(pools->loop, &warming->retry,
                 loop_now(pools->loop) + settings_of(warming)->timeout + REPORT_GRACE);
}

void supply_open(struct warming *warming)
{
    warming->retry = (struct loop_timer){.fired = on_retry, .owner = warming};
    warming->age = (struct loop_timer){.fired = on_age, .owner = warming};
}

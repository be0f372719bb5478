/* upgrade: see upgrade.h. The side of the one that goes; upgrade_arrive.c is the other's. */
#include "daemon/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "carry/adoption.h"
#include "control/control.h"
#include "daemon/daemon.h"

/* So long the new build may take to say that it can. */
#define PROOF_SECONDS 10
/* So long starts that are under way are waited for; they take milliseconds, unless somebody stops
 * the process in its first steps. */
#define LEAVING_WAIT (2 * CLOCK_SECOND)

#define REASON_SIZE (PROOF_TEXT_MAX + 256)

/* Each line of what the new build said, in the log. */
static void log_words(const char *text)
{
    while (text[0] != '\0') {
        size_t length = strcspn(text, "\n");

        if (length > 0)
            log_error("upgrade: %.*s", (int)length, text);
        text += length + (text[length] == '\n');
    }
}

/* Back to where we were. */
static void rest(struct daemon *daemon)
{
    struct upgrade *upgrade = &daemon->upgrade;
    bool was_blocked = daemon->connections.turns.blocked & TURNS_UPGRADING;

    loop_disarm(daemon->loop, &upgrade->timer);
    upgrade->configuration_fd = fd_close(upgrade->configuration_fd);
    upgrade->stage = UPGRADE_NOT;
    turns_unblock(&daemon->connections.turns, TURNS_UPGRADING);
    if (!was_blocked)
        return;
    daemon_apply_pools(daemon);
    turns_look_all(&daemon->connections.turns);
}

/* Lines as one, for who is told in one. */
static void join_lines(char *text)
{
    size_t length = strlen(text);

    while (length > 0 && text[length - 1] == '\n')
        text[--length] = '\0';
    for (; *text != '\0'; text++)
        if (*text == '\n')
            *text = ';';
}

/* words: what the new build said itself; NULL: nothing. */
static void fail(struct daemon *daemon, const char *problem, const char *words)
{
    char reason[REASON_SIZE];

    snprintf(reason, sizeof(reason), "%s%s%s", problem, words && words[0] != '\0' ? ": " : "",
             words ? words : "");
    join_lines(reason);
    rest(daemon);
    daemon->facts.upgrades_failed++;
    if (words)
        log_words(words);
    event_log(EVENT_UPGRADE_FAILED, "upgrade failed, nothing changed: %s", problem);
    control_upgrade_failed(daemon->control, reason);
}

void upgrade_abandon(struct daemon *daemon, const char *reason)
{
    if (daemon->upgrade.stage == UPGRADE_NOT)
        return;
    proof_kill(daemon, &daemon->upgrade.proof);
    daemon->upgrade.reload_due = false; /* for whom? */
    fail(daemon, reason, NULL);
}

/* --- the order, and the proof --------------------------------------------------------------- */

/* Asks it. 0; -errno with the problem. */
static int ask(struct daemon *daemon, char problem[static UPGRADE_PROBLEM_SIZE])
{
    struct upgrade *upgrade = &daemon->upgrade;
    const char *path = upgrade->origin->path ? upgrade->origin->path : "stdinetd's binary";
    int error = upgrade->origin->path ? 0 : -ENOENT;

    if (daemon->connections.turns.blocked & TURNS_STOPPING) {
        snprintf(problem, UPGRADE_PROBLEM_SIZE, "stdinetd is stopping");
        return -ESHUTDOWN;
    }
    upgrade->proven_reloads = daemon->facts.reloads_done;
    if (error == 0 && stat(path, &upgrade->proven) < 0)
        error = -errno;
    if (error == 0)
        error = proof_begin(daemon, &upgrade->proof, &upgrade->configuration_fd);
    if (error < 0)
        snprintf(problem, UPGRADE_PROBLEM_SIZE, "%s: %s", path, strerror(-error));
    else
        log_notice("upgrade: checking %s", path);
    return error;
}

/* Who can't be asked is told so by the timer: whoever orders an upgrade is in the middle of
 * something. */
static void prove(struct daemon *daemon)
{
    struct upgrade *upgrade = &daemon->upgrade;
    nanoseconds wait = PROOF_SECONDS * CLOCK_SECOND;

    snprintf(upgrade->problem, sizeof(upgrade->problem), "the new binary did not answer in time");
    upgrade->proof.length = 0;
    upgrade->proof.text[0] = '\0';
    if (ask(daemon, upgrade->problem) < 0)
        wait = 0;
    upgrade->stage = UPGRADE_PROVING;
    loop_arm(daemon->loop, &upgrade->timer, loop_now(daemon->loop) + wait);
}

void upgrade_request(struct daemon *daemon)
{
    struct upgrade *upgrade = &daemon->upgrade;

    if (upgrade->stage == UPGRADE_NOT)
        prove(daemon);
}

bool upgrade_defers_reload(struct daemon *daemon)
{
    if (daemon->upgrade.stage == UPGRADE_NOT)
        return false;
    daemon->upgrade.reload_due = true;
    return true;
}

bool upgrade_releases_reload(struct daemon *daemon)
{
    bool is_due = daemon->upgrade.reload_due && daemon->upgrade.stage == UPGRADE_NOT;

    if (is_due)
        daemon->upgrade.reload_due = false;
    return is_due;
}

/* From now on nobody is started, so that the starts that are under way come to an end. */
static void leave(struct daemon *daemon)
{
    daemon->upgrade.stage = UPGRADE_LEAVING;
    turns_block(&daemon->connections.turns, TURNS_UPGRADING);
    pools_hold(&daemon->pools, true);
    pools_leave(&daemon->pools);
    loop_arm(daemon->loop, &daemon->upgrade.timer, loop_now(daemon->loop) + LEAVING_WAIT);
}

static void describe_end(int status, char text[static 64])
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        snprintf(text, 64, "the new binary is not stdinetd (no answer)");
    else if (WIFEXITED(status))
        snprintf(text, 64, "the new binary refused, exit status %d", WEXITSTATUS(status));
    else
        snprintf(text, 64, "the new binary was killed by signal %d", WTERMSIG(status));
}

static void on_proof_end(struct process *process, int status, const struct rusage *usage)
{
    struct upgrade *upgrade = MAP_ENTRY(process, struct upgrade, proof.process);
    struct daemon *daemon = MAP_ENTRY(upgrade, struct daemon, upgrade);
    char text[64];

    (void)usage;
    proof_end(daemon, &upgrade->proof);
    if (proof_succeeded(&upgrade->proof, status)) {
        leave(daemon);
        return;
    }
    describe_end(status, text);
    fail(daemon, text, upgrade->proof.text);
}

/* --- leaving -------------------------------------------------------------------------------- */

/* Whether the file is still the one that was asked, about the configuration that we have. */
static bool is_proven(const struct daemon *daemon)
{
    const struct upgrade *upgrade = &daemon->upgrade;
    const struct stat *before = &upgrade->proven;
    struct stat now;

    return upgrade->proven_reloads == daemon->facts.reloads_done &&
           stat(upgrade->origin->path, &now) == 0 && now.st_dev == before->st_dev &&
           now.st_ino == before->st_ino && now.st_size == before->st_size &&
           now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == before->st_mtim.tv_nsec &&
           now.st_ctim.tv_sec == before->st_ctim.tv_sec &&
           now.st_ctim.tv_nsec == before->st_ctim.tv_nsec;
}

/* Executes it, with the memory at fd as one more of writer's fds. Returns only if that failed. */
static int execute(struct daemon *daemon, struct handover_writer *writer, int fd)
{
    char variable[64];
    struct upgrade_execution execution = {.variable = variable, .daemonized = daemon->daemonized};

    snprintf(variable, sizeof(variable), UPGRADE_VARIABLE "=%d:%d", (int)getpid(), fd);
    execution.fds = writer->fds;
    execution.fd_count = writer->fd_count;
    if (fcntl(fd, F_SETFD, 0) < 0)
        return -errno;
    return upgrade_execute(daemon->upgrade.origin, &execution);
}

static int hand_over(struct daemon *daemon)
{
    struct handover_writer writer;
    struct carried carried;
    FD_CLEANUP int fd = -1;
    int error;

    log_flush();
    handover_write_begin(&writer);
    daemon->facts.upgrades_done++;
    carried = daemon_carried(daemon);
    adoption_write(&writer, &carried);
    error = handover_write_end(&writer);
    if (error == 0)
        fd = upgrade_make_memory(writer.text, writer.length);
    if (error == 0)
        error = fd < 0 ? fd : execute(daemon, &writer, fd);
    daemon->facts.upgrades_done--;
    handover_write_free(&writer);
    return error;
}

/* Whether somebody is on his way to a handler. */
static bool is_starting(const struct daemon *daemon)
{
    return !launcher_is_idle(daemon->connections.launcher) || daemon->processes.unclaimed > 0;
}

void upgrade_end_turn(struct daemon *daemon)
{
    struct upgrade *upgrade = &daemon->upgrade;
    char problem[UPGRADE_PROBLEM_SIZE];
    int error;

    if (upgrade->stage != UPGRADE_LEAVING ||
        (is_starting(daemon) && loop_is_armed(&upgrade->timer)))
        return;
    if (daemon->processes.unclaimed > 0) { /* no answer in all that time: they are started cold */
        pools_take_back(&daemon->pools);
        loop_arm(daemon->loop, &upgrade->timer, loop_now(daemon->loop) + LEAVING_WAIT);
        return;
    }
    if (!is_proven(daemon)) {
        rest(daemon); /* another one has come meanwhile, or another configuration */
        prove(daemon);
        return;
    }
    /* A service manager sees a reload, whose end is told by whoever serves then. */
    notify_reloading(&daemon->notify);
    error = hand_over(daemon);
    snprintf(problem, sizeof(problem), "%s: %s", upgrade->origin->path, strerror(-error));
    fail(daemon, problem, NULL);
    daemon_tell_ready(daemon);
}

/* The proof takes too long, or couldn't begin; or the starts do, and they go on without us. */
static void on_timer(struct loop_timer *timer)
{
    struct daemon *daemon = timer->owner;
    struct proof *proof = &daemon->upgrade.proof;

    if (daemon->upgrade.stage != UPGRADE_PROVING)
        return;
    proof_kill(daemon, proof);
    fail(daemon, daemon->upgrade.problem, proof->text);
}

void upgrade_open(struct daemon *daemon, const struct upgrade_origin *origin)
{
    daemon->upgrade =
        (struct upgrade){.origin = origin,
                         .configuration_fd = -1,
                         .timer = {.fired = on_timer, .owner = daemon},
                         .proof = {.words = {.fd = -1}, .process = {.ended = on_proof_end}}};
}

void upgrade_close(struct daemon *daemon)
{
    proof_kill(daemon, &daemon->upgrade.proof);
    daemon->upgrade.configuration_fd = fd_close(daemon->upgrade.configuration_fd);
}

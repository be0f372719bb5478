/* reap: finds out which processes have ended, at a cost that doesn't grow with those that haven't.
 *
 * wait4(-1) looks through all our children, the oldest first: beside ten thousand handlers that
 * sleep, each short one would cost a look at all of them (measured: 820 us of CPU a connection
 * where 180 do). And SIGCHLD tells one pid only: those who end before that is read are not told of.
 * So, where there are many:
 *
 *   the one that the signal told of is asked for by its pid, which costs the same among any number;
 *   then the youngest ones, who are the likeliest to end together, while they are found ended;
 *   then, REAP_SWEEP later, wait4(-1) looks whether anybody was missed (or is an orphan, which PID
 * 1 gets); only where somebody was, a sweep asks for all by their pids, some a turn.
 *
 * Who ends there is server.c's to deal with. Called by daemon.c for the signal and the timer.
 */
#include <signal.h>
#include <sys/wait.h>

#include "serve/server.h"

/* Up to so many children wait4(-1) is as good as anything. */
#define FEW 256
/* Asked for or taken in one turn: the others' turn comes before the next ones'. */
#define REAP_BATCH 256
/* Young ones that may be found alive, one after the other, before the search is left to the sweep.
 */
#define REAP_MISSES 16
/* How late the end of a process can be noticed that the signal and the young ones didn't tell. */
#define REAP_SWEEP (100 * CLOCK_MILLISECOND)

/* What must be done before a process is reaped: asks who of pid (or of all, with -1) has ended,
 * finds out who that is, and with kill-mode = group kills what is left of its group: from then on
 * its number could be another's. Who it is, or 0 where nobody has: one that ends right now is the
 * next signal's. */
static pid_t end_group(struct server *server, pid_t pid)
{
    siginfo_t info = {0};
    struct connection *connection;

    if (waitid(pid > 0 ? P_PID : P_ALL, pid > 0 ? (id_t)pid : 0, &info,
               WEXITED | WNOHANG | WNOWAIT) < 0 ||
        info.si_pid == 0)
        return 0;
    /* Of a template's copy, which has answered before it went on, nobody may know yet. */
    if (server->copies_sent > 0)
        warming_take_answers(server);
    connection = children_find(&server->children, info.si_pid);
    /* Itself it is dead already: a group that has nobody else can't be signalled any more. */
    if (connection && connection->kills_group)
        kill(-info.si_pid, SIGKILL);
    return info.si_pid;
}

/* Takes the end of pid, or of anybody with -1; false where there is none. */
static bool take(struct server *server, pid_t pid)
{
    bool looks = server->children.group_kills > 0 || server->copies_sent > 0;
    pid_t whom = looks ? end_group(server, pid) : pid;
    struct rusage usage;
    int status;
    pid_t ended = whom != 0 ? wait4(whom, &status, WNOHANG, &usage) : 0;
    struct connection *connection = ended > 0 ? children_find(&server->children, ended) : NULL;

    if (connection)
        server_end(server, connection, status, &usage);
    else if (ended > 0 && !warming_child_ended(server, ended)) /* or an orphan */
        upgrade_take_end(server, ended, status);
    return ended > 0;
}

/* Takes whoever has ended; false where a turn was not enough. */
static bool take_all(struct server *server)
{
    for (unsigned i = 0; i < REAP_BATCH; i++)
        if (!take(server, -1))
            return true;
    return false;
}

/* Takes those of the youngest that have ended. */
static void take_young(struct server *server)
{
    struct connection *connection = server->children.youngest;
    unsigned misses = 0;

    for (unsigned i = 0; connection && i < REAP_BATCH && misses < REAP_MISSES; i++) {
        struct connection *older = connection->older;

        misses = take(server, connection->pid) ? 0 : misses + 1;
        connection = older;
    }
}

/* Goes on with the sweep, or looks whether one is worth it; false where there is more to do. */
static bool sweep(struct server *server)
{
    struct children *children = &server->children;
    size_t before = children->processes;

    if (!children->cursor) {
        if (!take(server, -1))
            return true;
        if (children->processes < before) /* else an orphan, which is no sign of others */
            children->cursor = children->youngest;
    }
    for (unsigned i = 0; children->cursor && i < REAP_BATCH; i++) {
        struct connection *connection = children->cursor;

        children->cursor = connection->older;
        take(server, connection->pid);
    }
    return false;
}

void server_reap(struct server *server, pid_t told)
{
    struct children *children = &server->children;
    nanoseconds now = loop_now(server->loop);

    if (children->processes <= FEW) {
        if (!take_all(server))
            loop_arm(server->loop, &server->reap_timer, now);
        return;
    }
    if (told > 0)
        take(server, told);
    take_young(server);
    if (!loop_is_armed(&server->reap_timer))
        loop_arm(server->loop, &server->reap_timer, now + REAP_SWEEP);
}

void server_on_reap_timer(struct loop_timer *timer)
{
    struct server *server = timer->owner;

    if (!sweep(server))
        loop_arm(server->loop, timer, loop_now(server->loop));
}

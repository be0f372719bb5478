/* Warm handlers: the same answers as cold ones, whatever the program does; what happens when
 * something goes wrong; and that nothing is left behind. */
#include "harness.h"

#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "warm/warm.h"

/* A daemon under valgrind would execute valgrind for a warmer. */
#define NEEDS_WARM                                              \
    do {                                                        \
        SKIP_IF(!WARM_IS_POSSIBLE, "this build has no warmth"); \
        SKIP_IF(harness_is_wrapped(), "not under a wrapper");   \
    } while (0)

static const char *programs(const char *name, const char *fallback)
{
    const char *path = getenv(name);

    return path ? path : fallback;
}

/* Copies of the test's handlers where any user may execute them. */
static void copy_programs(const struct daemon *daemon)
{
    ck_assert(harness_shell("cp '%s' '%s/warmee' && cp '%s' '%s/static' && chmod 755 '%s/warmee' "
                            "'%s/static' && printf 'abcdef\\n' >'%s/file' && "
                            "mkdir '%s/traces' && chmod 777 '%s/traces'",
                            programs("STDINETD_WARMEE", "./warmee"), daemon->directory,
                            programs("STDINETD_WARMEE_STATIC", "./warmee-static"),
                            daemon->directory, daemon->directory, daemon->directory,
                            daemon->directory, daemon->directory, daemon->directory) == 0);
}

/* --- what the daemon says of them ------------------------------------------------------------- */

/* A member of a service's "warm" as a number or a text; -1 or "" where it isn't there. */
struct warmth {
    long ready, served, cold;
    char state[32], gate[32], why[160];
};

static void copy_member(const json_t *warm, const char *name, char *text, size_t size)
{
    const char *value = json_string_value(json_object_get(warm, name));

    snprintf(text, size, "%s", value ? value : "");
}

static struct warmth ask_warmth(const struct daemon *daemon, const char *service)
{
    json_t *status = control_expect_ok(
        control_ask_once(daemon, "{\"command\":\"status\",\"arguments\":{\"count\":1000}}"));
    const json_t *warm = json_object_get(control_service(status, service), "warm");
    struct warmth warmth = {.ready = json_integer_value(json_object_get(warm, "ready")),
                            .served = json_integer_value(json_object_get(warm, "served_warm")),
                            .cold = json_integer_value(json_object_get(warm, "served_cold"))};

    copy_member(warm, "state", warmth.state, sizeof(warmth.state));
    copy_member(warm, "gate", warmth.gate, sizeof(warmth.gate));
    copy_member(warm, "why", warmth.why, sizeof(warmth.why));
    json_decref(status);
    return warmth;
}

struct awaited_warmth {
    const struct daemon *daemon;
    const char *service;
    long ready;
    struct warmth last;
};

static bool is_ready(void *context)
{
    struct awaited_warmth *awaited = context;

    awaited->last = ask_warmth(awaited->daemon, awaited->service);
    return awaited->last.ready >= awaited->ready;
}

static bool is_refused(void *context)
{
    struct awaited_warmth *awaited = context;

    awaited->last = ask_warmth(awaited->daemon, awaited->service);
    return awaited->last.why[0] != '\0';
}

static struct warmth await_ready(const struct daemon *daemon, const char *service, long ready)
{
    struct awaited_warmth awaited = {.daemon = daemon, .service = service, .ready = ready};

    ck_assert_msg(harness_until(is_ready, &awaited), "%s isn't warm: %s", service,
                  awaited.last.why);
    return awaited.last;
}

static struct warmth await_refused(const struct daemon *daemon, const char *service)
{
    struct awaited_warmth awaited = {.daemon = daemon, .service = service};

    ck_assert_msg(harness_until(is_refused, &awaited), "%s isn't refused", service);
    return awaited.last;
}

static json_t *ask_parked(const struct daemon *daemon)
{
    return control_expect_ok(
        control_ask_once(daemon, "{\"command\":\"connections\",\"arguments\":{\"parked\":true}}"));
}

/* The pid of a parked process or warmer of the service; 0: there is none. */
static pid_t find_parked(const struct daemon *daemon, const char *service, const char *state)
{
    json_t *answer = ask_parked(daemon);
    const json_t *list = json_object_get(answer, "parked");
    pid_t pid = 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);

        if (strcmp(json_string_value(json_object_get(item, "service")), service) == 0 &&
            strcmp(json_string_value(json_object_get(item, "state")), state) == 0)
            pid = (pid_t)json_integer_value(json_object_get(item, "pid"));
    }
    json_decref(answer);
    return pid;
}

/* Whether that process is one of those that have no connection. */
static bool is_parked(const struct daemon *daemon, pid_t pid)
{
    json_t *answer = ask_parked(daemon);
    const json_t *list = json_object_get(answer, "parked");
    bool found = false;

    for (size_t i = 0; i < json_array_size(list); i++)
        found = found || json_integer_value(json_object_get(json_array_get(list, i), "pid")) == pid;
    json_decref(answer);
    return found;
}

/* --- nothing is left -------------------------------------------------------------------------- */

#define FAMILY_MAX 64

/* The daemon's children at a time: warmers, parked processes, handlers. */
struct family {
    pid_t pids[FAMILY_MAX];
    int count;
};

static void note_family(const struct daemon *daemon, struct family *family)
{
    char path[64], *text, *place;

    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", daemon->pid, daemon->pid);
    text = place = harness_read_file(path);
    for (family->count = 0; family->count < FAMILY_MAX; family->count++) {
        family->pids[family->count] = (pid_t)strtol(place, &place, 10);
        if (family->pids[family->count] == 0)
            break;
    }
    free(text);
}

/* Not there any more, or only to be reaped by whoever got it. */
static bool is_dead(pid_t pid)
{
    char path[64], line[512], *end = NULL;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    file = fopen(path, "r");
    if (file && fgets(line, sizeof(line), file))
        end = strrchr(line, ')');
    if (file)
        fclose(file);
    return !end || end[2] == 'Z' || end[2] == 'X';
}

static bool is_family_dead(void *context)
{
    const struct family *family = context;

    for (int i = 0; i < family->count; i++)
        if (!is_dead(family->pids[i]))
            return false;
    return true;
}

static void expect_nobody(struct family *family)
{
    ck_assert_msg(harness_until(is_family_dead, family), "somebody is left");
}

/* Stops the daemon, after which nothing of it must be there. */
static void end(struct daemon *daemon)
{
    struct family family;

    note_family(daemon, &family);
    harness_signal(daemon, SIGTERM);
    ck_assert_int_eq(harness_wait(daemon), 0);
    expect_nobody(&family);
    harness_remove(daemon);
}

/* --- the same as cold ------------------------------------------------------------------------- */

/* A handler; @ is the daemon's directory. */
struct handler {
    const char *name, *exec, *text;
    const char *needs; /* a program that may be missing */
};

static const struct handler handlers[] = {
    {"ids", "@/warmee ids", "x\n", NULL},
    {"ids-static", "@/static ids", "x\n", NULL},
    {"peer", "@/warmee peer", "x\n", NULL},
    {"peer-static", "@/static peer", "x\n", NULL},
    {"banner", "@/warmee banner", "x\n", NULL},
    {"banner-buffered", "@/warmee banner full", "x\n", NULL},
    {"banner-static", "@/static banner full", "x\n", NULL},
    {"dup", "@/warmee dup", "x\n", NULL},
    {"replace", "@/warmee replace", "x\n", NULL},
    {"fork", "@/warmee fork", "x\n", NULL},
    {"poll", "@/warmee wait poll", "x\n", NULL},
    {"select", "@/warmee wait select", "x\n", NULL},
    {"epoll", "@/warmee wait epoll", "x\n", NULL},
    {"alarm", "@/warmee timer alarm", "x\n", NULL},
    {"itimer", "@/warmee timer itimer", "x\n", NULL},
    {"timerfd", "@/warmee timer timerfd", "x\n", NULL},
    {"signal", "@/warmee signal", "x\n", NULL},
    {"signal-static", "@/static signal", "x\n", NULL},
    {"lock", "@/warmee lock", "x\n", NULL},
    {"thread", "@/warmee thread", "x\n", NULL},
    {"file", "@/warmee file @/file", "x\n", NULL},
    {"file-static", "@/static file @/file", "x\n", NULL},
    {"flock", "@/warmee flock @/file", "x\n", NULL},
    {"time", "@/warmee time", "x\n", NULL},
    {"proc", "@/warmee proc", "x\n", NULL},
    {"pid", "@/warmee pid", "x\n", NULL},
    {"overcommit", "@/warmee overcommit", "x\n", NULL},
    {"nonblock", "@/warmee nonblock", "x\n", NULL},
    {"memory", "@/warmee memory", "x\n", NULL},
    {"compute", "@/warmee compute", "x\n", NULL},
    {"compute-static", "@/static compute", "x\n", NULL},
    {"exit", "@/warmee end exit", "", NULL},
    {"abort", "@/warmee end abort", "", NULL},
    {"close", "@/warmee end close", "", NULL},
    {"errors", "@/warmee end errors", "", NULL},
    {"exec", "@/warmee exec", "x\n", NULL},
    {"exec-changed", "@/warmee exec changed", "x\n", NULL},
    {"exec-dup", "@/warmee hand-on dup", "x\n", NULL},
    {"cat", "cat", "one\ntwo\n", NULL},
    {"tr", "tr a-z A-Z", "one\ntwo\n", NULL},
    {"grep", "grep --line-buffered o", "one\ntwo\nthree\n", NULL},
    {"sed", "sed -u s/o/0/", "one\ntwo\n", NULL},
    {"awk", "awk '{ print NR, $0; fflush() }'", "one\ntwo\n", NULL},
    {"sh", "sh -c 'read x; echo \"got $x\"; exit 4'", "one\n", NULL},
    {"sh-script", "@/script", "one\ntwo\nthree\n", NULL},
    {"sh-peer", "sh -c 'read x; echo \"$REMOTE_ADDR ${TCPREMOTEPORT:+port} $TCPLOCALIP\"'", "x\n",
     NULL},
    {"env-sh", "env FOO=bar sh -c 'read x; echo \"$FOO $x $PROTO\"'", "one\n", NULL},
    {"dash", "dash -c 'read x; echo $x; cat'", "one\ntwo\n", "dash"},
    {"bash", "bash -c 'read x; echo ${x^^}; echo $REMOTE_HOST; cat'", "one\ntwo\n", "bash"},
    {"perl",
     "perl -e '$| = 1; my $x = <STDIN>; use Socket; my ($p) = "
     "sockaddr_in(getpeername(STDIN)); print \"got $x\"; print \"port\" if $p; print <STDIN>'",
     "one\ntwo\n", "perl"},
    {"python", "/usr/bin/python3 @/script.py", "one\ntwo\n", "/usr/bin/python3"},
    {"python-imports",
     "/usr/bin/python3 -c 'import sys, json, re, collections; "
     "print(json.dumps({\"got\": sys.stdin.readline()})); sys.exit(3)'",
     "one\n", "/usr/bin/python3"},
    {"node", "node -e 'process.stdin.on(\"data\", d => process.stdout.write(\"got \" + d))'",
     "one\n", "node"},
    {"git", "git upload-pack @/repository", "0000", "git"},
    {"busybox", "busybox sh -c 'read x; echo $x'", "one\n", "busybox"},
};

static const char script[] =
    "#!/bin/sh\nread x\necho \"first $x\"\nwhile read y; do echo \"more $y\""
    "; done\nexit 6\n";
static const char python[] = "import sys, os\nprint('first', sys.stdin.readline(), end='')\n"
                             "for line in sys.stdin:\n    print('more', line, end='', flush=True)\n"
                             "print(os.getpid() == os.getsid(0))\nsys.exit(9)\n";

static const struct {
    const char *name, *keys;
} forms[] = {
    {"cold", "warm = no\n"},
    {"entry", "warm = entry\nwarm-template = no\nwarm-count = 1\n"},
    {"entry-copy", "warm = entry\nwarm-template = yes\n"},
    {"io", "warm = io\nwarm-template = no\nwarm-count = 1\n"},
    {"io-copy", "warm = io\nwarm-template = yes\n"},
};

#define FORMS (sizeof(forms) / sizeof(forms[0]))

/* What is named in stdinetd(8) as different: what the program remembers as the time, and, in
 * copies, as its pid, is from its warm-up. */
static bool may_differ(const struct handler *handler, size_t form)
{
    bool io = strncmp(forms[form].name, "io", 2) == 0;

    return (io && strcmp(handler->name, "time") == 0) ||
           (strcmp(forms[form].name, "io-copy") == 0 && strcmp(handler->name, "pid") == 0);
}

/* Those that can be no template at io, and why. */
static const struct {
    const char *name, *reason;
} refused_copies[] = {
    {"epoll", "other fds"}, {"perl", "random"}, {"python", "random"}, {"python-imports", "random"}};

/* Part of the reason why that form of it is cold; NULL: it is warm. */
static const char *reason_for_cold(const struct handler *handler, size_t form)
{
    for (size_t i = 0; i < sizeof(refused_copies) / sizeof(refused_copies[0]); i++)
        if (strcmp(forms[form].name, "io-copy") == 0 &&
            strcmp(handler->name, refused_copies[i].name) == 0)
            return refused_copies[i].reason;
    return NULL;
}

static void put_directory(const char *from, const char *directory, char *text, size_t size)
{
    size_t used = 0;

    for (; *from != '\0' && used < size; from++)
        used += (size_t)(*from == '@' ? snprintf(text + used, size - used, "%s", directory)
                                      : snprintf(text + used, size - used, "%c", *from));
}

static void write_config(const struct daemon *daemon, const struct handler *handler,
                         const int ports[FORMS], char *text, size_t size)
{
    char exec[1024];
    size_t used =
        (size_t)snprintf(text, size, "[stdinetd]\ncontrol = %s/control\n", daemon->directory);

    put_directory(handler->exec, daemon->directory, exec, sizeof(exec));
    for (size_t i = 0; i < FORMS; i++)
        used += (size_t)snprintf(text + used, size - used,
                                 "[%s]\nlisten = 127.0.0.1:%d\nexec = %s\nUSER\n%s"
                                 "env = GIT_CONFIG_COUNT=1 "
                                 "GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=*\n",
                                 forms[i].name, ports[i], exec, forms[i].keys);
}

/* How the last handler of the service ended, as its line in the log says. */
static void read_outcome(const struct daemon *daemon, const char *service, int number,
                         char *outcome, size_t size)
{
    char mark[64], *log, *place;

    snprintf(mark, sizeof(mark), " %s: end ", service);
    harness_log_wait(daemon, mark, number);
    log = harness_log(daemon);
    for (place = strstr(log, mark); number > 1; number--)
        place = strstr(place + 1, mark);
    place = strstr(place, "outcome=");
    snprintf(outcome, size, "%.*s", (int)strcspn(place, "\n"), place);
    *strstr(outcome, "duration_ms") = '\0';
    free(log);
}

START_TEST(answers_as_cold)
{
    const struct handler *handler = &handlers[_i];
    struct daemon daemon;
    int ports[FORMS];
    char config[8192], path[128], expected_outcome[128], outcome[128], *expected, *answer;

    NEEDS_WARM;
    SKIP_IF(getenv("HANDLER") && strcmp(getenv("HANDLER"), handler->name) != 0,
            "another is wanted");
    SKIP_IF(handler->needs && harness_shell("command -v %s >/dev/null", handler->needs) != 0,
            "there is no %s", handler->needs);
    harness_begin(&daemon);
    copy_programs(&daemon);
    snprintf(path, sizeof(path), "%s/script", daemon.directory);
    harness_write_program(path, script);
    snprintf(path, sizeof(path), "%s/script.py", daemon.directory);
    harness_write_file(path, python, 0644);
    if (strcmp(handler->name, "git") == 0)
        ck_assert(harness_shell("git init -q --bare '%s/repository' && chmod -R a+rX "
                                "'%s/repository'",
                                daemon.directory, daemon.directory) == 0);
    for (size_t i = 0; i < FORMS; i++)
        ports[i] = harness_port();
    write_config(&daemon, handler, ports, config, sizeof(config));
    harness_configure(&daemon, "%s", config);
    harness_start(&daemon, NULL);
    expected = client_exchange(ports[0], handler->text);
    read_outcome(&daemon, "cold", 1, expected_outcome, sizeof(expected_outcome));
    for (size_t i = 1; i < FORMS; i++)
        for (int time = 1; time <= 3; time++) {
            const char *reason = reason_for_cold(handler, i);
            struct warmth warmth = reason ? await_refused(&daemon, forms[i].name)
                                          : await_ready(&daemon, forms[i].name, 1);

            if (reason)
                ck_assert_msg(strstr(warmth.why, reason) != NULL, "%s", warmth.why);
            answer = client_exchange(ports[i], handler->text);
            if (!may_differ(handler, i))
                ck_assert_msg(strcmp(answer, expected) == 0,
                              "%s is other %s than cold:\n%s\ncold:\n%s", handler->name,
                              forms[i].name, answer, expected);
            read_outcome(&daemon, forms[i].name, time, outcome, sizeof(outcome));
            ck_assert_msg(strcmp(outcome, expected_outcome) == 0, "%s %s: %s, cold: %s",
                          handler->name, forms[i].name, outcome, expected_outcome);
            warmth = ask_warmth(&daemon, forms[i].name);
            ck_assert_msg((reason ? warmth.cold : warmth.served) == time &&
                              warmth.served + warmth.cold == time,
                          "%s %s: %ld warm, %ld cold", handler->name, forms[i].name, warmth.served,
                          warmth.cold);
            free(answer);
        }
    free(expected);
    end(&daemon);
}
END_TEST

/* --- when something goes wrong ---------------------------------------------------------------- */

/* The daemon with one service of the test's handler: "[it]", with these keys. */
static void serve_one(struct daemon *daemon, int port, const char *exec, const char *keys)
{
    char text[1024];

    put_directory(exec, daemon->directory, text, sizeof(text));
    harness_configure(daemon,
                      "[stdinetd]\ncontrol = %s/control\n[it]\nlisten = 127.0.0.1:%d\n"
                      "exec = %s\nUSER\n%s",
                      daemon->directory, port, text, keys);
    harness_start(daemon, NULL);
}

static void begin_one(struct daemon *daemon, int port, const char *exec, const char *keys)
{
    harness_begin(daemon);
    copy_programs(daemon);
    serve_one(daemon, port, exec, keys);
}

static void expect_answer(int port, const char *text, const char *expected)
{
    char *answer = client_exchange(port, text);

    ck_assert_str_eq(answer, expected);
    free(answer);
}

/* Never parked, or not to be: starting on demand, and the reason is there, once in the log. */
static const struct {
    const char *exec, *keys, *text, *answer, *reason;
} refusals[] = {
    {"@/warmee end null", "warm = io\n", "", "", "signal 11"},
    {"@/warmee end loop", "warm = io\nwarm-timeout = 200ms\nmax-runtime = 300ms\n", "", "",
     "warm-timeout"},
    {"@/warmee banner", "warm = io\nrlimit-nproc = 10000\n", "x\n", "welcome you said x\n",
     "rlimit-nproc"},
    {"@/warmee banner", "warm = io\nwarm-template = yes\nstderr = /nowhere/at/all\n", "x\n", "",
     "No such file"},
    {"@/warmee draw", "warm = io\nwarm-template = yes\n", "x\n", NULL, "random"},
    {"@/warmee draw-unseen", "warm = io\nwarm-template = yes\n", "x\n", "drawn\n", "random"},
    {"@/warmee draw read", "warm = io\nwarm-template = yes\n", "x\n", NULL, "random"},
    {"@/warmee hand-on random", "warm = io\nwarm-template = yes\n", "x\n", NULL, "random"},
    {"@/warmee write-over", "warm = io\n", "x\n", "+++\n", "overwrote"},
    {"@/setuid", "warm = entry\n", "x\n", NULL, "set-id"},
};

START_TEST(cold_with_a_reason)
{
    struct daemon daemon;
    int port = harness_port();
    struct warmth warmth;
    char *answer;

    NEEDS_WARM;
    harness_begin(&daemon);
    copy_programs(&daemon);
    ck_assert(harness_shell("cp '%s/warmee' '%s/setuid' && chmod 4755 '%s/setuid'",
                            daemon.directory, daemon.directory, daemon.directory) == 0);
    serve_one(&daemon, port, refusals[_i].exec, refusals[_i].keys);
    if (refusals[_i].reason) {
        warmth = await_refused(&daemon, "it");
        ck_assert_msg(strstr(warmth.why, refusals[_i].reason) != NULL, "%s", warmth.why);
        ck_assert_str_eq(warmth.state, "cold");
    }
    answer = client_exchange(port, refusals[_i].text);
    if (refusals[_i].answer)
        ck_assert_str_eq(answer, refusals[_i].answer);
    free(answer);
    if (refusals[_i].reason) {
        harness_log_wait(&daemon, "starting on demand", 1);
        ck_assert_int_eq(harness_log_count(&daemon, "starting on demand"), 1);
    }
    end(&daemon);
}
END_TEST

/* What others could see happens with a client, not before. */
START_TEST(has_no_effect_before_its_client)
{
    struct daemon daemon;
    int port = harness_port();
    char path[128];

    NEEDS_WARM;
    begin_one(&daemon, port, "@/warmee trace @/traces", "warm = io\nwarm-template = no\n");
    await_ready(&daemon, "it", 4);
    snprintf(path, sizeof(path), "%s/traces/trace", daemon.directory);
    ck_assert_int_ne(access(path, F_OK), 0);
    expect_answer(port, "hello\n", "hello\n");
    ck_assert(harness_shell("test \"$(cat '%s')\" = x", path) == 0);
    end(&daemon);
}
END_TEST

/* What interpreters do at their start doesn't stand in the way of the first read. */
START_TEST(starts_as_interpreters_do)
{
    struct daemon daemon;
    int port = harness_port();

    NEEDS_WARM;
    begin_one(&daemon, port, _i == 0 ? "@/warmee overcommit" : "@/warmee draw-unseen",
              _i == 0 ? "warm = io\nwarm-template = yes\n" : "warm = io\n");
    ck_assert_str_eq(await_ready(&daemon, "it", 1).gate, "read");
    ck_assert_str_eq(ask_warmth(&daemon, "it").state, _i == 0 ? "template" : "one-shot");
    end(&daemon);
}
END_TEST

/* Whether that program is here; says that a test is left out where it isn't. */
static bool has_program(const char *name)
{
    if (!name || harness_shell("command -v %s >/dev/null", name) == 0)
        return true;
    printf("skip - %s is not here\n", name);
    fflush(stdout);
    return false;
}

/* What programs draw, or seed themselves by, before their client comes. Copies would share it: so
 * with warm = io alone each client's handler has its own. */
static const struct {
    const char *exec, *keys, *needs;
    bool by_second; /* those that start in the same second draw the same, cold, too */
} drawers[] = {
    {"@/warmee draw", "", NULL, false},
    {"@/warmee seed", "", NULL, false},
    {"perl -e '$| = 1; $t = int(rand(1e9)); print \"$t\\n\"'", "env = PERL_HASH_SEED=0\n", "perl",
     false},
    {"mawk 'BEGIN { printf \"%d\\n\", rand() * 1e9 }'", "warm-count = 1\n", "mawk", true},
    {"mawk '{ printf \"%d\\n\", rand() * 1e9; fflush() }'", "warm-count = 1\n", "mawk", true},
    {"dash -c 'echo $$'", "", "dash", false},
};

#define DRAWERS_CLIENTS 4

static bool is_another_second(void *context)
{
    const time_t *before = context;

    return time(NULL) != *before;
}

START_TEST(draws_its_own)
{
    struct daemon daemon;
    int port = harness_port();
    char keys[128], *answers[DRAWERS_CLIENTS];

    NEEDS_WARM;
    SKIP_IF(!has_program(drawers[_i].needs), "there is no %s", drawers[_i].needs);
    snprintf(keys, sizeof(keys), "warm = io\n%s", drawers[_i].keys);
    begin_one(&daemon, port, drawers[_i].exec, keys);
    for (int i = 0; i < DRAWERS_CLIENTS; i++) {
        time_t now;

        await_ready(&daemon, "it", 1);
        now = time(NULL);
        if (drawers[_i].by_second)
            ck_assert(harness_until(is_another_second, &now));
        answers[i] = client_exchange(port, "x\n");
        ck_assert_int_gt((int)strlen(answers[i]), 1);
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(answers[i], answers[j]);
    }
    ck_assert_int_eq(ask_warmth(&daemon, "it").served, DRAWERS_CLIENTS);
    for (int i = 0; i < DRAWERS_CLIENTS; i++)
        free(answers[i]);
    end(&daemon);
}
END_TEST

/* Two clients at once of a script that keeps what it is told in a file by its process id, the
 * oldest name there is for one: each gets back what it said. */
START_TEST(keeps_its_own)
{
    struct daemon daemon;
    int port = harness_port(), first, second;

    NEEDS_WARM;
    SKIP_IF(!has_program("dash"), "there is no dash");
    begin_one(&daemon, port,
              "dash -c 'f=@/traces/x.$$; read x; echo \"$x\" >$f; echo kept; read y; cat $f; "
              "rm -f $f'",
              "warm = io\n");
    await_ready(&daemon, "it", 1);
    first = client_connect(port);
    client_send(first, "one\n");
    client_expect(first, "kept\n");
    await_ready(&daemon, "it", 1);
    second = client_connect(port);
    client_send(second, "other\n");
    client_expect(second, "kept\n");
    client_send(first, "go on\n");
    client_expect(first, "one\n");
    client_send(second, "go on\n");
    client_expect(second, "other\n");
    close(first);
    close(second);
    ck_assert_int_eq(ask_warmth(&daemon, "it").served, 2);
    end(&daemon);
}
END_TEST

static void kill_found(pid_t pid, int number)
{
    ck_assert_int_gt(pid, 1);
    ck_assert_int_eq(kill(pid, number), 0);
}

struct change {
    const struct daemon *daemon;
    const char *state;
    pid_t before;
};

static bool has_another(void *context)
{
    const struct change *change = context;
    pid_t now = find_parked(change->daemon, "it", change->state);

    return now != 0 && now != change->before;
}

static void await_another(const struct daemon *daemon, const char *state, pid_t before)
{
    struct change change = {daemon, state, before};

    ck_assert_msg(harness_until(has_another, &change), "no other %s comes", state);
}

/* What stands ready, one of it: tests that have to do with both run twice. */
static const struct {
    const char *keys, *state;
} pools[] = {
    {"warm = io\nwarm-template = yes\n", "template"},
    {"warm = io\nwarm-count = 1\n", "parked"},
};

/* Killed while it waits: another one takes its place, and nobody notices. */
START_TEST(killed_while_parked)
{
    struct daemon daemon;
    int port = harness_port();
    pid_t before;

    NEEDS_WARM;
    begin_one(&daemon, port, "@/warmee banner", pools[_i].keys);
    await_ready(&daemon, "it", 1);
    before = find_parked(&daemon, "it", pools[_i].state);
    kill_found(before, SIGKILL);
    ck_assert_str_eq(await_refused(&daemon, "it").why, "a ready handler exited");
    expect_answer(port, "x\n", "welcome you said x\n");
    await_another(&daemon, pools[_i].state, before);
    expect_answer(port, "y\n", "welcome you said y\n");
    before = find_parked(&daemon, "it", "warmer");
    kill_found(before, SIGKILL);
    expect_answer(port, "x\n", "welcome you said x\n");
    if (_i == 0)
        kill_found(find_parked(&daemon, "it", "template"), SIGKILL);
    await_another(&daemon, "warmer", before);
    await_ready(&daemon, "it", 1);
    expect_answer(port, "z\n", "welcome you said z\n");
    end(&daemon);
}
END_TEST

/* A template that somebody stopped makes no copies: its starting on demand, after a while. */
START_TEST(stopped_while_parked)
{
    struct daemon daemon;
    int port = harness_port();
    pid_t before;

    NEEDS_WARM;
    begin_one(&daemon, port, "@/warmee banner", "warm = io\nwarm-template = yes\n");
    await_ready(&daemon, "it", 1);
    before = find_parked(&daemon, "it", "template");
    kill_found(before, SIGSTOP);
    expect_answer(port, "x\n", "welcome you said x\n");
    await_another(&daemon, "template", before);
    ck_assert(is_dead(before));
    kill_found(find_parked(&daemon, "it", "template"),
               SIGSTOP); /* and nobody is left after the end */
    end(&daemon);
}
END_TEST

/* Whether the service has a client, who counts from its acceptance on. */
static bool is_taken(void *context)
{
    json_t *status = control_expect_ok(control_ask_once(context, "{\"command\":\"status\"}"));
    bool taken = json_integer_value(json_object_get(control_service(status, "it"), "active")) == 1;

    json_decref(status);
    return taken;
}

/* A reload sets max-runtime while a client is on its way to a warm handler: the timer of its end is
 * one of those that are reserved, and is gone with it. It was in the heap of timers for ever, and
 * fired for whoever had the record next. */
START_TEST(max_runtime_on_the_way)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port(), fds[3], fd;
    pid_t parked;

    NEEDS_WARM;
    harness_begin(&daemon);
    copy_programs(&daemon);
    harness_configure(&daemon,
                      "[stdinetd]\ncontrol = %s/control\n[other]\nlisten = 127.0.0.1:%d\n"
                      "exec = cat\nUSER\n[it]\nlisten = 127.0.0.1:%d\nexec = %s/warmee banner\n"
                      "USER\nwarm = io\nwarm-template = no\nwarm-count = 1\n",
                      daemon.directory, other, port, daemon.directory);
    harness_start(&daemon, NULL);
    await_ready(&daemon, "it", 1);
    parked = find_parked(&daemon, "it", "parked");
    kill_found(parked, SIGSTOP);
    fd = client_connect(port);
    client_send(fd, "x\n");
    ck_assert(harness_until(is_taken, &daemon));
    ck_assert(harness_shell("echo 'max-runtime = 300ms' >>'%s/stdinetd.ini'", daemon.directory) ==
              0);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "reloaded", 1);
    kill(parked, SIGCONT);
    client_expect_answer(fd, "", "welcome you said x\n");
    harness_log_wait(&daemon, "it: end", 1);
    /* Who has the record now has a service without max-runtime. */
    for (int i = 0; i < 3; i++) {
        fds[i] = client_connect(other);
        client_send(fds[i], "1\n");
        client_expect(fds[i], "1\n");
    }
    harness_log_wait(&daemon, "other: start", 3);
    /* The timer of a fourth one, whose service has it, is behind any that was left. */
    fd = client_connect(port);
    harness_log_wait(&daemon, "max-runtime exceeded", 1);
    close(fd);
    harness_log_wait(&daemon, "it: end", 2);
    for (int i = 0; i < 3; i++) {
        client_send(fds[i], "2\n");
        client_expect(fds[i], "2\n");
        close(fds[i]);
    }
    end(&daemon);
}
END_TEST

/* Somebody stops each one that is ready: his clients wait, but not for ever one after the other. */
START_TEST(stopped_again_and_again)
{
    struct daemon daemon;
    int port = harness_port();

    NEEDS_WARM;
    begin_one(&daemon, port, "@/warmee banner", pools[_i].keys);
    for (int i = 0; i < 2; i++) {
        await_ready(&daemon, "it", 1);
        kill_found(find_parked(&daemon, "it", pools[_i].state), SIGSTOP);
        expect_answer(port, "x\n", "welcome you said x\n");
    }
    harness_log_wait(&daemon, "warm handler exited; replacing it later", 1);
    end(&daemon);
}
END_TEST

/* A client that is on its way to a warm handler when the daemon is told to stop is served, as it is
 * where its handler is on its way. */
START_TEST(stops_with_a_client)
{
    struct daemon daemon;
    int port = harness_port(), fd;
    char *answer;

    NEEDS_WARM;
    begin_one(&daemon, port, "@/warmee banner", pools[_i].keys);
    await_ready(&daemon, "it", 1);
    kill_found(find_parked(&daemon, "it", pools[_i].state), SIGSTOP);
    fd = client_connect(port);
    client_send(fd, "x\n");
    ck_assert(harness_until(is_taken, &daemon));
    harness_signal(&daemon, SIGTERM);
    answer = client_read_all(fd);
    ck_assert_str_eq(answer, "welcome you said x\n");
    free(answer);
    ck_assert_int_eq(harness_wait(&daemon), 0);
    harness_remove(&daemon);
}
END_TEST

/* What a daemon that is at rest uses. */
struct use {
    const struct daemon *daemon;
    int fds;
    long memory;
};

static bool is_as_small(void *context)
{
    const struct use *before = context;

    return process_fds(before->daemon->pid) <= before->fds;
}

/* More at once than are ready: the others are served cold, and none is lost. At rest again, with
 * all that may stand ready, stdinetd is as small as it was. */
START_TEST(burst)
{
    static const struct {
        const char *keys;
        int ready;
    } rows[] = {{"warm = entry\nwarm-template = no\nwarm-count = 2\n", 2},
                {"warm = entry\nwarm-template = yes\n", 1},
                {"warm = io\nwarm-template = yes\n", 1},
                {"warm = io\nwarm-template = yes\nwarm-uses = 10\n", 1}};
    struct daemon daemon;
    struct crowd crowd;
    struct use before;
    int port = harness_port();

    NEEDS_WARM;
    begin_one(&daemon, port, "tr a-z A-Z", rows[_i].keys);
    await_ready(&daemon, "it", rows[_i].ready);
    crowd_start(&crowd, port, harness_scale(50), harness_scale(1000));
    crowd_end(&crowd);
    ck_assert(ask_warmth(&daemon, "it").served > 0);
    harness_log_wait(&daemon, "outcome=ok", harness_scale(1000));
    ck_assert_int_eq(harness_log_count(&daemon, "outcome=ok"), harness_scale(1000));
    await_ready(&daemon, "it", rows[_i].ready);
    before = (struct use){&daemon, process_fds(daemon.pid), process_status(daemon.pid, "VmRSS")};
    crowd_start(&crowd, port, harness_scale(50), harness_scale(4000));
    crowd_end(&crowd);
    ck_assert_msg(harness_until(is_as_small, &before), "%d fds, before %d", process_fds(daemon.pid),
                  before.fds);
#ifndef __SANITIZE_ADDRESS__ /* which keeps freed memory aside */
    ck_assert_int_le(process_status(daemon.pid, "VmRSS"), before.memory + before.memory / 10);
#endif
    end(&daemon);
}
END_TEST

/* --- what changes ------------------------------------------------------------------------------
 */

/* Another program, script or interpreter's argument: the next client has the new one. */
START_TEST(program_replaced)
{
    static const char *const execs[] = {"@/program", "sh @/program"};
    static const char *const keys[] = {"warm = entry\nwarm-template = yes\n", "warm = io\n"};
    struct daemon daemon;
    int port = harness_port();
    char path[128];

    NEEDS_WARM;
    harness_begin(&daemon);
    copy_programs(&daemon);
    snprintf(path, sizeof(path), "%s/program", daemon.directory);
    harness_write_program(path, "#!/bin/sh\nread x\necho one\n");
    serve_one(&daemon, port, execs[_i % 2], keys[_i / 2]);
    await_ready(&daemon, "it", 1);
    expect_answer(port, "x\n", "one\n");
    await_ready(&daemon, "it", 1);
    unlink(path);
    harness_write_program(path, "#!/bin/sh\nread x\necho two\n");
    expect_answer(port, "x\n", "two\n");
    await_ready(&daemon, "it", 1);
    expect_answer(port, "x\n", "two\n");
    ck_assert(ask_warmth(&daemon, "it").served >= 2);
    end(&daemon);
}
END_TEST

/* Written over, with size and time as before; or the directory is another one, by its link. */
START_TEST(place_replaced)
{
    struct daemon daemon;
    int port = harness_port();
    char keys[128], path[128];

    NEEDS_WARM;
    harness_begin(&daemon);
    copy_programs(&daemon);
    ck_assert(harness_shell("cd '%s' && mkdir one two && echo 'read x; echo one' >one/script && "
                            "echo 'read x; echo two' >two/script && "
                            "echo 'read x; cat script' >look && ln -s one place",
                            daemon.directory) == 0);
    snprintf(keys, sizeof(keys), "warm = io\nwarm-template = yes\ndirectory = %s/place\n",
             daemon.directory);
    snprintf(path, sizeof(path), _i == 0 ? "sh @/one/script" : "sh @/look");
    serve_one(&daemon, port, path, keys);
    await_ready(&daemon, "it", 1);
    expect_answer(port, "x\n", _i == 0 ? "one\n" : "read x; echo one\n");
    await_ready(&daemon, "it", 1);
    ck_assert(harness_shell(_i == 0 ? "cd '%s' && touch -r one/script time && "
                                      "sed s/one/two/ one/script >other && cat other >one/script "
                                      "&& touch -r time one/script"
                                    : "cd '%s' && ln -sfn two place",
                            daemon.directory) == 0);
    expect_answer(port, "x\n", _i == 0 ? "two\n" : "read x; echo two\n");
    await_ready(&daemon, "it", 1);
    expect_answer(port, "x\n", _i == 0 ? "two\n" : "read x; echo two\n");
    ck_assert_int_ge(ask_warmth(&daemon, "it").served, 2);
    end(&daemon);
}
END_TEST

static void configure_reload(struct daemon *daemon, int port, const char *keys)
{
    harness_configure(daemon,
                      "[stdinetd]\ncontrol = %s/control\n[it]\nlisten = 127.0.0.1:%d\n"
                      "exec = %s/warmee end exit\nUSER\n%s",
                      daemon->directory, port, daemon->directory, keys);
}

START_TEST(reload)
{
    struct daemon daemon;
    int port = harness_port();
    pid_t before;

    NEEDS_WARM;
    harness_begin(&daemon);
    copy_programs(&daemon);
    configure_reload(&daemon, port, "warm = io\nwarm-template = yes\n");
    harness_start(&daemon, NULL);
    await_ready(&daemon, "it", 1);
    before = find_parked(&daemon, "it", "template");
    /* Nothing of it changes: it stays. */
    configure_reload(&daemon, port, "warm = io\nwarm-template = yes\nmax-connections = 7\n");
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "reloaded", 1);
    ck_assert_int_eq(find_parked(&daemon, "it", "template"), before);
    /* Its environment does. */
    configure_reload(&daemon, port, "warm = io\nwarm-template = yes\nenv = A=1\n");
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "reloaded", 2);
    await_another(&daemon, "template", before);
    ck_assert(is_dead(before));
    before = find_parked(&daemon, "it", "template");
    configure_reload(&daemon, port, "warm = no\n");
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "reloaded", 3);
    ck_assert_int_eq(find_parked(&daemon, "it", "template"), 0);
    ck_assert(harness_until(is_family_dead, &(struct family){.pids = {before}, .count = 1}));
    expect_answer(port, "", "");
    end(&daemon);
}
END_TEST

/* Whether somebody who has said something waits for a place. */
static bool awaits_place(void *context)
{
    json_t *answer = control_expect_ok(control_ask_once(context, "{\"command\":\"connections\"}"));
    const json_t *list = json_object_get(answer, "connections");
    bool found = false;

    for (size_t i = 0; i < json_array_size(list); i++)
        found =
            found || strcmp(json_string_value(json_object_get(json_array_get(list, i), "state")),
                            "awaits-place") == 0;
    json_decref(answer);
    return found;
}

/* A client that waits for a place while the configuration changes is served by the new one. */
START_TEST(reload_with_a_client)
{
    static const char config[] = "[stdinetd]\ncontrol = %s/control\n[it]\n"
                                 "listen = 127.0.0.1:%d\nexec = %s/warmee %s\nUSER\nwarm = io\n"
                                 "start-on = data\nmax-connections = %d\n";
    struct daemon daemon;
    int port = harness_port(), first, second, control;
    char *answer;

    NEEDS_WARM;
    harness_begin(&daemon);
    copy_programs(&daemon);
    harness_configure(&daemon, config, daemon.directory, port, daemon.directory, "pid", 1);
    harness_start(&daemon, NULL);
    await_ready(&daemon, "it", 1);
    first = client_connect(port);
    second = client_connect(port);
    control = control_connect(&daemon);
    control_await_count(control, "it", "held", 2);
    close(control);
    client_send(first, "x");
    harness_log_wait(&daemon, "start connection=1", 1);
    client_send(second, "x\n");
    ck_assert(harness_until(awaits_place, &daemon));
    harness_configure(&daemon, config, daemon.directory, port, daemon.directory, "banner", 9);
    harness_signal(&daemon, SIGHUP);
    answer = client_read_all(second);
    ck_assert_str_eq(answer, "welcome you said x\n");
    free(answer);
    close(first);
    end(&daemon);
}
END_TEST

static int count_children(const struct daemon *daemon)
{
    struct family family;

    note_family(daemon, &family);
    return family.count;
}

/* Where copies aren't to be made any more, the template goes, and no more are made than are wanted.
 * By a reload; or by an upgrade to a configuration that says nothing of templates, which 1.0.0 took
 * for auto. */
START_TEST(copies_no_more)
{
    static const char *const keys = "warm = io\nwarm-count = 2\n";
    struct daemon daemon;
    struct family family;
    int port = harness_port();
    char text[128];

    NEEDS_WARM;
    snprintf(text, sizeof(text), "%swarm-template = yes\n", keys);
    begin_one(&daemon, port, "@/warmee end exit", text);
    ck_assert_str_eq(await_ready(&daemon, "it", 1).state, "template");
    family = (struct family){.pids = {find_parked(&daemon, "it", "template")}, .count = 1};
    configure_reload(&daemon, port, keys);
    if (_i == 0) {
        harness_signal(&daemon, SIGHUP);
        harness_log_wait(&daemon, "reloaded", 1);
    } else {
        harness_upgrade(&daemon, 1);
    }
    ck_assert_int_eq(find_parked(&daemon, "it", "template"), 0);
    expect_nobody(&family);
    ck_assert_str_eq(await_ready(&daemon, "it", 2).state, "one-shot");
    for (int i = 0; i < 4; i++)
        expect_answer(port, "", "");
    ck_assert_int_le(await_ready(&daemon, "it", 2).ready, 2);
    ck_assert_int_le(count_children(&daemon), 4); /* and a warmer, and one that ends */
    end(&daemon);
}
END_TEST

/* After so many uses, and after so long, there is another one. */
START_TEST(renewed)
{
    static const char *const keys[] = {"warm = io\nwarm-template = yes\nwarm-uses = 3\n",
                                       "warm = io\nwarm-template = yes\nwarm-age = 1s\n",
                                       "warm = io\nwarm-age = 1s\n"};
    static const char *const states[] = {"template", "template", "parked"};
    struct daemon daemon;
    int port = harness_port();
    pid_t before;

    NEEDS_WARM;
    begin_one(&daemon, port, "@/warmee banner", keys[_i]);
    await_ready(&daemon, "it", 1);
    before = find_parked(&daemon, "it", states[_i]);
    for (int i = 0; _i == 0 && i < 4; i++)
        expect_answer(port, "x\n", "welcome you said x\n");
    await_another(&daemon, states[_i], before);
    ck_assert(harness_until(is_family_dead, &(struct family){.pids = {before}, .count = 1}));
    expect_answer(port, "x\n", "welcome you said x\n");
    end(&daemon);
}
END_TEST

/* Whoever stands ready is carried over: no client is lost in between, and the next one has the
 * handler that was warm before. */
START_TEST(upgraded)
{
    const char *state = _i == 0 ? "template" : "parked";
    struct daemon daemon;
    struct crowd crowd;
    int port = harness_port(), requests = harness_scale(600);
    struct warmth before;
    pid_t parked;

    NEEDS_WARM;
    begin_one(&daemon, port, "tr a-z A-Z",
              _i == 0 ? "warm = io\nwarm-template = yes\n" : "warm = entry\n");
    await_ready(&daemon, "it", _i == 0 ? 1 : 4);
    crowd_start(&crowd, port, 10, requests);
    for (int i = 0; i < 3; i++) {
        crowd_wait_for(&crowd, requests * (i + 1) / 5);
        harness_upgrade(&daemon, i + 1);
    }
    crowd_end(&crowd);
    before = await_ready(&daemon, "it", _i == 0 ? 1 : 4);
    parked = find_parked(&daemon, "it", state);
    harness_upgrade(&daemon, 4);
    ck_assert(is_parked(&daemon, parked));
    ck_assert_str_eq(ask_warmth(&daemon, "it").gate, before.gate);
    expect_answer(port, "x\n", "X\n");
    ck_assert_int_eq(ask_warmth(&daemon, "it").served, before.served + 1);
    ck_assert_int_eq(ask_warmth(&daemon, "it").cold, before.cold);
    end(&daemon);
}
END_TEST

/* A service that isn't there any more: who is served stays, who isn't goes. */
START_TEST(upgraded_without)
{
    struct daemon daemon;
    struct family family;
    int port = harness_port(), fd;

    NEEDS_WARM;
    begin_one(&daemon, port, "cat", "warm = io\nwarm-template = yes\n");
    await_ready(&daemon, "it", 1);
    fd = client_connect(port);
    client_send(fd, "x\n");
    client_expect(fd, "x\n");
    await_ready(&daemon, "it", 1);
    family = (struct family){.pids = {find_parked(&daemon, "it", "template")}, .count = 1};
    harness_configure(&daemon,
                      "[stdinetd]\ncontrol = %s/control\n[other]\nlisten = 127.0.0.1:%d\n"
                      "exec = cat\nUSER\n",
                      daemon.directory, harness_port());
    harness_upgrade(&daemon, 1);
    expect_nobody(&family);
    client_send(fd, "y\n");
    client_expect(fd, "y\n");
    close(fd);
    harness_log_wait(&daemon, "it: end", 1);
    end(&daemon);
}
END_TEST

/* What isn't what would be made now isn't carried over: another configuration, another program. */
START_TEST(upgraded_to_another)
{
    struct daemon daemon;
    struct family family;
    int port = harness_port();

    NEEDS_WARM;
    begin_one(&daemon, port, "@/warmee banner", "warm = io\nwarm-template = no\n");
    await_ready(&daemon, "it", 4);
    note_family(&daemon, &family);
    if (_i == 2) /* and that one can't end by itself */
        kill_found(find_parked(&daemon, "it", "parked"), SIGSTOP);
    if (_i != 1)
        harness_configure(&daemon,
                          "[stdinetd]\ncontrol = %s/control\n[it]\nlisten = 127.0.0.1:%d\n"
                          "exec = %s/warmee banner\nUSER\nwarm = io\nenv = A=1\n",
                          daemon.directory, port, daemon.directory);
    else
        ck_assert(harness_shell("cp '%s/warmee' '%s/other' && mv '%s/other' '%s/warmee'",
                                daemon.directory, daemon.directory, daemon.directory,
                                daemon.directory) == 0);
    harness_upgrade(&daemon, 1);
    expect_nobody(&family);
    await_ready(&daemon, "it", 1);
    expect_answer(port, "x\n", "welcome you said x\n");
    end(&daemon);
}
END_TEST

/* --- limits and ends, as ever -------------------------------------------------------------------
 */

/* One at a time: the second waits until the first has gone. */
START_TEST(limits_hold)
{
    struct daemon daemon;
    int port = harness_port(), first, second;
    char *answer;

    NEEDS_WARM;
    begin_one(&daemon, port, "@/warmee banner",
              _i == 0 ? "warm = io\nmax-connections = 1\nwarm-template = yes\n"
                      : "warm = io\nmax-connections = 1\n");
    await_ready(&daemon, "it", _i == 0 ? 1 : 4);
    first = client_connect(port);
    client_expect(first, "welcome ");
    second = client_connect(port);
    client_send(second, "2\n");
    client_send(first, "1\n");
    answer = client_read_all(first);
    ck_assert_str_eq(answer, "you said 1\n");
    free(answer);
    answer = client_read_all(second);
    ck_assert_str_eq(answer, "welcome you said 2\n");
    free(answer);
    ck_assert_int_eq(ask_warmth(&daemon, "it").served, 2);
    end(&daemon);
}
END_TEST

/* From the connection on, not from the warm-up; and it is in its own group, which ends with it. */
START_TEST(max_runtime)
{
    struct daemon daemon;
    int port = harness_port(), fd;
    struct timespec while_it_waits = {.tv_nsec = 700000000};

    NEEDS_WARM;
    begin_one(&daemon, port, "sh -c 'read x; sleep 1000 & echo started; wait'",
              _i == 0 ? "warm = io\nmax-runtime = 500ms\nkill-mode = group\nwarm-template = yes\n"
                      : "warm = io\nmax-runtime = 500ms\nkill-mode = group\n");
    await_ready(&daemon, "it", 1);
    nanosleep(&while_it_waits, NULL); /* longer than it may run */
    fd = client_connect(port);
    client_send(fd, "x\n");
    client_expect(fd, "started\n");
    client_expect_closed(fd);
    harness_log_wait(&daemon, "outcome=timeout", 1);
    ck_assert_int_eq(ask_warmth(&daemon, "it").served, 1);
    end(&daemon);
}
END_TEST

static int read_number(int fd)
{
    char digit;
    int number = 0;

    while (recv(fd, &digit, 1, 0) == 1 && digit >= '0' && digit <= '9')
        number = number * 10 + digit - '0';
    return number;
}

/* KILL to the daemon: who serves goes on, who waits doesn't. */
START_TEST(daemon_killed)
{
    struct daemon daemon;
    struct family family;
    int port = harness_port(), fd, status;
    pid_t serving;

    NEEDS_WARM;
    begin_one(&daemon, port, "sh -c 'echo $$; read x; echo \"said $x\"'",
              _i == 0 ? "warm = entry\nwarm-template = yes\n" : "warm = entry\n");
    await_ready(&daemon, "it", _i == 0 ? 1 : 4);
    fd = client_connect(port);
    serving = (pid_t)read_number(fd);
    await_ready(&daemon, "it", _i == 0 ? 1 : 4);
    note_family(&daemon, &family);
    for (int i = 0; i < family.count; i++)
        if (family.pids[i] == serving)
            family.pids[i] = family.pids[--family.count];
    harness_signal(&daemon, SIGKILL);
    status = harness_wait(&daemon);
    ck_assert(WIFSIGNALED(status));
    expect_nobody(&family);
    client_send(fd, "still there\n");
    client_expect(fd, "said still there\n");
    close(fd);
    harness_remove(&daemon);
}
END_TEST

/* A program that does what it can with the socket it waits at: it harms itself. */
START_TEST(hostile)
{
    struct daemon daemon;
    int port = harness_port();
    pid_t before;

    NEEDS_WARM;
    begin_one(&daemon, port, "@/warmee attack", pools[_i].keys);
    await_ready(&daemon, "it", 1);
    for (int i = 0; i < 3; i++) {
        before = find_parked(&daemon, "it", pools[_i].state);
        kill_found(before, SIGUSR1);
        await_another(&daemon, pools[_i].state, before);
        /* After which nobody waits longer for the next one. */
        expect_answer(port, "x\n", "x\n");
        await_ready(&daemon, "it", 1);
    }
    end(&daemon);
}
END_TEST

/* A template that gives answers that nobody asked for is not one any more: stdinetd doesn't read
 * them for ever. */
START_TEST(floods)
{
    struct daemon daemon;
    int port = harness_port();
    pid_t before;

    NEEDS_WARM;
    begin_one(&daemon, port, "@/warmee attack flood", "warm = io\nwarm-template = yes\n");
    await_ready(&daemon, "it", 1);
    before = find_parked(&daemon, "it", "template");
    kill_found(before, SIGUSR1);
    await_another(&daemon, "template", before);
    ck_assert(is_dead(before));
    expect_answer(port, "x\n", "x\n");
    end(&daemon);
}
END_TEST

/* --- where it can't be, or for others -----------------------------------------------------------
 */

static void forbid_ptrace(void *context)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ptrace, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]), .filter = filter};

    (void)context;
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* which is done by ptrace */
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

START_TEST(ptrace_forbidden)
{
    const struct daemon_options options = {.before_exec = forbid_ptrace};
    struct daemon daemon;
    int port = harness_port();
    struct warmth warmth;

    NEEDS_WARM;
    harness_begin(&daemon);
    copy_programs(&daemon);
    configure_reload(&daemon, port, "warm = io\n");
    harness_start(&daemon, &options);
    warmth = await_refused(&daemon, "it");
    ck_assert_msg(strstr(warmth.why, "cannot trace it") != NULL, "%s", warmth.why);
    expect_answer(port, "", "");
    expect_answer(port, "", "");
    ck_assert_int_eq(harness_log_count(&daemon, "starting on demand"), 1);
    end(&daemon);
}
END_TEST

static void have_few_fds(void *context)
{
    const struct rlimit few = {64, 64};

    (void)context;
    setrlimit(RLIMIT_NOFILE, &few);
}

/* Those that stand ready never take the fds that clients need, of whichever service. */
START_TEST(few_fds)
{
    const struct daemon_options options = {.before_exec = have_few_fds};
    struct daemon daemon;
    int port = harness_port(), other = harness_port();

    NEEDS_WARM;
    harness_begin(&daemon);
    copy_programs(&daemon);
    harness_configure(&daemon,
                      "[stdinetd]\ncontrol = %s/control\n[it]\nlisten = 127.0.0.1:%d\n"
                      "exec = %s/warmee banner\nUSER\nwarm = entry\nwarm-template = no\n"
                      "warm-count = 100\n[other]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n",
                      daemon.directory, port, daemon.directory, other);
    harness_start(&daemon, &options);
    harness_log_wait(&daemon, "starting on demand", 1);
    expect_answer(other, "x\n", "x\n");
    expect_answer(port, "x\n", "welcome you said x\n");
    ck_assert_int_gt(ask_warmth(&daemon, "it").ready, 1);
    end(&daemon);
}
END_TEST

static void become_nobody(void *context)
{
    (void)context;
    if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0))
        _exit(99);
}

/* A daemon that isn't root warms what is its own. */
START_TEST(without_root)
{
    const struct daemon_options options = {.before_exec = become_nobody};
    struct daemon daemon;
    int port = harness_port();

    NEEDS_WARM;
    harness_begin(&daemon);
    harness_copy_daemon(&daemon);
    copy_programs(&daemon);
    ck_assert(harness_shell("chmod 777 '%s'", daemon.directory) == 0);
    harness_configure(&daemon,
                      "[stdinetd]\ncontrol = %s/control\n[it]\nlisten = 127.0.0.1:%d\n"
                      "exec = %s/warmee banner\nwarm = io\nwarm-template = yes\n",
                      daemon.directory, port, daemon.directory);
    harness_start(&daemon, &options);
    ck_assert_str_eq(await_ready(&daemon, "it", 1).state, "template");
    expect_answer(port, "x\n", "welcome you said x\n");
    ck_assert_int_eq(ask_warmth(&daemon, "it").served, 1);
    end(&daemon);
}
END_TEST

/* On a unix socket, with a path of the peer's; inside another root; with what root must set up. */
START_TEST(unix_and_chroot)
{
    struct daemon daemon;
    char path[128];
    char *answer;
    int fd, port = harness_port();

    NEEDS_WARM;
    SKIP_IF(!harness_is_root(), "needs root");
    harness_begin(&daemon);
    copy_programs(&daemon);
    harness_configure(&daemon,
                      "[stdinetd]\ncontrol = %s/control\n[it]\nlisten = unix:%s/socket\n"
                      "exec = sh -c 'read x; echo $x $PROTO $UNIXREMOTEEUID $UNIXLOCALPATH "
                      "$STDINETD_WARM'\nUSER\nwarm = io\n"
                      "[root]\nlisten = 127.0.0.1:%d\nexec = /static banner\nUSER\nwarm = io\n"
                      "warm-template = yes\n"
                      "chroot = %s\nnice = 3\noom-score-adjust = 50\nrlimit-nofile = 100:1000\n"
                      "capabilities = chown\nno-new-privileges = yes\ngroups = none\n",
                      daemon.directory, daemon.directory, port, daemon.directory);
    harness_start(&daemon, NULL);
    await_ready(&daemon, "it", 1);
    await_ready(&daemon, "root", 1);
    snprintf(path, sizeof(path), "%s/socket", daemon.directory);
    fd = client_connect_unix(path);
    client_send(fd, "hello\n");
    answer = client_read_all(fd);
    snprintf(path, sizeof(path), "hello UNIX 0 %s/socket io\n", daemon.directory);
    ck_assert_str_eq(answer, path);
    free(answer);
    expect_answer(port, "x\n", "welcome you said x\n");
    ck_assert_int_eq(ask_warmth(&daemon, "it").served, 1);
    ck_assert_int_eq(ask_warmth(&daemon, "root").served, 1);
    end(&daemon);
}
END_TEST

/* A template's copy opens its files anew, by /proc: without it there is none. */
START_TEST(chroot_without_proc)
{
    struct daemon daemon;
    int port = harness_port();
    char keys[128];

    NEEDS_WARM;
    SKIP_IF(!harness_is_root(), "needs root");
    harness_begin(&daemon);
    copy_programs(&daemon);
    snprintf(keys, sizeof(keys), "warm = io\nchroot = %s\n%s", daemon.directory,
             _i == 0 ? "" : "warm-template = yes\n");
    serve_one(&daemon, port, "/static file /file", keys);
    if (_i == 0)
        ck_assert_str_eq(await_ready(&daemon, "it", 4).state, "one-shot");
    else
        ck_assert_ptr_nonnull(strstr(await_refused(&daemon, "it").why, "no /proc"));
    free(client_exchange(port, "x\n"));
    free(client_exchange(port, "x\n"));
    ck_assert_int_eq(ask_warmth(&daemon, "it").served, _i == 0 ? 2 : 0);
    end(&daemon);
}
END_TEST

Suite *warm_suite(void)
{
    Suite *suite = suite_create("warm");
    TCase *tcase = tcase_create("warm");

    tcase_set_timeout(tcase, LONGEST);
    tcase_add_loop_test(tcase, answers_as_cold, 0, sizeof(handlers) / sizeof(handlers[0]));
    tcase_add_loop_test(tcase, cold_with_a_reason, 0, sizeof(refusals) / sizeof(refusals[0]));
    tcase_add_test(tcase, has_no_effect_before_its_client);
    tcase_add_loop_test(tcase, draws_its_own, 0, sizeof(drawers) / sizeof(drawers[0]));
    tcase_add_test(tcase, keeps_its_own);
    tcase_add_loop_test(tcase, starts_as_interpreters_do, 0, 2);
    tcase_add_loop_test(tcase, killed_while_parked, 0, 2);
    tcase_add_test(tcase, stopped_while_parked);
    tcase_add_test(tcase, max_runtime_on_the_way);
    tcase_add_loop_test(tcase, stopped_again_and_again, 0, 2);
    tcase_add_loop_test(tcase, stops_with_a_client, 0, 2);
    tcase_add_loop_test(tcase, burst, 0, 4);
    tcase_add_loop_test(tcase, program_replaced, 0, 4);
    tcase_add_loop_test(tcase, place_replaced, 0, 2);
    tcase_add_test(tcase, reload);
    tcase_add_loop_test(tcase, renewed, 0, 3);
    tcase_add_test(tcase, reload_with_a_client);
    tcase_add_loop_test(tcase, copies_no_more, 0, 2);
    tcase_add_loop_test(tcase, upgraded, 0, 2);
    tcase_add_loop_test(tcase, upgraded_to_another, 0, 3);
    tcase_add_test(tcase, upgraded_without);
    tcase_add_loop_test(tcase, limits_hold, 0, 2);
    tcase_add_loop_test(tcase, max_runtime, 0, 2);
    tcase_add_loop_test(tcase, daemon_killed, 0, 2);
    tcase_add_loop_test(tcase, hostile, 0, 2);
    tcase_add_test(tcase, floods);
    tcase_add_test(tcase, ptrace_forbidden);
    tcase_add_test(tcase, few_fds);
    tcase_add_test(tcase, without_root);
    tcase_add_test(tcase, unix_and_chroot);
    tcase_add_loop_test(tcase, chroot_without_proc, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}

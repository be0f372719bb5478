/* plan: what plan_build makes of a service: environment, argv, credentials, limits; what
 * environment_fill tells of a connection; and that both together name nothing twice. */
#include "launch/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch/environment.h"
#include "launch/launcher.h"
#include "unit.h"

#define PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char *const parent_environment[] = {
    "A=parent",  "LANG=C", "EMPTY=",       "NOTHING",       "PATH=/parent",
    "AB=longer", "A=late", "LISTEN_FDS=3", "SECRET=secret", "USER=us"};

static const char *const user_variables[SETTINGS_USER_VARIABLES] = {
    "USER=somebody", "LOGNAME=somebody", "HOME=/home/somebody", "SHELL=/bin/ash"};

static struct config *config;
static struct service_settings *service;
static struct settings_user *user;
static struct settings_group *group;
static struct plan_origin origin;

static struct value_words words(const char *text)
{
    struct value_words ret;

    ck_assert_int_eq(value_split_words(config->arena, text, VALUE_SPLIT_COMMAND, &ret), 0);
    return ret;
}

static void open_config(void)
{
    struct arena *arena = arena_new();
    char **items;

    config = arena_allocate(arena, sizeof(*config));
    service = arena_allocate(arena, sizeof(*service));
    user = arena_allocate(arena, sizeof(*user));
    group = arena_allocate(arena, sizeof(*group));
    *config =
        (struct config){.arena = arena, .references = 1, .services = service, .service_count = 1};
    *user = (struct settings_user){"somebody", 1000, 1001, {0}};
    for (int i = 0; i < SETTINGS_USER_VARIABLES; i++)
        user->variables[i] = arena_copy_string(arena, user_variables[i]);
    *group = (struct settings_group){"some", 1002};
    *service = (struct service_settings){.name = "upper", .directory = "/srv", .umask = 027};
    service->exec.program = "/usr/bin/tr";
    service->exec.words = words("tr a-z 'A Z'");
    items = arena_allocate_array(arena, ROWS(parent_environment) + 1, sizeof(*items));
    for (int i = 0; i < ROWS(parent_environment); i++)
        items[i] = arena_copy_string(arena, parent_environment[i]);
    origin = (struct plan_origin){.environment = items};
}

static void close_config(void)
{
    ck_assert_uint_eq(config->references, 1); /* each plan gave its reference back */
    config_unref(config);
}

static struct plan *build(void)
{
    struct plan *plan = NULL;

    ck_assert_int_eq(plan_build(config, service, &origin, NULL, &plan), 0);
    ck_assert_ptr_nonnull(plan);
    return plan;
}

/* items are count strings, exactly the expected ones (up to a NULL) in any order. */
static void check_items(char *const items[], size_t count, const char *const expected[])
{
    size_t wanted = 0;

    for (; expected[wanted]; wanted++) {
        size_t found = 0;

        for (size_t i = 0; i < count; i++)
            found += strcmp(items[i], expected[wanted]) == 0;
        ck_assert_msg(found == 1, "'%s' stands there %zu times", expected[wanted], found);
    }
    ck_assert_msg(count == wanted, "%zu items, not %zu", count, wanted);
}

static const struct {
    const char *env, *pass_env;
    bool user;
    const char *expected[16];
} environment_rows[] = {
    {"", "", false, {PATH}},
    {"A=1 B='x y' C=", "", false, {"A=1", "B=x y", "C=", PATH}},
    {"", "LANG", false, {"LANG=C", PATH}},
    {"", "EMPTY MISSING NOTHING", false, {"EMPTY=", PATH}},
    {"", "A AB", false, {"A=parent", "AB=longer", PATH}},
    {"A=own", "A LANG", false, {"A=own", "LANG=C", PATH}},
    {"AB=own", "A", false, {"AB=own", "A=parent", PATH}},
    {"",
     "",
     true,
     {"USER=somebody", "LOGNAME=somebody", "HOME=/home/somebody", "SHELL=/bin/ash", PATH}},
    {"HOME=/h SHELL=", "USER", true, {"HOME=/h", "SHELL=", "USER=us", "LOGNAME=somebody", PATH}},
    {"PATH=/own", "PATH", false, {"PATH=/own"}},
    {"", "PATH", false, {"PATH=/parent"}},
    {"PATHS=x PAT=y", "", false, {"PATHS=x", "PAT=y", PATH}},
    {"A=b=c", "", false, {"A=b=c", PATH}},
};

START_TEST(test_environment)
{
    struct plan *plan;

    service->env = words(environment_rows[_i].env);
    service->pass_env = words(environment_rows[_i].pass_env);
    service->user = environment_rows[_i].user ? user : NULL;
    plan = build();
    check_items(plan->variables->items, plan->variables->count, environment_rows[_i].expected);
    ck_assert_ptr_null(plan->variables->items[plan->variables->count]);
    plan_unref(plan);
}
END_TEST

START_TEST(test_environment_without_parent)
{
    struct plan *plan;

    origin.environment = NULL;
    service->pass_env = words("LANG A");
    plan = build();
    ck_assert_uint_eq(plan->variables->count, 1);
    plan_unref(plan);
}
END_TEST

/* The strings are copies: the daemon's own environment may change. */
START_TEST(test_environment_is_copied)
{
    char variable[] = "V=one";
    char *environment[] = {variable, NULL};
    struct plan *plan;

    origin.environment = environment;
    service->pass_env = words("V");
    plan = build();
    memcpy(variable, "V=two", sizeof("V=two"));
    ck_assert_str_eq(plan->variables->items[0], "V=one");
    plan_unref(plan);
}
END_TEST

/* What two services have from [defaults] is there once, and as long as one of them is. */
START_TEST(test_environment_is_shared)
{
    struct service_settings *other = arena_allocate(config->arena, sizeof(*other));
    struct plan *one, *two, *three;

    service->env = words("A=1");
    service->user = user;
    *other = *service;
    one = build();
    ck_assert_int_eq(plan_build(config, other, &origin, one, &two), 0);
    ck_assert_ptr_eq(one->variables, two->variables);
    plan_unref(one);
    ck_assert_str_eq(two->variables->items[0], "A=1");
    other->env = words("A=2");
    ck_assert_int_eq(plan_build(config, other, &origin, two, &three), 0);
    ck_assert_str_eq(two->variables->items[0], "A=1");
    ck_assert_str_eq(three->variables->items[0], "A=2");
    plan_unref(three);
    other->env = service->env;
    other->user = NULL;
    ck_assert_int_eq(plan_build(config, other, &origin, two, &three), 0);
    ck_assert_ptr_ne(two->variables, three->variables);
    plan_unref(three);
    plan_unref(two);
}
END_TEST

START_TEST(test_environment_many)
{
    size_t size = 1000 * 16;
    char *text = malloc(size), name[32];
    size_t length = 0;
    struct plan *plan;

    for (int i = 0; i < 1000; i++)
        length += (size_t)snprintf(text + length, size - length, "V%d=%d ", i, i);
    service->env = words(text);
    free(text);
    plan = build();
    ck_assert_uint_eq(plan->variables->count, 1001);
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "V%d=%d", i, i);
        ck_assert_str_eq(plan->variables->items[i], name);
    }
    plan_unref(plan);
}
END_TEST

START_TEST(test_argv)
{
    static const char *const expected[] = {"tr", "a-z", "A Z"};
    struct plan *plan = build();

    for (int i = 0; i < ROWS(expected); i++)
        ck_assert_str_eq(plan->argv[i], expected[i]);
    ck_assert_ptr_null(plan->argv[3]);
    ck_assert_str_eq(plan->program, "/usr/bin/tr");
    plan_unref(plan);
    service->argv0 = "-other name";
    plan = build();
    ck_assert_str_eq(plan->argv[0], "-other name");
    ck_assert_str_eq(plan->argv[1], "a-z");
    ck_assert_str_eq(plan->program, "/usr/bin/tr");
    ck_assert_str_eq(service->exec.words.items[0], "tr"); /* the snapshot's own stay */
    plan_unref(plan);
    service->argv0 = "";
    plan = build();
    ck_assert_str_eq(plan->argv[0], "");
    plan_unref(plan);
}
END_TEST

START_TEST(test_simple_fields)
{
    struct plan *plan;

    origin.nofile = (struct rlimit){1024, 4096};
    origin.oom_score_adjusted = true;
    plan = build();
    ck_assert_uint_eq(plan->nofile.rlim_cur, 1024);
    ck_assert_uint_eq(plan->nofile.rlim_max, 4096);
    ck_assert_str_eq(plan->oom_score, "0");
    ck_assert(plan->own_memory && !plan->oom_score_due);
    ck_assert_str_eq(plan->directory, "/srv");
    ck_assert_uint_eq(plan->umask, 027);
    ck_assert_ptr_eq(plan->snapshot, config);
    ck_assert_uint_eq(config->references, 2);
    plan_unref(plan);
    origin.oom_score_adjusted = false;
    plan = build();
    ck_assert_str_eq(plan->oom_score, "");
    ck_assert(!plan->own_memory);
    plan_unref(plan);
    service->oom_score_adjust = (struct settings_integer){-500, true};
    plan = build();
    ck_assert_str_eq(plan->oom_score, "-500");
    ck_assert(plan->own_memory && plan->oom_score_due);
    plan_unref(plan);
    plan_unref(NULL);
}
END_TEST

static gid_t own_groups[] = {1001, 20, 24};

static const struct {
    bool user, group;
    enum settings_groups_kind kind;
    uint32_t count; /* of own_groups that the snapshot has */
    gid_t gid;      /* expected */
    size_t expected_count;
} credentials_rows[] = {
    {false, false, GROUPS_INIT, 0, 0, 0},  {true, false, GROUPS_INIT, 3, 1001, 3},
    {true, true, GROUPS_INIT, 3, 1002, 3}, {true, false, GROUPS_NONE, 0, 1001, 0},
    {true, true, GROUPS_NONE, 3, 1002, 0}, {true, false, GROUPS_LIST, 2, 1001, 2},
};

START_TEST(test_credentials)
{
    struct plan *plan;

    service->user = credentials_rows[_i].user ? user : NULL;
    service->group = credentials_rows[_i].group ? group : NULL;
    service->groups = (struct settings_groups){
        .kind = credentials_rows[_i].kind, .count = credentials_rows[_i].count, .gids = own_groups};
    plan = build();
    /* Without root nothing is changed: load has made sure that there is nothing to change. */
    ck_assert(plan->change_credentials == (geteuid() == 0 && credentials_rows[_i].user));
    if (plan->change_credentials) {
        ck_assert_uint_eq(plan->uid, 1000);
        ck_assert_uint_eq(plan->gid, credentials_rows[_i].gid);
        ck_assert_uint_eq(plan->group_count, credentials_rows[_i].expected_count);
        for (size_t i = 0; i < plan->group_count; i++)
            ck_assert_uint_eq(plan->groups[i], own_groups[i]);
    }
    plan_unref(plan);
}
END_TEST

static const struct {
    unsigned isolate;
    const char *chroot;
    int clone_flags, unshare_flags;
    bool own_proc;
} isolate_rows[] = {
    {0, NULL, 0, 0, false},
    {0, "/jail", 0, 0, false},
    {1U << ISOLATE_NETWORK, NULL, 0, CLONE_NEWNET, false},
    {1U << ISOLATE_PID, NULL, CLONE_NEWPID, 0, false},
    {1U << ISOLATE_IPC | 1U << ISOLATE_UTS, NULL, 0, CLONE_NEWIPC | CLONE_NEWUTS, false},
    {1U << ISOLATE_MOUNT, NULL, 0, CLONE_NEWNS, false},
    {1U << ISOLATE_PID | 1U << ISOLATE_MOUNT, NULL, CLONE_NEWPID, CLONE_NEWNS, true},
    {1U << ISOLATE_PID | 1U << ISOLATE_MOUNT, "/jail", CLONE_NEWPID, CLONE_NEWNS, true},
};

START_TEST(test_isolate)
{
    struct plan *plan;

    service->isolate = isolate_rows[_i].isolate;
    service->chroot = isolate_rows[_i].chroot;
    plan = build();
    ck_assert_int_eq(plan->clone_flags, isolate_rows[_i].clone_flags);
    ck_assert_int_eq(plan->unshare_flags, isolate_rows[_i].unshare_flags);
    ck_assert(plan->own_proc == isolate_rows[_i].own_proc);
    ck_assert_pstr_eq(plan->chroot, isolate_rows[_i].chroot);
    plan_unref(plan);
}
END_TEST

/* All that the kernel has, but those that are kept; nothing where nothing is said. */
START_TEST(test_capabilities)
{
    uint64_t all = (UINT64_C(1) << cap_max_bits()) - 1;
    struct plan *plan = build();

    ck_assert_uint_eq(plan->dropped_capabilities, 0);
    plan_unref(plan);
    service->capabilities = (struct settings_capabilities){.set = true};
    plan = build();
    ck_assert_uint_eq(plan->dropped_capabilities, all);
    plan_unref(plan);
    service->capabilities.kept = UINT64_C(1) << 10 | UINT64_C(1) << 63;
    plan = build();
    ck_assert_uint_eq(plan->dropped_capabilities, all & ~(UINT64_C(1) << 10));
    plan_unref(plan);
}
END_TEST

/* The plan keeps its snapshot alive. */
START_TEST(test_reference)
{
    struct plan *plan = build(), *other = build();

    ck_assert_uint_eq(config->references, 3);
    plan_unref(plan);
    ck_assert_uint_eq(config->references, 2);
    ck_assert_str_eq(other->argv[0], "tr");
    plan_unref(other);
}
END_TEST

/* host as an address with that port; a number: a unix peer of that uid, gid and pid; NULL: none. */
static struct addr make_addr(const char *host, uint16_t port)
{
    struct addr addr = {.family = ADDR_NONE};

    if (host && strchr(host, '/'))
        return addr_unix(1000, 1001, 4711);
    if (host) {
        ck_assert_int_eq(addr_parse_host(host, &addr), 0);
        addr.port = port;
    }
    return addr;
}

#define PATH_107                                                                                 \
    "/23456789-123456789-123456789-123456789-123456789-123456789-123456789-123456789-123456789-" \
    "123456789-1234567"

static const struct {
    const char *peer, *local; /* a '/' somewhere: unix */
    uint16_t peer_port, local_port;
    const char *peer_path, *local_path;
    uint64_t number;
    uint32_t source_running;
    const char *expected[ENVIRONMENT_ITEMS];
} fill_rows[] = {
    {"192.0.2.1",
     "198.51.100.7",
     40000,
     80,
     NULL,
     NULL,
     1,
     2,
     {"PROTO=TCP", "TCPREMOTEIP=192.0.2.1", "TCPREMOTEPORT=40000", "TCPLOCALIP=198.51.100.7",
      "TCPLOCALPORT=80", "TCPCONNNUM=2", "REMOTE_ADDR=192.0.2.1", "REMOTE_PORT=40000",
      "REMOTE_HOST=192.0.2.1", "STDINETD_SERVICE=upper", "STDINETD_CONNECTION=1"}},
    /* An IPv4 client of an IPv6 socket. */
    {"::ffff:192.0.2.1",
     "::ffff:198.51.100.7",
     1,
     65535,
     NULL,
     NULL,
     UINT64_MAX,
     UINT32_MAX,
     {"PROTO=TCP", "TCPREMOTEIP=192.0.2.1", "TCPREMOTEPORT=1", "TCPLOCALIP=198.51.100.7",
      "TCPLOCALPORT=65535", "TCPCONNNUM=4294967295", "REMOTE_ADDR=192.0.2.1", "REMOTE_PORT=1",
      "REMOTE_HOST=192.0.2.1", "STDINETD_SERVICE=upper",
      "STDINETD_CONNECTION=18446744073709551615"}},
    {"2001:db8::1",
     "fe80::1%2",
     40000,
     80,
     NULL,
     NULL,
     7,
     1,
     {"PROTO=TCP", "TCPREMOTEIP=2001:db8::1", "TCPREMOTEPORT=40000", "TCPLOCALIP=fe80::1%2",
      "TCPLOCALPORT=80", "TCPCONNNUM=1", "REMOTE_ADDR=2001:db8::1", "REMOTE_PORT=40000",
      "REMOTE_HOST=2001:db8::1", "STDINETD_SERVICE=upper", "STDINETD_CONNECTION=7"}},
    {"/",
     "/",
     0,
     0,
     NULL,
     "/run/x.sock",
     7,
     3,
     {"PROTO=UNIX", "UNIXREMOTEPID=4711", "UNIXREMOTEEUID=1000", "UNIXREMOTEEGID=1001",
      "UNIXLOCALPATH=/run/x.sock", "IPCREMOTEEUID=1000", "IPCREMOTEEGID=1001",
      "IPCREMOTEPATH=", "IPCLOCALPATH=/run/x.sock", "IPCCONNNUM=3", "STDINETD_SERVICE=upper",
      "STDINETD_CONNECTION=7"}},
    {"/",
     "/",
     0,
     0,
     "/run/peer",
     "@abstract",
     7,
     3,
     {"PROTO=UNIX", "UNIXREMOTEPID=4711", "UNIXREMOTEEUID=1000", "UNIXREMOTEEGID=1001",
      "UNIXLOCALPATH=@abstract", "IPCREMOTEEUID=1000", "IPCREMOTEEGID=1001",
      "IPCREMOTEPATH=/run/peer", "IPCLOCALPATH=@abstract", "IPCCONNNUM=3", "STDINETD_SERVICE=upper",
      "STDINETD_CONNECTION=7"}},
    /* The longest there can be: everything fits. */
    {"/",
     "/",
     0,
     0,
     PATH_107,
     PATH_107,
     UINT64_MAX,
     UINT32_MAX,
     {"PROTO=UNIX", "UNIXREMOTEPID=4711", "UNIXREMOTEEUID=1000", "UNIXREMOTEEGID=1001",
      "UNIXLOCALPATH=" PATH_107, "IPCREMOTEEUID=1000", "IPCREMOTEEGID=1001",
      "IPCREMOTEPATH=" PATH_107, "IPCLOCALPATH=" PATH_107, "IPCCONNNUM=4294967295",
      "STDINETD_SERVICE=upper", "STDINETD_CONNECTION=18446744073709551615"}},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295",
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295",
     65535,
     65535,
     NULL,
     NULL,
     7,
     1,
     {"PROTO=TCP", "TCPREMOTEIP=ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295",
      "TCPREMOTEPORT=65535", "TCPLOCALIP=ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295",
      "TCPLOCALPORT=65535", "TCPCONNNUM=1",
      "REMOTE_ADDR=ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295", "REMOTE_PORT=65535",
      "REMOTE_HOST=ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295", "STDINETD_SERVICE=upper",
      "STDINETD_CONNECTION=7"}},
};

START_TEST(test_fill)
{
    static struct environment environment;
    struct launch_connection connection = {
        .protocol = fill_rows[_i].expected[0] + strlen("PROTO="),
        .peer = make_addr(fill_rows[_i].peer, fill_rows[_i].peer_port),
        .local = make_addr(fill_rows[_i].local, fill_rows[_i].local_port),
        .peer_path = fill_rows[_i].peer_path,
        .local_path = fill_rows[_i].local_path,
        .number = fill_rows[_i].number,
        .source_running = fill_rows[_i].source_running};

    memset(&environment, 0xee, sizeof(environment));
    for (int again = 0; again < 2; again++) {
        environment_fill(&environment, "upper", &connection);
        check_items(environment.items, environment.count, fill_rows[_i].expected);
    }
}
END_TEST

START_TEST(test_fill_vsock)
{
    static struct environment environment;
    static const char *const expected[] = {"PROTO=VSOCK",
                                           "VSOCKREMOTECID=3",
                                           "VSOCKREMOTEPORT=4000000000",
                                           "VSOCKLOCALCID=2",
                                           "VSOCKLOCALPORT=1024",
                                           "REMOTE_ADDR=vsock:3",
                                           "REMOTE_PORT=4000000000",
                                           "STDINETD_SERVICE=upper",
                                           "STDINETD_CONNECTION=9",
                                           NULL};
    struct launch_connection connection = {.protocol = "VSOCK",
                                           .peer = addr_vsock(3, 4000000000U),
                                           .local = addr_vsock(2, 1024),
                                           .number = 9};

    environment_fill(&environment, "upper", &connection);
    check_items(environment.items, environment.count, expected);
    ck_assert_ptr_null(environment.listen_pid);
}
END_TEST

/* The pid stands where the environment says, whatever its length. */
START_TEST(test_fill_lent)
{
    static const long pids[] = {1, 9, 10, 4194304, 99999999999};
    static struct environment environment;
    struct launch_connection connection = {.protocol = "UDP", .lent_name = "tftp", .number = 9};

    for (int i = 0; i < ROWS(pids); i++) {
        char pid[64];
        const char *expected[] = {"PROTO=UDP", "LISTEN_FDS=1",           "LISTEN_FDNAMES=tftp",
                                  pid,         "STDINETD_SERVICE=upper", "STDINETD_CONNECTION=9",
                                  NULL};

        environment_fill(&environment, "upper", &connection);
        ck_assert_ptr_nonnull(environment.listen_pid);
        environment_write_pid(environment.listen_pid, pids[i]);
        snprintf(pid, sizeof(pid), "LISTEN_PID=%ld", pids[i]);
        check_items(environment.items, environment.count, expected);
    }
}
END_TEST

/* Reads the connection's other end until the handler has closed it. */
static size_t read_all(int fd, char *text, size_t size)
{
    size_t length = 0;
    ssize_t got;

    while ((got = read(fd, text + length, size - length - 1)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    return length;
}

/* Starts /usr/bin/env -0 as the handler, by that engine, and reads what environment it has. */
static size_t read_environment(const char *engine, char *text, size_t size)
{
    const char *fallback;
    struct launcher *launcher;
    struct launch_start *start;
    struct launch_report report;
    struct plan *plan = build();
    int pair[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
    struct launch_connection connection = {.protocol = "TCP",
                                           .peer = make_addr("192.0.2.1", 40000),
                                           .local = make_addr("192.0.2.2", 80),
                                           .number = 1,
                                           .source_running = 1};
    size_t length;
    pid_t pid;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    connection.fd = pair[1];
    connection.stderr_fd = null;
    if (launcher_open(engine, &launcher, &fallback) == -ENOSYS)
        ck_assert_int_eq(launcher_open("fork", &launcher, &fallback), 0);
    else
        ck_assert_str_eq(launcher_engine(launcher), engine);
    ck_assert_int_eq(launcher_start(launcher, plan, &connection, NULL, &pid, &start), 0);
    while (launcher_tend(launcher) == 0) /* the child takes its connection, and ours is closed */
        sched_yield();
    length = read_all(pair[0], text, size);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    launcher_settle(start, &report);
    ck_assert_msg(report.failure.stage == STAGE_NONE, "not started: %s: %s",
                  stage_name(report.failure.stage), strerror(report.failure.error));
    launcher_close(launcher);
    plan_unref(plan);
    close(pair[0]);
    close(null);
    return length;
}

/* Whatever the service's own variables are: a handler gets each name once. */
START_TEST(test_nothing_twice)
{
    static char text[8192];
    size_t length;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &origin.nofile), 0);
    service->exec.program = "/usr/bin/env";
    service->exec.words = words("env -0");
    service->directory = "/";
    service->env = words("A=1 PATH=/bin HOME=/own");
    length = read_environment(_i == 0 ? "fork" : "clone", text, sizeof(text));
    ck_assert_uint_gt(length, 0);
    for (const char *one = text; one < text + length; one += strlen(one) + 1)
        for (const char *other = one + strlen(one) + 1; other < text + length;
             other += strlen(other) + 1)
            ck_assert_msg(strncmp(one, other, strcspn(one, "=") + 1) != 0, "%s and %s", one, other);
}
END_TEST

Suite *plan_suite(void)
{
    Suite *suite = suite_create("plan");
    TCase *tcase = tcase_create("plan");

    tcase_add_checked_fixture(tcase, open_config, close_config);
    tcase_add_loop_test(tcase, test_environment, 0, ROWS(environment_rows));
    tcase_add_test(tcase, test_environment_without_parent);
    tcase_add_test(tcase, test_environment_is_copied);
    tcase_add_test(tcase, test_environment_is_shared);
    tcase_add_test(tcase, test_environment_many);
    tcase_add_test(tcase, test_argv);
    tcase_add_test(tcase, test_simple_fields);
    tcase_add_loop_test(tcase, test_credentials, 0, ROWS(credentials_rows));
    tcase_add_loop_test(tcase, test_isolate, 0, ROWS(isolate_rows));
    tcase_add_test(tcase, test_capabilities);
    tcase_add_test(tcase, test_reference);
    tcase_add_loop_test(tcase, test_fill, 0, ROWS(fill_rows));
    tcase_add_test(tcase, test_fill_vsock);
    tcase_add_test(tcase, test_fill_lent);
    tcase_add_loop_test(tcase, test_nothing_twice, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}

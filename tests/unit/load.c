/* load: what good configurations become: defaults, layers, includes, lists, names, the one-line
 * service, many services. What is refused is in refuse.c. */
#include "config/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "config/option.h"
#include "support.h"
#include "unit.h"

static const struct service_settings *find_service(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->service_count; i++)
        if (strcmp(config->services[i].name, name) == 0)
            return &config->services[i];
    ck_abort_msg("there is no [%s]", name);
}

/* The words are exactly those, up to a NULL. */
static void check_words(const struct value_words *words, const char *const expected[])
{
    size_t count = 0;

    for (; expected[count]; count++) {
        ck_assert_msg(count < words->count, "no word '%s'", expected[count]);
        ck_assert_str_eq(words->items[count], expected[count]);
    }
    ck_assert_msg(words->count == count, "also '%s'", words->items[count]);
    ck_assert_ptr_null(words->items[count]);
}

#define CHECK_WORDS(words, ...) check_words(words, (const char *const[]){__VA_ARGS__, NULL})

/* The endpoints of listen as text, with blanks between. */
static void check_listen(const struct service_settings *service, const char *expected)
{
    char *text = option_text(option_find(SCOPE_SERVICE, "listen"), service);

    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(test_defaults)
{
    const char *path = sandbox_write_config("main.ini", "[a]\nlisten = 7777\nexec = cat -u\n");
    struct config *config = load_good_file(path);
    const struct service_settings *service = config->services;

    ck_assert_uint_eq(config->references, 1);
    ck_assert_uint_eq(config->service_count, 1);
    ck_assert_str_eq(service->name, "a");
    ck_assert_str_eq(service->where.file, path);
    ck_assert_uint_eq(service->where.line, DEFAULTS_LINES + 1);
    check_listen(service, "7777");
    CHECK_WORDS(&service->exec.words, "cat", "-u");
    ck_assert_int_eq(service->exec.program[0], '/');
    ck_assert_str_eq(strrchr(service->exec.program, '/'), "/cat");
    ck_assert_uint_eq(service->backlog, 4096);
    ck_assert(!service->ipv6_only && !service->freebind && !service->nodelay);
    ck_assert(!service->keepalive && service->enabled);
    ck_assert_uint_eq(service->socket_mode, 0666);
    ck_assert_uint_eq(service->umask, 022);
    ck_assert_str_eq(service->directory, "/");
    ck_assert_uint_eq(service->max_connections, 64);
    ck_assert_uint_eq(service->when_full, WHEN_FULL_QUEUE);
    ck_assert_uint_eq(service->stderr_sink.kind, STDERR_LOG);
    ck_assert_uint_eq(service->groups.kind, GROUPS_INIT);
    ck_assert_ptr_null(service->argv0);
    ck_assert_ptr_null(service->description);
    ck_assert_uint_eq(service->env.count + service->pass_env.count, 0);
    ck_assert_uint_eq(config->daemon.log.kind, SETTINGS_LOG_AUTO);
    ck_assert_uint_eq(config->daemon.max_connections, 0);
    ck_assert_uint_eq(config->daemon.stop_timeout, 30 * CLOCK_SECOND);
    ck_assert_ptr_null(config->daemon.pid_file);
    config_unref(config);
}
END_TEST

/* Built in, [defaults], -o, the service itself: each above the one before. */
START_TEST(test_layers)
{
    static const char *const overrides[] = {"umask=003", "env=O=o", "nodelay=yes",
                                            "log-level=debug", "stop-timeout=7s"};
    struct load_request request = {.overrides = overrides, .override_count = ROWS(overrides)};
    const struct service_settings *one, *two;
    struct config *config;
    char text[1024];

    snprintf(text, sizeof(text),
             "[stdinetd]\nlog-level = error\nlog-format = json\n%s"
             "umask = 002\nbacklog = 2\nenv = D=d\npass-env = TERM\n"
             "[one]\nlisten = 1\nexec = cat\n"
             "[two]\nlisten = 2\nexec = cat\numask = 004\nenv = S=s\nbacklog = 4\nnodelay = no\n",
             defaults_lines());
    request.file = sandbox_write("main.ini", text);
    config = load_good(&request);
    one = find_service(config, "one");
    two = find_service(config, "two");
    ck_assert_uint_eq(one->umask, 03);
    ck_assert_uint_eq(two->umask, 04);
    ck_assert_uint_eq(one->backlog, 2);
    ck_assert_uint_eq(two->backlog, 4);
    CHECK_WORDS(&one->env, "O=o");
    CHECK_WORDS(&two->env, "S=s");
    CHECK_WORDS(&one->pass_env, "TERM");
    CHECK_WORDS(&two->pass_env, "TERM");
    ck_assert(one->nodelay && !two->nodelay);
    ck_assert_uint_eq(config->daemon.log_level, LOG_LEVEL_DEBUG);
    ck_assert_uint_eq(config->daemon.log_format, LOG_FORMAT_JSON);
    ck_assert_uint_eq(config->daemon.stop_timeout, 7 * CLOCK_SECOND);
    config_unref(config);
}
END_TEST

/* A value of before loads as the default; it is warned of where it stands, not for each service. */
START_TEST(test_former_value)
{
    struct load_result result = load_try_file(sandbox_write_config(
        "main.ini", "warm-template = auto\n[a]\nlisten = 1\nexec = cat\n"
                    "[b]\nlisten = 2\nexec = cat\n[c]\nlisten = 3\nexec = cat\n"
                    "warm-template = yes\n[d]\nlisten = 4\nexec = cat\nwarm-template = auto\n"));
    char expected[512];

    snprintf(expected, sizeof(expected),
             "%s/main.ini:%u: warning: warm-template: auto is treated as no: with yes, copies "
             "share memory addresses and random numbers already read\n"
             "%s/main.ini:%u: warning: warm-template: auto is treated as no: with yes, copies "
             "share memory addresses and random numbers already read\n",
             sandbox_path(), DEFAULTS_LINES + 1, sandbox_path(), DEFAULTS_LINES + 15);
    ck_assert_int_eq(result.error, 0);
    ck_assert_uint_eq(result.count, 0);
    ck_assert_str_eq(result.problems, expected);
    ck_assert_uint_eq(find_service(result.config, "a")->warm->template, WARM_TEMPLATE_NO);
    ck_assert_uint_eq(find_service(result.config, "c")->warm->template, WARM_TEMPLATE_YES);
    ck_assert_uint_eq(find_service(result.config, "d")->warm->template, WARM_TEMPLATE_NO);
    load_forget(&result);
}
END_TEST

/* A key that both scopes have is the services', as a section key of -o would be. */
START_TEST(test_override_of_both_scopes)
{
    static const char *const overrides[] = {"max-connections=5"};
    struct load_request request = {.overrides = overrides, .override_count = 1};
    struct config *config;

    request.file = sandbox_write_config("main.ini", "[a]\nlisten = 1\nexec = cat\n");
    config = load_good(&request);
    ck_assert_uint_eq(config->services->max_connections, 5);
    ck_assert_uint_eq(config->daemon.max_connections, 0);
    config_unref(config);
}
END_TEST

START_TEST(test_lists)
{
    const char *path = sandbox_write_config("main.ini", "[a]\n"
                                                        "listen = 1\n"
                                                        "listen = 3-4, [::1]:2\n"
                                                        "  127.0.0.1:9\n"
                                                        "exec = cat\n"
                                                        "env = A=1\n"
                                                        "env = B='x y', C=3\n"
                                                        "pass-env = TERM LANG\n"
                                                        "env = D=\"a ; b\" ; a comment\n"
                                                        "env =\n"
                                                        "pass-env = LC_ALL\n");
    struct config *config = load_good_file(path);
    const struct service_settings *service = config->services;

    check_listen(service, "1 3-4 [::1]:2 127.0.0.1:9");
    CHECK_WORDS(&service->env, "A=1", "B=x y", "C=3", "D=a ; b");
    CHECK_WORDS(&service->pass_env, "TERM", "LANG", "LC_ALL");
    config_unref(config);
}
END_TEST

/* A service's list is its own, even where both come from the same defaults. */
START_TEST(test_lists_are_not_shared)
{
    const char *path =
        sandbox_write("main.ini", geteuid() == 0 ? "[defaults]\nuser = root\nenv = D=d\n"
                                                   "[a]\nlisten = 1\nexec = cat\nenv = A=1\n"
                                                   "env = B=2\n[b]\nlisten = 2\nexec = cat\n"
                                                 : "[defaults]\nenv = D=d\n"
                                                   "[a]\nlisten = 1\nexec = cat\nenv = A=1\n"
                                                   "env = B=2\n[b]\nlisten = 2\nexec = cat\n");
    struct config *config = load_good_file(path);

    CHECK_WORDS(&find_service(config, "a")->env, "A=1", "B=2");
    CHECK_WORDS(&find_service(config, "b")->env, "D=d");
    config_unref(config);
}
END_TEST

static void write_service(const char *file, const char *name, unsigned port)
{
    char text[128];

    snprintf(text, sizeof(text), "[%s]\nlisten = %u\nexec = cat\n", name, port);
    sandbox_write(file, text);
}

/* The services of config, in order, with blanks between. */
static void check_names(const struct config *config, const char *expected)
{
    char names[256] = "";

    for (size_t i = 0; i < config->service_count; i++)
        snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", i > 0 ? " " : "",
                 config->services[i].name);
    ck_assert_str_eq(names, expected);
}

static void write_included(void)
{
    sandbox_make_directory("conf.d");
    write_service("conf.d/20-c.ini", "c", 3);
    write_service("conf.d/10-b.ini", "b", 2);
    write_service("conf.d/30-a.ini", "a", 4);
    write_service("conf.d/no-ini.txt", "no", 5);
    write_service("other.ini", "other", 6);
}

/* INCLUDE stands for the sandbox's path. */
static const struct {
    const char *include;
    const char *names;
} include_rows[] = {
    {"conf.d/*.ini", "main b c a"},
    {"SANDBOX/conf.d/*.ini", "main b c a"},
    {"conf.d/30* conf.d/10-b.ini", "main a b"},
    {"conf.d/30*, conf.d/10*\ninclude = other.ini", "main a b other"},
    {"conf.d/[12]*", "main b c"},
    {"conf.d/nothing-*.ini", "main"},
    {"no-directory/*.ini other.ini", "main other"},
    {"", "main"},
    {"'other.ini'", "main other"},
};

static const char *write_including(const char *include)
{
    const char *mark = strstr(include, "SANDBOX");
    char text[1024];

    snprintf(text, sizeof(text), "[stdinetd]\ninclude = %s%s\n%s[main]\nlisten = 1\nexec = cat\n",
             mark ? sandbox_path() : "", mark ? mark + 7 : include, defaults_lines());
    return sandbox_write("main.ini", text);
}

START_TEST(test_include)
{
    struct config *config;

    write_included();
    config = load_good_file(write_including(include_rows[_i].include));
    check_names(config, include_rows[_i].names);
    ck_assert_str_eq(config->services[0].where.file, sandbox_join("main.ini"));
    if (strncmp(include_rows[_i].names, "main b", 6) == 0)
        ck_assert_str_eq(config->services[1].where.file, sandbox_join("conf.d/10-b.ini"));
    config_unref(config);
}
END_TEST

/* The file named relative to our directory, its includes relative to the file. */
START_TEST(test_include_of_relative_file)
{
    int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct config *config;

    write_included();
    write_including("conf.d/*.ini");
    ck_assert_int_eq(chdir(sandbox_path()), 0);
    config = load_good_file("main.ini");
    check_names(config, "main b c a");
    config_unref(config);
    config = load_good_file("conf.d/../main.ini");
    check_names(config, "main b c a");
    config_unref(config);
    ck_assert_int_eq(fchdir(before), 0);
    close(before);
}
END_TEST

/* The file's own directory is a name, not a pattern. */
START_TEST(test_include_below_brackets)
{
    struct config *config;
    char text[256];

    sandbox_make_directory("a[b]*");
    write_service("a[b]*/x.ini", "x", 2);
    snprintf(text, sizeof(text), "[stdinetd]\ninclude = x.in?\n%s[main]\nlisten = 1\nexec = cat\n",
             defaults_lines());
    config = load_good_file(sandbox_write("a[b]*/main.ini", text));
    check_names(config, "main x");
    config_unref(config);
}
END_TEST

/* A glob that finds the file itself: refused or passed over, but it comes to an end. */
START_TEST(test_include_of_itself)
{
    struct load_result result = load_try_file(write_including("*.ini"));

    ck_assert(result.error == 0 || result.error == -EINVAL);
    load_forget(&result);
}
END_TEST

/* -o may refuse the key, but not take it and read nothing. */
START_TEST(test_include_by_override)
{
    static const char *const overrides[] = {"include=other.ini"};
    struct load_request request = {.overrides = overrides, .override_count = 1};
    struct load_result result;

    write_included();
    request.file = sandbox_write_config("main.ini", "[main]\nlisten = 1\nexec = cat\n");
    result = load_try(&request);
    if (result.error == 0)
        check_names(result.config, "main other");
    load_forget(&result);
}
END_TEST

START_TEST(test_names)
{
    static const char fifty[] = "12345678901234567890123456789012345678901234567890";
    const char *path = sandbox_write_config(
        "main.ini", "[12345678901234567890123456789012345678901234567890]\nlisten = 1\nexec = cat\n"
                    "[1234567890123456789012345678901234567890123456789x]\nlisten = 2\nexec = cat\n"
                    "[two words]\nlisten = 3\nexec = cat\n"
                    "[\xc3\xbc\xe2\x82\xac]\nlisten = 4\nexec = cat\n"
                    "[STDINETD]\nlisten = 5\nexec = cat\n");
    struct config *config = load_good_file(path);

    ck_assert_uint_eq(config->service_count, 5);
    ck_assert_str_eq(config->services[0].name, fifty);
    find_service(config, "two words");
    find_service(config, "\xc3\xbc\xe2\x82\xac");
    find_service(config, "STDINETD");
    config_unref(config);
}
END_TEST

START_TEST(test_line_ends)
{
    char text[256];
    struct config *config;

    snprintf(text, sizeof(text),
             "\xef\xbb\xbf[defaults]\r\n%s\r\n[a]\r\nlisten = 1\r\nexec = cat -u\r\n  -n\r\n",
             geteuid() == 0 ? "user = root" : "");
    config = load_good_file(sandbox_write("main.ini", text));
    CHECK_WORDS(&config->services->exec.words, "cat", "-u", "-n");
    ck_assert_uint_eq(config->services->where.line, 3);
    config_unref(config);
}
END_TEST

/* Relative to the file: where the daemon was started means nothing. */
START_TEST(test_relative_program)
{
    struct config *config;

    sandbox_make_directory("bin");
    sandbox_write_bytes("bin/program", 0755, "#!/bin/sh\n", 10);
    config = load_good_file(
        sandbox_write_config("main.ini", "[a]\nlisten = 1\nexec = bin/program x\n"
                                         "[b]\nlisten = 2\nexec = ./bin/program\nargv0 = y z\n"));
    ck_assert_str_eq(config->services[0].exec.program, sandbox_join("bin/program"));
    CHECK_WORDS(&config->services[0].exec.words, sandbox_join("bin/program"), "x");
    ck_assert_str_eq(config->services[1].exec.program, sandbox_join("./bin/program"));
    ck_assert_str_eq(config->services[1].argv0, "y z");
    config_unref(config);
}
END_TEST

START_TEST(test_disabled)
{
    struct config *config = load_good_file(
        sandbox_write_config("main.ini", "[a]\nlisten = 1\nexec = cat\n"
                                         "[b]\nlisten = 1\nexec = cat\nenabled = no\n"));

    ck_assert_uint_eq(config->service_count, 2);
    ck_assert(config->services[0].enabled && !config->services[1].enabled);
    config_unref(config);
}
END_TEST

/* Addresses that only look as if they overlapped. */
START_TEST(test_neighbours)
{
    struct config *config = load_good_file(sandbox_write_config(
        "main.ini", "[a]\nlisten = 127.0.0.1:1 127.0.0.2:1 [::1]:1 [fe80::1%1]:1 [fe80::1%2]:1\n"
                    "exec = cat\n"
                    "[b]\nlisten = [::]:2\nipv6-only = yes\nexec = cat\n"
                    "[c]\nlisten = 0.0.0.0:2\nexec = cat\n"
                    "[d]\nlisten = 3\nipv6-only = yes\nexec = cat\n"
                    "[e]\nlisten = 127.0.0.1:3\nexec = cat\n"
                    "[f]\nlisten = 0.0.0.0:4\nexec = cat\n"
                    "[g]\nlisten = [::1]:4\nexec = cat\n"
                    "[h]\nlisten = unix:/a unix:@/a unix:/b\nexec = cat\n"));

    ck_assert_uint_eq(config->service_count, 8);
    config_unref(config);
}
END_TEST

/* -l 7777 -o … -- words */
static struct load_request one_line_request(const char *const words[], size_t count)
{
    static const char *const listens[] = {"7777", "127.0.0.1:7778"};
    static const char *const overrides[] = {"user=root", "umask=077"};
    size_t root = geteuid() == 0 ? 0 : 1;

    return (struct load_request){.listens = listens,
                                 .listen_count = 2,
                                 .overrides = overrides + root,
                                 .override_count = 2 - root,
                                 .command = words,
                                 .command_count = count};
}

START_TEST(test_one_line)
{
    static const char *const words[] = {
        "/bin/cat", "a b",   "",    "it's", "\"quoted\"", "back\\slash", "a ;b",
        ";",        "#hash", "a,b", " ",    "\t",         "$HOME `id`",  "\xc3\xbc",
        "%41",      "-o",    "k=v", "'",    "\"",         "\\",          "new\nline"};
    struct load_request request = one_line_request(words, ROWS(words));
    struct config *config = load_good(&request);

    ck_assert_uint_eq(config->service_count, 1);
    ck_assert_str_eq(config->services->name, "cat");
    check_listen(config->services, "7777 127.0.0.1:7778");
    ck_assert_uint_eq(config->services->exec.words.count, ROWS(words));
    for (int i = 0; i < ROWS(words); i++)
        ck_assert_str_eq(config->services->exec.words.items[i], words[i]);
    ck_assert_uint_eq(config->services->umask, 077);
    config_unref(config);
}
END_TEST

/* Any program has its service, whatever it is called. */
static const char *const program_names[] = {
    "plain",
    "two words",
    "defaults",
    "stdinetd",
    "it's",
    "[a]",
    "a program whose name is longer than fifty bytes can be started too",
};

START_TEST(test_one_line_name)
{
    const char *path = sandbox_write_bytes(program_names[_i], 0755, "#!/bin/sh\n", 10),
               *words[] = {path};
    struct load_request request = one_line_request(words, 1);
    struct config *config = load_good(&request);

    ck_assert_uint_eq(config->service_count, 1);
    ck_assert_str_eq(config->services->exec.program, path);
    config_unref(config);
}
END_TEST

START_TEST(test_many_services)
{
    char *text = NULL;
    size_t length;
    FILE *file = open_memstream(&text, &length);
    struct config *config;

    fputs(defaults_lines(), file);
    for (unsigned i = 0; i < 5000; i++)
        fprintf(file, "[service %u]\nlisten = %u\nexec = cat %u\nenv = N=%u\n", i, 1000 + i, i, i);
    fclose(file);
    config = load_good_file(sandbox_write("main.ini", text));
    free(text);
    ck_assert_uint_eq(config->service_count, 5000);
    for (unsigned i = 0; i < 5000; i++) {
        char name[32];

        snprintf(name, sizeof(name), "service %u", i);
        ck_assert_str_eq(config->services[i].name, name);
        ck_assert_uint_eq(config->services[i].listen.items->addr.port, 1000 + i);
        ck_assert_uint_eq(config->services[i].where.line, DEFAULTS_LINES + 1 + 4 * i);
    }
    config_unref(config);
}
END_TEST

/* Five thousand addresses of one port, which are compared with each other. */
START_TEST(test_many_addresses)
{
    char *text = NULL;
    size_t length;
    FILE *file = open_memstream(&text, &length);
    struct config *config;

    fputs(defaults_lines(), file);
    for (unsigned i = 0; i < 5000; i++)
        fprintf(file, "[s%u]\nlisten = 127.0.%u.%u:80\nexec = cat\n", i, i / 250, i % 250 + 1);
    fclose(file);
    config = load_good_file(sandbox_write("main.ini", text));
    free(text);
    ck_assert_uint_eq(config->service_count, 5000);
    config_unref(config);
}
END_TEST

START_TEST(test_long_exec)
{
    char *text = malloc(11000), *word = malloc(10001);
    struct config *config;

    memset(word, 'x', 10000);
    word[10000] = '\0';
    snprintf(text, 11000, "[a]\nlisten = 1\nexec = cat '%s' last ; comment\n", word);
    config = load_good_file(sandbox_write_config("main.ini", text));
    CHECK_WORDS(&config->services->exec.words, "cat", word, "last");
    config_unref(config);
    free(text);
    free(word);
}
END_TEST

/* One snapshot stays what it is while another is loaded and forgotten. */
START_TEST(test_references)
{
    const char *path = sandbox_write_config("main.ini", "[a]\nlisten = 1\nexec = cat\n");
    struct config *one = load_good_file(path), *other;

    ck_assert_ptr_eq(config_ref(one), one);
    ck_assert_uint_eq(one->references, 2);
    config_unref(one);
    other = load_good_file(path);
    ck_assert_ptr_ne(one, other);
    config_unref(other);
    ck_assert_str_eq(one->services->name, "a");
    config_unref(one);
    config_unref(NULL);
}
END_TEST

START_TEST(test_groups)
{
    struct config *config;
    const struct service_settings *services;

    SKIP_IF(geteuid() != 0, "needs root");
    config = load_good_file(sandbox_write(
        "main.ini", "[a]\nlisten = 1\nexec = cat\nuser = root\n"
                    "[b]\nlisten = 2\nexec = cat\nuser = 0\ngroup = 12345\ngroups = none\n"
                    "[c]\nlisten = 3\nexec = cat\nuser = root\ngroups = 7 12345\ngroups = root\n"
                    "[d]\nlisten = 4\nexec = cat\nuser = root\ngroup = 4711\n"));
    services = config->services;
    ck_assert_uint_eq(services[0].user->uid, 0);
    ck_assert_str_eq(services[1].user->name, "root");
    ck_assert_uint_eq(services[0].groups.kind, GROUPS_INIT);
    ck_assert_uint_ge(services[0].groups.count, 1);
    ck_assert_uint_eq(services[0].groups.gids[0], services[0].user->gid);
    ck_assert_uint_eq(services[1].group->gid, 12345);
    ck_assert_uint_eq(services[1].groups.kind, GROUPS_NONE);
    ck_assert_uint_eq(services[1].groups.count, 0);
    ck_assert_uint_eq(services[2].groups.kind, GROUPS_LIST);
    ck_assert_uint_eq(services[2].groups.count, 3);
    ck_assert_uint_eq(services[2].groups.gids[0], 7);
    ck_assert_uint_eq(services[2].groups.gids[1], 12345);
    ck_assert_uint_eq(services[2].groups.gids[2], 0);
    ck_assert_uint_eq(services[3].groups.gids[0], 4711);
    config_unref(config);
}
END_TEST

Suite *load_suite(void)
{
    Suite *suite = suite_create("load");
    TCase *tcase = tcase_create("load");

    sandbox_add(tcase);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test_defaults);
    tcase_add_test(tcase, test_layers);
    tcase_add_test(tcase, test_former_value);
    tcase_add_test(tcase, test_override_of_both_scopes);
    tcase_add_test(tcase, test_lists);
    tcase_add_test(tcase, test_lists_are_not_shared);
    tcase_add_loop_test(tcase, test_include, 0, ROWS(include_rows));
    tcase_add_test(tcase, test_include_of_relative_file);
    tcase_add_test(tcase, test_include_below_brackets);
    tcase_add_test(tcase, test_include_by_override);
    tcase_add_test(tcase, test_names);
    tcase_add_test(tcase, test_line_ends);
    tcase_add_test(tcase, test_relative_program);
    tcase_add_test(tcase, test_disabled);
    tcase_add_test(tcase, test_neighbours);
    tcase_add_test(tcase, test_one_line);
    tcase_add_loop_test(tcase, test_one_line_name, 0, ROWS(program_names));
    tcase_add_test(tcase, test_many_services);
    tcase_add_test(tcase, test_many_addresses);
    tcase_add_test(tcase, test_long_exec);
    tcase_add_test(tcase, test_references);
    tcase_add_test(tcase, test_groups);
    suite_add_tcase(suite, tcase);

    tcase = tcase_create("endless"); /* what must come to an end, soon */
    sandbox_add(tcase);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_include_of_itself);
    suite_add_tcase(suite, tcase);
    return suite;
}

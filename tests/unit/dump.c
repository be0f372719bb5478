/* dump: a configuration dumped, loaded and dumped again is the same, whatever its values hold. */
#include "config/dump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/option.h"
#include "support.h"
#include "unit.h"

static void check_words_equal(const struct value_words *one, const struct value_words *other)
{
    ck_assert_uint_eq(one->count, other->count);
    for (size_t i = 0; i < one->count; i++)
        ck_assert_str_eq(one->items[i], other->items[i]);
}

static void check_texts_equal(const char *one, const char *other)
{
    ck_assert_msg((one == NULL) == (other == NULL), "'%s' and '%s'", one, other);
    if (one)
        ck_assert_str_eq(one, other);
}

/* What texts could hide: two values that are dumped alike. */
static void check_services_equal(const struct service_settings *one,
                                 const struct service_settings *other)
{
    ck_assert_str_eq(one->name, other->name);
    check_words_equal(&one->exec.words, &other->exec.words);
    ck_assert_str_eq(one->exec.program, other->exec.program);
    check_words_equal(&one->env, &other->env);
    check_words_equal(&one->pass_env, &other->pass_env);
    check_texts_equal(one->argv0, other->argv0);
    check_texts_equal(one->description, other->description);
    check_texts_equal(one->directory, other->directory);
    check_texts_equal(one->stderr_sink.path, other->stderr_sink.path);
    ck_assert_uint_eq(one->listen.count, other->listen.count);
    for (size_t i = 0; i < one->listen.count; i++)
        ck_assert(endpoint_equal(&one->listen.items[i], &other->listen.items[i]));
    ck_assert_uint_eq(one->umask, other->umask);
    ck_assert_uint_eq(one->groups.kind, other->groups.kind);
    ck_assert_uint_eq(one->groups.count, other->groups.count);
}

/* config's reference is given away. */
static void check_round_trip(struct config *config)
{
    char *first = dump_text(config), *second;
    struct load_result again = load_try_file(sandbox_write("dump.ini", first));

    ck_assert_msg(again.error == 0, "the dump is refused:\n%s\n%s", again.problems, first);
    ck_assert_msg(again.count == 0, "%s", again.problems);
    second = dump_text(again.config);
    ck_assert_str_eq(second, first);
    ck_assert_uint_eq(again.config->service_count, config->service_count);
    for (size_t i = 0; i < config->service_count; i++)
        check_services_equal(&config->services[i], &again.config->services[i]);
    ck_assert_uint_eq(again.config->daemon.stop_timeout, config->daemon.stop_timeout);
    free(first);
    free(second);
    config_unref(config);
    load_forget(&again);
}

#define HEAD "[a]\nlisten = 1\nexec = cat\n"

static const char *const texts[] = {
    HEAD,
    "[stdinetd]\nlog = syslog\nlog-format = json\nlog-level = debug\npid-file = /run/x y.pid\n"
    "max-connections = 77\nstop-timeout = 90\n" HEAD,
    "[stdinetd]\ncontrol = none\n" HEAD,
    "[stdinetd]\ncontrol = \"/run/x ;y.sock\"\ncontrol-group = 0\n" HEAD,
    "[stdinetd]\nlog = \"/var/log/a ;b.log\"\nstop-timeout = 1500ms\n" HEAD,
    HEAD "backlog = 1\nipv6-only = yes\nfreebind = on\nnodelay = 1\nkeepalive = true\n"
         "socket-mode = 600\numask = 7\ndirectory = /\nmax-connections = 0\nwhen-full = refuse\n"
         "enabled = yes\nstderr = null\n",
    "[a]\nexec = cat\nlisten = udp:1 udp:*:3-5 unix-dgram:/x vsock:7 fd:web unix-seqpacket:@s\n"
    "wait = yes\nbind-device = lo\nreuse-port = yes\ndefer-accept = 3\nreceive-buffer = 64K\n"
    "send-buffer = 1M\n",
    HEAD "rate = 100/10s\nrate-per-source = 20/1s\nmax-connections-per-source = 4\n"
         "source-prefix = 24/56\nrefuse-message = \"421 busy ; \\r\\n\"\nstart-on = data\n"
         "data-timeout = 5s\nallow = 192.0.2.0/24 ::1\nallow = unix\ndeny = 0.0.0.0/0\n"
         "penalty = crash:1m exit.1-5:10s\npenalty-min = 1s\npenalty-max = 2m\n"
         "penalty-exempt = 127.0.0.0/8\nproxy-protocol = yes\nproxy-from = 127.0.0.1\n",
    HEAD "deny = ::2\n[b]\nlisten = 2\nexec = cat\nallow = ::3\n[c]\nlisten = 3\nexec = cat\n",
    HEAD "linger-close = 2s\nkill-mode = group\n",
    HEAD "bind-device = eth0\n[b]\nexec = cat\nlisten = 1\nbind-device = eth1\nwait = no\n",
    HEAD "stderr = connection\n[b]\nlisten = 2\nexec = cat\nstderr = /var/log/a b, c.log\n"
         "[c]\nlisten = 3\nexec = cat\nenabled = no\n",
    /* Quotes, comments, backslashes, commas, blanks. */
    HEAD "description = it's \"fine\" \\ so, x\n",
    HEAD "description = \"a ; b # c\"\n",
    HEAD "description = \"  blanks  \"\n",
    HEAD "description = ; nothing\n",
    HEAD "description = \"\"\n",
    HEAD "description = 'single ; quotes'\n",
    HEAD "description = ends in a backslash\\\n",
    HEAD "description = \\\"\n",
    HEAD "description = \"\\\\\"\n",
    HEAD "description = one\n  two\n  three\n",
    HEAD "description = \xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80 100% %41 [x] = :\n",
    HEAD "description = tab\there \x01\x1b[m\n",
    HEAD "argv0 = -sh \"x\"\n",
    HEAD "argv0 =\n",
    HEAD "directory = \"/a ;b\"\n",
    HEAD
    "env = A= B='' C=\"a ; b\" D='a,b' E=it\\'s F=\"\\\"q\\\"\" G=a\\\\b H=' x ' I='#' J=a=b\n",
    HEAD "env = A='\\' B=\"\\\\\" C='\"' D=';' E=' ;' F='; ' G='a;b'\n",
    HEAD "env = A=1\nenv = B=2, C=3\npass-env = TERM, LANG\npass-env = LC_ALL\n",
    "[a]\nlisten = 1\nexec = sh -c 'echo \"$1\"; exit # now' x \"it's\" \\; a\\\\b '' a,b \" ;\"\n",
    "[a]\nlisten = 1\nexec = cat \"\\\"\" '\\' ' ' \"\t\" \xc3\xbc '#' # %41 [ ] { } * ? ~ ! & | < "
    ">\n",
    "[a]\nlisten = 1\nexec = \"/bin/cat\" -u\n",
    /* Addresses. */
    "[a]\nexec = cat\nlisten = 1 3-9 11,12,13 127.0.0.1:20-30 [::1]:20-30 65530-65535 *:15\n",
    "[a]\nexec = cat\nlisten = http [fe80::1%1]:82 [::ffff:127.0.0.1]:81\n",
    "[a]\nexec = cat\nlisten = unix:/run/x unix:@name 7\n",
    "[a]\nexec = cat\nlisten = \"unix:/run/a b\"\n",
    "[a]\nexec = cat\nlisten = 'unix:/run/a,b' \"unix:/run/it's\" 'unix:/run/\"q\"'\n",
    "[a]\nexec = cat\nlisten = 'unix:/run/a\\b' 'unix:@a ;b'\n",
    /* Names. */
    "[two words]\nlisten = 1\nexec = cat\n[it's]\nlisten = 2\nexec = cat\n"
    "[\xc3\xbc]\nlisten = 3\nexec = cat\n[a]b]\nlisten = 4\nexec = cat\n"
    "[\"a ; b\"]\nlisten = 5\nexec = cat\n[[x]\nlisten = 6\nexec = cat\n"
    "[a\\]\nlisten = 7\nexec = cat\n[#]\nlisten = 8\nexec = cat\n",
};

START_TEST(test_round_trip)
{
    check_round_trip(load_good_file(sandbox_write_config("main.ini", texts[_i])));
}
END_TEST

START_TEST(test_groups)
{
    SKIP_IF(geteuid() != 0, "needs root");
    check_round_trip(load_good_file(sandbox_write(
        "main.ini", "[a]\nlisten = 1\nexec = cat\nuser = 0\ngroup = 12345\ngroups = none\n"
                    "socket-user = root\nsocket-group = 7\n"
                    "[b]\nlisten = 2\nexec = cat\nuser = root\ngroups = 7, root\n"
                    "[c]\nlisten = 3\nexec = cat\nuser = root\ngroups = init\n")));
}
END_TEST

/* What came from includes, [defaults] and -o is in the dump, which needs none of them. */
START_TEST(test_layers)
{
    static const char *const overrides[] = {"umask=077", "env=A='x ; y' B=2", "log-level=debug"};
    struct load_request request = {.overrides = overrides, .override_count = ROWS(overrides)};
    struct config *config;
    char *text;

    sandbox_write("more.ini", "[more]\nlisten = 2\nexec = cat\n");
    request.file = sandbox_write_config("main.ini", "[stdinetd]\ninclude = more.ini\n" HEAD);
    config = load_good(&request);
    text = dump_text(config);
    ck_assert_ptr_null(strstr(text, "include"));
    ck_assert_ptr_null(strstr(text, "[defaults]"));
    ck_assert_ptr_nonnull(strstr(text, "log-level = debug\n"));
    ck_assert_ptr_nonnull(strstr(text, "umask = 077\n"));
    ck_assert_ptr_nonnull(strstr(text, "\n[more]\n"));
    free(text);
    check_round_trip(config);
}
END_TEST

START_TEST(test_many)
{
    char *text = NULL;
    size_t length;
    FILE *file = open_memstream(&text, &length);

    for (unsigned i = 0; i < 500; i++)
        fprintf(file, "[s%u]\nlisten = %u\nexec = cat 'x %u'\ndescription = \"%u ;\"\n", i, i + 1,
                i, i);
    fclose(file);
    check_round_trip(load_good_file(sandbox_write_config("main.ini", text)));
    free(text);
}
END_TEST

START_TEST(test_long)
{
    char *text;
    size_t length;
    FILE *file = open_memstream(&text, &length);

    fputs(HEAD "description = \"", file);
    for (int i = 0; i < 1500; i++)
        fputs("a ; \\\"b\\\" c, ", file);
    fputs("\"\n", file);
    fclose(file);
    check_round_trip(load_good_file(sandbox_write_config("main.ini", text)));
    free(text);
}
END_TEST

/* A service of the command line, whose words no file has been through. */
static const char *const words_rows[][3] = {
    {"cat", "plain", NULL},
    {"cat", "a b ; c", "it's \"x\" \\"},
    {"cat", "", "\t"},
    {"cat", "\r", " "},
};

START_TEST(test_one_line)
{
    static const char *const listens[] = {"7777"}, *const overrides[] = {"user=root"};
    struct load_request request = {.listens = listens,
                                   .listen_count = 1,
                                   .overrides = overrides,
                                   .override_count = geteuid() == 0,
                                   .command = words_rows[_i],
                                   .command_count = words_rows[_i][2] ? 3 : 2};

    check_round_trip(load_good(&request));
}
END_TEST

/* No ini can say a line end inside a word: better no dump than another program. */
START_TEST(test_line_end_in_word)
{
    static const char *const listens[] = {"7777"}, *const overrides[] = {"user=root"};
    static const char *const command[] = {"cat", "one\ntwo"};
    struct load_request request = {.listens = listens,
                                   .listen_count = 1,
                                   .overrides = overrides,
                                   .override_count = geteuid() == 0,
                                   .command = command,
                                   .command_count = 2};
    struct config *config = load_good(&request);
    FILE *file = fopen("/dev/null", "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(config_dump(config, file), -EILSEQ);
    fclose(file);
    config_unref(config);
}
END_TEST

/* Programs of these names, as services of the command line. */
static const char *const program_names[] = {
    "plain", "two words", "a ;b", " blanks ", "it's",     "\"q\"", "a]b",      "[a]",  "]",
    "#a",    "a\\",       ";",    "' ;",      "\xc3\xbc", "a=b",   "defaults", "a\tb",
};

START_TEST(test_one_line_name)
{
    static const char *const listens[] = {"7777"}, *const overrides[] = {"user=root"};
    const char *path = sandbox_write_bytes(program_names[_i], 0755, "#!/bin/sh\n", 10),
               *command[] = {path};
    struct load_request request = {.listens = listens,
                                   .listen_count = 1,
                                   .overrides = overrides,
                                   .override_count = geteuid() == 0,
                                   .command = command,
                                   .command_count = 1};

    check_round_trip(load_good(&request));
}
END_TEST

static ssize_t write_nothing(void *cookie, const char *bytes, size_t size)
{
    (void)cookie;
    (void)bytes;
    (void)size;
    errno = ENOSPC;
    return 0;
}

/* A full disk is not a dump. */
START_TEST(test_write_error)
{
    struct config *config = load_good_file(sandbox_write_config("main.ini", HEAD));
    FILE *file = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_nothing});

    ck_assert_ptr_nonnull(file);
    ck_assert_int_lt(config_dump(config, file), 0);
    fclose(file);
    config_unref(config);
}
END_TEST

Suite *dump_suite(void)
{
    Suite *suite = suite_create("dump");
    TCase *tcase = tcase_create("dump");

    tcase_set_timeout(tcase, 120);
    sandbox_add(tcase);
    tcase_add_loop_test(tcase, test_round_trip, 0, ROWS(texts));
    tcase_add_test(tcase, test_groups);
    tcase_add_test(tcase, test_layers);
    tcase_add_test(tcase, test_many);
    tcase_add_test(tcase, test_long);
    tcase_add_loop_test(tcase, test_one_line, 0, ROWS(words_rows));
    tcase_add_test(tcase, test_line_end_in_word);
    tcase_add_loop_test(tcase, test_one_line_name, 0, ROWS(program_names));
    tcase_add_test(tcase, test_write_error);
    suite_add_tcase(suite, tcase);
    return suite;
}

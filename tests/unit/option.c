/* option: every row of the table: defaults, bounds, texts there and back, the manual; names that
 * are near and far. */
#include "config/option.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/codec.h"
#include "unit.h"

static struct codec_context context;

/* Room for the settings of either scope. */
static union {
    struct daemon_settings daemon;
    struct service_settings service;
} settings;

static void open_context(void)
{
    context =
        (struct codec_context){.arena = arena_new(), .scratch = arena_new(), .directory = "/"};
    memset(&settings, 0, sizeof(settings));
}

static void close_context(void)
{
    arena_free(context.arena);
    arena_free(context.scratch);
}

static int parse(const struct option *option, const char *text)
{
    void *field = option_field(&context, option, &settings);

    memset(field, 0, option->codec->size);
    context.message[0] = context.warning[0] = '\0';
    return option->codec->parse(&context, option, text, field);
}

static void check_stable(const struct option *option, const char *text)
{
    char *first, *second;

    ck_assert_msg(parse(option, text) == 0, "%s = %s: %s", option->name, text, context.message);
    first = option_text(option, &settings);
    ck_assert_ptr_nonnull(first);
    ck_assert_msg(parse(option, first) == 0, "%s = %s is dumped as '%s': %s", option->name, text,
                  first, context.message);
    second = option_text(option, &settings);
    ck_assert_msg(strcmp(first, second) == 0, "%s = %s is dumped as '%s' and that as '%s'",
                  option->name, text, first, second);
    free(first);
    free(second);
}

START_TEST(test_default)
{
    const struct option *option = &option_table[_i];

    if (option->fallback)
        check_stable(option, option->fallback);
}
END_TEST

/* Not set: nothing is dumped, so that loading the dump leaves it unset. */
START_TEST(test_unset)
{
    const struct option *option = &option_table[_i];
    char *text;

    if (option->fallback)
        return;
    text = option_text(option, &settings);
    ck_assert_str_eq(text, "");
    free(text);
}
END_TEST

static const struct {
    const struct codec *codec;
    const char *text;
} samples[] = {
    {&codec_bool, "yes"},
    {&codec_bool, "OFF"},
    {&codec_answer, "yes"},
    {&codec_answer, "0"},
    {&codec_count, "7"},
    {&codec_count, "0001"},
    {&codec_backlog, "7"},
    {&codec_buffer, "65536"},
    {&codec_buffer, "1M"},
    {&codec_device, "eth0"},
    {&codec_device, "br-lan.7"},
    {&codec_integer, "0"},
    {&codec_integer, "-7"},
    {&codec_integer, "19"},
    {&codec_rlimit, "0"},
    {&codec_rlimit, "64K"},
    {&codec_rlimit, "1025:1M"},
    {&codec_rlimit, "3G:unlimited"},
    {&codec_rlimit, "unlimited"},
    {&codec_duration, "0"},
    {&codec_duration, "1500ms"},
    {&codec_duration, "90"},
    {&codec_duration, "120s"},
    {&codec_duration, "24h"},
    {&codec_mode, "0"},
    {&codec_mode, "7"},
    {&codec_mode, "0640"},
    {&codec_mode, "777"},
    {&codec_text, ""},
    {&codec_text, "plain words"},
    {&codec_text, "it's \"fine\" \\ so"},
    {&codec_text, "'single'"},
    {&codec_text, "\"quoted ; \\\"text\\\"\""},
    {&codec_text, "\"  blanks  \""},
    {&codec_text, "a, b; c # d"},
    {&codec_text, "\xc3\xbc\xe2\x82\xac"},
    {&codec_path, "/"},
    {&codec_path, "/a b/c;d"},
    {&codec_path, "\"/a \\\"b\\\"\""},
    {&codec_sink, "/var/log/x y.log"},
    {&codec_sink, "\"/var/log/ ;x\""},
    {&codec_words, ""},
    {&codec_words, "a,b c"},
    {&codec_words, "'a b' \"c,d\" e\\ f \"\""},
    {&codec_env, "A=1"},
    {&codec_env, "A=1, B='x y',C=\"a;b\" D="},
    {&codec_env, "A=\"\\\"\\\\'\" _b2=a=b"},
    {&codec_env, "PROTOCOL=x TCPDUMP=y UNIX=z IPC=a REMOTE=b STDINETD=c"},
    {&codec_names, "A,_b C3"},
    {&codec_listen, "80"},
    {&codec_listen, "80-90, 91 127.0.0.1:80 [::1]:80-82 *:100"},
    {&codec_listen, "65534-65535 1-2"},
    {&codec_listen, "80 80-81 81"},
    {&codec_listen, "[::ffff:127.0.0.1]:80 [fe80::1%1]:80"},
    {&codec_listen, "unix:/run/x unix:@name"},
    {&codec_listen, "udp:53-60 udp:127.0.0.1:69 unix-dgram:/a unix-seqpacket:@b vsock:7 fd:web"},
    {&codec_listen, "\"unix:/run/a b\""},
    {&codec_listen, "'unix:/run/a,b' 80"},
    {&codec_listen, "\"unix:/run/it's\""},
    {&codec_listen, "'unix:/run/\"q\"'"},
    {&codec_listen, "'unix:/run/a\\b'"},
    {&codec_listen, "'unix:@a ;b'"},
    {&codec_command, "cat"},
    {&codec_command, "/bin/sh -c 'echo \"$1\"; exit' x \"it's\" \\; a\\\\b ''"},
    {&codec_command, "cat \xc3\xbc a,b #c"},
    {&codec_set, "network"},
    {&codec_set, "mount pid,network"},
    {&codec_set, "uts ipc"},
    {&codec_set, ""},
    {&codec_capabilities, "none"},
    {&codec_capabilities, "net_bind_service"},
    {&codec_capabilities, "CAP_SYS_ADMIN, chown setuid"},
    {&codec_rate, "0"},
    {&codec_rate, "20/1s"},
    {&codec_rate, "1000000/10ms"},
    {&codec_rate, "5"},
    {&codec_lengths, "32/64"},
    {&codec_lengths, "0/0"},
    {&codec_lengths, "24/128"},
    {&codec_message, ""},
    {&codec_message, "busy"},
    {&codec_message, "421 busy\\r\\n"},
    {&codec_message, "\"  two\\nlines \\t \\\\ \\\" \""},
    {&codec_penalties, ""},
    {&codec_penalties, "crash:1m timeout:2h, silent:10s short:500ms"},
    {&codec_penalties, "exit.0:1 exit.255:2 exit.1-5:3"},
    {&codec_prefixes, "192.0.2.0/24"},
    {&codec_prefixes, "::1, 2001:db8::/32 unix 0.0.0.0/0"},
    {&codec_user, "root"},
    {&codec_user, "0"},
    {&codec_group, "root"},
    {&codec_group, "12345678"},
    {&codec_groups, "init"},
    {&codec_groups, "none"},
    {&codec_groups, "root, 12345678"},
};

/* Each text with each option of its type that may have it. */
START_TEST(test_sample)
{
    bool used = false;

    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];

        if (option->codec != samples[_i].codec)
            continue;
        used = true;
        check_stable(option, samples[_i].text);
    }
    ck_assert_msg(used, "no option for '%s'", samples[_i].text);
}
END_TEST

START_TEST(test_every_codec_has_samples)
{
    const struct codec *codec = option_table[_i].codec;
    bool found = codec == &codec_choice;

    for (int i = 0; i < ROWS(samples); i++)
        found = found || samples[i].codec == codec;
    ck_assert_msg(found, "none for %s", codec->name);
}
END_TEST

START_TEST(test_choices)
{
    const struct option *option = &option_table[_i];

    ck_assert_msg((option->codec == &codec_choice || option->codec == &codec_sink ||
                   option->codec == &codec_set) == (option->choices != NULL),
                  "%s", option->name);
    for (unsigned i = 0; option->choices && option->choices[i]; i++) {
        char *text;

        check_stable(option, option->choices[i]);
        text = option_text(option, &settings);
        ck_assert_str_eq(text, option->choices[i]);
        free(text);
    }
    if (option->choices) {
        ck_assert_int_eq(parse(option, "nonsense"), -EINVAL);
        ck_assert_int_eq(parse(option, ""), option->codec->list ? 0 : -EINVAL);
        ck_assert_int_eq(parse(option, "nonsense"), -EINVAL);
        ck_assert_ptr_nonnull(strstr(context.message, option->choices[0]));
    }
}
END_TEST

/* A word of before is taken as the default, which it is dumped as, and said to be. */
START_TEST(test_former)
{
    const struct option *option = &option_table[_i];
    char *text;

    if (!option->former)
        return;
    ck_assert(option->codec == &codec_choice && option->fallback && option->former_note);
    ck_assert_int_eq(parse(option, option->fallback), 0);
    ck_assert_str_eq(context.warning, "");
    ck_assert_int_eq(parse(option, option->former), 0);
    ck_assert_ptr_nonnull(strstr(context.warning, option->former_note));
    text = option_text(option, &settings);
    ck_assert_str_eq(text, option->fallback);
    free(text);
}
END_TEST

/* Bad for every option of the type. */
static const struct {
    const struct codec *codec;
    const char *text;
} refused[] = {
    {&codec_bool, ""},
    {&codec_bool, "maybe"},
    {&codec_answer, ""},
    {&codec_answer, "perhaps"},
    {&codec_buffer, ""},
    {&codec_buffer, "-1"},
    {&codec_buffer, "unlimited"},
    {&codec_device, ""},
    {&codec_device, "a/b"},
    {&codec_device, "sixteen-letters-"},
    {&codec_count, ""},
    {&codec_count, "-1"},
    {&codec_count, "1x"},
    {&codec_backlog, "x"},
    {&codec_integer, ""},
    {&codec_integer, "x"},
    {&codec_integer, "1.5"},
    {&codec_integer, "--1"},
    {&codec_integer, "+1"},
    {&codec_rlimit, ""},
    {&codec_rlimit, "x"},
    {&codec_rlimit, "2:1"},
    {&codec_rlimit, "unlimited:1"},
    {&codec_rlimit, "1:"},
    {&codec_rlimit, ":1"},
    {&codec_rlimit, "1:2:3"},
    {&codec_rlimit, "1k"},
    {&codec_rlimit, "-1"},
    {&codec_rlimit, "17179869184G"},
    {&codec_rlimit, "18446744073709551615"},
    {&codec_duration, ""},
    {&codec_duration, "1w"},
    {&codec_duration, "-1s"},
    {&codec_mode, ""},
    {&codec_mode, "8"},
    {&codec_mode, "rwx"},
    {&codec_text, "\"open"},
    {&codec_text, "\"two\" \"texts\""},
    {&codec_text, "\"text\"tail"},
    {&codec_text, "\"a\\"},
    {&codec_path, ""},
    {&codec_path, "relative"},
    {&codec_path, "./x"},
    {&codec_path, "\"relative\""},
    {&codec_sink, "relative"},
    {&codec_sink, "\"rel\""},
    {&codec_words, "'open"},
    {&codec_env, "A"},
    {&codec_env, "=1"},
    {&codec_env, "1A=1"},
    {&codec_env, "A-B=1"},
    {&codec_env, "PROTO=x"},
    {&codec_env, "TCPREMOTEIP=x"},
    {&codec_env, "TCPLOCALPORT=x"},
    {&codec_env, "TCPCONNNUM=1"},
    {&codec_env, "REMOTE_ADDR=x"},
    {&codec_env, "REMOTE_PORT=x"},
    {&codec_env, "REMOTE_HOST=x"},
    {&codec_env, "UNIXREMOTEEUID=0"},
    {&codec_env, "UNIXLOCALPATH=x"},
    {&codec_env, "IPCREMOTEEUID=0"},
    {&codec_env, "IPCLOCALPATH=x"},
    {&codec_env, "IPCCONNNUM=1"},
    {&codec_env, "VSOCKREMOTECID=3"},
    {&codec_env, "LISTEN_FDS=1"},
    {&codec_env, "NOTIFY_SOCKET=/x"},
    {&codec_names, "NOTIFY_SOCKET"},
    {&codec_names, "WATCHDOG_USEC"},
    {&codec_names, "WATCHDOG_PID"},
    {&codec_env, "STDINETD_CONNECTION=1"},
    {&codec_names, "PROTO"},
    {&codec_names, "STDINETD_SERVICE"},
    {&codec_env, "A=1 A=2"},
    {&codec_env, "A=1 \xc3\xbc=2"},
    {&codec_env, "A='1"},
    {&codec_env, "\"\""},
    {&codec_names, "A=1"},
    {&codec_names, "1A"},
    {&codec_names, "A A"},
    {&codec_names, "a*"},
    {&codec_names, "\"\""},
    {&codec_listen, ""},
    {&codec_listen, "0"},
    {&codec_listen, "80 x"},
    {&codec_listen, "'80"},
    {&codec_listen, "\"\""},
    {&codec_set, "network, nothing"},
    {&codec_set, "'pid"},
    {&codec_capabilities, ""},
    {&codec_capabilities, "net_fly"},
    {&codec_capabilities, "7"},
    {&codec_capabilities, "cap_"},
    {&codec_capabilities, "none chown"},
    {&codec_capabilities, "chown none"},
    {&codec_capabilities, "'chown"},
    {&codec_rate, ""},
    {&codec_rate, "x"},
    {&codec_rate, "/1s"},
    {&codec_rate, "5/"},
    {&codec_rate, "5/0"},
    {&codec_rate, "-5/1s"},
    {&codec_rate, "1000001/1s"},
    {&codec_lengths, ""},
    {&codec_lengths, "32"},
    {&codec_lengths, "33/64"},
    {&codec_lengths, "32/129"},
    {&codec_lengths, "/64"},
    {&codec_lengths, "00032/64"},
    {&codec_message, "\\x"},
    {&codec_message, "\\"},
    {&codec_message, "\"two\" \"texts\""},
    {&codec_penalties, "crash"},
    {&codec_penalties, "crash:x"},
    {&codec_penalties, "crash:400d"},
    {&codec_penalties, "burn:1s"},
    {&codec_penalties, "exit:1s"},
    {&codec_penalties, "exit.256:1s"},
    {&codec_penalties, "exit.0012:1s"},
    {&codec_penalties, "exit.0012-0013:1s"},
    {&codec_penalties, "exit.5-1:1s"},
    {&codec_penalties, "exit.-1:1s"},
    {&codec_penalties, "exit.1x:1s"},
    {&codec_prefixes, "192.0.2.1/24"},
    {&codec_prefixes, "x"},
    {&codec_command, ""},
    {&codec_command, "\"\" a"},
    {&codec_command, "cat 'x"},
    {&codec_command, "cat \\"},
    {&codec_user, ""},
    {&codec_user, "no-such-user"},
    {&codec_user, "4294967295"},
    {&codec_user, "-1"},
    {&codec_group, ""},
    {&codec_group, "no-such-group"},
    {&codec_group, "4294967295"},
    {&codec_group, "-1"},
    {&codec_groups, ""},
    {&codec_groups, "no-such-group"},
    {&codec_groups, "none root"},
    {&codec_groups, "init root"},
    {&codec_groups, "'root"},
};

START_TEST(test_refused)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        int error;

        if (option->codec != refused[_i].codec)
            continue;
        error = parse(option, refused[_i].text);
        ck_assert_msg(error == -EINVAL, "%s = %s: %d", option->name, refused[_i].text, error);
        ck_assert_msg(context.message[0] != '\0', "%s = %s: no reason", option->name,
                      refused[_i].text);
    }
}
END_TEST

/* A number as the option writes it; steps beyond a bound are of its unit. */
static void write_number(const struct option *option, uint64_t number, int step, char text[32])
{
    bool duration = option->codec == &codec_duration;

    if (duration)
        number /= CLOCK_MILLISECOND;
    number += (uint64_t)step;
    if (option->codec == &codec_integer)
        snprintf(text, 32, "%" PRId64, (int64_t)number);
    else
        snprintf(text, 32, option->codec == &codec_mode ? "%" PRIo64 : "%" PRIu64, number);
    if (duration)
        snprintf(text + strlen(text), 32 - strlen(text), "ms");
}

START_TEST(test_bounds)
{
    const struct option *option = &option_table[_i];
    const bool numeric = option->codec == &codec_count || option->codec == &codec_backlog ||
                         option->codec == &codec_duration || option->codec == &codec_mode ||
                         option->codec == &codec_integer || option->codec == &codec_buffer;
    char text[32];

    ck_assert_msg(numeric == (option->maximum > 0), "%s", option->name);
    if (!numeric)
        return;
    if (option->codec == &codec_integer)
        ck_assert_int_le((int64_t)option->minimum, (int64_t)option->maximum);
    else
        ck_assert_uint_le(option->minimum, option->maximum);
    write_number(option, option->maximum, 0, text);
    check_stable(option, text);
    write_number(option, option->maximum, 1, text);
    ck_assert_msg(parse(option, text) == -EINVAL, "%s = %s is taken", option->name, text);
    write_number(option, option->minimum, 0, text);
    check_stable(option, text);
    if (option->minimum > 0) {
        write_number(option, option->minimum, -1, text);
        ck_assert_msg(parse(option, text) == -EINVAL, "%s = %s is taken", option->name, text);
    }
    ck_assert_int_eq(parse(option, "18446744073709551616"), -EINVAL);
    ck_assert_int_eq(parse(option, "18446744073709551615"), -EINVAL);
}
END_TEST

/* The field that a row names is as large as its codec takes it for, within its settings or its
 * part, and no other row's. */
START_TEST(test_field)
{
    const struct option *option = &option_table[_i];
    size_t whole = option->part != 0               ? option->part_size
                   : option->scope == SCOPE_DAEMON ? sizeof(struct daemon_settings)
                                                   : sizeof(struct service_settings);

    ck_assert_msg(option->offset + option->codec->size <= whole, "%s", option->name);
    for (size_t i = 0; i < option_count; i++) {
        const struct option *other = &option_table[i];

        if (other == option || other->scope != option->scope || other->part != option->part)
            continue;
        ck_assert_msg(other->offset + other->codec->size <= option->offset ||
                          option->offset + option->codec->size <= other->offset,
                      "%s and %s share a field", option->name, other->name);
    }
}
END_TEST

/* A part is written to by its owner alone. */
START_TEST(test_part_is_shared)
{
    const struct option *option = option_find(SCOPE_SERVICE, "penalty-min");
    static struct service_settings template, service;

    memset(&template, 0, sizeof(template));
    *(nanoseconds *)option_field(&context, option, &template) = 7;
    service = template;
    ck_assert_ptr_eq(template.guard, service.guard);
    context.shared = &template;
    *(nanoseconds *)option_field(&context, option, &service) = 8;
    ck_assert_ptr_ne(template.guard, service.guard);
    ck_assert_uint_eq(template.guard->penalty_min, 7);
    ck_assert_uint_eq(service.guard->penalty_min, 8);
    service.guard->penalty_max = 9; /* what was there stays */
    *(nanoseconds *)option_field(&context, option, &service) = 10;
    ck_assert_uint_eq(service.guard->penalty_max, 9);
}
END_TEST

START_TEST(test_name_and_help)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    const struct option *option = &option_table[_i];

    ck_assert_uint_gt(strlen(option->name), 0);
    ck_assert_msg(option->name[strspn(option->name, letters)] == '\0', "%s", option->name);
    ck_assert_msg(option->help && strlen(option->help) > 10, "%s has no help", option->name);
    ck_assert_msg(!strchr(option->help, '\n'), "%s: contains a line end of help", option->name);
    ck_assert_msg(!option->required || !option->fallback, "%s", option->name);
    ck_assert_ptr_eq(option_find(option->scope, option->name), option);
    ck_assert_uint_eq(option_index(option), (size_t)_i);
    for (size_t i = 0; i < (size_t)_i; i++)
        ck_assert_msg(option_table[i].scope != option->scope ||
                          strcmp(option_table[i].name, option->name) != 0,
                      "%s is there twice", option->name);
}
END_TEST

START_TEST(test_find)
{
    ck_assert_ptr_null(option_find(SCOPE_SERVICE, "log-level"));
    ck_assert_ptr_null(option_find(SCOPE_DAEMON, "exec"));
    ck_assert_ptr_null(option_find(SCOPE_SERVICE, "Exec"));
    ck_assert_ptr_null(option_find(SCOPE_SERVICE, "exe"));
    ck_assert_ptr_null(option_find(SCOPE_SERVICE, ""));
    ck_assert_ptr_ne(option_find(SCOPE_SERVICE, "max-connections"),
                     option_find(SCOPE_DAEMON, "max-connections"));
}
END_TEST

/* The whole manual, in malloc'ed memory. */
static char *read_manual(void)
{
    const char *directory = getenv("srcdir");
    char path[4096], *text;
    struct stat status;
    FILE *file;

    snprintf(path, sizeof(path), "%s/man/stdinetd.ini.5", directory ? directory : ".");
    file = fopen(path, "r");
    ck_assert_msg(file, "%s: %s", path, strerror(errno));
    ck_assert_int_eq(fstat(fileno(file), &status), 0);
    text = calloc(1, (size_t)status.st_size + 1);
    ck_assert_uint_eq(fread(text, 1, (size_t)status.st_size, file), (size_t)status.st_size);
    fclose(file);
    return text;
}

START_TEST(test_manual)
{
    const struct option *option = &option_table[_i];
    char *manual = read_manual(), item[128];
    const char *found = manual;
    unsigned scopes = 0, items = 0;
    int length = snprintf(item, sizeof(item), ".It Cm %s", option->name);

    for (unsigned scope = SCOPE_DAEMON; scope <= SCOPE_SERVICE; scope++)
        scopes += option_find(scope, option->name) != NULL;
    for (; (found = strstr(found, item)) != NULL; found += length)
        items += (found == manual || found[-1] == '\n') &&
                 (found[length] == '\n' || found[length] == ' ');
    free(manual);
    ck_assert_msg(items >= scopes, "'%s' stands %u times in the manual, not %u", item, items,
                  scopes);
}
END_TEST

static const struct {
    enum option_scope scope;
    const char *name, *suggestion;
} suggest_rows[] = {
    {SCOPE_SERVICE, "exce", "exec"},
    {SCOPE_SERVICE, "exe", "exec"},
    {SCOPE_SERVICE, "command-exec", NULL},
    {SCOPE_SERVICE, "lisen", "listen"},
    {SCOPE_SERVICE, "listne", "listen"},
    {SCOPE_SERVICE, "listens", "listen"},
    {SCOPE_SERVICE, "Listen", "listen"},
    {SCOPE_SERVICE, "usr", "user"},
    {SCOPE_SERVICE, "max_connections", "max-connections"},
    {SCOPE_SERVICE, "maxconnections", "max-connections"},
    {SCOPE_SERVICE, "max-connection", "max-connections"},
    {SCOPE_SERVICE, "when_ful", "when-full"},
    {SCOPE_SERVICE, "dir", NULL},
    {SCOPE_SERVICE, "directroy", "directory"},
    {SCOPE_SERVICE, "passenv", "pass-env"},
    {SCOPE_DAEMON, "log-lvel", "log-level"},
    {SCOPE_DAEMON, "loglevel", "log-level"},
    {SCOPE_DAEMON, "pidfile", "pid-file"},
    {SCOPE_DAEMON, "includes", "include"},
    {SCOPE_DAEMON, "exce", NULL},
    {SCOPE_SERVICE, "", NULL},
    {SCOPE_SERVICE, "x", NULL},
    {SCOPE_SERVICE, "xy", NULL},
    {SCOPE_SERVICE, "zzzzzzzz", NULL},
    {SCOPE_SERVICE, "only_from", NULL},
    {SCOPE_SERVICE, "a-name-that-is-longer-than-any-key-of-ours-could-be", NULL},
};

START_TEST(test_suggest)
{
    const char *suggestion = option_suggest(suggest_rows[_i].scope, suggest_rows[_i].name);

    ck_assert_msg((suggestion && suggest_rows[_i].suggestion &&
                   strcmp(suggestion, suggest_rows[_i].suggestion) == 0) ||
                      suggestion == suggest_rows[_i].suggestion,
                  "'%s': %s", suggest_rows[_i].name, suggestion ? suggestion : "none");
}
END_TEST

/* The usual slips of each name: a letter missing, doubled, wrong. */
START_TEST(test_suggest_slips)
{
    const struct option *option = &option_table[_i];
    size_t length = strlen(option->name);

    ck_assert_str_eq(option_suggest(option->scope, option->name), option->name);
    for (size_t i = 0; i < length; i++) {
        char missing[64], doubled[64], wrong[64];

        snprintf(missing, sizeof(missing), "%.*s%s", (int)i, option->name, option->name + i + 1);
        snprintf(doubled, sizeof(doubled), "%.*s%s", (int)i + 1, option->name, option->name + i);
        snprintf(wrong, sizeof(wrong), "%s", option->name);
        wrong[i] = '~';
        ck_assert_msg(option_suggest(option->scope, missing), "none for '%s'", missing);
        ck_assert_str_eq(option_suggest(option->scope, doubled), option->name);
        ck_assert_msg(option_suggest(option->scope, wrong), "none for '%s'", wrong);
    }
}
END_TEST

START_TEST(test_list)
{
    char *text = NULL;
    size_t length;
    FILE *file = open_memstream(&text, &length);

    option_list(file);
    fclose(file);
    for (size_t i = 0; i < option_count; i++) {
        char line[64];

        snprintf(line, sizeof(line), "\n  %s ", option_table[i].name);
        ck_assert_msg(strstr(text, line), "no %s", option_table[i].name);
        ck_assert_msg(strstr(text, option_table[i].help), "no help of %s", option_table[i].name);
    }
    free(text);
}
END_TEST

Suite *option_suite(void)
{
    Suite *suite = suite_create("option");
    TCase *tcase = tcase_create("option");
    const int count = (int)option_count;

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, open_context, close_context);
    tcase_add_loop_test(tcase, test_default, 0, count);
    tcase_add_loop_test(tcase, test_unset, 0, count);
    tcase_add_loop_test(tcase, test_sample, 0, ROWS(samples));
    tcase_add_loop_test(tcase, test_every_codec_has_samples, 0, count);
    tcase_add_loop_test(tcase, test_choices, 0, count);
    tcase_add_loop_test(tcase, test_former, 0, count);
    tcase_add_loop_test(tcase, test_refused, 0, ROWS(refused));
    tcase_add_loop_test(tcase, test_bounds, 0, count);
    tcase_add_loop_test(tcase, test_field, 0, count);
    tcase_add_test(tcase, test_part_is_shared);
    tcase_add_loop_test(tcase, test_name_and_help, 0, count);
    tcase_add_test(tcase, test_find);
    tcase_add_loop_test(tcase, test_manual, 0, count);
    tcase_add_loop_test(tcase, test_suggest, 0, ROWS(suggest_rows));
    tcase_add_loop_test(tcase, test_suggest_slips, 0, count);
    tcase_add_test(tcase, test_list);
    suite_add_tcase(suite, tcase);
    return suite;
}

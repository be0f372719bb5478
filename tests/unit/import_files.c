/* import_files: what the importer reads, and its bounds; hosts.deny; and addresses as xinetd writes
 * them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "import/access.h"
#include "import/dialect.h"
#include "import/finish.h"
#include "import/inetd.h"
#include "import/source.h"
#include "import/value.h"
#include "import/write.h"
#include "support.h"
#include "unit.h"

#define ENTRY(attributes)                                                                      \
    "service x\n{\n\tsocket_type = stream\n\twait = no\n\tuser = root\n\tserver = /x/server\n" \
    "\tport = 80\n" attributes "\n}\n"

static struct arena *arena;
static struct import import;

static void begin(void)
{
    arena = arena_new();
    import_begin(&import, arena);
    import.reader = import_read_any;
    import.root = "/nonexistent";
    import.handlers = "/handlers";
}

static void begin_in_sandbox(void)
{
    begin();
    import.root = sandbox_path();
}

static void end(void)
{
    arena_free(arena);
}

static char *finish(void)
{
    char *ini;

    import_finish(&import);
    ini = import_write(&import);
    ck_assert_ptr_nonnull(ini);
    return ini;
}

/* --- addresses ------------------------------------------------------------------------------ */

static const struct {
    const char *text, *prefixes;
    enum import_access access;
} access_rows[] = {
    {"10.1.2.3", "10.1.2.3", IMPORT_ACCESS_GOOD},
    {"10.1.2.0", "10.1.2.0/24", IMPORT_ACCESS_GOOD},
    {"10.0.0.0", "10.0.0.0/8", IMPORT_ACCESS_GOOD},
    {"10.0.0.1", "10.0.0.1", IMPORT_ACCESS_GOOD},
    {"0.0.0.0", "0.0.0.0/0", IMPORT_ACCESS_GOOD},
    {"10.1", "10.0.0.1", IMPORT_ACCESS_GOOD},
    {"10.1.2.3/8", "10.0.0.0/8", IMPORT_ACCESS_GOOD},
    {"10.1.2.0/32", "10.1.2.0", IMPORT_ACCESS_GOOD},
    {"0.0.0.0/0", "0.0.0.0/0", IMPORT_ACCESS_GOOD},
    {"10.0.0.0/33", "10.0.0.0", IMPORT_ACCESS_NETMASK},
    {"10.0.0.0/255.0.0.0", "10.0.0.0", IMPORT_ACCESS_NETMASK},
    {"10.0.0.0/8x", "10.0.0.0/8", IMPORT_ACCESS_NETMASK},
    {"10.1.{2,3}", "10.1.2.0/24 10.1.3.0/24", IMPORT_ACCESS_GOOD},
    {"10.1.2.{2,3,40}", "10.1.2.2 10.1.2.3 10.1.2.40", IMPORT_ACCESS_GOOD},
    {"{10,11}", "10.0.0.0/8 11.0.0.0/8", IMPORT_ACCESS_GOOD},
    {"10.1.{0}", "10.1.0.0/24", IMPORT_ACCESS_GOOD},
    {"2001:db8::1", "2001:db8::1", IMPORT_ACCESS_GOOD},
    {"2001:db8::", "2001:db8::", IMPORT_ACCESS_GOOD},
    {"2001:db8::1/32", "2001:db8::/32", IMPORT_ACCESS_GOOD},
    {"2001:db8::1/200", "2001:db8::1", IMPORT_ACCESS_NETMASK},
    {"::", "::", IMPORT_ACCESS_GOOD},
    {"::/0", "::/0", IMPORT_ACCESS_GOOD},
    {"::ffff:10.0.0.0", "10.0.0.0", IMPORT_ACCESS_GOOD},
    {"::ffff:10.0.0.0/104", "10.0.0.0/8", IMPORT_ACCESS_GOOD},
    {"localhost", "127.0.0.1 ::1", IMPORT_ACCESS_GOOD},
    {"host.example", "", IMPORT_ACCESS_NAME},
    {".example", "", IMPORT_ACCESS_NAME},
    {"cafe", "", IMPORT_ACCESS_NAME},
    {"", "", IMPORT_ACCESS_NAME},
    {"10.0.0.0,10.0.0.1", "", IMPORT_ACCESS_BAD},
    {"10.1.{2,3", "10.1.2.0/24 10.1.3.0/24", IMPORT_ACCESS_BAD},
    {"10.1.{2,3}x", "10.1.2.0/24 10.1.3.0/24", IMPORT_ACCESS_BAD},
    {"10.1{2,3}", "", IMPORT_ACCESS_BAD},
    {"10.1.2.3.{4}", "", IMPORT_ACCESS_BAD},
    {"10.1.{256}", "", IMPORT_ACCESS_BAD},
    {"10.1.{}", "", IMPORT_ACCESS_BAD},
    {"10..{1}", "", IMPORT_ACCESS_BAD},
    {"10.0.0.0/", "", IMPORT_ACCESS_BAD},
    {"10.0.0.0/x", "", IMPORT_ACCESS_BAD},
    {"host.example/8", "", IMPORT_ACCESS_BAD},
    {"fe80::1%lo", "", IMPORT_ACCESS_BAD},
    {"::ffff:10.0.0.0/95", "", IMPORT_ACCESS_BAD},
};

START_TEST(test_access)
{
    struct import_prefixes prefixes = {0};
    const char *text = access_rows[_i].text;

    ck_assert_int_eq(import_change_prefixes(&import, &prefixes, text, false),
                     access_rows[_i].access);
    ck_assert_str_eq(import_join_prefixes(&import, &prefixes), access_rows[_i].prefixes);
    import_change_prefixes(&import, &prefixes, text, true);
    ck_assert_uint_eq(prefixes.count, 0);
}
END_TEST

START_TEST(test_access_bound)
{
    struct import_prefixes prefixes = {0};
    char text[32];

    for (unsigned i = 0; i <= IMPORT_PREFIXES_MAX; i++) {
        enum import_access expected =
            i < IMPORT_PREFIXES_MAX ? IMPORT_ACCESS_GOOD : IMPORT_ACCESS_BAD;

        snprintf(text, sizeof(text), "10.%u.%u.1", i / 256 % 256, i % 256);
        ck_assert_int_eq(import_change_prefixes(&import, &prefixes, text, false), expected);
    }
}
END_TEST

/* --- variables ------------------------------------------------------------------------------ */

/* The importer knows the names that the daemon refuses: it can't use config's own list. */
static const char *const variables[] = {
    "A",
    "_a1",
    "PATH",
    "HOME",
    "PROTO",
    "PROTOCOL",
    "TCPREMOTEIP",
    "TCPLOCALIP",
    "TCPCONNNUM",
    "TCP",
    "REMOTE_ADDR",
    "REMOTE_PORT",
    "REMOTE_HOST",
    "REMOTE_USER",
    "UNIXREMOTEX",
    "UNIXLOCALX",
    "UNIX",
    "IPCREMOTEX",
    "IPCLOCALX",
    "IPCCONNNUM",
    "IPC",
    "VSOCKREMOTEX",
    "VSOCKLOCALX",
    "STDINETD_X",
    "STDINETD",
    "LISTEN_FDS",
    "LISTEN",
    "NOTIFY_SOCKET",
    "NOTIFY_SOCKETS",
    "1A",
    "A-B",
    "",
    "A B",
};

START_TEST(test_variables)
{
    const char *name = variables[_i];
    struct load_result result;
    struct value_words words = {0};
    char text[256], item[64];
    bool taken;

    snprintf(item, sizeof(item), "%s=value", name);
    snprintf(text, sizeof(text), "[x]\nlisten = 80\nexec = cat\nenv = \"%s\"\n", item);
    taken = import_add_variable(&import, &words, item, '=');
    result = load_try_file(sandbox_write_config("main.ini", text));
    ck_assert_msg(taken == (result.error == 0), "%s: %s", item, result.problems);
    load_forget(&result);

    snprintf(text, sizeof(text), "[x]\nlisten = 80\nexec = cat\npass-env = \"%s\"\n", name);
    taken = import_add_variable(&import, &words, name, '\0');
    result = load_try_file(sandbox_write_config("main.ini", text));
    ck_assert_msg(taken == (result.error == 0), "%s: %s", name, result.problems);
    load_forget(&result);
}
END_TEST

/* --- files ------------------------------------------------------------------------------------ */

static char *import_path(const char *path)
{
    import_read_path(&import, path);
    return finish();
}

static void check_messages(const char *part)
{
    for (const struct import_message *message = import.messages; message; message = message->next)
        if (strstr(message->text, part))
            return;
    ck_abort_msg("no message has: %s", part);
}

/* Names with a dot or a tilde are passed over; others are read by name; root stands before. */
START_TEST(test_include)
{
    char *ini;

    sandbox_make_directory("etc");
    sandbox_make_directory("etc/xinetd.d");
    sandbox_write("etc/xinetd.conf", "defaults\n{\n\tinstances = 7\n}\nincludedir /etc/xinetd.d\n"
                                     "include /etc/one-more\ninclude /etc/nothing\n");
    sandbox_write("etc/xinetd.d/b", ENTRY("id = b"));
    sandbox_write("etc/xinetd.d/a", ENTRY("id = a\nport = 81"));
    sandbox_write("etc/xinetd.d/a.rpmsave", ENTRY("id = dot"));
    sandbox_write("etc/xinetd.d/a~", ENTRY("id = tilde"));
    sandbox_write("etc/one-more",
                  "# nothing but a comment\n" ENTRY("id = c\nbanner_fail = /etc/no"));
    sandbox_write("etc/no", "no\n\"you\"\t\\");
    sandbox_make_directory("etc/xinetd.d/directory");
    ini = import_path(sandbox_join("etc/xinetd.conf"));
    ck_assert_msg(strstr(ini,
                         "[defaults]\ngroups = none\nstderr = connection\nmax-connections = 7\n"
                         "when-full = refuse\n"),
                  "%s", ini);
    ck_assert(strstr(ini, "[a]") && strstr(ini, "[b]") && strstr(ini, "[a]") < strstr(ini, "[b]"));
    ck_assert(strstr(ini, "[b]") < strstr(ini, "[c]"));
    ck_assert(strstr(ini, "refuse-message = \"no\\n\\\"you\\\"\\t\\\\\"\n"));
    ck_assert(!strstr(ini, "dot") && !strstr(ini, "tilde"));
    check_messages("etc/nothing: No such file");
    ck_assert(import.unreadable);
    free(ini);
}
END_TEST

START_TEST(test_include_itself)
{
    sandbox_write("self", "include /self\n" ENTRY(""));
    free(import_path(sandbox_join("self")));
    check_messages("includes are nested too deeply");
    ck_assert_uint_eq(import.service_count, IMPORT_DEPTH_MAX);
}
END_TEST

START_TEST(test_unreadable)
{
    free(import_path(sandbox_join("nothing")));
    check_messages("nothing: No such file");
    ck_assert(import.unreadable);
}
END_TEST

/* A FIFO without a writer would be waited for. */
START_TEST(test_include_fifo)
{
    ck_assert(mkfifo(sandbox_join("fifo"), 0644) == 0);
    sandbox_write("main", "include /fifo\n" ENTRY("banner_fail = /fifo"));
    free(import_path(sandbox_join("main")));
    check_messages("fifo: Invalid argument");
    check_messages("banner_fail /fifo is not imported");
}
END_TEST

START_TEST(test_bytes)
{
    static char large[IMPORT_FILE_MAX + 1];

    sandbox_write_bytes("nul", 0644, "80 stream tcp nowait root /x\n\0", 30);
    memset(large, '#', sizeof(large));
    sandbox_write_bytes("large", 0644, large, sizeof(large));
    import_read_path(&import, sandbox_join("nul"));
    import_read_path(&import, sandbox_join("large"));
    check_messages("has NUL bytes");
    check_messages("larger than 1 MiB");
    ck_assert_uint_eq(import.service_count, 0);
}
END_TEST

/* Twins of thousands, and one more than there may be. */
START_TEST(test_many)
{
    static const char line[] = "%u stream tcp nowait root /x\n";
    size_t size = (IMPORT_SERVICES_MAX + 1) * sizeof(line) * 2, length = 0;
    char *text = malloc(size), *ini;

    for (unsigned i = 0; i <= IMPORT_SERVICES_MAX; i++)
        length += (size_t)snprintf(text + length, size - length, line, 1 + i % 3000);
    import.reader = import_read_inetd;
    import_read_text(&import, "f", text, length);
    ini = finish();
    check_messages("more than 4096 services; ignored");
    ck_assert(strstr(ini, "[1-2]") && strstr(ini, "[3000]"));
    free(ini);
    free(text);
}
END_TEST

START_TEST(test_dialect)
{
    static const struct {
        const char *text;
        bool xinetd;
    } texts[] = {
        {"# service x\n\n service x\n{\n}\n", true},
        {"defaults\n{\n}\n", true},
        {"includedir /x\n", true},
        {"Defaults\n{\n}\n", true},
        {"SERVICE x\n{\n}\n", true},
        {"IncludeDir /x\n", true},
        {"servicex stream tcp nowait root /x\n", false},
        {"", false},
        {"# nothing\n", false},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        import_begin(&import, arena);
        import.reader = import_read_any;
        import.root = "/nonexistent";
        import_read_text(&import, "f", texts[i].text, strlen(texts[i].text));
        ck_assert_msg((import.xinetd != NULL) == texts[i].xinetd, "%s", texts[i].text);
    }
}
END_TEST

/* What hosts.deny says, and what is quoted of it: whatever could concern x's server. */
static const struct {
    const char *deny, *allow, *quoted;
} wrapper_rows[] = {
    {"ALL: ALL\n", NULL, "hosts.deny would be let in (see allow and deny): 'ALL: ALL'\n"},
    {"# ALL: ALL\n", NULL, NULL},
    {"all : 10.\n", NULL, "'all : 10.'"},
    {"server: 10.\n", NULL, "'server: 10.'"},
    {"SERVER : ALL", NULL, "'SERVER : ALL'"},
    {"sshd, server : 10.\n", NULL, "'sshd, server : 10.'"},
    {"sshd server,: 10.\n", NULL, "'sshd server,: 10.'"},
    {"server@10.0.0.1: 10.\n", NULL, "'server@10.0.0.1: 10.'"},
    {"s?rver: 10.\n", NULL, "'s?rver: 10.'"},
    {"ser. : ALL\n", NULL, "'ser. : ALL'"},
    {".ver : ALL\n", NULL, "'.ver : ALL'"},
    {"Known : ALL\n", NULL, "'Known : ALL'"},
    {"sshd EXCEPT telnetd : ALL\n", NULL, "'sshd EXCEPT telnetd : ALL'"},
    {"/etc/daemons : ALL\n", NULL, "'/etc/daemons : ALL'"},
    {"sshd : ALL\nserver, \\\n foo : ALL\n", NULL, "'server,  foo : ALL'"},
    {"sshd, ser\\\nver : ALL\n", NULL, "'sshd, server : ALL'"},
    {"sshd \\\n", NULL, "'sshd '"},
    {"# sshd \\\nserver : ALL\n", NULL, NULL},
    {"serve: 10.\nservers, ser.ver in.server: ALL\nsshd: server\n\n \t\n", NULL, NULL},
    {"sshd \\\n : server\n", NULL, NULL},
    {"", "server: 10. : deny\n",
     "hosts.allow would be let in (see allow and deny): 'server: 10. :"},
    {"", "ALL : ALL \\\n : Deny\n", "'ALL : ALL  : Deny'"},
    {"", "ser. : 10. : twist /bin/echo no\n", "'ser. : 10. : twist /bin/echo no'"},
    {"", "server : 10. : aclexec /bin/false\n", "'server : 10. : aclexec /bin/false'"},
    {"", "server : 10. : spawn /bin/block\n", "'server : 10. : spawn /bin/block'"},
    {"", "server: 10. : ALLOW\n", NULL},
    {"", "sshd: 10. : deny\n", NULL},
    {"", "ALL : 10.\nKNOWN : ALL\n", NULL},
    {NULL, NULL, NULL},
    {"no colon\n\n", "", "'no colon'"},
};

static void write_wrappers(const char *deny, const char *allow)
{
    sandbox_make_directory("etc");
    if (deny)
        sandbox_write("etc/hosts.deny", deny);
    if (allow)
        sandbox_write("etc/hosts.allow", allow);
}

/* A section that is disabled where quoted is there, and which has it then. */
static void check_quoted(const char *ini, const char *quoted)
{
    ck_assert_msg((strstr(ini, "enabled = no") != NULL) == (quoted != NULL), "%s", ini);
    ck_assert_msg(!quoted || strstr(ini, quoted), "%s\nwithout %s", ini, quoted);
}

START_TEST(test_wrappers)
{
    char *ini;

    write_wrappers(wrapper_rows[_i].deny, wrapper_rows[_i].allow);
    sandbox_write("with", ENTRY(""));
    sandbox_write("without", ENTRY("flags = NOLIBWRAP"));
    ini = import_path(sandbox_join("with"));
    check_quoted(ini, wrapper_rows[_i].quoted);
    free(ini);
    end();
    begin_in_sandbox();
    ini = import_path(sandbox_join("without"));
    ck_assert_msg(!strstr(ini, "enabled = no"), "%s", ini);
    free(ini);
}
END_TEST

/* FreeBSD's and NetBSD's inetd ask the same files by themselves. */
static const struct {
    const char *text, *deny, *quoted;
} inetd_wrapper_rows[] = {
    {"ftp stream tcp nowait root /x/ftpd ftpd -l", "ftpd : ALL\n",
     "disabled: clients refused by hosts.deny would be let in (see allow and deny): 'ftpd : "
     "ALL'\n"},
    {"ftp stream tcp nowait root /x/ftpd other", "ftpd : ALL\n", "'ftpd : ALL'\n"},
    {"ftp stream tcp nowait root /x/multi /x/ftpd", "ftpd : ALL\n", "'ftpd : ALL'\n"},
    {"ftp stream tcp nowait root /x/ftpd", "ftp : ALL\n", "'ftp : ALL'\n"},
    {"ntp dgram udp wait root /x/ntpd ntpd", "ALL : ALL\n", "'ALL : ALL'\n"},
    {"127.0.0.1:daytime stream tcp nowait root internal", "daytime : ALL\n", "'daytime : ALL'\n"},
    {"ftp stream tcp nowait root /x/ftpd ftpd", "sshd ftp : ALL\n", NULL},
    {"ftp stream tcp wait root /x/ftpd ftpd", "ALL : ALL\n", NULL},
    {"/run/x stream unix nowait root /x/ftpd ftpd", "ALL : ALL\n", NULL},
    {"ftp stream tcp nowait root /x/tcpd /x/ftpd", "ALL : ALL\n", NULL},
    {"ftp stream tcp nowait root /x/ftpd ftpd", NULL, NULL},
};

START_TEST(test_inetd_wrappers)
{
    char *ini;

    write_wrappers(inetd_wrapper_rows[_i].deny, NULL);
    sandbox_write("inetd.conf", inetd_wrapper_rows[_i].text);
    ini = import_path(sandbox_join("inetd.conf"));
    check_quoted(ini, inetd_wrapper_rows[_i].quoted);
    free(ini);
}
END_TEST

/* A NUL byte ends what could be read of it. */
START_TEST(test_wrappers_nul)
{
    char *ini;

    sandbox_make_directory("etc");
    sandbox_write_bytes("etc/hosts.deny", 0644, "\n\0\nALL: ALL\n", 12);
    sandbox_write("with", ENTRY(""));
    ini = import_path(sandbox_join("with"));
    check_quoted(ini, "(see allow and deny): it has NUL bytes\n");
    free(ini);
}
END_TEST

Suite *import_files_suite(void)
{
    Suite *suite = suite_create("import_files");
    TCase *addresses = tcase_create("addresses"), *files = tcase_create("files");

    tcase_add_checked_fixture(addresses, begin, end);
    tcase_add_loop_test(addresses, test_access, 0, ROWS(access_rows));
    tcase_add_test(addresses, test_access_bound);
    suite_add_tcase(suite, addresses);

    sandbox_add(files);
    tcase_add_checked_fixture(files, begin_in_sandbox, end);
    tcase_add_test(files, test_include);
    tcase_add_test(files, test_include_itself);
    tcase_add_test(files, test_include_fifo);
    tcase_add_test(files, test_unreadable);
    tcase_add_test(files, test_bytes);
    tcase_add_test(files, test_many);
    tcase_add_test(files, test_dialect);
    tcase_add_loop_test(files, test_variables, 0, ROWS(variables));
    tcase_add_loop_test(files, test_wrappers, 0, ROWS(wrapper_rows));
    tcase_add_loop_test(files, test_inetd_wrappers, 0, ROWS(inetd_wrapper_rows));
    tcase_add_test(files, test_wrappers_nul);
    suite_add_tcase(suite, files);
    return suite;
}

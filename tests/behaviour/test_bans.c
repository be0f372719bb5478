/* What control commands do about who may come: ban, unban, bans, explain, sources. */
#include "control.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CAT CONTROL "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n"

static void expect_echo(int fd, const char *text)
{
    client_send(fd, text);
    client_expect(fd, text);
}

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    ck_assert_msg(text != NULL, "no text %s: %s", member, json_dumps(object, 0));
    return text;
}

static long count_of(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);

    ck_assert_msg(json_is_integer(value), "no count %s: %s", member, json_dumps(object, 0));
    return (long)json_integer_value(value);
}

/* Asks what would happen, and expects that, by that rule (NULL: none). */
static void expect_explained(int fd, const char *service, const char *address, const char *verdict,
                             const char *rule)
{
    char line[256];
    json_t *answer;

    snprintf(line, sizeof(line),
             "{\"command\":\"explain\",\"arguments\":{\"service\":\"%s\",\"address\":\"%s\"}}",
             service, address);
    answer = control_expect_ok(control_ask(fd, line));
    ck_assert_msg(strcmp(text_of(answer, "verdict"), verdict) == 0, "%s",
                  json_dumps(answer, JSON_INDENT(1)));
    if (rule)
        ck_assert_str_eq(text_of(answer, "by"), rule);
    else
        ck_assert_ptr_null(json_object_get(answer, "by"));
    json_decref(answer);
}

/* A ban acts on the next client, spares who runs, holds over a reload, and ends by order. */
START_TEST(ban_and_unban)
{
    struct daemon daemon;
    int port = harness_port(), fd, running, other;
    json_t *answer;

    harness_serve_control(&daemon, CAT "refuse-message = \"not you\\n\"\n", port);
    fd = control_connect(&daemon);
    running = client_connect(port);
    expect_echo(running, "1\n");
    expect_explained(fd, "cat", "127.0.0.1", "admit", NULL);
    answer = control_order(fd, "ban", "source", "127.0.0.0/8");
    ck_assert_int_eq(count_of(answer, "killed"), 0);
    json_decref(answer);
    other = client_connect(port);
    client_expect(other, "not you\n");
    client_expect_closed(other);
    harness_log_wait(&daemon, "cat: refused reason=banned", 1);
    harness_log_wait(&daemon, "control command=ban source=127.0.0.0/8 uid=", 1);
    expect_echo(running, "2\n");
    expect_explained(fd, "cat", "127.0.0.1", "refuse", "banned");
    expect_explained(fd, "cat", "::ffff:127.0.0.1", "refuse", "banned");
    expect_explained(fd, "cat", "192.0.2.1", "admit", NULL);

    json_decref(control_expect_ok(control_ask(fd, "{\"command\":\"reload\"}")));
    other = client_connect(port);
    client_expect(other, "not you\n");
    client_expect_closed(other);
    answer = control_expect_ok(control_ask(fd, "{\"command\":\"bans\"}"));
    ck_assert_int_eq(count_of(answer, "total"), 1);
    ck_assert_str_eq(text_of(json_array_get(json_object_get(answer, "bans"), 0), "source"),
                     "127.0.0.0/8");
    json_decref(answer);

    answer = control_ask(fd, "{\"command\":\"unban\",\"arguments\":{\"source\":\"127.0.0.1\"}}");
    control_expect_error(answer, "127.0.0.1 is not banned");
    json_decref(answer);
    json_decref(control_order(fd, "unban", "source", "127.0.0.0/8"));
    other = client_connect(port);
    expect_echo(other, "3\n");
    close(other);
    close(running);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* With kill the running ones of that network end, too, and nobody else's. */
START_TEST(ban_and_kill)
{
    struct daemon daemon;
    int port = harness_port(), fd, running;
    json_t *answer;

    harness_serve_control(&daemon, CAT, port);
    fd = control_connect(&daemon);
    running = client_connect(port);
    expect_echo(running, "1\n");
    answer = control_expect_ok(control_ask(
        fd, "{\"command\":\"ban\",\"arguments\":{\"source\":\"192.0.2.0/24\",\"kill\":true}}"));
    ck_assert_int_eq(count_of(answer, "killed"), 0);
    json_decref(answer);
    expect_echo(running, "2\n");
    answer = control_expect_ok(control_ask(
        fd, "{\"command\":\"ban\",\"arguments\":{\"source\":\"127.0.0.1\",\"kill\":true,"
            "\"duration\":\"1h\"}}"));
    ck_assert_int_eq(count_of(answer, "killed"), 1);
    json_decref(answer);
    client_expect_closed(running);
    harness_log_wait(&daemon, "outcome=killed", 1);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* A ban's time is over by itself; one that is held when it is banned gets no handler. */
START_TEST(ban_for_a_time)
{
    struct daemon daemon;
    int port = harness_port(), fd, held;
    json_t *answer;

    harness_serve_control(&daemon, CAT "start-on = data\ndata-timeout = 1h\n", port);
    fd = control_connect(&daemon);
    held = client_connect(port);
    control_await_count(fd, "cat", "held", 1);
    expect_explained(fd, "cat", "127.0.0.1", "hold", "start-on");
    json_decref(control_expect_ok(control_ask(
        fd,
        "{\"command\":\"ban\",\"arguments\":{\"source\":\"127.0.0.1\",\"duration\":\"200ms\"}}")));
    client_send(held, "1\n");
    client_expect_closed(held);
    do {
        harness_pause();
        answer = control_expect_ok(control_ask(fd, "{\"command\":\"bans\"}"));
        if (count_of(answer, "total") == 0)
            break;
        ck_assert_int_le(count_of(json_array_get(json_object_get(answer, "bans"), 0), "left_ms"),
                         200);
        json_decref(answer);
    } while (true);
    json_decref(answer);
    held = client_connect(port);
    expect_echo(held, "2\n");
    close(held);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* Whoever a proxy tells of is meant, and the proxy itself. */
START_TEST(ban_behind_proxy)
{
    struct daemon daemon;
    int port = harness_port(), fd, client;
    json_t *answer;

    harness_serve_control(&daemon, CAT "proxy-protocol = yes\nproxy-from = 127.0.0.1\n", port);
    fd = control_connect(&daemon);
    json_decref(control_order(fd, "ban", "source", "192.0.2.0/24"));
    client = client_connect(port);
    client_send(client, "PROXY TCP4 192.0.2.7 192.0.2.8 1000 2000\r\n1\n");
    client_expect_closed(client);
    harness_log_wait(&daemon, "reason=banned peer=192.0.2.7:1000", 1);
    client = client_connect(port);
    client_send(client, "PROXY TCP4 192.0.3.7 192.0.2.8 1000 2000\r\n");
    expect_echo(client, "2\n");
    close(client);
    json_decref(control_order(fd, "ban", "source", "127.0.0.1"));
    client = client_connect(port);
    client_expect_closed(client);
    answer = control_expect_ok(control_ask(fd, "{\"command\":\"status\"}"));
    ck_assert_int_eq(count_of(json_object_get(control_service(answer, "cat"), "refused"), "banned"),
                     2);
    json_decref(answer);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* Each rule that there is explains itself, and the first one that refuses is the reason that the
 * client then really gets. */
START_TEST(explained)
{
    struct daemon daemon;
    int port = harness_port(), full = harness_port(), fd, running;
    char socket_path[128], *answer;

    harness_begin(&daemon);
    snprintf(socket_path, sizeof(socket_path), "%s/lent", daemon.directory);
    harness_configure(&daemon,
                      CONTROL
                      "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n"
                      "max-connections-per-source = 1\ndeny = 192.0.2.0/24 192.0.2.7\n"
                      "allow = 192.0.2.6 127.0.0.0/8 10.0.0.0/8 unix\n"
                      "[full]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\nmax-connections = 1\n"
                      "[lent]\nlisten = unix:%s\nwait = yes\nexec = cat\nUSER\n"
                      "[pending]\nlisten = unix:%s/no/directory\nexec = cat\nUSER\n",
                      daemon.directory, port, full, socket_path, daemon.directory);
    harness_start(&daemon, NULL);
    fd = control_connect(&daemon);
    expect_explained(fd, "cat", "192.0.2.6", "admit", NULL);
    expect_explained(fd, "cat", "192.0.2.7", "refuse", "denied");
    expect_explained(fd, "cat", "2001:db8::1", "refuse", "denied");
    expect_explained(fd, "cat", "uid 1000", "admit", NULL);
    expect_explained(fd, "lent", "192.0.2.7", "admit", NULL);
    expect_explained(fd, "pending", "192.0.2.7", "unreachable", "state");
    running = client_connect(port);
    expect_echo(running, "1\n");
    expect_explained(fd, "cat", "127.0.0.1", "refuse", "source-full");
    expect_explained(fd, "cat", "127.0.0.2", "admit", NULL);
    answer = client_exchange(port, "");
    ck_assert_str_eq(answer, "");
    free(answer);
    harness_log_wait(&daemon, "cat: refused reason=source-full", 1);
    close(running);
    running = client_connect(full);
    expect_echo(running, "1\n");
    expect_explained(fd, "full", "192.0.2.7", "queue", "full");
    json_decref(control_order(fd, "pause", "service", "full"));
    expect_explained(fd, "full", "192.0.2.7", "queue", "state");
    close(running);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* The busiest come first, each as the network that it is counted as. */
START_TEST(sources)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port(), fd, clients[4];
    json_t *answer;
    const json_t *first;

    harness_serve_control(
        &daemon, CAT "source-prefix = 24/56\n[other]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n",
        port, other);
    fd = control_connect(&daemon);
    for (int i = 0; i < 4; i++) {
        clients[i] = client_connect(i < 3 ? port : other);
        expect_echo(clients[i], "1\n");
    }
    answer = control_expect_ok(control_ask(fd, "{\"command\":\"sources\"}"));
    ck_assert_int_eq(count_of(answer, "total"), 2);
    ck_assert(json_is_true(json_object_get(answer, "whole")));
    first = json_array_get(json_object_get(answer, "sources"), 0);
    ck_assert_str_eq(text_of(first, "service"), "cat");
    ck_assert_str_eq(text_of(first, "source"), "127.0.0.0/24");
    ck_assert_int_eq(count_of(first, "connections"), 3);
    first = json_array_get(json_object_get(answer, "sources"), 1);
    ck_assert_str_eq(text_of(first, "source"), "127.0.0.1");
    json_decref(answer);
    answer = control_expect_ok(control_ask(
        fd, "{\"command\":\"sources\",\"arguments\":{\"count\":1,\"service\":\"other\"}}"));
    ck_assert_int_eq((int)json_array_size(json_object_get(answer, "sources")), 1);
    first = json_array_get(json_object_get(answer, "sources"), 0);
    ck_assert_str_eq(text_of(first, "service"), "other");
    json_decref(answer);
    for (int i = 0; i < 4; i++)
        close(clients[i]);
    close(fd);
    harness_end(&daemon);
}
END_TEST

Suite *bans_suite(void)
{
    Suite *suite = suite_create("bans");
    TCase *all = tcase_create("bans");

    tcase_set_timeout(all, LONGEST);
    tcase_add_test(all, ban_and_unban);
    tcase_add_test(all, ban_and_kill);
    tcase_add_test(all, ban_for_a_time);
    tcase_add_test(all, ban_behind_proxy);
    tcase_add_test(all, explained);
    tcase_add_test(all, sources);
    suite_add_tcase(suite, all);
    return suite;
}

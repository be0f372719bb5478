/* What control commands do: pause, resume, drain, kill, reload, stop, and what status says. */
#include "control.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CAT CONTROL "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n"

static long count_of(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);

    ck_assert_msg(json_is_integer(value), "%s: %s", member, json_dumps(object, 0));
    return (long)json_integer_value(value);
}

static void expect_echo(int fd, const char *text)
{
    client_send(fd, text);
    client_expect(fd, text);
}

/* Whether bytes are there to be read within a moment. */
static bool is_answered(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* --- status --------------------------------------------------------------------------------- */

START_TEST(status_tells)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port(), fd, client;
    json_t *status, *list;
    const json_t *service, *listener;

    harness_serve_control(&daemon,
                          CONTROL
                          "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n"
                          "description = a \"cat\"\nmax-connections = 2\nwhen-full = refuse\n"
                          "[false]\nlisten = 127.0.0.1:%d\nexec = false\nUSER\n",
                          port, other);
    fd = control_connect(&daemon);
    client = client_connect(port);
    expect_echo(client, "1\n");
    free(client_exchange(other, ""));
    control_await_text(fd, "false", "state", "serving");
    harness_log_wait(&daemon, "false: end", 1);

    status = control_expect_ok(control_ask(fd, "{\"command\":\"status\"}"));
    ck_assert_int_eq(count_of(status, "pid"), daemon.pid);
    ck_assert_int_eq(count_of(status, "processes"), 1);
    ck_assert_int_eq(count_of(status, "connections"), 2);
    ck_assert_int_eq(count_of(status, "services_total"), 2);
    ck_assert(harness_is_wrapped() || count_of(status, "fds") == 0 ||
              labs(count_of(status, "fds") - process_fds(daemon.pid)) < 4);
    service = control_service(status, "cat");
    ck_assert_str_eq(json_string_value(json_object_get(service, "description")), "a \"cat\"");
    ck_assert_int_eq(count_of(service, "active"), 1);
    ck_assert_int_eq(count_of(service, "limit"), 2);
    ck_assert_int_eq(count_of(service, "started"), 1);
    listener = json_array_get(json_object_get(service, "listeners"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(listener, "state")), "watched");
    service = control_service(status, "false");
    ck_assert_int_eq(count_of(json_object_get(service, "exits"), "exit"), 1);
    json_decref(status);

    /* One, some, and none that isn't there. */
    status = control_expect_ok(
        control_ask(fd, "{\"command\":\"status\",\"arguments\":{\"first\":1,\"count\":1}}"));
    ck_assert_int_eq((int)json_array_size(json_object_get(status, "services")), 1);
    control_service(status, "false");
    json_decref(status);

    list = control_expect_ok(control_ask(fd, "{\"command\":\"connections\"}"));
    ck_assert_int_eq(count_of(list, "total"), 1);
    service = json_array_get(json_object_get(list, "connections"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(service, "service")), "cat");
    ck_assert_str_eq(json_string_value(json_object_get(service, "state")), "running");
    ck_assert(process_exists((pid_t)count_of(service, "pid")));
    json_decref(list);
    close(client);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* Full, resting and pending are told apart. */
/* The whole answer but for its numbers, which are N here, with all members in their order. */
static const char whole_status[] =
    "{\"ok\":true,\"version\":\"N.N.N\",\"pid\":N,\"uptime_ms\":N,\"stopping\":false,"
    "\"engine\":\"ENGINE\",\"reloads\":N,\"reloads_failed\":N,\"upgrades\":N,\"upgrades_failed\":N,"
    "\"active\":N,\"limit\":N,\"processes\":N,\"held\":N,\"connections\":N,\"sources\":N,"
    "\"bans\":N,\"fds\":N,\"fds_limit\":N,\"messages_lost\":N,\"history_slot_ms\":N,"
    "\"services\":[{\"name\":\"a\",\"state\":\"serving\",\"active\":N,\"limit\":N,\"held\":N,"
    "\"started\":N,\"gone\":N,\"accept_errors\":N,\"rate\":N.N,\"cpu_ms\":N,\"penalties\":N,"
    "\"refused\":{\"denied\":N},\"exits\":{\"ok\":N},\"start_failures\":{},\"sockets\":N,"
    "\"pending\":N,\"listeners\":[{\"address\":\"N.N.N.N:N\",\"state\":\"watched\"}],"
    "\"started_history\":[N],\"refused_history\":[N]}],\"services_total\":N}";

/* Numbers become N, and a list of them one. */
static void hide_numbers(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0';) {
        size_t digits = strspn(from, "0123456789");

        if (*from == ',' && from > text && to[-1] == 'N' && to - text > 2 && to[-2] == '[' &&
            strspn(from + 1, "0123456789") > 0) {
            from += 1 + strspn(from + 1, "0123456789");
            continue;
        }
        *to++ = digits > 0 ? 'N' : *from;
        from += digits > 0 ? digits : 1;
    }
    *to = '\0';
}

START_TEST(status_whole)
{
    struct daemon daemon;
    int port = harness_port(), fd;
    char *text, expected[2048];
    const char *engine = strstr(whole_status, "ENGINE");
    json_t *status;

    harness_be_cold();
    harness_serve_control(&daemon,
                          CONTROL "[a]\nlisten = 127.0.0.1:%d\nexec = cat\n"
                                  "deny = 127.0.0.2\nUSER\n",
                          port);
    fd = control_connect(&daemon);
    free(client_exchange(port, ""));
    client_expect_closed(client_connect_from("127.0.0.2", port));
    harness_log_wait(&daemon, "a: end", 1);
    harness_log_wait(&daemon, "a: refused", 1);
    control_await_text(fd, "a", "state", "serving");
    status = control_expect_ok(
        control_ask(fd, "{\"command\":\"status\",\"arguments\":{\"history\":true}}"));
    snprintf(expected, sizeof(expected), "%.*s%s%s", (int)(engine - whole_status), whole_status,
             json_string_value(json_object_get(status, "engine")), engine + strlen("ENGINE"));
    text = json_dumps(status, JSON_COMPACT);
    hide_numbers(text);
    ck_assert_str_eq(text, expected);
    free(text);
    json_decref(status);
    close(fd);
    harness_end(&daemon);
}
END_TEST

START_TEST(states)
{
    struct daemon daemon;
    int port = harness_port(), broken = harness_port(), taken = harness_port();
    int client, fd, holder;
    char path[160];

    harness_begin(&daemon);
    snprintf(path, sizeof(path), "%s/gone", daemon.directory);
    harness_write_program(path, "#!/bin/sh\n");
    harness_configure(&daemon,
                      CONTROL
                      "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nmax-connections = 1\nUSER\n"
                      "[broken]\nlisten = 127.0.0.1:%d\nexec = %s\nUSER\n"
                      "[taken]\nlisten = unix:%s/no/such/directory\nexec = cat\nUSER\n"
                      "[rated]\nlisten = 127.0.0.1:%d\nexec = true\nrate = 1/1h\nUSER\n",
                      daemon.directory, port, broken, path, daemon.directory, taken);
    harness_start(&daemon, NULL);
    fd = control_connect(&daemon);
    control_await_text(fd, "taken", "state", "pending");
    control_await_text(fd, "cat", "state", "serving");
    client = client_connect(port);
    expect_echo(client, "1\n");
    control_await_text(fd, "cat", "state", "full");
    ck_assert(unlink(path) == 0);
    holder = client_connect(broken);
    control_await_text(fd, "broken", "state", "resting");
    control_await_text(fd, "broken", "stage", "exec");
    free(client_exchange(taken, ""));
    control_await_text(fd, "rated", "state", "limited");
    close(holder);
    close(client);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* The last lines of the log from notice up, though the log itself shows only errors. */
START_TEST(events)
{
    struct daemon daemon;
    int port = harness_port(), fd;
    json_t *answer;
    const json_t *event;

    harness_begin(&daemon);
    harness_configure(&daemon,
                      CONTROL "log-level = error\n[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n"
                              "deny = 127.0.0.0/8\n",
                      daemon.directory, port);
    harness_start(&daemon, &(struct daemon_options){.not_ready = true});
    free(client_exchange(port, ""));
    fd = control_connect(&daemon);
    control_await_count(fd, "cat", "active", 0);
    answer =
        control_expect_ok(control_ask(fd, "{\"command\":\"events\",\"arguments\":{\"count\":1}}"));
    ck_assert_int_eq((int)json_array_size(json_object_get(answer, "events")), 1);
    event = json_array_get(json_object_get(answer, "events"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(event, "level")), "notice");
    ck_assert(strncmp(json_string_value(json_object_get(event, "text")),
                      "cat: refused reason=denied peer=127.0.0.1:", 42) == 0);
    json_decref(answer);
    ck_assert_int_eq(harness_log_count(&daemon, "refused"), 0);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* Whether the metrics have this line. */
static bool has_line(int fd, const char *line)
{
    json_t *answer = control_expect_ok(control_ask(fd, "{\"command\":\"metrics\"}"));
    const char *text = json_string_value(json_object_get(answer, "metrics"));
    const char *found = text ? strstr(text, line) : NULL;
    bool has = found && (found == text || found[-1] == '\n');

    json_decref(answer);
    return has;
}

/* That they are well-formed is tests/clients/metrics.sh's. */
START_TEST(metrics)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port(), fd, client;

    harness_serve_control(&daemon, CAT "[a \"b\\\\c\"]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n",
                          port, other);
    fd = control_connect(&daemon);
    ck_assert(has_line(fd, "stdinetd_connections_total{service=\"cat\"} 0\n"));
    ck_assert(has_line(fd, "stdinetd_connections_total{service=\"a \\\"b\\\\\\\\c\\\"\"} 0\n"));
    free(client_exchange(port, "x"));
    client = client_connect(port);
    expect_echo(client, "1\n");
    control_await_count(fd, "cat", "active", 1);
    ck_assert(has_line(fd, "stdinetd_connections_total{service=\"cat\"} 2\n"));
    ck_assert(has_line(fd, "stdinetd_connections_active{service=\"cat\"} 1\n"));
    ck_assert(has_line(fd, "stdinetd_exits_total{service=\"cat\",outcome=\"ok\"} 1\n"));
    ck_assert(has_line(fd, "stdinetd_handler_seconds_bucket{service=\"cat\",le=\"+Inf\"} 1\n"));
    ck_assert(has_line(fd, "stdinetd_sources 1\n"));
    ck_assert(has_line(fd, "# EOF\n"));
    ck_assert(!has_line(fd, "stdinetd_handler_seconds_count{service=\"a"));
    close(client);
    close(fd);
    harness_end(&daemon);
}
END_TEST

#define MANY 2000

/* Of many services they come in parts, which together have each of them once. */
START_TEST(metrics_in_parts)
{
    struct daemon daemon;
    char config[64 * 1024] = "", *text = strdup("");
    int fd, parts = 0, count = harness_scale(MANY);
    size_t length = 0;
    long next = 0;

    harness_begin(&daemon);
    for (int i = 0; i < count; i++)
        snprintf(config + strlen(config), sizeof(config) - strlen(config),
                 "[%d]\nlisten = unix:@%d.%d\n", i, (int)getpid(), i);
    harness_configure(&daemon, CONTROL "[defaults]\nexec = true\nUSER\n%s", daemon.directory,
                      config);
    harness_start(&daemon, NULL);
    fd = control_connect(&daemon);
    do {
        char line[128];
        json_t *answer;
        const char *part;

        snprintf(line, sizeof(line), "{\"command\":\"metrics\",\"arguments\":{\"first\":%ld}}",
                 next);
        answer = control_expect_ok(control_ask(fd, line));
        part = json_string_value(json_object_get(answer, "metrics"));
        ck_assert_uint_lt(strlen(part), 256 * 1024);
        text = realloc(text, length + strlen(part) + 1);
        memcpy(text + length, part, strlen(part) + 1);
        length += strlen(part);
        next = (long)json_integer_value(json_object_get(answer, "next"));
        json_decref(answer);
        parts++;
    } while (next > 0);
    ck_assert(parts > 1 || count < MANY);
    ck_assert_str_eq(text + length - 6, "# EOF\n");
    for (int i = 0; i < count; i++) {
        char line[128];
        const char *found;

        snprintf(line, sizeof(line), "\nstdinetd_connections_active{service=\"%d\"} 0\n", i);
        found = strstr(text, line);
        ck_assert_msg(found && !strstr(found + 1, line), "not once: %s", line);
    }
    free(text);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* --- pause ---------------------------------------------------------------------------------- */

/* Who comes to a paused service waits and is served in the end; who runs goes on; a reload changes
 * nothing of it. */
START_TEST(pause_and_resume)
{
    struct daemon daemon;
    int port = harness_port(), fd, running, waiting;
    json_t *answer;

    harness_serve_control(&daemon, CAT, port);
    fd = control_connect(&daemon);
    running = client_connect(port);
    expect_echo(running, "1\n");
    json_decref(control_order(fd, "pause", "service", "cat"));
    harness_log_wait(&daemon, "control command=pause", 1);
    waiting = client_connect(port);
    client_send(waiting, "2\n");
    expect_echo(running, "3\n");
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 1);
    control_await_text(fd, "cat", "state", "paused");
    expect_echo(running, "4\n");
    ck_assert(!is_answered(waiting));
    control_await_count(fd, "cat", "started", 1);
    answer = control_order(fd, "resume", "service", "cat");
    json_decref(answer);
    client_expect(waiting, "2\n");
    control_await_text(fd, "cat", "state", "serving");
    close(running);
    close(waiting);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* All who wait for a place are counted and listed, not only the first. */
START_TEST(many_are_ready)
{
    struct daemon daemon;
    int port = harness_port(), fd, fds[4];
    long listed = 0;
    json_t *answer;

    harness_serve_control(&daemon, CAT "start-on = data\ndata-timeout = 1h\nmax-connections = 1\n",
                          port);
    fd = control_connect(&daemon);
    for (int i = 0; i < 4; i++)
        fds[i] = client_connect(port);
    control_await_count(fd, "cat", "held", 4);
    for (int i = 0; i < 4; i++)
        client_send(fds[i], "1\n");
    control_await_count(fd, "cat", "active", 1);
    control_await_count(fd, "cat", "held", 3);
    while (listed < 3) {
        const json_t *one;
        size_t index;

        listed = 0;
        answer = control_expect_ok(control_ask(fd, "{\"command\":\"connections\"}"));
        ck_assert_int_eq(json_integer_value(json_object_get(answer, "total")), 4);
        json_array_foreach(json_object_get(answer, "connections"), index, one) listed +=
            strcmp(json_string_value(json_object_get(one, "state")), "awaits-place") == 0;
        json_decref(answer);
    }
    answer = control_expect_ok(control_ask(fd, "{\"command\":\"status\"}"));
    ck_assert_int_eq(json_integer_value(json_object_get(answer, "held")), 3);
    json_decref(answer);
    for (int i = 0; i < 4; i++) {
        client_expect(fds[i], "1\n");
        close(fds[i]);
    }
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* A client that is held when its service is paused gets no handler before it is resumed. */
START_TEST(pause_held)
{
    struct daemon daemon;
    int port = harness_port(), fd, held;

    harness_serve_control(&daemon, CAT "start-on = data\ndata-timeout = 1h\n", port);
    fd = control_connect(&daemon);
    held = client_connect(port);
    control_await_count(fd, "cat", "held", 1);
    json_decref(control_order(fd, "pause", "service", "cat"));
    client_send(held, "1\n");
    for (;;) {
        json_t *list = control_expect_ok(control_ask(fd, "{\"command\":\"connections\"}"));
        const json_t *one = json_array_get(json_object_get(list, "connections"), 0);
        bool is_ready =
            strcmp(json_string_value(json_object_get(one, "state")), "awaits-place") == 0;

        json_decref(list);
        if (is_ready)
            break;
        harness_pause();
    }
    control_await_count(fd, "cat", "started", 0);
    json_decref(control_order(fd, "resume", "service", "cat"));
    client_expect(held, "1\n");
    close(held);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* The same for a service whose handlers get the socket itself. */
START_TEST(pause_lent)
{
    struct daemon daemon;
    char path[160], *answer;
    int fd, client;

    harness_begin(&daemon);
    snprintf(path, sizeof(path), "%s/socket", daemon.directory);
    harness_configure(&daemon,
                      CONTROL "[probe]\nlisten = unix:%s\nexec = %s lent 1\nwait = yes\nUSER\n",
                      daemon.directory, path, getenv("STDINETD_PROBE"));
    harness_start(&daemon, NULL);
    fd = control_connect(&daemon);
    json_decref(control_order(fd, "pause", "service", "probe"));
    client = client_connect_unix(path);
    control_await_text(fd, "probe", "state", "paused");
    control_await_count(fd, "probe", "started", 0);
    json_decref(control_order(fd, "resume", "service", "probe"));
    shutdown(client, SHUT_WR);
    answer = client_read_all(client);
    control_await_count(fd, "probe", "started", 1);
    free(answer);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* drain answers when the last handler has ended, not before, and who comes meanwhile waits. */
START_TEST(drain)
{
    struct daemon daemon;
    int port = harness_port(), fd, drainer, running, waiting;
    json_t *answer;

    harness_serve_control(&daemon, CAT, port);
    fd = control_connect(&daemon);
    drainer = control_connect(&daemon);
    json_decref(control_order(drainer, "drain", "service", "cat")); /* nobody: at once */
    json_decref(control_order(drainer, "resume", "service", "cat"));

    running = client_connect(port);
    expect_echo(running, "1\n");
    client_send(drainer, "{\"command\":\"drain\",\"arguments\":{\"service\":\"cat\"}}\n");
    control_await_text(fd, "cat", "state", "draining");
    waiting = client_connect(port);
    client_send(waiting, "2\n");
    expect_echo(running, "3\n");
    ck_assert(!is_answered(drainer));
    close(running);
    json_decref(control_expect_ok(control_read(drainer)));
    control_await_text(fd, "cat", "state", "paused");
    control_await_count(fd, "cat", "started", 1);
    json_decref(control_order(fd, "resume", "service", "cat"));
    client_expect(waiting, "2\n");

    /* What else its client asks is answered behind it. */
    client_send(drainer, "{\"command\":\"drain\",\"arguments\":{\"service\":\"cat\"}}\n"
                         "{\"command\":\"status\"}\n");
    control_await_text(fd, "cat", "state", "draining");
    ck_assert(!is_answered(drainer));
    json_decref(control_order(fd, "resume", "service", "cat"));
    answer = control_read(drainer);
    control_expect_error(answer, "was resumed");
    json_decref(answer);
    answer = control_expect_ok(control_read(drainer));
    ck_assert_ptr_nonnull(json_object_get(answer, "services"));
    json_decref(answer);

    /* Who drains may change his mind, or go; what he ordered stays. */
    client_send(drainer, "{\"command\":\"drain\",\"arguments\":{\"service\":\"cat\"}}\n");
    control_await_text(fd, "cat", "state", "draining");
    close(drainer);
    drainer = control_connect(&daemon);
    client_send(drainer, "{\"command\":\"drain\",\"arguments\":{\"service\":\"cat\"}}\n");
    control_await_text(fd, "cat", "state", "draining");
    json_decref(control_order(fd, "resume", "service", "cat"));
    answer = control_read(drainer);
    control_expect_error(answer, "was resumed");
    json_decref(answer);
    expect_echo(waiting, "4\n");
    close(waiting);
    close(drainer);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* The service that is drained goes with a reload: its drainer is told when its handlers have. */
START_TEST(drain_retired)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port(), fd, drainer, running;

    harness_serve_control(&daemon, CAT, port);
    fd = control_connect(&daemon);
    drainer = control_connect(&daemon);
    running = client_connect(port);
    expect_echo(running, "1\n");
    client_send(drainer, "{\"command\":\"drain\",\"arguments\":{\"service\":\"cat\"}}\n");
    control_await_text(fd, "cat", "state", "draining");
    harness_configure(&daemon, CONTROL "[other]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n",
                      daemon.directory, other);
    json_decref(control_expect_ok(control_ask(fd, "{\"command\":\"reload\"}")));
    expect_echo(running, "2\n");
    ck_assert(!is_answered(drainer));
    close(running);
    json_decref(control_expect_ok(control_read(drainer)));
    close(drainer);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* --- kill ----------------------------------------------------------------------------------- */

/* Also of a service that the configuration has no more. */
START_TEST(kill_retired)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port(), fd, running;
    json_t *answer;

    harness_serve_control(&daemon, CAT, port);
    fd = control_connect(&daemon);
    running = client_connect(port);
    expect_echo(running, "1\n");
    harness_configure(&daemon, CONTROL "[other]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n",
                      daemon.directory, other);
    json_decref(control_expect_ok(control_ask(fd, "{\"command\":\"reload\"}")));
    answer = control_order(fd, "kill", "target", "cat");
    ck_assert_int_eq(count_of(answer, "killed"), 1);
    json_decref(answer);
    client_expect_closed(running);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* One by its pid, all of a service; who ignores TERM is killed after kill-after; none of it is a
 * timeout or a crash. */
START_TEST(kill_handlers)
{
    struct daemon daemon;
    int port = harness_port(), stubborn = harness_port(), fd, clients[3];
    char pid[32];
    json_t *list, *answer;

    harness_serve_control(&daemon,
                          CAT
                          "[stubborn]\nlisten = 127.0.0.1:%d\nUSER\nkill-after = 100ms\n"
                          "exec = sh -c 'trap \"\" TERM; echo ready; while :; do sleep 1; done'\n"
                          "penalty = crash:1h timeout:1h\n",
                          port, stubborn);
    fd = control_connect(&daemon);
    for (int i = 0; i < 3; i++) {
        clients[i] = client_connect(port);
        expect_echo(clients[i], "1\n");
    }
    list = control_expect_ok(control_ask(fd, "{\"command\":\"connections\"}"));
    snprintf(pid, sizeof(pid), "%ld",
             count_of(json_array_get(json_object_get(list, "connections"), 0), "pid"));
    json_decref(list);
    answer = control_order(fd, "kill", "target", pid);
    ck_assert_int_eq(count_of(answer, "killed"), 1);
    json_decref(answer);
    client_expect_closed(clients[2]); /* the youngest */
    control_await_count(fd, "cat", "active", 2);
    expect_echo(clients[0], "2\n");
    answer = control_order(fd, "kill", "target", "cat");
    ck_assert_int_eq(count_of(answer, "killed"), 2);
    json_decref(answer);
    client_expect_closed(clients[0]);
    client_expect_closed(clients[1]);
    harness_log_wait(&daemon, "outcome=killed signal=SIGTERM", 3);

    clients[0] = client_connect(stubborn);
    client_expect(clients[0], "ready");
    json_decref(control_order(fd, "kill", "target", "stubborn"));
    client_expect_closed(clients[0]);
    harness_log_wait(&daemon, "outcome=killed signal=SIGKILL", 1);
    ck_assert_int_eq(harness_log_count(&daemon, "outcome=timeout"), 0);
    ck_assert_int_eq(harness_log_count(&daemon, "penalty"), 0);
    close(fd);
    harness_end(&daemon);
}
END_TEST

/* --- reload and stop ------------------------------------------------------------------------ */

START_TEST(reload_tells)
{
    struct daemon daemon;
    int port = harness_port(), fd;
    json_t *answer;
    const json_t *problems;
    bool told = false;

    harness_serve_control(&daemon, CAT, port);
    fd = control_connect(&daemon);
    answer = control_expect_ok(control_ask(fd, "{\"command\":\"reload\"}"));
    ck_assert(json_is_true(json_object_get(answer, "reloaded")));
    ck_assert_int_eq((int)json_array_size(json_object_get(answer, "problems")), 0);
    json_decref(answer);

    harness_configure(&daemon, CAT "max-connections = many\nlisen = 3\n", daemon.directory, port);
    answer = control_expect_ok(control_ask(fd, "{\"command\":\"reload\"}"));
    ck_assert(json_is_false(json_object_get(answer, "reloaded")));
    problems = json_object_get(answer, "problems");
    for (size_t i = 0; i < json_array_size(problems); i++)
        told |= strstr(json_string_value(json_array_get(problems, i)), "did you mean 'listen'?") !=
                NULL;
    ck_assert_msg(told, "%s", json_dumps(answer, 0));
    json_decref(answer);
    harness_log_wait(&daemon, "reload failed", 1);
    close(fd);
    harness_end(&daemon);
}
END_TEST

START_TEST(stop_in_stages)
{
    struct daemon daemon;
    int port = harness_port(), fd, client, status;
    json_t *answer;

    harness_serve_control(&daemon, CAT, port);
    fd = control_connect(&daemon);
    client = client_connect(port);
    expect_echo(client, "1\n");
    answer = control_expect_ok(control_ask(fd, "{\"command\":\"stop\"}"));
    ck_assert_int_eq(count_of(answer, "handlers"), 1);
    json_decref(answer);
    control_await_text(fd, "cat", "state", "stopping");
    expect_echo(client, "2\n");
    json_decref(control_expect_ok(control_ask(fd, "{\"command\":\"stop\"}")));
    client_expect_closed(client);
    client_expect_closed(fd);
    status = harness_wait(&daemon);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    harness_remove(&daemon);
}
END_TEST

Suite *steer_suite(void)
{
    Suite *suite = suite_create("steer");
    TCase *all = tcase_create("steer");

    tcase_set_timeout(all, LONGEST);
    tcase_add_test(all, status_tells);
    tcase_add_test(all, status_whole);
    tcase_add_test(all, states);
    tcase_add_test(all, events);
    tcase_add_test(all, metrics);
    tcase_add_test(all, metrics_in_parts);
    tcase_add_test(all, pause_and_resume);
    tcase_add_test(all, many_are_ready);
    tcase_add_test(all, pause_held);
    tcase_add_test(all, pause_lent);
    tcase_add_test(all, drain);
    tcase_add_test(all, drain_retired);
    tcase_add_test(all, kill_handlers);
    tcase_add_test(all, kill_retired);
    tcase_add_test(all, reload_tells);
    tcase_add_test(all, stop_in_stages);
    suite_add_tcase(suite, all);
    return suite;
}

/* Where a service listens: both families, unix paths and names, addresses that are taken. */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Connects to ::1; -1 where this machine has no IPv6. */
static int connect_ipv6(int port)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin6_addr = in6addr_loopback;
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

#define SHOW_REMOTE "exec = sh -c 'echo $TCPREMOTEIP $TCPLOCALIP'\nUSER\n"

/* A port alone is both families, and an IPv4 client is shown as one. */
START_TEST(both_families)
{
    struct daemon daemon;
    int port = harness_port();
    char *answer;
    int fd;

    harness_serve(&daemon, "[both]\nlisten = %d\n" SHOW_REMOTE, port);
    answer = client_exchange(port, "");
    ck_assert_str_eq(answer, "127.0.0.1 127.0.0.1\n");
    free(answer);
    fd = connect_ipv6(port);
    if (fd >= 0) {
        answer = client_read_all(fd);
        ck_assert_str_eq(answer, "::1 ::1\n");
        free(answer);
    }
    harness_end(&daemon);
}
END_TEST

START_TEST(ipv6_only)
{
    struct daemon daemon;
    int port = harness_port();
    char *answer;
    int fd;

    harness_serve(&daemon, "[six]\nlisten = %d\nipv6-only = yes\n" SHOW_REMOTE, port);
    fd = connect_ipv6(port);
    if (fd >= 0) {
        answer = client_read_all(fd);
        ck_assert_str_eq(answer, "::1 ::1\n");
        free(answer);
        ck_assert_int_eq(client_try(port), -ECONNREFUSED);
    }
    harness_end(&daemon);
}
END_TEST

START_TEST(several_addresses_and_a_range)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port();
    char *answer;

    harness_serve(&daemon,
                  "[many]\nlisten = 127.0.0.1:%d-%d\nlisten = 127.0.0.2:%d, 127.0.0.1:%d\n"
                  "exec = sh -c 'echo $TCPLOCALIP:$TCPLOCALPORT'\nUSER\n",
                  port, port + 3, port, other);
    for (int i = 0; i <= 4; i++) {
        char expected[64];
        int this = i == 4 ? other : port + i;

        snprintf(expected, sizeof(expected), "127.0.0.1:%d\n", this);
        answer = client_exchange(this, "");
        ck_assert_str_eq(answer, expected);
        free(answer);
    }
    harness_end(&daemon);
}
END_TEST

START_TEST(unix_path)
{
    struct daemon daemon;
    char path[128], *answer;
    struct stat status;
    int fd;

    harness_begin(&daemon);
    snprintf(path, sizeof(path), "%s/socket", daemon.directory);
    harness_configure(&daemon,
                      "[upper]\nlisten = unix:%s unix:@stdinetd-test-%d\nexec = tr a-z A-Z\n"
                      "socket-mode = 0640\n%sUSER\n",
                      path, (int)getpid(),
                      harness_is_root() ? "socket-user = daemon\nsocket-group = tty\n" : "");
    harness_start(&daemon, NULL);
    ck_assert(stat(path, &status) == 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0640);
    if (harness_is_root()) {
        ck_assert_uint_eq(status.st_uid, 1);
        ck_assert_uint_eq(status.st_gid, 5);
    }
    fd = client_connect_unix(path);
    client_send(fd, "path");
    shutdown(fd, SHUT_WR);
    answer = client_read_all(fd);
    ck_assert_str_eq(answer, "PATH");
    free(answer);
    snprintf(path, sizeof(path), "@stdinetd-test-%d", (int)getpid());
    fd = client_connect_unix(path);
    client_send(fd, "name");
    shutdown(fd, SHUT_WR);
    answer = client_read_all(fd);
    ck_assert_str_eq(answer, "NAME");
    free(answer);
    snprintf(path, sizeof(path), "%s/socket", daemon.directory);
    harness_signal(&daemon, SIGTERM);
    harness_wait(&daemon);
    ck_assert_msg(access(path, F_OK) < 0, "the path was left behind");
    harness_remove(&daemon);
}
END_TEST

/* A socket at path; with a listener behind it, or left behind by one that died. */
static int make_socket(const char *path, bool live)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, path, strlen(path));
    ck_assert(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    ck_assert(listen(fd, 5) == 0);
    if (live)
        return fd;
    close(fd);
    return -1;
}

START_TEST(unix_path_stale_live_or_file)
{
    struct daemon daemon;
    char stale[128], live[128], file[128], *answer, *text;
    int fd, listener;

    harness_begin(&daemon);
    snprintf(stale, sizeof(stale), "%s/stale", daemon.directory);
    snprintf(live, sizeof(live), "%s/live", daemon.directory);
    snprintf(file, sizeof(file), "%s/file", daemon.directory);
    make_socket(stale, false);
    listener = make_socket(live, true);
    harness_write_file(file, "precious", 0644);
    harness_configure(&daemon,
                      "[defaults]\nUSER\nexec = tr a-z A-Z\n"
                      "[stale]\nlisten = unix:%s\n[live]\nlisten = unix:%s\n"
                      "[file]\nlisten = unix:%s\n",
                      stale, live, file);
    harness_start(&daemon, NULL);
    fd = client_connect_unix(stale);
    client_send(fd, "x");
    shutdown(fd, SHUT_WR);
    answer = client_read_all(fd);
    ck_assert_str_eq(answer, "X");
    free(answer);
    ck_assert_int_eq(harness_log_count(&daemon, "live: cannot bind"), 1);
    ck_assert_int_eq(harness_log_count(&daemon, "Address already in use"), 1);
    ck_assert_int_eq(harness_log_count(&daemon, "file: cannot bind"), 1);
    ck_assert_int_eq(harness_log_count(&daemon, "is not a socket"), 1);
    text = harness_read_file(file);
    ck_assert_str_eq(text, "precious");
    free(text);
    /* Nobody knocked there to find that out. */
    fcntl(listener, F_SETFL, O_NONBLOCK);
    ck_assert_int_lt(accept(listener, NULL, NULL), 0);
    ck_assert_int_eq(errno, EAGAIN);
    /* When the other one dies its path is ours. */
    close(listener);
    harness_log_wait(&daemon, "live: bound", 1);
    harness_end(&daemon);
}
END_TEST

/* A link put in the socket's place is not followed when a reload sets its mode anew. */
START_TEST(unix_path_replaced_by_link)
{
    struct daemon daemon;
    char path[128], moved[128], precious[128];
    struct stat status;

    harness_begin(&daemon);
    snprintf(path, sizeof(path), "%s/socket", daemon.directory);
    snprintf(moved, sizeof(moved), "%s/moved", daemon.directory);
    snprintf(precious, sizeof(precious), "%s/precious", daemon.directory);
    harness_write_file(precious, "secret", 0600);
    harness_configure(&daemon, "[cat]\nlisten = unix:%s\nexec = cat\nUSER\n", path);
    harness_start(&daemon, NULL);
    ck_assert(rename(path, moved) == 0 && symlink(precious, path) == 0);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 1);
    ck_assert(stat(precious, &status) == 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
    harness_end(&daemon);
}
END_TEST

static int listen_on(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    ck_assert(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 5) == 0);
    return fd;
}

/* A taken port is pending: others are served, it is said once, and it is served within 2 s. */
START_TEST(taken_port)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port();
    int fd = listen_on(port);
    char *answer;
    long freed;

    harness_serve(&daemon,
                  "[defaults]\nUSER\nexec = tr a-z A-Z\n[taken]\nlisten = 127.0.0.1:%d\n"
                  "[free]\nlisten = 127.0.0.1:%d\n",
                  port, other);
    answer = client_exchange(other, "other");
    ck_assert_str_eq(answer, "OTHER");
    free(answer);
    harness_signal(&daemon, SIGUSR1);
    harness_log_wait(&daemon, "taken: status state=pending", 1);
    /* A reload doesn't lose it, nor say it again. */
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "reloaded", 1);
    close(fd);
    freed = harness_now();
    answer = client_exchange(port, "taken");
    ck_assert_int_le(harness_now() - freed, 2000);
    ck_assert_str_eq(answer, "TAKEN");
    free(answer);
    ck_assert_int_eq(harness_log_count(&daemon, "taken: cannot bind"), 1);
    ck_assert_int_eq(harness_log_count(&daemon, "taken: bound"), 1);
    harness_end(&daemon);
}
END_TEST

Suite *sockets_suite(void)
{
    Suite *suite = suite_create("sockets");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, LONGEST);
    tcase_add_test(all, both_families);
    tcase_add_test(all, ipv6_only);
    tcase_add_test(all, several_addresses_and_a_range);
    tcase_add_test(all, unix_path);
    tcase_add_test(all, unix_path_stale_live_or_file);
    tcase_add_test(all, unix_path_replaced_by_link);
    tcase_add_test(all, taken_port);
    suite_add_tcase(suite, all);
    return suite;
}

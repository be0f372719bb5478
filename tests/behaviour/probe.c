/* probe: a handler that tells what it was given: fds, ids, signals, session, place, environment.
 *
 * One "key value" a line, in a fixed order, so that a test can compare the whole answer.
 */
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void say_fds(void)
{
    DIR *directory = opendir("/proc/self/fd");
    struct stat in, out;

    printf("fds");
    for (int fd = 0; fd < 4096; fd++)
        if (fcntl(fd, F_GETFD) >= 0 && fd != dirfd(directory))
            printf(" %d", fd);
    printf("\n");
    closedir(directory);
    fstat(0, &in);
    fstat(1, &out);
    printf("connection %s %s %s\n", S_ISSOCK(in.st_mode) ? "socket" : "no-socket",
           in.st_ino == out.st_ino ? "same" : "different",
           fcntl(0, F_GETFL) & O_NONBLOCK ? "nonblocking" : "blocking");
}

static void say_credentials(void)
{
    uid_t real_uid, effective_uid, saved_uid;
    gid_t real_gid, effective_gid, saved_gid, groups[64];
    int count = getgroups(64, groups);

    getresuid(&real_uid, &effective_uid, &saved_uid);
    getresgid(&real_gid, &effective_gid, &saved_gid);
    printf("uid %u %u %u\n", real_uid, effective_uid, saved_uid);
    printf("gid %u %u %u\n", real_gid, effective_gid, saved_gid);
    printf("groups");
    for (int i = 0; i < count; i++)
        printf(" %u", groups[i]);
    printf("\n");
}

/* The line of /proc/self/status that begins with field, its value without white space. */
static void say_status(const char *field)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256], value[256];

    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, field, strlen(field)) == 0 &&
            sscanf(line + strlen(field) + 1, "%255s", value) == 1)
            printf("%s %s\n", field, value);
    if (file)
        fclose(file);
}

static void say_place(void)
{
    char path[4096];
    mode_t mask = umask(0);
    struct rlimit limit;
    FILE *file = fopen("/proc/self/oom_score_adj", "r");

    printf("session %s %s\n", getsid(0) == getpid() ? "own" : "not-own",
           getpgrp() == getpid() ? "own" : "not-own");
    printf("directory %s\n", getcwd(path, sizeof(path)) ? path : "?");
    printf("umask %03o\n", mask);
    getrlimit(RLIMIT_NOFILE, &limit);
    printf("nofile %lu %lu\n", (unsigned long)limit.rlim_cur, (unsigned long)limit.rlim_max);
    printf("oom %s", file && fgets(path, sizeof(path), file) ? path : "?\n");
    if (file)
        fclose(file);
}

/* With "limits" as its first argument: what a service can set beyond that. */
static void say_limits(void)
{
    static const struct {
        const char *name;
        unsigned resource;
    } limits[] = {{"as", RLIMIT_AS},         {"core", RLIMIT_CORE},   {"cpu", RLIMIT_CPU},
                  {"data", RLIMIT_DATA},     {"fsize", RLIMIT_FSIZE}, {"memlock", RLIMIT_MEMLOCK},
                  {"nofile", RLIMIT_NOFILE}, {"nproc", RLIMIT_NPROC}, {"stack", RLIMIT_STACK}};
    struct rlimit limit;

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        if (getrlimit(limits[i].resource, &limit) == 0)
            printf("%s %ld:%ld\n", limits[i].name, (long)limit.rlim_cur, (long)limit.rlim_max);
    printf("nice %d\n", getpriority(PRIO_PROCESS, 0));
    say_status("NoNewPrivs");
}

static int compare(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* With "options" as its first argument: what was set on its connection. */
static void say_options(void)
{
    static const struct {
        const char *name;
        int level, option;
    } options[] = {{"receive-buffer", SOL_SOCKET, SO_RCVBUF},
                   {"send-buffer", SOL_SOCKET, SO_SNDBUF},
                   {"keepalive", SOL_SOCKET, SO_KEEPALIVE},
                   {"nodelay", IPPROTO_TCP, TCP_NODELAY}};
    char device[64] = "";
    socklen_t length = sizeof(device);

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        int value = -1;
        socklen_t size = sizeof(value);

        getsockopt(0, options[i].level, options[i].option, &value, &size);
        printf("%s %d\n", options[i].name, value);
    }
    getsockopt(0, SOL_SOCKET, SO_BINDTODEVICE, device, &length);
    printf("device %s\n", device);
}

/* What a handler that was lent its socket has, for the answer to "ask". */
static void describe_lent(char *text, size_t size)
{
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
    const char *names = getenv("LISTEN_FDNAMES"), *protocol = getenv("PROTO");
    struct stat in, lent;
    int highest = 3;

    fstat(0, &in);
    fstat(3, &lent);
    for (int fd = 4; fd < 4096; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            highest = fd;
    snprintf(text, size, "%s %s %s %s %s %s %d", protocol ? protocol : "-", fds ? fds : "-",
             names ? names : "-",
             pid && strtol(pid, NULL, 10) == getpid() ? "own-pid" : "other-pid",
             in.st_ino == lent.st_ino ? "same" : "different",
             fcntl(0, F_GETFL) & O_NONBLOCK ? "nonblocking" : "blocking", highest);
}

/* One datagram is answered, unless it says "bad": that one is left where it is. */
static int answer_datagram(void)
{
    char text[256] = "", answer[512];
    struct sockaddr_storage peer;
    socklen_t length = sizeof(peer);

    if (recv(0, text, sizeof(text) - 1, MSG_PEEK) < 0 || strncmp(text, "bad", 3) == 0)
        return 3;
    if (recvfrom(0, text, sizeof(text) - 1, 0, (struct sockaddr *)&peer, &length) < 0)
        return 4;
    describe_lent(answer, sizeof(answer));
    return sendto(0, answer, strlen(answer), 0, (struct sockaddr *)&peer, length) < 0 ? 5 : 0;
}

static int answer_client(void)
{
    char answer[512];
    ssize_t written;
    int fd;

    describe_lent(answer, sizeof(answer));
    fd = accept(3, NULL, NULL);
    written = write(fd, answer, strlen(answer));
    close(fd);
    return written < 0 ? 5 : 0;
}

/* With "lent COUNT": serves so many, and leaves the socket in a mode that the next one must not
 * find. */
static int serve_lent(int count)
{
    int type = 0, status = 0;
    socklen_t size = sizeof(type);

    getsockopt(0, SOL_SOCKET, SO_TYPE, &type, &size);
    while (status == 0 && count-- > 0)
        status = type == SOCK_DGRAM ? answer_datagram() : answer_client();
    fcntl(0, F_SETFL, O_NONBLOCK);
    return status;
}

/* With "shut": leaves the socket so that it is always readable, and nothing can be read from it. */
static int shut(void)
{
    int beyond = 1000;

    setsockopt(0, SOL_SOCKET, SO_PEEK_OFF, &beyond, sizeof(beyond));
    shutdown(0, SHUT_RDWR);
    return 0;
}

/* With "linger": fills the connection, and leaves a process that sets SO_LINGER behind our back,
 * when the handler has ended. */
static int linger(void)
{
    const struct linger long_time = {.l_onoff = 1, .l_linger = 8};
    char bytes[65536] = "";
    pid_t parent = getpid();

    while (send(1, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
        ;
    if (fork() != 0)
        return 0;
    while (getppid() == parent)
        usleep(1000);
    setsockopt(1, SOL_SOCKET, SO_LINGER, &long_time, sizeof(long_time));
    _exit(0);
}

/* Says something, and breaks the connection off. */
static int break_off(void)
{
    const struct linger none = {.l_onoff = 1, .l_linger = 0};

    return setsockopt(1, SOL_SOCKET, SO_LINGER, &none, sizeof(none)) == 0 &&
                   write(1, "answer\n", 7) == 7
               ? 0
               : 1;
}

int main(int argc, char *argv[])
{
    size_t count = 0;

    if (argc > 1 && strcmp(argv[1], "shut") == 0)
        return shut();
    if (argc > 1 && strcmp(argv[1], "break") == 0)
        return break_off();
    if (argc > 1 && strcmp(argv[1], "linger") == 0)
        return linger();
    if (argc > 2 && strcmp(argv[1], "lent") == 0)
        return serve_lent((int)strtol(argv[2], NULL, 10));
    if (argc > 1 && strcmp(argv[1], "options") == 0) {
        say_options();
        return fflush(stdout) == 0 ? 0 : 1;
    }
    if (argc > 1 && strcmp(argv[1], "limits") == 0) {
        say_limits();
        say_place();
        return fflush(stdout) == 0 ? 0 : 1;
    }
    for (int i = 0; i < argc; i++)
        printf("argv %s\n", argv[i]);
    say_fds();
    say_credentials();
    say_status("SigPnd");
    say_status("SigBlk");
    say_status("SigIgn");
    say_place();
    while (environ[count])
        count++;
    qsort(environ, count, sizeof(*environ), compare);
    /* Whether it was warm is no difference that a test looks for here. */
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], "STDINETD_WARM=", strlen("STDINETD_WARM=")) != 0)
            printf("env %s\n", environ[i]);
    return fflush(stdout) == 0 ? 0 : 1;
}

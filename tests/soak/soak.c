/* soak: a daemon under everything at once for minutes, and every connection accounted for.
 *
 *   soak STDINETD MINUTES [SEED]
 *
 * Clients of many sources come to services with every kind of limit, one floods, some are silent,
 * some reset; meanwhile the daemon is reloaded with other limits, upgraded, paused, stopped for a
 * moment, and its handlers are killed. At the end of each half what the clients have counted and
 * what the daemon has counted must be the same, for each service; no handler is left, and memory
 * and fds are as they were at the end of the first half. Prints its figures; exit status 1 when
 * something is wrong. A word for `make soak`; a run of some seconds is part of `make check`.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* KiB. A sanitizer keeps freed memory aside. */
#ifdef __SANITIZE_ADDRESS__
#define GROWTH_MOST (512 * 1024)
#else
#define GROWTH_MOST 512
#endif

#define CLIENTS     12
#define PATIENCE_MS 20000

/* --- the services, and how their clients behave
 * --------------------------------------------------- */

enum manner {
    ASKS,        /* sends words, and reads the answer to its end */
    WATCHES,     /* sends nothing, and reads to the end */
    IS_SILENT,   /* to a service that waits for data: nothing, until it is closed */
    TELLS_PROXY, /* a PROXY header first */
    MANNERS
};

/* Text with two %s: the first is what may be changed by a reload. */
static const struct {
    const char *name, *settings;
    enum manner manner;
} services[] = {
    {"upper", "exec = tr a-z A-Z\nmax-connections = %d\n", ASKS},
    {"crowded", "exec = tr a-z A-Z\nmax-connections = %d\nwhen-full = refuse\n", ASKS},
    {"paced", "exec = true\nrate = %d/1s\nmax-connections = 0\n", WATCHES},
    {"shed", "exec = true\nrate = %d/1s\nwhen-full = refuse\n", WATCHES},
    {"sources", "exec = sleep 0.05\nmax-connections-per-source = %d\nrate-per-source = 100/1s\n",
     WATCHES},
    {"punished", "exec = sh -c 'exit 3'\npenalty = exit.3:1\npenalty-min = %d\n", WATCHES},
    {"crashing", "exec = sh -c 'kill -9 $$'\nmax-connections = %d\nstderr = null\n", WATCHES},
    {"held", "exec = tr a-z A-Z\nstart-on = data\ndata-timeout = 1s\nmax-connections = %d\n", ASKS},
    {"silent", "exec = true\nstart-on = data\ndata-timeout = 300ms\nmax-connections = %d\n",
     IS_SILENT},
    {"proxied",
     "exec = tr a-z A-Z\nproxy-protocol = yes\nproxy-from = 127.0.0.0/8\n"
     "max-connections = %d\n",
     TELLS_PROXY},
    {"long",
     "exec = sh -c 'echo; exec sleep 30'\nmax-runtime = 200ms\nkill-after = 100ms\n"
     "max-connections = %d\n",
     WATCHES},
    {"talkative", "exec = sh -c 'echo to the log >&2; echo'\nmax-connections = %d\n", WATCHES},
};
#define SERVICES (sizeof(services) / sizeof(services[0]))

/* What clients count, in memory that all share. */
struct counts {
    uint64_t connected[SERVICES]; /* connect() worked */
    uint64_t answered[SERVICES], empty[SERVICES], reset[SERVICES];
    uint64_t refused; /* connect() didn't: must not happen */
    uint64_t late;    /* no end within the patience: must not happen */
    uint64_t wrong;   /* another answer: must not happen */
    uint32_t stop;
    uint32_t ended; /* clients */
};

static struct counts *counts;
static int first_port;
static char directory[] = "/tmp/stdinetd-soak-XXXXXX";
static char path_of_config[64], path_of_control[64], path_of_program[64];
static unsigned problems;

__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    printf("not ok - ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    problems++;
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void pause_ms(long ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&time, NULL);
}

static void add(uint64_t *count)
{
    __atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
}

/* --- a client ------------------------------------------------------------------------------- */

static int connect_from(uint32_t source, int port)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(source)};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons((uint16_t)port)};
    const int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    setsockopt(fd, IPPROTO_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, &yes, sizeof(yes));
    if (fd >= 0 && bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0 &&
        connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Reads to the end; the length, or -1 where it was reset; -2 where nothing came in time. */
static int read_all(int fd, char *text, size_t size)
{
    uint64_t until = now_ms() + PATIENCE_MS;
    size_t length = 0;

    for (;;) {
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        uint64_t now = now_ms();
        ssize_t got;

        if (now >= until || poll(&poller, 1, (int)(until - now)) == 0)
            return -2;
        got = recv(fd, text + length, size - length, 0);
        if (got < 0)
            return -1;
        if (got == 0)
            return (int)length;
        length += (size_t)got;
        if (length == size)
            return -1;
    }
}

static void judge(size_t service, int length, const char *answer, const char *expected)
{
    if (length == -2) {
        add(&counts->late);
        return;
    }
    if (length == -1)
        add(&counts->reset[service]);
    else if (length == 0)
        add(&counts->empty[service]);
    else
        add(&counts->answered[service]);
    /* A handler that is killed says nothing, or a part. */
    if (expected && length > 0 &&
        ((size_t)length > strlen(expected) || memcmp(answer, expected, (size_t)length) != 0))
        add(&counts->wrong);
}

static void be_client(size_t service, uint32_t source, unsigned *random)
{
    const struct linger reset = {.l_onoff = 1};
    char text[64], expected[64], answer[256];
    enum manner manner = services[service].manner;
    int fd = connect_from(source, first_port + (int)service), length;

    if (fd < 0) {
        add(&counts->refused);
        return;
    }
    add(&counts->connected[service]);
    if (rand_r(random) % 50 == 0) { /* it changes its mind */
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        close(fd);
        return;
    }
    snprintf(text, sizeof(text), "client %u asks\n", rand_r(random));
    for (size_t i = 0; i <= strlen(text); i++)
        expected[i] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 'a' + 'A') : text[i];
    if (manner == TELLS_PROXY)
        dprintf(fd, "PROXY TCP4 192.0.2.%u 198.51.100.1 1000 80\r\n", rand_r(random) % 255);
    if ((manner == ASKS || manner == TELLS_PROXY) && send(fd, text, strlen(text), MSG_NOSIGNAL) > 0)
        shutdown(fd, SHUT_WR);
    length = read_all(fd, answer, sizeof(answer));
    judge(service, length, answer, manner == ASKS || manner == TELLS_PROXY ? expected : NULL);
    close(fd);
}

/* One process: clients of all services and of many sources, one after the other. Number 0 floods:
 * one source, one service, as fast as it can. */
static void run_clients(unsigned number)
{
    unsigned random = number * 7919 + 1;

    while (!__atomic_load_n(&counts->stop, __ATOMIC_RELAXED)) {
        uint32_t source = INADDR_LOOPBACK + 256 + (uint32_t)rand_r(&random) % 50;

        if (number == 0)
            be_client(4, INADDR_LOOPBACK + 1, &random);
        else
            be_client((size_t)rand_r(&random) % SERVICES, source, &random);
    }
    __atomic_add_fetch(&counts->ended, 1, __ATOMIC_RELAXED);
}

/* --- the daemon ----------------------------------------------------------------------------- */

/* limit goes where the settings have %d. */
static void write_service(FILE *file, size_t service, unsigned limit)
{
    const char *settings = services[service].settings, *place = strstr(settings, "%d");

    fprintf(file, "[%s]\nlisten = 127.0.0.1:%d\n%.*s%u%s", services[service].name,
            first_port + (int)service, (int)(place - settings), settings, limit, place + 2);
}

static void write_config(unsigned limit)
{
    char path[80];
    FILE *file;

    snprintf(path, sizeof(path), "%s.new", path_of_config);
    file = fopen(path, "we");
    if (!file)
        exit(99);
    fchmod(fileno(file), 0600);
    fprintf(file,
            "[stdinetd]\nlog-level = warning\ncontrol = %s\nmax-connections = 40\n"
            "[defaults]\n%s",
            path_of_control, geteuid() == 0 ? "user = nobody\n" : "");
    for (size_t i = 0; i < SERVICES; i++)
        write_service(file, i, limit);
    fclose(file);
    if (rename(path, path_of_config) < 0)
        exit(99);
}

/* Runs a program and waits for it; whether it ended with 0. */
static bool run(const char *program, const char *one, const char *other)
{
    pid_t pid = fork();
    int result = -1;

    if (pid == 0) {
        execlp(program, program, one, other, (char *)NULL);
        _exit(99);
    }
    return pid > 0 && waitpid(pid, &result, 0) == pid && result == 0;
}

/* Another build in the place of the one that runs. */
static void write_program(const char *stdinetd)
{
    char path[80];

    snprintf(path, sizeof(path), "%s.new", path_of_program);
    if (!run("cp", stdinetd, path) || rename(path, path_of_program) < 0)
        exit(99);
}

static pid_t start_daemon(void)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execl(path_of_program, "stdinetd", "-c", path_of_config, (char *)NULL);
    _exit(99);
}

/* One command and its answer; NULL where there is none. */
static json_t *ask(const char *request)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval patience = {.tv_sec = 20};
    json_t *answer = NULL;

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path_of_control);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        dprintf(fd, "%s\n", request) > 0) {
        FILE *file = fdopen(dup(fd), "re");

        answer = file ? json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
        if (file)
            fclose(file);
    }
    close(fd);
    return answer;
}

static void command(const char *name, const char *argument, const char *value)
{
    char request[256];

    if (argument)
        snprintf(request, sizeof(request), "{\"command\":\"%s\",\"arguments\":{\"%s\":\"%s\"}}",
                 name, argument, value);
    else
        snprintf(request, sizeof(request), "{\"command\":\"%s\"}", name);
    json_decref(ask(request));
}

static uint64_t integer(const json_t *object, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

static uint64_t sum(const json_t *object, const char *name)
{
    uint64_t total = 0;
    const char *key;
    json_t *value;

    json_object_foreach(json_object_get(object, name), key, value) total +=
        (uint64_t)json_integer_value(value);
    return total;
}

/* A field of /proc/PID/status in KiB. */
static long status_of(pid_t pid, const char *field)
{
    char path[64], line[256];
    long value = -1;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, field, strlen(field)) == 0)
            value = strtol(line + strlen(field) + 1, NULL, 10);
    if (file)
        fclose(file);
    return value;
}

/* --- disturbances --------------------------------------------------------------------------- */

static unsigned reloads, upgrades, pauses, kills, stops;

static void disturb(pid_t daemon, const char *stdinetd, unsigned *random)
{
    const char *name = services[(size_t)rand_r(random) % SERVICES].name;

    switch (rand_r(random) % 6) {
    case 0:
    case 1:
        write_config(2 + (unsigned)rand_r(random) % 20);
        kill(daemon, SIGHUP);
        reloads++;
        break;
    case 2:
        write_program(stdinetd);
        kill(daemon, SIGUSR2);
        upgrades++;
        break;
    case 3:
        command("pause", "service", name);
        pause_ms(200);
        command("resume", "service", name);
        pauses++;
        break;
    case 4:
        command("kill", "target", name);
        kills++;
        break;
    default:
        kill(daemon, SIGSTOP);
        pause_ms(300);
        kill(daemon, SIGCONT);
        stops++;
    }
}

/* --- the sum -------------------------------------------------------------------------------- */

/* What the daemon says of a service's connections that nobody is there for any more. */
static uint64_t accounted(const json_t *service)
{
    return integer(service, "started") + sum(service, "refused") +
           integer(json_object_get(service, "exits"), "silent") + integer(service, "gone") +
           sum(service, "start_failures");
}

/* Whether nobody is left: also not one who has gone, but waits in the backlog of a service that is
 * too fast for its rate. */
static bool is_idle(const json_t *status)
{
    json_t *list = json_object_get(status, "services"), *service;
    size_t i;

    if (!status || integer(status, "processes") > 0 || integer(status, "held") > 0 ||
        integer(status, "active") > 0)
        return false;
    json_array_foreach(list, i,
                       service) if (accounted(service) != counts->connected[i]) return false;
    return true;
}

/* The daemon's counts when nobody is there any more, or when that takes too long. */
static json_t *wait_until_idle(void)
{
    uint64_t until = now_ms() + PATIENCE_MS;
    json_t *status = ask("{\"command\":\"status\"}");

    while (!is_idle(status) && now_ms() < until) {
        json_decref(status);
        pause_ms(50);
        status = ask("{\"command\":\"status\"}");
    }
    if (integer(status, "processes") + integer(status, "held") > 0)
        complain("the daemon isn't idle: %" PRIu64 " handlers, %" PRIu64 " held",
                 integer(status, "processes"), integer(status, "held"));
    return status;
}

static void compare(const json_t *status)
{
    json_t *list = json_object_get(status, "services"), *service;
    size_t i;

    printf("%-10s %9s = %9s %9s %7s %7s %7s   %9s %9s %7s\n", "", "connected", "started", "refused",
           "silent", "gone", "failed", "answered", "empty", "reset");
    json_array_foreach(list, i, service)
    {
        uint64_t started = integer(service, "started"), refused = sum(service, "refused");
        uint64_t silent = integer(json_object_get(service, "exits"), "silent");
        uint64_t gone = integer(service, "gone"), failed = sum(service, "start_failures");

        printf("%-10s %9" PRIu64 " = %9" PRIu64 " %9" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64
               "   %9" PRIu64 " %9" PRIu64 " %7" PRIu64 "\n",
               services[i].name, counts->connected[i], started, refused, silent, gone, failed,
               counts->answered[i], counts->empty[i], counts->reset[i]);
        if (counts->connected[i] != accounted(service))
            complain("%s: %" PRId64 " connections aren't accounted for", services[i].name,
                     (int64_t)(counts->connected[i] - accounted(service)));
        if (integer(service, "started") != sum(service, "exits") - silent)
            complain("%s: not every handler's end was counted", services[i].name);
    }
    if (i != SERVICES)
        complain("the daemon tells of %zu services", i);
}

/* Clients and disturbances for so long; then all is still, and the sum is made. */
static void run_half(pid_t daemon, const char *stdinetd, uint64_t duration, unsigned *random,
                     long *ret_rss, uint64_t *ret_fds)
{
    uint64_t until = now_ms() + duration;
    json_t *status;

    counts->stop = 0;
    counts->ended = 0;
    for (unsigned i = 0; i < CLIENTS; i++)
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            run_clients(i);
            _exit(0);
        }
    while (now_ms() < until) {
        pause_ms(rand_r(random) % 700);
        disturb(daemon, stdinetd, random);
    }
    __atomic_store_n(&counts->stop, 1, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < CLIENTS; i++) {
        int result;
        pid_t ended = wait(&result);

        if (ended == daemon) {
            complain("the daemon has ended: status %#x", (unsigned)result);
            return;
        }
    }
    status = wait_until_idle();
    compare(status);
    *ret_rss = status_of(daemon, "VmRSS");
    *ret_fds = integer(status, "fds");
    printf("%u reloads (%" PRIu64 " done), %u upgrades (%" PRIu64 " done), %u pauses, %u kills, "
           "%u stops; RSS %ld KiB, %" PRIu64 " fds\n",
           reloads, integer(status, "reloads"), upgrades, integer(status, "upgrades"), pauses,
           kills, stops, *ret_rss, *ret_fds);
    json_decref(status);
    if (counts->refused || counts->late || counts->wrong)
        complain("%" PRIu64 " couldn't connect, %" PRIu64 " waited for too long, %" PRIu64
                 " had a wrong answer",
                 counts->refused, counts->late, counts->wrong);
}

/* Ports of our own, by the pid: nobody else's test has them all. */
static int find_ports(void)
{
    for (int port = 20000 + (int)getpid() % 200 * 50; port < 32000; port += 50) {
        size_t free = 0;

        for (; free < SERVICES; free++) {
            struct sockaddr_in address = {.sin_family = AF_INET,
                                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                          .sin_port = htons((uint16_t)(port + (int)free))};
            int fd = socket(AF_INET, SOCK_STREAM, 0);
            bool taken = bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0;

            close(fd);
            if (taken)
                break;
        }
        if (free == SERVICES)
            return port;
    }
    exit(99);
}

int main(int argc, char **argv)
{
    unsigned random = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : (unsigned)time(NULL);
    uint64_t duration = argc > 2 ? (uint64_t)(strtod(argv[2], NULL) * 60000) : 60000;
    long rss[2] = {0, 0};
    uint64_t fds[2] = {0, 0}, until = now_ms() + PATIENCE_MS;
    json_t *status = NULL;
    pid_t daemon;
    int result;

    if (argc < 2 || !mkdtemp(directory) || chmod(directory, 0755) < 0)
        return 64;
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    snprintf(path_of_config, sizeof(path_of_config), "%s/soak.ini", directory);
    snprintf(path_of_control, sizeof(path_of_control), "%s/control", directory);
    snprintf(path_of_program, sizeof(path_of_program), "%s/stdinetd", directory);
    counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counts == MAP_FAILED)
        return 99;
    printf("seed %u\n", random);
    first_port = find_ports();
    write_config(10);
    write_program(argv[1]);
    daemon = start_daemon();
    while (!status && now_ms() < until) {
        pause_ms(20);
        status = ask("{\"command\":\"status\"}");
    }
    json_decref(status);
    for (int half = 0; half < 2; half++)
        run_half(daemon, argv[1], duration / 2, &random, &rss[half], &fds[half]);
    /* What the first half has grown is as large as it gets. */
    if (rss[1] > rss[0] + GROWTH_MOST)
        complain("memory has grown: %ld KiB, and then %ld", rss[0], rss[1]);
    if (fds[1] != fds[0])
        complain("fds have grown: %" PRIu64 ", and then %" PRIu64, fds[0], fds[1]);
    kill(daemon, SIGTERM);
    if (waitpid(daemon, &result, 0) != daemon || result != 0)
        complain("the daemon has ended with status %#x", (unsigned)result);
    if (problems == 0)
        printf("ok - every connection is accounted for\n");
    return !run("rm", "-r", directory) || problems > 0;
}

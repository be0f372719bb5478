/* warmee: a handler with the habits that could make a warm start show: each mode does one of them
 * before it reads its client, and tells what came of it. Its answers must be the same cold and
 * warm. Built twice: with libc beside it, and in it (static).
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char line[256];

static const char *read_line(void)
{
    size_t length = 0;

    while (length + 1 < sizeof(line) && read(0, line + length, 1) == 1 && line[length] != '\n')
        length++;
    line[length] = '\0';
    return line;
}

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = number;
}

static void set_handler(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};

    sigaction(number, &action, NULL);
}

static int to_number(const char *text)
{
    return text ? (int)strtol(text, NULL, 10) : -1;
}

/* What it was given, but for its numbers: they are compared with each other. */
static int tell_ids(const char *argument)
{
    char path[512] = "", status[4096], *place;
    FILE *file = fopen("/proc/self/status", "r");
    mode_t mask = umask(0);
    struct rlimit limit;
    cpu_set_t cpus;
    sigset_t blocked;

    (void)argument;
    read_line();
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    sched_getaffinity(0, sizeof(cpus), &cpus);
    getrlimit(RLIMIT_NOFILE, &limit);
    printf("uid %u %u gid %u %u\n", getuid(), geteuid(), getgid(), getegid());
    printf("session %d group %d leader %d thread %d\n", getsid(0) == getpid(),
           getpgrp() == getpid(), tcgetpgrp(0) < 0, gettid() == getpid());
    printf("directory %s umask %o nofile %lu nice %d cpus %d\n",
           getcwd(path, sizeof(path)) ? path : "?", mask, (unsigned long)limit.rlim_cur,
           getpriority(PRIO_PROCESS, 0), CPU_COUNT(&cpus));
    for (int number = 1; number < 65; number++)
        if (sigismember(&blocked, number) == 1)
            printf("blocked %d\n", number);
    printf("dumpable %d parent %d\n", prctl(PR_GET_DUMPABLE), prctl(PR_GET_PDEATHSIG, &caught));
    for (int fd = 0; fd < 64; fd++)
        if (fcntl(fd, F_GETFD) >= 0 && fd != (file ? fileno(file) : -1))
            printf("fd %d flags %x close %d\n", fd, fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
    while (file && fgets(status, sizeof(status), file))
        if ((place = strchr(status, ':')) != NULL &&
            (strncmp(status, "TracerPid", 9) == 0 ||
             (strncmp(status, "Sig", 3) == 0 && status[3] != 'Q') ||
             strncmp(status, "Cap", 3) == 0 || strncmp(status, "Groups", 6) == 0 ||
             strncmp(status, "Seccomp", 7) == 0 || strncmp(status, "NoNewPrivs", 10) == 0 ||
             strncmp(status, "Threads", 7) == 0 || strncmp(status, "Cpus_allowed", 12) == 0))
            fputs(status, stdout);
    return 0;
}

/* The environment against the socket. */
static int tell_peer(const char *argument)
{
    const char *early = getenv("REMOTE_PORT"); /* as it stands there now */
    struct sockaddr_in peer = {0}, local = {0};
    socklen_t length = sizeof(peer);
    int one = 1, type = 0;

    (void)argument;
    read_line();
    printf("peer %d\n", getpeername(0, (struct sockaddr *)&peer, &length));
    length = sizeof(local);
    printf("local %d\n", getsockname(0, (struct sockaddr *)&local, &length));
    printf("port %d local %d early %d\n",
           to_number(getenv("TCPREMOTEPORT")) == ntohs(peer.sin_port),
           to_number(getenv("TCPLOCALPORT")) == ntohs(local.sin_port),
           to_number(early) == ntohs(peer.sin_port));
    printf("address %s %s %s\n", getenv("REMOTE_HOST"), getenv("TCPREMOTEIP"), getenv("PROTO"));
    length = sizeof(type);
    printf("nodelay %d type %d %d\n", setsockopt(0, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)),
           getsockopt(0, SOL_SOCKET, SO_TYPE, &type, &length), type);
    return 0;
}

/* Speaks first, buffered and not. */
static int banner(const char *argument)
{
    setvbuf(stdout, NULL, strcmp(argument, "full") == 0 ? _IOFBF : _IONBF, 4096);
    printf("welcome ");
    printf("you said %s\n", read_line());
    return 0;
}

/* Copies of the connection, of all kinds; and fd flags, which are each one's own. */
static int duplicates(const char *argument)
{
    int low = dup(0), high = fcntl(1, F_DUPFD, 40), closed = fcntl(0, F_DUPFD_CLOEXEC, 50);

    (void)argument;
    fcntl(1, F_SETFD, FD_CLOEXEC);
    read_line();
    dprintf(low, "low %d ", low);
    dprintf(high, "high %d ", high);
    dprintf(closed, "closed %d\n", closed);
    dprintf(1, "%d %d %d %d %d\n", fcntl(0, F_GETFD), fcntl(1, F_GETFD), fcntl(low, F_GETFD),
            fcntl(high, F_GETFD), fcntl(closed, F_GETFD));
    return 0;
}

static int replaces(const char *argument)
{
    (void)argument;
    if (dup2(0, 7) != 7 || dup2(7, 0) != 0)
        return 3;
    dprintf(7, "%s\n", read_line());
    return 0;
}

static int forks(const char *argument)
{
    int status = 0;
    pid_t child = fork();

    (void)argument;
    if (child == 0) {
        dprintf(1, "child of the same: %d\n", getppid() == getpgrp());
        _exit(5);
    }
    waitpid(child, &status, 0);
    dprintf(1, "status %d, said %s\n", WEXITSTATUS(status), read_line());
    return 0;
}

static int waits_by(const char *argument)
{
    struct pollfd poller = {.fd = 0, .events = POLLIN};
    struct timeval time = {.tv_sec = 20};
    struct epoll_event event = {.events = EPOLLIN, .data.fd = 9};
    int result = -1, fd;
    fd_set set;

    if (strcmp(argument, "poll") == 0)
        result = poll(&poller, 1, 20000);
    if (strcmp(argument, "select") == 0) {
        FD_ZERO(&set);
        FD_SET(0, &set);
        result = select(1, &set, NULL, NULL, &time);
    }
    if (strcmp(argument, "epoll") == 0) {
        fd = epoll_create1(EPOLL_CLOEXEC);
        epoll_ctl(fd, EPOLL_CTL_ADD, 0, &event);
        result = epoll_wait(fd, &event, 1, 20000);
    }
    dprintf(1, "%d %s\n", result, read_line());
    return 0;
}

/* A timer that runs from the connection on, and no earlier. */
static int timers(const char *argument)
{
    struct itimerval timer = {.it_value = {.tv_sec = 30}};
    struct itimerspec other = {.it_value = {.tv_sec = 30}};
    int fd = -1;

    set_handler(SIGALRM, on_signal);
    if (strcmp(argument, "alarm") == 0)
        alarm(30);
    if (strcmp(argument, "itimer") == 0)
        setitimer(ITIMER_REAL, &timer, NULL);
    if (strcmp(argument, "timerfd") == 0 && (fd = timerfd_create(CLOCK_MONOTONIC, 0)) >= 0)
        timerfd_settime(fd, 0, &other, NULL);
    read_line();
    if (fd >= 0)
        timerfd_gettime(fd, &other);
    else
        getitimer(ITIMER_REAL, &timer);
    dprintf(1, "%s: more than 29 s left: %d\n", argument,
            (fd >= 0 ? other.it_value.tv_sec : timer.it_value.tv_sec) >= 29);
    return 0;
}

static int handles_signals(const char *argument)
{
    sigset_t set;

    (void)argument;
    set_handler(SIGUSR1, on_signal);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    read_line();
    raise(SIGUSR1); /* to this thread, by the number that libc has of it */
    sigprocmask(SIG_BLOCK, NULL, &set);
    dprintf(1, "caught %d blocked %d other %d\n", caught == SIGUSR1, sigismember(&set, SIGUSR2),
            sigismember(&set, SIGUSR1));
    return 0;
}

/* Locks that know their thread by its number. */
static int locks(const char *argument)
{
    static pthread_mutex_t mutex;
    pthread_mutexattr_t attributes;
    int first, second;

    (void)argument;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex, &attributes);
    read_line();
    first = pthread_mutex_lock(&mutex);
    second = pthread_mutex_lock(&mutex);
    dprintf(1, "%d %d %d\n", first, second == EDEADLK, pthread_mutex_unlock(&mutex));
    return 0;
}

static void *run_thread(void *argument)
{
    (*(int *)argument)++;
    return NULL;
}

static int threads(const char *argument)
{
    pthread_t thread;
    int value = 1;

    (void)argument;
    if (pthread_create(&thread, NULL, run_thread, &value) != 0 || pthread_join(thread, NULL) != 0)
        return 3;
    dprintf(1, "thread %d, %s\n", value, read_line());
    return 0;
}

/* Half of a file before the client, the other half after it. */
static int reads_file(const char *argument)
{
    char before[4] = "", after[4] = "";
    int fd = open(argument, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || read(fd, before, 3) != 3)
        return 3;
    read_line();
    if (read(fd, after, 3) != 3)
        return 4;
    dprintf(1, "%s %s flags %d\n", before, after, fcntl(fd, F_GETFD));
    return 0;
}

/* Something that others could see must not happen without a client. */
static int leaves_traces(const char *argument)
{
    char path[512];
    int fd;

    snprintf(path, sizeof(path), "%s/trace", argument);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (fd < 0 || write(fd, "x", 1) != 1)
        return 3;
    dprintf(1, "%s\n", read_line());
    return 0;
}

/* From the kernel or its device; or only where a file is there. By the call itself: libc may draw
 * from memory that the kernel fills. */
static bool draw(const char *argument, unsigned char *bytes, size_t size)
{
    struct iovec vector = {bytes, size};

    if (strcmp(argument, "read") == 0)
        return preadv(open("/dev/urandom", O_RDONLY), &vector, 1, 0) == (ssize_t)size;
    if (argument[0] == '/' && access(argument, F_OK) < 0)
        return true;
    return syscall(SYS_getrandom, bytes, size, 0) == (ssize_t)size;
}

/* As libc 2.41 does before it draws without calls; where there is no such memory, by a call. */
static int draws_unseen(const char *argument)
{
    void *state = mmap(NULL, 4096, PROT_READ | PROT_WRITE, 0x08 | MAP_ANONYMOUS, -1, 0);
    char byte;

    (void)argument;
    if (state == MAP_FAILED && syscall(SYS_getrandom, &byte, 1, 0) != 1)
        return 3;
    read_line();
    dprintf(1, "drawn\n");
    return 0;
}

/* As mimalloc does, which python 3.13 has. */
static int asks_overcommit(const char *argument)
{
    int fd = open("/proc/sys/vm/overcommit_memory", O_RDONLY);
    char byte = '-';

    (void)argument;
    if (fd < 0 || read(fd, &byte, 1) != 1 || close(fd) < 0)
        return 3;
    read_line();
    dprintf(1, "%c\n", byte);
    return 0;
}

static int draws(const char *argument)
{
    unsigned char bytes[16] = {0};

    if (!draw(argument, bytes, sizeof(bytes)))
        return 3;
    read_line();
    for (size_t i = 0; i < sizeof(bytes); i++)
        dprintf(1, "%02x", bytes[i]);
    return 0;
}

/* As seen after the client came, whatever it did before. */
static int looks_at_time(const char *argument)
{
    time_t early = time(NULL), late;

    (void)argument;
    read_line();
    late = time(NULL);
    /* To the second, it would be another one for a client who comes at its end. */
    dprintf(1, "%s\n", late >= early && late - early < 5 ? "soon" : "late");
    return 0;
}

static int remembers_pid(const char *argument)
{
    pid_t early = getpid();

    (void)argument;
    read_line();
    dprintf(1, "%d\n", early == getpid());
    return 0;
}

static int nonblocking(const char *argument)
{
    int flags = fcntl(0, F_GETFL);

    (void)argument;
    fcntl(0, F_SETFL, flags | O_NONBLOCK);
    while (read(0, line, 1) < 0 && errno == EAGAIN)
        poll(&(struct pollfd){.fd = 0, .events = POLLIN}, 1, 1000);
    dprintf(1, "%x %x %c\n", flags, fcntl(0, F_GETFL), line[0]);
    return 0;
}

static int memory(const char *argument)
{
    char *own = malloc(100000),
         *map = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned sum = 0;

    (void)argument;
    memset(own, 1, 100000);
    memset(map, 2, 1 << 20);
    shared[0]++;
    read_line();
    for (size_t i = 0; i < 100000; i++)
        sum += (unsigned char)own[i];
    for (size_t i = 0; i < 1 << 20; i++)
        sum += (unsigned char)map[i];
    dprintf(1, "%u %d\n", sum, ++shared[0]);
    return 0;
}

/* Registers of all kinds, over the gate. */
static int computes(const char *argument)
{
    volatile double seed = 1.5;
    double values[16];
    long sums[16], total = 0;
    double product = 1;

    (void)argument;
    for (int i = 0; i < 16; i++) {
        values[i] = seed + i;
        sums[i] = (long)(seed * 1000) * (i + 1);
    }
    read_line();
    for (int i = 0; i < 16; i++) {
        product *= values[i];
        total += sums[i];
    }
    dprintf(1, "%.6f %ld\n", product, total);
    return 0;
}

static int ends(const char *argument)
{
    if (strcmp(argument, "exit") == 0)
        _exit(7);
    if (strcmp(argument, "abort") == 0)
        abort();
    if (strcmp(argument, "null") == 0)
        *(volatile int *)(uintptr_t)strlen(argument) = 1;
    if (strcmp(argument, "close") == 0) {
        close(0);
        dprintf(1, "closed\n");
    }
    if (strcmp(argument, "loop") == 0)
        for (;;)
            ;
    if (strcmp(argument, "errors") == 0)
        dprintf(2, "complains\n");
    return 3;
}

/* What the kernel says of this process, by a path that doesn't begin as it usually does. */
static int asks_proc(const char *argument)
{
    FILE *file = fopen("//proc/self/stat", "r");
    int pid = 0;

    (void)argument;
    if (!file || fscanf(file, "%d", &pid) != 1)
        return 3;
    read_line();
    dprintf(1, "%d\n", pid == getpid());
    return 0;
}

/* As those do who show a title where their arguments and variables stand. */
static int writes_over(const char *argument)
{
    char *place = getenv("PROTO");

    (void)argument;
    if (!place)
        return 3;
    memset(place, '+', strlen(place));
    read_line();
    dprintf(1, "%s\n", place);
    return 0;
}

static int locks_file(const char *argument)
{
    int fd = open(argument, O_RDONLY);

    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
        return 3;
    dprintf(1, "locked %s\n", read_line());
    return 0;
}

/* While it waits, a signal has it do what a stranger's code could: to each socket it has. */
static void attack(int number)
{
    char bytes[4096];

    (void)number;
    memset(bytes, 0xff, sizeof(bytes));
    for (int fd = 3; fd < 32; fd++) {
        for (size_t size = 0; size < sizeof(bytes); size = size * 2 + 1)
            send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        shutdown(fd, SHUT_RDWR);
        dup2(0, fd);
    }
}

/* Answers of the right form to nothing that was asked, as fast as several can give them; they end
 * with whoever would read them. */
static void flood(int number)
{
    const uint32_t answer[2] = {0, (uint32_t)-1};

    (void)number;
    for (int fd = 3; fd < 32; fd++)
        for (int i = 0; i < 4 && fcntl(fd, F_GETFD) >= 0; i++)
            if (fork() == 0) {
                while (send(fd, answer, sizeof(answer), MSG_NOSIGNAL) > 0)
                    ;
                _exit(0);
            }
}

static int attacks(const char *argument)
{
    set_handler(SIGUSR1, strcmp(argument, "flood") == 0 ? flood : attack);
    dprintf(1, "%s\n", read_line());
    return 0;
}

/* After an exec with another fd open: the connection's, or random bytes. */
static int inherits(const char *argument)
{
    unsigned char bytes[16] = {0};

    if (strcmp(argument, "random") == 0) {
        if (read(3, bytes, sizeof(bytes)) != sizeof(bytes))
            return 3;
    } else if (read(3, bytes, sizeof(bytes) - 1) < 0) {
        return 3;
    }
    for (size_t i = 0; i < sizeof(bytes); i++)
        dprintf(1, "%02x", bytes[i]);
    return 0;
}

static int hands_on(const char *argument)
{
    int fd = strcmp(argument, "random") == 0 ? open("/dev/urandom", O_RDONLY) : dup(0);

    if (fd == 3)
        execl("/proc/self/exe", "warmee", "inherit", argument, NULL);
    return 3;
}

static int executes(const char *argument)
{
    char path[] = "/bin/sh", option[] = "-c",
         script[] = "read x; echo \"$x $PROTO ${REMOTE_PORT:+port}\"";
    char *argv[] = {path, option, script, NULL};

    if (strcmp(argument, "changed") == 0)
        setenv("REMOTE_HOST", "changed", 1);
    execv(path, argv);
    return 3;
}

/* As programs do that know no better. */
static int seeds_itself(const char *argument)
{
    struct timespec now;

    (void)argument;
    clock_gettime(CLOCK_REALTIME, &now);
    srandom((unsigned)now.tv_nsec ^ (unsigned)getpid());
    printf("%08lx%08lx\n", (unsigned long)random(), (unsigned long)random());
    return 0;
}

static const struct {
    const char *name;
    int (*run)(const char *argument);
} modes[] = {
    {"ids", tell_ids},
    {"peer", tell_peer},
    {"banner", banner},
    {"dup", duplicates},
    {"replace", replaces},
    {"fork", forks},
    {"wait", waits_by},
    {"timer", timers},
    {"signal", handles_signals},
    {"lock", locks},
    {"thread", threads},
    {"file", reads_file},
    {"trace", leaves_traces},
    {"draw", draws},
    {"seed", seeds_itself},
    {"time", looks_at_time},
    {"pid", remembers_pid},
    {"nonblock", nonblocking},
    {"memory", memory},
    {"compute", computes},
    {"end", ends},
    {"flock", locks_file},
    {"exec", executes},
    {"attack", attacks},
    {"proc", asks_proc},
    {"write-over", writes_over},
    {"inherit", inherits},
    {"hand-on", hands_on},
    {"draw-unseen", draws_unseen},
    {"overcommit", asks_overcommit},
};

int main(int argc, char *argv[])
{
    const char *mode = argc > 1 ? argv[1] : "", *argument = argc > 2 ? argv[2] : "";
    int status = 2;

    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
        if (strcmp(modes[i].name, mode) == 0)
            status = modes[i].run(argument);
    return fflush(stdout) == 0 ? status : 1;
}

/* fault: what the cases of tests/faults need besides a shell: it steers the shim (shim.c), is their
 * clients, their log daemon, and starts programs in a hostile way. `fault` alone tells the words.
 * Exit status 0: as expected; 1: not; 2: misused.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "faults.h"

/* Milliseconds that a client waits for what it expects. */
#define PATIENCE 20000

static const char *const row_names[] = {
#define ROW_NAME(name) #name,
    FAULT_ROWS(ROW_NAME)
#undef ROW_NAME
};

_Noreturn static void give_up(const char *what)
{
    fprintf(stderr, "fault: %s: %s\n", what, strerror(errno));
    exit(1);
}

static long number_of(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);

    if (end == text || *end != '\0') {
        fprintf(stderr, "fault: %s is no number\n", text);
        exit(2);
    }
    return number;
}

/* --- the page ------------------------------------------------------------------------------- */

static struct faults *open_page(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    void *page;

    if (fd < 0 || ftruncate(fd, sizeof(struct faults)) < 0)
        give_up(path);
    page = mmap(NULL, sizeof(struct faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        give_up(path);
    return page;
}

static struct fault *find_row(const char *path, const char *name)
{
    struct faults *page = open_page(path);

    for (size_t i = 0; i < FAULT_COUNT; i++)
        if (strcmp(row_names[i], name) == 0)
            return &page->rows[i];
    fprintf(stderr, "fault: the shim has no %s\n", name);
    exit(2);
}

/* By its name; a number is one too. */
static int error_of(const char *name)
{
    for (int number = 1; number < 200; number++) {
        const char *known = strerrorname_np(number);

        if (known && strcmp(known, name) == 0)
            return number;
    }
    return (int)number_of(name);
}

/* set FILE ROW ERROR [SKIP [COUNT]] */
static int set(int argc, char *argv[])
{
    struct fault *fault = find_row(argv[0], argv[1]);

    __atomic_store_n(&fault->count, 0, __ATOMIC_RELEASE);
    fault->error = error_of(argv[2]);
    fault->skip = argc > 3 ? (uint32_t)number_of(argv[3]) : 0;
    fault->calls = fault->hits = 0;
    __atomic_store_n(&fault->count, argc > 4 ? (uint32_t)number_of(argv[4]) : UINT32_MAX,
                     __ATOMIC_RELEASE);
    return 0;
}

/* clear FILE: everything works again; what was counted stays. */
static int clear(int argc, char *argv[])
{
    struct faults *page = open_page(argv[0]);

    (void)argc;
    for (size_t i = 0; i < FAULT_COUNT; i++)
        __atomic_store_n(&page->rows[i].count, 0, __ATOMIC_RELEASE);
    return 0;
}

static int print_hits(int argc, char *argv[])
{
    (void)argc;
    printf("%u\n", find_row(argv[0], argv[1])->hits);
    return 0;
}

static int print_calls(int argc, char *argv[])
{
    (void)argc;
    printf("%u\n", find_row(argv[0], argv[1])->calls);
    return 0;
}

/* --- clients -------------------------------------------------------------------------------- */

static long now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int open_unix(const char *path, int type, struct sockaddr_un *ret)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(ret->sun_path, sizeof(ret->sun_path), "%s", path);
    return socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
}

/* A port of 127.0.0.1, ADDRESS:PORT, or the path of a unix socket. fd or -1. */
static int try_connect(const char *where)
{
    const char *colon = strrchr(where, ':');
    struct sockaddr_in inet = {.sin_family = AF_INET};
    struct sockaddr_un path;
    char host[64];
    int fd, result;

    if (where[0] == '/') {
        fd = open_unix(where, SOCK_STREAM, &path);
        result = connect(fd, (struct sockaddr *)&path, sizeof(path));
    } else {
        snprintf(host, sizeof(host), "%.*s", colon ? (int)(colon - where) : 9,
                 colon ? where : "127.0.0.1");
        inet.sin_port = htons((uint16_t)number_of(colon ? colon + 1 : where));
        if (inet_pton(AF_INET, host, &inet.sin_addr) != 1)
            return -1;
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        result = connect(fd, (struct sockaddr *)&inet, sizeof(inet));
    }
    if (result == 0)
        return fd;
    close(fd);
    return -1;
}

static int connect_to(const char *where)
{
    int fd = try_connect(where);

    if (fd < 0)
        give_up(where);
    return fd;
}

static void say(int fd, const char *text)
{
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 || shutdown(fd, SHUT_WR) < 0)
        return; /* then there is no answer either */
}

/* Reads until the end; bytes, or -1 after a reset or at the deadline. */
static ssize_t read_all(int fd, char *bytes, size_t size, long deadline)
{
    size_t length = 0;

    for (;;) {
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        long left = deadline - now();
        ssize_t got;

        if (left <= 0 || poll(&poller, 1, (int)left) <= 0)
            return -1;
        got = read(fd, bytes + length, size - length);
        if (got < 0)
            return -1;
        if (got == 0 || length == size)
            return (ssize_t)length;
        length += (size_t)got;
    }
}

/* ask WHERE TEXT [MILLISECONDS]: prints the answer. */
static int ask(int argc, char *argv[])
{
    long deadline = now() + (argc > 2 ? number_of(argv[2]) : PATIENCE);
    char bytes[65536];
    int fd = try_connect(argv[0]);
    ssize_t length;

    if (fd < 0)
        return 1;
    say(fd, argv[1]);
    length = read_all(fd, bytes, sizeof(bytes), deadline);
    if (length < 0)
        return 1;
    fwrite(bytes, 1, (size_t)length, stdout);
    return 0;
}

/* crowd WHERE COUNT TEXT ANSWER [MILLISECONDS]: all of them at once, and all are answered so. */
static int crowd(int argc, char *argv[])
{
    long count = number_of(argv[1]), good = 0, deadline;
    int *fds = calloc((size_t)count, sizeof(*fds));
    char bytes[4096];

    for (long i = 0; fds && i < count; i++) {
        fds[i] = connect_to(argv[0]);
        say(fds[i], argv[2]);
    }
    puts("connected");
    fflush(stdout);
    deadline = now() + (argc > 4 ? number_of(argv[4]) : PATIENCE);
    for (long i = 0; fds && i < count; i++) {
        ssize_t length = read_all(fds[i], bytes, sizeof(bytes), deadline);

        good += length == (ssize_t)strlen(argv[3]) && memcmp(bytes, argv[3], (size_t)length) == 0;
        close(fds[i]);
    }
    free(fds);
    printf("%ld of %ld were answered\n", good, count);
    return good == count ? 0 : 1;
}

/* hold WHERE COUNT [TEXT]: connects them, says so, and keeps them until it is killed. */
static int hold(int argc, char *argv[])
{
    long count = number_of(argv[1]);

    for (long i = 0; i < count; i++) {
        int fd = connect_to(argv[0]);

        if (argc > 2 && send(fd, argv[2], strlen(argv[2]), MSG_NOSIGNAL) < 0)
            give_up(argv[0]);
    }
    puts("connected");
    fflush(stdout);
    for (;;)
        pause();
}

/* reset WHERE COUNT: each connects and is gone with a reset. */
static int reset(int argc, char *argv[])
{
    const struct linger at_once = {1, 0};

    (void)argc;
    for (long i = number_of(argv[1]); i > 0; i--) {
        int fd = connect_to(argv[0]);

        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        close(fd);
    }
    return 0;
}

/* closed WHERE: it is closed without an answer. */
static int closed(int argc, char *argv[])
{
    struct pollfd poller = {.fd = connect_to(argv[0]), .events = POLLIN};
    char byte;

    (void)argc;
    return poll(&poller, 1, PATIENCE) == 1 && read(poller.fd, &byte, 1) <= 0 ? 0 : 1;
}

/* --- a file system that doesn't answer ------------------------------------------------------ */

static void answer(int device, uint64_t request, int error, const void *what, size_t size)
{
    char bytes[sizeof(struct fuse_out_header) + 256];
    struct fuse_out_header header = {(uint32_t)(sizeof(header) + size), error, request};

    memcpy(bytes, &header, sizeof(header));
    if (size > 0)
        memcpy(bytes + sizeof(header), what, size);
    if (write(device, bytes, header.len) < 0 && errno != ENOENT)
        give_up("fuse");
}

/* Serves one file; who closes it waits for ever, but for the process that is spared. */
_Noreturn static void serve_file(int device, pid_t spared)
{
    static char bytes[256 * 1024];
    const struct fuse_init_out start = {.major = 7, .minor = 31, .max_write = 4096};
    const struct fuse_attr_out file = {.attr_valid = 1000,
                                       .attr = {.ino = 1, .mode = S_IFREG | 0666, .nlink = 1}};
    const struct fuse_open_out opened = {.fh = 1};

    for (;;) {
        struct fuse_in_header request;
        ssize_t got = read(device, bytes, sizeof(bytes));

        if (got < (ssize_t)sizeof(request))
            exit(errno == ENODEV ? 0 : 1);
        memcpy(&request, bytes, sizeof(request));
        if (request.opcode == FUSE_INIT)
            answer(device, request.unique, 0, &start, sizeof(start));
        else if (request.opcode == FUSE_GETATTR)
            answer(device, request.unique, 0, &file, sizeof(file));
        else if (request.opcode == FUSE_OPEN)
            answer(device, request.unique, 0, &opened, sizeof(opened));
        else if (request.opcode == FUSE_RELEASE ||
                 (request.opcode == FUSE_FLUSH && request.pid == (uint32_t)spared))
            answer(device, request.unique, 0, NULL, 0);
        else if (request.opcode != FUSE_FLUSH && request.opcode != FUSE_FORGET &&
                 request.opcode != FUSE_INTERRUPT)
            answer(device, request.unique, -ENOSYS, NULL, 0);
    }
}

static int mount_file(const char *path)
{
    int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    char options[128];

    snprintf(options, sizeof(options), "fd=%d,rootmode=100666,user_id=0,group_id=0,allow_other",
             device);
    if (device < 0 || unshare(CLONE_NEWNS) < 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("fault", path, "fuse", MS_NOSUID | MS_NODEV, options) < 0)
        give_up(path);
    return device;
}

/* unanswered WHERE COUNT FILE: each sends a file over that unix socket that nobody can close, which
 * is mounted over FILE; says so, and stays. */
static int unanswered(int argc, char *argv[])
{
    int device = mount_file(argv[2]), fd;
    pid_t client = getpid();
    char byte = 'x';
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};

    (void)argc;
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve_file(device, client);
    }
    close(device);
    fd = open(argv[2], O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        give_up(argv[2]);
    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    for (long i = number_of(argv[1]); i > 0; i--) {
        int where = connect_to(argv[0]);

        /* One who is refused at once is no failure. */
        if (sendmsg(where, &message, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET)
            give_up(argv[0]);
        close(where);
    }
    puts("connected");
    fflush(stdout);
    for (;;)
        pause();
}

/* datagrams PATH: prints what comes to that socket, which it makes. */
static int datagrams(int argc, char *argv[])
{
    struct sockaddr_un address;
    int fd = open_unix(argv[0], SOCK_DGRAM, &address);
    char bytes[16384];
    ssize_t got;

    (void)argc;
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        give_up(argv[0]);
    while ((got = read(fd, bytes, sizeof(bytes))) >= 0) {
        printf("%.*s\n", (int)got, bytes);
        fflush(stdout);
    }
    return 1;
}

/* --- a hostile start ------------------------------------------------------------------------ */

static void set_nofile(const char *text)
{
    rlim_t number = strcmp(text, "unlimited") == 0 ? RLIM_INFINITY : (rlim_t)number_of(text);
    struct rlimit limit = {number, number};

    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        give_up("RLIMIT_NOFILE");
}

/* run [ignore | block | leak | closed | nofile=N]... -- COMMAND [ARGUMENT]... */
static int run(int argc, char *argv[])
{
    sigset_t all;
    int i;

    for (i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "ignore") == 0) {
            for (int number = 1; number <= 64; number++)
                if (number != SIGKILL && number != SIGSTOP)
                    sigaction(number, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
        } else if (strcmp(argv[i], "block") == 0) {
            sigfillset(&all);
            sigprocmask(SIG_SETMASK, &all, NULL);
        } else if (strcmp(argv[i], "leak") == 0) {
            for (int j = 0; j < 100; j++)
                if (open("/etc/passwd", O_RDONLY) < 0) /* not CLOEXEC */
                    give_up("/etc/passwd");
        } else if (strcmp(argv[i], "closed") == 0) {
            close(0);
            close(1);
            close(2);
        } else if (strncmp(argv[i], "nofile=", 7) == 0) {
            set_nofile(argv[i] + 7);
        } else {
            return 2;
        }
    }
    if (i + 1 >= argc)
        return 2;
    execvp(argv[i + 1], argv + i + 1);
    give_up(argv[i + 1]);
}

static const struct command {
    const char *name;
    int arguments; /* at least */
    int (*act)(int argc, char *argv[]);
    const char *usage;
} commands[] = {
    {"set", 3, set, "FILE ROW ERROR [SKIP [COUNT]]"},
    {"clear", 1, clear, "FILE"},
    {"hits", 2, print_hits, "FILE ROW"},
    {"calls", 2, print_calls, "FILE ROW"},
    {"ask", 2, ask, "WHERE TEXT [MILLISECONDS]"},
    {"crowd", 4, crowd, "WHERE COUNT TEXT ANSWER [MILLISECONDS]"},
    {"hold", 2, hold, "WHERE COUNT [TEXT]"},
    {"reset", 2, reset, "WHERE COUNT"},
    {"closed", 1, closed, "WHERE"},
    {"unanswered", 3, unanswered, "WHERE COUNT FILE"},
    {"datagrams", 1, datagrams, "PATH"},
    {"run", 2, run, "[ignore | block | leak | closed | nofile=N]... -- COMMAND [ARGUMENT]..."},
};

int main(int argc, char *argv[])
{
    size_t count = sizeof(commands) / sizeof(commands[0]);

    for (size_t i = 0; argc > 1 && i < count; i++)
        if (strcmp(commands[i].name, argv[1]) == 0 && argc - 2 >= commands[i].arguments)
            return commands[i].act(argc - 2, argv + 2);
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, "fault %s %s\n", commands[i].name, commands[i].usage);
    return 2;
}

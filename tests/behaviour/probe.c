/* probe: a handler that tells what it was given: fds, ids, signals, session, place, environment.
 *
 * One "key value" a line, in a fixed order, so that a test can compare the whole answer.
 */
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
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

int main(int argc, char *argv[])
{
    size_t count = 0;

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
    for (size_t i = 0; i < count; i++)
        printf("env %s\n", environ[i]);
    return fflush(stdout) == 0 ? 0 : 1;
}

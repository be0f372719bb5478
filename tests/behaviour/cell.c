/* cell: a handler that tries what it must not be able to do: what it sees and can do, a line each.
 *
 * Linked statically, so that it runs in a root directory that has nothing but it. Its argument is
 * the port of a listener on 127.0.0.1, which it tries to reach.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char *outcome(long result)
{
    return result < 0 ? strerrorname_np(errno) : "done";
}

static void say_ids(void)
{
    uid_t real, effective, saved;
    gid_t real_group, effective_group, saved_group;

    getresuid(&real, &effective, &saved);
    getresgid(&real_group, &effective_group, &saved_group);
    printf("uid %d %d %d\n", (int)real, (int)effective, (int)saved);
    printf("gid %d %d %d\n", (int)real_group, (int)effective_group, (int)saved_group);
    printf("groups %d\n", getgroups(0, NULL));
    printf("become root: %s\n", outcome(setresuid(0, 0, 0)));
    printf("become group root: %s\n", outcome(setresgid(0, 0, 0)));
}

/* What is in the root directory, and how to get out of it. */
static void say_place(void)
{
    DIR *directory = opendir("/");
    struct dirent *entry;
    char path[256];

    printf("root:");
    while (directory && (entry = readdir(directory)) != NULL)
        if (entry->d_name[0] != '.')
            printf(" %s", entry->d_name);
    printf("\n");
    if (directory)
        closedir(directory);
    printf("directory %s\n", getcwd(path, sizeof(path)) ? path : "?");
    printf("open /etc/passwd: %s\n", outcome(open("/etc/passwd", O_RDONLY)));
    printf("open ../etc/passwd: %s\n", outcome(open("../../../../etc/passwd", O_RDONLY)));
    printf("chroot: %s\n", outcome(chroot(".")));
    printf("make a device: %s\n", outcome(mknod("/device", S_IFCHR | 0666, 0x103)));
}

static void say_processes(void)
{
    printf("pid %d, parent %d\n", (int)getpid(), (int)getppid());
    printf("signal all others: %s\n", outcome(kill(-1, 0)));
}

static void say_network(const char *port)
{
    struct if_nameindex *names = if_nameindex();
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)strtol(port, NULL, 10))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    printf("interfaces:");
    for (size_t i = 0; names && names[i].if_index != 0; i++)
        printf(" %s", names[i].if_name);
    printf("\n");
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    printf("connect to 127.0.0.1: %s\n",
           outcome(connect(fd, (struct sockaddr *)&address, sizeof(address))));
    close(fd);
    printf("raw socket: %s\n", outcome(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)));
}

static void say_privileges(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2] = {0};

    printf("bounding set:");
    for (int number = 0; prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; number++)
        if (prctl(PR_CAPBSET_READ, number, 0, 0, 0) > 0)
            printf(" %d", number);
    printf("\n");
    syscall(SYS_capget, &header, sets);
    printf("permitted %x%08x\n", sets[1].permitted, sets[0].permitted);
    printf("effective %x%08x\n", sets[1].effective, sets[0].effective);
    printf("inheritable %x%08x\n", sets[1].inheritable, sets[0].inheritable);
    printf("no new privileges %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    printf("set the host's name: %s\n", outcome(sethostname("x", 1)));
}

int main(int argc, char *argv[])
{
    setvbuf(stdout, NULL, _IOFBF, BUFSIZ);
    say_ids();
    say_place();
    say_processes();
    say_network(argc > 1 ? argv[1] : "1");
    say_privileges();
    return fflush(stdout) == 0 ? 0 : 1;
}

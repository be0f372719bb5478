/* bare: what a start costs at the least: accept, the same clone, exec, and nothing else.
 *
 *   bare PORT PROGRAM
 *
 * The yardstick of bench/run.sh for the daemon's own work: no configuration, no limits, no log, no
 * environment, no reports, no end but a signal. Never use it for anything: it serves whoever comes.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch/raw.h"

#define SLOTS      64
#define STACK_SIZE 16384

struct slot {
    int fd;
    int unshared, running;
    _Alignas(16) unsigned char stack[STACK_SIZE];
};

static struct slot slots[SLOTS];
static char *const *program;
static char *const no_environment[] = {NULL};

static int run_child(void *argument)
{
    struct slot *slot = argument;

    raw_call(SYS_close_range, slot->fd + 1, (long)~0U, 1 << 1 /* CLOSE_RANGE_UNSHARE */, 0);
    __atomic_store_n(&slot->unshared, 1, __ATOMIC_RELEASE);
    raw_call(SYS_dup3, slot->fd, 0, 0, 0);
    raw_call(SYS_dup3, slot->fd, 1, 0, 0);
    raw_call(SYS_close_range, 3, (long)~0U, 0, 0);
    raw_call(SYS_execve, (long)program[0], (long)program, (long)no_environment, 0);
    return 127;
}

/* Closes what children have taken, reaps, and finds a slot that nobody uses. */
static struct slot *find_slot(void)
{
    for (;;) {
        struct slot *free_one = NULL;

        for (struct slot *slot = slots; slot < slots + SLOTS; slot++) {
            if (slot->fd >= 0 && __atomic_load_n(&slot->unshared, __ATOMIC_ACQUIRE)) {
                close(slot->fd);
                slot->fd = -1;
            }
            if (slot->fd < 0 && __atomic_load_n(&slot->running, __ATOMIC_ACQUIRE) == 0)
                free_one = slot;
        }
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        if (free_one)
            return free_one;
    }
}

int main(int argc, char *argv[])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval pace = {.tv_usec = 5000}; /* accept comes back to close what was taken */
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    if (argc < 3)
        return 64;
    program = argv + 2;
    address.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &pace, sizeof(pace));
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(listener, 4096) < 0)
        return 71;
    for (int i = 0; i < SLOTS; i++)
        slots[i].fd = -1;
    for (;;) {
        struct slot *slot = find_slot();

        slot->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (slot->fd < 0)
            continue;
        slot->unshared = 0;
        slot->running = 1;
        if (clone(run_child, slot->stack + STACK_SIZE,
                  CLONE_VM | CLONE_FILES | CLONE_CHILD_CLEARTID | SIGCHLD, slot, NULL, NULL,
                  &slot->running) < 0) {
            close(slot->fd);
            slot->fd = -1;
            slot->running = 0;
        }
    }
}

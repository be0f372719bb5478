/* channel: see channel.h. Opened by service.c at a service's first start. */
#include "service/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/stranger.h"
#include "report/event.h"

/* A line that isn't finished after this long is said as it is: a prompt, a progress bar. */
#define UNFINISHED_WAIT CLOCK_SECOND

struct writer {
    pid_t pid;
    size_t length; /* 0: free */
    char line[CHANNEL_LINE + 2];
};

struct channel {
    struct loop *loop;
    const char *service;
    struct loop_source source; /* the reading end */
    int write_fd;
    int send_buffer;        /* of the writing end at first */
    struct writer *writers; /* CHANNEL_WRITERS of them; made when there is something to keep */
    unsigned oldest;
    struct loop_timer unfinished;
    struct loop_timer second; /* armed: reading waits until this second is over */
    nanoseconds second_began;
    size_t second_bytes, second_lines;
    nanoseconds probed; /* when the writing end was last found whole */
};

/* What is read of one write: of a longer one, which no program makes on purpose, the rest is lost.
 */
#define CHANNEL_DATAGRAM ((size_t)64 * 1024)

/* Messages that are still read when the channel goes: more than the kernel's queue holds by default
 * (net.unix.max_dgram_qlen). */
#define CHANNEL_LAST 1024

static void say(struct channel *channel, pid_t pid, const char *line)
{
    struct log_record record;

    channel->second_lines++;
    log_record_begin(&record, LOG_LEVEL_INFO, channel->service, line);
    log_record_event(&record, event_word(EVENT_STDERR));
    log_record_number(&record, "stderr_of", (uint64_t)pid);
    log_record_emit(&record);
}

static void say_unfinished(struct channel *channel, struct writer *writer)
{
    if (writer->length == 0)
        return;
    writer->line[writer->length] = '\0';
    writer->length = 0;
    say(channel, writer->pid, writer->line);
}

static void on_unfinished(struct loop_timer *timer)
{
    struct channel *channel = timer->owner;

    for (unsigned i = 0; i < CHANNEL_WRITERS; i++)
        say_unfinished(channel, &channel->writers[i]);
}

/* Where pid's unfinished line is, or where a new one goes; NULL without memory. */
static struct writer *find_writer(struct channel *channel, pid_t pid)
{
    struct writer *writer = NULL;

    if (!channel->writers)
        channel->writers = calloc(CHANNEL_WRITERS, sizeof(*channel->writers));
    if (!channel->writers)
        return NULL;
    for (unsigned i = 0; i < CHANNEL_WRITERS; i++) {
        struct writer *candidate = &channel->writers[i];

        if (candidate->length > 0 && candidate->pid == pid)
            return candidate;
        if (candidate->length == 0 && !writer)
            writer = candidate;
    }
    if (!writer) {
        writer = &channel->writers[channel->oldest++ % CHANNEL_WRITERS];
        say_unfinished(channel, writer);
    }
    writer->pid = pid;
    return writer;
}

/* NUL would end the line for the log, so it goes as the two bytes that text_escape knows for it. */
static void put_byte(struct writer *writer, char byte)
{
    if (byte == '\0')
        writer->line[writer->length++] = '\xc0';
    writer->line[writer->length++] = byte == '\0' ? '\x80' : byte;
}

static void take_bytes(struct channel *channel, pid_t pid, const char *bytes, size_t length)
{
    struct writer *writer = find_writer(channel, pid);

    if (!writer)
        return;
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != '\n')
            put_byte(writer, bytes[i]);
        else if (writer->length > 0)
            say_unfinished(channel, writer);
        if (writer->length >= CHANNEL_LINE)
            say_unfinished(channel, writer);
    }
    if (writer->length > 0 && !loop_is_armed(&channel->unfinished))
        loop_arm(channel->loop, &channel->unfinished, loop_now(channel->loop) + UNFINISHED_WAIT);
}

/* Reads one write. Returns its length (0 is one too) or -errno. */
static ssize_t read_once(struct channel *channel, char bytes[static CHANNEL_DATAGRAM])
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(struct ucred))]; /* and for no fds, stranger.h */
    } control;
    struct iovec vector = {bytes, CHANNEL_DATAGRAM};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    ssize_t got = stranger_receive_message(channel->source.fd, &message);
    pid_t pid = 0;

    if (got < 0)
        return got;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        struct ucred credentials;

        if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_CREDENTIALS &&
            part->cmsg_len >= CMSG_LEN(sizeof(credentials))) {
            memcpy(&credentials, CMSG_DATA(part), sizeof(credentials));
            pid = credentials.pid;
        }
    }
    if (got > 0)
        take_bytes(channel, pid, bytes, (size_t)got);
    if (message.msg_flags & MSG_TRUNC)
        say(channel, pid, "(truncated: write larger than 64 KiB)");
    return got;
}

/* Reads what is left first: a handler's last words. */
static void close_pair(struct channel *channel)
{
    char *bytes = channel->source.fd >= 0 ? malloc(CHANNEL_DATAGRAM) : NULL;

    for (unsigned i = 0; bytes && i < CHANNEL_LAST && read_once(channel, bytes) >= 0; i++)
        ;
    free(bytes);
    loop_unwatch(channel->loop, &channel->source);
    channel->source.fd = stranger_close(channel->source.fd, false); /* fds in its queue */
    channel->write_fd = stranger_close(channel->write_fd, false);
}

/* Datagrams: each write stays whole with its writer's pid, and when the daemon is gone a handler's
 * write fails, where a stream or a pipe would kill it (SIGPIPE). */
static int open_pair(struct channel *channel)
{
    int pair[2], on = 1, off = 0, error;
    socklen_t length = sizeof(channel->send_buffer);

    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    channel->source.fd = fd_move_high(pair[0]);
    channel->write_fd = fd_move_high(pair[1]);
    if (setsockopt(channel->source.fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
        getsockopt(channel->write_fd, SOL_SOCKET, SO_SNDBUF, &channel->send_buffer, &length) < 0) {
        error = -errno;
        close_pair(channel);
        return error;
    }
    /* Kernels that don't know it let fds through, see stranger.h. */
    setsockopt(channel->source.fd, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof(off));
    /* What a handler would send back to itself through our end goes nowhere. */
    shutdown(channel->source.fd, SHUT_WR);
    channel->probed = loop_now(channel->loop);
    error = loop_watch(channel->loop, &channel->source, EPOLLIN);
    if (error < 0)
        close_pair(channel);
    return error;
}

/* Whether the writing end waits in a write, as it was made: only what a handler can't have us wait
 * for is put right here. O_ASYNC is not, nor is the buffer's size: to set them takes the socket's
 * lock, which a handler can hold for as long as it likes (by a setsockopt(2) whose value lies in a
 * page that never comes). */
static bool is_plain(const struct channel *channel)
{
    int flags = fcntl(channel->write_fd, F_GETFL), size = 0;
    socklen_t length = sizeof(size);

    return flags >= 0 && !(flags & O_ASYNC) && fcntl(channel->write_fd, F_SETFL, 0) == 0 &&
           getsockopt(channel->write_fd, SOL_SOCKET, SO_SNDBUF, &size, &length) == 0 &&
           size == channel->send_buffer;
}

/* Whether it still leads to us: a handler can have connected it elsewhere. A socket of a pair has
 * no name, so a peer with one is another. */
static bool is_ours(const struct channel *channel)
{
    struct sockaddr_un peer;
    socklen_t length = sizeof(peer);

    return getpeername(channel->write_fd, (struct sockaddr *)&peer, &length) == 0 &&
           length <= sizeof(sa_family_t) &&
           (send(channel->write_fd, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL) == 0 || errno == EAGAIN);
}

/* All handlers of a service share the writing end: one of them can shut it down, make it
 * non-blocking or small, or lead it elsewhere, for all. So before a start, once a second at most,
 * it is looked at, and there is a new one where it can't be put right. */
static void mend_pair(struct channel *channel)
{
    int error;

    if (loop_now(channel->loop) - channel->probed < CLOCK_SECOND)
        return;
    channel->probed = loop_now(channel->loop);
    if (is_plain(channel) && is_ours(channel))
        return;
    close_pair(channel);
    error = open_pair(channel);
    log_warning("%s: a handler broke the shared stderr socket; %s", channel->service,
                error < 0 ? strerror(-error) : "it was replaced");
}

static void on_second(struct loop_timer *timer)
{
    struct channel *channel = timer->owner;

    channel->second_bytes = channel->second_lines = 0;
    if (loop_watch(channel->loop, &channel->source, EPOLLIN) < 0)
        loop_arm(channel->loop, timer, loop_now(channel->loop) + CLOCK_SECOND);
}

/* Counts what a service says a second; at the bound its writers wait, and nobody else. */
static void count_bytes(struct channel *channel, size_t bytes)
{
    nanoseconds now = loop_now(channel->loop);

    if (now - channel->second_began >= CLOCK_SECOND) {
        channel->second_began = now;
        channel->second_bytes = channel->second_lines = 0;
    }
    channel->second_bytes += bytes;
    if (channel->second_bytes < CHANNEL_RATE && channel->second_lines < CHANNEL_LINES)
        return;
    loop_unwatch(channel->loop, &channel->source);
    loop_arm(channel->loop, &channel->second, channel->second_began + CLOCK_SECOND);
}

/* Reads until nothing is there or a turn's share is used up. */
static void read_some(struct channel *channel)
{
    /* Not on the stack, which would have to grow for it, nor kept, for a service that says little.
     */
    char *bytes = malloc(CHANNEL_DATAGRAM);
    size_t total = bytes ? 0 : CHANNEL_RATE; /* without memory: again in a second */
    ssize_t got = 0;

    /* Each write counts for something, or empty ones would never end the turn. */
    while (got >= 0 && total < CHANNEL_READ && channel->second_lines < CHANNEL_LINES) {
        got = read_once(channel, bytes);
        total += got >= 0 ? (size_t)got + 64 : 0;
    }
    /* Something is short, and would be so for as long as we ask: again in a second, too. */
    if (got < 0 && got != -EAGAIN && got != -EINTR)
        total = CHANNEL_RATE;
    free(bytes);
    count_bytes(channel, total);
}

static void on_readable(struct loop_source *source, uint32_t events)
{
    (void)events;
    read_some(source->owner);
}

/* One without its pair; NULL without memory. */
static struct channel *make_channel(struct loop *loop, const char *service)
{
    struct channel *channel = calloc(1, sizeof(*channel));

    if (!channel || loop_reserve(loop, 2) < 0) {
        free(channel);
        return NULL;
    }
    channel->loop = loop;
    channel->service = service;
    channel->write_fd = -1;
    channel->source = (struct loop_source){.fd = -1, .ready = on_readable, .owner = channel};
    channel->unfinished = (struct loop_timer){.fired = on_unfinished, .owner = channel};
    channel->second = (struct loop_timer){.fired = on_second, .owner = channel};
    return channel;
}

int channel_open(struct loop *loop, const char *service, struct channel **ret)
{
    struct channel *channel = make_channel(loop, service);
    int error = channel ? open_pair(channel) : -ENOMEM;

    if (error < 0) {
        channel_close(channel);
        return error;
    }
    *ret = channel;
    return 0;
}

/* --- what another daemon goes on from ------------------------------------------------------- */

void channel_leave(const struct channel *channel, struct channel_left *ret)
{
    *ret = (struct channel_left){
        .read_fd = channel->source.fd,
        .write_fd = channel->write_fd,
        .send_buffer = channel->send_buffer,
        .rests_until = loop_is_armed(&channel->second) ? channel->second.due : 0,
        .unfinished_until = loop_is_armed(&channel->unfinished) ? channel->unfinished.due : 0};
    for (unsigned i = 0; channel->writers && i < CHANNEL_WRITERS; i++) {
        const struct writer *one = &channel->writers[i];

        if (one->length > 0)
            ret->lines[i] = (struct channel_line){one->pid, {one->line, one->length}};
    }
}

/* The unfinished lines. 0 or -ENOMEM. */
static int resume_lines(struct channel *channel, const struct channel_left *left)
{
    for (unsigned i = 0; i < CHANNEL_WRITERS; i++) {
        const struct channel_line *one = &left->lines[i];

        if (one->text.length == 0)
            continue;
        if (!channel->writers)
            channel->writers = calloc(CHANNEL_WRITERS, sizeof(*channel->writers));
        if (!channel->writers)
            return -ENOMEM;
        channel->writers[i].pid = one->pid;
        channel->writers[i].length = one->text.length;
        memcpy(channel->writers[i].line, one->text.start, one->text.length);
    }
    if (channel->writers)
        loop_arm(channel->loop, &channel->unfinished, left->unfinished_until);
    return 0;
}

int channel_resume(struct loop *loop, const char *service, const struct channel_left *left,
                   struct channel **ret)
{
    struct channel *channel = make_channel(loop, service);
    int error = channel ? resume_lines(channel, left) : -ENOMEM;

    if (error == 0) {
        channel->source.fd = left->read_fd;
        channel->write_fd = left->write_fd;
        channel->send_buffer = left->send_buffer;
        if (left->rests_until > 0)
            loop_arm(loop, &channel->second, left->rests_until);
        else
            error = loop_watch(loop, &channel->source, EPOLLIN);
    }
    if (error < 0) {
        if (channel)
            channel->source.fd = channel->write_fd = -1;
        channel_close(channel);
        return error;
    }
    *ret = channel;
    return 0;
}

void channel_close(struct channel *channel)
{
    if (!channel)
        return;
    close_pair(channel); /* first: what it still reads may end in an unfinished line */
    for (unsigned i = 0; channel->writers && i < CHANNEL_WRITERS; i++)
        say_unfinished(channel, &channel->writers[i]);
    loop_disarm(channel->loop, &channel->unfinished);
    loop_disarm(channel->loop, &channel->second);
    loop_reserve(channel->loop, -2);
    free(channel->writers);
    free(channel);
}

void channel_rename(struct channel *channel, const char *service)
{
    if (channel)
        channel->service = service;
}

int channel_fd(struct channel *channel)
{
    if (channel->write_fd >= 0)
        mend_pair(channel);
    return channel->write_fd;
}

void channel_flush(struct channel *channel, pid_t pid)
{
    for (unsigned i = 0; channel && channel->writers && i < CHANNEL_WRITERS; i++)
        if (channel->writers[i].pid == pid)
            say_unfinished(channel, &channel->writers[i]);
}

/* listener: one listening socket of a service, of whatever kind.
 *
 * Takes an inherited socket or opens one with its options, replaces a stale unix path, accepts.
 * Which socket is watched when is turns.c's, what happens to a client accept.c's, and what to a
 * socket that is given to a handler as a whole lend.c's.
 */
#ifndef STDINETD_LISTEN_LISTENER_H
#define STDINETD_LISTEN_LISTENER_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/addr.h"
#include "base/endpoint.h"
#include "base/loop.h"
#include "config/settings.h"

struct reporter;
struct inherited;
struct inherited_socket;
struct lending;
struct listener;

/* What all listeners have in common. */
struct listen_context {
    struct loop *loop;
    struct inherited *inherited;
    /* It may be watched again: it is back from its handler, or has rested. */
    void (*again)(struct listener *listener);
};

/* What those of one service have in common; service.h tells whose it is. */
struct listen_owner {
    const struct service_settings *settings;
    struct reporter *reporter;
    const struct listen_context *context;
};

struct listener {
    struct loop_source source; /* fd -1: pending, couldn't be bound yet */
    struct listen_owner *owner;
    const struct endpoint *endpoint; /* in the service's snapshot */
    struct listener *next_parked;    /* of service->parked: not watched until there is room */
    struct lending *lending;         /* of one that was lent (lend.h); NULL: never */
    const char *path;                /* of a unix socket; else NULL */
    enum endpoint_kind kind; /* the endpoint's, or what an inherited socket turned out to be */
    uint16_t ordinal;        /* of fd:NAME, where several have that name */
    uint16_t inherited;      /* which of the inherited sockets it has, from 1; 0: none */
    size_t handover_place;   /* among those that were handed over last: adoption.h */
    bool parked;
    int error;    /* why it is pending (errno); 0 where it never was */
    dev_t device; /* of a unix path, to remove only what we made */
    ino_t inode;
};

/* A client that was accepted. */
struct arrival {
    int fd;
    struct addr peer;
    char peer_path[ENDPOINT_PATH_MAX + 1]; /* of a unix peer; empty: none */
};

/* Takes the inherited socket of its name or address, or opens, binds and listens. 0; -errno with
 * everything as it was: listener_error_text says more than strerror about some. */
int listener_open(struct listener *listener, const struct service_settings *settings,
                  struct inherited *inherited);

/* What an error of listener_open means. */
const char *listener_error_text(int error);

/* Whether its clients are one handler's, which gets the socket itself: wait = yes. */
bool listener_waits(const struct listener *listener);

/* Lets in only what comes by that network interface. 0 or -errno. */
int listener_bind_device(int fd, const char *device);

/* Sets the open file's mode, which belongs to everybody who has it open. 0 or -errno. */
int listener_set_blocking(const struct listener *listener, bool blocking);

/* The socket goes on as another listener's, which has none. */
void listener_move(struct listener *from, struct listener *to);

/* A socket that an earlier daemon opened, or (given) had from a service manager: fd becomes the
 * listener's, which has none. device and inode: of its unix path, or 0. */
void listener_adopt(struct listener *listener, int fd, const struct inherited_socket *given,
                    dev_t device, ino_t inode);

/* Removes a unix path that is still the socket with these numbers. */
void listener_remove_path(const char *path, dev_t device, ino_t inode);

/* Whether somebody removed or replaced its unix path: nobody can come to it any more. */
bool listener_is_lost(const struct listener *listener);

/* Closes the socket and removes its unix path, if it is still ours. Must not be watched. */
void listener_close(struct listener *listener);

/* Sets what may change while it listens: backlog, nodelay, keepalive, buffers. What can't be set is
 * left: the socket goes on. */
void listener_adjust(struct listener *listener, const struct service_settings *settings);

/* Gives our own unix path, and nothing that was put in its place, the owner and mode of settings,
 * where it has others; before are those it was opened or changed with, or NULL. 0, or -errno where
 * it may still be as open as it was. */
int listener_own_path(const struct listener *listener, const struct service_settings *settings,
                      const struct service_settings *before);

/* Accepts one client. 0 or -errno, EAGAIN when none waits. */
int listener_accept(struct listener *listener, struct arrival *ret);

/* Whether the client has reset the connection already: no handler is worth starting. A client that
 * has only closed its writing side is there. */
bool listener_is_gone(int fd, bool is_unix);

/* The local address of an accepted connection. */
void listener_local_addr(const struct listener *listener, int fd, struct addr *ret);

#endif

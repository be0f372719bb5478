/* endpoint: a place to listen on, from its text in `listen`, and back.
 *
 * 7777 · http · 6000-6010 · 127.0.0.1:80 · [::1]:80 · *:80 · udp: before any of these · unix:/run/x
 * unix:@name · unix-dgram:… · unix-seqpacket:… · vsock:5000 · fd:NAME
 *
 * Numeric addresses and the names of services(5) only: nothing here ever asks DNS. Whether an
 * endpoint can be bound is not known here.
 */
#ifndef STDINETD_BASE_ENDPOINT_H
#define STDINETD_BASE_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/arena.h"

enum endpoint_kind {
    ENDPOINT_TCP,  /* addr, with port; every_address: IPv4 and IPv6 both */
    ENDPOINT_UDP,  /* the same */
    ENDPOINT_UNIX, /* path; "@name" is abstract */
    ENDPOINT_UNIX_DGRAM,
    ENDPOINT_UNIX_SEQPACKET,
    ENDPOINT_VSOCK, /* addr: any CID, and a port */
    ENDPOINT_FD,    /* path: the name of an inherited socket, whatever it is */
    ENDPOINT_KINDS
};

struct endpoint {
    enum endpoint_kind kind;
    bool every_address; /* no address was given, or "*" */
    struct addr addr;
    const char *path; /* in the arena that endpoint_parse was given */
};

/* "unix-seqpacket:" and the longest path of a unix socket (107 bytes), or an address and a port. */
#define ENDPOINT_TEXT_SIZE 128

/* The most bytes a unix socket's path may have: sun_path less its NUL, unix(7). */
#define ENDPOINT_PATH_MAX 107

/* What kinds have in common. Of ENDPOINT_FD nothing is known before there is the socket. */
bool endpoint_is_inet(enum endpoint_kind kind);
bool endpoint_is_unix(enum endpoint_kind kind);
/* Datagrams, without a connection: there is nothing to accept. */
bool endpoint_is_datagram(enum endpoint_kind kind);

/* The domain and type that socket(2) takes; 0 where kind doesn't tell. */
int endpoint_domain(const struct endpoint *endpoint);
int endpoint_type(enum endpoint_kind kind);

/* Parses one item of `listen`; a range gives an endpoint a port. The array lives in arena. Returns
 * 0, -ENOMEM, or -EINVAL with *ret_problem saying what is wrong (a constant). */
int endpoint_parse(struct arena *arena, const char *text, struct endpoint **ret, size_t *ret_count,
                   const char **ret_problem);

/* Writes what endpoint_parse reads back to the same endpoint. */
void endpoint_format(const struct endpoint *endpoint, char text[static ENDPOINT_TEXT_SIZE]);

/* Whether both name the same socket. */
bool endpoint_equal(const struct endpoint *one, const struct endpoint *other);

/* A total order in which equal endpoints are neighbours and endpoints of one port stand together;
 * negative, 0 or positive as with strcmp. */
int endpoint_compare(const struct endpoint *one, const struct endpoint *other);

#endif

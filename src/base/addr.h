/* addr: one end of a connection, small enough to keep ten thousand of them.
 *
 * An IPv4 client on an IPv6 socket is an IPv4 client here (RFC 4291 2.5.5.2), so that limits,
 * access lists and logs see one machine as one address. A unix peer is who it is: uid, gid, pid.
 */
#ifndef STDINETD_BASE_ADDR_H
#define STDINETD_BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum addr_family {
    ADDR_NONE, /* not known */
    ADDR_IPV4,
    ADDR_IPV6,
    ADDR_UNIX,
    ADDR_VSOCK,
};

struct addr {
    uint8_t family;    /* enum addr_family */
    uint16_t port;     /* host order; 0 for unix */
    uint32_t scope;    /* IPv6 scope id; a unix peer's pid; vsock: the port, which has 32 bits */
    uint8_t bytes[16]; /* network order: 4 or 16 of them; unix: uid and gid, vsock: CID, as they are
                          in memory */
};

/* "[", the longest IPv6 address, "%", a scope id, "]:65535", NUL. */
#define ADDR_TEXT_SIZE 72

/* From what accept4, getsockname or a bind needs. A family we don't know gives ADDR_NONE. */
void addr_from_sockaddr(const struct sockaddr *from, socklen_t length, struct addr *ret);

/* Into what bind needs; returns its length, 0 where addr is neither an internet address nor vsock.
 */
socklen_t addr_to_sockaddr(const struct addr *addr, struct sockaddr_storage *ret);

/* A unix peer, as SO_PEERCRED tells it. */
struct addr addr_unix(uint32_t uid, uint32_t gid, uint32_t pid);
uint32_t addr_unix_uid(const struct addr *addr);
uint32_t addr_unix_gid(const struct addr *addr);

/* A virtual machine (or its host) and a port of it, vsock(7). */
struct addr addr_vsock(uint32_t cid, uint32_t port);
uint32_t addr_vsock_cid(const struct addr *addr);
uint32_t addr_vsock_port(const struct addr *addr);
#define ADDR_VSOCK_ANY UINT32_MAX /* VMADDR_CID_ANY */

/* A numeric address without a port, IPv6 with or without "%scope"; never asks DNS.
 * Returns 0 or -EINVAL. */
int addr_parse_host(const char *text, struct addr *ret);

/* Writes the address alone ("192.0.2.1", "fe80::1%2", "uid 1000", "vsock:3"). */
void addr_format_host(const struct addr *addr, char text[static ADDR_TEXT_SIZE]);

/* Writes address and port ("192.0.2.1:80", "[::1]:80", "uid 1000 pid 7", "vsock:3:1025",
 * "unknown"). */
void addr_format(const struct addr *addr, char text[static ADDR_TEXT_SIZE]);

/* Whether it is the wildcard of its family. */
bool addr_is_any(const struct addr *addr);

/* Whether family, address, scope and port are the same. */
bool addr_equal(const struct addr *one, const struct addr *other);

#endif

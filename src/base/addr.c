/* addr: see addr.h. Pure; used from the option table down to the handler's environment. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

void addr_from_sockaddr(const struct sockaddr *from, socklen_t length, struct addr *ret)
{
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
    struct sockaddr_vm vm;

    *ret = (struct addr){.family = ADDR_NONE};
    if (length < sizeof(from->sa_family))
        return;
    if (from->sa_family == AF_INET && length >= sizeof(in4)) {
        memcpy(&in4, from, sizeof(in4));
        ret->family = ADDR_IPV4;
        ret->port = ntohs(in4.sin_port);
        memcpy(ret->bytes, &in4.sin_addr, 4);
    } else if (from->sa_family == AF_INET6 && length >= sizeof(in6)) {
        memcpy(&in6, from, sizeof(in6));
        ret->port = ntohs(in6.sin6_port);
        if (memcmp(&in6.sin6_addr, mapped_prefix, sizeof(mapped_prefix)) == 0) {
            ret->family = ADDR_IPV4;
            memcpy(ret->bytes, in6.sin6_addr.s6_addr + 12, 4);
            return;
        }
        ret->family = ADDR_IPV6;
        ret->scope = in6.sin6_scope_id;
        memcpy(ret->bytes, &in6.sin6_addr, 16);
    } else if (from->sa_family == AF_UNIX) {
        ret->family = ADDR_UNIX;
    } else if (from->sa_family == AF_VSOCK && length >= sizeof(vm)) {
        memcpy(&vm, from, sizeof(vm));
        *ret = addr_vsock(vm.svm_cid, vm.svm_port);
    }
}

socklen_t addr_to_sockaddr(const struct addr *addr, struct sockaddr_storage *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (addr->family == ADDR_IPV4) {
        struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(addr->port)};

        memcpy(&in4.sin_addr, addr->bytes, 4);
        memcpy(ret, &in4, sizeof(in4));
        return sizeof(in4);
    }
    if (addr->family == ADDR_IPV6) {
        struct sockaddr_in6 in6 = {
            .sin6_family = AF_INET6, .sin6_port = htons(addr->port), .sin6_scope_id = addr->scope};

        memcpy(&in6.sin6_addr, addr->bytes, 16);
        memcpy(ret, &in6, sizeof(in6));
        return sizeof(in6);
    }
    if (addr->family == ADDR_VSOCK) {
        struct sockaddr_vm vm = {.svm_family = AF_VSOCK,
                                 .svm_cid = addr_vsock_cid(addr),
                                 .svm_port = addr_vsock_port(addr)};

        memcpy(ret, &vm, sizeof(vm));
        return sizeof(vm);
    }
    return 0;
}

struct addr addr_unix(uint32_t uid, uint32_t gid, uint32_t pid)
{
    struct addr addr = {.family = ADDR_UNIX, .scope = pid};

    memcpy(addr.bytes, &uid, sizeof(uid));
    memcpy(addr.bytes + sizeof(uid), &gid, sizeof(gid));
    return addr;
}

uint32_t addr_unix_uid(const struct addr *addr)
{
    uint32_t uid;

    memcpy(&uid, addr->bytes, sizeof(uid));
    return uid;
}

uint32_t addr_unix_gid(const struct addr *addr)
{
    uint32_t gid;

    memcpy(&gid, addr->bytes + sizeof(gid), sizeof(gid));
    return gid;
}

struct addr addr_vsock(uint32_t cid, uint32_t port)
{
    struct addr addr = {.family = ADDR_VSOCK, .scope = port};

    memcpy(addr.bytes, &cid, sizeof(cid));
    return addr;
}

uint32_t addr_vsock_cid(const struct addr *addr)
{
    uint32_t cid;

    memcpy(&cid, addr->bytes, sizeof(cid));
    return cid;
}

uint32_t addr_vsock_port(const struct addr *addr)
{
    return addr->scope;
}

/* "eth0" or "2" to 2; 0 where there is no such interface. */
static uint32_t parse_scope(const char *text)
{
    char *end;
    unsigned long value;

    if (text[0] >= '0' && text[0] <= '9') {
        errno = 0;
        value = strtoul(text, &end, 10);
        return errno == 0 && *end == '\0' && value <= UINT32_MAX ? (uint32_t)value : 0;
    }
    return if_nametoindex(text);
}

int addr_parse_host(const char *text, struct addr *ret)
{
    struct addr addr = {.family = ADDR_NONE};
    char host[INET6_ADDRSTRLEN];
    const char *percent = strchr(text, '%');
    size_t length = percent ? (size_t)(percent - text) : strlen(text);

    if (length == 0 || length >= sizeof(host))
        return -EINVAL;
    memcpy(host, text, length);
    host[length] = '\0';
    if (!percent && inet_pton(AF_INET, host, addr.bytes) == 1) {
        addr.family = ADDR_IPV4;
    } else if (inet_pton(AF_INET6, host, addr.bytes) == 1) {
        addr.family = ADDR_IPV6;
        if (percent && (addr.scope = parse_scope(percent + 1)) == 0)
            return -EINVAL;
        if (memcmp(addr.bytes, mapped_prefix, sizeof(mapped_prefix)) == 0) {
            memmove(addr.bytes, addr.bytes + 12, 4);
            memset(addr.bytes + 4, 0, 12);
            addr.family = ADDR_IPV4;
            addr.scope = 0;
        }
    } else {
        return -EINVAL;
    }
    *ret = addr;
    return 0;
}

void addr_format_host(const struct addr *addr, char text[static ADDR_TEXT_SIZE])
{
    char host[INET6_ADDRSTRLEN] = "";

    switch (addr->family) {
    case ADDR_IPV4:
        inet_ntop(AF_INET, addr->bytes, text, ADDR_TEXT_SIZE);
        break;
    case ADDR_IPV6:
        inet_ntop(AF_INET6, addr->bytes, host, sizeof(host));
        if (addr->scope)
            snprintf(text, ADDR_TEXT_SIZE, "%s%%%" PRIu32, host, addr->scope);
        else
            snprintf(text, ADDR_TEXT_SIZE, "%s", host);
        break;
    case ADDR_UNIX:
        snprintf(text, ADDR_TEXT_SIZE, "uid %" PRIu32, addr_unix_uid(addr));
        break;
    case ADDR_VSOCK:
        snprintf(text, ADDR_TEXT_SIZE, "vsock:%" PRIu32, addr_vsock_cid(addr));
        break;
    default:
        snprintf(text, ADDR_TEXT_SIZE, "unknown");
    }
}

void addr_format(const struct addr *addr, char text[static ADDR_TEXT_SIZE])
{
    char host[ADDR_TEXT_SIZE];
    int room = ADDR_TEXT_SIZE - 12; /* what the brackets, the port or the pid take */

    addr_format_host(addr, host);
    switch (addr->family) {
    case ADDR_IPV4:
        snprintf(text, ADDR_TEXT_SIZE, "%.*s:%u", room, host, addr->port);
        break;
    case ADDR_IPV6:
        snprintf(text, ADDR_TEXT_SIZE, "[%.*s]:%u", room, host, addr->port);
        break;
    case ADDR_UNIX:
        snprintf(text, ADDR_TEXT_SIZE, "uid %" PRIu32 " pid %" PRIu32, addr_unix_uid(addr),
                 addr->scope);
        break;
    case ADDR_VSOCK:
        snprintf(text, ADDR_TEXT_SIZE, "%.*s:%" PRIu32, room, host, addr_vsock_port(addr));
        break;
    default:
        snprintf(text, ADDR_TEXT_SIZE, "%s", host);
    }
}

bool addr_is_any(const struct addr *addr)
{
    static const uint8_t zero[16];

    return (addr->family == ADDR_IPV4 || addr->family == ADDR_IPV6) &&
           memcmp(addr->bytes, zero, sizeof(zero)) == 0;
}

bool addr_equal(const struct addr *one, const struct addr *other)
{
    return one->family == other->family && one->port == other->port && one->scope == other->scope &&
           memcmp(one->bytes, other->bytes, sizeof(one->bytes)) == 0;
}

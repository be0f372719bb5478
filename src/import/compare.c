/* compare: see compare.h. */
#include "import/compare.h"

#include <string.h>

#include "base/addr.h"
#include "import/value.h"

/* --- address conflicts ---------------------------------------------------------------------- */

/* Whether a service that listens on the wildcard addr takes what other is. */
static bool takes_all(const struct import_service *service, const struct addr *addr,
                      const struct addr *other)
{
    return addr_is_any(addr) && (addr->family == other->family ||
                                 (addr->family == ADDR_IPV6 && !service->values[IMPORT_IPV6_ONLY]));
}

/* Whether these two of their addresses, on the same port, can't be had at the same time. */
static bool meet(const struct import_service *one, size_t index, const struct import_service *other,
                 size_t other_index)
{
    struct addr left, right;

    return addr_parse_host(one->addresses.items[index], &left) == 0 &&
           addr_parse_host(other->addresses.items[other_index], &right) == 0 &&
           (addr_equal(&left, &right) || takes_all(one, &left, &right) ||
            takes_all(other, &right, &left));
}

bool import_conflicts_with_itself(const struct import_service *service)
{
    for (size_t i = 1; i < service->addresses.count; i++)
        for (size_t j = 0; j < i; j++)
            if (meet(service, i, service, j))
                return true;
    return false;
}

/* Names that aren't known here are only like themselves. */
static bool is_same_port(const struct import_service *one, const struct import_service *other)
{
    if (one->socket != other->socket || one->is_unix != other->is_unix)
        return false;
    if (one->is_unix || one->port_number == 0 || other->port_number == 0)
        return strcmp(one->port, other->port) == 0;
    return one->port_number == other->port_number;
}

static bool conflict(const struct import_service *one, const struct import_service *other)
{
    if (!is_same_port(one, other))
        return false;
    if (one->is_unix)
        return true;
    for (size_t i = 0; i < one->addresses.count; i++)
        for (size_t j = 0; j < other->addresses.count; j++)
            if (meet(one, i, other, j))
                return true;
    return false;
}

static void settle(struct import *import, struct import_service *service)
{
    for (const struct import_service *other = import->services; other != service;
         other = other->next)
        if (other->result == IMPORT_SERVED && conflict(other, service)) {
            import_return_to(import, service);
            import_downgrade(import, service, IMPORT_DISABLED,
                             "disabled: its address belongs to [%s] (%s:%u)", other->name,
                             other->file, other->line);
            return;
        }
}

void import_settle_conflicts(struct import *import)
{
    for (struct import_service *service = import->services; service; service = service->next)
        if (service->result == IMPORT_SERVED)
            settle(import, service);
}

/* --- duplicates ----------------------------------------------------------------------------- */

static bool is_same_words(const struct value_words *one, const struct value_words *other)
{
    for (size_t i = 0; i < one->count && i < other->count; i++)
        if (strcmp(one->items[i], other->items[i]) != 0)
            return false;
    return one->count == other->count;
}

/* But for ipv6-only, which means nothing to IPv4. */
static bool is_same_values(const struct import_service *one, const struct import_service *other)
{
    for (int key = 0; key < IMPORT_KEYS; key++)
        if (key != IMPORT_IPV6_ONLY && !import_is_same(one->values[key], other->values[key]))
            return false;
    return true;
}

static bool are_duplicates(const struct import_service *one, const struct import_service *other)
{
    return !one->is_unix && !other->is_unix && one->result == other->result &&
           one->result < IMPORT_COMMENTED && one->socket == other->socket &&
           one->wait == other->wait && one->kind == other->kind &&
           strcmp(one->name, other->name) == 0 && strcmp(one->port, other->port) == 0 &&
           strcmp(one->program, other->program) == 0 && is_same_words(&one->argv, &other->argv) &&
           is_same_values(one, other);
}

static void merge(struct import *import, struct import_service *one,
                  const struct import_service *other)
{
    for (size_t i = 0; i < other->addresses.count; i++)
        import_append(import, &one->addresses, other->addresses.items[i]);
    one->family_assumed = false;
    if (other->values[IMPORT_IPV6_ONLY])
        one->values[IMPORT_IPV6_ONLY] = other->values[IMPORT_IPV6_ONLY];
    *one->last_message = other->messages;
    if (other->messages)
        one->last_message = other->last_message;
}

/* The service before it that it duplicates; NULL where there is none. */
static struct import_service *find_duplicate(struct import_service *first,
                                             const struct import_service *service)
{
    for (; first != service; first = first->next)
        if (are_duplicates(first, service) && !conflict(first, service))
            return first;
    return NULL;
}

void import_merge_duplicates(struct import *import)
{
    struct import_service **place = &import->services;

    while (*place) {
        struct import_service *service = *place;
        struct import_service *first = find_duplicate(import->services, service);

        if (first) {
            merge(import, first, service);
            *place = service->next;
        } else {
            place = &service->next;
        }
    }
    import->last_service = place;
}

/* --- names ---------------------------------------------------------------------------------- */

/* A name as a section can have it, with room for something behind it. */
static const char *plain_name(struct import *import, const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-.+@";
    char text[IMPORT_NAME_MAX - 9];
    size_t length = 0;

    for (; length < sizeof(text) && name[length] != '\0'; length++)
        text[length] = strchr(plain, name[length]) ? name[length] : '-';
    return length > 0 ? import_copy(import, text, length) : "service";
}

static bool is_free(const struct import *import, const struct import_service *service,
                    const char *name)
{
    if (strcmp(name, "stdinetd") == 0 || strcmp(name, "defaults") == 0)
        return false;
    for (const struct import_service *other = import->services; other != service;
         other = other->next)
        if (other->result != IMPORT_OMITTED && strcmp(other->name, name) == 0)
            return false;
    return true;
}

/* How many before it have that name, or one that was made from it. */
static unsigned count_like(const struct import *import, const struct import_service *service,
                           const char *base)
{
    size_t length = strlen(base);
    unsigned count = 0;

    for (const struct import_service *other = import->services; other != service;
         other = other->next)
        count += other->result != IMPORT_OMITTED && strncmp(other->name, base, length) == 0 &&
                 (other->name[length] == '\0' || other->name[length] == '-');
    return count;
}

static const char *free_name(struct import *import, const struct import_service *service,
                             const char *base)
{
    const char *name = base;
    unsigned number;

    if (is_free(import, service, name))
        return name;
    if (service->socket == IMPORT_DATAGRAM) {
        name = import_format(import, "%s-udp", base);
        if (is_free(import, service, name))
            return name;
    }
    number = count_like(import, service, base);
    do
        name = import_format(import, "%s-%u", base, ++number);
    while (!is_free(import, service, name) && !import->out_of_memory);
    return name;
}

void import_name_services(struct import *import)
{
    for (struct import_service *service = import->services; service; service = service->next)
        service->name = service->result == IMPORT_OMITTED
                            ? import_escape(import, service->name)
                            : free_name(import, service, plain_name(import, service->name));
}

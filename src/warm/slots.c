/* slots: see slots.h. */
#include "warm/slots.h"

#include <errno.h>
#include <string.h>

#include "base/endpoint.h"

/* What differs from one connection to the next, and the bytes of its longest value: an IPv6 address
 * with a scope, a path, 2^32, 2^64. All others are the same for a whole service. */
static const struct {
    const char *name;
    uint16_t width;
} widths[] = {
    {"TCPREMOTEIP=", 56},
    {"TCPREMOTEPORT=", 5},
    {"TCPLOCALIP=", 56},
    {"TCPLOCALPORT=", 5},
    {"TCPCONNNUM=", 10},
    {"REMOTE_ADDR=", 56},
    {"REMOTE_PORT=", 5},
    {"REMOTE_HOST=", 56},
    {"UNIXREMOTEPID=", 10},
    {"UNIXREMOTEEUID=", 10},
    {"UNIXREMOTEEGID=", 10},
    {"UNIXLOCALPATH=", ENDPOINT_PATH_MAX},
    {"IPCREMOTEEUID=", 10},
    {"IPCREMOTEEGID=", 10},
    {"IPCREMOTEPATH=", ENDPOINT_PATH_MAX},
    {"IPCLOCALPATH=", ENDPOINT_PATH_MAX},
    {"IPCCONNNUM=", 10},
    {"STDINETD_CONNECTION=", 20},
};

/* The width of a variable's value where that changes, or 0. */
static uint16_t width_of(const char *item)
{
    for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++)
        if (strncmp(item, widths[i].name, strlen(widths[i].name)) == 0)
            return widths[i].width;
    return 0;
}

int warm_slots_make(const struct environment *sample, struct warm_slots *ret)
{
    memset(ret, 0, sizeof(*ret));
    for (size_t i = 0; i < sample->count; i++) {
        const char *item = sample->items[i];
        struct warm_slot *slot = &ret->items[ret->count++];
        size_t name = strcspn(item, "=") + 1, length = strlen(item);
        uint16_t width = width_of(item);
        size_t size = width > 0 ? name + width + 1 : length + 1;

        if (name > length || ret->size + size > WARM_REGION_MAX)
            return -E2BIG;
        *slot = (struct warm_slot){.offset = (uint16_t)ret->size,
                                   .name = (uint16_t)name,
                                   .width = (uint16_t)(size - name - 1),
                                   .changes = width > 0};
        memcpy(ret->blank + ret->size, item, width > 0 ? name : length);
        memset(ret->padded + ret->size, ' ', size - 1);
        memcpy(ret->padded + ret->size, item, width > 0 ? name : length);
        ret->size += (uint32_t)size;
    }
    return 0;
}

bool warm_slots_fill(const struct warm_slots *slots, const struct environment *environment,
                     char *region)
{
    if (environment->count != slots->count)
        return false;
    memcpy(region, slots->blank, slots->size);
    for (size_t i = 0; i < slots->count; i++) {
        const struct warm_slot *slot = &slots->items[i];
        const char *item = environment->items[i];
        const char *place = slots->blank + slot->offset;
        size_t length = strlen(item);

        if (length < slot->name || memcmp(item, place, slot->name) != 0 ||
            length - slot->name > slot->width)
            return false;
        if (!slot->changes && strcmp(item, place) != 0)
            return false;
        memcpy(region + slot->offset, item, length);
    }
    return true;
}

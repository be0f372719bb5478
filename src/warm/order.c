/* order: see order.h. */
#include "warm/order.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What has a fixed size; strings, argv, variables and groups stand behind it, in this order. */
struct head {
    struct warm_slots slots;
    struct settings_rlimits rlimits;
    struct rlimit nofile;
    uint64_t dropped_capabilities;
    nanoseconds timeout;
    uint32_t depth, umask, uid, gid, argc, variable_count, group_count;
    int16_t nice;
    bool has_rlimits, has_nice, has_chroot, change_credentials, no_new_privileges, oom_score_due,
        stderr_is_connection;
    char oom_score[8];
};

static void put_string(FILE *file, const char *text)
{
    fwrite(text, 1, strlen(text) + 1, file);
}

static void fill_head(const struct warm_order *order, struct head *head)
{
    const struct plan *plan = &order->plan;

    memset(head, 0, sizeof(*head)); /* with its gaps: heads are compared */
    memcpy(&head->slots, &order->slots, sizeof(order->slots));
    head->has_rlimits = plan->rlimits != NULL;
    if (plan->rlimits)
        memcpy(&head->rlimits, plan->rlimits, sizeof(head->rlimits));
    head->nofile = plan->nofile;
    head->dropped_capabilities = plan->dropped_capabilities;
    head->timeout = order->timeout;
    head->depth = order->depth;
    head->umask = plan->umask;
    head->uid = plan->uid;
    head->gid = plan->gid;
    head->variable_count = (uint32_t)plan->variables->count + 1;
    head->group_count = (uint32_t)plan->group_count;
    head->has_nice = plan->nice.set;
    head->nice = plan->nice.set ? plan->nice.value : (int16_t)0;
    head->has_chroot = plan->chroot != NULL;
    head->change_credentials = plan->change_credentials;
    head->no_new_privileges = plan->no_new_privileges;
    head->oom_score_due = plan->oom_score_due;
    head->stderr_is_connection = order->stderr_is_connection;
    memcpy(head->oom_score, plan->oom_score, sizeof(head->oom_score));
    while (plan->argv[head->argc])
        head->argc++;
}

int warm_order_write(const struct warm_order *order, char **ret, size_t *ret_size)
{
    const struct plan *plan = &order->plan;
    struct head head;
    char *bytes = NULL;
    size_t size = 0;
    bool failed;
    FILE *file = open_memstream(&bytes, &size);

    if (!file)
        return -ENOMEM;
    fill_head(order, &head);
    fwrite(&head, sizeof(head), 1, file);
    put_string(file, plan->service);
    put_string(file, plan->program);
    put_string(file, plan->directory);
    if (plan->chroot)
        put_string(file, plan->chroot);
    for (uint32_t i = 0; i < head.argc; i++)
        put_string(file, plan->argv[i]);
    put_string(file, order->depth == WARM_DEPTH_ENTRY ? "STDINETD_WARM=entry" : "STDINETD_WARM=io");
    for (size_t i = 0; i < plan->variables->count; i++)
        put_string(file, plan->variables->items[i]);
    if (plan->group_count > 0)
        fwrite(plan->groups, sizeof(*plan->groups), plan->group_count, file);
    failed = ferror(file) != 0;
    if (fclose(file) != 0 || failed) {
        free(bytes);
        return -ENOMEM;
    }
    *ret = bytes;
    *ret_size = size;
    return 0;
}

struct reader {
    char *next;
    size_t left;
};

/* The next string; an empty one behind the end, which no order has. */
static char *get_string(struct reader *reader)
{
    static char nothing[1];
    char *text = reader->next;
    size_t length = strnlen(text, reader->left);

    if (length == reader->left)
        return nothing;
    reader->next += length + 1;
    reader->left -= length + 1;
    return text;
}

static char **get_strings(struct reader *reader, uint32_t before, uint32_t count)
{
    char **items;

    if (count > reader->left || !(items = calloc(before + count + 1U, sizeof(*items))))
        return NULL;
    for (uint32_t i = 0; i < count; i++)
        items[before + i] = get_string(reader);
    return items;
}

static void read_head(const struct head *head, struct warm_order *ret)
{
    struct plan *plan = &ret->plan;

    memset(ret, 0, sizeof(*ret));
    memcpy(&ret->slots, &head->slots, sizeof(head->slots));
    memcpy(&ret->rlimits, &head->rlimits, sizeof(head->rlimits));
    ret->depth = head->depth;
    ret->timeout = head->timeout;
    ret->stderr_is_connection = head->stderr_is_connection;
    plan->rlimits = head->has_rlimits ? &ret->rlimits : NULL;
    plan->nofile = head->nofile;
    plan->dropped_capabilities = head->dropped_capabilities;
    plan->umask = head->umask;
    plan->uid = head->uid;
    plan->gid = head->gid;
    plan->group_count = head->group_count;
    plan->nice.set = head->has_nice;
    plan->nice.value = head->nice;
    plan->change_credentials = head->change_credentials;
    plan->no_new_privileges = head->no_new_privileges;
    plan->oom_score_due = head->oom_score_due;
    memcpy(plan->oom_score, head->oom_score, sizeof(head->oom_score));
}

int warm_order_read(char *bytes, size_t size, struct warm_order *ret)
{
    struct head head;
    struct reader reader = {bytes + sizeof(head), size - sizeof(head)};
    struct plan *plan = &ret->plan;
    gid_t *groups;

    if (size < sizeof(head))
        return -EINVAL;
    memcpy(&head, bytes, sizeof(head));
    read_head(&head, ret);
    plan->service = get_string(&reader);
    plan->program = get_string(&reader);
    plan->directory = get_string(&reader);
    plan->chroot = head.has_chroot ? get_string(&reader) : NULL;
    plan->argv = get_strings(&reader, 0, head.argc);
    ret->environment = get_strings(&reader, ret->slots.count, head.variable_count);
    if (!plan->argv || !ret->environment || reader.left != head.group_count * sizeof(gid_t))
        return -EINVAL;
    groups = malloc(reader.left + 1);
    if (!groups)
        return -ENOMEM;
    memcpy(groups, reader.next, reader.left);
    plan->groups = groups;
    for (uint32_t i = 0; i < ret->slots.count; i++)
        ret->environment[i] = ret->slots.padded + ret->slots.items[i].offset;
    return 0;
}

/* acl: what each rule decides and which rule it is, by tables; and thousands of random lists beside
 * a reference that looks at every prefix. */
#include "admit/acl.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define LIST_MAX 8

/* The prefixes of a text with blanks between. */
static size_t parse_list(const char *text, struct prefix list[static LIST_MAX])
{
    char item[PREFIX_TEXT_SIZE];
    size_t count = 0, length;
    const char *problem = NULL;

    for (; *text != '\0'; text += strspn(text, " ")) {
        length = strcspn(text, " ");
        ck_assert_uint_lt(length, sizeof(item));
        ck_assert_uint_lt(count, LIST_MAX);
        memcpy(item, text, length);
        item[length] = '\0';
        ck_assert_msg(prefix_parse(item, &list[count++], &problem) == 0, "%s: %s", item, problem);
        text += length;
    }
    return count;
}

static struct addr peer_of(const char *host)
{
    struct addr peer;

    if (strcmp(host, "uid 1000") == 0)
        return addr_unix(1000, 100, 7);
    if (strcmp(host, "vsock") == 0)
        return addr_vsock(3, 80);
    if (strcmp(host, "unknown") == 0)
        return (struct addr){.family = ADDR_NONE};
    ck_assert_msg(addr_parse_host(host, &peer) == 0, "%s", host);
    peer.port = 4711;
    return peer;
}

static const struct {
    const char *allow, *deny, *host;
    bool expected;
    const char *rule; /* "": none */
} rows[] = {
    /* nothing is given: everybody may come */
    {"", "", "192.0.2.1", true, ""},
    {"", "", "::1", true, ""},
    {"", "", "uid 1000", true, ""},
    {"", "", "vsock", true, ""},
    {"", "", "unknown", true, ""},
    /* deny alone */
    {"", "192.0.2.0/24", "192.0.2.0", false, "192.0.2.0/24"},
    {"", "192.0.2.0/24", "192.0.2.255", false, "192.0.2.0/24"},
    {"", "192.0.2.0/24", "192.0.1.255", true, ""},
    {"", "192.0.2.0/24", "192.0.3.0", true, ""},
    {"", "192.0.2.0/24", "::ffff:192.0.2.1", false, "192.0.2.0/24"},
    {"", "192.0.2.0/24", "::1", true, ""},
    {"", "192.0.2.0/24", "uid 1000", true, ""},
    {"", "192.0.2.0/24", "vsock", true, ""},
    {"", "192.0.2.0/24", "unknown", true, ""},
    /* allow alone: nobody else, of any family */
    {"192.0.2.0/24", "", "192.0.2.1", true, "192.0.2.0/24"},
    {"192.0.2.0/24", "", "192.0.3.0", false, ""},
    {"192.0.2.0/24", "", "::1", false, ""},
    {"192.0.2.0/24", "", "uid 1000", false, ""},
    {"192.0.2.0/24", "", "vsock", false, ""},
    {"192.0.2.0/24", "", "unknown", false, ""},
    {"unix", "", "uid 1000", true, "unix"},
    {"unix", "", "192.0.2.1", false, ""},
    {"unix", "", "::1", false, ""},
    {"unix ::1", "unix", "uid 1000", false, "unix"},
    {"", "unix", "uid 1000", false, "unix"},
    {"", "unix", "192.0.2.1", true, ""},
    {"", "unix", "vsock", true, ""},
    /* the longest one of both lists */
    {"10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", false, "10.1.0.0/16"},
    {"10.0.0.0/8", "10.1.0.0/16", "10.0.255.255", true, "10.0.0.0/8"},
    {"10.0.0.0/8", "10.1.0.0/16", "10.2.0.0", true, "10.0.0.0/8"},
    {"10.0.0.0/8", "10.1.0.0/16", "11.0.0.0", false, ""},
    {"10.1.0.0/16", "10.0.0.0/8", "10.1.2.3", true, "10.1.0.0/16"},
    {"10.1.0.0/16", "10.0.0.0/8", "10.2.0.0", false, "10.0.0.0/8"},
    {"10.1.2.3 10.0.0.0/8", "10.1.2.0/24 10.1.0.0/16", "10.1.2.3", true, "10.1.2.3"},
    {"10.1.2.3 10.0.0.0/8", "10.1.2.0/24 10.1.0.0/16", "10.1.2.2", false, "10.1.2.0/24"},
    {"10.1.2.3 10.0.0.0/8", "10.1.2.0/24 10.1.0.0/16", "10.1.2.4", false, "10.1.2.0/24"},
    {"10.1.2.3 10.0.0.0/8", "10.1.2.0/24 10.1.0.0/16", "10.1.3.0", false, "10.1.0.0/16"},
    {"10.1.2.3 10.0.0.0/8", "10.1.2.0/24 10.1.0.0/16", "10.2.0.0", true, "10.0.0.0/8"},
    {"10.0.0.0/8", "0.0.0.0/0 ::/0", "10.0.0.1", true, "10.0.0.0/8"},
    {"10.0.0.0/8", "0.0.0.0/0 ::/0", "9.255.255.255", false, "0.0.0.0/0"},
    {"10.0.0.0/8", "0.0.0.0/0 ::/0", "2001:db8::1", false, "::/0"},
    {"10.0.0.0/8", "0.0.0.0/0 ::/0", "uid 1000", false, ""},
    {"2001:db8::/32", "2001:db8:bad::/48", "2001:db8:bad::1", false, "2001:db8:bad::/48"},
    {"2001:db8::/32", "2001:db8:bad::/48", "2001:db8:bae::", true, "2001:db8::/32"},
    {"2001:db8::/32", "2001:db8:bad::/48", "2001:db8:bac:ffff:ffff:ffff:ffff:ffff", true,
     "2001:db8::/32"},
    {"fe80::/10", "", "fe80::1%1", true, "fe80::/10"},
    /* two of the same length */
    {"10.0.0.0/8", "10.0.0.0/8", "10.0.0.1", false, "10.0.0.0/8"},
    {"10.0.0.1", "10.0.0.1", "10.0.0.1", false, "10.0.0.1"},
    {"::/0", "::/0", "::1", false, "::/0"},
    {"10.0.0.0/8 10.0.0.0/8", "", "10.0.0.1", true, "10.0.0.0/8"},
    {"", "10.0.0.0/8 10.0.0.0/8 10.0.0.0/8", "10.0.0.1", false, "10.0.0.0/8"},
    {"10.0.0.0/8 10.0.0.0/9", "10.0.0.0/8", "10.0.0.1", true, "10.0.0.0/9"},
    {"10.0.0.0/8 10.0.0.0/9", "10.0.0.0/8", "10.128.0.0", false, "10.0.0.0/8"},
    /* neighbours, which are one range and still rules of their own */
    {"", "10.0.0.0/24 10.0.1.0/24 10.0.2.0/24", "10.0.1.9", false, "10.0.1.0/24"},
    {"", "10.0.0.0/24 10.0.1.0/24 10.0.2.0/24", "10.0.2.255", false, "10.0.2.0/24"},
    {"", "10.0.0.0/24 10.0.1.0/24 10.0.2.0/24", "10.0.3.0", true, ""},
    {"10.0.1.0/24", "10.0.0.0/24 10.0.2.0/24", "10.0.1.255", true, "10.0.1.0/24"},
    {"10.0.1.0/24", "10.0.0.0/24 10.0.2.0/24", "10.0.2.0", false, "10.0.2.0/24"},
    /* both ends of everything */
    {"", "0.0.0.0 255.255.255.255", "0.0.0.0", false, "0.0.0.0"},
    {"", "0.0.0.0 255.255.255.255", "0.0.0.1", true, ""},
    {"", "0.0.0.0 255.255.255.255", "255.255.255.254", true, ""},
    {"", "0.0.0.0 255.255.255.255", "255.255.255.255", false, "255.255.255.255"},
    {"", ":: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::", false, "::"},
    {"", ":: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::1", true, ""},
    {"", ":: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe",
     true, ""},
    {"", ":: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     false, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"128.0.0.0/1", "0.0.0.0/1", "127.255.255.255", false, "0.0.0.0/1"},
    {"128.0.0.0/1", "0.0.0.0/1", "128.0.0.0", true, "128.0.0.0/1"},
    {"::/64", "0:0:0:1::/64", "::ffff:ffff:ffff:ffff", true, "::/64"},
    {"::/64", "0:0:0:1::/64", "0:0:0:1::", false, "0:0:0:1::/64"},
    {"::/64", "0:0:0:1::/64", "0:0:0:2::", false, ""},
};

START_TEST(test_rule)
{
    struct prefix allow[LIST_MAX], deny[LIST_MAX], rule;
    struct addr peer = peer_of(rows[_i].host);
    char text[PREFIX_TEXT_SIZE] = "";
    struct acl *acl = NULL;

    ck_assert_int_eq(acl_new(allow, parse_list(rows[_i].allow, allow), deny,
                             parse_list(rows[_i].deny, deny), &acl),
                     0);
    ck_assert(acl_allows(acl, &peer, NULL) == rows[_i].expected);
    ck_assert(acl_allows(acl, &peer, &rule) == rows[_i].expected);
    if (rule.family != ADDR_NONE)
        prefix_format(&rule, text);
    ck_assert_str_eq(text, rows[_i].rule);
    acl_unref(acl);
}
END_TEST

START_TEST(test_references)
{
    struct prefix deny[LIST_MAX];
    struct addr peer = peer_of("192.0.2.1");
    struct acl *acl = NULL, *other;

    ck_assert_int_eq(acl_new(NULL, 0, deny, parse_list("192.0.2.1", deny), &acl), 0);
    other = acl_ref(acl);
    ck_assert_ptr_eq(acl, other);
    memset(deny, 0, sizeof(deny)); /* they were copied */
    acl_unref(acl);
    ck_assert(!acl_allows(other, &peer, NULL));
    acl_unref(other);
    ck_assert_int_eq(acl_new(NULL, 0, NULL, 0, &acl), 0);
    ck_assert_ptr_null(acl_ref(acl));
    acl_unref(acl);
}
END_TEST

/* --- random lists beside the reference --- */

static uint64_t seed;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* What acl_allows promises, said as simply as it can be. */
static bool reference_allows(const struct prefix *allow, size_t allow_count,
                             const struct prefix *deny, size_t deny_count, const struct addr *peer,
                             struct prefix *ret_rule)
{
    const struct prefix *best = NULL;
    bool allowed = allow_count == 0;

    for (size_t i = 0; i < allow_count; i++)
        if (prefix_contains(&allow[i], peer) && (!best || allow[i].length > best->length)) {
            best = &allow[i];
            allowed = true;
        }
    for (size_t i = 0; i < deny_count; i++)
        if (prefix_contains(&deny[i], peer) && (!best || deny[i].length >= best->length)) {
            best = &deny[i];
            allowed = false;
        }
    *ret_rule = best ? *best : (struct prefix){.family = ADDR_NONE};
    return allowed;
}

static unsigned width_of(uint8_t family)
{
    return family == ADDR_IPV4 ? 32 : 128;
}

/* An address whose bytes are mostly of a few values, so that prefixes of them nest and touch. */
static struct addr random_addr(void)
{
    static const uint8_t few[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    struct addr addr = {.family = next_random() % 2 ? ADDR_IPV4 : ADDR_IPV6};

    for (unsigned i = 0; i < width_of(addr.family) / 8; i++) {
        uint64_t number = next_random();

        addr.bytes[i] = number % 8 ? few[number / 8 % sizeof(few)] : (uint8_t)(number >> 32);
    }
    return addr;
}

static struct addr first_addr(const struct prefix *prefix)
{
    struct addr addr = {.family = prefix->family};

    memcpy(addr.bytes, prefix->bytes, sizeof(addr.bytes));
    return addr;
}

static struct addr last_addr(const struct prefix *prefix)
{
    struct addr addr = first_addr(prefix);

    for (unsigned bit = prefix->length; bit < width_of(prefix->family); bit++)
        addr.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    return addr;
}

/* The address before (step 0xff) or behind (step 1), round the ends. */
static struct addr next_addr(struct addr addr, uint8_t step)
{
    uint8_t end = step == 1 ? 0 : 0xff;

    for (unsigned i = width_of(addr.family) / 8; i-- > 0;) {
        addr.bytes[i] = (uint8_t)(addr.bytes[i] + step);
        if (addr.bytes[i] != end)
            break;
    }
    return addr;
}

/* Of any length, within one that is there already, or its neighbour. */
static struct prefix random_prefix(const struct prefix *list, size_t count)
{
    struct addr addr = random_addr();
    struct prefix prefix;
    unsigned width, length;

    if (count > 0 && next_random() % 3 == 0)
        addr = first_addr(&list[next_random() % count]);
    else if (count > 0 && next_random() % 3 == 0)
        addr = next_addr(last_addr(&list[next_random() % count]), 1);
    width = width_of(addr.family);
    length = (unsigned)(next_random() % (width + 1));
    if (next_random() % 4 == 0)
        length = width;
    prefix_mask(&addr, length);
    prefix = (struct prefix){.family = addr.family, .length = (uint8_t)length};
    memcpy(prefix.bytes, addr.bytes, sizeof(prefix.bytes));
    return prefix;
}

struct lists {
    struct prefix allow[64], deny[64];
    size_t allow_count, deny_count;
    struct acl *acl;
};

/* Both lists take from each other, too: contradictions. */
static void fill_lists(struct lists *lists)
{
    lists->allow_count = next_random() % 65;
    lists->deny_count = next_random() % 65;
    for (size_t i = 0; i < lists->allow_count; i++)
        lists->allow[i] = random_prefix(lists->allow, i);
    for (size_t i = 0; i < lists->deny_count; i++)
        lists->deny[i] = next_random() % 8 == 0 && lists->allow_count > 0
                             ? lists->allow[next_random() % lists->allow_count]
                             : random_prefix(lists->deny, i);
    ck_assert_int_eq(
        acl_new(lists->allow, lists->allow_count, lists->deny, lists->deny_count, &lists->acl), 0);
}

static void check_peer(const struct lists *lists, struct addr peer)
{
    struct prefix rule, expected_rule;
    char text[ADDR_TEXT_SIZE];
    bool expected = reference_allows(lists->allow, lists->allow_count, lists->deny,
                                     lists->deny_count, &peer, &expected_rule);
    bool allowed = acl_allows(lists->acl, &peer, &rule);

    addr_format_host(&peer, text);
    ck_assert_msg(allowed == expected && prefix_compare(&rule, &expected_rule) == 0,
                  "%s: %d by /%u, not %d by /%u", text, allowed, rule.length, expected,
                  expected_rule.length);
}

/* All places where an answer may change, and their neighbours. */
static void check_edges(const struct lists *lists, const struct prefix *prefix)
{
    struct addr first = first_addr(prefix), last = last_addr(prefix);

    check_peer(lists, first);
    check_peer(lists, last);
    check_peer(lists, next_addr(first, 0xff));
    check_peer(lists, next_addr(first, 1));
    check_peer(lists, next_addr(last, 0xff));
    check_peer(lists, next_addr(last, 1));
}

#define ROUNDS 50

START_TEST(test_random)
{
    seed = 0x9e3779b97f4a7c15 + (uint64_t)_i;
    for (int round = 0; round < ROUNDS; round++) {
        struct lists lists;

        fill_lists(&lists);
        for (size_t i = 0; i < lists.allow_count; i++)
            check_edges(&lists, &lists.allow[i]);
        for (size_t i = 0; i < lists.deny_count; i++)
            check_edges(&lists, &lists.deny[i]);
        for (int i = 0; i < 50; i++)
            check_peer(&lists, random_addr());
        acl_unref(lists.acl);
    }
}
END_TEST

/* Every length of a family around one address, allowed and denied in turn: each bit of a peer that
 * differs decides. */
START_TEST(test_nested)
{
    struct prefix lists[2][65];
    size_t counts[2] = {0, 0};
    struct addr inmost = peer_of(_i == 0 ? "170.170.85.85" : "aaaa::5555:aaaa:0:5555:ffff");
    unsigned width = width_of(inmost.family);
    struct acl *acl;

    for (unsigned length = 0; length <= width; length++) {
        struct prefix *prefix = &lists[length % 2][counts[length % 2]++];
        struct addr masked = inmost;

        prefix_mask(&masked, length);
        *prefix = (struct prefix){.family = masked.family, .length = (uint8_t)length};
        memcpy(prefix->bytes, masked.bytes, sizeof(prefix->bytes));
    }
    ck_assert_int_eq(acl_new(lists[0], counts[0], lists[1], counts[1], &acl), 0);
    ck_assert(acl_allows(acl, &inmost, NULL));
    for (unsigned bit = 0; bit < width; bit++) {
        struct addr peer = inmost;
        struct prefix rule;

        peer.bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        ck_assert(acl_allows(acl, &peer, &rule) == (bit % 2 == 0));
        ck_assert_uint_eq(rule.length, bit);
    }
    acl_unref(acl);
}
END_TEST

#define MANY 100000U

/* The even addresses of a network are denied, each by an entry, in no order. */
START_TEST(test_many)
{
    struct prefix *deny = calloc(MANY, sizeof(*deny));
    struct acl *acl = NULL;

    ck_assert_ptr_nonnull(deny);
    for (unsigned i = 0; i < MANY; i++) {
        unsigned host = i * 7919 % MANY * 2;

        deny[i] = (struct prefix){
            .family = ADDR_IPV4,
            .length = 32,
            .bytes = {10, (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host}};
    }
    ck_assert_int_eq(acl_new(NULL, 0, deny, MANY, &acl), 0);
    free(deny);
    for (unsigned host = 0; host < 2 * MANY + 10; host++) {
        struct addr peer = {
            .family = ADDR_IPV4,
            .bytes = {10, (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host}};

        ck_assert_msg(acl_allows(acl, &peer, NULL) == (host % 2 == 1 || host >= 2 * MANY), "%u",
                      host);
    }
    acl_unref(acl);
}
END_TEST

Suite *acl_suite(void)
{
    Suite *suite = suite_create("acl");
    TCase *tcase = tcase_create("acl");

    tcase_add_loop_test(tcase, test_rule, 0, ROWS(rows));
    tcase_add_test(tcase, test_references);
    tcase_add_loop_test(tcase, test_random, 0, 4);
    tcase_add_loop_test(tcase, test_nested, 0, 2);
    tcase_add_test(tcase, test_many);
    suite_add_tcase(suite, tcase);
    return suite;
}

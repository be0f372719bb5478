/* arena: pieces of all sizes that don't touch each other, zeroed and aligned; copies; sizes that
 * overflow. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "unit.h"

static struct arena *arena;

static void open_arena(void)
{
    arena = arena_new();
    ck_assert_ptr_nonnull(arena);
}

static void close_arena(void)
{
    arena_free(arena);
}

/* Small ones, ones at the edges of a block of 16 KiB, and ones that are larger. */
static size_t piece_size(size_t number)
{
    static const size_t sizes[] = {1,    7,     8,     15,    16,    17,    100,  255,    4095,
                                   4096, 4097,  16383, 16384, 16385, 40000, 1,    100000, 3,
                                   2,    16368, 16,    1,     4080,  12288, 4096, 33,     64};

    return sizes[number % (sizeof(sizes) / sizeof(sizes[0]))];
}

#define PIECES 1000

START_TEST(test_pieces)
{
    static unsigned char *pieces[PIECES];

    for (size_t i = 0; i < PIECES; i++) {
        size_t size = piece_size(i);

        pieces[i] = arena_allocate(arena, size);
        ck_assert_ptr_nonnull(pieces[i]);
        ck_assert_msg((uintptr_t)pieces[i] % alignof(max_align_t) == 0, "piece %zu", i);
        for (size_t j = 0; j < size; j++)
            if (pieces[i][j] != 0)
                ck_abort_msg("piece %zu is not zero at %zu", i, j);
        memset(pieces[i], (int)(i % 251) + 1, size);
    }
    for (size_t i = 0; i < PIECES; i++)
        for (size_t j = 0; j < piece_size(i); j++)
            if (pieces[i][j] != i % 251 + 1)
                ck_abort_msg("piece %zu was written over at %zu", i, j);
}
END_TEST

START_TEST(test_nothing)
{
    ck_assert_ptr_nonnull(arena_allocate(arena, 0));
    ck_assert_ptr_nonnull(arena_allocate_array(arena, 0, 100));
    ck_assert_ptr_nonnull(arena_allocate_array(arena, 100, 0));
    arena_free(NULL);
}
END_TEST

START_TEST(test_overflow)
{
    ck_assert_ptr_null(arena_allocate(arena, SIZE_MAX));
    ck_assert_ptr_null(arena_allocate(arena, SIZE_MAX - 15));
    ck_assert_ptr_null(arena_allocate(arena, SIZE_MAX / 2 + 1));
    ck_assert_ptr_null(arena_allocate_array(arena, SIZE_MAX, 2));
    ck_assert_ptr_null(arena_allocate_array(arena, SIZE_MAX / 16 + 1, 16));
    ck_assert_ptr_null(arena_allocate_array(arena, (size_t)1 << 33, (size_t)1 << 33));
    ck_assert_ptr_nonnull(arena_allocate(arena, 1)); /* and it still works */
}
END_TEST

START_TEST(test_array)
{
    uint64_t *numbers = arena_allocate_array(arena, 1000, sizeof(*numbers));

    ck_assert_ptr_nonnull(numbers);
    for (size_t i = 0; i < 1000; i++)
        ck_assert_uint_eq(numbers[i], 0);
}
END_TEST

START_TEST(test_copies)
{
    static char large[50001];
    char *copy;

    memset(large, 'x', sizeof(large) - 1);
    ck_assert_str_eq(arena_copy_string(arena, ""), "");
    ck_assert_str_eq(arena_copy_string(arena, "text"), "text");
    ck_assert_str_eq(arena_copy_string(arena, large), large);
    ck_assert_str_eq(arena_copy(arena, "text", 2), "te");
    ck_assert_str_eq(arena_copy(arena, "text", 0), "");
    copy = arena_copy(arena, "a\0b", 3);
    ck_assert_mem_eq(copy, "a\0b", 4);
    ck_assert_ptr_ne(arena_copy_string(arena, large), large);
}
END_TEST

Suite *arena_suite(void)
{
    Suite *suite = suite_create("arena");
    TCase *tcase = tcase_create("arena");

    tcase_add_checked_fixture(tcase, open_arena, close_arena);
    tcase_add_test(tcase, test_pieces);
    tcase_add_test(tcase, test_nothing);
    tcase_add_test(tcase, test_overflow);
    tcase_add_test(tcase, test_array);
    tcase_add_test(tcase, test_copies);
    suite_add_tcase(suite, tcase);
    return suite;
}

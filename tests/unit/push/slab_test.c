#include "push/slab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

enum { PIECES = 1000 };

/* Every size up to beyond the largest, written to its ends, given back in another order, twice: the
 * sanitizers and valgrind see what would be wrong. */
static void pieces_of_every_size_come_and_go(void **state)
{
    (void)state;
    struct slab slab;
    uint8_t *pieces[PIECES];
    slab_init(&slab, 100000);
    for (int round = 0; round < 2; ++round) {
        for (size_t i = 0; i < PIECES; ++i) {
            pieces[i] = slab_get(&slab, i * 3);
            assert_int_equal((uintptr_t)pieces[i] % 16, 0);
            memset(pieces[i], (int)i, i * 3);
        }
        for (size_t i = 0, at = 0; i < PIECES; ++i, at = (at + 379) % PIECES) {
            for (size_t j = 0; j < at * 3; ++j)
                assert_int_equal(pieces[at][j], (uint8_t)at);
            slab_give(&slab, pieces[at]);
        }
        assert_true(slab.kept_ <= 100000);
    }
    slab_give(&slab, NULL);
    slab_release(&slab);
}

static void libnghttp2_gets_what_it_asks_for(void **state)
{
    (void)state;
    struct slab slab;
    slab_init(&slab, 100000);
    nghttp2_mem mem = slab_nghttp2(&slab);
    char *zeros = mem.calloc(7, 11, mem.mem_user_data);
    for (size_t i = 0; i < 77; ++i)
        assert_int_equal(zeros[i], 0);
    memcpy(zeros, "hello", 6);
    char *larger = mem.realloc(zeros, 5000, mem.mem_user_data);
    assert_string_equal(larger, "hello");
    char *smaller = mem.realloc(larger, 6, mem.mem_user_data);
    assert_string_equal(smaller, "hello");
    mem.free(smaller, mem.mem_user_data);
    mem.free(mem.realloc(NULL, 3, mem.mem_user_data), mem.mem_user_data);
    assert_null(mem.calloc(SIZE_MAX, 2, mem.mem_user_data));
    slab_release(&slab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_every_size_come_and_go),
        cmocka_unit_test(libnghttp2_gets_what_it_asks_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "domain/retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct retry_rule rule = {.first_ms = 1000, .max_ms = 60000};

static void the_wait_doubles_up_to_its_cap(void **state)
{
    (void)state;
    static const struct {
        uint32_t tries, least, most;
    } rows[] = {{1, 500, 1000},      {2, 1000, 2000},           {3, 2000, 4000},
                {6, 16000, 32000},   {7, 30000, 60000},         {8, 30000, 60000},
                {100, 30000, 60000}, {UINT32_MAX, 30000, 60000}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        assert_int_equal(retry_wait_ms(&rule, rows[i].tries, 0), rows[i].least);
        assert_int_equal(retry_wait_ms(&rule, rows[i].tries, rows[i].most - rows[i].least),
                         rows[i].most);
        for (uint64_t random = 0; random < UINT32_MAX; random += 9999991)
            assert_in_range(retry_wait_ms(&rule, rows[i].tries, (uint32_t)random), rows[i].least,
                            rows[i].most);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wait_doubles_up_to_its_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

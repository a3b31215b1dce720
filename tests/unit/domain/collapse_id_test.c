#include "domain/collapse_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define KEY_A "1 1111111111111111111111111111111111111111111111111111111111111111 active\n"
#define KEY_B "2 2222222222222222222222222222222222222222222222222222222222222222 active\n"

static void print(const char *keys, int64_t customer_id, int64_t invoice_id,
                  char out[COLLAPSE_ID_LEN + 1])
{
    struct keyring *ring = keyring_new(span_str(keys), NULL);
    assert_non_null(ring);
    collapse_id_print(ring, customer_id, invoice_id, out);
    keyring_free(ring);
}

static void each_invoice_has_one_of_its_own(void **state)
{
    (void)state;
    char one[COLLAPSE_ID_LEN + 1], again[COLLAPSE_ID_LEN + 1], other[COLLAPSE_ID_LEN + 1];
    print(KEY_A, 7, 9, one);
    print(KEY_A, 7, 9, again);
    assert_string_equal(one, again);
    assert_int_equal(strlen(one), COLLAPSE_ID_LEN);
    print(KEY_A, 7, 10, other);
    assert_string_not_equal(one, other);
    print(KEY_A, 9, 7, other);
    assert_string_not_equal(one, other);
}

static void it_outlives_a_new_key_and_differs_between_installations(void **state)
{
    (void)state;
    char before[COLLAPSE_ID_LEN + 1], after[COLLAPSE_ID_LEN + 1], elsewhere[COLLAPSE_ID_LEN + 1];
    print(KEY_A, 7, 9, before);
    print(KEY_A KEY_B, 7, 9, after);
    assert_string_equal(before, after);
    print(KEY_B, 7, 9, elsewhere);
    assert_string_not_equal(before, elsewhere);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_invoice_has_one_of_its_own),
        cmocka_unit_test(it_outlives_a_new_key_and_differs_between_installations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void integers_print_in_full_at_both_ends(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    buf_add_int(&b, 0);
    buf_add_char(&b, ' ');
    buf_add_int(&b, INT64_MIN);
    buf_add_char(&b, ' ');
    buf_add_int(&b, INT64_MAX);
    assert_string_equal(buf_span(&b).base, "0 -9223372036854775808 9223372036854775807");
    buf_release(&b);
}

static void appending_past_the_ceiling_keeps_what_was_there_and_says_so(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 5);
    buf_add_str(&b, "1234");
    buf_add_str(&b, "56");
    buf_add_str(&b, "7");
    assert_true(buf_is_overflowed(&b));
    assert_string_equal(buf_span(&b).base, "1234");
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_print_in_full_at_both_ends),
        cmocka_unit_test(appending_past_the_ceiling_keeps_what_was_there_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "provider/form.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void fields_are_encoded_and_joined(void **state)
{
    (void)state;
    struct buf form;
    buf_init(&form, 256);
    form_add(&form, "a[b]", SPAN_LIT("x y&z=1+2"));
    form_add(&form, "c", SPAN_LIT("\xc5\x82-._~Az09"));
    form_add_int(&form, "n", 12345);
    assert_string_equal(buf_span(&form).base,
                        "a%5Bb%5D=x%20y%26z%3D1%2B2&c=%C5%82-._~Az09&n=12345");
    buf_release(&form);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_encoded_and_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The expected hash was made by `printf 'plRaty są bez odsetek.' | sha256sum`. */
#include "domain/text_version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_version_is_the_hash_of_language_and_text(void **state)
{
    (void)state;
    char version[TEXT_VERSION_LEN + 1];
    text_version_print(SPAN_LIT("pl"), SPAN_LIT("Raty są bez odsetek."), version);
    assert_string_equal(version,
                        "9504f06873cceac82644b2a62ffc9f20599851465a123279e90abaeaddcf6c1a");
}

static void only_64_small_hex_digits_are_one(void **state)
{
    (void)state;
    char text[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    assert_true(text_version_is_fine(span_str(text)));
    assert_false(text_version_is_fine(span_of(text, 63)));
    text[63] = 'F';
    assert_false(text_version_is_fine(span_str(text)));
    text[63] = 'g';
    assert_false(text_version_is_fine(span_str(text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_is_the_hash_of_language_and_text),
        cmocka_unit_test(only_64_small_hex_digits_are_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

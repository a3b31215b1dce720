/* KSeF numbers: published ones and their CRC. */
#include "domain/ksef_number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void numbers_are_known_by_shape_and_crc(void **state)
{
    static const struct {
        const char *text;
        enum ksef_number_kind kind;
        const char *number;
    } rows[] = {
        {"5265877635-20250826-0100001AF629-AF", KSEF_NUMBER_INVOICE, NULL},
        {"5265877635-20250827-0100001AF629-4A", KSEF_NUMBER_INVOICE, NULL},
        {"1111111111-IZ202607-65ED02180000-E7", KSEF_NUMBER_COLLECTIVE, NULL},
        {"5265877635-IZ202508-0100001AF629-FC", KSEF_NUMBER_COLLECTIVE, NULL},
        {"5265877635-20250826-0100001af629-af", KSEF_NUMBER_INVOICE,
         "5265877635-20250826-0100001AF629-AF"},
        {"5265877635202508260100001AF629AF", KSEF_NUMBER_INVOICE,
         "5265877635-20250826-0100001AF629-AF"},
        {"5265877635-20250826-010000-1AF629-AF", KSEF_NUMBER_INVOICE,
         "5265877635-20250826-0100001AF629-AF"}, /* KSeF 1.0's look */
        {"5265877635-2025082\r\n6-0100001AF629-AF", KSEF_NUMBER_INVOICE,
         "5265877635-20250826-0100001AF629-AF"},
        {"5265877635-20250826-0100001AF629-87", KSEF_NUMBER_NONE, NULL}, /* with the third hyphen */
        {"8992630753-20240105-2C53E1BFBC51-E9", KSEF_NUMBER_NONE,
         NULL}, /* published, E8 is right */
        {"8992630753-20240105-2C53E1BFBC51-E8", KSEF_NUMBER_INVOICE, NULL},
        {"5265877635-20251326-0100001AF629-AF", KSEF_NUMBER_NONE, NULL},
        {"5265877635-20250826-0100001AF629-AF1", KSEF_NUMBER_NONE, NULL},
        {"5265877635-20250826-0100001AF629-A", KSEF_NUMBER_NONE, NULL},
        {"", KSEF_NUMBER_NONE, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char out[KSEF_NUMBER_LEN + 1] = "";
        enum ksef_number_kind kind = ksef_number_read(span_str(rows[i].text), out);
        if (kind != rows[i].kind)
            fail_msg("%s: %d", rows[i].text, (int)kind);
        if (kind != KSEF_NUMBER_NONE)
            assert_string_equal(out, rows[i].number == NULL ? rows[i].text : rows[i].number);
    }
}

static void numbers_are_found_in_a_title_one_after_another(void **state)
{
    struct span bare =
        SPAN_LIT("FV5265877635202508260100001AF629AFI5265877635202508270100001AF6294A");
    char out[KSEF_NUMBER_LEN + 1];
    size_t at = 0;
    (void)state;
    assert_int_equal(ksef_number_find(bare, &at, out), KSEF_NUMBER_INVOICE);
    assert_string_equal(out, "5265877635-20250826-0100001AF629-AF");
    assert_int_equal(ksef_number_find(bare, &at, out), KSEF_NUMBER_INVOICE);
    assert_string_equal(out, "5265877635-20250827-0100001AF629-4A");
    assert_int_equal(ksef_number_find(bare, &at, out), KSEF_NUMBER_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_known_by_shape_and_crc),
        cmocka_unit_test(numbers_are_found_in_a_title_one_after_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "domain/phone.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_number_is_a_plus_and_seven_to_fifteen_digits(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_number, is_polish;
    } rows[] = {
        {"+48501234567", true, true},
        {"+48221234567", true, true},
        {"+48012345678", true, false}, /* no Polish number begins with a zero */
        {"+4850123456", true, false},
        {"+485012345678", true, false},
        {"+380441234567", true, false},
        {"+2901234", true, false}, /* Saint Helena: seven digits */
        {"+290123", false, false},
        {"+123456789012345", true, false},
        {"+1234567890123456", false, false},
        {"+0501234567", false, false},
        {"48501234567", false, false},
        {"501234567", false, false},
        {"+48 501234567", false, false},
        {"+48501234567\n", false, false},
        {"+4850123456a", false, false},
        {"+48501234567,+48501234568", false, false},
        {"+", false, false},
        {"", false, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct span text = span_str(rows[i].text);
        if (phone_is_e164(text) != rows[i].is_number ||
            (rows[i].is_number && phone_is_polish(text) != rows[i].is_polish))
            fail_msg("%s", rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_a_plus_and_seven_to_fifteen_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void a_time_with_its_zone_is_read_and_nothing_else(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds; /* -1: it is none */
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-22T12:00:00Z", 1795348800},
        {"2026-11-22T13:00:00+01:00", 1795348800},
        {"2026-11-22T06:30:00-05:30", 1795348800},
        {"2026-11-22T12:00:00.999Z", 1795348800},
        {"2024-02-29T00:00:00Z", 1709164800},
        {"2026-02-29T00:00:00Z", -1},
        {"2026-04-31T00:00:00Z", -1},
        {"2026-11-22T24:00:00Z", -1},
        {"2026-11-22T12:00:60Z", -1},
        {"2026-11-22T12:00:00", -1},
        {"2026-11-22 12:00:00Z", -1},
        {"2026-11-22T12:00:00ZZ", -1},
        {"2026-11-22T12:00:00+1:00", -1},
        {"2026-11-22T12:00:00+15:00", -1},
        {"2026-11-2T12:00:00Z", -1},
        {"+026-11-22T12:00:00Z", -1},
        {"", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct instant at = {0};
        bool is_time = instant_scan(rows[i].text, strlen(rows[i].text), &at);
        if (is_time != (rows[i].seconds >= 0))
            fail_msg("%s", rows[i].text);
        if (is_time)
            assert_int_equal(at.us, rows[i].seconds * 1000000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_with_its_zone_is_read_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

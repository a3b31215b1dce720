#include "domain/instant_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Seconds as date(1) counts them. */
static void moments_are_read_in_their_zone(void **state)
{
    (void)state;
    const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {
        {"2026-12-01T10:00:00Z", 1796119200},
        {"2026-12-01T11:00+01:00", 1796119200},
        {"2026-12-01t04:30:00-05:30", 1796119200},
        {"2026-12-01T10:00:00.999Z", 1796119200},
        {"1970-01-01T00:00:00Z", 0},
        {"2028-02-29T23:59:59Z", 1835481599},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct instant at = {-1};
        assert_true(instant_read(span_str(rows[i].text), &at));
        assert_int_equal(at.us, rows[i].seconds * 1000000);
    }
}

static void what_is_no_moment_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "2026-12-01",
        "2026-12-01T10:00:00",
        "2026-12-01 10:00:00Z",
        "2026-02-29T10:00:00Z",
        "2026-12-01T24:00:00Z",
        "2026-12-01T10:60Z",
        "2026-12-01T10:00:60Z",
        "2026-12-01T10:00:00.Z",
        "2026-12-01T10:00:00Z ",
        "2026-12-01T10:00:00+1:00",
        "2026-12-01T10:00:00+0100",
        "2026-12-01T10Z",
        "1969-12-31T23:59:59Z",
        "9999-01-01T00:00:00Z",
        "tomorrow",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct instant at;
        if (instant_read(span_str(rows[i]), &at))
            fail_msg("%s", rows[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_are_read_in_their_zone),
        cmocka_unit_test(what_is_no_moment_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

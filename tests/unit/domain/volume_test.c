#include "domain/volume.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_day_may_have_a_multiple_of_the_usual_or_what_somebody_allowed(void **state)
{
    static const struct {
        int32_t factor;
        int64_t ramp_start, usual_max, allowance, allowed;
    } rows[] = {
        {3, 20000, 0, 0, 20000},        /* the first day */
        {3, 20000, 5000, 0, 20000},     /* little so far */
        {3, 20000, 6667, 0, 20001},     /* from here on the usual counts */
        {3, 20000, 100000, 0, 300000},  /* a large installation */
        {1, 1, 100, 0, 100},            /* no growth at all */
        {3, 1000, 100, 5000, 5000},     /* an admin allowed more */
        {3, 1000, 10000, 5000, 30000},  /* or less than goes anyway */
        {0, 1, 0, 0, VOLUME_UNLIMITED}, /* not asked */
        {1000, 1, INT64_MAX / 999, 0, VOLUME_UNLIMITED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        const struct reminder_rules rules = {.usual_factor = rows[i].factor,
                                             .ramp_start = rows[i].ramp_start};
        assert_int_equal(volume_allowed(&rules, rows[i].usual_max, rows[i].allowance),
                         rows[i].allowed);
    }
}

/* 2026-12-25 and 26 are Poland's Christmas days, and since 2025 so is the 24th. */
static void days_off_are_those_of_the_calendar_around_today(void **state)
{
    int32_t days[REMINDER_DAYS_OFF_MAX];
    const struct reminder_rules keeps = {.keeps_days_off = true}, none = {0};
    (void)state;
    assert_int_equal(reminder_days_off(&none, 20811, days), 0);
    /* 2026-12-24 is day 20811; New Year is 20819, Epiphany 20824. */
    assert_int_equal(reminder_days_off(&keeps, 20811, days), 5);
    assert_int_equal(days[0], 20811);
    assert_int_equal(days[1], 20812);
    assert_int_equal(days[2], 20813);
    assert_int_equal(days[3], 20819);
    assert_int_equal(days[4], 20824);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_may_have_a_multiple_of_the_usual_or_what_somebody_allowed),
        cmocka_unit_test(days_off_are_those_of_the_calendar_around_today),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

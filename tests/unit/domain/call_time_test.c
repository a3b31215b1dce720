#include "domain/call_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { HOUR = 3600 };

static void assert_times(const struct call_hours *hours, struct date today, int32_t second,
                         const char *const *expected)
{
    struct call_time times[CALL_TIMES_MAX];
    size_t count = call_times(hours, today, second, times), i = 0;
    for (; expected[i] != NULL; ++i) {
        char text[CALL_TIME_TEXT_MAX];
        assert_true(i < count);
        call_time_print(&times[i], text);
        assert_string_equal(text, expected[i]);
    }
    assert_int_equal(count, i);
}

/* Friday, 27 November 2026. */
static void a_weekend_is_passed_over(void **state)
{
    (void)state;
    const char *const expected[] = {"2026-11-27 12:00-16:00", "2026-11-27 16:00-20:00",
                                    "2026-11-30 08:00-12:00", "2026-11-30 12:00-16:00",
                                    "2026-11-30 16:00-20:00", NULL};
    const struct call_hours usual = {0, 0, 0};
    assert_times(&usual, (struct date){2026, 11, 27}, 11 * HOUR + 31 * 60, expected);
}

/* Late on 23 December 2026, a Wednesday: Christmas Eve is a day off by law since 2025, the next two
 * are holidays, then comes a weekend. */
static void christmas_is_passed_over(void **state)
{
    (void)state;
    const char *const expected[] = {"2026-12-28 08:00-12:00",
                                    "2026-12-28 12:00-16:00",
                                    "2026-12-28 16:00-20:00",
                                    "2026-12-29 08:00-12:00",
                                    "2026-12-29 12:00-16:00",
                                    "2026-12-29 16:00-20:00",
                                    NULL};
    const struct call_hours usual = {0, 0, 0};
    assert_times(&usual, (struct date){2026, 12, 23}, 19 * HOUR + 45 * 60, expected);
}

/* From 9:30 to 17:00 on Mondays and Tuesdays; 1 December 2026 is a Tuesday. */
static void the_creditors_hours_and_days_bound_them(void **state)
{
    (void)state;
    const struct call_hours hours = {9 * HOUR + 1800, 17 * HOUR, 0x03};
    const char *const expected[] = {"2026-12-01 16:00-17:00", "2026-12-07 09:30-12:00",
                                    "2026-12-07 12:00-16:00", "2026-12-07 16:00-17:00", NULL};
    assert_times(&hours, (struct date){2026, 12, 1}, 16 * HOUR + 1800, expected);
    assert_times(&hours, (struct date){2026, 12, 1}, 15 * HOUR + 1801, expected);
}

static void never_called_is_no_time(void **state)
{
    (void)state;
    const struct call_hours at_night = {23 * HOUR + 45 * 60, 24 * HOUR, 0},
                            on_sundays = {0, 0, 0x40};
    const char *const none[] = {NULL};
    assert_times(&at_night, (struct date){2026, 12, 1}, 0, none);
    assert_times(&on_sundays, (struct date){2026, 12, 1}, 0, none);
}

static void a_value_names_day_and_part(void **state)
{
    (void)state;
    char value[CALL_TIME_VALUE_MAX];
    const struct call_time t = {.day = {2026, 12, 1}, .part = CALL_AFTERNOON};
    call_time_print_value(&t, value);
    assert_string_equal(value, "2026-12-01.afternoon");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_weekend_is_passed_over),
        cmocka_unit_test(christmas_is_passed_over),
        cmocka_unit_test(the_creditors_hours_and_days_bound_them),
        cmocka_unit_test(never_called_is_no_time),
        cmocka_unit_test(a_value_names_day_and_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

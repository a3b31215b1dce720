#include "domain/calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static void assert_date(struct date d, int year, int month, int day)
{
    assert_int_equal(d.year, year);
    assert_int_equal(d.month, month);
    assert_int_equal(d.day, day);
}

/* libc's calendar is the witness, over every day of years 1 to 9999. */
static void every_day_agrees_with_libc_and_comes_back(void **state)
{
    (void)state;
    struct date last = {9999, 12, 31};
    for (int32_t days = date_to_days((struct date){1, 1, 1}); days <= date_to_days(last); ++days) {
        time_t seconds = (time_t)days * 86400;
        struct tm tm;
        struct date d = date_from_days(days);
        gmtime_r(&seconds, &tm);
        if (d.year != tm.tm_year + 1900 || d.month != tm.tm_mon + 1 || d.day != tm.tm_mday ||
            date_to_days(d) != days)
            fail_msg("day %d", (int)days);
    }
}

static void impossible_dates_are_not_valid(void **state)
{
    (void)state;
    const struct date rows[] = {{2026, 2, 29}, {1900, 2, 29}, {2026, 4, 31}, {2026, 13, 1},
                                {2026, 0, 1},  {2026, 1, 0},  {2026, 1, 32}, {0, 1, 1},
                                {10000, 1, 1}, {2026, -1, 1}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        assert_false(date_is_valid(rows[i]));
    assert_true(date_is_valid((struct date){2028, 2, 29}));
    assert_true(date_is_valid((struct date){2000, 2, 29}));
}

static void days_are_added_over_month_and_year_ends(void **state)
{
    (void)state;
    assert_date(date_add_days((struct date){2026, 12, 31}, 1), 2027, 1, 1);
    assert_date(date_add_days((struct date){2028, 3, 1}, -1), 2028, 2, 29);
    assert_int_equal(date_days_between((struct date){2026, 2, 28}, (struct date){2026, 3, 1}), 1);
    assert_int_equal(date_days_between((struct date){2027, 1, 1}, (struct date){2026, 1, 1}), -365);
}

static void dates_are_compared_by_year_month_and_day(void **state)
{
    (void)state;
    assert_true(date_compare((struct date){2026, 12, 31}, (struct date){2027, 1, 1}) < 0);
    assert_true(date_compare((struct date){2026, 2, 1}, (struct date){2026, 1, 31}) > 0);
    assert_int_equal(date_compare((struct date){2026, 2, 1}, (struct date){2026, 2, 1}), 0);
}

static void a_date_is_printed_as_iso_8601(void **state)
{
    (void)state;
    char text[11];
    date_print((struct date){987, 6, 5}, text);
    assert_string_equal(text, "0987-06-05");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_agrees_with_libc_and_comes_back),
        cmocka_unit_test(impossible_dates_are_not_valid),
        cmocka_unit_test(days_are_added_over_month_and_year_ends),
        cmocka_unit_test(dates_are_compared_by_year_month_and_day),
        cmocka_unit_test(a_date_is_printed_as_iso_8601),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

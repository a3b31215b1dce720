#include "domain/working_calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Written from printed calendars: Easter Sunday, Corpus Christi. */
static const struct {
    int year, easter_month, easter_day, corpus_month, corpus_day;
} moving[] = {
    {2018, 4, 1, 5, 31},  {2019, 4, 21, 6, 20}, {2020, 4, 12, 6, 11}, {2021, 4, 4, 6, 3},
    {2022, 4, 17, 6, 16}, {2023, 4, 9, 6, 8},   {2024, 3, 31, 5, 30}, {2025, 4, 20, 6, 19},
    {2026, 4, 5, 6, 4},   {2027, 3, 28, 5, 27}, {2028, 4, 16, 6, 15}, {2000, 4, 23, 6, 22},
    {2008, 3, 23, 5, 22}, {2038, 4, 25, 6, 24}, /* among the extremes */
};

static void easter_and_corpus_christi_are_those_of_the_printed_calendars(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(moving) / sizeof(moving[0]); ++i) {
        struct date easter = easter_sunday(moving[i].year);
        if (easter.year != moving[i].year || easter.month != moving[i].easter_month ||
            easter.day != moving[i].easter_day)
            fail_msg("Easter %d: %d-%d", moving[i].year, easter.month, easter.day);
        struct date corpus = {moving[i].year, moving[i].corpus_month, moving[i].corpus_day};
        if (!is_public_holiday(corpus) || is_public_holiday(date_add_days(corpus, 1)))
            fail_msg("Corpus Christi %d", moving[i].year);
    }
}

static void a_year_has_its_holidays_and_no_others(void **state)
{
    (void)state;
    const struct date rows[] = {{2026, 1, 1},   {2026, 1, 6},  {2026, 4, 5},   {2026, 4, 6},
                                {2026, 5, 1},   {2026, 5, 3},  {2026, 5, 24},  {2026, 6, 4},
                                {2026, 8, 15},  {2026, 11, 1}, {2026, 11, 11}, {2026, 12, 24},
                                {2026, 12, 25}, {2026, 12, 26}};
    size_t next = 0, count = sizeof(rows) / sizeof(rows[0]);
    for (struct date d = {2026, 1, 1}; d.year == 2026; d = date_add_days(d, 1)) {
        bool is_due = next < count && date_compare(d, rows[next]) == 0;
        if (is_public_holiday(d) != is_due)
            fail_msg("%d-%02d-%02d", d.year, d.month, d.day);
        next += is_due;
    }
    assert_int_equal(next, count);
}

static void laws_count_from_the_year_they_were_made_for(void **state)
{
    (void)state;
    assert_false(is_public_holiday((struct date){2010, 1, 6}));
    assert_true(is_public_holiday((struct date){2011, 1, 6}));
    assert_false(is_public_holiday((struct date){2024, 12, 24}));
    assert_true(is_public_holiday((struct date){2025, 12, 24}));
    assert_true(is_public_holiday((struct date){2018, 11, 12}));
    assert_false(is_public_holiday((struct date){2017, 11, 12}));
    assert_false(is_public_holiday((struct date){2019, 11, 12}));
}

/* What employers' tables of working time say (251, 249 and 251 days for these years), plus the days
 * they take off for a holiday on a Saturday: one, two and two. */
static void a_year_has_as_many_working_days_as_employers_count(void **state)
{
    (void)state;
    const struct {
        int year, count;
    } rows[] = {{2024, 252}, {2025, 251}, {2026, 253}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        int count = 0;
        for (struct date d = {rows[i].year, 1, 1}; d.year == rows[i].year; d = date_add_days(d, 1))
            count += is_working_day(d);
        assert_int_equal(count, rows[i].count);
    }
}

static void assert_day(struct date d, int month, int day)
{
    if (d.month != month || d.day != day)
        fail_msg("%d-%02d-%02d instead of %02d-%02d", d.year, d.month, d.day, month, day);
}

/* Easter 2026: Good Friday is 3 April and worked on; Tuesday the 7th is the next working day. */
static void days_off_are_stepped_over_either_way(void **state)
{
    (void)state;
    assert_day(working_day_at_or_before((struct date){2026, 4, 6}), 4, 3);
    assert_day(working_day_at_or_after((struct date){2026, 4, 4}), 4, 7);
    assert_day(working_day_at_or_before((struct date){2026, 4, 3}), 4, 3);
    assert_day(working_day_at_or_after((struct date){2026, 4, 3}), 4, 3);
    assert_day(working_day_at_or_before((struct date){2027, 1, 1}), 12, 31);
    assert_day(working_day_at_or_after((struct date){2026, 12, 24}), 12, 28);
    assert_day(working_day_at_or_before((struct date){2028, 5, 1}), 4, 28);
}

static void working_days_are_counted_over_days_off(void **state)
{
    (void)state;
    const struct {
        struct date from;
        int32_t count;
        int month, day;
    } rows[] = {
        {{2026, 4, 2}, 1, 4, 3},      {{2026, 4, 2}, 2, 4, 7},  {{2026, 4, 7}, -1, 4, 3},
        {{2026, 4, 5}, 1, 4, 7},      {{2026, 4, 5}, -1, 4, 3}, {{2026, 4, 5}, 0, 4, 5},
        {{2026, 12, 31}, 1, 1, 4},    {{2026, 1, 7}, -1, 1, 5}, {{2028, 2, 28}, 1, 2, 29},
        {{2028, 2, 28}, 2, 3, 1},     {{2027, 2, 26}, 1, 3, 1}, {{2026, 12, 23}, 1, 12, 28},
        {{2026, 12, 28}, -5, 12, 17},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        assert_day(working_days_add(rows[i].from, rows[i].count), rows[i].month, rows[i].day);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(easter_and_corpus_christi_are_those_of_the_printed_calendars),
        cmocka_unit_test(a_year_has_its_holidays_and_no_others),
        cmocka_unit_test(laws_count_from_the_year_they_were_made_for),
        cmocka_unit_test(a_year_has_as_many_working_days_as_employers_count),
        cmocka_unit_test(days_off_are_stepped_over_either_way),
        cmocka_unit_test(working_days_are_counted_over_days_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

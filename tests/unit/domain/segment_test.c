#include "domain/segment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const struct segment_rules rules = {.months = 12,
                                           .grace_days = 3,
                                           .debts_min = 3,
                                           .sometimes_late_percent = 20,
                                           .chronically_late_percent = 50};

static void the_share_of_late_debts_decides(void **state)
{
    (void)state;
    static const struct {
        int64_t debts, late;
        enum segment segment;
    } cases[] = {
        {0, 0, SEGMENT_ON_TIME},
        {2, 2, SEGMENT_ON_TIME}, /* too few to tell */
        {3, 0, SEGMENT_ON_TIME},
        {3, 1, SEGMENT_SOMETIMES_LATE},
        {3, 2, SEGMENT_CHRONICALLY_LATE},
        {10, 1, SEGMENT_ON_TIME},
        {10, 2, SEGMENT_SOMETIMES_LATE},
        {11, 2, SEGMENT_ON_TIME}, /* 18 % */
        {10, 4, SEGMENT_SOMETIMES_LATE},
        {10, 5, SEGMENT_CHRONICALLY_LATE},
        {11, 5, SEGMENT_SOMETIMES_LATE}, /* 45 % */
        {10, 10, SEGMENT_CHRONICALLY_LATE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        const struct segment_counts counts = {.debts = cases[i].debts, .late = cases[i].late};
        assert_string_equal(segment_name(segment_of(&rules, counts)),
                            segment_name(cases[i].segment));
    }
}

static void who_breaks_promises_is_one_segment_worse(void **state)
{
    (void)state;
    static const struct {
        int32_t broken_min;
        struct segment_counts counts;
        enum segment segment;
    } cases[] = {
        {2, {.debts = 5, .broken_promises = 1}, SEGMENT_ON_TIME},
        {2, {.debts = 5, .broken_promises = 2}, SEGMENT_SOMETIMES_LATE},
        {2, {.debts = 5, .broken_promises = 2, .kept_promises = 1}, SEGMENT_SOMETIMES_LATE},
        {2, {.debts = 5, .broken_promises = 2, .kept_promises = 2}, SEGMENT_ON_TIME},
        {2, {.debts = 5, .late = 1, .broken_promises = 9}, SEGMENT_CHRONICALLY_LATE},
        {2, {.debts = 5, .late = 5, .broken_promises = 9}, SEGMENT_CHRONICALLY_LATE},
        {2, {.debts = 1, .broken_promises = 2}, SEGMENT_SOMETIMES_LATE}, /* with few debts, too */
        {0, {.debts = 5, .broken_promises = 9}, SEGMENT_ON_TIME},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct segment_rules r = rules;
        r.broken_promises_min = cases[i].broken_min;
        assert_string_equal(segment_name(segment_of(&r, cases[i].counts)),
                            segment_name(cases[i].segment));
    }
}

static void a_debt_counts_by_its_date_and_what_became_of_it(void **state)
{
    (void)state;
    const struct date today = {2028, 3, 31};
    static const struct {
        struct segment_debt debt;
        enum segment_debt_fate fate;
    } cases[] = {
        /* Paid: before, on the day, within the grace, after it. */
        {{.due = {2028, 2, 10}, .is_paid = true, .paid = {2028, 2, 1}}, SEGMENT_DEBT_ON_TIME},
        {{.due = {2028, 2, 10}, .is_paid = true, .paid = {2028, 2, 10}}, SEGMENT_DEBT_ON_TIME},
        {{.due = {2028, 2, 10}, .is_paid = true, .paid = {2028, 2, 13}}, SEGMENT_DEBT_ON_TIME},
        {{.due = {2028, 2, 10}, .is_paid = true, .paid = {2028, 2, 14}}, SEGMENT_DEBT_LATE},
        /* Over the leap day: three days after 27 February is 1 March. */
        {{.due = {2028, 2, 27}, .is_paid = true, .paid = {2028, 3, 1}}, SEGMENT_DEBT_ON_TIME},
        {{.due = {2028, 2, 27}, .is_paid = true, .paid = {2028, 3, 2}}, SEGMENT_DEBT_LATE},
        /* Paid ahead of its day, which is still to come. */
        {{.due = {2028, 5, 1}, .is_paid = true, .paid = {2028, 3, 30}}, SEGMENT_DEBT_ON_TIME},
        /* Unpaid: to come, within the grace, past it; set aside. */
        {{.due = {2028, 4, 1}}, SEGMENT_DEBT_APART},
        {{.due = {2028, 3, 28}}, SEGMENT_DEBT_APART},
        {{.due = {2028, 3, 27}}, SEGMENT_DEBT_LATE},
        {{.due = {2028, 1, 1}, .is_set_aside = true}, SEGMENT_DEBT_APART},
        /* Set aside once, and paid since: it counts. */
        {{.due = {2028, 1, 1}, .is_paid = true, .paid = {2028, 2, 1}, .is_set_aside = true},
         SEGMENT_DEBT_LATE},
        /* The first day looked back to, and the day before it. */
        {{.due = {2027, 3, 31}, .is_paid = true, .paid = {2027, 3, 31}}, SEGMENT_DEBT_ON_TIME},
        {{.due = {2027, 3, 30}, .is_paid = true, .paid = {2027, 6, 1}}, SEGMENT_DEBT_APART},
        {{.due = {2027, 3, 30}}, SEGMENT_DEBT_APART},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        if (segment_debt_fate(&rules, &cases[i].debt, today) != cases[i].fate)
            fail_msg("case %zu", i);
    }
}

static void looking_back_ends_with_the_month_where_it_is_shorter(void **state)
{
    (void)state;
    static const struct {
        struct date today;
        int months;
        const char *since;
    } cases[] = {
        {{2028, 3, 31}, 1, "2028-02-29"},  {{2029, 3, 31}, 1, "2029-02-28"},
        {{2028, 2, 29}, 12, "2027-02-28"}, {{2028, 1, 15}, 1, "2027-12-15"},
        {{2028, 12, 31}, 6, "2028-06-30"}, {{2028, 1, 31}, 24, "2026-01-31"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        char text[11];
        struct segment_rules of = {.months = cases[i].months};
        date_print(segment_since(&of, cases[i].today), text);
        assert_string_equal(text, cases[i].since);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_share_of_late_debts_decides),
        cmocka_unit_test(who_breaks_promises_is_one_segment_worse),
        cmocka_unit_test(a_debt_counts_by_its_date_and_what_became_of_it),
        cmocka_unit_test(looking_back_ends_with_the_month_where_it_is_shorter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "domain/ladder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct date issue = {2026, 5, 1}, due = {2026, 5, 15};

enum { ISSUE, BEFORE_2, DUE, AFTER_2, AFTER_9, AFTER_16 };
#define STEP(i) (1u << (i))
enum { TEN = 10 * 3600 };

static void assert_plan(struct date date, int second, uint32_t steps, int missed)
{
    struct ladder_plan plan =
        ladder_plan(&ladder_standard, issue, due, (struct local_time){date, second});
    assert_int_equal(plan.steps, steps);
    assert_int_equal(plan.missed, missed);
}

static void the_standard_ladder_has_the_steps_of_the_specification(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct date date;
    } rows[] = {{"issue", {2026, 5, 1}},    {"before_2", {2026, 5, 13}},
                {"due", {2026, 5, 15}},     {"after_2", {2026, 5, 17}},
                {"after_9", {2026, 5, 24}}, {"after_16", {2026, 5, 31}}};
    assert_int_equal(ladder_standard.count, 6);
    for (size_t i = 0; i < ladder_standard.count; ++i) {
        const struct ladder_step *step = &ladder_standard.steps[i];
        assert_string_equal(step->name, rows[i].name);
        assert_int_equal(date_compare(ladder_step_date(step, issue, due), rows[i].date), 0);
    }
}

static void before_the_issue_date_every_step_is_ahead(void **state)
{
    (void)state;
    assert_plan((struct date){2026, 4, 30}, 0, 0x3f, -1);
    assert_plan(issue, TEN - 1, 0x3f, -1);
}

static void of_the_missed_steps_only_the_newest_goes_out_at_once(void **state)
{
    (void)state;
    assert_plan(issue, TEN, 0x3f, ISSUE);
    assert_plan((struct date){2026, 5, 14}, TEN, 0x3f & ~STEP(ISSUE), BEFORE_2);
    assert_plan((struct date){2026, 5, 17}, TEN, STEP(AFTER_2) | STEP(AFTER_9) | STEP(AFTER_16),
                AFTER_2);
    assert_plan((struct date){2026, 6, 1}, 0, STEP(AFTER_16), AFTER_16);
}

static void three_weeks_after_the_due_date_the_ladder_is_over(void **state)
{
    (void)state;
    assert_plan((struct date){2026, 6, 5}, TEN, STEP(AFTER_16), AFTER_16);
    assert_plan((struct date){2026, 6, 6}, 0, 0, -1);
    assert_plan((struct date){2027, 1, 1}, 0, 0, -1);
}

static void a_step_before_the_issue_date_is_older_than_the_issue(void **state)
{
    (void)state;
    /* Due the day after it was issued: "2 days before" lies before the invoice. */
    struct ladder_plan plan = ladder_plan(&ladder_standard, (struct date){2026, 5, 14}, due,
                                          (struct local_time){{2026, 5, 14}, TEN});
    assert_int_equal(plan.missed, ISSUE);
    assert_int_equal(plan.steps, 0x3f & ~STEP(BEFORE_2));
}

static void of_two_missed_steps_on_one_day_the_later_of_the_ladder_goes_out(void **state)
{
    (void)state;
    struct ladder_plan plan =
        ladder_plan(&ladder_standard, due, due, (struct local_time){due, TEN});
    assert_int_equal(plan.missed, DUE);
    assert_int_equal(plan.steps, STEP(DUE) | STEP(AFTER_2) | STEP(AFTER_9) | STEP(AFTER_16));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_standard_ladder_has_the_steps_of_the_specification),
        cmocka_unit_test(before_the_issue_date_every_step_is_ahead),
        cmocka_unit_test(of_the_missed_steps_only_the_newest_goes_out_at_once),
        cmocka_unit_test(three_weeks_after_the_due_date_the_ladder_is_over),
        cmocka_unit_test(a_step_before_the_issue_date_is_older_than_the_issue),
        cmocka_unit_test(of_two_missed_steps_on_one_day_the_later_of_the_ladder_goes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "domain/promise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct promise_policy policy = {
    .condition = {.days_late_from = -3650, .days_late_to = 3650},
    .days_max = 30,
    .days_late_max = 60,
    .per_debt_max = 2,
    .per_year_max = 4,
    .grace_days = 2,
};

/* 2026-11-25 is a Wednesday. */
static const struct date today = {2026, 11, 25}, due = {2026, 11, 20};

static struct promise_case good_case(void)
{
    return (struct promise_case){
        .debt = {.product = SPAN_LIT("loan"),
                 .kind = SPAN_LIT("instalment"),
                 .currency = SPAN_LIT("PLN"),
                 .is_segment_known = true,
                 .due_minor = 10000,
                 .days_late = 5},
        .due = due,
        .today = today,
    };
}

static void refusals_come_in_their_order(void **state)
{
    (void)state;
    struct promise_case c = good_case();
    struct promise_policy p = policy;
    assert_int_equal(promise_judge(&p, &c), PROMISE_GOOD);
    /* From the last to the first: each hides those behind it. */
    c.due = (struct date){2026, 9, 25}; /* the sixtieth day behind it was yesterday */
    assert_int_equal(promise_judge(&p, &c), PROMISE_NO_DAY_LEFT);
    c.given_in_year = 4;
    assert_int_equal(promise_judge(&p, &c), PROMISE_TOO_MANY);
    c.given_in_year = 3;
    c.given_for_debt = 2;
    assert_int_equal(promise_judge(&p, &c), PROMISE_TOO_MANY);
    p.condition.days_late_from = 6;
    assert_int_equal(promise_judge(&p, &c), PROMISE_NOT_OFFERED);
    p.condition.days_late_from = 5;
    p.days_max = 0;
    assert_int_equal(promise_judge(&p, &c), PROMISE_NOT_OFFERED);
    c.is_promised = true;
    assert_int_equal(promise_judge(&p, &c), PROMISE_GIVEN);
    c.is_disputed = true;
    assert_int_equal(promise_judge(&p, &c), PROMISE_DISPUTED);
    c.is_in_plan = true;
    assert_int_equal(promise_judge(&p, &c), PROMISE_IN_PLAN);
    c.debt.due_minor = 0;
    assert_int_equal(promise_judge(&p, &c), PROMISE_SETTLED);
    c.debt.due_minor = -1;
    assert_int_equal(promise_judge(&p, &c), PROMISE_SETTLED);
}

static void a_day_is_good_from_today_to_the_last_one(void **state)
{
    (void)state;
    static const struct {
        struct date due, day;
        enum promise_verdict verdict;
    } rows[] = {
        {{2026, 11, 20}, {2026, 11, 24}, PROMISE_PAST},
        {{2026, 11, 20}, {2026, 11, 25}, PROMISE_GOOD},
        {{2026, 11, 20}, {2026, 12, 25}, PROMISE_GOOD}, /* thirty days from today */
        {{2026, 11, 20}, {2026, 12, 26}, PROMISE_TOO_FAR},
        {{2026, 10, 1}, {2026, 11, 30}, PROMISE_GOOD}, /* sixty days behind 1 October */
        {{2026, 10, 1}, {2026, 12, 1}, PROMISE_TOO_FAR},
        {{2026, 9, 26}, {2026, 11, 25}, PROMISE_GOOD},
        {{2026, 9, 26}, {2026, 11, 26}, PROMISE_TOO_FAR},
        {{2027, 1, 31}, {2026, 12, 25}, PROMISE_GOOD}, /* before it is due, too */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct promise_case c = good_case();
        c.due = rows[i].due;
        assert_int_equal(promise_judge_day(&policy, &c, rows[i].day), rows[i].verdict);
    }
}

static void a_refused_debt_refuses_every_day(void **state)
{
    (void)state;
    struct promise_case c = good_case();
    c.is_disputed = true;
    assert_int_equal(promise_judge_day(&policy, &c, (struct date){2026, 11, 24}), PROMISE_DISPUTED);
}

static void without_a_bound_on_lateness_the_days_from_today_count_alone(void **state)
{
    (void)state;
    struct promise_case c = good_case();
    struct promise_policy p = policy;
    p.days_late_max = 0;
    c.due = (struct date){2020, 1, 1};
    assert_int_equal(promise_judge_day(&p, &c, (struct date){2026, 12, 25}), PROMISE_GOOD);
}

static void at_the_telephone_the_day_counts_alone(void **state)
{
    (void)state;
    struct promise_policy off = {.days_max = 0};
    static const struct {
        struct date day;
        enum promise_verdict offered, off;
    } rows[] = {
        {{2026, 11, 24}, PROMISE_PAST, PROMISE_PAST},
        {{2026, 11, 25}, PROMISE_GOOD, PROMISE_GOOD},
        {{2026, 12, 25}, PROMISE_GOOD, PROMISE_GOOD},
        {{2026, 12, 26}, PROMISE_TOO_FAR, PROMISE_GOOD},
        {{2027, 2, 23}, PROMISE_TOO_FAR, PROMISE_GOOD}, /* ninety days */
        {{2027, 2, 24}, PROMISE_TOO_FAR, PROMISE_TOO_FAR},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        assert_int_equal(promise_judge_call(&policy, today, rows[i].day), rows[i].offered);
        assert_int_equal(promise_judge_call(&off, today, rows[i].day), rows[i].off);
    }
    assert_int_equal(promise_policy_of_calls(&policy).grace_days, 2);
    assert_int_equal(promise_policy_of_calls(&off).grace_days, 1);
}

static void it_is_over_behind_its_grace(void **state)
{
    (void)state;
    /* Promised for Monday, with two days of grace: Thursday is the first day without it. */
    struct date over = promise_over(&policy, (struct date){2026, 11, 30});
    assert_int_equal(date_compare(over, (struct date){2026, 12, 3}), 0);
}

struct offered {
    struct date today, last;
    int count;
    struct promise_choice choices[PROMISE_CHOICES_MAX];
};

static void choices_are_allowed_days_in_order_and_each_once(void **state)
{
    (void)state;
    static const struct offered rows[] = {
        /* A Wednesday. */
        {{2026, 11, 25},
         {2026, 12, 25},
         5,
         {{PROMISE_FRIDAY, {2026, 11, 27}},
          {PROMISE_IN_DAYS, {2026, 11, 28}},
          {PROMISE_FIRST, {2026, 12, 1}},
          {PROMISE_TENTH, {2026, 12, 10}},
          {PROMISE_LAST, {2026, 12, 25}}}},
        /* A Tuesday: three days on is Friday; the first that names a day keeps it. */
        {{2026, 12, 8}, {2026, 12, 10}, 1, {{PROMISE_TENTH, {2026, 12, 10}}}},
        {{2026, 12, 8},
         {2026, 12, 11},
         2,
         {{PROMISE_TENTH, {2026, 12, 10}}, {PROMISE_IN_DAYS, {2026, 12, 11}}}},
        /* A Friday: the next one is a week ahead, and the first of January. */
        {{2026, 12, 25},
         {2027, 1, 5},
         3,
         {{PROMISE_IN_DAYS, {2026, 12, 28}},
          {PROMISE_FRIDAY, {2027, 1, 1}},
          {PROMISE_LAST, {2027, 1, 5}}}},
        {{2026, 11, 25}, {2026, 11, 26}, 1, {{PROMISE_LAST, {2026, 11, 26}}}},
        {{2026, 11, 25}, {2026, 11, 25}, 0, {{0}}},
        {{2026, 11, 25}, {2026, 11, 20}, 0, {{0}}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct promise_choice out[PROMISE_CHOICES_MAX];
        assert_int_equal(promise_choices(rows[i].today, rows[i].last, out), rows[i].count);
        for (int n = 0; n < rows[i].count; ++n) {
            assert_int_equal(date_compare(out[n].day, rows[i].choices[n].day), 0);
            assert_int_equal(out[n].kind, rows[i].choices[n].kind);
        }
    }
}

static void what_is_decided_stays(void **state)
{
    (void)state;
    static const struct {
        enum promise_state from;
        enum promise_event event;
        enum promise_state to;
    } rows[] = {
        {PROMISE_STATE_OPEN, PROMISE_MONEY_CAME, PROMISE_STATE_KEPT},
        {PROMISE_STATE_OPEN, PROMISE_TIME_PASSED, PROMISE_STATE_BROKEN},
        {PROMISE_STATE_OPEN, PROMISE_OVERTAKEN, PROMISE_STATE_REPLACED},
        {PROMISE_STATE_KEPT, PROMISE_MONEY_CAME, PROMISE_STATE_KEPT},
        {PROMISE_STATE_KEPT, PROMISE_TIME_PASSED, PROMISE_STATE_KEPT},
        {PROMISE_STATE_KEPT, PROMISE_OVERTAKEN, PROMISE_STATE_KEPT},
        {PROMISE_STATE_BROKEN, PROMISE_MONEY_CAME, PROMISE_STATE_BROKEN},
        {PROMISE_STATE_BROKEN, PROMISE_TIME_PASSED, PROMISE_STATE_BROKEN},
        {PROMISE_STATE_BROKEN, PROMISE_OVERTAKEN, PROMISE_STATE_BROKEN},
        {PROMISE_STATE_REPLACED, PROMISE_MONEY_CAME, PROMISE_STATE_REPLACED},
        {PROMISE_STATE_REPLACED, PROMISE_TIME_PASSED, PROMISE_STATE_REPLACED},
        {PROMISE_STATE_REPLACED, PROMISE_OVERTAKEN, PROMISE_STATE_REPLACED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        assert_int_equal(promise_next(rows[i].from, rows[i].event), rows[i].to);
}

static void it_is_met_by_what_was_promised_or_a_settled_debt(void **state)
{
    (void)state;
    assert_true(promise_is_met(10000, 10000, 500)); /* a fee came since, and is another matter */
    assert_false(promise_is_met(10000, 9999, 1));
    assert_true(promise_is_met(10000, 0, 0)); /* written off */
    assert_true(promise_is_met(10000, 10001, -1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_come_in_their_order),
        cmocka_unit_test(a_day_is_good_from_today_to_the_last_one),
        cmocka_unit_test(a_refused_debt_refuses_every_day),
        cmocka_unit_test(without_a_bound_on_lateness_the_days_from_today_count_alone),
        cmocka_unit_test(at_the_telephone_the_day_counts_alone),
        cmocka_unit_test(it_is_over_behind_its_grace),
        cmocka_unit_test(choices_are_allowed_days_in_order_and_each_once),
        cmocka_unit_test(what_is_decided_stays),
        cmocka_unit_test(it_is_met_by_what_was_promised_or_a_settled_debt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Expected amounts and dates of the cases were worked out by hand; 29 November 2026 is a Sunday. */
#include "domain/plan_policy.h"

#include "domain/working_calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct date monday = {2026, 11, 30};

/* Two to six parts of 50.00 at least, by months, on working days, for nothing. */
static const struct plan_policy plain = {
    .name = "plain",
    .condition = {.days_late_from = -30, .days_late_to = 90},
    .parts_min = 2,
    .parts_max = 6,
    .part_min_minor = 5000,
    .spacing = PLAN_MONTHLY,
    .keeps_working_days = true,
    .pay_days = {1, 10, 25},
    .pay_day_count = 3,
    .in_days = {7},
    .in_day_count = 1,
    .first_within_days = 30,
    .plans_a_year = 2,
    .approval = PLAN_APPROVAL_NONE,
    .answer_days = 5,
};

static struct plan_facts owing(int64_t due_minor)
{
    return (struct plan_facts){.debt = {.due_minor = due_minor}, .today = monday};
}

static void assert_part(const struct plan_offer *offer, int i, struct date due, int64_t amount)
{
    assert_int_equal(date_compare(offer->parts[i].due, due), 0);
    assert_int_equal(offer->parts[i].amount_minor, amount);
}

/* ---- what is paid ---- */

/* 612.50 in three: 204.17, 204.17, 204.16. 10 January 2027 is a Sunday. */
static void parts_are_equal_and_the_first_ones_a_grosz_larger(void **state)
{
    (void)state;
    struct plan_facts facts = owing(61250);
    struct plan_offer offer;
    assert_int_equal(plan_offer(&plain, &facts, 3, (struct date){2026, 12, 10}, &offer),
                     PLAN_OFFERED);
    assert_int_equal(offer.part_count, 3);
    assert_int_equal(offer.total_minor, 61250);
    assert_part(&offer, 0, (struct date){2026, 12, 10}, 20417);
    assert_part(&offer, 1, (struct date){2027, 1, 11}, 20417);
    assert_part(&offer, 2, (struct date){2027, 2, 10}, 20416);
}

/* 1000.00 at 7.25 %: 333.34 333.33 333.33 of it, so (1000.00 * 10 + 666.66 * 32 + 333.33 * 30) days
 * * 7.25 % / 365 = 41,333.02 * 0.0725 / 365 = 8.2099…: 8.21. Fee: 10.00 and 0.5 % of it: 15.00. */
static void interest_runs_on_what_is_left_by_the_day(void **state)
{
    (void)state;
    struct plan_policy policy = plain;
    policy.interest_hundredths = 725;
    policy.fee_minor = 1000;
    policy.fee_permille = 5;
    struct plan_facts facts = owing(100000);
    struct plan_offer offer;
    assert_int_equal(plan_offer(&policy, &facts, 3, (struct date){2026, 12, 10}, &offer),
                     PLAN_OFFERED);
    assert_int_equal(offer.fee_minor, 1500);
    assert_int_equal(offer.interest_minor, 821);
    assert_int_equal(offer.total_minor, 102321);
    for (int i = 0; i < 3; ++i)
        assert_int_equal(offer.parts[i].amount_minor, 34107);
    policy.fee_max_minor = 1200;
    assert_int_equal(plan_offer(&policy, &facts, 3, (struct date){2026, 12, 10}, &offer),
                     PLAN_OFFERED);
    assert_int_equal(offer.fee_minor, 1200);
}

/* 10.00 in two, the first after 66 days and the other a week later: 10.00 * 66 + 5.00 * 7 = 695.00
 * days. At 2.36 % that is 4.4938 grosz, at 2.37 % it is 4.5129. */
static void interest_is_rounded_half_up(void **state)
{
    (void)state;
    struct plan_policy policy = plain;
    policy.part_min_minor = 1;
    policy.keeps_working_days = false;
    policy.first_within_days = PLAN_FIRST_DAYS_MAX;
    policy.spacing = PLAN_WEEKLY;
    struct plan_offer offer;
    struct plan_facts facts = owing(1000);
    static const struct {
        int32_t rate;
        int64_t interest;
    } rows[] = {
        {236, 4},
        {237, 5},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        policy.interest_hundredths = rows[i].rate;
        assert_int_equal(plan_offer(&policy, &facts, 2, date_add_days(monday, 66), &offer),
                         PLAN_OFFERED);
        assert_int_equal(offer.interest_minor, rows[i].interest);
    }
    assert_int_equal(money_share(1, 1, 2), 1); /* a half goes up */
    assert_int_equal(money_share(5, 1, 3), 2); /* 1.67 */
    assert_int_equal(money_share(4, 1, 3), 1); /* 1.33 */
    assert_true(money_share(MONEY_MINOR_MAX, 999, 1000) == INT64_C(998999999999999));
}

/* 1000.01: a quarter is 250.0025; 750.01 in four is 187.51 and three of 187.50. */
static void the_first_part_may_be_a_share(void **state)
{
    (void)state;
    struct plan_policy policy = plain;
    policy.first_percent = 25;
    struct plan_facts facts = owing(100001);
    struct plan_offer offer;
    assert_int_equal(plan_offer(&policy, &facts, 5, (struct date){2026, 12, 1}, &offer),
                     PLAN_OFFERED);
    static const int64_t amounts[] = {25000, 18751, 18750, 18750, 18750};
    for (int i = 0; i < 5; ++i)
        assert_int_equal(offer.parts[i].amount_minor, amounts[i]);
}

/* ---- dates ---- */

/* 24, 25 and 26 December are days off, a Thursday to a Saturday; 1 January is a Friday. */
static void each_date_moves_to_a_working_day_by_itself(void **state)
{
    (void)state;
    struct plan_policy policy = plain;
    policy.spacing = PLAN_WEEKLY;
    struct plan_facts facts = owing(100000);
    struct plan_offer offer;
    assert_int_equal(plan_offer(&policy, &facts, 4, (struct date){2026, 12, 18}, &offer),
                     PLAN_OFFERED);
    static const struct date expected[] = {
        {2026, 12, 18}, {2026, 12, 28}, {2027, 1, 4}, {2027, 1, 8}};
    for (int i = 0; i < 4; ++i)
        assert_int_equal(date_compare(offer.parts[i].due, expected[i]), 0);
    policy.spacing = PLAN_TWO_WEEKS;
    policy.keeps_working_days = false;
    assert_int_equal(plan_offer(&policy, &facts, 2, (struct date){2026, 12, 12}, &offer),
                     PLAN_OFFERED);
    assert_int_equal(date_compare(offer.parts[0].due, (struct date){2026, 12, 12}), 0);
    assert_int_equal(date_compare(offer.parts[1].due, (struct date){2026, 12, 26}), 0);
}

/* Monday, 30 November: the 1st and the 10th of December; the 25th is a day off, moves to the 28th
 * and is in time (30 December); in seven days. */
static void pay_days_are_the_next_ones(void **state)
{
    (void)state;
    static const struct date expected[] = {
        {2026, 12, 1}, {2026, 12, 7}, {2026, 12, 10}, {2026, 12, 25}};
    struct date days[2 * PLAN_DAYS_MAX];
    struct plan_facts facts = owing(100000);
    assert_int_equal(plan_first_days(&plain, &facts, days), 4);
    for (int i = 0; i < 4; ++i)
        assert_int_equal(date_compare(days[i], expected[i]), 0);
    struct plan_policy policy = plain;
    policy.first_within_days = 27;
    policy.in_days[0] = 12; /* the 12th, a Saturday, is due as the 14th */
    policy.pay_days[0] = 14;
    policy.pay_days[1] = 31; /* the month's last day, which is today */
    assert_int_equal(plan_first_days(&policy, &facts, days), 2);
    assert_int_equal(date_compare(days[0], monday), 0);
    assert_int_equal(date_compare(days[1], (struct date){2026, 12, 14}), 0);
}

/* With an answer in five days, by 5 December, nothing is due before the 6th. */
static void no_part_is_due_before_the_answer(void **state)
{
    (void)state;
    struct plan_policy policy = plain;
    policy.approval = PLAN_APPROVAL_ABOVE;
    policy.approval_above_minor = 100000;
    struct plan_facts facts = owing(100000);
    struct plan_offer offer;
    assert_int_equal(plan_offer(&policy, &facts, 2, (struct date){2026, 12, 1}, &offer),
                     PLAN_OFFERED);
    assert_false(offer.needs_approval);
    facts.debt.due_minor = 100001;
    assert_int_equal(plan_offer(&policy, &facts, 2, (struct date){2026, 12, 5}, &offer),
                     PLAN_REFUSED_DATE);
    assert_int_equal(plan_offer(&policy, &facts, 2, (struct date){2026, 12, 6}, &offer),
                     PLAN_OFFERED);
    assert_true(offer.needs_approval);
    assert_int_equal(date_compare(offer.answer_by, (struct date){2026, 12, 5}), 0);
    struct date days[2 * PLAN_DAYS_MAX];
    assert_int_equal(plan_first_days(&policy, &facts, days), 3); /* not the 1st */
    assert_int_equal(date_compare(days[0], (struct date){2026, 12, 7}), 0);
}

/* ---- refusals ---- */

static void the_first_policy_that_fits_counts(void **state)
{
    (void)state;
    static const char *const cards[] = {"card*"};
    struct plan_policy policies[] = {plain, plain, plain};
    policies[0].condition.products = (struct debt_words){cards, 1};
    policies[1].condition.days_late_to = 10;
    const struct debt_facts card = {.product = SPAN_LIT("cards"), .days_late = 5};
    const struct debt_facts loan = {.product = SPAN_LIT("loan"), .days_late = 5};
    const struct debt_facts late = {.product = SPAN_LIT("loan"), .days_late = 11};
    const struct debt_facts lost = {.product = SPAN_LIT("loan"), .days_late = 91};
    assert_ptr_equal(plan_policy_of(policies, 3, &card), &policies[0]);
    assert_ptr_equal(plan_policy_of(policies, 3, &loan), &policies[1]);
    assert_ptr_equal(plan_policy_of(policies, 3, &late), &policies[2]);
    assert_null(plan_policy_of(policies, 3, &lost));
}

static const struct {
    const char *about;
    int64_t due;
    bool has_plan, is_in_flight, is_disputed, has_policy;
    int64_t plans_of_year, count;
    struct date first;
    enum plan_refusal refusal;
} refusals[] = {
    {"fine", 10000, 0, 0, 0, 1, 1, 2, {2026, 11, 30}, PLAN_OFFERED},
    {"paid before all else", 0, 1, 1, 1, 0, 9, 9, {2025, 1, 1}, PLAN_REFUSED_PAID},
    {"over-paid", -1, 0, 0, 0, 1, 0, 2, {2026, 12, 1}, PLAN_REFUSED_PAID},
    {"a plan", 1, 1, 1, 1, 0, 9, 9, {2025, 1, 1}, PLAN_REFUSED_HAS_PLAN},
    {"a payment", 1, 0, 1, 1, 0, 9, 9, {2025, 1, 1}, PLAN_REFUSED_IN_FLIGHT},
    {"a dispute", 1, 0, 0, 1, 0, 9, 9, {2025, 1, 1}, PLAN_REFUSED_DISPUTED},
    {"no policy", 1, 0, 0, 0, 0, 9, 9, {2025, 1, 1}, PLAN_REFUSED_NO_POLICY},
    {"beyond counting",
     PLAN_DEBT_MAX_MINOR + 1,
     0,
     0,
     0,
     1,
     0,
     2,
     {2026, 12, 1},
     PLAN_REFUSED_NO_POLICY},
    {"a third in a year", 1, 0, 0, 0, 1, 2, 9, {2025, 1, 1}, PLAN_REFUSED_TOO_MANY},
    {"a grosz too small for two", 9999, 0, 0, 0, 1, 0, 9, {2025, 1, 1}, PLAN_REFUSED_TOO_SMALL},
    {"one part", 10000, 0, 0, 0, 1, 0, 1, {2025, 1, 1}, PLAN_REFUSED_COUNT},
    {"seven parts", 100000, 0, 0, 0, 1, 0, 7, {2025, 1, 1}, PLAN_REFUSED_COUNT},
    {"far too many parts", 100000, 0, 0, 0, 1, 0, INT64_MAX, {2025, 1, 1}, PLAN_REFUSED_COUNT},
    {"none", 100000, 0, 0, 0, 1, 0, 0, {2025, 1, 1}, PLAN_REFUSED_COUNT},
    {"fewer than none", 100000, 0, 0, 0, 1, 0, -3, {2025, 1, 1}, PLAN_REFUSED_COUNT},
    {"small parts", 14999, 0, 0, 0, 1, 0, 3, {2025, 1, 1}, PLAN_REFUSED_SMALL_PART},
    {"yesterday", 15000, 0, 0, 0, 1, 0, 3, {2026, 11, 29}, PLAN_REFUSED_DATE},
    {"the last day", 15000, 0, 0, 0, 1, 0, 3, {2026, 12, 30}, PLAN_OFFERED},
    {"a day too late", 15000, 0, 0, 0, 1, 0, 3, {2026, 12, 31}, PLAN_REFUSED_DATE},
    {"no date", 15000, 0, 0, 0, 1, 0, 3, {2026, 2, 30}, PLAN_REFUSED_DATE},
    {"nothing", 15000, 0, 0, 0, 1, 0, 3, {0, 0, 0}, PLAN_REFUSED_DATE},
};

static void refusals_come_in_their_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); ++i) {
        const struct plan_facts facts = {.debt = {.due_minor = refusals[i].due},
                                         .today = monday,
                                         .has_plan = refusals[i].has_plan,
                                         .is_in_flight = refusals[i].is_in_flight,
                                         .is_disputed = refusals[i].is_disputed,
                                         .plans_of_year = refusals[i].plans_of_year};
        struct plan_offer offer;
        enum plan_refusal refusal = plan_offer(refusals[i].has_policy ? &plain : NULL, &facts,
                                               refusals[i].count, refusals[i].first, &offer);
        if (refusal != refusals[i].refusal)
            fail_msg("%s: %s", refusals[i].about, plan_refusal_name(refusal));
        if (refusal != PLAN_OFFERED)
            assert_int_equal(offer.part_count, 0);
    }
}

/* ---- over random debts and policies ---- */

static int64_t any(int64_t from, int64_t to)
{
    uint64_t wide = (uint64_t)random() << 31 | (uint64_t)random();
    return from + (int64_t)(wide % (uint64_t)(to - from + 1));
}

static struct plan_policy any_policy(void)
{
    struct plan_policy policy = {
        .name = "any",
        .condition = {.days_late_from = -99, .days_late_to = 99},
        .parts_min = (int32_t)any(PLAN_PARTS_MIN, 6),
        .part_min_minor = any(1, 20000),
        .first_percent = any(0, 1) ? 0 : (int32_t)any(1, 99),
        .spacing = (enum plan_spacing)any(PLAN_MONTHLY, PLAN_WEEKLY),
        .keeps_working_days = any(0, 3) != 0,
        .pay_day_count = (int)any(0, PLAN_DAYS_MAX),
        .in_day_count = (int)any(0, PLAN_DAYS_MAX),
        .first_within_days = (int32_t)any(20, PLAN_FIRST_DAYS_MAX),
        .fee_minor = any(0, 1) ? 0 : any(1, 10000),
        .fee_permille = any(0, 1) ? 0 : (int32_t)any(1, 1000),
        .fee_max_minor = any(0, 1) ? 0 : any(1, 20000),
        .interest_hundredths = any(0, 1) ? 0 : (int32_t)any(1, 10000),
        .plans_a_year = 1,
        .approval = (enum plan_approval)any(PLAN_APPROVAL_NONE, PLAN_APPROVAL_ALWAYS),
        .approval_above_minor = any(0, 1000000),
        .answer_days = (int32_t)any(1, 7),
    };
    policy.parts_max = (int32_t)any(policy.parts_min, INSTALMENTS_MAX);
    for (int i = 0; i < PLAN_DAYS_MAX; ++i) {
        policy.pay_days[i] = (int32_t)any(1, 31);
        policy.in_days[i] = (int32_t)any(0, PLAN_FIRST_DAYS_MAX);
    }
    return policy;
}

/* The formula of the header again, in wider numbers and from the other end: each share of the debt
 * bears interest from the day of agreeing until it is paid. */
static int64_t interest_again(const struct plan_policy *policy, struct date today,
                              const struct plan_offer *offer)
{
    int64_t shares[INSTALMENTS_MAX];
    __int128 numerator = 0;
    int64_t rest = offer->debt_minor, others = offer->part_count;
    int first = 0;
    if (policy->first_percent != 0) {
        shares[0] = (int64_t)(((__int128)rest * policy->first_percent * 2 + 100) / 200);
        rest -= shares[0];
        --others;
        first = 1;
    }
    for (int i = first; i < offer->part_count; ++i)
        shares[i] = rest / others + (i - first < rest % others ? 1 : 0);
    for (int i = 0; i < offer->part_count; ++i)
        numerator += (__int128)shares[i] * date_days_between(today, offer->parts[i].due) *
                     policy->interest_hundredths;
    return (int64_t)((numerator * 2 + 3650000) / 7300000);
}

static void check_offer(const struct plan_policy *policy, const struct plan_facts *facts,
                        const struct plan_offer *offer)
{
    int64_t sum = 0, left = offer->total_minor;
    struct date before = date_add_days(facts->today, -1);
    assert_in_range(offer->part_count, policy->parts_min, policy->parts_max);
    assert_true(offer->debt_minor == facts->debt.due_minor);
    for (int i = 0; i < offer->part_count; ++i) {
        const struct instalment *part = &offer->parts[i];
        sum += part->amount_minor;
        left -= part->amount_minor;
        assert_true(left >= 0);
        assert_true(part->amount_minor >= policy->part_min_minor && part->amount_minor > 0);
        assert_true(date_compare(before, part->due) < 0);
        assert_true(!policy->keeps_working_days || is_working_day(part->due));
        if (i > 1)
            assert_in_range(offer->parts[1].amount_minor - part->amount_minor, 0, 1);
        before = part->due;
    }
    assert_true(left == 0);
    assert_true(sum == offer->debt_minor + offer->fee_minor + offer->interest_minor);
    assert_true(sum == offer->total_minor && sum <= MONEY_MINOR_MAX);
    assert_true(offer->interest_minor == interest_again(policy, facts->today, offer));
    assert_in_range(date_days_between(facts->today, offer->parts[0].due), 0,
                    policy->first_within_days);
    if (offer->needs_approval)
        assert_true(date_compare(offer->answer_by, offer->parts[0].due) < 0);
    /* However months and days off fall, no part is due a month after its turn. */
    int32_t days = policy->spacing == PLAN_WEEKLY ? 7 : policy->spacing == PLAN_TWO_WEEKS ? 14 : 31;
    assert_true(date_days_between(facts->today, before) <=
                policy->first_within_days + days * (offer->part_count - 1) + 7);
}

static void offers_hold_to_their_policy(void **state)
{
    (void)state;
    int64_t offered = 0;
    srandom(11);
    for (int round = 0; round < 40000; ++round) {
        struct plan_policy policy = any_policy();
        struct plan_facts facts = {
            .debt = {.due_minor = any(0, 3) != 0 ? any(1, 2000000) : any(1, PLAN_DEBT_MAX_MINOR)},
            .today = date_add_days((struct date){2026, 1, 1}, (int32_t)any(0, 2000))};
        struct plan_offer offer;
        struct date days[2 * PLAN_DAYS_MAX], first;
        int count = plan_first_days(&policy, &facts, days);
        for (int i = 0; i < count; ++i) {
            assert_true(i == 0 || date_compare(days[i - 1], days[i]) < 0);
            assert_int_not_equal(plan_offer(&policy, &facts, policy.parts_min, days[i], &offer),
                                 PLAN_REFUSED_DATE);
        }
        first = count > 0 && any(0, 1) ? days[any(0, count - 1)]
                                       : date_add_days(facts.today, (int32_t)any(-2, 99));
        if (plan_offer(&policy, &facts, any(1, INSTALMENTS_MAX), first, &offer) != PLAN_OFFERED)
            continue;
        ++offered;
        check_offer(&policy, &facts, &offer);
    }
    assert_true(offered > 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_equal_and_the_first_ones_a_grosz_larger),
        cmocka_unit_test(interest_runs_on_what_is_left_by_the_day),
        cmocka_unit_test(interest_is_rounded_half_up),
        cmocka_unit_test(the_first_part_may_be_a_share),
        cmocka_unit_test(each_date_moves_to_a_working_day_by_itself),
        cmocka_unit_test(pay_days_are_the_next_ones),
        cmocka_unit_test(no_part_is_due_before_the_answer),
        cmocka_unit_test(the_first_policy_that_fits_counts),
        cmocka_unit_test(refusals_come_in_their_order),
        cmocka_unit_test(offers_hold_to_their_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

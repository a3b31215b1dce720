/* Expected amounts and dates were worked out by hand; 29 November 2026 is a Sunday. */
#include "domain/offer.h"

#include "domain/working_calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct date monday = {2026, 11, 30}, in_two_weeks = {2026, 12, 14};

static struct offer_facts owing(int64_t due_minor)
{
    return (struct offer_facts){
        .debt = {.due_minor = due_minor, .days_late = 31}, .today = monday, .usual_hundredths = -1};
}

/* Valid for two weeks, for nothing. */
static struct offer_terms terms_of(enum offer_kind kind, int32_t part_count, struct date first)
{
    return (struct offer_terms){.kind = kind,
                                .part_count = part_count,
                                .spacing = PLAN_MONTHLY,
                                .first = first,
                                .valid_until = in_two_weeks};
}

static void assert_part(const struct offer *offer, int i, struct date due, int64_t amount)
{
    assert_int_equal(date_compare(offer->parts[i].due, due), 0);
    assert_int_equal(offer->parts[i].amount_minor, amount);
}

/* ---- what is paid ---- */

/* 100.03 in four: 25.01 three times, then 25.00. 10 January 2027 is a Sunday, 10 April a Saturday.
 */
static void a_longer_term_is_split_on_working_days(void **state)
{
    (void)state;
    struct offer_facts facts = owing(10003);
    struct offer_terms terms = terms_of(OFFER_LONGER_TERM, 4, (struct date){2027, 1, 10});
    struct offer offer;
    terms.keeps_working_days = true;
    assert_int_equal(offer_make(&terms, &facts, &offer), OFFER_GOOD);
    assert_int_equal(offer.total_minor, 10003);
    assert_int_equal(offer.interest_minor, 0);
    assert_part(&offer, 0, (struct date){2027, 1, 11}, 2501);
    assert_part(&offer, 1, (struct date){2027, 2, 10}, 2501);
    assert_part(&offer, 2, (struct date){2027, 3, 10}, 2501);
    assert_part(&offer, 3, (struct date){2027, 4, 12}, 2500);
}

static void a_deferral_is_the_whole_on_one_day(void **state)
{
    (void)state;
    struct offer_facts facts = owing(61250);
    struct offer_terms terms = terms_of(OFFER_DEFERRAL, 1, (struct date){2027, 3, 1});
    struct offer offer;
    assert_int_equal(offer_make(&terms, &facts, &offer), OFFER_GOOD);
    assert_part(&offer, 0, (struct date){2027, 3, 1}, 61250);
    assert_int_equal(offer.total_minor, 61250);
}

/* 1000.00 at 7.30 % in two: 30 days from the last day of the offer on all of it, 31 on half of it:
 * (100000 * 30 + 50000 * 31) * 0.073 / 365 = 910. */
static void interest_begins_with_the_last_day_of_the_offer(void **state)
{
    (void)state;
    struct offer_facts facts = owing(100000);
    struct offer_terms terms = terms_of(OFFER_LOWER_RATE, 2, (struct date){2027, 1, 13});
    struct offer offer;
    facts.usual_hundredths = 1200;
    terms.interest_hundredths = 730;
    assert_int_equal(offer_make(&terms, &facts, &offer), OFFER_GOOD);
    assert_int_equal(offer.interest_minor, 910);
    assert_int_equal(offer.total_minor, 100910);
    assert_int_equal(offer.usual_hundredths, 1200);
    assert_part(&offer, 0, (struct date){2027, 1, 13}, 50455);
    assert_part(&offer, 1, (struct date){2027, 2, 13}, 50455);
}

/* 30 % of 333.33 are 100.00 when rounded; 233.33 in two: 116.67 and 116.66. */
static void what_is_forgiven_is_not_split(void **state)
{
    (void)state;
    struct offer_facts facts = owing(33333);
    const struct offer_rule rule = {.name = "month",
                                    .condition = {.days_late_from = 31, .days_late_to = 90},
                                    .kind = OFFER_FORGIVENESS,
                                    .part_count = 2,
                                    .spacing = PLAN_WEEKLY,
                                    .first_days = 21,
                                    .valid_days = 14,
                                    .forgiven_percent = 30,
                                    .per_year = 1};
    struct offer offer;
    assert_true(offer_rule_fits(&rule, &facts));
    assert_int_equal(offer_make_by_rule(&rule, &facts, &offer), OFFER_GOOD);
    assert_int_equal(offer.terms.forgiven_minor, 10000);
    assert_int_equal(offer.debt_minor, 33333);
    assert_int_equal(offer.total_minor, 23333);
    assert_part(&offer, 0, (struct date){2026, 12, 21}, 11667);
    assert_part(&offer, 1, (struct date){2026, 12, 28}, 11666);
    facts.debt.days_late = 30;
    assert_false(offer_rule_fits(&rule, &facts));
    facts.offers_of_year = 1;
    assert_int_equal(offer_make_by_rule(&rule, &facts, &offer), OFFER_REFUSED_TOO_MANY);
}

/* ---- refusals ---- */

static void what_is_refused_and_why(void **state)
{
    (void)state;
    static const struct {
        enum offer_refusal refusal;
        enum offer_kind kind;
        int32_t parts, hundredths, usual;
        int64_t due, forgiven;
        struct date first, until;
    } rows[] = {
        {OFFER_REFUSED_PAID, OFFER_DEFERRAL, 1, 0, -1, 0, 0, {2027, 1, 1}, {2026, 12, 14}},
        {OFFER_REFUSED_PARTS, OFFER_LONGER_TERM, 1, 0, -1, 100, 0, {2027, 1, 1}, {2026, 12, 14}},
        {OFFER_REFUSED_PARTS, OFFER_DEFERRAL, 0, 0, -1, 100, 0, {2027, 1, 1}, {2026, 12, 14}},
        {OFFER_REFUSED_PARTS, OFFER_LONGER_TERM, 37, 0, -1, 100, 0, {2027, 1, 1}, {2026, 12, 14}},
        {OFFER_REFUSED_FORGIVEN, OFFER_DEFERRAL, 1, 0, -1, 100, 1, {2027, 1, 1}, {2026, 12, 14}},
        {OFFER_REFUSED_FORGIVEN, OFFER_FORGIVENESS, 1, 0, -1, 100, 0, {2027, 1, 1}, {2026, 12, 14}},
        {OFFER_REFUSED_FORGIVEN,
         OFFER_FORGIVENESS,
         1,
         0,
         -1,
         100,
         100,
         {2027, 1, 1},
         {2026, 12, 14}},
        {OFFER_REFUSED_NOT_LOWER, OFFER_LOWER_RATE, 2, 0, -1, 100, 0, {2027, 1, 1}, {2026, 12, 14}},
        {OFFER_REFUSED_NOT_LOWER,
         OFFER_LOWER_RATE,
         2,
         725,
         725,
         100,
         0,
         {2027, 1, 1},
         {2026, 12, 14}},
        {OFFER_REFUSED_VALID, OFFER_DEFERRAL, 1, 0, -1, 100, 0, {2027, 1, 1}, {2026, 11, 29}},
        {OFFER_REFUSED_VALID, OFFER_DEFERRAL, 1, 0, -1, 100, 0, {2027, 4, 1}, {2027, 3, 1}},
        {OFFER_REFUSED_DATE, OFFER_DEFERRAL, 1, 0, -1, 100, 0, {2026, 12, 14}, {2026, 12, 14}},
        {OFFER_REFUSED_DATE, OFFER_DEFERRAL, 1, 0, -1, 100, 0, {2028, 12, 1}, {2026, 12, 14}},
        {OFFER_REFUSED_TOO_SMALL, OFFER_LONGER_TERM, 3, 0, -1, 2, 0, {2027, 1, 1}, {2026, 12, 14}},
        {OFFER_GOOD, OFFER_LONGER_TERM, 2, 0, -1, 2, 0, {2027, 1, 1}, {2026, 12, 14}},
        {OFFER_GOOD, OFFER_LOWER_RATE, 2, 724, 725, 100, 0, {2027, 1, 1}, {2026, 12, 14}},
        {OFFER_REFUSED_TOO_LARGE,
         OFFER_DEFERRAL,
         1,
         0,
         -1,
         PLAN_DEBT_MAX_MINOR + 1,
         0,
         {2027, 1, 1},
         {2026, 12, 14}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct offer_facts facts = owing(rows[i].due);
        struct offer offer;
        const struct offer_terms terms = {.kind = rows[i].kind,
                                          .part_count = rows[i].parts,
                                          .spacing = PLAN_MONTHLY,
                                          .first = rows[i].first,
                                          .valid_until = rows[i].until,
                                          .interest_hundredths = rows[i].hundredths,
                                          .forgiven_minor = rows[i].forgiven};
        facts.usual_hundredths = rows[i].usual;
        if (offer_make(&terms, &facts, &offer) != rows[i].refusal)
            fail_msg("row %zu: %s", i, offer_refusal_name(offer_make(&terms, &facts, &offer)));
    }
}

static void a_debt_that_is_busy_gets_none(void **state)
{
    (void)state;
    const struct offer_terms terms = terms_of(OFFER_DEFERRAL, 1, (struct date){2027, 1, 1});
    struct offer_facts facts = owing(100);
    struct offer offer;
    facts.is_disputed = true;
    assert_int_equal(offer_make(&terms, &facts, &offer), OFFER_REFUSED_DISPUTED);
    facts.is_in_flight = true;
    assert_int_equal(offer_make(&terms, &facts, &offer), OFFER_REFUSED_IN_FLIGHT);
    facts.has_offer = true;
    assert_int_equal(offer_make(&terms, &facts, &offer), OFFER_REFUSED_HAS_OFFER);
    facts.has_plan = true;
    assert_int_equal(offer_make(&terms, &facts, &offer), OFFER_REFUSED_HAS_PLAN);
}

/* ---- its life ---- */

static void one_answer_counts_and_it_is_the_first(void **state)
{
    (void)state;
    static const struct {
        enum offer_state from;
        enum offer_deed deed;
        enum offer_state to;
    } rows[] = {
        {OFFER_STATE_WAITS, OFFER_APPROVE, OFFER_STATE_OPEN},
        {OFFER_STATE_WAITS, OFFER_EXPIRE, OFFER_STATE_EXPIRED},
        {OFFER_STATE_WAITS, OFFER_WITHDRAW, OFFER_STATE_WITHDRAWN},
        {OFFER_STATE_WAITS, OFFER_REPLACE, OFFER_STATE_REPLACED},
        {OFFER_STATE_OPEN, OFFER_ACCEPT, OFFER_STATE_ACCEPTED},
        {OFFER_STATE_OPEN, OFFER_DECLINE, OFFER_STATE_DECLINED},
        {OFFER_STATE_OPEN, OFFER_COUNTER, OFFER_STATE_COUNTERED},
        {OFFER_STATE_OPEN, OFFER_EXPIRE, OFFER_STATE_EXPIRED},
        {OFFER_STATE_OPEN, OFFER_WITHDRAW, OFFER_STATE_WITHDRAWN},
        {OFFER_STATE_OPEN, OFFER_REPLACE, OFFER_STATE_REPLACED},
        {OFFER_STATE_COUNTERED, OFFER_REPLACE, OFFER_STATE_REPLACED},
    };
    for (int from = 1; from < OFFER_STATE_COUNT; ++from)
        for (int deed = 1; deed < OFFER_DEED_COUNT; ++deed) {
            int to = from;
            for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
                if ((int)rows[i].from == from && (int)rows[i].deed == deed)
                    to = (int)rows[i].to;
            assert_int_equal(offer_after((enum offer_state)from, (enum offer_deed)deed), to);
        }
}

static void names_lead_back(void **state)
{
    (void)state;
    enum offer_state found;
    enum offer_kind kind;
    for (int s = 1; s < OFFER_STATE_COUNT; ++s) {
        assert_true(offer_state_find(span_str(offer_state_name((enum offer_state)s)), &found));
        assert_int_equal(found, s);
    }
    for (int k = 1; k < OFFER_KIND_COUNT; ++k) {
        assert_true(offer_kind_find(span_str(offer_kind_name((enum offer_kind)k)), &kind));
        assert_int_equal(kind, k);
    }
    assert_false(offer_kind_find(SPAN_LIT("gift"), &kind));
}

/* ---- an answer ---- */

static void what_hinders_an_answer(void **state)
{
    (void)state;
    struct offer_standing s = {.state = OFFER_STATE_OPEN,
                               .valid_until = in_two_weeks,
                               .today = in_two_weeks,
                               .debt_minor = 100,
                               .due_minor = 100};
    assert_int_equal(offer_hindered(&s), OFFER_CAN_BE_ANSWERED);
    s.due_minor = 99;
    assert_int_equal(offer_hindered(&s), OFFER_HAS_CHANGED);
    s.is_disputed = true;
    assert_int_equal(offer_hindered(&s), OFFER_DISPUTED);
    s.is_in_flight = true;
    assert_int_equal(offer_hindered(&s), OFFER_IN_FLIGHT);
    s.has_plan = true;
    assert_int_equal(offer_hindered(&s), OFFER_HAS_PLAN);
    s.today = date_add_days(in_two_weeks, 1);
    assert_int_equal(offer_hindered(&s), OFFER_IS_EXPIRED);
    s.state = OFFER_STATE_REPLACED;
    s.has_plan = false;
    assert_int_equal(offer_hindered(&s), OFFER_IS_WITHDRAWN);
    s.due_minor = 0;
    assert_int_equal(offer_hindered(&s), OFFER_IS_PAID);
    s.state = OFFER_STATE_DECLINED;
    assert_int_equal(offer_hindered(&s), OFFER_IS_ANSWERED);
}

/* ---- properties ---- */

static int64_t between(unsigned *seed, int64_t from, int64_t to)
{
    return from + (int64_t)((uint64_t)rand_r(seed) % (uint64_t)(to - from + 1));
}

static void check_offer(const struct offer *offer, const struct offer_facts *facts)
{
    int64_t sum = 0;
    struct date before = offer->terms.valid_until;
    for (int i = 0; i < offer->terms.part_count; ++i) {
        assert_true(offer->parts[i].amount_minor > 0);
        assert_true(date_compare(offer->parts[i].due, before) >= (i == 0 ? 1 : 0));
        if (offer->terms.keeps_working_days)
            assert_true(is_working_day(offer->parts[i].due));
        if (i > 0)
            assert_in_range(offer->parts[i - 1].amount_minor - offer->parts[i].amount_minor, 0, 1);
        before = offer->parts[i].due;
        sum += offer->parts[i].amount_minor;
    }
    assert_int_equal(sum, offer->total_minor);
    assert_int_equal(offer->total_minor,
                     facts->debt.due_minor - offer->terms.forgiven_minor + offer->interest_minor);
    assert_true(offer->interest_minor >= 0 && offer->total_minor > 0);
    assert_true(offer->terms.forgiven_minor >= 0 &&
                offer->terms.forgiven_minor < facts->debt.due_minor);
    if (offer->terms.interest_hundredths == 0)
        assert_int_equal(offer->interest_minor, 0);
}

static void parts_sum_to_what_is_owed_and_dates_ascend(void **state)
{
    (void)state;
    unsigned seed = 20261129;
    int good_count = 0;
    for (int i = 0; i < 20000; ++i) {
        int64_t due = between(&seed, 0, between(&seed, 1, 20) == 1 ? 40 : 5000000);
        struct offer_facts facts = owing(due);
        facts.today = date_add_days(monday, (int32_t)between(&seed, 0, 1500));
        facts.usual_hundredths = (int32_t)between(&seed, -1, 2000);
        const struct offer_rule rule = {
            .kind = (enum offer_kind)between(&seed, 1, OFFER_KIND_COUNT - 1),
            .part_count = (int32_t)between(&seed, 1, INSTALMENTS_MAX),
            .spacing = (enum plan_spacing)between(&seed, PLAN_MONTHLY, PLAN_WEEKLY),
            .valid_days = (int32_t)between(&seed, 1, OFFER_VALID_DAYS_MAX),
            .first_days = (int32_t)between(&seed, 1, OFFER_FIRST_DAYS_MAX),
            .interest_hundredths = (int32_t)between(&seed, 0, 2000),
            .forgiven_percent = between(&seed, 0, 2) == 0 ? (int32_t)between(&seed, 1, 99) : 0,
            .keeps_working_days = between(&seed, 0, 1) == 1,
            .per_year = 1};
        struct offer offer;
        if (offer_make_by_rule(&rule, &facts, &offer) == OFFER_GOOD) {
            check_offer(&offer, &facts);
            ++good_count;
        }
    }
    assert_true(good_count > 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_longer_term_is_split_on_working_days),
        cmocka_unit_test(a_deferral_is_the_whole_on_one_day),
        cmocka_unit_test(interest_begins_with_the_last_day_of_the_offer),
        cmocka_unit_test(what_is_forgiven_is_not_split),
        cmocka_unit_test(what_is_refused_and_why),
        cmocka_unit_test(a_debt_that_is_busy_gets_none),
        cmocka_unit_test(one_answer_counts_and_it_is_the_first),
        cmocka_unit_test(names_lead_back),
        cmocka_unit_test(what_hinders_an_answer),
        cmocka_unit_test(parts_sum_to_what_is_owed_and_dates_ascend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "domain/debt_condition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char *const loans[] = {"loan*", "card"};
static const char *const zlotys[] = {"PLN"};
static const char *const patient[] = {"on_time", "sometimes_late"};

/* Loans and cards in zlotys, from 200 to 5,000, at most ninety days late, of those who mostly pay.
 */
static const struct debt_condition condition = {
    .products = {loans, 2},
    .currencies = {zlotys, 1},
    .segments = {patient, 2},
    .amount_from_minor = 20000,
    .amount_to_minor = 500000,
    .days_late_from = -7,
    .days_late_to = 90,
};

static const struct {
    const char *about;
    struct debt_facts debt;
    bool fits;
} cases[] = {
    {"all fits",
     {{"loan 12", 7}, {"invoice", 7}, {"PLN", 3}, SEGMENT_ON_TIME, true, 20000, 90},
     true},
    {"the other word",
     {{"card", 4}, {"other", 5}, {"PLN", 3}, SEGMENT_SOMETIMES_LATE, true, 500000, -7},
     true},
    {"a word without a star is whole",
     {{"cards", 5}, {"other", 5}, {"PLN", 3}, SEGMENT_ON_TIME, true, 20000, 0},
     false},
    {"no product", {{NULL, 0}, {"other", 5}, {"PLN", 3}, SEGMENT_ON_TIME, true, 20000, 0}, false},
    {"another currency",
     {{"card", 4}, {"other", 5}, {"EUR", 3}, SEGMENT_ON_TIME, true, 20000, 0},
     false},
    {"another segment",
     {{"card", 4}, {"other", 5}, {"PLN", 3}, SEGMENT_CHRONICALLY_LATE, true, 20000, 0},
     false},
    {"a segment nobody looked up",
     {{"card", 4}, {"other", 5}, {"PLN", 3}, SEGMENT_CHRONICALLY_LATE, false, 20000, 0},
     true},
    {"a grosz below",
     {{"card", 4}, {"other", 5}, {"PLN", 3}, SEGMENT_ON_TIME, true, 19999, 0},
     false},
    {"a grosz above",
     {{"card", 4}, {"other", 5}, {"PLN", 3}, SEGMENT_ON_TIME, true, 500001, 0},
     false},
    {"too early", {{"card", 4}, {"other", 5}, {"PLN", 3}, SEGMENT_ON_TIME, true, 20000, -8}, false},
    {"too late", {{"card", 4}, {"other", 5}, {"PLN", 3}, SEGMENT_ON_TIME, true, 20000, 91}, false},
};

static void conditions_fit_or_not(void **state)
{
    (void)state;
    for (size_t i = 0; i != sizeof(cases) / sizeof(cases[0]); ++i)
        if (debt_condition_fits(&condition, &cases[i].debt) != cases[i].fits)
            fail_msg("%s", cases[i].about);
}

static void what_is_not_said_fits(void **state)
{
    (void)state;
    const struct debt_condition any = {.days_late_from = -DEBT_CONDITION_DAYS_MAX,
                                       .days_late_to = DEBT_CONDITION_DAYS_MAX};
    for (size_t i = 0; i != sizeof(cases) / sizeof(cases[0]); ++i)
        assert_true(debt_condition_fits(&any, &cases[i].debt));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_fit_or_not),
        cmocka_unit_test(what_is_not_said_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

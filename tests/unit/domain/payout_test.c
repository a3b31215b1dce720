/* Payouts set against the ledger and the bank: all tables by hand. */
#include "domain/payout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void amounts_are_read_strictly(void **state)
{
    static const struct {
        const char *text;
        int exponent;
        enum payout_amount_mistake mistake;
        int64_t minor;
    } cases[] = {
        {"100.00", 2, PAYOUT_AMOUNT_GOOD, 10000},
        {"-3", 2, PAYOUT_AMOUNT_GOOD, -300},
        {"0.5", 2, PAYOUT_AMOUNT_GOOD, 50},
        {"0", 2, PAYOUT_AMOUNT_GOOD, 0},
        {"-0.01", 2, PAYOUT_AMOUNT_GOOD, -1},
        {"1200", 0, PAYOUT_AMOUNT_GOOD, 1200},
        {"1.234", 3, PAYOUT_AMOUNT_GOOD, 1234},
        {"100000000000.00", 2, PAYOUT_AMOUNT_GOOD, INT64_C(10000000000000)},
        {"100000000000.01", 2, PAYOUT_AMOUNT_TOO_LARGE, 0},
        {"99999999999999999999999999", 2, PAYOUT_AMOUNT_TOO_LARGE, 0},
        {"1.234", 2, PAYOUT_AMOUNT_TOO_PRECISE, 0},
        {"1.0", 0, PAYOUT_AMOUNT_TOO_PRECISE, 0},
        {"", 2, PAYOUT_AMOUNT_MALFORMED, 0},
        {"-", 2, PAYOUT_AMOUNT_MALFORMED, 0},
        {"+1", 2, PAYOUT_AMOUNT_MALFORMED, 0},
        {".5", 2, PAYOUT_AMOUNT_MALFORMED, 0},
        {"1.", 2, PAYOUT_AMOUNT_MALFORMED, 0},
        {"1,00", 2, PAYOUT_AMOUNT_MALFORMED, 0},
        {"1 000", 2, PAYOUT_AMOUNT_MALFORMED, 0},
        {"1.0.0", 2, PAYOUT_AMOUNT_MALFORMED, 0},
        {"1e2", 2, PAYOUT_AMOUNT_MALFORMED, 0},
        {"0x10", 2, PAYOUT_AMOUNT_MALFORMED, 0},
        {"--1", 2, PAYOUT_AMOUNT_MALFORMED, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        int64_t minor = 7;
        enum payout_amount_mistake mistake =
            payout_amount_read(span_str(cases[i].text), cases[i].exponent, &minor);
        if (mistake != cases[i].mistake || minor != cases[i].minor)
            fail_msg("\"%s\": %d, %lld", cases[i].text, (int)mistake, (long long)minor);
    }
}

static void kinds_have_one_word_each(void **state)
{
    enum payout_kind kind;
    (void)state;
    for (int i = 0; i < PAYOUT_KIND_COUNT; ++i) {
        assert_true(payout_kind_read(span_str(payout_kind_name((enum payout_kind)i)), &kind));
        assert_int_equal(kind, i);
    }
    assert_false(payout_kind_read(SPAN_LIT("Payment"), &kind));
    assert_false(payout_kind_read(SPAN_LIT(""), &kind));
}

static void lines_add_up_and_go_the_right_way(void **state)
{
    static const struct {
        enum payout_kind kind;
        struct payout_amounts amounts;
        enum payout_line_mistake mistake;
    } cases[] = {
        {PAYOUT_PAYMENT, {10000, 150, 9850}, PAYOUT_LINE_GOOD},
        {PAYOUT_PAYMENT, {10000, 0, 10000}, PAYOUT_LINE_GOOD},
        {PAYOUT_PAYMENT, {10000, 150, 10150}, PAYOUT_LINE_NET_WRONG},
        {PAYOUT_PAYMENT, {-10000, 0, -10000}, PAYOUT_LINE_SIGN_WRONG},
        {PAYOUT_PAYMENT, {0, 150, -150}, PAYOUT_LINE_EMPTY},
        {PAYOUT_REFUND, {-3000, 0, -3000}, PAYOUT_LINE_GOOD},
        {PAYOUT_REFUND, {-3000, -40, -2960}, PAYOUT_LINE_GOOD}, /* the fee comes back with it */
        {PAYOUT_REFUND, {3000, 0, 3000}, PAYOUT_LINE_SIGN_WRONG},
        {PAYOUT_REFUND_REVERSAL, {3000, 0, 3000}, PAYOUT_LINE_GOOD},
        {PAYOUT_CHARGEBACK, {-10000, 1500, -11500}, PAYOUT_LINE_GOOD},
        {PAYOUT_CHARGEBACK_REVERSAL, {10000, -1500, 11500}, PAYOUT_LINE_GOOD},
        {PAYOUT_CHARGEBACK_REVERSAL, {-10000, 0, -10000}, PAYOUT_LINE_SIGN_WRONG},
        {PAYOUT_FEE, {0, 200, -200}, PAYOUT_LINE_GOOD},
        {PAYOUT_FEE, {-200, 0, -200}, PAYOUT_LINE_GOOD},
        {PAYOUT_FEE, {0, 0, 0}, PAYOUT_LINE_EMPTY},
        {PAYOUT_OTHER, {500, 0, 500}, PAYOUT_LINE_GOOD},
        {PAYOUT_OTHER, {500, 0, 501}, PAYOUT_LINE_NET_WRONG},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i)
        if (payout_line_check(cases[i].kind, &cases[i].amounts) != cases[i].mistake)
            fail_msg("case %zu", i);
}

static void a_movement_is_judged_from_both_sides(void **state)
{
    static const struct {
        struct payout_pair pair; /* kind, settled: count, amount, currency, booked: …, days ago */
        enum payout_verdict verdict;
    } cases[] = {
        {{PAYOUT_PAYMENT, 1, 10000, {"PLN", 3}, true, 10000, {"PLN", 3}, 2}, PAYOUT_AGREES},
        {{PAYOUT_REFUND, 1, -3000, {"PLN", 3}, true, -3000, {"PLN", 3}, 2}, PAYOUT_AGREES},
        {{PAYOUT_PAYMENT, 1, 10000, {"PLN", 3}, false, 0, {NULL, 0}, 0}, PAYOUT_NOT_IN_LEDGER},
        {{PAYOUT_OTHER, 1, -500, {"PLN", 3}, false, 0, {NULL, 0}, 0}, PAYOUT_NOT_IN_LEDGER},
        {{PAYOUT_FEE, 1, -500, {"PLN", 3}, false, 0, {NULL, 0}, 0}, PAYOUT_AGREES},
        {{PAYOUT_PAYMENT, 1, 10000, {"PLN", 3}, true, 9999, {"PLN", 3}, 2}, PAYOUT_AMOUNT_DIFFERS},
        {{PAYOUT_REFUND, 1, -3000, {"PLN", 3}, true, 3000, {"PLN", 3}, 2}, PAYOUT_AMOUNT_DIFFERS},
        {{PAYOUT_PAYMENT, 1, 10000, {"EUR", 3}, true, 10000, {"PLN", 3}, 2},
         PAYOUT_CURRENCY_DIFFERS},
        {{PAYOUT_PAYMENT, 1, 2500, {"EUR", 3}, true, 10000, {"PLN", 3}, 2},
         PAYOUT_CURRENCY_DIFFERS},
        {{PAYOUT_PAYMENT, 2, 10000, {"PLN", 3}, true, 10000, {"PLN", 3}, 2}, PAYOUT_SETTLED_TWICE},
        {{PAYOUT_PAYMENT, 2, 10000, {"PLN", 3}, false, 0, {NULL, 0}, 0}, PAYOUT_SETTLED_TWICE},
        {{PAYOUT_FEE, 2, -500, {"PLN", 3}, false, 0, {NULL, 0}, 0}, PAYOUT_SETTLED_TWICE},
        {{PAYOUT_PAYMENT, 0, 0, {NULL, 0}, true, 10000, {"PLN", 3}, 7}, PAYOUT_AGREES},
        {{PAYOUT_PAYMENT, 0, 0, {NULL, 0}, true, 10000, {"PLN", 3}, 8}, PAYOUT_NOT_SETTLED},
        {{PAYOUT_REFUND, 0, 0, {NULL, 0}, true, -10000, {"PLN", 3}, 90}, PAYOUT_NOT_SETTLED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i)
        if (payout_judge(&cases[i].pair, 7) != cases[i].verdict)
            fail_msg("case %zu: %s", i, payout_verdict_name(payout_judge(&cases[i].pair, 7)));
}

static void a_payout_is_judged_by_what_arrived(void **state)
{
    static const struct {
        struct payout_whole whole; /* net, currency, days ago, arrived: whether, amount, currency */
        enum payout_verdict verdict;
    } cases[] = {
        {{9850, {"PLN", 3}, 0, true, 9850, {"PLN", 3}}, PAYOUT_AGREES},
        {{9850, {"PLN", 3}, 9, true, 9850, {"PLN", 3}}, PAYOUT_AGREES},
        {{9850, {"PLN", 3}, 7, false, 0, {NULL, 0}}, PAYOUT_AGREES},
        {{9850, {"PLN", 3}, 8, false, 0, {NULL, 0}}, PAYOUT_NOT_ARRIVED},
        {{9850, {"PLN", 3}, 0, true, 9851, {"PLN", 3}}, PAYOUT_ARRIVED_AMOUNT_DIFFERS},
        {{9850, {"PLN", 3}, 0, true, 0, {"PLN", 3}}, PAYOUT_ARRIVED_AMOUNT_DIFFERS},
        {{9850, {"EUR", 3}, 0, true, 9850, {"PLN", 3}}, PAYOUT_ARRIVED_CURRENCY_DIFFERS},
        {{-500, {"PLN", 3}, 0, true, -500, {"PLN", 3}}, PAYOUT_AGREES},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i)
        if (payout_judge_arrival(&cases[i].whole, 7) != cases[i].verdict)
            fail_msg("case %zu", i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amounts_are_read_strictly),
        cmocka_unit_test(kinds_have_one_word_each),
        cmocka_unit_test(lines_add_up_and_go_the_right_way),
        cmocka_unit_test(a_movement_is_judged_from_both_sides),
        cmocka_unit_test(a_payout_is_judged_by_what_arrived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "app/bank_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void each_blik_code_does_what_the_list_says(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        bool is_code, is_paid;
        const char *reason;
    } rows[] = {
        {"777123", true, true, ""},
        {"777000", true, true, ""},
        {"200201", true, true, ""},
        {"500500", true, false, "refused_by_bank"},
        {"700701", true, false, "blik_code_expired"},
        {"700702", true, false, "refused_by_customer"},
        {"700703", true, false, "blik_code_used"},
        {"700704", true, false, "blik_not_confirmed"},
        {"123456", false, false, "blik_code_wrong"},
        {"77712", false, false, "blik_code_wrong"},
        {"7771234", false, false, "blik_code_wrong"},
        {"777 12", false, false, "blik_code_wrong"},
        {"", false, false, "blik_code_wrong"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct bank_blik verdict = bank_blik_judge(span_str(rows[i].code));
        assert_int_equal(verdict.is_code, rows[i].is_code);
        assert_int_equal(verdict.is_paid, rows[i].is_paid);
        assert_string_equal(verdict.reason, rows[i].reason);
    }
}

static struct bank_books books(const char *state, int64_t amount, int64_t paid, int64_t returned)
{
    return (struct bank_books){span_str(state), amount, paid, returned};
}

static void a_part_is_paid_and_the_callback_tells_just_that_part(void **state)
{
    (void)state;
    struct bank_books open = books("open", 41250, 0, 0);
    struct bank_move move = bank_move_decide(&open, BANK_PAY, 10000);
    assert_string_equal(move.state, "paid");
    assert_string_equal(move.callback, "payment.paid");
    assert_int_equal(move.moved_minor, 10000);
    assert_int_equal(move.paid_minor, 10000);
}

static void more_than_the_payment_or_less_than_nothing_is_not_paid(void **state)
{
    (void)state;
    struct bank_books open = books("open", 41250, 0, 0);
    assert_null(bank_move_decide(&open, BANK_PAY, 41251).state);
    assert_null(bank_move_decide(&open, BANK_PAY, -1).state);
    assert_non_null(bank_move_decide(&open, BANK_PAY, 41250).state);
}

static void a_payment_is_taken_once(void **state)
{
    (void)state;
    struct bank_books paid = books("paid", 41250, 41250, 0);
    assert_null(bank_move_decide(&paid, BANK_PAY, 0).state);
    assert_null(bank_move_decide(&paid, BANK_PAY_LATE, 0).state);
    assert_null(bank_move_decide(&paid, BANK_REFUSE, 0).state);
    assert_null(bank_move_decide(&paid, BANK_CLOSE, 0).state);
}

static void late_money_comes_after_a_failure_but_not_by_itself(void **state)
{
    (void)state;
    struct bank_books failed = books("failed", 500, 0, 0);
    assert_null(bank_move_decide(&failed, BANK_PAY, 0).state);
    assert_string_equal(bank_move_decide(&failed, BANK_PAY_LATE, 0).callback, "payment.paid");
}

static void refunds_add_up_to_what_was_paid_and_no_further(void **state)
{
    (void)state;
    struct bank_books paid = books("paid", 1000, 1000, 0);
    struct bank_move part = bank_move_decide(&paid, BANK_REFUND, 300);
    assert_string_equal(part.state, "paid");
    assert_int_equal(part.returned_minor, 300);
    struct bank_books rest = books("paid", 1000, 1000, 300);
    struct bank_move whole = bank_move_decide(&rest, BANK_REFUND, 0);
    assert_string_equal(whole.state, "refunded");
    assert_int_equal(whole.moved_minor, 700);
    assert_null(bank_move_decide(&rest, BANK_REFUND, 701).state);
}

static void a_charge_back_takes_all_and_a_reversal_gives_it_back(void **state)
{
    (void)state;
    struct bank_books paid = books("paid", 1000, 1000, 0);
    struct bank_move back = bank_move_decide(&paid, BANK_CHARGE_BACK, 0);
    assert_string_equal(back.state, "charged_back");
    assert_string_equal(back.callback, "payment.charged_back");
    assert_int_equal(back.moved_minor, 1000);
    struct bank_books disputed = books("charged_back", 1000, 1000, 1000);
    struct bank_move again = bank_move_decide(&disputed, BANK_REVERSE, 0);
    assert_string_equal(again.state, "paid");
    assert_string_equal(again.callback, "payment.chargeback_reversed");
    assert_int_equal(again.moved_minor, 1000);
    assert_int_equal(again.returned_minor, 0);
    struct bank_books part_refunded = books("paid", 1000, 1000, 300);
    assert_null(bank_move_decide(&part_refunded, BANK_CHARGE_BACK, 0).state);
}

static void gaps_between_deliveries_grow_and_end(void **state)
{
    (void)state;
    int before = 0;
    for (int tries = 1; tries <= 13; ++tries) {
        int gap = bank_retry_gap_ms(tries);
        assert_true(gap > before);
        before = gap;
    }
    assert_true(bank_retry_gap_ms(40) > 0);
    assert_int_equal(bank_retry_gap_ms(41), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_blik_code_does_what_the_list_says),
        cmocka_unit_test(a_part_is_paid_and_the_callback_tells_just_that_part),
        cmocka_unit_test(more_than_the_payment_or_less_than_nothing_is_not_paid),
        cmocka_unit_test(a_payment_is_taken_once),
        cmocka_unit_test(late_money_comes_after_a_failure_but_not_by_itself),
        cmocka_unit_test(refunds_add_up_to_what_was_paid_and_no_further),
        cmocka_unit_test(a_charge_back_takes_all_and_a_reversal_gives_it_back),
        cmocka_unit_test(gaps_between_deliveries_grow_and_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

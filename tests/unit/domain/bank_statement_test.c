/* What must agree in a statement, amounts, and what an entry is known by. By hand. */
#include "domain/bank_statement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* 1000.00 + 1230.00 - 200.00 = 2030.00: two entries, their sum 1430.00, net 1030.00. */
static struct bank_statement good(void)
{
    struct bank_statement s = {.opening_minor = 100000, .closing_minor = 203000};
    assert_true(bank_statement_count(&s, BANK_CREDIT, 123000));
    assert_true(bank_statement_count(&s, BANK_DEBIT, 20000));
    return s;
}

static void balances_counts_and_sums_agree(void **state)
{
    struct bank_statement s = good();
    (void)state;
    assert_int_equal(bank_statement_check(&s), BANK_STATEMENT_GOOD);
    s.told_all = (struct bank_told){true, true, 2, 143000};
    s.told_credits = (struct bank_told){true, true, 1, 123000};
    s.told_debits = (struct bank_told){true, true, 1, 20000};
    s.has_net = true;
    s.net_minor = 103000;
    assert_int_equal(bank_statement_check(&s), BANK_STATEMENT_GOOD);
    s.net_minor = 103001;
    assert_int_equal(bank_statement_check(&s), BANK_STATEMENT_NET_WRONG);
    s.told_debits.sum_minor = 20001;
    assert_int_equal(bank_statement_check(&s), BANK_STATEMENT_SUM_WRONG);
    s.told_credits.count = 2;
    assert_int_equal(bank_statement_check(&s), BANK_STATEMENT_COUNT_WRONG);
    s.told_credits.count = 1;
    s.told_all.count = 3;
    assert_int_equal(bank_statement_check(&s), BANK_STATEMENT_COUNT_WRONG);
    s.closing_minor = 202999;
    assert_int_equal(bank_statement_check(&s), BANK_STATEMENT_BALANCE_WRONG);
}

static void overdrawn_accounts_are_counted_below_zero(void **state)
{
    struct bank_statement s = {.opening_minor = -5000, .closing_minor = -4000};
    (void)state;
    assert_true(bank_statement_count(&s, BANK_CREDIT, 1000));
    assert_int_equal(bank_statement_check(&s), BANK_STATEMENT_GOOD);
}

static void sums_stop_before_they_overflow(void **state)
{
    struct bank_statement s = {.line = 1};
    int64_t counted = 0;
    (void)state;
    while (bank_statement_count(&s, BANK_CREDIT, MONEY_MINOR_MAX))
        ++counted;
    assert_int_equal(s.credit_count, counted);
    assert_true(s.credit_minor == counted * MONEY_MINOR_MAX);
}

static void amounts_are_read_strictly(void **state)
{
    static const struct {
        const char *text;
        int exponent;
        char mark;
        enum bank_amount_mistake mistake;
        int64_t minor;
    } rows[] = {
        {"1230,00", 2, ',', BANK_AMOUNT_GOOD, 123000},
        {"1230,", 2, ',', BANK_AMOUNT_GOOD, 123000},
        {"1230", 2, ',', BANK_AMOUNT_GOOD, 123000},
        {"3,5", 2, ',', BANK_AMOUNT_GOOD, 350},
        {"0,01", 2, ',', BANK_AMOUNT_GOOD, 1},
        {"000000000000,01", 2, ',', BANK_AMOUNT_GOOD, 1},
        {"1230.00", 2, '.', BANK_AMOUNT_GOOD, 123000},
        {"500", 0, '.', BANK_AMOUNT_GOOD, 500},
        {"1,234", 3, ',', BANK_AMOUNT_GOOD, 1234},
        {"9999999999999,99", 2, ',', BANK_AMOUNT_GOOD, MONEY_MINOR_MAX},
        {"10000000000000", 2, ',', BANK_AMOUNT_TOO_LARGE, 0},
        {"99999999999999999999", 2, ',', BANK_AMOUNT_TOO_LARGE, 0},
        {"1,000", 2, ',', BANK_AMOUNT_TOO_PRECISE, 0},
        {"1.0", 0, '.', BANK_AMOUNT_TOO_PRECISE, 0},
        {",50", 2, ',', BANK_AMOUNT_MALFORMED, 0},
        {"", 2, ',', BANK_AMOUNT_MALFORMED, 0},
        {"-1,00", 2, ',', BANK_AMOUNT_MALFORMED, 0},
        {"1.00", 2, ',', BANK_AMOUNT_MALFORMED, 0},
        {"1,0,0", 2, ',', BANK_AMOUNT_MALFORMED, 0},
        {"1 000,00", 2, ',', BANK_AMOUNT_MALFORMED, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        int64_t minor = 7;
        enum bank_amount_mistake mistake =
            bank_amount_read(span_str(rows[i].text), rows[i].exponent, rows[i].mark, &minor);
        if (mistake != rows[i].mistake || minor != rows[i].minor)
            fail_msg("\"%s\": %d, %lld", rows[i].text, (int)mistake, (long long)minor);
    }
}

/* ---- keys ---- */

static const struct bank_entry entry = {
    .line = 7,
    .booked_on = 20777,
    .valued_on = 20777,
    .amount = {123000, "PLN"},
    .direction = BANK_CREDIT,
    .status = BANK_ENTRY_BOOKED,
    .bank_reference = {"2026112000001", 13},
    .payer_name = {"JAN WZOR", 8},
    .title = {"FV/11/2026/77", 13},
    .part_no = 1,
    .part_count = 1,
    .ordinal = 1,
};

static bool has_same_key(const struct bank_entry *a, const struct bank_entry *b)
{
    struct bank_statement s = {.account = "PL61109010140000071219812874"};
    uint8_t one[BANK_ENTRY_KEY_LEN], two[BANK_ENTRY_KEY_LEN];
    bank_entry_key(&s, a, one);
    bank_entry_key(&s, b, two);
    return memcmp(one, two, sizeof(one)) == 0;
}

static void entries_with_a_reference_are_known_by_it(void **state)
{
    struct bank_entry other = entry;
    (void)state;
    /* Another file of the same bank may write more of the same entry, at another place. */
    other.line = 90;
    other.title = SPAN_LIT("FV/11/2026/77 RATA");
    other.payer_name = SPAN_LIT("Jan Wz\xc3\xb3r");
    other.status = BANK_ENTRY_PENDING;
    assert_true(has_same_key(&entry, &other));
    other.bank_reference = SPAN_LIT("2026112000002");
    assert_false(has_same_key(&entry, &other));
    other = entry;
    other.amount.minor = 123001;
    assert_false(has_same_key(&entry, &other));
    other = entry;
    other.direction = BANK_DEBIT;
    assert_false(has_same_key(&entry, &other));
    other = entry;
    other.booked_on = 20778;
    assert_false(has_same_key(&entry, &other));
}

static void entries_without_one_and_parts_are_known_by_all_they_tell(void **state)
{
    struct bank_entry one = entry, other;
    (void)state;
    one.bank_reference = SPAN_LIT("");
    other = one;
    assert_true(has_same_key(&one, &other));
    other.title = SPAN_LIT("FV/11/2026/78");
    assert_false(has_same_key(&one, &other));
    /* The parts of a batch share its reference. */
    one = entry;
    one.part_count = 2;
    other = one;
    other.part_no = 2;
    other.title = SPAN_LIT("FV/11/2026/78");
    assert_false(has_same_key(&one, &other));
    /* Text does not flow from one field into the next. */
    one.payer_name = SPAN_LIT("AB");
    one.title = SPAN_LIT("C");
    other = one;
    other.payer_name = SPAN_LIT("A");
    other.title = SPAN_LIT("BC");
    assert_false(has_same_key(&one, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(balances_counts_and_sums_agree),
        cmocka_unit_test(overdrawn_accounts_are_counted_below_zero),
        cmocka_unit_test(sums_stop_before_they_overflow),
        cmocka_unit_test(amounts_are_read_strictly),
        cmocka_unit_test(entries_with_a_reference_are_known_by_it),
        cmocka_unit_test(entries_without_one_and_parts_are_known_by_all_they_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

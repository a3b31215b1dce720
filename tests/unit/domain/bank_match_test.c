/* Which debts a transfer pays: a table by hand. Every row is one transfer among the same few debts.
 */
#include "domain/bank_match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define LIT(text)                                                                                  \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
#define VIRTUAL "PL44105010257771000000104231"
#define PAYER "PL27114020040000300201355387"

enum { A = 0, B, C, D, E, F, G, H, DEBT_COUNT };

static const struct bank_debt debts[DEBT_COUNT] = {
    [A] = {.number = LIT("77/2026"),
           .virtual_account = LIT(VIRTUAL),
           .reference = LIT("aB3dE5fG7hJ9kL1mN3pQ"),
           .name = LIT("Jan Wz\xc3\xb3r"),
           .is_payer_known = true,
           .due = {10000, "PLN"}},
    [B] = {.number = LIT("177/2026"),
           .name = LIT("Anna Przyk\xc5\x82"
                       "ad"),
           .due = {20000, "PLN"}},
    [C] = {.number = LIT("FV/11/2026/78"),
           .ksef_number = LIT("5265877635-20250826-0100001AF629-AF"),
           .is_payer_known = true,
           .due = {30000, "PLN"}},
    [D] = {.number = LIT("FV 25/2006"), .due = {4000, "PLN"}},
    [E] = {.number = LIT("FV 26/2006"), .due = {5000, "PLN"}},
    [F] = {.number = LIT("1234567"), .name = LIT("Jan Wz\xc3\xb3r"), .due = {60000, "PLN"}},
    [G] = {.number = LIT("EU/9/2026"),
           .ksef_number = LIT("5265877635-20250827-0100001AF629-4A"),
           .due = {7000, "EUR"}},
    [H] = {.number = LIT("8/26"), .due = {8000, "PLN"}},
};

struct row {
    const char *title;
    int64_t minor;
    enum bank_decision decision;
    enum bank_reason reason;
    size_t count;
    size_t told[4];
};

static struct bank_entry credit(const char *title, int64_t minor)
{
    return (struct bank_entry){.line = 1,
                               .amount = {minor, "PLN"},
                               .direction = BANK_CREDIT,
                               .status = BANK_ENTRY_BOOKED,
                               .title = span_str(title),
                               .part_no = 1,
                               .part_count = 1,
                               .ordinal = 1};
}

static void check(const struct bank_entry *e, const struct row *row)
{
    struct bank_verdict v;
    bank_match(e, debts, DEBT_COUNT, &v);
    bool is_same =
        v.decision == row->decision && v.reason == row->reason && v.debt_count == row->count;
    for (size_t i = 0; is_same && i < row->count; ++i)
        is_same = v.debts[i] == row->told[i];
    if (!is_same)
        fail_msg("\"%s\" %lld: %s by %s, %zu debts, first %zu", row->title, (long long)row->minor,
                 bank_decision_name(v.decision), bank_reason_name(v.reason), v.debt_count,
                 v.debts[0]);
    assert_int_equal(v.confidence == 0, v.decision == BANK_UNMATCHED);
    assert_true(v.confidence <= 100 && (v.decision != BANK_BOOKED || v.confidence >= 90));
}

static void titles_decide_by_whole_numbers_and_sums(void **state)
{
    static const struct row rows[] = {
        /* One whole number. */
        {"77/2026", 10000, BANK_BOOKED, BANK_REASON_NUMBER, 1, {A}},
        {"zaplata za fakture nr 77/2026", 10000, BANK_BOOKED, BANK_REASON_NUMBER, 1, {A}},
        {"faktura 77/2026.", 10000, BANK_BOOKED, BANK_REASON_NUMBER, 1, {A}},
        {"faktura 77/2026. Dziekuje", 10000, BANK_BOOKED, BANK_REASON_NUMBER, 1, {A}},
        {"nr:77/2026, rata", 3000, BANK_BOOKED, BANK_REASON_NUMBER, 1, {A}}, /* a part of it */
        {"77 2026", 10000, BANK_BOOKED, BANK_REASON_NUMBER, 1, {A}},
        {"77-2026", 10000, BANK_BOOKED, BANK_REASON_NUMBER, 1, {A}},
        {"77 / 2026", 10000, BANK_BOOKED, BANK_REASON_NUMBER, 1, {A}},
        {"(77/2026)", 10000, BANK_BOOKED, BANK_REASON_NUMBER, 1, {A}},
        {"177/2026", 20000, BANK_BOOKED, BANK_REASON_NUMBER, 1, {B}},
        {"fv/11/2026/78", 30000, BANK_BOOKED, BANK_REASON_NUMBER, 1, {C}},
        {"FV 11/2026/78 RATA 3", 30000, BANK_BOOKED, BANK_REASON_NUMBER, 1, {C}},
        {"FV11/2026/78", 30000, BANK_BOOKED, BANK_REASON_NUMBER, 1, {C}},
        /* More than is due may be for something else besides. */
        {"77/2026", 10001, BANK_SUGGESTED, BANK_REASON_NUMBER, 1, {A}},
        /* Another number is another number, though the amount fits. */
        {"1177/2026", 5, BANK_UNMATCHED, BANK_REASON_NONE, 0, {0}},
        {"77/20261", 5, BANK_UNMATCHED, BANK_REASON_NONE, 0, {0}},
        {"77/2026/1", 5, BANK_UNMATCHED, BANK_REASON_NONE, 0, {0}},
        {"77/2026-KOR", 5, BANK_UNMATCHED, BANK_REASON_NONE, 0, {0}},
        {"11/77/2026", 5, BANK_UNMATCHED, BANK_REASON_NONE, 0, {0}},
        {"7/72026", 5, BANK_UNMATCHED, BANK_REASON_NONE, 0, {0}},
        {"7.7/2026", 5, BANK_UNMATCHED, BANK_REASON_NONE, 0, {0}},
        /* In part: the exact amount says the rest. */
        {"FV77/2026", 10000, BANK_BOOKED, BANK_REASON_NUMBER_LOOSE, 1, {A}},
        {"FV/77/2026", 10000, BANK_BOOKED, BANK_REASON_NUMBER_LOOSE, 1, {A}},
        {"FV77/2026", 9999, BANK_SUGGESTED, BANK_REASON_NUMBER_LOOSE, 1, {A}},
        {"772026", 10000, BANK_BOOKED, BANK_REASON_NUMBER_LOOSE, 1, {A}},
        {"772026", 9999, BANK_SUGGESTED, BANK_REASON_NUMBER_LOOSE, 1, {A}},
        {"faktura 11/2026/78", 30000, BANK_BOOKED, BANK_REASON_NUMBER_LOOSE, 1, {C}},
        {"faktura 11/2026/78", 100, BANK_SUGGESTED, BANK_REASON_NUMBER_LOOSE, 1, {C}},
        /* Another prefix is another series. */
        {"FK/11/2026/78", 5, BANK_UNMATCHED, BANK_REASON_NONE, 0, {0}},
        /* A number of digits alone, or a short one, may be anything. */
        {"1234567", 60000, BANK_BOOKED, BANK_REASON_NUMBER_LOOSE, 1, {F}},
        {"tel. 1234567", 5, BANK_SUGGESTED, BANK_REASON_NUMBER_LOOSE, 1, {F}},
        {"8/26", 8000, BANK_BOOKED, BANK_REASON_NUMBER_LOOSE, 1, {H}},
        {"8/26", 100, BANK_SUGGESTED, BANK_REASON_NUMBER_LOOSE, 1, {H}},
        /* A line cut in two inside the number. */
        {"FV/11/20 26/78", 30000, BANK_BOOKED, BANK_REASON_NUMBER_LOOSE, 1, {C}},
        /* 177/2026 cut in two, or 77/2026 behind a one: a person looks. */
        {"1 77/2026", 10000, BANK_SUGGESTED, BANK_REASON_NUMBERS, 2, {A, B}},
        /* Several. */
        {"fv 25/2006 i 26/2006", 9000, BANK_SUGGESTED, BANK_REASON_NUMBER_LOOSE, 2, {D, E}},
        {"fv 25/2006 i fv 26/2006", 9000, BANK_BOOKED, BANK_REASON_NUMBERS, 2, {D, E}},
        {"fv 25/2006 fv 26/2006", 9000, BANK_BOOKED, BANK_REASON_NUMBERS, 2, {D, E}},
        {"77/2026,177/2026", 30000, BANK_BOOKED, BANK_REASON_NUMBERS, 2, {A, B}},
        {"77/2026 177/2026", 29999, BANK_SUGGESTED, BANK_REASON_NUMBERS, 2, {A, B}},
        /* In another currency. */
        {"EU/9/2026", 7000, BANK_SUGGESTED, BANK_REASON_NUMBER, 1, {G}},
        {"EU/9/2026 77/2026", 17000, BANK_SUGGESTED, BANK_REASON_NUMBERS, 2, {A, G}},
        /* Amount alone never. */
        {"", 10000, BANK_UNMATCHED, BANK_REASON_NONE, 0, {0}},
        {"przelew", 20000, BANK_UNMATCHED, BANK_REASON_NONE, 0, {0}},
        {"2026", 10000, BANK_UNMATCHED, BANK_REASON_NONE, 0, {0}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct bank_entry e = credit(rows[i].title, rows[i].minor);
        check(&e, &rows[i]);
    }
}

static void keys_with_checks_decide_whatever_the_amount(void **state)
{
    static const struct row rows[] = {
        {"5265877635-20250826-0100001AF629-AF", 5, BANK_BOOKED, BANK_REASON_KSEF_NUMBER, 1, {C}},
        {"5265877635-20250826-0100001A F629-AF", 5, BANK_BOOKED, BANK_REASON_KSEF_NUMBER, 1, {C}},
        {"ksef 5265877635202508260100001AF629AF", 5, BANK_BOOKED, BANK_REASON_KSEF_NUMBER, 1, {C}},
        /* A wrong CRC is no number; one that nobody owes says nothing. */
        {"5265877635-20250826-0100001AF629-AE", 5, BANK_UNMATCHED, BANK_REASON_NONE, 0, {0}},
        {"8992630753-20240105-2C53E1BFBC51-E8", 5, BANK_UNMATCHED, BANK_REASON_NONE, 0, {0}},
        /* In another currency; and two, whose sum is in two currencies. */
        {"5265877635-20250827-0100001AF629-4A",
         7000,
         BANK_SUGGESTED,
         BANK_REASON_KSEF_NUMBER,
         1,
         {G}},
        {"5265877635-20250826-0100001AF629-AF 5265877635-20250827-0100001AF629-4A",
         37000,
         BANK_SUGGESTED,
         BANK_REASON_KSEF_NUMBER,
         2,
         {C, G}},
        /* Several in one: only KSeF knows which. */
        {"1111111111-IZ202607-65ED02180000-E7",
         10000,
         BANK_UNMATCHED,
         BANK_REASON_KSEF_COLLECTIVE,
         0,
         {0}},
        {"aB3dE5fG7hJ9kL1mN3pQ", 5, BANK_BOOKED, BANK_REASON_REFERENCE, 1, {A}},
        {"ab3de5fg7hj9kl1mn3pq", 5, BANK_UNMATCHED, BANK_REASON_NONE, 0, {0}},
        {"44 1050 1025 7771 0000 0010 4231", 5, BANK_BOOKED, BANK_REASON_VIRTUAL_ACCOUNT, 1, {A}},
        /* The account is stronger than what the title says besides. */
        {"177/2026 44105010257771000000104231",
         20000,
         BANK_BOOKED,
         BANK_REASON_VIRTUAL_ACCOUNT,
         1,
         {A}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct bank_entry e = credit(rows[i].title, rows[i].minor);
        check(&e, &rows[i]);
    }
}

static void accounts_paid_to_decide(void **state)
{
    static const struct row booked = {"177/2026", 5,  BANK_BOOKED, BANK_REASON_VIRTUAL_ACCOUNT,
                                      1,          {A}};
    static const struct row none = {"", 5, BANK_UNMATCHED, BANK_REASON_NONE, 0, {0}};
    struct bank_entry e = credit("177/2026", 5);
    (void)state;
    strcpy(e.paid_to[0], "PL61109010140000071219812874");
    strcpy(e.paid_to[1], VIRTUAL);
    e.paid_to_count = 2;
    check(&e, &booked);
    e = credit("", 5);
    e.collect_id = SPAN_LIT("XX000000104231");
    check(&e, &booked);
    e.collect_id = SPAN_LIT("XX000000104232");
    check(&e, &none);
    e.collect_id = SPAN_LIT("104231");
    check(&e, &none);
}

static void payers_decide_with_the_exact_amount(void **state)
{
    static const struct row booked = {"wplata", 10000, BANK_BOOKED, BANK_REASON_PAYER_ACCOUNT,
                                      1,        {A}};
    static const struct row named = {"wplata", 60000, BANK_SUGGESTED, BANK_REASON_NAME, 1, {F}};
    static const struct row none = {"wplata", 9999, BANK_UNMATCHED, BANK_REASON_NONE, 0, {0}};
    static const char *const names[] = {"JAN WZOR", "WZ\xc3\x93R JAN UL. PROSTA 1",
                                        "Jan Wz\xc3\xb3r"};
    static const char *const strangers[] = {"JANUSZ WZOR", "JAN", "JAN WZORZEC", ""};
    struct bank_entry e = credit("wplata", 10000);
    (void)state;
    strcpy(e.payer_account, PAYER);
    check(&e, &booked);
    e.amount.minor = 9999;
    check(&e, &none);
    e.payer_account[0] = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
        e.amount.minor = 60000;
        e.payer_name = span_str(names[i]);
        check(&e, &named);
        e.amount.minor = 9999;
        check(&e, &none);
    }
    for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); ++i) {
        e.amount.minor = 60000;
        e.payer_name = span_str(strangers[i]);
        check(&e, &none);
    }
}

static void only_booked_money_that_comes_in_is_matched(void **state)
{
    static const struct row not_in = {"77/2026", 10000, BANK_UNMATCHED, BANK_REASON_NOT_MONEY_IN,
                                      0,         {0}};
    static const struct row unclear = {"77/2026", 10000, BANK_UNMATCHED, BANK_REASON_PARTS_UNCLEAR,
                                       0,         {0}};
    struct bank_entry good = credit("77/2026", 10000), e = good;
    (void)state;
    e.direction = BANK_DEBIT;
    check(&e, &not_in);
    e = good;
    e.is_reversal = true; /* of a debit: what we had paid comes back */
    check(&e, &not_in);
    e = good;
    e.status = BANK_ENTRY_PENDING;
    check(&e, &not_in);
    e.status = BANK_ENTRY_UNKNOWN;
    check(&e, &not_in);
    e = good;
    e.amount.minor = 0;
    check(&e, &not_in);
    e = good;
    e.is_unclear = true;
    check(&e, &unclear);
}

static void split_payments_are_known_by_their_title(void **state)
{
    static const struct row whole = {"", 10000, BANK_BOOKED, BANK_REASON_NUMBER, 1, {A}};
    static const struct row net = {"", 8130, BANK_SUGGESTED, BANK_REASON_NUMBER, 1, {A}};
    struct bank_entry e = credit("/VAT/18,70/IDC/5265877635/INV/77/2026/TXT/177/2026", 10000);
    struct split_title split;
    struct bank_verdict v;
    (void)state;
    check(&e, &whole);
    e.amount.minor = 8130; /* 100.00 less VAT of 18.70: that lands on another account */
    check(&e, &net);
    bank_match(&e, debts, DEBT_COUNT, &v);
    assert_true(v.is_split_payment);
    assert_int_equal(v.vat_minor, 1870);

    assert_true(bank_split_title_read(e.title, &split));
    assert_true(span_is_str(split.vat, "18,70"));
    assert_true(span_is_str(split.tax_id, "5265877635"));
    assert_true(span_is_str(split.invoice, "77/2026"));
    assert_true(span_is_str(split.text, "177/2026"));
    assert_true(bank_split_title_read(SPAN_LIT("/VAT/1,00/IDC/1/INV/A/B"), &split));
    assert_true(span_is_str(split.invoice, "A/B"));
    assert_int_equal(split.text.len, 0);
    assert_false(bank_split_title_read(SPAN_LIT("za /VAT/1,00/INV/A"), &split));
    assert_false(bank_split_title_read(SPAN_LIT("/VAT/1,00"), &split));
    assert_false(bank_split_title_read(SPAN_LIT(""), &split));
}

static void what_two_debts_share_is_for_a_person(void **state)
{
    static const struct bank_debt twins[] = {
        {.number = LIT("77/2026"), .is_payer_known = true, .due = {10000, "PLN"}},
        {.number = LIT("77/2026"), .is_payer_known = true, .due = {10000, "PLN"}},
    };
    struct bank_entry e = credit("77/2026", 10000);
    struct bank_verdict v;
    (void)state;
    bank_match(&e, twins, 2, &v);
    assert_int_equal(v.decision, BANK_SUGGESTED);
    assert_int_equal(v.debt_count, 2);
    e.title = SPAN_LIT("wplata");
    strcpy(e.payer_account, PAYER);
    bank_match(&e, twins, 2, &v);
    assert_int_equal(v.decision, BANK_SUGGESTED);
    assert_int_equal(v.reason, BANK_REASON_PAYER_ACCOUNT);
    assert_int_equal(v.debt_count, 2);
    bank_match(&e, NULL, 0, &v);
    assert_int_equal(v.decision, BANK_UNMATCHED);
}

static void long_titles_and_many_debts_are_bounded(void **state)
{
    static struct bank_debt many[BANK_MATCH_CANDIDATES_MAX];
    static char numbers[BANK_MATCH_CANDIDATES_MAX][20], title[5000];
    size_t len = 0;
    struct bank_verdict v;
    (void)state;
    for (size_t i = 0; i < BANK_MATCH_CANDIDATES_MAX; ++i) {
        snprintf(numbers[i], sizeof(numbers[i]), "FV/%03zu/2026", i);
        many[i] = (struct bank_debt){.number = span_str(numbers[i]), .due = {1, "PLN"}};
        len += (size_t)snprintf(title + len, sizeof(title) - len, "%s ", numbers[i]);
    }
    struct bank_entry e = credit(title, 16);
    bank_match(&e, many, BANK_MATCH_CANDIDATES_MAX, &v);
    assert_int_equal(v.decision, BANK_SUGGESTED); /* not booked on the sixteen that are told */
    assert_int_equal(v.debt_count, BANK_MATCH_DEBTS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(titles_decide_by_whole_numbers_and_sums),
        cmocka_unit_test(keys_with_checks_decide_whatever_the_amount),
        cmocka_unit_test(accounts_paid_to_decide),
        cmocka_unit_test(payers_decide_with_the_exact_amount),
        cmocka_unit_test(only_booked_money_that_comes_in_is_matched),
        cmocka_unit_test(split_payments_are_known_by_their_title),
        cmocka_unit_test(what_two_debts_share_is_for_a_person),
        cmocka_unit_test(long_titles_and_many_debts_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Virtual accounts. The numbers were reckoned apart from this program, by Python's whole numbers,
 * and the ready ones are public examples. */
#include "domain/virtual_account.h"

#include "domain/iban.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void numbers_are_made_with_both_checks(void **state)
{
    static const struct {
        const char *prefix;
        int64_t id;
        const char *account;
    } rows[] = {
        {"105010257771", 10423, "PL44105010257771000000104231"},
        {"105010257771", 1, "PL57105010257771000000000013"},
        {"105010257771", INT64_C(99999999999), "PL55105010257771999999999999"},
        {"1050102577711234", 1, "PL33105010257771123400000013"},
        {"1050102577711234", 9999999, "PL62105010257771123499999992"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char out[VIRTUAL_ACCOUNT_LEN + 1], iban[IBAN_LEN_MAX + 1];
        int64_t id;
        struct span prefix = span_str(rows[i].prefix);
        assert_int_equal(virtual_account_make(prefix, rows[i].id, out), VIRTUAL_ACCOUNT_GOOD);
        assert_string_equal(out, rows[i].account);
        assert_int_equal(iban_normalise(span_str(out), iban), IBAN_GOOD);
        assert_int_equal(virtual_account_read(prefix, span_str(out), &id), VIRTUAL_ACCOUNT_GOOD);
        assert_int_equal(id, rows[i].id);
        assert_int_equal(
            virtual_account_read_tail(prefix, span_from(span_str(out), 4 + prefix.len), &id),
            VIRTUAL_ACCOUNT_GOOD);
        assert_int_equal(id, rows[i].id);
    }
}

static void what_cannot_be_made_is_refused(void **state)
{
    static const struct {
        const char *prefix;
        int64_t id;
        enum virtual_account_refusal refusal;
    } rows[] = {
        {"10501025777", 1, VIRTUAL_ACCOUNT_PREFIX_WRONG},
        {"10501025777112345", 1, VIRTUAL_ACCOUNT_PREFIX_WRONG},
        {"10501025777x", 1, VIRTUAL_ACCOUNT_PREFIX_WRONG},
        {"105010267771", 1, VIRTUAL_ACCOUNT_PREFIX_WRONG}, /* the bank's check digit is 5 */
        {"105010257771", 0, VIRTUAL_ACCOUNT_ID_TOO_LARGE},
        {"105010257771", -1, VIRTUAL_ACCOUNT_ID_TOO_LARGE},
        {"105010257771", INT64_C(100000000000), VIRTUAL_ACCOUNT_ID_TOO_LARGE},
        {"1050102577711234", 10000000, VIRTUAL_ACCOUNT_ID_TOO_LARGE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char out[VIRTUAL_ACCOUNT_LEN + 1];
        assert_int_equal(virtual_account_make(span_str(rows[i].prefix), rows[i].id, out),
                         rows[i].refusal);
    }
}

static void numbers_of_others_and_mistyped_ones_are_refused(void **state)
{
    static const struct {
        const char *account;
        enum virtual_account_refusal refusal;
    } rows[] = {
        {"44 1050 1025 7771 0000 0010 4231", VIRTUAL_ACCOUNT_GOOD},
        {"PL44105010257771000000104232", VIRTUAL_ACCOUNT_NO_ACCOUNT},
        {"PL44105010257771000000140231", VIRTUAL_ACCOUNT_NO_ACCOUNT},
        {"DE89370400440532013000", VIRTUAL_ACCOUNT_NO_ACCOUNT},
        {"", VIRTUAL_ACCOUNT_NO_ACCOUNT},
        {"PL61109010140000071219812874", VIRTUAL_ACCOUNT_NOT_OURS},
        {"PL27114020040000300201355387", VIRTUAL_ACCOUNT_NOT_OURS},
        /* A good account number of this creditor that we have not made: Damm of 10423 is 1. */
        {"PL87105010257771000000104233", VIRTUAL_ACCOUNT_INNER_WRONG},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        int64_t id;
        enum virtual_account_refusal refusal =
            virtual_account_read(SPAN_LIT("105010257771"), span_str(rows[i].account), &id);
        assert_int_equal(refusal, rows[i].refusal);
        assert_int_equal(id, refusal == VIRTUAL_ACCOUNT_GOOD ? 10423 : 0);
    }
}

static void numbers_in_two_pieces_get_their_check_digits(void **state)
{
    char out[VIRTUAL_ACCOUNT_LEN + 1];
    (void)state;
    assert_true(virtual_account_complete(SPAN_LIT("109010140000071219812874"), out));
    assert_string_equal(out, "PL61109010140000071219812874");
    assert_true(virtual_account_complete(SPAN_LIT("114020040000300201355387"), out));
    assert_string_equal(out, "PL27114020040000300201355387");
    assert_false(virtual_account_complete(SPAN_LIT("11402004000030020135538"), out));
    assert_false(virtual_account_complete(SPAN_LIT("1140200400003002013553x7"), out));
}

static void bank_numbers_are_known_by_their_last_digit(void **state)
{
    static const char *const good[] = {"109010140001", "114020040001", "102010260001",
                                       "105010250001", "124010370001"};
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); ++i)
        assert_true(virtual_account_prefix_is_good(span_str(good[i])));
    assert_false(virtual_account_prefix_is_good(SPAN_LIT("109010150001")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_made_with_both_checks),
        cmocka_unit_test(what_cannot_be_made_is_refused),
        cmocka_unit_test(numbers_of_others_and_mistyped_ones_are_refused),
        cmocka_unit_test(numbers_in_two_pieces_get_their_check_digits),
        cmocka_unit_test(bank_numbers_are_known_by_their_last_digit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

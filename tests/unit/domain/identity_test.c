#include "domain/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ONE "1 1111111111111111111111111111111111111111111111111111111111111111 "
#define TWO "2 2222222222222222222222222222222222222222222222222222222222222222 "

static struct keyring *keys, *both, *after;

static int make_keys(void **state)
{
    (void)state;
    keys = keyring_new(SPAN_LIT(ONE "active"), NULL);
    both = keyring_new(SPAN_LIT(ONE "active\n" TWO "active"), NULL);
    after = keyring_new(SPAN_LIT(ONE "retired\n" TWO "active"), NULL);
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    keyring_free(keys);
    keyring_free(both);
    keyring_free(after);
    return 0;
}

static struct span fact_span(const uint8_t fact[IDENTITY_FACT_LEN])
{
    return span_of((const char *)fact, IDENTITY_FACT_LEN);
}

static void the_last_digits_count_and_blanks_do_not(void **state)
{
    (void)state;
    static const struct {
        const char *text, *digits; /* null: refused */
    } cases[] = {{"1234", "1234"},
                 {" 12 34 ", "1234"},
                 {"44051401359", "1359"},
                 {"0004", "0004"},
                 {"123", NULL},
                 {"", NULL},
                 {"12a4", NULL},
                 {"1234-", NULL},
                 {"12345678901234567", NULL},
                 {"١٢٣٤", NULL},
                 {"1234567890123456", "3456"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        char digits[IDENTITY_DIGITS_MAX + 1];
        assert_int_equal(identity_digits(span_str(cases[i].text), 4, digits),
                         cases[i].digits != NULL);
        assert_string_equal(digits, cases[i].digits == NULL ? "" : cases[i].digits);
    }
}

/* python3: bytes([1]) + hmac(hmac(key, b"dunlin fact mac"), customer 8 bytes | b"1359" filled with
 * zeroes to 8 bytes) */
static void a_fact_is_as_it_was_computed_elsewhere(void **state)
{
    (void)state;
    uint8_t fact[IDENTITY_FACT_LEN];
    char hex[2 * IDENTITY_FACT_LEN + 1];
    identity_fact_print(keys, 4711, SPAN_LIT("1359"), fact);
    hex_print(fact, sizeof(fact), hex);
    assert_string_equal(hex, "01dced4336d66c35e0c37ea352faa974cd9a081a320913d2abd60b305190d379e8");
}

static void only_these_digits_of_this_customer_are_right(void **state)
{
    (void)state;
    uint8_t fact[IDENTITY_FACT_LEN];
    identity_fact_print(keys, 4711, SPAN_LIT("1359"), fact);
    assert_true(identity_fact_check(keys, 4711, SPAN_LIT("1359"), fact_span(fact)));
    assert_false(identity_fact_check(keys, 4712, SPAN_LIT("1359"), fact_span(fact)));
    assert_false(identity_fact_check(keys, 4711, SPAN_LIT("1358"), fact_span(fact)));
    assert_false(identity_fact_check(keys, 4711, SPAN_LIT("13590"), fact_span(fact)));
    assert_false(identity_fact_check(keys, 4711, SPAN_LIT(""), fact_span(fact)));
    assert_false(identity_fact_check(keys, 4711, SPAN_LIT("1359"), SPAN_LIT("")));
    assert_false(identity_fact_check(keys, 4711, SPAN_LIT("1359"), span_of((char *)fact, 32)));
    int right = 0;
    for (int guess = 0; guess < 10000; ++guess) {
        char digits[5] = {(char)('0' + guess / 1000), (char)('0' + guess / 100 % 10),
                          (char)('0' + guess / 10 % 10), (char)('0' + guess % 10), 0};
        right += identity_fact_check(keys, 4711, span_str(digits), fact_span(fact));
    }
    assert_int_equal(right, 1);
}

static void a_fact_holds_until_its_key_is_retired(void **state)
{
    (void)state;
    uint8_t fact[IDENTITY_FACT_LEN];
    identity_fact_print(keys, 7, SPAN_LIT("2468"), fact);
    assert_true(identity_fact_is_new(keys, fact_span(fact)));
    assert_true(identity_fact_check(both, 7, SPAN_LIT("2468"), fact_span(fact)));
    assert_false(identity_fact_is_new(both, fact_span(fact)));
    assert_false(identity_fact_check(after, 7, SPAN_LIT("2468"), fact_span(fact)));
}

static const struct instant noon = {INT64_C(1796040000) * 1000000};

static bool passes(const struct keyring *k, int64_t customer_id, const char *proof, int64_t seconds)
{
    return identity_proof_check(k, customer_id, span_str(proof),
                                instant_plus_seconds(noon, seconds), 900);
}

static void a_proof_is_of_one_customer_and_for_a_while(void **state)
{
    (void)state;
    char proof[IDENTITY_PROOF_LEN + 1];
    identity_proof_print(keys, 4711, noon, proof);
    assert_int_equal(strlen(proof), IDENTITY_PROOF_LEN);
    assert_true(passes(keys, 4711, proof, 0));
    assert_true(passes(keys, 4711, proof, 899));
    assert_false(passes(keys, 4711, proof, 900));
    assert_false(passes(keys, 4711, proof, -3600)); /* from the future */
    assert_false(passes(keys, 4712, proof, 0));
    assert_true(passes(both, 4711, proof, 0));
    assert_false(passes(after, 4711, proof, 0));
}

static void a_proof_with_one_character_changed_is_none(void **state)
{
    (void)state;
    char proof[IDENTITY_PROOF_LEN + 1];
    identity_proof_print(keys, 4711, noon, proof);
    for (int i = 0; i < IDENTITY_PROOF_LEN; ++i) {
        char was = proof[i];
        proof[i] = was == 'A' ? 'B' : 'A';
        assert_false(passes(keys, 4711, proof, 0));
        proof[i] = was;
    }
    assert_false(passes(keys, 4711, "", 0));
    proof[IDENTITY_PROOF_LEN - 1] = 0;
    assert_false(passes(keys, 4711, proof, 0));
}

static void purposes_have_names(void **state)
{
    (void)state;
    for (int i = 0; i < IDENTITY_PURPOSE_COUNT; ++i) {
        enum identity_purpose purpose;
        const char *name = identity_purpose_name((enum identity_purpose)i);
        assert_true(identity_purpose_find(span_str(name), &purpose));
        assert_int_equal(purpose, i);
    }
    enum identity_purpose purpose;
    assert_false(identity_purpose_find(SPAN_LIT("everything"), &purpose));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_digits_count_and_blanks_do_not),
        cmocka_unit_test(a_fact_is_as_it_was_computed_elsewhere),
        cmocka_unit_test(only_these_digits_of_this_customer_are_right),
        cmocka_unit_test(a_fact_holds_until_its_key_is_retired),
        cmocka_unit_test(a_proof_is_of_one_customer_and_for_a_while),
        cmocka_unit_test(a_proof_with_one_character_changed_is_none),
        cmocka_unit_test(purposes_have_names),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}

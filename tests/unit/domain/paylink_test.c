#include "domain/paylink.h"
#include "domain/payment_reference.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static struct keyring *keys;

static int make_keys(void **state)
{
    (void)state;
    keys = keyring_new(
        SPAN_LIT("1 1111111111111111111111111111111111111111111111111111111111111111 active\n"
                 "2 2222222222222222222222222222222222222222222222222222222222222222 active\n"),
        NULL);
    return keys == NULL;
}

static int free_keys(void **state)
{
    (void)state;
    keyring_free(keys);
    return 0;
}

static bool passes(const char *code)
{
    struct paylink_id id;
    bool is_good = paylink_check_code(keys, span_str(code), &id);
    assert_true(is_good || (id.customer_id == 0 && id.link_no == 0));
    return is_good;
}

static void codes_equal_those_computed_elsewhere(void **state)
{
    (void)state;
    json_t *rows = json_load_file(SOURCE_DIR "/tests/vectors/paylink.json", 0, NULL), *row;
    size_t i;
    assert_true(json_array_size(rows) > 0);
    json_array_foreach(rows, i, row)
    {
        const char *key, *purpose, *expected;
        json_int_t key_number, customer_id, number;
        char file[100], code[SEALED_LEN + 1];
        assert_int_equal(json_unpack(row, "{s:I,s:s,s:s,s:I,s:I,s:s}", "key_number", &key_number,
                                     "key", &key, "purpose", &purpose, "customer_id", &customer_id,
                                     "number", &number, "code", &expected),
                         0);
        snprintf(file, sizeof(file), "%d %s active", (int)key_number, key);
        struct keyring *k = keyring_new(span_str(file), NULL);
        if (strcmp(purpose, "paylink") == 0)
            paylink_print_code(k, (struct paylink_id){customer_id, (int32_t)number}, code);
        else
            payment_reference_print(k, (struct payment_id){customer_id, (int32_t)number}, code);
        assert_string_equal(code, expected);
        keyring_free(k);
    }
    json_decref(rows);
}

static void every_id_comes_back_from_its_code(void **state)
{
    (void)state;
    const int64_t customers[] = {
        0, 1, 2, 61, 62, INT64_C(1) << 32, SEALED_CUSTOMER_MAX - 1, SEALED_CUSTOMER_MAX};
    const int32_t links[] = {0, 1, 2, 65535, SEALED_NUMBER_MAX - 1, SEALED_NUMBER_MAX};
    for (size_t i = 0; i < sizeof(customers) / sizeof(customers[0]); ++i)
        for (size_t j = 0; j < sizeof(links) / sizeof(links[0]); ++j) {
            char code[PAYLINK_CODE_LEN + 1];
            struct paylink_id id;
            paylink_print_code(keys, (struct paylink_id){customers[i], links[j]}, code);
            assert_int_equal(strlen(code), 18);
            assert_int_equal(strspn(code, alphabet), 18);
            assert_true(paylink_check_code(keys, span_str(code), &id));
            assert_int_equal(id.customer_id, customers[i]);
            assert_int_equal(id.link_no, links[j]);
        }
}

static void a_code_with_one_character_changed_is_refused(void **state)
{
    (void)state;
    for (int link_no = 1; link_no <= 20; ++link_no) {
        char code[PAYLINK_CODE_LEN + 1];
        paylink_print_code(keys, (struct paylink_id){4711, link_no}, code);
        for (int at = 0; at < PAYLINK_CODE_LEN; ++at) {
            char kept = code[at];
            for (int c = 1; c < 256; ++c) {
                code[at] = (char)c;
                assert_int_equal(passes(code), code[at] == kept);
            }
            code[at] = kept;
        }
    }
}

static void a_code_cut_padded_or_swapped_is_refused(void **state)
{
    (void)state;
    char code[PAYLINK_CODE_LEN + 1], other[PAYLINK_CODE_LEN + 4];
    paylink_print_code(keys, (struct paylink_id){4711, 1}, code);
    for (size_t len = 0; len < PAYLINK_CODE_LEN; ++len) {
        struct paylink_id id;
        assert_false(paylink_check_code(keys, span_of(code, len), &id));
    }
    static const char *const affixes[] = {"0", "=", " ", "/", "\n", "%", "\x7f"};
    for (size_t i = 0; i < sizeof(affixes) / sizeof(affixes[0]); ++i) {
        snprintf(other, sizeof(other), "%s%s", code, affixes[i]);
        assert_false(passes(other));
        snprintf(other, sizeof(other), "%s%s", affixes[i], code);
        assert_false(passes(other));
    }
    for (int i = 0; i + 1 < PAYLINK_CODE_LEN; ++i) {
        if (code[i] == code[i + 1])
            continue;
        strcpy(other, code);
        other[i] = code[i + 1];
        other[i + 1] = code[i];
        assert_false(passes(other));
    }
    assert_false(passes("zzzzzzzzzzzzzzzzzz")); /* above 107 bits */
    assert_false(passes("000000000000000000"));
    struct paylink_id id;
    assert_false(paylink_check_code(keys, (struct span){0}, &id));
}

/* A small generator of our own, so a failure can be repeated. */
static uint64_t next_random(uint64_t *seed)
{
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *seed;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void of_a_million_random_codes_none_passes(void **state)
{
    (void)state;
    uint64_t seed = 20261122;
    for (int i = 0; i < 1000000; ++i) {
        char code[PAYLINK_CODE_LEN + 1] = {0};
        code[0] = alphabet[next_random(&seed) % 54]; /* below 107 bits, or it were too easy */
        for (int at = 1; at < PAYLINK_CODE_LEN; ++at)
            code[at] = alphabet[next_random(&seed) % 62];
        assert_false(passes(code));
    }
}

static void codes_of_consecutive_ids_look_unrelated(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    static int counts[PAYLINK_CODE_LEN][62];
    int same_heads = 0, rises = 0;
    char before[PAYLINK_CODE_LEN + 1] = "";
    for (int i = 0; i < COUNT; ++i) {
        char code[PAYLINK_CODE_LEN + 1];
        paylink_print_code(keys, (struct paylink_id){1000 + i / 2, 1 + i % 2}, code);
        same_heads += memcmp(code, before, 2) == 0;
        rises += strcmp(code, before) > 0;
        memcpy(before, code, sizeof(code));
        for (int at = 0; at < PAYLINK_CODE_LEN; ++at)
            ++counts[at][strchr(alphabet, code[at]) - alphabet];
    }
    /* By chance one pair in about 54 * 62 shares two characters: 6 of 20,000 expected. */
    assert_in_range(same_heads, 0, 25);
    assert_in_range(rises, COUNT / 2 - 400, COUNT / 2 + 400);
    for (int at = 1; at < PAYLINK_CODE_LEN; ++at)
        for (int c = 0; c < 62; ++c)
            assert_in_range(counts[at][c], COUNT / 62 - 110, COUNT / 62 + 110);
}

static void a_payment_reference_opens_no_page_and_a_code_names_no_payment(void **state)
{
    (void)state;
    char text[SEALED_LEN + 1];
    struct payment_id id;
    payment_reference_print(keys, (struct payment_id){4711, 3}, text);
    assert_true(payment_reference_check(keys, span_str(text), &id));
    assert_int_equal(id.customer_id, 4711);
    assert_int_equal(id.payment_no, 3);
    assert_false(passes(text));
    paylink_print_code(keys, (struct paylink_id){4711, 3}, text);
    assert_false(payment_reference_check(keys, span_str(text), &id));
}

static void codes_of_an_older_active_key_pass_until_it_is_retired(void **state)
{
    (void)state;
#define ONE "1 1111111111111111111111111111111111111111111111111111111111111111 "
#define TWO "2 2222222222222222222222222222222222222222222222222222222222222222 "
    struct keyring *before = keyring_new(SPAN_LIT(ONE "active"), NULL);
    struct keyring *both = keyring_new(SPAN_LIT(ONE "active\n" TWO "active"), NULL);
    struct keyring *after = keyring_new(SPAN_LIT(ONE "retired\n" TWO "active"), NULL);
    char old_code[SEALED_LEN + 1], new_code[SEALED_LEN + 1];
    struct paylink_id id;
    paylink_print_code(before, (struct paylink_id){7, 1}, old_code);
    paylink_print_code(both, (struct paylink_id){7, 1}, new_code);
    assert_string_not_equal(old_code, new_code);
    assert_true(paylink_check_code(both, span_str(old_code), &id));
    assert_int_equal(id.customer_id, 7);
    assert_false(paylink_check_code(before, span_str(new_code), &id));
    assert_false(paylink_check_code(after, span_str(old_code), &id));
    assert_true(paylink_check_code(after, span_str(new_code), &id));
    keyring_free(before);
    keyring_free(both);
    keyring_free(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_equal_those_computed_elsewhere),
        cmocka_unit_test(every_id_comes_back_from_its_code),
        cmocka_unit_test(a_code_with_one_character_changed_is_refused),
        cmocka_unit_test(a_code_cut_padded_or_swapped_is_refused),
        cmocka_unit_test(of_a_million_random_codes_none_passes),
        cmocka_unit_test(codes_of_consecutive_ids_look_unrelated),
        cmocka_unit_test(a_payment_reference_opens_no_page_and_a_code_names_no_payment),
        cmocka_unit_test(codes_of_an_older_active_key_pass_until_it_is_retired),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}

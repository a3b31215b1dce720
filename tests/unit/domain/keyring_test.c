#include "domain/keyring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define HEX_A "0101010101010101010101010101010101010101010101010101010101010101"
#define HEX_B "0202020202020202020202020202020202020202020202020202020202020202"

static bool is_active(const struct keyring *k, int number)
{
    bool active;
    assert_non_null(keyring_pair(k, KEY_PAYLINK, number, &active));
    return active;
}

static void the_last_active_line_signs(void **state)
{
    (void)state;
    struct keyring *k = keyring_new(SPAN_LIT("# made by dunlin key\n"
                                             "1 " HEX_A " retired\r\n"
                                             "\n"
                                             "7\t" HEX_A "  active\n"
                                             "2 " HEX_B " active\n"
                                             "3 " HEX_B " retired"),
                                    NULL);
    assert_non_null(k);
    assert_int_equal(keyring_signer(k), 2);
    assert_true(is_active(k, 7));
    assert_true(is_active(k, 2));
    assert_false(is_active(k, 3));
    assert_false(is_active(k, 1));
    assert_false(is_active(k, 15));
    keyring_free(k);
}

static void purposes_and_keys_have_subkeys_of_their_own(void **state)
{
    (void)state;
    struct keyring *k = keyring_new(SPAN_LIT("0 " HEX_A " active\n1 " HEX_B " active\n"), NULL);
    uint8_t macs[2 * 2 * KEY_PURPOSE_COUNT][SHA256_LEN];
    int count = 0;
    for (int number = 0; number < 2; ++number)
        for (int purpose = 0; purpose < KEY_PURPOSE_COUNT; ++purpose) {
            bool active;
            const struct key_pair *pair =
                keyring_pair(k, (enum key_purpose)purpose, number, &active);
            hmac_key_sign(&pair->mac, SPAN_LIT("x"), macs[count++]);
            hmac_key_sign(&pair->cover, SPAN_LIT("x"), macs[count++]);
        }
    for (int i = 0; i < count; ++i)
        for (int j = 0; j < i; ++j)
            assert_memory_not_equal(macs[i], macs[j], SHA256_LEN);
    keyring_free(k);
}

static void a_wrong_key_file_is_refused_with_its_line(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", "there is no active key"},
        {"1 " HEX_A " retired\n", "there is no active key"},
        {"\n16 " HEX_A " active", "line 2: the key's number is not 0 to 15"},
        {"-1 " HEX_A " active", "line 1: the key's number is not 0 to 15"},
        {"x " HEX_A " active", "line 1: the key's number is not 0 to 15"},
        {"1 " HEX_A " active\n1 " HEX_B " active", "line 2: key 1 is there twice"},
        {"1 " HEX_A " on", "line 1: a key is active or retired"},
        {"1 " HEX_A, "line 1: a key is active or retired"},
        {"1 " HEX_A " active now", "line 1: more than number, key and state"},
        {"1 0" HEX_A " active", "line 1: the key is not 64 hex digits"},
        {"1 zz active", "line 1: the key is not 64 hex digits"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct err e = {0};
        assert_null(keyring_new(span_str(rows[i][0]), &e));
        assert_string_equal(e.text, rows[i][1]);
        assert_int_equal(e.code, ERR_SETTINGS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_active_line_signs),
        cmocka_unit_test(purposes_and_keys_have_subkeys_of_their_own),
        cmocka_unit_test(a_wrong_key_file_is_refused_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

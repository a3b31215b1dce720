#include "domain/form_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct keyring *keys;
static const struct paylink_id link = {4711, 2};
static const uint8_t nonce[FORM_NONCE_LEN] = {0xff, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0xfe};
static const struct instant issued_at = {INT64_C(1795384520) * 1000000};

static int make_keys(void **state)
{
    (void)state;
    keys = keyring_new(
        SPAN_LIT("4 1111111111111111111111111111111111111111111111111111111111111111 active"),
        NULL);
    return keys == NULL;
}

static int free_keys(void **state)
{
    (void)state;
    keyring_free(keys);
    return 0;
}

static enum form_token_verdict check(const char *text, struct paylink_id of, int64_t after_seconds,
                                     struct form_token *token)
{
    return form_token_check(keys, FORM_PAYMENT, of, span_str(text),
                            instant_plus_seconds(issued_at, after_seconds), 3600, token);
}

static void a_token_gives_back_its_time_and_nonce(void **state)
{
    (void)state;
    char text[FORM_TOKEN_LEN + 1], nonce_text[FORM_NONCE_TEXT_LEN + 1];
    struct form_token token;
    form_token_print(keys, FORM_PAYMENT, link, issued_at, nonce, text);
    assert_int_equal(strlen(text), FORM_TOKEN_LEN);
    assert_int_equal(check(text, link, 0, &token), FORM_TOKEN_GOOD);
    base64url_print(span_of((const char *)nonce, sizeof(nonce)), nonce_text);
    assert_string_equal(token.nonce, nonce_text);
    assert_int_equal(token.issued_at.us, issued_at.us);
}

static void a_token_expires_after_its_time(void **state)
{
    (void)state;
    char text[FORM_TOKEN_LEN + 1];
    struct form_token token;
    form_token_print(keys, FORM_PAYMENT, link, issued_at, nonce, text);
    assert_int_equal(check(text, link, 3600, &token), FORM_TOKEN_GOOD);
    assert_int_equal(check(text, link, 3601, &token), FORM_TOKEN_EXPIRED);
}

static void a_token_is_bound_to_its_link_and_form(void **state)
{
    (void)state;
    char text[FORM_TOKEN_LEN + 1];
    struct form_token token;
    form_token_print(keys, FORM_PAYMENT, link, issued_at, nonce, text);
    assert_int_equal(check(text, (struct paylink_id){4711, 3}, 0, &token), FORM_TOKEN_FORGED);
    assert_int_equal(check(text, (struct paylink_id){4712, 2}, 0, &token), FORM_TOKEN_FORGED);
    form_token_print(keys, (enum form_kind)2, link, issued_at, nonce, text);
    assert_int_equal(check(text, link, 0, &token), FORM_TOKEN_FORGED);
}

static void a_changed_cut_or_missing_token_is_refused(void **state)
{
    (void)state;
    char text[FORM_TOKEN_LEN + 2] = "";
    struct form_token token;
    assert_int_equal(check(text, link, 0, &token), FORM_TOKEN_FORGED);
    form_token_print(keys, FORM_PAYMENT, link, issued_at, nonce, text);
    for (int at = 0; at < FORM_TOKEN_LEN; ++at) {
        char kept = text[at];
        for (int c = 0; c < 256; ++c) {
            text[at] = (char)c;
            if (text[at] != kept)
                assert_int_equal(check(text, link, 0, &token), FORM_TOKEN_FORGED);
        }
        text[at] = kept;
    }
    text[FORM_TOKEN_LEN] = 'A';
    assert_int_equal(check(text, link, 0, &token), FORM_TOKEN_FORGED);
    text[FORM_TOKEN_LEN - 1] = 0;
    assert_int_equal(check(text, link, 0, &token), FORM_TOKEN_FORGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_gives_back_its_time_and_nonce),
        cmocka_unit_test(a_token_expires_after_its_time),
        cmocka_unit_test(a_token_is_bound_to_its_link_and_form),
        cmocka_unit_test(a_changed_cut_or_missing_token_is_refused),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}

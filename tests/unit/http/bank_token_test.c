#include "http/bank_token.h"

#include "base/crypto.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW 1800000000
#define CLAIMS_OF(more)                                                                            \
    "{\"iss\":\"https://bank\",\"aud\":\"dunlin\",\"sub\":\"K-1\",\"exp\":1800000300" more "}"
#define GOOD_CLAIMS CLAIMS_OF("")
#define GOOD_HEADER "{\"alg\":\"ES256\",\"kid\":\"a\"}"

static EVP_PKEY *bank_key, *other_key;
static char *public_pem;
static struct key_set *keys;

static const struct bank_token_rules rules = {.algorithm = SIGNATURE_ES256,
                                              .issuer = SPAN_LIT("https://bank"),
                                              .audience = SPAN_LIT("dunlin"),
                                              .customer_claim = SPAN_LIT("sub"),
                                              .leeway_s = 60};

static int make_keys(void **state)
{
    char *bytes;
    struct err err = {0};
    (void)state;
    bank_key = EVP_EC_gen("P-256");
    other_key = EVP_EC_gen("P-256");
    BIO *pem = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(pem, bank_key);
    long len = BIO_get_mem_data(pem, &bytes);
    public_pem = strndup(bytes, (size_t)len);
    BIO_free(pem);
    keys = key_set_new(SIGNATURE_ES256);
    return key_set_add(keys, span_str(public_pem), &err);
}

static int drop_keys(void **state)
{
    (void)state;
    key_set_free(keys);
    free(public_pem);
    EVP_PKEY_free(bank_key);
    EVP_PKEY_free(other_key);
    return 0;
}

static size_t put(char *out, const void *bytes, size_t len)
{
    return base64url_print(span_of(bytes, len), out);
}

/* r and s, 32 octets each. */
static void sign_es256(EVP_PKEY *key, const char *text, size_t len, uint8_t out[64])
{
    uint8_t der[128];
    const uint8_t *at = der;
    size_t der_len = sizeof(der);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(context, der, &der_len, (const uint8_t *)text, len), 1);
    EVP_MD_CTX_free(context);
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)der_len);
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + 32, 32);
    ECDSA_SIG_free(pair);
}

static const char *token_by(EVP_PKEY *key, const char *header, const char *claims)
{
    static char token[32768];
    uint8_t signature[64];
    size_t len = put(token, header, strlen(header));
    token[len++] = '.';
    len += put(token + len, claims, strlen(claims));
    sign_es256(key, token, len, signature);
    token[len++] = '.';
    len += put(token + len, signature, sizeof(signature));
    token[len] = '\0';
    return token;
}

static enum bank_token_verdict check(const char *token)
{
    struct bank_customer customer;
    return bank_token_check(&rules, keys, span_str(token), (struct instant){NOW * INT64_C(1000000)},
                            &customer);
}

static void a_good_token_names_the_customer(void **state)
{
    (void)state;
    struct bank_customer customer = {.len = 0};
    const char *token = token_by(bank_key, GOOD_HEADER, GOOD_CLAIMS);
    assert_int_equal(bank_token_check(&rules, keys, span_str(token),
                                      (struct instant){NOW * INT64_C(1000000)}, &customer),
                     BANK_TOKEN_GOOD);
    assert_true(span_is_str(span_of(customer.reference, customer.len), "K-1"));
}

/* RFC 7515 4.1, RFC 8725 3.1 and 3.11. */
static void the_header_must_say_what_the_settings_say(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum bank_token_verdict verdict;
    } cases[] = {
        {"{\"alg\":\"ES256\"}", BANK_TOKEN_GOOD},
        {"{\"alg\":\"ES256\",\"typ\":\"JWT\"}", BANK_TOKEN_GOOD},
        {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", BANK_TOKEN_GOOD},
        {"{\"alg\":\"ES256\",\"typ\":\"logout+jwt\"}", BANK_TOKEN_ALGORITHM},
        {"{\"alg\":\"ES256\",\"typ\":7}", BANK_TOKEN_ALGORITHM},
        {"{\"alg\":\"none\"}", BANK_TOKEN_ALGORITHM},
        {"{\"alg\":\"None\"}", BANK_TOKEN_ALGORITHM},
        {"{\"alg\":\"\"}", BANK_TOKEN_ALGORITHM},
        {"{\"alg\":null}", BANK_TOKEN_ALGORITHM},
        {"{}", BANK_TOKEN_ALGORITHM},
        {"{\"alg\":\"HS256\"}", BANK_TOKEN_ALGORITHM},
        {"{\"alg\":\"RS256\"}", BANK_TOKEN_ALGORITHM},
        {"{\"alg\":\"es256\"}", BANK_TOKEN_ALGORITHM},
        {"{\"alg\":[\"ES256\"]}", BANK_TOKEN_ALGORITHM},
        {"{\"alg\":\"ES256\",\"crit\":[\"exp\"]}", BANK_TOKEN_ALGORITHM},
        {"{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}", BANK_TOKEN_ALGORITHM},
        {"{\"alg\":\"ES256\",\"kid\":7}", BANK_TOKEN_ALGORITHM},
        {"{\"alg\":\"none\",\"alg\":\"ES256\"}", BANK_TOKEN_MALFORMED},
        {"[\"alg\",\"ES256\"]", BANK_TOKEN_MALFORMED},
        {"\"ES256\"", BANK_TOKEN_MALFORMED},
        {"{\"alg\":\"ES256\"", BANK_TOKEN_MALFORMED},
        {"{\"alg\":\"ES256\",\"kid\":\"a\\u0000b\"}", BANK_TOKEN_MALFORMED},
        /* keys that come along are not looked at: ours sign */
        {"{\"alg\":\"ES256\",\"jku\":\"https://evil\",\"x5u\":\"https://evil\",\"jwk\":{}}",
         BANK_TOKEN_GOOD},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i)
        if (check(token_by(bank_key, cases[i].header, GOOD_CLAIMS)) != cases[i].verdict)
            fail_msg("%s", cases[i].header);
}

/* RFC 7519 4.1; the clock stands at 1800000000, the leeway is a minute. */
static void the_claims_must_be_for_us_and_for_now(void **state)
{
    (void)state;
    static const struct {
        const char *claims;
        enum bank_token_verdict verdict;
    } cases[] = {
        {GOOD_CLAIMS, BANK_TOKEN_GOOD},
        {"{\"iss\":\"https://bank\",\"aud\":[\"x\",\"dunlin\"],\"sub\":\"K\",\"exp\":1800000300}",
         BANK_TOKEN_GOOD},
        {"{\"iss\":\"https://bank\",\"aud\":[],\"sub\":\"K\",\"exp\":1800000300}",
         BANK_TOKEN_AUDIENCE},
        {"{\"iss\":\"https://bank\",\"aud\":\"dunlin2\",\"sub\":\"K\",\"exp\":1800000300}",
         BANK_TOKEN_AUDIENCE},
        {"{\"iss\":\"https://bank\",\"aud\":{\"dunlin\":1},\"sub\":\"K\",\"exp\":1800000300}",
         BANK_TOKEN_AUDIENCE},
        {"{\"iss\":\"https://bank\",\"sub\":\"K\",\"exp\":1800000300}", BANK_TOKEN_AUDIENCE},
        {"{\"iss\":\"https://bank/\",\"aud\":\"dunlin\",\"sub\":\"K\",\"exp\":1800000300}",
         BANK_TOKEN_ISSUER},
        {"{\"iss\":[\"https://bank\"],\"aud\":\"dunlin\",\"sub\":\"K\",\"exp\":1800000300}",
         BANK_TOKEN_ISSUER},
        {"{\"aud\":\"dunlin\",\"sub\":\"K\",\"exp\":1800000300}", BANK_TOKEN_ISSUER},
        {"{\"iss\":\"https://bank\",\"aud\":\"dunlin\",\"sub\":\"K\"}", BANK_TOKEN_EXPIRED},
        {"{\"iss\":\"https://bank\",\"aud\":\"dunlin\",\"sub\":\"K\",\"exp\":\"1800000300\"}",
         BANK_TOKEN_EXPIRED},
        {"{\"iss\":\"https://bank\",\"aud\":\"dunlin\",\"sub\":\"K\",\"exp\":1799999941}",
         BANK_TOKEN_GOOD},
        {"{\"iss\":\"https://bank\",\"aud\":\"dunlin\",\"sub\":\"K\",\"exp\":1799999940.5}",
         BANK_TOKEN_GOOD},
        {"{\"iss\":\"https://bank\",\"aud\":\"dunlin\",\"sub\":\"K\",\"exp\":1799999940}",
         BANK_TOKEN_EXPIRED},
        {"{\"iss\":\"https://bank\",\"aud\":\"dunlin\",\"sub\":\"K\",\"exp\":-1}",
         BANK_TOKEN_EXPIRED},
        {CLAIMS_OF(",\"nbf\":1800000060"), BANK_TOKEN_GOOD},
        {CLAIMS_OF(",\"nbf\":1800000061"), BANK_TOKEN_NOT_YET},
        {CLAIMS_OF(",\"nbf\":\"1\""), BANK_TOKEN_NOT_YET},
        {CLAIMS_OF(",\"iat\":1800000060"), BANK_TOKEN_GOOD},
        {CLAIMS_OF(",\"iat\":1800000061"), BANK_TOKEN_NOT_YET},
        {CLAIMS_OF(",\"iat\":true"), BANK_TOKEN_NOT_YET},
        {CLAIMS_OF(",\"sub\":\"K-2\""), BANK_TOKEN_MALFORMED}, /* sub stands twice */
        {CLAIMS_OF(",\"deep\":[[[[[[[[[[]]]]]]]]]]"), BANK_TOKEN_MALFORMED},
        {CLAIMS_OF(",\"n\":1e400"), BANK_TOKEN_MALFORMED},
        {"{\"iss\":\"https://bank\",\"aud\":\"dunlin\",\"exp\":1800000300}", BANK_TOKEN_CUSTOMER},
        {"{\"iss\":\"https://bank\",\"aud\":\"dunlin\",\"sub\":7,\"exp\":1800000300}",
         BANK_TOKEN_CUSTOMER},
        {"{\"iss\":\"https://bank\",\"aud\":\"dunlin\",\"sub\":\"\",\"exp\":1800000300}",
         BANK_TOKEN_CUSTOMER},
        {"{\"iss\":\"https://bank\",\"aud\":\"dunlin\",\"sub\":\"K\\n\",\"exp\":1800000300}",
         BANK_TOKEN_CUSTOMER},
        {"7", BANK_TOKEN_MALFORMED},
        {"", BANK_TOKEN_MALFORMED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i)
        if (check(token_by(bank_key, GOOD_HEADER, cases[i].claims)) != cases[i].verdict)
            fail_msg("%s", cases[i].claims);
}

static void the_customer_may_stand_in_another_claim(void **state)
{
    (void)state;
    struct bank_customer customer = {.len = 0};
    struct bank_token_rules other = rules;
    other.customer_claim = SPAN_LIT("https://bank/customer");
    const char *token =
        token_by(bank_key, GOOD_HEADER, CLAIMS_OF(",\"https://bank/customer\":\"R-9\""));
    assert_int_equal(bank_token_check(&other, keys, span_str(token),
                                      (struct instant){NOW * INT64_C(1000000)}, &customer),
                     BANK_TOKEN_GOOD);
    assert_true(span_is_str(span_of(customer.reference, customer.len), "R-9"));
}

static void a_stranger_cannot_sign(void **state)
{
    (void)state;
    const char *nameless = "{\"alg\":\"ES256\"}";
    assert_int_equal(check(token_by(other_key, nameless, GOOD_CLAIMS)), BANK_TOKEN_FORGED);
    /* nor under the name of a key that we might be told of */
    assert_int_equal(check(token_by(other_key, GOOD_HEADER, GOOD_CLAIMS)), BANK_TOKEN_KEY_UNKNOWN);
}

/* The oldest trick: HMAC with the public key, which everybody knows. */
static void a_mac_under_the_public_key_signs_nothing(void **state)
{
    (void)state;
    static const char *const headers[] = {"{\"alg\":\"HS256\"}", "{\"alg\":\"ES256\"}"};
    for (int i = 0; i < 2; ++i) {
        char token[1024];
        uint8_t mac[SHA256_LEN];
        size_t len = put(token, headers[i], strlen(headers[i]));
        token[len++] = '.';
        len += put(token + len, GOOD_CLAIMS, strlen(GOOD_CLAIMS));
        hmac_sha256(span_str(public_pem), span_of(token, len), mac);
        token[len++] = '.';
        len += put(token + len, mac, sizeof(mac));
        token[len] = '\0';
        assert_int_equal(check(token), i == 0 ? BANK_TOKEN_ALGORITHM : BANK_TOKEN_FORGED);
    }
}

static void a_key_nobody_told_us_of_is_unknown(void **state)
{
    (void)state;
    struct bank_customer customer;
    struct key_set *none = key_set_new(SIGNATURE_ES256);
    const char *token = token_by(bank_key, GOOD_HEADER, GOOD_CLAIMS);
    struct instant now = {NOW * INT64_C(1000000)};
    assert_int_equal(bank_token_check(&rules, none, span_str(token), now, &customer),
                     BANK_TOKEN_KEY_UNKNOWN);
    /* and nobody is asked for keys on behalf of a token that would be no good anyway */
    now.us += 3600 * INT64_C(1000000);
    assert_int_equal(bank_token_check(&rules, none, span_str(token), now, &customer),
                     BANK_TOKEN_EXPIRED);
    key_set_free(none);
}

static void each_octet_of_a_token_counts(void **state)
{
    (void)state;
    char token[1024];
    snprintf(token, sizeof(token), "%s", token_by(bank_key, GOOD_HEADER, GOOD_CLAIMS));
    for (size_t i = 0; token[i] != '\0'; ++i) {
        char was = token[i];
        token[i] = was == 'A' ? 'B' : 'A';
        assert_int_not_equal(check(token), BANK_TOKEN_GOOD);
        token[i] = '\0'; /* cut short */
        assert_int_not_equal(check(token), BANK_TOKEN_GOOD);
        token[i] = was;
    }
    assert_int_equal(check(token), BANK_TOKEN_GOOD);
}

static void what_is_no_token_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",      ".",        "..",      "...",
                                        "a.b.c", "a.b",      "a.b.c.d", "e30",
                                        "e30.",  "e30.e30.", ".e30.",   "e30.e30.!!"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); ++i)
        assert_int_equal(check(texts[i]), BANK_TOKEN_MALFORMED);
    char long_claims[BANK_TOKEN_MAX];
    memset(long_claims, 'x', sizeof(long_claims));
    memcpy(long_claims, "{\"x\":\"", 6);
    strcpy(long_claims + sizeof(long_claims) - 3, "\"}");
    assert_int_equal(check(token_by(bank_key, GOOD_HEADER, long_claims)), BANK_TOKEN_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_token_names_the_customer),
        cmocka_unit_test(the_header_must_say_what_the_settings_say),
        cmocka_unit_test(the_claims_must_be_for_us_and_for_now),
        cmocka_unit_test(the_customer_may_stand_in_another_claim),
        cmocka_unit_test(a_stranger_cannot_sign),
        cmocka_unit_test(a_mac_under_the_public_key_signs_nothing),
        cmocka_unit_test(a_key_nobody_told_us_of_is_unknown),
        cmocka_unit_test(each_octet_of_a_token_counts),
        cmocka_unit_test(what_is_no_token_is_refused),
    };
    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}

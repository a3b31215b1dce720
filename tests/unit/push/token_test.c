#include "push/token.h"

#include "base/crypto.h"
#include "base/json.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

/* Keys are made anew in each run; signatures are checked by OpenSSL itself. */

static char p256_pem[1024], p384_pem[1024], sec1_pem[1024], rsa_pem[4096], locked_pem[4096];
static EVP_PKEY *p256, *rsa;

static void print_key(EVP_PKEY *key, const EVP_CIPHER *cipher, char *out, size_t room)
{
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(
        PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, "secret", cipher ? 6 : 0, NULL, NULL), 1);
    int len = BIO_read(bio, out, (int)room - 1);
    out[len] = 0;
    BIO_free(bio);
}

static int make_keys(void **state)
{
    (void)state;
    p256 = EVP_EC_gen("P-256");
    rsa = EVP_RSA_gen(2048);
    EVP_PKEY *p384 = EVP_EC_gen("P-384");
    print_key(p256, NULL, p256_pem, sizeof(p256_pem));
    print_key(p384, NULL, p384_pem, sizeof(p384_pem));
    print_key(rsa, NULL, rsa_pem, sizeof(rsa_pem));
    print_key(p256, EVP_aes_128_cbc(), locked_pem, sizeof(locked_pem));
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey_traditional(bio, p256, NULL, NULL, 0, NULL, NULL);
    sec1_pem[BIO_read(bio, sec1_pem, sizeof(sec1_pem) - 1)] = 0;
    BIO_free(bio);
    EVP_PKEY_free(p384);
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    EVP_PKEY_free(p256);
    EVP_PKEY_free(rsa);
    return 0;
}

/* ---- reading a JWT ---- */

struct jwt_parts {
    json_t *header, *claims;
    uint8_t signature[512];
    size_t signature_len;
    struct span signed_text;
};

static json_t *part(struct span text)
{
    uint8_t bytes[2048];
    struct err err;
    long len = base64url_parse(text, bytes, sizeof(bytes));
    assert_true(len > 0);
    json_t *json =
        json_load(span_of((char *)bytes, (size_t)len), (struct json_limits){2048, 4}, &err);
    assert_non_null(json);
    return json;
}

static struct jwt_parts read_jwt(struct span jwt)
{
    struct jwt_parts parts;
    const char *first = memchr(jwt.base, '.', jwt.len);
    const char *second = memchr(first + 1, '.', jwt.len - (size_t)(first + 1 - jwt.base));
    parts.header = part(span_of(jwt.base, (size_t)(first - jwt.base)));
    parts.claims = part(span_of(first + 1, (size_t)(second - first - 1)));
    parts.signed_text = span_of(jwt.base, (size_t)(second - jwt.base));
    long len = base64url_parse(span_from(jwt, (size_t)(second + 1 - jwt.base)), parts.signature,
                               sizeof(parts.signature));
    assert_true(len > 0);
    parts.signature_len = (size_t)len;
    return parts;
}

static void release(struct jwt_parts *parts)
{
    json_decref(parts->header);
    json_decref(parts->claims);
}

static const char *word(const json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}

static bool is_signed(EVP_PKEY *key, const uint8_t *signature, size_t len, struct span text)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key);
    int good = EVP_DigestVerify(md, signature, len, (const uint8_t *)text.base, text.len);
    EVP_MD_CTX_free(md);
    return good == 1;
}

/* RFC 7518 3.4: r and s, 32 octets each; OpenSSL wants them in DER. */
static bool is_signed_es256(const struct jwt_parts *parts)
{
    uint8_t der[128], *at = der;
    if (parts->signature_len != 64)
        return false;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    ECDSA_SIG_set0(sig, BN_bin2bn(parts->signature, 32, NULL),
                   BN_bin2bn(parts->signature + 32, 32, NULL));
    int len = i2d_ECDSA_SIG(sig, &at);
    ECDSA_SIG_free(sig);
    return is_signed(p256, der, (size_t)len, parts->signed_text);
}

/* ---- keys ---- */

static void only_a_p256_key_in_pkcs8_is_taken(void **state)
{
    (void)state;
    struct err err;
    assert_int_equal(token_check_p256(span_str(p256_pem), &err), 0);
    const char *bad[] = {p384_pem,
                         sec1_pem,
                         rsa_pem,
                         locked_pem,
                         "",
                         "nonsense",
                         "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"};
    const char *why[] = {"P-256", "PKCS#8", "P-256", "PKCS#8", "PKCS#8", "PKCS#8", "damaged"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); ++i) {
        assert_int_equal(token_check_p256(span_str(bad[i]), &err), ERR_SETTINGS);
        assert_non_null(strstr(err.text, why[i]));
    }
}

/* ---- APNs ---- */

static void an_apns_token_names_key_team_and_time_and_is_signed(void **state)
{
    (void)state;
    struct apns_token token;
    apns_token_init(&token, span_str(p256_pem), SPAN_LIT("ABC123DEFG"), SPAN_LIT("DEF123GHIJ"));
    struct span value = apns_token_get(&token, 1437179036);
    assert_true(span_starts(value, SPAN_LIT("bearer ")));
    struct jwt_parts jwt = read_jwt(span_from(value, 7));
    assert_string_equal(word(jwt.header, "alg"), "ES256");
    assert_string_equal(word(jwt.header, "kid"), "ABC123DEFG");
    assert_string_equal(word(jwt.claims, "iss"), "DEF123GHIJ");
    assert_int_equal(json_integer_value(json_object_get(jwt.claims, "iat")), 1437179036);
    assert_int_equal(json_object_size(jwt.claims), 2); /* no exp, aud or sub */
    assert_true(is_signed_es256(&jwt));
    release(&jwt);
    apns_token_release(&token);
}

static void one_token_serves_until_47_minutes_whatever_the_load(void **state)
{
    (void)state;
    struct apns_token token;
    apns_token_init(&token, span_str(p256_pem), SPAN_LIT("ABC123DEFG"), SPAN_LIT("DEF123GHIJ"));
    for (int64_t age = 0; age < 47 * 60; ++age)
        apns_token_get(&token, 1000000 + age);
    assert_int_equal(apns_token_generation(&token), 1);
    apns_token_get(&token, 1000000 + 47 * 60);
    assert_int_equal(apns_token_generation(&token), 2);
    apns_token_release(&token);
}

static void a_token_refused_as_expired_is_renewed_only_from_20_minutes_on(void **state)
{
    (void)state;
    struct apns_token token;
    apns_token_init(&token, span_str(p256_pem), SPAN_LIT("ABC123DEFG"), SPAN_LIT("DEF123GHIJ"));
    apns_token_get(&token, 1000000);
    assert_false(apns_token_expired(&token, 1, 1000000 + 20 * 60 - 1));
    assert_int_equal(apns_token_generation(&token), 1);
    assert_true(apns_token_expired(&token, 1, 1000000 + 20 * 60));
    apns_token_get(&token, 1000000 + 20 * 60);
    assert_int_equal(apns_token_generation(&token), 2);
    /* a hundred more pushes of the old one come back: no reason to mint again */
    assert_true(apns_token_expired(&token, 1, 1000000 + 20 * 60 + 1));
    apns_token_get(&token, 1000000 + 20 * 60 + 1);
    assert_int_equal(apns_token_generation(&token), 2);
    apns_token_release(&token);
}

static void a_clock_set_back_makes_a_new_token(void **state)
{
    (void)state;
    struct apns_token token;
    apns_token_init(&token, span_str(p256_pem), SPAN_LIT("ABC123DEFG"), SPAN_LIT("DEF123GHIJ"));
    apns_token_get(&token, 1000000);
    apns_token_get(&token, 1000000 - 60); /* a hair's breadth is none */
    assert_int_equal(apns_token_generation(&token), 1);
    apns_token_get(&token, 1000000 - 3600);
    assert_int_equal(apns_token_generation(&token), 2);
    apns_token_release(&token);
}

/* ---- FCM ---- */

static char *account_json(const char *without)
{
    json_t *json = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "type", "service_account", "client_email",
                             "push@bank.iam.gserviceaccount.com", "private_key", rsa_pem,
                             "private_key_id", "0f1e2d", "project_id", "bank-app", "token_uri",
                             "https://oauth2.googleapis.com/token");
    if (without != NULL)
        json_object_del(json, without);
    char *text = json_dumps(json, 0);
    json_decref(json);
    return text;
}

static void a_service_account_without_a_field_is_refused_by_its_name(void **state)
{
    (void)state;
    const char *fields[] = {"client_email", "private_key", "private_key_id", "project_id",
                            "token_uri"};
    for (size_t i = 0; i < 5; ++i) {
        struct fcm_account account;
        struct err err;
        char *text = account_json(fields[i]);
        assert_int_equal(fcm_account_parse(&account, span_str(text), &err), ERR_SETTINGS);
        assert_non_null(strstr(err.text, fields[i]));
        free(text);
    }
    struct fcm_account account;
    struct err err;
    assert_int_equal(fcm_account_parse(&account, SPAN_LIT("no json"), &err), ERR_SETTINGS);
    assert_int_equal(fcm_account_parse(&account, SPAN_LIT("[]"), &err), ERR_SETTINGS);
}

static void an_assertion_is_for_an_hour_and_signed_by_the_account(void **state)
{
    (void)state;
    struct fcm_account account;
    struct err err;
    char *text = account_json(NULL);
    assert_int_equal(fcm_account_parse(&account, span_str(text), &err), 0);
    char *assertion = fcm_assertion_sign(&account, 1700000000);
    struct jwt_parts jwt = read_jwt(span_str(assertion));
    assert_string_equal(word(jwt.header, "alg"), "RS256");
    assert_string_equal(word(jwt.header, "kid"), "0f1e2d");
    assert_string_equal(word(jwt.claims, "iss"), "push@bank.iam.gserviceaccount.com");
    assert_string_equal(word(jwt.claims, "aud"), "https://oauth2.googleapis.com/token");
    assert_string_equal(word(jwt.claims, "scope"),
                        "https://www.googleapis.com/auth/firebase.messaging");
    assert_int_equal(json_integer_value(json_object_get(jwt.claims, "iat")), 1700000000);
    assert_int_equal(json_integer_value(json_object_get(jwt.claims, "exp")), 1700003600);
    assert_true(is_signed(rsa, jwt.signature, jwt.signature_len, jwt.signed_text));
    release(&jwt);
    free(assertion);
    free(text);
    fcm_account_release(&account);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_p256_key_in_pkcs8_is_taken),
        cmocka_unit_test(an_apns_token_names_key_team_and_time_and_is_signed),
        cmocka_unit_test(one_token_serves_until_47_minutes_whatever_the_load),
        cmocka_unit_test(a_token_refused_as_expired_is_renewed_only_from_20_minutes_on),
        cmocka_unit_test(a_clock_set_back_makes_a_new_token),
        cmocka_unit_test(a_service_account_without_a_field_is_refused_by_its_name),
        cmocka_unit_test(an_assertion_is_for_an_hour_and_signed_by_the_account),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}

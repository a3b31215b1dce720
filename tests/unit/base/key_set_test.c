#include "base/key_set.h"

#include "base/crypto.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* RFC 7515 A.3.1 and A.2.1: keys, and the tokens signed with them. */
#define EC_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define EC_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define EC_MEMBERS "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\""
#define RSA_N                                                                                      \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4" \
    "d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5re" \
    "xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxX" \
    "FvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define RSA_MEMBERS "\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\""
#define CLAIMS                                                                                     \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl" \
    "fQ"
#define ES256_TEXT "eyJhbGciOiJFUzI1NiJ9." CLAIMS
#define ES256_SIGNATURE                                                                            \
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#define RS256_TEXT "eyJhbGciOiJSUzI1NiJ9." CLAIMS
#define RS256_SIGNATURE                                                                            \
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5" \
    "jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb" \
    "1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QO" \
    "YEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"

static enum key_verdict verify(const struct key_set *set, const char *id, const char *text,
                               const char *signature)
{
    uint8_t bytes[512];
    long len = base64url_parse(span_str(signature), bytes, sizeof(bytes));
    assert_true(len > 0);
    return key_set_verify(set, span_str(id), span_str(text),
                          span_of((const char *)bytes, (size_t)len));
}

static struct key_set *set_of(enum signature_algorithm algorithm, const char *text)
{
    struct err err = {0};
    struct key_set *set = key_set_new(algorithm);
    if (key_set_add(set, span_str(text), &err) != 0)
        fail_msg("%s", err.text);
    return set;
}

static void the_signatures_of_the_rfc_are_good(void **state)
{
    (void)state;
    struct key_set *ec = set_of(SIGNATURE_ES256, "{\"keys\":[{" EC_MEMBERS ",\"kid\":\"a\"}]}");
    struct key_set *rsa = set_of(SIGNATURE_RS256, " \n{\"keys\":[{" RSA_MEMBERS "}]}");
    assert_int_equal(verify(ec, "a", ES256_TEXT, ES256_SIGNATURE), KEY_SIGNED);
    assert_int_equal(verify(rsa, NULL, RS256_TEXT, RS256_SIGNATURE), KEY_SIGNED);
    assert_int_equal(verify(ec, "a", ES256_TEXT "x", ES256_SIGNATURE), KEY_NOT_SIGNED);
    assert_int_equal(verify(rsa, NULL, RS256_TEXT "x", RS256_SIGNATURE), KEY_NOT_SIGNED);
    assert_int_equal(verify(ec, "a", RS256_TEXT, RS256_SIGNATURE), KEY_NOT_SIGNED);
    assert_int_equal(verify(rsa, NULL, ES256_TEXT, ES256_SIGNATURE), KEY_NOT_SIGNED);
    key_set_free(ec);
    key_set_free(rsa);
}

/* CVE-2022-21449: r and s of nothing sign everything, where nobody looks. */
static void a_signature_of_zeroes_signs_nothing(void **state)
{
    (void)state;
    static const char zeroes[64];
    struct key_set *ec = set_of(SIGNATURE_ES256, "{\"keys\":[{" EC_MEMBERS "}]}");
    for (size_t len = 0; len <= 64; len += 32)
        assert_int_equal(
            key_set_verify(ec, (struct span){NULL, 0}, SPAN_LIT(ES256_TEXT), span_of(zeroes, len)),
            KEY_NOT_SIGNED);
    key_set_free(ec);
}

static void a_pss_signature_is_good_under_ps256_alone(void **state)
{
    (void)state;
    uint8_t signature[256];
    size_t len = sizeof(signature);
    EVP_PKEY *key = EVP_RSA_gen(2048);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *details;
    BIO *pem = BIO_new(BIO_s_mem());
    char *text;
    assert_int_equal(EVP_DigestSignInit(context, &details, EVP_sha256(), NULL, key), 1);
    EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(details, 32); /* RFC 7518 3.5 */
    assert_int_equal(EVP_DigestSign(context, signature, &len, (const uint8_t *)"text", 4), 1);
    PEM_write_bio_PUBKEY(pem, key);
    long text_len = BIO_get_mem_data(pem, &text);
    for (int algorithm = SIGNATURE_RS256; algorithm <= SIGNATURE_PS256; ++algorithm) {
        struct err err = {0};
        struct key_set *set = key_set_new((enum signature_algorithm)algorithm);
        assert_int_equal(key_set_add(set, span_of(text, (size_t)text_len), &err), 0);
        assert_int_equal(key_set_verify(set, (struct span){NULL, 0}, SPAN_LIT("text"),
                                        span_of((const char *)signature, len)),
                         algorithm == SIGNATURE_PS256 ? KEY_SIGNED : KEY_NOT_SIGNED);
        key_set_free(set);
    }
    BIO_free(pem);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
}

/* RFC 7517 4 and 5: what does not fit is passed over, what is left is taken. */
static void a_set_gives_the_keys_that_fit(void **state)
{
    (void)state;
    static const struct {
        const char *keys;
        size_t es256, rs256;
    } cases[] = {
        {"{" EC_MEMBERS "}", 1, 0},
        {"{" RSA_MEMBERS "}", 0, 1},
        {"{" EC_MEMBERS "},{" RSA_MEMBERS "}", 1, 1},
        {"{" EC_MEMBERS ",\"use\":\"sig\"}", 1, 0},
        {"{" EC_MEMBERS ",\"use\":\"enc\"}", 0, 0},
        {"{" EC_MEMBERS ",\"use\":7}", 0, 0},
        {"{" EC_MEMBERS ",\"alg\":\"ES256\"}", 1, 0},
        {"{" EC_MEMBERS ",\"alg\":\"none\"}", 0, 0},
        {"{" RSA_MEMBERS ",\"alg\":\"RSA-OAEP\"}", 0, 0},
        {"{" EC_MEMBERS ",\"key_ops\":[\"verify\"]}", 1, 0},
        {"{" EC_MEMBERS ",\"key_ops\":[\"encrypt\"]}", 0, 0},
        {"{\"kty\":\"oct\",\"k\":\"AAAA\"},{" EC_MEMBERS "}", 1, 0},
        {"null,7,\"x\",[],{" EC_MEMBERS "}", 1, 0},
        /* a point beside the curve, one too short, one too long, another curve */
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_X "\"}", 0, 0},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\"}", 0, 0},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "AAAA\",\"y\":\"" EC_Y "\"}", 0, 0},
        {"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}", 0, 0},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":7}", 0, 0},
        /* RSA: too small, exponents of 1, of an even number and of 72 bits */
        {"{\"kty\":\"RSA\",\"n\":\"" EC_X "\",\"e\":\"AQAB\"}", 0, 0},
        {"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQ\"}", 0, 0},
        {"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAA\"}", 0, 0},
        {"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQEBAQEBAQEB\"}", 0, 0},
        {"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\"}", 0, 0},
        {"", 0, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        char text[4096];
        snprintf(text, sizeof(text), "{\"keys\":[%s]}", cases[i].keys);
        for (int algorithm = SIGNATURE_ES256; algorithm <= SIGNATURE_RS256; ++algorithm) {
            struct err err = {0};
            struct key_set *set = key_set_new((enum signature_algorithm)algorithm);
            size_t expected = algorithm == SIGNATURE_ES256 ? cases[i].es256 : cases[i].rs256;
            int code = key_set_add(set, span_str(text), &err);
            if (key_set_count(set) != expected || (code == 0) != (expected != 0))
                fail_msg("%s: %zu keys, %d", text, key_set_count(set), code);
            key_set_free(set);
        }
    }
}

static void what_is_no_set_is_refused_in_words(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "{",
        "{}",
        "[]",
        "{\"keys\":7}",
        "{\"keys\":[],\"keys\":[]}",
        "<html>{}</html>",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "{\"keys\":[{}]}"};
    struct key_set *set = key_set_new(SIGNATURE_ES256);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); ++i) {
        struct err err = {0};
        assert_int_equal(key_set_add(set, span_str(texts[i]), &err), ERR_INPUT);
        assert_true(strlen(err.text) > 5);
        assert_int_equal(key_set_count(set), 0);
    }
    key_set_free(set);
}

static void a_set_is_bounded(void **state)
{
    (void)state;
    struct err err = {0};
    size_t room = KEY_SET_BYTES_MAX + 100;
    char *text = malloc(room);
    assert_non_null(text);
    for (int count = KEY_SET_MAX; count <= KEY_SET_MAX + 1; ++count) {
        size_t len = (size_t)sprintf(text, "{\"keys\":[");
        for (int i = 0; i < count; ++i)
            len += (size_t)sprintf(text + len, "%s{" EC_MEMBERS "}", i == 0 ? "" : ",");
        strcpy(text + len, "]}");
        struct key_set *set = key_set_new(SIGNATURE_ES256);
        assert_int_equal(key_set_add(set, span_str(text), &err),
                         count == KEY_SET_MAX ? 0 : ERR_INPUT);
        assert_int_equal(key_set_count(set), count == KEY_SET_MAX ? KEY_SET_MAX : 0);
        key_set_free(set);
    }
    memset(text, ' ', room);
    memcpy(text, "{\"keys\":[{" EC_MEMBERS "}]}", strlen("{\"keys\":[{" EC_MEMBERS "}]}"));
    struct key_set *set = key_set_new(SIGNATURE_ES256);
    assert_int_equal(key_set_add(set, span_of(text, room), &err), ERR_INPUT);
    key_set_free(set);
    free(text);
}

static void keys_are_chosen_by_their_id(void **state)
{
    (void)state;
    struct key_set *named = set_of(SIGNATURE_ES256, "{\"keys\":[{" EC_MEMBERS ",\"kid\":\"a\"}]}");
    struct key_set *nameless = set_of(SIGNATURE_ES256, "{\"keys\":[{" EC_MEMBERS "}]}");
    struct key_set *none = key_set_new(SIGNATURE_ES256);
    assert_int_equal(verify(named, "a", ES256_TEXT, ES256_SIGNATURE), KEY_SIGNED);
    assert_int_equal(verify(named, "b", ES256_TEXT, ES256_SIGNATURE), KEY_UNKNOWN);
    assert_int_equal(verify(named, "", ES256_TEXT, ES256_SIGNATURE), KEY_UNKNOWN);
    assert_int_equal(verify(named, NULL, ES256_TEXT, ES256_SIGNATURE), KEY_SIGNED);
    assert_int_equal(verify(nameless, "b", ES256_TEXT, ES256_SIGNATURE), KEY_SIGNED);
    assert_int_equal(verify(none, NULL, ES256_TEXT, ES256_SIGNATURE), KEY_UNKNOWN);
    /* another key's signature: by the key "b" that we lack, for all we know */
    assert_int_equal(verify(nameless, "b", ES256_TEXT "x", ES256_SIGNATURE), KEY_UNKNOWN);
    assert_int_equal(verify(nameless, NULL, ES256_TEXT "x", ES256_SIGNATURE), KEY_NOT_SIGNED);
    key_set_add_all(none, named);
    assert_int_equal(verify(none, "a", ES256_TEXT, ES256_SIGNATURE), KEY_SIGNED);
    key_set_free(named);
    assert_int_equal(verify(none, "a", ES256_TEXT, ES256_SIGNATURE), KEY_SIGNED);
    key_set_free(nameless);
    key_set_free(none);
}

static char *pem_of(EVP_PKEY *key, bool is_private)
{
    char *bytes;
    BIO *pem = BIO_new(BIO_s_mem());
    if (is_private)
        PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL);
    else
        PEM_write_bio_PUBKEY(pem, key);
    long len = BIO_get_mem_data(pem, &bytes);
    char *text = strndup(bytes, (size_t)len);
    BIO_free(pem);
    return text;
}

static void pem_files_hold_public_keys_that_fit_and_no_private_one(void **state)
{
    (void)state;
    static const struct {
        const char *group;
        bool is_private;
        int code;
    } cases[] = {{"P-256", false, 0},
                 {"P-256", true, ERR_INPUT},
                 {"P-384", false, ERR_INPUT},
                 {"secp256k1", false, ERR_INPUT}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct err err = {0};
        EVP_PKEY *key = EVP_EC_gen(cases[i].group);
        char *text = pem_of(key, cases[i].is_private);
        struct key_set *set = key_set_new(SIGNATURE_ES256);
        assert_int_equal(key_set_add(set, span_str(text), &err), cases[i].code);
        assert_int_equal(key_set_count(set), cases[i].code == 0);
        key_set_free(set);
        free(text);
        EVP_PKEY_free(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signatures_of_the_rfc_are_good),
        cmocka_unit_test(a_signature_of_zeroes_signs_nothing),
        cmocka_unit_test(a_pss_signature_is_good_under_ps256_alone),
        cmocka_unit_test(a_set_gives_the_keys_that_fit),
        cmocka_unit_test(what_is_no_set_is_refused_in_words),
        cmocka_unit_test(a_set_is_bounded),
        cmocka_unit_test(keys_are_chosen_by_their_id),
        cmocka_unit_test(pem_files_hold_public_keys_that_fit_and_no_private_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* FIPS 180-2, appendix B.1 and B.2, however the message is cut. */
static void sha256_of_parts_is_that_of_the_whole(void **state)
{
    (void)state;
    uint8_t digest[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];
    const struct span abc[] = {SPAN_LIT("a"), {0}, SPAN_LIT("bc")};
    sha256_spans(abc, 3, digest);
    hex_print(digest, sizeof(digest), hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const struct span longer[] = {SPAN_LIT("abcdbcdecdefdefgefghfghighijhi"),
                                  SPAN_LIT("jkijkljklmklmnlmnomnopnopq")};
    sha256_spans(longer, 2, digest);
    hex_print(digest, sizeof(digest), hex);
    assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* RFC 1321, appendix A.5, and FIPS 180-2, appendices B.1, D.1 and C.1, however the message is cut.
 */
static void digests_of_parts_give_the_published_values(void **state)
{
    (void)state;
    static const struct {
        enum digest kind;
        const char *hex;
    } rows[] = {
        {DIGEST_MD5, "900150983cd24fb0d6963f7d28e17f72"},
        {DIGEST_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {DIGEST_SHA384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                        "8086072ba1e7cc2358baeca134c825a7"},
        {DIGEST_SHA512, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    };
    const struct span parts[] = {SPAN_LIT("a"), {0}, SPAN_LIT("bc")};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        uint8_t digest[DIGEST_LEN_MAX];
        char hex[2 * DIGEST_LEN_MAX + 1];
        hex_print(digest, digest_spans(rows[i].kind, parts, 3, digest), hex);
        assert_string_equal(hex, rows[i].hex);
    }
}

/* RFC 4231, test case 2. */
static void hmac_sha256_gives_the_rfc_value(void **state)
{
    (void)state;
    uint8_t mac[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];
    hmac_sha256(SPAN_LIT("Jefe"), SPAN_LIT("what do ya want for nothing?"), mac);
    hex_print(mac, sizeof(mac), hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

/* RFC 4231, test cases 1, 2 and 6 (a key longer than a block). */
static void hmac_key_gives_the_rfc_values(void **state)
{
    (void)state;
    char twenty[20], long_key[131];
    memset(twenty, 0x0b, sizeof(twenty));
    memset(long_key, 0xaa, sizeof(long_key));
    const struct {
        struct span key, message;
        const char *mac;
    } rows[] = {
        {span_of(twenty, 20), SPAN_LIT("Hi There"),
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {SPAN_LIT("Jefe"), SPAN_LIT("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {span_of(long_key, 131), SPAN_LIT("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct hmac_key k;
        uint8_t mac[SHA256_LEN];
        char hex[2 * SHA256_LEN + 1];
        hmac_key_init(&k, rows[i].key);
        hmac_key_sign(&k, rows[i].message, mac);
        hex_print(mac, sizeof(mac), hex);
        assert_string_equal(hex, rows[i].mac);
    }
}

/* RFC 4648, section 10. */
/* RFC 8032, 7.1, tests 1 and 2. */
static void ed25519_verifies_the_rfc_signatures_and_no_others(void **state)
{
    (void)state;
    static const struct {
        const char *key, *signature;
        struct span message;
    } rows[] = {
        {"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
         "cf9b4"
         "6bd25bf5f0595bbe24655141438e7a100b",
         {"", 0}},
        {"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d"
         "0f11d"
         "8c387b2eaeb4302aeeb00d291612bb0c00",
         {"\x72", 1}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        uint8_t key[ED25519_KEY_LEN], signature[ED25519_SIGNATURE_LEN];
        assert_true(hex_parse(span_str(rows[i].key), key, sizeof(key)));
        assert_true(hex_parse(span_str(rows[i].signature), signature, sizeof(signature)));
        assert_true(ed25519_verify(key, rows[i].message, signature));
        assert_false(ed25519_verify(key, SPAN_LIT("x"), signature));
        signature[0] ^= 1;
        assert_false(ed25519_verify(key, rows[i].message, signature));
        memset(key, 0xff, sizeof(key)); /* no point of the curve */
        assert_false(ed25519_verify(key, rows[i].message, signature));
    }
}

static void base64_gives_the_rfc_values_and_reads_them_back(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char text[16];
        uint8_t back[16];
        base64_print(span_str(rows[i][0]), text);
        assert_string_equal(text, rows[i][1]);
        assert_int_equal(base64_parse(span_str(text), back, sizeof(back)), strlen(rows[i][0]));
        assert_memory_equal(back, rows[i][0], strlen(rows[i][0]));
    }
}

static void base64_refuses_what_is_not_canonical(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "Zg", "Zg=", "Zh==", "Z===", "Zm9v\n", "Zm 9v", "Zm9-", "===="};
    uint8_t back[16];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        assert_int_equal(base64_parse(span_str(rows[i]), back, sizeof(back)), -1);
}

/* Every digit, and every byte that is none, in both alphabets. */
static void base64_knows_its_digits(void **state)
{
    (void)state;
    static const char common[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    static const struct {
        const char *last;
        long (*parse)(struct span, uint8_t *, size_t);
        size_t (*print)(struct span, char *);
    } rows[] = {{"+/", base64_parse, base64_print}, {"-_", base64url_parse, base64url_print}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char all[65], again[65];
        uint8_t bytes[48];
        snprintf(all, sizeof(all), "%s%s", common, rows[i].last);
        assert_int_equal(rows[i].parse(span_str(all), bytes, sizeof(bytes)), 48);
        assert_memory_equal(bytes, "\x00\x10\x83\x10\x51\x87", 6);
        rows[i].print(span_of((const char *)bytes, 48), again);
        assert_string_equal(again, all);
        for (int c = 0; c < 256; ++c) {
            char text[4] = {'A', 'A', (char)c, 'A'};
            bool is_digit = c != 0 && strchr(all, c) != NULL;
            assert_int_equal(rows[i].parse(span_of(text, 4), bytes, sizeof(bytes)),
                             is_digit ? 3 : -1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_parts_is_that_of_the_whole),
        cmocka_unit_test(digests_of_parts_give_the_published_values),
        cmocka_unit_test(hmac_sha256_gives_the_rfc_value),
        cmocka_unit_test(hmac_key_gives_the_rfc_values),
        cmocka_unit_test(ed25519_verifies_the_rfc_signatures_and_no_others),
        cmocka_unit_test(base64_gives_the_rfc_values_and_reads_them_back),
        cmocka_unit_test(base64_refuses_what_is_not_canonical),
        cmocka_unit_test(base64_knows_its_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

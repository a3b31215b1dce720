#include "provider/standard_webhooks.h"

#include "unit/provider/callback_peer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define GOOD "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define V1A_VALUE                                                                                  \
    "fldxM4gAKugP6nnt1hdz3sgGfZ6d99nzrMFnZOELIxbzEHoVmAb2ADpkJK7zgPePmPsle0zV9jSeGlHFG2NVAw=="
#define V1A "v1a," V1A_VALUE
#define BODY "{\"test\": 2432232314}"
#define OTHER "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

struct row {
    const char *says;
    const char *secret, *older_secret;
    const char *id, *time, *signature, *body;
    int64_t now_s;
    enum callback_verdict verdict;
};

#define NOW 1614265330
/* The first row is the published vector; each other row changes one thing of it. */
static const struct row rows[] = {
    {"published", PEER_SECRET, "", PEER_ID, PEER_TIME, GOOD, BODY, NOW, CALLBACK_GENUINE},
    {"without prefix", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "", PEER_ID, PEER_TIME, GOOD, BODY, NOW,
     CALLBACK_GENUINE},
    {"older secret during a roll", OTHER, PEER_SECRET, PEER_ID, PEER_TIME, GOOD, BODY, NOW,
     CALLBACK_GENUINE},
    {"two signatures, one right", PEER_SECRET, "", PEER_ID, PEER_TIME,
     "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= " GOOD, BODY, NOW, CALLBACK_GENUINE},
    {"other versions beside it", PEER_SECRET, "", PEER_ID, PEER_TIME, V1A " v2,xyz " GOOD, BODY,
     NOW, CALLBACK_GENUINE},
    {"300 s old", PEER_SECRET, "", PEER_ID, PEER_TIME, GOOD, BODY, NOW + 300, CALLBACK_GENUINE},
    {"300 s ahead", PEER_SECRET, "", PEER_ID, PEER_TIME, GOOD, BODY, NOW - 300, CALLBACK_GENUINE},
    {"301 s old", PEER_SECRET, "", PEER_ID, PEER_TIME, GOOD, BODY, NOW + 301, CALLBACK_STALE},
    {"301 s ahead", PEER_SECRET, "", PEER_ID, PEER_TIME, GOOD, BODY, NOW - 301, CALLBACK_STALE},
    {"4 days old", PEER_SECRET, "", PEER_ID, PEER_TIME, GOOD, BODY, NOW + 345600, CALLBACK_STALE},
    {"other secret", OTHER, "", PEER_ID, PEER_TIME, GOOD, BODY, NOW, CALLBACK_FORGED},
    {"no secret at all", "", "", PEER_ID, PEER_TIME, GOOD, BODY, NOW, CALLBACK_FORGED},
    {"secret too short", "whsec_AAAA", "", PEER_ID, PEER_TIME, GOOD, BODY, NOW, CALLBACK_FORGED},
    {"body with a blank more", PEER_SECRET, "", PEER_ID, PEER_TIME, GOOD, BODY " ", NOW,
     CALLBACK_FORGED},
    {"empty body", PEER_SECRET, "", PEER_ID, PEER_TIME, GOOD, "", NOW, CALLBACK_FORGED},
    {"other id", PEER_SECRET, "", "msg_x", PEER_TIME, GOOD, BODY, NOW, CALLBACK_FORGED},
    {"other time", PEER_SECRET, "", PEER_ID, "1614265331", GOOD, BODY, NOW, CALLBACK_FORGED},
    {"letters behind the time", PEER_SECRET, "", PEER_ID, PEER_TIME "abc", GOOD, BODY, NOW,
     CALLBACK_FORGED},
    {"plus before the time", PEER_SECRET, "", PEER_ID, "+" PEER_TIME, GOOD, BODY, NOW,
     CALLBACK_FORGED},
    {"blank before the time", PEER_SECRET, "", PEER_ID, " " PEER_TIME, GOOD, BODY, NOW,
     CALLBACK_FORGED},
    {"zero before the time", PEER_SECRET, "", PEER_ID, "0" PEER_TIME, GOOD, BODY, NOW,
     CALLBACK_FORGED},
    {"time beyond 64 bits", PEER_SECRET, "", PEER_ID, "99999999999999999999", GOOD, BODY, NOW,
     CALLBACK_FORGED},
    {"no id", PEER_SECRET, "", NULL, PEER_TIME, GOOD, BODY, NOW, CALLBACK_FORGED},
    {"no time", PEER_SECRET, "", PEER_ID, NULL, GOOD, BODY, NOW, CALLBACK_FORGED},
    {"no signature", PEER_SECRET, "", PEER_ID, PEER_TIME, NULL, BODY, NOW, CALLBACK_FORGED},
    {"empty signature", PEER_SECRET, "", PEER_ID, PEER_TIME, "", BODY, NOW, CALLBACK_FORGED},
    {"no version", PEER_SECRET, "", PEER_ID, PEER_TIME,
     "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", BODY, NOW, CALLBACK_FORGED},
    {"v1 value as v1a", PEER_SECRET, "", PEER_ID, PEER_TIME,
     "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", BODY, NOW, CALLBACK_FORGED},
    {"no padding", PEER_SECRET, "", PEER_ID, PEER_TIME,
     "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE", BODY, NOW, CALLBACK_FORGED},
    {"commas between signatures", PEER_SECRET, "", PEER_ID, PEER_TIME, GOOD "," GOOD, BODY, NOW,
     CALLBACK_FORGED},
};

static void every_row_gets_its_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        const struct row *row = &rows[i];
        struct peer peer = peer_of(row->id, row->time, row->signature);
        struct callback_headers headers = peer_headers(&peer);
        const struct provider_account account = {
            .secrets = {span_str(row->secret), span_str(row->older_secret)}};
        struct span id = {NULL, 0};
        enum callback_verdict verdict = standard_webhooks_verify(
            &account, &headers, span_str(row->body), (struct instant){row->now_s * 1000000}, &id);
        if (verdict != row->verdict)
            fail_msg("%s: verdict %d", row->says, verdict);
        assert_int_equal(id.base != NULL, verdict == CALLBACK_GENUINE);
    }
}

#define PUBLIC "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
/* RFC 8032, test 2: another key. */
#define OTHER_PUBLIC "whpk_PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="
#define BAD_V1A                                                                                    \
    "v1a,AAAAM4gAKugP6nnt1hdz3sgGfZ6d99nzrMFnZOELIxbzEHoVmAb2ADpkJK7zgPePmPsle0zV9jSeGlHFG2NVAw=="

/* The vector of the reference, by the key of RFC 8032's first test. */
static const struct {
    const char *says;
    const char *secret, *public_key, *older_public_key;
    const char *signature, *body;
    int64_t now_s;
    enum callback_verdict verdict;
} v1a_rows[] = {
    {"vector", "", PUBLIC, "", V1A, BODY, NOW, CALLBACK_GENUINE},
    {"older key during a roll", "", OTHER_PUBLIC, PUBLIC, V1A, BODY, NOW, CALLBACK_GENUINE},
    {"with a secret beside it", PEER_SECRET, PUBLIC, "", V1A, BODY, NOW, CALLBACK_GENUINE},
    {"by v1 with a key beside it", PEER_SECRET, PUBLIC, "", GOOD, BODY, NOW, CALLBACK_GENUINE},
    {"behind another", "", PUBLIC, "", BAD_V1A " " V1A, BODY, NOW, CALLBACK_GENUINE},
    {"behind four others", "", PUBLIC, "", BAD_V1A " " BAD_V1A " " BAD_V1A " " BAD_V1A " " V1A,
     BODY, NOW, CALLBACK_FORGED},
    {"300 s old", "", PUBLIC, "", V1A, BODY, NOW + 300, CALLBACK_GENUINE},
    {"301 s old", "", PUBLIC, "", V1A, BODY, NOW + 301, CALLBACK_STALE},
    {"301 s ahead", "", PUBLIC, "", V1A, BODY, NOW - 301, CALLBACK_STALE},
    {"other key", "", OTHER_PUBLIC, "", V1A, BODY, NOW, CALLBACK_FORGED},
    {"no key", PEER_SECRET, "", "", V1A, BODY, NOW, CALLBACK_FORGED},
    {"a key that is a secret", "", PEER_SECRET, "", V1A, BODY, NOW, CALLBACK_FORGED},
    {"its value as v1", PEER_SECRET, PUBLIC, "", "v1," V1A_VALUE, BODY, NOW, CALLBACK_FORGED},
    {"a v1 value as v1a", PEER_SECRET, PUBLIC, "",
     "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", BODY, NOW, CALLBACK_FORGED},
    {"a v1 alone", "", PUBLIC, "", GOOD, BODY, NOW, CALLBACK_FORGED},
    {"body with a blank more", "", PUBLIC, "", V1A, BODY " ", NOW, CALLBACK_FORGED},
    {"no padding", "", PUBLIC, "",
     "v1a,fldxM4gAKugP6nnt1hdz3sgGfZ6d99nzrMFnZOELIxbzEHoVmAb2ADpkJK7zgPePmPsle0zV9jSeGlHFG2NVAw",
     BODY, NOW, CALLBACK_FORGED},
    {"no base64", "", PUBLIC, "",
     "v1a,!ldxM4gAKugP6nnt1hdz3sgGfZ6d99nzrMFnZOELIxbzEHoVmAb2ADpkJK7zgPePmPsle0zV9jSeGlHFG2NVAw==",
     BODY, NOW, CALLBACK_FORGED},
};

static void every_v1a_row_gets_its_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(v1a_rows) / sizeof(v1a_rows[0]); ++i) {
        struct peer peer = peer_of(PEER_ID, PEER_TIME, v1a_rows[i].signature);
        struct callback_headers headers = peer_headers(&peer);
        const struct provider_account account = {
            .secrets = {span_str(v1a_rows[i].secret), {NULL, 0}},
            .public_keys = {span_str(v1a_rows[i].public_key),
                            span_str(v1a_rows[i].older_public_key)}};
        struct span id;
        enum callback_verdict verdict =
            standard_webhooks_verify(&account, &headers, span_str(v1a_rows[i].body),
                                     (struct instant){v1a_rows[i].now_s * 1000000}, &id);
        if (verdict != v1a_rows[i].verdict)
            fail_msg("%s: verdict %d", v1a_rows[i].says, verdict);
    }
}

static void public_key_is_ok_with_its_prefix_and_32_bytes(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "whpk_",
        "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUQ==",
        "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURoA",
        "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURoAAAAA",
        "whsk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    };
    assert_true(standard_webhooks_public_key_is_ok(SPAN_LIT(PUBLIC)));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i)
        if (standard_webhooks_public_key_is_ok(span_str(bad[i])))
            fail_msg("taken: %s", bad[i]);
}

static enum callback_verdict verify_signed(const char *id, const char *time, struct span body,
                                           int repeated)
{
    char signature[64];
    peer_sign(id, time, body, signature);
    struct peer peer = peer_of(id, time, signature);
    if (repeated >= 0)
        peer.counts[repeated] = 2;
    struct callback_headers headers = peer_headers(&peer);
    const struct provider_account account = {.secrets = {SPAN_LIT(PEER_SECRET), {NULL, 0}}};
    struct span verified;
    return standard_webhooks_verify(&account, &headers, body, PEER_NOW, &verified);
}

static void repeated_header_is_refused_even_when_signed(void **state)
{
    (void)state;
    assert_int_equal(verify_signed("a", PEER_TIME, SPAN_LIT("{}"), -1), CALLBACK_GENUINE);
    for (int i = 0; i < 3; ++i)
        assert_int_equal(verify_signed("a", PEER_TIME, SPAN_LIT("{}"), i), CALLBACK_FORGED);
}

/* "a.1614265330" with time "1" and "a" with "1614265330.1" would sign the same text. */
static void id_with_a_dot_a_blank_or_too_long_is_refused_even_when_signed(void **state)
{
    (void)state;
    char id[STANDARD_WEBHOOKS_ID_MAX + 2] = {0};
    memset(id, 'x', STANDARD_WEBHOOKS_ID_MAX);
    assert_int_equal(verify_signed(id, PEER_TIME, SPAN_LIT("{}"), -1), CALLBACK_GENUINE);
    id[STANDARD_WEBHOOKS_ID_MAX] = 'x';
    const char *const ids[] = {id, "a.b", ".", "a b", "a\tb", "a\"b", "\xc5\x82", ""};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); ++i)
        assert_int_equal(verify_signed(ids[i], PEER_TIME, SPAN_LIT("{}"), -1), CALLBACK_FORGED);
}

static void secret_is_ok_from_24_to_64_bytes_of_strict_base64(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 70; ++len) {
        char bytes[70] = {0}, text[128] = "whsec_";
        base64_print(span_of(bytes, len), text + 6);
        assert_int_equal(standard_webhooks_secret_is_ok(span_str(text)), len >= 24 && len <= 64);
    }
    assert_false(
        standard_webhooks_secret_is_ok(SPAN_LIT("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw=")));
    assert_false(
        standard_webhooks_secret_is_ok(SPAN_LIT("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS-")));
}

static void kept_headers_give_the_id_back(void **state)
{
    (void)state;
    struct peer peer = peer_of(PEER_ID, PEER_TIME, GOOD);
    struct callback_headers headers = peer_headers(&peer);
    struct buf json;
    char id[STANDARD_WEBHOOKS_ID_MAX + 1];
    buf_init(&json, 4096);
    standard_webhooks_keep(&headers, &json);
    assert_string_equal(buf_span(&json).base,
                        "{\"webhook-id\":\"" PEER_ID "\",\"webhook-timestamp\":\"" PEER_TIME
                        "\",\"webhook-signature\":\"" GOOD "\"}");
    assert_true(standard_webhooks_kept_id(buf_span(&json), id));
    assert_string_equal(id, PEER_ID);
    assert_false(standard_webhooks_kept_id(SPAN_LIT("{}"), id));
    buf_release(&json);
}

/* The right signature and behind it what JSON writes with six bytes each, up to the 2048 that are
 * still taken. */
static void longest_genuine_headers_find_room(void **state)
{
    (void)state;
    const struct provider_account account = {.secrets = {span_str(PEER_SECRET), {NULL, 0}}};
    char signature[2048 + 1];
    memset(signature, 1, sizeof(signature) - 1);
    signature[sizeof(signature) - 1] = 0;
    memcpy(signature, GOOD " ", sizeof(GOOD));
    struct peer peer = peer_of(PEER_ID, PEER_TIME, signature);
    struct callback_headers headers = peer_headers(&peer);
    struct span genuine_id;
    struct buf json;
    char id[STANDARD_WEBHOOKS_ID_MAX + 1];
    assert_int_equal(
        standard_webhooks_verify(&account, &headers, span_str(BODY), PEER_NOW, &genuine_id),
        CALLBACK_GENUINE);
    buf_init(&json, PROVIDER_HEADERS_KEPT_MAX);
    standard_webhooks_keep(&headers, &json);
    assert_false(buf_is_overflowed(&json));
    assert_true(standard_webhooks_kept_id(buf_span(&json), id));
    assert_string_equal(id, PEER_ID);
    buf_release(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_gets_its_verdict),
        cmocka_unit_test(every_v1a_row_gets_its_verdict),
        cmocka_unit_test(public_key_is_ok_with_its_prefix_and_32_bytes),
        cmocka_unit_test(repeated_header_is_refused_even_when_signed),
        cmocka_unit_test(id_with_a_dot_a_blank_or_too_long_is_refused_even_when_signed),
        cmocka_unit_test(secret_is_ok_from_24_to_64_bytes_of_strict_base64),
        cmocka_unit_test(kept_headers_give_the_id_back),
        cmocka_unit_test(longest_genuine_headers_find_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "provider/stripe_signature.h"

#include "unit/provider/stripe_peer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define T "t=" STRIPE_TIME
#define V1 "v1=" STRIPE_MAC
#define OTHER_MAC "v1=0000000000000000000000000000000000000000000000000000000000000000"
#define UPPER_MAC "v1=597A45C3A8508895A002047C8944F853EFB9A8817538892540108BB782FF15F4"
#define OTHER "whsec_of_another_endpoint"

/* The first row is the vector of the reference, accepted by Stripe's library; each other row
 * changes one thing of it. */
static const struct row {
    const char *says;
    const char *secret, *older_secret;
    const char *header, *body;
    int64_t now_s;
    enum callback_verdict verdict;
} rows[] = {
    {"vector", STRIPE_SECRET, "", T "," V1, STRIPE_BODY, STRIPE_NOW, CALLBACK_GENUINE},
    {"300 s old", STRIPE_SECRET, "", T "," V1, STRIPE_BODY, STRIPE_NOW + 300, CALLBACK_GENUINE},
    {"301 s old", STRIPE_SECRET, "", T "," V1, STRIPE_BODY, STRIPE_NOW + 301, CALLBACK_STALE},
    {"300 s ahead", STRIPE_SECRET, "", T "," V1, STRIPE_BODY, STRIPE_NOW - 300, CALLBACK_GENUINE},
    {"301 s ahead", STRIPE_SECRET, "", T "," V1, STRIPE_BODY, STRIPE_NOW - 301, CALLBACK_STALE},
    {"older secret during a roll", OTHER, STRIPE_SECRET, T "," V1, STRIPE_BODY, STRIPE_NOW,
     CALLBACK_GENUINE},
    {"signed by both during a roll", STRIPE_SECRET, "", T "," OTHER_MAC "," V1, STRIPE_BODY,
     STRIPE_NOW, CALLBACK_GENUINE},
    {"v0 beside it", STRIPE_SECRET, "", T "," V1 ",v0=" STRIPE_MAC, STRIPE_BODY, STRIPE_NOW,
     CALLBACK_GENUINE},
    {"time behind it", STRIPE_SECRET, "", V1 "," T, STRIPE_BODY, STRIPE_NOW, CALLBACK_GENUINE},
    {"v0 alone", STRIPE_SECRET, "", T ",v0=" STRIPE_MAC, STRIPE_BODY, STRIPE_NOW, CALLBACK_FORGED},
    {"other secret", OTHER, "", T "," V1, STRIPE_BODY, STRIPE_NOW, CALLBACK_FORGED},
    {"no secret", "", "", T "," V1, STRIPE_BODY, STRIPE_NOW, CALLBACK_FORGED},
    {"secret without its prefix", "ref0Stripe1Secret2ForDocs3", "", T "," V1, STRIPE_BODY,
     STRIPE_NOW, CALLBACK_FORGED},
    {"body with a blank more", STRIPE_SECRET, "", T "," V1, STRIPE_BODY " ", STRIPE_NOW,
     CALLBACK_FORGED},
    {"empty body", STRIPE_SECRET, "", T "," V1, "", STRIPE_NOW, CALLBACK_FORGED},
    {"capital hex", STRIPE_SECRET, "", T "," UPPER_MAC, STRIPE_BODY, STRIPE_NOW, CALLBACK_FORGED},
    {"other time", STRIPE_SECRET, "", "t=1767225601," V1, STRIPE_BODY, STRIPE_NOW, CALLBACK_FORGED},
    {"time twice", STRIPE_SECRET, "", T "," T "," V1, STRIPE_BODY, STRIPE_NOW, CALLBACK_FORGED},
    {"other time before it", STRIPE_SECRET, "", "t=1," T "," V1, STRIPE_BODY, STRIPE_NOW,
     CALLBACK_FORGED},
    {"letters behind the time", STRIPE_SECRET, "", T "x," V1, STRIPE_BODY, STRIPE_NOW,
     CALLBACK_FORGED},
    {"zero before the time", STRIPE_SECRET, "", "t=0" STRIPE_TIME "," V1, STRIPE_BODY, STRIPE_NOW,
     CALLBACK_FORGED},
    {"time beyond 64 bits", STRIPE_SECRET, "", "t=99999999999999999999," V1, STRIPE_BODY,
     STRIPE_NOW, CALLBACK_FORGED},
    {"no time", STRIPE_SECRET, "", V1, STRIPE_BODY, STRIPE_NOW, CALLBACK_FORGED},
    {"empty time", STRIPE_SECRET, "", "t=," V1, STRIPE_BODY, STRIPE_NOW, CALLBACK_FORGED},
    {"blank behind the comma", STRIPE_SECRET, "", T ", " V1, STRIPE_BODY, STRIPE_NOW,
     CALLBACK_FORGED},
    {"cut short", STRIPE_SECRET, "", T ",v1=597a45c3", STRIPE_BODY, STRIPE_NOW, CALLBACK_FORGED},
    {"one more", STRIPE_SECRET, "", T "," V1 "0", STRIPE_BODY, STRIPE_NOW, CALLBACK_FORGED},
    {"comma at the end", STRIPE_SECRET, "", T "," V1 ",", STRIPE_BODY, STRIPE_NOW, CALLBACK_FORGED},
    {"no signature", STRIPE_SECRET, "", T, STRIPE_BODY, STRIPE_NOW, CALLBACK_FORGED},
    {"empty header", STRIPE_SECRET, "", "", STRIPE_BODY, STRIPE_NOW, CALLBACK_FORGED},
    {"no header", STRIPE_SECRET, "", NULL, STRIPE_BODY, STRIPE_NOW, CALLBACK_FORGED},
};

static void every_row_gets_its_verdict(void **state)
{
    (void)state;
    assert_int_equal(sizeof(STRIPE_BODY) - 1, 332);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        const struct row *row = &rows[i];
        struct stripe_peer peer = stripe_peer_of(row->header);
        struct callback_headers headers = stripe_peer_headers(&peer);
        const struct span secrets[2] = {span_str(row->secret), span_str(row->older_secret)};
        enum callback_verdict verdict = stripe_signature_verify(
            secrets, &headers, span_str(row->body), (struct instant){row->now_s * 1000000});
        if (verdict != row->verdict)
            fail_msg("%s: verdict %d", row->says, verdict);
    }
}

static void repeated_header_is_refused(void **state)
{
    (void)state;
    struct stripe_peer peer = {SPAN_LIT(T "," V1), 2};
    struct callback_headers headers = stripe_peer_headers(&peer);
    const struct span secrets[2] = {SPAN_LIT(STRIPE_SECRET), {NULL, 0}};
    assert_int_equal(stripe_signature_verify(secrets, &headers, SPAN_LIT(STRIPE_BODY),
                                             (struct instant){STRIPE_NOW * 1000000}),
                     CALLBACK_FORGED);
}

static void header_is_kept_as_it_came(void **state)
{
    (void)state;
    struct stripe_peer peer = stripe_peer_of(T "," V1);
    struct callback_headers headers = stripe_peer_headers(&peer);
    struct buf json;
    buf_init(&json, 4096);
    stripe_signature_keep(&headers, &json);
    assert_string_equal(buf_span(&json).base, "{\"stripe-signature\":\"" T "," V1 "\"}");
    buf_release(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_gets_its_verdict),
        cmocka_unit_test(repeated_header_is_refused),
        cmocka_unit_test(header_is_kept_as_it_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

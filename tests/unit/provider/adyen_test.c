#include "provider/adyen.h"

#include "base/crypto.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define KEY "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
#define OTHER_KEY "0000000000000000000000000000000000000000000000000000000000000001"
#define MERCHANT "ExampleMerchantPL"
#define API "https://checkout-test.adyen.com/v72"
#define ORIGIN "https://test.adyen.link"
#define SPAN_OF(text)                                                                              \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

static const struct provider_account usual_account = {
    .provider = &adyen_provider,
    .api_url = SPAN_OF(API),
    .start_origin = SPAN_OF(ORIGIN),
    .merchant = SPAN_OF(MERCHANT),
    .api_key = SPAN_OF("AQE-key"),
    .secrets = {SPAN_OF(KEY), {NULL, 0}},
};
static struct provider_account account;

/* What a test changes, and leaves when it fails, is its own. */
static int reset(void **state)
{
    (void)state;
    account = usual_account;
    return 0;
}

static struct span no_header(void *owner, const char *name, int *count)
{
    (void)owner, (void)name;
    *count = 0;
    return (struct span){NULL, 0};
}

static enum callback_verdict read_body(const char *body, struct callback_facts *facts)
{
    struct callback_headers headers = {no_header, NULL};
    return adyen_provider.read_callback(&account, &headers, span_str(body), (struct instant){0},
                                        facts);
}

/* A message's only item, as it stands in the body, and what Adyen signs of it. */
struct item {
    const char *id, *original, *merchant, *reference, *value, *currency, *code, *success;
    const char *more; /* members with a comma before them */
};

static const struct item usual = {
    "QFQTPCQ8HXSKGK82", "", MERCHANT, "INV-2026-0001", "12345", "PLN", "AUTHORISATION", "true", "",
};

/* Without a key: as if with this one. */
static const char *mac_of(const struct item *item, const char *key_hex)
{
    static char text[64];
    char message[1024];
    uint8_t key[32], mac[SHA256_LEN];
    assert_true(hex_parse(span_str(key_hex), key, sizeof(key)));
    int len = snprintf(message, sizeof(message), "%s:%s:%s:%s:%s:%s:%s:%s", item->id,
                       item->original, item->merchant, item->reference, item->value, item->currency,
                       item->code, item->success);
    hmac_sha256(span_of((const char *)key, sizeof(key)), span_of(message, (size_t)len), mac);
    base64_print(span_of((const char *)mac, sizeof(mac)), text);
    return text;
}

static void print_item(const struct item *item, const char *mac, char out[2048])
{
    snprintf(out, 2048,
             "{\"NotificationRequestItem\":{\"additionalData\":{\"hmacSignature\":\"%s\"},"
             "\"amount\":{\"currency\":\"%s\",\"value\":%s},\"eventCode\":\"%s\",\"eventDate\":"
             "\"2026-01-01T00:00:00+01:00\",\"merchantAccountCode\":\"%s\",\"merchantReference\":"
             "\"%s\",\"originalReference\":\"%s\",\"paymentMethod\":\"blik\",\"pspReference\":"
             "\"%s\",\"success\":\"%s\"%s}}",
             mac, item->currency, item->value, item->code, item->merchant, item->reference,
             item->original, item->id, item->success, item->more);
}

static const char *message_of(const struct item *item, const char *mac)
{
    static char body[4096];
    char one[2048];
    print_item(item, mac, one);
    snprintf(body, sizeof(body), "{\"live\":\"false\",\"notificationItems\":[%s]}", one);
    return body;
}

static enum callback_verdict read_item(const struct item *item, struct callback_facts *facts)
{
    return read_body(message_of(item, mac_of(item, KEY)), facts);
}

/* ---- webhooks ---- */

#define PAID_MAC "Qs7SAmm5Ai+CFJ6sl8SJa5r//Grwaavo7JsC/uqQ1GM="
#define CHARGEBACK_MAC "tTrqwvGpLkJBcWCv/sWWG/tWiGNYdWeZaMyeMcW5EXk="

static void vectors_are_read(void **state)
{
    (void)state;
    struct callback_facts facts;
    struct item chargeback = usual;
    chargeback.id = "LZB5TMD8HXSKGK83";
    chargeback.original = usual.id;
    chargeback.code = "CHARGEBACK";
    assert_int_equal(read_body(message_of(&usual, PAID_MAC), &facts), CALLBACK_GENUINE);
    assert_int_equal(facts.kind, CALLBACK_PAID);
    assert_int_equal(facts.amount_minor, 12345);
    assert_string_equal(facts.currency, "PLN");
    assert_string_equal(facts.movement, "QFQTPCQ8HXSKGK82");
    assert_string_equal(facts.provider_reference, "QFQTPCQ8HXSKGK82");
    assert_string_equal(facts.reference, "INV-2026-0001");
    assert_string_equal(facts.dedup_key, "AUTHORISATION/QFQTPCQ8HXSKGK82/1");
    assert_int_equal(read_body(message_of(&chargeback, CHARGEBACK_MAC), &facts), CALLBACK_GENUINE);
    assert_int_equal(facts.kind, CALLBACK_CHARGED_BACK);
    assert_string_equal(facts.movement, "LZB5TMD8HXSKGK83");
    assert_string_equal(facts.provider_reference, "QFQTPCQ8HXSKGK82");
    assert_string_equal(facts.dedup_key, "CHARGEBACK/LZB5TMD8HXSKGK83/1");
    /* The values are what is signed, not the bytes: others print the same JSON otherwise. */
    char spaced[4096];
    snprintf(spaced, sizeof(spaced), " %s\n", message_of(&usual, PAID_MAC));
    assert_int_equal(read_body(spaced, &facts), CALLBACK_GENUINE);
}

static void signatures_get_their_verdict(void **state)
{
    (void)state;
    static const struct {
        const char *says, *mac, *key, *older_key;
        enum callback_verdict verdict;
    } rows[] = {
        {"as it is sent", PAID_MAC, KEY, "", CALLBACK_GENUINE},
        {"the older key", PAID_MAC, OTHER_KEY, KEY, CALLBACK_GENUINE},
        {"another key", PAID_MAC, OTHER_KEY, "", CALLBACK_FORGED},
        {"no key of ours", PAID_MAC, "", "", CALLBACK_FORGED},
        {"a key that is no hex", PAID_MAC, "44782DEF547AAA06C910C43932B1EB0C", "", CALLBACK_FORGED},
        {"of another message", CHARGEBACK_MAC, KEY, "", CALLBACK_FORGED},
        {"none", "", KEY, "", CALLBACK_FORGED},
        {"without padding", "Qs7SAmm5Ai+CFJ6sl8SJa5r//Grwaavo7JsC/uqQ1GM", KEY, "",
         CALLBACK_FORGED},
        {"of the other alphabet", "Qs7SAmm5Ai-CFJ6sl8SJa5r__Grwaavo7JsC_uqQ1GM=", KEY, "",
         CALLBACK_FORGED},
        {"in hex", "42ced20269b9022f82149eac97c4896b9afffc6af069abe8ec9b02feea90d463", KEY, "",
         CALLBACK_FORGED},
        {"with a blank", PAID_MAC " ", KEY, "", CALLBACK_FORGED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct callback_facts facts;
        account.secrets[0] = span_str(rows[i].key);
        account.secrets[1] = span_str(rows[i].older_key);
        enum callback_verdict verdict = read_body(message_of(&usual, rows[i].mac), &facts);
        if (verdict != rows[i].verdict)
            fail_msg("%s: verdict %d", rows[i].says, verdict);
    }
    reset(NULL);
    /* The key's letters are no key. */
    struct callback_facts facts;
    char mac_text[64],
        message[] = "QFQTPCQ8HXSKGK82::" MERCHANT ":INV-2026-0001:12345:PLN:AUTHORISATION:true";
    uint8_t mac[SHA256_LEN];
    hmac_sha256(SPAN_LIT(KEY), span_str(message), mac);
    base64_print(span_of((const char *)mac, sizeof(mac)), mac_text);
    assert_int_equal(read_body(message_of(&usual, mac_text), &facts), CALLBACK_FORGED);
}

static void each_signed_value_is_covered(void **state)
{
    (void)state;
    for (int i = 0; i < 8; ++i) {
        struct item changed = usual;
        struct callback_facts facts;
        *(i == 0   ? &changed.id
          : i == 1 ? &changed.original
          : i == 2 ? &changed.merchant
          : i == 3 ? &changed.reference
          : i == 4 ? &changed.value
          : i == 5 ? &changed.currency
          : i == 6 ? &changed.code
                   : &changed.success) = i == 4 ? "12346" : "OTHER";
        assert_int_equal(read_body(message_of(&changed, PAID_MAC), &facts), CALLBACK_FORGED);
    }
}

static void each_event_has_its_kind(void **state)
{
    (void)state;
    static const struct {
        const char *code, *success;
        enum callback_kind kind;
        const char *movement;
    } rows[] = {
        {"AUTHORISATION", "true", CALLBACK_PAID, "D1"},
        {"AUTHORISATION", "false", CALLBACK_FAILED, ""},
        {"CAPTURE", "true", CALLBACK_NONE, ""},
        {"CAPTURE", "false", CALLBACK_NONE, ""},
        {"CAPTURE_FAILED", "true", CALLBACK_CHARGED_BACK, "D1"},
        {"CANCELLATION", "true", CALLBACK_REFUNDED, "D1"},
        {"CANCELLATION", "false", CALLBACK_NONE, ""},
        {"TECHNICAL_CANCEL", "true", CALLBACK_REFUNDED, "D1"},
        {"EXPIRE", "true", CALLBACK_REFUNDED, "D1"},
        {"REFUND", "true", CALLBACK_REFUNDED, "D1"},
        {"REFUND", "false", CALLBACK_REFUND_FAILED, "D1"},
        {"REFUND_FAILED", "true", CALLBACK_REFUND_REVERSED, "D1"},
        {"REFUNDED_REVERSED", "true", CALLBACK_REFUND_REVERSED, "D1"},
        {"REQUEST_FOR_INFORMATION", "true", CALLBACK_DISPUTED, "D1"},
        {"NOTIFICATION_OF_CHARGEBACK", "true", CALLBACK_DISPUTED, "D1"},
        {"CHARGEBACK", "true", CALLBACK_CHARGED_BACK, "D1"},
        {"CHARGEBACK", "false", CALLBACK_NONE, ""},
        {"CHARGEBACK_REVERSED", "true", CALLBACK_CHARGEBACK_REVERSED, "D1"},
        {"SECOND_CHARGEBACK", "true", CALLBACK_CHARGED_BACK, "D1:second"},
        {"PREARBITRATION_LOST", "true", CALLBACK_CHARGED_BACK, "D1:second"},
        {"PREARBITRATION_WON", "true", CALLBACK_NONE, ""},
        {"DISPUTE_DEFENSE_PERIOD_ENDED", "true", CALLBACK_NONE, ""},
        {"NOTIFICATION_OF_FRAUD", "true", CALLBACK_NONE, ""},
        {"REPORT_AVAILABLE", "true", CALLBACK_NONE, ""},
        {"authorisation", "true", CALLBACK_NONE, ""},
        {"UNHEARD_OF", "true", CALLBACK_NONE, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char key[64];
        struct callback_facts facts;
        struct item item = usual;
        item.id = "D1";
        item.original = "P1";
        item.code = rows[i].code;
        item.success = rows[i].success;
        assert_int_equal(read_item(&item, &facts), CALLBACK_GENUINE);
        snprintf(key, sizeof(key), "%s/D1/%d", rows[i].code, rows[i].success[0] == 't');
        assert_string_equal(facts.dedup_key, key);
        assert_int_equal(facts.kind, rows[i].kind);
        assert_string_equal(facts.movement, rows[i].movement);
        assert_string_equal(facts.provider_reference, "P1");
        assert_string_equal(facts.reference, "INV-2026-0001");
        assert_int_equal(facts.amount_minor, facts.kind >= CALLBACK_PAID ? 12345 : 0);
        assert_string_equal(facts.currency, facts.kind >= CALLBACK_PAID ? "PLN" : "");
    }
}

static void reasons_are_in_our_words(void **state)
{
    (void)state;
    static const struct {
        const char *more, *reason;
    } rows[] = {
        {"", "refused"},
        {",\"reason\":\"\"", "refused"},
        {",\"reason\":null", "refused"},
        {",\"reason\":7", "refused"},
        {",\"reason\":\"Not enough balance\"", "insufficient_funds"},
        {",\"reason\":\"Withdrawal amount limit exceeded\"", "limit_exceeded"},
        {",\"reason\":\"CANCELLED BY SHOPPER\"", "refused_by_customer"},
        {",\"reason\":\"Refused\"", "refused_by_bank"},
        {",\"reason\":\"Issuer Suspected Fraud \\u0142\"", "refused"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct callback_facts facts;
        struct item item = usual;
        item.success = "false";
        item.more = rows[i].more;
        assert_int_equal(read_item(&item, &facts), CALLBACK_GENUINE);
        assert_string_equal(facts.reason, rows[i].reason);
    }
}

static void what_is_signed_and_wrong_is_told_from_what_is_not(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        struct item item;
        enum callback_verdict verdict;
    } rows[] = {
        {"another merchant",
         {"P1", "", "Other", "R", "1", "PLN", "AUTHORISATION", "true", ""},
         CALLBACK_FOREIGN},
        {"no merchant",
         {"P1", "", "", "R", "1", "PLN", "AUTHORISATION", "true", ""},
         CALLBACK_MALFORMED},
        {"a float",
         {"P1", "", MERCHANT, "R", "1.0", "PLN", "AUTHORISATION", "true", ""},
         CALLBACK_MALFORMED},
        {"a huge amount",
         {"P1", "", MERCHANT, "R", "9000000000000000", "PLN", "AUTHORISATION", "true", ""},
         CALLBACK_MALFORMED},
        {"more than fits",
         {"P1", "", MERCHANT, "R", "99999999999999999999", "PLN", "AUTHORISATION", "true", ""},
         CALLBACK_MALFORMED},
        {"zero",
         {"P1", "", MERCHANT, "R", "0", "PLN", "AUTHORISATION", "true", ""},
         CALLBACK_MALFORMED},
        {"below zero",
         {"P1", "", MERCHANT, "R", "-1", "PLN", "AUTHORISATION", "true", ""},
         CALLBACK_MALFORMED},
        {"no amount of what was cancelled",
         {"P1", "O", MERCHANT, "R", "0", "PLN", "CANCELLATION", "true", ""},
         CALLBACK_GENUINE},
        {"a small currency",
         {"P1", "", MERCHANT, "R", "1", "pln", "AUTHORISATION", "true", ""},
         CALLBACK_MALFORMED},
        {"no currency",
         {"P1", "", MERCHANT, "R", "1", "", "AUTHORISATION", "true", ""},
         CALLBACK_MALFORMED},
        {"neither true nor false",
         {"P1", "", MERCHANT, "R", "1", "PLN", "AUTHORISATION", "True", ""},
         CALLBACK_MALFORMED},
        {"no id",
         {"", "", MERCHANT, "R", "1", "PLN", "AUTHORISATION", "true", ""},
         CALLBACK_MALFORMED},
        {"no event", {"P1", "", MERCHANT, "R", "1", "PLN", "", "true", ""}, CALLBACK_MALFORMED},
        {"a colon in the id",
         {"P1:X", "", MERCHANT, "R", "1", "PLN", "AUTHORISATION", "true", ""},
         CALLBACK_MALFORMED},
        {"a colon in the event",
         {"P1", "", MERCHANT, "R", "1", "PLN", "X:AUTHORISATION", "true", ""},
         CALLBACK_MALFORMED},
        {"a blank in the id",
         {"P 1", "", MERCHANT, "R", "1", "PLN", "AUTHORISATION", "true", ""},
         CALLBACK_MALFORMED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct callback_facts facts;
        enum callback_verdict verdict = read_item(&rows[i].item, &facts);
        if (verdict != rows[i].verdict)
            fail_msg("%s: verdict %d", rows[i].says, verdict);
    }
    /* As text it is signed the same. */
    struct callback_facts facts;
    struct item item = usual;
    char text_amount[] = "\"12345\"";
    item.value = text_amount;
    assert_int_equal(read_body(message_of(&item, PAID_MAC), &facts), CALLBACK_MALFORMED);
}

static void references_of_others_lead_nowhere(void **state)
{
    (void)state;
    struct callback_facts facts;
    struct item item = usual;
    item.reference = "order 5";
    assert_int_equal(read_item(&item, &facts), CALLBACK_GENUINE);
    assert_int_equal(facts.kind, CALLBACK_PAID);
    assert_string_equal(facts.reference, "");
    /* "X::ExampleMerchantPL…" and "X", "" and the rest are signed by the same text. */
    item.reference = "INV:12345";
    assert_int_equal(read_item(&item, &facts), CALLBACK_GENUINE);
    assert_int_equal(facts.kind, CALLBACK_NONE);
    assert_string_equal(facts.reference, "");
}

static void messages_that_are_no_single_item_are_refused(void **state)
{
    (void)state;
    char one[2048], other[2048], bad[2048], body[8192];
    struct item second = usual;
    second.id = "P2";
    print_item(&usual, PAID_MAC, one);
    print_item(&second, mac_of(&second, KEY), other);
    print_item(&second, PAID_MAC, bad);
    const struct {
        const char *live, *first, *comma, *second, *more;
        enum callback_verdict verdict;
    } rows[] = {
        {"\"false\"", one, "", "", "", CALLBACK_GENUINE},
        {"\"false\"", one, ",", other, "", CALLBACK_MALFORMED},
        {"\"false\"", one, ",", bad, "", CALLBACK_FORGED},
        {"\"false\"", bad, ",", one, "", CALLBACK_FORGED},
        {"\"false\"", one, ",", "{}", "", CALLBACK_FORGED},
        {"\"false\"", "", "", "", "", CALLBACK_FORGED},
        {"\"true\"", one, "", "", "", CALLBACK_FOREIGN},
        {"false", one, "", "", "", CALLBACK_MALFORMED},
        {"\"False\"", one, "", "", "", CALLBACK_MALFORMED},
        {"null", one, "", "", "", CALLBACK_MALFORMED},
        {"\"false\"", one, "", "", ",\"live\":\"false\"", CALLBACK_FORGED},
        {"\"false\"", one, "", "", "}", CALLBACK_FORGED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct callback_facts facts;
        snprintf(body, sizeof(body), "{\"live\":%s,\"notificationItems\":[%s%s%s]%s}", rows[i].live,
                 rows[i].first, rows[i].comma, rows[i].second, rows[i].more);
        enum callback_verdict verdict = read_body(body, &facts);
        if (verdict != rows[i].verdict)
            fail_msg("%zu: verdict %d", i, verdict);
    }
    static const char *const bodies[] = {"", "{}", "[]", "null", "<xml>", "{\"live\":\"false\"}"};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); ++i) {
        struct callback_facts facts;
        assert_int_equal(read_body(bodies[i], &facts), CALLBACK_FORGED);
    }
}

static void test_message_is_foreign_where_money_is_real_and_the_reverse(void **state)
{
    (void)state;
    struct callback_facts facts;
    account.is_live = true;
    assert_int_equal(read_body(message_of(&usual, PAID_MAC), &facts), CALLBACK_FOREIGN);
}

static void kept_message_gives_the_same_facts(void **state)
{
    (void)state;
    struct callback_facts facts, again;
    struct callback_headers headers = {no_header, NULL};
    struct buf kept;
    buf_init(&kept, PROVIDER_HEADERS_KEPT_MAX);
    adyen_provider.keep_headers(&headers, &kept);
    const char *body = message_of(&usual, PAID_MAC);
    assert_int_equal(read_body(body, &facts), CALLBACK_GENUINE);
    assert_int_equal(
        adyen_provider.reread_callback(&account, buf_span(&kept), span_str(body), &again),
        CALLBACK_GENUINE);
    assert_memory_equal(&facts, &again, sizeof(facts));
    buf_release(&kept);
}

/* ---- tasks ---- */

static void assert_asked(const struct provider_task *task, const char *method, const char *url,
                         const char *headers, const char *body)
{
    struct provider_request request = {.method = "POST"};
    struct provider_result none = {0};
    buf_init(&request.url, 2048);
    buf_init(&request.headers, 8192);
    buf_init(&request.body, 16384);
    adyen_provider.make_request(&account, task, 0, SPAN_LIT(""), &none, &request);
    assert_string_equal(request.method, method);
    assert_string_equal(buf_span(&request.url).base, url);
    assert_string_equal(buf_span(&request.headers).base, headers);
    assert_string_equal(buf_span(&request.body).base, body);
    buf_release(&request.url);
    buf_release(&request.headers);
    buf_release(&request.body);
}

#define SIGNED_IN "Content-Type: application/json\nX-API-Key: AQE-key\n"

/* 2026-01-01T00:00:00Z: date -u -d @1767225600. */
static const struct provider_task start = {
    .kind = PROVIDER_START,
    .reference = SPAN_OF("aaaaaaaaaaaaaaaaaa"),
    .amount_minor = 12345,
    .currency = SPAN_OF("PLN"),
    .title = SPAN_OF("FV/1 \"a\""),
    .return_url = SPAN_OF("https://p.example/back/x"),
    .callback_url = SPAN_OF("https://p.example/callbacks/adyen"),
    .language = SPAN_OF("pl"),
    .payer_email = SPAN_OF("a@example.com"),
    .payer_name = SPAN_OF("Jan"),
    .valid_seconds = 3600,
    .now = {INT64_C(1767225600) * 1000000},
};

static void requests_are_as_documented(void **state)
{
    (void)state;
    assert_asked(&start, "POST", API "/paymentLinks",
                 SIGNED_IN "Idempotency-Key: aaaaaaaaaaaaaaaaaa\n",
                 "{\"reference\":\"aaaaaaaaaaaaaaaaaa\",\"merchantAccount\":\"" MERCHANT
                 "\",\"amount\":{\"currency\":\"PLN\",\"value\":12345},\"description\":\"FV/1 "
                 "\\\"a\\\"\",\"returnUrl\":\"https://p.example/back/x\",\"expiresAt\":"
                 "\"2026-01-01T01:00:00Z\"}");
    struct provider_task task = {.kind = PROVIDER_QUERY,
                                 .provider_reference = SPAN_LIT("PL61C53A8B97E691/A")};
    assert_asked(&task, "GET", API "/paymentLinks/PL61C53A8B97E691%2FA", SIGNED_IN, "");
    task = (struct provider_task){.kind = PROVIDER_REFUND,
                                  .amount_minor = 2345,
                                  .currency = SPAN_LIT("PLN"),
                                  .movement = SPAN_LIT("QFQTPCQ8HXSKGK82"),
                                  .provider_reference = SPAN_LIT("PL1"),
                                  .refund_reference = SPAN_LIT("refund-1")};
    assert_asked(&task, "POST", API "/payments/QFQTPCQ8HXSKGK82/refunds",
                 SIGNED_IN "Idempotency-Key: refund-1\n",
                 "{\"merchantAccount\":\"" MERCHANT "\",\"amount\":{\"currency\":\"PLN\","
                 "\"value\":2345},\"reference\":\"refund-1\"}");
    task = (struct provider_task){.kind = PROVIDER_CHECK};
    assert_asked(&task, "POST", API "/paymentMethods", SIGNED_IN,
                 "{\"merchantAccount\":\"" MERCHANT "\"}");
}

static void what_has_no_id_is_not_asked_about(void **state)
{
    (void)state;
    struct provider_task task = {.kind = PROVIDER_QUERY};
    assert_asked(&task, "POST", "", "", "");
    /* A pspReference is no link's, though it begin as one. */
    task.provider_reference = SPAN_LIT("QFQTPCQ8HXSKGK82");
    assert_asked(&task, "POST", "", "", "");
    task.provider_reference = SPAN_LIT("PLQTPCQ8HXSKGK82");
    assert_asked(&task, "POST", "", "", "");
    task.kind = PROVIDER_REFUND;
    assert_asked(&task, "POST", "", "", "");
}

static void answered(const struct provider_task *task, int status, const char *body,
                     struct provider_result *result)
{
    struct provider_answer answer = {status, span_str(body)};
    *result = (struct provider_result){0};
    assert_int_equal(adyen_provider.read_answer(&account, task, 0, &answer, result), PROVIDER_DONE);
    /* What is wrong is said, for people. */
    assert_true(result->verdict != PROVIDER_UNCLEAR || result->note[0] != 0);
}

#define LINK(url)                                                                                  \
    "{\"id\":\"PL61C53A8B97E6915A\",\"url\":\"" url "\",\"status\":\"active\",\"reference\":"      \
    "\"aaaaaaaaaaaaaaaaaa\"}"
#define ERROR(status, code, type)                                                                  \
    "{\"status\":" status ",\"errorCode\":\"" code                                                 \
    "\",\"message\":\"secret words\",\"errorType\":\"" type "\"}"

static void answers_to_a_start_get_their_verdict(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        enum provider_verdict verdict;
    } rows[] = {
        {201, LINK(ORIGIN "/PL61C53A8B97E6915A"), PROVIDER_YES},
        {200, LINK(ORIGIN "/PL61C53A8B97E6915A"), PROVIDER_YES},
        {201, LINK("https://evil.example/PL61C53A8B97E6915A"), PROVIDER_UNCLEAR},
        {201, LINK(ORIGIN ".evil.example/"), PROVIDER_UNCLEAR},
        {201, "{\"url\":\"" ORIGIN "/x\"}", PROVIDER_UNCLEAR},
        {201, "<html>", PROVIDER_UNCLEAR},
        {422, ERROR("422", "100", "validation"), PROVIDER_NO},
        {400, ERROR("400", "702", "validation"), PROVIDER_NO},
        {422, ERROR("422", "704", "validation"), PROVIDER_UNCLEAR},
        {422, ERROR("422", "905", "configuration"), PROVIDER_UNCLEAR},
        {422, "{}", PROVIDER_UNCLEAR},
        {401, ERROR("401", "000", "security"), PROVIDER_UNCLEAR},
        {403, ERROR("403", "901", "security"), PROVIDER_UNCLEAR},
        {404, "", PROVIDER_UNCLEAR},
        {429, "", PROVIDER_UNCLEAR},
        {500, ERROR("500", "905", "validation"), PROVIDER_UNCLEAR},
        {302, "", PROVIDER_UNCLEAR},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_result result;
        answered(&start, rows[i].status, rows[i].body, &result);
        if (result.verdict != rows[i].verdict)
            fail_msg("%d %s: verdict %d", rows[i].status, rows[i].body, result.verdict);
        assert_null(strstr(result.note, "secret"));
        assert_string_equal(result.reason, result.verdict == PROVIDER_NO ? "refused" : "");
        bool is_yes = result.verdict == PROVIDER_YES;
        assert_string_equal(result.redirect_url, is_yes ? ORIGIN "/PL61C53A8B97E6915A" : "");
        if (is_yes)
            assert_string_equal(result.provider_reference, "PL61C53A8B97E6915A");
    }
}

#define STATUS(id, reference, merchant, status)                                                    \
    "{\"id\":\"" id "\",\"reference\":\"" reference "\",\"merchantAccount\":\"" merchant           \
    "\",\"amount\":{\"currency\":\"PLN\",\"value\":12345},\"status\":\"" status "\"}"
#define OURS(status) STATUS("PL1", "aaaaaaaaaaaaaaaaaa", MERCHANT, status)

static void questions_are_answered_with_facts(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum provider_verdict verdict;
        enum callback_kind kind;
        bool is_to_be_told;
        const char *dedup_key, *reason;
    } rows[] = {
        {OURS("active"), PROVIDER_YES, CALLBACK_NONE, false, "", ""},
        {OURS("paymentPending"), PROVIDER_YES, CALLBACK_PENDING, false, "paymentPending/PL1", ""},
        {OURS("completed"), PROVIDER_YES, CALLBACK_PENDING, true, "completed/PL1", ""},
        {OURS("paid"), PROVIDER_YES, CALLBACK_PENDING, true, "paid/PL1", ""},
        {OURS("expired"), PROVIDER_YES, CALLBACK_FAILED, false, "expired/PL1", "timed_out"},
        {OURS("what"), PROVIDER_UNCLEAR, CALLBACK_NONE, false, "", ""},
        {STATUS("PL2", "aaaaaaaaaaaaaaaaaa", MERCHANT, "paid"), PROVIDER_UNCLEAR, CALLBACK_NONE,
         false, "", ""},
        {STATUS("PL1", "bbbbbbbbbbbbbbbbbb", MERCHANT, "paid"), PROVIDER_UNCLEAR, CALLBACK_NONE,
         false, "", ""},
        {STATUS("PL1", "aaaaaaaaaaaaaaaaaa", "Other", "paid"), PROVIDER_UNCLEAR, CALLBACK_NONE,
         false, "", ""},
        {"{}", PROVIDER_UNCLEAR, CALLBACK_NONE, false, "", ""},
        {"", PROVIDER_UNCLEAR, CALLBACK_NONE, false, "", ""},
    };
    struct provider_task task = {.kind = PROVIDER_QUERY,
                                 .reference = SPAN_LIT("aaaaaaaaaaaaaaaaaa"),
                                 .provider_reference = SPAN_LIT("PL1")};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_result result;
        answered(&task, 200, rows[i].body, &result);
        assert_int_equal(result.verdict, rows[i].verdict);
        assert_int_equal(result.is_to_be_told, rows[i].is_to_be_told);
        assert_int_equal(result.fact_count, rows[i].kind != CALLBACK_NONE);
        if (result.fact_count == 0)
            continue;
        assert_int_equal(result.facts[0].kind, rows[i].kind);
        assert_string_equal(result.facts[0].dedup_key, rows[i].dedup_key);
        assert_string_equal(result.facts[0].reason, rows[i].reason);
        assert_string_equal(result.facts[0].reference, "aaaaaaaaaaaaaaaaaa");
        assert_string_equal(result.facts[0].provider_reference, "PL1");
    }
    struct provider_result result;
    answered(&task, 422, ERROR("422", "100", "validation"), &result);
    assert_int_equal(result.verdict, PROVIDER_UNCLEAR);
}

static void refunds_and_checks_get_their_verdict(void **state)
{
    (void)state;
    static const struct {
        enum provider_task_kind kind;
        int status;
        const char *body;
        const char *key;
        enum provider_verdict verdict;
    } rows[] = {
        {PROVIDER_REFUND, 201,
         "{\"paymentPspReference\":\"P1\",\"pspReference\":\"R1\",\"status\":\"received\"}", KEY,
         PROVIDER_YES},
        {PROVIDER_REFUND, 201, "{\"paymentPspReference\":\"P2\",\"pspReference\":\"R1\"}", KEY,
         PROVIDER_UNCLEAR},
        {PROVIDER_REFUND, 201, "{\"paymentPspReference\":\"P1\"}", KEY, PROVIDER_UNCLEAR},
        {PROVIDER_REFUND, 422, ERROR("422", "137", "validation"), KEY, PROVIDER_NO},
        {PROVIDER_REFUND, 422, ERROR("422", "704", "validation"), KEY, PROVIDER_UNCLEAR},
        {PROVIDER_REFUND, 403, ERROR("403", "901", "security"), KEY, PROVIDER_UNCLEAR},
        {PROVIDER_REFUND, 500, "", KEY, PROVIDER_UNCLEAR},
        {PROVIDER_CHECK, 200, "{\"paymentMethods\":[]}", KEY, PROVIDER_YES},
        {PROVIDER_CHECK, 200, "{\"paymentMethods\":[]}", "no hex", PROVIDER_NO},
        {PROVIDER_CHECK, 401, ERROR("401", "000", "security"), KEY, PROVIDER_NO},
        {PROVIDER_CHECK, 403, ERROR("403", "901", "security"), KEY, PROVIDER_NO},
        {PROVIDER_CHECK, 422, ERROR("422", "901", "validation"), KEY, PROVIDER_NO},
        {PROVIDER_CHECK, 500, "", KEY, PROVIDER_UNCLEAR},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_result result;
        struct provider_task task = {.kind = rows[i].kind, .movement = SPAN_LIT("P1")};
        account.secrets[0] = span_str(rows[i].key);
        answered(&task, rows[i].status, rows[i].body, &result);
        if (result.verdict != rows[i].verdict)
            fail_msg("%zu: verdict %d", i, result.verdict);
        bool is_refund = rows[i].kind == PROVIDER_REFUND;
        assert_string_equal(result.refund_id,
                            is_refund && result.verdict == PROVIDER_YES ? "R1" : "");
        assert_true(is_refund || result.verdict == PROVIDER_YES || result.note[0] != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(vectors_are_read, reset),
        cmocka_unit_test_setup(signatures_get_their_verdict, reset),
        cmocka_unit_test_setup(each_signed_value_is_covered, reset),
        cmocka_unit_test_setup(each_event_has_its_kind, reset),
        cmocka_unit_test_setup(reasons_are_in_our_words, reset),
        cmocka_unit_test_setup(what_is_signed_and_wrong_is_told_from_what_is_not, reset),
        cmocka_unit_test_setup(references_of_others_lead_nowhere, reset),
        cmocka_unit_test_setup(messages_that_are_no_single_item_are_refused, reset),
        cmocka_unit_test_setup(test_message_is_foreign_where_money_is_real_and_the_reverse, reset),
        cmocka_unit_test_setup(kept_message_gives_the_same_facts, reset),
        cmocka_unit_test_setup(requests_are_as_documented, reset),
        cmocka_unit_test_setup(what_has_no_id_is_not_asked_about, reset),
        cmocka_unit_test_setup(answers_to_a_start_get_their_verdict, reset),
        cmocka_unit_test_setup(questions_are_answered_with_facts, reset),
        cmocka_unit_test_setup(refunds_and_checks_get_their_verdict, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

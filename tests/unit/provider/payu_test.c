#include "provider/payu.h"

#include "base/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* PayU's published sandbox. */
#define SECOND_KEY "b6ca15b0d1020e8094d9b5f8d163db54"
#define OTHER_KEY "13a980d4f851f3d9a1cfc792fb1f5e50"
#define CLIENT_SECRET "2ee86a66e5d97e3fadc400c9f19b065d"
#define SPAN_OF(text)                                                                              \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

static const struct provider_account account = {
    .provider = &payu_provider,
    .account = SPAN_OF("default"),
    .api_url = SPAN_OF("https://secure.snd.payu.com"),
    .start_origin = SPAN_OF("https://merch-prod.snd.payu.com"),
    .merchant = SPAN_OF("300746"),
    .client_id = SPAN_OF("300746"),
    .api_key = SPAN_OF(CLIENT_SECRET),
    .secrets = {SPAN_OF(SECOND_KEY), {NULL, 0}},
};

/* ---- callbacks ---- */

/* The reference's vectors, byte for byte. */
#define ORDER_ID "LDLW5N7MF4140324GUEST000P01"
static const char order_body[] =
    "{\"order\":{\"orderId\":\"LDLW5N7MF4140324GUEST000P01\",\"extOrderId\":\"INV-2026-0001\","
    "\"orderCreateDate\":\"2026-01-01T00:00:00.000+01:00\",\"notifyUrl\":"
    "\"https://pay.example.com/cb/payu\",\"customerIp\":\"127.0.0.1\",\"merchantPosId\":\"300746\","
    "\"description\":\"INV-2026-0001\",\"currencyCode\":\"PLN\",\"totalAmount\":\"12345\","
    "\"status\":\"COMPLETED\",\"products\":[{\"name\":\"Rata 1\",\"unitPrice\":\"12345\","
    "\"quantity\":\"1\"}]},\"localReceiptDateTime\":\"2026-01-01T00:01:02.003+01:00\","
    "\"properties\":[{\"name\":\"PAYMENT_ID\",\"value\":\"151471228\"}]}";
static const char refund_body[] =
    "{\"orderId\":\"LDLW5N7MF4140324GUEST000P01\",\"extOrderId\":\"INV-2026-0001\",\"refund\":"
    "{\"refundId\":\"5000024357\",\"amount\":\"2345\",\"currencyCode\":\"PLN\",\"status\":"
    "\"FINALIZED\",\"reason\":\"refund\",\"refundDate\":\"2026-01-02T17:58:46.567+01:00\"}}";
#define ORDER_MD5 "37bc443416f30b3bfe53fba70f404231"
#define ORDER_SHA256 "a2b0609967baa3493b56b3955600228239b84ede30721915d57adf4538b92f3c"
#define REFUND_MD5 "0624688a4e252412e064989efe7fa964"
/* printf '%s%s' "$body" "$key" | openssl dgst -sha384, -sha512 */
#define ORDER_SHA384                                                                               \
    "f0199f65143a00b8d644d55845da1beb76cd8424293e92f480812994ed104cde4b7fc62d9578ed2848c8c4503862" \
    "bf0b"
#define ORDER_SHA512                                                                               \
    "3bf46318b31f24609200709e0474192212f22e37582d5f033002d53c03f4880a"                             \
    "9cda1c645fcdc147ee4c5403b4482ca71251af778de768e7197403b9b388eaeb"

struct sent {
    const char *header, *second_header; /* OpenPayu-Signature, X-OpenPayU-Signature */
    int count, second_count;
};

static struct span get(void *owner, const char *name, int *count)
{
    const struct sent *sent = owner;
    bool is_first = strcmp(name, "openpayu-signature") == 0;
    assert_true(is_first || strcmp(name, "x-openpayu-signature") == 0);
    const char *value = is_first ? sent->header : sent->second_header;
    *count = value == NULL ? 0 : is_first ? sent->count : sent->second_count;
    return value == NULL ? (struct span){NULL, 0} : span_str(value);
}

static enum callback_verdict read_sent(const struct provider_account *a, struct sent *sent,
                                       struct span body, struct callback_facts *facts)
{
    struct callback_headers headers = {get, sent};
    sent->count += sent->count == 0;
    sent->second_count += sent->second_count == 0;
    return payu_provider.read_callback(a, &headers, body, (struct instant){0}, facts);
}

static enum callback_verdict read_signed(struct span body, struct callback_facts *facts)
{
    uint8_t digest[DIGEST_LEN_MAX];
    char header[128] = "sender=checkout;algorithm=MD5;signature=";
    const struct span parts[] = {body, SPAN_LIT(SECOND_KEY)};
    digest_spans(DIGEST_MD5, parts, 2, digest);
    hex_print(digest, 16, header + strlen(header));
    return read_sent(&account, &(struct sent){.header = header}, body, facts);
}

#define MD5_HEADER "sender=checkout;signature=" ORDER_MD5 ";algorithm=MD5;content=DOCUMENT"

static void signatures_get_their_verdict(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        struct sent sent;
        const char *key, *older_key, *more;
        enum callback_verdict verdict;
    } rows[] = {
        {"as it is sent", {MD5_HEADER, MD5_HEADER, 1, 1}, SECOND_KEY, "", "", CALLBACK_GENUINE},
        {"one header", {MD5_HEADER, NULL, 1, 0}, SECOND_KEY, "", "", CALLBACK_GENUINE},
        {"the other header", {NULL, MD5_HEADER, 0, 1}, SECOND_KEY, "", "", CALLBACK_GENUINE},
        {"older key", {MD5_HEADER, NULL, 1, 0}, OTHER_KEY, SECOND_KEY, "", CALLBACK_GENUINE},
        {"another order, ';' at the end",
         {"algorithm=MD5;signature=" ORDER_MD5 ";", NULL, 1, 0},
         SECOND_KEY,
         "",
         "",
         CALLBACK_GENUINE},
        {"SHA",
         {"signature=" ORDER_SHA256 ";algorithm=SHA", NULL, 1, 0},
         SECOND_KEY,
         "",
         "",
         CALLBACK_GENUINE},
        {"SHA-256",
         {"signature=" ORDER_SHA256 ";algorithm=SHA-256", NULL, 1, 0},
         SECOND_KEY,
         "",
         "",
         CALLBACK_GENUINE},
        {"SHA-384",
         {"signature=" ORDER_SHA384 ";algorithm=SHA-384", NULL, 1, 0},
         SECOND_KEY,
         "",
         "",
         CALLBACK_GENUINE},
        {"SHA-512",
         {"signature=" ORDER_SHA512 ";algorithm=SHA-512", NULL, 1, 0},
         SECOND_KEY,
         "",
         "",
         CALLBACK_GENUINE},
        {"a blank more", {MD5_HEADER, NULL, 1, 0}, SECOND_KEY, "", " ", CALLBACK_FORGED},
        {"no header", {NULL, NULL, 0, 0}, SECOND_KEY, "", "", CALLBACK_FORGED},
        {"empty header", {"", NULL, 1, 0}, SECOND_KEY, "", "", CALLBACK_FORGED},
        {"header twice", {MD5_HEADER, NULL, 2, 0}, SECOND_KEY, "", "", CALLBACK_FORGED},
        {"second header twice",
         {MD5_HEADER, MD5_HEADER, 1, 2},
         SECOND_KEY,
         "",
         "",
         CALLBACK_FORGED},
        {"a wrong one before a right one",
         {"signature=00;algorithm=MD5", MD5_HEADER, 1, 1},
         SECOND_KEY,
         "",
         "",
         CALLBACK_FORGED},
        {"another key", {MD5_HEADER, NULL, 1, 0}, OTHER_KEY, "", "", CALLBACK_FORGED},
        {"no key of ours", {MD5_HEADER, NULL, 1, 0}, "", "", "", CALLBACK_FORGED},
        {"upper-case hex",
         {"signature=37BC443416F30B3BFE53FBA70F404231;algorithm=MD5", NULL, 1, 0},
         SECOND_KEY,
         "",
         "",
         CALLBACK_FORGED},
        {"no algorithm", {"signature=" ORDER_MD5, NULL, 1, 0}, SECOND_KEY, "", "", CALLBACK_FORGED},
        {"small algorithm",
         {"signature=" ORDER_MD5 ";algorithm=md5", NULL, 1, 0},
         SECOND_KEY,
         "",
         "",
         CALLBACK_FORGED},
        {"unknown algorithm",
         {"signature=" ORDER_MD5 ";algorithm=NONE", NULL, 1, 0},
         SECOND_KEY,
         "",
         "",
         CALLBACK_FORGED},
        {"SHA-1",
         {"signature=" ORDER_MD5 ";algorithm=SHA-1", NULL, 1, 0},
         SECOND_KEY,
         "",
         "",
         CALLBACK_FORGED},
        {"no signature",
         {"sender=checkout;algorithm=MD5", NULL, 1, 0},
         SECOND_KEY,
         "",
         "",
         CALLBACK_FORGED},
        {"empty signature",
         {"signature=;algorithm=MD5", NULL, 1, 0},
         SECOND_KEY,
         "",
         "",
         CALLBACK_FORGED},
        {"cut signature",
         {"signature=37bc443416f30b3bfe53fba70f40423;algorithm=MD5", NULL, 1, 0},
         SECOND_KEY,
         "",
         "",
         CALLBACK_FORGED},
        {"longer signature",
         {"signature=" ORDER_MD5 "00;algorithm=MD5", NULL, 1, 0},
         SECOND_KEY,
         "",
         "",
         CALLBACK_FORGED},
        {"signature of another algorithm",
         {"signature=" ORDER_SHA256 ";algorithm=MD5", NULL, 1, 0},
         SECOND_KEY,
         "",
         "",
         CALLBACK_FORGED},
        {"signature twice",
         {"signature=00;signature=" ORDER_MD5 ";algorithm=MD5", NULL, 1, 0},
         SECOND_KEY,
         "",
         "",
         CALLBACK_FORGED},
        {"algorithm twice",
         {"signature=" ORDER_MD5 ";algorithm=SHA;algorithm=MD5", NULL, 1, 0},
         SECOND_KEY,
         "",
         "",
         CALLBACK_FORGED},
        {"two signs of equality",
         {"signature==" ORDER_MD5 ";algorithm=MD5", NULL, 1, 0},
         SECOND_KEY,
         "",
         "",
         CALLBACK_FORGED},
        {"a part without one",
         {"signature=" ORDER_MD5 ";what;algorithm=MD5", NULL, 1, 0},
         SECOND_KEY,
         "",
         "",
         CALLBACK_FORGED},
        {"blanks",
         {"signature=" ORDER_MD5 "; algorithm=MD5", NULL, 1, 0},
         SECOND_KEY,
         "",
         "",
         CALLBACK_FORGED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_account a = account;
        struct callback_facts facts;
        struct sent sent = rows[i].sent;
        char body[1024];
        a.secrets[0] = span_str(rows[i].key);
        a.secrets[1] = span_str(rows[i].older_key);
        snprintf(body, sizeof(body), "%s%s", order_body, rows[i].more);
        enum callback_verdict verdict = read_sent(&a, &sent, span_str(body), &facts);
        if (verdict != rows[i].verdict)
            fail_msg("%s: verdict %d", rows[i].says, verdict);
        assert_int_equal(facts.kind, verdict == CALLBACK_GENUINE ? CALLBACK_PAID : CALLBACK_NONE);
    }
}

static void order_vector_is_read_with_its_movement_and_amount(void **state)
{
    (void)state;
    struct callback_facts facts;
    assert_int_equal(sizeof(order_body) - 1, 498);
    assert_int_equal(
        read_sent(&account, &(struct sent){.header = MD5_HEADER}, span_str(order_body), &facts),
        CALLBACK_GENUINE);
    assert_int_equal(facts.kind, CALLBACK_PAID);
    assert_string_equal(facts.dedup_key, "order/" ORDER_ID "/COMPLETED");
    assert_string_equal(facts.reference, "INV-2026-0001");
    assert_string_equal(facts.provider_reference, ORDER_ID);
    assert_string_equal(facts.movement, ORDER_ID);
    assert_string_equal(facts.currency, "PLN");
    assert_int_equal(facts.amount_minor, 12345);
}

static void refund_vector_is_read_with_its_movement_and_amount(void **state)
{
    (void)state;
    struct callback_facts facts;
    assert_int_equal(sizeof(refund_body) - 1, 226);
    assert_int_equal(read_sent(&account,
                               &(struct sent){.header = "signature=" REFUND_MD5 ";algorithm=MD5"},
                               span_str(refund_body), &facts),
                     CALLBACK_GENUINE);
    assert_int_equal(facts.kind, CALLBACK_REFUNDED);
    assert_string_equal(facts.dedup_key, "refund/5000024357/FINALIZED");
    assert_string_equal(facts.reference, "INV-2026-0001");
    assert_string_equal(facts.provider_reference, ORDER_ID);
    assert_string_equal(facts.movement, "5000024357");
    assert_string_equal(facts.currency, "PLN");
    assert_int_equal(facts.amount_minor, 2345);
}

#define ORDER(status, amount, currency, pos)                                                       \
    "{\"order\":{\"orderId\":\"O1\",\"extOrderId\":\"ref\",\"merchantPosId\":" pos                 \
    ",\"currencyCode\":" currency ",\"totalAmount\":" amount ",\"status\":" status "}}"
#define WITH_STATUS(status) ORDER("\"" status "\"", "\"1\"", "\"PLN\"", "\"300746\"")
#define WITH_AMOUNT(amount) ORDER("\"COMPLETED\"", amount, "\"PLN\"", "\"300746\"")
#define WITH_CURRENCY(currency) ORDER("\"COMPLETED\"", "\"1\"", currency, "\"300746\"")
#define WITH_POS(pos) ORDER("\"COMPLETED\"", "\"1\"", "\"PLN\"", pos)
#define REFUND(members) "{\"orderId\":\"O1\",\"extOrderId\":\"ref\",\"refund\":{" members "}}"
#define REFUND_OF(amount)                                                                          \
    REFUND(                                                                                        \
        "\"refundId\":\"5\",\"currencyCode\":\"PLN\",\"status\":\"FINALIZED\",\"amount\":" amount)

static void each_status_has_its_kind(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum callback_kind kind;
        const char *dedup_key;
    } rows[] = {
        {WITH_STATUS("NEW"), CALLBACK_PENDING, "order/O1/NEW"},
        {WITH_STATUS("PENDING"), CALLBACK_PENDING, "order/O1/PENDING"},
        {WITH_STATUS("WAITING_FOR_CONFIRMATION"), CALLBACK_PENDING,
         "order/O1/WAITING_FOR_CONFIRMATION"},
        {WITH_STATUS("COMPLETED"), CALLBACK_PAID, "order/O1/COMPLETED"},
        {WITH_STATUS("CANCELED"), CALLBACK_FAILED, "order/O1/CANCELED"},
        {WITH_STATUS("REJECTED"), CALLBACK_FAILED, "order/O1/REJECTED"},
        {WITH_STATUS("UNHEARD_OF"), CALLBACK_NONE, "order/O1/UNHEARD_OF"},
        {REFUND_OF("\"7\""), CALLBACK_REFUNDED, "refund/5/FINALIZED"},
        {REFUND("\"refundId\":\"5\",\"status\":\"PENDING\""), CALLBACK_NONE, "refund/5/PENDING"},
        {REFUND("\"refundId\":\"5\",\"status\":\"CANCELED\""), CALLBACK_REFUND_FAILED,
         "refund/5/CANCELED"},
        /* printf '{"payout":{"payoutId":"1"}}' | openssl dgst -sha256 */
        {"{\"payout\":{\"payoutId\":\"1\"}}", CALLBACK_NONE,
         "other/7a8a663053f8ff27b6056c2674584aab2730676dc66e68ba4c96f353b4f7d684"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct callback_facts facts;
        assert_int_equal(read_signed(span_str(rows[i].body), &facts), CALLBACK_GENUINE);
        assert_int_equal(facts.kind, rows[i].kind);
        assert_string_equal(facts.dedup_key, rows[i].dedup_key);
    }
}

/* Nothing can book it, so people are shown it. */
static void refund_through_without_its_amount_has_no_currency_either(void **state)
{
    (void)state;
    static const char *const rows[] = {
        REFUND("\"refundId\":\"5\",\"status\":\"FINALIZED\""),
        REFUND("\"refundId\":\"5\",\"status\":\"FINALIZED\",\"amount\":\"7\""),
        REFUND("\"refundId\":\"5\",\"status\":\"FINALIZED\",\"currencyCode\":\"PLN\""),
        REFUND("\"refundId\":\"5\",\"status\":\"FINALIZED\",\"amount\":null,\"currencyCode\":null"),
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct callback_facts facts;
        assert_int_equal(read_signed(span_str(rows[i]), &facts), CALLBACK_GENUINE);
        assert_int_equal(facts.kind, CALLBACK_REFUNDED);
        assert_int_equal(facts.amount_minor, 0);
        assert_string_equal(facts.currency, "");
    }
}

static void another_point_of_sale_is_foreign(void **state)
{
    (void)state;
    struct callback_facts facts;
    assert_int_equal(read_signed(SPAN_LIT(WITH_POS("\"145227\"")), &facts), CALLBACK_FOREIGN);
    assert_int_equal(read_signed(SPAN_LIT(WITH_POS("\"3007460\"")), &facts), CALLBACK_FOREIGN);
}

static void what_is_signed_but_not_readable_is_malformed(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "null",
        "[]",
        "{\"order\":null,\"refund\":null}",
        "{\"order\":{}}",
        "{\"order\":[]}",
        "{\"refund\":{}}",
        "{\"order\":{\"merchantPosId\":\"300746\",\"status\":\"COMPLETED\"}}",
        "{\"order\":{\"merchantPosId\":\"300746\",\"orderId\":\"O1\"}}",
        WITH_POS("300746"),
        WITH_POS("null"),
        WITH_POS("\"300 746\""),
        WITH_AMOUNT("1"),
        WITH_AMOUNT("1.0"),
        WITH_AMOUNT("null"),
        WITH_AMOUNT("\"\""),
        WITH_AMOUNT("\"0\""),
        WITH_AMOUNT("\"-1\""),
        WITH_AMOUNT("\"+1\""),
        WITH_AMOUNT("\"01\""),
        WITH_AMOUNT("\"1.00\""),
        WITH_AMOUNT("\"1e2\""),
        WITH_AMOUNT("\" 1\""),
        WITH_AMOUNT("\"1\\u0000\""),
        WITH_AMOUNT("\"1000000000000001\""),
        WITH_AMOUNT("\"99999999999999999999999999\""),
        WITH_CURRENCY("\"pln\""),
        WITH_CURRENCY("\"PL\""),
        WITH_CURRENCY("null"),
        WITH_CURRENCY("985"),
        ORDER("7", "\"1\"", "\"PLN\"", "\"300746\""),
        ORDER("\"COMPLETED\",\"status\":\"COMPLETED\"", "\"1\"", "\"PLN\"", "\"300746\""),
        ORDER("\"COMPLETED\",\"totalAmount\":\"2\"", "\"1\"", "\"PLN\"", "\"300746\""),
        WITH_STATUS("A B"),
        WITH_STATUS("COMPLETED") " x",
        "\xef\xbb\xbf" WITH_STATUS("COMPLETED"),
        REFUND("\"status\":\"FINALIZED\""),
        REFUND("\"refundId\":\"5\""),
        REFUND("\"refundId\":5,\"status\":\"FINALIZED\""),
        REFUND_OF("7"),
        REFUND_OF("\"7.00\""),
        REFUND_OF("\"0\""),
        "{\"refund\":{\"refundId\":\"5\",\"status\":\"CANCELED\"}}",
        "{\"orderId\":\"O1\",\"orderId\":\"O1\",\"refund\":{\"refundId\":\"5\",\"status\":"
        "\"CANCELED\"}}",
        "{\"order\":{\"orderId\":\"O1\",\"merchantPosId\":\"300746\",\"status\":\"NEW\"},"
        "\"orderId\":"
        "\"O1\",\"refund\":{\"refundId\":\"5\",\"status\":\"CANCELED\"}}",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct callback_facts facts;
        if (read_signed(span_str(rows[i]), &facts) != CALLBACK_MALFORMED)
            fail_msg("taken: %s", rows[i]);
    }
}

static void stored_callback_is_read_again_to_the_same_facts(void **state)
{
    (void)state;
    static const char *const bodies[] = {order_body, refund_body, WITH_STATUS("PENDING")};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); ++i) {
        struct callback_facts facts, again;
        read_signed(span_str(bodies[i]), &facts);
        assert_int_equal(
            payu_provider.reread_callback(&account, SPAN_LIT("{}"), span_str(bodies[i]), &again),
            CALLBACK_GENUINE);
        assert_memory_equal(&facts, &again, sizeof(facts));
    }
}

static void kept_headers_are_the_one_that_counted(void **state)
{
    (void)state;
    struct sent sent = {"a=\"b\"", "c=d", 1, 1};
    struct callback_headers headers = {get, &sent};
    struct buf json;
    buf_init(&json, PROVIDER_HEADERS_KEPT_MAX);
    payu_provider.keep_headers(&headers, &json);
    assert_string_equal(buf_span(&json).base, "{\"openpayu-signature\":\"a=\\\"b\\\"\"}");
    buf_release(&json);
}

/* ---- requests ---- */

static const struct provider_task start = {
    .kind = PROVIDER_START,
    .reference = SPAN_OF("0123456789abcdefAB"),
    .amount_minor = 12345,
    .currency = SPAN_OF("PLN"),
    .title = SPAN_OF("FV \"1\"/2026"),
    .return_url = SPAN_OF("https://p.example/back/0123456789abcdefAB"),
    .callback_url = SPAN_OF("https://p.example/callbacks/payu"),
    .language = SPAN_OF("pl"),
    .payer_email = SPAN_OF("jan@example.com"),
    .payer_name = SPAN_OF("Jan Nowak"),
    .payer_ip = SPAN_OF("192.0.2.7"),
    .valid_seconds = 3600,
};

static void request_init(struct provider_request *request)
{
    request->method = "POST";
    buf_init(&request->url, 512);
    buf_init(&request->headers, 512);
    buf_init(&request->body, 4096);
}

static void request_release(struct provider_request *request)
{
    buf_release(&request->url);
    buf_release(&request->headers);
    buf_release(&request->body);
}

static void make(struct provider_request *request, const struct provider_task *task, int round,
                 const struct provider_result *before)
{
    static const struct provider_result nothing = {0};
    request_init(request);
    payu_provider.make_request(&account, task, round, SPAN_LIT("tok"),
                               before == NULL ? &nothing : before, request);
}

#define BEARER "Content-Type: application/json\nAuthorization: Bearer tok\n"

static void start_is_an_order_under_our_reference(void **state)
{
    (void)state;
    struct provider_request request;
    make(&request, &start, 0, NULL);
    assert_string_equal(request.method, "POST");
    assert_string_equal(buf_span(&request.url).base, "https://secure.snd.payu.com/api/v2_1/orders");
    assert_string_equal(buf_span(&request.headers).base, BEARER);
    assert_string_equal(
        buf_span(&request.body).base,
        "{\"extOrderId\":\"0123456789abcdefAB\",\"notifyUrl\":\"https://p.example/callbacks/payu\","
        "\"continueUrl\":\"https://p.example/back/0123456789abcdefAB\",\"customerIp\":"
        "\"192.0.2.7\",\"merchantPosId\":\"300746\",\"description\":\"FV \\\"1\\\"/2026\","
        "\"currencyCode\":\"PLN\",\"totalAmount\":\"12345\",\"validityTime\":\"3600\",\"buyer\":"
        "{\"email\":\"jan@example.com\",\"language\":\"pl\"},\"products\":[{\"name\":\"FV "
        "\\\"1\\\"/2026\",\"unitPrice\":\"12345\",\"quantity\":\"1\"}]}");
    request_release(&request);
}

static void blik_code_goes_beside_the_order(void **state)
{
    (void)state;
    struct provider_task task = start;
    struct provider_request request;
    task.blik_code = SPAN_LIT("777123");
    task.payer_email = SPAN_LIT("");
    make(&request, &task, 0, NULL);
    assert_non_null(strstr(buf_span(&request.body).base,
                           "}],\"payMethods\":{\"payMethod\":{\"type\":\"BLIK_AUTHORIZATION_CODE\","
                           "\"value\":\"777123\"}}}"));
    assert_null(strstr(buf_span(&request.body).base, "buyer"));
    request_release(&request);
}

static void customer_ip_is_written_as_payu_takes_it(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"192.0.2.7", "192.0.2.7"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"2001:db8::1", "2001:0db8:0000:0000:0000:0000:0000:0001"},
        {"::1", "0000:0000:0000:0000:0000:0000:0000:0001"},
        {"0.0.0.0", "127.0.0.1"},
        {"", "127.0.0.1"},
        {"what", "127.0.0.1"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_task task = start;
        struct provider_request request;
        char wanted[80];
        task.payer_ip = span_str(rows[i][0]);
        snprintf(wanted, sizeof(wanted), "\"customerIp\":\"%s\"", rows[i][1]);
        make(&request, &task, 0, NULL);
        assert_non_null(strstr(buf_span(&request.body).base, wanted));
        request_release(&request);
    }
}

static void token_is_asked_for_by_a_form(void **state)
{
    (void)state;
    struct provider_account a = account;
    struct provider_request request;
    a.client_id = SPAN_LIT("");
    a.api_key = SPAN_LIT("a+b&c");
    request_init(&request);
    payu_provider.make_token_request(&a, &request);
    assert_string_equal(buf_span(&request.url).base,
                        "https://secure.snd.payu.com/pl/standard/user/oauth/authorize");
    assert_string_equal(buf_span(&request.headers).base,
                        "Content-Type: application/x-www-form-urlencoded\n");
    assert_string_equal(buf_span(&request.body).base,
                        "grant_type=client_credentials&client_id=300746&client_secret=a%2Bb%26c");
    request_release(&request);
}

static void token_has_its_life_or_none(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body, *token;
        int64_t seconds;
    } rows[] = {
        {200,
         "{\"access_token\":\"d9a4536e\",\"token_type\":\"bearer\",\"expires_in\":43199,"
         "\"grant_type\":\"client_credentials\"}",
         "d9a4536e", 43199},
        {200, "{\"access_token\":\"t\",\"expires_in\":99999999}", "t", 86400},
        {200, "{\"access_token\":\"t\"}", NULL, 0},
        {200, "{\"access_token\":\"t\",\"expires_in\":\"43199\"}", NULL, 0},
        {200, "{\"access_token\":\"t\\r\\nX: y\",\"expires_in\":43199}", NULL, 0},
        {200, "{\"access_token\":\"\",\"expires_in\":43199}", NULL, 0},
        {200, "<html>", NULL, 0},
        {401, "{\"error\":\"invalid_client\",\"access_token\":\"t\",\"expires_in\":1}", NULL, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char token[PROVIDER_TOKEN_MAX + 1];
        const struct provider_answer answer = {rows[i].status, span_str(rows[i].body)};
        assert_int_equal(payu_provider.read_token(&account, &answer, token), rows[i].seconds);
        if (rows[i].token != NULL)
            assert_string_equal(token, rows[i].token);
    }
}

static const struct provider_task refund = {
    .kind = PROVIDER_REFUND,
    .reference = SPAN_OF("0123456789abcdefAB"),
    .provider_reference = SPAN_OF("O/1"),
    .amount_minor = 2345,
    .currency = SPAN_OF("PLN"),
    .title = SPAN_OF("FV 1"),
    .refund_reference = SPAN_OF("rf-1"),
};

static void questions_go_to_the_order(void **state)
{
    (void)state;
    static const struct provider_result paid = {.fact_count = 1,
                                                .facts = {{.kind = CALLBACK_PAID}}};
    static const struct provider_result failed = {.fact_count = 1,
                                                  .facts = {{.kind = CALLBACK_FAILED}}};
    static const struct {
        enum provider_task_kind kind;
        int round;
        const struct provider_result *before;
        const char *refund_id, *method, *url;
    } rows[] = {
        {PROVIDER_QUERY, 0, NULL, "", "GET", "/orders/O%2F1"},
        {PROVIDER_QUERY, 1, &paid, "", "GET", "/orders/O%2F1/refunds"},
        {PROVIDER_QUERY, 1, &failed, "", "GET", "/orders/O%2F1/transactions"},
        {PROVIDER_REFUND, 0, NULL, "", "POST", "/orders/O%2F1/refunds"},
        {PROVIDER_REFUND_QUERY, 0, NULL, "", "GET", "/orders/O%2F1/refunds"},
        {PROVIDER_REFUND_QUERY, 0, NULL, "5000024357", "GET", "/orders/O%2F1/refunds/5000024357"},
        {PROVIDER_CHECK, 0, NULL, "", "GET", "/paymethods"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_task task = refund;
        struct provider_request request;
        char url[128];
        task.kind = rows[i].kind;
        task.refund_id = span_str(rows[i].refund_id);
        snprintf(url, sizeof(url), "https://secure.snd.payu.com/api/v2_1%s", rows[i].url);
        make(&request, &task, rows[i].round, rows[i].before);
        assert_string_equal(buf_span(&request.url).base, url);
        assert_string_equal(request.method, rows[i].method);
        assert_string_equal(buf_span(&request.headers).base, BEARER);
        assert_string_equal(buf_span(&request.body).base,
                            task.kind == PROVIDER_REFUND
                                ? "{\"refund\":{\"description\":\"FV 1\",\"amount\":\"2345\","
                                  "\"currencyCode\":\"PLN\",\"extRefundId\":\"rf-1\"}}"
                                : "");
        request_release(&request);
    }
}

static void without_an_order_id_nothing_is_asked(void **state)
{
    (void)state;
    static const enum provider_task_kind kinds[] = {PROVIDER_QUERY, PROVIDER_REFUND,
                                                    PROVIDER_REFUND_QUERY};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); ++i) {
        struct provider_task task = refund;
        struct provider_request request;
        task.kind = kinds[i];
        task.provider_reference = SPAN_LIT("");
        make(&request, &task, 0, NULL);
        assert_int_equal(buf_span(&request.url).len, 0);
        request_release(&request);
    }
}

/* ---- answers ---- */

static enum provider_step answer_to(const struct provider_task *task, int round, int status,
                                    const char *body, struct provider_result *result)
{
    const struct provider_answer answer = {status, span_str(body)};
    return payu_provider.read_answer(&account, task, round, &answer, result);
}

#define SUCCESS "\"status\":{\"statusCode\":\"SUCCESS\"}"
#define TO_PAYU "\"redirectUri\":\"https://merch-prod.snd.payu.com/pay/?orderId=O1&token=eyJ\""
#define STATUS_OF(code, more) "{\"status\":{\"statusCode\":\"" code "\"" more "}}"

static void starts_are_a_yes_a_no_or_unclear(void **state)
{
    (void)state;
    static const struct {
        bool is_blik;
        int status;
        const char *body;
        enum provider_verdict verdict;
        const char *reason, *id;
    } rows[] = {
        {false, 302,
         "{" SUCCESS "," TO_PAYU ",\"orderId\":\"O1\",\"extOrderId\":"
         "\"0123456789abcdefAB\"}",
         PROVIDER_YES, "", "O1"},
        {false, 200,
         "{\"status\":{\"statusCode\":\"WARNING_CONTINUE_REDIRECT\"}," TO_PAYU
         ",\"orderId\":\"O1\"}",
         PROVIDER_YES, "", "O1"},
        {true, 201, "{" SUCCESS ",\"orderId\":\"O1\"}", PROVIDER_YES, "", "O1"},
        {true, 302, "{" SUCCESS "," TO_PAYU ",\"orderId\":\"O1\"}", PROVIDER_YES, "", "O1"},
        {false, 302, "{" SUCCESS ",\"orderId\":\"O1\"}", PROVIDER_UNCLEAR, "", "O1"},
        {false, 302, "{" SUCCESS ",\"redirectUri\":\"https://evil.example/\",\"orderId\":\"O1\"}",
         PROVIDER_UNCLEAR, "", "O1"},
        {false, 302,
         "{" SUCCESS ",\"redirectUri\":\"https://merch-prod.snd.payu.com.evil/\","
         "\"orderId\":\"O1\"}",
         PROVIDER_UNCLEAR, "", "O1"},
        {false, 302, "{" SUCCESS "," TO_PAYU "}", PROVIDER_UNCLEAR, "", ""},
        {false, 302, "{" SUCCESS "," TO_PAYU ",\"orderId\":\"O1\",\"extOrderId\":\"other\"}",
         PROVIDER_UNCLEAR, "", ""},
        {false, 302, "", PROVIDER_UNCLEAR, "", ""},
        {false, 200, "<html>PayU</html>", PROVIDER_UNCLEAR, "", ""},
        {false, 302,
         "{\"status\":{\"statusCode\":\"WARNING_CONTINUE_3DS\"}," TO_PAYU ",\"orderId\":\"O1\"}",
         PROVIDER_UNCLEAR, "", ""},
        {true, 400, STATUS_OF("ERROR_VALUE_INVALID", ",\"statusDesc\":\"INVALID_BLIK_CODE\""),
         PROVIDER_NO, "blik_code_wrong", ""},
        {true, 400, STATUS_OF("BUSINESS_ERROR", ",\"codeLiteral\":\"REG_ERROR_AUTH_CODE_EXPIRED\""),
         PROVIDER_NO, "blik_code_expired", ""},
        {true, 400, STATUS_OF("BUSINESS_ERROR", ",\"codeLiteral\":\"REG_ERROR_AUTH_CODE_USED\""),
         PROVIDER_NO, "blik_code_used", ""},
        {false, 400,
         STATUS_OF("ERROR_VALUE_INVALID", ",\"severity\":\"ERROR\",\"code\":\"8020\","
                                          "\"codeLiteral\":\"INVALID_TOTAL_AMOUNT\""),
         PROVIDER_NO, "refused", ""},
        {false, 400,
         STATUS_OF("BUSINESS_ERROR", ",\"statusDesc\":\"Order was rejected by antifraud "
                                     "system\""),
         PROVIDER_NO, "refused", ""},
        {false, 400,
         "{\"status\":{\"statusCode\":\"ERROR_ORDER_NOT_UNIQUE\",\"code\":\"110\","
         "\"codeLiteral\":\"ORDER_NOT_UNIQUE\"},\"orderId\":\"O7\",\"extOrderId\":"
         "\"0123456789abcdefAB\"}",
         PROVIDER_UNCLEAR, "", "O7"},
        {false, 400, STATUS_OF("ERROR_ORDER_NOT_UNIQUE", ""), PROVIDER_UNCLEAR, "", ""},
        {false, 400,
         "{\"status\":{\"statusCode\":\"ERROR_ORDER_NOT_UNIQUE\"},\"orderId\":\"O7\","
         "\"extOrderId\":\"other\"}",
         PROVIDER_UNCLEAR, "", ""},
        {false, 400, STATUS_OF("ERROR_UNKNOWN_MERCHANT_POS", ""), PROVIDER_UNCLEAR, "", ""},
        {false, 400, STATUS_OF("ERROR_INTERNAL", ""), PROVIDER_UNCLEAR, "", ""},
        {false, 400, "no", PROVIDER_UNCLEAR, "", ""},
        {false, 403,
         STATUS_OF("ERROR_VALUE_INVALID", ",\"codeLiteral\":"
                                          "\"INVALID_AUTH_FOR_THIS_ORDER\""),
         PROVIDER_UNCLEAR, "", ""},
        {false, 408, STATUS_OF("TIMEOUT", ""), PROVIDER_UNCLEAR, "", ""},
        {false, 500, STATUS_OF("BUSINESS_ERROR", ""), PROVIDER_UNCLEAR, "", ""},
        {false, 503, "", PROVIDER_UNCLEAR, "", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_task task = start;
        struct provider_result result = {0};
        if (rows[i].is_blik)
            task.blik_code = SPAN_LIT("777123");
        assert_int_equal(answer_to(&task, 0, rows[i].status, rows[i].body, &result), PROVIDER_DONE);
        if (result.verdict != rows[i].verdict)
            fail_msg("%d %s: verdict %d", rows[i].status, rows[i].body, result.verdict);
        assert_string_equal(result.reason, rows[i].reason);
        assert_string_equal(result.provider_reference, rows[i].id);
        assert_int_equal(result.redirect_url[0] != 0,
                         result.verdict == PROVIDER_YES && !rows[i].is_blik);
        assert_int_equal(result.note[0] != 0, result.verdict == PROVIDER_UNCLEAR);
    }
}

static void refused_token_is_replaced_whatever_was_asked(void **state)
{
    (void)state;
    for (int kind = PROVIDER_START; kind <= PROVIDER_CHECK; ++kind) {
        struct provider_task task = refund;
        struct provider_result result = {0};
        task.kind = kind;
        assert_int_equal(answer_to(&task, 0, 401, STATUS_OF("UNAUTHORIZED", ""), &result),
                         PROVIDER_TOKEN_REFUSED);
    }
}

static const struct provider_task query = {
    .kind = PROVIDER_QUERY,
    .reference = SPAN_OF("ref"),
    .provider_reference = SPAN_OF("O1"),
};
#define ORDERS(status, pos, reference, id)                                                         \
    "{\"orders\":[{\"orderId\":\"" id "\",\"extOrderId\":\"" reference                             \
    "\",\"merchantPosId\":\"" pos "\",\"currencyCode\":\"PLN\",\"totalAmount\":\"12345\","         \
    "\"status\":\"" status "\"}]," SUCCESS "}"
#define ORDERS_OF(status) ORDERS(status, "300746", "ref", "O1")

static void paid_order_is_asked_about_its_refunds_too(void **state)
{
    (void)state;
    static const char list[] =
        "[{\"refundId\":\"5\",\"extRefundId\":\"rf-1\",\"amount\":\"45\",\"currencyCode\":\"PLN\","
        "\"status\":\"FINALIZED\"},{\"refundId\":\"6\",\"amount\":\"46\",\"currencyCode\":\"PLN\","
        "\"status\":\"PENDING\"},{\"refundId\":\"7\",\"amount\":\"47\",\"currencyCode\":\"PLN\","
        "\"status\":\"CANCELED\"}]";
    struct provider_result result = {0}, again = {0};
    assert_int_equal(answer_to(&query, 0, 200, ORDERS_OF("COMPLETED"), &result), PROVIDER_NEXT);
    assert_int_equal(answer_to(&query, 1, 200, list, &result), PROVIDER_DONE);
    assert_int_equal(result.verdict, PROVIDER_YES);
    assert_int_equal(result.fact_count, 3);
    const struct callback_facts *f = result.facts;
    assert_int_equal(f[0].kind, CALLBACK_PAID);
    assert_int_equal(f[0].amount_minor, 12345);
    assert_string_equal(f[0].movement, "O1");
    assert_string_equal(f[0].dedup_key, "order/O1/COMPLETED");
    assert_int_equal(f[1].kind, CALLBACK_REFUNDED);
    assert_int_equal(f[1].amount_minor, 45);
    assert_string_equal(f[1].movement, "5");
    assert_string_equal(f[1].dedup_key, "refund/5/FINALIZED");
    assert_string_equal(f[1].reference, "ref");
    assert_string_equal(f[1].provider_reference, "O1");
    assert_int_equal(f[2].kind, CALLBACK_REFUND_FAILED);
    assert_string_equal(f[2].movement, "7");
    answer_to(&query, 0, 200, ORDERS_OF("COMPLETED"), &again);
    answer_to(&query, 1, 200, list, &again);
    assert_memory_equal(&result, &again, sizeof(result));
}

static void payment_is_known_without_its_list_of_refunds_unless_it_is_out_of_order(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        enum provider_verdict verdict;
    } rows[] = {
        {200, "[]", PROVIDER_YES},
        {200, "{\"refunds\":[]}", PROVIDER_YES},
        {404, STATUS_OF("DATA_NOT_FOUND", ""), PROVIDER_YES},
        {503, "", PROVIDER_UNCLEAR},
        {200, "[{\"refundId\":\"5\",\"status\":\"FINALIZED\"}]", PROVIDER_UNCLEAR},
        {200, "[{\"refundId\":5}]", PROVIDER_UNCLEAR},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_result result = {0};
        answer_to(&query, 0, 200, ORDERS_OF("COMPLETED"), &result);
        assert_int_equal(answer_to(&query, 1, rows[i].status, rows[i].body, &result),
                         PROVIDER_DONE);
        assert_int_equal(result.verdict, rows[i].verdict);
        assert_int_equal(result.fact_count, 1);
    }
}

static void more_refunds_than_fit_are_unclear(void **state)
{
    (void)state;
    struct provider_result result = {0};
    char list[4096] = "[";
    for (int i = 0; i < PROVIDER_FACTS_MAX; ++i)
        snprintf(list + strlen(list), sizeof(list) - strlen(list),
                 "%s{\"refundId\":\"%d\",\"amount\":\"1\",\"currencyCode\":\"PLN\",\"status\":"
                 "\"FINALIZED\"}",
                 i == 0 ? "" : ",", i);
    strcat(list, "]");
    answer_to(&query, 0, 200, ORDERS_OF("COMPLETED"), &result);
    answer_to(&query, 1, 200, list, &result);
    assert_int_equal(result.verdict, PROVIDER_UNCLEAR);
}

static void cancelled_order_is_asked_why(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body, *reason;
    } rows[] = {
        {200,
         "{\"transactions\":[{\"payMethod\":{\"value\":\"blik\"},\"paymentFlow\":"
         "\"BLIK_AUTHORIZATION_CODE\",\"resultCode\":\"REG_ERROR_AUTH_CODE_EXPIRED\"}]}",
         "blik_code_expired"},
        {200, "{\"transactions\":[{\"resultCode\":\"REG_ERROR_AUTH_CODE_CANCELLED\"}]}",
         "blik_code_expired"},
        {200, "{\"transactions\":[{\"resultCode\":\"AUT_ERROR_NO_AUTHORIZATION\"}]}",
         "blik_not_confirmed"},
        {200, "{\"transactions\":[{\"resultCode\":\"AUT_ERROR_INSUFFICIENT_FUNDS\"}]}",
         "insufficient_funds"},
        {200, "{\"transactions\":[{\"resultCode\":\"AUT_ERROR_LIMIT_EXCEEDED\"}]}",
         "limit_exceeded"},
        {200, "{\"transactions\":[{\"resultCode\":\"REG_ERROR_ANTIFRAUD_DECLINED\"}]}", "refused"},
        {200, "{\"transactions\":[{}]}", "refused"},
        {404, STATUS_OF("DATA_NOT_FOUND", ""), "refused"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_result result = {0};
        assert_int_equal(answer_to(&query, 0, 200, ORDERS_OF("CANCELED"), &result), PROVIDER_NEXT);
        assert_int_equal(answer_to(&query, 1, rows[i].status, rows[i].body, &result),
                         PROVIDER_DONE);
        assert_int_equal(result.verdict, PROVIDER_YES);
        assert_int_equal(result.fact_count, 1);
        assert_int_equal(result.facts[0].kind, CALLBACK_FAILED);
        assert_string_equal(result.facts[0].reason, rows[i].reason);
    }
}

static void waiting_order_is_pending(void **state)
{
    (void)state;
    static const char *const bodies[] = {ORDERS_OF("NEW"), ORDERS_OF("PENDING"),
                                         ORDERS_OF("WAITING_FOR_CONFIRMATION")};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); ++i) {
        struct provider_result result = {0};
        assert_int_equal(answer_to(&query, 0, 200, bodies[i], &result), PROVIDER_DONE);
        assert_int_equal(result.verdict, PROVIDER_YES);
        assert_int_equal(result.fact_count, 1);
        assert_int_equal(result.facts[0].kind, CALLBACK_PENDING);
    }
}

/* The key that printed it is retired. */
static void order_is_known_by_its_id_where_our_reference_is_not(void **state)
{
    (void)state;
    struct provider_task task = query;
    struct provider_result result = {0};
    task.reference = SPAN_LIT("");
    answer_to(&task, 0, 200, ORDERS_OF("PENDING"), &result);
    assert_int_equal(result.verdict, PROVIDER_YES);
    assert_int_equal(result.facts[0].kind, CALLBACK_PENDING);
}

static void answers_about_something_else_are_unclear(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
    } rows[] = {
        {200, ORDERS("COMPLETED", "145227", "ref", "O1")},
        {200, ORDERS("COMPLETED", "300746", "other", "O1")},
        {200, ORDERS("COMPLETED", "300746", "ref", "O2")},
        {200, "{\"orders\":[]}"},
        {200, "{}"},
        {200, "<html>"},
        {404, STATUS_OF("DATA_NOT_FOUND", "")},
        {500, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_result result = {0};
        assert_int_equal(answer_to(&query, 0, rows[i].status, rows[i].body, &result),
                         PROVIDER_DONE);
        assert_int_equal(result.verdict, PROVIDER_UNCLEAR);
        assert_int_equal(result.fact_count, 0);
        assert_int_not_equal(result.note[0], 0);
    }
}

static void refunds_are_a_yes_a_no_or_unclear(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        enum provider_verdict verdict;
        const char *id;
    } rows[] = {
        {200,
         "{\"orderId\":\"O1\",\"refund\":{\"refundId\":\"5\",\"extRefundId\":\"rf-1\","
         "\"amount\":\"2345\",\"currencyCode\":\"PLN\",\"status\":\"PENDING\"}," SUCCESS "}",
         PROVIDER_YES, "5"},
        {200, "{\"refund\":{\"refundId\":\"5\",\"status\":\"CANCELED\"}," SUCCESS "}", PROVIDER_NO,
         "5"},
        {200, "{" SUCCESS "}", PROVIDER_UNCLEAR, ""},
        {400, STATUS_OF("ERROR_VALUE_INVALID", ""), PROVIDER_NO, ""},
        {404, STATUS_OF("DATA_NOT_FOUND", ""), PROVIDER_NO, ""},
        {403, STATUS_OF("UNAUTHORIZED_REQUEST", ""), PROVIDER_UNCLEAR, ""},
        {500, STATUS_OF("BUSINESS_ERROR", ""), PROVIDER_UNCLEAR, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_result result = {0};
        assert_int_equal(answer_to(&refund, 0, rows[i].status, rows[i].body, &result),
                         PROVIDER_DONE);
        assert_int_equal(result.verdict, rows[i].verdict);
        assert_string_equal(result.refund_id, rows[i].id);
        assert_string_equal(result.reason, result.verdict == PROVIDER_NO ? "refused" : "");
    }
}

#define ONE_REFUND(status)                                                                         \
    "{\"refundId\":\"5\",\"extRefundId\":\"rf-1\",\"amount\":\"2345\",\"currencyCode\":\"PLN\","   \
    "\"status\":\"" status "\"}"

static void refund_is_found_by_its_id_or_by_ours(void **state)
{
    (void)state;
    static const struct {
        const char *refund_id;
        int status;
        const char *body;
        enum provider_verdict verdict;
        enum callback_kind kind;
    } rows[] = {
        {"5", 200, ONE_REFUND("FINALIZED"), PROVIDER_YES, CALLBACK_REFUNDED},
        {"5", 200, "{\"refund\":" ONE_REFUND("FINALIZED") "}", PROVIDER_YES, CALLBACK_REFUNDED},
        {"5", 200, ONE_REFUND("CANCELED"), PROVIDER_YES, CALLBACK_REFUND_FAILED},
        {"5", 200, ONE_REFUND("PENDING"), PROVIDER_YES, CALLBACK_NONE},
        {"6", 200, ONE_REFUND("FINALIZED"), PROVIDER_UNCLEAR, CALLBACK_NONE},
        {"5", 404, STATUS_OF("DATA_NOT_FOUND", ""), PROVIDER_UNCLEAR, CALLBACK_NONE},
        {"5", 200, "{\"refundId\":\"5\",\"status\":\"FINALIZED\"}", PROVIDER_UNCLEAR,
         CALLBACK_NONE},
        {"", 200, "[{\"refundId\":\"4\"}," ONE_REFUND("FINALIZED") "]", PROVIDER_YES,
         CALLBACK_REFUNDED},
        {"", 200, "{\"refunds\":[" ONE_REFUND("FINALIZED") "]}", PROVIDER_YES, CALLBACK_REFUNDED},
        {"", 200, "[{\"refundId\":\"4\",\"extRefundId\":\"rf-2\"}]", PROVIDER_UNCLEAR,
         CALLBACK_NONE},
        {"", 500, "", PROVIDER_UNCLEAR, CALLBACK_NONE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_task task = refund;
        struct provider_result result = {0};
        task.kind = PROVIDER_REFUND_QUERY;
        task.refund_id = span_str(rows[i].refund_id);
        assert_int_equal(answer_to(&task, 0, rows[i].status, rows[i].body, &result), PROVIDER_DONE);
        assert_int_equal(result.verdict, rows[i].verdict);
        assert_int_equal(result.fact_count, rows[i].kind != CALLBACK_NONE);
        assert_int_equal(result.note[0] != 0, result.verdict == PROVIDER_UNCLEAR);
        if (result.fact_count == 0)
            continue;
        assert_int_equal(result.facts[0].kind, rows[i].kind);
        assert_string_equal(result.facts[0].movement, "5");
        assert_string_equal(result.facts[0].provider_reference, "O/1");
        assert_string_equal(result.facts[0].reference, "0123456789abcdefAB");
        assert_int_equal(result.facts[0].amount_minor, 2345);
    }
}

static void check_says_plainly_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *client_id;
        int status;
        enum provider_verdict verdict;
    } rows[] = {
        {"300746", 200, PROVIDER_YES},     {"", 200, PROVIDER_YES},
        {"145227", 200, PROVIDER_NO},      {"300746", 403, PROVIDER_NO},
        {"300746", 500, PROVIDER_UNCLEAR},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_account a = account;
        struct provider_result result = {0};
        const struct provider_task task = {.kind = PROVIDER_CHECK};
        const struct provider_answer answer = {rows[i].status, SPAN_LIT("{}")};
        a.client_id = span_str(rows[i].client_id);
        assert_int_equal(payu_provider.read_answer(&a, &task, 0, &answer, &result), PROVIDER_DONE);
        assert_int_equal(result.verdict, rows[i].verdict);
        assert_int_equal(result.note[0] != 0, result.verdict != PROVIDER_YES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_get_their_verdict),
        cmocka_unit_test(order_vector_is_read_with_its_movement_and_amount),
        cmocka_unit_test(refund_vector_is_read_with_its_movement_and_amount),
        cmocka_unit_test(each_status_has_its_kind),
        cmocka_unit_test(refund_through_without_its_amount_has_no_currency_either),
        cmocka_unit_test(another_point_of_sale_is_foreign),
        cmocka_unit_test(what_is_signed_but_not_readable_is_malformed),
        cmocka_unit_test(stored_callback_is_read_again_to_the_same_facts),
        cmocka_unit_test(kept_headers_are_the_one_that_counted),
        cmocka_unit_test(start_is_an_order_under_our_reference),
        cmocka_unit_test(blik_code_goes_beside_the_order),
        cmocka_unit_test(customer_ip_is_written_as_payu_takes_it),
        cmocka_unit_test(token_is_asked_for_by_a_form),
        cmocka_unit_test(token_has_its_life_or_none),
        cmocka_unit_test(questions_go_to_the_order),
        cmocka_unit_test(without_an_order_id_nothing_is_asked),
        cmocka_unit_test(starts_are_a_yes_a_no_or_unclear),
        cmocka_unit_test(refused_token_is_replaced_whatever_was_asked),
        cmocka_unit_test(paid_order_is_asked_about_its_refunds_too),
        cmocka_unit_test(payment_is_known_without_its_list_of_refunds_unless_it_is_out_of_order),
        cmocka_unit_test(more_refunds_than_fit_are_unclear),
        cmocka_unit_test(cancelled_order_is_asked_why),
        cmocka_unit_test(waiting_order_is_pending),
        cmocka_unit_test(order_is_known_by_its_id_where_our_reference_is_not),
        cmocka_unit_test(answers_about_something_else_are_unclear),
        cmocka_unit_test(refunds_are_a_yes_a_no_or_unclear),
        cmocka_unit_test(refund_is_found_by_its_id_or_by_ours),
        cmocka_unit_test(check_says_plainly_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

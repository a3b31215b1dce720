#include "provider/przelewy24.h"

#include "base/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define SPAN_OF(text)                                                                              \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }
#define CRC "crc-z-panelu-p24"

static const struct provider_account account = {
    .provider = &przelewy24_provider,
    .account = SPAN_OF("default"),
    .api_url = SPAN_OF("https://sandbox.przelewy24.pl"),
    .start_origin = SPAN_OF("https://sandbox.przelewy24.pl"),
    .merchant = SPAN_OF("999999"),
    .api_key = SPAN_OF("reports-key"),
    .secrets = {SPAN_OF(CRC), {NULL, 0}},
};

/* ---- callbacks ---- */

/* The reference's vectors. */
#define PAYMENT_SIGN                                                                               \
    "46c5c85c16b698b5238cb9c3d7d8e9356dfebd95253859bad3ac6f4ee75af7fc7d4d3556f6a7ea44d2a22f2b514c" \
    "a"                                                                                            \
    "7f7"
#define REFUND_SIGN                                                                                \
    "57022fb5680541f0afb103f25f6c24a42b64216b5768c45862c7baf69fd6531979e06720d1b71235de42d02354b3" \
    "e"                                                                                            \
    "b42"
#define PAYMENT_FIELDS                                                                             \
    "\"merchantId\":999999,\"posId\":999999,\"sessionId\":\"unique-session-id\",\"amount\":1234,"  \
    "\"originAmount\":1234,\"currency\":\"PLN\",\"orderId\":4294967301,\"methodId\":154,"          \
    "\"statement\":\"p24-B12-C34-D56\""
#define REFUND_FIELDS                                                                              \
    "\"orderId\":4294967301,\"sessionId\":\"unique-session-id\",\"refundsUuid\":\"rf-0001\","      \
    "\"merchantId\":999999,\"amount\":1234,\"currency\":\"PLN\",\"status\":0"
static const char payment[] = "{" PAYMENT_FIELDS ",\"sign\":\"" PAYMENT_SIGN "\"}";
static const char refund[] =
    "{" REFUND_FIELDS ",\"requestId\":\"rf-0001\",\"timestamp\":1767225600,"
    "\"sign\":\"" REFUND_SIGN "\"}";

static struct span no_header(void *owner, const char *name, int *count)
{
    (void)owner, (void)name;
    *count = 0;
    return (struct span){NULL, 0};
}

static enum callback_verdict read_by(const struct provider_account *a, struct span body,
                                     struct callback_facts *facts)
{
    struct callback_headers headers = {no_header, NULL};
    return przelewy24_provider.read_callback(a, &headers, body, (struct instant){0}, facts);
}

/* Signs `fields`, which stand in the order of the checksum, and sends them with `more` behind. */
static enum callback_verdict read_signed(const char *fields, const char *more,
                                         struct callback_facts *facts)
{
    uint8_t digest[DIGEST_LEN_MAX];
    char sign[2 * DIGEST_LEN_MAX + 1], body[2048];
    const struct span parts[] = {SPAN_LIT("{"), span_str(fields),
                                 SPAN_LIT(",\"crc\":\"" CRC "\"}")};
    hex_print(digest, digest_spans(DIGEST_SHA384, parts, 3, digest), sign);
    snprintf(body, sizeof(body), "{%s%s,\"sign\":\"%s\"}", fields, more, sign);
    return read_by(&account, span_str(body), facts);
}

static void payment_vector_is_to_be_confirmed_and_never_paid_by_itself(void **state)
{
    (void)state;
    struct callback_facts facts;
    assert_int_equal(read_by(&account, span_str(payment), &facts), CALLBACK_GENUINE);
    assert_int_equal(facts.kind, CALLBACK_TO_CONFIRM);
    assert_string_equal(facts.dedup_key, "order/4294967301");
    assert_string_equal(facts.reference, "unique-session-id");
    assert_string_equal(facts.provider_reference, "4294967301");
    assert_string_equal(facts.movement, "4294967301");
    assert_string_equal(facts.currency, "PLN");
    assert_int_equal(facts.amount_minor, 1234);
}

static void refund_vector_is_done_with_status_0(void **state)
{
    (void)state;
    struct callback_facts facts;
    assert_int_equal(read_by(&account, span_str(refund), &facts), CALLBACK_GENUINE);
    assert_int_equal(facts.kind, CALLBACK_REFUNDED);
    assert_string_equal(facts.dedup_key, "refund/4294967301/rf-0001/0");
    assert_string_equal(facts.reference, "unique-session-id");
    assert_string_equal(facts.provider_reference, "4294967301");
    assert_string_equal(facts.movement, "rf-0001");
    assert_string_equal(facts.currency, "PLN");
    assert_int_equal(facts.amount_minor, 1234);
}

static void checksum_goes_by_the_fields_and_not_by_their_order_in_the_body(void **state)
{
    (void)state;
    struct callback_facts facts;
    assert_int_equal(
        read_by(&account,
                SPAN_LIT("{ \"sign\":\"" PAYMENT_SIGN "\", \"statement\":\"p24-B12-C34-D56\","
                         "\"methodId\":154,\"orderId\":4294967301,\"currency\":\"PLN\","
                         "\"originAmount\":1234,\"amount\":1234,\"more\":[1.5],"
                         "\"sessionId\":\"unique\\u002dsession-id\",\"posId\":999999,"
                         "\"merchantId\":999999 }"),
                &facts),
        CALLBACK_GENUINE);
}

static void wrong_checksums_are_forged(void **state)
{
    (void)state;
    static const struct {
        const char *says, *body, *crc, *older_crc;
        enum callback_verdict verdict;
    } rows[] = {
        {"as it is sent", payment, CRC, "", CALLBACK_GENUINE},
        {"older key", payment, "crc", CRC, CALLBACK_GENUINE},
        {"another key", payment, "crc-z-panelu-p25", "", CALLBACK_FORGED},
        {"no key of ours", payment, "", "", CALLBACK_FORGED},
        {"no checksum", "{" PAYMENT_FIELDS "}", CRC, "", CALLBACK_FORGED},
        {"empty checksum", "{" PAYMENT_FIELDS ",\"sign\":\"\"}", CRC, "", CALLBACK_FORGED},
        {"checksum that is no text", "{" PAYMENT_FIELDS ",\"sign\":1}", CRC, "", CALLBACK_FORGED},
        {"upper-case hex",
         "{" PAYMENT_FIELDS ",\"sign\":"
         "\"46C5C85C16B698B5238CB9C3D7D8E9356DFEBD95253859BAD3AC6F4EE75AF7FC7D4D3556F6A7EA"
         "44D2A22F2B514CA7F7\"}",
         CRC, "", CALLBACK_FORGED},
        {"a refund's checksum", "{" PAYMENT_FIELDS ",\"sign\":\"" REFUND_SIGN "\"}", CRC, "",
         CALLBACK_FORGED},
        {"orderId as text",
         "{\"merchantId\":999999,\"posId\":999999,\"sessionId\":\"unique-session-id\",\"amount\":"
         "1234,\"originAmount\":1234,\"currency\":\"PLN\",\"orderId\":\"4294967301\",\"methodId\":"
         "154,\"statement\":\"p24-B12-C34-D56\",\"sign\":\"" PAYMENT_SIGN "\"}",
         CRC, "", CALLBACK_FORGED},
        {"another amount",
         "{\"merchantId\":999999,\"posId\":999999,\"sessionId\":\"unique-session-id\",\"amount\":"
         "1235,\"originAmount\":1234,\"currency\":\"PLN\",\"orderId\":4294967301,\"methodId\":154,"
         "\"statement\":\"p24-B12-C34-D56\",\"sign\":\"" PAYMENT_SIGN "\"}",
         CRC, "", CALLBACK_FORGED},
        {"amount as float",
         "{\"merchantId\":999999,\"posId\":999999,\"sessionId\":\"unique-session-id\",\"amount\":"
         "1234.0,\"originAmount\":1234,\"currency\":\"PLN\",\"orderId\":4294967301,\"methodId\":"
         "154,"
         "\"statement\":\"p24-B12-C34-D56\",\"sign\":\"" PAYMENT_SIGN "\"}",
         CRC, "", CALLBACK_FORGED},
        {"a key twice", "{\"amount\":1234," PAYMENT_FIELDS ",\"sign\":\"" PAYMENT_SIGN "\"}", CRC,
         "", CALLBACK_FORGED},
        {"a field less",
         "{\"merchantId\":999999,\"posId\":999999,\"sessionId\":\"unique-session-id\",\"amount\":"
         "1234,\"originAmount\":1234,\"currency\":\"PLN\",\"orderId\":4294967301,\"methodId\":154,"
         "\"sign\":\"" PAYMENT_SIGN "\"}",
         CRC, "", CALLBACK_FORGED},
        {"text behind it", "{" PAYMENT_FIELDS ",\"sign\":\"" PAYMENT_SIGN "\"}x", CRC, "",
         CALLBACK_FORGED},
        {"nothing", "", CRC, "", CALLBACK_FORGED},
        {"an array", "[]", CRC, "", CALLBACK_FORGED},
        {"an empty object", "{}", CRC, "", CALLBACK_FORGED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_account a = account;
        struct callback_facts facts;
        a.secrets[0] = span_str(rows[i].crc);
        a.secrets[1] = span_str(rows[i].older_crc);
        if (read_by(&a, span_str(rows[i].body), &facts) != rows[i].verdict)
            fail_msg("%s", rows[i].says);
    }
}

#define PAYMENT(merchant, pos, session, amount, currency, order)                                   \
    "\"merchantId\":" merchant ",\"posId\":" pos ",\"sessionId\":" session ",\"amount\":" amount   \
    ",\"originAmount\":1,\"currency\":" currency ",\"orderId\":" order                             \
    ",\"methodId\":154,\"statement\":\"p24/ż\""
#define REFUND(merchant, uuid, amount, status)                                                     \
    "\"orderId\":7,\"sessionId\":\"ref\",\"refundsUuid\":" uuid ",\"merchantId\":" merchant        \
    ",\"amount\":" amount ",\"currency\":\"PLN\",\"status\":" status
#define BLIK(error)                                                                                \
    "\"orderId\":7,\"sessionId\":\"ref\",\"method\":154,\"result\":{\"error\":" error              \
    ",\"message\":\"a/b\",\"status\":\"x\",\"trxRef\":null}"

static void signed_messages_get_their_verdict(void **state)
{
    (void)state;
    static const struct {
        const char *fields;
        enum callback_verdict verdict;
        enum callback_kind kind;
        const char *dedup_key;
    } rows[] = {
        {PAYMENT("999999", "999999", "\"ref\"", "1", "\"PLN\"", "7"), CALLBACK_GENUINE,
         CALLBACK_TO_CONFIRM, "order/7"},
        {PAYMENT("999998", "999999", "\"ref\"", "1", "\"PLN\"", "7"), CALLBACK_FOREIGN, 0, ""},
        {PAYMENT("999999", "999998", "\"ref\"", "1", "\"PLN\"", "7"), CALLBACK_FOREIGN, 0, ""},
        {PAYMENT("\"999999\"", "999999", "\"ref\"", "1", "\"PLN\"", "7"), CALLBACK_FOREIGN, 0, ""},
        {PAYMENT("999999", "999999", "\"ref\"", "\"1\"", "\"PLN\"", "7"), CALLBACK_MALFORMED, 0,
         ""},
        {PAYMENT("999999", "999999", "\"ref\"", "0", "\"PLN\"", "7"), CALLBACK_MALFORMED, 0, ""},
        {PAYMENT("999999", "999999", "\"ref\"", "-1", "\"PLN\"", "7"), CALLBACK_MALFORMED, 0, ""},
        {PAYMENT("999999", "999999", "\"ref\"", "1000000000000001", "\"PLN\"", "7"),
         CALLBACK_MALFORMED, 0, ""},
        {PAYMENT("999999", "999999", "\"ref\"", "null", "\"PLN\"", "7"), CALLBACK_MALFORMED, 0, ""},
        {PAYMENT("999999", "999999", "\"ref\"", "1", "\"pln\"", "7"), CALLBACK_MALFORMED, 0, ""},
        {PAYMENT("999999", "999999", "\"ref\"", "1", "\"PLN\"", "\"7\""), CALLBACK_MALFORMED, 0,
         ""},
        {PAYMENT("999999", "999999", "\"ref\"", "1", "\"PLN\"", "0"), CALLBACK_MALFORMED, 0, ""},
        {PAYMENT("999999", "999999", "\"\"", "1", "\"PLN\"", "7"), CALLBACK_MALFORMED, 0, ""},
        {PAYMENT("999999", "999999", "\"a b\"", "1", "\"PLN\"", "7"), CALLBACK_MALFORMED, 0, ""},
        {PAYMENT("999999", "999999", "\"ref\"", "1", "\"PLN\"", "9223372036854775807"),
         CALLBACK_GENUINE, CALLBACK_TO_CONFIRM, "order/9223372036854775807"},
        {REFUND("999999", "\"rf\"", "1", "0"), CALLBACK_GENUINE, CALLBACK_REFUNDED,
         "refund/7/rf/0"},
        {REFUND("999999", "\"rf\"", "1", "1"), CALLBACK_GENUINE, CALLBACK_REFUND_FAILED,
         "refund/7/rf/1"},
        {REFUND("999999", "\"rf\"", "1", "2"), CALLBACK_MALFORMED, 0, ""},
        {REFUND("999999", "\"rf\"", "1", "\"0\""), CALLBACK_MALFORMED, 0, ""},
        {REFUND("999999", "\"\"", "1", "0"), CALLBACK_MALFORMED, 0, ""},
        {REFUND("999999", "\"rf\"", "0", "0"), CALLBACK_MALFORMED, 0, ""},
        {REFUND("999998", "\"rf\"", "1", "0"), CALLBACK_FOREIGN, 0, ""},
        {BLIK("\"0\""), CALLBACK_GENUINE, CALLBACK_NONE, "blik/7/0"},
        {BLIK("\"51\""), CALLBACK_GENUINE, CALLBACK_FAILED, "blik/7/51"},
        {BLIK("51"), CALLBACK_MALFORMED, 0, ""},
        {BLIK("\"\""), CALLBACK_MALFORMED, 0, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct callback_facts facts;
        enum callback_verdict verdict = read_signed(rows[i].fields, "", &facts);
        if (verdict != rows[i].verdict)
            fail_msg("verdict %d of %s", verdict, rows[i].fields);
        if (verdict != CALLBACK_GENUINE)
            continue;
        assert_int_equal(facts.kind, rows[i].kind);
        assert_string_equal(facts.dedup_key, rows[i].dedup_key);
    }
}

static void stored_callback_is_read_again_to_the_same_facts(void **state)
{
    (void)state;
    static const char *const bodies[] = {payment, refund};
    for (size_t i = 0; i < 2; ++i) {
        struct callback_facts facts, again;
        read_by(&account, span_str(bodies[i]), &facts);
        assert_int_equal(przelewy24_provider.reread_callback(&account, SPAN_LIT("{}"),
                                                             span_str(bodies[i]), &again),
                         CALLBACK_GENUINE);
        assert_memory_equal(&facts, &again, sizeof(facts));
    }
}

/* ---- requests ---- */

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
                 const char *token)
{
    struct provider_result before = {0};
    snprintf(before.provider_reference, sizeof(before.provider_reference), "%s", token);
    request_init(request);
    przelewy24_provider.make_request(&account, task, round, SPAN_LIT(""), &before, request);
}

static const struct provider_task start = {
    .kind = PROVIDER_START,
    .reference = SPAN_OF("unique-session-id"),
    .amount_minor = 1234,
    .currency = SPAN_OF("PLN"),
    .title = SPAN_OF("FV/1"),
    .return_url = SPAN_OF("https://p.example/back/x"),
    .callback_url = SPAN_OF("https://p.example/callbacks/przelewy24"),
    .language = SPAN_OF("pl"),
    .payer_email = SPAN_OF("jan@example.com"),
    .payer_ip = SPAN_OF("192.0.2.7"),
    .user_agent = SPAN_OF("Mozilla/5.0"),
    .valid_seconds = 3600,
};

#define API "https://sandbox.przelewy24.pl/api/v1/"
/* printf 999999:reports-key | base64 */
#define BASIC "Content-Type: application/json\nAuthorization: Basic OTk5OTk5OnJlcG9ydHMta2V5\n"
#define REGISTER_SIGN                                                                              \
    "b27f9adce99faee87750d350e24fab781f734fd80af7bdcff7063dab3fcebbf5f051b264a9b547e611e8e6af7b37" \
    "7"                                                                                            \
    "cfa"
#define VERIFY_SIGN                                                                                \
    "65cc719b654de81e0ab5fe0cfbfc660308e9f7384bdd150751340c3ffb9cbb6d29d090a66a99f643d9123c42107e" \
    "6"                                                                                            \
    "252"

static void start_is_a_registration_with_the_published_checksum(void **state)
{
    (void)state;
    struct provider_request request;
    make(&request, &start, 0, "");
    assert_string_equal(request.method, "POST");
    assert_string_equal(buf_span(&request.url).base, API "transaction/register");
    assert_string_equal(buf_span(&request.headers).base, BASIC);
    assert_string_equal(
        buf_span(&request.body).base,
        "{\"merchantId\":999999,\"posId\":999999,\"sessionId\":\"unique-session-id\",\"amount\":"
        "1234,"
        "\"currency\":\"PLN\",\"description\":\"FV/1\",\"email\":\"jan@example.com\",\"country\":"
        "\"PL\",\"language\":\"pl\",\"urlReturn\":\"https://p.example/back/x\",\"urlStatus\":"
        "\"https://p.example/callbacks/przelewy24\",\"timeLimit\":60,\"sign\":\"" REGISTER_SIGN
        "\"}");
    request_release(&request);
}

static void blik_code_goes_behind_the_registration(void **state)
{
    (void)state;
    struct provider_task task = start;
    struct provider_request request;
    task.blik_code = SPAN_LIT("777123");
    make(&request, &task, 0, "");
    assert_non_null(strstr(buf_span(&request.body).base,
                           ",\"additional\":{\"PSU\":{\"IP\":\"192.0.2.7\",\"userAgent\":"
                           "\"Mozilla/5.0\"}},\"sign\":\"" REGISTER_SIGN "\"}"));
    assert_null(strstr(buf_span(&request.body).base, "777123"));
    request_release(&request);
    make(&request, &task, 1, "TOK-1");
    assert_string_equal(buf_span(&request.url).base, API "paymentMethod/blik/chargeByCode");
    assert_string_equal(buf_span(&request.headers).base, BASIC);
    assert_string_equal(buf_span(&request.body).base,
                        "{\"token\":\"TOK-1\",\"blikCode\":\"777123\"}");
    request_release(&request);
}

static void languages_and_limits_are_its_own(void **state)
{
    (void)state;
    static const struct {
        const char *language;
        int64_t valid_seconds;
        const char *wanted;
    } rows[] = {
        {"pl", 3600, "\"language\":\"pl\""}, {"en", 3600, "\"language\":\"en\""},
        {"uk", 3600, "\"language\":\"en\""}, {"", 3600, "\"language\":\"pl\""},
        {"g ", 3600, "\"language\":\"en\""}, {"ro", 86400, "\"language\":\"ro\""},
        {"pl", 86400, "\"timeLimit\":99"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_task task = start;
        struct provider_request request;
        task.language = span_str(rows[i].language);
        task.valid_seconds = rows[i].valid_seconds;
        make(&request, &task, 0, "");
        assert_non_null(strstr(buf_span(&request.body).base, rows[i].wanted));
        request_release(&request);
    }
}

static const struct provider_task confirm = {
    .kind = PROVIDER_CONFIRM,
    .reference = SPAN_OF("unique-session-id"),
    .amount_minor = 1234,
    .currency = SPAN_OF("PLN"),
    .movement = SPAN_OF("4294967301"),
    .title = SPAN_OF("FV/1"),
    .callback_url = SPAN_OF("https://p.example/callbacks/przelewy24"),
    .refund_reference = SPAN_OF("rf-0001"),
};

static void each_task_has_its_request(void **state)
{
    (void)state;
    static const struct {
        enum provider_task_kind kind;
        int round;
        const char *method, *url, *body;
    } rows[] = {
        {PROVIDER_CONFIRM, 0, "PUT", API "transaction/verify",
         "{\"merchantId\":999999,\"posId\":999999,\"sessionId\":\"unique-session-id\",\"amount\":"
         "1234,\"currency\":\"PLN\",\"orderId\":4294967301,\"sign\":\"" VERIFY_SIGN "\"}"},
        {PROVIDER_CONFIRM, 1, "GET", API "transaction/by/sessionId/unique-session-id", ""},
        {PROVIDER_QUERY, 0, "GET", API "transaction/by/sessionId/unique-session-id", ""},
        {PROVIDER_REFUND, 0, "POST", API "transaction/refund",
         "{\"requestId\":\"rf-0001\",\"refunds\":[{\"orderId\":4294967301,\"sessionId\":"
         "\"unique-session-id\",\"amount\":1234,\"description\":\"FV/1\"}],\"refundsUuid\":"
         "\"rf-0001\",\"urlStatus\":\"https://p.example/callbacks/przelewy24\"}"},
        {PROVIDER_REFUND_QUERY, 0, "GET", API "refund/by/orderId/4294967301", ""},
        {PROVIDER_CHECK, 0, "GET", API "testAccess", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_task task = confirm;
        struct provider_request request;
        task.kind = rows[i].kind;
        make(&request, &task, rows[i].round, "");
        assert_string_equal(request.method, rows[i].method);
        assert_string_equal(buf_span(&request.url).base, rows[i].url);
        assert_string_equal(buf_span(&request.headers).base, BASIC);
        assert_string_equal(buf_span(&request.body).base, rows[i].body);
        request_release(&request);
    }
}

static void without_an_order_id_or_a_session_nothing_is_asked(void **state)
{
    (void)state;
    static const struct {
        enum provider_task_kind kind;
        const char *movement, *reference;
    } rows[] = {
        {PROVIDER_CONFIRM, "", "ref"},      {PROVIDER_CONFIRM, "7x", "ref"},
        {PROVIDER_CONFIRM, "7", ""},        {PROVIDER_REFUND, "", "ref"},
        {PROVIDER_REFUND_QUERY, "", "ref"}, {PROVIDER_QUERY, "7", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_task task = confirm;
        struct provider_request request;
        task.kind = rows[i].kind;
        task.movement = span_str(rows[i].movement);
        task.reference = span_str(rows[i].reference);
        make(&request, &task, 0, "");
        assert_int_equal(buf_span(&request.url).len, 0);
        request_release(&request);
    }
}

/* ---- answers ---- */

static enum provider_step answer_to(const struct provider_task *task, int round, int status,
                                    const char *body, struct provider_result *result)
{
    const struct provider_answer answer = {status, span_str(body)};
    return przelewy24_provider.read_answer(&account, task, round, &answer, result);
}

static void starts_are_a_yes_a_no_or_unclear(void **state)
{
    (void)state;
    static const struct {
        int round, status;
        const char *body;
        enum provider_verdict verdict;
        const char *reason;
    } rows[] = {
        {0, 200, "{\"data\":{\"token\":\"83F4B8C3-1\"},\"responseCode\":0}", PROVIDER_YES, ""},
        {0, 200, "{\"data\":{\"token\":\"a/../b\"},\"responseCode\":0}", PROVIDER_UNCLEAR, ""},
        {0, 200, "{\"data\":{\"token\":\"\"},\"responseCode\":0}", PROVIDER_UNCLEAR, ""},
        {0, 200, "{}", PROVIDER_UNCLEAR, ""},
        {0, 200, "<html>", PROVIDER_UNCLEAR, ""},
        {0, 400, "{\"error\":\"Invalid input data\",\"code\":400}", PROVIDER_NO, "refused"},
        {0, 400, "{\"error\":\"SessionId is not unique\",\"code\":400}", PROVIDER_UNCLEAR, ""},
        {0, 400, "no", PROVIDER_UNCLEAR, ""},
        {0, 401, "{\"error\":\"Incorrect authentication\",\"code\":401}", PROVIDER_UNCLEAR, ""},
        {0, 500, "{\"error\":\"Undefined error\",\"code\":500}", PROVIDER_UNCLEAR, ""},
        {1, 201, "{\"data\":{\"orderId\":7,\"message\":\"ok\"},\"responseCode\":0}", PROVIDER_YES,
         ""},
        {1, 400, "{\"error\":\"Invalid input data\",\"code\":400}", PROVIDER_NO, "blik_code_wrong"},
        {1, 401, "{\"error\":\"Incorrect authentication\",\"code\":401}", PROVIDER_UNCLEAR, ""},
        {1, 500, "", PROVIDER_UNCLEAR, ""},
        {1, 201, "", PROVIDER_UNCLEAR, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_task task = start;
        struct provider_result result = {0};
        if (rows[i].round == 1)
            task.blik_code = SPAN_LIT("777123");
        assert_int_equal(answer_to(&task, rows[i].round, rows[i].status, rows[i].body, &result),
                         PROVIDER_DONE);
        if (result.verdict != rows[i].verdict)
            fail_msg("%d %s: verdict %d", rows[i].status, rows[i].body, result.verdict);
        assert_string_equal(result.reason, rows[i].reason);
        assert_int_equal(result.note[0] != 0, result.verdict == PROVIDER_UNCLEAR);
        assert_string_equal(result.redirect_url,
                            result.verdict == PROVIDER_YES && rows[i].round == 0
                                ? "https://sandbox.przelewy24.pl/trnRequest/83F4B8C3-1"
                                : "");
    }
}

static void registered_blik_payment_is_charged_next(void **state)
{
    (void)state;
    struct provider_task task = start;
    struct provider_result result = {0};
    task.blik_code = SPAN_LIT("777123");
    assert_int_equal(answer_to(&task, 0, 200, "{\"data\":{\"token\":\"T\"}}", &result),
                     PROVIDER_NEXT);
    assert_string_equal(result.provider_reference, "T");
    assert_string_equal(result.redirect_url, "");
}

#define STANDS(status, session, amount, order)                                                     \
    "{\"data\":{\"statement\":\"p24\",\"orderId\":" order ",\"sessionId\":\"" session              \
    "\",\"status\":" status ",\"amount\":" amount                                                  \
    ",\"currency\":\"PLN\",\"clientEmail\":\"x\"},\"responseCode\":0}"
#define SESSION "unique-session-id"

static void query_is_read_by_its_status(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        enum provider_verdict verdict;
        enum callback_kind kind;
        const char *dedup_key;
    } rows[] = {
        {200, STANDS("0", SESSION, "1234", "0"), PROVIDER_YES, CALLBACK_NONE, ""},
        {200, STANDS("1", SESSION, "1234", "4294967301"), PROVIDER_YES, CALLBACK_TO_CONFIRM,
         "order/4294967301/1"},
        {200, STANDS("2", SESSION, "1234", "4294967301"), PROVIDER_YES, CALLBACK_PAID,
         "order/4294967301/2"},
        {200, STANDS("3", SESSION, "1234", "4294967301"), PROVIDER_YES, CALLBACK_FAILED,
         "order/4294967301/3"},
        {404, "{\"error\":\"Transaction not found\",\"responseCode\":0}", PROVIDER_YES,
         CALLBACK_NONE, ""},
        {404, "<html>", PROVIDER_UNCLEAR, CALLBACK_NONE, ""},
        {200, STANDS("4", SESSION, "1234", "7"), PROVIDER_UNCLEAR, CALLBACK_NONE, ""},
        {200, STANDS("\"2\"", SESSION, "1234", "7"), PROVIDER_UNCLEAR, CALLBACK_NONE, ""},
        {200, STANDS("2", "other", "1234", "7"), PROVIDER_UNCLEAR, CALLBACK_NONE, ""},
        {200, STANDS("2", SESSION, "\"1234\"", "7"), PROVIDER_UNCLEAR, CALLBACK_NONE, ""},
        {200, STANDS("2", SESSION, "12.34", "7"), PROVIDER_UNCLEAR, CALLBACK_NONE, ""},
        {200, STANDS("2", SESSION, "1234", "\"7\""), PROVIDER_UNCLEAR, CALLBACK_NONE, ""},
        {200, STANDS("2,\"status\":2", SESSION, "1234", "7"), PROVIDER_UNCLEAR, CALLBACK_NONE, ""},
        {200, "{}", PROVIDER_UNCLEAR, CALLBACK_NONE, ""},
        {401, "{}", PROVIDER_UNCLEAR, CALLBACK_NONE, ""},
        {500, "", PROVIDER_UNCLEAR, CALLBACK_NONE, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_task task = confirm;
        struct provider_result result = {0};
        task.kind = PROVIDER_QUERY;
        assert_int_equal(answer_to(&task, 0, rows[i].status, rows[i].body, &result), PROVIDER_DONE);
        if (result.verdict != rows[i].verdict)
            fail_msg("%s: verdict %d", rows[i].body, result.verdict);
        assert_int_equal(result.fact_count, rows[i].kind != CALLBACK_NONE);
        assert_int_equal(result.note[0] != 0, result.verdict == PROVIDER_UNCLEAR);
        if (result.fact_count == 0)
            continue;
        assert_int_equal(result.facts[0].kind, rows[i].kind);
        assert_string_equal(result.facts[0].dedup_key, rows[i].dedup_key);
        assert_string_equal(result.facts[0].movement, "4294967301");
        assert_string_equal(result.facts[0].reference, SESSION);
        assert_int_equal(result.facts[0].amount_minor, 1234);
        assert_string_equal(result.facts[0].currency, "PLN");
    }
}

static void assert_confirmed(const struct provider_result *result)
{
    assert_int_equal(result->verdict, PROVIDER_YES);
    assert_int_equal(result->fact_count, 1);
    assert_int_equal(result->facts[0].kind, CALLBACK_PAID);
    assert_string_equal(result->facts[0].movement, "4294967301");
    assert_string_equal(result->facts[0].provider_reference, "4294967301");
    assert_string_equal(result->facts[0].reference, SESSION);
    assert_string_equal(result->facts[0].dedup_key, "order/4294967301/2");
    assert_string_equal(result->facts[0].currency, "PLN");
    assert_int_equal(result->facts[0].amount_minor, 1234);
}

static void confirmation_is_one_payment_of_our_amount(void **state)
{
    (void)state;
    struct provider_result result = {0}, unclear = {0}, odd = {0};
    assert_int_equal(answer_to(&confirm, 0, 200,
                               "{\"data\":{\"status\":\"success\"},\"responseCode\":0}", &result),
                     PROVIDER_DONE);
    assert_confirmed(&result);
    answer_to(&confirm, 0, 500, "", &unclear);
    assert_int_equal(unclear.verdict, PROVIDER_UNCLEAR);
    assert_int_equal(unclear.fact_count, 0);
    answer_to(&confirm, 0, 200, "{\"data\":{\"status\":\"failure\"},\"responseCode\":0}", &odd);
    assert_int_equal(odd.verdict, PROVIDER_UNCLEAR);
    assert_int_equal(odd.fact_count, 0);
}

static void refused_confirmation_is_asked_how_it_stands(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        enum provider_verdict verdict;
    } rows[] = {
        {200, STANDS("2", SESSION, "1234", "4294967301"), PROVIDER_YES},
        {200, STANDS("2", SESSION, "1235", "4294967301"), PROVIDER_NO},
        {200, STANDS("2", SESSION, "1234", "4294967302"), PROVIDER_NO},
        {200, STANDS("1", SESSION, "1234", "4294967301"), PROVIDER_NO},
        {200, STANDS("0", SESSION, "1234", "0"), PROVIDER_NO},
        {200, STANDS("2", "other", "1234", "4294967301"), PROVIDER_UNCLEAR},
        {404, "{}", PROVIDER_UNCLEAR},
        {500, "", PROVIDER_UNCLEAR},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_result result = {0};
        assert_int_equal(answer_to(&confirm, 0, 400, "{\"error\":\"x\",\"code\":400}", &result),
                         PROVIDER_NEXT);
        assert_int_equal(answer_to(&confirm, 1, rows[i].status, rows[i].body, &result),
                         PROVIDER_DONE);
        assert_int_equal(result.verdict, rows[i].verdict);
        if (result.verdict == PROVIDER_YES)
            assert_confirmed(&result);
        else
            assert_int_equal(result.fact_count, 0);
    }
}

static void refunds_are_a_yes_a_no_or_unclear(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        enum provider_verdict verdict;
    } rows[] = {
        {201, "{\"data\":[{\"orderId\":7,\"status\":true,\"message\":\"success\"}]}", PROVIDER_YES},
        {201, "{\"data\":[{\"orderId\":7,\"status\":false,\"message\":\"no\"}]}", PROVIDER_NO},
        {201, "{\"data\":[]}", PROVIDER_UNCLEAR},
        {400, "{\"error\":\"Request already exists\",\"code\":400}", PROVIDER_YES},
        {400, "{\"error\":\"Concurrent call\",\"code\":400}", PROVIDER_UNCLEAR},
        {400, "{\"error\":\"Invalid input parameters\",\"code\":400}", PROVIDER_NO},
        {400, "", PROVIDER_UNCLEAR},
        {409, "{\"error\":[{\"orderId\":7}],\"code\":409}", PROVIDER_NO},
        {401, "{}", PROVIDER_UNCLEAR},
        {500, "{\"error\":\"Unknown error\"}", PROVIDER_UNCLEAR},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_task task = confirm;
        struct provider_result result = {0};
        task.kind = PROVIDER_REFUND;
        answer_to(&task, 0, rows[i].status, rows[i].body, &result);
        if (result.verdict != rows[i].verdict)
            fail_msg("%s: verdict %d", rows[i].body, result.verdict);
        assert_string_equal(result.refund_id, result.verdict == PROVIDER_YES ? "rf-0001" : "");
        assert_string_equal(result.reason, result.verdict == PROVIDER_NO ? "refused" : "");
    }
}

#define REFUNDS(order, status, request)                                                            \
    "{\"data\":{\"orderId\":" order ",\"sessionId\":\"" SESSION                                    \
    "\",\"amount\":1234,\"currency\":\"PLN\",\"refunds\":[{\"batchId\":1,\"requestId\":\"old\","   \
    "\"status\":4,\"amount\":1},{\"batchId\":2,\"requestId\":\"" request "\",\"status\":" status   \
    ",\"amount\":34}]},\"responseCode\":0}"

static void refund_query_has_the_other_sense_of_status(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        enum provider_verdict verdict;
        enum callback_kind kind;
        const char *dedup_key;
    } rows[] = {
        {200, REFUNDS("4294967301", "1", "rf-0001"), PROVIDER_YES, CALLBACK_REFUNDED,
         "refund/4294967301/rf-0001/0"},
        {200, REFUNDS("4294967301", "2", "rf-0001"), PROVIDER_YES, CALLBACK_NONE, ""},
        {200, REFUNDS("4294967301", "3", "rf-0001"), PROVIDER_YES, CALLBACK_NONE, ""},
        {200, REFUNDS("4294967301", "4", "rf-0001"), PROVIDER_YES, CALLBACK_REFUND_FAILED,
         "refund/4294967301/rf-0001/1"},
        {200, REFUNDS("4294967301", "0", "rf-0001"), PROVIDER_UNCLEAR, CALLBACK_NONE, ""},
        {200, REFUNDS("4294967302", "1", "rf-0001"), PROVIDER_UNCLEAR, CALLBACK_NONE, ""},
        {200, REFUNDS("4294967301", "1", "rf-0002"), PROVIDER_UNCLEAR, CALLBACK_NONE, ""},
        {404, "{\"error\":\"Refund not found\"}", PROVIDER_UNCLEAR, CALLBACK_NONE, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_task task = confirm;
        struct provider_result result = {0};
        task.kind = PROVIDER_REFUND_QUERY;
        answer_to(&task, 0, rows[i].status, rows[i].body, &result);
        if (result.verdict != rows[i].verdict)
            fail_msg("%s: verdict %d", rows[i].body, result.verdict);
        assert_int_equal(result.fact_count, rows[i].kind != CALLBACK_NONE);
        if (result.fact_count == 0)
            continue;
        assert_int_equal(result.facts[0].kind, rows[i].kind);
        assert_string_equal(result.facts[0].dedup_key, rows[i].dedup_key);
        assert_string_equal(result.facts[0].movement, "rf-0001");
        assert_int_equal(result.facts[0].amount_minor, 34);
    }
}

static void check_says_plainly_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *merchant;
        int status;
        const char *body;
        enum provider_verdict verdict;
    } rows[] = {
        {"999999", 200, "{\"data\":true,\"error\":\"\"}", PROVIDER_YES},
        {"999999", 200, "{\"data\":false}", PROVIDER_UNCLEAR},
        {"999999", 401, "{\"error\":\"Incorrect authentication\",\"code\":401}", PROVIDER_NO},
        {"999999", 403, "", PROVIDER_NO},
        {"999999", 500, "", PROVIDER_UNCLEAR},
        {"ABC", 200, "{\"data\":true}", PROVIDER_NO},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_account a = account;
        const struct provider_task task = {.kind = PROVIDER_CHECK};
        const struct provider_answer answer = {rows[i].status, span_str(rows[i].body)};
        struct provider_result result = {0};
        a.merchant = span_str(rows[i].merchant);
        przelewy24_provider.read_answer(&a, &task, 0, &answer, &result);
        assert_int_equal(result.verdict, rows[i].verdict);
        assert_int_equal(result.note[0] != 0, result.verdict != PROVIDER_YES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payment_vector_is_to_be_confirmed_and_never_paid_by_itself),
        cmocka_unit_test(refund_vector_is_done_with_status_0),
        cmocka_unit_test(checksum_goes_by_the_fields_and_not_by_their_order_in_the_body),
        cmocka_unit_test(wrong_checksums_are_forged),
        cmocka_unit_test(signed_messages_get_their_verdict),
        cmocka_unit_test(stored_callback_is_read_again_to_the_same_facts),
        cmocka_unit_test(start_is_a_registration_with_the_published_checksum),
        cmocka_unit_test(blik_code_goes_behind_the_registration),
        cmocka_unit_test(languages_and_limits_are_its_own),
        cmocka_unit_test(each_task_has_its_request),
        cmocka_unit_test(without_an_order_id_or_a_session_nothing_is_asked),
        cmocka_unit_test(starts_are_a_yes_a_no_or_unclear),
        cmocka_unit_test(registered_blik_payment_is_charged_next),
        cmocka_unit_test(query_is_read_by_its_status),
        cmocka_unit_test(confirmation_is_one_payment_of_our_amount),
        cmocka_unit_test(refused_confirmation_is_asked_how_it_stands),
        cmocka_unit_test(refunds_are_a_yes_a_no_or_unclear),
        cmocka_unit_test(refund_query_has_the_other_sense_of_status),
        cmocka_unit_test(check_says_plainly_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

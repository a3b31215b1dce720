#include "provider/sandbox.h"

#include "unit/provider/callback_peer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct provider_account account = {
    .provider = &sandbox_provider,
    .account = {"default", 7},
    .api_url = {"http://127.0.0.1:9003/bank/api", 30},
    .start_origin = {"http://127.0.0.1:9003", 21},
    .secrets = {{PEER_SECRET, sizeof(PEER_SECRET) - 1}, {NULL, 0}},
    .api_key = {"key", 3},
};

static enum callback_verdict read_signed(struct span body, struct callback_facts *facts)
{
    char signature[64];
    peer_sign("msg_1", PEER_TIME, body, signature);
    struct peer peer = peer_of("msg_1", PEER_TIME, signature);
    struct callback_headers headers = peer_headers(&peer);
    return sandbox_provider.read_callback(&account, &headers, body, PEER_NOW, facts);
}

#define PAID_DATA                                                                                  \
    "\"data\":{\"id\":\"sb_1\",\"reference\":\"ref\",\"movement\":\"mv_1\",\"amount_minor\":"      \
    "12345,"                                                                                       \
    "\"currency\":\"PLN\"}"
static const char paid[] = "{\"type\":\"payment.paid\"," PAID_DATA "}";

static void paid_is_read_with_its_movement_and_amount(void **state)
{
    (void)state;
    struct callback_facts facts;
    assert_int_equal(read_signed(span_str(paid), &facts), CALLBACK_GENUINE);
    assert_int_equal(facts.kind, CALLBACK_PAID);
    assert_string_equal(facts.dedup_key, "msg_1");
    assert_string_equal(facts.provider_reference, "sb_1");
    assert_string_equal(facts.reference, "ref");
    assert_string_equal(facts.movement, "mv_1");
    assert_string_equal(facts.currency, "PLN");
    assert_int_equal(facts.amount_minor, 12345);
}

static void stored_callback_is_read_again_to_the_same_facts(void **state)
{
    (void)state;
    struct callback_facts facts, again;
    read_signed(span_str(paid), &facts);
    assert_int_equal(sandbox_provider.reread_callback(
                         &account, SPAN_LIT("{\"webhook-id\":\"msg_1\"}"), span_str(paid), &again),
                     CALLBACK_GENUINE);
    assert_memory_equal(&facts, &again, sizeof(facts));
}

static void types_it_does_not_know_are_acknowledged_without_effect(void **state)
{
    (void)state;
    struct callback_facts facts;
    assert_int_equal(read_signed(SPAN_LIT("{\"type\":\"payout.made\",\"data\":[1.5]}"), &facts),
                     CALLBACK_GENUINE);
    assert_int_equal(facts.kind, CALLBACK_NONE);
}

#define WITH_AMOUNT(amount)                                                                        \
    "{\"type\":\"payment.paid\",\"data\":{\"id\":\"a\",\"movement\":\"m\",\"currency\":\"PLN\","   \
    "\"amount_minor\":" amount "}}"
#define WITH_CURRENCY(currency)                                                                    \
    "{\"type\":\"payment.paid\",\"data\":{\"id\":\"a\",\"movement\":\"m\",\"currency\":" currency  \
    ",\"amount_minor\":1}}"

static void what_is_signed_but_not_readable_is_malformed(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"type\":1}",
        "{\"type\":\"payment.paid\"}",
        "{\"type\":\"payment.paid\",\"data\":{}}",
        "{\"type\":\"payment.paid\",\"type\":\"payment.paid\"," PAID_DATA "}",
        "{\"type\":\"payment.paid\"," PAID_DATA "," PAID_DATA "}",
        "{\"type\":\"payment.paid\"," PAID_DATA "} x",
        "{\"type\":\"payment.paid\"," PAID_DATA,
        "\xef\xbb\xbf{\"type\":\"payout.made\"}",
        "{\"type\":\"payout.made\",\"x\":\"\xff\"}",
        "{\"type\":\"payout.made\",\"x\":\"\\u0000\"}",
        "{\"type\":\"payout.made\",\"x\":1e400}",
        "{\"type\":\"payout.made\",\"x\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}",
        WITH_AMOUNT("0"),
        WITH_AMOUNT("-1"),
        WITH_AMOUNT("1.0"),
        WITH_AMOUNT("1e2"),
        WITH_AMOUNT("\"1\""),
        WITH_AMOUNT("null"),
        WITH_AMOUNT("true"),
        WITH_AMOUNT("1000000000000001"),
        WITH_AMOUNT("9223372036854775808"),
        WITH_AMOUNT("99999999999999999999999999"),
        WITH_CURRENCY("\"pln\""),
        WITH_CURRENCY("\"PL\""),
        WITH_CURRENCY("\"PLNN\""),
        WITH_CURRENCY("\"\""),
        WITH_CURRENCY("1"),
        "{\"type\":\"payment.paid\",\"data\":{\"id\":\"a\",\"currency\":\"PLN\",\"amount_minor\":1}"
        "}",
        "{\"type\":\"payment.failed\",\"data\":{\"reference\":\"a b\"}}",
        "{\"type\":\"payment.failed\",\"data\":{\"reason\":\"closed\"}}",
        "{\"type\":\"payment.failed\",\"data\":{\"id\":\"\xc5\x82\"}}",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct callback_facts facts;
        if (read_signed(span_str(rows[i]), &facts) != CALLBACK_MALFORMED)
            fail_msg("taken: %s", rows[i]);
    }
}

static void text_with_nul_bytes_is_malformed(void **state)
{
    (void)state;
    struct callback_facts facts;
    const char body[] = "{\"type\":\"payout.made\"}\0";
    assert_int_equal(sandbox_provider.reread_callback(&account, SPAN_LIT("{\"webhook-id\":\"m\"}"),
                                                      span_of(body, sizeof(body)), &facts),
                     CALLBACK_MALFORMED);
}

static struct span make(struct provider_request *request, const char *blik)
{
    buf_init(&request->url, 512);
    buf_init(&request->headers, 512);
    buf_init(&request->body, 4096);
    const struct provider_task task = {
        .kind = PROVIDER_START,
        .reference = SPAN_LIT("ref"),
        .amount_minor = 12345,
        .currency = SPAN_LIT("PLN"),
        .title = SPAN_LIT("FV \"1\""),
        .return_url = SPAN_LIT("https://p/back/ref"),
        .callback_url = SPAN_LIT("https://p/callbacks/sandbox"),
        .language = SPAN_LIT("pl"),
        .blik_code = span_str(blik),
    };
    const struct provider_result before = {0};
    sandbox_provider.make_request(&account, &task, 0, SPAN_LIT(""), &before, request);
    return buf_span(&request->body);
}

static void release(struct provider_request *request)
{
    buf_release(&request->url);
    buf_release(&request->headers);
    buf_release(&request->body);
}

static void start_carries_our_reference_as_idempotency_key(void **state)
{
    (void)state;
    struct provider_request request;
    assert_string_equal(
        make(&request, "").base,
        "{\"reference\":\"ref\",\"amount_minor\":12345,\"currency\":\"PLN\",\"title\":\"FV "
        "\\\"1\\\"\",\"return_url\":\"https://p/back/"
        "ref\",\"callback_url\":\"https://p/callbacks/sandbox\",\"language\":\"pl\"}");
    assert_string_equal(buf_span(&request.url).base, "http://127.0.0.1:9003/bank/api/payments");
    assert_string_equal(buf_span(&request.headers).base,
                        "Content-Type: application/json\nAuthorization: Bearer "
                        "key\nIdempotency-Key: ref\n");
    release(&request);
    assert_non_null(strstr(make(&request, "777123").base, "\"blik_code\":\"777123\""));
    release(&request);
}

static void answers_are_a_yes_a_no_or_unclear(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        enum provider_verdict verdict;
    } rows[] = {
        {201, "{\"id\":\"sb_1\",\"redirect_url\":\"http://127.0.0.1:9003/bank/pay/x\"}",
         PROVIDER_YES},
        {200, "{\"id\":\"sb_1\"}", PROVIDER_YES},
        {422, "{\"reason\":\"blik_code_wrong\"}", PROVIDER_NO},
        {422, "{}", PROVIDER_NO},
        {422, "no", PROVIDER_UNCLEAR},
        {201, "{\"redirect_url\":\"http://127.0.0.1:9003/\"}", PROVIDER_UNCLEAR},
        {201, "{\"id\":\"sb_1\",\"redirect_url\":\"http://127.0.0.1:90031/\"}", PROVIDER_UNCLEAR},
        {201, "{\"id\":\"sb_1\",\"redirect_url\":\"http://evil.example/\"}", PROVIDER_UNCLEAR},
        {201, "{\"id\":\"sb_1\",\"redirect_url\":\"http://127.0.0.1:9003/\\r\\nX\"}",
         PROVIDER_UNCLEAR},
        {500, "{\"id\":\"sb_1\"}", PROVIDER_UNCLEAR},
        {0, "", PROVIDER_UNCLEAR},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        const struct provider_task task = {.kind = PROVIDER_START};
        const struct provider_answer answer = {rows[i].status, span_str(rows[i].body)};
        struct provider_result result = {0};
        assert_int_equal(sandbox_provider.read_answer(&account, &task, 0, &answer, &result),
                         PROVIDER_DONE);
        assert_int_equal(result.verdict, rows[i].verdict);
    }
}

static void registry_finds_by_exact_name(void **state)
{
    (void)state;
    assert_ptr_equal(provider_find(SPAN_LIT("sandbox")), &sandbox_provider);
    assert_null(provider_find(SPAN_LIT("Sandbox")));
    assert_null(provider_find(SPAN_LIT("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paid_is_read_with_its_movement_and_amount),
        cmocka_unit_test(stored_callback_is_read_again_to_the_same_facts),
        cmocka_unit_test(types_it_does_not_know_are_acknowledged_without_effect),
        cmocka_unit_test(what_is_signed_but_not_readable_is_malformed),
        cmocka_unit_test(text_with_nul_bytes_is_malformed),
        cmocka_unit_test(start_carries_our_reference_as_idempotency_key),
        cmocka_unit_test(answers_are_a_yes_a_no_or_unclear),
        cmocka_unit_test(registry_finds_by_exact_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "provider/stripe.h"

#include "unit/provider/stripe_peer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ROW_COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define REF "Ab3dEf6hIj9lMn2pQr"

static const struct provider_account account = {
    .provider = &stripe_provider,
    .account = {"default", 7},
    .api_url = {"https://api.stripe.com", 22},
    .start_origin = {"https://checkout.stripe.com", 27},
    .api_key = {"sk_test_1", 9},
    .secrets = {{STRIPE_SECRET, sizeof(STRIPE_SECRET) - 1}, {NULL, 0}},
};

/* ---- callbacks ---- */

static enum callback_verdict read_signed_for(const struct provider_account *a, const char *body,
                                             struct callback_facts *facts)
{
    char signature[128];
    stripe_peer_sign(span_str(body), signature);
    struct stripe_peer peer = stripe_peer_of(signature);
    struct callback_headers headers = stripe_peer_headers(&peer);
    return stripe_provider.read_callback(a, &headers, span_str(body),
                                         (struct instant){STRIPE_NOW * 1000000}, facts);
}

#define EVENT_WITH(type, more, object)                                                             \
    "{\"id\":\"evt_1\",\"object\":\"event\",\"livemode\":false," more "\"type\":\"" type           \
    "\",\"data\":{\"object\":" object "}}"
#define EVENT(type, object) EVENT_WITH(type, "", object)
#define SESSION(payment_status, status, more)                                                      \
    "{\"id\":\"cs_test_1\",\"object\":\"checkout.session\",\"mode\":\"payment\",\"amount_total\":" \
    "12345,\"currency\":\"pln\",\"client_reference_id\":\"" REF                                    \
    "\",\"payment_status\":\"" payment_status "\",\"status\":\"" status "\"" more "}"
#define WITH_INTENT ",\"payment_intent\":\"pi_1\""
#define REFUND(status, more)                                                                       \
    "{\"id\":\"re_1\",\"object\":\"refund\",\"amount\":500,\"currency\":\"pln\","                  \
    "\"payment_intent\":\"pi_1\",\"status\":\"" status "\"" more "}"
#define TO_CARD ",\"destination_details\":{\"type\":\"card\",\"card\":{\"type\":\"refund\"}}"
#define TO_BLIK ",\"destination_details\":{\"type\":\"blik\",\"blik\":{}}"
#define DISPUTE(status, more)                                                                      \
    "{\"id\":\"dp_1\",\"object\":\"dispute\",\"amount\":12345,\"currency\":\"pln\","               \
    "\"payment_intent\":\"pi_1\",\"status\":\"" status "\"" more "}"
#define TAKEN ",\"balance_transactions\":[{\"id\":\"txn_1\",\"amount\":-12345}]"
#define TAKEN_AND_BACK                                                                             \
    ",\"balance_transactions\":[{\"id\":\"txn_1\",\"amount\":-12345},{\"id\":\"txn_2\","           \
    "\"amount\":12345}]"

static const struct said {
    const char *body;
    enum callback_kind kind;
    const char *provider_reference, *movement, *reason;
    int64_t amount_minor;
} said[] = {
    /* The vector tells no PaymentIntent: it is asked about before it is booked. */
    {STRIPE_BODY, CALLBACK_PENDING, "cs_test_ref_1", "", "", 0},
    {EVENT("checkout.session.completed", SESSION("paid", "complete", WITH_INTENT)), CALLBACK_PAID,
     "pi_1", "pi_1", "", 12345},
    {EVENT("checkout.session.completed",
           SESSION("paid", "complete", ",\"payment_intent\":{\"id\":\"pi_1\"}")),
     CALLBACK_PAID, "pi_1", "pi_1", "", 12345},
    {EVENT("checkout.session.completed", SESSION("unpaid", "complete", WITH_INTENT)),
     CALLBACK_PENDING, "pi_1", "pi_1", "", 0},
    {EVENT("checkout.session.completed", SESSION("no_payment_required", "complete", "")),
     CALLBACK_NONE, "cs_test_1", "", "", 0},
    {EVENT("checkout.session.async_payment_succeeded", SESSION("paid", "complete", WITH_INTENT)),
     CALLBACK_PAID, "pi_1", "pi_1", "", 12345},
    {EVENT("checkout.session.async_payment_failed", SESSION("unpaid", "complete", WITH_INTENT)),
     CALLBACK_FAILED, "pi_1", "pi_1", "refused", 0},
    {EVENT("checkout.session.expired", SESSION("unpaid", "expired", ",\"payment_intent\":null")),
     CALLBACK_FAILED, "cs_test_1", "", "timed_out", 0},
    {EVENT("refund.created", REFUND("succeeded", "")), CALLBACK_REFUNDED, "pi_1", "re_1", "", 500},
    {EVENT("refund.created", REFUND("pending", "")), CALLBACK_NONE, "pi_1", "re_1", "", 500},
    {EVENT("refund.created", REFUND("requires_action", "")), CALLBACK_NONE, "pi_1", "re_1", "",
     500},
    {EVENT("refund.updated", REFUND("succeeded", "")), CALLBACK_REFUNDED, "pi_1", "re_1", "", 500},
    {EVENT("charge.refund.updated", REFUND("succeeded", "")), CALLBACK_REFUNDED, "pi_1", "re_1", "",
     500},
    {EVENT("refund.failed", REFUND("failed", TO_CARD)), CALLBACK_REFUND_REVERSED, "pi_1", "re_1",
     "", 500},
    {EVENT("refund.failed", REFUND("failed", TO_BLIK)), CALLBACK_REFUND_FAILED, "pi_1", "re_1", "",
     500},
    {EVENT("refund.failed", REFUND("failed", "")), CALLBACK_REFUND_FAILED, "pi_1", "re_1", "", 500},
    {EVENT("refund.updated", REFUND("canceled", TO_CARD)), CALLBACK_REFUND_FAILED, "pi_1", "re_1",
     "", 500},
    {"{\"id\":\"evt_1\",\"livemode\":false,\"type\":\"refund.updated\",\"data\":{"
     "\"object\":" REFUND("failed",
                          TO_BLIK) ",\"previous_attributes\":{\"status\":\"succeeded\"}}}",
     CALLBACK_REFUND_REVERSED, "pi_1", "re_1", "", 500},
    {"{\"id\":\"evt_1\",\"livemode\":false,\"type\":\"refund.updated\",\"data\":{"
     "\"object\":" REFUND("failed", TO_CARD) ",\"previous_attributes\":{\"status\":\"pending\"}}}",
     CALLBACK_REFUND_FAILED, "pi_1", "re_1", "", 500},
    {EVENT("charge.dispute.created", DISPUTE("needs_response", "")), CALLBACK_DISPUTED, "pi_1",
     "dp_1", "", 12345},
    {EVENT("charge.dispute.funds_withdrawn", DISPUTE("needs_response", TAKEN)),
     CALLBACK_CHARGED_BACK, "pi_1", "dp_1", "", 12345},
    {EVENT("charge.dispute.funds_reinstated", DISPUTE("won", TAKEN_AND_BACK)),
     CALLBACK_CHARGEBACK_REVERSED, "pi_1", "dp_1", "", 12345},
    {EVENT("charge.dispute.closed", DISPUTE("lost", TAKEN)), CALLBACK_CHARGED_BACK, "pi_1", "dp_1",
     "", 12345},
    {EVENT("charge.dispute.closed", DISPUTE("lost", "")), CALLBACK_CHARGED_BACK, "pi_1", "dp_1", "",
     12345},
    /* Nothing was taken: the payment had been refunded before. */
    {EVENT("charge.dispute.closed", DISPUTE("lost", ",\"balance_transactions\":[]")), CALLBACK_NONE,
     "pi_1", "dp_1", "", 12345},
    {EVENT("charge.dispute.closed", DISPUTE("won", TAKEN)), CALLBACK_NONE, "pi_1", "dp_1", "",
     12345},
    {EVENT("charge.dispute.closed", DISPUTE("warning_closed", "")), CALLBACK_NONE, "pi_1", "dp_1",
     "", 12345},
    /* Sums, attempts, and what has nothing to do with payments. */
    {EVENT("charge.refunded", "{\"id\":\"ch_1\",\"amount_refunded\":500}"), CALLBACK_NONE, "", "",
     "", 0},
    {EVENT("payment_intent.payment_failed", "{\"id\":\"pi_1\"}"), CALLBACK_NONE, "", "", "", 0},
    {EVENT("payout.paid", "{\"amount\":1.5}"), CALLBACK_NONE, "", "", "", 0},
    /* What others sell over the same account. */
    {EVENT("checkout.session.completed",
           "{\"id\":\"cs_test_1\",\"mode\":\"subscription\",\"payment_status\":\"paid\"}"),
     CALLBACK_NONE, "cs_test_1", "", "", 0},
    {EVENT("refund.created", "{\"id\":\"re_1\",\"amount\":500,\"currency\":\"pln\","
                             "\"payment_intent\":null,\"status\":\"succeeded\"}"),
     CALLBACK_NONE, "", "re_1", "", 500},
};

static void events_say_what_the_reference_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROW_COUNT(said); ++i) {
        struct callback_facts facts;
        if (read_signed_for(&account, said[i].body, &facts) != CALLBACK_GENUINE)
            fail_msg("refused: %s", said[i].body);
        if (facts.kind != said[i].kind || facts.amount_minor != said[i].amount_minor)
            fail_msg("kind %d, amount %lld: %s", facts.kind, (long long)facts.amount_minor,
                     said[i].body);
        assert_string_equal(facts.provider_reference, said[i].provider_reference);
        assert_string_equal(facts.movement, said[i].movement);
        assert_string_equal(facts.reason, said[i].reason);
        assert_string_equal(facts.dedup_key, i == 0 ? "evt_ref_1" : "evt_1");
        if (facts.kind >= CALLBACK_PAID)
            assert_string_equal(facts.currency, "PLN");
    }
}

static void our_reference_comes_back_and_what_is_not_one_is_none(void **state)
{
    (void)state;
    struct callback_facts facts;
    read_signed_for(&account,
                    EVENT("checkout.session.completed", SESSION("paid", "complete", WITH_INTENT)),
                    &facts);
    assert_string_equal(facts.reference, REF);
    static const char *const others[] = {"\"order 1\"", "null", "\"\"", "\"\xc5\x82\"",
                                         "\"0123456789012345678901234567890123456789012345678901234"
                                         "567890123\""};
    for (size_t i = 0; i < ROW_COUNT(others); ++i) {
        char body[512];
        snprintf(body, sizeof(body),
                 EVENT("checkout.session.completed",
                       "{\"id\":\"cs_1\",\"payment_status\":\"paid\",\"payment_intent\":\"pi_1\","
                       "\"amount_total\":1,\"currency\":\"pln\",\"client_reference_id\":%s}"),
                 others[i]);
        assert_int_equal(read_signed_for(&account, body, &facts), CALLBACK_GENUINE);
        assert_string_equal(facts.reference, "");
    }
}

static void stored_event_is_read_again_to_the_same_facts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROW_COUNT(said); ++i) {
        struct callback_facts facts, again;
        read_signed_for(&account, said[i].body, &facts);
        assert_int_equal(stripe_provider.reread_callback(&account, SPAN_LIT("{}"),
                                                         span_str(said[i].body), &again),
                         CALLBACK_GENUINE);
        assert_memory_equal(&facts, &again, sizeof(facts));
    }
}

#define PAID_WITH(amount, currency)                                                                \
    EVENT("checkout.session.completed",                                                            \
          "{\"id\":\"cs_1\",\"payment_status\":\"paid\",\"payment_intent\":\"pi_1\","              \
          "\"amount_total\":" amount ",\"currency\":" currency "}")

static void what_is_signed_but_not_readable_is_malformed(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "[]",
        "{}",
        "{\"id\":\"evt_1\",\"type\":\"payout.paid\"}",
        "{\"id\":\"evt_1\",\"type\":\"payout.paid\",\"livemode\":\"false\"}",
        "{\"id\":\"\",\"type\":\"payout.paid\",\"livemode\":false}",
        "{\"id\":\"evt 1\",\"type\":\"payout.paid\",\"livemode\":false}",
        "{\"id\":\"evt_1\",\"type\":5,\"livemode\":false}",
        "{\"id\":\"evt_1\",\"id\":\"evt_1\",\"type\":\"payout.paid\",\"livemode\":false}",
        "{\"id\":\"evt_1\",\"type\":\"payout.paid\",\"livemode\":false} x",
        "\xef\xbb\xbf{\"id\":\"evt_1\",\"type\":\"payout.paid\",\"livemode\":false}",
        "{\"id\":\"evt_1\",\"type\":\"checkout.session.completed\",\"livemode\":false}",
        EVENT("checkout.session.completed", "{}"),
        EVENT("checkout.session.completed", "{\"id\":\"cs_1\"}"),
        EVENT("checkout.session.completed", "{\"payment_status\":\"paid\"}"),
        EVENT("checkout.session.completed",
              "{\"id\":\"cs_1\",\"payment_status\":\"paid\",\"client_reference_id\":5}"),
        EVENT("checkout.session.completed",
              "{\"id\":\"cs_1\",\"payment_status\":\"paid\",\"payment_intent\":5}"),
        PAID_WITH("0", "\"pln\""),
        PAID_WITH("-1", "\"pln\""),
        PAID_WITH("1.0", "\"pln\""),
        PAID_WITH("1e2", "\"pln\""),
        PAID_WITH("\"1\"", "\"pln\""),
        PAID_WITH("null", "\"pln\""),
        PAID_WITH("1000000000000001", "\"pln\""),
        PAID_WITH("9223372036854775808", "\"pln\""),
        PAID_WITH("1", "\"PLN\""),
        PAID_WITH("1", "\"pl\""),
        PAID_WITH("1", "null"),
        EVENT("refund.created", "{\"amount\":5,\"currency\":\"pln\",\"status\":\"succeeded\"}"),
        EVENT("refund.created", "{\"id\":\"re_1\",\"currency\":\"pln\",\"status\":\"succeeded\"}"),
        EVENT("charge.dispute.created", "{\"id\":\"dp_1\",\"payment_intent\":\"pi_1\"}"),
        EVENT("charge.dispute.created", "[]"),
    };
    for (size_t i = 0; i < ROW_COUNT(rows); ++i) {
        struct callback_facts facts;
        if (read_signed_for(&account, rows[i], &facts) != CALLBACK_MALFORMED)
            fail_msg("taken: %s", rows[i]);
    }
}

static void events_of_the_other_mode_or_of_another_account_are_foreign(void **state)
{
    (void)state;
    struct callback_facts facts;
    struct provider_account live = account, named = account;
    live.is_live = true;
    named.merchant = SPAN_LIT("acct_1");
    const char *test_event = EVENT("payout.paid", "{}");
    const char *live_event = "{\"id\":\"evt_1\",\"type\":\"payout.paid\",\"livemode\":true}";
    const char *connected = EVENT_WITH("payout.paid", "\"account\":\"acct_1\",", "{}");
    assert_int_equal(read_signed_for(&live, test_event, &facts), CALLBACK_FOREIGN);
    assert_int_equal(read_signed_for(&account, live_event, &facts), CALLBACK_FOREIGN);
    assert_int_equal(read_signed_for(&live, live_event, &facts), CALLBACK_GENUINE);
    assert_int_equal(read_signed_for(&account, connected, &facts), CALLBACK_FOREIGN);
    assert_int_equal(read_signed_for(&named, connected, &facts), CALLBACK_GENUINE);
    assert_int_equal(read_signed_for(&named, test_event, &facts), CALLBACK_GENUINE);
}

static void unsigned_event_is_not_read(void **state)
{
    (void)state;
    struct stripe_peer peer = stripe_peer_of("t=" STRIPE_TIME ",v1=" STRIPE_MAC);
    struct callback_headers headers = stripe_peer_headers(&peer);
    struct callback_facts facts;
    assert_int_equal(stripe_provider.read_callback(&account, &headers, SPAN_LIT(STRIPE_BODY " "),
                                                   (struct instant){STRIPE_NOW * 1000000}, &facts),
                     CALLBACK_FORGED);
    assert_int_equal(facts.kind, CALLBACK_NONE);
}

/* ---- requests ---- */

struct asked {
    struct provider_request request;
};

static void ask(struct asked *asked, const struct provider_task *task, int round,
                const char *carried)
{
    struct provider_result before = {0};
    snprintf(before.carried, sizeof(before.carried), "%s", carried);
    asked->request = (struct provider_request){.method = "POST"};
    buf_init(&asked->request.url, 2048);
    buf_init(&asked->request.headers, 2048);
    buf_init(&asked->request.body, 4096);
    stripe_provider.make_request(&account, task, round, SPAN_LIT(""), &before, &asked->request);
}

static void release(struct asked *asked)
{
    buf_release(&asked->request.url);
    buf_release(&asked->request.headers);
    buf_release(&asked->request.body);
}

#define HEADERS "Authorization: Bearer sk_test_1\nStripe-Version: 2026-08-26.dahlia\n"
#define POST_HEADERS(key)                                                                          \
    HEADERS "Content-Type: application/x-www-form-urlencoded\nIdempotency-Key: " key "\n"

/* 2026-01-01T00:20:00Z and an hour: the next whole hour is 02:00, 1767232800. */
static const struct provider_task start = {
    .kind = PROVIDER_START,
    .reference = {REF, sizeof(REF) - 1},
    .amount_minor = 12345,
    .currency = {"PLN", 3},
    .title = {"FV/1 \xc5\x82", 7},
    .return_url = {"https://p.example/back/x", 24},
    .language = {"pl", 2},
    .payer_email = {"jan@example.com", 15},
    .valid_seconds = 3600,
    .now = {INT64_C(1767226800) * 1000000},
};

static void start_is_a_form_with_our_reference_in_all_its_places(void **state)
{
    (void)state;
    struct asked asked;
    ask(&asked, &start, 0, "");
    assert_string_equal(asked.request.method, "POST");
    assert_string_equal(buf_span(&asked.request.url).base,
                        "https://api.stripe.com/v1/checkout/sessions");
    assert_string_equal(buf_span(&asked.request.headers).base, POST_HEADERS(REF));
    assert_string_equal(
        buf_span(&asked.request.body).base,
        "mode=payment&line_items%5B0%5D%5Bquantity%5D=1"
        "&line_items%5B0%5D%5Bprice_data%5D%5Bcurrency%5D=pln"
        "&line_items%5B0%5D%5Bprice_data%5D%5Bunit_amount%5D=12345"
        "&line_items%5B0%5D%5Bprice_data%5D%5Bproduct_data%5D%5Bname%5D=FV%2F1%20%C5%82"
        "&client_reference_id=" REF "&metadata%5Breference%5D=" REF
        "&payment_intent_data%5Bmetadata%5D%5Breference%5D=" REF "&expires_at=1767232800"
        "&success_url=https%3A%2F%2Fp.example%2Fback%2Fx"
        "&cancel_url=https%3A%2F%2Fp.example%2Fback%2Fx");
    release(&asked);
}

/* The same whoever presses again, in whatever language, within the hour. */
static void start_again_is_the_same_request(void **state)
{
    (void)state;
    struct asked first, again;
    struct provider_task later = start;
    later.language = SPAN_LIT("de");
    later.payer_email = SPAN_LIT("");
    later.now = instant_plus_seconds(start.now, 2400);
    ask(&first, &start, 0, "");
    ask(&again, &later, 0, "");
    assert_string_equal(buf_span(&first.request.body).base, buf_span(&again.request.body).base);
    release(&again);
    later.now = instant_plus_seconds(start.now, 2401);
    ask(&again, &later, 0, "");
    assert_non_null(strstr(buf_span(&again.request.body).base, "expires_at=1767236400"));
    release(&again);
    ask(&again, &later, 1, "");
    assert_string_equal(buf_span(&first.request.body).base, buf_span(&again.request.body).base);
    release(&again);
    release(&first);
}

static void session_lives_within_what_stripe_allows(void **state)
{
    (void)state;
    static const struct {
        int64_t valid, end;
    } rows[] = {{0, 1767229200}, {1800, 1767229200}, {2401, 1767232800}, {1000000, 1767308400}};
    for (size_t i = 0; i < ROW_COUNT(rows); ++i) {
        struct asked asked;
        struct provider_task task = start;
        char wanted[32];
        task.valid_seconds = rows[i].valid;
        ask(&asked, &task, 0, "");
        snprintf(wanted, sizeof(wanted), "expires_at=%lld&", (long long)rows[i].end);
        assert_non_null(strstr(buf_span(&asked.request.body).base, wanted));
        release(&asked);
    }
}

static void questions_are_gets(void **state)
{
    (void)state;
    static const struct {
        enum provider_task_kind kind;
        int round;
        const char *provider_reference, *refund_id, *carried, *url;
    } rows[] = {
        {PROVIDER_QUERY, 0, "cs_test_1", "", "",
         "/v1/checkout/sessions/cs_test_1?expand%5B%5D=payment_intent"},
        {PROVIDER_QUERY, 0, "pi_1", "", "", "/v1/payment_intents/pi_1"},
        {PROVIDER_QUERY, 0, "", "", "",
         "/v1/payment_intents/search?limit=2&query=metadata%5B%27reference%27%5D%3A%27" REF "%27"},
        {PROVIDER_QUERY, 1, "cs_test_1", "", "pi_1", "/v1/refunds?limit=9&payment_intent=pi_1"},
        {PROVIDER_QUERY, 2, "cs_test_1", "", "pi_1", "/v1/disputes?limit=3&payment_intent=pi_1"},
        {PROVIDER_REFUND_QUERY, 0, "cs_test_1", "re_1", "", "/v1/refunds/re_1"},
        {PROVIDER_REFUND_QUERY, 0, "cs_test_1", "", "", "/v1/refunds?limit=30&payment_intent=pi_1"},
        {PROVIDER_CHECK, 0, "", "", "", "/v1/balance"},
    };
    for (size_t i = 0; i < ROW_COUNT(rows); ++i) {
        struct asked asked;
        char url[256];
        const struct provider_task task = {.kind = rows[i].kind,
                                           .reference = SPAN_LIT(REF),
                                           .provider_reference =
                                               span_str(rows[i].provider_reference),
                                           .movement = SPAN_LIT("pi_1"),
                                           .refund_reference = SPAN_LIT("rf-1"),
                                           .refund_id = span_str(rows[i].refund_id)};
        ask(&asked, &task, rows[i].round, rows[i].carried);
        snprintf(url, sizeof(url), "https://api.stripe.com%s", rows[i].url);
        assert_string_equal(asked.request.method, "GET");
        assert_string_equal(buf_span(&asked.request.url).base, url);
        assert_string_equal(buf_span(&asked.request.headers).base, HEADERS);
        assert_int_equal(buf_span(&asked.request.body).len, 0);
        release(&asked);
    }
}

static const struct provider_task refund = {
    .kind = PROVIDER_REFUND,
    .reference = {REF, sizeof(REF) - 1},
    .provider_reference = {"cs_test_1", 9},
    .movement = {"pi_1", 4},
    .amount_minor = 500,
    .currency = {"PLN", 3},
    .refund_reference = {"rf-1", 4},
};

static void refund_has_a_key_of_its_own(void **state)
{
    (void)state;
    struct asked asked;
    ask(&asked, &refund, 0, "");
    assert_string_equal(buf_span(&asked.request.url).base, "https://api.stripe.com/v1/refunds");
    assert_string_equal(buf_span(&asked.request.headers).base, POST_HEADERS("rf-1"));
    assert_string_equal(buf_span(&asked.request.body).base,
                        "payment_intent=pi_1&amount=500&metadata%5Breference%5D=" REF
                        "&metadata%5Brefund%5D=rf-1");
    release(&asked);
}

/* ---- answers ---- */

static enum provider_step answer(const struct provider_task *task, int round, int status,
                                 const char *body, struct provider_result *result)
{
    const struct provider_answer a = {status, span_str(body)};
    return stripe_provider.read_answer(&account, task, round, &a, result);
}

#define STARTED(url, mode)                                                                         \
    "{\"id\":\"cs_test_1\",\"livemode\":" mode ",\"status\":\"open\",\"url\":" url "}"
#define ERROR(type) "{\"error\":{\"type\":\"" type "\",\"message\":\"…\"}}"

static void answers_to_a_start_are_a_yes_a_no_or_unclear(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        enum provider_verdict verdict;
    } rows[] = {
        {200, STARTED("\"https://checkout.stripe.com/c/pay/cs_test_1#x\"", "false"), PROVIDER_YES},
        {200, STARTED("\"https://checkout.stripe.com/c/pay/cs_test_1#x\"", "true"),
         PROVIDER_UNCLEAR},
        {200, STARTED("\"https://checkout.stripe.com.evil.example/\"", "false"), PROVIDER_UNCLEAR},
        {200, STARTED("\"http://checkout.stripe.com/c\"", "false"), PROVIDER_UNCLEAR},
        {200, STARTED("null", "false"), PROVIDER_UNCLEAR},
        {200, "{\"livemode\":false,\"url\":\"https://checkout.stripe.com/c\"}", PROVIDER_UNCLEAR},
        {200, "<html>", PROVIDER_UNCLEAR},
        {400, ERROR("invalid_request_error"), PROVIDER_NO},
        {402, ERROR("card_error"), PROVIDER_NO},
        {400, "", PROVIDER_UNCLEAR},
        {400, "{\"error\":\"bad\"}", PROVIDER_UNCLEAR},
        {401, ERROR("invalid_request_error"), PROVIDER_UNCLEAR},
        {403, ERROR("invalid_request_error"), PROVIDER_UNCLEAR},
        {404, ERROR("invalid_request_error"), PROVIDER_UNCLEAR},
        {409, ERROR("idempotency_error"), PROVIDER_UNCLEAR},
        {429, ERROR("invalid_request_error"), PROVIDER_UNCLEAR},
        {500, ERROR("api_error"), PROVIDER_UNCLEAR},
        {303, "", PROVIDER_UNCLEAR},
    };
    for (size_t i = 0; i < ROW_COUNT(rows); ++i) {
        struct provider_result result = {0};
        assert_int_equal(answer(&start, 0, rows[i].status, rows[i].body, &result), PROVIDER_DONE);
        if (result.verdict != rows[i].verdict)
            fail_msg("%d %s: %d", rows[i].status, rows[i].body, result.verdict);
        assert_int_equal(result.note[0] != 0, result.verdict == PROVIDER_UNCLEAR);
        assert_string_equal(result.reason, result.verdict == PROVIDER_NO ? "refused" : "");
    }
}

/* Its end may be one or two hours away: two requests may have been the first. */
static void start_under_a_used_key_is_sent_with_the_end_it_had(void **state)
{
    (void)state;
    struct provider_result result = {0};
    assert_int_equal(answer(&start, 0, 400, ERROR("idempotency_error"), &result), PROVIDER_NEXT);
    assert_int_equal(answer(&start, 1, 400, ERROR("idempotency_error"), &result), PROVIDER_DONE);
    assert_int_equal(result.verdict, PROVIDER_UNCLEAR);
    assert_int_equal(answer(&refund, 0, 400, ERROR("idempotency_error"), &result), PROVIDER_DONE);
    assert_int_equal(result.verdict, PROVIDER_UNCLEAR);
}

static const struct provider_task query = {
    .kind = PROVIDER_QUERY,
    .reference = {REF, sizeof(REF) - 1},
    .provider_reference = {"cs_test_1", 9},
};

static void paid_session_leads_to_its_refunds_and_disputes(void **state)
{
    (void)state;
    struct provider_result result = {0};
    assert_int_equal(answer(&query, 0, 200, SESSION("paid", "complete", WITH_INTENT), &result),
                     PROVIDER_NEXT);
    assert_string_equal(result.carried, "pi_1");
    assert_int_equal(answer(&query, 1, 200,
                            "{\"object\":\"list\",\"has_more\":false,\"data\":[" REFUND(
                                "succeeded", "") "," REFUND("pending", "") "]}",
                            &result),
                     PROVIDER_NEXT);
    assert_int_equal(answer(&query, 2, 200,
                            "{\"object\":\"list\",\"data\":[" DISPUTE("won", TAKEN_AND_BACK) "]}",
                            &result),
                     PROVIDER_DONE);
    assert_int_equal(result.verdict, PROVIDER_YES);
    static const struct {
        enum callback_kind kind;
        const char *key, *movement;
        int64_t amount_minor;
    } facts[] = {
        {CALLBACK_PAID, "paid:pi_1", "pi_1", 12345},
        {CALLBACK_REFUNDED, "refunded:re_1", "re_1", 500},
        {CALLBACK_CHARGED_BACK, "charged_back:dp_1", "dp_1", 12345},
        {CALLBACK_CHARGEBACK_REVERSED, "chargeback_reversed:dp_1", "dp_1", 12345},
    };
    assert_int_equal(result.fact_count, ROW_COUNT(facts));
    for (size_t i = 0; i < ROW_COUNT(facts); ++i) {
        assert_int_equal(result.facts[i].kind, facts[i].kind);
        assert_string_equal(result.facts[i].dedup_key, facts[i].key);
        assert_string_equal(result.facts[i].movement, facts[i].movement);
        assert_string_equal(result.facts[i].reference, REF);
        assert_string_equal(result.facts[i].provider_reference, "pi_1");
        assert_string_equal(result.facts[i].currency, "PLN");
        assert_int_equal(result.facts[i].amount_minor, facts[i].amount_minor);
    }
}

#define LIST(items) "{\"object\":\"list\",\"data\":[" items "]}"
#define INTENT(status, more)                                                                       \
    "{\"id\":\"pi_1\",\"status\":\"" status "\",\"amount_received\":12345,\"currency\":\"pln\","   \
    "\"metadata\":{\"reference\":\"" REF "\"}" more "}"

static void questions_are_answered_with_what_has_happened(void **state)
{
    (void)state;
    static const struct {
        const char *provider_reference;
        int round;
        const char *body;
        enum provider_step step;
        enum provider_verdict verdict;
        const char *key; /* of its one fact; empty: none */
    } rows[] = {
        {"cs_test_1", 0, SESSION("unpaid", "open", ""), PROVIDER_DONE, PROVIDER_YES, ""},
        {"cs_test_1", 0, SESSION("unpaid", "expired", ""), PROVIDER_DONE, PROVIDER_YES,
         "failed:cs_test_1"},
        {"cs_test_1", 0, SESSION("unpaid", "complete", WITH_INTENT), PROVIDER_DONE, PROVIDER_YES,
         "pending:pi_1"},
        {"cs_test_1", 0,
         SESSION("unpaid", "complete",
                 ",\"payment_intent\":{\"id\":\"pi_1\",\"status\":\"requires_payment_method\"}"),
         PROVIDER_DONE, PROVIDER_YES, "failed:pi_1"},
        {"cs_test_1", 0,
         "{\"id\":\"cs_test_1\",\"payment_status\":\"unpaid\",\"status\":\"open\","
         "\"client_reference_id\":\"other\"}",
         PROVIDER_DONE, PROVIDER_UNCLEAR, ""},
        {"cs_test_1", 0, "{}", PROVIDER_DONE, PROVIDER_UNCLEAR, ""},
        {"cs_test_1", 0, "no", PROVIDER_DONE, PROVIDER_UNCLEAR, ""},
        {"pi_1", 0, INTENT("succeeded", ""), PROVIDER_NEXT, 0, "paid:pi_1"},
        {"pi_1", 0, INTENT("processing", ""), PROVIDER_DONE, PROVIDER_YES, "pending:pi_1"},
        {"pi_1", 0, INTENT("canceled", ""), PROVIDER_DONE, PROVIDER_YES, "failed:pi_1"},
        {"pi_1", 0, INTENT("requires_payment_method", ""), PROVIDER_DONE, PROVIDER_YES, ""},
        {"", 0, LIST(""), PROVIDER_DONE, PROVIDER_YES, ""},
        {"", 0, LIST(INTENT("succeeded", "")), PROVIDER_NEXT, 0, "paid:pi_1"},
        {"", 0, LIST(INTENT("succeeded", "") "," INTENT("succeeded", "")), PROVIDER_DONE,
         PROVIDER_UNCLEAR, ""},
        {"", 0, "{}", PROVIDER_DONE, PROVIDER_UNCLEAR, ""},
        {"cs_test_1", 1, "{}", PROVIDER_DONE, PROVIDER_UNCLEAR, ""},
        {"cs_test_1", 1, LIST("{}"), PROVIDER_DONE, PROVIDER_UNCLEAR, ""},
        {"cs_test_1", 1, LIST(REFUND("failed", TO_CARD)), PROVIDER_NEXT, 0, "refund_reversed:re_1"},
        {"cs_test_1", 2, LIST(DISPUTE("needs_response", "")), PROVIDER_DONE, PROVIDER_YES,
         "disputed:dp_1"},
        {"cs_test_1", 2, LIST(DISPUTE("needs_response", TAKEN)), PROVIDER_DONE, PROVIDER_YES,
         "charged_back:dp_1"},
        {"cs_test_1", 2, LIST(DISPUTE("warning_closed", "")), PROVIDER_DONE, PROVIDER_YES, ""},
    };
    for (size_t i = 0; i < ROW_COUNT(rows); ++i) {
        struct provider_task task = query;
        struct provider_result result = {0};
        task.provider_reference = span_str(rows[i].provider_reference);
        enum provider_step step = answer(&task, rows[i].round, 200, rows[i].body, &result);
        if (step != rows[i].step || result.verdict != rows[i].verdict)
            fail_msg("%s: step %d, verdict %d", rows[i].body, step, result.verdict);
        assert_int_equal(result.fact_count, rows[i].key[0] != 0);
        assert_string_equal(result.facts[0].dedup_key, rows[i].key);
    }
    struct provider_result result = {0};
    answer(&query, 0, 404, ERROR("invalid_request_error"), &result);
    assert_int_equal(result.verdict, PROVIDER_UNCLEAR);
    answer(&query, 0, 400, ERROR("invalid_request_error"), &result);
    assert_int_equal(result.verdict, PROVIDER_UNCLEAR);
}

/* The key that made our reference may be retired by then. */
static void payment_is_told_of_to_who_has_no_name_for_it(void **state)
{
    (void)state;
    struct provider_task task = query;
    struct provider_result result = {0};
    task.reference = SPAN_LIT("");
    assert_int_equal(answer(&task, 0, 200, SESSION("paid", "complete", WITH_INTENT), &result),
                     PROVIDER_NEXT);
    assert_string_equal(result.facts[0].reference, REF);
    assert_int_equal(answer(&task, 1, 200, LIST(REFUND("succeeded", "")), &result), PROVIDER_NEXT);
    assert_string_equal(result.facts[1].reference, "");
    assert_string_equal(result.facts[1].provider_reference, "pi_1");
}

static void refunds_are_answered_with_their_id(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        enum provider_verdict verdict;
        const char *id;
    } rows[] = {
        {200, REFUND("pending", ""), PROVIDER_YES, "re_1"},
        {200, REFUND("succeeded", ""), PROVIDER_YES, "re_1"},
        {200, REFUND("failed", TO_CARD), PROVIDER_NO, "re_1"},
        {200, REFUND("canceled", ""), PROVIDER_NO, "re_1"},
        {400, ERROR("invalid_request_error"), PROVIDER_NO, ""},
        {401, ERROR("invalid_request_error"), PROVIDER_UNCLEAR, ""},
        {500, ERROR("api_error"), PROVIDER_UNCLEAR, ""},
        {200, "{}", PROVIDER_UNCLEAR, ""},
    };
    for (size_t i = 0; i < ROW_COUNT(rows); ++i) {
        struct provider_result result = {0};
        assert_int_equal(answer(&refund, 0, rows[i].status, rows[i].body, &result), PROVIDER_DONE);
        assert_int_equal(result.verdict, rows[i].verdict);
        assert_string_equal(result.refund_id, rows[i].id);
        assert_int_equal(result.fact_count, 0);
    }
}

static void refund_is_found_by_its_id_or_by_our_name_for_it(void **state)
{
    (void)state;
    struct provider_task task = refund;
    struct provider_result result = {0};
    task.kind = PROVIDER_REFUND_QUERY;
    task.refund_id = SPAN_LIT("re_1");
    answer(&task, 0, 200, REFUND("succeeded", ""), &result);
    assert_int_equal(result.verdict, PROVIDER_YES);
    assert_string_equal(result.facts[0].dedup_key, "refunded:re_1");
    assert_string_equal(result.facts[0].provider_reference, "pi_1");
    assert_string_equal(result.facts[0].reference, REF);

    task.refund_id = SPAN_LIT("");
    result = (struct provider_result){0};
    answer(&task, 0, 200,
           LIST("{\"id\":\"re_0\",\"metadata\":{\"refund\":\"rf-0\"}}," REFUND(
               "pending", ",\"metadata\":{\"refund\":\"rf-1\"}")),
           &result);
    assert_int_equal(result.verdict, PROVIDER_YES);
    assert_string_equal(result.refund_id, "re_1");
    assert_int_equal(result.fact_count, 0);

    result = (struct provider_result){0};
    answer(&task, 0, 200, LIST(""), &result);
    assert_int_equal(result.verdict, PROVIDER_YES);
    assert_string_equal(result.refund_id, "");
}

static void check_says_whether_the_key_is_good(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        enum provider_verdict verdict;
        const char *note;
    } rows[] = {
        {200, "{\"object\":\"balance\",\"livemode\":false}", PROVIDER_YES, ""},
        {200, "{\"object\":\"balance\",\"livemode\":true}", PROVIDER_NO,
         "the key is one of the live environment"},
        {200, "{}", PROVIDER_UNCLEAR, "what answers is not Stripe"},
        {401, ERROR("invalid_request_error"), PROVIDER_NO, "it does not take our key (status 401)"},
        {403, ERROR("invalid_request_error"), PROVIDER_NO,
         "our key lacks a right that is needed (status 403)"},
        {500, "", PROVIDER_UNCLEAR, "it answered with status 500"},
    };
    const struct provider_task task = {.kind = PROVIDER_CHECK};
    for (size_t i = 0; i < ROW_COUNT(rows); ++i) {
        struct provider_result result = {0};
        answer(&task, 0, rows[i].status, rows[i].body, &result);
        assert_int_equal(result.verdict, rows[i].verdict);
        assert_string_equal(result.note, rows[i].note);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_say_what_the_reference_says),
        cmocka_unit_test(our_reference_comes_back_and_what_is_not_one_is_none),
        cmocka_unit_test(stored_event_is_read_again_to_the_same_facts),
        cmocka_unit_test(what_is_signed_but_not_readable_is_malformed),
        cmocka_unit_test(events_of_the_other_mode_or_of_another_account_are_foreign),
        cmocka_unit_test(unsigned_event_is_not_read),
        cmocka_unit_test(start_is_a_form_with_our_reference_in_all_its_places),
        cmocka_unit_test(start_again_is_the_same_request),
        cmocka_unit_test(session_lives_within_what_stripe_allows),
        cmocka_unit_test(questions_are_gets),
        cmocka_unit_test(refund_has_a_key_of_its_own),
        cmocka_unit_test(answers_to_a_start_are_a_yes_a_no_or_unclear),
        cmocka_unit_test(start_under_a_used_key_is_sent_with_the_end_it_had),
        cmocka_unit_test(paid_session_leads_to_its_refunds_and_disputes),
        cmocka_unit_test(questions_are_answered_with_what_has_happened),
        cmocka_unit_test(payment_is_told_of_to_who_has_no_name_for_it),
        cmocka_unit_test(refunds_are_answered_with_their_id),
        cmocka_unit_test(refund_is_found_by_its_id_or_by_our_name_for_it),
        cmocka_unit_test(check_says_whether_the_key_is_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "provider/standard.h"

#include "provider/bank_api.h"
#include "provider/provider.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ROW_COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct provider_account account = {
    .provider = &standard_provider,
    .account = {"default", 7},
    .is_live = true,
    .api_url = {"https://bank.example/pay", 24},
    .start_origin = {"https://bank.example", 20},
    .api_key = {"key", 3},
};

static const struct provider_task base = {
    .reference = {"ref", 3},
    .provider_reference = {"b_1", 3},
    .amount_minor = 12345,
    .currency = {"PLN", 3},
    .title = {"FV 1", 4},
    .return_url = {"https://p/back/ref", 18},
    .callback_url = {"https://p/callbacks/standard", 28},
    .language = {"pl", 2},
    .valid_seconds = 3600,
    .movement = {"mv_1", 4},
    .refund_reference = {"rf-1", 4},
};

static struct provider_task task_of(enum provider_task_kind kind)
{
    struct provider_task task = base;
    task.kind = kind;
    return task;
}

#define AUTH "Authorization: Bearer key\n"
#define JSON_AUTH(key)                                                                             \
    "Content-Type: application/json\nAuthorization: Bearer key\nIdempotency-Key: " key "\n"

/* Byte for byte as docs/providers.md has them. */
static void requests_are_those_of_the_documented_api(void **state)
{
    (void)state;
    static const struct {
        enum provider_task_kind kind;
        const char *method, *url, *headers, *body;
    } rows[] = {
        {PROVIDER_START, "POST", "https://bank.example/pay/payments", JSON_AUTH("ref"),
         "{\"reference\":\"ref\",\"amount_minor\":12345,\"currency\":\"PLN\",\"title\":\"FV 1\","
         "\"return_url\":\"https://p/back/ref\",\"callback_url\":\"https://p/callbacks/standard\","
         "\"language\":\"pl\",\"valid_seconds\":3600}"},
        {PROVIDER_QUERY, "GET", "https://bank.example/pay/payments/ref", AUTH, ""},
        {PROVIDER_REFUND, "POST", "https://bank.example/pay/payments/ref/refunds",
         JSON_AUTH("rf-1"),
         "{\"refund_reference\":\"rf-1\",\"movement\":\"mv_1\",\"amount_minor\":12345,"
         "\"currency\":\"PLN\",\"callback_url\":\"https://p/callbacks/standard\"}"},
        {PROVIDER_REFUND_QUERY, "GET", "https://bank.example/pay/refunds/rf-1", AUTH, ""},
        {PROVIDER_CHECK, "GET", "https://bank.example/pay/check", AUTH, ""},
    };
    for (size_t i = 0; i < ROW_COUNT(rows); ++i) {
        struct provider_task task = task_of(rows[i].kind);
        struct provider_request request = {.method = "POST"};
        const struct provider_result before = {0};
        buf_init(&request.url, 512);
        buf_init(&request.headers, 512);
        buf_init(&request.body, 4096);
        standard_provider.make_request(&account, &task, 0, SPAN_LIT(""), &before, &request);
        assert_string_equal(request.method, rows[i].method);
        assert_string_equal(buf_span(&request.url).base, rows[i].url);
        assert_string_equal(buf_span(&request.headers).base, rows[i].headers);
        assert_string_equal(buf_span(&request.body).base, rows[i].body);
        buf_release(&request.url);
        buf_release(&request.headers);
        buf_release(&request.body);
    }
}

/* The key that made our reference may be retired by then. */
static void payment_without_our_name_is_asked_for_by_theirs(void **state)
{
    (void)state;
    struct provider_task task = task_of(PROVIDER_QUERY);
    struct provider_request request = {.method = "POST"};
    struct provider_result result = {0};
    task.reference = SPAN_LIT("");
    buf_init(&request.url, 512);
    buf_init(&request.headers, 512);
    standard_provider.make_request(&account, &task, 0, SPAN_LIT(""), &result, &request);
    assert_string_equal(buf_span(&request.url).base, "https://bank.example/pay/payments/b_1");
    buf_release(&request.url);
    buf_release(&request.headers);
    const struct provider_answer told = {
        200,
        SPAN_LIT("{\"events\":[{\"id\":\"m1\",\"type\":\"payment.failed\",\"data\":{\"id\":\"b_1\","
                 "\"reference\":\"ref\"}}]}")};
    standard_provider.read_answer(&account, &task, 0, &told, &result);
    assert_int_equal(result.verdict, PROVIDER_YES);
    assert_string_equal(result.facts[0].reference, "ref");
}

static void answer(enum provider_task_kind kind, int status, const char *body,
                   struct provider_result *result)
{
    struct provider_task task = task_of(kind);
    const struct provider_answer a = {status, span_str(body)};
    *result = (struct provider_result){0};
    assert_int_equal(standard_provider.read_answer(&account, &task, 0, &a, result), PROVIDER_DONE);
}

#define EVENT(id, type, movement)                                                                  \
    "{\"id\":\"" id "\",\"type\":\"payment." type "\",\"data\":{\"id\":\"b_1\",\"reference\":"     \
    "\"ref\",\"movement\":\"" movement "\",\"amount_minor\":500,\"currency\":\"PLN\"}}"
#define EVENTS(events) "{\"id\":\"rf_9\",\"events\":[" events "]}"

static void answers_are_a_yes_a_no_or_unclear(void **state)
{
    (void)state;
    static const struct {
        enum provider_task_kind kind;
        int status;
        const char *body;
        enum provider_verdict verdict;
        int fact_count;
    } rows[] = {
        {PROVIDER_START, 201, "{\"id\":\"b_1\",\"redirect_url\":\"https://bank.example/p/1\"}",
         PROVIDER_YES, 0},
        {PROVIDER_START, 201, "{\"id\":\"b_1\",\"redirect_url\":\"https://bank.example.evil/\"}",
         PROVIDER_UNCLEAR, 0},
        {PROVIDER_START, 422, "{\"reason\":\"refused\"}", PROVIDER_NO, 0},
        {PROVIDER_START, 404, "{}", PROVIDER_UNCLEAR, 0},
        {PROVIDER_START, 401, "{}", PROVIDER_UNCLEAR, 0},
        {PROVIDER_REFUND, 201, "{\"id\":\"rf_9\"}", PROVIDER_YES, 0},
        {PROVIDER_REFUND, 201, "{}", PROVIDER_UNCLEAR, 0},
        {PROVIDER_REFUND, 422, "{\"reason\":\"refused\"}", PROVIDER_NO, 0},
        {PROVIDER_REFUND, 500, "", PROVIDER_UNCLEAR, 0},
        {PROVIDER_QUERY, 200, EVENTS(""), PROVIDER_YES, 0},
        {PROVIDER_QUERY, 200,
         EVENTS(EVENT("m1", "paid", "mv_1") "," EVENT("m2", "refunded", "rf_9")), PROVIDER_YES, 2},
        {PROVIDER_QUERY, 200, EVENTS("{\"id\":\"m1\",\"type\":\"payout.made\"}"), PROVIDER_YES, 0},
        {PROVIDER_QUERY, 404, "", PROVIDER_YES, 0},
        {PROVIDER_QUERY, 422, "{\"reason\":\"refused\"}", PROVIDER_UNCLEAR, 0},
        {PROVIDER_QUERY, 200, "{}", PROVIDER_UNCLEAR, 0},
        {PROVIDER_QUERY, 200, EVENTS("1"), PROVIDER_UNCLEAR, 0},
        {PROVIDER_QUERY, 200, EVENTS(EVENT("", "paid", "mv_1")), PROVIDER_UNCLEAR, 0},
        {PROVIDER_QUERY, 200, EVENTS(EVENT("m1", "paid", "")), PROVIDER_UNCLEAR, 0},
        {PROVIDER_QUERY, 200,
         EVENTS(EVENT("m1", "paid", "mv_1") ",{\"id\":\"m2\",\"type\":\"payment.failed\",\"data\":"
                                            "{\"reference\":\"other\"}}"),
         PROVIDER_UNCLEAR, 0},
        {PROVIDER_QUERY, 200,
         EVENTS(
             "{\"id\":\"m1\",\"type\":\"payment.failed\",\"live\":false,\"data\":{\"id\":\"b\"}}"),
         PROVIDER_UNCLEAR, 0},
        {PROVIDER_REFUND_QUERY, 200, EVENTS(EVENT("m2", "refunded", "rf_9")), PROVIDER_YES, 1},
        {PROVIDER_REFUND_QUERY, 200, "{\"events\":[]}", PROVIDER_UNCLEAR, 0},
        {PROVIDER_REFUND_QUERY, 404, "", PROVIDER_YES, 0},
        {PROVIDER_CHECK, 200, "{}", PROVIDER_YES, 0},
        {PROVIDER_CHECK, 200, "{\"live\":true}", PROVIDER_YES, 0},
        {PROVIDER_CHECK, 200, "{\"live\":false}", PROVIDER_NO, 0},
        {PROVIDER_CHECK, 200, "{\"live\":1}", PROVIDER_UNCLEAR, 0},
        {PROVIDER_CHECK, 200, "<html>", PROVIDER_UNCLEAR, 0},
        {PROVIDER_CHECK, 401, "", PROVIDER_NO, 0},
        {PROVIDER_CHECK, 403, "", PROVIDER_NO, 0},
        {PROVIDER_CHECK, 404, "", PROVIDER_UNCLEAR, 0},
    };
    for (size_t i = 0; i < ROW_COUNT(rows); ++i) {
        struct provider_result result;
        answer(rows[i].kind, rows[i].status, rows[i].body, &result);
        if (result.verdict != rows[i].verdict || result.fact_count != rows[i].fact_count)
            fail_msg("row %zu: verdict %d, %d facts", i, result.verdict, result.fact_count);
        assert_int_equal(result.note[0] != 0,
                         result.verdict == PROVIDER_UNCLEAR ||
                             (rows[i].kind == PROVIDER_CHECK && result.verdict == PROVIDER_NO));
    }
}

/* As its callback would say them, so that whatever comes first is the one that counts. */
static void facts_of_an_answer_are_those_of_the_callbacks(void **state)
{
    (void)state;
    struct provider_result result;
    answer(PROVIDER_REFUND_QUERY, 200, EVENTS(EVENT("m2", "refunded", "rf_9")), &result);
    assert_string_equal(result.refund_id, "rf_9");
    assert_int_equal(result.facts[0].kind, CALLBACK_REFUNDED);
    assert_string_equal(result.facts[0].dedup_key, "m2");
    assert_string_equal(result.facts[0].movement, "rf_9");
    assert_string_equal(result.facts[0].reference, "ref");
    assert_string_equal(result.facts[0].provider_reference, "b_1");
    assert_int_equal(result.facts[0].amount_minor, 500);
}

static void newest_facts_find_room(void **state)
{
    (void)state;
    struct buf body;
    struct provider_result result;
    buf_init(&body, 65536);
    buf_add_str(&body, "{\"id\":\"x\",\"events\":[");
    for (int i = 0; i < PROVIDER_FACTS_MAX + 2; ++i)
        buf_printf(&body,
                   "%s{\"id\":\"m%d\",\"type\":\"payment.paid\",\"data\":{\"id\":\"b_1\","
                   "\"movement\":\"mv_%d\",\"amount_minor\":1,\"currency\":\"PLN\"}}",
                   i == 0 ? "" : ",", i, i);
    buf_add_str(&body, "]}");
    answer(PROVIDER_QUERY, 200, buf_span(&body).base, &result);
    buf_release(&body);
    assert_int_equal(result.fact_count, PROVIDER_FACTS_MAX);
    assert_string_equal(result.facts[0].dedup_key, "m17");
    assert_string_equal(result.facts[PROVIDER_FACTS_MAX - 1].dedup_key, "m2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_those_of_the_documented_api),
        cmocka_unit_test(payment_without_our_name_is_asked_for_by_theirs),
        cmocka_unit_test(answers_are_a_yes_a_no_or_unclear),
        cmocka_unit_test(facts_of_an_answer_are_those_of_the_callbacks),
        cmocka_unit_test(newest_facts_find_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "channel/http_adapter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define WORDS(...)                                                                                 \
    {                                                                                              \
        (const char *const[]){__VA_ARGS__},                                                        \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)                      \
    }

/* As reference/sms.md has it, one row a code. */
static void each_code_of_smsapi_means_what_its_documentation_says(void **state)
{
    (void)state;
    static const struct {
        const char *codes;
        enum http_meaning meaning;
    } rows[] = {
        {"201 666 999 202 203 200", HTTP_RETRY},
        {"8", HTTP_ONCE},
        {"53", HTTP_DUPLICATE},
        {"52", HTTP_MINUTE},
        {"103 101 102 105 110 1000 1001 14", HTTP_STOP},
        {"13", HTTP_DEAD_NUMBER},
        {"57 32", HTTP_BAD_NUMBER},
        {"11 12 17 18 19 20 25 27 30 54 56 70", HTTP_FAIL},
        {"40 41 50 60 61 62 63 64 65 66 74 104 301 400", HTTP_FAIL},
        {"12345", HTTP_FAIL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        for (const char *at = rows[i].codes; *at != 0; at += *at == ' ') {
            char body[80];
            struct http_answer answer;
            int code = (int)strtol(at, (char **)&at, 10);
            snprintf(body, sizeof(body), "{\"error\":%d,\"message\":\"x\"}", code);
            http_adapter_read(&http_adapter_smsapi, 200, span_str(body), &answer);
            if (answer.meaning != rows[i].meaning ||
                answer.verdict != (code == 53 ? HTTP_TAKEN : HTTP_REFUSED))
                fail_msg("code %d: verdict %d, meaning %d", code, answer.verdict, answer.meaning);
        }
}

static void an_answer_gives_id_parts_and_price(void **state)
{
    (void)state;
    struct http_answer answer;
    http_adapter_read(
        &http_adapter_smsapi, 200,
        SPAN_LIT(
            "{\"count\":1,\"length\":7,\"message\":\"…\",\"parts\":1,\"list\":[{\"id\":"
            "\"7074696E\",\"points\":0.165,\"number\":\"48327201200\",\"date_sent\":1712570310,"
            "\"submitted_number\":\"327201200\",\"status\":\"QUEUE\",\"error\":null,\"idx\":"
            "\"a\",\"parts\":2}]}"),
        &answer);
    assert_int_equal(answer.verdict, HTTP_TAKEN);
    assert_string_equal(answer.id, "7074696E");
    assert_int_equal(answer.parts, 2);
    assert_int_equal(answer.price_micro, 165000);
}

static void what_is_no_answer_is_judged_by_its_status(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        enum http_verdict verdict;
        enum http_meaning meaning;
    } rows[] = {
        {200, "", HTTP_UNCLEAR, HTTP_FAIL},
        {200, "OK:1:0.1", HTTP_UNCLEAR, HTTP_FAIL},
        {200, "{\"list\":[]}", HTTP_UNCLEAR, HTTP_FAIL},
        {200, "{\"list\":[{\"id\":\"\"}]}", HTTP_UNCLEAR, HTTP_FAIL},
        {200, "{\"list\":[{\"id\":[1]}]}", HTTP_UNCLEAR, HTTP_FAIL},
        {200, "{\"list\":[{\"id\":\"a b\"}]}", HTTP_UNCLEAR, HTTP_FAIL},
        {500, "<html>", HTTP_UNCLEAR, HTTP_FAIL},
        {502, "", HTTP_UNCLEAR, HTTP_FAIL},
        {504, "{\"list\":[{\"id\":\"1\"}]}", HTTP_UNCLEAR, HTTP_FAIL},
        {408, "", HTTP_UNCLEAR, HTTP_FAIL},
        {429, "", HTTP_REFUSED, HTTP_RETRY},
        {503, "", HTTP_REFUSED, HTTP_RETRY},
        {401, "", HTTP_REFUSED, HTTP_STOP},
        {403, "", HTTP_REFUSED, HTTP_STOP},
        {302, "", HTTP_REFUSED, HTTP_STOP},
        {400, "", HTTP_REFUSED, HTTP_FAIL},
        {404, "no", HTTP_REFUSED, HTTP_FAIL},
        {500, "{\"error\":103}", HTTP_REFUSED, HTTP_STOP},
        {401, "{\"error\":\"authorization_failed\"}", HTTP_REFUSED, HTTP_STOP},
        {500, "{\"error\":4711}", HTTP_UNCLEAR, HTTP_FAIL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct http_answer answer;
        http_adapter_read(&http_adapter_smsapi, rows[i].status, span_str(rows[i].body), &answer);
        if (answer.verdict != rows[i].verdict || answer.meaning != rows[i].meaning)
            fail_msg("row %zu: verdict %d, meaning %d", i, answer.verdict, answer.meaning);
        if (answer.verdict != HTTP_TAKEN)
            assert_true(answer.code[0] != 0);
    }
}

static const struct http_values values = {.to = {"+48501234567", 12},
                                          .text = {"Zażółć & zapłać: 100% a+b", 31},
                                          .id = {"aB3", 3},
                                          .parts_max = {"3", 1},
                                          .token = {"t0ken", 5},
                                          .user = {"me", 2}};

static void assert_written(const struct http_adapter *adapter, const char *wanted)
{
    struct buf body;
    struct err err;
    buf_init(&body, 4096);
    assert_int_equal(http_adapter_write(adapter, &values, &body, &err), 0);
    assert_string_equal(buf_span(&body).base, wanted);
    buf_release(&body);
}

static void smsapi_gets_a_form_without_what_is_empty(void **state)
{
    (void)state;
    /* The value by Python's urllib.parse.quote. */
    assert_written(
        &http_adapter_smsapi,
        "to=48501234567&message=Za%C5%BC%C3%B3%C5%82%C4%87%20%26%20zap%C5%82a%C4%87%3A%20100%25%20a"
        "%2Bb&encoding=utf-8&format=json&details=1&max_parts=3&idx=aB3&check_idx=1");
}

static void json_keeps_text_text_and_fixed_values_bare(void **state)
{
    (void)state;
    const struct http_adapter adapter = {
        .method = "POST",
        .is_json = true,
        .has_plus = true,
        .fields = WORDS("phone={to}", "text={text}", "sender={sender}", "details=true", "speed=0",
                        "code=007", "key=k-{id}-{token}")};
    assert_written(&adapter, "{\"phone\":\"+48501234567\",\"text\":\"Zażółć & zapłać: 100% a+b\","
                             "\"details\":true,\"speed\":0,\"code\":\"007\",\"key\":"
                             "\"k-aB3-t0ken\"}");
}

static void text_that_is_no_utf8_is_refused_in_json(void **state)
{
    (void)state;
    const struct http_adapter adapter = {
        .method = "POST", .is_json = true, .fields = WORDS("text={text}")};
    struct http_values bad = {.text = SPAN_LIT("a\xff")};
    struct buf body;
    struct err err;
    buf_init(&body, 4096);
    assert_int_equal(http_adapter_write(&adapter, &bad, &body, &err), ERR_INPUT);
    buf_release(&body);
}

static void headers_know_the_credentials(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4096);
    http_adapter_write_header("Authorization: Bearer {token}", &values, &out);
    http_adapter_write_header("Authorization: Basic {basic}", &values, &out);
    /* printf me:t0ken | base64 */
    assert_string_equal(buf_span(&out).base,
                        "Authorization: Bearer t0ken\nAuthorization: Basic bWU6dDBrZW4=\n");
    buf_release(&out);
}

/* reference/sms.md: error 1001 also with HTTP 200. */
static const struct http_adapter serwersms = {
    .method = "POST",
    .is_json = true,
    .has_plus = true,
    .fields = WORDS("phone={to}", "text={text}", "unique_id={id}"),
    .id_path = "items[0].id",
    .error_path = "error.code",
    .parts_path = "items[0].parts",
    .price_path = "",
    .codes = {[HTTP_STOP] = WORDS("1000", "1001")}};
static const struct http_adapter twilio = {
    .method = "POST",
    .has_plus = true,
    .fields = WORDS("To={to}", "Body={text}"),
    .id_path = "sid",
    .error_path = "code",
    .parts_path = "num_segments",
    .price_path = "price",
    .codes = {[HTTP_RETRY] = WORDS("20429"), [HTTP_DEAD_NUMBER] = WORDS("21211")},
    .statuses_retry = WORDS("429")};

static void other_gateways_are_described_the_same_way(void **state)
{
    (void)state;
    static const struct {
        const struct http_adapter *adapter;
        int status;
        const char *body;
        enum http_verdict verdict;
        enum http_meaning meaning;
        const char *id;
        int parts;
        int64_t price_micro;
    } rows[] = {
        {&serwersms, 200,
         "{\"success\":true,\"queued\":1,\"items\":[{\"id\":\"3f2a\",\"phone\":\"+48501234567\","
         "\"status\":\"queued\",\"parts\":1}]}",
         HTTP_TAKEN, HTTP_FAIL, "3f2a", 1, 0},
        {&serwersms, 200, "{\"error\":{\"code\":1001,\"type\":\"InvalidUser\",\"message\":\"no\"}}",
         HTTP_REFUSED, HTTP_STOP, "", 0, 0},
        {&serwersms, 200, "{\"error\":{\"code\":2001}}", HTTP_REFUSED, HTTP_FAIL, "", 0, 0},
        {&twilio, 201,
         "{\"sid\":\"SM12\",\"num_segments\":\"2\",\"price\":\"-0.0750\",\"error_code\":null}",
         HTTP_TAKEN, HTTP_FAIL, "SM12", 2, 75000},
        {&twilio, 201, "{\"sid\":\"SM12\",\"num_segments\":\"1\",\"price\":null}", HTTP_TAKEN,
         HTTP_FAIL, "SM12", 1, 0},
        {&twilio, 429, "{\"code\":20429,\"status\":429}", HTTP_REFUSED, HTTP_RETRY, "", 0, 0},
        {&twilio, 400, "{\"code\":21211,\"status\":400}", HTTP_REFUSED, HTTP_DEAD_NUMBER, "", 0, 0},
        {&twilio, 401, "{\"code\":20003,\"status\":401}", HTTP_REFUSED, HTTP_STOP, "", 0, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct http_answer answer;
        http_adapter_read(rows[i].adapter, rows[i].status, span_str(rows[i].body), &answer);
        if (answer.verdict != rows[i].verdict || answer.meaning != rows[i].meaning ||
            strcmp(answer.id, rows[i].id) != 0 || answer.parts != rows[i].parts ||
            answer.price_micro != rows[i].price_micro)
            fail_msg("row %zu: verdict %d, meaning %d, id %s, parts %d, price %lld", i,
                     answer.verdict, answer.meaning, answer.id, answer.parts,
                     (long long)answer.price_micro);
    }
}

static void a_decimal_is_read_in_millionths(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_good;
        int64_t micro;
    } rows[] = {{"0.165", true, 165000},
                {"1", true, 1000000},
                {"-0.0075", true, 7500},
                {"0.0000001", true, 1},
                {"0.", true, 0},
                {".5", true, 500000},
                {"1000000", true, 1000000000000},
                {"1000001", false, 0},
                {"", false, 0},
                {"-", false, 0},
                {".", false, 0},
                {"1.2.3", false, 0},
                {"1,5", false, 0},
                {"1e3", false, 0},
                {"99999999999999999999999", false, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        int64_t micro;
        bool is_good = http_adapter_micro(span_str(rows[i].text), &micro);
        if (is_good != rows[i].is_good || (is_good && micro != rows[i].micro))
            fail_msg("%s", rows[i].text);
    }
}

static void fields_and_paths_are_checked(void **state)
{
    (void)state;
    static const char *const good[] = {"to={to}", "a=b", "a=", "x={id}-{token}"};
    static const char *const bad[] = {"to", "=x", "to={phone}", "to={to", "a={}"};
    for (size_t i = 0; i < 4; ++i)
        assert_null(http_adapter_wrong_field(good[i]));
    for (size_t i = 0; i < 5; ++i)
        assert_non_null(http_adapter_wrong_field(bad[i]));
    static const char *const good_paths[] = {"", "id", "list[0].id", "a.b[3]", "[0].id"};
    static const char *const bad_paths[] = {".id", "a..b", "list[]", "list[x]", "a.", "list[-1]"};
    for (size_t i = 0; i < 5; ++i)
        assert_null(http_adapter_wrong_path(good_paths[i]));
    for (size_t i = 0; i < 6; ++i)
        assert_non_null(http_adapter_wrong_path(bad_paths[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_code_of_smsapi_means_what_its_documentation_says),
        cmocka_unit_test(an_answer_gives_id_parts_and_price),
        cmocka_unit_test(what_is_no_answer_is_judged_by_its_status),
        cmocka_unit_test(smsapi_gets_a_form_without_what_is_empty),
        cmocka_unit_test(json_keeps_text_text_and_fixed_values_bare),
        cmocka_unit_test(text_that_is_no_utf8_is_refused_in_json),
        cmocka_unit_test(headers_know_the_credentials),
        cmocka_unit_test(other_gateways_are_described_the_same_way),
        cmocka_unit_test(a_decimal_is_read_in_millionths),
        cmocka_unit_test(fields_and_paths_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

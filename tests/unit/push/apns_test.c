#include "push/apns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

/* Apple's table, "Handling notification responses from APNs", and what the product's specification
 * makes of each row. */
static const struct {
    int status;
    const char *reason;
    enum verdict_kind kind;
    enum push_advice advice;
    enum push_alarm alarm;
    unsigned flags;
} answers[] = {
    {200, "", VERDICT_ACCEPTED, PUSH_ADVICE_NONE, 0, 0},
    {400, "BadCollapseId", VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_REQUEST, 0},
    {400, "BadDeviceToken", VERDICT_FINAL, PUSH_ADVICE_OTHER_ENVIRONMENT, 0, 0},
    {400, "BadExpirationDate", VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_REQUEST, 0},
    {400, "BadMessageId", VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_REQUEST, 0},
    {400, "BadPriority", VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_REQUEST, 0},
    {400, "BadTopic", VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_REQUEST, 0},
    {400, "DeviceTokenNotForTopic", VERDICT_FINAL, PUSH_ADVICE_DISABLE_TARGET, 0, 0},
    {400, "DuplicateHeaders", VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_REQUEST, 0},
    {400, "IdleTimeout", VERDICT_ELSEWHERE, PUSH_ADVICE_LATER, 0, VERDICT_LEAVES},
    {400, "InvalidPushType", VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_REQUEST, 0},
    {400, "MissingDeviceToken", VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_REQUEST, 0},
    {400, "MissingTopic", VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_REQUEST, 0},
    {400, "PayloadEmpty", VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_REQUEST, 0},
    {400, "TopicDisallowed", VERDICT_FINAL, PUSH_ADVICE_STOP_TOPIC, PUSH_ALARM_TOPIC, 0},
    {403, "BadCertificate", VERDICT_STOP, PUSH_ADVICE_FIX, PUSH_ALARM_CREDENTIAL, VERDICT_LEAVES},
    {403, "BadCertificateEnvironment", VERDICT_STOP, PUSH_ADVICE_FIX, PUSH_ALARM_CREDENTIAL,
     VERDICT_LEAVES},
    {403, "ExpiredProviderToken", VERDICT_TOKEN, PUSH_ADVICE_FIX, 0, VERDICT_LEAVES},
    {403, "Forbidden", VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_CREDENTIAL, 0},
    {403, "InvalidProviderToken", VERDICT_STOP, PUSH_ADVICE_FIX, PUSH_ALARM_CREDENTIAL,
     VERDICT_LEAVES},
    {403, "MissingProviderToken", VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_REQUEST, 0},
    {403, "UnrelatedKeyIdInToken", VERDICT_ELSEWHERE, PUSH_ADVICE_LATER, 0, VERDICT_LEAVES},
    {403, "BadEnvironmentKeyIdInToken", VERDICT_STOP, PUSH_ADVICE_FIX, PUSH_ALARM_CREDENTIAL,
     VERDICT_LEAVES},
    {403, "BadEnvironmentKeyInToken", VERDICT_STOP, PUSH_ADVICE_FIX, PUSH_ALARM_CREDENTIAL,
     VERDICT_LEAVES},
    {404, "BadPath", VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_REQUEST, 0},
    {405, "MethodNotAllowed", VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_REQUEST, 0},
    {410, "ExpiredToken", VERDICT_FINAL, PUSH_ADVICE_DROP_TARGET, 0, 0},
    {410, "Unregistered", VERDICT_FINAL, PUSH_ADVICE_DROP_TARGET, 0, 0},
    {413, "PayloadTooLarge", VERDICT_FINAL, PUSH_ADVICE_SHORTEN, 0, 0},
    {429, "TooManyProviderTokenUpdates", VERDICT_ELSEWHERE, PUSH_ADVICE_LATER, 0, VERDICT_LEAVES},
    {429, "TooManyRequests", VERDICT_LATER, PUSH_ADVICE_HOLD_TARGET, 0, VERDICT_HOLDS},
    {500, "InternalServerError", VERDICT_LATER, PUSH_ADVICE_LATER, 0, VERDICT_FAILS},
    {503, "ServiceUnavailable", VERDICT_LATER, PUSH_ADVICE_LATER, 0, VERDICT_FAILS | VERDICT_SLOWS},
    {503, "Shutdown", VERDICT_ELSEWHERE, PUSH_ADVICE_LATER, 0, VERDICT_LEAVES},
    /* words nobody knows yet: by class */
    {400, "SomethingNew", VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_REQUEST, 0},
    {403, "SomethingNew", VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_CREDENTIAL, 0},
    {410, "SomethingNew", VERDICT_FINAL, PUSH_ADVICE_NONE, 0, 0},
    {429, "SomethingNew", VERDICT_LATER, PUSH_ADVICE_LATER, 0, VERDICT_SLOWS},
    {502, "SomethingNew", VERDICT_LATER, PUSH_ADVICE_LATER, 0, VERDICT_FAILS | VERDICT_SLOWS},
};

static void every_answer_of_the_table_is_judged_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); ++i) {
        char body[128];
        struct verdict v;
        snprintf(body, sizeof(body), "{\"reason\":\"%s\"}", answers[i].reason);
        apns_judge(answers[i].status, span_str(body), &v);
        print_message("%d %s\n", answers[i].status, answers[i].reason);
        assert_int_equal(v.kind, answers[i].kind);
        assert_int_equal(v.advice, answers[i].advice);
        assert_int_equal(v.alarm, answers[i].alarm);
        assert_int_equal(v.flags, answers[i].flags);
        assert_string_equal(v.reason, answers[i].reason);
    }
}

static void the_time_of_a_410_is_told(void **state)
{
    (void)state;
    struct verdict v;
    apns_judge(410, SPAN_LIT("{\"timestamp\":1700000000123,\"reason\":\"Unregistered\"}"), &v);
    assert_int_equal(v.dead_since_ms, 1700000000123);
}

static void a_body_that_is_no_json_leaves_the_status_to_decide(void **state)
{
    (void)state;
    struct verdict v;
    apns_judge(410, SPAN_LIT("<html>gone</html>"), &v);
    assert_int_equal(v.kind, VERDICT_FINAL);
    assert_int_equal(v.advice, PUSH_ADVICE_NONE); /* a target is dropped by its exact reason only */
    assert_string_equal(v.reason, "");
    apns_judge(503, SPAN_LIT("{\"reason\":17}"), &v);
    assert_int_equal(v.kind, VERDICT_LATER);
}

static void a_reason_is_taken_without_what_could_break_a_log(void **state)
{
    (void)state;
    struct verdict v;
    apns_judge(400, SPAN_LIT("{\"reason\":\"a\\nb\\\"c\\u001b[1m\"}"), &v);
    assert_string_equal(v.reason, "abc[1m");
}

static void the_reason_of_a_goaway_is_judged_like_an_answers(void **state)
{
    (void)state;
    struct verdict v;
    assert_true(apns_judge_goaway(SPAN_LIT("{\"reason\":\"BadCertificate\"}"), &v));
    assert_int_equal(v.kind, VERDICT_STOP);
    assert_true(apns_judge_goaway(SPAN_LIT("{\"reason\":\"Shutdown\"}"), &v));
    assert_int_equal(v.kind, VERDICT_ELSEWHERE);
    assert_false(apns_judge_goaway(SPAN_LIT("Maximum active streams violated"), &v));
    assert_false(apns_judge_goaway((struct span){0}, &v));
}

/* ---- what is refused before it is sent ---- */

static struct push_message good(void)
{
    return (struct push_message){.target = SPAN_LIT("00fc13adff785122"),
                                 .id = SPAN_LIT("123e4567-e89b-42d3-a456-426614174000"),
                                 .payload = SPAN_LIT("{\"aps\":{\"alert\":\"x\"}}"),
                                 .topic = SPAN_LIT("com.example.bank"),
                                 .push_type = SPAN_LIT("alert"),
                                 .collapse_id = SPAN_LIT("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
                                 .priority = 10};
}

static bool is_taken(const struct push_message *m)
{
    struct err err = {0};
    int code = apns_check(m, true, &err);
    assert_true(code == 0 || (code == ERR_INPUT && err.text[0] != 0));
    return code == 0;
}

static void a_device_token_is_even_lower_case_hex(void **state)
{
    (void)state;
    static char long_token[203];
    memset(long_token, 'a', 202);
    const char *bad[] = {"", "a", "abc", "AB", "0x12", "ab/../cd", "ab cd", "ąb", long_token};
    struct push_message m = good();
    assert_true(is_taken(&m));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); ++i) {
        m.target = span_str(bad[i]);
        assert_false(is_taken(&m));
    }
    m.target = span_of(long_token, 200);
    assert_true(is_taken(&m));
}

static void a_payload_has_4096_octets_at_most_and_5120_for_voip(void **state)
{
    (void)state;
    static char text[5122];
    struct push_message m = good();
    memset(text, ' ', sizeof(text));
    text[0] = '{';
    text[4095] = '}';
    m.payload = span_of(text, 4096);
    assert_true(is_taken(&m));
    text[4095] = ' ';
    text[4096] = '}';
    m.payload = span_of(text, 4097);
    assert_false(is_taken(&m));
    m.push_type = SPAN_LIT("voip");
    assert_true(is_taken(&m));
    text[4096] = ' ';
    text[5120] = '}';
    m.payload = span_of(text, 5121);
    assert_false(is_taken(&m));
    m.payload = SPAN_LIT("\"text\"");
    assert_false(is_taken(&m));
}

static void ids_headers_and_priorities_keep_to_their_limits(void **state)
{
    (void)state;
    static char long_id[66];
    memset(long_id, 'x', 65);
    struct push_message m = good();
    m.id = SPAN_LIT("123E4567-E89B-42D3-A456-426614174000");
    assert_false(is_taken(&m));
    m = good();
    m.collapse_id = span_of(long_id, 65);
    assert_false(is_taken(&m));
    m.collapse_id = span_of(long_id, 64);
    assert_true(is_taken(&m));
    m.collapse_id = SPAN_LIT("a\r\nb");
    assert_false(is_taken(&m));
    m = good();
    m.priority = 7;
    assert_false(is_taken(&m));
    m.priority = 10;
    m.push_type = SPAN_LIT("background"); /* an error by Apple's table of headers */
    assert_false(is_taken(&m));
    m = good();
    m.topic = (struct span){0};
    assert_false(is_taken(&m));
    struct err err;
    assert_int_equal(apns_check(&m, false, &err), 0); /* a certificate of one topic */
}

/* ---- headers ---- */

static const nghttp2_nv *find(const nghttp2_nv *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; ++i)
        if (strcmp((const char *)fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

static bool is_never_indexed(const nghttp2_nv *fields, size_t count, const char *name)
{
    return (find(fields, count, name)->flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0;
}

static void path_and_token_are_never_indexed_and_ids_only_at_first(void **state)
{
    (void)state;
    nghttp2_nv fields[APNS_FIELDS_MAX];
    const struct apns_request r = {.path = SPAN_LIT("/3/device/ab"),
                                   .id = SPAN_LIT("id"),
                                   .expiration = SPAN_LIT("0"),
                                   .topic = SPAN_LIT("t"),
                                   .push_type = SPAN_LIT("alert"),
                                   .collapse_id = SPAN_LIT("c"),
                                   .priority = 5};
    for (int is_first = 0; is_first < 2; ++is_first) {
        size_t count = apns_fields(&r, SPAN_LIT("h"), SPAN_LIT("bearer x"), is_first, fields);
        assert_int_equal(count, 12);
        assert_true(is_never_indexed(fields, count, ":path"));
        assert_true(is_never_indexed(fields, count, "authorization"));
        assert_int_equal(is_never_indexed(fields, count, "apns-id"), !is_first);
        assert_int_equal(is_never_indexed(fields, count, "apns-expiration"), !is_first);
        assert_int_equal(is_never_indexed(fields, count, "apns-collapse-id"), !is_first);
        assert_false(is_never_indexed(fields, count, "apns-topic"));
        assert_memory_equal(find(fields, count, "apns-priority")->value, "5", 1);
    }
}

static void headers_that_are_not_wanted_are_not_sent(void **state)
{
    (void)state;
    nghttp2_nv fields[APNS_FIELDS_MAX];
    const struct apns_request r = {.path = SPAN_LIT("/3/device/ab"), .id = SPAN_LIT("id")};
    size_t count = apns_fields(&r, SPAN_LIT("h"), (struct span){0}, true, fields);
    assert_int_equal(count, 6); /* method, scheme, authority, path, content-type, apns-id */
    assert_null(find(fields, count, "authorization"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_of_the_table_is_judged_as_written),
        cmocka_unit_test(the_time_of_a_410_is_told),
        cmocka_unit_test(a_body_that_is_no_json_leaves_the_status_to_decide),
        cmocka_unit_test(a_reason_is_taken_without_what_could_break_a_log),
        cmocka_unit_test(the_reason_of_a_goaway_is_judged_like_an_answers),
        cmocka_unit_test(a_device_token_is_even_lower_case_hex),
        cmocka_unit_test(a_payload_has_4096_octets_at_most_and_5120_for_voip),
        cmocka_unit_test(ids_headers_and_priorities_keep_to_their_limits),
        cmocka_unit_test(path_and_token_are_never_indexed_and_ids_only_at_first),
        cmocka_unit_test(headers_that_are_not_wanted_are_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "push/fcm.h"

#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#define FCM_ERROR                                                                                  \
    "{\"@type\":\"type.googleapis.com/google.firebase.fcm.v1.FcmError\",\"errorCode\":\"%s\"}"

/* Google's table of error codes, and what the product's specification makes of each row. `code`
 * null: no FcmError among the details; `more`: another detail. */
static const struct {
    int http;
    const char *status, *code, *more;
    enum verdict_kind kind;
    enum push_advice advice;
    enum push_alarm alarm;
    unsigned flags;
} answers[] = {
    {400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", NULL, VERDICT_FINAL, PUSH_ADVICE_DISABLE_TARGET,
     0, 0},
    {400, "INVALID_ARGUMENT", "INVALID_ARGUMENT",
     "{\"@type\":\"type.googleapis.com/google.rpc.BadRequest\",\"fieldViolations\":[{\"field\":"
     "\"message.token\",\"description\":\"no token\"}]}",
     VERDICT_FINAL, PUSH_ADVICE_DISABLE_TARGET, 0, 0},
    {400, "INVALID_ARGUMENT", "INVALID_ARGUMENT",
     "{\"@type\":\"type.googleapis.com/google.rpc.BadRequest\",\"fieldViolations\":[{\"field\":"
     "\"message.android.ttl\",\"description\":\"bad\"}]}",
     VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_REQUEST, 0},
    {400, "INVALID_ARGUMENT", NULL, NULL, VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_REQUEST, 0},
    {401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR", NULL, VERDICT_FINAL, PUSH_ADVICE_STOP_TOPIC,
     PUSH_ALARM_CREDENTIAL, 0},
    {401, "UNAUTHENTICATED", NULL, NULL, VERDICT_TOKEN, PUSH_ADVICE_FIX, PUSH_ALARM_CREDENTIAL, 0},
    {403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH", NULL, VERDICT_FINAL,
     PUSH_ADVICE_DISABLE_TARGET, 0, 0},
    {403, "PERMISSION_DENIED", NULL, NULL, VERDICT_STOP, PUSH_ADVICE_FIX, PUSH_ALARM_CREDENTIAL, 0},
    {404, "NOT_FOUND", "UNREGISTERED", NULL, VERDICT_FINAL, PUSH_ADVICE_DROP_TARGET, 0, 0},
    {404, "NOT_FOUND", NULL, NULL, VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_CREDENTIAL, 0},
    {429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", NULL, VERDICT_LATER, PUSH_ADVICE_LATER, 0,
     VERDICT_RESTS | VERDICT_SLOWS},
    {429, "RESOURCE_EXHAUSTED", NULL, NULL, VERDICT_LATER, PUSH_ADVICE_LATER, 0,
     VERDICT_RESTS | VERDICT_SLOWS},
    {429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED",
     "{\"@type\":\"type.googleapis.com/"
     "google.rpc.QuotaFailure\",\"violations\":[{\"subject\":\"x\","
     "\"description\":\"Device message rate exceeded\"}]}",
     VERDICT_LATER, PUSH_ADVICE_HOLD_TARGET, 0, VERDICT_HOLDS},
    {500, "INTERNAL", "INTERNAL", NULL, VERDICT_LATER, PUSH_ADVICE_LATER, 0, VERDICT_FAILS},
    {500, "INTERNAL", NULL, NULL, VERDICT_LATER, PUSH_ADVICE_LATER, 0, VERDICT_FAILS},
    {503, "UNAVAILABLE", "UNAVAILABLE", NULL, VERDICT_LATER, PUSH_ADVICE_LATER, 0,
     VERDICT_FAILS | VERDICT_SLOWS},
    {500, "UNKNOWN", "UNSPECIFIED_ERROR", NULL, VERDICT_LATER, PUSH_ADVICE_LATER, 0, VERDICT_FAILS},
    {502, "X", NULL, NULL, VERDICT_LATER, PUSH_ADVICE_LATER, 0,
     VERDICT_FAILS | VERDICT_SLOWS | VERDICT_DOUBTS},
    {504, "X", NULL, NULL, VERDICT_LATER, PUSH_ADVICE_LATER, 0,
     VERDICT_FAILS | VERDICT_SLOWS | VERDICT_DOUBTS},
    {418, "X", NULL, NULL, VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_REQUEST, 0},
    {599, "X", NULL, NULL, VERDICT_LATER, PUSH_ADVICE_LATER, 0, VERDICT_FAILS},
};

static void every_answer_of_the_table_is_judged_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); ++i) {
        char detail[256] = "", body[2048];
        struct verdict v;
        const char *code = answers[i].code, *more = answers[i].more;
        if (code != NULL)
            snprintf(detail, sizeof(detail), FCM_ERROR, code);
        snprintf(
            body, sizeof(body),
            "{\"error\":{\"code\":%d,\"message\":\"m\",\"status\":\"%s\",\"details\":[%s%s%s]}}",
            answers[i].http, answers[i].status, detail, code != NULL && more != NULL ? "," : "",
            more == NULL ? "" : more);
        fcm_judge(answers[i].http, span_str(body), &v);
        print_message("%d %s %s\n", answers[i].http, answers[i].status, code == NULL ? "-" : code);
        assert_int_equal(v.kind, answers[i].kind);
        assert_int_equal(v.advice, answers[i].advice);
        assert_int_equal(v.alarm, answers[i].alarm);
        assert_int_equal(v.flags, answers[i].flags);
        assert_string_equal(v.reason, code != NULL ? code : answers[i].status);
    }
}

static void an_acceptance_gives_the_messages_name(void **state)
{
    (void)state;
    struct verdict v;
    fcm_judge(200, SPAN_LIT("{\"name\":\"projects/bank/messages/0:15\"}"), &v);
    assert_int_equal(v.kind, VERDICT_ACCEPTED);
    assert_string_equal(v.message_id, "projects/bank/messages/0:15");
    fcm_judge(200, SPAN_LIT("not json"), &v);
    assert_int_equal(v.kind, VERDICT_ACCEPTED);
}

static void an_answer_that_is_no_json_is_judged_by_its_status(void **state)
{
    (void)state;
    struct verdict v;
    fcm_judge(503, SPAN_LIT("<html>Service Unavailable</html>"), &v);
    assert_int_equal(v.kind, VERDICT_LATER);
    fcm_judge(401, SPAN_LIT("[]"), &v);
    assert_int_equal(v.kind, VERDICT_TOKEN);
    fcm_judge(404, SPAN_LIT("{\"error\":{\"details\":[1,null,{\"@type\":5}]}}"), &v);
    assert_int_equal(v.kind, VERDICT_FINAL);
}

/* ---- messages ---- */

static json_t *make(const struct push_message *m, const char *ttl)
{
    struct fcm_body body;
    struct err err;
    char text[8192];
    assert_int_equal(fcm_body_make(m, &body, &err), 0);
    snprintf(text, sizeof(text), "%.*s%s%s", (int)body.head_len, body.text, ttl,
             body.text + body.head_len);
    assert_int_equal(body.has_ttl, ttl[0] != 0);
    free(body.text);
    json_t *json = json_load(span_str(text), (struct json_limits){8192, 32}, &err);
    assert_non_null(json);
    return json;
}

static const char *word(const json_t *json, const char *a, const char *b, const char *c)
{
    const json_t *at = json_object_get(json, a);
    at = b == NULL ? at : json_object_get(at, b);
    return json_string_value(c == NULL ? at : json_object_get(at, c));
}

static void target_and_expiry_are_put_into_the_message(void **state)
{
    (void)state;
    const struct push_message m = {.target = SPAN_LIT("tok\"en"),
                                   .payload = SPAN_LIT("{\"android\":{\"priority\":\"HIGH\"},"
                                                       "\"apns\":{\"payload\":{\"aps\":{}}}}"),
                                   .expires_at_s = 1790000000};
    json_t *json = make(&m, "3600");
    const json_t *message = json_object_get(json, "message");
    assert_string_equal(word(message, "token", NULL, NULL), "tok\"en");
    assert_string_equal(word(message, "android", "ttl", NULL), "3600s");
    assert_string_equal(word(message, "android", "priority", NULL), "HIGH");
    assert_string_equal(word(message, "apns", "headers", "apns-expiration"), "1790000000");
    assert_null(json_object_get(json, "validate_only"));
    json_decref(json);
}

static void each_kind_of_target_has_its_own_name(void **state)
{
    (void)state;
    const char *names[] = {"token", "fid", "topic", "condition"};
    for (int kind = 0; kind < 4; ++kind) {
        const struct push_message m = {.target_kind = (enum push_target)kind,
                                       .target = SPAN_LIT("it"),
                                       .payload = SPAN_LIT("{}"),
                                       .is_dry_run = true};
        json_t *json = make(&m, "");
        assert_true(json_is_true(json_object_get(json, "validate_only")));
        assert_string_equal(word(json_object_get(json, "message"), names[kind], NULL, NULL), "it");
        json_decref(json);
    }
}

static void a_message_that_cannot_be_right_is_refused(void **state)
{
    (void)state;
    static char large[4097] = "{\"data\":{\"a\":\"";
    const char *bad[] = {"",
                         "[]",
                         "{",
                         "{\"token\":\"own\"}",
                         "{\"data\":{\"from\":\"x\"}}",
                         "{\"data\":{\"google.x\":\"x\"}}",
                         "{\"data\":{\"n\":1}}",
                         "{\"data\":[]}",
                         "{\"android\":7}",
                         "{\"notification\":{\"title\":\"@dunlin-ttl@\"}}"};
    struct fcm_body body;
    struct err err;
    struct push_message m = {.target = SPAN_LIT("t"), .expires_at_s = 1790000000};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); ++i) {
        m.payload = span_str(bad[i]);
        assert_int_equal(fcm_body_make(&m, &body, &err), ERR_INPUT);
    }
    memset(large + 14, 'x', sizeof(large) - 14);
    memcpy(large + sizeof(large) - 3, "\"}}", 3);
    m.payload = span_of(large, sizeof(large));
    assert_int_equal(fcm_body_make(&m, &body, &err), ERR_INPUT);
    m.payload = SPAN_LIT("{}");
    m.target = (struct span){0};
    assert_int_equal(fcm_body_make(&m, &body, &err), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_of_the_table_is_judged_as_written),
        cmocka_unit_test(an_acceptance_gives_the_messages_name),
        cmocka_unit_test(an_answer_that_is_no_json_is_judged_by_its_status),
        cmocka_unit_test(target_and_expiry_are_put_into_the_message),
        cmocka_unit_test(each_kind_of_target_has_its_own_name),
        cmocka_unit_test(a_message_that_cannot_be_right_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

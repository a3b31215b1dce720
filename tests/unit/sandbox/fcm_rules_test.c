#include "sandbox/fcm_rules.h"

#include "base/json.h"
#include "h2_asker.h"
#include "keys.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

/* Expected words and statuses: Google's pages on service accounts, projects.messages, ErrorCode. */

enum { NOW = 1800000000 };

static const char token_uri[] = "https://localhost:8448/token";
static const char scope[] = "https://www.googleapis.com/auth/firebase.messaging";
static const char send_path[] = "/v1/projects/demo/messages:send";

static struct test_key key, other_key;
static struct fcm_rules rules;
static struct asker asker;

static int make_keys(void **state)
{
    (void)state;
    test_key_make(&key, EVP_RSA_gen(2048));
    test_key_make(&other_key, EVP_RSA_gen(2048));
    return 0;
}

static int setup(void **state)
{
    (void)state;
    rules = (struct fcm_rules){.public_key = span_str(key.public_pem),
                               .key_id = SPAN_LIT("key-1"),
                               .email = SPAN_LIT("push@demo.example"),
                               .project = SPAN_LIT("demo"),
                               .audience = span_str(token_uri)};
    asker_begin(&asker, 250);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    asker_end(&asker);
    return 0;
}

static struct test_token good_assertion(void)
{
    return (struct test_token){.alg = JWT_ALG_RS256,
                               .key = key.private_pem,
                               .key_id = "key-1",
                               .issuer = "push@demo.example",
                               .audience = token_uri,
                               .scope = scope,
                               .issued_s = NOW,
                               .expires_s = NOW + 3600};
}

/* The answer's JSON; the caller gives it back. */
static json_t *exchange(const struct test_token *assertion, const char *grant, int status)
{
    struct buf form, answer;
    struct err err;
    char *text = test_token_sign(assertion);
    buf_init(&form, 8192);
    buf_init(&answer, 2048);
    buf_printf(&form, "grant_type=%s&assertion=%s", grant, text);
    assert_int_equal(fcm_rules_exchange(&rules, buf_span(&form), NOW, &answer), status);
    json_t *json = json_load(buf_span(&answer), (struct json_limits){2048, 4}, &err);
    assert_non_null(json);
    buf_release(&form);
    buf_release(&answer);
    free(text);
    return json;
}

static const char jwt_bearer[] = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";

static void take_access(char out[128])
{
    const struct test_token assertion = good_assertion();
    json_t *json = exchange(&assertion, jwt_bearer, 200);
    assert_string_equal(json_string_value(json_object_get(json, "token_type")), "Bearer");
    assert_int_equal(json_integer_value(json_object_get(json, "expires_in")), 3599);
    snprintf(out, 128, "Bearer %s", json_string_value(json_object_get(json, "access_token")));
    json_decref(json);
}

static void each_bad_assertion_is_refused_in_oauth_words(void **state)
{
    (void)state;
    struct test_token rows[8];
    for (size_t i = 0; i < 8; ++i)
        rows[i] = good_assertion();
    rows[0].key = other_key.private_pem;
    rows[1].key_id = "key-2";
    rows[2].issuer = "other@demo.example";
    rows[3].audience = "https://oauth2.example/token";
    rows[4].issued_s = NOW + 301, rows[4].expires_s = NOW + 3000;
    rows[5].expires_s = NOW;
    rows[6].expires_s = NOW + 3601;
    rows[7].alg = JWT_ALG_HS256;
    rows[7].key = key.public_pem;
    for (size_t i = 0; i < 8; ++i) {
        json_t *json = exchange(&rows[i], jwt_bearer, 400);
        assert_string_equal(json_string_value(json_object_get(json, "error")), "invalid_grant");
        json_decref(json);
    }
    struct test_token assertion = good_assertion();
    json_t *json = exchange(&assertion, "password", 400);
    assert_string_equal(json_string_value(json_object_get(json, "error")),
                        "unsupported_grant_type");
    json_decref(json);
    assertion.scope = "https://www.googleapis.com/auth/drive";
    json = exchange(&assertion, jwt_bearer, 400);
    assert_string_equal(json_string_value(json_object_get(json, "error")), "invalid_scope");
    json_decref(json);
}

struct sent {
    struct shown_push push;
    struct fcm_refusal refusal;
    bool is_dry_run, is_good;
};

static void judge(const char *path, const char *authorization, const char *body, int64_t now_s,
                  struct sent *sent)
{
    const struct ask_field fields[] = {{":path", path},
                                       {"authorization", authorization},
                                       {"content-type", "application/json"},
                                       {NULL, NULL}};
    struct h2_request *request = asker_ask(&asker, fields, span_str(body));
    assert_non_null(request);
    sent->is_good =
        fcm_rules_judge(&rules, request, now_s, &sent->push, &sent->is_dry_run, &sent->refusal);
}

static void a_good_message_says_what_the_device_shows(void **state)
{
    (void)state;
    char access[128];
    struct sent sent;
    take_access(access);
    judge(
        send_path, access,
        "{\"message\":{\"token\":\"dev:1\",\"data\":{\"link\":\"https://p.example/abc\",\"push\":"
        "\"id\"},\"notification\":{\"title\":\"T\",\"body\":\"B\"},\"android\":{\"priority\":"
        "\"HIGH\",\"ttl\":\"3600s\",\"notification\":{\"tag\":\"one\",\"channel_id\":\"payments\","
        "\"visibility\":\"PRIVATE\"}},\"apns\":{\"headers\":{\"apns-expiration\":\"1800003600\"}}"
        "}}",
        NOW, &sent);
    assert_true(sent.is_good);
    assert_false(sent.is_dry_run);
    assert_true(span_is_str(sent.push.token, "dev:1"));
    assert_true(span_is_str(sent.push.collapse, "one"));
    assert_true(span_is_str(sent.push.title, "T"));
    assert_true(span_is_str(sent.push.body, "B"));
    assert_true(span_is_str(sent.push.link, "https://p.example/abc"));
    assert_true(span_is_str(sent.push.push, "id"));
    shown_push_release(&sent.push);
    judge(send_path, access, "{\"validate_only\":true,\"message\":{\"token\":\"dev:1\"}}", NOW,
          &sent);
    assert_true(sent.is_good && sent.is_dry_run);
    shown_push_release(&sent.push);
}

static void an_access_token_is_good_for_its_time_and_project(void **state)
{
    (void)state;
    char access[128];
    struct sent sent;
    const char *body = "{\"message\":{\"token\":\"dev:1\"}}";
    take_access(access);
    judge(send_path, "Bearer ya29.other", body, NOW, &sent);
    assert_string_equal(sent.refusal.code, "UNAUTHENTICATED");
    judge(send_path, access, body, NOW + 3599, &sent);
    assert_string_equal(sent.refusal.code, "UNAUTHENTICATED");
    judge("/v1/projects/other/messages:send", access, body, NOW, &sent);
    assert_string_equal(sent.refusal.code, "PERMISSION_DENIED");
    judge("/v1/projects/demo/messages", access, body, NOW, &sent);
    assert_string_equal(sent.refusal.code, "NOT_FOUND");
    judge("/v1/projects/messages:send", access, body, NOW, &sent);
    assert_string_equal(sent.refusal.code, "NOT_FOUND");
}

static void each_bad_message_names_its_field(void **state)
{
    (void)state;
    static char large[4400];
    char access[128];
    int len = snprintf(large, sizeof(large), "{\"message\":{\"token\":\"t\",\"data\":{\"link\":\"");
    memset(large + len, 'x', 4200);
    strcpy(large + len + 4100, "\"}}}");
    const struct {
        const char *body, *field;
    } rows[] = {
        {"", ""},
        {"[]", ""},
        {"{}", "message"},
        {"{\"message\":{}}", "message"},
        {"{\"message\":{\"token\":\"a\",\"topic\":\"b\"}}", "message"},
        {"{\"message\":{\"token\":1}}", "message.token"},
        {"{\"message\":{\"token\":\"a\",\"colour\":\"red\"}}", "message.colour"},
        {"{\"messages\":{\"token\":\"a\"}}", "message"},
        {"{\"message\":{\"token\":\"a\",\"android\":{\"ttl\":\"soon\"}}}", "message.android.ttl"},
        {"{\"message\":{\"token\":\"a\",\"android\":{\"ttl\":\"2419201s\"}}}",
         "message.android.ttl"},
        {"{\"message\":{\"token\":\"a\",\"android\":{\"priority\":\"URGENT\"}}}",
         "message.android.priority"},
        {"{\"message\":{\"token\":\"a\",\"android\":{\"notification\":{\"tag\":7}}}}",
         "message.android.notification.tag"},
        {"{\"message\":{\"token\":\"a\",\"android\":\"new\"}}", "message.android"},
        {"{\"message\":{\"token\":\"a\",\"data\":{\"n\":1}}}", "message.data"},
        {"{\"message\":{\"token\":\"a\",\"data\":{\"google.x\":\"1\"}}}", "message.data"},
        {"{\"message\":{\"token\":\"a\",\"\u00e9\":1}}", "message.??"},
        {large, "message"},
    };
    take_access(access);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct sent sent;
        struct buf answer;
        struct err err;
        judge(send_path, access, rows[i].body, NOW, &sent);
        assert_false(sent.is_good);
        assert_string_equal(sent.refusal.code, "INVALID_ARGUMENT");
        assert_true(sent.refusal.has_violation);
        assert_string_equal(sent.refusal.violation.field, rows[i].field);
        buf_init(&answer, 2048);
        assert_int_equal(fcm_rules_print(&sent.refusal, &answer), 400);
        json_t *json = json_load(buf_span(&answer), (struct json_limits){2048, 8}, &err);
        assert_non_null(json);
        json_decref(json);
        buf_release(&answer);
    }
}

static void each_code_is_told_with_its_status(void **state)
{
    (void)state;
    const struct {
        const char *code, *rpc;
        int status;
        bool is_fcm;
    } rows[] = {{"UNAUTHENTICATED", "UNAUTHENTICATED", 401, false},
                {"PERMISSION_DENIED", "PERMISSION_DENIED", 403, false},
                {"NOT_FOUND", "NOT_FOUND", 404, false},
                {"UNREGISTERED", "NOT_FOUND", 404, true},
                {"QUOTA_EXCEEDED", "RESOURCE_EXHAUSTED", 429, true},
                {"UNAVAILABLE", "UNAVAILABLE", 503, true}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        const struct fcm_refusal refusal = {.code = rows[i].code};
        struct buf answer;
        struct err err;
        buf_init(&answer, 2048);
        assert_int_equal(fcm_rules_print(&refusal, &answer), rows[i].status);
        json_t *json = json_load(buf_span(&answer), (struct json_limits){2048, 8}, &err);
        const json_t *error = json_object_get(json, "error");
        const json_t *detail = json_array_get(json_object_get(error, "details"), 0);
        const char *said = json_string_value(json_object_get(detail, "errorCode"));
        assert_string_equal(json_string_value(json_object_get(error, "status")), rows[i].rpc);
        assert_int_equal(json_integer_value(json_object_get(error, "code")), rows[i].status);
        assert_true(rows[i].is_fcm ? strcmp(said, rows[i].code) == 0 : said == NULL);
        json_decref(json);
        buf_release(&answer);
    }
}

int main(void)
{
#define WITH_PEER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_PEER(each_bad_assertion_is_refused_in_oauth_words),
        WITH_PEER(a_good_message_says_what_the_device_shows),
        WITH_PEER(an_access_token_is_good_for_its_time_and_project),
        WITH_PEER(each_bad_message_names_its_field),
        WITH_PEER(each_code_is_told_with_its_status),
    };
    return cmocka_run_group_tests(tests, make_keys, NULL);
}

#include "sandbox/apns_rules.h"

#include "h2_asker.h"
#include "keys.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

/* Expected words and statuses: Apple's "Handling notification responses from APNs". */

enum { NOW = 1800000000 };

#define DEVICE "/3/device/00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0"

static struct test_key key, other_key;
static struct apns_rules rules;
static struct apns_peer peer;
static struct asker asker;
static char *authorization;

static char *bearer(const char *scheme, const struct test_token *token)
{
    char *signed_token = test_token_sign(token), *value;
    if (asprintf(&value, "%s%s", scheme, signed_token) < 0)
        abort();
    free(signed_token);
    return value;
}

static struct test_token good_token(long issued_s)
{
    return (struct test_token){.alg = JWT_ALG_ES256,
                               .key = key.private_pem,
                               .key_id = "DEMOKEY001",
                               .issuer = "DEMOTEAM01",
                               .issued_s = issued_s};
}

static int make_keys(void **state)
{
    (void)state;
    test_key_make(&key, EVP_EC_gen("P-256"));
    test_key_make(&other_key, EVP_EC_gen("P-256"));
    return 0;
}

static int setup(void **state)
{
    (void)state;
    const struct test_token token = good_token(NOW - 60);
    rules = (struct apns_rules){.public_key = span_str(key.public_pem),
                                .key_id = SPAN_LIT("DEMOKEY001"),
                                .team_id = SPAN_LIT("DEMOTEAM01"),
                                .topic = SPAN_LIT("bank.example.app")};
    peer = (struct apns_peer){.has_token_ = false};
    asker_begin(&asker, 250);
    authorization = bearer("bearer ", &token);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    asker_end(&asker);
    free(authorization);
    return 0;
}

/* Headers in place of the usual ones (a null value leaves one out), or besides them. */
static const char *judge(const struct ask_field *changes, const char *body, struct shown_push *push)
{
    struct ask_field fields[24] = {{":path", DEVICE},
                                   {"authorization", authorization},
                                   {"apns-topic", "bank.example.app"},
                                   {"apns-push-type", "alert"},
                                   {"apns-id", "9a7f5f5e-1f0e-4c9a-8f5e-0a1b2c3d4e5f"}};
    size_t count = 5;
    for (; changes->name != NULL; ++changes) {
        size_t at = count;
        for (size_t i = 0; i < 5; ++i)
            if (strcmp(fields[i].name, changes->name) == 0)
                at = i;
        if (changes->value != NULL && changes->value[0] == '+') /* a second one */
            at = count;
        fields[at] = *changes;
        if (fields[at].value != NULL && fields[at].value[0] == '+')
            ++fields[at].value;
        count += at == count;
    }
    struct ask_field kept[24] = {{NULL, NULL}};
    for (size_t i = 0, out = 0; i < count; ++i)
        if (fields[i].value != NULL)
            kept[out++] = fields[i];
    struct h2_request *request = asker_ask(&asker, kept, span_str(body));
    assert_non_null(request);
    return apns_rules_judge(&rules, &peer, request, NOW, push);
}

static const char alert[] = "{\"aps\":{\"alert\":{\"title\":\"T\",\"body\":\"B\"}},"
                            "\"link\":\"https://p.example/abc\",\"push\":\"id\"}";

static void a_good_push_says_what_the_device_shows(void **state)
{
    (void)state;
    struct shown_push push;
    const struct ask_field fields[] = {{"apns-collapse-id", "one"},
                                       {"apns-priority", "10"},
                                       {"apns-expiration", "1800003600"},
                                       {NULL, NULL}};
    assert_null(judge(fields, alert, &push));
    assert_true(span_is_str(push.token, DEVICE + strlen("/3/device/")));
    assert_true(span_is_str(push.app, "bank.example.app"));
    assert_true(span_is_str(push.id, "9a7f5f5e-1f0e-4c9a-8f5e-0a1b2c3d4e5f"));
    assert_true(span_is_str(push.collapse, "one"));
    assert_true(span_is_str(push.title, "T"));
    assert_true(span_is_str(push.body, "B"));
    assert_true(span_is_str(push.link, "https://p.example/abc"));
    assert_true(span_is_str(push.push, "id"));
    shown_push_release(&push);
}

static void keys_for_the_app_to_localise_are_shown_as_keys(void **state)
{
    (void)state;
    struct shown_push push;
    const struct ask_field fields[] = {{NULL, NULL}};
    assert_null(judge(fields, "{\"aps\":{\"alert\":{\"loc-key\":\"reminder.due\"}}}", &push));
    assert_true(span_is_str(push.body, "reminder.due"));
    shown_push_release(&push);
}

static void each_mistake_gets_its_reason(void **state)
{
    (void)state;
    static char long_id[66], long_body[4200];
    memset(long_id, 'c', 65);
    memset(long_body, ' ', sizeof(long_body) - 1);
    memcpy(long_body, alert, sizeof(alert) - 1);
    const struct {
        struct ask_field change;
        const char *body, *reason;
        int status;
    } rows[] = {
        {{":method", "GET"}, alert, "MethodNotAllowed", 405},
        {{":path", "/4/device/ab"}, alert, "BadPath", 404},
        {{":path", "/3/device/ab/cd"}, alert, "BadPath", 404},
        {{":path", "/3/devices"}, alert, "BadPath", 404},
        {{":path", "/3/device/"}, alert, "MissingDeviceToken", 400},
        {{":path", "/3/device"}, alert, "MissingDeviceToken", 400},
        {{":path", "/3/device/abc"}, alert, "BadDeviceToken", 400},
        {{":path", "/3/device/zz"}, alert, "BadDeviceToken", 400},
        {{"authorization", NULL}, alert, "MissingProviderToken", 403},
        {{"authorization", "basic abc"}, alert, "InvalidProviderToken", 403},
        {{"authorization", "bearer a.b.c"}, alert, "InvalidProviderToken", 403},
        {{"apns-id", "+9a7f5f5e-1f0e-4c9a-8f5e-0a1b2c3d4e60"}, alert, "DuplicateHeaders", 400},
        {{"apns-id", "9A7F5F5E-1F0E-4C9A-8F5E-0A1B2C3D4E5F"}, alert, "BadMessageId", 400},
        {{"apns-id", "1"}, alert, "BadMessageId", 400},
        {{"apns-expiration", "soon"}, alert, "BadExpirationDate", 400},
        {{"apns-priority", "7"}, alert, "BadPriority", 400},
        {{"apns-push-type", "loud"}, alert, "InvalidPushType", 400},
        {{"apns-push-type", "background"}, alert, "InvalidPushType", 400},
        {{"apns-collapse-id", long_id}, alert, "BadCollapseId", 400},
        {{"apns-topic", NULL}, alert, "MissingTopic", 400},
        {{"apns-topic", "bank example"}, alert, "BadTopic", 400},
        {{"apns-topic", "other.example.app"}, alert, "TopicDisallowed", 400},
        {{"x", "y"}, "", "PayloadEmpty", 400},
        {{"x", "y"}, "{\"alert\":1}", "PayloadEmpty", 400},
        {{"x", "y"}, long_body, "PayloadTooLarge", 413},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        const struct ask_field changes[] = {rows[i].change, {NULL, NULL}};
        struct shown_push push;
        const char *reason = judge(changes, rows[i].body, &push);
        assert_non_null(reason);
        assert_string_equal(reason, rows[i].reason);
        assert_int_equal(apns_rules_status(reason), rows[i].status);
    }
}

static const char *judge_token(const struct test_token *token)
{
    struct shown_push push;
    char *value = bearer("bearer ", token);
    const struct ask_field changes[] = {{"authorization", value}, {NULL, NULL}};
    const char *reason = judge(changes, alert, &push);
    if (reason == NULL)
        shown_push_release(&push);
    free(value);
    return reason;
}

static void a_token_of_another_key_team_or_algorithm_proves_nothing(void **state)
{
    (void)state;
    struct test_token tokens[5];
    for (size_t i = 0; i < 5; ++i)
        tokens[i] = good_token(NOW - 10);
    tokens[0].key = other_key.private_pem;
    tokens[1].key_id = "OTHERKEY01";
    tokens[2].issuer = "OTHERTEAM1";
    tokens[3].issued_s = 0;
    tokens[4].alg = JWT_ALG_HS256; /* with what everybody may know */
    tokens[4].key = key.public_pem;
    for (size_t i = 0; i < 5; ++i)
        assert_string_equal(judge_token(&tokens[i]), "InvalidProviderToken");
    struct test_token future = good_token(NOW + 301);
    assert_string_equal(judge_token(&future), "InvalidProviderToken");
    struct test_token good = good_token(NOW - 10);
    assert_null(judge_token(&good));
}

static void a_token_over_an_hour_old_spoils_its_connection(void **state)
{
    (void)state;
    struct test_token fresh = good_token(NOW - 3600), old = good_token(NOW - 3601);
    assert_null(judge_token(&fresh));
    peer = (struct apns_peer){.has_token_ = false};
    assert_string_equal(judge_token(&old), "ExpiredProviderToken");
    assert_string_equal(judge_token(&fresh), "ExpiredProviderToken");
    peer = (struct apns_peer){.has_token_ = false}; /* another connection */
    assert_null(judge_token(&fresh));
}

static void another_token_within_twenty_minutes_is_one_too_many(void **state)
{
    (void)state;
    struct shown_push push;
    struct test_token second = good_token(NOW - 50);
    const struct ask_field usual[] = {{NULL, NULL}};
    for (int i = 0; i < 2; ++i) {
        assert_null(judge(usual, alert, &push));
        shown_push_release(&push);
    }
    assert_string_equal(judge_token(&second), "TooManyProviderTokenUpdates");
    peer.token_since_s_ = NOW - 1200;
    assert_null(judge_token(&second));
}

int main(void)
{
#define WITH_PEER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_PEER(a_good_push_says_what_the_device_shows),
        WITH_PEER(keys_for_the_app_to_localise_are_shown_as_keys),
        WITH_PEER(each_mistake_gets_its_reason),
        WITH_PEER(a_token_of_another_key_team_or_algorithm_proves_nothing),
        WITH_PEER(a_token_over_an_hour_old_spoils_its_connection),
        WITH_PEER(another_token_within_twenty_minutes_is_one_too_many),
    };
    return cmocka_run_group_tests(tests, make_keys, NULL);
}

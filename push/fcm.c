#include "push/fcm.h"

#include "base/json.h"

#include <assert.h>
#include <stdlib.h>

const char fcm_host[] = "fcm.googleapis.com";

enum {
    PAYLOAD_MAX = 4096,
    TOPIC_PAYLOAD_MAX = 2048,
    TARGET_MAX = 4096,
    ANSWER_MAX = 16384,
    DEPTH_MAX = 24,
};

/* Stands where the seconds to live go until the body is cut in two there. */
static const char ttl_mark[] = "@dunlin-ttl@";

/* ---- the message ---- */

static const char *const target_names[] = {"token", "fid", "topic", "condition"};

static bool is_reserved(const char *key)
{
    return strcmp(key, "from") == 0 || strcmp(key, "message_type") == 0 ||
           strncmp(key, "google", 6) == 0 || strncmp(key, "gcm", 3) == 0;
}

static int check_data(const json_t *data, struct err *err)
{
    const char *key;
    json_t *value;
    if (data == NULL)
        return 0;
    if (!json_is_object(data))
        return err_set(err, ERR_INPUT, "data is not an object");
    json_object_foreach((json_t *)data, key, value)
    {
        if (!json_is_string(value))
            return err_set(err, ERR_INPUT, "data.%.40s is not text", key);
        if (is_reserved(key))
            return err_set(err, ERR_INPUT, "data.%.40s is a reserved key", key);
    }
    return 0;
}

static int check_payload(const struct push_message *m, const json_t *message, struct err *err)
{
    if (!json_is_object(message))
        return err_set(err, ERR_INPUT, "the payload is no JSON object");
    for (size_t i = 0; i < sizeof(target_names) / sizeof(*target_names); ++i)
        if (json_object_get(message, target_names[i]) != NULL)
            return err_set(err, ERR_INPUT, "the payload has a target of its own (%s)",
                           target_names[i]);
    if (memmem(m->payload.base, m->payload.len, ttl_mark, sizeof(ttl_mark) - 1) != NULL)
        return err_set(err, ERR_INPUT, "the payload holds the library's own mark");
    return check_data(json_object_get(message, "data"), err);
}

/* The object `name` of `parent`, made where there is none. Null when it is something else. */
static json_t *object_in(json_t *parent, const char *name)
{
    json_t *object = json_object_get(parent, name);
    if (object == NULL) {
        object = json_object();
        json_object_set_new(parent, name, object);
    }
    return json_is_object(object) ? object : NULL;
}

static int add_expiry(json_t *message, int64_t expires_at_s, struct err *err)
{
    char date[24];
    json_t *android = object_in(message, "android"), *apns = object_in(message, "apns");
    json_t *headers = apns == NULL ? NULL : object_in(apns, "headers");
    if (android == NULL || headers == NULL)
        return err_set(err, ERR_INPUT, "android, apns or apns.headers is not an object");
    json_object_set_new(android, "ttl", json_sprintf("%ss", ttl_mark));
    if (json_object_get(headers, "apns-expiration") == NULL) {
        snprintf(date, sizeof(date), "%lld", (long long)expires_at_s);
        json_object_set_new(headers, "apns-expiration", json_string(date));
    }
    return 0;
}

static void print_body(const json_t *message, bool is_dry_run, struct fcm_body *body)
{
    json_t *whole = json_object();
    if (is_dry_run)
        json_object_set_new(whole, "validate_only", json_true());
    json_object_set(whole, "message", (json_t *)message);
    body->text = json_dumps(whole, JSON_COMPACT);
    json_decref(whole);
    if (body->text == NULL)
        abort();
    body->len = body->head_len = strlen(body->text);
    char *mark = strstr(body->text, ttl_mark);
    body->has_ttl = mark != NULL;
    if (mark == NULL)
        return;
    size_t mark_len = sizeof(ttl_mark) - 1;
    body->head_len = (size_t)(mark - body->text);
    body->len -= mark_len;
    memmove(mark, mark + mark_len, body->len - body->head_len + 1);
}

int fcm_body_make(const struct push_message *m, struct fcm_body *body, struct err *err)
{
    *body = (struct fcm_body){0};
    size_t payload_max = m->target_kind == PUSH_TOPIC ? TOPIC_PAYLOAD_MAX : PAYLOAD_MAX;
    if (m->payload.len > payload_max)
        return err_set(err, ERR_INPUT, "the payload has %zu octets, FCM takes %zu", m->payload.len,
                       payload_max);
    if (m->target.len == 0 || m->target.len > TARGET_MAX || m->target_kind > PUSH_CONDITION)
        return err_set(err, ERR_INPUT, "the target is none");
    json_t *message = json_load(m->payload, (struct json_limits){PAYLOAD_MAX, DEPTH_MAX}, err);
    if (message == NULL)
        return err_wrap(err, "the payload");
    int failed = check_payload(m, message, err);
    json_t *target = json_stringn(m->target.base, m->target.len);
    if (failed == 0 && target == NULL)
        failed = err_set(err, ERR_INPUT, "the target is no UTF-8");
    if (failed == 0)
        json_object_set(message, target_names[m->target_kind], target);
    if (failed == 0 && m->expires_at_s != 0)
        failed = add_expiry(message, m->expires_at_s, err);
    if (failed == 0)
        print_body(message, m->is_dry_run, body);
    json_decref(target);
    json_decref(message);
    return failed;
}

/* ---- headers ---- */

size_t fcm_fields(struct span path, struct span host, struct span token,
                  nghttp2_nv fields[FCM_FIELDS_MAX])
{
    const struct {
        const char *name;
        struct span value;
    } all[FCM_FIELDS_MAX] = {
        {":method", SPAN_LIT("POST")}, {":scheme", SPAN_LIT("https")},
        {":authority", host},          {":path", path},
        {"authorization", token},      {"content-type", SPAN_LIT("application/json")},
    };
    for (size_t i = 0; i < FCM_FIELDS_MAX; ++i)
        fields[i] =
            (nghttp2_nv){(uint8_t *)all[i].name, (uint8_t *)all[i].value.base, strlen(all[i].name),
                         all[i].value.len, NGHTTP2_NV_FLAG_NO_COPY_NAME};
    return FCM_FIELDS_MAX;
}

/* ---- verdicts ---- */

#define RETRIED VERDICT_LATER, PUSH_ADVICE_LATER, 0
#define BUG VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_REQUEST, 0
#define STOPPED VERDICT_STOP, PUSH_ADVICE_FIX, PUSH_ALARM_CREDENTIAL, 0
#define DISABLED VERDICT_FINAL, PUSH_ADVICE_DISABLE_TARGET, 0, 0
#define QUOTA RETRIED, VERDICT_RESTS | VERDICT_SLOWS

const struct fcm_row fcm_rows[] = {
    {{400, "INVALID_ARGUMENT", DISABLED}, true},
    {{400, "INVALID_ARGUMENT", BUG}, false},
    {{401, "THIRD_PARTY_AUTH_ERROR", VERDICT_FINAL, PUSH_ADVICE_STOP_TOPIC, PUSH_ALARM_CREDENTIAL,
      0},
     true},
    {{401, "UNAUTHENTICATED", VERDICT_TOKEN, PUSH_ADVICE_FIX, PUSH_ALARM_CREDENTIAL, 0}, false},
    {{403, "SENDER_ID_MISMATCH", DISABLED}, true},
    {{403, "PERMISSION_DENIED", STOPPED}, false},
    {{404, "UNREGISTERED", VERDICT_FINAL, PUSH_ADVICE_DROP_TARGET, 0, 0}, true},
    {{404, "NOT_FOUND", VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_CREDENTIAL, 0}, false},
    {{429, "QUOTA_EXCEEDED", QUOTA}, true},
    {{429, "RESOURCE_EXHAUSTED", QUOTA}, false},
    {{500, "INTERNAL", RETRIED, VERDICT_FAILS}, true},
    {{500, "INTERNAL", RETRIED, VERDICT_FAILS}, false},
    {{503, "UNAVAILABLE", RETRIED, VERDICT_FAILS | VERDICT_SLOWS}, true},
    {{503, "UNAVAILABLE", RETRIED, VERDICT_FAILS | VERDICT_SLOWS}, false},
    {{500, "UNSPECIFIED_ERROR", RETRIED, VERDICT_FAILS}, true},
    {{0}, false},
};

/* By HTTP alone. */
static const struct verdict_row class_rows[] = {
    {400, "", BUG},
    {401, "", VERDICT_TOKEN, PUSH_ADVICE_FIX, PUSH_ALARM_CREDENTIAL, 0},
    {403, "", STOPPED},
    {404, "", VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_CREDENTIAL, 0},
    {429, "", QUOTA},
    {500, "", RETRIED, VERDICT_FAILS},
    {502, "", RETRIED, VERDICT_FAILS | VERDICT_SLOWS | VERDICT_DOUBTS},
    {503, "", RETRIED, VERDICT_FAILS | VERDICT_SLOWS},
    {504, "", RETRIED, VERDICT_FAILS | VERDICT_SLOWS | VERDICT_DOUBTS},
    {0, "", BUG},
};

/* What matters of an answer's `error`. */
struct fcm_error {
    const char *status, *code; /* null: absent */
    bool has_bad_request, is_device_quota, is_target_quota;
};

static bool mentions(const json_t *violation, const char *name, const char *word)
{
    const char *text = json_string_value(json_object_get(violation, name));
    return text != NULL && strcasestr(text, word) != NULL;
}

/* A device's or a topic's own quota is its own affair; the project's is everybody's. */
static void read_quota(const json_t *detail, struct fcm_error *error)
{
    size_t index;
    json_t *violation;
    json_array_foreach(json_object_get(detail, "violations"), index, violation)
    {
        if (mentions(violation, "subject", "device") ||
            mentions(violation, "description", "device"))
            error->is_device_quota = true;
        if (mentions(violation, "subject", "topic") || mentions(violation, "description", "topic"))
            error->is_target_quota = true;
    }
}

/* A violation of the target's field is the target's fault, of any other ours. */
static bool is_bad_field(const json_t *detail)
{
    size_t index;
    json_t *violation;
    json_array_foreach(json_object_get(detail, "fieldViolations"), index, violation)
    {
        const char *field = json_string_value(json_object_get(violation, "field"));
        if (field == NULL ||
            (strcmp(field, "message.token") != 0 && strcmp(field, "message.fid") != 0))
            return true;
    }
    return index == 0;
}

static void read_detail(const json_t *detail, struct fcm_error *error)
{
    const char *type = json_string_value(json_object_get(detail, "@type"));
    if (type == NULL)
        return;
    if (strstr(type, "google.firebase.fcm.v1.FcmError") != NULL)
        error->code = json_string_value(json_object_get(detail, "errorCode"));
    else if (strstr(type, "google.rpc.BadRequest") != NULL)
        error->has_bad_request = is_bad_field(detail);
    else if (strstr(type, "google.rpc.QuotaFailure") != NULL)
        read_quota(detail, error);
}

static struct fcm_error read_error(const json_t *answer)
{
    struct fcm_error error = {0};
    const json_t *object = json_object_get(answer, "error");
    error.status = json_string_value(json_object_get(object, "status"));
    size_t index;
    json_t *detail;
    json_array_foreach(json_object_get(object, "details"), index, detail)
        read_detail(detail, &error);
    return error;
}

static const struct verdict_row *find_row(const char *reason, bool has_fcm_error)
{
    for (const struct fcm_row *at = fcm_rows; reason != NULL && at->row.status != 0; ++at)
        if (at->has_fcm_error == has_fcm_error && strcmp(at->row.reason, reason) == 0)
            return &at->row;
    return NULL;
}

static const struct verdict_row *row_of(int status, const struct fcm_error *error)
{
    const struct verdict_row *row = find_row(error->code, true);
    if (row == NULL)
        row = find_row(error->status, false);
    if (row != NULL)
        return row;
    row = class_rows;
    while (row->status != 0 && row->status != status)
        ++row;
    return row->status == 0 && status >= 500 ? &class_rows[5] : row;
}

/* The one refusal whose meaning depends on what else stands in it (reference 2.4, first row): a bad
 * field is our bug, whatever the code. */
static void refine(const struct fcm_error *error, struct verdict *verdict)
{
    if (verdict->advice == PUSH_ADVICE_DISABLE_TARGET && error->has_bad_request &&
        strcmp(verdict->reason, "INVALID_ARGUMENT") == 0) {
        verdict->advice = PUSH_ADVICE_FIX;
        verdict->alarm = PUSH_ALARM_REQUEST;
    }
    if ((verdict->flags & VERDICT_RESTS) != 0 &&
        (error->is_device_quota || error->is_target_quota)) {
        verdict->flags = VERDICT_HOLDS;
        verdict->advice = PUSH_ADVICE_HOLD_TARGET;
    }
}

static void judge_accepted(const json_t *answer, struct verdict *verdict)
{
    const char *name = json_string_value(json_object_get(answer, "name"));
    verdict->kind = VERDICT_ACCEPTED;
    for (size_t i = 0; name != NULL && name[i] != 0 && i < sizeof(verdict->message_id) - 1; ++i)
        verdict->message_id[i] = name[i] > ' ' && name[i] < 127 ? name[i] : '?';
}

void fcm_judge(int status, struct span body, struct verdict *verdict)
{
    *verdict = (struct verdict){0};
    struct err err;
    json_t *answer = json_load(body, (struct json_limits){ANSWER_MAX, DEPTH_MAX}, &err);
    if (status == 200) {
        judge_accepted(answer, verdict);
    } else {
        struct fcm_error error = read_error(answer);
        const char *word = error.code != NULL ? error.code : error.status;
        verdict_set_reason(verdict, span_str(word));
        verdict_set_row(verdict, row_of(status, &error));
        refine(&error, verdict);
    }
    json_decref(answer);
}

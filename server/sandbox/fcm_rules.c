#include "sandbox/fcm_rules.h"

#include "base/json.h"
#include "sandbox/jwt_proof.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    BODY_MAX = 8192,
    DEPTH_MAX = 24,
    TARGET_MAX = 1024,
    ASSERTION_LIFE_MAX_S = 3600,
    SKEW_MAX_S = 300,
    ACCESS_BYTES = 24,
};

static const char grant_type[] = "urn:ietf:params:oauth:grant-type:jwt-bearer";
static const char messaging_scope[] = "https://www.googleapis.com/auth/firebase.messaging";

/* ---- the token endpoint ---- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char low = (char)(c | 32);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* The decoded value of a form's field into `out`; what is broken or too long comes out as "". */
static void read_field(struct span form, const char *name, char *out, size_t room)
{
    size_t name_len = strlen(name), len = 0;
    *out = 0;
    while (form.len > 0) {
        const char *end = memchr(form.base, '&', form.len);
        struct span field = span_of(form.base, end == NULL ? form.len : (size_t)(end - form.base));
        form = span_from(form, field.len + (end != NULL));
        if (!span_starts(field, span_str(name)) || field.len == name_len ||
            field.base[name_len] != '=')
            continue;
        field = span_from(field, name_len + 1);
        for (size_t i = 0; i < field.len; ++i) {
            char c = field.base[i] == '+' ? ' ' : field.base[i];
            int high = i + 2 < field.len && c == '%' ? hex_value(field.base[i + 1]) : -1;
            int low = high >= 0 ? hex_value(field.base[i + 2]) : -1;
            if ((c == '%' && low < 0) || len + 1 >= room) {
                *out = 0;
                return;
            }
            out[len++] = c == '%' ? (char)(high * 16 + low) : c;
            i += c == '%' && low >= 0 ? 2 : 0;
        }
        out[len] = 0;
        return;
    }
}

static int print_json(struct buf *answer, json_t *taken, int status)
{
    char *text = json_dumps(taken, JSON_COMPACT | JSON_PRESERVE_ORDER);
    assert(text != NULL);
    json_decref(taken);
    buf_add_str(answer, text);
    free(text);
    return status;
}

/* RFC 6749 5.2. */
static int refuse_grant(struct buf *answer, const char *error, const char *description)
{
    return print_json(
        answer, json_pack("{s:s, s:s}", "error", error, "error_description", description), 400);
}

static int give_access(struct fcm_rules *rules, int64_t now_s, struct buf *answer)
{
    uint8_t bytes[ACCESS_BYTES];
    char text[FCM_ACCESS_TEXT_MAX] = "ya29.sandbox-";
    random_bytes(bytes, sizeof(bytes));
    base64url_print(span_of((char *)bytes, sizeof(bytes)), text + strlen(text));
    struct fcm_access *access = &rules->access_[rules->access_next_++ % FCM_ACCESS_MAX];
    sha256(span_str(text), access->hash);
    access->ends_s = now_s + FCM_ACCESS_LIFE_S;
    return print_json(answer,
                      json_pack("{s:s, s:i, s:s}", "access_token", text, "expires_in",
                                FCM_ACCESS_LIFE_S, "token_type", "Bearer"),
                      200);
}

int fcm_rules_exchange(struct fcm_rules *rules, struct span form, int64_t now_s, struct buf *answer)
{
    char grant[80], assertion[JWT_PROOF_TOKEN_MAX + 1];
    struct jwt_proof proof;
    read_field(form, "grant_type", grant, sizeof(grant));
    read_field(form, "assertion", assertion, sizeof(assertion));
    if (strcmp(grant, grant_type) != 0)
        return refuse_grant(answer, "unsupported_grant_type", "Invalid grant_type");
    if (!jwt_proof_read(span_str(assertion), JWT_PROOF_RS256, rules->public_key, &proof) ||
        !span_is_str(rules->key_id, proof.key_id) || !span_is_str(rules->email, proof.issuer))
        return refuse_grant(answer, "invalid_grant", "Invalid JWT Signature.");
    if (!span_is_str(rules->audience, proof.audience))
        return refuse_grant(answer, "invalid_grant", "Invalid JWT: Failed audience check.");
    if (proof.issued_s > now_s + SKEW_MAX_S || proof.expires_s <= now_s ||
        proof.expires_s - proof.issued_s > ASSERTION_LIFE_MAX_S)
        return refuse_grant(
            answer, "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a "
            "reasonable timeframe. Check your iat and exp values in the JWT claim.");
    if (strcmp(proof.scope, messaging_scope) != 0)
        return refuse_grant(answer, "invalid_scope", "Invalid OAuth scope or ID token audience.");
    return give_access(rules, now_s, answer);
}

/* ---- messages:send ---- */

static bool is_access(const struct fcm_rules *rules, struct span value, int64_t now_s)
{
    static const char scheme[] = "Bearer ";
    uint8_t hash[SHA256_LEN];
    bool is_good = false;
    if (!span_starts(value, SPAN_LIT("Bearer ")))
        return false;
    sha256(span_from(value, sizeof(scheme) - 1), hash);
    for (size_t i = 0; i < FCM_ACCESS_MAX; ++i)
        is_good |= rules->access_[i].ends_s > now_s &&
                   bytes_equal(rules->access_[i].hash, hash, SHA256_LEN);
    return is_good;
}

static bool is_send_path(const struct fcm_rules *rules, struct span path, bool *is_own_project)
{
    static const char head[] = "/v1/projects/", tail[] = "/messages:send";
    if (!span_starts(path, SPAN_LIT("/v1/projects/")) || path.len < sizeof(head) + sizeof(tail) - 1)
        return false;
    struct span project =
        span_of(path.base + sizeof(head) - 1, path.len - (sizeof(head) - 1) - (sizeof(tail) - 1));
    *is_own_project = span_is(project, rules->project);
    return span_is_str(span_from(path, path.len - (sizeof(tail) - 1)), tail) &&
           memchr(project.base, '/', project.len) == NULL;
}

static const char *address_problem(const struct fcm_rules *rules, const struct h2_request *request,
                                   int64_t now_s)
{
    bool is_own_project = false;
    if (!is_access(rules, h2_request_field(request, "authorization", NULL), now_s))
        return "UNAUTHENTICATED";
    if (!span_is_str(h2_request_field(request, ":method", NULL), "POST") ||
        !is_send_path(rules, h2_request_field(request, ":path", NULL), &is_own_project))
        return "NOT_FOUND";
    if (!is_own_project)
        return "PERMISSION_DENIED";
    struct span type = h2_request_field(request, "content-type", NULL);
    return span_starts(type, SPAN_LIT("application/json")) ? NULL : "INVALID_ARGUMENT";
}

/* Registration tokens are opaque; blanks and signs that are in none of them make a bad one. */
static bool is_token(struct span token)
{
    bool is_one = token.len > 0 && token.len <= TARGET_MAX;
    for (size_t i = 0; is_one && i < token.len; ++i)
        is_one = token.base[i] > ' ' && token.base[i] < 127;
    return is_one;
}

bool fcm_rules_judge(struct fcm_rules *rules, const struct h2_request *request, int64_t now_s,
                     struct shown_push *push, bool *is_dry_run, struct fcm_refusal *refusal)
{
    struct err err;
    *push = (struct shown_push){.service = SPAN_LIT("fcm")};
    *refusal = (struct fcm_refusal){.code = address_problem(rules, request, now_s)};
    if (refusal->code != NULL)
        return false;
    json_t *body =
        json_load(buf_span(&request->body),
                  (struct json_limits){.bytes_max = BODY_MAX, .depth_max = DEPTH_MAX}, &err);
    refusal->has_violation = !fcm_message_check(body, &refusal->violation);
    push->token = fcm_message_target(body);
    if (refusal->has_violation || !is_token(push->token)) {
        refusal->code = "INVALID_ARGUMENT";
        json_decref(body);
        push->token = (struct span){NULL, 0};
        return false;
    }
    push->json_ = body;
    *is_dry_run = json_is_true(json_object_get(body, "validate_only"));
    shown_push_read_fcm(push, json_object_get(body, "message"));
    return true;
}

static const struct error_row {
    const char *code, *rpc;
    int status;
    bool is_fcm; /* an FcmError stands in details */
} error_rows[] = {
    {"INVALID_ARGUMENT", "INVALID_ARGUMENT", 400, true},
    {"UNAUTHENTICATED", "UNAUTHENTICATED", 401, false},
    {"PERMISSION_DENIED", "PERMISSION_DENIED", 403, false},
    {"NOT_FOUND", "NOT_FOUND", 404, false},
    {"UNREGISTERED", "NOT_FOUND", 404, true},
    {"QUOTA_EXCEEDED", "RESOURCE_EXHAUSTED", 429, true},
    {"UNAVAILABLE", "UNAVAILABLE", 503, true},
    {"INTERNAL", "INTERNAL", 500, true},
};

static const struct error_row *find_error(const char *code)
{
    size_t count = sizeof(error_rows) / sizeof(error_rows[0]);
    for (size_t i = 0; i < count; ++i)
        if (strcmp(error_rows[i].code, code) == 0)
            return &error_rows[i];
    return &error_rows[count - 1];
}

int fcm_rules_print(const struct fcm_refusal *refusal, struct buf *answer)
{
    const struct error_row *row = find_error(refusal->code);
    json_t *details = json_array();
    if (refusal->has_violation)
        json_array_append_new(details,
                              json_pack("{s:s, s:[{s:s, s:s}]}", "@type",
                                        "type.googleapis.com/google.rpc.BadRequest",
                                        "fieldViolations", "field", refusal->violation.field,
                                        "description", refusal->violation.description));
    else if (row->is_fcm)
        json_array_append_new(details,
                              json_pack("{s:s, s:s}", "@type",
                                        "type.googleapis.com/google.firebase.fcm.v1.FcmError",
                                        "errorCode", row->code));
    return print_json(answer,
                      json_pack("{s:{s:i, s:s, s:s, s:o}}", "error", "code", row->status, "message",
                                "refused by the demo's sandbox", "status", row->rpc, "details",
                                details),
                      row->status);
}

#include "sandbox/apns_rules.h"

#include "base/json.h"
#include "sandbox/jwt_proof.h"

#include <ctype.h>

enum {
    TOKEN_AGE_MAX_S = 3600,
    TOKEN_FUTURE_MAX_S = 300, /* undocumented; a clock may be a little ahead */
    TOKEN_CHANGE_MIN_S = 20 * 60,
    DEVICE_MAX = 200,
    PAYLOAD_MAX = 4096,
    COLLAPSE_MAX = 64,
    EXPIRATION_DIGITS_MAX = 10,
    DEPTH_MAX = 24,
};

static const char *device_path = "/3/device";

int apns_rules_status(const char *reason)
{
    static const struct {
        int status;
        const char *reason;
    } table[] = {
        {400, "BadCollapseId"},
        {400, "BadDeviceToken"},
        {400, "BadExpirationDate"},
        {400, "BadMessageId"},
        {400, "BadPriority"},
        {400, "BadTopic"},
        {400, "DuplicateHeaders"},
        {400, "DeviceTokenNotForTopic"},
        {400, "InvalidPushType"},
        {400, "MissingDeviceToken"},
        {400, "MissingTopic"},
        {400, "PayloadEmpty"},
        {400, "TopicDisallowed"},
        {403, "ExpiredProviderToken"},
        {403, "InvalidProviderToken"},
        {403, "MissingProviderToken"},
        {404, "BadPath"},
        {405, "MethodNotAllowed"},
        {410, "Unregistered"},
        {413, "PayloadTooLarge"},
        {429, "TooManyProviderTokenUpdates"},
        {429, "TooManyRequests"},
        {503, "ServiceUnavailable"},
        {503, "Shutdown"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); ++i)
        if (strcmp(table[i].reason, reason) == 0)
            return table[i].status;
    return 500;
}

/* ---- the address ---- */

static const char *address_problem(const struct h2_request *request, struct span *token)
{
    static const char *const once[] = {"authorization",   "apns-id",       "apns-topic",
                                       "apns-push-type",  "apns-priority", "apns-expiration",
                                       "apns-collapse-id"};
    struct span path = h2_request_field(request, ":path", NULL);
    if (!span_is_str(h2_request_field(request, ":method", NULL), "POST"))
        return "MethodNotAllowed";
    if (!span_starts(path, span_str(device_path)))
        return "BadPath";
    path = span_from(path, strlen(device_path));
    if (path.len > 0 && path.base[0] != '/')
        return "BadPath";
    *token = span_from(path, 1);
    if (token->len == 0)
        return "MissingDeviceToken";
    if (memchr(token->base, '/', token->len) != NULL)
        return "BadPath";
    for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); ++i) {
        int count;
        h2_request_field(request, once[i], &count);
        if (count > 1)
            return "DuplicateHeaders";
    }
    return NULL;
}

/* ---- the provider's token ---- */

static bool prove(struct apns_rules *rules, struct span token, const uint8_t hash[SHA256_LEN],
                  int64_t *issued_s)
{
    struct jwt_proof proof;
    if (rules->proved_issued_s_ != 0 && memcmp(hash, rules->proved_, SHA256_LEN) == 0) {
        *issued_s = rules->proved_issued_s_;
        return true;
    }
    if (!jwt_proof_read(token, JWT_PROOF_ES256, rules->public_key, &proof) ||
        !span_is_str(rules->key_id, proof.key_id) || !span_is_str(rules->team_id, proof.issuer) ||
        proof.issued_s <= 0)
        return false;
    memcpy(rules->proved_, hash, SHA256_LEN);
    *issued_s = rules->proved_issued_s_ = proof.issued_s;
    return true;
}

static const char *credential_problem(struct apns_rules *rules, struct apns_peer *peer,
                                      const struct h2_request *request, int64_t now_s)
{
    static const char scheme[] = "bearer ";
    struct span token = h2_request_field(request, "authorization", NULL);
    uint8_t hash[SHA256_LEN];
    int64_t issued_s;
    if (token.base == NULL)
        return "MissingProviderToken";
    if (token.len < sizeof(scheme) || strncasecmp(token.base, scheme, sizeof(scheme) - 1) != 0)
        return "InvalidProviderToken";
    token = span_from(token, sizeof(scheme) - 1);
    sha256(token, hash);
    if (!prove(rules, token, hash, &issued_s) || issued_s - now_s > TOKEN_FUTURE_MAX_S)
        return "InvalidProviderToken";
    /* A connection that once showed an expired token stays unusable (seen by jchambers/pushy). */
    peer->had_expired_ |= now_s - issued_s > TOKEN_AGE_MAX_S;
    if (peer->had_expired_)
        return "ExpiredProviderToken";
    bool is_other = !peer->has_token_ || memcmp(hash, peer->token_, SHA256_LEN) != 0;
    if (is_other && peer->has_token_ && now_s - peer->token_since_s_ < TOKEN_CHANGE_MIN_S)
        return "TooManyProviderTokenUpdates";
    if (is_other) {
        memcpy(peer->token_, hash, SHA256_LEN);
        peer->token_since_s_ = now_s;
        peer->has_token_ = true;
    }
    return NULL;
}

/* ---- headers ---- */

static bool is_uuid(struct span id)
{
    if (id.len != 36)
        return false;
    for (size_t i = 0; i < id.len; ++i) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        char c = id.base[i];
        if (is_dash ? c != '-' : !isdigit((uint8_t)c) && (c < 'a' || c > 'f'))
            return false;
    }
    return true;
}

static bool is_number(struct span text)
{
    bool is_one = text.len > 0 && text.len <= EXPIRATION_DIGITS_MAX;
    for (size_t i = 0; is_one && i < text.len; ++i)
        is_one = isdigit((uint8_t)text.base[i]);
    return is_one;
}

/* Types whose topic needs no suffix: the others are for apps this sandbox does not know. */
static bool is_push_type(struct span type)
{
    return span_is_str(type, "alert") || span_is_str(type, "background") ||
           span_is_str(type, "mdm") || span_is_str(type, "controls");
}

static const char *header_problem(const struct apns_rules *rules, const struct h2_request *request)
{
    struct span id = h2_request_field(request, "apns-id", NULL);
    struct span expiration = h2_request_field(request, "apns-expiration", NULL);
    struct span priority = h2_request_field(request, "apns-priority", NULL);
    struct span type = h2_request_field(request, "apns-push-type", NULL);
    struct span topic = h2_request_field(request, "apns-topic", NULL);
    if (id.base != NULL && !is_uuid(id))
        return "BadMessageId";
    if (expiration.base != NULL && !is_number(expiration))
        return "BadExpirationDate";
    if (priority.base != NULL && !span_is_str(priority, "10") && !span_is_str(priority, "5") &&
        !span_is_str(priority, "1"))
        return "BadPriority";
    if (span_is_str(type, "background") && span_is_str(priority, "10"))
        return "BadPriority";
    if (type.base != NULL && !is_push_type(type))
        return "InvalidPushType";
    if (h2_request_field(request, "apns-collapse-id", NULL).len > COLLAPSE_MAX)
        return "BadCollapseId";
    if (topic.base == NULL)
        return "MissingTopic";
    for (size_t i = 0; i < topic.len; ++i)
        if (!isalnum((uint8_t)topic.base[i]) && topic.base[i] != '.' && topic.base[i] != '-')
            return "BadTopic";
    return span_is(topic, rules->topic) ? NULL : "TopicDisallowed";
}

/* ---- payload and device ---- */

/* Apple has no reason of its own for what is not JSON. */
static const char *payload_problem(const struct h2_request *request, json_t **payload)
{
    struct err err;
    if (request->body_len > PAYLOAD_MAX)
        return "PayloadTooLarge";
    *payload =
        json_load(buf_span(&request->body),
                  (struct json_limits){.bytes_max = PAYLOAD_MAX, .depth_max = DEPTH_MAX}, &err);
    const json_t *aps = json_object_get(*payload, "aps");
    if (!json_is_object(aps)) {
        json_decref(*payload);
        *payload = NULL;
        return "PayloadEmpty";
    }
    bool is_shown = json_object_get(aps, "alert") != NULL ||
                    json_object_get(aps, "badge") != NULL || json_object_get(aps, "sound") != NULL;
    if (!is_shown || !span_is_str(h2_request_field(request, "apns-push-type", NULL), "background"))
        return NULL;
    json_decref(*payload);
    *payload = NULL;
    return "InvalidPushType";
}

static const char *device_problem(struct span token)
{
    bool is_hex = token.len <= DEVICE_MAX && token.len % 2 == 0;
    for (size_t i = 0; is_hex && i < token.len; ++i)
        is_hex = isxdigit((uint8_t)token.base[i]);
    return is_hex ? NULL : "BadDeviceToken";
}

const char *apns_rules_judge(struct apns_rules *rules, struct apns_peer *peer,
                             const struct h2_request *request, int64_t now_s,
                             struct shown_push *push)
{
    json_t *payload = NULL;
    *push = (struct shown_push){.service = SPAN_LIT("apns")};
    const char *reason = address_problem(request, &push->token);
    if (reason == NULL)
        reason = credential_problem(rules, peer, request, now_s);
    if (reason == NULL)
        reason = header_problem(rules, request);
    if (reason == NULL)
        reason = device_problem(push->token);
    if (reason == NULL)
        reason = payload_problem(request, &payload);
    if (reason != NULL)
        return reason;
    push->json_ = payload;
    push->app = h2_request_field(request, "apns-topic", NULL);
    push->id = h2_request_field(request, "apns-id", NULL);
    push->collapse = h2_request_field(request, "apns-collapse-id", NULL);
    shown_push_read_apns(push, payload);
    return NULL;
}

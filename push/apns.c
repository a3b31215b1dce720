#include "push/apns.h"

#include "base/json.h"

const char apns_host[] = "api.push.apple.com";
const char apns_sandbox_host[] = "api.sandbox.push.apple.com";

enum {
    TARGET_MAX = 200,
    PAYLOAD_MAX = 4096,
    VOIP_PAYLOAD_MAX = 5120,
    COLLAPSE_ID_MAX = 64,
    HEADER_MAX = 200,
    REASON_MAX = 64,
};

/* ---- what is refused before it is sent ---- */

static bool is_hex(char c)
{
    return (uint8_t)(c - '0') < 10 || (uint8_t)(c - 'a') < 6;
}

static bool is_target(struct span target)
{
    if (target.len < 2 || target.len > TARGET_MAX || target.len % 2 != 0)
        return false;
    unsigned wrong = 0; /* without a way out of the loop, which the compiler then makes wide */
    for (size_t i = 0; i < target.len; ++i)
        wrong |= !is_hex(target.base[i]);
    return wrong == 0;
}

static bool is_uuid(struct span id)
{
    if (id.len != 36)
        return false;
    for (size_t i = 0; i < id.len; ++i) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? id.base[i] != '-' : !is_hex(id.base[i]))
            return false;
    }
    return true;
}

/* Visible ASCII: what may stand in a header's value. */
static bool is_header_text(struct span text, size_t len_max)
{
    unsigned wrong = text.len > len_max;
    for (size_t i = 0; wrong == 0 && i < text.len; ++i)
        wrong |= text.base[i] <= ' ' || text.base[i] >= 127;
    return wrong == 0;
}

int apns_check(const struct push_message *m, bool needs_topic, struct err *err)
{
    size_t payload_max = span_is_str(m->push_type, "voip") ? VOIP_PAYLOAD_MAX : PAYLOAD_MAX;
    if (m->target_kind != PUSH_TOKEN || !is_target(m->target))
        return err_set(err, ERR_INPUT, "the target is no APNs device token (lower-case hex)");
    if (!is_uuid(m->id))
        return err_set(err, ERR_INPUT, "the id is no UUID in lower case");
    if (m->payload.len > payload_max)
        return err_set(err, ERR_INPUT, "the payload has %zu octets, APNs takes %zu", m->payload.len,
                       payload_max);
    if (m->payload.len < 2 || m->payload.base[0] != '{' ||
        m->payload.base[m->payload.len - 1] != '}')
        return err_set(err, ERR_INPUT, "the payload is no JSON object");
    if (needs_topic && m->topic.len == 0)
        return err_set(err, ERR_INPUT, "a push with a token key needs a topic");
    if (!is_header_text(m->topic, HEADER_MAX) || !is_header_text(m->push_type, HEADER_MAX))
        return err_set(err, ERR_INPUT, "topic or push type cannot stand in a header");
    if (!is_header_text(m->collapse_id, COLLAPSE_ID_MAX))
        return err_set(err, ERR_INPUT, "the collapse id is not 64 octets of visible ASCII at most");
    if (m->priority != 0 && m->priority != 1 && m->priority != 5 && m->priority != 10)
        return err_set(err, ERR_INPUT, "the priority is not 10, 5 or 1");
    if (m->priority == 10 && span_is_str(m->push_type, "background"))
        return err_set(err, ERR_INPUT, "a background push may not have priority 10");
    return 0;
}

/* ---- headers ---- */

static nghttp2_nv *field(nghttp2_nv *at, const char *name, struct span value, uint8_t flags)
{
    *at = (nghttp2_nv){(uint8_t *)name, (uint8_t *)value.base, strlen(name), value.len,
                       (uint8_t)(flags | NGHTTP2_NV_FLAG_NO_COPY_NAME)};
    return at + 1;
}

static struct span priority_text(int priority)
{
    return priority == 10 ? SPAN_LIT("10") : priority == 5 ? SPAN_LIT("5") : SPAN_LIT("1");
}

size_t apns_fields(const struct apns_request *r, struct span host, struct span token,
                   bool is_first_on_connection, nghttp2_nv fields[APNS_FIELDS_MAX])
{
    const uint8_t never = NGHTTP2_NV_FLAG_NO_INDEX;
    const uint8_t own = is_first_on_connection ? 0 : never;
    nghttp2_nv *at = fields;
    at = field(at, ":method", SPAN_LIT("POST"), 0);
    at = field(at, ":scheme", SPAN_LIT("https"), 0);
    at = field(at, ":authority", host, 0);
    at = field(at, ":path", r->path, never);
    if (token.len > 0)
        at = field(at, "authorization", token, never);
    at = field(at, "content-type", SPAN_LIT("application/json"), 0);
    at = field(at, "apns-id", r->id, own);
    if (r->topic.len > 0)
        at = field(at, "apns-topic", r->topic, 0);
    if (r->push_type.len > 0)
        at = field(at, "apns-push-type", r->push_type, 0);
    if (r->priority != 0)
        at = field(at, "apns-priority", priority_text(r->priority), 0);
    if (r->expiration.len > 0)
        at = field(at, "apns-expiration", r->expiration, own);
    if (r->collapse_id.len > 0)
        at = field(at, "apns-collapse-id", r->collapse_id, own);
    return (size_t)(at - fields);
}

/* ---- verdicts ---- */

#define BUG VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_REQUEST, 0
#define STOPPED VERDICT_STOP, PUSH_ADVICE_FIX, PUSH_ALARM_CREDENTIAL, VERDICT_LEAVES

const struct verdict_row apns_rows[] = {
    {200, "", VERDICT_ACCEPTED, PUSH_ADVICE_NONE, 0, 0},
    {400, "BadCollapseId", BUG},
    {400, "BadDeviceToken", VERDICT_FINAL, PUSH_ADVICE_OTHER_ENVIRONMENT, 0, 0},
    {400, "BadExpirationDate", BUG},
    {400, "BadMessageId", BUG},
    {400, "BadPriority", BUG},
    {400, "BadTopic", BUG},
    {400, "DuplicateHeaders", BUG},
    {400, "InvalidPushType", BUG},
    {400, "MissingDeviceToken", BUG},
    {400, "MissingTopic", BUG},
    {400, "PayloadEmpty", BUG},
    {400, "DeviceTokenNotForTopic", VERDICT_FINAL, PUSH_ADVICE_DISABLE_TARGET, 0, 0},
    {400, "IdleTimeout", VERDICT_ELSEWHERE, PUSH_ADVICE_LATER, 0, VERDICT_LEAVES},
    {400, "TopicDisallowed", VERDICT_FINAL, PUSH_ADVICE_STOP_TOPIC, PUSH_ALARM_TOPIC, 0},
    {403, "BadCertificate", STOPPED},
    {403, "BadCertificateEnvironment", STOPPED},
    {403, "ExpiredProviderToken", VERDICT_TOKEN, PUSH_ADVICE_FIX, 0, VERDICT_LEAVES},
    {403, "InvalidProviderToken", STOPPED},
    {403, "MissingProviderToken", BUG},
    {403, "UnrelatedKeyIdInToken", VERDICT_ELSEWHERE, PUSH_ADVICE_LATER, 0, VERDICT_LEAVES},
    {403, "BadEnvironmentKeyIdInToken", STOPPED},
    {403, "BadEnvironmentKeyInToken", STOPPED}, /* the same, as seen on the wire */
    {403, "Forbidden", VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_CREDENTIAL, 0},
    {404, "BadPath", BUG},
    {405, "MethodNotAllowed", BUG},
    {410, "Unregistered", VERDICT_FINAL, PUSH_ADVICE_DROP_TARGET, 0, 0},
    {410, "ExpiredToken", VERDICT_FINAL, PUSH_ADVICE_DROP_TARGET, 0, 0},
    {413, "PayloadTooLarge", VERDICT_FINAL, PUSH_ADVICE_SHORTEN, 0, 0},
    {429, "TooManyRequests", VERDICT_LATER, PUSH_ADVICE_HOLD_TARGET, 0, VERDICT_HOLDS},
    {429, "TooManyProviderTokenUpdates", VERDICT_ELSEWHERE, PUSH_ADVICE_LATER, 0, VERDICT_LEAVES},
    {500, "InternalServerError", VERDICT_LATER, PUSH_ADVICE_LATER, 0, VERDICT_FAILS},
    {503, "ServiceUnavailable", VERDICT_LATER, PUSH_ADVICE_LATER, 0, VERDICT_FAILS | VERDICT_SLOWS},
    {503, "Shutdown", VERDICT_ELSEWHERE, PUSH_ADVICE_LATER, 0, VERDICT_LEAVES},
    {0},
};

/* A reason that the table does not know: by the class of its status (reference 1.5, last lines). */
static const struct verdict_row class_rows[] = {
    {410, "", VERDICT_FINAL, PUSH_ADVICE_NONE, 0, 0}, /* targets are dropped by exact reason only */
    {413, "", VERDICT_FINAL, PUSH_ADVICE_SHORTEN, 0, 0},
    {429, "", VERDICT_LATER, PUSH_ADVICE_LATER, 0, VERDICT_SLOWS},
    {403, "", VERDICT_FINAL, PUSH_ADVICE_FIX, PUSH_ALARM_CREDENTIAL, 0},
    {500, "", VERDICT_LATER, PUSH_ADVICE_LATER, 0, VERDICT_FAILS | VERDICT_SLOWS},
    {0, "", BUG},
};

static const struct verdict_row *row_of_class(int status)
{
    const struct verdict_row *row = class_rows;
    while (row->status != 0 && row->status != status && !(row->status == 500 && status >= 500))
        ++row;
    return row;
}

static const struct verdict_row *row_of_reason(int status, const char *reason)
{
    for (const struct verdict_row *row = apns_rows; row->status != 0; ++row)
        if ((status == 0 || row->status == status) && strcmp(row->reason, reason) == 0)
            return row;
    return NULL;
}

/* Reason and timestamp of the JSON; nothing when it is something else. */
static void read_body(struct span body, struct verdict *verdict)
{
    struct err err = {0};
    json_t *json = json_load(body, (struct json_limits){.bytes_max = 4096, .depth_max = 8}, &err);
    if (json == NULL)
        return;
    struct json_reader reader = json_read(json, "", &err);
    struct span reason = json_find_text(&reader, "reason", REASON_MAX);
    verdict_set_reason(verdict, reason);
    verdict->dead_since_ms = json_find_int(&reader, "timestamp", 0, INT64_MAX, 0);
    json_decref(json);
}

void apns_judge(int status, struct span body, struct verdict *verdict)
{
    *verdict = (struct verdict){0};
    if (status == 200) {
        verdict_set_row(verdict, &apns_rows[0]);
        return;
    }
    read_body(body, verdict);
    const struct verdict_row *row =
        verdict->reason[0] == 0 ? NULL : row_of_reason(status, verdict->reason);
    verdict_set_row(verdict, row != NULL ? row : row_of_class(status));
}

bool apns_judge_goaway(struct span debug, struct verdict *verdict)
{
    *verdict = (struct verdict){0};
    read_body(debug, verdict);
    const struct verdict_row *row =
        verdict->reason[0] == 0 ? NULL : row_of_reason(0, verdict->reason);
    if (row == NULL)
        return false;
    verdict_set_row(verdict, row);
    return true;
}

#include "sandbox/fcm_message.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAYLOAD_MAX = 4096, TTL_MAX_S = 2419200, COLLAPSE_MAX = 64 };

typedef bool (*check_fn)(const json_t *);

static bool is_text(const json_t *value)
{
    return json_is_string(value);
}

static bool is_truth(const json_t *value)
{
    return json_is_boolean(value);
}

static bool is_whole(const json_t *value)
{
    return json_is_integer(value);
}

static bool is_object(const json_t *value)
{
    return json_is_object(value);
}

static bool is_texts(const json_t *value)
{
    size_t i;
    json_t *item;
    if (!json_is_array(value))
        return false;
    json_array_foreach(value, i, item) if (!json_is_string(item)) return false;
    return true;
}

static bool is_text_map(const json_t *value)
{
    const char *key;
    json_t *item;
    if (!json_is_object(value))
        return false;
    json_object_foreach((json_t *)value, key, item) if (!json_is_string(item)) return false;
    return true;
}

static bool is_data(const json_t *value)
{
    const char *key;
    json_t *item;
    if (!is_text_map(value))
        return false;
    json_object_foreach((json_t *)value, key, item)
    {
        if (strcmp(key, "from") == 0 || strcmp(key, "message_type") == 0 ||
            strncmp(key, "google", 6) == 0 || strncmp(key, "gcm", 3) == 0)
            return false;
    }
    return true;
}

/* "3600s", to nine decimals, at most four weeks. */
static bool is_ttl(const json_t *value)
{
    const char *text = json_string_value(value);
    char *end = NULL;
    if (text == NULL || !isdigit((uint8_t)text[0]) || strspn(text, "0123456789.") > 20)
        return false;
    double seconds = strtod(text, &end);
    return strcmp(end, "s") == 0 && seconds <= TTL_MAX_S;
}

static bool is_word(const json_t *value, const char *const *words)
{
    const char *text = json_string_value(value);
    for (; text != NULL && *words != NULL; ++words)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static bool is_priority(const json_t *value)
{
    static const char *const words[] = {"NORMAL", "HIGH", "normal", "high", NULL};
    return is_word(value, words);
}

static bool is_notification_priority(const json_t *value)
{
    static const char *const words[] = {"PRIORITY_UNSPECIFIED",
                                        "PRIORITY_MIN",
                                        "PRIORITY_LOW",
                                        "PRIORITY_DEFAULT",
                                        "PRIORITY_HIGH",
                                        "PRIORITY_MAX",
                                        NULL};
    return is_word(value, words);
}

static bool is_visibility(const json_t *value)
{
    static const char *const words[] = {"VISIBILITY_UNSPECIFIED", "PRIVATE", "PUBLIC", "SECRET",
                                        NULL};
    return is_word(value, words);
}

/* What Apple would say of the headers that are for it. */
static bool is_apns_headers(const json_t *value)
{
    const json_t *expiration = json_object_get(value, "apns-expiration");
    const char *text = json_string_value(expiration);
    if (!is_text_map(value) ||
        json_string_length(json_object_get(value, "apns-collapse-id")) > COLLAPSE_MAX)
        return false;
    return expiration == NULL || (text[0] != 0 && text[strspn(text, "0123456789")] == 0);
}

/* A row's path ends where values begin; objects on the way are those that rows lie below. */
static const struct row {
    const char *path;
    check_fn is_right;
} rows[] = {
    {"validate_only", is_truth},
    {"message.token", is_text},
    {"message.fid", is_text},
    {"message.topic", is_text},
    {"message.condition", is_text},
    {"message.name", is_text},
    {"message.data", is_data},
    {"message.notification.title", is_text},
    {"message.notification.body", is_text},
    {"message.notification.image", is_text},
    {"message.fcm_options.analytics_label", is_text},
    {"message.webpush", is_object},
    {"message.apns.headers", is_apns_headers},
    {"message.apns.payload", is_object},
    {"message.apns.live_activity_token", is_text},
    {"message.apns.fcm_options", is_object},
    {"message.android.collapse_key", is_text},
    {"message.android.priority", is_priority},
    {"message.android.ttl", is_ttl},
    {"message.android.restricted_package_name", is_text},
    {"message.android.data", is_data},
    {"message.android.direct_boot_ok", is_truth},
    {"message.android.bandwidth_constrained_ok", is_truth},
    {"message.android.restricted_satellite_ok", is_truth},
    {"message.android.fcm_options", is_object},
    {"message.android.notification.title", is_text},
    {"message.android.notification.body", is_text},
    {"message.android.notification.icon", is_text},
    {"message.android.notification.color", is_text},
    {"message.android.notification.sound", is_text},
    {"message.android.notification.tag", is_text},
    {"message.android.notification.click_action", is_text},
    {"message.android.notification.body_loc_key", is_text},
    {"message.android.notification.body_loc_args", is_texts},
    {"message.android.notification.title_loc_key", is_text},
    {"message.android.notification.title_loc_args", is_texts},
    {"message.android.notification.channel_id", is_text},
    {"message.android.notification.ticker", is_text},
    {"message.android.notification.sticky", is_truth},
    {"message.android.notification.event_time", is_text},
    {"message.android.notification.local_only", is_truth},
    {"message.android.notification.notification_priority", is_notification_priority},
    {"message.android.notification.default_sound", is_truth},
    {"message.android.notification.default_vibrate_timings", is_truth},
    {"message.android.notification.default_light_settings", is_truth},
    {"message.android.notification.vibrate_timings", is_texts},
    {"message.android.notification.visibility", is_visibility},
    {"message.android.notification.notification_count", is_whole},
    {"message.android.notification.light_settings", is_object},
    {"message.android.notification.image", is_text},
};

enum row_match { ROW_NONE, ROW_ABOVE, ROW_FOUND };

static enum row_match find_row(const char *path, const struct row **found)
{
    size_t len = strlen(path);
    enum row_match match = ROW_NONE;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        if (strncmp(rows[i].path, path, len) != 0)
            continue;
        *found = &rows[i];
        if (rows[i].path[len] == 0)
            return ROW_FOUND;
        if (rows[i].path[len] == '.')
            match = ROW_ABOVE;
    }
    return match;
}

/* The name goes into our own JSON: cut in the middle of a character it would be none. */
static bool refuse(struct fcm_violation *violation, const char *path, const char *description)
{
    snprintf(violation->field, FCM_FIELD_MAX, "%s", path);
    for (char *c = violation->field; *c != 0; ++c)
        if (*c < ' ' || *c == 127)
            *c = '?';
    violation->description = description;
    return false;
}

/* Only as deep as the rows go. */
static bool check_below(const char *path, const json_t *object, struct fcm_violation *violation)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        char name[FCM_FIELD_MAX];
        const struct row *row = NULL;
        snprintf(name, sizeof(name), "%s%s%s", path, *path == 0 ? "" : ".", key);
        enum row_match match = find_row(name, &row);
        if (match == ROW_NONE)
            return refuse(violation, name, "Unknown name: Cannot find field.");
        if (match == ROW_FOUND ? !row->is_right(value) : !json_is_object(value))
            return refuse(violation, name, "Invalid value");
        if (match == ROW_ABOVE && !check_below(name, value, violation))
            return false;
    }
    return true;
}

/* Without the target, as the limit is one of the payload. */
static size_t payload_len(const json_t *message)
{
    json_t *rest = json_copy((json_t *)message);
    json_object_del(rest, "token");
    json_object_del(rest, "fid");
    size_t len = json_dumpb(rest, NULL, 0, JSON_COMPACT);
    json_decref(rest);
    return len;
}

bool fcm_message_check(const json_t *body, struct fcm_violation *violation)
{
    static const char *const targets[] = {"token", "fid", "topic", "condition"};
    const json_t *message = json_object_get(body, "message");
    int target_count = 0;
    if (!json_is_object(body))
        return refuse(violation, "", "Invalid JSON payload received.");
    if (message == NULL)
        return refuse(violation, "message", "Message is empty.");
    if (!check_below("", body, violation))
        return false;
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); ++i)
        target_count += json_object_get(message, targets[i]) != NULL;
    if (target_count != 1)
        return refuse(violation, "message",
                      "Exactly one of token, topic, condition or fid is required");
    if (payload_len(message) > PAYLOAD_MAX)
        return refuse(violation, "message", "Android message is too big");
    return true;
}

struct span fcm_message_target(const json_t *body)
{
    const json_t *message = json_object_get(body, "message");
    const json_t *target = json_object_get(message, "token");
    if (target == NULL)
        target = json_object_get(message, "fid");
    return span_of(json_string_value(target), json_string_length(target));
}

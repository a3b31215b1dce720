#include "provider/standard_webhooks.h"

#include "base/crypto.h"

#include <jansson.h>
#include <stdlib.h>

enum {
    TIME_DIGITS_MAX = 12,
    SIGNATURES_MAX = 16,
    SIGNATURE_HEADER_MAX = 2048,
    MAC_TEXT_LEN = 4 * ((SHA256_LEN + 2) / 3),
    V1A_TEXT_LEN = 4 * ((ED25519_SIGNATURE_LEN + 2) / 3),
};

static const char *const header_names[] = {"webhook-id", "webhook-timestamp", "webhook-signature"};

struct key {
    uint8_t bytes[STANDARD_WEBHOOKS_KEY_MAX];
    size_t len;
};

static bool key_read(struct key *key, struct span secret)
{
    const struct span prefix = SPAN_LIT("whsec_");
    if (span_starts(secret, prefix))
        secret = span_from(secret, prefix.len);
    long len = base64_parse(secret, key->bytes, sizeof(key->bytes));
    key->len = len < STANDARD_WEBHOOKS_KEY_MIN ? 0 : (size_t)len;
    return key->len > 0;
}

bool standard_webhooks_secret_is_ok(struct span secret)
{
    struct key key;
    bool is_ok = key_read(&key, secret);
    secret_wipe(&key, sizeof(key));
    return is_ok;
}

static bool public_key_read(struct span text, uint8_t key[ED25519_KEY_LEN])
{
    const struct span prefix = SPAN_LIT("whpk_");
    uint8_t bytes[ED25519_KEY_LEN + 3]; /* a little more, to see what is too long */
    if (!span_starts(text, prefix) ||
        base64_parse(span_from(text, prefix.len), bytes, sizeof(bytes)) != ED25519_KEY_LEN)
        return false;
    memcpy(key, bytes, ED25519_KEY_LEN);
    return true;
}

bool standard_webhooks_public_key_is_ok(struct span public_key)
{
    uint8_t key[ED25519_KEY_LEN];
    return public_key_read(public_key, key);
}

/* Printable ASCII without blanks, dots, quotes or backslashes. */
static bool id_is_ok(struct span id)
{
    if (id.len == 0 || id.len > STANDARD_WEBHOOKS_ID_MAX)
        return false;
    for (size_t i = 0; i < id.len; ++i) {
        char c = id.base[i];
        if (c <= ' ' || c > '~' || c == '.' || c == '"' || c == '\\')
            return false;
    }
    return true;
}

static bool time_read(struct span text, int64_t *seconds)
{
    if (text.len == 0 || text.len > TIME_DIGITS_MAX || text.base[0] == '0')
        return false;
    *seconds = 0;
    for (size_t i = 0; i < text.len; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return false;
        *seconds = *seconds * 10 + (text.base[i] - '0');
    }
    return true;
}

/* What the sender must have written behind "v1,". */
static void expect_mac(const struct key *key, struct span signed_text, char text[MAC_TEXT_LEN + 1])
{
    uint8_t mac[SHA256_LEN];
    hmac_sha256(span_of((const char *)key->bytes, key->len), signed_text, mac);
    base64_print(span_of((const char *)mac, sizeof(mac)), text);
}

/* The next entry of a header of signatures that has the version ("v1,") and that length behind it;
 * null base when there is none left. Others are passed over. */
static struct span next_signature(struct span *header, struct span version, size_t len)
{
    while (header->len > 0) {
        const char *blank = memchr(header->base, ' ', header->len);
        size_t entry_len = blank == NULL ? header->len : (size_t)(blank - header->base);
        struct span entry = span_of(header->base, entry_len);
        *header = span_from(*header, entry_len + 1);
        if (entry.len == version.len + len && span_starts(entry, version))
            return span_from(entry, version.len);
    }
    return (struct span){NULL, 0};
}

/* Any entry of the header that is right makes it right. */
static bool header_has_mac(struct span header, const char expected[MAC_TEXT_LEN + 1])
{
    bool is_found = false;
    for (int tried = 0; tried < SIGNATURES_MAX; ++tried) {
        struct span mac = next_signature(&header, SPAN_LIT("v1,"), MAC_TEXT_LEN);
        if (mac.base == NULL)
            break;
        is_found |= bytes_equal(mac.base, expected, MAC_TEXT_LEN);
    }
    return is_found;
}

static bool is_signed_by(const uint8_t key[ED25519_KEY_LEN], struct span signed_text,
                         struct span header)
{
    for (int tried = 0; tried < STANDARD_WEBHOOKS_V1A_MAX; ++tried) {
        uint8_t signature[ED25519_SIGNATURE_LEN + 2];
        struct span text = next_signature(&header, SPAN_LIT("v1a,"), V1A_TEXT_LEN);
        if (text.base == NULL)
            return false;
        if (base64_parse(text, signature, sizeof(signature)) == ED25519_SIGNATURE_LEN &&
            ed25519_verify(key, signed_text, signature))
            return true;
    }
    return false;
}

static bool is_signed_v1a(const struct span public_keys[2], struct span signed_text,
                          struct span header)
{
    uint8_t key[ED25519_KEY_LEN];
    for (int i = 0; i < 2; ++i)
        if (public_key_read(public_keys[i], key) && is_signed_by(key, signed_text, header))
            return true;
    return false;
}

static bool is_signed(const struct span secrets[2], struct span signed_text, struct span header)
{
    bool is_found = false;
    for (int i = 0; i < 2; ++i) {
        struct key key;
        char expected[MAC_TEXT_LEN + 1];
        if (!key_read(&key, secrets[i]))
            continue;
        expect_mac(&key, signed_text, expected);
        is_found |= header_has_mac(header, expected);
        secret_wipe(&key, sizeof(key));
        secret_wipe(expected, sizeof(expected));
    }
    return is_found;
}

enum callback_verdict standard_webhooks_verify(const struct provider_account *account,
                                               const struct callback_headers *headers,
                                               struct span body, struct instant now,
                                               struct span *id)
{
    struct span values[3];
    for (int i = 0; i < 3; ++i) {
        int count = 0;
        values[i] = headers->get(headers->owner, header_names[i], &count);
        if (count != 1)
            return CALLBACK_FORGED;
    }
    int64_t seconds;
    if (!id_is_ok(values[0]) || !time_read(values[1], &seconds) ||
        values[2].len > SIGNATURE_HEADER_MAX)
        return CALLBACK_FORGED;
    struct buf text;
    buf_init(&text, STANDARD_WEBHOOKS_ID_MAX + TIME_DIGITS_MAX + 2 + body.len);
    buf_add(&text, values[0]);
    buf_add_char(&text, '.');
    buf_add(&text, values[1]);
    buf_add_char(&text, '.');
    buf_add(&text, body);
    bool is_genuine = is_signed(account->secrets, buf_span(&text), values[2]) ||
                      is_signed_v1a(account->public_keys, buf_span(&text), values[2]);
    buf_release(&text);
    if (!is_genuine)
        return CALLBACK_FORGED;
    int64_t age = instant_seconds(now) - seconds;
    if (age > STANDARD_WEBHOOKS_WINDOW_SECONDS || age < -STANDARD_WEBHOOKS_WINDOW_SECONDS)
        return CALLBACK_STALE;
    *id = values[0];
    return CALLBACK_GENUINE;
}

void standard_webhooks_keep(const struct callback_headers *headers, struct buf *json)
{
    json_t *object = json_object();
    for (int i = 0; i < 3; ++i) {
        int count;
        struct span value = headers->get(headers->owner, header_names[i], &count);
        json_object_set_new(object, header_names[i], json_stringn(value.base, value.len));
    }
    char *text = json_dumps(object, JSON_COMPACT);
    buf_add_str(json, text == NULL ? "{}" : text);
    free(text);
    json_decref(object);
}

bool standard_webhooks_kept_id(struct span json, char id[STANDARD_WEBHOOKS_ID_MAX + 1])
{
    json_t *object = json_loadb(json.base, json.len, JSON_REJECT_DUPLICATES, NULL);
    const char *text = json_string_value(json_object_get(object, header_names[0]));
    bool is_ok = text != NULL && id_is_ok(span_str(text));
    if (is_ok)
        memcpy(id, text, strlen(text) + 1);
    json_decref(object);
    return is_ok;
}

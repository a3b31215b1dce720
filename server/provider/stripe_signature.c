#include "provider/stripe_signature.h"

#include "base/crypto.h"

#include <jansson.h>
#include <stdlib.h>

enum {
    TIME_DIGITS_MAX = 12,
    HEADER_MAX = 2048,
    SIGNATURES_MAX = 8, /* Stripe sends one a live secret */
    MAC_TEXT_LEN = 2 * SHA256_LEN,
};

static const char header_name[] = "stripe-signature";

struct signature {
    struct span time;
    int64_t seconds;
    struct span macs[SIGNATURES_MAX];
    int mac_count;
};

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

static bool take_entry(struct signature *s, struct span entry)
{
    const char *equals = entry.len == 0 ? NULL : memchr(entry.base, '=', entry.len);
    if (equals == NULL)
        return false;
    struct span name = span_of(entry.base, (size_t)(equals - entry.base));
    struct span value = span_from(entry, name.len + 1);
    if (span_is_str(name, "t")) {
        bool is_first = s->time.base == NULL;
        s->time = value;
        return is_first && time_read(value, &s->seconds);
    }
    if (span_is_str(name, "v1") && value.len == MAC_TEXT_LEN && s->mac_count < SIGNATURES_MAX)
        s->macs[s->mac_count++] = value;
    return true;
}

static bool signature_read(struct signature *s, struct span header)
{
    *s = (struct signature){0};
    if (header.len > HEADER_MAX)
        return false;
    for (bool is_last = false; !is_last;) {
        const char *comma = header.len == 0 ? NULL : memchr(header.base, ',', header.len);
        is_last = comma == NULL;
        size_t len = is_last ? header.len : (size_t)(comma - header.base);
        if (!take_entry(s, span_of(header.base, len)))
            return false;
        header = span_from(header, len + 1);
    }
    return s->time.base != NULL;
}

/* Compares text: capital letters are another text. */
static bool has_mac(const struct signature *s, struct span secret, struct span signed_text)
{
    uint8_t mac[SHA256_LEN];
    char expected[MAC_TEXT_LEN + 1];
    bool is_found = false;
    hmac_sha256(secret, signed_text, mac);
    hex_print(mac, sizeof(mac), expected);
    for (int i = 0; i < s->mac_count; ++i)
        is_found |= bytes_equal(s->macs[i].base, expected, MAC_TEXT_LEN);
    secret_wipe(expected, sizeof(expected));
    secret_wipe(mac, sizeof(mac));
    return is_found;
}

enum callback_verdict stripe_signature_verify(const struct span secrets[2],
                                              const struct callback_headers *headers,
                                              struct span body, struct instant now)
{
    int count = 0;
    struct span header = headers->get(headers->owner, header_name, &count);
    struct signature signature;
    if (count != 1 || !signature_read(&signature, header))
        return CALLBACK_FORGED;
    struct buf text;
    buf_init(&text, TIME_DIGITS_MAX + 1 + body.len);
    buf_add(&text, signature.time);
    buf_add_char(&text, '.');
    buf_add(&text, body);
    bool is_genuine = false;
    for (int i = 0; i < 2; ++i)
        if (secrets[i].len > 0)
            is_genuine |= has_mac(&signature, secrets[i], buf_span(&text));
    buf_release(&text);
    if (!is_genuine)
        return CALLBACK_FORGED;
    int64_t age = instant_seconds(now) - signature.seconds;
    return age > STRIPE_WINDOW_SECONDS || age < -STRIPE_WINDOW_SECONDS ? CALLBACK_STALE
                                                                       : CALLBACK_GENUINE;
}

void stripe_signature_keep(const struct callback_headers *headers, struct buf *json)
{
    int count = 0;
    struct span value = headers->get(headers->owner, header_name, &count);
    json_t *object = json_object();
    json_object_set_new(object, header_name, json_stringn(value.base, value.len));
    char *text = json_dumps(object, JSON_COMPACT);
    buf_add_str(json, text == NULL ? "{}" : text);
    free(text);
    json_decref(object);
}

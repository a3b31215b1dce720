#include "domain/form_token.h"

#include <assert.h>

enum {
    KEY_AT = 5,
    NONCE_AT = 6,
    MAC_AT = NONCE_AT + FORM_NONCE_LEN,
    MAC_LEN = 15,
    BYTES_LEN = MAC_AT + MAC_LEN,
};
static_assert(BYTES_LEN * 4 / 3 == FORM_TOKEN_LEN, "no bits are left over");
static_assert(NONCE_AT % 3 == 0, "the nonce stands in the token's text as it stands alone");

static void put_bytes(uint8_t *out, uint64_t value, int len)
{
    for (int i = len - 1; i >= 0; --i, value >>= 8)
        out[i] = (uint8_t)value;
}

/* Over what the token says and what it is bound to. */
static void mac_of(const struct key_pair *pair, enum form_kind kind, struct paylink_id link,
                   const uint8_t *bytes, uint8_t out[SHA256_LEN])
{
    uint8_t message[MAC_AT + 1 + 8 + 4];
    memcpy(message, bytes, MAC_AT);
    message[MAC_AT] = (uint8_t)kind;
    put_bytes(message + MAC_AT + 1, (uint64_t)link.customer_id, 8);
    put_bytes(message + MAC_AT + 9, (uint64_t)link.link_no, 4);
    hmac_key_sign(&pair->mac, span_of((const char *)message, sizeof(message)), out);
}

void form_token_print(const struct keyring *k, enum form_kind kind, struct paylink_id link,
                      struct instant issued_at, const uint8_t nonce[FORM_NONCE_LEN],
                      char out[FORM_TOKEN_LEN + 1])
{
    uint8_t bytes[BYTES_LEN], mac[SHA256_LEN];
    bool is_active;
    int number = keyring_signer(k);
    put_bytes(bytes, (uint64_t)instant_seconds(issued_at), KEY_AT);
    bytes[KEY_AT] = (uint8_t)number;
    memcpy(bytes + NONCE_AT, nonce, FORM_NONCE_LEN);
    mac_of(keyring_pair(k, KEY_FORM, number, &is_active), kind, link, bytes, mac);
    memcpy(bytes + MAC_AT, mac, MAC_LEN);
    base64url_print(span_of((const char *)bytes, sizeof(bytes)), out);
}

enum form_token_verdict form_token_check(const struct keyring *k, enum form_kind kind,
                                         struct paylink_id link, struct span text,
                                         struct instant now, int64_t valid_seconds,
                                         struct form_token *token)
{
    uint8_t bytes[BYTES_LEN], mac[SHA256_LEN];
    bool is_active;
    *token = (struct form_token){0};
    if (text.len != FORM_TOKEN_LEN || base64url_parse(text, bytes, sizeof(bytes)) != BYTES_LEN)
        return FORM_TOKEN_FORGED;
    if (bytes[KEY_AT] >= KEYRING_KEYS_MAX)
        return FORM_TOKEN_FORGED;
    mac_of(keyring_pair(k, KEY_FORM, bytes[KEY_AT], &is_active), kind, link, bytes, mac);
    if (!bytes_equal(bytes + MAC_AT, mac, MAC_LEN) || !is_active)
        return FORM_TOKEN_FORGED;
    int64_t seconds = 0;
    for (int i = 0; i < KEY_AT; ++i)
        seconds = seconds << 8 | bytes[i];
    token->issued_at = (struct instant){seconds * 1000000};
    memcpy(token->nonce, text.base + NONCE_AT / 3 * 4, FORM_NONCE_TEXT_LEN);
    return instant_seconds(now) - seconds > valid_seconds ? FORM_TOKEN_EXPIRED : FORM_TOKEN_GOOD;
}

#include "domain/identity.h"

#include <assert.h>

enum {
    TEXT_DIGITS_MAX = 16,
    TIME_LEN = 5,
    PROOF_KEY_AT = TIME_LEN,
    PROOF_MAC_AT = TIME_LEN + 1,
    PROOF_BYTES = 24,
    PROOF_MAC_LEN = PROOF_BYTES - PROOF_MAC_AT,
    AHEAD_SECONDS_MAX = 60, /* clocks of several machines */
};
static_assert(PROOF_BYTES * 4 / 3 == IDENTITY_PROOF_LEN, "no bits are left over");

static const char *const names[IDENTITY_PURPOSE_COUNT] = {"details", "plan",  "promise",
                                                          "dispute", "offer", "debts"};

const char *identity_purpose_name(enum identity_purpose purpose)
{
    assert(purpose < IDENTITY_PURPOSE_COUNT);
    return names[purpose];
}

bool identity_purpose_find(struct span name, enum identity_purpose *purpose)
{
    for (int i = 0; i < IDENTITY_PURPOSE_COUNT; ++i)
        if (span_is_str(name, names[i])) {
            *purpose = (enum identity_purpose)i;
            return true;
        }
    return false;
}

bool identity_digits(struct span text, int count, char out[IDENTITY_DIGITS_MAX + 1])
{
    char all[TEXT_DIGITS_MAX];
    int len = 0;
    assert(count >= IDENTITY_DIGITS_MIN && count <= IDENTITY_DIGITS_MAX);
    memset(out, 0, IDENTITY_DIGITS_MAX + 1);
    for (size_t i = 0; i < text.len; ++i) {
        if (text.base[i] == ' ')
            continue;
        if (text.base[i] < '0' || text.base[i] > '9' || len == TEXT_DIGITS_MAX)
            return false;
        all[len++] = text.base[i];
    }
    if (len < count)
        return false;
    memcpy(out, all + len - count, (size_t)count);
    secret_wipe(all, sizeof(all));
    return true;
}

static void put_bytes(uint8_t *out, uint64_t value, int len)
{
    for (int i = len - 1; i >= 0; --i, value >>= 8)
        out[i] = (uint8_t)value;
}

/* Of the customer and the digits, filled up to one length. */
static bool fact_mac(const struct keyring *k, int key_no, int64_t customer_id, struct span digits,
                     uint8_t out[SHA256_LEN])
{
    uint8_t message[8 + IDENTITY_DIGITS_MAX] = {0};
    bool is_active;
    size_t len = digits.len > IDENTITY_DIGITS_MAX ? IDENTITY_DIGITS_MAX : digits.len;
    put_bytes(message, (uint64_t)customer_id, 8);
    if (len > 0)
        memcpy(message + 8, digits.base, len);
    hmac_key_sign(&keyring_pair(k, KEY_FACT, key_no, &is_active)->mac,
                  span_of((const char *)message, sizeof(message)), out);
    secret_wipe(message, sizeof(message));
    return is_active;
}

void identity_fact_print(const struct keyring *k, int64_t customer_id, struct span digits,
                         uint8_t out[IDENTITY_FACT_LEN])
{
    out[0] = (uint8_t)keyring_signer(k);
    (void)fact_mac(k, out[0], customer_id, digits, out + 1);
}

bool identity_fact_check(const struct keyring *k, int64_t customer_id, struct span digits,
                         struct span fact)
{
    uint8_t kept[IDENTITY_FACT_LEN] = {0}, mac[SHA256_LEN];
    bool is_known = fact.len == IDENTITY_FACT_LEN;
    memcpy(kept, is_known ? (const void *)fact.base : kept, is_known ? sizeof(kept) : 0);
    bool is_key = kept[0] < KEYRING_KEYS_MAX;
    bool is_active = fact_mac(k, is_key ? kept[0] : 0, customer_id, digits, mac);
    return bytes_equal(mac, kept + 1, SHA256_LEN) & is_known & is_key & is_active &
           (digits.len >= IDENTITY_DIGITS_MIN);
}

bool identity_fact_is_new(const struct keyring *k, struct span fact)
{
    return fact.len == IDENTITY_FACT_LEN && (uint8_t)fact.base[0] == keyring_signer(k);
}

/* ---- the proof ---- */

static bool proof_mac(const struct keyring *k, int64_t customer_id, const uint8_t *bytes,
                      uint8_t out[SHA256_LEN])
{
    uint8_t message[PROOF_MAC_AT + 8];
    bool is_active;
    memcpy(message, bytes, PROOF_MAC_AT);
    put_bytes(message + PROOF_MAC_AT, (uint64_t)customer_id, 8);
    hmac_key_sign(&keyring_pair(k, KEY_PROOF, bytes[PROOF_KEY_AT], &is_active)->mac,
                  span_of((const char *)message, sizeof(message)), out);
    return is_active;
}

void identity_proof_print(const struct keyring *k, int64_t customer_id, struct instant now,
                          char out[IDENTITY_PROOF_LEN + 1])
{
    uint8_t bytes[PROOF_BYTES], mac[SHA256_LEN];
    put_bytes(bytes, (uint64_t)instant_seconds(now), TIME_LEN);
    bytes[PROOF_KEY_AT] = (uint8_t)keyring_signer(k);
    (void)proof_mac(k, customer_id, bytes, mac);
    memcpy(bytes + PROOF_MAC_AT, mac, PROOF_MAC_LEN);
    base64url_print(span_of((const char *)bytes, sizeof(bytes)), out);
}

bool identity_proof_check(const struct keyring *k, int64_t customer_id, struct span proof,
                          struct instant now, int valid_seconds)
{
    uint8_t bytes[PROOF_BYTES], mac[SHA256_LEN];
    if (proof.len != IDENTITY_PROOF_LEN ||
        base64url_parse(proof, bytes, sizeof(bytes)) != PROOF_BYTES ||
        bytes[PROOF_KEY_AT] >= KEYRING_KEYS_MAX)
        return false;
    bool is_active = proof_mac(k, customer_id, bytes, mac);
    if (!bytes_equal(bytes + PROOF_MAC_AT, mac, PROOF_MAC_LEN) || !is_active)
        return false;
    int64_t seconds = 0;
    for (int i = 0; i < TIME_LEN; ++i)
        seconds = seconds << 8 | bytes[i];
    int64_t age = instant_seconds(now) - seconds;
    return age >= -AHEAD_SECONDS_MAX && age < valid_seconds;
}

#include "domain/sealed.h"

#include <assert.h>

typedef unsigned __int128 uint128;

enum { TAG_BITS = 48, PAYLOAD_BITS = 55, KEY_BITS = 4, NUMBER_BITS = 19 };
#define MASK(bits) ((UINT64_C(1) << (bits)) - 1)

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static void put_bytes(uint8_t *out, uint64_t value, int len)
{
    for (int i = len - 1; i >= 0; --i, value >>= 8)
        out[i] = (uint8_t)value;
}

/* The first 64 bits of the MAC of the key number and the low `value_len` bytes of `value`. */
static uint64_t mac_of(const struct hmac_key *key, int number, uint64_t value, int value_len)
{
    uint8_t message[9] = {(uint8_t)number}, mac[SHA256_LEN];
    put_bytes(message + 1, value, value_len);
    hmac_key_sign(key, span_of((const char *)message, (size_t)(1 + value_len)), mac);
    uint64_t head = 0;
    for (int i = 0; i < 8; ++i)
        head = head << 8 | mac[i];
    return head;
}

static uint64_t tag_of(const struct key_pair *pair, int number, uint64_t payload)
{
    return mac_of(&pair->mac, number, payload, 7) >> (64 - TAG_BITS);
}

static uint64_t cover_of(const struct key_pair *pair, int number, uint64_t tag)
{
    return mac_of(&pair->cover, number, tag, 6) >> (64 - PAYLOAD_BITS);
}

bool sealed_print_as(const struct keyring *k, enum key_purpose purpose, int64_t key_no,
                     struct sealed s, char out[SEALED_LEN + 1])
{
    assert(s.customer_id >= 0 && s.customer_id <= SEALED_CUSTOMER_MAX);
    assert(s.number >= 0 && s.number <= SEALED_NUMBER_MAX);
    out[0] = 0;
    if (key_no < 0 || key_no >= KEYRING_KEYS_MAX)
        return false;
    bool is_active;
    int number = (int)key_no;
    const struct key_pair *pair = keyring_pair(k, purpose, number, &is_active);
    if (!is_active)
        return false;
    uint64_t payload = (uint64_t)s.customer_id << NUMBER_BITS | (uint64_t)s.number;
    uint64_t tag = tag_of(pair, number, payload);
    uint64_t covered = payload ^ cover_of(pair, number, tag);
    uint128 value = (uint128)tag << (PAYLOAD_BITS + KEY_BITS) | (uint128)covered << KEY_BITS |
                    ((uint64_t)number ^ (tag & MASK(KEY_BITS)));
    for (int i = SEALED_LEN - 1; i >= 0; --i, value /= 62)
        out[i] = digits[(int)(value % 62)];
    out[SEALED_LEN] = 0;
    return true;
}

void sealed_print(const struct keyring *k, enum key_purpose purpose, struct sealed s,
                  char out[SEALED_LEN + 1])
{
    bool is_printed = sealed_print_as(k, purpose, keyring_signer(k), s, out);
    assert(is_printed); /* the key that signs is active */
    (void)is_printed;
}

/* The value of a digit without a branch or a table look-up; 0xff for what is none. */
static unsigned digit_value(uint8_t c)
{
    unsigned digit = c - '0', upper = c - 'A', lower = c - 'a';
    unsigned is_digit = 0u - (digit < 10), is_upper = 0u - (upper < 26),
             is_lower = 0u - (lower < 26);
    return (is_digit & digit) | (is_upper & (upper + 10)) | (is_lower & (lower + 36)) |
           (~(is_digit | is_upper | is_lower) & 0xff);
}

/* False for what is no code; *value is then something all the same. */
static bool parse_digits(struct span code, uint128 *value)
{
    char padded[SEALED_LEN] = {0};
    unsigned wrong = code.len != SEALED_LEN;
    if (code.len > 0)
        memcpy(padded, code.base, code.len < SEALED_LEN ? code.len : SEALED_LEN);
    *value = 0;
    for (int i = 0; i < SEALED_LEN; ++i) {
        unsigned digit = digit_value((uint8_t)padded[i]);
        wrong |= digit > 61;
        *value = *value * 62 + (digit & 63);
    }
    wrong |= *value >> (TAG_BITS + PAYLOAD_BITS + KEY_BITS) != 0;
    return wrong == 0;
}

/* Bits of a parsed code. */
static uint64_t tag_in(uint128 value)
{
    return (uint64_t)(value >> (PAYLOAD_BITS + KEY_BITS)) & MASK(TAG_BITS);
}

static int number_in(uint128 value)
{
    return (int)(((uint64_t)value ^ tag_in(value)) & MASK(KEY_BITS));
}

int sealed_key_no(struct span code)
{
    uint128 value;
    (void)parse_digits(code, &value);
    return number_in(value);
}

bool sealed_check(const struct keyring *k, enum key_purpose purpose, struct span code,
                  struct sealed *s)
{
    uint128 value;
    bool is_code = parse_digits(code, &value), is_active;
    uint64_t tag = tag_in(value);
    uint64_t covered = (uint64_t)(value >> KEY_BITS) & MASK(PAYLOAD_BITS);
    int number = number_in(value);
    const struct key_pair *pair = keyring_pair(k, purpose, number, &is_active);
    uint64_t payload = covered ^ cover_of(pair, number, tag);
    uint64_t difference = tag ^ tag_of(pair, number, payload);
    bool is_good = (difference == 0) & is_code & is_active;
    uint64_t keep = UINT64_C(0) - (uint64_t)is_good;
    *s = (struct sealed){
        .customer_id = (int64_t)((payload >> NUMBER_BITS) & keep),
        .number = (int32_t)(payload & MASK(NUMBER_BITS) & keep),
    };
    return is_good;
}

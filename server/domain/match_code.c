#include "domain/match_code.h"

#include <assert.h>

static const char alphabet[] = "23456789CDFGHJKMNPQRTVWXY";
enum { ALPHABET_LEN = sizeof(alphabet) - 1, DASH_AT = 2 };

static void put_bytes(uint8_t *out, uint64_t value, int len)
{
    for (int i = len - 1; i >= 0; --i, value >>= 8)
        out[i] = (uint8_t)value;
}

void match_code_print(const struct keyring *k, struct paylink_id id, int key_no,
                      char out[MATCH_CODE_LEN + 1])
{
    uint8_t message[12], mac[SHA256_LEN];
    bool is_active;
    uint64_t number = 0;
    assert(key_no >= 0 && key_no < KEYRING_KEYS_MAX);
    put_bytes(message, (uint64_t)id.customer_id, 8);
    put_bytes(message + 8, (uint64_t)id.link_no, 4);
    hmac_key_sign(&keyring_pair(k, KEY_MATCH, key_no, &is_active)->mac,
                  span_of((const char *)message, sizeof(message)), mac);
    for (int i = 0; i < 8; ++i)
        number = number << 8 | mac[i];
    for (int i = 0; i < MATCH_CODE_LEN; ++i) {
        if (i == DASH_AT) {
            out[i] = '-';
            continue;
        }
        out[i] = alphabet[number % ALPHABET_LEN];
        number /= ALPHABET_LEN;
    }
    out[MATCH_CODE_LEN] = 0;
}

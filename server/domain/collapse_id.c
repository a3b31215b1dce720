#include "domain/collapse_id.h"

#include <endian.h>

void collapse_id_print(const struct keyring *k, int64_t customer_id, int64_t invoice_id,
                       char out[COLLAPSE_ID_LEN + 1])
{
    bool is_active = false;
    const struct key_pair *pair = NULL;
    for (int number = 0; number < KEYRING_KEYS_MAX && !is_active; ++number)
        pair = keyring_pair(k, KEY_COLLAPSE, number, &is_active);
    uint64_t ids[2] = {htobe64((uint64_t)customer_id), htobe64((uint64_t)invoice_id)};
    uint8_t mac[SHA256_LEN];
    hmac_key_sign(&pair->mac, span_of((const char *)ids, sizeof(ids)), mac);
    base64url_print(span_of((const char *)mac, 16), out);
}

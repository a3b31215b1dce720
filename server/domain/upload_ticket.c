#include "domain/upload_ticket.h"

#include <assert.h>

enum {
    KEY_AT = 5,
    NONCE_AT = 6,
    INVOICE_AT = NONCE_AT + UPLOAD_NONCE_LEN,
    DISPUTE_AT = INVOICE_AT + 8,
    MAC_AT = DISPUTE_AT + 4,
    MAC_LEN = 15,
    BYTES_LEN = MAC_AT + MAC_LEN,
};
static_assert(BYTES_LEN * 4 / 3 == UPLOAD_TICKET_LEN && BYTES_LEN % 3 == 0,
              "no bits are left over");

static void put_bytes(uint8_t *out, uint64_t value, int len)
{
    for (int i = len - 1; i >= 0; --i, value >>= 8)
        out[i] = (uint8_t)value;
}

static uint64_t get_bytes(const uint8_t *in, int len)
{
    uint64_t value = 0;
    for (int i = 0; i < len; ++i)
        value = value << 8 | in[i];
    return value;
}

/* Over what the ticket says and the link it is bound to. */
static void mac_of(const struct key_pair *pair, struct paylink_id link, const uint8_t *bytes,
                   uint8_t out[SHA256_LEN])
{
    uint8_t message[MAC_AT + 8 + 4];
    memcpy(message, bytes, MAC_AT);
    put_bytes(message + MAC_AT, (uint64_t)link.customer_id, 8);
    put_bytes(message + MAC_AT + 8, (uint64_t)link.link_no, 4);
    hmac_key_sign(&pair->mac, span_of((const char *)message, sizeof(message)), out);
}

void upload_ticket_print(const struct keyring *k, struct paylink_id link,
                         const struct upload_ticket *ticket, char out[UPLOAD_TICKET_LEN + 1])
{
    uint8_t bytes[BYTES_LEN], mac[SHA256_LEN];
    bool is_active;
    int number = keyring_signer(k);
    put_bytes(bytes, (uint64_t)instant_seconds(ticket->issued_at), KEY_AT);
    bytes[KEY_AT] = (uint8_t)number;
    memcpy(bytes + NONCE_AT, ticket->nonce, UPLOAD_NONCE_LEN);
    put_bytes(bytes + INVOICE_AT, (uint64_t)ticket->invoice_id, 8);
    put_bytes(bytes + DISPUTE_AT, (uint64_t)ticket->dispute_no, 4);
    mac_of(keyring_pair(k, KEY_UPLOAD, number, &is_active), link, bytes, mac);
    memcpy(bytes + MAC_AT, mac, MAC_LEN);
    base64url_print(span_of((const char *)bytes, sizeof(bytes)), out);
}

enum upload_ticket_verdict upload_ticket_check(const struct keyring *k, struct paylink_id link,
                                               struct span text, struct instant now,
                                               int64_t valid_seconds, struct upload_ticket *ticket)
{
    uint8_t bytes[BYTES_LEN], mac[SHA256_LEN];
    bool is_active;
    *ticket = (struct upload_ticket){0};
    if (text.len != UPLOAD_TICKET_LEN || base64url_parse(text, bytes, sizeof(bytes)) != BYTES_LEN)
        return UPLOAD_TICKET_FORGED;
    if (bytes[KEY_AT] >= KEYRING_KEYS_MAX)
        return UPLOAD_TICKET_FORGED;
    mac_of(keyring_pair(k, KEY_UPLOAD, bytes[KEY_AT], &is_active), link, bytes, mac);
    if (!bytes_equal(bytes + MAC_AT, mac, MAC_LEN) || !is_active)
        return UPLOAD_TICKET_FORGED;
    int64_t seconds = (int64_t)get_bytes(bytes, KEY_AT);
    ticket->issued_at = (struct instant){seconds * 1000000};
    memcpy(ticket->nonce, bytes + NONCE_AT, UPLOAD_NONCE_LEN);
    ticket->invoice_id = (int64_t)get_bytes(bytes + INVOICE_AT, 8);
    ticket->dispute_no = (int32_t)get_bytes(bytes + DISPUTE_AT, 4);
    return instant_seconds(now) - seconds > valid_seconds ? UPLOAD_TICKET_EXPIRED
                                                          : UPLOAD_TICKET_GOOD;
}

/* What Przelewy24 calls back about, and the checksum that its messages and our requests carry.
 *
 * Dedup: orderId of a payment; orderId, refundsUuid and status of a refund. The movement of a
 * payment is its orderId, of a refund its refundsUuid. */
#ifndef DUNLIN_PROVIDER_PRZELEWY24_NOTICE_H
#define DUNLIN_PROVIDER_PRZELEWY24_NOTICE_H

#include "provider/provider.h"

#include <jansson.h>

enum { PRZELEWY24_SIGN_LEN = 96 };

/* Closes `json`, an object that still lacks its last member, with the CRC key, and digests it into
 * lower-case hex. It holds the key from then on. */
void przelewy24_sign(struct buf *json, struct span crc, char sign[PRZELEWY24_SIGN_LEN + 1]);

/* An orderId: above zero, of 64 bits. Its decimal digits into `out`; false for anything else. */
bool przelewy24_read_order_id(const json_t *object, char out[PROVIDER_REFERENCE_MAX]);

/* As in struct provider. */
enum callback_verdict przelewy24_notice_read(const struct provider_account *account,
                                             const struct callback_headers *headers,
                                             struct span body, struct instant now,
                                             struct callback_facts *facts);
enum callback_verdict przelewy24_notice_reread(const struct provider_account *account,
                                               struct span headers, struct span body,
                                               struct callback_facts *facts);
void przelewy24_notice_keep(const struct callback_headers *headers, struct buf *json);

/* Who we are there: numbers in their messages and in ours. 0 when the setting is none. posId is
 * merchantId where there is no other. */
int64_t przelewy24_merchant_id(const struct provider_account *account);
int64_t przelewy24_pos_id(const struct provider_account *account);

#endif

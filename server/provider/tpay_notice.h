/* What Tpay says of transactions in its notifications, and what its movements are called here.
 *
 * Dedup: tr_id and tr_status. The movement of a payment is its title (tr_id, "TR-…"), wherever it
 * was read. Refunds have no id in notifications, so theirs is the title with the amount behind it:
 * one refund told by a notification and by an answer is booked once. */
#ifndef DUNLIN_PROVIDER_TPAY_NOTICE_H
#define DUNLIN_PROVIDER_TPAY_NOTICE_H

#include "provider/provider.h"

/* As in struct provider. */
enum callback_verdict tpay_notice_read(const struct provider_account *account,
                                       const struct callback_headers *headers, struct span body,
                                       struct instant now, struct callback_facts *facts);
enum callback_verdict tpay_notice_reread(const struct provider_account *account,
                                         struct span headers, struct span body,
                                         struct callback_facts *facts);
void tpay_notice_keep(const struct callback_headers *headers, struct buf *json);

/* The movement of a refund: "TR-…:2500", and "TR-…:2500#2" of the second of that amount; `nth`
 * counts from 0. */
void tpay_refund_movement(struct span title, int64_t amount_minor, int nth,
                          char out[PROVIDER_REFERENCE_MAX]);

#endif

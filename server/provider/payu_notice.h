/* What PayU says of orders and refunds, in its notifications and in its answers alike.
 *
 * Dedup: orderId and status, refundId and status. The movement of a payment is its orderId, of a
 * refund its refundId, wherever they were read, so that each is booked once. */
#ifndef DUNLIN_PROVIDER_PAYU_NOTICE_H
#define DUNLIN_PROVIDER_PAYU_NOTICE_H

#include "provider/provider.h"

#include <jansson.h>

/* As in struct provider. */
enum callback_verdict payu_notice_read(const struct provider_account *account,
                                       const struct callback_headers *headers, struct span body,
                                       struct instant now, struct callback_facts *facts);
enum callback_verdict payu_notice_reread(const struct provider_account *account,
                                         struct span headers, struct span body,
                                         struct callback_facts *facts);
void payu_notice_keep(const struct callback_headers *headers, struct buf *json);

/* An order as it stands under "order" and in the list "orders". GENUINE, MALFORMED, or FOREIGN when
 * it is of another point of sale. `from` is the first word of the dedup key. */
enum callback_verdict payu_order_facts(const struct provider_account *account, const json_t *order,
                                       struct callback_facts *facts);
/* A refund as it stands under "refund" and in lists; whose it is stands beside it, so the ids of
 * the order are in `facts` already. GENUINE or MALFORMED. One that is through without its amount
 * gets no amount and no currency: nothing books that, and people are shown it. */
enum callback_verdict payu_refund_facts(const json_t *refund, struct callback_facts *facts);
/* The word of domain/payment.h's list for what PayU and BLIK call it. */
const char *payu_reason(const char *code);

#endif

/* What Adyen says in its webhooks.
 *
 * Dedup: eventCode, pspReference and success. A payment's movement is its pspReference, which is
 * what refunds are asked for by; that of a refund or a dispute is the pspReference of that. */
#ifndef DUNLIN_PROVIDER_ADYEN_NOTICE_H
#define DUNLIN_PROVIDER_ADYEN_NOTICE_H

#include "provider/provider.h"

enum { ADYEN_KEY_LEN = 32 };

/* As in struct provider. */
enum callback_verdict adyen_notice_read(const struct provider_account *account,
                                        const struct callback_headers *headers, struct span body,
                                        struct instant now, struct callback_facts *facts);
enum callback_verdict adyen_notice_reread(const struct provider_account *account,
                                          struct span headers, struct span body,
                                          struct callback_facts *facts);
void adyen_notice_keep(const struct callback_headers *headers, struct buf *json);

/* Whether it is a key as Adyen's panel shows it: 64 hex digits. */
bool adyen_key_is_ok(struct span secret);

#endif

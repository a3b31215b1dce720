/* Delivers what the sandbox bank owes: takes the callbacks whose time has come from its books,
 * signs them by Standard Webhooks, posts them to the gateway and repeats with growing gaps until
 * somebody answers with a success. */
#ifndef DUNLIN_APP_BANK_TELLER_H
#define DUNLIN_APP_BANK_TELLER_H

#include "base/span.h"

#include <stdbool.h>

struct bank_options;
struct bank_trouble;
struct bank_teller;

/* `trouble` is read at each delivery. */
struct bank_teller *bank_teller_new(const struct bank_options *, const struct bank_trouble *);
void bank_teller_stop(struct bank_teller *);
/* Looks at once instead of at the next beat. */
void bank_teller_kick(struct bank_teller *);

typedef void (*bank_told_cb)(void *owner);
/* Calls back when this callback has been answered in whatever way, or after three seconds. */
void bank_teller_await(struct bank_teller *, const char *callback_id, bank_told_cb, void *owner);

/* "webhook-id: …\nwebhook-timestamp: …\nwebhook-signature: v1,…\n" into `headers`. */
struct buf;
bool bank_teller_sign(struct span secret, struct span callback_id, long timestamp, struct span body,
                      struct buf *headers);

#endif

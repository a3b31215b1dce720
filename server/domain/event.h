/* The hash that chains the events of one invoice; the same as event_hash() in the database, for
 * those who write many events at once. A test shows that both agree. */
#ifndef DUNLIN_DOMAIN_EVENT_H
#define DUNLIN_DOMAIN_EVENT_H

#include "base/clock.h"
#include "base/crypto.h"

enum { EVENT_SALT_LEN = 16 };

struct event {
    int64_t customer_id, invoice_id, event_no;
    struct instant at;
    struct span kind, facts;   /* facts: JSON without personal data */
    struct span personal_hash; /* empty: the event has no personal part */
};

void event_hash(struct span prev_hash, const struct event *, uint8_t out[SHA256_LEN]);
/* sha256(salt, then the JSON of the personal part). */
void event_personal_hash(struct span salt, struct span data, uint8_t out[SHA256_LEN]);

#endif

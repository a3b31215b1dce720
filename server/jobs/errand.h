/* One question to a provider, from its claim to what is kept of the answer. Private to
 * jobs/asking.c, which says what there is to ask. */
#ifndef DUNLIN_JOBS_ERRAND_H
#define DUNLIN_JOBS_ERRAND_H

#include "flow/payment_ask.h"
#include "store/refund_store.h"

typedef void (*errand_ended_cb)(void *owner);

struct errand {
    struct world *world;
    bool is_taken, has_begun;
    struct payment_question question; /* its texts lie below */
    char currency_[4];
    char provider_reference_[PROVIDER_REFERENCE_MAX], movement_[PROVIDER_REFERENCE_MAX];
    char refund_id_[PROVIDER_REFERENCE_MAX];
    char dedup_key_[128]; /* CONFIRM: of its message */
    struct payment_ask *op_;
    struct pg_tx tx_;
    errand_ended_cb on_ended;
    void *owner;
};

/* Copies the question; `dedup_key` is of the message that is to be confirmed, or empty. Nothing is
 * asked yet. */
void errand_take(struct errand *, const struct payment_question *, struct span dedup_key);
/* Asks, and keeps what follows for the message or the refund; then it is free again, and on_ended
 * is called. What the answer says of money is booked by payment_ask. */
void errand_begin(struct errand *, struct callback_queue *);
/* on_ended will not be called. */
void errand_cancel(struct errand *);

#endif

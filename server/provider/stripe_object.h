/* What Stripe's objects say of a payment: the same object stands in an event and in the answer to a
 * question, so that either gives the same movement.
 *
 * The movement of a payment is its PaymentIntent: refunds and disputes name nothing else, so its id
 * is also the provider's reference, once there is one. All are false for an object that cannot be
 * read; a kind of CALLBACK_NONE is an object that says nothing about the ledger. */
#ifndef DUNLIN_PROVIDER_STRIPE_OBJECT_H
#define DUNLIN_PROVIDER_STRIPE_OBJECT_H

#include "provider/provider.h"

#include <jansson.h>

/* A Checkout Session: PAID, PENDING, FAILED (its time is over), or NONE while it is open. Where the
 * PaymentIntent is expanded, one that will not be paid any more is FAILED. */
bool stripe_read_session(const json_t *session, struct callback_facts *);
/* A PaymentIntent: PAID, PENDING, FAILED or NONE. */
bool stripe_read_intent(const json_t *intent, struct callback_facts *);
/* A refund: REFUNDED once it has succeeded; FAILED or REVERSED when it came back, by whether it had
 * succeeded before: `status_before` (may be null) says so, else the way it went. */
bool stripe_read_refund(const json_t *refund, const char *status_before, struct callback_facts *);
/* A dispute, as CALLBACK_DISPUTED: what its money does is for the caller to say. */
bool stripe_read_dispute(const json_t *dispute, struct callback_facts *);

/* Where a dispute stands, and what it took and gave back by its balance transactions: one that was
 * lost and lists none has taken its money. */
struct stripe_dispute_state {
    bool is_over, is_lost;
    bool is_withdrawn, is_reinstated;
};
struct stripe_dispute_state stripe_dispute_state(const json_t *dispute);

#endif

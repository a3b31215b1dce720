/* What Stripe is asked: a form or a question for each round of a task. */
#ifndef DUNLIN_PROVIDER_STRIPE_REQUEST_H
#define DUNLIN_PROVIDER_STRIPE_REQUEST_H

#include "provider/provider.h"

/* Rounds of a question about a payment. */
enum stripe_query_round { STRIPE_ASK_PAYMENT = 0, STRIPE_ASK_REFUNDS, STRIPE_ASK_DISPUTES };

/* As make_request of struct provider. From the second round of a question on, `carried` of the
 * result is the PaymentIntent. */
void stripe_make_request(const struct provider_account *, const struct provider_task *, int round,
                         struct span token, const struct provider_result *,
                         struct provider_request *);

/* When a session that is started now ends, in Unix seconds; the same for an hour, and for each
 * round an hour less. */
int64_t stripe_session_end(const struct provider_task *, int round);

/* Whether an id of theirs is a session's. */
bool stripe_is_session(struct span id);

#endif

/* What Stripe's answers say. */
#ifndef DUNLIN_PROVIDER_STRIPE_ANSWER_H
#define DUNLIN_PROVIDER_STRIPE_ANSWER_H

#include "provider/provider.h"

/* As read_answer of struct provider. Refusals of our credentials are UNCLEAR: the payment may be
 * begun elsewhere. */
enum provider_step stripe_read_answer(const struct provider_account *, const struct provider_task *,
                                      int round, const struct provider_answer *,
                                      struct provider_result *);

#endif

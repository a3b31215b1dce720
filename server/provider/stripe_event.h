/* Stripe's events: what one that is signed says. */
#ifndef DUNLIN_PROVIDER_STRIPE_EVENT_H
#define DUNLIN_PROVIDER_STRIPE_EVENT_H

#include "provider/provider.h"

/* GENUINE, MALFORMED, or FOREIGN: of the other mode, or of another account of the same platform. */
enum callback_verdict stripe_event_read(const struct provider_account *account, struct span body,
                                        struct callback_facts *facts);

#endif

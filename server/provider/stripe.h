/* Stripe: Checkout Sessions, where the customer pays on Stripe's page. */
#ifndef DUNLIN_PROVIDER_STRIPE_H
#define DUNLIN_PROVIDER_STRIPE_H

extern const struct provider stripe_provider;

#endif

/* Adyen, Checkout API 72: payments by payment links, on Adyen's page. */
#ifndef DUNLIN_PROVIDER_ADYEN_H
#define DUNLIN_PROVIDER_ADYEN_H

#include "provider/provider.h"

extern const struct provider adyen_provider;

#endif

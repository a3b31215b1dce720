#include "provider/provider.h"

#include "provider/adyen.h"
#include "provider/payu.h"
#include "provider/przelewy24.h"
#include "provider/sandbox.h"
#include "provider/standard.h"
#include "provider/stripe.h"
#include "provider/tpay.h"

#include <stddef.h>

const struct provider *const provider_registry[] = {
    &sandbox_provider,
    &adyen_provider,
    &payu_provider,
    &przelewy24_provider,
    &standard_provider,
    &stripe_provider,
    &tpay_provider,
    NULL,
};

const struct provider *provider_find(struct span name)
{
    for (size_t i = 0; provider_registry[i] != NULL; ++i)
        if (span_is_str(name, provider_registry[i]->name))
            return provider_registry[i];
    return NULL;
}

/* The sandbox bank: a whole provider over real HTTP, for demos and tests. Its API takes JSON, its
 * callbacks are Standard Webhooks:
 *   {"type":"payment.paid","timestamp":…,"data":{"id":its payment,"reference":ours,
 *    "movement":id of this capture or refund,"amount_minor":int,"currency":"PLN","reason":word}} */
#ifndef DUNLIN_PROVIDER_SANDBOX_H
#define DUNLIN_PROVIDER_SANDBOX_H

#include "provider/provider.h"

extern const struct provider sandbox_provider;

#endif

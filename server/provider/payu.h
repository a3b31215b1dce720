/* PayU, REST API 2.1 (secure.payu.com): payments by redirect to its pages or by a BLIK code. */
#ifndef DUNLIN_PROVIDER_PAYU_H
#define DUNLIN_PROVIDER_PAYU_H

#include "provider/provider.h"

extern const struct provider payu_provider;

#endif

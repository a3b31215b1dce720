/* Tpay, Open API (api.tpay.com): payments by redirect to its pages or by a BLIK code. */
#ifndef DUNLIN_PROVIDER_TPAY_H
#define DUNLIN_PROVIDER_TPAY_H

#include "provider/provider.h"

extern const struct provider tpay_provider;

#endif

/* Przelewy24, REST API v1 (secure.przelewy24.pl): payments by redirect to its pages or by a BLIK
 * code, which are ours only once we have confirmed them. */
#ifndef DUNLIN_PROVIDER_PRZELEWY24_H
#define DUNLIN_PROVIDER_PRZELEWY24_H

#include "provider/provider.h"

extern const struct provider przelewy24_provider;

#endif

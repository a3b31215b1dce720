/* The payment providers that the settings name, for the creditor's systems: how they stand, and
 * whether they know us. */
#ifndef DUNLIN_HTTP_PROVIDERS_H
#define DUNLIN_HTTP_PROVIDERS_H

#include "http/request.h"

void providers_list(struct request *);  /* GET /api/v1/providers */
void providers_check(struct request *); /* POST /api/v1/providers/{provider}/{account}/check */

#endif

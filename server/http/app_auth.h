/* Who calls from an app on a phone: `Authorization: Bearer` and a token of the bank's. */
#ifndef DUNLIN_HTTP_APP_AUTH_H
#define DUNLIN_HTTP_APP_AUTH_H

#include "http/bank_keys.h"
#include "http/request.h"

/* Calls the route's handler with request->customer set and the request proved, now or later; or
 * answers 401 (no token, or not a good one: one answer for all that can be wrong with it) or 503
 * (the bank's keys are not known yet). A token whose key is unknown waits once for newer keys.
 * Only where world->bank_keys is there. */
void app_auth_require(struct request *);

#endif

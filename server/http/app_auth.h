/* Who calls from an app on a phone: `Authorization: Bearer` and a token of the bank's. */
#ifndef DUNLIN_HTTP_APP_AUTH_H
#define DUNLIN_HTTP_APP_AUTH_H

#include "http/bank_keys.h"
#include "http/request.h"

/* A customer may be anybody, so what a good token spares its connection is counted for its customer
 * instead: each has a bucket in each process, found by a keyed hash (few share one by chance). */
enum { APP_AUTH_BUCKETS = 4096, APP_AUTH_BURST = 100, APP_AUTH_PER_SECOND = 2 };

struct app_auth;

struct app_auth *app_auth_new(void);
void app_auth_free(struct app_auth *);

/* Calls the route's handler with request->customer set and the request proved, now or later; or
 * answers 401 (no token, or not a good one: one answer for all that can be wrong with it), 429 (the
 * customer asks too often) or 503 (the bank's keys are not known yet). A token whose key is unknown
 * waits once for newer keys. Only where world->bank_keys is there. */
void app_auth_require(struct app_auth *, struct request *);

#endif

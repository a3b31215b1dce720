/* API keys on requests: `Authorization: Bearer dk_<id>_<secret>`. What a key's row says is believed
 * for a second, so a revoked key is dead within one. Several processes each keep their own few. */
#ifndef DUNLIN_HTTP_AUTH_H
#define DUNLIN_HTTP_AUTH_H

#include "http/routes.h"
#include "store/api_key_store.h"

enum { AUTH_CACHE_SLOTS = 64, AUTH_BELIEF_MS = 1000 };

/* Who calls: request->caller on routes that want a key. */
struct api_caller {
    struct api_key key;
};

struct auth;

struct auth *auth_new(void);
void auth_free(struct auth *);

/* Calls route->handle with request->caller set and the request proved, now or later; or answers 401
 * (no key, or not a good one), 403 (the key lacks the route's scope) or 503 (the database is away).
 * Unknown ids and wrong secrets get one answer. */
void auth_require(struct auth *, struct request *, const struct route *);

#endif

/* One operation: take the key apart -> believe a fresh row, or read it -> compare -> scope ->
 * handler. It lives in the request's pool; when the request goes first its query is cancelled. */
#include "http/auth.h"

#include "base/crypto.h"
#include "base/log.h"
#include "http/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

struct auth {
    struct belief {
        struct api_key key;
        int64_t since_ms; /* monotonic; 0: empty */
    } beliefs[AUTH_CACHE_SLOTS];
};

struct attempt {
    struct auth *auth;
    struct request *request;
    struct pg_query query;
    struct api_caller caller;
    struct span secret;
};

static void on_key_found(void *owner, const PGresult *result, const struct err *err);

struct auth *auth_new(void)
{
    struct auth *a = calloc(1, sizeof(*a));
    if (a == NULL)
        abort();
    return a;
}

void auth_free(struct auth *a)
{
    if (a != NULL)
        secret_wipe(a, sizeof(*a));
    free(a);
}

static int64_t now_ms(void)
{
    return clock_mono().ns / 1000000;
}

static struct belief *slot_of(struct auth *a, const char *id)
{
    unsigned hash = 2166136261u;
    for (; *id != '\0'; ++id)
        hash = (hash ^ (unsigned char)*id) * 16777619u;
    return &a->beliefs[hash % AUTH_CACHE_SLOTS];
}

static void reply_unauthorized(struct request *r, const char *type, const char *title)
{
    reply_header(r, "www-authenticate", SPAN_LIT("Bearer realm=\"dunlin\""));
    reply_problem(r, 401, type, title, NULL);
}

static void finish(struct attempt *a, bool is_known)
{
    struct request *r = a->request;
    uint8_t hash[SHA256_LEN];
    sha256(a->secret, hash);
    bool is_same = bytes_equal(hash, a->caller.key.secret_hash, sizeof(hash));
    if (!is_known || !is_same) {
        reply_unauthorized(r, "key-invalid", "This API key is not valid.");
        return;
    }
    request_prove(r);
    if (!api_key_has_scope(&a->caller.key, r->route->scope)) {
        char detail[120];
        snprintf(detail, sizeof(detail), "The key needs the scope \"%s\".", r->route->scope);
        reply_problem(r, 403, "scope-missing", "This API key may not do that.", detail);
        return;
    }
    r->caller = &a->caller;
    r->route->handle(r);
}

static void on_gone(void *job)
{
    struct attempt *a = job;
    pg_query_cancel(&a->query);
}

static void on_key_found(void *owner, const PGresult *result, const struct err *err)
{
    struct attempt *a = owner;
    request_on_gone(a->request, NULL, NULL);
    if (err != NULL && err->code != 0) {
        log_line(LOG_WARN, "api key not read", "request=%s error=\"%s\"", a->request->id,
                 err->text);
        reply_problem(a->request, 503, "database", "The database does not answer.", NULL);
        return;
    }
    bool is_known = api_key_of(result, &a->caller.key);
    if (is_known)
        *slot_of(a->auth, a->caller.key.id) =
            (struct belief){.key = a->caller.key, .since_ms = now_ms()};
    finish(a, is_known);
}

static bool take_key(struct request *r, struct span *id, struct span *secret)
{
    struct span value = request_header(r, "authorization");
    if (value.len < 7 || strncasecmp(value.base, "bearer ", 7) != 0 ||
        request_header_count(r, "authorization") != 1)
        return false;
    return api_key_parse(span_from(value, 7), id, secret);
}

void auth_require(struct auth *auth, struct request *r, const struct route *route)
{
    struct span id, secret;
    r->route = route;
    if (!take_key(r, &id, &secret)) {
        reply_unauthorized(r, "key-missing", "This address wants an API key.");
        return;
    }
    struct attempt *a = request_alloc(r, sizeof(*a));
    *a = (struct attempt){.auth = auth, .request = r, .secret = secret};
    memcpy(a->caller.key.id, id.base, id.len);
    const struct belief *belief = slot_of(auth, a->caller.key.id);
    if (belief->since_ms != 0 && now_ms() - belief->since_ms <= AUTH_BELIEF_MS &&
        strcmp(belief->key.id, a->caller.key.id) == 0) {
        a->caller.key = belief->key;
        finish(a, true);
        return;
    }
    struct err e = {0};
    request_on_gone(r, on_gone, a);
    if (api_key_find(r->world->store, &a->query, id, on_key_found, a, &e) != 0) {
        request_on_gone(r, NULL, NULL);
        reply_problem(r, 503, "busy", "Too much to do. Try again.", NULL);
    }
}

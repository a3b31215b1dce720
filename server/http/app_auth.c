/* One operation: judge the token -> an unknown key: wait for newer ones, judge again -> handler.
 * It lives in the request's pool; when the request goes first nobody waits. */
#include "http/app_auth.h"

#include "base/crypto.h"
#include "base/log.h"
#include "base/metrics.h"
#include "http/guard.h"
#include "http/reply.h"
#include "http/routes.h"

#include <stdlib.h>
#include <strings.h>

struct app_auth {
    uint8_t hash_key[SHA256_LEN];
    struct guard_bucket buckets[APP_AUTH_BUCKETS];
};

struct attempt {
    struct app_auth *auth;
    struct request *request;
    struct span token;
    struct bank_customer customer;
    struct bank_keys_wait wait;
    bool has_waited;
};

static const struct guard_limits limits = {.requests_burst = APP_AUTH_BURST,
                                           .requests_per_second = APP_AUTH_PER_SECOND};

static void judge(struct attempt *a);

static uint64_t now_ms(void)
{
    return (uint64_t)(clock_mono().ns / 1000000);
}

struct app_auth *app_auth_new(void)
{
    struct app_auth *auth = calloc(1, sizeof(*auth));
    if (auth == NULL)
        abort();
    random_bytes(auth->hash_key, sizeof(auth->hash_key));
    for (size_t i = 0; i < APP_AUTH_BUCKETS; ++i)
        guard_bucket_init(&auth->buckets[i], &limits, now_ms());
    return auth;
}

void app_auth_free(struct app_auth *auth)
{
    free(auth);
}

static struct guard_bucket *bucket_of(struct app_auth *auth, const struct bank_customer *customer)
{
    uint8_t hash[SHA256_LEN];
    uint32_t at;
    hmac_sha256(span_of((const char *)auth->hash_key, sizeof(auth->hash_key)),
                span_of(customer->reference, customer->len), hash);
    memcpy(&at, hash, sizeof(at));
    return &auth->buckets[at % APP_AUTH_BUCKETS];
}

static void refuse(struct request *r, const char *type, const char *title)
{
    if (r->world->metrics != NULL)
        metrics_add(r->world->metrics, METRIC_app_tokens_refused, 1);
    reply_header(r, "www-authenticate", SPAN_LIT("Bearer realm=\"dunlin-app\""));
    reply_problem(r, 401, type, title, NULL);
}

static void on_gone(void *job)
{
    struct attempt *a = job;
    bank_keys_wait_cancel(a->request->world->bank_keys, &a->wait);
}

static void on_asked(void *owner)
{
    struct attempt *a = owner;
    request_on_gone(a->request, NULL, NULL);
    judge(a);
}

/* True: judged again later. */
static bool wait_for_keys(struct attempt *a)
{
    if (a->has_waited || !bank_keys_ask(a->request->world->bank_keys, &a->wait, on_asked, a))
        return false;
    a->has_waited = true;
    request_on_gone(a->request, on_gone, a);
    return true;
}

static void judge(struct attempt *a)
{
    struct request *r = a->request;
    enum bank_token_verdict verdict = bank_keys_judge(r->world->bank_keys, a->token, &a->customer);
    if (verdict == BANK_TOKEN_KEY_UNKNOWN && wait_for_keys(a))
        return;
    if (verdict == BANK_TOKEN_KEY_UNKNOWN && !bank_keys_has_any(r->world->bank_keys)) {
        reply_header(r, "retry-after", SPAN_LIT("5"));
        reply_problem(r, 503, "keys-away", "The bank's keys are not known yet. Try again.", NULL);
        return;
    }
    if (verdict != BANK_TOKEN_GOOD) {
        log_line(LOG_DEBUG, "app token refused", "request=%s reason=%s", r->id,
                 bank_token_verdict_word(verdict));
        refuse(r, "token-invalid", "This token is not valid.");
        return;
    }
    if (!guard_bucket_take(bucket_of(a->auth, &a->customer), &limits, now_ms())) {
        reply_header(r, "retry-after", SPAN_LIT("5"));
        reply_problem(r, 429, "too-many-requests", "Too many requests of one customer.", NULL);
        return;
    }
    request_prove(r);
    r->customer = span_of(a->customer.reference, a->customer.len);
    r->route->handle(r);
}

void app_auth_require(struct app_auth *auth, struct request *r)
{
    struct span value = request_header(r, "authorization");
    if (value.len < 8 || strncasecmp(value.base, "bearer ", 7) != 0 ||
        request_header_count(r, "authorization") != 1) {
        refuse(r, "token-missing", "This address wants a token of the bank's.");
        return;
    }
    struct attempt *a = request_alloc(r, sizeof(*a));
    a->auth = auth;
    a->request = r;
    a->token = span_from(value, 7);
    judge(a);
}

#include "app/demo_app.h"

#include "app/demo_push.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "flow/world.h"
#include "io/fetch.h"
#include "io/timer.h"

#include <jansson.h>
#include <jwt.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TOKEN_LIFE_S = 300,
    TIMEOUT_MS = 15000,
    ANSWER_MAX = 16384,
    URL_MAX = 512,
    HEADERS_MAX = 4096
};

struct call {
    demo_app_cb on_done;
    void *owner;
    struct timer failed;
};

/* What the bank's server would give its app after a login; malloc'ed. */
static char *sign_in(const struct demo_app *app, struct span customer)
{
    char subject[128];
    int64_t now_s = instant_seconds(clock_wall());
    jwt_t *jwt;
    snprintf(subject, sizeof(subject), "%.*s", SPAN_ARG(customer));
    if (jwt_new(&jwt) != 0 ||
        jwt_set_alg(jwt, JWT_ALG_ES256, (const unsigned char *)app->key_pem.base,
                    (int)app->key_pem.len) != 0 ||
        jwt_add_grant(jwt, "iss", DEMO_PUSH_ISSUER) != 0 ||
        jwt_add_grant(jwt, "aud", DEMO_PUSH_AUDIENCE) != 0 ||
        jwt_add_grant(jwt, "sub", subject) != 0 ||
        jwt_add_grant_int(jwt, "iat", (long)now_s) != 0 ||
        jwt_add_grant_int(jwt, "exp", (long)now_s + TOKEN_LIFE_S) != 0)
        abort();
    char *token = jwt_encode_str(jwt);
    jwt_free(jwt);
    if (token == NULL)
        abort();
    return token;
}

static void on_answered(void *owner, const struct fetch_answer *answer, const struct err *err)
{
    struct call *call = owner;
    bool is_done = err->code == 0 && answer->status >= 200 && answer->status < 300;
    if (!is_done)
        log_line(LOG_WARN, "demo app not heard", "status=%d error=%s",
                 err->code == 0 ? answer->status : 0, err->code == 0 ? "" : err->text);
    call->on_done(call->owner, is_done);
    free(call);
}

static void on_not_begun(void *owner)
{
    struct call *call = owner;
    call->on_done(call->owner, false);
    free(call);
}

static void call_gateway(const struct demo_app *app, struct span customer, const char *method,
                         const char *path, json_t *taken, const struct call *then)
{
    char url[URL_MAX], headers[HEADERS_MAX];
    struct call *call = malloc(sizeof(*call));
    char *body = json_dumps(taken, JSON_COMPACT), *token = sign_in(app, customer);
    struct fetch_call *under_way;
    struct err err;
    if (call == NULL || body == NULL)
        abort();
    json_decref(taken);
    *call = *then;
    snprintf(url, sizeof(url), "%.*s%s", SPAN_ARG(app->world->public_url), path);
    snprintf(headers, sizeof(headers), "Content-Type: application/json\nAuthorization: Bearer %s\n",
             token);
    const struct fetch_request request = {.method = method,
                                          .url = span_str(url),
                                          .headers = span_str(headers),
                                          .body = span_str(body),
                                          .ca_file = app->ca_file,
                                          .timeout_ms = TIMEOUT_MS,
                                          .answer_max = ANSWER_MAX};
    if (fetch_begin(app->world->fetch, &request, on_answered, call, &under_way, &err) != 0) {
        timer_init(&call->failed, app->world->loop, "demo app", on_not_begun, call);
        timer_start(&call->failed, 0);
    }
    free(token);
    free(body);
}

void demo_app_register(const struct demo_app *app, const struct demo_app_device *device,
                       demo_app_cb on_done, void *owner)
{
    char path[URL_MAX];
    snprintf(path, sizeof(path), "/app/v1/devices/%.*s", SPAN_ARG(device->installation));
    json_t *body = json_pack("{s:s%, s:s%, s:s%}", "app", device->app.base, device->app.len,
                             "service", device->service.base, device->service.len, "token",
                             device->token.base, device->token.len);
    const struct call then = {.on_done = on_done, .owner = owner};
    call_gateway(app, device->customer, "PUT", path, body, &then);
}

void demo_app_open(const struct demo_app *app, struct span customer, struct span push_id,
                   demo_app_cb on_done, void *owner)
{
    const struct call then = {.on_done = on_done, .owner = owner};
    call_gateway(app, customer, "POST", "/app/v1/opened",
                 json_pack("{s:s%}", "push", push_id.base, push_id.len), &then);
}

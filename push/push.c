#include "push/push.h"

#include "push/service.h"
#include "push/tls.h"

#include "base/crypto.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* The public face: makes and ends services, takes pushes in. What then happens to them is in pool.c
 * and fate.c. */

enum { SLAB_KEPT_MAX = 16 << 20, HTTPS_PORT = 443, NAME_MAX_LEN = 253, TTL_DIGITS_MAX = 20 };

/* ---- tuning ---- */

void push_tuning_default(struct push_tuning *tuning, enum push_kind kind)
{
    bool is_fcm = kind == PUSH_FCM;
    *tuning = (struct push_tuning){.connections_min = 2,
                                   .connections_max = 8,
                                   .streams_max = 1000,
                                   .queue_max = 20000,
                                   .queue_bytes_max = 64 << 20,
                                   .connect_timeout = 10000,
                                   .answer_timeout = 20000,
                                   .ping_busy = 60000,
                                   .ping_idle = 20 * 60000,
                                   .ping_timeout = 10000,
                                   .connect_backoff = 1000,
                                   .connect_backoff_max = 60000,
                                   .connection_good = 60000,
                                   .idle_close = 10 * 60000,
                                   .retry_min = is_fcm ? 10000 : 1000,
                                   .retry_max = 60000,
                                   .quota_wait = 60000,
                                   .token_age = 47 * 60000,
                                   .token_age_min = 20 * 60000,
                                   .token_early = 7 * 60000,
                                   .breaker_failures = 20,
                                   .probe_wait = 60000,
                                   .rate_max = is_fcm ? 9000 : 0,
                                   .rate_ramp = 60000};
}

static void bound_tuning(struct push_tuning *tuning)
{
    if (tuning->connections_max > LANES_MAX / 2)
        tuning->connections_max = LANES_MAX / 2;
    if (tuning->connections_max < 1)
        tuning->connections_max = 1;
    if (tuning->connections_min > tuning->connections_max)
        tuning->connections_min = tuning->connections_max;
    if (tuning->connections_min < 1)
        tuning->connections_min = 1;
    if (tuning->connect_backoff < 1)
        tuning->connect_backoff = 1;
}

/* ---- credentials before there is a service ---- */

int push_check_key(struct span pem, struct err *err)
{
    return token_check_p256(pem, err);
}

int push_check_account(struct span json, struct err *err)
{
    struct fcm_account account;
    int failed = fcm_account_parse(&account, json, err);
    if (failed == 0)
        fcm_account_release(&account);
    return failed;
}

int push_check_certificate(struct span pem, struct span key_pem, struct err *err)
{
    return push_tls_check_pair(pem, key_pem, err);
}

/* ---- making a service ---- */

static char *copy_span(struct span text)
{
    char *copy = strndup(text.len == 0 ? "" : text.base, text.len);
    if (copy == NULL)
        abort();
    return copy;
}

static int set_apns_token(struct push_service *service, struct err *err)
{
    const struct push_apns *apns = &service->settings.apns;
    if (token_check_p256(apns->key_pem, err) != 0)
        return err_wrap(err, "the APNs key");
    if (apns->key_id.len != 10 || apns->team_id.len != 10)
        return err_set(err, ERR_SETTINGS, "the APNs key id and team id have 10 characters each");
    service->key_pem = copy_span(apns->key_pem);
    service->key_id = copy_span(apns->key_id);
    service->team_id = copy_span(apns->team_id);
    service->has_apns_token = true;
    apns_token_init(&service->apns_token, span_str(service->key_pem), span_str(service->key_id),
                    span_str(service->team_id));
    service->apns_token.age_s = service->tuning.token_age / 1000;
    service->apns_token.age_min_s = service->tuning.token_age_min / 1000;
    return 0;
}

static int set_apns(struct push_service *service, struct err *err)
{
    const struct push_apns *apns = &service->settings.apns;
    bool has_key = apns->key_pem.len > 0, has_cert = apns->cert_pem.len > 0;
    if (has_key == has_cert)
        return err_set(err, ERR_SETTINGS,
                       "APNs wants a token key or a client certificate, one of them");
    return has_key ? set_apns_token(service, err) : 0;
}

static int64_t access_wall_s(void *service)
{
    return service_wall_s(service);
}

static void on_access_change(void *owner, const char *trouble, enum push_alarm alarm)
{
    struct push_service *service = owner;
    snprintf(service->trouble, sizeof(service->trouble), "%s", trouble == NULL ? "" : trouble);
    if (trouble != NULL)
        fate_alarm(service, alarm, trouble);
    service->stats.tokens = access_generation(service->access);
    if (trouble == NULL)
        fate_trace(service, "* an access token has come");
    else
        fate_trace(service, "* no access token: %s", trouble);
    pool_wake(service);
}

static int set_fcm(struct push_service *service, struct err *err)
{
    const struct push_fcm *fcm = &service->settings.fcm;
    const struct push_tuning *tuning = &service->tuning;
    if (fcm_account_parse(&service->account, fcm->account_json, err) != 0)
        return err->code;
    if (fcm->token_uri.len > 0)
        service->token_uri = copy_span(fcm->token_uri);
    if (asprintf(&service->path, "/v1/projects/%.*s/messages:send",
                 SPAN_ARG(fcm->project_id.len > 0 ? fcm->project_id
                                                  : span_str(service->account.project))) < 0)
        abort();
    const struct access_settings settings = {
        .loop = service->settings.loop,
        .account = &service->account,
        .token_uri = service->token_uri != NULL ? service->token_uri : service->account.token_uri,
        .ca_file = service->ca_file,
        .fetch = fcm->fetch,
        .early_ms = tuning->token_early,
        .retry_min_ms = tuning->connect_backoff,
        .retry_max_ms = tuning->connect_backoff_max,
        .timeout_ms = tuning->answer_timeout,
        .owner = service,
        .wall_s = access_wall_s,
        .on_change = on_access_change};
    service->access = access_new(&settings);
    return 0;
}

static const char *default_host(const struct push_settings *settings)
{
    if (settings->kind == PUSH_FCM)
        return fcm_host;
    return settings->apns.is_sandbox ? apns_sandbox_host : apns_host;
}

/* "address:port", or nothing: then the host itself. */
static int set_place(struct push_service *service, struct err *err)
{
    const struct push_settings *settings = &service->settings;
    const char *host = settings->host != NULL ? settings->host : default_host(settings);
    if (strlen(host) > NAME_MAX_LEN || host[0] == 0)
        return err_set(err, ERR_SETTINGS, "the host's name is empty or too long");
    service->host = copy_span(span_str(host));
    service->port = settings->port != 0 ? settings->port : HTTPS_PORT;
    const char *connect = settings->connect != NULL ? settings->connect : host;
    const char *colon = settings->connect != NULL ? strrchr(connect, ':') : NULL;
    size_t len = colon != NULL ? (size_t)(colon - connect) : strlen(connect);
    if (colon != NULL) {
        long port = strtol(colon + 1, NULL, 10);
        if (port < 1 || port > 65535)
            return err_set(err, ERR_SETTINGS, "the address to connect to has no port");
        service->port = (uint16_t)port;
    }
    if (len > 2 && connect[0] == '[') /* an IPv6 address */
        service->connect_host = copy_span(span_of(connect + 1, len - 2));
    else
        service->connect_host = copy_span(span_of(connect, len));
    if (settings->ca_file != NULL)
        service->ca_file = copy_span(span_str(settings->ca_file));
    return 0;
}

static int set_up(struct push_service *service, struct err *err)
{
    int failed = set_place(service, err);
    if (failed == 0)
        failed =
            service->settings.kind == PUSH_FCM ? set_fcm(service, err) : set_apns(service, err);
    if (failed != 0)
        return failed;
    const struct push_tls_settings tls = {.name = service->host,
                                          .ca_file = service->ca_file,
                                          .cert_pem = service->settings.apns.cert_pem,
                                          .cert_key_pem = service->settings.apns.cert_key_pem};
    service->tls = push_tls_new(&tls, err);
    return service->tls == NULL ? err->code : 0;
}

static void forget_borrowed(struct push_settings *settings)
{
    settings->host = settings->connect = settings->ca_file = NULL;
    settings->apns = (struct push_apns){.is_sandbox = settings->apns.is_sandbox};
    settings->fcm = (struct push_fcm){.fetch = settings->fcm.fetch};
}

struct push_service *push_service_new(const struct push_settings *settings, struct err *err)
{
    int64_t now = service_now_ms();
    struct push_service *service = calloc(1, sizeof(*service));
    if (service == NULL)
        abort();
    assert(settings->kind == PUSH_APNS || settings->kind == PUSH_FCM);
    service->settings = *settings;
    service->tuning = settings->tuning;
    bound_tuning(&service->tuning);
    service->on_wire_max = UINT32_MAX;
    service->connect_tokens = service->tuning.connections_min;
    service->connect_filled_ms = now;
    service->turn_of_address = service_random();
    service->buffer = malloc(LANE_BUFFER);
    if (service->buffer == NULL)
        abort();
    slab_init(&service->slab, SLAB_KEPT_MAX);
    service->nghttp2_memory = slab_nghttp2(&service->slab);
    bucket_init(&service->bucket, service->tuning.rate_max, service->tuning.rate_ramp, now * 1000);
    breaker_init(&service->breaker, service->tuning.breaker_failures);
    timer_init(&service->turn, settings->loop, "push turn", pool_on_turn, service);
    timer_init(&service->wake, settings->loop, "push wake", pool_on_turn, service);
    timer_init(&service->idle, settings->loop, "push idle", pool_on_turn, service);
    timer_init(&service->connect_later, settings->loop, "push connect", pool_on_turn, service);
    int failed = set_up(service, err);
    forget_borrowed(&service->settings);
    if (failed == 0)
        return service;
    push_service_free(service);
    return NULL;
}

void push_service_free(struct push_service *service)
{
    pool_release(service);
    access_free(service->access);
    apns_token_release(&service->apns_token);
    fcm_account_release(&service->account);
    if (service->key_pem != NULL)
        secret_wipe(service->key_pem, strlen(service->key_pem));
    SSL_CTX_free(service->tls);
    free(service->key_pem);
    free(service->key_id);
    free(service->team_id);
    free(service->path);
    free(service->token_uri);
    free(service->host);
    free(service->connect_host);
    free(service->ca_file);
    free(service->buffer);
    slab_release(&service->slab);
    free(service);
}

void push_service_warm(struct push_service *service)
{
    service->is_used = true;
    if (service->access != NULL)
        access_get(service->access);
    pool_wake(service);
}

void push_service_stop(struct push_service *service)
{
    service->is_stopping = true;
    pool_wake(service);
}

uint32_t push_service_room(struct push_service *service)
{
    service->is_room_asked = true;
    service->room_left = service->is_stopping ? 0 : pool_room(service);
    pool_wake_for_room(service);
    return service->room_left;
}

void push_service_stats(const struct push_service *service, struct push_stats *stats)
{
    *stats = service->stats;
    stats->queued = service->pushes[PUSH_WAITING].count + service->pushes[PUSH_HELD].count;
    stats->held = service->pushes[PUSH_HELD].count;
    stats->on_wire = service->pushes[PUSH_ON_WIRE].count;
    stats->queue_octets = service->octets;
    stats->connections = stats->connecting = stats->slots = 0;
    for (size_t at = 0; at < service->lane_count; ++at) {
        const struct lane *lane = service->lanes[at];
        ++*(lane_age_ms(lane) >= 0 ? &stats->connections : &stats->connecting);
        stats->slots += lane_slots(lane);
        stats->pings += lane_pings(lane);
    }
    stats->is_resting = pool_is_resting(service, service_now_ms());
    snprintf(stats->resting_for, sizeof(stats->resting_for), "%s",
             stats->is_resting ? service->resting_for : "");
}

/* ---- taking a push in ---- */

/* Copies one after the other into a push's own memory. */
struct packer {
    char *at;
};

static struct span pack(struct packer *packer, struct span text)
{
    char *start = packer->at;
    if (text.len > 0)
        memcpy(start, text.base, text.len);
    packer->at += text.len;
    return span_of(start, text.len);
}

static struct push *push_alloc(struct push_service *service, size_t memory)
{
    struct push *push = slab_get(&service->slab, sizeof(*push) + memory);
    memset(push, 0, sizeof(*push));
    push->octets = sizeof(*push) + memory;
    return push;
}

static struct push *make_apns(struct push_service *service, const struct push_message *m,
                              struct err *err)
{
    static const struct span device = {"/3/device/", 10};
    char expiration[24] = "";
    if (apns_check(m, service->has_apns_token, err) != 0)
        return NULL;
    if (m->is_expiration_now || m->expires_at_s != 0)
        snprintf(expiration, sizeof(expiration), "%lld",
                 m->is_expiration_now ? 0LL : (long long)m->expires_at_s);
    struct span date = span_str(expiration);
    struct push *push =
        push_alloc(service, device.len + m->target.len + m->id.len + date.len + m->topic.len +
                                m->push_type.len + m->collapse_id.len + m->payload.len);
    struct packer packer = {push->memory};
    struct span path = pack(&packer, device);
    push->target = pack(&packer, m->target);
    path.len += push->target.len;
    push->apns = (struct apns_request){.path = path,
                                       .id = pack(&packer, m->id),
                                       .expiration = pack(&packer, date),
                                       .topic = pack(&packer, m->topic),
                                       .push_type = pack(&packer, m->push_type),
                                       .collapse_id = pack(&packer, m->collapse_id),
                                       .priority = m->priority};
    push->body = pack(&packer, m->payload);
    return push;
}

/* The body's tail stands behind the room where head, digits and tail are put together. */
static struct push *make_fcm(struct push_service *service, const struct push_message *m,
                             struct err *err)
{
    struct fcm_body body;
    if (fcm_body_make(m, &body, err) != 0)
        return NULL;
    size_t tail_len = body.len - body.head_len;
    struct push *push = push_alloc(service, m->target.len + body.len + TTL_DIGITS_MAX + tail_len);
    struct packer packer = {push->memory};
    push->target = pack(&packer, m->target);
    push->body = pack(&packer, span_of(body.text, body.len));
    if (body.has_ttl) {
        packer.at += TTL_DIGITS_MAX;
        push->ttl_at = body.head_len;
        push->body_tail = pack(&packer, span_of(body.text + body.head_len, tail_len));
    }
    free(body.text);
    return push;
}

static int check_room(const struct push_service *service, const struct push_message *m,
                      struct err *err)
{
    uint32_t count = 0;
    assert(m->deadline_ms > 0);
    if (service->is_stopping)
        return err_set(err, ERR_CLOSED, "the push service is stopping");
    for (size_t state = 0; state < PUSH_STATES; ++state)
        count += service->pushes[state].count;
    if (count >= service->tuning.queue_max || service->octets >= service->tuning.queue_bytes_max)
        return err_set(err, ERR_BUSY, "the push queue is full");
    return 0;
}

int push_send(struct push_service *service, const struct push_message *m,
              const struct push_handler *handler, void *owner, struct push **out, struct err *err)
{
    if (check_room(service, m, err) != 0)
        return err->code;
    struct push *push =
        service->settings.kind == PUSH_FCM ? make_fcm(service, m, err) : make_apns(service, m, err);
    if (push == NULL)
        return err->code;
    int64_t now = service_now_ms();
    push->service = service;
    push->handler = handler;
    push->owner = owner;
    push->expires_at_s = m->expires_at_s;
    push->deadline_ms = now + m->deadline_ms;
    push->start_by_ms = m->start_within_ms == 0 ? push->deadline_ms : now + m->start_within_ms;
    push->attempts_max = m->attempts_max;
    push->try = PUSH_TRY_FIRST;
    timer_init(&push->timer, service->settings.loop, "push", fate_on_time, push);
    service->octets += push->octets;
    service->is_used = true;
    service->room_left -= service->room_left > 0;
    list_add(&service->pushes[PUSH_WAITING], push);
    fate_start_timer(push);
    if (out != NULL)
        *out = push;
    pool_wake(service);
    return 0;
}

void push_withdraw(struct push *push)
{
    push->is_withdrawn = true;
    if (push->state != PUSH_ON_WIRE)
        fate_start_timer(push);
}

/* ---- names ---- */

const char *push_outcome_name(enum push_outcome outcome)
{
    static const char *const names[] = {"", "accepted", "refused", "never_sent", "unknown"};
    return names[outcome];
}

const char *push_advice_name(enum push_advice advice)
{
    static const char *const names[] = {
        "none",       "drop_target", "disable_target", "other_environment", "shorten",
        "stop_topic", "fix",         "later",          "hold_target"};
    return names[advice];
}

const char *push_alarm_name(enum push_alarm alarm)
{
    static const char *const names[] = {"",      "credential", "clock",  "request",
                                        "topic", "connection", "service"};
    return names[alarm];
}

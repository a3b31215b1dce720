/* A connection's request: trouble that refuses -> the service's rules -> the owner's devices -> the
 * answer, or, in silence, a place in the list of those that wait for the silence to end.
 *
 * A receipt lives from on_push to push_receipt_answer. Its request may be gone by then: the link
 * between the two is cut from both sides. */
#include "sandbox/push_sandbox.h"

#include "base/buf.h"
#include "base/log.h"
#include "sandbox/apns_rules.h"
#include "sandbox/connection.h"
#include "sandbox/fcm_rules.h"
#include "sandbox/server_tls.h"

#include <h2o/http1.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CONNECTIONS_MAX = 16,
    APNS_STREAMS = 250,
    FCM_STREAMS = 100,
    GOAWAY_AFTER = 10, /* pushes on a connection, while the service goes away */
    ANSWER_MAX = 2048,
    TEXT_MAX = 512,
    RECEIPT_ID_MAX = 640,
    TOKEN_BODY_MAX = 8192,
    TOKEN_REQUEST_MS = 10000,
};

struct push_sandbox {
    struct push_sandbox_settings settings;
    struct push_trouble trouble;
    char key_id[TEXT_MAX], team_id[TEXT_MAX], topic[TEXT_MAX], email[TEXT_MAX], project[TEXT_MAX],
        token_uri[TEXT_MAX];
    char *public_key;
    struct apns_rules apns;
    struct fcm_rules fcm;
    SSL_CTX *tls;
    h2o_socket_t *listener;
    h2o_linklist_t peers, silent;
    unsigned connection_count; /* HTTP/1.1's too */
    h2o_globalconf_t http1_config;
    h2o_context_t http1_context;
    h2o_accept_ctx_t http1_accept;
};

/* One sender's connection. */
struct peer {
    h2o_linklist_t all;
    struct push_sandbox *sandbox;
    struct connection *connection;
    struct apns_peer apns;
    bool may_open_many, is_going;
    unsigned taken_count;
};

struct push_receipt {           /* held by its request */
    h2o_linklist_t silent;      /* in the sandbox's list, once the owner has answered in silence */
    struct peer *peer;          /* null: the request is gone */
    struct h2_request *request; /* null: the same */
    enum push_taken taken;
    char id[RECEIPT_ID_MAX];
};

struct token_handler {
    h2o_handler_t super;
    struct push_sandbox *sandbox;
};

/* ---- answers ---- */

static struct h2_field field(const char *name, const char *value)
{
    return (struct h2_field){span_str(name), span_str(value)};
}

static void answer_apns(struct peer *peer, struct h2_request *request, const char *reason)
{
    char id[64], body[ANSWER_MAX] = "";
    struct h2_field fields[2];
    size_t count = 0;
    int status = reason == NULL ? 200 : apns_rules_status(reason);
    struct span given = h2_request_field(request, "apns-id", NULL);
    if (given.len > 0 && given.len < sizeof(id)) {
        snprintf(id, sizeof(id), "%.*s", SPAN_ARG(given));
        fields[count++] = field("apns-id", id);
    }
    if (status == 410)
        snprintf(body, sizeof(body), "{\"reason\":\"%s\",\"timestamp\":%lld}", reason,
                 (long long)(peer->sandbox->settings.now().us / 1000));
    else if (reason != NULL)
        snprintf(body, sizeof(body), "{\"reason\":\"%s\"}", reason);
    h2_server_answer(connection_session(peer->connection), request, status, fields, count,
                     span_str(body));
}

static void answer_fcm(struct peer *peer, struct h2_request *request, int status, struct span body)
{
    struct h2_field fields[2] = {field("content-type", "application/json; charset=UTF-8")};
    size_t count = 1;
    if (status == 429 || status == 503)
        fields[count++] = field("retry-after", "2");
    h2_server_answer(connection_session(peer->connection), request, status, fields, count, body);
}

static void refuse_fcm(struct peer *peer, struct h2_request *request,
                       const struct fcm_refusal *refusal)
{
    struct buf body;
    buf_init(&body, ANSWER_MAX);
    int status = fcm_rules_print(refusal, &body);
    answer_fcm(peer, request, status, buf_span(&body));
    buf_release(&body);
}

static bool is_apns(const struct peer *peer)
{
    return peer->sandbox->settings.kind == PUSH_SANDBOX_APNS;
}

/* In either service's words. */
static void refuse(struct peer *peer, struct h2_request *request, const char *apns_reason,
                   const char *fcm_code)
{
    const struct fcm_refusal refusal = {.code = fcm_code};
    if (is_apns(peer))
        answer_apns(peer, request, apns_reason);
    else
        refuse_fcm(peer, request, &refusal);
}

static void accept_push(struct peer *peer, struct h2_request *request, const char *id)
{
    char body[ANSWER_MAX];
    if (is_apns(peer)) {
        answer_apns(peer, request, NULL);
        if (!peer->may_open_many) /* one stream until the first good push */
            h2_server_allow(connection_session(peer->connection), APNS_STREAMS);
        peer->may_open_many = true;
        return;
    }
    snprintf(body, sizeof(body), "{\"name\":\"%s\"}", id);
    answer_fcm(peer, request, 200, span_str(body));
}

static void answer_taken(struct peer *peer, struct h2_request *request, enum push_taken taken,
                         const char *id)
{
    switch (taken) {
    case PUSH_TAKEN:
        accept_push(peer, request, id);
        break;
    case PUSH_TAKEN_UNKNOWN:
        refuse(peer, request, "BadDeviceToken", "INVALID_ARGUMENT");
        break;
    case PUSH_TAKEN_OTHER_APP:
        refuse(peer, request, "DeviceTokenNotForTopic", "INVALID_ARGUMENT");
        break;
    case PUSH_TAKEN_BROKEN:
        refuse(peer, request, "ServiceUnavailable", "UNAVAILABLE");
        break;
    }
    connection_kick(peer->connection);
}

/* ---- receipts ---- */

static void receipt_finish(struct push_receipt *receipt)
{
    if (h2o_linklist_is_linked(&receipt->silent))
        h2o_linklist_unlink(&receipt->silent);
    if (receipt->request != NULL) {
        receipt->request->held = NULL;
        answer_taken(receipt->peer, receipt->request, receipt->taken, receipt->id);
    }
    free(receipt);
}

void push_receipt_answer(struct push_receipt *receipt, enum push_taken taken)
{
    receipt->taken = taken;
    if (receipt->request != NULL && receipt->peer->sandbox->trouble.is_silent)
        h2o_linklist_insert(&receipt->peer->sandbox->silent, &receipt->silent);
    else
        receipt_finish(receipt);
}

static void hand_over(struct peer *peer, struct h2_request *request, const struct shown_push *push)
{
    struct push_receipt *receipt = h2o_mem_alloc(sizeof(*receipt));
    *receipt = (struct push_receipt){.peer = peer, .request = request};
    snprintf(receipt->id, sizeof(receipt->id), "%.*s", SPAN_ARG(push->id));
    request->held = receipt;
    peer->sandbox->settings.on_push(peer->sandbox->settings.owner, push, receipt);
}

static void on_gone(void *owner, struct h2_request *request)
{
    (void)owner;
    struct push_receipt *receipt = request->held;
    if (receipt == NULL)
        return;
    receipt->peer = NULL;
    receipt->request = NULL;
    if (h2o_linklist_is_linked(&receipt->silent)) /* else the owner has still to answer it */
        receipt_finish(receipt);
}

/* ---- requests ---- */

static void make_uuid(char out[37])
{
    uint8_t bytes[16];
    char hex[33];
    random_bytes(bytes, sizeof(bytes));
    hex_print(bytes, sizeof(bytes), hex);
    snprintf(out, 37, "%.8s-%.4s-4%.3s-8%.3s-%.12s", hex, hex + 8, hex + 13, hex + 17, hex + 20);
}

static bool is_refused_by_trouble(struct peer *peer, struct h2_request *request)
{
    const struct push_trouble *trouble = &peer->sandbox->trouble;
    if (trouble->is_overrun)
        refuse(peer, request, "TooManyRequests", "QUOTA_EXCEEDED");
    else if (trouble->is_down)
        refuse(peer, request, "ServiceUnavailable", "UNAVAILABLE");
    else if (trouble->is_unregistered)
        refuse(peer, request, "Unregistered", "UNREGISTERED");
    else
        return false;
    return true;
}

static void take_apns(struct peer *peer, struct h2_request *request, int64_t now_s)
{
    struct shown_push push;
    char id[37];
    const char *reason = apns_rules_judge(&peer->sandbox->apns, &peer->apns, request, now_s, &push);
    if (reason != NULL) {
        answer_apns(peer, request, reason);
        return;
    }
    if (push.id.base == NULL) {
        make_uuid(id);
        push.id = span_str(id);
    }
    if (!is_refused_by_trouble(peer, request))
        hand_over(peer, request, &push);
    shown_push_release(&push);
}

static bool is_token_request(struct span method, struct span path)
{
    return span_is_str(path, "/token") && span_is_str(method, "POST");
}

/* The token endpoint over HTTP/2; over HTTP/1.1 it is on_token_request. */
static void exchange_token(struct peer *peer, struct h2_request *request, int64_t now_s)
{
    struct buf answer;
    buf_init(&answer, ANSWER_MAX);
    int status = fcm_rules_exchange(&peer->sandbox->fcm, buf_span(&request->body), now_s, &answer);
    answer_fcm(peer, request, status, buf_span(&answer));
    buf_release(&answer);
}

static void take_fcm(struct peer *peer, struct h2_request *request, int64_t now_s)
{
    struct shown_push push;
    struct fcm_refusal refusal;
    char uuid[37], name[TEXT_MAX];
    bool is_dry_run;
    if (!fcm_rules_judge(&peer->sandbox->fcm, request, now_s, &push, &is_dry_run, &refusal)) {
        refuse_fcm(peer, request, &refusal);
        return;
    }
    make_uuid(uuid);
    snprintf(name, sizeof(name), "projects/%.*s/messages/0:%s",
             SPAN_ARG(peer->sandbox->fcm.project), uuid);
    push.id = span_str(name);
    if (is_refused_by_trouble(peer, request))
        ;
    else if (is_dry_run)
        accept_push(peer, request, name);
    else
        hand_over(peer, request, &push);
    shown_push_release(&push);
}

/* The pushes before are still answered; what comes behind is not looked at. */
static void go_away(struct peer *peer, const struct h2_request *last)
{
    if (peer->is_going)
        return;
    peer->is_going = true;
    h2_server_goaway(connection_session(peer->connection), last,
                     is_apns(peer) ? SPAN_LIT("{\"reason\":\"Shutdown\"}") : SPAN_LIT(""));
    connection_kick(peer->connection);
}

static void on_request(void *owner, struct h2_request *request)
{
    struct peer *peer = owner;
    int64_t now_s = instant_seconds(clock_wall());
    if (peer->is_going) /* came before our GOAWAY went out, which will close it */
        return;
    if (is_apns(peer))
        take_apns(peer, request, now_s);
    else if (is_token_request(h2_request_field(request, ":method", NULL),
                              h2_request_field(request, ":path", NULL)))
        exchange_token(peer, request, now_s);
    else
        take_fcm(peer, request, now_s);
    if (peer->sandbox->trouble.goes_away && ++peer->taken_count >= GOAWAY_AFTER)
        go_away(peer, request);
}

/* ---- connections ---- */

static void on_closed(void *owner)
{
    struct peer *peer = owner;
    --peer->sandbox->connection_count;
    h2o_linklist_unlink(&peer->all);
    free(peer);
}

static void on_http1_closed(void *owner)
{
    struct push_sandbox *sandbox = owner;
    --sandbox->connection_count;
}

static void on_http1(void *owner, h2o_socket_t *socket)
{
    struct peer *peer = owner;
    struct push_sandbox *sandbox = peer->sandbox;
    struct timeval now = {0};
    h2o_linklist_unlink(&peer->all);
    free(peer);
    gettimeofday(&now, NULL);
    socket->on_close.cb = on_http1_closed;
    socket->on_close.data = sandbox;
    h2o_http1_accept(&sandbox->http1_accept, socket, now);
}

static void peer_new(struct push_sandbox *sandbox, h2o_socket_t *socket)
{
    bool is_fcm = sandbox->settings.kind == PUSH_SANDBOX_FCM;
    struct peer *peer = h2o_mem_alloc(sizeof(*peer));
    *peer = (struct peer){.sandbox = sandbox, .may_open_many = is_fcm};
    h2o_linklist_insert(&sandbox->peers, &peer->all);
    const struct connection_settings settings = {
        .loop = sandbox->settings.loop,
        .tls = sandbox->tls,
        .streams_max = is_fcm ? FCM_STREAMS : 1,
        .events = {.on_request = on_request, .on_gone = on_gone},
        .owner = peer,
        .on_http1 = is_fcm ? on_http1 : NULL,
        .on_closed = on_closed};
    peer->connection = connection_new(socket, &settings);
}

static void on_accept(h2o_socket_t *listener, const char *failed)
{
    struct push_sandbox *sandbox = listener->data;
    h2o_socket_t *socket;
    while (failed == NULL && (socket = h2o_evloop_socket_accept(listener)) != NULL) {
        if (sandbox->connection_count >= CONNECTIONS_MAX) {
            h2o_socket_close(socket);
            continue;
        }
        ++sandbox->connection_count;
        peer_new(sandbox, socket);
    }
}

/* ---- the token endpoint ---- */

static int on_token_request(h2o_handler_t *self, h2o_req_t *request)
{
    struct push_sandbox *sandbox = ((struct token_handler *)(void *)self)->sandbox;
    struct span method = span_of(request->method.base, request->method.len);
    struct span path = span_of(request->path.base, request->path.len);
    struct span form = span_of(request->entity.base, request->entity.len);
    struct buf answer;
    buf_init(&answer, ANSWER_MAX);
    request->res.status = 404;
    request->res.reason = "Not Found";
    if (is_token_request(method, path)) {
        request->res.status =
            fcm_rules_exchange(&sandbox->fcm, form, instant_seconds(clock_wall()), &answer);
        request->res.reason = request->res.status == 200 ? "OK" : "Bad Request";
    }
    h2o_add_header(&request->pool, &request->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL,
                   H2O_STRLIT("application/json; charset=UTF-8"));
    h2o_add_header(&request->pool, &request->res.headers, H2O_TOKEN_CACHE_CONTROL, NULL,
                   H2O_STRLIT("no-store"));
    h2o_send_inline(request, buf_span(&answer).base, buf_span(&answer).len);
    buf_release(&answer);
    return 0;
}

static void prepare_http1(struct push_sandbox *sandbox)
{
    h2o_config_init(&sandbox->http1_config);
    sandbox->http1_config.max_request_entity_size = TOKEN_BODY_MAX;
    sandbox->http1_config.http1.req_timeout = TOKEN_REQUEST_MS;
    sandbox->http1_config.http1.upgrade_to_http2 = 0;
    h2o_hostconf_t *host = h2o_config_register_host(&sandbox->http1_config,
                                                    h2o_iovec_init(H2O_STRLIT("default")), 65535);
    h2o_pathconf_t *path = h2o_config_register_path(host, "/", 0);
    struct token_handler *handler = (void *)h2o_create_handler(path, sizeof(*handler));
    handler->super.on_req = on_token_request;
    handler->sandbox = sandbox;
    h2o_context_init(&sandbox->http1_context, sandbox->settings.loop, &sandbox->http1_config);
    sandbox->http1_accept =
        (h2o_accept_ctx_t){.ctx = &sandbox->http1_context, .hosts = sandbox->http1_config.hosts};
}

/* ---- the service ---- */

static struct span keep(char out[TEXT_MAX], struct span text)
{
    snprintf(out, TEXT_MAX, "%.*s", SPAN_ARG(text));
    return span_str(out);
}

static void keep_credentials(struct push_sandbox *sandbox)
{
    const struct push_sandbox_settings *settings = &sandbox->settings;
    sandbox->public_key = strndup(settings->public_key.base, settings->public_key.len);
    if (sandbox->public_key == NULL)
        abort();
    sandbox->apns = (struct apns_rules){.public_key = span_str(sandbox->public_key),
                                        .key_id = keep(sandbox->key_id, settings->key_id),
                                        .team_id = keep(sandbox->team_id, settings->team_id),
                                        .topic = keep(sandbox->topic, settings->topic)};
    sandbox->fcm = (struct fcm_rules){.public_key = span_str(sandbox->public_key),
                                      .key_id = span_str(sandbox->key_id),
                                      .email = keep(sandbox->email, settings->email),
                                      .project = keep(sandbox->project, settings->project),
                                      .audience = keep(sandbox->token_uri, settings->token_uri)};
}

struct push_sandbox *push_sandbox_new(const struct push_sandbox_settings *settings, struct err *err)
{
    bool is_fcm = settings->kind == PUSH_SANDBOX_FCM;
    SSL_CTX *tls = server_tls_new(settings->certificate, settings->key, is_fcm, err);
    if (tls == NULL)
        return NULL;
    struct push_sandbox *sandbox = calloc(1, sizeof(*sandbox));
    if (sandbox == NULL)
        abort();
    sandbox->settings = *settings;
    sandbox->tls = tls;
    h2o_linklist_init_anchor(&sandbox->peers);
    h2o_linklist_init_anchor(&sandbox->silent);
    keep_credentials(sandbox);
    if (is_fcm)
        prepare_http1(sandbox);
    sandbox->listener =
        h2o_evloop_socket_create(settings->loop, settings->listen_fd, H2O_SOCKET_FLAG_DONT_READ);
    sandbox->listener->data = sandbox;
    h2o_socket_read_start(sandbox->listener, on_accept);
    return sandbox;
}

void push_sandbox_stop(struct push_sandbox *sandbox)
{
    if (sandbox->listener == NULL)
        return;
    h2o_socket_read_stop(sandbox->listener);
    h2o_socket_close(sandbox->listener);
    sandbox->listener = NULL;
    for (h2o_linklist_t *at = sandbox->peers.next; at != &sandbox->peers; at = at->next) {
        struct peer *peer = H2O_STRUCT_FROM_MEMBER(struct peer, all, at);
        if (connection_session(peer->connection) != NULL)
            go_away(peer, NULL);
    }
}

struct push_trouble *push_sandbox_trouble(struct push_sandbox *sandbox)
{
    return &sandbox->trouble;
}

void push_sandbox_changed(struct push_sandbox *sandbox)
{
    while (!sandbox->trouble.is_silent && !h2o_linklist_is_empty(&sandbox->silent))
        receipt_finish(H2O_STRUCT_FROM_MEMBER(struct push_receipt, silent, sandbox->silent.next));
}

/* The process that answers visitors, providers and the creditor's systems. */
#include "app/worker.h"

#include "app/sockets.h"
#include "base/host.h"
#include "base/log.h"
#include "flow/callback_apply.h"
#include "flow/callback_refuse.h"
#include "flow/page_version.h"
#include "http/bank_keys.h"
#include "http/callback_certificates.h"
#include "http/listener.h"
#include "http/page_source.h"
#include "http/proofs.h"

#include <stdlib.h>
#include <unistd.h>

/* Handshake and head are small: before a door they have no part in the time that a body may take.
 */
enum { HEAD_TIMEOUT_MS = 10000 };

struct http_role {
    struct world *world;
    struct tls *public_tls, *private_tls, *upload_tls;
    struct http_listener *public_, *private_, *upload; /* upload: null where no files are taken */
    struct guard_range proxies[SETTINGS_LIST_MAX];
    int proxy_count;
    char app_host[256]; /* a host name is shorter */
};

/* The settings speak of the whole listener; each process guards its share. There is room for some:
 * SOCKETS_DESCRIPTORS_MIN. */
static struct guard_limits limits_of(const struct gateway *g, const struct settings_limits *s)
{
    struct guard_limits l = guard_limits_default;
    int64_t share = (s->connections + g->http_count - 1) / g->http_count;
    int64_t room = (int64_t)g->descriptors_max / 2 - 64; /* two large listeners, and all else */
    l.connections_max = (unsigned)(share < room ? share : room);
    l.connections_per_address_max =
        (unsigned)((s->connections_per_address + g->http_count - 1) / g->http_count);
    l.body_bytes_max = (size_t)s->body_bytes;
    l.requests_burst = (unsigned)s->bucket_burst;
    l.requests_per_second = (unsigned)s->bucket_per_s;
    l.request_timeout_ms = (int)s->request_timeout_s * 1000;
    l.handshake_timeout_ms = l.request_timeout_ms;
    l.idle_timeout_ms = (int)s->idle_timeout_s * 1000;
    l.answer_timeout_ms = (int)s->answer_deadline_s * 1000;
    return l;
}

static int open_tls(const struct gateway *g, const struct settings_listener *s, const char *name,
                    struct tls **tls, struct err *e)
{
    struct tls_options options = {
        .name = name, .certificate_file = s->certificate, .key_file = s->key};
    memcpy(options.ticket_secret, g->ticket_secret, sizeof(options.ticket_secret));
    *tls = tls_new(&options, e);
    return *tls == NULL ? ERR_SETTINGS : 0;
}

/* The host that opens the app, where it has a certificate of its own. */
static int open_app_host(const struct settings *s, struct http_role *role, struct err *e)
{
    if (s->app_links.certificate[0] == '\0')
        return 0;
    struct span host = host_of(span_str(s->app_links.host));
    snprintf(role->app_host, sizeof(role->app_host), "%.*s", SPAN_ARG(host));
    return tls_add_host(role->public_tls, role->app_host, s->app_links.certificate,
                        s->app_links.key, e);
}

static int open_bank_keys(const struct settings *s, struct world *world, struct err *e)
{
    struct bank_keys_options options = {
        .rules = {.issuer = span_str(s->app.issuer),
                  .audience = span_str(s->app.audience),
                  .customer_claim = span_str(s->app.customer_claim),
                  .leeway_s = s->app.leeway_s},
        .files = s->app.key_files.items,
        .file_count = s->app.key_files.count,
        .url = span_str(s->app.jwks_url),
        .ca_file = span_str(s->app.ca_file),
        .refresh_ms = (int)s->app.refresh_s * 1000,
        .keep_ms = s->app.keep_s * 1000,
        .metrics = world->metrics,
    };
    if (!signature_algorithm_find(span_str(s->app.algorithm), &options.rules.algorithm))
        return 0; /* no app is answered */
    world->bank_keys = bank_keys_new(world->loop, world->fetch, &options, e);
    return world->bank_keys == NULL ? e->code : 0;
}

static struct http_listener *open_listener(const struct worker *w, struct http_role *role,
                                           const struct http_listener_options *seed,
                                           const struct settings_listener *s)
{
    struct http_listener_options options = *seed;
    options.limits = limits_of(w->gateway, &s->limits);
    if (options.door != NULL && options.limits.handshake_timeout_ms > HEAD_TIMEOUT_MS)
        options.limits.handshake_timeout_ms = HEAD_TIMEOUT_MS;
    options.trusted_proxies = role->proxies;
    options.trusted_proxy_count = role->proxy_count;
    options.trusted_header = w->gateway->settings->trusted_proxy.header;
    return http_listener_new(w->world, &options);
}

static struct http_listener *open_upload(const struct worker *w, struct http_role *role,
                                         const struct settings_listener *s)
{
    return open_listener(w, role,
                         &(struct http_listener_options){.name = "upload",
                                                         .fd = w->gateway->upload_fd,
                                                         .tls = role->upload_tls,
                                                         .routes = upload_routes,
                                                         .door = &proofs_door},
                         s);
}

static void read_proxies(struct http_role *role, const struct settings_list *list)
{
    for (int i = 0; i != list->count; ++i)
        if (guard_range_parse(&role->proxies[role->proxy_count], list->items[i]))
            ++role->proxy_count;
}

static int http_start(const struct worker *w, void **state, struct err *e)
{
    const struct gateway *g = w->gateway;
    const struct settings *s = g->settings;
    struct http_role *role = calloc(1, sizeof(*role));
    if (role == NULL)
        abort();
    *state = role;
    role->world = w->world;
    w->world->callbacks = callback_queue_new(w->world);
    w->world->refusals = callback_refusals_new(w->world);
    w->world->page_versions = page_versions_new();
    page_source_set(&w->world->creditor, w->world->page_versions);
    int bad = open_tls(g, &s->public_, "public", &role->public_tls, e);
    if (bad == 0)
        bad = open_app_host(s, role, e);
    if (bad == 0)
        bad = open_tls(g, &s->private_, "private", &role->private_tls, e);
    if (bad == 0 && g->upload_fd >= 0)
        bad = open_tls(g, &s->upload, "upload", &role->upload_tls, e);
    if (bad == 0)
        bad = open_bank_keys(s, role->world, e);
    if (bad != 0)
        return bad;
    w->world->certificates =
        callback_certificates_new(w->world->loop, w->world->fetch, w->world->providers);
    read_proxies(role, &s->trusted_proxy.addresses);
    role->public_ =
        open_listener(w, role,
                      &(struct http_listener_options){
                          .name = "public",
                          .fd = g->public_fd,
                          .tls = role->public_tls,
                          .routes = w->world->bank_keys == NULL ? public_routes : app_routes},
                      &s->public_);
    role->private_ = open_listener(w, role,
                                   &(struct http_listener_options){.name = "private",
                                                                   .fd = g->private_fd,
                                                                   .tls = role->private_tls,
                                                                   .routes = private_routes},
                                   &s->private_);
    if (g->upload_fd >= 0)
        role->upload = open_upload(w, role, &s->upload);
    return 0;
}

static void reload_one(struct tls *tls, const char *name)
{
    struct err e = {0};
    if (tls_reload(tls, &e) == 0)
        log_line(LOG_INFO, "certificate reloaded", "listener=%s", name);
    else
        log_line(LOG_ERROR, "certificate not reloaded", "listener=%s error=\"%s\"", name, e.text);
}

static void http_reload(const struct worker *w, void *state)
{
    (void)w;
    struct http_role *role = state;
    reload_one(role->public_tls, "public");
    reload_one(role->private_tls, "private");
    if (role->upload != NULL)
        reload_one(role->upload_tls, "upload");
    struct err e = {0};
    if (role->world->bank_keys != NULL && bank_keys_reload(role->world->bank_keys, &e) != 0)
        log_line(LOG_ERROR, "bank keys not reloaded", "error=\"%s\"", e.text);
}

static void http_drain(void *state)
{
    struct http_role *role = state;
    http_listener_drain(role->public_);
    http_listener_drain(role->private_);
    if (role->upload != NULL)
        http_listener_drain(role->upload);
    callback_refusals_flush(role->world->refusals);
}

static const char *http_in_hand(void *state)
{
    struct http_role *role = state;
    if (!http_listener_is_drained(role->public_) || !http_listener_is_drained(role->private_))
        return "requests";
    if (role->upload != NULL && !http_listener_is_drained(role->upload))
        return "files";
    if (!callback_refusals_is_idle(role->world->refusals))
        return "refused callbacks";
    return callback_queue_is_idle(role->world->callbacks) ? NULL : "callbacks";
}

static void http_stop(void *state)
{
    struct http_role *role = state;
    http_listener_free(role->public_);
    http_listener_free(role->private_);
    if (role->upload != NULL) {
        http_listener_free(role->upload);
        tls_free(role->upload_tls);
    }
    tls_free(role->public_tls);
    tls_free(role->private_tls);
    bank_keys_free(role->world->bank_keys);
    role->world->bank_keys = NULL;
    callback_certificates_free(role->world->certificates);
    role->world->certificates = NULL;
    callback_queue_free(role->world->callbacks);
    role->world->callbacks = NULL;
    callback_refusals_free(role->world->refusals);
    role->world->refusals = NULL;
    page_versions_free(role->world->page_versions);
    role->world->page_versions = NULL;
    free(role);
}

const struct worker_role http_role = {
    .start = http_start,
    .reload = http_reload,
    .drain = http_drain,
    .in_hand = http_in_hand,
    .stop = http_stop,
};

/* The life of a connection: accepted and counted, TLS, then requests one after another. While it
 * owes an answer it stands in the busy list, oldest first; the tick looks only at that list's head.
 *
 *   accept -> [TLS] -> request whole -> judged by the guards -> route -> handler -> answer -> …
 *
 * On a listener with a door (door.h) the head is judged before that, and its body may not come.
 *
 * An answer not there at its deadline becomes a 503 and its handler is told that the request is
 * gone; one written but not taken by the peer ends in a reset. libh2o closes a connection when it
 * notices that its socket was shut down: that is the only way in from outside.
 *
 * The link between a request and its connection is cut from both sides: on_request_over runs when
 * the request's pool is cleared, whatever ended it. */
#include "http/listener.h"

#include "base/log.h"
#include "base/metrics.h"
#include "http/app_auth.h"
#include "http/auth.h"
#include "http/connection.h"
#include "http/reply.h"
#include "http/tls.h"
#include "http/tus_headers.h"
#include "io/timer.h"

#include <arpa/inet.h>
#include <h2o/http1.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

enum { TICK_MS_MAX = 250, TICKS_A_LIMIT = 20, FRESH_GRACE_MS = 2000, LAST_ACCEPT_MS = 250 };
/* What a slow client holds most of: libh2o wants 4,096 free at each read and doubles what has less,
 * so a head of up to a kilobyte that comes in drops stays in the first buffer. libh2o's own has
 * 8,192. */
enum { SOCKET_BUFFER = 5120 };
/* For the next requests; libh2o's own keeps 16, and more wait for the database at a time. */
enum { SOCKET_BUFFERS_KEPT = 128 };
enum { LAST_TURNS_MAX = 100, LAST_TURN_MS = 10, ACCEPTS_A_TURN = 4 };

struct http_listener {
    struct world *world;
    struct http_listener_options options;
    h2o_globalconf_t config;
    h2o_context_t context;
    h2o_accept_ctx_t accept;
    h2o_socket_t *socket; /* null once closed */
    h2o_timeout_t tick;
    h2o_timeout_entry_t tick_entry;
    struct timer last_accept;
    h2o_linklist_t connections, busy;
    unsigned connection_count;
    bool is_paused, is_draining;
    uint64_t draining_since_ms;
    struct auth *auth;
    struct app_auth *app_auth; /* null where no app is answered */
    struct guard_addresses addresses;
    struct doorhouse doorhouse;
};

/* Embedded at the head of libh2o's own structures, to find the listener again. */
struct listener_handler {
    h2o_handler_t super;
    struct http_listener *listener;
};

struct listener_filter {
    h2o_filter_t super;
    struct http_listener *listener;
};

static int on_request(h2o_handler_t *self, h2o_req_t *req);
static void on_answer_started(h2o_filter_t *self, h2o_req_t *req, h2o_ostream_t **slot);
static void on_accept(h2o_socket_t *socket, const char *error);
static void on_tick(h2o_timeout_entry_t *entry);
static void on_last_accepted(void *owner);

static uint64_t now_ms(const struct http_listener *l)
{
    return h2o_now(l->world->loop);
}

static void count(struct http_listener *l, enum metric_id id, int by)
{
    if (l->world->metrics != NULL)
        metrics_add(l->world->metrics, id, by);
}

/* ---- Making one. ---- */

static void configure(struct http_listener *l)
{
    const struct guard_limits *limits = &l->options.limits;
    h2o_config_init(&l->config);
    l->config.server_name = h2o_iovec_init(NULL, 0);
    l->config.max_request_entity_size = limits->body_bytes_max;
    l->config.handshake_timeout = (uint64_t)limits->handshake_timeout_ms;
    /* libh2o has one timer for an idle connection and an unfinished request. It gets the longer
     * time; the tick sees to the shorter one. */
    l->config.http1.req_timeout = (uint64_t)(limits->idle_timeout_ms > limits->request_timeout_ms
                                                 ? limits->idle_timeout_ms
                                                 : limits->request_timeout_ms);
    l->config.http1.upgrade_to_http2 = 0;
    h2o_hostconf_t *host = h2o_config_register_host(
        &l->config, h2o_iovec_init(l->options.name, strlen(l->options.name)), 65535);
    /* No path is registered: everything, also libh2o's own errors, goes by the fallback. */
    struct listener_handler *handler =
        (void *)h2o_create_handler(&host->fallback_path, sizeof(*handler));
    handler->super.on_req = on_request;
    handler->listener = l;
    struct listener_filter *filter =
        (void *)h2o_create_filter(&host->fallback_path, sizeof(*filter));
    filter->super.on_setup_ostream = on_answer_started;
    filter->listener = l;
}

static int tick_ms(const struct guard_limits *limits)
{
    int shorter = limits->answer_timeout_ms < limits->request_timeout_ms
                      ? limits->answer_timeout_ms
                      : limits->request_timeout_ms;
    int part = shorter / TICKS_A_LIMIT;
    return part < 1 ? 1 : part < TICK_MS_MAX ? part : TICK_MS_MAX;
}

struct http_listener *http_listener_new(struct world *world,
                                        const struct http_listener_options *options)
{
    struct http_listener *l = h2o_mem_alloc(sizeof(*l));
    memset(l, 0, sizeof(*l));
    l->world = world;
    l->options = *options;
    h2o_linklist_init_anchor(&l->connections);
    h2o_linklist_init_anchor(&l->busy);
    guard_addresses_init(&l->addresses);
    l->auth = auth_new();
    l->app_auth = world->bank_keys == NULL ? NULL : app_auth_new();
    configure(l);
    if (options->tls != NULL) /* the work process, which sends pushes, keeps the large ones */
        h2o_socket_buffer_prototype._initial_buf.capacity = SOCKET_BUFFER;
    h2o_socket_buffer_prototype.allocator.max = SOCKET_BUFFERS_KEPT;
    h2o_context_init(&l->context, world->loop, &l->config);
    l->accept.ctx = &l->context;
    l->accept.hosts = l->config.hosts;
    doorhouse_init(&l->doorhouse, options->door, &l->options.limits, world, &l->accept);
    h2o_timeout_init(world->loop, &l->tick, (uint64_t)tick_ms(&options->limits));
    timer_init(&l->last_accept, world->loop, "last accept", on_last_accepted, l);
    l->tick_entry.cb = on_tick;
    h2o_timeout_link(world->loop, &l->tick, &l->tick_entry);
    l->socket = h2o_evloop_socket_create(world->loop, options->fd, H2O_SOCKET_FLAG_DONT_READ);
    l->socket->data = l;
    h2o_socket_read_start(l->socket, on_accept);
    return l;
}

/* ---- Connections. ---- */

static void pause_or_resume(struct http_listener *l)
{
    if (l->socket == NULL)
        return;
    unsigned max = l->options.limits.connections_max;
    if (!l->is_paused && l->connection_count >= max) {
        l->is_paused = true;
        h2o_socket_read_stop(l->socket);
        log_line(LOG_WARN, "listener paused", "listener=%s connections=%u", l->options.name,
                 l->connection_count);
    } else if (l->is_paused && l->connection_count < max - max / 64) {
        l->is_paused = false;
        h2o_socket_read_start(l->socket, on_accept);
    }
}

static void on_connection_closed(void *data)
{
    struct http_connection *c = data;
    struct http_listener *l = c->listener;
    h2o_linklist_unlink(&c->all_link);
    if (h2o_linklist_is_linked(&c->busy_link))
        h2o_linklist_unlink(&c->busy_link);
    guard_addresses_add(&l->addresses, c->address_key, -1);
    if (c->door != NULL)
        door_free(c->door, now_ms(l));
    --l->connection_count;
    count(l, METRIC_connections_now, -1);
    free(c);
    pause_or_resume(l);
}

static bool is_trusted_proxy(const struct http_listener *l, const struct sockaddr *address)
{
    for (int i = 0; i != l->options.trusted_proxy_count; ++i)
        if (guard_range_has(&l->options.trusted_proxies[i], address))
            return true;
    return false;
}

static void set_socket_options(int fd, int answer_timeout_ms)
{
    /* Also bounds how long the kernel keeps what a vanished or stalled reader did not take. */
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &answer_timeout_ms, sizeof(answer_timeout_ms));
}

/* libh2o would cut the first 200 kB into records of one packet each; our answers fit the first
 * window, so whole records cost less and arrive no later. */
static void use_whole_records(h2o_socket_t *socket)
{
    socket->_latency_optimization.state = H2O_SOCKET_LATENCY_OPTIMIZATION_STATE_NEEDS_UPDATE;
    socket->_latency_optimization.suggested_tls_payload_size = 16384;
    socket->_latency_optimization.suggested_write_size = SIZE_MAX;
}

static void connection_new(struct http_listener *l, h2o_socket_t *socket, uint64_t key,
                           bool is_behind_proxy)
{
    struct http_connection *c = h2o_mem_alloc(sizeof(*c));
    *c = (struct http_connection){
        .listener = l, .socket = socket, .address_key = key, .is_behind_proxy = is_behind_proxy};
    guard_bucket_init(&c->bucket, &l->options.limits, now_ms(l));
    h2o_linklist_insert(&l->connections, &c->all_link);
    guard_addresses_add(&l->addresses, key, 1);
    ++l->connection_count;
    count(l, METRIC_connections_now, 1);
    set_socket_options(h2o_socket_get_fd(socket), l->options.limits.answer_timeout_ms);
    use_whole_records(socket);
    socket->on_close.cb = on_connection_closed;
    socket->on_close.data = c;
    l->accept.ssl_ctx = l->options.tls == NULL ? NULL : tls_context(l->options.tls);
    if (l->doorhouse.rules != NULL)
        door_begin(&l->doorhouse, c, now_ms(l));
    else
        h2o_accept(&l->accept, socket);
}

/* False when nobody is waiting. */
static bool accept_one(struct http_listener *l)
{
    h2o_socket_t *socket = h2o_evloop_socket_accept(l->socket);
    if (socket == NULL)
        return false;
    struct sockaddr_storage address = {0};
    h2o_socket_getpeername(socket, (void *)&address);
    uint64_t key = guard_address_key((void *)&address);
    bool is_proxy = is_trusted_proxy(l, (void *)&address);
    unsigned from_address = is_proxy ? 0 : guard_addresses_count(&l->addresses, key);
    if (!guard_admits(&l->options.limits, l->connection_count, from_address)) {
        count(l, METRIC_connections_refused, 1);
        h2o_socket_close(socket);
        return true;
    }
    connection_new(l, socket, key, is_proxy);
    pause_or_resume(l);
    return true;
}

/* A few a turn: the processes that share this socket then take turns too, instead of the first to
 * wake taking a whole burst. With one a turn, those who came late in a burst waited for seconds
 * behind the requests of those who came early. */
static void on_accept(h2o_socket_t *listening, const char *error)
{
    for (int i = 0; error == NULL && i < ACCEPTS_A_TURN; ++i)
        if (!accept_one(listening->data))
            return;
}

/* ---- Requests. ---- */

static struct http_connection *connection_of(h2o_req_t *req)
{
    return req->conn->callbacks->get_socket(req->conn)->on_close.data;
}

static void connection_owe(struct http_connection *c)
{
    c->busy_since_ms = now_ms(c->listener);
    if (h2o_linklist_is_linked(&c->busy_link))
        h2o_linklist_unlink(&c->busy_link);
    h2o_linklist_insert(&c->listener->busy, &c->busy_link); /* before the anchor: at the end */
}

static void request_tell_gone(struct request *r)
{
    void (*on_gone)(void *) = r->on_gone_;
    r->on_gone_ = NULL;
    if (on_gone != NULL)
        on_gone(r->job_);
}

static void on_request_over(void *data)
{
    struct request *r = data;
    struct http_connection *c = r->connection_;
    c->request = NULL;
    connection_rejoin(c);
    if (!r->is_replied_)
        request_tell_gone(r);
    /* A connection that is to close still owes the peer its last bytes: it stays in the list. */
    if (r->h2o_->http1_is_persistent && h2o_linklist_is_linked(&c->busy_link))
        h2o_linklist_unlink(&c->busy_link);
}

static struct request *request_begin(struct http_listener *l, h2o_req_t *req)
{
    struct http_connection *c = connection_of(req);
    struct request *r = h2o_mem_alloc_shared(&req->pool, sizeof(*r), on_request_over);
    request_init(r, req, l, l->world);
    r->connection_ = c;
    c->request = r;
    ++c->request_count;
    c->partial_since_ms = 0;
    connection_owe(c);
    return r;
}

static size_t head_len(const h2o_req_t *req)
{
    size_t len = req->input.method.len + req->input.path.len + sizeof("  HTTP/1.1");
    for (size_t i = 0; i != req->headers.size; ++i)
        len += req->headers.entries[i].name->len + req->headers.entries[i].value.len + 4;
    return len;
}

/* The raw head is still at the start of the socket's buffer: libh2o drops it after the answer. */
static struct span raw_head(h2o_req_t *req)
{
    h2o_buffer_t *input = req->conn->callbacks->get_socket(req->conn)->input;
    return span_of(input->bytes, input->size);
}

/* The address a proxy speaks for is counted like one that connects by itself. */
static bool count_visitor(struct http_listener *l, struct request *r)
{
    struct http_connection *c = r->connection_;
    if (!c->is_behind_proxy)
        return true;
    uint64_t key = guard_address_key_of_text(http_listener_address(l, r));
    if (key == 0 || key == c->address_key)
        return true;
    bool is_admitted = guard_admits(&l->options.limits, l->connection_count - 1,
                                    guard_addresses_count(&l->addresses, key));
    guard_addresses_add(&l->addresses, c->address_key, -1);
    guard_addresses_add(&l->addresses, key, 1);
    c->address_key = key;
    if (!is_admitted)
        count(l, METRIC_connections_refused, 1);
    return is_admitted;
}

/* What a door found in the head before it was passed on. */
static bool is_broken_head(const struct http_connection *c)
{
    return c->door != NULL && door_verdict_of(c->door) == DOOR_BROKEN;
}

static void refuse_and_close(struct request *r, int status, const char *type, const char *title)
{
    r->h2o_->http1_is_persistent = 0;
    reply_refusal(r, status, type, title);
}

/* True when the request may go on to its handler. */
static bool pass_guards(struct http_listener *l, struct request *r)
{
    const struct guard_limits *limits = &l->options.limits;
    enum guard_framing framing = guard_framing_of(raw_head(r->h2o_));
    r->may_stay_open_ = framing == GUARD_FRAMING_LENGTH;
    if (framing == GUARD_FRAMING_BROKEN || is_broken_head(r->connection_)) {
        refuse_and_close(r, 400, "framing", "The request can be read in two ways.");
        return false;
    }
    if (!guard_bucket_take(&r->connection_->bucket, limits, now_ms(l))) {
        count(l, METRIC_http_shed, 1);
        refuse_and_close(r, 429, "too-many-requests", "Too many requests on one connection.");
        return false;
    }
    if (!count_visitor(l, r)) {
        refuse_and_close(r, 429, "too-many-connections", "Too many connections from one address.");
        return false;
    }
    if (r->h2o_->headers.size > limits->headers_max || head_len(r->h2o_) > limits->head_bytes_max) {
        refuse_and_close(r, 431, "head-too-large", "The request's headers are too large.");
        return false;
    }
    return true;
}

/* tus 1.0: where a proxy lets few methods through, a header names the one that is meant. False:
 * answered. */
static bool take_method_override(struct http_listener *l, struct request *r)
{
    struct span method = request_header(r, "x-http-method-override");
    if (method.base == NULL || !route_is_upload(l->options.routes, request_path(r)))
        return true;
    if (request_header_count(r, "x-http-method-override") != 1) {
        reply_refusal(r, 400, "method-override", "X-HTTP-Method-Override stands there twice.");
        return false;
    }
    r->method = method;
    return true;
}

static void dispatch(struct http_listener *l, struct request *r)
{
    struct route_match match;
    if (!take_method_override(l, r))
        return;
    route_find(l->options.routes, request_method(r), request_path(r), &match);
    if (match.route == NULL) {
        if (match.status == 405) {
            r->h2o_->http1_is_persistent = 0;
            reply_header(r, "allow", span_str(match.allow));
            reply_refusal(r, 405, "method", "This address does not take this method.");
        } else {
            reply_refusal(r, 404, "not-found", "There is nothing at this address.");
        }
        return;
    }
    r->route = match.route;
    memcpy(r->params, match.params, sizeof(r->params));
    if (match.route->auth == ROUTE_API_KEY)
        auth_require(l->auth, r, match.route);
    else if (match.route->auth == ROUTE_APP)
        app_auth_require(l->app_auth, r);
    else
        match.route->handle(r);
}

/* libh2o 2.2.5 does not look at the result when it has written an answer: over a connection that is
 * broken it would go on with all that was asked behind it. */
static bool is_connected(const struct http_connection *c)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    return !c->is_cut && getpeername(h2o_socket_get_fd(c->socket), (void *)&address, &len) == 0;
}

static int on_request(h2o_handler_t *self, h2o_req_t *req)
{
    struct http_listener *l = ((struct listener_handler *)(void *)self)->listener;
    struct request *r = request_begin(l, req);
    struct http_connection *c = r->connection_;
    if (c->door != NULL)
        req->http1_is_persistent = 0; /* a second head would pass unjudged */
    if (c->request_count > 1 && !is_connected(c))
        refuse_and_close(r, 503, "gone", "Nobody is there to hear the answer.");
    else if (pass_guards(l, r))
        dispatch(l, r);
    if (c->request != NULL)
        connection_watch(c);
    return 0;
}

/* Raw, without the query; libh2o has not looked for that in requests which it refuses itself. */
static struct span path_of(const h2o_req_t *req)
{
    h2o_iovec_t path = req->input.path;
    const char *mark = path.len == 0 ? NULL : memchr(path.base, '?', path.len);
    return span_of(path.base, mark == NULL ? path.len : (size_t)(mark - path.base));
}

/* Runs for every answer, also those libh2o makes by itself before a handler is asked (413, 417, 400
 * for a broken body): these get their headers and their deadline here. */
static void on_answer_started(h2o_filter_t *self, h2o_req_t *req, h2o_ostream_t **slot)
{
    struct http_listener *l = ((struct listener_filter *)(void *)self)->listener;
    struct http_connection *c = connection_of(req);
    if (!h2o_linklist_is_linked(&c->busy_link))
        connection_owe(c);
    if (route_is_upload(l->options.routes, path_of(req)))
        tus_add_version(req);
    size_t before = req->res.headers.size;
    reply_harden(req);
    if (req->res.headers.size != before) {
        count(l, METRIC_http_requests, 1);
        count(l, METRIC_http_refused, 1);
    }
    h2o_setup_next_ostream(req, slot);
}

/* ---- Deadlines. ---- */

static void cut(struct http_connection *c)
{
    /* A reset on close: what a stalled reader did not take must not stay in the kernel. */
    struct linger none = {.l_onoff = 1, .l_linger = 0};
    int fd = h2o_socket_get_fd(c->socket);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    shutdown(fd, SHUT_RDWR);
    c->is_cut = true;
    count(c->listener, METRIC_http_late, 1);
}

static void answer_late(struct http_connection *c)
{
    struct request *r = c->request;
    request_tell_gone(r);
    connection_owe(c); /* as long again for the peer to take the apology */
    count(c->listener, METRIC_http_late, 1);
    refuse_and_close(r, 503, "late", "The answer took too long. Try again.");
}

/* What is due before the next tick is due now: a limit is the most that anybody gets. */
static bool is_due(const struct http_listener *l, uint64_t since_ms, int timeout_ms)
{
    return now_ms(l) + l->tick.timeout >= since_ms + (uint64_t)timeout_ms;
}

static void enforce_deadlines(struct http_listener *l)
{
    for (h2o_linklist_t *next, *n = l->busy.next; n != &l->busy; n = next) {
        struct http_connection *c = H2O_STRUCT_FROM_MEMBER(struct http_connection, busy_link, n);
        next = n->next;
        if (!is_due(l, c->busy_since_ms, l->options.limits.answer_timeout_ms))
            return;
        if (c->is_cut)
            continue;
        if (c->request != NULL)
            answer_late(c); /* moves it to the end; what is there is younger than the deadline */
        else
            cut(c);
    }
}

static bool is_quiet(struct http_connection *c)
{
    return !h2o_linklist_is_linked(&c->busy_link) && c->socket->input->size == 0;
}

/* An unfinished request is one whose bytes lie in the buffer while nothing is owed. */
static void enforce_request_time(struct http_listener *l, struct http_connection *c)
{
    if (h2o_linklist_is_linked(&c->busy_link) || c->is_cut)
        return;
    if (c->socket->input->size == 0)
        c->partial_since_ms = 0;
    else if (c->partial_since_ms == 0)
        c->partial_since_ms = now_ms(l) - l->tick.timeout; /* at the earliest */
    else if (is_due(l, c->partial_since_ms, l->options.limits.request_timeout_ms))
        cut(c);
}

static void close_quiet(struct http_listener *l, struct http_connection *c)
{
    bool is_over = now_ms(l) - l->draining_since_ms > FRESH_GRACE_MS;
    if (!is_quiet(c) || c->is_cut || c->is_leaving || (c->request_count == 0 && !is_over))
        return;
    /* libh2o says good-bye and closes, unless the kernel held a request already: that is served. */
    c->is_leaving = true;
    shutdown(h2o_socket_get_fd(c->socket), SHUT_RD);
}

static void look_after_connections(struct http_listener *l)
{
    for (h2o_linklist_t *next, *n = l->connections.next; n != &l->connections; n = next) {
        struct http_connection *c = H2O_STRUCT_FROM_MEMBER(struct http_connection, all_link, n);
        next = n->next;
        if (c->door != NULL && door_is_late(c->door, now_ms(l))) {
            door_close(c->door);
            continue;
        }
        enforce_request_time(l, c);
        if (l->is_draining)
            close_quiet(l, c);
    }
}

static void on_tick(h2o_timeout_entry_t *entry)
{
    struct http_listener *l = H2O_STRUCT_FROM_MEMBER(struct http_listener, tick_entry, entry);
    enforce_deadlines(l);
    look_after_connections(l);
    doorhouse_look(&l->doorhouse, now_ms(l));
    if (!l->is_draining && l->options.tls != NULL)
        tls_reload_if_changed(l->options.tls);
    h2o_timeout_link(l->world->loop, &l->tick, &l->tick_entry);
}

/* ---- The end. ---- */

static void on_last_accepted(void *owner)
{
    struct http_listener *l = owner;
    while (accept_one(l))
        ;
    h2o_socket_close(l->socket);
    l->socket = NULL;
}

void http_listener_drain(struct http_listener *l)
{
    if (l->is_draining)
        return;
    l->is_draining = true;
    l->draining_since_ms = now_ms(l);
    l->context.shutdown_requested = 1;
    /* What the kernel has queued for this socket would be reset with it. */
    timer_start(&l->last_accept, LAST_ACCEPT_MS);
    look_after_connections(l);
}

const struct door *http_listener_door(const struct request *r)
{
    return r->connection_->door;
}

bool http_listener_is_draining(const struct http_listener *l)
{
    return l->is_draining;
}

bool http_listener_is_drained(const struct http_listener *l)
{
    return l->socket == NULL && l->connection_count == 0;
}

/* libh2o does not look at the socket of a request that waits for its handler: it is answered first,
 * so that the answer fails. */
static void end_connection(struct http_connection *c)
{
    if (c->door != NULL && door_is_before(c->door)) {
        door_close(c->door);
        return;
    }
    if (c->request != NULL)
        answer_late(c);
    cut(c);
}

void http_listener_free(struct http_listener *l)
{
    timer_stop(&l->last_accept);
    if (l->socket != NULL)
        on_last_accepted(l);
    for (h2o_linklist_t *next, *n = l->connections.next; n != &l->connections; n = next) {
        next = n->next;
        end_connection(H2O_STRUCT_FROM_MEMBER(struct http_connection, all_link, n));
    }
    doorhouse_release(&l->doorhouse);
    for (int i = 0; l->connection_count != 0 && i != LAST_TURNS_MAX; ++i)
        h2o_evloop_run(l->world->loop, LAST_TURN_MS);
    if (l->connection_count != 0)
        return; /* the process ends now anyway: rather a leak than a loop */
    h2o_timeout_unlink(&l->tick_entry);
    h2o_timeout_dispose(l->world->loop, &l->tick);
    h2o_multithread_queue_t *queue = l->context.queue;
    h2o_context_dispose(&l->context);
    free(queue); /* libh2o 2.2.5 empties it and forgets it */
    h2o_config_dispose(&l->config);
    auth_free(l->auth);
    app_auth_free(l->app_auth);
    free(l);
}

struct span http_listener_address(struct http_listener *l, struct request *r)
{
    if (r->connection_->is_behind_proxy && l->options.trusted_header != NULL) {
        struct span value = {NULL, 0};
        for (size_t i = 0; i != r->h2o_->headers.size; ++i) {
            const h2o_header_t *h = &r->h2o_->headers.entries[i];
            if (span_is_str(span_of(h->name->base, h->name->len), l->options.trusted_header))
                value = span_of(h->value.base, h->value.len);
        }
        const char *comma = value.len == 0 ? NULL : h2o_memrchr(value.base, ',', value.len);
        if (comma != NULL)
            value = span_from(value, (size_t)(comma - value.base) + 1);
        while (value.len != 0 && value.base[0] == ' ')
            value = span_from(value, 1);
        if (value.len != 0)
            return value;
    }
    struct sockaddr_storage address;
    socklen_t len = r->h2o_->conn->callbacks->get_peername(r->h2o_->conn, (void *)&address);
    char *text = request_alloc(r, NI_MAXHOST);
    size_t text_len = len == 0 ? SIZE_MAX : h2o_socket_getnumerichost((void *)&address, len, text);
    return text_len == SIZE_MAX ? SPAN_LIT("") : span_of(text, text_len);
}

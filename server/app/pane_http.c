#include "app/pane_http.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BODY_MAX = 64 * 1024, CONNECTIONS_MAX = 256, HOST_MAX = 64 };

struct pane_server {
    h2o_globalconf_t config;
    h2o_context_t context;
    h2o_accept_ctx_t accept;
    h2o_socket_t *listener;
    struct pane_server_options options;
    char hosts[2][HOST_MAX]; /* what Host may say */
    char policy[512];
    unsigned connection_count;
};

struct pane_handler {
    h2o_handler_t super;
    struct pane_server *server;
};

static void on_connection_closed(void *data)
{
    struct pane_server *server = data;
    --server->connection_count;
}

static void on_connection(h2o_socket_t *listener, const char *error)
{
    struct pane_server *server = listener->data;
    h2o_socket_t *socket;
    while (error == NULL && (socket = h2o_evloop_socket_accept(listener)) != NULL) {
        if (server->connection_count >= CONNECTIONS_MAX) {
            h2o_socket_close(socket);
            continue;
        }
        ++server->connection_count;
        socket->on_close.cb = on_connection_closed;
        socket->on_close.data = server;
        h2o_accept(&server->accept, socket);
    }
}

struct span pane_method(const struct pane_request *request)
{
    return span_of(request->h2o->method.base, request->h2o->method.len);
}

struct span pane_body(const struct pane_request *request)
{
    return span_of(request->h2o->entity.base, request->h2o->entity.len);
}

struct span pane_header(const struct pane_request *request, const char *name)
{
    const h2o_headers_t *headers = &request->h2o->headers;
    ssize_t at = h2o_find_header_by_str(headers, name, strlen(name), -1);
    if (at == -1)
        return (struct span){NULL, 0};
    return span_of(headers->entries[at].value.base, headers->entries[at].value.len);
}

bool pane_wants_html(const struct pane_request *request)
{
    struct span accept = pane_header(request, "accept");
    return accept.len > 0 && memmem(accept.base, accept.len, "text/html", 9) != NULL;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 32) >= 'a' && (c | 32) <= 'f')
        return (c | 32) - 'a' + 10;
    return -1;
}

/* Decodes one form value onto the request's pool; null base when an escape is broken. */
static struct span form_decode(struct pane_request *request, struct span raw)
{
    char *out = h2o_mem_alloc_pool(&request->h2o->pool, raw.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < raw.len; ++i) {
        char c = raw.base[i];
        if (c == '%') {
            int high = i + 2 < raw.len ? hex_value(raw.base[i + 1]) : -1;
            int low = i + 2 < raw.len ? hex_value(raw.base[i + 2]) : -1;
            if (high < 0 || low < 0)
                return (struct span){NULL, 0};
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        out[len++] = c;
    }
    out[len] = 0;
    return span_of(out, len);
}

static struct span form_find(struct pane_request *request, struct span form, const char *name)
{
    size_t name_len = strlen(name);
    while (form.len > 0) {
        const char *end = memchr(form.base, '&', form.len);
        size_t len = end == NULL ? form.len : (size_t)(end - form.base);
        if (len > name_len && memcmp(form.base, name, name_len) == 0 && form.base[name_len] == '=')
            return form_decode(request, span_of(form.base + name_len + 1, len - name_len - 1));
        form = span_from(form, len + (end != NULL));
    }
    return (struct span){NULL, 0};
}

struct span pane_query(struct pane_request *request, const char *name)
{
    const h2o_req_t *req = request->h2o;
    if (req->query_at == SIZE_MAX)
        return (struct span){NULL, 0};
    struct span path = span_of(req->path.base, req->path.len);
    return form_find(request, span_from(path, req->query_at + 1), name);
}

struct span pane_form(struct pane_request *request, const char *name)
{
    return form_find(request, pane_body(request), name);
}

static void add_header(h2o_req_t *req, const char *name, const char *value)
{
    h2o_add_header_by_str(&req->pool, &req->res.headers, name, strlen(name), 0, NULL, value,
                          strlen(value));
}

static const char *reason_of(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 303:
        return "See Other";
    case 404:
        return "Not Found";
    case 503:
        return "Service Unavailable";
    default:
        return "No";
    }
}

/* The request is answered: whoever holds it lets go. */
static void let_go(struct pane_request *request)
{
    if (request->held_ != NULL)
        *request->held_ = NULL;
    request->held_ = NULL;
}

void pane_reply(struct pane_request *request, int status, const char *content_type,
                struct span bytes)
{
    h2o_req_t *req = request->h2o;
    let_go(request);
    req->res.status = status;
    req->res.reason = reason_of(status);
    add_header(req, "content-type", content_type);
    add_header(req, "cache-control", "no-store");
    add_header(req, "x-content-type-options", "nosniff");
    add_header(req, "referrer-policy", "no-referrer");
    add_header(req, "content-security-policy", request->server_->policy);
    h2o_send_inline(req, bytes.base, bytes.len);
}

void pane_reply_json(struct pane_request *request, int status, json_t *taken)
{
    char *text = json_dumps(taken, JSON_COMPACT);
    assert(text != NULL);
    json_decref(taken);
    pane_reply(request, status, "application/json; charset=utf-8", span_str(text));
    free(text);
}

void pane_reply_problem(struct pane_request *request, int status, const char *reason)
{
    pane_reply_json(request, status, json_pack("{s:s}", "reason", reason));
}

void pane_reply_see_other(struct pane_request *request, struct span url)
{
    h2o_iovec_t copy = h2o_strdup(&request->h2o->pool, url.base, url.len);
    add_header(request->h2o, "location", copy.base);
    pane_reply(request, 303, "text/plain; charset=utf-8", SPAN_LIT(""));
}

static void on_request_gone(void *pool_memory)
{
    let_go(*(struct pane_request **)pool_memory);
}

void pane_hold(struct pane_request *request, struct pane_request **held)
{
    assert(request->held_ == NULL);
    *held = request;
    request->held_ = (void **)held;
    struct pane_request **guard =
        h2o_mem_alloc_shared(&request->h2o->pool, sizeof(struct pane_request *), on_request_gone);
    *guard = request;
}

/* A page elsewhere that was led to our address by its own name server, or that posts a form here.
 */
static bool is_from_here(const struct pane_server *server, const struct pane_request *request)
{
    struct span host =
        span_of(request->h2o->input.authority.base, request->h2o->input.authority.len);
    if (!span_is_str(host, server->hosts[0]) && !span_is_str(host, server->hosts[1]))
        return false;
    if (!span_is_str(pane_method(request), "POST"))
        return true;
    struct span site = pane_header(request, "sec-fetch-site");
    return site.base == NULL || span_is_str(site, "same-origin") || span_is_str(site, "none");
}

static bool path_matches(const char *pattern, struct span path, struct span *param)
{
    const char *star = strchr(pattern, '*');
    if (star == NULL)
        return span_is_str(path, pattern);
    struct span head = span_of(pattern, (size_t)(star - pattern));
    if (!span_starts(path, head))
        return false;
    struct span rest = span_from(path, head.len);
    const char *slash = memchr(rest.base, '/', rest.len);
    *param = span_of(rest.base, slash == NULL ? rest.len : (size_t)(slash - rest.base));
    return param->len > 0 && span_is_str(span_from(rest, param->len), star + 1);
}

static int on_request(h2o_handler_t *self, h2o_req_t *req)
{
    struct pane_server *server = ((struct pane_handler *)self)->server;
    struct pane_request *request = h2o_mem_alloc_pool(&req->pool, sizeof(*request));
    *request = (struct pane_request){.h2o = req, .server_ = server, .owner = server->options.owner};
    if (!is_from_here(server, request)) {
        pane_reply_problem(request, 403, "another_origin");
        return 0;
    }
    size_t path_len = req->query_at == SIZE_MAX ? req->path.len : req->query_at;
    struct span path = span_of(req->path.base, path_len), method = pane_method(request);
    bool is_head = span_is_str(method, "HEAD"), path_is_known = false;
    for (const struct pane_route *route = server->options.routes; route->method != NULL; ++route) {
        if (!path_matches(route->path, path, &request->param))
            continue;
        path_is_known = true;
        if (span_is_str(method, route->method) || (is_head && strcmp(route->method, "GET") == 0)) {
            route->handle(request);
            return 0;
        }
    }
    pane_reply_problem(request, path_is_known ? 405 : 404,
                       path_is_known ? "method_not_allowed" : "not_found");
    return 0;
}

static void name_hosts(struct pane_server *server)
{
    struct sockaddr_in address = {0};
    socklen_t len = sizeof(address);
    getsockname(server->options.listen_fd, (void *)&address, &len);
    int port = ntohs(address.sin_port);
    snprintf(server->hosts[0], HOST_MAX, "127.0.0.1:%d", port);
    snprintf(server->hosts[1], HOST_MAX, "localhost:%d", port);
    snprintf(server->policy, sizeof(server->policy),
             "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
             "img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self' "
             "%.*s",
             SPAN_ARG(server->options.form_origin));
}

struct pane_server *pane_server_new(h2o_loop_t *loop, const struct pane_server_options *options)
{
    struct pane_server *server = h2o_mem_alloc(sizeof(*server));
    *server = (struct pane_server){.options = *options};
    h2o_config_init(&server->config);
    server->config.max_request_entity_size = BODY_MAX;
    server->config.http1.upgrade_to_http2 = 0;
    h2o_hostconf_t *host =
        h2o_config_register_host(&server->config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    h2o_pathconf_t *path = h2o_config_register_path(host, "/", 0);
    struct pane_handler *handler = (void *)h2o_create_handler(path, sizeof(*handler));
    handler->server = server;
    handler->super.on_req = on_request;
    h2o_context_init(&server->context, loop, &server->config);
    server->accept = (h2o_accept_ctx_t){.ctx = &server->context, .hosts = server->config.hosts};
    name_hosts(server);
    server->listener =
        h2o_evloop_socket_create(loop, options->listen_fd, H2O_SOCKET_FLAG_DONT_READ);
    server->listener->data = server;
    h2o_socket_read_start(server->listener, on_connection);
    return server;
}

void pane_server_stop(struct pane_server *server)
{
    if (server->listener == NULL)
        return;
    h2o_socket_read_stop(server->listener);
    h2o_socket_close(server->listener);
    server->listener = NULL;
}

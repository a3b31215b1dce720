/* The security headers are the same for all answers of a kind, so each kind's are written once as
 * one block of lines and handed to libh2o as the value of the block's first header: HTTP/1.1 writes
 * "name: value CR LF", so the lines stand on the wire one below the other. (This would be wrong
 * over HTTP/2, which is off.) */
#include "http/reply.h"

#include "base/buf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/metrics.h"
#include "http/connection.h"
#include "http/gzip.h"
#include "http/listener.h"

#include <assert.h>
#include <stdlib.h>

#define LINES(cache)                                                                               \
    "nosniff\r\n"                                                                                  \
    "strict-transport-security: max-age=63072000\r\n"                                              \
    "referrer-policy: no-referrer\r\n"                                                             \
    "x-frame-options: DENY\r\n"                                                                    \
    "permissions-policy: accelerometer=(), camera=(), display-capture=(), geolocation=(), "        \
    "gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()\r\n"                \
    "cross-origin-opener-policy: same-origin\r\n"                                                  \
    "cross-origin-resource-policy: same-origin\r\n"                                                \
    "cross-origin-embedder-policy: require-corp\r\n"                                               \
    "x-robots-tag: noindex, nofollow\r\n"                                                          \
    "cache-control: " cache "\r\n"                                                                 \
    "content-security-policy: "
#define COMMON_LINES LINES("no-store")
#define NO_CONTENT_LINE                                                                            \
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* A file of a stranger: whoever opens it in a browser all the same gets it without any power. */
#define SANDBOX_LINE "sandbox; default-src 'none'"

static h2o_iovec_t block_name = {H2O_STRLIT("x-content-type-options")};
static h2o_iovec_t type_name = {H2O_STRLIT("content-type")};
static h2o_iovec_t id_name = {H2O_STRLIT("x-request-id")};
static const h2o_iovec_t plain_block = {H2O_STRLIT(COMMON_LINES NO_CONTENT_LINE)};
static const h2o_iovec_t sandbox_block = {H2O_STRLIT(COMMON_LINES SANDBOX_LINE)};
static const h2o_iovec_t kept_block = {H2O_STRLIT(LINES("max-age=3600") NO_CONTENT_LINE)};

struct page_policy {
    h2o_iovec_t block;
};

static void add_hash(struct buf *b, const char *directive, struct span inline_bytes)
{
    if (inline_bytes.len == 0)
        return;
    uint8_t digest[SHA256_LEN];
    char text[4 * ((SHA256_LEN + 2) / 3) + 1];
    sha256(inline_bytes, digest);
    base64_print(span_of((const char *)digest, sizeof(digest)), text);
    buf_printf(b, "; %s 'sha256-%s'", directive, text);
}

const struct page_policy *page_policy_new(struct span style, struct span script,
                                          struct span form_hosts)
{
    struct buf b;
    buf_init(&b, 8192);
    buf_add_str(&b, COMMON_LINES "default-src 'none'; img-src 'self'; connect-src 'self'");
    add_hash(&b, "style-src", style);
    add_hash(&b, "script-src", script);
    buf_add_str(&b, "; form-action 'self'");
    if (form_hosts.len != 0) {
        buf_add_char(&b, ' ');
        buf_add(&b, form_hosts);
    }
    buf_add_str(&b, "; base-uri 'none'; frame-ancestors 'none'");
    assert(!buf_is_overflowed(&b));
    struct page_policy *policy = h2o_mem_alloc(sizeof(*policy));
    policy->block.base = buf_take(&b, &policy->block.len);
    return policy;
}

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {303, "See Other"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {410, "Gone"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {460, "Checksum Mismatch"},
        {500, "Internal Server Error"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };
    for (size_t i = 0; i != sizeof(reasons) / sizeof(reasons[0]); ++i)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return status < 400 ? "OK" : "Refused";
}

static void add_header(h2o_req_t *req, h2o_iovec_t *name, h2o_iovec_t value)
{
    h2o_vector_reserve(&req->pool, &req->res.headers, req->res.headers.size + 1);
    req->res.headers.entries[req->res.headers.size++] = (h2o_header_t){name, NULL, value};
}

void reply_header(struct request *r, const char *name, struct span value)
{
    for (size_t i = 0; i != value.len; ++i)
        assert(value.base[i] != '\r' && value.base[i] != '\n' && value.base[i] != '\0');
    h2o_iovec_t *kept = h2o_mem_alloc_pool(&r->h2o_->pool, sizeof(*kept));
    *kept = h2o_iovec_init(name, strlen(name));
    add_header(r->h2o_, kept, h2o_strdup(&r->h2o_->pool, value.base, value.len));
}

static void count(const struct request *r, int status)
{
    struct metrics *m = r->world->metrics;
    if (m == NULL)
        return;
    metrics_add(m, METRIC_http_requests, 1);
    if (status >= 500)
        metrics_add(m, METRIC_http_errors, 1);
    else if (status >= 400)
        metrics_add(m, METRIC_http_refused, 1);
}

/* The path is not logged: it may hold a link's code. The route says enough. */
static void log_answer(const struct request *r, int status)
{
    enum log_level level = status >= 500 ? LOG_WARN : LOG_DEBUG;
    if (!log_is_on(level))
        return;
    struct timeval now = *h2o_get_timestamp(r->h2o_->conn->ctx, NULL, NULL);
    long took_ms = (long)(now.tv_sec - r->h2o_->processed_at.at.tv_sec) * 1000 +
                   (long)(now.tv_usec - r->h2o_->processed_at.at.tv_usec) / 1000;
    log_line(level, "request answered", "request=%s method=%s route=%s status=%d took_ms=%ld",
             r->id, r->route == NULL ? "-" : r->route->method,
             r->route == NULL ? "-" : r->route->path, status, took_ms);
}

/* A body whose sender proved nothing may hide a second request behind it: its connection closes. So
 * does one whose length libh2o may have read in another way than a proxy in front. */
static void decide_persistence(struct request *r)
{
    bool has_body = r->h2o_->entity.base != NULL;
    if ((has_body && !(r->is_proved_ && r->may_stay_open_)) ||
        http_listener_is_draining(r->listener_))
        r->h2o_->http1_is_persistent = 0;
}

/* "Try again in a second", unless the handler knew better. */
static void add_retry_after(h2o_req_t *req)
{
    static h2o_iovec_t name = {H2O_STRLIT("retry-after")};
    for (size_t i = 0; i != req->res.headers.size; ++i) {
        const h2o_iovec_t *other = req->res.headers.entries[i].name;
        if (h2o_memis(other->base, other->len, name.base, name.len))
            return;
    }
    add_header(req, &name, h2o_iovec_init(H2O_STRLIT("1")));
}

static void add_fixed_headers(struct request *r, int status, const char *content_type,
                              h2o_iovec_t block)
{
    h2o_req_t *req = r->h2o_;
    h2o_vector_reserve(&req->pool, &req->res.headers, req->res.headers.size + 4);
    add_header(req, &block_name, block);
    add_header(req, &id_name, h2o_iovec_init(r->id, sizeof(r->id) - 1));
    if (content_type != NULL)
        add_header(req, &type_name, h2o_iovec_init(content_type, strlen(content_type)));
    if (status == 503 || status == 429)
        add_retry_after(req);
}

/* Over TLS libh2o encrypts the whole body inside h2o_send; a plain socket may keep pointing at what
 * it could not write yet. */
static h2o_iovec_t body_to_send(h2o_req_t *req, struct span body)
{
    if (req->conn->callbacks->get_socket(req->conn)->ssl != NULL)
        return h2o_iovec_init(body.base, body.len);
    return h2o_strdup(&req->pool, body.base == NULL ? "" : body.base, body.len);
}

static void begin_reply(struct request *r, int status, const char *content_type, h2o_iovec_t block)
{
    h2o_req_t *req = r->h2o_;
    assert(!r->is_replied_);
    r->is_replied_ = true;
    r->on_gone_ = NULL;
    r->connection_->request = NULL;
    connection_unwatch(r->connection_);
    decide_persistence(r);
    add_fixed_headers(r, status, content_type, block);
    req->res.status = status;
    req->res.reason = reason_of(status);
    count(r, status);
    log_answer(r, status);
}

static void send_reply(struct request *r, int status, const char *content_type, h2o_iovec_t block,
                       struct span body)
{
    static h2o_generator_t generator = {NULL, NULL};
    h2o_req_t *req = r->h2o_;
    begin_reply(r, status, content_type, block);
    bool has_length = status != 204 && status != 304;
    if (has_length)
        req->res.content_length = body.len;
    h2o_iovec_t bytes = body_to_send(req, body);
    h2o_start_response(req, &generator);
    bool is_head = h2o_memis(req->input.method.base, req->input.method.len, H2O_STRLIT("HEAD"));
    h2o_send(req, &bytes, is_head || !has_length || body.len == 0 ? 0 : 1, H2O_SEND_STATE_FINAL);
}

void reply_begin(struct request *r, const char *content_type, h2o_generator_t *generator)
{
    begin_reply(r, 200, content_type, sandbox_block);
    h2o_start_response(r->h2o_, generator);
}

void reply_page(struct request *r, int status, const struct page_policy *policy, struct span html)
{
    send_reply(r, status, "text/html; charset=utf-8", policy->block, html);
}

void reply_svg(struct request *r, struct span svg)
{
    send_reply(r, 200, "image/svg+xml", plain_block, svg);
}

void reply_svg_compressed(struct request *r, struct span svg)
{
    reply_header(r, "vary", SPAN_LIT("accept-encoding"));
    if (gzip_is_taken(r->h2o_)) {
        reply_header(r, "content-encoding", SPAN_LIT("gzip"));
        svg = gzip_of(&r->h2o_->pool, svg);
    }
    reply_svg(r, svg);
}

void reply_json(struct request *r, int status, struct span json)
{
    send_reply(r, status, "application/json", plain_block, json);
}

void reply_object(struct request *r, int status, json_t *taken)
{
    char *text = json_dumps(taken, JSON_COMPACT);
    if (text == NULL)
        abort();
    json_decref(taken);
    reply_json(r, status, span_str(text));
    free(text);
}

json_t *reply_text_json(struct span text)
{
    return text.base == NULL ? json_null() : json_stringn(text.base, text.len);
}

void reply_json_kept(struct request *r, struct span json)
{
    send_reply(r, 200, "application/json", kept_block, json);
}

void reply_text(struct request *r, int status, const char *text)
{
    send_reply(r, status, "text/plain; charset=utf-8", plain_block, span_str(text));
}

void reply_bytes(struct request *r, int status, const char *content_type, struct span bytes)
{
    send_reply(r, status, content_type, plain_block, bytes);
}

void reply_empty(struct request *r, int status)
{
    send_reply(r, status, NULL, plain_block, span_of(NULL, 0));
}

void reply_see_other(struct request *r, struct span url)
{
    reply_header(r, "location", url);
    reply_empty(r, 303);
}

static void add_json_text(struct buf *b, const char *text)
{
    buf_add_char(b, '"');
    for (; *text != '\0'; ++text) {
        if (*text == '"' || *text == '\\')
            buf_add_char(b, '\\');
        if ((unsigned char)*text < 0x20)
            buf_printf(b, "\\u%04x", (unsigned)*text);
        else
            buf_add_char(b, *text);
    }
    buf_add_char(b, '"');
}

void reply_problem(struct request *r, int status, const char *type, const char *title,
                   const char *detail)
{
    struct buf b;
    buf_init(&b, 4096);
    buf_printf(&b, "{\"type\":\"urn:dunlin:problem:%s\",\"title\":", type);
    add_json_text(&b, title);
    buf_printf(&b, ",\"status\":%d", status);
    if (detail != NULL) {
        buf_add_str(&b, ",\"detail\":");
        add_json_text(&b, detail);
    }
    buf_printf(&b, ",\"request\":\"%s\"}\n", r->id);
    assert(!buf_is_overflowed(&b));
    send_reply(r, status, "application/problem+json", plain_block, buf_span(&b));
    buf_release(&b);
}

static bool wants_html(const struct request *r)
{
    struct span accept = request_header(r, "accept");
    return accept.len != 0 &&
           h2o_strstr(accept.base, accept.len, H2O_STRLIT("text/html")) != SIZE_MAX;
}

void reply_database_away(struct request *r)
{
    reply_problem(r, 503, "database-away", "The database does not answer", NULL);
}

void reply_refusal(struct request *r, int status, const char *type, const char *title)
{
    if (!wants_html(r)) {
        reply_problem(r, status, type, title, NULL);
        return;
    }
    struct buf b;
    buf_init(&b, 4096);
    buf_printf(&b,
               "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
               "<meta name=\"viewport\" content=\"width=device-width\"><title>%d</title>"
               "<h1>%d</h1><p>%s</p></html>\n",
               status, status, title);
    assert(!buf_is_overflowed(&b));
    send_reply(r, status, "text/html; charset=utf-8", plain_block, buf_span(&b));
    buf_release(&b);
}

void reply_harden(h2o_req_t *req)
{
    for (size_t i = 0; i != req->res.headers.size; ++i)
        if (req->res.headers.entries[i].name == &block_name)
            return;
    add_header(req, &block_name, plain_block);
    char *id = h2o_mem_alloc_pool(&req->pool, 17);
    request_id_make(id);
    add_header(req, &id_name, h2o_iovec_init(id, 16));
}

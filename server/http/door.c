#include "http/door.h"

#include "base/buf.h"

#include <assert.h>
#include <fcntl.h>
#include <h2o/http1.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>

/* A small window: what a sender is ahead of us lies in the kernel, and then beside the body. */
enum { RECEIVE_BUFFER = 256 * 1024, LENGTH_DIGITS_MAX = 15 };

struct door {
    struct doorhouse *house;
    struct http_connection *connection;
    enum { DOOR_HANDSHAKE = 0, DOOR_HEAD, DOOR_JUDGED, DOOR_PASSED, DOOR_CLOSING } state;
    uint64_t since_ms;
    size_t head_len;
    int64_t body_bytes;
    bool has_coding;
    int verdict;
    uint64_t key;
    void *job;
    h2o_linklist_t body_link; /* linked: its body is under way */
    int linger_fd;            /* -1: nothing more will come */
};

static void on_handshaken(h2o_socket_t *socket, const char *err);
static void on_read(h2o_socket_t *socket, const char *err);

void doorhouse_init(struct doorhouse *house, const struct door_rules *rules,
                    const struct guard_limits *limits, struct world *world,
                    h2o_accept_ctx_t *accept)
{
    *house = (struct doorhouse){.rules = rules, .limits = limits, .world = world, .accept = accept};
    h2o_linklist_init_anchor(&house->bodies);
    lingers_init(&house->lingers, accept->ctx->loop);
}

void doorhouse_look(struct doorhouse *house, uint64_t now_ms)
{
    lingers_look(&house->lingers, now_ms);
}

void doorhouse_release(struct doorhouse *house)
{
    lingers_release(&house->lingers);
}

/* ---- the head ---- */

void door_begin(struct doorhouse *house, struct http_connection *c, uint64_t now_ms)
{
    static const int room = RECEIVE_BUFFER;
    struct door *g = h2o_mem_alloc(sizeof(*g));
    *g = (struct door){.house = house, .connection = c, .since_ms = now_ms, .linger_fd = -1};
    c->door = g;
    c->socket->data = g;
    setsockopt(h2o_socket_get_fd(c->socket), SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
    assert(house->accept->ssl_ctx != NULL);
    h2o_socket_ssl_handshake(c->socket, house->accept->ssl_ctx, NULL, on_handshaken);
}

/* libh2o may say good-bye first: the connection ends a little later. */
static void end(struct door *g)
{
    g->state = DOOR_CLOSING;
    h2o_socket_close(g->connection->socket);
}

static void on_handshaken(h2o_socket_t *socket, const char *err)
{
    struct door *g = socket->data;
    if (err != NULL) {
        end(g);
        return;
    }
    g->state = DOOR_HEAD;
    h2o_socket_read_start(socket, on_read);
    if (socket->input->size != 0)
        on_read(socket, NULL);
}

/* The next line without its line break; the head ends with an empty one. */
static struct span take_line(struct span *rest)
{
    const char *end = memmem(rest->base, rest->len, "\r\n", 2);
    struct span line = span_of(rest->base, (size_t)(end - rest->base));
    *rest = span_from(*rest, line.len + 2);
    return line;
}

static bool is_header(struct span line, const char *name, struct span *value)
{
    size_t len = strlen(name);
    if (line.len <= len || line.base[len] != ':' || strncasecmp(line.base, name, len) != 0)
        return false;
    *value = span_from(line, len + 1);
    while (value->len != 0 && (value->base[0] == ' ' || value->base[0] == '\t'))
        *value = span_from(*value, 1);
    while (value->len != 0 &&
           (value->base[value->len - 1] == ' ' || value->base[value->len - 1] == '\t'))
        --value->len;
    return true;
}

static bool read_length(struct span text, int64_t *bytes)
{
    *bytes = 0;
    if (text.len == 0 || text.len > LENGTH_DIGITS_MAX)
        return false;
    for (size_t i = 0; i != text.len; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return false;
        *bytes = *bytes * 10 + (text.base[i] - '0');
    }
    return true;
}

/* METHOD SP path SP version. */
static bool read_request_line(struct span line, struct door_head *head)
{
    const char *first = memchr(line.base, ' ', line.len), *last = memrchr(line.base, ' ', line.len);
    if (first == NULL || first == line.base || first == last)
        return false;
    head->method = span_of(line.base, (size_t)(first - line.base));
    head->path = span_of(first + 1, (size_t)(last - first - 1));
    const char *query = memchr(head->path.base, '?', head->path.len);
    if (query != NULL)
        head->path.len = (size_t)(query - head->path.base);
    return true;
}

/* libh2o ends a line at a bare LF, too: there must be none, or it would see headers that are not
 * seen here. */
static bool has_strict_lines(struct span text)
{
    for (size_t i = 0; i != text.len; ++i)
        if (text.base[i] == '\n' && (i == 0 || text.base[i - 1] != '\r'))
            return false;
    return text.base[0] != '\r';
}

/* False when it can be read in two ways. */
static bool read_head(struct door *g, struct span text, struct door_head *head)
{
    enum guard_framing framing = guard_framing_of(text);
    struct span line, value;
    if (framing == GUARD_FRAMING_BROKEN || !has_strict_lines(text) ||
        !read_request_line(take_line(&text), head))
        return false;
    g->has_coding = framing == GUARD_FRAMING_CHUNKED;
    while ((line = take_line(&text)).len != 0)
        if (is_header(line, "content-length", &value) && !read_length(value, &g->body_bytes))
            return false;
    head->body_bytes = g->body_bytes;
    return true;
}

static void judge(struct door *g)
{
    struct door_head head = {.body_bytes = 0};
    struct span text = span_of(g->connection->socket->input->bytes, g->head_len);
    g->state = DOOR_JUDGED;
    if (!read_head(g, text, &head))
        door_decide(g, DOOR_BROKEN, 0);
    else if (g->has_coding)
        door_decide(g, DOOR_NO_LENGTH, 0);
    else if ((uint64_t)g->body_bytes > g->house->limits->body_bytes_max)
        door_decide(g, DOOR_LARGE, 0);
    else
        g->house->rules->judge(g, &head);
}

static void on_read(h2o_socket_t *socket, const char *err)
{
    struct door *g = socket->data;
    h2o_buffer_t *input = socket->input;
    size_t room = g->house->limits->head_bytes_max + 4;
    if (err != NULL) {
        end(g);
        return;
    }
    const char *last = memmem(input->bytes, input->size < room ? input->size : room, "\r\n\r\n", 4);
    if (last == NULL && input->size < room)
        return;
    if (last == NULL) {
        end(g);
        return;
    }
    g->head_len = (size_t)(last - input->bytes) + 4;
    h2o_socket_read_stop(socket); /* what comes meanwhile waits in the kernel */
    judge(g);
}

/* ---- the verdict ---- */

static bool has_room(const struct door *g, uint64_t key)
{
    const struct doorhouse *house = g->house;
    if (house->body_count >= house->rules->bodies_max)
        return false;
    for (const h2o_linklist_t *n = house->bodies.next; n != &house->bodies; n = n->next)
        if (H2O_STRUCT_FROM_MEMBER(struct door, body_link, n)->key == key)
            return false;
    return true;
}

/* Its whole room at once: a buffer that grows would be copied, and lie there twice meanwhile. */
static void let_in(struct door *g)
{
    h2o_buffer_t **input = &g->connection->socket->input;
    size_t whole = g->head_len + (size_t)g->body_bytes;
    h2o_linklist_insert(&g->house->bodies, &g->body_link);
    ++g->house->body_count;
    if (whole > (*input)->size)
        h2o_buffer_reserve(input, whole - (*input)->size);
}

/* The head without what announces a body. */
static void add_bare_head(struct buf *kept, struct span head)
{
    struct span line, value;
    do {
        line = take_line(&head);
        if (is_header(line, "content-length", &value) ||
            is_header(line, "transfer-encoding", &value) || is_header(line, "expect", &value))
            continue;
        buf_add(kept, line);
        buf_add_str(kept, "\r\n");
    } while (line.len != 0);
}

/* Nothing of a head that can be read in two ways reaches libh2o. */
static void strip_body(struct door *g)
{
    h2o_buffer_t **input = &g->connection->socket->input;
    struct buf kept;
    buf_init(&kept, g->house->limits->head_bytes_max + 64);
    if (g->verdict == DOOR_BROKEN)
        buf_add_str(&kept, "GET / HTTP/1.1\r\nhost: broken\r\n\r\n");
    else
        add_bare_head(&kept, span_of((*input)->bytes, g->head_len));
    assert(!buf_is_overflowed(&kept));
    h2o_buffer_consume(input, (*input)->size);
    size_t len = buf_span(&kept).len;
    memcpy(h2o_buffer_reserve(input, len).base, buf_span(&kept).base, len);
    (*input)->size = len;
    buf_release(&kept);
    if ((g->body_bytes != 0 || g->has_coding) && lingers_have_room(&g->house->lingers))
        g->linger_fd = fcntl(h2o_socket_get_fd(g->connection->socket), F_DUPFD_CLOEXEC, 0);
}

void door_decide(struct door *g, int verdict, uint64_t key)
{
    assert(g->state == DOOR_JUDGED);
    g->state = DOOR_PASSED;
    g->key = key;
    g->verdict =
        verdict == DOOR_OPEN && g->body_bytes != 0 && !has_room(g, key) ? DOOR_BUSY : verdict;
    if (g->verdict != DOOR_OPEN)
        strip_body(g);
    else if (g->body_bytes != 0)
        let_in(g);
    h2o_accept_ctx_t *accept = g->house->accept;
    struct timeval now = *h2o_get_timestamp(accept->ctx, NULL, NULL);
    h2o_http1_accept(accept, g->connection->socket, now);
}

struct world *door_world(const struct door *g)
{
    return g->house->world;
}

void door_set_job(struct door *g, void *job)
{
    g->job = job;
}

void *door_job(const struct door *g)
{
    return g->job;
}

int door_verdict_of(const struct door *g)
{
    return g->verdict;
}

/* ---- the end ---- */

bool door_is_before(const struct door *g)
{
    return g->state < DOOR_PASSED;
}

bool door_is_late(const struct door *g, uint64_t now_ms)
{
    return (g->state == DOOR_HANDSHAKE || g->state == DOOR_HEAD) &&
           now_ms >= g->since_ms + (uint64_t)g->house->limits->handshake_timeout_ms;
}

void door_close(struct door *g)
{
    assert(door_is_before(g));
    end(g);
}

void door_free(struct door *g, uint64_t now_ms)
{
    if (g->job != NULL)
        g->house->rules->release(g->job);
    if (h2o_linklist_is_linked(&g->body_link)) {
        h2o_linklist_unlink(&g->body_link);
        --g->house->body_count;
    }
    if (g->linger_fd >= 0)
        lingers_add(&g->house->lingers, g->linger_fd,
                    now_ms + (uint64_t)g->house->limits->request_timeout_ms);
    free(g);
}

#include "push/conn.h"

#include "io/timer.h"
#include "push/resolve.h"

#include <assert.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

/* name -> addresses -> TCP to one of them, to the next when that fails or hangs -> TLS -> open ->
 * lost. A connection that broke under a write is still read to its end: what the service said
 * before lies in the kernel, and is the difference between answered and unknown. */

enum { ADDRESSES_MAX = 8, ADDRESS_PATIENCE_MS = 2500, BREAKING_MS = 1000 };

struct address {
    struct sockaddr_storage storage;
    socklen_t len;
};

struct conn {
    struct conn_settings settings;
    struct conn_events events;
    void *owner;
    struct resolve *resolve;
    h2o_socket_t *socket;
    struct timer timer; /* starts the work, then watches each address; last, the breaking */
    struct address addresses[ADDRESSES_MAX];
    size_t address_count, address_at;
    bool is_open, is_breaking, is_lost;
    struct err err;
};

static void try_address(struct conn *);

static void progress(struct conn *conn, const char *before, const char *text, const char *after)
{
    char line[256];
    if (conn->events.on_progress == NULL)
        return;
    snprintf(line, sizeof(line), "%s%s%s", before, text, after);
    conn->events.on_progress(conn->owner, line);
}

/* libh2o's words are few; OpenSSL's own say which alert the service sent. */
static void set_lost(struct conn *conn, const char *doing, const char *failed)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
    ERR_clear_error();
    err_set(&conn->err, ERR_PROVIDER, "%s %s: %s%s%s", doing, conn->settings.name, failed,
            reason == NULL ? "" : ", ", reason == NULL ? "" : reason);
}

static void lose(struct conn *conn)
{
    timer_stop(&conn->timer);
    if (conn->is_lost)
        return;
    conn->is_lost = true;
    if (conn->socket != NULL)
        h2o_socket_read_stop(conn->socket);
    struct err err = conn->err;
    conn->events.on_lost(conn->owner, &err);
}

/* ---- open ---- */

static void on_broken(void *owner)
{
    lose(owner);
}

/* Lost when it has been read to its end, or soon. */
static void start_breaking(struct conn *conn, uint32_t patience_ms)
{
    conn->is_breaking = true;
    timer_stop(&conn->timer);
    timer_init(&conn->timer, conn->settings.loop, "push broken", on_broken, conn);
    timer_start(&conn->timer, patience_ms);
}

static void on_read(h2o_socket_t *socket, const char *failed)
{
    struct conn *conn = socket->data;
    struct span bytes = span_of(socket->input->bytes, socket->input->size);
    if (failed != NULL && !conn->is_breaking)
        set_lost(conn, "lost the connection to", failed);
    if (failed != NULL && bytes.len == 0) {
        lose(conn);
        return;
    }
    if (failed != NULL) {
        h2o_socket_read_stop(socket);
        start_breaking(conn, 0);
    }
    if (bytes.len == 0)
        return;
    /* The owner may close us in there; what it was lent stays until the socket is freed, later. */
    h2o_buffer_t *input = socket->input;
    h2o_buffer_init(&socket->input, &h2o_socket_buffer_prototype);
    conn->events.on_bytes(conn->owner, bytes);
    h2o_buffer_dispose(&input);
}

static void on_written(h2o_socket_t *socket, const char *failed)
{
    struct conn *conn = socket->data;
    if (failed == NULL) {
        conn->events.on_written(conn->owner);
        return;
    }
    if (conn->is_lost || conn->is_breaking)
        return;
    set_lost(conn, "lost the connection, writing to", failed);
    start_breaking(conn, BREAKING_MS);
}

static void on_early_bytes(void *owner)
{
    struct conn *conn = owner;
    on_read(conn->socket, NULL);
}

void conn_write(struct conn *conn, struct span bytes)
{
    assert(conn->is_open && !conn->is_breaking && !conn_is_writing(conn));
    h2o_iovec_t vector = h2o_iovec_init(bytes.base, bytes.len);
    h2o_socket_write(conn->socket, &vector, 1, on_written);
}

bool conn_is_writing(const struct conn *conn)
{
    return conn->socket != NULL && h2o_socket_is_writing(conn->socket);
}

bool conn_is_breaking(const struct conn *conn)
{
    return conn->is_breaking;
}

/* ---- opening ---- */

static void set_options(struct conn *conn)
{
    int fd = h2o_socket_get_fd(conn->socket), on = 1,
        patience = (int)conn->settings.user_timeout_ms;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof(patience));
}

static void on_handshake_done(h2o_socket_t *socket, const char *failed)
{
    struct conn *conn = socket->data;
    timer_stop(&conn->timer);
    if (failed != NULL) {
        set_lost(conn, "no TLS with", failed);
        lose(conn);
        return;
    }
    h2o_iovec_t protocol = h2o_socket_ssl_get_selected_protocol(socket);
    if (!span_is(span_of(protocol.base, protocol.len), SPAN_LIT("h2"))) {
        err_set(&conn->err, ERR_PROVIDER, "%s did not select HTTP/2 (ALPN h2)",
                conn->settings.name);
        lose(conn);
        return;
    }
    progress(conn, "* ", h2o_socket_get_ssl_protocol_version(socket), ", h2");
    conn->is_open = true;
    /* 16 kB records from the first: the library would begin with small ones, for pages. */
    socket->_latency_optimization.state = H2O_SOCKET_LATENCY_OPTIMIZATION_STATE_NEEDS_UPDATE;
    socket->_latency_optimization.suggested_tls_payload_size = 16384;
    h2o_socket_read_start(socket, on_read);
    if (socket->input->size > 0) { /* came with the last packet of the handshake */
        timer_init(&conn->timer, conn->settings.loop, "push bytes", on_early_bytes, conn);
        timer_start(&conn->timer, 0);
    }
    conn->events.on_open(conn->owner);
}

static void on_connected(h2o_socket_t *socket, const char *failed)
{
    struct conn *conn = socket->data;
    timer_stop(&conn->timer);
    if (failed != NULL) {
        err_set(&conn->err, ERR_PROVIDER, "no connection to %s port %u: %s", conn->settings.host,
                conn->settings.port, failed);
        h2o_socket_close(socket);
        conn->socket = NULL;
        try_address(conn);
        return;
    }
    set_options(conn);
    h2o_socket_ssl_handshake(socket, conn->settings.tls, conn->settings.name, on_handshake_done);
}

static void on_address_hangs(void *owner)
{
    struct conn *conn = owner;
    err_set(&conn->err, ERR_PROVIDER, "no connection to %s port %u: no answer", conn->settings.host,
            conn->settings.port);
    h2o_socket_close(conn->socket);
    conn->socket = NULL;
    try_address(conn);
}

static void try_address(struct conn *conn)
{
    while (conn->address_at < conn->address_count) {
        size_t at = (conn->settings.turn + conn->address_at++) % conn->address_count;
        struct address *address = &conn->addresses[at];
        char text[NI_MAXHOST];
        size_t len =
            h2o_socket_getnumerichost((struct sockaddr *)&address->storage, address->len, text);
        if (len != SIZE_MAX)
            progress(conn, "* connecting to ", text, "");
        conn->socket = h2o_socket_connect(conn->settings.loop, (struct sockaddr *)&address->storage,
                                          address->len, on_connected);
        if (conn->socket == NULL) {
            err_system(&conn->err, "connecting");
            continue;
        }
        conn->socket->data = conn;
        timer_init(&conn->timer, conn->settings.loop, "push address", on_address_hangs, conn);
        timer_start(&conn->timer, ADDRESS_PATIENCE_MS);
        return;
    }
    lose(conn);
}

static void on_resolved(void *owner, const struct addrinfo *addresses, const struct err *err)
{
    struct conn *conn = owner;
    conn->resolve = NULL;
    conn->err = *err;
    for (; addresses != NULL && conn->address_count < ADDRESSES_MAX;
         addresses = addresses->ai_next) {
        struct address *address = &conn->addresses[conn->address_count++];
        memcpy(&address->storage, addresses->ai_addr, addresses->ai_addrlen);
        address->len = addresses->ai_addrlen;
    }
    try_address(conn);
}

static void on_begin(void *owner)
{
    struct conn *conn = owner;
    if (resolve_begin(conn->settings.loop, conn->settings.host, conn->settings.port, on_resolved,
                      conn, &conn->resolve, &conn->err) != 0)
        lose(conn);
}

struct conn *conn_open(const struct conn_settings *settings, const struct conn_events *events,
                       void *owner)
{
    struct conn *conn = calloc(1, sizeof(*conn));
    if (conn == NULL)
        abort();
    conn->settings = *settings;
    conn->events = *events;
    conn->owner = owner;
    timer_init(&conn->timer, settings->loop, "push connection", on_begin, conn);
    timer_start(&conn->timer, 0);
    return conn;
}

void conn_close(struct conn *conn)
{
    timer_stop(&conn->timer);
    if (conn->resolve != NULL)
        resolve_cancel(conn->resolve);
    if (conn->socket != NULL)
        h2o_socket_close(conn->socket);
    free(conn);
}

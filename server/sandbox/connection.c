/* accepted -> TLS -> [HTTP/1.1: handed on] -> bytes in, frames out -> over, lost or silent: closed.
 *
 * Everything that may close it runs from the loop with nothing of the session on the stack: the
 * last act of a read, of a write, of a timer. */
#include "sandbox/connection.h"

#include "io/timer.h"

#include <stdlib.h>

enum { HANDSHAKE_MS = 10000, BUSY_MS = 60000, IDLE_MS = 3600 * 1000, WRITE_ROOM = 64 * 1024 };

struct connection {
    struct connection_settings settings;
    h2o_socket_t *socket;
    struct h2_server *session; /* null before TLS stands */
    struct timer patience, flush;
};

static void close_now(struct connection *connection)
{
    timer_stop(&connection->patience);
    timer_stop(&connection->flush);
    if (connection->session != NULL)
        h2_server_free(connection->session);
    h2o_socket_close(connection->socket);
    void (*on_closed)(void *) = connection->settings.on_closed;
    void *owner = connection->settings.owner;
    free(connection);
    on_closed(owner);
}

static void be_patient(struct connection *connection)
{
    bool is_busy = h2_server_open_count(connection->session) > 0;
    timer_start(&connection->patience, is_busy ? BUSY_MS : IDLE_MS);
}

static void flush(struct connection *connection);

static void on_written(h2o_socket_t *socket, const char *failed)
{
    struct connection *connection = socket->data;
    if (failed != NULL)
        close_now(connection);
    else
        flush(connection);
}

/* Its last act may be to close. */
static void flush(struct connection *connection)
{
    static uint8_t room[WRITE_ROOM]; /* h2o_socket_write encrypts before it returns */
    if (h2o_socket_is_writing(connection->socket))
        return;
    size_t len = h2_server_pull(connection->session, room, sizeof(room));
    if (len > 0) {
        h2o_iovec_t vector = h2o_iovec_init(room, len);
        h2o_socket_write(connection->socket, &vector, 1, on_written);
    } else if (h2_server_is_over(connection->session)) {
        close_now(connection);
    }
}

static void on_flush_due(void *owner)
{
    struct connection *connection = owner;
    if (connection->session != NULL)
        flush(connection);
}

static void on_patience_ended(void *owner)
{
    close_now(owner);
}

static void on_read(h2o_socket_t *socket, const char *failed)
{
    struct connection *connection = socket->data;
    struct err err;
    if (failed != NULL) {
        close_now(connection);
        return;
    }
    struct span bytes = span_of(socket->input->bytes, socket->input->size);
    int rc = h2_server_feed(connection->session, bytes, &err);
    h2o_buffer_consume(&socket->input, bytes.len);
    if (rc != 0) {
        close_now(connection);
        return;
    }
    be_patient(connection);
    flush(connection);
}

static void hand_on(struct connection *connection)
{
    h2o_socket_t *socket = connection->socket;
    const struct connection_settings settings = connection->settings;
    timer_stop(&connection->patience);
    timer_stop(&connection->flush);
    free(connection);
    settings.on_http1(settings.owner, socket);
}

static void on_handshake_done(h2o_socket_t *socket, const char *failed)
{
    struct connection *connection = socket->data;
    if (failed != NULL) {
        close_now(connection);
        return;
    }
    h2o_iovec_t protocol = h2o_socket_ssl_get_selected_protocol(socket);
    struct span chosen = span_of(protocol.base, protocol.len);
    const struct connection_settings *settings = &connection->settings;
    if (!span_is_str(chosen, "h2")) { /* or the client offered nothing at all */
        if (settings->on_http1 != NULL)
            hand_on(connection);
        else
            close_now(connection);
        return;
    }
    connection->session = h2_server_new(settings->streams_max, &settings->events, settings->owner);
    be_patient(connection);
    h2o_socket_read_start(socket, on_read);
    if (socket->input->size > 0) /* came with the last packet of the handshake */
        on_read(socket, NULL);
    else
        flush(connection);
}

struct connection *connection_new(h2o_socket_t *socket, const struct connection_settings *settings)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    if (connection == NULL)
        abort();
    connection->settings = *settings;
    connection->socket = socket;
    socket->data = connection;
    timer_init(&connection->patience, settings->loop, "sandbox patience", on_patience_ended,
               connection);
    timer_init(&connection->flush, settings->loop, "sandbox flush", on_flush_due, connection);
    timer_start(&connection->patience, HANDSHAKE_MS);
    h2o_socket_ssl_handshake(socket, settings->tls, NULL, on_handshake_done);
    return connection;
}

struct h2_server *connection_session(struct connection *connection)
{
    return connection->session;
}

void connection_kick(struct connection *connection)
{
    if (!timer_is_running(&connection->flush))
        timer_start(&connection->flush, 0);
}

#include "http/connection.h"

#include <assert.h>

static void on_read_meanwhile(h2o_socket_t *socket, const char *error)
{
    (void)error; /* libh2o meets it when it reads again */
    h2o_socket_read_stop(socket);
}

void connection_watch(struct http_connection *c)
{
    assert(c->head == NULL && c->behind == NULL);
    c->head = c->socket->input;
    h2o_buffer_init(&c->socket->input, &h2o_socket_buffer_prototype);
    h2o_socket_read_start(c->socket, on_read_meanwhile);
}

void connection_unwatch(struct http_connection *c)
{
    if (c->head == NULL)
        return;
    h2o_socket_read_stop(c->socket);
    c->behind = c->socket->input;
    c->socket->input = c->head;
    c->head = NULL;
}

void connection_rejoin(struct http_connection *c)
{
    connection_unwatch(c);
    if (c->behind == NULL)
        return;
    size_t len = c->behind->size;
    if (len != 0) {
        memcpy(h2o_buffer_reserve(&c->socket->input, len).base, c->behind->bytes, len);
        c->socket->input->size += len;
    }
    h2o_buffer_dispose(&c->behind);
    c->behind = NULL;
}

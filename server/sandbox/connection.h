/* One client of a sandbox service on the loop: TLS, and behind it an HTTP/2 session. It ends by
 * itself: when the client goes, says nothing for too long, or the session is over. */
#ifndef DUNLIN_SANDBOX_CONNECTION_H
#define DUNLIN_SANDBOX_CONNECTION_H

#include "sandbox/h2_server.h"

#include <h2o.h>
#include <openssl/ssl.h>

struct connection;

struct connection_settings {
    h2o_loop_t *loop;
    SSL_CTX *tls; /* borrowed */
    uint32_t streams_max;
    struct h2_server_events events; /* their owner is what `owner` says */
    void *owner;
    /* The client speaks HTTP/1.1: the socket is the callee's, the connection is gone. Null: such
     * clients are not wanted. */
    void (*on_http1)(void *owner, h2o_socket_t *);
    /* After on_gone of its requests; the connection is freed. Not after on_http1. */
    void (*on_closed)(void *owner);
};

/* Takes the accepted socket. Events come later. */
struct connection *connection_new(h2o_socket_t *, const struct connection_settings *);
struct h2_server *connection_session(struct connection *);
/* The session has something to say: it is said at the end of the loop's turn. */
void connection_kick(struct connection *);

#endif

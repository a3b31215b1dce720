/* One TLS connection on the h2o loop: name, TCP, handshake, ALPN; then bytes both ways. Knows
 * nothing of HTTP/2. Its owner sets the time limit for the whole of connecting, and closes. */
#ifndef DUNLIN_PUSH_CONN_H
#define DUNLIN_PUSH_CONN_H

#include "base/err.h"
#include "base/span.h"

#include <h2o.h>
#include <openssl/ssl.h>

struct conn_settings {
    h2o_loop_t *loop;
    SSL_CTX *tls;     /* of push_tls_new; borrowed */
    const char *name; /* for SNI */
    const char *host; /* a name or an address to connect to */
    uint16_t port;
    uint32_t turn; /* of the host's addresses, begin with this one (modulo their count) */
    uint32_t user_timeout_ms; /* TCP_USER_TIMEOUT: unacknowledged bytes for so long end it */
};

struct conn_events {
    /* TLS stands and h2 was selected. */
    void (*on_open)(void *owner);
    void (*on_bytes)(void *owner, struct span bytes);
    /* What was written has gone to the kernel: write again. */
    void (*on_written)(void *owner);
    /* Cannot be opened, or was lost; the conn is the owner's to close. Nothing follows. */
    void (*on_lost)(void *owner, const struct err *err);
    void (*on_progress)(void *owner, const char *text); /* for traces; may be null */
};

struct conn;

/* Events come later, from the loop. */
struct conn *conn_open(const struct conn_settings *, const struct conn_events *, void *owner);
/* Copies. Only between on_open and on_lost, and not while writing or breaking. */
void conn_write(struct conn *, struct span bytes);
bool conn_is_writing(const struct conn *);
/* A write has failed: no other can succeed, but what was said to us before is still read, and
 * on_lost follows within a second. */
bool conn_is_breaking(const struct conn *);
/* No event follows. May be called from its events, as their last act. */
void conn_close(struct conn *);

#endif

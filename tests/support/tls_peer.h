/* The other end of a TLS connection, for unit tests on a loop: listens on 127.0.0.1 with a
 * certificate of its own making, takes one connection, and does what the test says, when it says
 * so. Nothing in here waits. */
#ifndef DUNLIN_TEST_TLS_PEER_H
#define DUNLIN_TEST_TLS_PEER_H

#include "base/span.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

struct tls_peer {
    uint16_t port;
    char ca_file[64]; /* PEM, to trust it by */
    SSL_CTX *tls;     /* to set it up otherwise before it is connected to */
    SSL *ssl_;
    const char *alpn_;
    int listener_, fd_;
    bool is_open_;
};

/* `name` stands in the certificate; `alpn` is what it selects, null: nothing. */
void tls_peer_start(struct tls_peer *, const char *name, const char *alpn);
void tls_peer_stop(struct tls_peer *);
/* Accepts and shakes hands as far as that goes now. True once the connection stands. */
bool tls_peer_step(struct tls_peer *);
void tls_peer_write(struct tls_peer *, struct span bytes);
/* Reads what is there; returns how many octets. */
size_t tls_peer_read(struct tls_peer *, char *out, size_t room);
/* FIN, or RST in its place. Both reach the client's kernel before this returns. */
void tls_peer_cut(struct tls_peer *, bool is_reset);

#endif

/* The TLS side of a listener: certificate and key files read again when they change, and session
 * tickets that every process of the installation can open, also after a restart. */
#ifndef DUNLIN_HTTP_TLS_H
#define DUNLIN_HTTP_TLS_H

#include "base/err.h"
#include "base/span.h"

#include <openssl/ssl.h>

enum { TLS_TICKET_SECRET_LEN = 32 };

struct tls_options {
    const char *name; /* of the listener: separates its sessions from other listeners'; kept */
    const char *certificate_file, *key_file; /* PEM, chain with the leaf first; kept */
    uint8_t ticket_secret[TLS_TICKET_SECRET_LEN];
};

struct tls;

/* Null and err when the files cannot be used. */
struct tls *tls_new(const struct tls_options *, struct err *);
void tls_free(struct tls *);
/* Who asks for this host name (SNI) gets this certificate instead. One host; before the first
 * handshake. The texts are kept. The files are read again with the first ones. */
MUST_CHECK int tls_add_host(struct tls *, const char *host, const char *certificate_file,
                            const char *key_file, struct err *);
/* For connections that come from now on: valid for a minute after the next reload, and for longer
 * in those whose handshake has begun. */
SSL_CTX *tls_context(const struct tls *);
/* Reads the files again. On failure the old certificate stays. */
MUST_CHECK int tls_reload(struct tls *, struct err *);
/* Reloads when a file has another time or size than when it was last tried. */
void tls_reload_if_changed(struct tls *);

/* Reads the secret that ticket keys are derived from, or makes the file (0600) when there is none.
 * Ticket keys change every TLS_TICKET_HOURS; the last two are still accepted. */
enum { TLS_TICKET_HOURS = 12 };
MUST_CHECK int tls_ticket_secret(const char *file, uint8_t out[TLS_TICKET_SECRET_LEN],
                                 struct err *);

#endif

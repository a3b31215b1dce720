/* What a connection to a push service needs of TLS: 1.2 or newer, ALPN h2, the chain and the host's
 * name verified, a client certificate where that is the credential. */
#ifndef DUNLIN_PUSH_TLS_H
#define DUNLIN_PUSH_TLS_H

#include "base/err.h"
#include "base/span.h"

#include <openssl/ssl.h>

struct push_tls_settings {
    const char *name;                   /* the server's, as its certificate must have it */
    const char *ca_file;                /* null: the system's store */
    struct span cert_pem, cert_key_pem; /* empty: no client certificate */
};

/* Null and ERR_SETTINGS, in a sentence. The caller gives it back with SSL_CTX_free. */
SSL_CTX *push_tls_new(const struct push_tls_settings *, struct err *);

/* ERR_SETTINGS, in a sentence, unless the key belongs to the first certificate. */
MUST_CHECK int push_tls_check_pair(struct span cert_pem, struct span cert_key_pem, struct err *);

#endif

/* The TLS side of a sandbox service: 1.2 or newer, its certificate, and the application protocol
 * chosen by the server: h2, or HTTP/1.1 where that is allowed and h2 is not offered. Who offers
 * neither gets no connection (RFC 7301 3.2). */
#ifndef DUNLIN_SANDBOX_SERVER_TLS_H
#define DUNLIN_SANDBOX_SERVER_TLS_H

#include "base/err.h"

#include <openssl/ssl.h>
#include <stdbool.h>

/* PEM files, the leaf first. Null and ERR_SETTINGS; given back with SSL_CTX_free. */
SSL_CTX *server_tls_new(const char *certificate_file, const char *key_file, bool allows_http1,
                        struct err *);

#endif

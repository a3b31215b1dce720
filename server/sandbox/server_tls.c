#include "sandbox/server_tls.h"

#include <openssl/err.h>

static const unsigned char only_h2[] = "\x02h2";
static const unsigned char h2_or_http1[] = "\x02h2\x08http/1.1";

static int on_protocols_offered(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_len,
                                const unsigned char *offered, unsigned int offered_len, void *ours)
{
    (void)ssl;
    unsigned char *found = NULL;
    unsigned int ours_len = ours == only_h2 ? sizeof(only_h2) - 1 : sizeof(h2_or_http1) - 1;
    int how = SSL_select_next_proto(&found, chosen_len, ours, ours_len, offered, offered_len);
    *chosen = found;
    return how == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

SSL_CTX *server_tls_new(const char *certificate_file, const char *key_file, bool allows_http1,
                        struct err *err)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    if (tls == NULL || SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1)
        abort();
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(tls, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_alpn_select_cb(tls, on_protocols_offered,
                               (void *)(allows_http1 ? h2_or_http1 : only_h2));
    bool is_good = SSL_CTX_use_certificate_chain_file(tls, certificate_file) == 1 &&
                   SSL_CTX_use_PrivateKey_file(tls, key_file, SSL_FILETYPE_PEM) == 1 &&
                   SSL_CTX_check_private_key(tls) == 1;
    ERR_clear_error();
    if (is_good)
        return tls;
    SSL_CTX_free(tls);
    err_set(err, ERR_SETTINGS, "%s and its key cannot be used", certificate_file);
    return NULL;
}

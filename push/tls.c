#include "push/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* The name is checked by OpenSSL inside the handshake. libh2o's own check cannot be leant on: with
 * TLS 1.3 the client's last flight is still to be written when the handshake is done, and
 * h2o_socket_ssl_handshake then reports success without having looked at the name. */
static void verify_name(SSL_CTX *tls, const char *name)
{
    X509_VERIFY_PARAM *verify = SSL_CTX_get0_param(tls);
    X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_host(verify, name, 0) != 1)
        abort();
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
}

static int no_passphrase(char *out, int room, int is_writing, void *user)
{
    (void)out, (void)room, (void)is_writing, (void)user;
    return -1;
}

static int use_chain(SSL_CTX *tls, struct span pem, struct err *err)
{
    BIO *bio = BIO_new_mem_buf(pem.base, (int)pem.len);
    X509 *cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
    int used = cert != NULL && SSL_CTX_use_certificate(tls, cert) == 1;
    X509_free(cert);
    while (used && (cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL)
        used = SSL_CTX_add0_chain_cert(tls, cert) == 1;
    BIO_free(bio);
    ERR_clear_error();
    return used ? 0 : err_set(err, ERR_SETTINGS, "the client certificate cannot be read");
}

static int use_key(SSL_CTX *tls, struct span pem, struct err *err)
{
    BIO *bio = BIO_new_mem_buf(pem.base, (int)pem.len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    bool is_read = key != NULL;
    bool is_used =
        is_read && SSL_CTX_use_PrivateKey(tls, key) == 1 && SSL_CTX_check_private_key(tls) == 1;
    EVP_PKEY_free(key);
    ERR_clear_error();
    if (!is_read)
        return err_set(err, ERR_SETTINGS, "the client certificate's key cannot be read");
    if (!is_used)
        return err_set(err, ERR_SETTINGS,
                       "the client certificate and its key do not belong together");
    return 0;
}

static int configure(SSL_CTX *tls, const struct push_tls_settings *settings, struct err *err)
{
    static const unsigned char h2[] = {2, 'h', '2'};
    if (SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_alpn_protos(tls, h2, sizeof(h2)) != 0)
        abort();
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    verify_name(tls, settings->name);
    int is_loaded = settings->ca_file == NULL
                        ? SSL_CTX_set_default_verify_paths(tls)
                        : SSL_CTX_load_verify_locations(tls, settings->ca_file, NULL);
    ERR_clear_error();
    if (is_loaded != 1)
        return err_set(err, ERR_SETTINGS, "the CA file cannot be read: %s",
                       settings->ca_file == NULL ? "the system's" : settings->ca_file);
    if (settings->cert_pem.len == 0)
        return 0;
    int failed = use_chain(tls, settings->cert_pem, err);
    return failed != 0 ? failed : use_key(tls, settings->cert_key_pem, err);
}

SSL_CTX *push_tls_new(const struct push_tls_settings *settings, struct err *err)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (tls == NULL)
        abort();
    if (configure(tls, settings, err) == 0)
        return tls;
    SSL_CTX_free(tls);
    return NULL;
}

int push_tls_check_pair(struct span cert_pem, struct span cert_key_pem, struct err *err)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (tls == NULL)
        abort();
    int failed = use_chain(tls, cert_pem, err);
    if (failed == 0)
        failed = use_key(tls, cert_key_pem, err);
    SSL_CTX_free(tls);
    return failed;
}

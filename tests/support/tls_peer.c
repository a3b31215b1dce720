#include "support/tls_peer.h"

#include <assert.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static X509 *make_certificate(EVP_PKEY *key, const char *name)
{
    char alternative[128];
    X509 *cert = X509_new();
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME *subject = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(cert, subject);
    snprintf(alternative, sizeof(alternative), "DNS:%s", name);
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alternative);
    X509_add_ext(cert, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(cert, key, EVP_sha256());
    return cert;
}

static void write_ca(struct tls_peer *peer, X509 *cert)
{
    snprintf(peer->ca_file, sizeof(peer->ca_file), "/tmp/dunlin-peer-XXXXXX");
    FILE *file = fdopen(mkstemp(peer->ca_file), "w");
    assert(file != NULL);
    PEM_write_X509(file, cert);
    fclose(file);
}

static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *offered, unsigned offered_len, void *owner)
{
    (void)ssl;
    const struct tls_peer *peer = owner;
    size_t len = peer->alpn_ == NULL ? 0 : strlen(peer->alpn_);
    for (unsigned at = 0; len > 0 && at < offered_len; at += offered[at] + 1U)
        if (offered[at] == len && memcmp(offered + at + 1, peer->alpn_, len) == 0) {
            *out = offered + at + 1;
            *out_len = (unsigned char)len;
            return SSL_TLSEXT_ERR_OK;
        }
    return SSL_TLSEXT_ERR_NOACK;
}

static void start_listening(struct tls_peer *peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    peer->listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(peer->listener_, (struct sockaddr *)&address, len) != 0 ||
        listen(peer->listener_, 16) != 0 ||
        getsockname(peer->listener_, (struct sockaddr *)&address, &len) != 0)
        abort();
    peer->port = ntohs(address.sin_port);
}

void tls_peer_start(struct tls_peer *peer, const char *name, const char *alpn)
{
    *peer = (struct tls_peer){.alpn_ = alpn, .fd_ = -1};
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = make_certificate(key, name);
    peer->tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(peer->tls, cert);
    SSL_CTX_use_PrivateKey(peer->tls, key);
    SSL_CTX_set_alpn_select_cb(peer->tls, select_protocol, peer);
    write_ca(peer, cert);
    X509_free(cert);
    EVP_PKEY_free(key);
    start_listening(peer);
}

void tls_peer_stop(struct tls_peer *peer)
{
    tls_peer_cut(peer, false);
    close(peer->listener_);
    SSL_CTX_free(peer->tls);
    unlink(peer->ca_file);
}

bool tls_peer_step(struct tls_peer *peer)
{
    if (peer->is_open_)
        return true;
    if (peer->fd_ < 0) {
        peer->fd_ = accept4(peer->listener_, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (peer->fd_ < 0)
            return false;
        const int on = 1; /* what is written is on its way, whatever is not acknowledged yet */
        setsockopt(peer->fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        peer->ssl_ = SSL_new(peer->tls);
        SSL_set_fd(peer->ssl_, peer->fd_);
    }
    peer->is_open_ = SSL_accept(peer->ssl_) == 1;
    return peer->is_open_;
}

void tls_peer_write(struct tls_peer *peer, struct span bytes)
{
    int written = SSL_write(peer->ssl_, bytes.base, (int)bytes.len);
    assert(written == (int)bytes.len);
}

size_t tls_peer_read(struct tls_peer *peer, char *out, size_t room)
{
    int got = SSL_read(peer->ssl_, out, (int)room);
    return got > 0 ? (size_t)got : 0;
}

void tls_peer_cut(struct tls_peer *peer, bool is_reset)
{
    if (peer->fd_ < 0)
        return;
    const struct linger rudely = {.l_onoff = 1};
    if (is_reset)
        setsockopt(peer->fd_, SOL_SOCKET, SO_LINGER, &rudely, sizeof(rudely));
    close(peer->fd_);
    SSL_free(peer->ssl_);
    peer->fd_ = -1;
    peer->is_open_ = false;
}

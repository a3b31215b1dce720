/* Ticket keys are not stored: key number n (twelve hours each) is derived from one secret, so all
 * processes agree without talking, and a restart changes nothing. A ticket's first 16 bytes name
 * its key. Tickets of TLS 1.3 still make a fresh key exchange, so the secret opens no recorded
 * traffic; those of TLS 1.2 do not, which is why keys change and sessions last one key's time. */
#include "http/tls.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <h2o.h>

/* libh2o keeps the context of a connection by pointer until its first byte has come, which
 * guard_limits gives it ten seconds for; only then OpenSSL holds on to it. */
enum { RETIRED_SECONDS = 60 };

enum { TICKET_NAME_LEN = 16, TICKET_SECONDS = TLS_TICKET_HOURS * 3600, TICKET_EPOCHS_KEPT = 2 };

struct file_stamp {
    struct timespec changed_at;
    ino_t inode;
    off_t size;
};

/* A context that was replaced. */
struct retired {
    SSL_CTX *context;
    struct mono at;
    struct retired *next;
};

struct tls {
    struct tls_options options;
    SSL_CTX *context;
    struct retired *retired; /* the newest first */
    struct file_stamp certificate_stamp, key_stamp;
    /* The certificate of another host name. It has our name and secret, so tickets are good in
     * both. Null: there is none. */
    struct tls *other;
    const char *other_host;
};

struct ticket_key {
    uint8_t name[TICKET_NAME_LEN];
    uint8_t aes[SHA256_LEN], mac[SHA256_LEN];
};

static const h2o_iovec_t only_http1[] = {{H2O_STRLIT("http/1.1")}, {NULL, 0}};

static void derive(const struct tls *t, const char *what, int64_t epoch, uint8_t out[SHA256_LEN])
{
    char text[120];
    int len = snprintf(text, sizeof(text), "dunlin ticket %s %s %lld", what, t->options.name,
                       (long long)epoch);
    struct span secret =
        span_of((const char *)t->options.ticket_secret, sizeof(t->options.ticket_secret));
    hmac_sha256(secret, span_of(text, (size_t)len), out);
}

static void ticket_key_make(const struct tls *t, int64_t epoch, struct ticket_key *key)
{
    uint8_t name[SHA256_LEN];
    derive(t, "name", epoch, name);
    memcpy(key->name, name, sizeof(key->name));
    derive(t, "aes", epoch, key->aes);
    derive(t, "mac", epoch, key->mac);
}

/* The epoch whose key has this name, or -1. */
static int64_t epoch_of_name(const struct tls *t, int64_t now, const uint8_t *name)
{
    for (int64_t epoch = now; epoch >= now - TICKET_EPOCHS_KEPT; --epoch) {
        uint8_t expected[SHA256_LEN];
        derive(t, "name", epoch, expected);
        if (bytes_equal(expected, name, TICKET_NAME_LEN))
            return epoch;
    }
    return -1;
}

static int ticket_set_mac(EVP_MAC_CTX *mac, struct ticket_key *key)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac, sizeof(key->mac)),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, params);
}

static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int is_new)
{
    const struct tls *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    int64_t now = instant_seconds(clock_wall()) / TICKET_SECONDS;
    int64_t epoch = is_new ? now : epoch_of_name(t, now, name);
    if (epoch < 0)
        return 0; /* a full handshake */
    struct ticket_key key;
    ticket_key_make(t, epoch, &key);
    int ok;
    if (is_new) {
        random_bytes(iv, EVP_MAX_IV_LENGTH);
        memcpy(name, key.name, sizeof(key.name));
        ok = EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.aes, iv);
    } else {
        ok = EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.aes, iv);
    }
    ok = ok && ticket_set_mac(mac, &key);
    secret_wipe(&key, sizeof(key));
    if (!ok)
        return -1;
    return epoch == now ? 1 : 2; /* 2: good, but hand out a new one */
}

/* Why OpenSSL did not take a file, by what it complained of first: a file that is not there is told
 * as such, one without the right block in it in our words. */
static const char *certificate_reason(unsigned long code)
{
    const char *reason = ERR_reason_error_string(code);
    if (ERR_SYSTEM_ERROR(code))
        return strerror(ERR_GET_REASON(code));
    if (ERR_GET_LIB(code) == ERR_LIB_PEM || reason == NULL)
        return "it holds no PEM certificate";
    return reason;
}

static const char *key_reason(unsigned long code)
{
    if (ERR_SYSTEM_ERROR(code))
        return strerror(ERR_GET_REASON(code));
    if (ERR_GET_LIB(code) == ERR_LIB_X509 && ERR_GET_REASON(code) == X509_R_KEY_VALUES_MISMATCH)
        return "it is not the certificate's";
    return "it holds no PEM key that can be read without a passphrase";
}

static int err_tls(struct err *e, const char *what, const char *file, const char *reason)
{
    err_set(e, ERR_SETTINGS, "cannot use the %s %s: %s", what, file, reason);
    ERR_clear_error();
    return ERR_SETTINGS;
}

/* OpenSSL would ask for it on the terminal, and the loop would stand still until somebody typed. */
static int no_passphrase(char *buffer, int size, int is_writing, void *owner)
{
    (void)buffer, (void)size, (void)is_writing, (void)owner;
    return -1;
}

static int context_load_files(SSL_CTX *context, const struct tls_options *o, struct err *e)
{
    ERR_clear_error();
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    if (SSL_CTX_use_certificate_chain_file(context, o->certificate_file) != 1)
        return err_tls(e, "certificate", o->certificate_file, certificate_reason(ERR_peek_error()));
    if (SSL_CTX_use_PrivateKey_file(context, o->key_file, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        return err_tls(e, "key", o->key_file, key_reason(ERR_peek_error()));
    return 0;
}

/* The first context begins every handshake and hands it over here. */
static int on_server_name(SSL *ssl, int *alert, void *owner)
{
    const struct tls *t = owner;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)alert;
    if (t->other == NULL || name == NULL || strcasecmp(name, t->other_host) != 0)
        return SSL_TLSEXT_ERR_NOACK;
    SSL_set_SSL_CTX(ssl, t->other->context);
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *context_new(struct tls *t, struct err *e)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL) {
        err_set(e, ERR_SYSTEM, "OpenSSL makes no context");
        return NULL;
    }
    if (context_load_files(context, &t->options, e) != 0) {
        SSL_CTX_free(context);
        return NULL;
    }
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CLEANSE_PLAINTEXT);
    SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
    SSL_CTX_set1_groups_list(context, "X25519:P-256");
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); /* the tickets hold it all */
    SSL_CTX_set_timeout(context, TICKET_SECONDS);
    SSL_CTX_set_num_tickets(context, 1); /* a visit is one connection */
    uint8_t id[SHA256_LEN];
    derive(t, "context", 0, id);
    SSL_CTX_set_session_id_context(context, id, sizeof(id));
    SSL_CTX_set_app_data(context, t);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
    SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
    SSL_CTX_set_tlsext_servername_arg(context, t);
    h2o_ssl_register_alpn_protocols(context, only_http1);
    return context;
}

static struct file_stamp stamp_of(const char *file)
{
    struct stat s;
    if (stat(file, &s) != 0)
        return (struct file_stamp){.size = -1};
    return (struct file_stamp){s.st_mtim, s.st_ino, s.st_size};
}

static bool stamp_is(struct file_stamp a, struct file_stamp b)
{
    return a.changed_at.tv_sec == b.changed_at.tv_sec &&
           a.changed_at.tv_nsec == b.changed_at.tv_nsec && a.inode == b.inode && a.size == b.size;
}

/* All that were retired so many seconds ago or longer. */
static void free_retired(struct tls *t, int64_t seconds)
{
    struct retired **at = &t->retired;
    while (*at != NULL && mono_us_since((*at)->at, clock_mono()) < seconds * 1000000)
        at = &(*at)->next;
    while (*at != NULL) {
        struct retired *old = *at;
        *at = old->next;
        SSL_CTX_free(old->context);
        free(old);
    }
}

static void retire(struct tls *t, SSL_CTX *context)
{
    free_retired(t, RETIRED_SECONDS);
    struct retired *old = calloc(1, sizeof(*old));
    if (old == NULL)
        abort();
    *old = (struct retired){.context = context, .at = clock_mono(), .next = t->retired};
    t->retired = old;
}

struct tls *tls_new(const struct tls_options *options, struct err *e)
{
    struct tls *t = calloc(1, sizeof(*t));
    if (t == NULL)
        abort();
    t->options = *options;
    if (tls_reload(t, e) == 0)
        return t;
    free(t);
    return NULL;
}

void tls_free(struct tls *t)
{
    if (t == NULL)
        return;
    tls_free(t->other);
    free_retired(t, 0);
    SSL_CTX_free(t->context);
    secret_wipe(t, sizeof(*t));
    free(t);
}

int tls_add_host(struct tls *t, const char *host, const char *certificate_file,
                 const char *key_file, struct err *e)
{
    struct tls_options options = t->options;
    options.certificate_file = certificate_file;
    options.key_file = key_file;
    t->other_host = host;
    t->other = tls_new(&options, e);
    secret_wipe(options.ticket_secret, sizeof(options.ticket_secret));
    return t->other == NULL ? ERR_SETTINGS : 0;
}

SSL_CTX *tls_context(const struct tls *t)
{
    return t->context;
}

static int reload_own(struct tls *t, struct err *e)
{
    t->certificate_stamp = stamp_of(t->options.certificate_file);
    t->key_stamp = stamp_of(t->options.key_file);
    SSL_CTX *fresh = context_new(t, e);
    if (fresh == NULL)
        return e != NULL && e->code != 0 ? e->code : ERR_SETTINGS;
    if (t->context != NULL)
        retire(t, t->context);
    t->context = fresh;
    return 0;
}

int tls_reload(struct tls *t, struct err *e)
{
    struct err second = {0};
    int bad = reload_own(t, e);
    if (t->other == NULL)
        return bad;
    int bad_other = tls_reload(t->other, bad == 0 ? e : &second);
    return bad != 0 ? bad : bad_other;
}

void tls_reload_if_changed(struct tls *t)
{
    if (t->other != NULL)
        tls_reload_if_changed(t->other);
    if (stamp_is(t->certificate_stamp, stamp_of(t->options.certificate_file)) &&
        stamp_is(t->key_stamp, stamp_of(t->options.key_file)))
        return;
    struct err e = {0};
    if (tls_reload(t, &e) == 0)
        log_line(LOG_INFO, "certificate replaced", "listener=%s", t->options.name);
    else
        log_line(LOG_ERROR, "certificate not replaced", "listener=%s error=\"%s\"", t->options.name,
                 e.text);
}

static int secret_read(const char *file, uint8_t *out, struct err *e)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 1 : err_system(e, file);
    bool is_open_to_others = secret_file_is_open_to_others(fd);
    ssize_t len = is_open_to_others ? 0 : read(fd, out, TLS_TICKET_SECRET_LEN);
    close(fd);
    if (is_open_to_others)
        return err_set(e, ERR_SETTINGS, "%s may be read by others: chmod 600 it", file);
    if (len != TLS_TICKET_SECRET_LEN)
        return err_set(e, ERR_SETTINGS, "%s is too short: remove it to have a new one made", file);
    return 0;
}

/* Written beside and linked into place, so that of two processes starting at once one wins and
 * nobody reads half a secret. */
static int secret_make(const char *file, struct err *e)
{
    uint8_t secret[TLS_TICKET_SECRET_LEN];
    char beside[4096];
    if (snprintf(beside, sizeof(beside), "%s.%d", file, (int)getpid()) >= (int)sizeof(beside))
        return err_set(e, ERR_SETTINGS, "the path %s is too long", file);
    random_bytes(secret, sizeof(secret));
    int fd = secret_file_create(beside);
    if (fd < 0)
        return err_system(e, beside);
    bool is_written = write(fd, secret, sizeof(secret)) == (ssize_t)sizeof(secret);
    secret_wipe(secret, sizeof(secret));
    if (close(fd) != 0 || !is_written || (link(beside, file) != 0 && errno != EEXIST)) {
        err_system(e, beside);
        unlink(beside);
        return ERR_SYSTEM;
    }
    unlink(beside);
    return 0;
}

int tls_ticket_secret(const char *file, uint8_t out[TLS_TICKET_SECRET_LEN], struct err *e)
{
    int found = secret_read(file, out, e);
    if (found <= 0)
        return found;
    int made = secret_make(file, e);
    if (made != 0)
        return made;
    found = secret_read(file, out, e);
    return found > 0 ? err_set(e, ERR_SYSTEM, "%s vanished", file) : found;
}

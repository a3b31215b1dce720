/* Certificates for unit tests, made on the spot: a root, and what it issues. */
#ifndef DUNLIN_TESTS_ISSUER_H
#define DUNLIN_TESTS_ISSUER_H

#include "base/span.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

struct issued {
    EVP_PKEY *key;
    X509 *certificate;
    char pem[4096];
};

struct issue {
    const char *name;
    const struct issued *by; /* null: itself */
    int64_t from, until;     /* Unix seconds */
    const char *constraints; /* "critical,CA:TRUE"; null: none */
    const char *usage;       /* "digitalSignature"; null: none */
    EVP_PKEY *key;           /* null: RSA of 2048 bits */
};

static inline void issuer_extend(X509 *certificate, int nid, const char *value)
{
    if (value == NULL)
        return;
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    int is_added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    assert(is_added);
    X509_EXTENSION_free(extension);
}

static inline void issuer_make(struct issued *out, struct issue what)
{
    static long serial = 1;
    out->key = what.key != NULL ? what.key : EVP_RSA_gen(2048);
    X509 *c = out->certificate = X509_new();
    X509_set_version(c, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c), serial++);
    ASN1_TIME_set(X509_getm_notBefore(c), what.from);
    ASN1_TIME_set(X509_getm_notAfter(c), what.until);
    X509_set_pubkey(c, out->key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC,
                               (const unsigned char *)what.name, -1, -1, 0);
    X509_set_issuer_name(c, X509_get_subject_name(what.by == NULL ? c : what.by->certificate));
    issuer_extend(c, NID_basic_constraints, what.constraints);
    issuer_extend(c, NID_key_usage, what.usage);
    int is_signed = X509_sign(c, what.by == NULL ? out->key : what.by->key, EVP_sha256()) > 0;
    assert(is_signed);
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, c);
    int len = BIO_read(bio, out->pem, sizeof(out->pem) - 1);
    assert(len > 0);
    out->pem[len] = 0;
    BIO_free(bio);
}

static inline void issuer_release(struct issued *one)
{
    EVP_PKEY_free(one->key);
    X509_free(one->certificate);
}

/* RS256; returns the length of the signature. */
static inline size_t issuer_sign(const struct issued *one, struct span message, uint8_t out[1024])
{
    size_t len = 1024;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int is_done =
        EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, one->key) == 1 &&
        EVP_DigestSign(context, out, &len, (const uint8_t *)message.base, message.len) == 1;
    assert(is_done);
    EVP_MD_CTX_free(context);
    return len;
}

#endif

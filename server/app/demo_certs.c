#include "app/demo_certs.h"

#include "app/demo_key.h"
#include "base/clock.h"
#include "base/crypto.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CA_DAYS = 730, LEAF_DAYS = 365, RENEW_DAYS = 14 };

struct pair {
    EVP_PKEY *key;
    X509 *certificate;
};

static void pair_release(struct pair *pair)
{
    X509_free(pair->certificate);
    EVP_PKEY_free(pair->key);
}

static int write_certificates(const char *path, X509 *first, X509 *second, struct err *err)
{
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return err_system(err, "writing a certificate of the demo");
    bool is_ok = PEM_write_X509(file, first) == 1;
    if (second != NULL)
        is_ok = PEM_write_X509(file, second) == 1 && is_ok;
    if (fclose(file) != 0 || !is_ok)
        return err_set(err, ERR_SYSTEM, "a certificate of the demo could not be written");
    return 0;
}

static X509 *read_certificate(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return NULL;
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    return certificate;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool is_ok = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_ok;
}

static X509 *certificate_new(EVP_PKEY *key, const char *name, int days)
{
    X509 *certificate = X509_new();
    uint8_t serial[16];
    random_bytes(serial, sizeof(serial));
    serial[0] &= 0x7f;
    BIGNUM *number = BN_bin2bn(serial, sizeof(serial), NULL);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    X509_set_version(certificate, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), (long)days * 86400);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               (const unsigned char *)name, -1, -1, 0);
    return certificate;
}

static int make_ca(const char *title, struct pair *ca, struct err *err)
{
    char name[64];
    uint8_t tag[3];
    char hex[7];
    random_bytes(tag, sizeof(tag));
    hex_print(tag, sizeof(tag), hex);
    snprintf(name, sizeof(name), "%s %s (this machine only)", title, hex);
    ca->key = EVP_EC_gen("P-256");
    ca->certificate = certificate_new(ca->key, name, CA_DAYS);
    X509 *c = ca->certificate;
    X509_set_issuer_name(c, X509_get_subject_name(c));
    bool is_ok = add_extension(c, c, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                 add_extension(c, c, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                 add_extension(c, c, NID_subject_key_identifier, "hash") &&
                 add_extension(c, c, NID_name_constraints,
                               "critical,permitted;DNS:localhost,permitted;IP:127.0.0.0/255.0.0.0,"
                               "permitted;IP:0:0:0:0:0:0:0:1/"
                               "FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF") &&
                 X509_sign(c, ca->key, EVP_sha256()) > 0;
    return is_ok ? 0 : err_set(err, ERR_SYSTEM, "the demo's CA could not be made");
}

static int make_leaf(const struct pair *ca, struct pair *leaf, struct err *err)
{
    leaf->key = EVP_EC_gen("P-256");
    leaf->certificate = certificate_new(leaf->key, "localhost", LEAF_DAYS);
    X509 *c = leaf->certificate;
    X509_set_issuer_name(c, X509_get_subject_name(ca->certificate));
    bool is_ok = add_extension(c, ca->certificate, NID_basic_constraints, "critical,CA:FALSE") &&
                 add_extension(c, ca->certificate, NID_key_usage, "critical,digitalSignature") &&
                 add_extension(c, ca->certificate, NID_ext_key_usage, "serverAuth") &&
                 add_extension(c, ca->certificate, NID_subject_key_identifier, "hash") &&
                 add_extension(c, ca->certificate, NID_authority_key_identifier, "keyid") &&
                 add_extension(c, ca->certificate, NID_subject_alt_name,
                               "DNS:localhost,IP:127.0.0.1,IP:::1") &&
                 X509_sign(c, ca->key, EVP_sha256()) > 0;
    return is_ok ? 0 : err_set(err, ERR_SYSTEM, "the demo's certificate could not be made");
}

static bool is_fresh(const X509 *certificate)
{
    time_t soon = (time_t)instant_seconds(clock_wall()) + RENEW_DAYS * 86400;
    return certificate != NULL && X509_cmp_time(X509_get0_notAfter(certificate), &soon) > 0;
}

/* The authority stays as long as it can, because somebody may have trusted it. */
static int take_ca(const struct demo_certs *certs, const char *key_file, const char *title,
                   struct pair *ca, bool *is_new, struct err *err)
{
    ca->certificate = read_certificate(certs->ca);
    ca->key = demo_key_read(key_file);
    *is_new = !is_fresh(ca->certificate) || ca->key == NULL ||
              X509_check_private_key(ca->certificate, ca->key) != 1;
    if (!*is_new)
        return 0;
    pair_release(ca);
    *ca = (struct pair){NULL, NULL};
    int rc = make_ca(title, ca, err);
    if (rc == 0)
        rc = demo_key_write(key_file, ca->key, err);
    return rc == 0 ? write_certificates(certs->ca, ca->certificate, NULL, err) : rc;
}

static int take_leaf(const struct demo_certs *certs, const struct pair *ca, bool is_ca_new,
                     struct err *err)
{
    X509 *old = read_certificate(certs->certificate);
    bool is_good = !is_ca_new && is_fresh(old) && access(certs->key, R_OK) == 0;
    X509_free(old);
    if (is_good)
        return 0;
    struct pair leaf = {NULL, NULL};
    int rc = make_leaf(ca, &leaf, err);
    if (rc == 0)
        rc = demo_key_write(certs->key, leaf.key, err);
    if (rc == 0)
        rc = write_certificates(certs->certificate, leaf.certificate, ca->certificate, err);
    pair_release(&leaf);
    return rc;
}

int demo_certs_make(const char *folder, const char *title, struct demo_certs *certs,
                    struct err *err)
{
    char ca_key[512];
    const struct {
        char *to;
        const char *name;
    } names[] = {{certs->ca, "ca.pem"},
                 {certs->certificate, "localhost.pem"},
                 {certs->key, "localhost.key"},
                 {ca_key, "ca.key"}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i)
        if (snprintf(names[i].to, 512, "%s/%s", folder, names[i].name) >= 512)
            return err_set(err, ERR_SETTINGS, "the demo's folder has too long a name");
    struct pair ca = {NULL, NULL};
    bool is_new = false;
    int rc = take_ca(certs, ca_key, title, &ca, &is_new, err);
    if (rc == 0)
        rc = take_leaf(certs, &ca, is_new, err);
    pair_release(&ca);
    return rc;
}

#include "app/check_tls.h"

#include "base/host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

enum { EXPIRY_WARNING_DAYS = 14 };

/* What is looked at, and where its two settings stand. */
struct subject {
    const struct settings_listener *listener;
    char certificate_name[32], key_name[32];
    int certificate_line, key_line;
    struct check_report *report;
};

static X509 *read_certificate(const struct subject *s)
{
    const char *file = s->listener->certificate;
    FILE *in = fopen(file, "re");
    if (in == NULL) {
        check_add(s->report, CHECK_REFUSAL, s->certificate_line, s->certificate_name, "%s: %s",
                  file, strerror(errno));
        return NULL;
    }
    X509 *certificate = PEM_read_X509(in, NULL, NULL, NULL);
    fclose(in);
    if (certificate == NULL)
        check_add(s->report, CHECK_REFUSAL, s->certificate_line, s->certificate_name,
                  "%s holds no PEM certificate", file);
    return certificate;
}

/* A key with a passphrase is refused: nobody is there to type it. */
static int no_passphrase(char *buffer, int size, int is_writing, void *owner)
{
    (void)buffer, (void)size, (void)is_writing, (void)owner;
    return -1;
}

static EVP_PKEY *read_key(const struct subject *s)
{
    struct stat st;
    const char *file = s->listener->key;
    FILE *in = fopen(file, "re");
    if (in == NULL) {
        check_add(s->report, CHECK_REFUSAL, s->key_line, s->key_name, "%s: %s", file,
                  strerror(errno));
        return NULL;
    }
    if (fstat(fileno(in), &st) == 0 && (st.st_mode & S_IRWXO) != 0)
        check_add(s->report, CHECK_REFUSAL, s->key_line, s->key_name,
                  "everybody may read %s: chmod o= it", file);
    EVP_PKEY *key = PEM_read_PrivateKey(in, NULL, no_passphrase, NULL);
    fclose(in);
    if (key == NULL)
        check_add(s->report, CHECK_REFUSAL, s->key_line, s->key_name,
                  "%s holds no PEM key that can be read without a passphrase", file);
    return key;
}

static void check_dates(const struct subject *s, const X509 *certificate)
{
    int days = 0, seconds = 0;
    if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
        check_add(s->report, CHECK_REFUSAL, s->certificate_line, s->certificate_name,
                  "is not valid yet");
    if (!ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)))
        return;
    if (days < 0 || seconds < 0)
        check_add(s->report, CHECK_REFUSAL, s->certificate_line, s->certificate_name,
                  "has expired");
    else if (days < EXPIRY_WARNING_DAYS)
        check_add(s->report, CHECK_WARNING, s->certificate_line, s->certificate_name,
                  "expires in %d days", days);
}

static void check_host(const struct subject *s, X509 *certificate, const char *url)
{
    char host[256];
    unsigned char address[16];
    struct span name = host_of(span_str(url));
    if (name.len == 0)
        return;
    bool is_v6 = name.base[0] == '[';
    snprintf(host, sizeof(host), "%.*s", (int)name.len - 2 * is_v6, name.base + is_v6);
    bool is_address = is_v6 || inet_pton(AF_INET, host, address) == 1;
    int matches = is_address ? X509_check_ip_asc(certificate, host, 0)
                             : X509_check_host(certificate, host, 0, 0, NULL);
    if (matches != 1)
        check_add(s->report, CHECK_REFUSAL, s->certificate_line, s->certificate_name,
                  "is not for %s, which a url names", host);
}

void check_certificate(const struct settings *settings, const char *section,
                       const struct settings_listener *listener, const char *other_url,
                       struct check_report *report)
{
    struct subject s = {.listener = listener, .report = report};
    snprintf(s.certificate_name, sizeof(s.certificate_name), "%.10s.certificate", section);
    snprintf(s.key_name, sizeof(s.key_name), "%.10s.key", section);
    s.certificate_line = settings_line_of(settings, s.certificate_name);
    s.key_line = settings_line_of(settings, s.key_name);
    X509 *certificate = read_certificate(&s);
    EVP_PKEY *key = read_key(&s);
    if (certificate != NULL) {
        check_dates(&s, certificate);
        check_host(&s, certificate, listener->url);
        check_host(&s, certificate, other_url);
    }
    if (certificate != NULL && key != NULL && X509_check_private_key(certificate, key) != 1)
        check_add(report, CHECK_REFUSAL, s.key_line, s.key_name, "is not the certificate's");
    X509_free(certificate);
    EVP_PKEY_free(key);
}

/* What verifying and reading a provider's callbacks costs, in CPU of this process:
 *
 *   bench_verify PROVIDER MERCHANT SECRET|PUBLIC-KEY <lines of sign_callbacks.mjs
 *   bench_verify tpay MERCHANT SECRET CERTIFICATE.pem ROOT.pem CERTIFICATE-URL <the same
 *
 * Prints "read_us": verified and read, one callback. With a secret "forged_us" too: the same
 * callback where the secret is another, so verified alone. With a public key ("whpk_…") or a
 * certificate "bare_us": OpenSSL's verification of the same bytes, in turn with ours. */
#include "base/crypto.h"
#include "base/signing_certificate.h"
#include "provider/provider_session.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

enum { LINES_MAX = 1000, HEADERS_MAX = 8, ROUNDS = 9, SIGNATURE_MAX = 512 };

struct message {
    struct span names[HEADERS_MAX], values[HEADERS_MAX], body;
    int header_count;
    /* Of Standard Webhooks v1a and Tpay: what OpenSSL is given. */
    struct span signed_text;
    uint8_t signature[SIGNATURE_MAX];
    size_t signature_len;
};

static struct message messages[LINES_MAX];
static size_t message_count;

static struct span get_header(void *owner, const char *name, int *count)
{
    const struct message *m = owner;
    *count = 0;
    struct span value = {NULL, 0};
    for (int i = 0; i < m->header_count; ++i)
        if (strlen(name) == m->names[i].len &&
            strncasecmp(name, m->names[i].base, m->names[i].len) == 0) {
            value = m->values[i];
            ++*count;
        }
    return value;
}

static void read_line(struct message *m, char *line)
{
    for (char *tab; (tab = strchr(line, '\t')) != NULL; line = tab + 1) {
        char *colon = strstr(line, ": ");
        m->names[m->header_count] = span_of(line, (size_t)(colon - line));
        m->values[m->header_count++] = span_of(colon + 2, (size_t)(tab - colon - 2));
    }
    m->body = span_str(line);
}

static void read_lines(void)
{
    char *line = NULL;
    size_t room = 0;
    for (ssize_t len; message_count < LINES_MAX && (len = getline(&line, &room, stdin)) > 0;) {
        line[len - 1] = 0;
        read_line(&messages[message_count++], strdup(line));
    }
    free(line);
}

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void read_all(const struct provider_account *account, enum callback_verdict expected)
{
    for (size_t i = 0; i < message_count; ++i) {
        struct callback_headers headers = {get_header, &messages[i]};
        struct callback_facts facts;
        if (account->provider->read_callback(account, &headers, messages[i].body, clock_wall(),
                                             &facts) != expected) {
            fprintf(stderr, "bench_verify: callback %zu is another than expected\n", i + 1);
            exit(1);
        }
    }
}

/* Webhook-Signature is "v1a,<base64>" of "<id>.<timestamp>.<body>". */
static void prepare_v1a(struct message *m)
{
    int count;
    struct span id = get_header(m, "webhook-id", &count);
    struct span at = get_header(m, "webhook-timestamp", &count);
    struct span signature = get_header(m, "webhook-signature", &count);
    size_t len = id.len + at.len + m->body.len + 2;
    char *text = malloc(len + 1);
    snprintf(text, len + 1, "%.*s.%.*s.%.*s", SPAN_ARG(id), SPAN_ARG(at), SPAN_ARG(m->body));
    m->signed_text = span_of(text, len);
    m->signature_len =
        (size_t)base64_parse(span_from(signature, 4), m->signature, sizeof(m->signature));
}

/* X-JWS-Signature is "<header>..<base64url>" of "<header>.<base64url of the body>". */
static void prepare_jws(struct message *m)
{
    int count;
    struct span jws = get_header(m, "x-jws-signature", &count);
    size_t header_len = (size_t)((char *)memchr(jws.base, '.', jws.len) - jws.base);
    char *text = malloc(header_len + 1 + 4 * ((m->body.len + 2) / 3) + 1);
    memcpy(text, jws.base, header_len + 1);
    m->signed_text =
        span_of(text, header_len + 1 + base64url_print(m->body, text + header_len + 1));
    m->signature_len =
        (size_t)base64url_parse(span_from(jws, header_len + 2), m->signature, sizeof(m->signature));
}

static void verify_all_bare(EVP_PKEY *key, const EVP_MD *digest)
{
    for (size_t i = 0; i < message_count; ++i) {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        const struct message *m = &messages[i];
        if (EVP_DigestVerifyInit(context, NULL, digest, NULL, key) != 1 ||
            EVP_DigestVerify(context, m->signature, m->signature_len,
                             (const uint8_t *)m->signed_text.base, m->signed_text.len) != 1) {
            fprintf(stderr, "bench_verify: callback %zu is not signed\n", i + 1);
            exit(1);
        }
        EVP_MD_CTX_free(context);
    }
}

static int by_size(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static double median_of(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof(values[0]), by_size);
    return values[ROUNDS / 2];
}

/* One letter is another. */
static char *other_secret(const char *secret)
{
    char *other = strdup(secret);
    other[8] = other[8] == 'A' ? 'B' : 'A';
    return other;
}

static void measure_secret(struct provider_account *account, const char *secret)
{
    double read[ROUNDS], forged[ROUNDS];
    char *other = other_secret(secret);
    for (int round = -1; round < ROUNDS; ++round) { /* the first warms the caches */
        int at = round < 0 ? 0 : round;
        double start = cpu_us();
        account->secrets[0] = span_str(secret);
        read_all(account, CALLBACK_GENUINE);
        double middle = cpu_us();
        account->secrets[0] = span_str(other);
        read_all(account, CALLBACK_FORGED);
        read[at] = (middle - start) / (double)message_count;
        forged[at] = (cpu_us() - middle) / (double)message_count;
    }
    printf("{\"read_us\": %.3f, \"forged_us\": %.3f}\n", median_of(read), median_of(forged));
    free(other);
}

static void measure_against_bare(const struct provider_account *account, EVP_PKEY *key,
                                 const EVP_MD *digest)
{
    double read[ROUNDS], bare[ROUNDS];
    for (int round = -1; round < ROUNDS; ++round) {
        int at = round < 0 ? 0 : round;
        double start = cpu_us();
        read_all(account, CALLBACK_GENUINE);
        double middle = cpu_us();
        verify_all_bare(key, digest);
        read[at] = (middle - start) / (double)message_count;
        bare[at] = (cpu_us() - middle) / (double)message_count;
    }
    printf("{\"read_us\": %.3f, \"bare_us\": %.3f}\n", median_of(read), median_of(bare));
}

static void measure_public_key(struct provider_account *account, const char *public_key)
{
    uint8_t bytes[ED25519_KEY_LEN + 3];
    base64_parse(span_str(public_key + 5), bytes, sizeof(bytes));
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes, ED25519_KEY_LEN);
    account->public_keys[0] = span_str(public_key);
    for (size_t i = 0; i < message_count; ++i)
        prepare_v1a(&messages[i]);
    measure_against_bare(account, key, NULL);
    EVP_PKEY_free(key);
}

static struct span read_file(const char *path)
{
    static char texts[2][SIGNING_CERTIFICATE_PEM_MAX];
    static size_t count;
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    size_t len = fread(texts[count], 1, sizeof(texts[count]), file);
    fclose(file);
    return span_of(texts[count++], len);
}

static void measure_certificate(struct provider_account *account, char **paths)
{
    struct span pem = read_file(paths[0]), root = read_file(paths[1]);
    struct err err = {0};
    struct provider_session session = {.certificate = signing_certificate_new(pem, root, &err)};
    BIO *bio = BIO_new_mem_buf(pem.base, (int)pem.len);
    X509 *leaf = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    account->certificate_url = span_str(paths[2]);
    account->session = &session;
    for (size_t i = 0; i < message_count; ++i)
        prepare_jws(&messages[i]);
    measure_against_bare(account, X509_get0_pubkey(leaf), EVP_sha256());
    X509_free(leaf);
    BIO_free(bio);
    signing_certificate_free(session.certificate);
}

int main(int argc, char **argv)
{
    if ((argc != 4 && argc != 7) || provider_find(span_str(argv[1])) == NULL ||
        strlen(argv[3]) < 10) {
        fprintf(stderr, "usage: bench_verify PROVIDER MERCHANT SECRET|PUBLIC-KEY "
                        "[CERTIFICATE.pem ROOT.pem CERTIFICATE-URL] <lines\n");
        return 2;
    }
    struct provider_account account = {.provider = provider_find(span_str(argv[1])),
                                       .account = SPAN_LIT("default"),
                                       .merchant = span_str(argv[2]),
                                       .secrets = {span_str(argv[3])}};
    read_lines();
    if (strncmp(argv[3], "whpk_", 5) == 0)
        measure_public_key(&account, argv[3]);
    else if (argc == 7)
        measure_certificate(&account, argv + 4);
    else
        measure_secret(&account, argv[3]);
    return 0;
}

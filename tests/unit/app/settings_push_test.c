#include "app/settings.h"

#include "app/push_build.h"
#include "channel/push_apps.h"
#include "io/timer.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* What stands before the app that is tried: the app begins in line 5. */
#define NEEDED                                                                                     \
    "public: {url: https://p.bank.example, certificate: public.pem, key: public.key}\n"            \
    "private: {url: 'https://in.bank.example', certificate: private.pem, key: private.key}\n"      \
    "creditor: {name: Bank}\n"                                                                     \
    "push: {apps: [\n"

#define KEY "key_file: p256.p8, key_id: ABCDE12345, team_id: TEAM123456"
#define APNS "app: com.example.bank, service: apns, "
#define FCM "app: com.example.bank, service: fcm, "

static char folder[] = "/tmp/dunlin-push-XXXXXX";
static struct settings settings;
static struct settings_mistakes mistakes;

static const char *const files[] = {"p256.p8",      "p384.p8",     "sec1.p8",  "open.p8",
                                    "account.json", "no_key.json", "bad.json", "cut.json",
                                    "cert.pem",     "cert.key"};

static FILE *create(const char *name, mode_t mode)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(chmod(path, mode), 0);
    return file;
}

static void write_key(const char *name, EVP_PKEY *key, mode_t mode)
{
    FILE *file = create(name, mode);
    assert_int_equal(PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
}

static void write_text(const char *name, const char *format, ...)
{
    FILE *file = create(name, 0600);
    va_list args;
    va_start(args, format);
    vfprintf(file, format, args);
    va_end(args);
    fclose(file);
}

static void write_accounts(EVP_PKEY *rsa)
{
    char pem[4096], text[8192] = "";
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, rsa, NULL, NULL, 0, NULL, NULL);
    pem[BIO_read(bio, pem, sizeof(pem) - 1)] = '\0';
    BIO_free(bio);
    for (const char *c = pem; *c != '\0'; ++c)
        snprintf(text + strlen(text), 3, *c == '\n' ? "\\n" : "%c", *c);
    const char *rest = "\"project_id\":\"bank-example\",\"token_uri\":\"https://127.0.0.1/token\"";
    write_text("account.json",
               "{\"client_email\":\"a@b.example\",\"private_key_id\":\"k1\",\"private_key\":\"%s\","
               "%s}",
               text, rest);
    write_text("no_key.json", "{\"client_email\":\"a@b.example\",\"private_key_id\":\"k1\",%s}",
               rest);
    write_text("bad.json",
               "{\"client_email\":\"a@b.example\",\"private_key_id\":\"k1\","
               "\"private_key\":\"hush\",%s}",
               rest);
    write_text("cut.json", "{\"private_key\":\"hush");
}

static void write_certificate(EVP_PKEY *key)
{
    X509 *cert = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    FILE *file = create("cert.pem", 0644); /* no secret */
    PEM_write_X509(file, cert);
    fclose(file);
    X509_free(cert);
    write_key("cert.key", key, 0600);
}

static int make_files(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return 1;
    EVP_PKEY *p256 = EVP_EC_gen("P-256"), *p384 = EVP_EC_gen("P-384"), *rsa = EVP_RSA_gen(2048),
             *other = EVP_EC_gen("P-256");
    write_key("p256.p8", p256, 0600);
    write_key("p384.p8", p384, 0600);
    write_key("open.p8", p256, 0644);
    BIO *bio = BIO_new(BIO_s_mem());
    char sec1[1024];
    PEM_write_bio_PrivateKey_traditional(bio, p256, NULL, NULL, 0, NULL, NULL);
    sec1[BIO_read(bio, sec1, sizeof(sec1) - 1)] = '\0';
    BIO_free(bio);
    write_text("sec1.p8", "%s", sec1);
    write_accounts(rsa);
    write_certificate(other);
    EVP_PKEY_free(p256);
    EVP_PKEY_free(p384);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(other);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    char path[128];
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); ++i) {
        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static int release(void **state)
{
    (void)state;
    settings_release(&settings);
    return 0;
}

static int parse(const char *apps)
{
    char yaml[4096];
    snprintf(yaml, sizeof(yaml), "%s%s]}\n", NEEDED, apps);
    settings_release(&settings);
    return settings_parse(&settings, span_str(yaml), folder, &mistakes);
}

static void an_app_is_read_with_what_its_files_hold(void **state)
{
    (void)state;
    assert_int_equal(parse("{" APNS KEY ", environments: [production, sandbox], text: full},\n"
                           "{" FCM "account_file: account.json, channel_id: debts}"),
                     0);
    assert_int_equal(settings.push.app_count, 2);
    const struct settings_push_app *apns = &settings.push.apps[0], *fcm = &settings.push.apps[1];
    assert_string_equal(apns->app, "com.example.bank");
    assert_int_equal(apns->environments.count, 2);
    assert_non_null(strstr(apns->key_pem, "BEGIN PRIVATE KEY"));
    assert_string_equal(apns->key_id, "ABCDE12345");
    assert_string_equal(apns->team_id, "TEAM123456");
    assert_string_equal(apns->text, "full");
    assert_non_null(strstr(fcm->account_json, "bank-example"));
    assert_string_equal(fcm->channel_id, "debts");
}

static void what_is_not_said_has_its_default(void **state)
{
    (void)state;
    assert_int_equal(parse("{" APNS KEY "},\n{" FCM "account_file: account.json}"), 0);
    const struct settings_push_app *apns = &settings.push.apps[0], *fcm = &settings.push.apps[1];
    assert_int_equal(apns->environments.count, 1);
    assert_string_equal(apns->environments.items[0], "production");
    assert_string_equal(apns->topic, "com.example.bank");
    assert_string_equal(apns->text, "neutral");
    assert_int_equal(apns->port, 443);
    assert_string_equal(fcm->environments.items[0], "production");
    assert_string_equal(fcm->channel_id, "payments");
    assert_string_equal(fcm->topic, "");
}

/* One row is one mistake, in line 5. */
static void each_mistake_is_reported_with_its_line_and_name(void **state)
{
    static const struct {
        const char *app, *setting, *words;
    } rows[] = {
        {"app: com.example.bank", "push.apps[0].service", "is needed"},
        {"service: apns, " KEY, "push.apps[0].app", "is needed"},
        {"app: 'a b', service: apns, " KEY, "push.apps[0].app", "must be a bundle id"},
        {"app: com.example.bank, service: hms", "push.apps[0].service", "must be apns or fcm"},
        {APNS "colour: red, " KEY, "push.apps[0].colour", "is no setting; here stand: app, serv"},
        {APNS "environments: [test], " KEY, "push.apps[0].environments",
         "must be production or sandbox"},
        {APNS "environments: [], " KEY, "push.apps[0].environments", "must name one at least"},
        {APNS "environments: [sandbox, sandbox], " KEY, "push.apps[0].environments",
         "names one of them twice"},
        {APNS "text: loud, " KEY, "push.apps[0].text", "must be neutral, full or keys"},
        {APNS "port: 0, " KEY, "push.apps[0].port", "must be from 1 to 65535"},
        {APNS "connect: localhost:1, " KEY, "push.apps[0].connect", "must name an IP address"},
        {APNS "host: 'https://a', " KEY, "push.apps[0].host", "must be a host name"},
        {APNS "topic: 'a b', " KEY, "push.apps[0].topic", "must be a bundle id"},
        /* keys */
        {APNS "text: full", "push.apps[0].key_file", "is needed for apns, with key_id and team_id"},
        {APNS "key_file: p256.p8, team_id: TEAM123456", "push.apps[0].key_id",
         "is needed with key_file"},
        {APNS "key_file: p256.p8, key_id: ABCDE12345", "push.apps[0].team_id",
         "is needed with key_file"},
        {APNS "key_id: ABCDE12345, team_id: TEAM123456", "push.apps[0].key_file",
         "is needed with key_id"},
        {APNS "key_file: p256.p8, key_id: abcde12345, team_id: TEAM123456", "push.apps[0].key_id",
         "must be 10 capital letters and digits"},
        {APNS "key_file: p256.p8, key_id: ABCDE12345, team_id: TEAM12345", "push.apps[0].team_id",
         "must be 10 capital letters and digits"},
        {APNS "key_file: gone.p8, key_id: ABCDE12345, team_id: TEAM123456", "push.apps[0].key_file",
         "cannot read"},
        {APNS "key_file: open.p8, key_id: ABCDE12345, team_id: TEAM123456", "push.apps[0].key_file",
         "everybody may read"},
        {APNS "key_file: p384.p8, key_id: ABCDE12345, team_id: TEAM123456", "push.apps[0].key_file",
         "the key is not on the curve P-256"},
        {APNS "key_file: sec1.p8, key_id: ABCDE12345, team_id: TEAM123456", "push.apps[0].key_file",
         "the key is not in PKCS#8 (BEGIN PRIVATE KEY)"},
        {APNS "key_file: account.json, key_id: ABCDE12345, team_id: TEAM123456",
         "push.apps[0].key_file", "is of no use"},
        {APNS KEY ", account_file: account.json", "push.apps[0].account_file", "is of FCM"},
        {APNS KEY ", channel_id: payments", "push.apps[0].channel_id", "is of FCM"},
        /* certificates */
        {APNS KEY ", certificate: cert.pem, certificate_key: cert.key", "push.apps[0].certificate",
         "stands beside key_file"},
        {APNS "certificate: cert.pem", "push.apps[0].certificate_key",
         "is needed with certificate"},
        {APNS "certificate_key: cert.key", "push.apps[0].certificate",
         "is needed with certificate_key"},
        {APNS "certificate: cert.pem, certificate_key: p256.p8", "push.apps[0].certificate_key",
         "do not belong together"},
        {APNS "certificate: p256.p8, certificate_key: cert.key", "push.apps[0].certificate_key",
         "the client certificate cannot be read"},
        {APNS "certificate: cert.pem, certificate_key: cert.key, team_id: TEAM123456",
         "push.apps[0].team_id", "stands without key_file"},
        /* accounts */
        {FCM "text: full", "push.apps[0].account_file", "is needed with fcm"},
        {FCM "account_file: no_key.json", "push.apps[0].account_file", "private_key is missing"},
        {FCM "account_file: bad.json", "push.apps[0].account_file",
         "private_key: the key is not in PKCS#8"},
        {FCM "account_file: cut.json", "push.apps[0].account_file", "no JSON at line 1"},
        {FCM "account_file: account.json, key_id: ABCDE12345", "push.apps[0].key_id", "is of APNs"},
        {FCM "account_file: account.json, topic: com.example.bank", "push.apps[0].topic",
         "is of APNs"},
        {FCM "account_file: account.json, environments: [sandbox]", "push.apps[0].environments",
         "fcm has no sandbox"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char app[1024];
        snprintf(app, sizeof(app), "{%s}", rows[i].app);
        assert_int_equal(parse(app), ERR_SETTINGS);
        if (mistakes.count != 1 || mistakes.items[0].line != 5 ||
            strcmp(mistakes.items[0].setting, rows[i].setting) != 0 ||
            strstr(mistakes.items[0].text, rows[i].words) == NULL)
            fail_msg("%s: %d mistakes, the first in line %d: %s %s", rows[i].app, mistakes.count,
                     mistakes.items[0].line, mistakes.items[0].setting, mistakes.items[0].text);
        assert_null(strstr(mistakes.items[0].text, "hush"));
    }
}

static void the_same_app_twice_is_reported_with_the_line_of_the_second(void **state)
{
    (void)state;
    assert_int_equal(parse("{" APNS KEY "},\n{" FCM "account_file: account.json},\n"
                           "{" APNS KEY ", environments: [sandbox, production]}"),
                     ERR_SETTINGS);
    assert_int_equal(mistakes.count, 1);
    assert_int_equal(mistakes.items[0].line, 7);
    assert_string_equal(mistakes.items[0].setting, "push.apps[2].app");
    assert_string_equal(mistakes.items[0].text,
                        "is the same app, service and environment as push.apps[0]");
    assert_int_equal(parse("{" APNS KEY "},\n{" APNS KEY ", environments: [sandbox]}"), 0);
}

static void more_apps_than_there_is_room_for_are_reported(void **state)
{
    char apps[8192] = "";
    (void)state;
    for (int i = 0; i <= SETTINGS_PUSH_APPS_MAX; ++i)
        snprintf(apps + strlen(apps), 200, "{app: a%d, service: apns, " KEY "},", i);
    assert_int_equal(parse(apps), ERR_SETTINGS);
    assert_int_equal(mistakes.count, 1);
    assert_string_equal(mistakes.items[0].setting, "push.apps");
    assert_string_equal(mistakes.items[0].text, "has more than 16 items");
    assert_int_equal(settings.push.app_count, 16);
}

static void each_environment_becomes_an_app_of_its_own(void **state)
{
    struct push_apps *apps = NULL;
    struct err err;
    (void)state;
    assert_int_equal(parse("{" APNS KEY ", environments: [production, sandbox], text: keys},\n"
                           "{" FCM "account_file: account.json},\n"
                           "{app: other, service: apns, certificate: cert.pem, "
                           "certificate_key: cert.key, topic: other.topic}"),
                     0);
    h2o_loop_t *loop = h2o_evloop_create();
    const struct push_build build = {.settings = &settings, .loop = loop};
    assert_int_equal(push_build_apps(&build, &apps, &err), 0);
    settings_release(&settings); /* everything was copied */
    assert_int_equal(push_apps_count(apps), 4);
    const struct push_app *sandbox =
        push_apps_find(apps, SPAN_LIT("com.example.bank"), SPAN_LIT("apns"), SPAN_LIT("sandbox"));
    assert_ptr_equal(sandbox, push_apps_at(apps, 1));
    assert_int_equal(sandbox->text, PUSH_TEXT_KEYS);
    assert_string_equal(push_apps_at(apps, 2)->service, "fcm");
    assert_string_equal(push_apps_at(apps, 2)->channel_id, "payments");
    assert_string_equal(push_apps_at(apps, 3)->topic, "other.topic");
    push_apps_free(apps);
    timer_loop_release(loop);
    h2o_evloop_destroy(loop);
}

static void settings_without_apps_make_none(void **state)
{
    struct push_apps *apps = (struct push_apps *)(void *)state;
    struct err err;
    assert_int_equal(parse(""), 0);
    const struct push_build build = {.settings = &settings};
    assert_int_equal(push_build_apps(&build, &apps, &err), 0);
    assert_null(apps);
}

#define TEST(name) cmocka_unit_test_teardown(name, release)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_app_is_read_with_what_its_files_hold),
        TEST(what_is_not_said_has_its_default),
        TEST(each_mistake_is_reported_with_its_line_and_name),
        TEST(the_same_app_twice_is_reported_with_the_line_of_the_second),
        TEST(more_apps_than_there_is_room_for_are_reported),
        TEST(each_environment_becomes_an_app_of_its_own),
        TEST(settings_without_apps_make_none),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}

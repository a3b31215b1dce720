#include "app/check.h"

#include "app/check_database.h"
#include "base/log.h"
#include "migrations.h"
#include "store/migrate.h"
#include "support/pg_cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A folder with two good certificates (public.pem, private.pem, one key each), an expired one and
 * one of another key, and a migrated database. */
struct fixture {
    char folder[64];
    struct pg_cluster cluster;
    struct check_report report;
};

static struct fixture fixture;

static void run_shell(const char *command)
{
    char line[2000];
    snprintf(line, sizeof(line), "cd %s && umask 077 && { %s; } >/dev/null 2>&1", fixture.folder,
             command);
    assert_int_equal(system(line), 0);
}

static int make_fixture(void **state)
{
    struct err err;
    int applied;
    (void)state;
    log_init(LOG_ERROR, "test");
    strcpy(fixture.folder, "/tmp/dunlin-check-XXXXXX");
    assert_non_null(mkdtemp(fixture.folder));
    run_shell("for n in public private expired; do"
              " openssl ecparam -name prime256v1 -genkey -noout -out $n.key;"
              " done;"
              "openssl req -x509 -new -key public.key -days 90 -out public.pem -subj /CN=p"
              " -addext subjectAltName=DNS:p.bank.example;"
              "openssl req -x509 -new -key private.key -days 90 -out private.pem -subj /CN=i"
              " -addext subjectAltName=DNS:in.bank.example;"
              "openssl req -new -key expired.key -subj /CN=p -out expired.csr;"
              "echo subjectAltName=DNS:p.bank.example > names;"
              "openssl x509 -req -in expired.csr -signkey expired.key -days -1 -extfile names"
              " -out expired.pem; rm expired.csr names;"
              "openssl req -x509 -new -key public.key -days 5 -out soon.pem -subj /CN=p"
              " -addext subjectAltName=DNS:p.bank.example;"
              "openssl ecparam -name prime256v1 -genkey -noout -out app.key;"
              "openssl req -x509 -new -key app.key -days 90 -out app.pem -subj /CN=a"
              " -addext subjectAltName=DNS:app.bank.example;"
              "cp public.key open.key; chmod 644 open.key");
    pg_cluster_new(&fixture.cluster);
    return migrate_run(&(struct migrate_plan){.conninfo = fixture.cluster.conninfo,
                                              .files = migrations_files,
                                              .count = migrations_count},
                       &applied, &err);
}

static int remove_fixture(void **state)
{
    (void)state;
    pg_cluster_free(&fixture.cluster);
    run_shell("rm -f *.key *.pem *.yaml");
    return rmdir(fixture.folder);
}

/* Runs a check of settings with these values; the listeners' section stands in lines 2 to 5. */
struct values {
    const char *certificate, *key, *private_url, *more;
};

static void check(const struct values *v)
{
    char path[96];
    snprintf(path, sizeof(path), "%s/dunlin.yaml", fixture.folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file,
            "data_dir: .\npublic:\n  url: https://p.bank.example\n  certificate: %s\n  key: %s\n"
            "private: {url: '%s', certificate: private.pem, key: private.key}\n"
            "creditor: {name: Bank}\ndatabase: {url: '%s'}\n%s",
            v->certificate == NULL ? "public.pem" : v->certificate,
            v->key == NULL ? "public.key" : v->key,
            v->private_url == NULL ? "https://in.bank.example" : v->private_url,
            fixture.cluster.app_conninfo, v->more == NULL ? "" : v->more);
    fclose(file);
    check_run(path, &fixture.report);
}

static bool has(enum check_level level, int line, const char *words)
{
    for (int i = 0; i < fixture.report.count; ++i) {
        const struct check_finding *f = &fixture.report.items[i];
        if (f->level == level && (line < 0 || f->line == line) && strstr(f->text, words) != NULL)
            return true;
    }
    return false;
}

/* The cluster of tests runs without fsync, to be quick: that one is found each time. */
static bool is_of_the_fixture(const struct check_finding *f)
{
    return strncmp(f->text, "fsync is off", 12) == 0;
}

static int count_refusals(void)
{
    int count = 0;
    for (int i = 0; i < fixture.report.count; ++i)
        count += fixture.report.items[i].level == CHECK_REFUSAL &&
                 !is_of_the_fixture(&fixture.report.items[i]);
    return count;
}

static void assert_only_refusal(int line, const char *words)
{
    bool is_there = has(CHECK_REFUSAL, line, words);
    for (int i = 0; (!is_there || count_refusals() != 1) && i < fixture.report.count; ++i)
        fprintf(stderr, "%d %s %s\n", fixture.report.items[i].line, fixture.report.items[i].setting,
                fixture.report.items[i].text);
    assert_true(is_there);
    assert_int_equal(count_refusals(), 1);
}

static void good_settings_are_not_refused(void **state)
{
    (void)state;
    check(&(struct values){0});
    for (int i = 0; i < fixture.report.count; ++i)
        if (fixture.report.items[i].level == CHECK_REFUSAL &&
            !is_of_the_fixture(&fixture.report.items[i]))
            fail_msg("%s %s", fixture.report.items[i].setting, fixture.report.items[i].text);
}

static void each_fault_of_a_certificate_is_named_with_its_line(void **state)
{
    static const struct {
        struct values values;
        int line;
        const char *words;
    } rows[] = {
        {{.certificate = "absent.pem"}, 4, "No such file"},
        {{.certificate = "public.key"}, 4, "holds no PEM certificate"},
        {{.certificate = "private.pem", .key = "private.key"}, 4, "is not for p.bank.example"},
        {{.certificate = "expired.pem", .key = "expired.key"}, 4, "has expired"},
        {{.key = "absent.key"}, 5, "No such file"},
        {{.key = "public.pem"}, 5, "holds no PEM key"},
        {{.key = "private.key"}, 5, "is not the certificate's"},
        {{.key = "open.key"}, 5, "everybody may read"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        check(&rows[i].values);
        assert_only_refusal(rows[i].line, rows[i].words);
    }
}

static void a_certificate_that_ends_soon_is_warned_of(void **state)
{
    (void)state;
    check(&(struct values){.certificate = "soon.pem"});
    assert_true(has(CHECK_WARNING, 4, "expires in"));
    assert_int_equal(count_refusals(), 0);
}

static void both_listeners_under_one_host_name_are_refused(void **state)
{
    (void)state;
    check(&(struct values){.private_url = "https://p.bank.example:8444"});
    assert_true(has(CHECK_REFUSAL, 6, "cookies know no ports"));
}

static void the_listener_of_files_is_whole_or_off(void **state)
{
    static const struct {
        const char *more;
        int line;
        const char *words;
    } rows[] = {
        {"upload:\n  listen: 0.0.0.0:8446\n  url: https://p.bank.example:8446\n", 10, "not all of"},
        {"upload:\n  listen: 0.0.0.0:8446\n  certificate: public.pem\n  key: public.key\n", 10,
         "not all of"},
        {"upload:\n  listen: 0.0.0.0:8443\n  url: https://p.bank.example:8446\n"
         "  certificate: public.pem\n  key: public.key\n",
         10, "is the same as public.listen"},
        {"upload:\n  listen: 0.0.0.0:8446\n  url: https://p.bank.example\n"
         "  certificate: public.pem\n  key: public.key\n",
         11, "is another listener's"},
        {"upload:\n  listen: 0.0.0.0:8446\n  url: https://in.bank.example:8446\n"
         "  certificate: private.pem\n  key: private.key\n",
         11, "the host name of private.url"},
        {"upload:\n  listen: 0.0.0.0:8446\n  url: https://p.bank.example:8446\n"
         "  certificate: private.pem\n  key: private.key\n",
         12, "is not for p.bank.example"},
        {"upload:\n  listen: 0.0.0.0:8446\n  url: https://p.bank.example:8446\n"
         "  certificate: public.pem\n  key: private.key\n",
         13, "is not the certificate's"},
    };
    (void)state;
    check(&(struct values){
        .more = "upload: {listen: '0.0.0.0:8446', url: 'https://p.bank.example:8446', "
                "certificate: public.pem, key: public.key}\n"});
    assert_int_equal(count_refusals(), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        check(&(struct values){.more = rows[i].more});
        if (!has(CHECK_REFUSAL, rows[i].line, rows[i].words))
            fail_msg("row %zu", i);
    }
}

static void the_host_that_opens_the_app_is_looked_at(void **state)
{
    static const struct {
        const char *more;
        int line;
        const char *words;
    } rows[] = {
        {"app_links:\n  host: https://p.bank.example:9\n", 10, "the host name of public.url"},
        {"app_links:\n  host: https://app.bank.example\n", 4, "is not for app.bank.example"},
        {"app_links:\n  host: https://in.bank.example\n  certificate: private.pem\n"
         "  key: private.key\n",
         10, "the host name of private.url"},
        {"app_links:\n  host: https://app.bank.example\n  certificate: expired.pem\n"
         "  key: app.key\n",
         11, "is not for app.bank.example"},
        {"app_links:\n  host: https://app.bank.example\n  certificate: app.pem\n"
         "  key: private.key\n",
         12, "is not the certificate's"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        check(&(struct values){.more = rows[i].more});
        if (!has(CHECK_REFUSAL, rows[i].line, rows[i].words))
            fail_msg("%s is not said", rows[i].words);
    }
    check(&(struct values){.more = "app_links:\n  host: https://app.bank.example\n"
                                   "  certificate: app.pem\n  key: app.key\n"});
    assert_int_equal(count_refusals(), 0);
    assert_true(has(CHECK_WARNING, 10, "opens nothing"));
}

/* The settings of the app stand behind the database's, in line 9 and after it. */
static void the_keys_of_the_banks_tokens_are_looked_at(void **state)
{
    static const struct {
        const char *algorithm, *file, *words; /* null: good */
    } rows[] = {
        {"ES256", "bank.pem", NULL},
        {"ES256", "bank.jwks", NULL},
        {"ES256", "absent.pem", "No such file"},
        {"ES256", "bank.yaml", "holds no public key for ES256"},
        {"ES256", "public.key", "holds a private key"},
        {"ES256", "broken.jwks", "this is no JSON"},
        {"RS256", "bank.pem", "does not fit RS256, which wants RSA"},
        {"PS256", "bank.jwks", "holds no public key for PS256"},
    };
    (void)state;
    run_shell("openssl pkey -in public.key -pubout -out bank.pem; echo '{' > broken.jwks;"
              "echo app > bank.yaml;"
              "echo '{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
              "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
              "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}' > bank.jwks");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char more[256];
        snprintf(more, sizeof(more),
                 "app:\n  algorithm: %s\n  issuer: i\n  audience: a\n  key_files: [%s]\n",
                 rows[i].algorithm, rows[i].file);
        check(&(struct values){.more = more});
        if (rows[i].words == NULL)
            assert_int_equal(count_refusals(), 0);
        else
            assert_only_refusal(13, rows[i].words);
    }
    run_shell("rm -f *.jwks");
}

static void an_unknown_provider_and_one_without_secrets_are_refused(void **state)
{
    (void)state;
    check(&(struct values){.more = "providers:\n  - provider: nobody\n"
                                   "    api_url: https://a.example\n"
                                   "    start_origin: https://b.example\n"
                                   "  - provider: sandbox\n"
                                   "    api_url: https://a.example\n"
                                   "  - provider: standard\n"
                                   "    api_url: https://a.example\n"
                                   "    start_origin: https://b.example\n"
                                   "    public_keys: [whpk_"
                                   "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=]\n"
                                   "  - provider: standard\n"
                                   "    account: other\n"
                                   "    api_url: https://a.example\n"
                                   "    start_origin: https://b.example\n"});
    assert_true(has(CHECK_REFUSAL, 10, "there is no provider nobody"));
    assert_true(has(CHECK_REFUSAL, 15, "no api_key_file"));
    assert_false(has(CHECK_REFUSAL, 15, "no secret_files"));
    assert_true(has(CHECK_REFUSAL, 19, "no secret_files or public_keys"));
    assert_true(has(CHECK_REFUSAL, 13, "no secret_files"));
    assert_true(has(CHECK_REFUSAL, 13, "no start_origin"));
}

static void a_secret_that_no_message_can_be_signed_with_is_refused(void **state)
{
    (void)state;
    const struct values values = {.more = "providers:\n  - provider: standard\n"
                                          "    api_url: https://a.example\n"
                                          "    start_origin: https://b.example\n"
                                          "    api_key_file: hook.secret\n"
                                          "    secret_files: [hook.secret]\n"};
    run_shell("umask 077; printf whsec_abc >hook.secret");
    check(&values);
    assert_true(has(CHECK_REFUSAL, 10, "not whsec_ and the base64 of 24 to 64 bytes"));
    run_shell("umask 077; printf whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw >hook.secret");
    check(&values);
    assert_false(has(CHECK_REFUSAL, 10, "not whsec_"));
    run_shell("rm hook.secret");
}

static void mistakes_of_the_settings_are_findings_too(void **state)
{
    (void)state;
    check(&(struct values){.more = "colour: red\nworkers: many\n"});
    assert_true(has(CHECK_REFUSAL, 9, "is no setting"));
    assert_true(has(CHECK_REFUSAL, 10, "whole number"));
}

static void a_key_file_that_says_nonsense_is_refused(void **state)
{
    (void)state;
    run_shell("echo 0 nonsense active > bad.key; chmod 600 bad.key");
    check(&(struct values){.more = "link_keys_file: bad.key\n"});
    assert_only_refusal(9, "64 hex digits");
}

static void ask_database(void)
{
    fixture.report.count = 0;
    check_database(fixture.cluster.app_conninfo, 8, &fixture.report);
}

/* Fault 6. */
static void a_database_that_forgets_is_refused(void **state)
{
    static const char *const rows[][2] = {{"full_page_writes", "full_page_writes is off"},
                                          {"synchronous_commit", "synchronous_commit is off"}};
    (void)state;
    ask_database();
    assert_true(has(CHECK_REFUSAL, 8, "fsync is off: a crash would lose payments"));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char sql[100];
        snprintf(sql, sizeof(sql), "alter system set %s = off", rows[i][0]);
        pg_cluster_sql(&fixture.cluster, sql);
        pg_cluster_sql(&fixture.cluster, "select pg_reload_conf()");
        snprintf(sql, sizeof(sql), "show %s", rows[i][0]);
        for (bool is_off = false; !is_off;) {
            char *value = pg_cluster_value(&fixture.cluster, sql);
            is_off = strcmp(value, "off") == 0;
            free(value);
        }
        ask_database();
        assert_true(has(CHECK_REFUSAL, 8, rows[i][1]));
        snprintf(sql, sizeof(sql), "alter system reset %s", rows[i][0]);
        pg_cluster_sql(&fixture.cluster, sql);
    }
    pg_cluster_sql(&fixture.cluster, "select pg_reload_conf()");
}

static void an_unlogged_table_is_refused(void **state)
{
    (void)state;
    pg_cluster_sql(&fixture.cluster, "alter table sandbox_message set unlogged");
    ask_database();
    assert_true(has(CHECK_REFUSAL, 8, "unlogged tables are emptied by a crash: sandbox_message"));
    pg_cluster_sql(&fixture.cluster, "alter table sandbox_message set logged");
}

static void a_role_that_may_change_the_ledger_is_refused(void **state)
{
    (void)state;
    fixture.report.count = 0;
    check_database(fixture.cluster.conninfo, 8, &fixture.report);
    assert_true(has(CHECK_REFUSAL, 8, "may change what must stay (event, callback, ledger_entry)"));
}

static void a_database_that_is_not_there_is_refused(void **state)
{
    (void)state;
    fixture.report.count = 0;
    check_database("host=/tmp/no-such-folder user=dunlin_app", 8, &fixture.report);
    assert_true(has(CHECK_REFUSAL, 8, "cannot be connected to"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_settings_are_not_refused),
        cmocka_unit_test(each_fault_of_a_certificate_is_named_with_its_line),
        cmocka_unit_test(a_certificate_that_ends_soon_is_warned_of),
        cmocka_unit_test(both_listeners_under_one_host_name_are_refused),
        cmocka_unit_test(the_listener_of_files_is_whole_or_off),
        cmocka_unit_test(the_host_that_opens_the_app_is_looked_at),
        cmocka_unit_test(the_keys_of_the_banks_tokens_are_looked_at),
        cmocka_unit_test(an_unknown_provider_and_one_without_secrets_are_refused),
        cmocka_unit_test(a_secret_that_no_message_can_be_signed_with_is_refused),
        cmocka_unit_test(mistakes_of_the_settings_are_findings_too),
        cmocka_unit_test(a_key_file_that_says_nonsense_is_refused),
        cmocka_unit_test(a_database_that_forgets_is_refused),
        cmocka_unit_test(an_unlogged_table_is_refused),
        cmocka_unit_test(a_role_that_may_change_the_ledger_is_refused),
        cmocka_unit_test(a_database_that_is_not_there_is_refused),
    };
    return cmocka_run_group_tests(tests, make_fixture, remove_fixture);
}

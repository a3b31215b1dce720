#include "app/settings.h"

#include "app/settings_reminders.h"
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* The fewest lines that are good. Seven of them. */
#define NEEDED                                                                                     \
    "public:\n"                                                                                    \
    "    url: https://p.bank.example\n"                                                            \
    "    certificate: public.pem\n"                                                                \
    "    key: public.key\n"                                                                        \
    "private: {url: 'https://in.bank.example', certificate: private.pem, key: private.key}\n"      \
    "creditor:\n"                                                                                  \
    "    name: Bank\n"

#define EIGHT(octet) octet ":" octet ":" octet ":" octet ":" octet ":" octet ":" octet ":" octet
#define FINGERPRINT(octet) EIGHT(octet) ":" EIGHT(octet) ":" EIGHT(octet) ":" EIGHT(octet)

struct fixture {
    struct settings settings;
    struct settings_mistakes mistakes;
    char folder[64];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    strcpy(f->folder, "/tmp/dunlin-settings-XXXXXX");
    *state = f;
    return mkdtemp(f->folder) == NULL;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    settings_release(&f->settings);
    char path[128];
    snprintf(path, sizeof(path), "%s/secret", f->folder);
    unlink(path);
    rmdir(f->folder);
    free(f);
    return 0;
}

static int parse(struct fixture *f, const char *yaml)
{
    settings_release(&f->settings);
    return settings_parse(&f->settings, span_str(yaml), f->folder, &f->mistakes);
}

static void write_secret(const struct fixture *f, const char *text, mode_t mode)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/secret", f->folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void what_is_not_said_has_its_default(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(parse(f, NEEDED), 0);
    assert_string_equal(f->settings.data_dir, "/var/lib/dunlin");
    assert_string_equal(f->settings.database.url, "");
    assert_string_equal(f->settings.link_keys_file, "/var/lib/dunlin/link.keys");
    assert_true(f->settings.has_role_http);
    assert_true(f->settings.has_role_work);
    assert_in_range(f->settings.workers, 1, 32);
    assert_int_equal(f->settings.log_level, LOG_INFO);
    assert_int_equal(f->settings.public_.limits.body_bytes, 65536);
    assert_int_equal(f->settings.private_.limits.body_bytes, 1114112);
    assert_int_equal(f->settings.provider_count, 0);
}

static void paths_are_relative_to_the_file(void **state)
{
    struct fixture *f = *state;
    char expected[128];
    assert_int_equal(parse(f, NEEDED "data_dir: data\n"), 0);
    snprintf(expected, sizeof(expected), "%s/public.pem", f->folder);
    assert_string_equal(f->settings.public_.certificate, expected);
    snprintf(expected, sizeof(expected), "%s/data/ticket.keys", f->folder);
    assert_string_equal(f->settings.ticket_keys_file, expected);
}

static void manners_are_read_and_no_window_is_none(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(parse(f, NEEDED), 0);
    struct reminder_rules rules = settings_reminder_rules(&f->settings);
    assert_int_equal(rules.window_from_second, 8 * 3600);
    assert_int_equal(rules.window_to_second, 20 * 3600);
    assert_int_equal(rules.window_weekdays, 0);
    assert_int_equal(rules.feed_age_max_s, 0);
    assert_int_equal(parse(f, NEEDED "reminders: {window_from: '09:30', window_to: '17:00',\n"
                                     "  window_days: [mon, fri], consent: [voice], "
                                     "feed_age_max_hours: 2}\n"),
                     0);
    rules = settings_reminder_rules(&f->settings);
    assert_int_equal(rules.window_from_second, 9 * 3600 + 1800);
    assert_int_equal(rules.window_to_second, 17 * 3600);
    assert_int_equal(rules.window_weekdays, 1 | 16);
    assert_int_equal(rules.consent_count, 1);
    assert_int_equal(rules.feed_age_max_s, 7200);
    assert_int_equal(parse(f, NEEDED "reminders: {window_from: '00:00', window_to: '24:00'}\n"), 0);
    rules = settings_reminder_rules(&f->settings);
    assert_int_equal(rules.window_to_second, 0);
}

/* One row is one mistake, in line 8, behind the seven good ones. */
static void each_mistake_is_reported_with_its_line_and_name(void **state)
{
    static const struct {
        const char *yaml, *setting, *words;
    } rows[] = {
        {"color: red\n", "color", "is no setting; here stand: data_dir, database, roles"},
        {"import: {bytes_mx: 1}\n", "import.bytes_mx", "here stand: bytes_max, part_rows"},
        {"workers: many\n", "workers", "must be a whole number"},
        {"workers: 1.5\n", "workers", "must be a whole number"},
        {"workers: ' 3'\n", "workers", "must be a whole number"},
        {"workers: 33\n", "workers", "must be from 0 to 32"},
        {"workers: 99999999999999999999\n", "workers", "must be from 0 to 32"},
        {"workers: [1]\n", "workers", "must be a single value"},
        {"workers:\n", "workers", "has no value"},
        {"import: 5\n", "import", "must hold settings"},
        {"import.part_rows: 5\n", "import.part_rows", "is no setting"},
        {"log_level: loud\n", "log_level", "must be error, warn, info or debug"},
        {"roles: http\n", "roles", "must be a list"},
        {"roles: []\n", "roles", "at least one"},
        {"roles: [http, push]\n", "roles", "must be http or work"},
        {"creditor: {}\n", "creditor", "a second time"},
        {"operators: {listen: 'localhost:1'}\n", "operators.listen", "must name an IP address"},
        {"operators: {listen: '127.0.0.1:0'}\n", "operators.listen", "port from 1 to 65535"},
        {"operators: {listen: '127.0.0.1'}\n", "operators.listen", "ADDRESS:PORT"},
        {"trusted_proxy: {addresses: [10.0.0.0/33]}\n", "trusted_proxy.addresses", "prefix length"},
        {"trusted_proxy: {header: X-Real-IP}\n", "trusted_proxy.header", "lower case"},
        {"database: {url: 'host=db.example'}\n", "database.url", "add hostaddr="},
        {"database: {url: 'nonsense'}\n", "database.url", "no libpq connection string"},
        {"database: {url: 'host=/tmp password=x'}\n", "database.url", "holds a password"},
        {"database: {url_file: absent}\n", "database.url_file", "cannot read"},
        {"providers: {}\n", "providers", "must be a list"},
        {"providers: [{provider: PayU, api_url: 'https://a.example', "
         "start_origin: 'https://b.example'}]\n",
         "providers[0].provider", "must be 1 to 32 of"},
        {"segments: {sometimes_late_percent: 60}\n", "segments.sometimes_late_percent",
         "is not below"},
        {"segments: {sometimes_late_percent: 30, chronically_late_percent: 20}\n",
         "segments.chronically_late_percent", "is not below"},
        {"providers: [{provider: payu, api_url: 'http://a.example', "
         "start_origin: 'https://b.example'}]\n",
         "providers[0].api_url", "must begin with https://"},
        {"providers: [{provider: payu, api_url: 'https://a.example', "
         "start_origin: 'https://b.example/'}]\n",
         "providers[0].start_origin", "no slash"},
        {"providers: [{provider: standard, public_keys: [whpk_abc]}]\n", "providers[0].public_keys",
         "base64 of 32 bytes"},
        {"providers: [{provider: standard, types: [charge.captured]}]\n", "providers[0].types",
         "for instance charge.captured=paid"},
        {"providers: [{provider: standard, types: [a=paid, a=failed]}]\n", "providers[0].",
         "two things of one"},
        {"providers: [{provider: standard, fields: [id=a, type=b, id=c]}]\n", "providers[0].",
         "two things of one"},
        {"providers: [{provider: standard, fields: [amount=a..b]}]\n", "providers[0].fields",
         "for instance amount=data.charge.amount"},
        {"app_links: {host: 'https://p.bank.example:8443'}\n", "app_links.host",
         "has the host name of public.url"},
        {"app_links: {host: 'http://app.bank.example'}\n", "app_links.host", "begin with https"},
        {"app_links: {host: 'https://a.example', certificate: a.pem}\n", "app_links.certificate",
         "stands without app_links.key"},
        {"app_links: {host: 'https://a.example', key: a.key}\n", "app_links.key",
         "stands without app_links.certificate"},
        {"app_links: {certificate: a.pem, key: a.key}\n", "app_links.certificate",
         "stands without app_links.host"},
        {"app_links: {ios_app_ids: [com.example.bank]}\n", "app_links.ios_app_ids",
         "10 capitals and digits"},
        {"app_links: {ios_app_ids: [ABCDE12345.a.b, ABCDE12345.c.d, ABCDE12345.a.b]}\n",
         "app_links.ios_app_ids", "names the same twice"},
        {"app_links: {android_packages: [com.example.bank=14:6D]}\n", "app_links.android_packages",
         "32 octets in hex"},
        {"app_links: {android_packages: [a.b=" FINGERPRINT("aB") ", a.b=" FINGERPRINT("Ab") "]}\n",
         "app_links.android_packages", "names the same twice"},
        {"app: {algorithm: none, issuer: i, audience: a, key_files: [k]}\n", "app.algorithm",
         "must be ES256, RS256 or PS256"},
        {"app: {algorithm: HS256, issuer: i, audience: a, key_files: [k]}\n", "app.algorithm",
         "must be ES256, RS256 or PS256"},
        {"app: {issuer: i, audience: a, key_files: [k]}\n", "app.algorithm", "is needed"},
        {"app: {algorithm: ES256, audience: a, key_files: [k]}\n", "app.issuer", "is needed"},
        {"app: {algorithm: ES256, issuer: i, key_files: [k]}\n", "app.audience", "is needed"},
        {"app: {algorithm: ES256, issuer: i, audience: a}\n", "app.key_files", "or app.jwks_url"},
        {"app: {algorithm: ES256, issuer: i, audience: a, jwks_url: 'http://localhost/'}\n",
         "app.jwks_url", "must begin with https"},
        {"app: {algorithm: ES256, issuer: i, audience: a, key_files: [k], customer_claim: ''}\n",
         "app.customer_claim", "names no claim"},
        {"sms: {url: 'http://localhost.attacker.example/'}\n", "sms.url", "must begin with https"},
        {"reminders: {window_from: '8:00'}\n", "reminders.window_from", "must be a time of day"},
        {"reminders: {window_to: '24:01'}\n", "reminders.window_to", "must be a time of day"},
        {"reminders: {window_from: '12:60'}\n", "reminders.window_from", "must be a time of day"},
        {"reminders: {window_from: '20:00'}\n", "reminders.window_from", "earlier than window_to"},
        {"reminders: {window_days: [monday]}\n", "reminders.window_days", "must be of mon, tue"},
        {"reminders: {consent: [fax]}\n", "reminders.consent", "must be of push, sms"},
        {"reminders: {calendar: DE}\n", "reminders.calendar", "must be PL"},
        {"reminders: {budget_day: -1}\n", "reminders.budget_day", "must be from 0"},
        {"app: {leeway_seconds: 301}\n", "app.leeway_seconds", "must be from 0 to 300"},
        {"? [a]\n: b\n", "", "a name that is no text"},
        {"data_dir: \"a\\0b\"\n", "data_dir", "NUL"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char yaml[1024];
        snprintf(yaml, sizeof(yaml), "%s%s", NEEDED, rows[i].yaml);
        assert_int_equal(parse(f, yaml), ERR_SETTINGS);
        assert_int_equal(f->mistakes.count, 1);
        assert_int_equal(f->mistakes.items[0].line, 8);
        assert_string_equal(f->mistakes.items[0].setting, rows[i].setting);
        if (strstr(f->mistakes.items[0].text, rows[i].words) == NULL)
            fail_msg("%s: said \"%s\"", rows[i].yaml, f->mistakes.items[0].text);
    }
}

static void creditor_values_are_checked(void **state)
{
    static const char *const rows[][2] = {
        {"nip: '1234563219'\n", "wrong check digit"},
        {"nip: '123456321'\n", "10 digits"},
        {"account: PL61109010140000071219812875\n", "wrong check digits"},
        {"account: PL61 1090 1014 0000 0712 1981 2874\n", "without blanks"},
        {"website: ftp://bank.example\n", "must begin with https://"},
        {"website: 'https://bank.example/\"'\n", "no URL has"},
        {"euro_transfers: yes\n", "must be true or false"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char yaml[1024];
        snprintf(yaml, sizeof(yaml), "%s    %s", NEEDED, rows[i][0]);
        assert_int_equal(parse(f, yaml), ERR_SETTINGS);
        assert_int_equal(f->mistakes.count, 1);
        if (strstr(f->mistakes.items[0].text, rows[i][1]) == NULL)
            fail_msg("%s: said \"%s\"", rows[i][0], f->mistakes.items[0].text);
    }
}

static void all_mistakes_are_reported_in_the_order_of_the_file(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(parse(f, "workers: x\ncolour: y\nlog_level: z\n"), ERR_SETTINGS);
    /* Seven needed settings are missing as well: those have no line. */
    assert_int_equal(f->mistakes.count, 10);
    for (int i = 0; i < 7; ++i)
        assert_int_equal(f->mistakes.items[i].line, 0);
    for (int i = 7; i < 10; ++i)
        assert_int_equal(f->mistakes.items[i].line, i - 6);
}

static void text_that_is_no_yaml_is_reported_with_its_line(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(parse(f, "data_dir: a\nworkers: [1\nroles: x\n"), ERR_SETTINGS);
    bool is_found = false;
    for (int i = 0; i < f->mistakes.count; ++i)
        is_found = is_found || (strstr(f->mistakes.items[i].text, "is no YAML") != NULL &&
                                f->mistakes.items[i].line == 3);
    assert_true(is_found);
}

static void a_secret_is_the_content_of_its_file(void **state)
{
    struct fixture *f = *state;
    write_secret(f, "host=/tmp user=dunlin_app password=hush\n", 0600);
    assert_int_equal(parse(f, NEEDED "database: {url_file: secret}\n"), 0);
    assert_string_equal(f->settings.database.url, "host=/tmp user=dunlin_app password=hush");
    assert_string_equal(f->settings.database.owner_url, f->settings.database.url);
}

static void a_secret_that_everybody_may_read_is_refused(void **state)
{
    struct fixture *f = *state;
    write_secret(f, "host=/tmp\n", 0644);
    assert_int_equal(parse(f, NEEDED "database: {url_file: secret}\n"), ERR_SETTINGS);
    assert_non_null(strstr(f->mistakes.items[0].text, "everybody may read"));
}

static void a_secret_never_stands_in_a_mistake(void **state)
{
    struct fixture *f = *state;
    write_secret(f, "host=db.example password=hush", 0600);
    assert_int_equal(parse(f, NEEDED "database: {url_file: secret}\n"), ERR_SETTINGS);
    assert_int_equal(f->mistakes.count, 1);
    assert_null(strstr(f->mistakes.items[0].text, "hush"));
    assert_int_equal(parse(f, NEEDED "database: {url: 'nonsense hush'}\n"), ERR_SETTINGS);
    assert_null(strstr(f->mistakes.items[0].text, "hush"));
}

static void one_value_given_in_two_ways_is_refused(void **state)
{
    struct fixture *f = *state;
    write_secret(f, "host=/tmp", 0600);
    assert_int_equal(parse(f, NEEDED "database: {url: 'host=/tmp', url_file: secret}\n"),
                     ERR_SETTINGS);
    assert_int_equal(parse(f, NEEDED "database: {url_file: secret, url: 'host=/tmp'}\n"),
                     ERR_SETTINGS);
    assert_string_equal(f->mistakes.items[0].text, "is given in two ways");
}

static void the_environment_wins_over_the_file(void **state)
{
    struct fixture *f = *state;
    setenv("DUNLIN_PUBLIC_LISTEN", "127.0.0.1:9", 1);
    setenv("DUNLIN_DATABASE_URL", "host=/tmp password=hush", 1);
    setenv("DUNLIN_ROLES", "work", 1);
    int result = parse(f, NEEDED "roles: [http]\n");
    unsetenv("DUNLIN_PUBLIC_LISTEN");
    unsetenv("DUNLIN_DATABASE_URL");
    unsetenv("DUNLIN_ROLES");
    assert_int_equal(result, 0);
    assert_string_equal(f->settings.public_.listen, "127.0.0.1:9");
    assert_string_equal(f->settings.database.url, "host=/tmp password=hush");
    assert_false(f->settings.has_role_http);
    assert_true(f->settings.has_role_work);
}

static void providers_are_read_with_their_secrets(void **state)
{
    struct fixture *f = *state;
    write_secret(f, "whsec_abc\n", 0600);
    assert_int_equal(parse(f, NEEDED "providers:\n"
                                     "  - provider: sandbox\n"
                                     "    api_url: http://127.0.0.1:8446/bank/api\n"
                                     "    start_origin: http://127.0.0.1:8446\n"
                                     "    secret_files: [secret]\n"
                                     "    api_key_file: secret\n"),
                     0);
    assert_int_equal(f->settings.provider_count, 1);
    assert_string_equal(f->settings.providers[0].account, "default");
    assert_string_equal(f->settings.providers[0].api_url, "http://127.0.0.1:8446/bank/api");
    assert_int_equal(f->settings.providers[0].secrets.count, 1);
    assert_string_equal(f->settings.providers[0].secrets.items[0], "whsec_abc");
    assert_string_equal(f->settings.providers[0].api_key, "whsec_abc");
    assert_string_equal(f->settings.providers[0].ca_file, "");
}

/* It is a certificate that Tpay shows to everybody. */
static void the_root_of_a_providers_certificate_may_be_read_by_everybody(void **state)
{
    struct fixture *f = *state;
    write_secret(f, "-----BEGIN CERTIFICATE-----\n", 0644);
    assert_int_equal(parse(f, NEEDED "providers:\n"
                                     "  - provider: sandbox\n"
                                     "    api_url: http://127.0.0.1:8446/bank/api\n"
                                     "    start_origin: http://127.0.0.1:8446\n"
                                     "    root_file: secret\n"),
                     0);
    assert_string_equal(f->settings.providers[0].root_pem, "-----BEGIN CERTIFICATE-----");
}

static char *example(size_t *len)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, len);
    settings_print_example(out);
    fclose(out);
    return text;
}

static void the_example_is_good_as_it_comes(void **state)
{
    struct fixture *f = *state;
    size_t len = 0;
    char *text = example(&len);
    int result = settings_parse(&f->settings, span_of(text, len), "/etc/dunlin", &f->mistakes);
    free(text);
    settings_print_mistakes(&f->mistakes, "example", stderr);
    assert_int_equal(result, 0);
    assert_string_equal(f->settings.creditor.name, "Bank Przykładowy SA");
}

/* Whoever takes the marks of a comment away from a setting must get what the help promises. */
static void the_example_is_good_with_its_commented_settings(void **state)
{
    struct fixture *f = *state;
    struct buf yaml;
    size_t len = 0;
    char *text = example(&len);
    buf_init(&yaml, 1 << 20);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        const char *mark = line + strspn(line, " ");
        bool is_taken = mark[0] == '#' && mark[1] != ' ' && strstr(mark, "_file:") == NULL;
        buf_printf(&yaml, "%.*s%s\n", (int)(mark - line), line, is_taken ? mark + 1 : mark);
    }
    setenv("DUNLIN_SMS_TOKEN", "a", 1); /* in the place of files that are not there */
    setenv("DUNLIN_VOICE_TOKEN", "b", 1);
    int result = settings_parse(&f->settings, buf_span(&yaml), "/etc/dunlin", &f->mistakes);
    unsetenv("DUNLIN_SMS_TOKEN");
    unsetenv("DUNLIN_VOICE_TOKEN");
    buf_release(&yaml);
    free(text);
    settings_print_mistakes(&f->mistakes, "example", stderr);
    assert_int_equal(result, 0);
}

static void the_shipped_example_is_what_the_table_writes(void **state)
{
    (void)state;
    size_t len = 0;
    char *text = example(&len), *shipped = calloc(1, len + 2);
    FILE *file = fopen(SOURCE_DIR "/dunlin.example.yaml", "r");
    assert_non_null(file);
    size_t shipped_len = fread(shipped, 1, len + 1, file);
    fclose(file);
    bool is_same = shipped_len == len && memcmp(shipped, text, len) == 0;
    free(text);
    free(shipped);
    if (!is_same)
        fail_msg("run: dunlin settings > dunlin.example.yaml");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_not_said_has_its_default),
        TEST(paths_are_relative_to_the_file),
        TEST(manners_are_read_and_no_window_is_none),
        TEST(each_mistake_is_reported_with_its_line_and_name),
        TEST(creditor_values_are_checked),
        TEST(all_mistakes_are_reported_in_the_order_of_the_file),
        TEST(text_that_is_no_yaml_is_reported_with_its_line),
        TEST(a_secret_is_the_content_of_its_file),
        TEST(a_secret_that_everybody_may_read_is_refused),
        TEST(a_secret_never_stands_in_a_mistake),
        TEST(one_value_given_in_two_ways_is_refused),
        TEST(the_environment_wins_over_the_file),
        TEST(providers_are_read_with_their_secrets),
        TEST(the_root_of_a_providers_certificate_may_be_read_by_everybody),
        TEST(the_example_is_good_as_it_comes),
        TEST(the_example_is_good_with_its_commented_settings),
        cmocka_unit_test(the_shipped_example_is_what_the_table_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "app/demo_place.h"

#include "base/crypto.h"
#include "demo_assets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { YAML_MAX = 16 * 1024, PROVIDERS_MAX = 8 * 1024 };

static int make_folder(const char *path, struct err *err)
{
    char part[PATH_MAX];
    snprintf(part, sizeof(part), "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return err_system(err, "making the demo's folder");
        *slash = '/';
    }
    if (mkdir(part, 0755) != 0 && errno != EEXIST)
        return err_system(err, "making the demo's folder");
    return 0;
}

/* Root's private database runs as somebody else, who must get through to it: a folder that was made
 * for the demo (mktemp -d) and is empty yet is opened for passing through. A folder with something
 * in it stays as it is; the database then lies elsewhere. */
static void open_empty_folder(const char *path)
{
    struct stat st;
    int entries = 0;
    DIR *folder = geteuid() == 0 ? opendir(path) : NULL;
    if (folder == NULL)
        return;
    while (entries <= 2 && readdir(folder) != NULL)
        ++entries;
    if (entries <= 2 && fstat(dirfd(folder), &st) == 0 && st.st_uid == 0)
        (void)!fchmod(dirfd(folder), (st.st_mode & 07777) | S_IXOTH);
    closedir(folder);
}

static int take_folder(struct demo_place *place, const char *dir, struct err *err)
{
    char path[PATH_MAX], inside[PATH_MAX];
    const char *home = getenv("HOME");
    if (dir != NULL)
        snprintf(path, sizeof(path), "%s", dir);
    else
        snprintf(path, sizeof(path), "%s/.local/share/dunlin-demo", home == NULL ? "/tmp" : home);
    if (make_folder(path, err) != 0)
        return err->code;
    if (realpath(path, place->dir) == NULL)
        return err_system(err, "finding the demo's folder");
    if (strlen(place->dir) > DEMO_DIR_MAX || strpbrk(place->dir, "\"\\\n") != NULL)
        return err_set(err, ERR_SETTINGS, "the demo's folder has too long or too odd a name");
    open_empty_folder(place->dir);
    static const char *const folders[] = {"certs", "push", "secrets", "data"};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); ++i) {
        snprintf(inside, sizeof(inside), "%.*s/%s", DEMO_DIR_MAX, place->dir, folders[i]);
        if (make_folder(inside, err) != 0)
            return err->code;
    }
    return 0;
}

/* The text of a secret file under the folder; made by `make` when it is not there. */
static int take_secret(const struct demo_place *place, const char *name, void (*make)(char *text),
                       char *text, size_t room, struct err *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%.*s/secrets/%s", DEMO_DIR_MAX, place->dir, name);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        bool is_ok = fgets(text, (int)room, file) != NULL;
        fclose(file);
        text[strcspn(text, "\n")] = 0;
        return is_ok ? 0 : err_set(err, ERR_SETTINGS, "the demo's secret %s is empty", name);
    }
    make(text);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_system(err, "writing a secret of the demo");
    bool is_ok = dprintf(fd, "%s\n", text) > 0;
    if (close(fd) != 0 || !is_ok)
        return err_system(err, "writing a secret of the demo");
    return 0;
}

static void make_callback_secret(char *text)
{
    uint8_t bytes[32];
    random_bytes(bytes, sizeof(bytes));
    strcpy(text, "whsec_");
    base64_print(span_of((char *)bytes, sizeof(bytes)), text + 6);
}

static void make_bank_key(char *text)
{
    uint8_t bytes[24];
    random_bytes(bytes, sizeof(bytes));
    hex_print(bytes, sizeof(bytes), text);
}

static void make_api_key(char *text)
{
    struct api_key key;
    api_key_make("", text, &key);
}

static int take_secrets(struct demo_place *place, struct err *err)
{
    int rc = take_secret(place, "sandbox.secret", make_callback_secret, place->callback_secret,
                         sizeof(place->callback_secret), err);
    if (rc == 0)
        rc = take_secret(place, "sandbox.key", make_bank_key, place->bank_key,
                         sizeof(place->bank_key), err);
    if (rc == 0)
        rc = take_secret(place, "api.key", make_api_key, place->api_key, sizeof(place->api_key),
                         err);
    return rc;
}

static int write_file(const char *path, struct span text, struct err *err)
{
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return err_system(err, path);
    bool is_written = fwrite(text.base, 1, text.len, file) == text.len;
    return fclose(file) == 0 && is_written ? 0 : err_system(err, path);
}

/* The text of the file: items of the list `providers`. They stand first, so customers are sent
 * there. */
static int add_providers(const struct demo_place *place, struct buf *yaml, struct err *err)
{
    if (place->providers_file == NULL)
        return 0;
    FILE *file = fopen(place->providers_file, "re");
    if (file == NULL)
        return err_system(err, place->providers_file);
    char text[PROVIDERS_MAX];
    size_t len = fread(text, 1, sizeof(text), file);
    bool is_bad = ferror(file) != 0 || len == sizeof(text);
    fclose(file);
    if (is_bad)
        return err_set(err, ERR_SETTINGS, "the file of providers cannot be read, or is too long");
    buf_add(yaml, span_of(text, len));
    return 0;
}

/* Where terms lie, one file a language: "plan_terms.pl.txt". */
static int write_terms(const struct demo_place *place, const char *kind, struct buf *yaml,
                       struct err *err)
{
    static const char *const languages[] = {"pl", "en", "uk"};
    for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); ++i) {
        char name[32], path[PATH_MAX];
        snprintf(name, sizeof(name), "%s_terms.%s.txt", kind, languages[i]);
        snprintf(path, sizeof(path), "%.*s/%s", DEMO_DIR_MAX, place->dir, name);
        for (size_t f = 0; f < demo_assets_count; ++f)
            if (strcmp(demo_assets_files[f].name, name) == 0 &&
                write_file(path, span_of(demo_assets_files[f].bytes, demo_assets_files[f].len),
                           err) != 0)
                return err->code;
        buf_printf(yaml, "  terms_%s_file: \"%s\"\n", languages[i], name);
    }
    return 0;
}

/* Two policies, for all that can be tried: up to 1,500.00 in two to six parts, for nothing;
 * above that for a fee and interest, once somebody has said yes. */
static int write_plans(const struct demo_place *place, struct buf *yaml, struct err *err)
{
    buf_add_str(yaml, "plans:\n");
    if (write_terms(place, "plan", yaml, err) != 0)
        return err->code;
    buf_add_str(yaml,
                "  policies:\n"
                "  - {name: small, currencies: [PLN], amount_to: 150000, in_days: [7]}\n"
                "  - {name: large, currencies: [PLN], amount_from: 150001, parts_max: 12,\n"
                "     part_min: 20000, fee: 1000, interest_hundredths: 725, approval: always}\n");
    return 0;
}

/* One rule: whoever owes two hundred zlotys or more for over a month is offered a year. Not where
 * the scenarios alone are looked at. */
static int write_offers(const struct demo_place *place, struct buf *yaml, struct err *err)
{
    buf_add_str(yaml, "offers:\n");
    if (write_terms(place, "offer", yaml, err) != 0)
        return err->code;
    if (!place->keeps_manners)
        buf_add_str(yaml, "  rules:\n"
                          "  - {name: month_late, currencies: [PLN], amount_from: 20000,\n"
                          "     kind: longer_term, parts: 12}\n");
    return 0;
}

static int write_settings(const struct demo_place *place, struct buf *yaml, struct err *err)
{
    int port = place->port;
    buf_printf(yaml, "data_dir: \"%s/data\"\nworkers: 2\nlog_level: info\n", place->dir);
    buf_printf(yaml,
               "public:\n  listen: \"127.0.0.1:%d\"\n  url: \"https://localhost:%d\"\n"
               "  certificate: \"%s\"\n  key: \"%s\"\n",
               port, port, place->certs.certificate, place->certs.key);
    buf_printf(yaml,
               "private:\n  listen: \"127.0.0.1:%d\"\n  url: \"https://localhost:%d\"\n"
               "  certificate: \"%s\"\n  key: \"%s\"\n",
               port + 1, port + 1, place->certs.certificate, place->certs.key);
    buf_printf(yaml,
               "upload:\n  listen: \"127.0.0.1:%d\"\n  url: \"https://localhost:%d\"\n"
               "  certificate: \"%s\"\n  key: \"%s\"\n",
               port + 7, port + 7, place->certs.certificate, place->certs.key);
    buf_printf(yaml, "operators:\n  listen: \"127.0.0.1:%d\"\n", port + 2);
    buf_add_str(yaml, "creditor:\n  name: \"Pożyczki Przykładowe SA\"\n  nip: \"1234563218\"\n"
                      "  phone: \"+48 990 000 000\"\n  email: \"platnosci@example.com\"\n"
                      "  website: \"https://www.example.com\"\n"
                      "  account: \"PL61109010140000071219812874\"\n"
                      "  privacy_url: \"https://www.example.com/privacy\"\n");
    /* It is looked at when somebody has time, and a month passes in a minute. */
    if (!place->keeps_manners)
        buf_add_str(yaml,
                    "reminders: {window_from: \"00:00\", window_to: \"24:00\", budget_day: 0,\n"
                    "  budget_week: 0, budget_30_days: 0, usual_factor: 0}\n");
    if (write_plans(place, yaml, err) != 0 || write_offers(place, yaml, err) != 0)
        return err->code;
    buf_add_str(yaml, "page: {all_debts: true}\npromises: {days_max: 30}\n"
                      "disputes: {taken: true}\nproviders:\n");
    if (add_providers(place, yaml, err) != 0)
        return err->code;
    buf_printf(yaml,
               "  - provider: sandbox\n    account: default\n"
               "    api_url: \"%s/bank/api\"\n    start_origin: \"%s\"\n"
               "    secret_files: [\"%s/secrets/sandbox.secret\"]\n"
               "    api_key_file: \"%s/secrets/sandbox.key\"\n    ca_file: \"%s\"\n",
               place->panes_url, place->panes_url, place->dir, place->dir, place->certs.ca);
    demo_push_write_settings(&place->push, yaml);
    return 0;
}

/* An installed gateway's environment must not reach into the demo: its settings name real things.
 */
static void forget_environment(void)
{
    extern char **environ;
    for (size_t i = 0; environ[i] != NULL;) {
        const char *end = strchr(environ[i], '=');
        char name[128];
        if (strncmp(environ[i], "DUNLIN_", 7) != 0 || end == NULL || end - environ[i] > 127) {
            ++i;
            continue;
        }
        snprintf(name, sizeof(name), "%.*s", (int)(end - environ[i]), environ[i]);
        unsetenv(name);
    }
}

/* For other commands beside the demo: dunlin link show … --settings DIR/dunlin.yaml */
static int keep_settings(const struct demo_place *place, struct span yaml, struct err *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%.*s/dunlin.yaml", DEMO_DIR_MAX, place->dir);
    return write_file(path, yaml, err);
}

static int take_settings(struct demo_place *place, struct err *err)
{
    struct buf yaml;
    struct settings_mistakes mistakes;
    buf_init(&yaml, YAML_MAX);
    if (write_settings(place, &yaml, err) != 0) {
        buf_release(&yaml);
        return err->code;
    }
    forget_environment();
    int rc = settings_parse(&place->settings, buf_span(&yaml), place->dir, &mistakes);
    int kept = rc == 0 ? keep_settings(place, buf_span(&yaml), err) : 0;
    buf_release(&yaml);
    if (rc == 0)
        return kept;
    settings_print_mistakes(&mistakes, "demo", stderr);
    return err_set(err, ERR_SETTINGS, "the demo's own settings are not right");
}

int demo_place_take(struct demo_place *place, const char *dir, int port, struct err *err)
{
    char certs[PATH_MAX], push[PATH_MAX];
    place->port = port;
    snprintf(place->panes_url, sizeof(place->panes_url), "http://127.0.0.1:%d", port + 3);
    int rc = take_folder(place, dir, err);
    if (rc != 0)
        return rc;
    snprintf(certs, sizeof(certs), "%.*s/certs", DEMO_DIR_MAX, place->dir);
    snprintf(push, sizeof(push), "%.*s/push", DEMO_DIR_MAX, place->dir);
    rc = demo_certs_make(certs, "Dunlin demo CA", &place->certs, err);
    if (rc == 0)
        rc = demo_push_take(&place->push, push, port + 4, port + 5, err);
    if (rc == 0)
        rc = take_secrets(place, err);
    return rc == 0 ? take_settings(place, err) : rc;
}

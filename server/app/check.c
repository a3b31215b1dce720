#include "app/check.h"

#include "app/check_database.h"
#include "app/check_gateway.h"
#include "app/check_mail.h"
#include "app/check_provider.h"
#include "app/check_push.h"
#include "app/check_tls.h"
#include "app/db_place.h"
#include "app/keys.h"
#include "app/settings.h"
#include "app/settings_providers.h"
#include "app/sockets.h"
#include "base/host.h"
#include "domain/keyring.h"
#include "http/bank_keys.h"
#include "provider/provider.h"
#include "provider/standard.h"
#include "provider/standard_webhooks.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

void check_add(struct check_report *report, enum check_level level, int line, const char *setting,
               const char *format, ...)
{
    if (report->count == CHECK_FINDINGS_MAX)
        return;
    struct check_finding *finding = &report->items[report->count++];
    va_list args;
    finding->level = level;
    finding->line = line;
    snprintf(finding->setting, sizeof(finding->setting), "%s", setting);
    va_start(args, format);
    vsnprintf(finding->text, sizeof(finding->text), format, args);
    va_end(args);
}

/* Files. */

static void check_data_dir(const struct settings *s, struct check_report *report)
{
    struct stat st;
    int line = settings_line_of(s, "data_dir");
    if (stat(s->data_dir, &st) != 0) {
        if (errno != ENOENT)
            check_add(report, CHECK_REFUSAL, line, "data_dir", "%s: %s", s->data_dir,
                      strerror(errno));
        return; /* made at first start */
    }
    if (!S_ISDIR(st.st_mode))
        check_add(report, CHECK_REFUSAL, line, "data_dir", "%s is no folder", s->data_dir);
    else if (access(s->data_dir, W_OK | X_OK) != 0)
        check_add(report, CHECK_REFUSAL, line, "data_dir", "%s cannot be written", s->data_dir);
    else if ((st.st_mode & S_IWOTH) != 0)
        check_add(report, CHECK_REFUSAL, line, "data_dir", "everybody may write in %s",
                  s->data_dir);
}

static void check_link_keys(const struct settings *s, struct check_report *report)
{
    struct keyring *keys;
    struct err err;
    if (access(s->link_keys_file, F_OK) != 0 && errno == ENOENT)
        return; /* made at first start */
    if (keys_load(s->link_keys_file, &keys, &err) == 0)
        keyring_free(keys);
    else
        check_add(report, CHECK_REFUSAL, settings_line_of(s, "link_keys_file"), "link_keys_file",
                  "%s", err.text);
}

static void check_ticket_keys(const struct settings *s, struct check_report *report)
{
    struct stat st;
    int line = settings_line_of(s, "ticket_keys_file");
    if (stat(s->ticket_keys_file, &st) != 0)
        return; /* made at first start */
    if ((st.st_mode & 077) != 0)
        check_add(report, CHECK_REFUSAL, line, "ticket_keys_file",
                  "%s may be read by others: chmod 600 it", s->ticket_keys_file);
    else if (access(s->ticket_keys_file, R_OK) != 0)
        check_add(report, CHECK_REFUSAL, line, "ticket_keys_file", "%s cannot be read",
                  s->ticket_keys_file);
}

void check_files(const struct settings *s, struct check_report *report)
{
    check_data_dir(s, report);
    check_link_keys(s, report);
    check_ticket_keys(s, report);
    if (!s->has_role_http)
        return;
    bool is_app_apart = s->app_links.certificate[0] != '\0';
    const struct settings_listener app = {
        .url = s->app_links.host, .certificate = s->app_links.certificate, .key = s->app_links.key};
    check_certificate(s, "public", &s->public_, is_app_apart ? "" : s->app_links.host, report);
    check_certificate(s, "private", &s->private_, "", report);
    if (is_app_apart)
        check_certificate(s, "app_links", &app, "", report);
    if (s->upload.listen[0] != '\0' && s->upload.url[0] != '\0')
        check_certificate(s, "upload", &s->upload, "", report);
}

/* Host names and addresses. */

static void check_listens(const struct settings *s, struct check_report *report)
{
    const struct {
        const char *name, *value;
    } all[] = {{"public.listen", s->public_.listen},
               {"private.listen", s->private_.listen},
               {"upload.listen", s->upload.listen},
               {"operators.listen", s->operators_listen}};
    for (int i = 0; i < 4; ++i)
        for (int j = 0; j < i; ++j)
            if (strcmp(all[i].value, all[j].value) == 0)
                check_add(report, CHECK_REFUSAL, settings_line_of(s, all[i].name), all[i].name,
                          "is the same as %s", all[j].name);
    if (strncmp(s->operators_listen, "127.", 4) != 0 &&
        strncmp(s->operators_listen, "[::1]", 5) != 0)
        check_add(report, CHECK_WARNING, settings_line_of(s, "operators.listen"),
                  "operators.listen", "is no loopback address: nothing asks who reads it");
    if (strncmp(s->private_.listen, "0.0.0.0:", 8) == 0 ||
        strncmp(s->private_.listen, "[::]:", 5) == 0)
        check_add(report, CHECK_WARNING, settings_line_of(s, "private.listen"), "private.listen",
                  "is every address of this machine: the API belongs on an inner one");
}

static void check_app_links(const struct settings *s, struct check_report *report)
{
    const char *host = s->app_links.host;
    int line = settings_line_of(s, "app_links.host");
    if (host[0] == '\0')
        return;
    if (host_is(host_of(span_str(host)), host_of(span_str(s->private_.url))))
        check_add(report, CHECK_REFUSAL, line, "app_links.host",
                  "has the host name of private.url: customers are to reach the public listener");
    if (s->app_links.ios_app_ids.count == 0 && s->app_links.android_packages.count == 0)
        check_add(report, CHECK_WARNING, line, "app_links.host",
                  "opens nothing: no app is named beside it");
}

static void check_app(const struct settings *s, struct check_report *report)
{
    enum signature_algorithm algorithm;
    struct err err;
    if (!signature_algorithm_find(span_str(s->app.algorithm), &algorithm))
        return;
    for (int i = 0; i < s->app.key_files.count; ++i)
        if (bank_keys_check_file(s->app.key_files.items[i], algorithm, &err) != 0)
            check_add(report, CHECK_REFUSAL, settings_line_of(s, "app.key_files"), "app.key_files",
                      "%s", err.text);
    if (s->app.ca_file[0] != '\0' && access(s->app.ca_file, R_OK) != 0)
        check_add(report, CHECK_REFUSAL, settings_line_of(s, "app.ca_file"), "app.ca_file",
                  "%s: %s", s->app.ca_file, strerror(errno));
}

/* A listener that is on is whole, and no customer is led to the API's host. */
static void check_upload(const struct settings *s, struct check_report *report)
{
    const struct settings_listener *u = &s->upload;
    int line = settings_line_of(s, "upload.listen");
    if (u->listen[0] == '\0')
        return;
    if (u->url[0] == '\0' || u->certificate[0] == '\0' || u->key[0] == '\0')
        check_add(report, CHECK_REFUSAL, line, "upload.listen",
                  "is set, but not all of upload.url, upload.certificate and upload.key");
    line = settings_line_of(s, "upload.url");
    if (strcmp(u->url, s->public_.url) == 0 || strcmp(u->url, s->private_.url) == 0)
        check_add(report, CHECK_REFUSAL, line, "upload.url",
                  "is another listener's: it needs a host or a port of its own");
    else if (u->url[0] != '\0' &&
             host_is(host_of(span_str(u->url)), host_of(span_str(s->private_.url))) &&
             !span_is_str(host_of(span_str(u->url)), "localhost"))
        check_add(report, CHECK_REFUSAL, line, "upload.url",
                  "has the host name of private.url: customers are to reach the public side");
}

void check_hosts(const struct settings *s, struct check_report *report)
{
    struct span public_host = host_of(span_str(s->public_.url));
    if (host_is(public_host, host_of(span_str(s->private_.url))))
        check_add(
            report, span_is_str(public_host, "localhost") ? CHECK_WARNING : CHECK_REFUSAL,
            settings_line_of(s, "private.url"), "private.url",
            "has the host name of public.url; cookies know no ports, so whoever gets a script "
            "into one would be in the other");
    check_app_links(s, report);
    check_upload(s, report);
    check_listens(s, report);
}

/* Providers and limits. */

/* A secret that cannot be used would refuse each message as forged. */
static bool secrets_are_ok(const struct settings_provider *p)
{
    for (int i = 0; i < p->secrets.count; ++i)
        if (!standard_webhooks_secret_is_ok(span_str(p->secrets.items[i])))
            return false;
    return true;
}

static void check_provider(const struct settings *s, int i, struct check_report *report)
{
    const struct settings_provider *p = &s->providers[i];
    char name[80];
    snprintf(name, sizeof(name), "providers[%d].provider", i);
    int line = settings_line_of(s, name);
    const struct provider *provider = provider_find(span_str(p->provider));
    if (provider == NULL)
        check_add(report, CHECK_REFUSAL, line, name, "there is no provider %s", p->provider);
    else if (strcmp(p->provider, "sandbox") == 0)
        check_add(report, CHECK_WARNING, line, name, "the sandbox bank moves no money");
    else if (strcmp(p->environment, "test") == 0)
        check_add(report, CHECK_WARNING, line, name, "is a test account: no real money moves");
    for (int n = 0; provider != NULL && provider->needs[n] != NULL; ++n)
        if (!settings_provider_has(p, provider->needs[n]))
            check_add(report, CHECK_REFUSAL, line, name, "has no %s, which %s cannot do without",
                      provider->needs[n], p->provider);
    if (provider == &standard_provider && !secrets_are_ok(p))
        check_add(report, CHECK_REFUSAL, line, name,
                  "has a secret that is not whsec_ and the base64 of 24 to 64 bytes");
    if (p->ca_file[0] != '\0' && access(p->ca_file, R_OK) != 0)
        check_add(report, CHECK_REFUSAL, line, name, "ca_file %s: %s", p->ca_file, strerror(errno));
    if (provider != NULL && provider->needs_email && s->creditor.email[0] == '\0')
        check_add(report, CHECK_REFUSAL, line, name,
                  "wants an address of each customer: set creditor.email, which is given for those "
                  "who have none");
}

static void check_providers(const struct settings *s, struct check_report *report)
{
    for (int i = 0; i < s->provider_count; ++i)
        check_provider(s, i, report);
    if (s->provider_count == 0)
        check_add(report, CHECK_WARNING, 0, "providers",
                  "there is none: customers can pay by transfer only");
}

static void check_descriptors(const struct settings *s, struct check_report *report)
{
    struct rlimit limit;
    int64_t wanted = s->public_.limits.connections / s->workers + s->private_.limits.connections;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    if (limit.rlim_max < SOCKETS_DESCRIPTORS_MIN)
        check_add(report, CHECK_REFUSAL, 0, "",
                  "a process may open %llu files, %d are needed "
                  "(LimitNOFILE=, ulimit -n)",
                  (unsigned long long)limit.rlim_max, SOCKETS_DESCRIPTORS_MIN);
    else if ((int64_t)limit.rlim_max < wanted + 64)
        check_add(report, CHECK_WARNING, settings_line_of(s, "public.limits.connections"),
                  "public.limits.connections",
                  "a process may open %lld files: fewer connections than this are taken "
                  "(LimitNOFILE=, ulimit -n)",
                  (long long)limit.rlim_max);
}

/* The work process sends; another machine may know of other channels. */
static void check_scenarios(const struct settings *s, const char *conninfo,
                            struct check_report *report)
{
    char ways[100];
    snprintf(ways, sizeof(ways), "{call,handover%s%s%s%s}", s->push.app_count > 0 ? ",push" : "",
             s->sms.gateway[0] != '\0' ? ",sms" : "", s->mail.url[0] != '\0' ? ",email" : "",
             s->voice.gateway[0] != '\0' ? ",voice" : "");
    if (s->has_role_work)
        check_steps(conninfo, ways, report);
}

/* The private database is looked at while it runs; it is not started for that. */
static void check_private_database(const struct settings *s, struct check_report *report)
{
    char programs[DB_PATH_MAX], path[DB_PATH_MAX + 32], conninfo[2 * DB_PATH_MAX] = "";
    struct err err;
    if (db_place_find_programs(programs, 0, &err) != 0)
        check_add(report, CHECK_REFUSAL, 0, "database", "%s", err.text);
    snprintf(path, sizeof(path), "%.1000s/database.conninfo", s->data_dir);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    bool has_line = fgets(conninfo, sizeof(conninfo), file) != NULL;
    fclose(file);
    conninfo[strcspn(conninfo, "\n")] = '\0';
    if (!has_line || !check_answers(conninfo))
        return;
    check_database(conninfo, 0, report);
    check_scenarios(s, conninfo, report);
}

static void check_databases(const struct settings *s, struct check_report *report)
{
    if (s->database.url[0] == '\0') {
        check_private_database(s, report);
        return;
    }
    int line = settings_line_of(s, "database.url");
    check_database(s->database.url, line != 0 ? line : settings_line_of(s, "database.url_file"),
                   report);
    check_scenarios(s, s->database.url, report);
    if (strcmp(s->database.url, s->database.owner_url) != 0 &&
        !check_answers(s->database.owner_url))
        check_add(report, CHECK_REFUSAL, settings_line_of(s, "database.owner_url"),
                  "database.owner_url", "cannot be connected to");
}

void check_run(const char *settings_file, struct check_report *report)
{
    struct settings settings;
    struct settings_mistakes mistakes;
    report->count = 0;
    if (settings_read(&settings, settings_file, &mistakes) == 0) {
        check_files(&settings, report);
        check_hosts(&settings, report);
        check_app(&settings, report);
        check_providers(&settings, report);
        check_descriptors(&settings, report);
        check_databases(&settings, report);
        check_provider_credentials(&settings, report);
        if (settings.has_role_work) {
            check_push(&settings, report);
            check_gateways(&settings, report);
            check_mail(&settings, report);
        }
    }
    for (int i = 0; i < mistakes.count; ++i)
        check_add(report, CHECK_REFUSAL, mistakes.items[i].line, mistakes.items[i].setting, "%s",
                  mistakes.items[i].text);
    settings_release(&settings);
}

/* The command. */

static const char *level_word(enum check_level level)
{
    return level == CHECK_REFUSAL ? "refusal" : level == CHECK_WARNING ? "warning" : "good";
}

static void print_words(const struct check_report *report, const char *file)
{
    int complaints = 0;
    for (int i = 0; i < report->count; ++i) {
        const struct check_finding *f = &report->items[i];
        complaints += f->level != CHECK_PROOF;
        printf("%s:", file[0] == '\0' ? "settings" : file);
        if (f->line > 0)
            printf("%d:", f->line);
        printf(" %s: %s%s%s\n", level_word(f->level), f->setting, f->setting[0] == '\0' ? "" : " ",
               f->text);
    }
    if (complaints == 0)
        printf("%s: nothing to complain of\n", file[0] == '\0' ? "settings" : file);
}

static void print_json(const struct check_report *report)
{
    json_t *all = json_array();
    for (int i = 0; i < report->count; ++i)
        json_array_append_new(
            all, json_pack("{s:s, s:i, s:s, s:s}", "level", level_word(report->items[i].level),
                           "line", report->items[i].line, "setting", report->items[i].setting,
                           "text", report->items[i].text));
    json_dumpf(all, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(all);
}

static bool has_refusal(const struct check_report *report)
{
    for (int i = 0; i < report->count; ++i)
        if (report->items[i].level == CHECK_REFUSAL)
            return true;
    return false;
}

int check_command(int argc, char **argv)
{
    static struct check_report report;
    bool has_json = false, is_usage = true;
    const char *file = settings_find_file();
    for (int i = 1; i < argc; ++i) {
        if (strcmp(argv[i], "--json") == 0)
            has_json = true;
        else if (strcmp(argv[i], "--settings") == 0 && i + 1 < argc)
            file = argv[++i];
        else
            is_usage = false;
    }
    if (!is_usage) {
        fputs("usage: dunlin check [--json] [--settings FILE]\n", stderr);
        return 2;
    }
    check_run(file, &report);
    if (has_json)
        print_json(&report);
    else
        print_words(&report, file);
    return has_refusal(&report) ? 1 : 0;
}

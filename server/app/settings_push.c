#include "app/settings_push.h"

#include "app/setting_checks.h"
#include "app/setting_row.h"
#include "app/setting_value.h"
#include "channel/push_apps.h"

#include <stddef.h>

_Static_assert(2 * SETTINGS_PUSH_APPS_MAX <= PUSH_APPS_MAX, "each app may have two environments");

/* ---- single values ---- */

static const char *check_app(const char *value, char room[160])
{
    (void)room;
    size_t len = strlen(value);
    if (len > 155 || strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789._-") != len)
        return "must be a bundle id or package name, for instance com.example.bank";
    return NULL;
}

static const char *check_service(const char *value, char room[160])
{
    (void)room;
    return strcmp(value, "apns") == 0 || strcmp(value, "fcm") == 0 ? NULL : "must be apns or fcm";
}

static const char *check_environment(const char *value, char room[160])
{
    (void)room;
    return strcmp(value, "production") == 0 || strcmp(value, "sandbox") == 0
               ? NULL
               : "must be production or sandbox";
}

static const char *check_ten(const char *value, char room[160])
{
    (void)room;
    size_t len = strlen(value);
    return len == 10 && strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == len
               ? NULL
               : "must be 10 capital letters and digits, as Apple's developer site shows it";
}

static const char *check_text(const char *value, char room[160])
{
    (void)room;
    return strcmp(value, "neutral") == 0 || strcmp(value, "full") == 0 || strcmp(value, "keys") == 0
               ? NULL
               : "must be neutral, full or keys";
}

static const char *check_channel(const char *value, char room[160])
{
    (void)room;
    return strlen(value) <= 100 ? NULL : "must be at most 100 octets";
}

static const char *check_host(const char *value, char room[160])
{
    (void)room;
    size_t len = strlen(value);
    return len <= 253 && strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len
               ? NULL
               : "must be a host name in lower case";
}

static const char *say(int failed, const struct err *err, char room[160])
{
    if (failed == 0)
        return NULL;
    snprintf(room, 160, "is of no use: %.140s", err->text);
    return room;
}

static const char *check_key(const char *value, char room[160])
{
    struct err err;
    return say(push_check_key(span_str(value), &err), &err, room);
}

static const char *check_account(const char *value, char room[160])
{
    struct err err;
    return say(push_check_account(span_str(value), &err), &err, room);
}

/* ---- the rows ---- */

#define APP_AT(field) offsetof(struct settings_push_app, field)

static const struct setting rows[] = {
    {.name = "app",
     .type = SETTING_TEXT,
     .offset = APP_AT(app),
     .example = "com.example.bank",
     .check = check_app,
     .is_required = true,
     .help = "Bundle id or package name, as the app gives it when it registers a device."},
    {.name = "service",
     .type = SETTING_TEXT,
     .offset = APP_AT(service),
     .example = "apns",
     .check = check_service,
     .is_required = true,
     .help = "apns or fcm."},
    {.name = "environments",
     .type = SETTING_TEXTS,
     .offset = APP_AT(environments),
     .example = "production, sandbox",
     .max = 2,
     .check = check_environment,
     .help = "APNs: production, and sandbox for builds that come from Xcode. Only production when\n"
             "not given; FCM has no other."},
    {.name = "key_file",
     .type = SETTING_SECRET_FILE,
     .offset = APP_AT(key_pem),
     .example = "/etc/dunlin/AuthKey_ABCDE12345.p8",
     .check = check_key,
     .help = "APNs: file with the token key (.p8), readable by Dunlin alone …"},
    {.name = "key_id",
     .type = SETTING_TEXT,
     .offset = APP_AT(key_id),
     .example = "ABCDE12345",
     .check = check_ten,
     .help = "… its id, 10 characters …"},
    {.name = "team_id",
     .type = SETTING_TEXT,
     .offset = APP_AT(team_id),
     .example = "TEAM123456",
     .check = check_ten,
     .help = "… and the team it belongs to."},
    {.name = "certificate",
     .type = SETTING_TEXT_FILE,
     .offset = APP_AT(certificate_pem),
     .example = "/etc/dunlin/apns.pem",
     .help = "APNs: or a client certificate in place of the token key, PEM, with its chain …"},
    {.name = "certificate_key",
     .type = SETTING_SECRET_FILE,
     .offset = APP_AT(certificate_key_pem),
     .example = "/etc/dunlin/apns.key",
     .help = "… and its key, readable by Dunlin alone."},
    {.name = "account_file",
     .type = SETTING_SECRET_FILE,
     .offset = APP_AT(account_json),
     .example = "/etc/dunlin/firebase.json",
     .check = check_account,
     .help = "FCM: the service account's key file, as Google's console gives it, readable by\n"
             "Dunlin alone."},
    {.name = "topic",
     .type = SETTING_TEXT,
     .offset = APP_AT(topic),
     .example = "com.example.bank",
     .check = check_app,
     .help = "APNs: the topic, where it is not the app."},
    {.name = "channel_id",
     .type = SETTING_TEXT,
     .offset = APP_AT(channel_id),
     .example = "payments",
     .check = check_channel,
     .help = "FCM: Android's notification channel, which the app must have; payments when not\n"
             "given."},
    {.name = "text",
     .type = SETTING_TEXT,
     .offset = APP_AT(text),
     .default_ = "neutral",
     .check = check_text,
     .help = "What the lock screen shows: neutral (who writes, and to open the app), full (the\n"
             "reminder's own words, with the amount) or keys (keys that the app localises)."},
    {.name = "host",
     .type = SETTING_TEXT,
     .offset = APP_AT(host),
     .example = "push.test.example",
     .check = check_host,
     .help = "For tests: another server in place of the service's own …"},
    {.name = "port",
     .type = SETTING_INT,
     .offset = APP_AT(port),
     .default_ = "443",
     .min = 1,
     .max = 65535,
     .help = "… its port (APNs listens on 2197, too) …"},
    {.name = "connect",
     .type = SETTING_TEXT,
     .offset = APP_AT(connect),
     .example = "127.0.0.1:8443",
     .check = setting_check_listen,
     .help = "… the address and port to connect to …"},
    {.name = "ca_file",
     .type = SETTING_PATH,
     .offset = APP_AT(ca_file),
     .example = "/etc/dunlin/push-test-ca.pem",
     .help = "… and the certificates to trust instead of the system's."},
    {.name = NULL},
};

/* ---- what must stand together ---- */

/* The app that is looked at, and where its settings stand. */
struct looked_at {
    struct settings_reading *r;
    struct settings_push_app *app;
    int index, line;
};

static int line_of(const struct looked_at *l, const char *row)
{
    char name[SETTING_NAME_ROOM];
    snprintf(name, sizeof(name), "push.apps[%d].%s", l->index, row);
    return settings_line_of(l->r->settings, name);
}

/* Also when what it holds was refused: then that was said already. */
static bool is_given(const struct looked_at *l, const char *row)
{
    return line_of(l, row) != 0;
}

static void __attribute__((format(printf, 3, 4)))
add(const struct looked_at *l, const char *row, const char *format, ...)
{
    char name[SETTING_NAME_ROOM], text[160];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    snprintf(name, sizeof(name), "push.apps[%d].%s", l->index, row);
    setting_add_mistake(l->r->mistakes, is_given(l, row) ? line_of(l, row) : l->line, name, "%s",
                        text);
}

static bool is_said(const struct looked_at *l, const char *row)
{
    char name[SETTING_NAME_ROOM];
    snprintf(name, sizeof(name), "push.apps[%d].%s", l->index, row);
    for (int i = 0; i < l->r->mistakes->count; ++i)
        if (strcmp(l->r->mistakes->items[i].setting, name) == 0)
            return true;
    return false;
}

static void need(const struct looked_at *l, const char *row, const char *with)
{
    if (!is_given(l, row))
        add(l, row, "is needed with %s", with);
}

static void refuse(const struct looked_at *l, const char *row, const char *why)
{
    if (is_given(l, row))
        add(l, row, "%s", why);
}

static void finish_certificate(const struct looked_at *l)
{
    const struct settings_push_app *app = l->app;
    struct err err;
    need(l, "certificate", "certificate_key");
    need(l, "certificate_key", "certificate");
    if (app->certificate_pem[0] != '\0' && app->certificate_key_pem[0] != '\0' &&
        push_check_certificate(span_str(app->certificate_pem), span_str(app->certificate_key_pem),
                               &err) != 0)
        add(l, "certificate_key", "is of no use: %.130s", err.text);
}

static void finish_apns(const struct looked_at *l)
{
    static const char no_use[] = "is of FCM: apns has no use for it";
    bool has_key = is_given(l, "key_file"), has_id = is_given(l, "key_id");
    bool has_certificate = is_given(l, "certificate") || is_given(l, "certificate_key");
    refuse(l, "account_file", no_use);
    refuse(l, "channel_id", no_use);
    if (has_key && has_certificate) {
        add(l, "certificate", "stands beside key_file: give one of the two");
    } else if (has_certificate) {
        finish_certificate(l);
        refuse(l, "key_id", "stands without key_file");
        refuse(l, "team_id", "stands without key_file");
    } else if (has_key || has_id) {
        need(l, "key_file", "key_id");
        need(l, "key_id", "key_file");
        need(l, "team_id", "key_file");
    } else {
        add(l, "key_file",
            "is needed for apns, with key_id and team_id (or certificate and "
            "certificate_key)");
    }
}

static void finish_fcm(const struct looked_at *l)
{
    static const char *const of_apns[] = {"key_file",    "key_id",          "team_id",
                                          "certificate", "certificate_key", "topic"};
    for (size_t i = 0; i < sizeof(of_apns) / sizeof(of_apns[0]); ++i)
        refuse(l, of_apns[i], "is of APNs: fcm has no use for it");
    need(l, "account_file", "fcm");
    for (int i = 0; i < l->app->environments.count; ++i)
        if (strcmp(l->app->environments.items[i], "production") != 0)
            add(l, "environments", "fcm has no sandbox: production alone, or nothing");
}

static bool shares_environment(const struct settings_list *a, const struct settings_list *b)
{
    for (int i = 0; i < a->count; ++i)
        for (int j = 0; j < b->count; ++j)
            if (strcmp(a->items[i], b->items[j]) == 0)
                return true;
    return false;
}

/* A device names its app, service and environment: that must find one credential. */
static void refuse_doubles(const struct looked_at *l)
{
    const struct settings_list *mine = &l->app->environments;
    if (mine->count == 2 && strcmp(mine->items[0], mine->items[1]) == 0)
        add(l, "environments", "names one of them twice");
    for (int i = 0; i < l->index; ++i) {
        const struct settings_push_app *other = &l->r->settings->push.apps[i];
        if (strcmp(other->app, l->app->app) == 0 && strcmp(other->service, l->app->service) == 0 &&
            l->app->app[0] != '\0' && shares_environment(&other->environments, mine))
            add(l, "app", "is the same app, service and environment as push.apps[%d]", i);
    }
}

static void finish(struct settings_reading *r, int index, int line)
{
    struct settings_push_app *app = &r->settings->push.apps[index];
    const struct looked_at l = {r, app, index, line};
    bool is_apns = strcmp(app->service, "apns") == 0;
    if (app->environments.count == 0 && !is_given(&l, "environments"))
        app->environments = (struct settings_list){.items = {"production"}, .count = 1};
    else if (app->environments.count == 0 && !is_said(&l, "environments"))
        refuse(&l, "environments", "must name one at least");
    if (is_apns)
        finish_apns(&l);
    else if (strcmp(app->service, "fcm") == 0)
        finish_fcm(&l);
    refuse_doubles(&l);
    if (is_apns && app->topic[0] == '\0')
        app->topic = app->app;
    if (!is_apns && app->channel_id[0] == '\0')
        app->channel_id = "payments";
}

static const struct setting_tables tables = {
    .rows = rows,
    .first = offsetof(struct settings, push.apps),
    .item_size = sizeof(struct settings_push_app),
    .count = offsetof(struct settings, push.app_count),
    .max = SETTINGS_PUSH_APPS_MAX,
    .finish = finish,
};

const struct setting settings_push[] = {
    SECTION("push", "Reminders as pushes of the creditor's own apps, over APNs and FCM."),
    {.name = "push.apps",
     .type = SETTING_TABLES,
     .tables = &tables,
     .help = "One for each app and service."},
    {.name = NULL},
};

#include "app/settings_app.h"

#include "app/setting_checks.h"
#include "app/setting_row.h"
#include "app/setting_value.h"
#include "base/host.h"
#include "base/key_set.h"
#include "domain/app_link.h"

static const char *check_algorithm(const char *value, char room[160])
{
    enum signature_algorithm algorithm;
    (void)room;
    return signature_algorithm_find(span_str(value), &algorithm)
               ? NULL
               : "must be ES256, RS256 or PS256: the bank signs with a key that we cannot sign "
                 "with";
}

static const char *check_ios_app(const char *value, char room[160])
{
    (void)room;
    return app_link_wrong_ios(value);
}

static const char *check_android_app(const char *value, char room[160])
{
    (void)room;
    return app_link_wrong_android(value);
}

const struct setting settings_app[] = {
    SECTION("app_links",
            "Links that open the creditor's app. Phones ask each host for the files that name the\n"
            "apps which may open its links; they are served on the public listener."),
    TEXT("app_links.host", app_links.host, NULL,
         "Where the page's \"Open in the app\" leads; nothing shows none. Another host name than\n"
         "public.url's, because a link to the page's own host stays in the browser. It must lead\n"
         "to the public listener: who has no app gets the same page there.",
         .example = "https://app.pay.example.com", .check = setting_check_origin),
    PATH("app_links.certificate", app_links.certificate, NULL,
         "PEM, the whole chain; without it public.certificate is for this host too.",
         .example = "/etc/dunlin/app.pay.example.com.pem"),
    PATH("app_links.key", app_links.key, NULL, "PEM.",
         .example = "/etc/dunlin/app.pay.example.com.key"),
    {.name = "app_links.ios_app_ids",
     .type = SETTING_TEXTS,
     .offset = AT(app_links.ios_app_ids),
     .example = "ABCDE12345.com.example.bank",
     .check = check_ios_app,
     .is_set = true,
     .help = "The apps on iOS: team and bundle id."},
    {.name = "app_links.android_packages",
     .type = SETTING_TEXTS,
     .offset = AT(app_links.android_packages),
     .example = "com.example.bank=14:6D:E9:83:C5:73:06:50:D8:EE:B9:95:2F:34:FC:64:"
                "16:A0:83:42:E6:1D:BE:A8:8A:04:96:B2:3F:CF:44:E5",
     .check = check_android_app,
     .is_set = true,
     .help = "The apps on Android: package = SHA-256 fingerprint of the certificate it is signed\n"
             "with (Play App Signing's); for several certificates the package again. At most 16."},

    SECTION(
        "app",
        "The creditor's app on phones, which registers for pushes and asks what is due. It shows\n"
        "whose it is by a token (JWT) that the creditor's own server signs for its customer.\n"
        "Without these settings the public listener has no /app/v1/."),
    TEXT("app.algorithm", app.algorithm, NULL,
         "What the tokens are signed with, ES256, RS256 or PS256; a token that says otherwise is\n"
         "refused.",
         .example = "ES256", .check = check_algorithm),
    TEXT("app.issuer", app.issuer, NULL, "The \"iss\" of the tokens.",
         .example = "https://login.bank.example"),
    TEXT("app.audience", app.audience, NULL, "Must be their \"aud\", or one of it.",
         .example = "dunlin"),
    TEXT("app.customer_claim", app.customer_claim, "sub",
         "Which claim holds the customer's reference, the one that imports call the customer by."),
    INT("app.leeway_seconds", app.leeway_s, "60", 0, 300,
        "By how much the clocks of phones, bank and ours may differ."),
    {.name = "app.key_files",
     .type = SETTING_PATHS,
     .offset = AT(app.key_files),
     .example = "/etc/dunlin/bank-app.pem",
     .help = "The public keys that sign: PEM, or a JWK set. Read again on SIGHUP."},
    TEXT("app.jwks_url", app.jwks_url, NULL,
         "Where the bank publishes them as a JWK set, instead of files or beside them. Fetched in\n"
         "the background, and for an unknown key at most once a minute; while that server is away\n"
         "the last keys go on for `keep_seconds`.",
         .example = "https://login.bank.example/.well-known/jwks.json",
         .check = setting_check_https_url),
    INT("app.refresh_seconds", app.refresh_s, "600", 1, 86400, "How often it is fetched."),
    INT("app.keep_seconds", app.keep_s, "86400", 1, 2592000,
        "For how long its keys are believed after the last good fetch; at least refresh_seconds."),
    PATH("app.ca_file", app.ca_file, NULL,
         "Certificates to trust for that address instead of the system's.",
         .example = "/etc/dunlin/bank-ca.pem"),
    {.name = NULL},
};

static void finish_app_links(struct settings_reading *r)
{
    const struct settings *s = r->settings;
    const char *host = s->app_links.host;
    bool has_certificate = s->app_links.certificate[0] != '\0',
         has_key = s->app_links.key[0] != '\0';
    if (host[0] != '\0' && host_is(host_of(span_str(host)), host_of(span_str(s->public_.url))))
        setting_add_mistake(r->mistakes, settings_line_of(s, "app_links.host"), "app_links.host",
                            "has the host name of public.url: a link on a page to its own host "
                            "stays in the browser and opens no app");
    if (has_certificate && host[0] == '\0')
        setting_add_mistake(r->mistakes, settings_line_of(s, "app_links.certificate"),
                            "app_links.certificate", "stands without app_links.host");
    if (has_certificate != has_key)
        setting_add_mistake(
            r->mistakes, settings_line_of(s, has_key ? "app_links.key" : "app_links.certificate"),
            has_key ? "app_links.key" : "app_links.certificate", "stands without app_links.%s",
            has_key ? "certificate" : "key");
}

/* On the line where some of them stands. */
static void add_app_mistake(struct settings_reading *r, const char *name, const char *text)
{
    static const char *const some[] = {"app.algorithm", "app.issuer", "app.audience",
                                       "app.key_files", "app.jwks_url"};
    int line = settings_line_of(r->settings, name);
    for (size_t i = 0; line == 0 && i < sizeof(some) / sizeof(some[0]); ++i)
        line = settings_line_of(r->settings, some[i]);
    if (!setting_is_said(r, name))
        setting_add_mistake(r->mistakes, line, name, "%s", text);
}

/* With any of them, apps are to be answered: then whose tokens are believed must be said in full.
 */
static void finish_tokens(struct settings_reading *r)
{
    const struct settings *s = r->settings;
    bool has_keys = s->app.key_files.count != 0 || s->app.jwks_url[0] != '\0';
    if (s->app.algorithm[0] == '\0' && s->app.issuer[0] == '\0' && s->app.audience[0] == '\0' &&
        !has_keys)
        return;
    if (s->app.algorithm[0] == '\0')
        add_app_mistake(r, "app.algorithm",
                        "is needed with the others of app: ES256, for instance");
    if (s->app.issuer[0] == '\0')
        add_app_mistake(r, "app.issuer", "is needed with the others of app");
    if (s->app.audience[0] == '\0')
        add_app_mistake(r, "app.audience", "is needed with the others of app");
    if (s->app.customer_claim[0] == '\0')
        add_app_mistake(r, "app.customer_claim", "names no claim");
    if (!has_keys && !setting_is_said(r, "app.jwks_url"))
        add_app_mistake(r, "app.key_files", "is needed with the others of app, or app.jwks_url");
}

void settings_finish_app(struct settings_reading *r)
{
    finish_app_links(r);
    finish_tokens(r);
}

#include "app/settings_gateway.h"

#include "app/setting_checks.h"
#include "app/setting_row.h"
#include "app/setting_value.h"
#include "channel/http_report.h"

#include <ctype.h>
#include <stdlib.h>

enum { SECRET_LEN_MIN = 16 };

static const char *check_gateway(const char *value, char room[160])
{
    (void)room;
    return strcmp(value, "smsapi") == 0 || strcmp(value, "generic") == 0
               ? NULL
               : "must be smsapi or generic";
}

static const char *check_decimal(const char *value, char room[160])
{
    int64_t micro;
    (void)room;
    return value[0] != '-' && http_adapter_micro(span_str(value), &micro)
               ? NULL
               : "must be an amount such as 0.07, below a million";
}

int64_t setting_micro(const char *decimal)
{
    int64_t micro = 0;
    return http_adapter_micro(span_str(decimal), &micro) ? micro : 0;
}

static const char *check_field(const char *value, char room[160])
{
    (void)room;
    return http_adapter_wrong_field(value);
}

static const char *check_header_line(const char *value, char room[160])
{
    const char *colon = strchr(value, ':');
    (void)room;
    if (colon == NULL || colon == value || strpbrk(value, "\r\n") != NULL)
        return "must be NAME: value";
    for (const char *c = value; c < colon; ++c)
        if (!isalnum((unsigned char)*c) && *c != '-')
            return "must be NAME: value";
    return NULL;
}

static const char *check_path_in_answer(const char *value, char room[160])
{
    (void)room;
    return http_adapter_wrong_path(value);
}

static const char *check_status_row(const char *value, char room[160])
{
    (void)room;
    return http_report_wrong_status(value);
}

static const char *check_method(const char *value, char room[160])
{
    (void)room;
    return strcmp(value, "POST") == 0 || strcmp(value, "GET") == 0 ? NULL : "must be POST or GET";
}

static const char *check_body(const char *value, char room[160])
{
    (void)room;
    return strcmp(value, "form") == 0 || strcmp(value, "json") == 0 ? NULL : "must be form or json";
}

static const char *check_number_form(const char *value, char room[160])
{
    (void)room;
    return strcmp(value, "digits") == 0 || strcmp(value, "plus") == 0
               ? NULL
               : "must be digits (48…) or plus (+48…)";
}

/* An operator refuses more; a telephone number as sender is the gateway's to judge. */
static const char *check_sender(const char *value, char room[160])
{
    (void)room;
    size_t len = strlen(value);
    for (const char *c = value; *c != '\0'; ++c)
        if (!isalnum((unsigned char)*c) && strchr(".- +", *c) == NULL)
            return "must be of ASCII letters, digits, blanks, dots and hyphens";
    return len <= 34 ? NULL : "is longer than any gateway takes";
}

static const char *check_secret_word(const char *value, char room[160])
{
    size_t len = strlen(value);
    (void)room;
    if (len < SECRET_LEN_MIN || len > 128)
        return "must have 16 to 128 characters: openssl rand -hex 24";
    for (const char *c = value; *c != '\0'; ++c)
        if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
            return "must be of letters, digits, - and _, as it stands in an address";
    return NULL;
}

/* ---- the rows ---- */

#define CODES(name_, field, help_)                                                                 \
    {                                                                                              \
        .name = name_, .type = SETTING_TEXTS, .offset = AT(field), .example = "", .help = help_    \
    }

/* What SMS and voice messages have in common. */
#define GATEWAY(prefix, at, rate, fields_example, price)                                           \
    TEXT(prefix ".gateway", at.gateway, NULL,                                                      \
         "smsapi (SMSAPI.pl) or generic (described below); nothing: the channel is not used.",     \
         .example = "smsapi", .check = check_gateway),                                             \
        {.name = prefix ".token_file",                                                             \
         .type = SETTING_SECRET_FILE,                                                              \
         .offset = AT(at.token),                                                                   \
         .example = "/etc/dunlin/" prefix ".token",                                                \
         .help = "File with the token or password, readable by Dunlin alone (or in the\n"          \
                 "environment, as DUNLIN_SMS_TOKEN or DUNLIN_VOICE_TOKEN)."},                      \
        TEXT(prefix ".user", at.user, NULL, "The user beside it, where a gateway wants one.",      \
             .example = "bank"),                                                                   \
        TEXT(prefix ".sender", at.sender, NULL,                                                    \
             "The sender's name, as the gateway has approved it; at most 11 characters.",          \
             .example = "MyBank", .check = check_sender),                                          \
        BOOL(prefix ".test", at.is_test, "false",                                                  \
             "The gateway checks and answers, and sends nothing (field {test})."),                 \
        TEXT(prefix ".part_price", at.part_price, "0",                                             \
             "What " price " costs, VAT included, where the gateway does not say it.",             \
             .example = "0.07", .check = check_decimal),                                           \
        TEXT(prefix ".point_price", at.point_price, "1",                                           \
             "What a unit of the prices in the gateway's answers costs; 0: they are not used.",    \
             .check = check_decimal),                                                              \
        TEXT(prefix ".spend_per_day", at.spend_per_day, "0",                                       \
             "The channel stops for the day (UTC) when so much was spent; 0: no limit.",           \
             .example = "500.00", .check = check_decimal),                                         \
        INT(prefix ".per_second", at.per_second, rate, 0, 10000,                                   \
            "Messages a second at most, of this machine; 0: as many as are in flight."),           \
        INT(prefix ".in_flight", at.in_flight, "20", 1, 200, "Requests without an answer."),       \
        INT(prefix ".timeout_ms", at.timeout_ms, "20000", 1000, 120000,                            \
            "How long an answer is waited for."),                                                  \
        INT(prefix ".failures_to_rest", at.failures_to_rest, "5", 0, 1000,                         \
            "After so many failures in a row the channel rests; 0: never."),                       \
        INT(prefix ".rest_ms", at.rest_ms, "5000", 10, 600000,                                     \
            "The first rest; each one is twice as long, up to thirty times."),                     \
        INT(prefix ".stopped_check_s", at.stopped_check_s, "60", 1, 86400,                         \
            "How often check_url is asked while the channel is stopped (no credit, a bad "         \
            "token).\n"                                                                            \
            "Without one it goes on by itself after ten times of that."),                          \
        TEXT(prefix ".url", at.url, NULL, "Where messages go; smsapi knows its own.",              \
             .example = "https://api.gateway.example/messages", .check = setting_check_url),       \
        TEXT(prefix ".second_url", at.second_url, NULL,                                            \
             "Tried when that fails; only where a repeated id is refused.",                        \
             .example = "https://api2.gateway.example/messages", .check = setting_check_url),      \
        TEXT(prefix ".check_url", at.check_url, NULL,                                              \
             "A GET of it costs nothing and proves the credentials, for `dunlin check` and for\n"  \
             "going on after a stop; smsapi knows its own.",                                       \
             .example = "https://api.gateway.example/account", .check = setting_check_url),        \
        PATH(prefix ".ca_file", at.ca_file, NULL,                                                  \
             "Certificates to trust instead of the system's.",                                     \
             .example = "/etc/dunlin/" prefix "-ca.pem"),                                          \
        TEXT(prefix ".method", at.method, "POST",                                                  \
             "generic: POST, or GET with the fields in the "                                       \
             "query.",                                                                             \
             .check = check_method),                                                               \
        TEXT(prefix ".body", at.body, "form", "generic: form or json.", .check = check_body),      \
        TEXT(prefix ".number_form", at.number_form, "plus",                                        \
             "generic: plus (+48…) or digits (48…).", .check = check_number_form),                 \
        {.name = prefix ".headers",                                                                \
         .type = SETTING_TEXTS,                                                                    \
         .offset = AT(at.headers),                                                                 \
         .example = "Authorization: Bearer {token}",                                               \
         .check = check_header_line,                                                               \
         .help = "generic: further headers; {token}, {user}, and {basic}, which is both in\n"      \
                 "base64."},                                                                       \
        {.name = prefix ".fields",                                                                 \
         .type = SETTING_TEXTS,                                                                    \
         .offset = AT(at.fields),                                                                  \
         .example = fields_example,                                                                \
         .check = check_field,                                                                     \
         .help = "generic: what is sent, NAME={placeholder} or NAME=value. {to} {text} {sender}\n" \
                 "{id} {notify} {parts_max} {test} {tries} {interval} {user} {token}; a field\n"   \
                 "without a value is left out."},                                                  \
        BOOL(prefix ".refuses_repeats", at.refuses_repeats, "false",                               \
             "generic: the gateway sends an {id} once, however often it is asked. Then what\n"     \
             "nobody knows is asked again; else it ends uncertain."),                              \
        TEXT(prefix ".id_path", at.id_path, NULL,                                                  \
             "generic: where its answer has the message's id, which says that it was taken.",      \
             .example = "items[0].id", .check = check_path_in_answer),                             \
        TEXT(prefix ".error_path", at.error_path, NULL, "generic: where an error's code stands.",  \
             .example = "error.code", .check = check_path_in_answer),                              \
        TEXT(prefix ".parts_path", at.parts_path, NULL, "generic: where the parts are counted.",   \
             .example = "items[0].parts", .check = check_path_in_answer),                          \
        TEXT(prefix ".price_path", at.price_path, NULL, "generic: where the price stands.",        \
             .example = "price", .check = check_path_in_answer),                                   \
        CODES(prefix ".codes_retry", at.codes_retry,                                               \
              "generic: codes of the gateway's own trouble; the message comes again later."),      \
        CODES(prefix ".codes_stop", at.codes_stop,                                                 \
              "generic: codes that need somebody (credit, token); messages are held meanwhile."),  \
        CODES(prefix ".codes_bad_number", at.codes_bad_number,                                     \
              "generic: codes of a number that this message cannot reach."),                       \
        CODES(prefix ".codes_dead_number", at.codes_dead_number,                                   \
              "generic: codes of a number that nothing will ever reach."),                         \
        CODES(prefix ".codes_sent", at.codes_sent,                                                 \
              "generic: codes that say an earlier try has sent it."),                              \
        {.name = prefix ".statuses_retry",                                                         \
         .type = SETTING_TEXTS,                                                                    \
         .offset = AT(at.statuses_retry),                                                          \
         .default_ = "429, 503",                                                                   \
         .help = "generic: HTTP statuses of what was certainly not taken."},                       \
        SECTION(prefix ".report",                                                                  \
                "Delivery reports, which the gateway sends to /callbacks/" prefix "/SECRET of\n"   \
                "public.url."),                                                                    \
        {.name = prefix ".report.secret_file",                                                     \
         .type = SETTING_SECRET_FILE,                                                              \
         .offset = AT(at.report_secret),                                                           \
         .example = "/etc/dunlin/" prefix "-report.secret",                                        \
         .check = check_secret_word,                                                               \
         .help = "File with the secret of that address; without it no reports are taken."},        \
        TEXT(prefix ".report.id_field", at.report_id, NULL, "generic: the gateway's own id …",     \
             .example = "MessageSid"),                                                             \
        TEXT(prefix ".report.code_field", at.report_code, NULL, "generic: … and ours, the {id}.",  \
             .example = "unique_id"),                                                              \
        TEXT(prefix ".report.status_field", at.report_status, NULL, "generic: the status.",        \
             .example = "MessageStatus"),                                                          \
        TEXT(prefix ".report.time_field", at.report_time, NULL, "generic: when, in UNIX seconds.", \
             .example = "donedate"),                                                               \
        TEXT(prefix ".report.separator", at.report_separator, NULL,                                \
             "generic: what stands between the values of bundled reports.", .example = ","),       \
        {.name = prefix ".report.statuses",                                                        \
         .type = SETTING_TEXTS,                                                                    \
         .offset = AT(at.report_statuses),                                                         \
         .example = "delivered=delivered, failed=undelivered",                                     \
         .check = check_status_row,                                                                \
         .help = "generic: what they mean: waiting, sent, unknown, undelivered, dead (no such\n"   \
                 "number) or delivered."},                                                         \
        TEXT(prefix ".report.reply", at.report_reply, "OK", "generic: what it wants to hear.")

const struct setting settings_gateways[] = {
    SECTION("sms", "Reminders as SMS, through a gateway over HTTP (docs/sms.md)."),
    INT("sms.parts_max", sms.parts_max, "3", 1, 10,
        "A longer text is refused (field {parts_max})."),
    GATEWAY("sms", sms, "20", "to={to}, text={text}, sender={sender}, unique_id={id}", "a part"),

    SECTION("voice",
            "Voice messages: the gateway calls and reads the text out. Polish numbers alone."),
    INT("voice.hour_from", voice.hour_from, "8", 0, 23, "From this hour of Polish time …"),
    INT("voice.hour_to", voice.hour_to, "22", 1, 24, "… to this one it rings, repeats included."),
    INT("voice.tries", voice.tries, "2", 1, 6, "How often it rings (field {tries}) …"),
    INT("voice.interval_s", voice.interval_s, "300", 60, 7200,
        "… so many seconds apart (field {interval})."),
    GATEWAY("voice", voice, "5", "phone={to}, text={text}, unique_id={id}", "a call"),
    {.name = NULL},
};

/* ---- several at once ---- */

static void need(struct settings_reading *r, const char *prefix, const char *name, bool is_there,
                 const char *why)
{
    char whole[SETTING_NAME_ROOM], gateway[SETTING_NAME_ROOM];
    if (is_there)
        return;
    snprintf(whole, sizeof(whole), "%s.%s", prefix, name);
    snprintf(gateway, sizeof(gateway), "%s.gateway", prefix);
    for (int i = 0; i < r->mistakes->count; ++i)
        if (strcmp(r->mistakes->items[i].setting, whole) == 0)
            return; /* a wrong value was said already */
    setting_add_mistake(r->mistakes, settings_line_of(r->settings, gateway), whole, "%s", why);
}

/* Secrets from the environment: DUNLIN_SMS_TOKEN, DUNLIN_SMS_REPORT_SECRET. */
static void read_environment(struct settings_reading *r, const char *prefix,
                             struct settings_gateway *g)
{
    bool is_voice = strcmp(prefix, "voice") == 0;
    const char *token = getenv(is_voice ? "DUNLIN_VOICE_TOKEN" : "DUNLIN_SMS_TOKEN");
    const char *secret =
        getenv(is_voice ? "DUNLIN_VOICE_REPORT_SECRET" : "DUNLIN_SMS_REPORT_SECRET");
    char room[160];
    if (token != NULL)
        g->token = setting_keep(r->settings, token, strlen(token));
    if (secret == NULL)
        return;
    const char *wrong = check_secret_word(secret, room);
    if (wrong != NULL)
        need(r, prefix, "report.secret_file", false, wrong);
    else
        g->report_secret = setting_keep(r->settings, secret, strlen(secret));
}

static void finish_smsapi(struct settings_reading *r, const char *prefix,
                          struct settings_gateway *g)
{
    bool is_voice = strcmp(prefix, "voice") == 0;
    need(r, prefix, "token_file", g->token[0] != '\0', "is needed: a token of the SMSAPI panel");
    if (g->url[0] == '\0') {
        g->url = is_voice ? "https://api.smsapi.pl/vms.do" : "https://api.smsapi.pl/sms.do";
        if (g->second_url[0] == '\0')
            g->second_url =
                is_voice ? "https://api2.smsapi.pl/vms.do" : "https://api2.smsapi.pl/sms.do";
        if (g->check_url[0] == '\0')
            g->check_url = "https://api.smsapi.pl/user.do?format=json&credits=1&details=1";
    }
}

static void finish_generic(struct settings_reading *r, const char *prefix,
                           const struct settings_gateway *g)
{
    need(r, prefix, "url", g->url[0] != '\0', "is needed with a generic gateway");
    need(r, prefix, "fields", g->fields.count > 0, "are needed with a generic gateway");
    need(r, prefix, "id_path", g->id_path[0] != '\0',
         "is needed: nothing else says that a message was taken");
    need(r, prefix, "second_url", g->second_url[0] == '\0' || g->refuses_repeats,
         "would send twice: only with refuses_repeats");
    bool has_reports = g->report_secret[0] != '\0';
    need(r, prefix, "report.status_field", !has_reports || g->report_status[0] != '\0',
         "is needed with a generic gateway's reports");
    need(r, prefix, "report.statuses", !has_reports || g->report_statuses.count > 0,
         "are needed with a generic gateway's reports");
    need(r, prefix, "report.id_field",
         !has_reports || g->report_id[0] != '\0' || g->report_code[0] != '\0',
         "is needed with a generic gateway's reports, or report.code_field");
}

static void finish_gateway(struct settings_reading *r, const char *prefix,
                           struct settings_gateway *g)
{
    if (g->gateway[0] == '\0')
        return;
    read_environment(r, prefix, g);
    if (strcmp(g->gateway, "smsapi") == 0)
        finish_smsapi(r, prefix, g);
    else
        finish_generic(r, prefix, g);
    need(r, prefix, "hour_to", g == &r->settings->sms || g->hour_from < g->hour_to,
         "must be after hour_from");
}

void settings_finish_gateways(struct settings_reading *r)
{
    finish_gateway(r, "sms", &r->settings->sms);
    finish_gateway(r, "voice", &r->settings->voice);
}

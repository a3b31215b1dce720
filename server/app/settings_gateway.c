#include "app/settings_gateway.h"

#include "app/setting_value.h"
#include "channel/http_report.h"

#include <ctype.h>
#include <stdlib.h>

enum { SECRET_LEN_MIN = 16 };

const char *setting_check_gateway(const char *value, char room[160])
{
    (void)room;
    return strcmp(value, "smsapi") == 0 || strcmp(value, "generic") == 0
               ? NULL
               : "must be smsapi or generic";
}

const char *setting_check_decimal(const char *value, char room[160])
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

const char *setting_check_field(const char *value, char room[160])
{
    (void)room;
    return http_adapter_wrong_field(value);
}

const char *setting_check_header_line(const char *value, char room[160])
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

const char *setting_check_path_in_answer(const char *value, char room[160])
{
    (void)room;
    return http_adapter_wrong_path(value);
}

const char *setting_check_status_row(const char *value, char room[160])
{
    (void)room;
    return http_report_wrong_status(value);
}

const char *setting_check_method(const char *value, char room[160])
{
    (void)room;
    return strcmp(value, "POST") == 0 || strcmp(value, "GET") == 0 ? NULL : "must be POST or GET";
}

const char *setting_check_body(const char *value, char room[160])
{
    (void)room;
    return strcmp(value, "form") == 0 || strcmp(value, "json") == 0 ? NULL : "must be form or json";
}

const char *setting_check_number_form(const char *value, char room[160])
{
    (void)room;
    return strcmp(value, "digits") == 0 || strcmp(value, "plus") == 0
               ? NULL
               : "must be digits (48…) or plus (+48…)";
}

/* An operator refuses more; a telephone number as sender is the gateway's to judge. */
const char *setting_check_sender(const char *value, char room[160])
{
    (void)room;
    size_t len = strlen(value);
    for (const char *c = value; *c != '\0'; ++c)
        if (!isalnum((unsigned char)*c) && strchr(".- +", *c) == NULL)
            return "must be of ASCII letters, digits, blanks, dots and hyphens";
    return len <= 34 ? NULL : "is longer than any gateway takes";
}

const char *setting_check_call_url(const char *value, char room[160])
{
    (void)room;
    bool is_loopback = strncmp(value, "http://127.0.0.1", 16) == 0 ||
                       strncmp(value, "http://localhost", 16) == 0 ||
                       strncmp(value, "http://[::1]", 12) == 0;
    if (strncmp(value, "https://", 8) != 0 && !is_loopback)
        return "must begin with https:// (http:// only on loopback)";
    for (const char *c = value; *c != '\0'; ++c)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 127 || strchr("\"<>", *c) != NULL)
            return "holds a character that no URL has";
    return NULL;
}

const char *setting_check_secret_word(const char *value, char room[160])
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
    const char *wrong = setting_check_secret_word(secret, room);
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

#include "app/settings_table.h"

#include "app/settings_gateway.h"
#include "app/settings_mail.h"
#include "app/settings_providers.h"
#include "app/settings_push.h"
#include "app/settings_reminders.h"
#include "base/key_set.h"
#include "domain/app_link.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <libpq-fe.h>
#include <stddef.h>
#include <stdlib.h>

/* Checks of single values. */

const char *setting_check_listen(const char *value, char room[160])
{
    (void)room;
    const char *colon = strrchr(value, ':');
    char host[64] = "", *end = NULL;
    unsigned char address[16];
    if (colon == NULL || colon == value || (size_t)(colon - value) >= sizeof(host))
        return "must be ADDRESS:PORT, for instance 0.0.0.0:8443 or [::]:8443";
    memcpy(host, value, (size_t)(colon - value));
    long port = strtol(colon + 1, &end, 10);
    if (!isdigit((unsigned char)colon[1]) || *end != '\0' || port < 1 || port > 65535)
        return "must end in a port from 1 to 65535";
    size_t len = strlen(host);
    if (host[0] == '[' && host[len - 1] == ']') {
        host[len - 1] = '\0';
        return inet_pton(AF_INET6, host + 1, address) == 1 ? NULL : "is no IPv6 address";
    }
    return inet_pton(AF_INET, host, address) == 1
               ? NULL
               : "must name an IP address, an IPv6 one in brackets (host names are not looked up)";
}

const char *setting_check_origin_of(const char *value, const char *scheme)
{
    size_t len = strlen(scheme);
    if (strncmp(value, scheme, len) != 0)
        return "must begin with https://";
    const char *rest = value + len;
    if (*rest == '\0' || strpbrk(rest, "/?# \t\"'<>@;,\\") != NULL)
        return "must be a scheme and a host alone: https://pay.example.com, no slash at the end";
    for (; *rest != '\0'; ++rest)
        if ((unsigned char)*rest <= ' ' || (unsigned char)*rest >= 127 ||
            isupper((unsigned char)*rest))
            return "must be in lower-case ASCII (internationalised names as xn--…)";
    return NULL;
}

static const char *check_origin(const char *value, char room[160])
{
    (void)room;
    return setting_check_origin_of(value, "https://");
}

bool setting_is_loopback_http(const char *value)
{
    static const char *const prefixes[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); ++i) {
        size_t len = strlen(prefixes[i]);
        if (strncmp(value, prefixes[i], len) == 0 && strchr(":/", value[len]) != NULL)
            return true;
    }
    return false;
}

const char *setting_check_url(const char *value, char room[160])
{
    (void)room;
    if (strncmp(value, "https://", 8) != 0 && !setting_is_loopback_http(value))
        return "must begin with https:// (http:// only on loopback)";
    for (const char *c = value; *c != '\0'; ++c)
        if ((unsigned char)*c <= ' ' || *c == '"' || *c == '<' || *c == '>' ||
            (unsigned char)*c >= 127)
            return "holds a character that no URL has";
    return NULL;
}

static const char *check_nip(const char *value, char room[160])
{
    static const int weights[] = {6, 5, 7, 2, 3, 4, 5, 6, 7};
    (void)room;
    int sum = 0;
    if (strlen(value) != 10 || strspn(value, "0123456789") != 10)
        return "must be 10 digits";
    for (int i = 0; i < 9; ++i)
        sum += weights[i] * (value[i] - '0');
    return sum % 11 == value[9] - '0' ? NULL : "has a wrong check digit";
}

/* ISO 13616: the first four characters to the end, letters as 10..35, rest of 97 is 1. */
static const char *check_iban(const char *value, char room[160])
{
    (void)room;
    size_t len = strlen(value);
    int rest = 0;
    if (len < 15 || len > 34)
        return "must be an IBAN with its country code and without blanks";
    for (size_t i = 0; i < len; ++i) {
        char c = value[(i + 4) % len];
        if (!isdigit((unsigned char)c) && !(c >= 'A' && c <= 'Z'))
            return "must be an IBAN with its country code and without blanks";
        rest = isdigit((unsigned char)c) ? (rest * 10 + (c - '0')) % 97
                                         : (rest * 100 + (c - 'A' + 10)) % 97;
    }
    return rest == 1 ? NULL : "has wrong check digits";
}

const char *setting_check_word(const char *value, char room[160])
{
    (void)room;
    size_t len = strlen(value);
    if (len == 0 || len > 32 || strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789_-") != len)
        return "must be 1 to 32 of a-z, 0-9, _ and -";
    return NULL;
}

static const char *check_header(const char *value, char room[160])
{
    (void)room;
    size_t len = strlen(value);
    if (len == 0 || len > 64 || strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
        return "must be a header's name in lower case, for instance x-real-ip";
    return NULL;
}

static const char *check_address_range(const char *value, char room[160])
{
    unsigned char address[16];
    char host[64];
    const char *slash = strchr(value, '/');
    size_t len = slash == NULL ? strlen(value) : (size_t)(slash - value);
    (void)room;
    if (len >= sizeof(host))
        return "must be IP addresses or ranges such as 10.0.0.0/8";
    memcpy(host, value, len);
    host[len] = '\0';
    int bits = inet_pton(AF_INET, host, address) == 1    ? 32
               : inet_pton(AF_INET6, host, address) == 1 ? 128
                                                         : 0;
    if (bits == 0)
        return "must be IP addresses or ranges such as 10.0.0.0/8";
    if (slash == NULL)
        return NULL;
    char *end = NULL;
    long prefix = strtol(slash + 1, &end, 10);
    return isdigit((unsigned char)slash[1]) && *end == '\0' && prefix <= bits
               ? NULL
               : "has a wrong prefix length";
}

static const char *check_algorithm(const char *value, char room[160])
{
    enum signature_algorithm algorithm;
    (void)room;
    return signature_algorithm_find(span_str(value), &algorithm)
               ? NULL
               : "must be ES256, RS256 or PS256: the bank signs with a key that we cannot sign "
                 "with";
}

static const char *check_https_url(const char *value, char room[160])
{
    return strncmp(value, "https://", 8) == 0 ? setting_check_url(value, room)
                                              : "must begin with https://";
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

static const char *option(const PQconninfoOption *options, const char *keyword)
{
    for (const PQconninfoOption *o = options; o->keyword != NULL; ++o)
        if (strcmp(o->keyword, keyword) == 0 && o->val != NULL)
            return o->val;
    return "";
}

bool setting_conninfo_has_password(const char *conninfo)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    bool has = options != NULL && option(options, "password")[0] != '\0';
    PQconninfoFree(options);
    return has;
}

/* Each host of a multi-host string, which may be a socket's folder or an address. */
static bool is_host_without_lookup(const char *hosts)
{
    unsigned char address[16];
    char host[128];
    for (const char *p = hosts;; ++p) {
        size_t len = strcspn(p, ",");
        snprintf(host, sizeof(host), "%.*s", (int)len, p);
        if (host[0] != '\0' && host[0] != '/' && host[0] != '@' &&
            inet_pton(AF_INET, host, address) != 1 && inet_pton(AF_INET6, host, address) != 1)
            return false;
        p += len;
        if (*p == '\0')
            return true;
    }
}

static const char *check_conninfo(const char *value, char room[160])
{
    char *error = NULL;
    PQconninfoOption *options = PQconninfoParse(value, &error);
    const char *wrong = NULL;
    if (options == NULL) {
        snprintf(room, 160, "is no libpq connection string");
        PQfreemem(error); /* Its text may quote a password. */
        return room;
    }
    if (option(options, "hostaddr")[0] == '\0' && !is_host_without_lookup(option(options, "host")))
        wrong = "names a host: add hostaddr=ADDRESS beside it, because a name look-up inside libpq "
                "would stop the whole process";
    PQconninfoFree(options);
    return wrong;
}

#define AT(field) offsetof(struct settings, field)
#define MIB (INT64_C(1024) * 1024)
#define SECTION(name_, help_)                                                                      \
    {                                                                                              \
        .name = name_, .type = SETTING_SECTION, .help = help_                                      \
    }
#define TEXT(name_, field, default__, help_, ...)                                                  \
    {                                                                                              \
        .name = name_, .type = SETTING_TEXT, .offset = AT(field), .default_ = default__,           \
        .help = help_, ##__VA_ARGS__                                                               \
    }
#define PATH(name_, field, default__, help_, ...)                                                  \
    {                                                                                              \
        .name = name_, .type = SETTING_PATH, .offset = AT(field), .default_ = default__,           \
        .help = help_, ##__VA_ARGS__                                                               \
    }
#define INT(name_, field, default__, min_, max_, help_)                                            \
    {                                                                                              \
        .name = name_, .type = SETTING_INT, .offset = AT(field), .default_ = default__,            \
        .min = min_, .max = max_, .help = help_                                                    \
    }
#define BOOL(name_, field, default__, help_)                                                       \
    {                                                                                              \
        .name = name_, .type = SETTING_BOOL, .offset = AT(field), .default_ = default__,           \
        .help = help_                                                                              \
    }

#define LIMITS(prefix, field, connections_, per_address, deadline, request, body, burst, rate)      \
    SECTION(prefix ".limits", "What one listener takes before it refuses."),                        \
        INT(prefix ".limits.connections", field.limits.connections, connections_, 1, 1000000,       \
            "Connections open at once, over all worker processes."),                                \
        INT(prefix ".limits.connections_per_address", field.limits.connections_per_address,         \
            per_address, 1, 1000000,                                                                \
            "Of these from one IPv4 address or IPv6 /64; bites only when the listener is over "     \
            "half\n"                                                                                \
            "full, because a mobile carrier puts thousands of customers behind one address. Nor\n"  \
            "does one then get more than is left for all others."),                                 \
        INT(prefix ".limits.answer_deadline_s", field.limits.answer_deadline_s, deadline, 1, 600,   \
            "Seconds from a request to the last byte of its answer; the connection is cut then."),  \
        INT(prefix ".limits.request_timeout_s", field.limits.request_timeout_s, request, 1, 600,    \
            "Seconds a request's header and body together may take to arrive."),                    \
        INT(prefix ".limits.idle_timeout_s", field.limits.idle_timeout_s, "60", 1, 3600,            \
            "Seconds a connection may stay open without a request."),                               \
        INT(prefix ".limits.body_bytes", field.limits.body_bytes, body, 1024, 16 * MIB,             \
            "Largest request body."),                                                               \
        INT(prefix ".limits.bucket_burst", field.limits.bucket_burst, burst, 1, 1000000,            \
            "Requests that nobody has proved to be theirs, on one connection, at once …"),          \
        INT(prefix ".limits.bucket_per_s", field.limits.bucket_per_s, rate, 1, 1000000,             \
            "… and per second after that. Callbacks with a good signature and good API keys are " \
            "free.")

#define CODES(name_, field, help_)                                                                 \
    {                                                                                              \
        .name = name_, .type = SETTING_TEXTS, .offset = AT(field), .example = "", .help = help_    \
    }

/* What SMS and voice messages have in common. */
#define GATEWAY(prefix, at, rate, fields_example, price)                                           \
    TEXT(prefix ".gateway", at.gateway, NULL,                                                      \
         "smsapi (SMSAPI.pl) or generic (described below); nothing: the channel is not used.",     \
         .example = "smsapi", .check = setting_check_gateway),                                     \
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
             .example = "MyBank", .check = setting_check_sender),                                  \
        BOOL(prefix ".test", at.is_test, "false",                                                  \
             "The gateway checks and answers, and sends nothing (field {test})."),                 \
        TEXT(prefix ".part_price", at.part_price, "0",                                             \
             "What " price " costs, VAT included, where the gateway does not say it.",             \
             .example = "0.07", .check = setting_check_decimal),                                   \
        TEXT(prefix ".point_price", at.point_price, "1",                                           \
             "What a unit of the prices in the gateway's answers costs; 0: they are not used.",    \
             .check = setting_check_decimal),                                                      \
        TEXT(prefix ".spend_per_day", at.spend_per_day, "0",                                       \
             "The channel stops for the day (UTC) when so much was spent; 0: no limit.",           \
             .example = "500.00", .check = setting_check_decimal),                                 \
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
             .example = "https://api.gateway.example/messages", .check = setting_check_call_url),  \
        TEXT(prefix ".second_url", at.second_url, NULL,                                            \
             "Tried when that fails; only where a repeated id is refused.",                        \
             .example = "https://api2.gateway.example/messages", .check = setting_check_call_url), \
        TEXT(prefix ".check_url", at.check_url, NULL,                                              \
             "A GET of it costs nothing and proves the credentials, for `dunlin check` and for\n"  \
             "going on after a stop; smsapi knows its own.",                                       \
             .example = "https://api.gateway.example/account", .check = setting_check_call_url),   \
        PATH(prefix ".ca_file", at.ca_file, NULL,                                                  \
             "Certificates to trust instead of the system's.",                                     \
             .example = "/etc/dunlin/" prefix "-ca.pem"),                                          \
        TEXT(prefix ".method", at.method, "POST",                                                  \
             "generic: POST, or GET with the fields in the "                                       \
             "query.",                                                                             \
             .check = setting_check_method),                                                       \
        TEXT(prefix ".body", at.body, "form", "generic: form or json.",                            \
             .check = setting_check_body),                                                         \
        TEXT(prefix ".number_form", at.number_form, "plus",                                        \
             "generic: plus (+48…) or digits (48…).", .check = setting_check_number_form),         \
        {.name = prefix ".headers",                                                                \
         .type = SETTING_TEXTS,                                                                    \
         .offset = AT(at.headers),                                                                 \
         .example = "Authorization: Bearer {token}",                                               \
         .check = setting_check_header_line,                                                       \
         .help = "generic: further headers; {token}, {user}, and {basic}, which is both in\n"      \
                 "base64."},                                                                       \
        {.name = prefix ".fields",                                                                 \
         .type = SETTING_TEXTS,                                                                    \
         .offset = AT(at.fields),                                                                  \
         .example = fields_example,                                                                \
         .check = setting_check_field,                                                             \
         .help = "generic: what is sent, NAME={placeholder} or NAME=value. {to} {text} {sender}\n" \
                 "{id} {notify} {parts_max} {test} {tries} {interval} {user} {token}; a field\n"   \
                 "without a value is left out."},                                                  \
        BOOL(prefix ".refuses_repeats", at.refuses_repeats, "false",                               \
             "generic: the gateway sends an {id} once, however often it is asked. Then what\n"     \
             "nobody knows is asked again; else it ends uncertain."),                              \
        TEXT(prefix ".id_path", at.id_path, NULL,                                                  \
             "generic: where its answer has the message's id, which says that it was taken.",      \
             .example = "items[0].id", .check = setting_check_path_in_answer),                     \
        TEXT(prefix ".error_path", at.error_path, NULL, "generic: where an error's code stands.",  \
             .example = "error.code", .check = setting_check_path_in_answer),                      \
        TEXT(prefix ".parts_path", at.parts_path, NULL, "generic: where the parts are counted.",   \
             .example = "items[0].parts", .check = setting_check_path_in_answer),                  \
        TEXT(prefix ".price_path", at.price_path, NULL, "generic: where the price stands.",        \
             .example = "price", .check = setting_check_path_in_answer),                           \
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
         .check = setting_check_secret_word,                                                       \
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
         .check = setting_check_status_row,                                                        \
         .help = "generic: what they mean: waiting, sent, unknown, undelivered, dead (no such\n"   \
                 "number) or delivered."},                                                         \
        TEXT(prefix ".report.reply", at.report_reply, "OK", "generic: what it wants to hear.")

const struct setting settings_table[] = {
    PATH("data_dir", data_dir, "/var/lib/dunlin",
         "Where Dunlin keeps its own files: the private database, the link keys, the ticket keys."),

    SECTION(
        "database",
        "PostgreSQL 15 or newer. With neither url nor url_file Dunlin makes and runs a private\n"
        "database under data_dir: nothing to set up for a trial."),
    TEXT("database.url", database.url, NULL,
         "As the application's role dunlin_app, without a password in it; several hosts and\n"
         "target_session_attrs are libpq's own. Give hostaddr= beside a host name.",
         .example = "postgresql:///dunlin?host=/var/run/postgresql&user=dunlin_app",
         .check = check_conninfo, .is_secret = true),
    {.name = "database.url_file",
     .type = SETTING_SECRET_FILE,
     .offset = AT(database.url),
     .example = "database.url",
     .check = check_conninfo,
     .help = "The same with a password: a file that holds it (or DUNLIN_DATABASE_URL)."},
    TEXT("database.owner_url", database.owner_url, NULL,
         "As the owner of the tables, who migrates; nothing means the same as url.",
         .example = "postgresql:///dunlin?host=/var/run/postgresql&user=dunlin_owner",
         .check = check_conninfo, .is_secret = true),
    {.name = "database.owner_url_file",
     .type = SETTING_SECRET_FILE,
     .offset = AT(database.owner_url),
     .example = "database-owner.url",
     .check = check_conninfo,
     .help = "The same with a password (or DUNLIN_DATABASE_OWNER_URL)."},

    {.name = "roles",
     .type = SETTING_ROLES,
     .default_ = "http, work",
     .help =
         "What this machine does: http answers requests, work sends reminders, finishes imports\n"
         "and serves the operators. Both on one machine, or split over several."},
    INT("workers", workers, "0", 0, 32, "Processes that answer requests; 0 is one a core."),
    {.name = "log_level",
     .type = SETTING_LOG_LEVEL,
     .offset = AT(log_level),
     .default_ = "info",
     .help = "error, warn, info or debug. Lines go to standard error."},

    SECTION("public", "What customers and payment providers reach: pages, callbacks, apps."),
    TEXT("public.listen", public_.listen, "0.0.0.0:8443", "Address and port.",
         .check = setting_check_listen),
    TEXT("public.url", public_.url, NULL, "What stands before the code in every link.",
         .example = "https://pay.example.com", .check = check_origin, .is_required = true),
    PATH("public.certificate", public_.certificate, NULL,
         "PEM, the whole chain. Read again on SIGHUP.",
         .example = "/etc/dunlin/pay.example.com.pem", .is_required = true),
    PATH("public.key", public_.key, NULL, "PEM, readable by Dunlin alone.",
         .example = "/etc/dunlin/pay.example.com.key", .is_required = true),
    LIMITS("public", public_, "16000", "2000", "20", "10", "65536", "1000", "500"),

    SECTION("private",
            "What the creditor's own systems reach: the API. Bound to an inner address and under\n"
            "another host name than the public one, because cookies know no ports."),
    TEXT("private.listen", private_.listen, "127.0.0.1:8444", "Address and port.",
         .check = setting_check_listen),
    TEXT("private.url", private_.url, NULL, "Where it is reached.",
         .example = "https://dunlin.internal.example", .check = check_origin, .is_required = true),
    PATH("private.certificate", private_.certificate, NULL, "PEM, the whole chain.",
         .example = "/etc/dunlin/dunlin.internal.example.pem", .is_required = true),
    PATH("private.key", private_.key, NULL, "PEM.",
         .example = "/etc/dunlin/dunlin.internal.example.key", .is_required = true),
    LIMITS("private", private_, "1000", "500", "60", "60", "1114112", "2000", "1000"),

    SECTION("operators", "Plain HTTP for /healthz, /readyz and /metrics; keep it on loopback."),
    TEXT("operators.listen", operators_listen, "127.0.0.1:8445", "Address and port.",
         .check = setting_check_listen),

    SECTION(
        "trusted_proxy",
        "A proxy in front (nginx for HTTP/2): from these addresses alone, the visitor's address\n"
        "is read from this header. It is used for limits and never logged."),
    {.name = "trusted_proxy.addresses",
     .type = SETTING_TEXTS,
     .offset = AT(trusted_proxy.addresses),
     .default_ = "",
     .check = check_address_range,
     .help = "IP addresses or ranges; none means no proxy."},
    TEXT("trusted_proxy.header", trusted_proxy.header, "x-real-ip",
         "The header that the proxy sets, and overwrites when a visitor sends it.",
         .check = check_header),

    SECTION("app_links",
            "Links that open the creditor's app. Phones ask each host for the files that name the\n"
            "apps which may open its links; they are served on the public listener."),
    TEXT("app_links.host", app_links.host, NULL,
         "Where the page's \"Open in the app\" leads; nothing shows none. Another host name than\n"
         "public.url's, because a link to the page's own host stays in the browser. It must lead\n"
         "to the public listener: who has no app gets the same page there.",
         .example = "https://app.pay.example.com", .check = check_origin),
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
         .example = "https://login.bank.example/.well-known/jwks.json", .check = check_https_url),
    INT("app.refresh_seconds", app.refresh_s, "600", 1, 86400, "How often it is fetched."),
    INT("app.keep_seconds", app.keep_s, "86400", 1, 2592000,
        "For how long its keys are believed after the last good fetch; at least refresh_seconds."),
    PATH("app.ca_file", app.ca_file, NULL,
         "Certificates to trust for that address instead of the system's.",
         .example = "/etc/dunlin/bank-ca.pem"),

    PATH("link_keys_file", link_keys_file, NULL,
         "The keys that make and check links; made at first start, 0600. Whoever has it can make\n"
         "links. Lose it and every link is dead: keep a copy. Default: link.keys in data_dir.",
         .example = "/var/lib/dunlin/link.keys"),
    PATH(
        "ticket_keys_file", ticket_keys_file, NULL,
        "The keys that let TLS sessions resume on every process and machine; made at first start.\n"
        "Default: ticket.keys in data_dir.",
        .example = "/var/lib/dunlin/ticket.keys"),

    SECTION("creditor", "Who is owed and who writes: on the page, in messages, in transfer codes."),
    TEXT("creditor.name", creditor.name, NULL, "As customers know it.",
         .example = "Bank Przykładowy SA", .is_required = true),
    TEXT("creditor.nip", creditor.nip, NULL, "Polish tax number, 10 digits.",
         .example = "1234563218", .check = check_nip),
    TEXT("creditor.phone", creditor.phone, NULL, "Where a customer asks.",
         .example = "+48 22 000 00 00"),
    TEXT("creditor.email", creditor.email, NULL, "Where a customer writes.",
         .example = "platnosci@example.com"),
    TEXT("creditor.website", creditor.website, NULL,
         "Where a customer can check, without clicking, that a message is genuine.",
         .example = "https://www.example.com", .check = setting_check_url),
    TEXT("creditor.account", creditor.account, NULL,
         "IBAN for transfers of invoices that name no account of their own.",
         .example = "PL61109010140000071219812874", .check = check_iban),
    BOOL("creditor.euro_transfers", creditor.takes_euro_transfers, "false",
         "Whether that account takes SEPA transfers: euro invoices then show an EPC code."),
    TEXT("creditor.privacy_url", creditor.privacy_url, NULL, "The privacy notice.",
         .example = "https://www.example.com/privacy", .check = setting_check_url),

    SECTION("import", "Files of invoices."),
    INT("import.bytes_max", import.bytes_max, "1073741824", 1024, INT64_C(1) << 40,
        "Largest file."),
    INT("import.part_rows", import.part_rows, "5000", 1, 100000,
        "Rows a transaction; a file that was cut off goes on after the last one."),

    SECTION("payments", "Starting a payment costs a provider session or rings somebody's phone."),
    INT("payments.in_flight_seconds", payments.in_flight_seconds, "1800", 60, 86400,
        "How long a started payment holds reminders back."),
    INT("payments.starts_per_10min", payments.starts_per_10min, "5", 1, 1000,
        "Payments one link may start in ten minutes."),
    INT("payments.blik_per_10min", payments.blik_per_10min, "5", 1, 1000,
        "BLIK codes one link may send in ten minutes."),

    SECTION("reminders", "When people may be reminded, how often, and what stops everything."),
    TEXT("reminders.window_from", reminders.window_from, "08:00",
         "Nothing is sent before this time of day, where the customer is …",
         .check = setting_check_time),
    TEXT("reminders.window_to", reminders.window_to, "20:00",
         "… nor from this one on. What is due outside waits for the next opening. 00:00 and 24:00\n"
         "are no window.",
         .check = setting_check_time),
    {.name = "reminders.window_days",
     .type = SETTING_TEXTS,
     .offset = AT(reminders.window_days),
     .example = "mon, tue, wed, thu, fri",
     .check = setting_check_weekday,
     .is_set = true,
     .help = "Days on which anything is sent; none named: every day."},
    BOOL("reminders.keep_days_off", reminders.keeps_days_off, "false",
         "Whether nothing is sent on public holidays. (On which days its steps fall, a scenario\n"
         "says itself.)"),
    TEXT("reminders.calendar", reminders.calendar, "PL", "Whose public holidays: PL.",
         .check = setting_check_calendar),
    INT("reminders.budget_day", reminders.budget_day, "3", 0, 1000,
        "Most messages to one person in 24 hours, over all debts and channels; thank-yous do not\n"
        "count. What is over waits. 0 is no limit."),
    INT("reminders.budget_week", reminders.budget_week, "7", 0, 1000, "The same in 7 days."),
    INT("reminders.budget_30_days", reminders.budget_30_days, "20", 0, 1000,
        "The same in 30 days."),
    BOOL("reminders.merge", reminders.merges, "true",
         "Whether reminders of several debts of one person, due at once and going the same way,\n"
         "become one message."),
    {.name = "reminders.consent",
     .type = SETTING_TEXTS,
     .offset = AT(reminders.consents),
     .example = "voice, sms",
     .check = setting_check_channel,
     .is_set = true,
     .max = REMINDER_CONSENTS_MAX,
     .help = "Channels that a customer must have consented to; the others need no consent. Who\n"
             "opted out of a channel is left alone there in any case."},
    INT("reminders.feed_age_max_hours", reminders.feed_age_max_hours, "0", 0, 8760,
        "How old the creditor's payment feed (PUT /api/v1/payment-feed) may be for a reminder "
        "past\n"
        "the due date to go; 0 does not ask. Set it where customers also pay past Dunlin."),
    INT("reminders.holdout_permille", reminders.holdout_permille, "0", 0, 500,
        "How many of a thousand customers get no messages, so that the effect of reminding can "
        "be\n"
        "measured. Who they are never changes."),
    INT("reminders.proposal_parts", reminders.proposal_parts, "3", 2, 12,
        "In how many parts a text proposes to pay ({{instalments}}) …"),
    INT("reminders.proposal_first_days", reminders.proposal_first_days, "7", 1, 60,
        "… and in how many days the first of them is due; the others follow month by month."),
    INT("reminders.usual_factor", reminders.usual_factor, "3", 0, 1000,
        "All sending stops for the day at so many times the most messages of any of the 14 days\n"
        "before, until an admin allows more (dunlin sending allow). 0 never stops."),
    INT("reminders.ramp_start", reminders.ramp_start, "20000", 1, 1000000000,
        "So many messages a day are never unusual: what a new installation starts with."),

    SECTION("segments",
            "How a customer pays, from the debts of the last months: on time, sometimes late, or\n"
            "chronically late. Steps of scenarios can be for some of these. Worked out anew each\n"
            "night, and at once when a payment arrives."),
    INT("segments.months", segments.months, "12", 1, 120,
        "Debts due longer ago than so many months do not count."),
    INT("segments.grace_days", segments.grace_days, "3", 0, 60,
        "A debt paid so many days after its due date was paid on time still: transfers take their\n"
        "time. One that is unpaid for longer counts as late, unless it is disputed or in a plan."),
    INT("segments.debts_min", segments.debts_min, "3", 1, 1000,
        "With fewer debts that count nothing can be told: the customer is taken to pay on time."),
    INT("segments.sometimes_late_percent", segments.sometimes_late_percent, "20", 1, 100,
        "From this share of late debts on a customer is sometimes late …"),
    INT("segments.chronically_late_percent", segments.chronically_late_percent, "50", 1, 100,
        "… and from this one on chronically late; not below sometimes_late_percent."),

    SECTION("campaigns", "One message to each row of a file: docs/campaigns.md."),
    INT("campaigns.rows_max", campaigns.rows_max, "100000", 1, 1000000, "Rows of one file."),
    INT("campaigns.part_price_micro", campaigns.part_price_micro, "90000", 0, 10000000,
        "What one part of an SMS costs, in millionths of the currency: 90000 is 0.09. A "
        "campaign's\n"
        "price is reckoned by it before it is approved, unless sms.part_price is there."),
    INT("campaigns.second_person_above_price", campaigns.alone_price, "2000", 0, 1000000000,
        "A campaign that costs more than this, in whole units of the currency, …"),
    INT("campaigns.second_person_above_count", campaigns.alone_count, "10000", 0, 1000000000,
        "… or has more rows than this, is approved by somebody else than who made it. 0: always."),

    SECTION("push", "Reminders as pushes of the creditor's own apps, over APNs and FCM."),
    {.name = "push.apps",
     .type = SETTING_TABLES,
     .tables = &settings_push_tables,
     .help = "One for each app and service."},

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

    SECTION("mail",
            "Reminders as mail, through the creditor's own mail server or a submission service."),
    TEXT("mail.url", mail.url, NULL,
         "Where mail is handed in: smtps://HOST, or smtp://HOST:587 with STARTTLS, which it must\n"
         "offer; plain only on loopback. Nothing here: no mail is sent.",
         .example = "smtps://mail.example.com", .check = setting_check_smtp_url),
    TEXT("mail.user", mail.user, NULL, "Whom to log in as; nothing: nobody.", .example = "dunlin"),
    {.name = "mail.password_file",
     .type = SETTING_SECRET_FILE,
     .offset = AT(mail.password),
     .example = "/etc/dunlin/mail.password",
     .help = "File with the password (or DUNLIN_MAIL_PASSWORD)."},
    PATH("mail.ca_file", mail.ca_file, NULL,
         "Certificates to trust for the mail servers instead of the system's.",
         .example = "/etc/dunlin/mail-ca.pem"),
    TEXT("mail.from", mail.from, NULL, "The address that mails come from.",
         .example = "office@example.com", .check = setting_check_mail_address),
    TEXT("mail.from_name", mail.from_name, NULL, "The name beside it; nothing: the creditor's.",
         .example = "Bank Przykładowy"),
    TEXT("mail.reply_to", mail.reply_to, NULL, "Where answers go, if not to that address.",
         .example = "help@example.com", .check = setting_check_mail_address),
    TEXT("mail.bounce_domain", mail.bounce_domain, NULL,
         "Of the addresses that bounces come back to, bounce+CODE@DOMAIN, all of which are to be\n"
         "delivered into one folder; see docs/mail.md.",
         .example = "bounces.example.com", .check = setting_check_mail_domain),
    INT("mail.per_second", mail.per_second, "0", 0, 10000,
        "Mails a second at most; 0: as many as are answered."),
    INT("mail.in_flight", mail.in_flight, "4", 1, 100, "Mails under way at once, and connections."),
    INT("mail.timeout_s", mail.timeout_s, "60", 5, 600,
        "Seconds for a mail; one that the server has not confirmed by then counts as perhaps "
        "sent."),
    SECTION("mail.imap", "Where the bounces are read."),
    TEXT("mail.imap.url", mail.imap.url, NULL,
         "imaps://HOST, or imap://HOST with STARTTLS; plain only on loopback. Nothing here: "
         "bounces\n"
         "are not read.",
         .example = "imaps://mail.example.com", .check = setting_check_imap_url),
    TEXT("mail.imap.user", mail.imap.user, NULL, "Whom to log in as.", .example = "bounces"),
    {.name = "mail.imap.password_file",
     .type = SETTING_SECRET_FILE,
     .offset = AT(mail.imap.password),
     .example = "/etc/dunlin/bounces.password",
     .help = "File with the password (or DUNLIN_MAIL_IMAP_PASSWORD)."},
    TEXT("mail.imap.folder", mail.imap.folder, "INBOX", "The folder they are in.",
         .check = setting_check_mail_folder),
    TEXT("mail.imap.done_folder", mail.imap.done_folder, NULL,
         "Where to move what was read, a folder that is there; nothing: it stays, marked as seen.",
         .example = "Done", .check = setting_check_mail_folder),
    INT("mail.imap.every_seconds", mail.imap.every_seconds, "60", 1, 86400, "How often to look."),

    {.name = "providers",
     .type = SETTING_TABLES,
     .tables = &settings_provider_tables,
     .help = "Payment providers, in the order in which the page offers them."},
    {.name = NULL},
};

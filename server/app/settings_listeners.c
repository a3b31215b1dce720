#include "app/settings_listeners.h"

#include "app/setting_checks.h"
#include "app/setting_row.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>

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

/* Off when empty. */
static const char *check_listen_or_none(const char *value, char room[160])
{
    return value[0] == '\0' ? NULL : setting_check_listen(value, room);
}

static const char *check_origin_or_none(const char *value, char room[160])
{
    return value[0] == '\0' ? NULL : setting_check_origin(value, room);
}

#define MIB (INT64_C(1024) * 1024)
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

const struct setting settings_listeners[] = {
    SECTION("public", "What customers and payment providers reach: pages, callbacks, apps."),
    TEXT("public.listen", public_.listen, "0.0.0.0:8443", "Address and port.",
         .check = setting_check_listen),
    TEXT("public.url", public_.url, NULL, "What stands before the code in every link.",
         .example = "https://pay.example.com", .check = setting_check_origin, .is_required = true),
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
         .example = "https://dunlin.internal.example", .check = setting_check_origin,
         .is_required = true),
    PATH("private.certificate", private_.certificate, NULL, "PEM, the whole chain.",
         .example = "/etc/dunlin/dunlin.internal.example.pem", .is_required = true),
    PATH("private.key", private_.key, NULL, "PEM.",
         .example = "/etc/dunlin/dunlin.internal.example.key", .is_required = true),
    LIMITS("private", private_, "1000", "500", "60", "60", "1114112", "2000", "1000"),

    SECTION("upload",
            "Where customers send a file with a dispute: a PDF or picture of up to 8 MiB. An "
            "origin of\n"
            "its own, so that large requests have connections and limits of their own; without\n"
            "`listen` no files are taken, and the page says nothing of them."),
    TEXT("upload.listen", upload.listen, "", "Address and port; empty: off.",
         .check = check_listen_or_none),
    TEXT("upload.url", upload.url, "",
         "Where customers reach it: the host of public.url and another port, or another host.",
         .example = "https://files.pay.example.com", .check = check_origin_or_none),
    PATH("upload.certificate", upload.certificate, "",
         "PEM, the whole chain. Read again on SIGHUP.",
         .example = "/etc/dunlin/files.pay.example.com.pem"),
    PATH("upload.key", upload.key, "", "PEM.", .example = "/etc/dunlin/files.pay.example.com.key"),
    LIMITS("upload", upload, "64", "16", "40", "90", "8454144", "4", "1"),

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
    {.name = NULL},
};

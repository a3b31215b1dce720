#include "app/setting_checks.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>

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

static const char *check_origin_of(const char *value, const char *scheme)
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

const char *setting_check_origin(const char *value, char room[160])
{
    (void)room;
    return check_origin_of(value, "https://");
}

static bool is_loopback_http(const char *value)
{
    static const char *const prefixes[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); ++i) {
        size_t len = strlen(prefixes[i]);
        if (strncmp(value, prefixes[i], len) == 0 && strchr(":/", value[len]) != NULL)
            return true;
    }
    return false;
}

/* The sandbox bank of the demo is plain HTTP on loopback; everything else is HTTPS. */
const char *setting_check_loopback_origin(const char *value, char room[160])
{
    (void)room;
    return check_origin_of(value, is_loopback_http(value) ? "http://" : "https://");
}

const char *setting_check_url(const char *value, char room[160])
{
    (void)room;
    if (strncmp(value, "https://", 8) != 0 && !is_loopback_http(value))
        return "must begin with https:// (http:// only on loopback)";
    for (const char *c = value; *c != '\0'; ++c)
        if ((unsigned char)*c <= ' ' || *c == '"' || *c == '<' || *c == '>' ||
            (unsigned char)*c >= 127)
            return "holds a character that no URL has";
    return NULL;
}

const char *setting_check_word(const char *value, char room[160])
{
    (void)room;
    size_t len = strlen(value);
    if (len == 0 || len > 32 || strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789_-") != len)
        return "must be 1 to 32 of a-z, 0-9, _ and -";
    return NULL;
}

const char *setting_check_https_url(const char *value, char room[160])
{
    return strncmp(value, "https://", 8) == 0 ? setting_check_url(value, room)
                                              : "must begin with https://";
}

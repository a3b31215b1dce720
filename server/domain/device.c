#include "domain/device.h"

#include <assert.h>

static bool is_of(struct span s, const char *more)
{
    for (size_t i = 0; i < s.len; ++i) {
        char c = s.base[i];
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_plain && (c == '\0' || strchr(more, c) == NULL))
            return false;
    }
    return true;
}

bool device_installation_is_fine(struct span s)
{
    return s.len >= DEVICE_INSTALLATION_MIN && s.len <= DEVICE_INSTALLATION_MAX && is_of(s, "._-");
}

static bool app_is_fine(struct span s)
{
    return s.len >= 1 && s.len <= DEVICE_APP_MAX && is_of(s, "._-");
}

bool device_customer_is_fine(struct span s)
{
    if (s.len == 0 || s.len > DEVICE_CUSTOMER_MAX || s.base[0] == ' ' || s.base[s.len - 1] == ' ')
        return false;
    for (size_t i = 0; i < s.len; ++i)
        if ((unsigned char)s.base[i] < 0x20 || s.base[i] == 0x7f)
            return false;
    return true;
}

/* An even number of hex digits: it names whole octets. */
static bool take_apns(struct span token, char *out)
{
    if (token.len < 2 || token.len > DEVICE_APNS_TOKEN_MAX || token.len % 2 != 0)
        return false;
    for (size_t i = 0; i < token.len; ++i) {
        char c = token.base[i];
        if (c >= 'A' && c <= 'F')
            c = (char)(c + ('a' - 'A'));
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return false;
        out[i] = c;
    }
    out[token.len] = '\0';
    return true;
}

static bool take_fcm(struct span token, char *out)
{
    if (token.len < 1 || token.len > DEVICE_FCM_TOKEN_MAX)
        return false;
    for (size_t i = 0; i < token.len; ++i)
        if (token.base[i] <= ' ' || token.base[i] > '~')
            return false;
    memcpy(out, token.base, token.len);
    out[token.len] = '\0';
    return true;
}

enum device_refusal device_check(const struct device_claim *claim,
                                 char token[DEVICE_FCM_TOKEN_MAX + 1])
{
    bool is_apns = claim->service == DEVICE_APNS;
    if (!device_customer_is_fine(claim->customer))
        return DEVICE_BAD_CUSTOMER;
    if (!device_installation_is_fine(claim->installation))
        return DEVICE_BAD_INSTALLATION;
    if (!app_is_fine(claim->app))
        return DEVICE_BAD_APP;
    if (!is_apns && claim->is_sandbox)
        return DEVICE_BAD_ENVIRONMENT;
    if (is_apns && claim->is_fid)
        return DEVICE_BAD_TARGET_KIND;
    bool is_fine = is_apns ? take_apns(claim->token, token) : take_fcm(claim->token, token);
    return is_fine ? DEVICE_FINE : DEVICE_BAD_TOKEN;
}

const char *device_refusal_text(enum device_refusal refusal)
{
    switch (refusal) {
    case DEVICE_FINE:
        return "";
    case DEVICE_BAD_CUSTOMER:
        return "customer: must be 1 to 64 bytes without control characters";
    case DEVICE_BAD_INSTALLATION:
        return "installation: must be 8 to 64 of 0-9, A-Z, a-z, '.', '_' and '-'";
    case DEVICE_BAD_APP:
        return "app: must be 1 to 200 of 0-9, A-Z, a-z, '.', '_' and '-'";
    case DEVICE_BAD_ENVIRONMENT:
        return "environment: FCM has production alone";
    case DEVICE_BAD_TARGET_KIND:
        return "target_kind: APNs has token alone";
    case DEVICE_BAD_TOKEN:
        return "token: must be whole octets in hex (APNs, up to 200 digits) or up to 1024 "
               "printable characters without blanks (FCM)";
    }
    assert(!"a refusal without words");
}

const char *device_service_name(enum device_service service)
{
    return service == DEVICE_APNS ? "apns" : "fcm";
}

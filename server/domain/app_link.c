/* The rules of the names are those of developer.apple.com (applinks, components) and of
 * developers.google.com/digital-asset-links (fingerprints in capitals). None of what may stand in a
 * name needs an escape in JSON. */
#include "domain/app_link.h"

#include "domain/paylink.h"

#include <ctype.h>

enum { TEAM_LEN = 10, NAME_MAX_LEN = 155, OCTETS = 32, FINGERPRINT_LEN = 3 * OCTETS - 1 };

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* Parts of `allowed` with dots between them: how many, 0 when it is none. */
static int count_parts(struct span name, const char *allowed)
{
    int count = 1;
    if (name.len == 0 || name.len > NAME_MAX_LEN)
        return 0;
    for (size_t i = 0; i != name.len; ++i) {
        bool is_dot = name.base[i] == '.';
        bool is_edge = i == 0 || i + 1 == name.len || name.base[i + 1] == '.';
        if (is_dot ? is_edge : strchr(allowed, name.base[i]) == NULL)
            return 0;
        count += is_dot;
    }
    return count;
}

const char *app_link_wrong_ios(const char *app)
{
    size_t team_len = strspn(app, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    if (team_len != TEAM_LEN || app[team_len] != '.')
        return "must begin with the 10 capitals and digits of the team and a dot: "
               "ABCDE12345.com.example.bank";
    char allowed[80] = "0123456789-";
    if (count_parts(span_str(app + TEAM_LEN + 1), strcat(allowed, letters)) == 0)
        return "must end in a bundle id: letters, digits, dashes and dots, "
               "for instance ABCDE12345.com.example.bank";
    return NULL;
}

static bool is_fingerprint(const char *text)
{
    for (int i = 0; i != FINGERPRINT_LEN; ++i)
        if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
            return false;
    return text[FINGERPRINT_LEN] == '\0';
}

static struct span package_of(const char *app)
{
    return span_of(app, strcspn(app, "="));
}

const char *app_link_wrong_android(const char *app)
{
    struct span package = package_of(app);
    char allowed[80] = "0123456789_";
    if (app[package.len] == '\0')
        return "must be a package, = and a fingerprint: com.example.bank=14:6D:…";
    if (count_parts(package, strcat(allowed, letters)) < 2)
        return "must begin with a package: letters, digits, _ and at least one dot, "
               "for instance com.example.bank";
    if (!is_fingerprint(app + package.len + 1))
        return "must end in a SHA-256 fingerprint: 32 octets in hex with colons between them";
    return NULL;
}

void app_link_print_ios(struct buf *out, const char *const *apps, int count)
{
    buf_add_str(out, "{\"applinks\":{\"details\":[{\"appIDs\":[");
    for (int i = 0; i != count; ++i)
        buf_printf(out, "%s\"%s\"", i == 0 ? "" : ",", apps[i]);
    buf_add_str(out, "],\"components\":[{\"/\":\"/");
    for (int i = 0; i != PAYLINK_CODE_LEN; ++i)
        buf_add_char(out, '?'); /* any one character */
    buf_add_str(out, "\"}]}]}}\n");
}

static void print_fingerprints(struct buf *out, struct span package, const char *const *apps,
                               int count)
{
    const char *before = "";
    for (int i = 0; i != count; ++i) {
        if (!span_is(package_of(apps[i]), package))
            continue;
        buf_printf(out, "%s\"", before);
        for (const char *c = apps[i] + package.len + 1; *c != '\0'; ++c)
            buf_add_char(out, (char)toupper((unsigned char)*c));
        buf_add_char(out, '"');
        before = ",";
    }
}

static bool is_first_of_package(const char *const *apps, int at)
{
    for (int i = 0; i != at; ++i)
        if (span_is(package_of(apps[i]), package_of(apps[at])))
            return false;
    return true;
}

void app_link_print_android(struct buf *out, const char *const *apps, int count)
{
    buf_add_char(out, '[');
    for (int i = 0; i != count; ++i) {
        struct span package = package_of(apps[i]);
        if (!is_first_of_package(apps, i))
            continue;
        buf_printf(out,
                   "%s{\"relation\":[\"delegate_permission/common.handle_all_urls\"],"
                   "\"target\":{\"namespace\":\"android_app\",\"package_name\":\"%.*s\","
                   "\"sha256_cert_fingerprints\":[",
                   i == 0 ? "" : ",", SPAN_ARG(package));
        print_fingerprints(out, package, apps, count);
        buf_add_str(out, "]}}");
    }
    buf_add_str(out, "]\n");
}

#include "http/tus.h"

#include "base/crypto.h"
#include "flow/csv_text.h"

#include <stdio.h>

enum { METADATA_MAX = 4096 };

bool tus_number(struct span text, int64_t *out)
{
    if (text.len == 0 || text.len > 18)
        return false;
    *out = 0;
    for (size_t i = 0; i < text.len; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return false;
        *out = *out * 10 + (text.base[i] - '0');
    }
    return true;
}

static struct span take_until(struct span *rest, char end)
{
    const char *at = rest->len == 0 ? NULL : memchr(rest->base, end, rest->len);
    struct span taken = span_of(rest->base, at == NULL ? rest->len : (size_t)(at - rest->base));
    *rest = span_from(*rest, taken.len + (at != NULL));
    return taken;
}

static bool is_key(struct span key)
{
    for (size_t i = 0; i < key.len; ++i)
        if (key.base[i] <= ' ' || (unsigned char)key.base[i] >= 0x7f)
            return false;
    return key.len > 0;
}

/* Nothing that could be a path, break a line or a header. */
static void keep_name(struct span name, char out[TUS_NAME_MAX + 1])
{
    for (size_t i = 0; i < name.len; ++i) {
        if ((unsigned char)name.base[i] < 0x20 || name.base[i] == 0x7f)
            return;
        if (name.base[i] == '/' || name.base[i] == '\\') {
            name = span_from(name, i + 1);
            i = (size_t)-1;
        }
    }
    size_t len = name.len < TUS_NAME_MAX ? name.len : TUS_NAME_MAX;
    while (len < name.len && len > 0 && ((unsigned char)name.base[len] & 0xc0) == 0x80)
        --len;
    if (len > 0 && utf8_is_valid(name))
        snprintf(out, TUS_NAME_MAX + 1, "%.*s", (int)len, name.base);
}

static struct span take_pair(struct span *metadata)
{
    struct span pair = take_until(metadata, ',');
    while (pair.len > 0 && pair.base[0] == ' ')
        pair = span_from(pair, 1);
    return pair;
}

bool tus_metadata_number(struct span metadata, const char *key, int64_t *out)
{
    bool is_there = false;
    *out = 0;
    while (metadata.len > 0) {
        uint8_t value[32];
        struct span pair = take_pair(&metadata);
        if (!span_is_str(take_until(&pair, ' '), key))
            continue;
        long len = base64_parse(pair, value, sizeof value);
        if (is_there || len < 0 || !tus_number(span_of((const char *)value, (size_t)len), out))
            return false;
        is_there = true;
    }
    return true;
}

bool tus_file_name(struct span metadata, char out[TUS_NAME_MAX + 1])
{
    snprintf(out, TUS_NAME_MAX + 1, "upload.csv");
    if (metadata.len > METADATA_MAX)
        return false;
    while (metadata.len > 0) {
        uint8_t value[METADATA_MAX];
        struct span pair = take_pair(&metadata);
        struct span key = take_until(&pair, ' ');
        long len = base64_parse(pair, value, sizeof value);
        if (!is_key(key) || len < 0)
            return false;
        if (span_is_str(key, "filename") || span_is_str(key, "name"))
            keep_name(span_of((const char *)value, (size_t)len), out);
    }
    return true;
}

enum tus_checksum tus_checksum_of(struct span header, struct span bytes)
{
    uint8_t told[SHA256_LEN + 1], made[SHA256_LEN];
    struct span algorithm = take_until(&header, ' ');
    bool is_sha1 = span_is_str(algorithm, "sha1");
    size_t digest_len = is_sha1 ? SHA1_LEN : SHA256_LEN;
    bool is_known = is_sha1 || span_is_str(algorithm, "sha256");
    if (!is_known || base64_parse(header, told, sizeof told) != (long)digest_len)
        return TUS_CHECKSUM_UNREADABLE;
    if (is_sha1)
        sha1(bytes, made);
    else
        sha256(bytes, made);
    return memcmp(told, made, digest_len) == 0 ? TUS_CHECKSUM_GOOD : TUS_CHECKSUM_WRONG;
}

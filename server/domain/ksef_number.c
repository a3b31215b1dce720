#include "domain/ksef_number.h"

#include <stdio.h>

enum { BARE_LEN = 32 }; /* without its hyphens */

/* Plain "CRC-8": polynomial 0x07, from 0, no reflection. */
static uint8_t crc8(struct span s)
{
    unsigned crc = 0;
    for (size_t i = 0; i < s.len; ++i) {
        crc ^= (unsigned char)s.base[i];
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc & 0x80) != 0 ? (crc << 1 ^ 0x07) & 0xff : crc << 1;
    }
    return (uint8_t)crc;
}

static bool is_digits(const char *s, int len)
{
    for (int i = 0; i < len; ++i)
        if (s[i] < '0' || s[i] > '9')
            return false;
    return true;
}

static bool is_hex(const char *s, int len)
{
    for (int i = 0; i < len; ++i)
        if (!is_digits(s + i, 1) && (s[i] < 'A' || s[i] > 'F'))
            return false;
    return true;
}

static bool is_month(const char *s)
{
    int month = (s[0] - '0') * 10 + (s[1] - '0');
    return month >= 1 && month <= 12;
}

static bool is_day(const char *s)
{
    int day = (s[0] - '0') * 10 + (s[1] - '0');
    return day >= 1 && day <= 31;
}

static enum ksef_number_kind kind_of(const char *bare)
{
    const char *date = bare + 10;
    if (!is_digits(bare, 10) || !is_hex(bare + 18, 14))
        return KSEF_NUMBER_NONE;
    if (is_digits(date, 8) && is_month(date + 4) && is_day(date + 6))
        return KSEF_NUMBER_INVOICE;
    if (memcmp(date, "IZ", 2) == 0 && is_digits(date + 2, 6) && is_month(date + 6))
        return KSEF_NUMBER_COLLECTIVE;
    return KSEF_NUMBER_NONE;
}

/* `bare` is BARE_LEN capitals and digits. */
static enum ksef_number_kind judge(const char *bare, char out[KSEF_NUMBER_LEN + 1])
{
    char text[KSEF_NUMBER_LEN + 1], crc[3];
    enum ksef_number_kind kind = kind_of(bare);
    if (kind == KSEF_NUMBER_NONE)
        return kind;
    snprintf(text, sizeof(text), "%.10s-%.8s-%.12s-%.2s", bare, bare + 10, bare + 18, bare + 30);
    snprintf(crc, sizeof(crc), "%02X", crc8(span_of(text, 32)));
    if (memcmp(crc, bare + 30, 2) != 0)
        return KSEF_NUMBER_NONE;
    memcpy(out, text, sizeof(text));
    return kind;
}

enum ksef_number_kind ksef_number_read(struct span text, char out[KSEF_NUMBER_LEN + 1])
{
    char bare[BARE_LEN];
    size_t len = 0;
    for (size_t i = 0; i < text.len; ++i) {
        char c = text.base[i];
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (c == '-' || c == ' ' || c == '\r' || c == '\n')
            continue;
        if (len == BARE_LEN)
            return KSEF_NUMBER_NONE;
        bare[len++] = c;
    }
    return len == BARE_LEN ? judge(bare, out) : KSEF_NUMBER_NONE;
}

enum ksef_number_kind ksef_number_find(struct span bare, size_t *at, char out[KSEF_NUMBER_LEN + 1])
{
    for (; *at + BARE_LEN <= bare.len; ++*at) {
        enum ksef_number_kind kind = judge(bare.base + *at, out);
        if (kind == KSEF_NUMBER_NONE)
            continue;
        *at += BARE_LEN;
        return kind;
    }
    return KSEF_NUMBER_NONE;
}

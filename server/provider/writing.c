#include "provider/writing.h"

/* How many bytes the letter of UTF-8 at the start has (RFC 3629); 0 when there is none. */
static size_t letter_len(struct span s)
{
    const unsigned char *c = (const unsigned char *)s.base;
    size_t len = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
    if (len == 0 || c[0] > 0xf4 || len > s.len)
        return 0;
    for (size_t i = 1; i < len; ++i)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    bool is_too_long = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
    bool is_surrogate = c[0] == 0xed && c[1] > 0x9f;
    bool is_too_large = c[0] == 0xf4 && c[1] > 0x8f;
    return is_too_long || is_surrogate || is_too_large ? 0 : len;
}

static void add_ascii(struct buf *json, char c)
{
    static const char shorts[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
    const char *at = c == 0 ? NULL : strchr(shorts, c);
    if (at != NULL) {
        buf_add_char(json, '\\');
        buf_add_char(json, letters[at - shorts]);
    } else if ((unsigned char)c < ' ') {
        buf_printf(json, "\\u%04x", (unsigned)c);
    } else {
        buf_add_char(json, c);
    }
}

void writing_text(struct buf *json, struct span text)
{
    buf_add_char(json, '"');
    while (text.len > 0) {
        size_t len = letter_len(text);
        if (len == 1)
            add_ascii(json, text.base[0]);
        else if (len == 0)
            buf_add_char(json, '?');
        else
            buf_add(json, span_of(text.base, len));
        text = span_from(text, len == 0 ? 1 : len);
    }
    buf_add_char(json, '"');
}

void writing_name(struct buf *json, const char *name)
{
    struct span before = buf_span(json);
    if (before.len > 0 && before.base[before.len - 1] != '{')
        buf_add_char(json, ',');
    writing_text(json, span_str(name));
    buf_add_char(json, ':');
}

void writing_member(struct buf *json, const char *name, struct span text)
{
    writing_name(json, name);
    writing_text(json, text);
}

void writing_member_int(struct buf *json, const char *name, int64_t value)
{
    writing_name(json, name);
    buf_add_int(json, value);
}

void writing_member_digits(struct buf *json, const char *name, int64_t value)
{
    writing_name(json, name);
    buf_add_char(json, '"');
    buf_add_int(json, value);
    buf_add_char(json, '"');
}

void writing_percent(struct buf *out, struct span text)
{
    static const char kept[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (size_t i = 0; i < text.len; ++i) {
        if (memchr(kept, text.base[i], sizeof(kept) - 1) != NULL)
            buf_add_char(out, text.base[i]);
        else
            buf_printf(out, "%%%02X", (unsigned char)text.base[i]);
    }
}

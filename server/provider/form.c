#include "provider/form.h"

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void form_encode(struct buf *out, struct span text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; ++i) {
        unsigned char c = (unsigned char)text.base[i];
        if (is_plain(text.base[i])) {
            buf_add_char(out, text.base[i]);
            continue;
        }
        buf_add_char(out, '%');
        buf_add_char(out, digits[c >> 4]);
        buf_add_char(out, digits[c & 15]);
    }
}

static void add_name(struct buf *form, const char *name)
{
    if (buf_span(form).len > 0)
        buf_add_char(form, '&');
    form_encode(form, span_str(name));
    buf_add_char(form, '=');
}

void form_add(struct buf *form, const char *name, struct span value)
{
    add_name(form, name);
    form_encode(form, value);
}

void form_add_int(struct buf *form, const char *name, int64_t value)
{
    add_name(form, name);
    buf_add_int(form, value);
}

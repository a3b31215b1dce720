#include "provider/form_reading.h"

#include "base/crypto.h"

static bool decode(struct span text, char **to)
{
    for (size_t i = 0; i < text.len; ++i) {
        char c = text.base[i];
        if (c == '%') {
            if (i + 2 >= text.len || !hex_parse(span_of(text.base + i + 1, 2), &c, 1))
                return false;
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        if (c == 0)
            return false;
        *(*to)++ = c;
    }
    return true;
}

static bool add(struct form_fields *fields, struct span field, char **to)
{
    const char *sign = field.len == 0 ? NULL : memchr(field.base, '=', field.len);
    if (sign == NULL || sign == field.base || fields->count_ == FORM_FIELDS_MAX)
        return false;
    size_t name_len = (size_t)(sign - field.base);
    const char *name = *to;
    if (!decode(span_of(field.base, name_len), to))
        return false;
    const char *value = *to;
    if (!decode(span_from(field, name_len + 1), to))
        return false;
    struct span name_span = span_of(name, (size_t)(value - name));
    for (int i = 0; i < fields->count_; ++i)
        if (span_is(fields->items_[i].name, name_span))
            return false;
    fields->items_[fields->count_++] =
        (struct form_field){name_span, span_of(value, (size_t)(*to - value))};
    return true;
}

bool form_fields_read(struct form_fields *fields, struct span body)
{
    fields->count_ = 0;
    buf_init(&fields->text_, body.len);
    /* What is decoded is never longer. */
    char *to = body.len == 0 ? NULL : buf_grow(&fields->text_, body.len);
    if (to == NULL)
        return false;
    for (;;) {
        const char *end = body.len == 0 ? NULL : memchr(body.base, '&', body.len);
        size_t len = end == NULL ? body.len : (size_t)(end - body.base);
        if (!add(fields, span_of(body.base, len), &to))
            return false;
        if (end == NULL)
            return true;
        body = span_from(body, len + 1);
    }
}

void form_fields_release(struct form_fields *fields)
{
    buf_release(&fields->text_);
}

struct span form_fields_get(const struct form_fields *fields, const char *name)
{
    for (int i = 0; i < fields->count_; ++i)
        if (span_is_str(fields->items_[i].name, name))
            return fields->items_[i].value;
    return (struct span){NULL, 0};
}

#include "provider/scrub.h"

#include <jansson.h>
#include <strings.h>

#define MASK "***"
enum { NAME_MAX_LEN = 256 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t skip_blanks(struct span text, size_t at)
{
    while (at < text.len && is_blank(text.base[at]))
        ++at;
    return at;
}

static bool is_named(const char *const *names, struct span name)
{
    for (; *names != NULL; ++names)
        if (strlen(*names) == name.len && strncasecmp(*names, name.base, name.len) == 0)
            return true;
    return false;
}

/* ---- JSON: strings are found, and what stands before a colon is a name ---- */

/* Behind the closing quote of the string that begins there, or the end of the text. */
static size_t string_end(struct span text, size_t at)
{
    for (++at; at < text.len && text.base[at] != '"'; ++at)
        if (text.base[at] == '\\')
            ++at;
    return at < text.len ? at + 1 : text.len;
}

/* Behind the bracket that closes the one there. */
static size_t group_end(struct span text, size_t at)
{
    size_t depth = 0;
    while (at < text.len) {
        char c = text.base[at];
        if (c == '"') {
            at = string_end(text, at);
            continue;
        }
        ++at;
        if (c == '{' || c == '[')
            ++depth;
        else if ((c == '}' || c == ']') && --depth == 0)
            return at;
    }
    return text.len;
}

static size_t value_end(struct span text, size_t at)
{
    if (at >= text.len)
        return text.len;
    if (text.base[at] == '"')
        return string_end(text, at);
    if (text.base[at] == '{' || text.base[at] == '[')
        return group_end(text, at);
    while (at < text.len && memchr(",}]", text.base[at], 3) == NULL)
        ++at;
    return at;
}

/* With its quotes. A name that cannot be decoded may be any. */
static bool is_member_masked(struct span quoted, const char *const *names)
{
    json_t *name = json_loadb(quoted.base, quoted.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    bool is_masked = !json_is_string(name) ||
                     is_named(names, span_of(json_string_value(name), json_string_length(name)));
    json_decref(name);
    return is_masked;
}

static void scrub_json(struct span body, const char *const *names, struct buf *out)
{
    size_t at = 0, shown = 0; /* all before is appended or masked */
    while (at < body.len) {
        if (body.base[at] != '"') {
            ++at;
            continue;
        }
        size_t end = string_end(body, at), colon = skip_blanks(body, end);
        bool is_name = colon < body.len && body.base[colon] == ':';
        if (is_name && is_member_masked(span_of(body.base + at, end - at), names)) {
            size_t value = skip_blanks(body, colon + 1);
            buf_add(out, span_of(body.base + shown, value - shown));
            buf_add_str(out, "\"" MASK "\"");
            at = shown = value_end(body, value);
        } else {
            at = end;
        }
    }
    buf_add(out, span_from(body, shown));
}

/* ---- forms ---- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* False for what is too long or badly encoded. */
static bool form_decode(struct span text, char out[NAME_MAX_LEN], size_t *len)
{
    *len = 0;
    for (size_t i = 0; i < text.len; ++i) {
        char c = text.base[i] == '+' ? ' ' : text.base[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex_digit(text.base[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_digit(text.base[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (*len == NAME_MAX_LEN)
            return false;
        out[(*len)++] = c;
    }
    return true;
}

/* Any part of "a[b][c]". */
static bool is_field_masked(struct span encoded, const char *const *names)
{
    char name[NAME_MAX_LEN];
    size_t len, from = 0;
    if (!form_decode(encoded, name, &len))
        return true;
    for (size_t i = 0; i <= len; ++i) {
        if (i < len && name[i] != '[' && name[i] != ']')
            continue;
        if (is_named(names, span_of(name + from, i - from)))
            return true;
        from = i + 1;
    }
    return false;
}

/* JSON inside a form holds who knows what. */
static bool is_group(struct span value)
{
    size_t at = skip_blanks(value, 0);
    struct span rest = span_from(value, at);
    return span_starts(rest, SPAN_LIT("{")) || span_starts(rest, SPAN_LIT("[")) ||
           span_starts(rest, SPAN_LIT("%7B")) || span_starts(rest, SPAN_LIT("%7b")) ||
           span_starts(rest, SPAN_LIT("%5B")) || span_starts(rest, SPAN_LIT("%5b"));
}

static void scrub_field(struct span field, const char *const *names, struct buf *out)
{
    const char *equals = field.len == 0 ? NULL : memchr(field.base, '=', field.len);
    if (equals == NULL) {
        if (field.len > 0)
            buf_add_str(out, MASK);
        return;
    }
    struct span name = span_of(field.base, (size_t)(equals - field.base));
    struct span value = span_from(field, name.len + 1);
    buf_add(out, name);
    buf_add_char(out, '=');
    if (is_group(value) || is_field_masked(name, names))
        buf_add_str(out, MASK);
    else
        buf_add(out, value);
}

static void scrub_form(struct span body, const char *const *names, struct buf *out)
{
    for (;;) {
        const char *end = body.len == 0 ? NULL : memchr(body.base, '&', body.len);
        size_t len = end == NULL ? body.len : (size_t)(end - body.base);
        scrub_field(span_of(body.base, len), names, out);
        if (end == NULL)
            return;
        buf_add_char(out, '&');
        body = span_from(body, len + 1);
    }
}

void scrub_print(struct span body, const char *const *names, struct buf *out)
{
    size_t at = skip_blanks(body, 0);
    char first = at < body.len ? body.base[at] : 0;
    if (names == NULL || names[0] == NULL || at == body.len)
        buf_add(out, body);
    else if (first == '{' || first == '[')
        scrub_json(body, names, out);
    else if (memchr(body.base, '=', body.len) != NULL)
        scrub_form(body, names, out);
    else
        buf_add_str(out, MASK);
}

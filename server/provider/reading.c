#include "provider/reading.h"

#include "domain/payment.h"
#include "provider/json_tree.h"

#include <stdio.h>

enum { DEPTH_MAX = 16 }; /* nothing here needs more than a few */

static json_t *read_json(struct span body, json_type type)
{
    json_t *root = json_tree_read(body, DEPTH_MAX);
    if (root != NULL && json_typeof(root) != type) {
        json_decref(root);
        return NULL;
    }
    return root;
}

json_t *reading_object(struct span body)
{
    return read_json(body, JSON_OBJECT);
}

static bool is_of_number(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* Quotes what stands where a number begins. What was no number is a text then, and refused by
 * whoever wants to read one. */
static void quote_numbers(struct span json, struct buf *out)
{
    bool is_in_string = false;
    for (size_t i = 0; i < json.len;) {
        char c = json.base[i];
        size_t len = 1;
        bool is_number = !is_in_string && (c == '-' || (c >= '0' && c <= '9'));
        if (is_in_string && c == '\\' && i + 1 < json.len)
            len = 2;
        else if (c == '"')
            is_in_string = !is_in_string;
        while (is_number && i + len < json.len && is_of_number(json.base[i + len]))
            ++len;
        if (is_number)
            buf_add_char(out, '"');
        buf_add(out, span_of(json.base + i, len));
        if (is_number)
            buf_add_char(out, '"');
        i += len;
    }
}

json_t *reading_object_of_texts(struct span body)
{
    struct buf quoted;
    buf_init(&quoted, 3 * body.len);
    quote_numbers(body, &quoted);
    json_t *root = reading_object(buf_span(&quoted));
    buf_release(&quoted);
    return root;
}

json_t *reading_array(struct span body)
{
    return read_json(body, JSON_ARRAY);
}

bool reading_word_of(struct span text, char *out, size_t room)
{
    memset(out, 0, room);
    if (text.len >= room)
        return false;
    for (size_t i = 0; i < text.len; ++i)
        if (text.base[i] <= ' ' || text.base[i] > '~')
            return false;
    if (text.len > 0)
        memcpy(out, text.base, text.len);
    return true;
}

bool reading_word(const json_t *object, const char *name, char *out, size_t room)
{
    const json_t *value = json_object_get(object, name);
    memset(out, 0, room);
    if (value == NULL || json_is_null(value))
        return true;
    return json_is_string(value) &&
           reading_word_of(span_of(json_string_value(value), json_string_length(value)), out, room);
}

static bool amount_is_ok(int64_t minor)
{
    return minor > 0 && minor <= PAYMENT_AMOUNT_MAX_MINOR;
}

bool reading_amount(const json_t *value, int64_t *minor)
{
    if (!json_is_integer(value))
        return false;
    *minor = json_integer_value(value);
    return amount_is_ok(*minor);
}

bool reading_amount_digits(struct span text, int64_t *minor)
{
    if (text.len == 0 || text.len > 16 || text.base[0] == '0')
        return false;
    *minor = 0;
    for (size_t i = 0; i < text.len; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return false;
        *minor = *minor * 10 + (text.base[i] - '0');
    }
    return amount_is_ok(*minor);
}

bool reading_amount_decimal(struct span text, int64_t *minor)
{
    if (text.len < 4 || text.len > 17 || text.base[text.len - 3] != '.' ||
        (text.base[0] == '0' && text.len > 4))
        return false;
    *minor = 0;
    for (size_t i = 0; i < text.len; ++i) {
        if (i == text.len - 3)
            continue;
        if (text.base[i] < '0' || text.base[i] > '9')
            return false;
        *minor = *minor * 10 + (text.base[i] - '0');
    }
    return amount_is_ok(*minor);
}

bool reading_amount_number(struct span text, int64_t *minor)
{
    char whole[20];
    const char *point = text.len == 0 ? NULL : memchr(text.base, '.', text.len);
    size_t decimals = point == NULL ? 0 : text.len - (size_t)(point - text.base) - 1;
    if (text.len + 3 >= sizeof(whole) || (point != NULL && (decimals == 0 || decimals > 2)))
        return false;
    snprintf(whole, sizeof(whole), "%.*s%s", SPAN_ARG(text),
             point == NULL   ? ".00"
             : decimals == 1 ? "0"
                             : "");
    return reading_amount_decimal(span_str(whole), minor);
}

bool reading_currency(struct span text, bool is_lower, char out[4])
{
    memset(out, 0, 4);
    if (text.len != 3)
        return false;
    char first = is_lower ? 'a' : 'A';
    for (size_t i = 0; i < 3; ++i) {
        if (text.base[i] < first || text.base[i] > first + 25)
            return false;
        out[i] = (char)(text.base[i] - first + 'A');
    }
    return true;
}

bool reading_redirect(const struct provider_account *account, const json_t *answer,
                      const char *name, char out[1024])
{
    struct span origin = account->start_origin;
    return reading_word(answer, name, out, 1024) && span_starts(span_str(out), origin) &&
           out[origin.len] == '/';
}

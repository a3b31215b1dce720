#include "provider/json_tree.h"

struct reader {
    struct span text;
    size_t at;
    int depth_left;
};

static json_t *read_value(struct reader *r);

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* What comes next; 0 at the end, and for a 0, which no JSON has outside of texts. */
static char look(struct reader *r)
{
    while (r->at < r->text.len && is_blank(r->text.base[r->at]))
        ++r->at;
    return r->at < r->text.len ? r->text.base[r->at] : 0;
}

static bool take(struct reader *r, char c)
{
    bool is_there = look(r) == c;
    r->at += is_there;
    return is_there;
}

static struct span since(const struct reader *r, size_t start)
{
    return span_of(r->text.base + start, r->at - start);
}

static json_t *read_by_jansson(struct span token)
{
    return json_loadb(token.base, token.len, JSON_DECODE_ANY, NULL);
}

/* The text that begins here, with its quotes. Empty where none does, where it has no end, and for
 * one with a control character. */
static struct span take_text(struct reader *r, bool *has_escapes)
{
    *has_escapes = false;
    if (look(r) != '"')
        return SPAN_LIT("");
    size_t start = r->at++;
    for (; r->at < r->text.len; ++r->at) {
        char c = r->text.base[r->at];
        if (c == '"') {
            ++r->at;
            return since(r, start);
        }
        if ((unsigned char)c < ' ')
            break;
        if (c == '\\') {
            *has_escapes = true;
            ++r->at; /* whatever it is, it does not end the text */
        }
    }
    return SPAN_LIT("");
}

static json_t *read_text(struct reader *r)
{
    bool has_escapes;
    struct span token = take_text(r, &has_escapes);
    if (token.len == 0)
        return NULL;
    return has_escapes ? read_by_jansson(token) : json_stringn(token.base + 1, token.len - 2);
}

static bool is_of_number(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static json_t *read_number(struct reader *r)
{
    size_t start = r->at;
    while (r->at < r->text.len && is_of_number(r->text.base[r->at]))
        ++r->at;
    return read_by_jansson(since(r, start));
}

static json_t *read_word(struct reader *r, struct span word, json_t *value)
{
    if (!span_starts(span_from(r->text, r->at), word))
        return NULL;
    r->at += word.len;
    return value;
}

static bool read_member(struct reader *r, json_t *object)
{
    bool has_escapes;
    struct span token = take_text(r, &has_escapes);
    json_t *value = token.len > 0 && take(r, ':') ? read_value(r) : NULL;
    if (value == NULL)
        return false;
    if (!has_escapes)
        return json_object_setn_new(object, token.base + 1, token.len - 2, value) == 0;
    json_t *key = read_by_jansson(token);
    bool is_good = key != NULL && json_object_setn(object, json_string_value(key),
                                                   json_string_length(key), value) == 0;
    json_decref(key);
    json_decref(value);
    return is_good;
}

static bool read_members(struct reader *r, json_t *object)
{
    size_t count = 0;
    if (take(r, '}'))
        return true;
    do {
        /* A key that stands twice replaces what it brought first, and the object does not grow. */
        if (!read_member(r, object) || json_object_size(object) != ++count)
            return false;
    } while (take(r, ','));
    return take(r, '}');
}

static bool read_entries(struct reader *r, json_t *list)
{
    if (take(r, ']'))
        return true;
    do {
        if (json_array_append_new(list, read_value(r)) != 0) /* it refuses null, too */
            return false;
    } while (take(r, ','));
    return take(r, ']');
}

/* Takes `value`, empty as yet. */
static json_t *read_inside(struct reader *r, json_t *value, bool (*read)(struct reader *, json_t *))
{
    bool is_good = false;
    ++r->at;
    if (value != NULL && r->depth_left > 0) {
        --r->depth_left;
        is_good = read(r, value);
        ++r->depth_left;
    }
    if (is_good)
        return value;
    json_decref(value);
    return NULL;
}

static json_t *read_value(struct reader *r)
{
    char c = look(r);
    switch (c) {
    case '{':
        return read_inside(r, json_object(), read_members);
    case '[':
        return read_inside(r, json_array(), read_entries);
    case '"':
        return read_text(r);
    case 't':
        return read_word(r, SPAN_LIT("true"), json_true());
    case 'f':
        return read_word(r, SPAN_LIT("false"), json_false());
    case 'n':
        return read_word(r, SPAN_LIT("null"), json_null());
    default:
        return is_of_number(c) ? read_number(r) : NULL;
    }
}

json_t *json_tree_read(struct span text, int depth_max)
{
    struct reader r = {.text = text, .depth_left = depth_max};
    json_t *root = read_value(&r);
    look(&r); /* blanks behind it are fine */
    if (r.at == text.len)
        return root;
    json_decref(root);
    return NULL;
}

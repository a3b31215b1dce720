#include "base/json.h"

#include <stdio.h>

/* jansson has a fixed depth limit of 2048; ours is checked before it recurses over the text.
 * Brackets inside strings do not count. */
static int depth_of(struct span text)
{
    int depth = 0, deepest = 0;
    bool is_in_string = false;
    for (size_t i = 0; i < text.len; ++i) {
        char c = text.base[i];
        if (is_in_string) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                is_in_string = false;
        } else if (c == '"') {
            is_in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > deepest)
                deepest = depth;
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return deepest;
}

json_t *json_load(struct span text, struct json_limits limits, struct err *err)
{
    json_error_t error;
    if (text.len > limits.bytes_max) {
        err_set(err, ERR_INPUT, "the JSON is longer than %zu bytes", limits.bytes_max);
        return NULL;
    }
    if (depth_of(text) > limits.depth_max) {
        err_set(err, ERR_INPUT, "the JSON is nested deeper than %d levels", limits.depth_max);
        return NULL;
    }
    json_t *json = json_loadb(text.len == 0 ? "" : text.base, text.len,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    /* jansson's words quote the document: only the position is told. */
    if (json == NULL)
        err_set(err, ERR_INPUT, "%s at line %d, column %d",
                json_error_code(&error) == json_error_duplicate_key      ? "a key stands twice"
                : json_error_code(&error) == json_error_numeric_overflow ? "a number is too large"
                                                                         : "this is no JSON",
                error.line, error.column);
    return json;
}

static void fault(struct json_reader *reader, const char *name, const char *what)
{
    bool is_top = reader->path[0] == 0;
    err_set(reader->err, ERR_INPUT, "%s%s%s %s", reader->path, is_top ? "" : ".", name, what);
}

struct json_reader json_read(const json_t *object, const char *path, struct err *err)
{
    struct json_reader reader = {.object = object, .path = path, .err = err};
    if (err->code == 0 && !json_is_object(object))
        err_set(err, ERR_INPUT, "%s is not an object", path[0] == 0 ? "the document" : path);
    return reader;
}

/* Null when there was a mistake before, or when the value is absent or null; `is_needed` makes the
 * latter a mistake. */
static const json_t *value_of(struct json_reader *reader, const char *name, bool is_needed)
{
    if (reader->err->code != 0)
        return NULL;
    const json_t *value = json_object_get(reader->object, name);
    if (value != NULL && !json_is_null(value))
        return value;
    if (is_needed)
        fault(reader, name, "is missing");
    return NULL;
}

static struct span text_of(struct json_reader *reader, const char *name, size_t len_max,
                           bool is_needed)
{
    const json_t *value = value_of(reader, name, is_needed);
    if (value == NULL)
        return (struct span){0};
    if (!json_is_string(value)) {
        fault(reader, name, "is not text");
        return (struct span){0};
    }
    struct span text = span_of(json_string_value(value), json_string_length(value));
    if (text.len > len_max || (is_needed && text.len == 0)) {
        fault(reader, name, text.len == 0 ? "is empty" : "is too long");
        return (struct span){0};
    }
    return text;
}

struct span json_get_text(struct json_reader *reader, const char *name, size_t len_max)
{
    return text_of(reader, name, len_max, true);
}

struct span json_find_text(struct json_reader *reader, const char *name, size_t len_max)
{
    return text_of(reader, name, len_max, false);
}

static int64_t int_of(struct json_reader *reader, const char *name, const json_t *value,
                      int64_t min, int64_t max)
{
    if (!json_is_integer(value)) {
        fault(reader, name, "is not a whole number");
        return 0;
    }
    int64_t number = json_integer_value(value);
    if (number < min || number > max) {
        fault(reader, name, "is out of range");
        return 0;
    }
    return number;
}

int64_t json_get_int(struct json_reader *reader, const char *name, int64_t min, int64_t max)
{
    const json_t *value = value_of(reader, name, true);
    return value == NULL ? 0 : int_of(reader, name, value, min, max);
}

int64_t json_find_int(struct json_reader *reader, const char *name, int64_t min, int64_t max,
                      int64_t otherwise)
{
    const json_t *value = value_of(reader, name, false);
    return value == NULL ? otherwise : int_of(reader, name, value, min, max);
}

bool json_get_bool(struct json_reader *reader, const char *name)
{
    const json_t *value = value_of(reader, name, true);
    if (value != NULL && !json_is_boolean(value))
        fault(reader, name, "is neither true nor false");
    return json_is_true(value);
}

struct json_reader json_get_object(struct json_reader *reader, const char *name, char *room,
                                   size_t room_len)
{
    const json_t *value = value_of(reader, name, true);
    bool is_top = reader->path[0] == 0;
    snprintf(room, room_len, "%s%s%s", reader->path, is_top ? "" : ".", name);
    return json_read(value, room, reader->err);
}

const json_t *json_get_array(struct json_reader *reader, const char *name, size_t count_max)
{
    const json_t *value = value_of(reader, name, true);
    if (value == NULL)
        return NULL;
    if (!json_is_array(value)) {
        fault(reader, name, "is not a list");
        return NULL;
    }
    if (json_array_size(value) > count_max) {
        fault(reader, name, "has too many entries");
        return NULL;
    }
    return value;
}

int json_get_word(struct json_reader *reader, const char *name, const char *const *words)
{
    struct span text = json_get_text(reader, name, 64);
    if (reader->err->code != 0)
        return 0;
    for (int i = 0; words[i] != NULL; ++i)
        if (span_is_str(text, words[i]))
            return i;
    fault(reader, name, "is not one of the known words");
    return 0;
}

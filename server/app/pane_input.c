#include "app/pane_input.h"

#include <stdlib.h>

enum { DIGITS_MAX = 12 };

void pane_input_init(struct pane_input *input, struct pane_request *request)
{
    struct span type = pane_header(request, "content-type");
    *input = (struct pane_input){.request = request};
    if (!span_starts(type, SPAN_LIT("application/json")))
        return;
    struct span body = pane_body(request);
    input->json_ = json_loadb(body.base, body.len, JSON_REJECT_DUPLICATES, NULL);
    input->is_broken = !json_is_object(input->json_);
}

void pane_input_release(struct pane_input *input)
{
    json_decref(input->json_);
}

struct span pane_input_text(struct pane_input *input, const char *name)
{
    if (input->json_ == NULL)
        return input->is_broken ? (struct span){NULL, 0} : pane_form(input->request, name);
    const json_t *value = json_object_get(input->json_, name);
    return span_of(json_string_value(value), json_string_length(value));
}

static int64_t digits_read(struct span text)
{
    bool is_negative = text.len > 0 && text.base[0] == '-';
    if (is_negative)
        text = span_from(text, 1);
    if (text.len == 0 || text.len > DIGITS_MAX)
        return INT64_MIN;
    int64_t value = 0;
    for (size_t i = 0; i < text.len; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return INT64_MIN;
        value = value * 10 + (text.base[i] - '0');
    }
    return is_negative ? -value : value;
}

int64_t pane_input_int(struct pane_input *input, const char *name, int64_t missing)
{
    if (input->json_ == NULL) {
        struct span text = pane_input_text(input, name);
        return text.len == 0 ? missing : digits_read(text);
    }
    const json_t *value = json_object_get(input->json_, name);
    if (value == NULL || json_is_null(value))
        return missing;
    return json_is_integer(value) ? json_integer_value(value) : INT64_MIN;
}

bool pane_input_bool(struct pane_input *input, const char *name)
{
    if (input->json_ != NULL)
        return json_is_true(json_object_get(input->json_, name));
    struct span text = pane_input_text(input, name);
    return span_is_str(text, "true") || span_is_str(text, "on") || span_is_str(text, "1");
}

int64_t pane_amount_read(struct span text)
{
    char digits[DIGITS_MAX + 1];
    size_t count = 0, decimals = 0;
    bool has_point = false;
    for (size_t i = 0; i < text.len; ++i) {
        char c = text.base[i];
        if (c == ' ')
            continue;
        if ((c == ',' || c == '.') && !has_point) {
            has_point = true;
            continue;
        }
        if (c < '0' || c > '9' || count >= DIGITS_MAX - 2 || decimals == 2)
            return INT64_MIN;
        digits[count++] = c;
        decimals += has_point;
    }
    if (count == 0)
        return INT64_MIN;
    for (; decimals < 2; ++decimals)
        digits[count++] = '0';
    return digits_read(span_of(digits, count));
}

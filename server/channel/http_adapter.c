#include "channel/http_adapter.h"

#include "base/crypto.h"
#include "base/json.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { ANSWER_MAX = 256 * 1024, DEPTH_MAX = 16, VALUE_MAX = 64 * 1024, NAME_MAX_ = 64 };

/* ---- SMSAPI.pl ---- */

#define WORDS(list)                                                                                \
    {                                                                                              \
        list, sizeof(list) / sizeof((list)[0])                                                     \
    }

/* No `normalize`: the text was written plainly here, so that what is counted is what is billed. */
static const char *const smsapi_fields[] = {
    "to={to}",    "message={text}",        "from={sender}", "encoding=utf-8", "format=json",
    "details=1",  "max_parts={parts_max}", "idx={id}",      "check_idx=1",    "notify_url={notify}",
    "test={test}"};
static const char *const smsapi_voice_fields[] = {
    "to={to}",  "tts={text}",  "from={sender}",       "try={tries}", "interval={interval}",
    "idx={id}", "check_idx=1", "notify_url={notify}", "format=json", "test={test}"};
static const char *const smsapi_retry[] = {"200", "201", "202", "203", "666", "999"};
static const char *const smsapi_minute[] = {"52"};
static const char *const smsapi_once[] = {"8"};
static const char *const smsapi_stop[] = {"103",  "101",  "102", "105", "110",
                                          "1000", "1001", "14",  "98"};
static const char *const smsapi_bad_number[] = {"57", "32"};
static const char *const smsapi_dead_number[] = {"13"};
static const char *const smsapi_duplicate[] = {"53"};
static const char *const smsapi_statuses[] = {"429", "503"};
static const char *const smsapi_words[] = {
    "8=bad request",
    "11=text needs Unicode",
    "12=text too long",
    "13=no valid number",
    "14=sender name not allowed",
    "17=text not for flash",
    "32=not a Polish number",
    "51=outside of the hours for calls",
    "52=too many tries to one number",
    "53=sent before",
    "57=number is blacklisted",
    "98=account is restricted",
    "101=token not accepted",
    "102=wrong user or password",
    "103=no credit",
    "105=address not allowed by the IP filter",
    "110=service not allowed for this account",
    "1000=for the main account only",
    "1001=wrong action",
};

#define SMSAPI_ANSWERS                                                                             \
    .name = "smsapi", .method = "POST", .refuses_repeats = true, .id_path = "list[0].id",          \
    .error_path = "error", .parts_path = "list[0].parts", .price_path = "list[0].points",          \
    .codes = {[HTTP_RETRY] = WORDS(smsapi_retry),                                                  \
              [HTTP_MINUTE] = WORDS(smsapi_minute),                                                \
              [HTTP_ONCE] = WORDS(smsapi_once),                                                    \
              [HTTP_STOP] = WORDS(smsapi_stop),                                                    \
              [HTTP_BAD_NUMBER] = WORDS(smsapi_bad_number),                                        \
              [HTTP_DEAD_NUMBER] = WORDS(smsapi_dead_number),                                      \
              [HTTP_DUPLICATE] = WORDS(smsapi_duplicate)},                                         \
    .statuses_retry = WORDS(smsapi_statuses), .words = WORDS(smsapi_words)

const struct http_adapter http_adapter_smsapi = {SMSAPI_ANSWERS, .fields = WORDS(smsapi_fields)};
const struct http_adapter http_adapter_smsapi_voice = {SMSAPI_ANSWERS,
                                                       .fields = WORDS(smsapi_voice_fields)};

/* ---- asking ---- */

static const char *const placeholders[] = {"to",       "text",      "sender", "id",
                                           "notify",   "parts_max", "test",   "tries",
                                           "interval", "user",      "token",  "basic"};
enum { PLACEHOLDER_COUNT = sizeof(placeholders) / sizeof(placeholders[0]) };

static int placeholder_find(struct span name)
{
    for (int i = 0; i < PLACEHOLDER_COUNT; ++i)
        if (span_is_str(name, placeholders[i]))
            return i;
    return -1;
}

static void add_basic(struct buf *out, const struct http_values *values)
{
    struct buf pair;
    buf_init_secret(&pair, VALUE_MAX);
    buf_add(&pair, values->user);
    buf_add_char(&pair, ':');
    buf_add(&pair, values->token);
    char *text = malloc(4 * ((buf_span(&pair).len + 2) / 3) + 1);
    if (text == NULL)
        abort();
    size_t len = base64_print(buf_span(&pair), text);
    buf_add(out, span_of(text, len));
    secret_wipe(text, len);
    free(text);
    buf_release(&pair);
}

static struct span value_of(const struct http_values *v, int placeholder)
{
    const struct span all[] = {v->to,   v->text,  v->sender,   v->id,   v->notify, v->parts_max,
                               v->test, v->tries, v->interval, v->user, v->token};
    return all[placeholder];
}

/* The text of a template; false when a placeholder in it is empty. */
static bool fill(struct span pattern, const struct http_adapter *adapter,
                 const struct http_values *values, struct buf *out)
{
    while (pattern.len > 0) {
        const char *end = pattern.base[0] == '{' ? memchr(pattern.base, '}', pattern.len) : NULL;
        size_t len = end == NULL ? 0 : (size_t)(end - pattern.base) - 1;
        int found = end == NULL ? -1 : placeholder_find(span_of(pattern.base + 1, len));
        if (found < 0) {
            buf_add_char(out, pattern.base[0]);
            pattern = span_from(pattern, 1);
            continue;
        }
        pattern = span_from(pattern, len + 2);
        if (found == PLACEHOLDER_COUNT - 1) {
            add_basic(out, values);
            continue;
        }
        struct span value = value_of(values, found);
        if (value.len == 0)
            return false;
        bool drops_plus = found == 0 && adapter != NULL && !adapter->has_plus;
        buf_add(out, drops_plus ? span_from(value, 1) : value);
    }
    return true;
}

/* RFC 3986: all but what is never special. */
static void add_encoded(struct buf *out, struct span text)
{
    for (size_t i = 0; i < text.len; ++i) {
        unsigned char c = (unsigned char)text.base[i];
        if (isalnum(c) || (c != 0 && strchr("-._~", c) != NULL))
            buf_add_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

static bool is_whole_number(struct span text)
{
    if (text.len == 0 || text.len > 9 || (text.len > 1 && text.base[0] == '0'))
        return false;
    for (size_t i = 0; i < text.len; ++i)
        if (text.base[i] < '0' || text.base[i] > '9')
            return false;
    return true;
}

/* Null when the text is no UTF-8. */
static json_t *json_of(struct span value, bool is_fixed)
{
    if (is_fixed && span_is_str(value, "true"))
        return json_true();
    if (is_fixed && span_is_str(value, "false"))
        return json_false();
    if (is_fixed && is_whole_number(value))
        return json_integer(strtoll(value.base, NULL, 10));
    return json_stringn(value.base, value.len);
}

static bool add_field(struct buf *out, json_t *object, struct span name, struct span value,
                      bool is_fixed)
{
    char key[NAME_MAX_ + 1];
    if (object != NULL) {
        snprintf(key, sizeof(key), "%.*s", SPAN_ARG(name));
        json_t *made = json_of(value, is_fixed);
        return made != NULL && json_object_set_new(object, key, made) == 0;
    }
    if (buf_span(out).len > 0)
        buf_add_char(out, '&');
    add_encoded(out, name);
    buf_add_char(out, '=');
    add_encoded(out, value);
    return true;
}

static bool write_field(const struct http_adapter *adapter, const char *field,
                        const struct http_values *values, struct buf *out, json_t *object)
{
    size_t name_len = strcspn(field, "=");
    const char *pattern = field + name_len + (field[name_len] == '=');
    struct buf value;
    buf_init_secret(&value, VALUE_MAX);
    bool is_good = true;
    if (fill(span_str(pattern), adapter, values, &value))
        is_good = add_field(out, object, span_of(field, name_len), buf_span(&value),
                            strchr(pattern, '{') == NULL);
    is_good = is_good && !buf_is_overflowed(&value);
    buf_release(&value);
    return is_good;
}

int http_adapter_write(const struct http_adapter *adapter, const struct http_values *values,
                       struct buf *body, struct err *err)
{
    json_t *object = adapter->is_json ? json_object() : NULL;
    bool is_good = true;
    for (int i = 0; i < adapter->fields.count && is_good; ++i)
        is_good = write_field(adapter, adapter->fields.items[i], values, body, object);
    char *text = object == NULL || !is_good ? NULL : json_dumps(object, JSON_COMPACT);
    if (text != NULL)
        buf_add_str(body, text);
    free(text);
    json_decref(object);
    if (!is_good || buf_is_overflowed(body))
        return err_set(err, ERR_INPUT, "the message cannot be written as the gateway wants it");
    return 0;
}

void http_adapter_write_header(const char *header, const struct http_values *values,
                               struct buf *out)
{
    fill(span_str(header), NULL, values, out);
    buf_add_char(out, '\n');
}

/* ---- what settings may say ---- */

const char *http_adapter_wrong_field(const char *field)
{
    size_t name_len = strcspn(field, "=");
    if (name_len == 0 || name_len > NAME_MAX_ || field[name_len] != '=')
        return "must be NAME={placeholder} or NAME=value";
    for (const char *at = field + name_len; (at = strchr(at, '{')) != NULL; ++at)
        if (strchr(at, '}') == NULL || placeholder_find(span_of(at + 1, strcspn(at + 1, "}"))) < 0)
            return "names no placeholder: {to} {text} {sender} {id} {notify} {parts_max} {test} "
                   "{tries} {interval} {user} {token}";
    return NULL;
}

/* One step of a path: a name, or an index; the rest in *path. False at its end or at a mistake. */
static bool take_step(const char **path, char name[NAME_MAX_ + 1], long *index)
{
    const char *at = *path;
    *index = -1;
    if (*at == '[') {
        char *end;
        *index = isdigit((unsigned char)at[1]) ? strtol(at + 1, &end, 10) : -1;
        if (*index < 0 || *index > 1000 || *end != ']')
            return false;
        *path = end + 1;
        return true;
    }
    if (*at == '.')
        ++at;
    size_t len = strcspn(at, ".[");
    if (len == 0 || len > NAME_MAX_)
        return false;
    memcpy(name, at, len);
    name[len] = 0;
    *path = at + len;
    return true;
}

const char *http_adapter_wrong_path(const char *path)
{
    char name[NAME_MAX_ + 1];
    long index;
    if (*path == '.')
        return "must be a path such as list[0].id";
    while (*path != 0)
        if (!take_step(&path, name, &index))
            return "must be a path such as list[0].id";
    return NULL;
}

/* ---- answers ---- */

static const json_t *follow(const json_t *at, const char *path)
{
    char name[NAME_MAX_ + 1];
    long index;
    if (*path == 0)
        return NULL;
    while (at != NULL && *path != 0) {
        if (!take_step(&path, name, &index))
            return NULL;
        at = index >= 0 ? json_array_get(at, (size_t)index) : json_object_get(at, name);
    }
    return at;
}

/* A short word as text; empty when absent, null, or not one. */
static void read_word(const json_t *value, char *out, size_t room)
{
    out[0] = 0;
    if (json_is_integer(value)) {
        snprintf(out, room, "%lld", (long long)json_integer_value(value));
        return;
    }
    if (!json_is_string(value) || json_string_length(value) >= room)
        return;
    const char *text = json_string_value(value);
    for (size_t i = 0; i < json_string_length(value); ++i)
        if (text[i] <= ' ' || text[i] > '~')
            return;
    snprintf(out, room, "%s", text);
}

bool http_adapter_micro(struct span text, int64_t *micro)
{
    int64_t value = 0;
    int fraction = -1; /* digits behind the point so far */
    bool has_digit = false, has_rest = false;
    size_t i = text.len > 0 && text.base[0] == '-';
    for (; i < text.len; ++i) {
        char c = text.base[i];
        if (c == '.' && fraction < 0) {
            fraction = 0;
            continue;
        }
        if (c < '0' || c > '9')
            return false;
        has_digit = true;
        if (fraction >= 6) {
            has_rest = has_rest || c != '0';
            continue;
        }
        value = value * 10 + (c - '0');
        fraction += fraction >= 0;
        if (value > INT64_C(1000000000000))
            return false;
    }
    for (int digits = fraction < 0 ? 0 : fraction; digits < 6; ++digits)
        value *= 10;
    *micro = value + has_rest;
    return has_digit && value <= INT64_C(1000000000000);
}

/* jansson gives a fraction as a double: six digits of a small number come back as they were. */
static int64_t read_price(const json_t *value)
{
    char text[48] = "";
    int64_t micro = 0;
    if (json_is_real(value))
        snprintf(text, sizeof(text), "%.6f", json_real_value(value));
    else
        read_word(value, text, sizeof(text));
    return http_adapter_micro(span_str(text), &micro) ? micro : 0;
}

static int32_t read_parts(const json_t *value)
{
    char text[16];
    read_word(value, text, sizeof(text));
    long parts = is_whole_number(span_str(text)) ? strtol(text, NULL, 10) : 0;
    return parts > 0 && parts <= 255 ? (int32_t)parts : 0;
}

static bool has_word(struct http_words words, const char *word)
{
    for (int i = 0; i < words.count; ++i)
        if (strcmp(words.items[i], word) == 0)
            return true;
    return false;
}

static const char *words_of(const struct http_adapter *adapter, const char *code)
{
    size_t len = strlen(code);
    for (int i = 0; i < adapter->words.count; ++i) {
        const char *row = adapter->words.items[i];
        if (strncmp(row, code, len) == 0 && row[len] == '=')
            return row + len + 1;
    }
    return "";
}

/* False when the code is in no list. */
static bool find_meaning(const struct http_adapter *adapter, const char *code,
                         enum http_meaning *meaning)
{
    for (int m = HTTP_FAIL + 1; m < HTTP_MEANING_COUNT; ++m)
        if (has_word(adapter->codes[m], code)) {
            *meaning = (enum http_meaning)m;
            return true;
        }
    return false;
}

/* By HTTP's own status, where the body says nothing that is known. */
static void judge_status(const struct http_adapter *adapter, int status, struct http_answer *answer)
{
    char text[16];
    snprintf(text, sizeof(text), "%d", status);
    if (answer->code[0] == 0)
        snprintf(answer->code, sizeof(answer->code), "status %d", status);
    answer->verdict = HTTP_REFUSED;
    answer->meaning = HTTP_FAIL;
    if (has_word(adapter->statuses_retry, text))
        answer->meaning = HTTP_RETRY;
    else if (status == 401 || status == 403 || (status >= 300 && status < 400))
        answer->meaning = HTTP_STOP;
    else if (status < 300 || status == 408 || status >= 500)
        answer->verdict = HTTP_UNCLEAR;
}

static void judge(const struct http_adapter *adapter, int status, const json_t *root,
                  struct http_answer *answer)
{
    read_word(follow(root, adapter->error_path), answer->code, sizeof(answer->code));
    if (strcmp(answer->code, "0") == 0)
        answer->code[0] = 0;
    bool has_code = answer->code[0] != 0;
    read_word(follow(root, adapter->id_path), answer->id, sizeof(answer->id));
    if (has_code && find_meaning(adapter, answer->code, &answer->meaning)) {
        answer->verdict = answer->meaning == HTTP_DUPLICATE ? HTTP_TAKEN : HTTP_REFUSED;
    } else if (has_code && status < 300) {
        answer->verdict = HTTP_REFUSED;
        answer->meaning = HTTP_FAIL;
    } else if (answer->id[0] != 0 && status >= 200 && status < 300) {
        answer->verdict = HTTP_TAKEN;
    } else {
        judge_status(adapter, status, answer);
    }
}

void http_adapter_read(const struct http_adapter *adapter, int status, struct span body,
                       struct http_answer *answer)
{
    const struct json_limits limits = {.bytes_max = ANSWER_MAX, .depth_max = DEPTH_MAX};
    struct err ignored;
    memset(answer, 0, sizeof(*answer));
    json_t *root = json_load(body, limits, &ignored);
    judge(adapter, status, root, answer);
    answer->words = words_of(adapter, answer->code);
    if (answer->verdict == HTTP_TAKEN) {
        answer->parts = read_parts(follow(root, adapter->parts_path));
        answer->price_micro = read_price(follow(root, adapter->price_path));
    } else {
        answer->id[0] = 0;
    }
    json_decref(root);
}

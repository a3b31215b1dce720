#include "flow/message_kept.h"

#include "base/crypto.h"

#include <jansson.h>
#include <stdlib.h>

static void hash_of(const struct message_kept *message, char out[2 * SHA256_LEN + 1])
{
    const struct span parts[] = {
        message->title, message->title.len > 0 ? SPAN_LIT("\n") : SPAN_LIT(""), message->body};
    uint8_t hash[SHA256_LEN];
    sha256_spans(parts, 3, hash);
    hex_print(hash, sizeof(hash), out);
}

static const char *find_code(struct span text, const struct span *codes, size_t count, size_t *len)
{
    const char *first = NULL;
    for (size_t i = 0; i < count; ++i) {
        const char *at = codes[i].len == 0 || text.len == 0
                             ? NULL
                             : memmem(text.base, text.len, codes[i].base, codes[i].len);
        if (at == NULL || (first != NULL && at >= first))
            continue;
        first = at;
        *len = codes[i].len;
    }
    return first;
}

static json_t *without_codes(struct span text, const struct span *codes, size_t count)
{
    struct buf out;
    size_t len = 0;
    const char *at;
    buf_init(&out, MESSAGE_KEPT_MAX);
    while ((at = find_code(text, codes, count, &len)) != NULL) {
        size_t before = (size_t)(at - text.base);
        buf_add(&out, span_of(text.base, before));
        buf_add_str(&out, "…");
        text = span_from(text, before + len);
    }
    buf_add(&out, text);
    json_t *json = json_stringn(buf_span(&out).base, buf_span(&out).len);
    buf_release(&out);
    return json;
}

void message_kept_add(struct buf *list, const struct message_kept *message,
                      const struct span *codes, size_t code_count)
{
    char hash[2 * SHA256_LEN + 1];
    json_t *json = json_object();
    hash_of(message, hash);
    if (message->to.len > 0)
        json_object_set_new(json, "to", json_stringn(message->to.base, message->to.len));
    if (message->title.len > 0)
        json_object_set_new(json, "title", without_codes(message->title, codes, code_count));
    json_object_set_new(json, "text", without_codes(message->body, codes, code_count));
    json_object_set_new(json, "sha256", json_string(hash));
    char *written = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    if (written == NULL)
        abort();
    struct span all = buf_span(list);
    if (all.len == 0 || memmem(all.base, all.len, written, strlen(written)) == NULL) {
        buf_add_str(list, all.len == 0 ? "" : ",");
        buf_add_str(list, written);
    }
    free(written);
}

char *message_kept_take(const struct buf *list)
{
    struct buf whole;
    if (buf_span(list).len == 0 || buf_is_overflowed(list))
        return NULL;
    buf_init(&whole, MESSAGE_KEPT_MAX + 64);
    buf_add_str(&whole, "{\"messages\":[");
    buf_add(&whole, buf_span(list));
    buf_add_str(&whole, "]}");
    return buf_take(&whole, NULL);
}

#include "channel/push_payload.h"

#include <assert.h>

#define ELLIPSIS "\xe2\x80\xa6"

enum { TITLE_MAX = 256, ARGUMENT_MAX = 200, LINK_MAX = 512, STEP_MAX = 24 };

/* How many octets the character at `at` has; those of a broken one are taken one by one. */
static size_t character_len(struct span text, size_t at)
{
    unsigned char lead = (unsigned char)text.base[at];
    size_t len = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    return at + len > text.len ? 1 : len;
}

static size_t escaped_len(char c)
{
    if (c == '"' || c == '\\' || c == '\n')
        return 2;
    return (unsigned char)c < 0x20 ? 6 : 1;
}

/* How much of the text, in whole characters, stands in `room` octets of a JSON string. */
static size_t fitting(struct span text, size_t room)
{
    size_t at = 0;
    while (at < text.len) {
        size_t len = character_len(text, at), used = len == 1 ? escaped_len(text.base[at]) : len;
        if (used > room)
            break;
        room -= used;
        at += len;
    }
    return at;
}

static void add_escaped(struct buf *out, char c)
{
    if (c == '"' || c == '\\') {
        buf_add_char(out, '\\');
        buf_add_char(out, c);
    } else if (c == '\n') {
        buf_add_str(out, "\\n");
    } else {
        buf_printf(out, "\\u%04x", (unsigned)(unsigned char)c);
    }
}

/* The text as it stands in a JSON string, in at most `room` octets. */
static void add_text(struct buf *out, struct span text, size_t room)
{
    size_t len = fitting(text, room), plain_from = 0;
    bool is_cut = len < text.len;
    if (is_cut)
        len = room < strlen(ELLIPSIS) ? 0 : fitting(text, room - strlen(ELLIPSIS));
    for (size_t at = 0; at < len; ++at) {
        if (escaped_len(text.base[at]) == 1)
            continue;
        buf_add(out, span_of(text.base + plain_from, at - plain_from));
        add_escaped(out, text.base[at]);
        plain_from = at + 1;
    }
    buf_add(out, span_of(text.base + plain_from, len - plain_from));
    if (is_cut && room >= strlen(ELLIPSIS))
        buf_add_str(out, ELLIPSIS);
}

/* `before` opens the string. */
static void add_string(struct buf *out, const char *before, struct span text, size_t room)
{
    buf_add_str(out, before);
    add_text(out, text, room);
    buf_add_char(out, '"');
}

/* "thanks_3" is "thanks". */
static struct span step_of(const struct push_words *words)
{
    struct span thanks = SPAN_LIT("thanks");
    return span_starts(words->step, thanks) ? thanks : words->step;
}

/* The body and what closes behind it, within what the payload that began at `begin` may have. */
static void add_body(struct buf *out, size_t begin, const struct push_words *words,
                     const char *closing)
{
    size_t used = buf_span(out).len - begin + strlen(",\"body\":\"") + 1 + strlen(closing);
    assert(used < PUSH_PAYLOAD_MAX);
    add_string(out, ",\"body\":\"", words->body, PUSH_PAYLOAD_MAX - used);
    buf_add_str(out, closing);
}

static void add_keys_apns(struct buf *out, const struct push_words *words)
{
    add_string(out, "\"title-loc-key\":\"dunlin_title\",\"title-loc-args\":[\"", words->creditor,
               ARGUMENT_MAX);
    add_string(out, "],\"loc-key\":\"dunlin_", step_of(words), STEP_MAX);
    add_string(out, ",\"loc-args\":[\"", words->number, ARGUMENT_MAX);
    buf_add_char(out, ']');
}

static void add_keys_android(struct buf *out, const struct push_words *words)
{
    add_string(out, ",\"title_loc_key\":\"dunlin_title\",\"title_loc_args\":[\"", words->creditor,
               ARGUMENT_MAX);
    add_string(out, "],\"body_loc_key\":\"dunlin_", step_of(words), STEP_MAX);
    add_string(out, ",\"body_loc_args\":[\"", words->number, ARGUMENT_MAX);
    buf_add_char(out, ']');
}

/* What the app reads itself. */
static void add_own(struct buf *out, const struct push_words *words)
{
    if (words->link.len > 0) {
        add_string(out, "\"link\":\"", words->link, LINK_MAX);
        buf_add_char(out, ',');
    }
    add_string(out, "\"push\":\"", words->push_id, ARGUMENT_MAX);
}

/* The body comes last: it gets what the rest leaves. */
void push_payload_apns(struct buf *out, const struct push_words *words)
{
    size_t begin = buf_span(out).len;
    buf_add_char(out, '{');
    add_own(out, words);
    buf_add_str(out, ",\"aps\":{\"sound\":\"default\",\"thread-id\":\"payments\","
                     "\"mutable-content\":1,\"alert\":{");
    if (words->body.len == 0) {
        add_keys_apns(out, words);
        buf_add_str(out, "}}}");
        return;
    }
    add_string(out, "\"title\":\"", words->title, TITLE_MAX);
    add_body(out, begin, words, "}}}");
}

/* An app on iOS can be reached through FCM too: `apns` is for it. */
void push_payload_fcm(struct buf *out, const struct push_words *words)
{
    size_t begin = buf_span(out).len;
    bool has_keys = words->body.len == 0;
    buf_add_str(out, "{\"data\":{");
    add_own(out, words);
    buf_add_str(out, "},\"android\":{\"priority\":");
    buf_add_str(out, words->is_urgent ? "\"HIGH\"" : "\"NORMAL\"");
    buf_add_str(out, ",\"notification\":{\"visibility\":\"PRIVATE\"");
    add_string(out, ",\"tag\":\"", words->collapse_id, ARGUMENT_MAX);
    add_string(out, ",\"channel_id\":\"", words->channel_id, ARGUMENT_MAX);
    if (has_keys)
        add_keys_android(out, words);
    add_string(out, "}},\"apns\":{\"headers\":{\"apns-collapse-id\":\"", words->collapse_id,
               ARGUMENT_MAX);
    buf_add_str(out, "},\"payload\":{\"aps\":{\"sound\":\"default\",\"mutable-content\":1");
    if (has_keys) {
        buf_add_str(out, ",\"alert\":{");
        add_keys_apns(out, words);
        buf_add_str(out, "}}}}}");
        return;
    }
    add_string(out, "}}},\"notification\":{\"title\":\"", words->title, TITLE_MAX);
    add_body(out, begin, words, "}}");
}

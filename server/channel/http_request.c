#include "channel/http_request.h"

#include "io/fetch.h"

#include <string.h>

/* `is_shown`: for people, so without secrets. */
struct http_values http_request_values(const struct http_gateway_settings *s,
                                       const struct http_gateway_message *message, bool is_shown)
{
    struct http_values values = {.sender = s->sender,
                                 .notify = is_shown ? SPAN_LIT("***") : s->notify_url,
                                 .parts_max = s->parts_max,
                                 .test = s->is_test ? SPAN_LIT("1") : SPAN_LIT(""),
                                 .tries = s->tries,
                                 .interval = s->interval,
                                 .user = s->user,
                                 .token = is_shown ? SPAN_LIT("***") : s->token};
    if (s->notify_url.len == 0)
        values.notify = s->notify_url;
    if (message != NULL) {
        values.to = message->to;
        values.text = message->text;
        values.id = message->id;
    }
    return values;
}

void http_request_add_headers(const struct http_gateway_settings *s,
                              const struct http_values *values, bool has_body, struct buf *out)
{
    if (has_body)
        buf_add_str(out, s->adapter.is_json ? "Content-Type: application/json\n"
                                            : "Content-Type: application/x-www-form-urlencoded\n");
    buf_add_str(out, "Accept: application/json\n");
    for (int i = 0; i < s->headers.count; ++i)
        http_adapter_write_header(s->headers.items[i], values, out);
}

bool http_request_is_get(const struct http_gateway_settings *s)
{
    return strcmp(s->adapter.method, "GET") == 0;
}

void http_trace(const struct http_gateway_settings *s, const char *mark, struct span text)
{
    while (s->on_trace != NULL && text.len > 0) {
        const char *end = memchr(text.base, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.base);
        struct buf line;
        buf_init(&line, HTTP_REQUEST_BODY_MAX);
        buf_printf(&line, "%s %.*s", mark, (int)len, text.base);
        s->on_trace(s->trace_owner, buf_span(&line).base);
        buf_release(&line);
        text = span_from(text, len + 1);
    }
}

/* What is asked, once more and with stars for the secrets. */
void http_trace_request(const struct http_gateway_settings *s, const char *method, struct span url,
                        const struct http_gateway_message *message)
{
    if (s->on_trace == NULL)
        return;
    struct http_values values = http_request_values(s, message, true);
    struct buf text;
    struct err ignored;
    buf_init(&text, 2 * HTTP_REQUEST_BODY_MAX);
    buf_printf(&text, "%s %.*s\n", method, SPAN_ARG(url));
    http_request_add_headers(s, &values, message != NULL, &text);
    buf_add_char(&text, '\n');
    if (message != NULL && http_adapter_write(&s->adapter, &values, &text, &ignored) != 0)
        buf_add_str(&text, "(cannot be written)");
    http_trace(s, ">", buf_span(&text));
    buf_release(&text);
}

/* A gateway may say back what it was told. */
void http_trace_answer(const struct http_gateway_settings *s, const struct fetch_answer *answer,
                       const struct err *err)
{
    if (s->on_trace == NULL)
        return;
    struct buf text;
    buf_init(&text, HTTP_REQUEST_ANSWER_MAX + 1024);
    if (err->code != 0)
        buf_printf(&text, "(%s)", err->text);
    else
        buf_printf(&text, "%d\n", answer->status);
    struct span rest = answer->body;
    const struct span secrets[] = {s->token, s->notify_secret};
    while (rest.len > 0) {
        size_t hidden = 0;
        for (int i = 0; i < 2; ++i)
            if (secrets[i].len > 0 && span_starts(rest, secrets[i]))
                hidden = secrets[i].len;
        buf_add(&text, hidden > 0 ? SPAN_LIT("***") : span_of(rest.base, 1));
        rest = span_from(rest, hidden > 0 ? hidden : 1);
    }
    http_trace(s, "<", buf_span(&text));
    buf_release(&text);
}

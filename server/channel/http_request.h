/* What a gateway is asked, as its settings say it, and the same for people who look on: without
 * secrets, line by line, to settings.on_trace where there is one. */
#ifndef DUNLIN_CHANNEL_HTTP_REQUEST_H
#define DUNLIN_CHANNEL_HTTP_REQUEST_H

#include "channel/http_gateway.h"

struct fetch_answer;

enum { HTTP_REQUEST_ANSWER_MAX = 256 * 1024, HTTP_REQUEST_BODY_MAX = 64 * 1024 };

/* What stands for the placeholders; `message` may be null. `is_shown`: for people, so with stars
 * for the secrets. Borrows from both. */
struct http_values http_request_values(const struct http_gateway_settings *,
                                       const struct http_gateway_message *message, bool is_shown);
/* A line each. */
void http_request_add_headers(const struct http_gateway_settings *, const struct http_values *,
                              bool has_body, struct buf *out);
bool http_request_is_get(const struct http_gateway_settings *);

/* `text` line by line, each behind the mark. */
void http_trace(const struct http_gateway_settings *, const char *mark, struct span text);
void http_trace_request(const struct http_gateway_settings *, const char *method, struct span url,
                        const struct http_gateway_message *);
/* The answer, or why there is none. */
void http_trace_answer(const struct http_gateway_settings *, const struct fetch_answer *,
                       const struct err *);

#endif

/* A client's session (libnghttp2's own) that talks to the server's session under test, in memory.
 */
#ifndef DUNLIN_TESTS_SANDBOX_H2_ASKER_H
#define DUNLIN_TESTS_SANDBOX_H2_ASKER_H

#include "sandbox/h2_server.h"

#include <stdio.h>
#include <stdlib.h>

enum { ASKED_MAX = 64 };

struct asker {
    struct h2_server *server;
    nghttp2_session *client;
    struct h2_request *asked[ASKED_MAX]; /* those the server was told of */
    size_t asked_count, gone_count, portion;
    struct {
        int status;
        char body[256], id[80];
        uint32_t code;
        bool is_closed;
    } answers[2 * ASKED_MAX]; /* by stream id */
    bool is_gone_away;
    int32_t last_stream;
    char debug[64];
    struct span body;
    size_t body_sent;
};

struct ask_field {
    const char *name, *value;
};

static void asker_on_request(void *owner, struct h2_request *request)
{
    struct asker *asker = owner;
    asker->asked[asker->asked_count++] = request;
}

static void asker_on_gone(void *owner, struct h2_request *request)
{
    (void)request;
    ++((struct asker *)owner)->gone_count;
}

static int asker_on_header(nghttp2_session *session, const nghttp2_frame *frame,
                           const uint8_t *name, size_t name_len, const uint8_t *value,
                           size_t value_len, uint8_t flags, void *user)
{
    (void)session, (void)flags;
    struct asker *asker = user;
    struct span field = span_of((const char *)name, name_len);
    char text[80];
    snprintf(text, sizeof(text), "%.*s", (int)value_len, (const char *)value);
    if (span_is_str(field, ":status"))
        asker->answers[frame->hd.stream_id].status = atoi(text);
    if (span_is_str(field, "apns-id"))
        memcpy(asker->answers[frame->hd.stream_id].id, text, sizeof(text));
    return 0;
}

static int asker_on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
                         size_t len, void *user)
{
    (void)session, (void)flags;
    char *body = ((struct asker *)user)->answers[id].body;
    snprintf(body + strlen(body), 256 - strlen(body), "%.*s", (int)len, (const char *)bytes);
    return 0;
}

static int asker_on_closed(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    (void)session;
    ((struct asker *)user)->answers[id].is_closed = true;
    ((struct asker *)user)->answers[id].code = code;
    return 0;
}

static int asker_on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    (void)session;
    struct asker *asker = user;
    if (frame->hd.type != NGHTTP2_GOAWAY)
        return 0;
    asker->is_gone_away = true;
    asker->last_stream = frame->goaway.last_stream_id;
    snprintf(asker->debug, sizeof(asker->debug), "%.*s", (int)frame->goaway.opaque_data_len,
             frame->goaway.opaque_data == NULL ? "" : (const char *)frame->goaway.opaque_data);
    return 0;
}

static ssize_t asker_on_body_wanted(nghttp2_session *session, int32_t id, uint8_t *out, size_t room,
                                    uint32_t *flags, nghttp2_data_source *source, void *user)
{
    (void)session, (void)id, (void)source;
    struct asker *asker = user;
    struct span rest = span_from(asker->body, asker->body_sent);
    size_t len = rest.len < room ? rest.len : room;
    memcpy(out, rest.base, len);
    asker->body_sent += len;
    if (len == rest.len)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)len;
}

static inline void asker_begin(struct asker *asker, uint32_t streams_max)
{
    static const struct h2_server_events events = {asker_on_request, asker_on_gone};
    nghttp2_session_callbacks *callbacks;
    memset(asker, 0, sizeof(*asker));
    asker->server = h2_server_new(streams_max, &events, asker);
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, asker_on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, asker_on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, asker_on_closed);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, asker_on_frame);
    nghttp2_session_client_new(&asker->client, callbacks, asker);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(asker->client, NGHTTP2_FLAG_NONE, NULL, 0);
}

static inline void asker_end(struct asker *asker)
{
    h2_server_free(asker->server);
    nghttp2_session_del(asker->client);
}

/* Until neither has anything to say. False: the server's session is over. */
static inline bool asker_talk(struct asker *asker)
{
    static uint8_t out[65536];
    struct err err;
    for (bool is_moving = true; is_moving;) {
        is_moving = false;
        const uint8_t *bytes;
        for (ssize_t got; (got = nghttp2_session_mem_send(asker->client, &bytes)) > 0;) {
            is_moving = true;
            size_t portion = asker->portion == 0 ? (size_t)got : asker->portion;
            for (size_t at = 0; at < (size_t)got; at += portion) {
                size_t left = (size_t)got - at, len = left < portion ? left : portion;
                if (h2_server_feed(asker->server, span_of((const char *)bytes + at, len), &err) !=
                    0)
                    return false;
            }
        }
        size_t len = h2_server_pull(asker->server, out, sizeof(out));
        is_moving |= len > 0;
        if (nghttp2_session_mem_recv(asker->client, out, len) < 0)
            return false;
    }
    return true;
}

/* Submits and returns the stream's id. `fields` end with a null name; pseudo headers among them
 * replace POST and "/". */
static inline int32_t asker_submit(struct asker *asker, const struct ask_field *fields,
                                   struct span body)
{
    const struct ask_field usual[] = {
        {":method", "POST"}, {":scheme", "https"}, {":authority", "localhost"}, {":path", "/"}};
    nghttp2_nv all[64];
    size_t count = 0;
    for (size_t i = 0; i < 4; ++i)
        all[count++] = (nghttp2_nv){(uint8_t *)usual[i].name, (uint8_t *)usual[i].value,
                                    strlen(usual[i].name), strlen(usual[i].value), 0};
    for (; fields->name != NULL; ++fields) {
        size_t at = count;
        for (size_t i = 0; fields->name[0] == ':' && i < 4; ++i)
            if (strcmp(usual[i].name, fields->name) == 0)
                at = i;
        all[at] = (nghttp2_nv){(uint8_t *)fields->name, (uint8_t *)fields->value,
                               strlen(fields->name), strlen(fields->value), 0};
        count += at == count;
    }
    asker->body = body;
    asker->body_sent = 0;
    nghttp2_data_provider provider = {.read_callback = asker_on_body_wanted};
    return nghttp2_submit_request(asker->client, NULL, all, count,
                                  body.base == NULL ? NULL : &provider, NULL);
}

/* Asks and lets them talk; what the server was told, or null. */
static inline struct h2_request *asker_ask(struct asker *asker, const struct ask_field *fields,
                                           struct span body)
{
    size_t before = asker->asked_count;
    asker_submit(asker, fields, body);
    asker_talk(asker);
    return asker->asked_count > before ? asker->asked[before] : NULL;
}

#endif

#include "sandbox/h2_server.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { WINDOW = 1 << 20, ANSWER_MAX = 4096, ANSWER_FIELDS_MAX = 8, STATUS_TOO_LARGE = 431 };

struct h2_server {
    nghttp2_session *session;
    struct h2_server_events events;
    void *owner;
    struct h2_request *open; /* newest first */
    uint32_t open_count;
    const uint8_t *rest; /* of a frame that libnghttp2 handed out and that did not fit */
    size_t rest_len;
};

/* ---- requests ---- */

static struct h2_request *request_new(struct h2_server *server, int32_t id)
{
    struct h2_request *request = calloc(1, sizeof(*request));
    if (request == NULL)
        abort();
    request->id_ = id;
    buf_init(&request->body, H2_SERVER_BODY_MAX);
    buf_init(&request->octets_, H2_SERVER_HEADERS_MAX);
    buf_init(&request->answer_, ANSWER_MAX);
    request->next_ = server->open;
    if (server->open != NULL)
        server->open->previous_ = request;
    server->open = request;
    ++server->open_count;
    return request;
}

static void request_end(struct h2_server *server, struct h2_request *request)
{
    if (request->previous_ != NULL)
        request->previous_->next_ = request->next_;
    else
        server->open = request->next_;
    if (request->next_ != NULL)
        request->next_->previous_ = request->previous_;
    --server->open_count;
    if (request->is_whole_ && !request->is_answered_)
        server->events.on_gone(server->owner, request);
    buf_release(&request->body);
    buf_release(&request->octets_);
    buf_release(&request->answer_);
    free(request);
}

static struct span place_span(const struct h2_request *request, uint32_t at, uint32_t len)
{
    return span_of(buf_span(&request->octets_).base + at, len);
}

struct span h2_request_field(const struct h2_request *request, const char *name, int *count)
{
    struct span found = {NULL, 0};
    int times = 0;
    for (size_t i = 0; i < request->field_count_; ++i) {
        const struct h2_place *place = &request->places_[i];
        if (!span_is_str(place_span(request, place->name, place->name_len), name))
            continue;
        if (times++ == 0)
            found = place_span(request, place->value, place->value_len);
    }
    if (count != NULL)
        *count = times;
    return found;
}

/* ---- what libnghttp2 calls ---- */

static int on_headers_begun(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    struct h2_request *request = request_new(user, frame->hd.stream_id);
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, request);
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user)
{
    (void)flags, (void)user;
    struct h2_request *request = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (request == NULL || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;                                         /* trailers say nothing to us */
    request->header_octets_ += name_len + value_len + 32; /* as RFC 9113 6.5.2 counts */
    if (request->field_count_ == H2_SERVER_FIELDS_MAX ||
        request->header_octets_ > H2_SERVER_HEADERS_MAX) {
        request->header_octets_ = H2_SERVER_HEADERS_MAX + 1;
        return 0; /* read on, for the sake of the compression's state, and refuse it then */
    }
    struct h2_place *place = &request->places_[request->field_count_++];
    size_t at = buf_span(&request->octets_).len;
    *place = (struct h2_place){(uint32_t)at, (uint32_t)name_len, (uint32_t)(at + name_len),
                               (uint32_t)value_len};
    buf_add(&request->octets_, span_of((const char *)name, name_len));
    buf_add(&request->octets_, span_of((const char *)value, value_len));
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
                   size_t len, void *user)
{
    (void)flags, (void)user;
    struct h2_request *request = nghttp2_session_get_stream_user_data(session, id);
    if (request == NULL)
        return 0;
    size_t room = H2_SERVER_BODY_MAX - buf_span(&request->body).len;
    buf_add(&request->body, span_of((const char *)bytes, len < room ? len : room));
    request->body_len += len;
    return 0;
}

static void on_whole(struct h2_server *server, struct h2_request *request)
{
    if (request->is_whole_)
        return;
    request->is_whole_ = true;
    if (request->header_octets_ > H2_SERVER_HEADERS_MAX)
        h2_server_answer(server, request, STATUS_TOO_LARGE, NULL, 0, SPAN_LIT(""));
    else
        server->events.on_request(server->owner, request);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    bool may_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!may_end || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
        return 0;
    struct h2_request *request = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (request != NULL)
        on_whole(user, request);
    return 0;
}

static int on_stream_closed(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    (void)code;
    struct h2_request *request = nghttp2_session_get_stream_user_data(session, id);
    if (request != NULL)
        request_end(user, request);
    return 0;
}

static ssize_t on_answer_wanted(nghttp2_session *session, int32_t id, uint8_t *out, size_t room,
                                uint32_t *flags, nghttp2_data_source *source, void *user)
{
    (void)session, (void)id, (void)user;
    struct h2_request *request = source->ptr;
    struct span rest = span_from(buf_span(&request->answer_), request->answer_sent_);
    size_t len = rest.len < room ? rest.len : room;
    memcpy(out, rest.base, len);
    request->answer_sent_ += len;
    if (len == rest.len)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)len;
}

/* ---- the session ---- */

static nghttp2_session *session_new(struct h2_server *server)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_session *session;
    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        abort();
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_headers_begun);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_closed);
    if (nghttp2_session_server_new(&session, callbacks, server) != 0)
        abort();
    nghttp2_session_callbacks_del(callbacks);
    return session;
}

struct h2_server *h2_server_new(uint32_t streams_max, const struct h2_server_events *events,
                                void *owner)
{
    struct h2_server *server = calloc(1, sizeof(*server));
    if (server == NULL)
        abort();
    server->events = *events;
    server->owner = owner;
    server->session = session_new(server);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams_max},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, H2_SERVER_HEADERS_MAX},
    };
    if (nghttp2_submit_settings(server->session, NGHTTP2_FLAG_NONE, settings, 2) != 0 ||
        nghttp2_session_set_local_window_size(server->session, NGHTTP2_FLAG_NONE, 0, WINDOW) != 0)
        abort();
    return server;
}

void h2_server_free(struct h2_server *server)
{
    nghttp2_session_del(server->session);
    while (server->open != NULL)
        request_end(server, server->open);
    free(server);
}

int h2_server_feed(struct h2_server *server, struct span bytes, struct err *err)
{
    ssize_t taken =
        nghttp2_session_mem_recv(server->session, (const uint8_t *)bytes.base, bytes.len);
    if (taken < 0)
        return err_set(err, ERR_INPUT, "HTTP/2: %s", nghttp2_strerror((int)taken));
    return 0;
}

size_t h2_server_pull(struct h2_server *server, uint8_t *out, size_t room)
{
    size_t len = 0;
    assert(room >= H2_SERVER_PULL_MIN);
    for (;;) {
        if (server->rest_len == 0) {
            ssize_t got = nghttp2_session_mem_send(server->session, &server->rest);
            if (got <= 0)
                return len;
            server->rest_len = (size_t)got;
        }
        if (server->rest_len > room - len)
            return len;
        memcpy(out + len, server->rest, server->rest_len);
        len += server->rest_len;
        server->rest_len = 0;
    }
}

bool h2_server_is_over(const struct h2_server *server)
{
    return server->rest_len == 0 && !nghttp2_session_want_read(server->session) &&
           !nghttp2_session_want_write(server->session);
}

uint32_t h2_server_open_count(const struct h2_server *server)
{
    return server->open_count;
}

static nghttp2_nv nv_of(struct span name, struct span value)
{
    return (nghttp2_nv){(uint8_t *)name.base, (uint8_t *)value.base, name.len, value.len,
                        NGHTTP2_NV_FLAG_NONE};
}

void h2_server_answer(struct h2_server *server, struct h2_request *request, int status,
                      const struct h2_field *fields, size_t count, struct span body)
{
    nghttp2_nv all[ANSWER_FIELDS_MAX + 1];
    char text[12];
    assert(!request->is_answered_ && count <= ANSWER_FIELDS_MAX);
    request->is_answered_ = true;
    snprintf(text, sizeof(text), "%d", status);
    all[0] = nv_of(SPAN_LIT(":status"), span_str(text));
    for (size_t i = 0; i < count; ++i)
        all[i + 1] = nv_of(fields[i].name, fields[i].value);
    buf_add(&request->answer_, body);
    assert(!buf_is_overflowed(&request->answer_));
    nghttp2_data_provider provider = {.source.ptr = request, .read_callback = on_answer_wanted};
    int failed = nghttp2_submit_response(server->session, request->id_, all, count + 1,
                                         body.len > 0 ? &provider : NULL);
    assert(failed == 0 || failed == NGHTTP2_ERR_NOMEM);
    if (failed != 0)
        abort();
}

void h2_server_allow(struct h2_server *server, uint32_t streams_max)
{
    const nghttp2_settings_entry setting = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams_max};
    if (nghttp2_submit_settings(server->session, NGHTTP2_FLAG_NONE, &setting, 1) != 0)
        abort();
}

void h2_server_goaway(struct h2_server *server, const struct h2_request *last, struct span debug)
{
    int32_t id =
        last != NULL ? last->id_ : nghttp2_session_get_last_proc_stream_id(server->session);
    nghttp2_submit_goaway(server->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR,
                          (const uint8_t *)debug.base, debug.len);
}

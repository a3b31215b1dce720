#include "push/h2.h"

#include <assert.h>
#include <stdlib.h>

/* A stream is in one of three places: in `open` (its owner waits), detached after h2_cancel until
 * libnghttp2 has closed it (`cancelled` counts those: their slots are still taken), or gone. */

enum { WINDOW = 1 << 20, HEADER_LIST_MAX = 16384 };

struct h2 {
    nghttp2_session *session;
    struct h2_limits limits;
    struct h2_events events;
    void *owner;
    struct h2_stream *open;
    uint32_t open_count, cancelled;
    size_t owed;     /* octets of bodies that were begun and have not left */
    size_t body_top; /* the longest body so far */
    bool is_ready, is_going;
    const uint8_t *rest; /* of a frame that libnghttp2 handed out and that did not fit */
    size_t rest_len;
};

/* ---- streams ---- */

static void link_stream(struct h2 *h2, struct h2_stream *stream)
{
    stream->previous_ = NULL;
    stream->next_ = h2->open;
    if (h2->open != NULL)
        h2->open->previous_ = stream;
    h2->open = stream;
    ++h2->open_count;
}

static void unlink_stream(struct h2 *h2, struct h2_stream *stream)
{
    h2->owed -= stream->request_.len - stream->sent_;
    if (stream->previous_ != NULL)
        stream->previous_->next_ = stream->next_;
    else
        h2->open = stream->next_;
    if (stream->next_ != NULL)
        stream->next_->previous_ = stream->previous_;
    --h2->open_count;
}

/* A status is enough to decide by (reference 1.6); without one, what did not leave or was refused
 * as a stream was not processed. */
static enum h2_end fate_of(const struct h2_stream *stream)
{
    if (stream->status >= 200)
        return H2_ANSWERED;
    if (!stream->has_left_ || stream->code == NGHTTP2_REFUSED_STREAM)
        return H2_NOT_PROCESSED;
    return H2_LOST;
}

static void end_stream(struct h2 *h2, struct h2_stream *stream, uint32_t code)
{
    unlink_stream(h2, stream);
    stream->code = code;
    if (code != NGHTTP2_NO_ERROR)
        stream->is_cut = true;
    h2->events.on_end(h2->owner, stream, fate_of(stream));
}

/* ---- what libnghttp2 calls ---- */

static int on_stream_closed(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    struct h2 *h2 = user;
    struct h2_stream *stream = nghttp2_session_get_stream_user_data(session, id);
    if (stream != NULL)
        end_stream(h2, stream, code);
    else if (h2->cancelled > 0)
        --h2->cancelled;
    return 0;
}

static void keep(const struct h2 *h2, struct h2_stream *stream, struct span name, struct span value)
{
    for (size_t i = 0; h2->limits.keep[i] != NULL; ++i)
        if (span_is_str(name, h2->limits.keep[i])) {
            size_t len = value.len < H2_KEPT_LEN - 1 ? value.len : H2_KEPT_LEN - 1;
            memcpy(stream->kept[i], value.base, len);
            stream->kept[i][len] = 0;
            return;
        }
}

static int status_of(struct span value)
{
    int status = 0;
    for (size_t i = 0; i < value.len && i < 3; ++i)
        status = status * 10 + (value.base[i] - '0');
    return status;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name_base,
                     size_t name_len, const uint8_t *value_base, size_t value_len, uint8_t flags,
                     void *user)
{
    (void)flags;
    struct h2 *h2 = user;
    struct h2_stream *stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (stream == NULL)
        return 0;
    struct span name = span_of((const char *)name_base, name_len);
    struct span value = span_of((const char *)value_base, value_len);
    stream->header_octets_ += name_len + value_len + 32; /* as RFC 9113 6.5.2 counts */
    if (stream->header_octets_ > h2->limits.headers_max)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* resets the stream */
    if (name.base[0] == ':')
        stream->status = status_of(value);
    else
        keep(h2, stream, name, value);
    if (h2->events.on_header != NULL)
        h2->events.on_header(h2->owner, stream, name, value);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
                   size_t len, void *user)
{
    (void)flags;
    struct h2 *h2 = user;
    struct h2_stream *stream = nghttp2_session_get_stream_user_data(session, id);
    if (stream == NULL || stream->is_cut)
        return 0;
    size_t left = h2->limits.body_max - buf_span(&stream->body).len;
    buf_add(&stream->body, span_of((const char *)bytes, len < left ? len : left));
    if (len > left) {
        stream->is_cut = true;
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    }
    return 0;
}

/* An answer that ended before our body was out: the rest of the body is of no use to anybody. */
static void drop_rest(struct h2 *h2, int32_t id)
{
    struct h2_stream *stream = nghttp2_session_get_stream_user_data(h2->session, id);
    if (stream != NULL && nghttp2_session_get_stream_local_close(h2->session, id) == 0)
        nghttp2_submit_rst_stream(h2->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    (void)session;
    struct h2 *h2 = user;
    switch (frame->hd.type) {
    case NGHTTP2_SETTINGS:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0)
            break;
        h2->is_ready = true;
        h2->events.on_settings(h2->owner);
        break;
    case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0)
            h2->events.on_pong(h2->owner);
        break;
    case NGHTTP2_GOAWAY:
        h2->is_going = true;
        h2->events.on_goaway(
            h2->owner, frame->goaway.error_code, frame->goaway.last_stream_id,
            span_of((const char *)frame->goaway.opaque_data, frame->goaway.opaque_data_len));
        break;
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
        if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
            drop_rest(h2, frame->hd.stream_id);
        break;
    }
    return 0;
}

static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    (void)user;
    if (frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    struct h2_stream *stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (stream != NULL)
        stream->has_left_ = true;
    return 0;
}

static ssize_t on_body_wanted(nghttp2_session *session, int32_t id, uint8_t *out, size_t room,
                              uint32_t *flags, nghttp2_data_source *source, void *user)
{
    (void)source;
    struct h2 *h2 = user;
    struct h2_stream *stream = nghttp2_session_get_stream_user_data(session, id);
    if (stream == NULL) /* cancelled: its body is no longer ours to read */
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    struct span rest = span_from(stream->request_, stream->sent_);
    size_t len = rest.len < room ? rest.len : room;
    memcpy(out, rest.base, len);
    stream->sent_ += len;
    h2->owed -= len;
    if (len == rest.len)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)len;
}

/* ---- the session ---- */

static nghttp2_session *session_new(struct h2 *h2)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_session *session;
    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        abort();
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_closed);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
    if (nghttp2_session_client_new3(&session, callbacks, h2, NULL, h2->limits.memory) != 0)
        abort();
    nghttp2_session_callbacks_del(callbacks);
    return session;
}

struct h2 *h2_new(const struct h2_limits *limits, const struct h2_events *events, void *owner)
{
    struct h2 *h2 = calloc(1, sizeof(*h2));
    if (h2 == NULL)
        abort();
    h2->limits = *limits;
    h2->events = *events;
    h2->owner = owner;
    h2->session = session_new(h2);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADER_LIST_MAX},
    };
    if (nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, settings, 2) != 0 ||
        nghttp2_session_set_local_window_size(h2->session, NGHTTP2_FLAG_NONE, 0, WINDOW) != 0)
        abort();
    return h2;
}

void h2_free(struct h2 *h2)
{
    if (h2 == NULL)
        return;
    nghttp2_session_del(h2->session);
    free(h2);
}

int h2_feed(struct h2 *h2, struct span bytes, struct err *err)
{
    ssize_t taken = nghttp2_session_mem_recv(h2->session, (const uint8_t *)bytes.base, bytes.len);
    if (taken < 0)
        return err_set(err, ERR_PROVIDER, "HTTP/2: %s", nghttp2_strerror((int)taken));
    return 0;
}

size_t h2_pull(struct h2 *h2, uint8_t *out, size_t room)
{
    size_t len = 0;
    assert(room >= H2_PULL_MIN);
    for (;;) {
        if (h2->rest_len == 0) {
            ssize_t got = nghttp2_session_mem_send(h2->session, &h2->rest);
            if (got <= 0)
                return len;
            h2->rest_len = (size_t)got;
        }
        if (h2->rest_len > room - len)
            return len;
        memcpy(out + len, h2->rest, h2->rest_len);
        len += h2->rest_len;
        h2->rest_len = 0;
    }
}

void h2_finish(struct h2 *h2)
{
    h2->is_going = true;
    while (h2->open != NULL) {
        struct h2_stream *stream = h2->open;
        nghttp2_session_set_stream_user_data(h2->session, stream->id_, NULL);
        unlink_stream(h2, stream);
        stream->is_cut = true;
        h2->events.on_end(h2->owner, stream, fate_of(stream));
    }
}

uint32_t h2_slots(const struct h2 *h2)
{
    if (!h2->is_ready || h2_is_spent(h2))
        return 0;
    uint32_t allowed =
        nghttp2_session_get_remote_settings(h2->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    return allowed < h2->limits.streams_max ? allowed : h2->limits.streams_max;
}

/* Bodies for which the connection's window has room now. With nothing open one may go all the same:
 * only its answer, or none, tells whether such a connection is of any use. */
static uint32_t window_room(const struct h2 *h2)
{
    int32_t window = nghttp2_session_get_remote_window_size(h2->session);
    size_t left = window > 0 && (size_t)window > h2->owed ? (size_t)window - h2->owed : 0;
    if (h2->body_top == 0)
        return UINT32_MAX;
    size_t bodies = left / h2->body_top;
    return bodies == 0 && h2->open_count == 0 ? 1 : (uint32_t)bodies;
}

uint32_t h2_room(const struct h2 *h2)
{
    uint32_t slots = h2_slots(h2), taken = h2->open_count + h2->cancelled;
    uint32_t streams = slots > taken ? slots - taken : 0;
    uint32_t bodies = streams == 0 ? 0 : window_room(h2);
    return streams < bodies ? streams : bodies;
}

uint32_t h2_open_count(const struct h2 *h2)
{
    return h2->open_count;
}

bool h2_is_ready(const struct h2 *h2)
{
    return h2->is_ready;
}

bool h2_is_spent(const struct h2 *h2)
{
    return h2->is_going || nghttp2_session_check_request_allowed(h2->session) == 0;
}

bool h2_is_over(const struct h2 *h2)
{
    return !nghttp2_session_want_read(h2->session) && !h2_has_output(h2);
}

bool h2_has_output(const struct h2 *h2)
{
    return h2->rest_len > 0 || nghttp2_session_want_write(h2->session);
}

int h2_send(struct h2 *h2, struct h2_stream *stream, const nghttp2_nv *fields, size_t count,
            struct span body, struct err *err)
{
    stream->status = 0;
    stream->is_cut = stream->has_left_ = false;
    stream->code = 0;
    stream->header_octets_ = stream->sent_ = 0;
    stream->request_ = body;
    for (size_t i = 0; i < H2_KEPT_MAX; ++i)
        stream->kept[i][0] = 0;
    buf_init(&stream->body, h2->limits.body_max);
    nghttp2_data_provider provider = {.read_callback = on_body_wanted};
    stream->id_ = nghttp2_submit_request(h2->session, NULL, fields, count, &provider, stream);
    if (stream->id_ < 0)
        return err_set(err, ERR_PROVIDER, "HTTP/2: %s", nghttp2_strerror(stream->id_));
    link_stream(h2, stream);
    h2->owed += body.len;
    if (body.len > h2->body_top)
        h2->body_top = body.len;
    return 0;
}

enum h2_end h2_cancel(struct h2 *h2, struct h2_stream *stream)
{
    nghttp2_session_set_stream_user_data(h2->session, stream->id_, NULL);
    nghttp2_submit_rst_stream(h2->session, NGHTTP2_FLAG_NONE, stream->id_, NGHTTP2_CANCEL);
    unlink_stream(h2, stream);
    ++h2->cancelled;
    stream->is_cut = true;
    return fate_of(stream);
}

void h2_ping(struct h2 *h2)
{
    nghttp2_submit_ping(h2->session, NGHTTP2_FLAG_NONE, NULL);
}

void h2_goodbye(struct h2 *h2)
{
    h2->is_going = true;
    nghttp2_submit_goaway(h2->session, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, NULL, 0);
}

void h2_set_next_id(struct h2 *h2, int32_t id)
{
    int failed = nghttp2_session_set_next_stream_id(h2->session, id);
    assert(!failed);
}

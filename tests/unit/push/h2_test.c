#include "push/h2.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

/* The peer is a server's session in the same process; what it must do wrong is written by hand. */

enum { BODY_MAX = 4096, HEADERS_MAX = 4096, STREAMS = 8 };

struct push_seen {
    int ends;
    enum h2_end end;
};

struct fixture {
    struct h2 *h2;
    nghttp2_session *server;
    size_t portion; /* octets fed at once; 0: all */
    bool is_silent; /* the server does not answer by itself */
    size_t answer_len;
    char request[2048];
    size_t request_len, body_len;
    int resets, settings_seen, goaways, pongs;
    uint32_t goaway_code;
    char debug[64];
    struct err err;
    struct h2_stream streams[STREAMS];
    struct push_seen seen[STREAMS];
};

/* ---- events of the session under test ---- */

static void on_end(void *owner, struct h2_stream *stream, enum h2_end end)
{
    struct fixture *f = owner;
    size_t at = (size_t)(stream - f->streams);
    ++f->seen[at].ends;
    f->seen[at].end = end;
}

static void on_settings(void *owner)
{
    ++((struct fixture *)owner)->settings_seen;
}

static void on_goaway(void *owner, uint32_t code, int32_t last, struct span debug)
{
    struct fixture *f = owner;
    (void)last;
    ++f->goaways;
    f->goaway_code = code;
    snprintf(f->debug, sizeof(f->debug), "%.*s", SPAN_ARG(debug));
}

static void on_pong(void *owner)
{
    ++((struct fixture *)owner)->pongs;
}

/* ---- the server ---- */

static ssize_t on_answer_wanted(nghttp2_session *session, int32_t id, uint8_t *out, size_t room,
                                uint32_t *flags, nghttp2_data_source *source, void *user)
{
    (void)session, (void)id, (void)source;
    struct fixture *f = user;
    size_t len = f->answer_len < room ? f->answer_len : room;
    memset(out, 'b', len);
    f->answer_len -= len;
    if (f->answer_len == 0)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)len;
}

static nghttp2_nv field(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value), 0};
}

static void answer(struct fixture *f, int32_t id, const char *status)
{
    nghttp2_nv fields[] = {field(":status", status), field("apns-id", "the-id"),
                           field("server", "x")};
    nghttp2_data_provider body = {.read_callback = on_answer_wanted};
    nghttp2_submit_response(f->server, id, fields, 3, f->answer_len > 0 ? &body : NULL);
}

static int on_server_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    (void)session;
    struct fixture *f = user;
    if (frame->hd.type == NGHTTP2_RST_STREAM)
        ++f->resets;
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 && !f->is_silent)
        answer(f, frame->hd.stream_id, "200");
    return 0;
}

static int on_server_header(nghttp2_session *session, const nghttp2_frame *frame,
                            const uint8_t *name, size_t name_len, const uint8_t *value,
                            size_t value_len, uint8_t flags, void *user)
{
    (void)session, (void)frame, (void)flags;
    struct fixture *f = user;
    f->request_len +=
        (size_t)snprintf(f->request + f->request_len, sizeof(f->request) - f->request_len,
                         "%.*s=%.*s\n", (int)name_len, name, (int)value_len, value);
    return 0;
}

static int on_server_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
                          size_t len, void *user)
{
    (void)session, (void)flags, (void)id, (void)bytes;
    ((struct fixture *)user)->body_len += len;
    return 0;
}

static void settings(struct fixture *f, uint32_t streams, uint32_t window)
{
    const nghttp2_settings_entry entries[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window},
    };
    assert_int_equal(nghttp2_submit_settings(f->server, NGHTTP2_FLAG_NONE, entries, 2), 0);
}

/* ---- the wire ---- */

static int feed(struct fixture *f, const void *bytes, size_t len)
{
    size_t portion = f->portion == 0 ? len : f->portion;
    for (size_t at = 0; at < len; at += portion) {
        size_t here = portion < len - at ? portion : len - at;
        if (h2_feed(f->h2, span_of((const char *)bytes + at, here), &f->err) != 0)
            return f->err.code;
    }
    return 0;
}

/* Until neither has anything to say. */
static void talk(struct fixture *f)
{
    static uint8_t out[65536];
    for (bool is_moving = true; is_moving;) {
        size_t len = h2_pull(f->h2, out, sizeof(out));
        is_moving = len > 0;
        assert_int_equal(nghttp2_session_mem_recv(f->server, out, len), len);
        const uint8_t *bytes;
        for (ssize_t got; (got = nghttp2_session_mem_send(f->server, &bytes)) > 0;) {
            is_moving = true;
            if (feed(f, bytes, (size_t)got) != 0)
                return;
        }
    }
}

/* A frame of the server's that libnghttp2 would not write. */
static int feed_frame(struct fixture *f, uint8_t type, uint8_t flags, uint32_t id,
                      const void *payload, size_t len)
{
    uint8_t head[9] = {
        (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len,       type,       flags,
        (uint8_t)(id >> 24),  (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};
    int failed = feed(f, head, sizeof(head));
    return failed != 0 ? failed : feed(f, payload, len);
}

static void reset(struct fixture *f, uint32_t id, uint8_t code)
{
    const uint8_t payload[4] = {0, 0, 0, code};
    assert_int_equal(feed_frame(f, NGHTTP2_RST_STREAM, 0, id, payload, 4), 0);
}

static void goaway(struct fixture *f, uint32_t last, const char *debug)
{
    uint8_t payload[128] = {(uint8_t)(last >> 24), (uint8_t)(last >> 16), (uint8_t)(last >> 8),
                            (uint8_t)last};
    memcpy(payload + 8, debug, strlen(debug));
    assert_int_equal(feed_frame(f, NGHTTP2_GOAWAY, 0, 0, payload, 8 + strlen(debug)), 0);
}

static void send_body(struct fixture *f, size_t at, struct span body)
{
    nghttp2_nv fields[] = {field(":method", "POST"), field(":scheme", "https"),
                           field(":authority", "host"), field(":path", "/3/device/ab")};
    assert_int_equal(h2_send(f->h2, &f->streams[at], fields, 4, body, &f->err), 0);
}

static void send_push(struct fixture *f, size_t at)
{
    send_body(f, at, span_str("{\"aps\":{\"alert\":\"hello\"}}"));
}

static int setup(void **state)
{
    static const char *const keep[] = {"apns-id", NULL};
    const struct h2_limits limits = {
        .streams_max = 1000, .body_max = BODY_MAX, .headers_max = HEADERS_MAX, .keep = keep};
    const struct h2_events events = {
        .on_end = on_end, .on_settings = on_settings, .on_goaway = on_goaway, .on_pong = on_pong};
    struct fixture *f = calloc(1, sizeof(*f));
    nghttp2_session_callbacks *callbacks;
    f->h2 = h2_new(&limits, &events, f);
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_server_frame);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_server_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_server_data);
    nghttp2_session_server_new(&f->server, callbacks, f);
    nghttp2_session_callbacks_del(callbacks);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    h2_free(f->h2);
    nghttp2_session_del(f->server);
    for (size_t i = 0; i < STREAMS; ++i)
        buf_release(&f->streams[i].body);
    free(f);
    return 0;
}

/* Ready for pushes. */
static struct fixture *ready(void **state, uint32_t streams)
{
    struct fixture *f = *state;
    settings(f, streams, 65535);
    talk(f);
    return f;
}

static void assert_end(const struct fixture *f, size_t at, enum h2_end end)
{
    assert_int_equal(f->seen[at].ends, 1);
    assert_int_equal(f->seen[at].end, end);
}

/* ---- answers ---- */

static void an_answer_has_status_kept_headers_and_body(void **state)
{
    struct fixture *f = ready(state, 100);
    f->answer_len = 5;
    send_push(f, 0);
    talk(f);
    assert_end(f, 0, H2_ANSWERED);
    assert_int_equal(f->streams[0].status, 200);
    assert_string_equal(f->streams[0].kept[0], "the-id");
    assert_true(span_is_str(buf_span(&f->streams[0].body), "bbbbb"));
    assert_false(f->streams[0].is_cut);
    assert_non_null(strstr(f->request, ":path=/3/device/ab\n"));
    assert_int_equal(f->body_len, 25);
}

static void an_answer_in_single_octets_is_the_same(void **state)
{
    ((struct fixture *)*state)->portion = 1;
    an_answer_has_status_kept_headers_and_body(state);
}

static void a_body_beyond_the_limit_is_cut_and_its_stream_reset(void **state)
{
    struct fixture *f = ready(state, 100);
    f->answer_len = 10 << 20;
    send_push(f, 0);
    talk(f);
    assert_end(f, 0, H2_ANSWERED);
    assert_int_equal(buf_span(&f->streams[0].body).len, BODY_MAX);
    assert_true(f->streams[0].is_cut);
    assert_int_equal(f->resets, 1);
    assert_int_equal(h2_room(f->h2), 100);
}

static void headers_beyond_the_limit_end_the_stream_by_its_status(void **state)
{
    struct fixture *f = ready(state, 100);
    static char long_value[HEADERS_MAX];
    f->is_silent = true;
    send_push(f, 0);
    talk(f);
    memset(long_value, 'v', sizeof(long_value) - 1);
    nghttp2_nv fields[] = {field(":status", "503"), field("x-long", long_value)};
    nghttp2_submit_response(f->server, f->streams[0].id_, fields, 2, NULL);
    talk(f);
    assert_end(f, 0, H2_ANSWERED);
    assert_int_equal(f->streams[0].status, 503);
    assert_int_equal(f->resets, 1);
}

static void continuations_without_end_break_the_session(void **state)
{
    struct fixture *f = ready(state, 100);
    static const uint8_t block[16384];
    f->is_silent = true;
    send_push(f, 0);
    talk(f);
    int failed = feed_frame(f, NGHTTP2_HEADERS, 0, 1, block, 0);
    int frames = 0;
    for (; failed == 0 && frames < 700 && !h2_is_over(f->h2); ++frames) {
        static uint8_t out[65536];
        failed = feed_frame(f, NGHTTP2_CONTINUATION, 0, 1, block, 0);
        h2_pull(f->h2, out, sizeof(out));
    }
    assert_true(frames < 100);
    h2_finish(f->h2);
    assert_end(f, 0, H2_LOST);
}

static void an_early_answer_frees_the_stream_though_the_body_is_stuck(void **state)
{
    struct fixture *f = *state;
    settings(f, 1, 0); /* no window: the body cannot leave */
    talk(f);
    f->is_silent = true;
    send_push(f, 0);
    talk(f);
    answer(f, f->streams[0].id_, "413");
    talk(f);
    assert_end(f, 0, H2_ANSWERED);
    assert_int_equal(f->streams[0].status, 413);
    assert_int_equal(h2_room(f->h2), 1);
}

static void a_window_of_one_octet_carries_the_body_all_the_same(void **state)
{
    struct fixture *f = *state;
    settings(f, 100, 1);
    talk(f);
    send_push(f, 0);
    talk(f);
    assert_end(f, 0, H2_ANSWERED);
    assert_int_equal(f->body_len, 25);
}

static void no_more_are_let_in_than_the_connections_window_has_room_for(void **state)
{
    static const char body[8192];
    struct fixture *f = ready(state, 100);
    f->is_silent = true;
    for (uint32_t sent = 0; sent < 7; ++sent) {
        send_body(f, sent, span_of(body, sizeof(body)));
        assert_int_equal(h2_room(f->h2), 65535 / 8192 - 1 - sent);
    }
    talk(f); /* the server takes them, and gives back the first half of the window */
    assert_int_equal(f->body_len, 7 * 8192);
    assert_int_equal(h2_room(f->h2), 65535 / 8192 - 3);
    send_body(f, 7, span_of(body, sizeof(body)));
    assert_int_equal(h2_room(f->h2), 65535 / 8192 - 4);
    h2_cancel(f->h2, &f->streams[7]); /* its body never leaves */
    assert_int_equal(h2_room(f->h2), 65535 / 8192 - 3);
}

static void one_is_let_in_where_nothing_is_open_and_the_window_is_shut(void **state)
{
    static const char body[65535];
    static uint8_t out[2 * 65536];
    struct fixture *f = ready(state, 100);
    send_body(f, 0, span_of(body, sizeof(body)));
    h2_pull(f->h2, out, sizeof(out)); /* the server never sees it */
    assert_int_equal(h2_room(f->h2), 0);
    reset(f, 1, NGHTTP2_CANCEL);
    assert_int_equal(h2_room(f->h2), 1);
}

/* ---- fates without an answer ---- */

static void a_stream_reset_as_refused_was_not_processed(void **state)
{
    struct fixture *f = ready(state, 100);
    f->is_silent = true;
    send_push(f, 0);
    talk(f);
    reset(f, 1, NGHTTP2_REFUSED_STREAM);
    assert_end(f, 0, H2_NOT_PROCESSED);
}

static void a_stream_reset_otherwise_is_lost(void **state)
{
    struct fixture *f = ready(state, 100);
    f->is_silent = true;
    send_push(f, 0);
    talk(f);
    reset(f, 1, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_end(f, 0, H2_LOST);
    assert_int_equal(f->streams[0].code, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void a_status_is_enough_when_the_body_is_lost(void **state)
{
    struct fixture *f = ready(state, 100);
    f->is_silent = true;
    send_push(f, 0);
    talk(f);
    nghttp2_nv fields[] = {field(":status", "410")};
    nghttp2_submit_headers(f->server, NGHTTP2_FLAG_NONE, 1, NULL, fields, 1, NULL);
    talk(f);
    h2_finish(f->h2);
    assert_end(f, 0, H2_ANSWERED);
    assert_int_equal(f->streams[0].status, 410);
    assert_true(f->streams[0].is_cut);
}

static void streams_above_the_last_of_a_goaway_were_not_processed(void **state)
{
    struct fixture *f = ready(state, 100);
    f->is_silent = true;
    for (size_t i = 0; i < 3; ++i)
        send_push(f, i);
    talk(f);
    goaway(f, 3, "{\"reason\":\"Shutdown\"}");
    assert_string_equal(f->debug, "{\"reason\":\"Shutdown\"}");
    assert_int_equal(f->seen[0].ends, 0);
    assert_int_equal(f->seen[1].ends, 0);
    assert_end(f, 2, H2_NOT_PROCESSED);
    assert_int_equal(h2_room(f->h2), 0);
    assert_true(h2_is_spent(f->h2));
    answer(f, 1, "200");
    talk(f);
    assert_end(f, 0, H2_ANSWERED);
    h2_finish(f->h2);
    assert_end(f, 1, H2_LOST);
}

static void a_graceful_goaway_takes_nothing_back_until_the_real_one(void **state)
{
    struct fixture *f = ready(state, 100);
    f->is_silent = true;
    send_push(f, 0);
    send_push(f, 1);
    talk(f);
    goaway(f, 0x7fffffff, "");
    assert_int_equal(f->seen[0].ends + f->seen[1].ends, 0);
    assert_int_equal(h2_room(f->h2), 0);
    goaway(f, 1, "");
    assert_int_equal(f->seen[0].ends, 0);
    assert_end(f, 1, H2_NOT_PROCESSED);
}

static void what_was_not_pulled_when_the_connection_went_was_not_processed(void **state)
{
    struct fixture *f = ready(state, 100);
    f->is_silent = true;
    send_push(f, 0);
    talk(f);
    send_push(f, 1);
    h2_finish(f->h2);
    assert_end(f, 0, H2_LOST);
    assert_end(f, 1, H2_NOT_PROCESSED);
}

static void a_cancelled_stream_is_reset_and_gives_its_slot_back_then(void **state)
{
    struct fixture *f = ready(state, 1);
    f->is_silent = true;
    send_push(f, 0);
    talk(f);
    assert_int_equal(h2_cancel(f->h2, &f->streams[0]), H2_LOST);
    assert_int_equal(h2_room(f->h2), 0);
    talk(f);
    assert_int_equal(f->resets, 1);
    assert_int_equal(h2_room(f->h2), 1);
    assert_int_equal(f->seen[0].ends, 0);
}

static void a_stream_cancelled_before_it_left_never_leaves(void **state)
{
    struct fixture *f = ready(state, 1);
    send_push(f, 0);
    assert_int_equal(h2_cancel(f->h2, &f->streams[0]), H2_NOT_PROCESSED);
    talk(f);
    assert_int_equal(f->request_len, 0);
    assert_int_equal(h2_room(f->h2), 1);
}

/* ---- limits ---- */

static void nothing_may_be_opened_before_the_servers_settings(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(h2_room(f->h2), 0);
    ready(state, 100);
    assert_int_equal(h2_room(f->h2), 100);
}

static void room_follows_the_servers_settings(void **state)
{
    struct fixture *f = ready(state, 3);
    f->is_silent = true;
    send_push(f, 0);
    send_push(f, 1);
    talk(f);
    assert_int_equal(h2_room(f->h2), 1);
    settings(f, 1, 65535); /* below what is open */
    talk(f);
    assert_int_equal(h2_room(f->h2), 0);
    settings(f, 1000, 65535);
    talk(f);
    assert_int_equal(h2_room(f->h2), 998);
    settings(f, 0, 65535);
    talk(f);
    assert_int_equal(h2_room(f->h2), 0);
    assert_false(h2_is_spent(f->h2));
}

static void the_last_stream_id_ends_the_session_in_good_order(void **state)
{
    struct fixture *f = ready(state, 100);
    f->is_silent = true;
    h2_set_next_id(f->h2, 0x7fffffff);
    assert_int_equal(h2_room(f->h2), 100);
    send_push(f, 0);
    assert_int_equal(h2_room(f->h2), 0);
    assert_true(h2_is_spent(f->h2));
}

static void a_ping_is_answered(void **state)
{
    struct fixture *f = ready(state, 100);
    h2_ping(f->h2);
    talk(f);
    assert_int_equal(f->pongs, 1);
}

static void an_answer_that_is_no_http2_ends_the_session(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    static uint8_t out[65536];
    int failed = feed(f, text, sizeof(text) - 1);
    h2_pull(f->h2, out, sizeof(out)); /* its GOAWAY */
    assert_true(failed != 0 || h2_is_over(f->h2));
    assert_int_equal(h2_room(f->h2), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(an_answer_has_status_kept_headers_and_body),
        T(an_answer_in_single_octets_is_the_same),
        T(a_body_beyond_the_limit_is_cut_and_its_stream_reset),
        T(headers_beyond_the_limit_end_the_stream_by_its_status),
        T(continuations_without_end_break_the_session),
        T(an_early_answer_frees_the_stream_though_the_body_is_stuck),
        T(a_window_of_one_octet_carries_the_body_all_the_same),
        T(no_more_are_let_in_than_the_connections_window_has_room_for),
        T(one_is_let_in_where_nothing_is_open_and_the_window_is_shut),
        T(a_stream_reset_as_refused_was_not_processed),
        T(a_stream_reset_otherwise_is_lost),
        T(a_status_is_enough_when_the_body_is_lost),
        T(streams_above_the_last_of_a_goaway_were_not_processed),
        T(a_graceful_goaway_takes_nothing_back_until_the_real_one),
        T(what_was_not_pulled_when_the_connection_went_was_not_processed),
        T(a_cancelled_stream_is_reset_and_gives_its_slot_back_then),
        T(a_stream_cancelled_before_it_left_never_leaves),
        T(nothing_may_be_opened_before_the_servers_settings),
        T(room_follows_the_servers_settings),
        T(the_last_stream_id_ends_the_session_in_good_order),
        T(a_ping_is_answered),
        T(an_answer_that_is_no_http2_ends_the_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

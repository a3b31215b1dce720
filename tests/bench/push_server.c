/* A push service that takes everything: HTTP/2 over TLS, one thread, 200 to each request, at once
 * or after a while. The other side of the figures `push` and `push_far`, for h2load and for the
 * library alike. bench_push_server PORT CERT KEY [STREAMS [DELAY-MS]] */
#include "base/clock.h"
#include "io/timer.h"

#include <h2o.h>
#include <netinet/in.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { OUT_MAX = 65536, FRAME_MAX = 16384 + 64, LATE_MAX = 65536 };

static struct {
    h2o_loop_t *loop;
    SSL_CTX *tls;
    uint32_t streams, delay_ms;
} server = {.streams = 1000};

/* Answers that wait, in the order of their coming. */
struct late {
    int32_t id;
    int64_t due_ms;
};

struct peer {
    h2o_socket_t *socket;
    nghttp2_session *session;
    struct timer flush, answers;
    struct late *late;
    size_t late_head, late_tail;
    uint8_t out[OUT_MAX];
};

static int64_t now_ms(void)
{
    return clock_mono().ns / 1000000;
}

static void peer_close(struct peer *peer)
{
    timer_stop(&peer->flush);
    timer_stop(&peer->answers);
    nghttp2_session_del(peer->session);
    h2o_socket_close(peer->socket);
    free(peer->late);
    free(peer);
}

static void on_written(h2o_socket_t *socket, const char *failed);

static void flush(void *owner)
{
    struct peer *peer = owner;
    if (h2o_socket_is_writing(peer->socket))
        return;
    size_t len = 0;
    const uint8_t *bytes;
    while (len + FRAME_MAX < OUT_MAX) {
        ssize_t got = nghttp2_session_mem_send(peer->session, &bytes);
        if (got <= 0)
            break;
        memcpy(peer->out + len, bytes, (size_t)got);
        len += (size_t)got;
    }
    if (len == 0)
        return;
    h2o_iovec_t vector = h2o_iovec_init(peer->out, len);
    h2o_socket_write(peer->socket, &vector, 1, on_written);
}

static void on_written(h2o_socket_t *socket, const char *failed)
{
    if (failed != NULL)
        peer_close(socket->data);
    else
        flush(socket->data);
}

static void answer(struct peer *peer, int32_t id)
{
    static const nghttp2_nv fields[] = {{(uint8_t *)":status", (uint8_t *)"200", 7, 3, 0}};
    nghttp2_submit_response(peer->session, id, fields, 1, NULL);
}

static void on_answers_due(void *owner)
{
    struct peer *peer = owner;
    int64_t now = now_ms();
    struct late *late;
    while (peer->late_head != peer->late_tail &&
           (late = &peer->late[peer->late_head % LATE_MAX])->due_ms <= now) {
        ++peer->late_head;
        answer(peer, late->id);
    }
    if (peer->late_head != peer->late_tail)
        timer_start(&peer->answers, 1);
    flush(peer);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    (void)session;
    struct peer *peer = user;
    bool is_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (!is_end || (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS))
        return 0;
    if (server.delay_ms == 0) {
        answer(peer, frame->hd.stream_id);
        return 0;
    }
    peer->late[peer->late_tail++ % LATE_MAX] =
        (struct late){frame->hd.stream_id, now_ms() + server.delay_ms};
    if (!timer_is_running(&peer->answers))
        timer_start(&peer->answers, 1);
    return 0;
}

static void on_read(h2o_socket_t *socket, const char *failed)
{
    struct peer *peer = socket->data;
    size_t len = socket->input->size;
    if (failed != NULL ||
        nghttp2_session_mem_recv(peer->session, (uint8_t *)socket->input->bytes, len) < 0) {
        peer_close(peer);
        return;
    }
    h2o_buffer_consume(&socket->input, len);
    if (!timer_is_running(&peer->flush))
        timer_start(&peer->flush, 0);
}

static void on_handshake_done(h2o_socket_t *socket, const char *failed)
{
    if (failed != NULL) {
        h2o_socket_close(socket);
        return;
    }
    struct peer *peer = calloc(1, sizeof(*peer));
    nghttp2_session_callbacks *callbacks;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, server.streams}};
    peer->socket = socket;
    peer->late = server.delay_ms > 0 ? calloc(LATE_MAX, sizeof(*peer->late)) : NULL;
    socket->data = peer;
    timer_init(&peer->flush, server.loop, "flush", flush, peer);
    timer_init(&peer->answers, server.loop, "answers", on_answers_due, peer);
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_server_new(&peer->session, callbacks, peer);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(peer->session, NGHTTP2_FLAG_NONE, settings, 1);
    nghttp2_session_set_local_window_size(peer->session, NGHTTP2_FLAG_NONE, 0, 16 << 20);
    h2o_socket_read_start(socket, on_read);
    on_read(socket, NULL);
}

static void on_accept(h2o_socket_t *listener, const char *failed)
{
    h2o_socket_t *socket;
    if (failed == NULL && (socket = h2o_evloop_socket_accept(listener)) != NULL)
        h2o_socket_ssl_handshake(socket, server.tls, NULL, on_handshake_done);
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *user)
{
    (void)ssl, (void)user;
    return nghttp2_select_next_protocol((unsigned char **)out, out_len, in, in_len) == 1
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int listen_at(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    return bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 64) == 0 ? fd
                                                                                              : -1;
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    server.streams = argc > 4 ? (uint32_t)atol(argv[4]) : server.streams;
    server.delay_ms = argc > 5 ? (uint32_t)atol(argv[5]) : 0;
    server.loop = h2o_evloop_create();
    server.tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_alpn_select_cb(server.tls, on_alpn, NULL);
    int fd = listen_at((uint16_t)atol(argv[1]));
    if (fd < 0 || SSL_CTX_use_certificate_chain_file(server.tls, argv[2]) != 1 ||
        SSL_CTX_use_PrivateKey_file(server.tls, argv[3], SSL_FILETYPE_PEM) != 1) {
        perror("bench_push_server");
        return 1;
    }
    h2o_socket_t *listener = h2o_evloop_socket_create(server.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    h2o_socket_read_start(listener, on_accept);
    puts("ready");
    fflush(stdout);
    for (;;)
        h2o_evloop_run(server.loop, INT32_MAX);
}

#include "http/stream.h"

#include "http/reply.h"

#include <stdio.h>

/* On the request's pool. */
struct stream {
    h2o_generator_t super;
    h2o_req_t *req;
    struct stream_options options;
};

static void on_proceed(h2o_generator_t *self, h2o_req_t *req)
{
    struct stream *s = (void *)self;
    (void)req;
    s->options.on_wanted(s, s->options.owner);
}

static void on_disposed(void *memory)
{
    struct stream *s = memory;
    s->options.on_over(s->options.owner);
}

void stream_begin(struct request *r, const struct stream_options *options)
{
    h2o_req_t *req = r->h2o_;
    struct stream *s = h2o_mem_alloc_shared(&req->pool, sizeof(*s), on_disposed);
    *s = (struct stream){.super = {.proceed = on_proceed}, .req = req, .options = *options};
    char disposition[128];
    int len = snprintf(disposition, sizeof(disposition), "attachment; filename=\"%.*s\"",
                       SPAN_ARG(options->file_name));
    reply_header(r, "content-disposition", span_of(disposition, (size_t)len));
    req->res.content_length = (size_t)options->bytes;
    reply_begin(r, options->content_type, &s->super);
    if (h2o_memis(req->input.method.base, req->input.method.len, H2O_STRLIT("HEAD")))
        h2o_send(req, NULL, 0, H2O_SEND_STATE_FINAL);
    else
        s->options.on_wanted(s, s->options.owner);
}

/* Over TLS libh2o encrypts the piece inside h2o_send; a plain socket keeps pointing at it. */
void stream_send(struct stream *s, struct span piece, bool is_last)
{
    h2o_iovec_t bytes = h2o_iovec_init(piece.base, piece.len);
    if (s->req->conn->callbacks->get_socket(s->req->conn)->ssl == NULL)
        bytes = h2o_strdup(&s->req->pool, piece.base, piece.len);
    h2o_send(s->req, &bytes, 1, is_last ? H2O_SEND_STATE_FINAL : H2O_SEND_STATE_IN_PROGRESS);
}

void stream_break(struct stream *s)
{
    s->req->http1_is_persistent = 0;
    h2o_send(s->req, NULL, 0, H2O_SEND_STATE_ERROR);
}

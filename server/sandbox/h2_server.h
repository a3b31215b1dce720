/* One HTTP/2 session of a server, on libnghttp2: bytes in, bytes out. No socket, no TLS, no clock,
 * no word of any push service. What a client may do to us is bounded here: streams, octets of a
 * request's headers and body, and (by libnghttp2) continuations, resets and frames that want an
 * answer.
 *
 * Nothing in here may be freed from inside an event; everything else may be called there. */
#ifndef DUNLIN_SANDBOX_H2_SERVER_H
#define DUNLIN_SANDBOX_H2_SERVER_H

#include "base/buf.h"
#include "base/err.h"

#include <nghttp2/nghttp2.h>

enum {
    H2_SERVER_FIELDS_MAX = 32, /* of a request; more of them, or of their octets: 431 */
    H2_SERVER_HEADERS_MAX = 8000,
    H2_SERVER_BODY_MAX = 8192, /* kept; body_len goes on counting */
    H2_SERVER_PULL_MIN = 16384 + 64,
};

struct h2_field {
    struct span name, value;
};

/* A request, the session's; good until it was answered or on_gone was told. */
struct h2_request {
    void *held;      /* for whoever answers later; null at first */
    struct buf body; /* its first H2_SERVER_BODY_MAX octets */
    size_t body_len; /* all of them */

    int32_t id_;
    bool is_whole_, is_answered_;
    struct buf octets_; /* of names and values */
    struct h2_place {
        uint32_t name, name_len, value, value_len;
    } places_[H2_SERVER_FIELDS_MAX];
    size_t field_count_, header_octets_;
    struct buf answer_;
    size_t answer_sent_;
    struct h2_request *next_, *previous_;
};

struct h2_server_events {
    /* A whole request. Answer it now or later. */
    void (*on_request)(void *owner, struct h2_request *);
    /* It was taken back, or its session ends, before it was answered: never answer it. Told only of
     * requests that on_request was told of. */
    void (*on_gone)(void *owner, struct h2_request *);
};

struct h2_server;

struct h2_server *h2_server_new(uint32_t streams_max, const struct h2_server_events *, void *owner);
/* Tells on_gone of each request that is not answered. */
void h2_server_free(struct h2_server *);

/* Bytes from the peer, in any portions. ERR_INPUT when the session is over: pull what it still has
 * to say. */
MUST_CHECK int h2_server_feed(struct h2_server *, struct span bytes, struct err *);
/* Writes frames into `out`, as many as fit; `room` is at least H2_SERVER_PULL_MIN. Returns the
 * octets written; 0: nothing to say now. */
size_t h2_server_pull(struct h2_server *, uint8_t *out, size_t room);
/* Nothing more will be said by either side. */
bool h2_server_is_over(const struct h2_server *);
/* Requests begun and not over. */
uint32_t h2_server_open_count(const struct h2_server *);

/* The value of a header, or of ":method", ":path"; null base when absent. `count`, which may be
 * null, says how often it stands there. */
struct span h2_request_field(const struct h2_request *, const char *name, int *count);

/* Once a request. Copies. */
void h2_server_answer(struct h2_server *, struct h2_request *, int status,
                      const struct h2_field *fields, size_t count, struct span body);
/* SETTINGS_MAX_CONCURRENT_STREAMS from now on. */
void h2_server_allow(struct h2_server *, uint32_t streams_max);
/* No stream newer than this request's (null: than the newest) was or will be looked at; those up to
 * it are still answered. `debug` may be empty. */
void h2_server_goaway(struct h2_server *, const struct h2_request *, struct span debug);

#endif

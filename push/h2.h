/* One HTTP/2 session of a client, on libnghttp2: bytes in, bytes out. No socket, no TLS, no clock,
 * and no word of any push service. What a server may do to us is bounded here: octets of an
 * answer's headers and body, and (by libnghttp2) continuations and frames that want an answer.
 *
 * Nothing in here may be freed from inside an event; h2_send and h2_cancel may be called there. */
#ifndef DUNLIN_PUSH_H2_H
#define DUNLIN_PUSH_H2_H

#include "base/buf.h"
#include "base/err.h"

#include <nghttp2/nghttp2.h>

enum { H2_KEPT_MAX = 4, H2_KEPT_LEN = 48, H2_PULL_MIN = 16384 + 64 };

/* What became of a stream. */
enum h2_end {
    H2_ANSWERED = 1,  /* its status is known (the body may be cut: is_cut) */
    H2_NOT_PROCESSED, /* for certain (RFC 9113 6.8, 8.7): a copy cannot double it */
    H2_LOST,          /* HEADERS left and no status came: unknown */
};

/* Embedded in what waits for the answer; lives until on_end has run or h2_cancel was called. */
struct h2_stream {
    void *owner;
    int status;                          /* 0: none yet */
    bool is_cut;                         /* body longer than wanted, or lost in the middle */
    uint32_t code;                       /* of RST_STREAM, with H2_LOST and H2_NOT_PROCESSED */
    struct buf body;                     /* of the answer */
    char kept[H2_KEPT_MAX][H2_KEPT_LEN]; /* values of the headers asked for, cut; "" when absent */

    int32_t id_;
    bool has_left_; /* HEADERS are among the bytes pulled */
    size_t header_octets_, sent_;
    struct span request_;
    struct h2_stream *next_, *previous_;
};

struct h2_events {
    /* Once for each stream that was sent and not cancelled. The stream is the owner's again. */
    void (*on_end)(void *owner, struct h2_stream *, enum h2_end);
    /* The server's SETTINGS came, or another: room may have changed. */
    void (*on_settings)(void *owner);
    void (*on_goaway)(void *owner, uint32_t code, int32_t last_stream, struct span debug);
    void (*on_pong)(void *owner);
    /* Of each header of an answer, for traces; may be null. */
    void (*on_header)(void *owner, const struct h2_stream *, struct span name, struct span value);
};

struct h2_limits {
    uint32_t streams_max; /* whatever the server allows */
    size_t body_max, headers_max;
    const char *const *keep; /* null-terminated names of headers to keep, at most H2_KEPT_MAX */
    nghttp2_mem *memory;     /* null: the C library's; copied */
};

struct h2;

struct h2 *h2_new(const struct h2_limits *, const struct h2_events *, void *owner);
/* Without events. */
void h2_free(struct h2 *);

/* Bytes from the peer, in any portions. 0, or ERR_PROVIDER when the session is over: pull what it
 * still has to say, then h2_finish. */
MUST_CHECK int h2_feed(struct h2 *, struct span bytes, struct err *);
/* Writes frames for the peer into `out`, as many as fit; `room` is at least H2_PULL_MIN. Returns
 * the octets written; 0: nothing to say now. */
size_t h2_pull(struct h2 *, uint8_t *out, size_t room);
/* The connection is gone: every stream ends, by what is known of it. */
void h2_finish(struct h2 *);

/* Streams that may be opened now: the server's live limit and ours, less what is open; and no more
 * than bodies, of the longest so far, for which its connection window has room, so that a push that
 * is begun leaves whole. 0 before its SETTINGS, after GOAWAY, and when the stream ids are used up.
 */
uint32_t h2_room(const struct h2 *);
uint32_t h2_open_count(const struct h2 *);
/* The limit itself. */
uint32_t h2_slots(const struct h2 *);
/* SETTINGS have come. */
bool h2_is_ready(const struct h2 *);
/* No new stream will ever be allowed: GOAWAY came, or the ids are used up. */
bool h2_is_spent(const struct h2 *);
bool h2_has_output(const struct h2 *);
/* Nothing more will be said by either side: close the connection. */
bool h2_is_over(const struct h2 *);

/* Opens a stream: POST and whatever else stands in `fields`, with `body`. Call with room only.
 * Values are copied; names and body are borrowed until on_end or h2_cancel. Sets all of *stream but
 * its owner. */
MUST_CHECK int h2_send(struct h2 *, struct h2_stream *, const nghttp2_nv *fields, size_t count,
                       struct span body, struct err *);
/* RST_STREAM CANCEL, so that the slot is freed on both sides; no event follows. Returns what is
 * known of it: H2_NOT_PROCESSED when its HEADERS had not left. */
enum h2_end h2_cancel(struct h2 *, struct h2_stream *);
void h2_ping(struct h2 *);
/* GOAWAY to the peer: we open no more streams. */
void h2_goodbye(struct h2 *);

/* For tests: the id of the next stream. */
void h2_set_next_id(struct h2 *, int32_t id);

#endif

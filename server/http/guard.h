/* The decisions that keep a listener standing, as plain values: who may connect, how many requests
 * a connection may make, and whether a request's head is framed in a way that all servers read
 * alike. No sockets here: listener.c asks and acts. */
#ifndef DUNLIN_HTTP_GUARD_H
#define DUNLIN_HTTP_GUARD_H

#include "base/span.h"

#include <sys/socket.h>

struct guard_limits {
    unsigned connections_max;             /* of this listener in this process */
    unsigned connections_per_address_max; /* bites only when the listener is over half full */
    size_t body_bytes_max;
    size_t head_bytes_max;   /* request line and headers together */
    unsigned headers_max;    /* header lines; libh2o itself refuses more than 100 */
    unsigned requests_burst; /* the bucket of a connection */
    unsigned requests_per_second;
    int request_timeout_ms; /* from the first byte of a request to its last */
    int idle_timeout_ms;    /* a connection without one */
    int handshake_timeout_ms;
    int answer_timeout_ms; /* from the whole request to the last byte of the answer */
};

/* What the shipped settings say, for a public listener; tests shorten it. */
extern const struct guard_limits guard_limits_default;

/* One IPv4 address, or one IPv6 /64: what a single customer or site usually holds. An IPv4 address
 * mapped into IPv6 counts as itself. */
uint64_t guard_address_key(const struct sockaddr *address);
/* The same from text ("192.0.2.1", "2001:db8::1"); 0 when it is no address. */
uint64_t guard_address_key_of_text(struct span text);

/* "192.0.2.0/24", "2001:db8::/32", or one address: who counts as our own proxy. */
struct guard_range {
    uint8_t bytes_[16]; /* IPv4 mapped into IPv6 */
    int bits_;
};
/* False when the text is no range. */
bool guard_range_parse(struct guard_range *, const char *text);
bool guard_range_has(const struct guard_range *, const struct sockaddr *address);

/* How many connections each address has. Counted in a table of hashes salted at start: a collision
 * only makes the limit stricter. */
struct guard_addresses {
    uint64_t salt_;
    uint16_t counts_[65536];
};
void guard_addresses_init(struct guard_addresses *);
void guard_addresses_add(struct guard_addresses *, uint64_t key, int by);
unsigned guard_addresses_count(const struct guard_addresses *, uint64_t key);

/* Whether one more connection from an address that already has `from_address` may stay. Over half
 * full an address may have connections_per_address_max, and no more than there is room left: a
 * crowd from many addresses stops growing before the room is gone, and others still come in. */
bool guard_admits(const struct guard_limits *, unsigned open_count, unsigned from_address);

struct guard_bucket {
    double tokens_;
    uint64_t filled_at_ms_;
};
void guard_bucket_init(struct guard_bucket *, const struct guard_limits *, uint64_t now_ms);
/* Takes a token; false when there is none. */
bool guard_bucket_take(struct guard_bucket *, const struct guard_limits *, uint64_t now_ms);
/* Gives it back: the request proved who sent it. */
void guard_bucket_give(struct guard_bucket *);

enum guard_framing {
    GUARD_FRAMING_NONE = 0, /* no body announced */
    GUARD_FRAMING_LENGTH,   /* one Content-Length: the connection may stay open */
    GUARD_FRAMING_CHUNKED, /* Transfer-Encoding: libh2o reads chunk sizes leniently, so it closes */
    GUARD_FRAMING_BROKEN,  /* two ways to read it: refuse and close */
};
/* Judges the raw head (request line to the empty line). libh2o takes the first of two lengths,
 * accepts a length beside a transfer coding, and hides both from handlers. Broken are: more than
 * one of these headers in all, a repeated or missing Host (HTTP/1.1), a transfer coding in
 * HTTP/1.0, and folded lines. */
enum guard_framing guard_framing_of(struct span head);

#endif

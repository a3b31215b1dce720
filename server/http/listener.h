/* One listening socket with its own libh2o configuration, limits, route table and TLS, on the loop
 * of this process. Several processes may listen on the same socket.
 *
 * HTTP/1.1 only: HTTP/2 on Debian's libh2o 2.2.5 can be made to abort the process, so it is off
 * twice (ALPN offers http/1.1 alone, and "PRI * HTTP/2.0" does not upgrade). What libh2o lacks is
 * guarded here: limits of connections with the listener paused at the limit, a deadline on every
 * answer, closing after a body from nobody proved, a bucket of requests per connection, and heads
 * that can be read in two ways refused. */
#ifndef DUNLIN_HTTP_LISTENER_H
#define DUNLIN_HTTP_LISTENER_H

#include "base/err.h"
#include "http/door.h"
#include "http/guard.h"
#include "http/routes.h"

struct tls;

struct http_listener_options {
    const char *name; /* "public", "private", "operators": for the log; kept */
    int fd;           /* bound and listening; taken over */
    struct tls *tls;  /* null: plain HTTP, for loopback only; borrowed */
    const struct route *routes;
    const struct door_rules *door; /* judges heads before their bodies; null: none is judged */
    struct guard_limits limits;
    /* Behind a proxy: the addresses that may say who the visitor is, and in which header (lower
     * case; its last value counts). Kept. */
    const struct guard_range *trusted_proxies;
    int trusted_proxy_count;
    const char *trusted_header;
};

struct http_listener;

struct http_listener *http_listener_new(struct world *, const struct http_listener_options *);
/* Accepts what is queued and then no more, answers what is under way and closes each connection
 * after it; idle ones close at once. Ask http_listener_is_drained now and then. */
void http_listener_drain(struct http_listener *);
bool http_listener_is_drained(const struct http_listener *);
/* Cuts what is still open. The loop must run once more before it ends. */
void http_listener_free(struct http_listener *);

/* For request.c: the visitor's address as text on the request's pool; whether the sender is proved
 * is told to the connection's bucket. */
struct span http_listener_address(struct http_listener *, struct request *);
/* Where the request's head was judged; null on a listener without a door. */
const struct door *http_listener_door(const struct request *);
bool http_listener_is_draining(const struct http_listener *);

#endif

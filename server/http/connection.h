/* One client's connection as the guards see it: since when it owes an answer, how many requests it
 * may still make, which address it counts for. Lives from accept to close; the listener owns it. */
#ifndef DUNLIN_HTTP_CONNECTION_H
#define DUNLIN_HTTP_CONNECTION_H

#include "http/guard.h"

#include <h2o.h>

struct http_listener;
struct door;

struct http_connection {
    h2o_linklist_t all_link;  /* in the listener's list of connections */
    h2o_linklist_t busy_link; /* in its list of those that owe an answer, oldest first */
    struct http_listener *listener;
    h2o_socket_t *socket;
    uint64_t address_key;
    uint64_t busy_since_ms;
    uint64_t partial_since_ms; /* since when an unfinished request lies there; 0: none does */
    struct guard_bucket bucket;
    struct request *request; /* under way and not answered, or null */
    unsigned request_count;
    struct door *door;    /* of listeners with one: its head was judged there; else null */
    bool is_behind_proxy; /* the peer is a trusted proxy */
    bool is_cut;          /* shut down by us; libh2o closes it when it notices */
    bool is_leaving;      /* we read no further; what had come by then is answered */
    h2o_buffer_t *head; /* the socket's buffer, set aside while an answer is waited for, or null */
    h2o_buffer_t *behind; /* what was read meanwhile, or null */
};

/* libh2o stops reading while a request is in hand, because the head lies in the buffer that reading
 * may move. For an answer that comes in a later turn this costs two calls to the kernel: out of
 * epoll and in again. So the buffer with the head is set aside and the socket goes on being watched
 * with an empty one; whatever arrives ends the watch, and lies behind the head again when the
 * request is over. */
void connection_watch(struct http_connection *);
/* Before the answer is sent; harmless when nothing is watched. */
void connection_unwatch(struct http_connection *);
/* The request is over: its head is needed no more. */
void connection_rejoin(struct http_connection *);

#endif

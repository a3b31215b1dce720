/* One HTTP request as handlers see it: the parts they read, and the promise about its life.
 *
 * A handler is called once, with the whole body in memory (bounded per listener). It replies before
 * it returns, or keeps `struct request *` and replies later. When the peer goes first, the function
 * given to request_on_gone runs and the request must not be touched again; when the reply is sent
 * first, it never runs. So a flow never holds the request: the handler's glue does. */
#ifndef DUNLIN_HTTP_REQUEST_H
#define DUNLIN_HTTP_REQUEST_H

#include "base/span.h"
#include "flow/world.h"

enum { REQUEST_PARAMS_MAX = 4 };

struct api_caller;
struct http_listener;
struct http_connection;
struct route;

struct request {
    h2o_req_t *h2o_;
    struct http_listener *listener_;
    struct http_connection *connection_;
    struct world *world;
    struct span method;        /* the request line's, or the one that an upload names instead */
    const struct route *route; /* for log lines: the path itself may hold a code */
    struct span
        params[REQUEST_PARAMS_MAX];  /* what {…} in the route's path matched, raw, in order */
    char id[17];                     /* request id, in every log line and answer */
    const struct api_caller *caller; /* routes that want an API key */
    struct span customer;            /* routes of apps: the creditor's reference of whoever calls */
    void (*on_gone_)(void *job);
    void *job_;
    struct form_fields *form_, *query_; /* null until somebody asks */
    bool is_proved_, is_replied_, may_stay_open_;
};

/* Sixteen hex digits and a NUL. */
void request_id_make(char out[17]);
/* Made by the listener in the request's pool, never elsewhere. */
void request_init(struct request *, h2o_req_t *, struct http_listener *, struct world *);

typedef void (*handler_fn)(struct request *);

struct span request_method(const struct request *);
struct span request_path(const struct request *); /* without the query */
/* Empty with null base when absent. `name` in lower case. */
struct span request_header(const struct request *, const char *name);
/* How often the header stands there: two of a kind are refused where one is wanted. */
int request_header_count(const struct request *, const char *name);
/* The host that was asked for, without its port, as it was written. */
struct span request_host(const struct request *);
struct span request_body(const struct request *);
/* Decoded value of a query or form field, allocated on the request's pool; null base when absent or
 * when the encoding is broken. request_form_is_ok is false for a repeated field, NUL, bad UTF-8. */
struct span request_query(struct request *, const char *name);
struct span request_form(struct request *, const char *name);
bool request_form_is_ok(struct request *);
/* Overwrites a field of a form that held a secret, as it was decoded, and the body that it came in;
 * the other fields can be read still. Before the reply. */
void request_wipe_form(struct request *, const char *name);
/* The visitor's address, from the trusted header behind a proxy; for limits, never logged. */
struct span request_address(struct request *);
/* The first one over its connection: it has cost its sender and us a handshake. */
bool request_is_first(const struct request *);
/* Zeroed memory that lives as long as the request. */
void *request_alloc(struct request *, size_t len);

void request_on_gone(struct request *, void (*on_gone)(void *job), void *job);
/* The sender proved who it is (signature, key): its connection stays open after a body and the
 * request pays no token of the connection's bucket. Before the reply. */
void request_prove(struct request *);

#endif

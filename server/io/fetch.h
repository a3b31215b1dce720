/* Outgoing HTTPS on libcurl's multi interface, on a thread of its own that hands the results back
 * to the loop. Knows nothing of who is calling. Bounded: requests in flight, answer size, time. */
#ifndef DUNLIN_IO_FETCH_H
#define DUNLIN_IO_FETCH_H

#include "base/err.h"
#include "base/span.h"

#include <h2o.h>

struct fetch;

struct fetch_request {
    const char *method;
    struct span url;
    struct span headers;  /* "Name: value\n" lines */
    struct span body;
    struct span ca_file;  /* empty: the system's store; host name and chain are always verified */
    int timeout_ms;
    size_t answer_max;    /* larger answers fail */
};

struct fetch_answer {
    int status;           /* 0 when there was none */
    struct span body;
    struct span location; /* Location header; redirects are never followed */
};

/* `answer` is borrowed; err is never null, err->code is 0 when an HTTP answer of any status came,
 * ERR_PROVIDER when the outcome is unknown or the request never left (err->text says). */
typedef void (*fetch_cb)(void *owner, const struct fetch_answer *answer, const struct err *err);

struct fetch *fetch_new(h2o_loop_t *, int in_flight_max);
/* Ends what is under way with ERR_CLOSED, in this call. */
void fetch_free(struct fetch *);

struct fetch_call; /* identifies one call, for cancelling */
/* Copies everything. Calls back exactly once, later; or returns ERR_BUSY and never does. */
MUST_CHECK int fetch_begin(struct fetch *, const struct fetch_request *, fetch_cb on_done,
                           void *owner, struct fetch_call **call, struct err *);
/* The callback will not run; the exchange itself may go on. Once only, before the callback. */
void fetch_cancel(struct fetch_call *);

#endif

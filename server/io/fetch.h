/* Outgoing HTTPS on libcurl's multi interface, on a thread of its own that hands the results back
 * to the loop. Knows nothing of who is calling. Bounded: requests in flight, answer size, time.
 *
 * TLS 1.2 or newer, chain and host name always verified; plain http goes to loopback only;
 * redirects are never followed; proxies of the environment are not used. Connections are reused,
 * and libcurl sends a request again when a reused connection turns out dead before any answer: what
 * must not happen twice carries an idempotency key of the provider's. */
#ifndef DUNLIN_IO_FETCH_H
#define DUNLIN_IO_FETCH_H

#include "base/clock.h"
#include "base/err.h"
#include "base/span.h"

#include <h2o.h>

struct fetch;

struct fetch_request {
    const char *method;
    struct span url;
    struct span headers; /* "Name: value\n" lines */
    struct span body;
    struct span ca_file; /* empty: the system's store; host name and chain are always verified */
    int timeout_ms;
    size_t answer_max; /* larger answers fail */
    /* Unless 0: if it has not begun to be sent by then it never is, and it goes out once at most,
     * whatever becomes of the connection. Opening a connection takes time of it, and one that was
     * too late is closed: whoever uses this keeps connections warm by requests without. */
    struct mono wire_by;
};

/* How far a request came, whatever the error. */
enum fetch_fate {
    FETCH_NEVER_SENT = 1, /* certainly: not a byte of it is on the wire */
    FETCH_ANSWERED,
    FETCH_UNKNOWN, /* sent, at least in part, and no answer */
};

struct fetch_answer {
    enum fetch_fate fate;
    int status; /* 0 when there was none */
    struct span body;
    struct span location;    /* Location header; redirects are never followed */
    struct span date;        /* Date header: the other side's clock */
    struct span retry_after; /* Retry-After header, as it stands */
};

/* `answer` is borrowed; err is never null, err->code is 0 when an HTTP answer of any status came,
 * ERR_PROVIDER when the outcome is unknown or the request never left (err->text says). */
typedef void (*fetch_cb)(void *owner, const struct fetch_answer *answer, const struct err *err);

struct fetch *fetch_new(h2o_loop_t *, int in_flight_max);
/* Ends what is under way with ERR_CLOSED, in this call. Not from a callback of its own. */
void fetch_free(struct fetch *);

struct fetch_call; /* identifies one call, for cancelling */
/* Copies everything. Calls back exactly once, later, from the loop; or returns ERR_BUSY (too many
 * in flight) or ERR_SETTINGS (an address that is never called) and never does. `*call` is valid
 * until the callback has run. */
MUST_CHECK int fetch_begin(struct fetch *, const struct fetch_request *, fetch_cb on_done,
                           void *owner, struct fetch_call **call, struct err *);
/* The callback will not run; the exchange itself may go on. Not after the callback. */
void fetch_cancel(struct fetch_call *);

#endif

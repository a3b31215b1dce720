/* Outgoing HTTPS, SMTP and IMAP on libcurl's multi interface, on a thread of its own that hands the
 * results back to the loop. Knows nothing of who is calling. Bounded: requests in flight, answer
 * size, time.
 *
 * TLS 1.2 or newer, chain and host name always verified; plain http goes to loopback only;
 * redirects are never followed; proxies of the environment are not used. Connections are reused,
 * and libcurl sends a request again when a reused connection turns out dead before any answer: what
 * must not happen twice carries an idempotency key of the provider's, or a moment to be sent by.
 *
 * Mail goes by smtps:// and imaps://, or smtp:// and imap://, which must offer STARTTLS; plain ones
 * go to loopback only, where no ca_file is given. Ending a connection to a mail server can take
 * libcurl up to a second in which it does nothing else: mail is best given a fetch of its own. */
#ifndef DUNLIN_IO_FETCH_H
#define DUNLIN_IO_FETCH_H

#include "base/clock.h"
#include "base/err.h"
#include "base/span.h"

#include <h2o.h>

struct fetch;

struct fetch_request {
    const char *method;  /* of IMAP: a command ("UID SEARCH UNSEEN"), or "": the mail of the url */
    struct span url;     /* of SMTP: its path is our name in EHLO; of IMAP: folder, then ";UID=7" */
    struct span headers; /* "Name: value\n" lines */
    struct span body;    /* of SMTP: the whole message, its lines ended by CR LF */
    struct span user, password; /* at a mail server; without a user nobody logs in */
    /* SMTP: of the envelope. Without a recipient nothing is sent: it connects, logs in and says
     * NOOP, which proves the way and leaves a connection for others to use. */
    struct span sender, recipient;
    struct span ca_file; /* empty: the system's store; host name and chain are always verified */
    int timeout_ms;
    size_t answer_max; /* larger answers fail */
    /* Unless 0: if it has not begun to be sent by then it never is, and it goes out once at most,
     * whatever becomes of the connection. Opening a connection takes time of it, and one that was
     * too late is closed: whoever uses this keeps connections warm by requests without. */
    struct mono wire_by;
    /* SMTP, unless 0: and the message itself must begin by then, or its end is never sent; nor
     * while fetch_hold_mails says so. */
    struct mono data_by;
};

/* How far a request came, whatever the error. */
enum fetch_fate {
    /* Certainly: not a byte of it is on the wire; of a mail: its end is not, so no server took it.
     */
    FETCH_NEVER_SENT = 1,
    FETCH_ANSWERED,
    FETCH_UNKNOWN, /* sent, at least in part, and no answer */
};

/* How far a conversation with an SMTP server got: what its status is an answer to. */
enum fetch_stage {
    FETCH_STAGE_CONNECT = 0,
    FETCH_STAGE_LOGIN,
    FETCH_STAGE_SENDER,
    FETCH_STAGE_RECIPIENT,
    FETCH_STAGE_DATA,
    FETCH_STAGE_END, /* the whole message */
};

enum { FETCH_LINE_MAX = 512 };

struct fetch_answer {
    enum fetch_fate fate;
    bool is_late; /* given up because its moment had passed */
    int status;   /* 0 when there was none; of SMTP: the last one */
    struct span body;
    struct span location;    /* Location header; redirects are never followed */
    struct span date;        /* Date header: the other side's clock */
    struct span retry_after; /* Retry-After header, as it stands */
    /* SMTP. */
    enum fetch_stage stage;
    struct span last_line; /* that the status stands in, "550 5.1.1 …"; the server's own words */
    bool has_logged_in;    /* on a new connection: it was asked for our name, and took it */
};

/* `answer` is borrowed; err is never null, err->code is 0 when an answer of any status came,
 * ERR_PROVIDER when the outcome is unknown or the request never left (err->text says). */
typedef void (*fetch_cb)(void *owner, const struct fetch_answer *answer, const struct err *err);

struct fetch *fetch_new(h2o_loop_t *, int in_flight_max);
/* Ends what is under way with ERR_CLOSED, in this call. Not from a callback of its own. */
void fetch_free(struct fetch *);

/* From now on, and until it is said otherwise, no mail with a data_by begins its message, those
 * under way included: they end as late. */
void fetch_hold_mails(struct fetch *, bool is_held);

struct fetch_call; /* identifies one call, for cancelling */
/* Copies everything. Calls back exactly once, later, from the loop; or returns ERR_BUSY (too many
 * in flight), ERR_SETTINGS (an address that is never called) or ERR_INPUT (what would be another
 * command) and never does. `*call` is valid
 * until the callback has run. */
MUST_CHECK int fetch_begin(struct fetch *, const struct fetch_request *, fetch_cb on_done,
                           void *owner, struct fetch_call **call, struct err *);
/* The callback will not run; the exchange itself may go on. Not after the callback. */
void fetch_cancel(struct fetch_call *);

#endif

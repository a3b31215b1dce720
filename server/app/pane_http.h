/* Plain HTTP for the demo's panes: a table of routes on a loopback socket. Apart from the product's
 * listeners on purpose: its pages run scripts and its bank is another origin. Answers only to
 * requests that name this very host, so that no web page elsewhere can be made to read or press it.
 */
#ifndef DUNLIN_APP_PANE_HTTP_H
#define DUNLIN_APP_PANE_HTTP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

#include <h2o.h>
#include <jansson.h>

struct pane_server;

struct pane_request {
    h2o_req_t *h2o;
    void *owner;       /* of the server */
    struct span param; /* what * matched, one segment */
    struct pane_server *server_;
    void **held_; /* the pointer to clear when the request is gone */
};

struct pane_route {
    const char *method; /* GET routes answer HEAD too */
    const char *path;   /* "/bank/pay/" followed by * for one segment */
    void (*handle)(struct pane_request *);
};

struct pane_server_options {
    int listen_fd;                   /* listening; taken over */
    const struct pane_route *routes; /* ended by a null method; kept */
    void *owner;
    struct span form_origin; /* where a form may lead besides here: the payment page's origin */
};

struct pane_server *pane_server_new(h2o_loop_t *, const struct pane_server_options *);
/* No new connections; those open are cut when the process ends. */
void pane_server_stop(struct pane_server *);

struct span pane_method(const struct pane_request *);
struct span pane_body(const struct pane_request *);
/* Null base when absent. `name` in lower case. */
struct span pane_header(const struct pane_request *, const char *name);
/* Decoded value of a query or form field on the request's pool; null base when absent. */
struct span pane_query(struct pane_request *, const char *name);
struct span pane_form(struct pane_request *, const char *name);
/* A person's browser asks, not a script. */
bool pane_wants_html(const struct pane_request *);

/* Each ends the request. Bytes are copied. */
void pane_reply(struct pane_request *, int status, const char *content_type, struct span);
void pane_reply_json(struct pane_request *, int status, json_t *taken);
void pane_reply_problem(struct pane_request *, int status, const char *reason);
void pane_reply_see_other(struct pane_request *, struct span url);

/* For a job that outlives its handler: `*held` points to the request until it is gone or answered,
 * and is null afterwards. One at a time. */
void pane_hold(struct pane_request *, struct pane_request **held);

#endif

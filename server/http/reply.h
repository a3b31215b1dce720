/* Every answer the server gives goes out through here, with the security headers of its kind. Each
 * function ends the request: exactly one of them per request. Bytes are copied. */
#ifndef DUNLIN_HTTP_REPLY_H
#define DUNLIN_HTTP_REPLY_H

#include "http/request.h"

#include <jansson.h>

/* What a family of pages carries inline, as headers computed once: the hashes of its one <style>
 * and its one <script>, and where its forms may go. */
struct page_policy;
/* `style` and `script` are the exact bytes between the tags (empty: none allowed); `form_hosts`
 * are origins beside 'self', separated by blanks (world->form_hosts). Lives as long as the
 * process: make one a family, at the first page or at start. */
const struct page_policy *page_policy_new(struct span style, struct span script,
                                          struct span form_hosts);

/* Adds a header to the answer to come. `name` in lower case, kept by pointer; the value is copied.
 * Values with CR, LF or NUL are a bug (asserted). */
void reply_header(struct request *, const char *name, struct span value);

/* A page: text/html, no-store, the policy's CSP, no-referrer, nosniff, noindex. HEAD gets the
 * headers alone. */
void reply_page(struct request *, int status, const struct page_policy *, struct span html);
void reply_svg(struct request *, struct span svg);
/* As gzip where that is taken. Not for what mixes a secret with a request's own words (gzip.h). */
void reply_svg_compressed(struct request *, struct span svg);
void reply_json(struct request *, int status, struct span json);
/* `taken` is given back here. */
void reply_object(struct request *, int status, json_t *taken);
/* Text of a row for such an object: null where there is none. */
json_t *reply_text_json(struct span text);
/* The same for everybody: anybody may keep it for an hour. */
void reply_json_kept(struct request *, struct span json);
void reply_text(struct request *, int status, const char *text);
void reply_bytes(struct request *, int status, const char *content_type, struct span bytes);
void reply_empty(struct request *, int status);
/* 303: the browser goes on with GET. */
void reply_see_other(struct request *, struct span url);

/* For stream.c: 200, the headers of a download that nobody shows in place, and no body yet. The
 * length is the request's to set. */
void reply_begin(struct request *, const char *content_type, h2o_generator_t *);

/* RFC 9457. `type` is a stable word that becomes "urn:dunlin:problem:<type>"; `detail` is plain
 * words without personal data; may be null. */
void reply_problem(struct request *, int status, const char *type, const char *title,
                   const char *detail);
/* 503: the database is away, or too slow. */
void reply_database_away(struct request *);
/* The same for addresses that people meet too: a plain page when the client asks for HTML. */
void reply_refusal(struct request *, int status, const char *type, const char *title);

/* For the listener: the security headers of an answer that libh2o makes by itself (413, 417, 400
 * after a parsed head). Does nothing when they are there. */
void reply_harden(h2o_req_t *);

#endif

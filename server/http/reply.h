/* Every answer the server gives goes out through here, with the security headers of its kind. Each
 * function ends the request: exactly one of them per request. Bytes are copied. */
#ifndef DUNLIN_HTTP_REPLY_H
#define DUNLIN_HTTP_REPLY_H

#include "http/request.h"

/* Adds a header to the answer to come. Values with CR, LF or NUL are a bug (asserted). */
void reply_header(struct request *, const char *name, struct span value);

/* A page: text/html, no-store, the strict CSP with form-action of the providers, no-referrer,
 * nosniff, noindex. HEAD gets the headers alone. */
void reply_page(struct request *, int status, struct span html);
void reply_svg(struct request *, struct span svg);
void reply_json(struct request *, int status, struct span json);
void reply_text(struct request *, int status, const char *text);
void reply_bytes(struct request *, int status, const char *content_type, struct span bytes);
void reply_empty(struct request *, int status);
/* 303: the browser goes on with GET. */
void reply_see_other(struct request *, struct span url);

/* RFC 9457. `type` is a stable word that becomes "https://dunlin.example/problems/<type>" (a urn:
 * "urn:dunlin:problem:<type>"); `detail` is plain words without personal data; may be null. */
void reply_problem(struct request *, int status, const char *type, const char *title,
                   const char *detail);

#endif

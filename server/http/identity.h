/* /{code}/identity: the page that asks a customer for the fact of the settings `identity.*`.
 *   GET  ?to=plan     the field; leads on at once when it is confirmed already
 *   POST to, digits   FORM_IDENTITY. Right: a signed cookie, and on to where one wanted. Anything
 *                     else: the same words whatever was wrong. Each guess is counted on disk before
 *                     it is judged. */
#ifndef DUNLIN_HTTP_IDENTITY_H
#define DUNLIN_HTTP_IDENTITY_H

#include "domain/identity.h"
#include "http/request.h"

void identity_show(struct request *);
void identity_take(struct request *);

/* To be asked before anything of a link is shown or taken; sheet_open and page_form_take do, so a
 * sheet is protected by what stands in its address behind the code. True: the settings want the
 * customer's identity for it and it is not confirmed in this browser; the visitor was sent to
 * confirm it, and the request is ended. */
bool sheet_requires_identity(struct request *, int64_t customer_id);
/* Whether the details of a debt may be shown here. */
bool identity_opens_details(struct request *, int64_t customer_id);

#endif

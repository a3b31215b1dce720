/* Taking a form that one of the customer's pages printed: whose it is, and its fields. */
#ifndef DUNLIN_HTTP_PAGE_FORM_H
#define DUNLIN_HTTP_PAGE_FORM_H

#include "domain/calendar.h"
#include "domain/form_token.h"
#include "http/request.h"

enum { FORM_VALID_SECONDS = 12 * 3600 }; /* a page may stay open over a working day */

/* Whether the form is whole, comes from our page by what the browser says, and by its token, and
 * is young enough. The token's nonce tells one printed form from another: the same one sent twice
 * is one deed. */
bool page_form_check(struct request *, enum form_kind, struct paylink_id, struct form_token *);
/* The same with the code of the link in front, and whatever is wrong answered, also an identity
 * that the settings want for it (identity.h) and that is not confirmed. A scanner does not send forms:
 * that a person was here is noted. */
bool page_form_take(struct request *, enum form_kind, struct paylink_id *, struct form_token *);
/* Minor units as plain digits, above zero. */
bool page_form_amount(struct span text, int64_t *minor);
/* "2026-05-12", as <input type="date"> sends it. */
bool page_form_date(struct span text, struct date *);
/* The name of the page that the form stood on, as it says itself: see flow/page_version.h. Goes
 * when the form is wiped. */
struct span page_form_page(struct request *);
/* The language that was chosen, as a form keeps it; empty when none of ours. */
struct span page_form_language(struct request *);

#endif

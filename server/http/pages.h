/* The customer's side of the public listener: the page of a link, its QR code, and the few files
 * beside it. GET and HEAD change nothing.
 *
 * The page understands fixed words in its query, which change what is shown and nothing else:
 *   lang=pl|en|uk  speak this language
 *   back=1         the visitor comes from the provider: wait for the result of a started payment
 *   again=1        do not wait any longer, show the ways to pay
 *   wait=off       do not refresh by itself
 *   e=blik         the BLIK code that was sent has not six digits
 *   e=changed      the amount that was sent is not what is due now
 *
 * Its forms POST to /{code}/payments: token (form_token.h, FORM_PAYMENT), amount (minor units, as
 * it was shown), part (of a debt in a plan: "<invoice>:<amount>:<due>", what is paid of it), method
 * (redirect, blik), blik (six digits, perhaps with a blank), lang where one was chosen. */
#ifndef DUNLIN_HTTP_PAGES_H
#define DUNLIN_HTTP_PAGES_H

#include "http/page_view.h"
#include "http/request.h"

void pages_show(struct request *);              /* GET /{code} */
void pages_show_qr(struct request *);           /* GET /{code}/qr.svg */
void pages_show_unsubscribe(struct request *);  /* GET /{code}/unsubscribe */
void pages_show_proof(struct request *);        /* GET /{code}/proof: a file was kept */
void pages_show_check(struct request *);        /* GET /check */
void pages_show_favicon(struct request *);      /* GET /favicon.svg, /favicon.ico */
void pages_show_security_txt(struct request *); /* GET /.well-known/security.txt */

/* For the handlers of what a customer does on the page. Ends the request with a page that shows
 * nothing of anybody, with the status that belongs to it: 404, 410, 429, 503, 403, 502. `code` is
 * the link to lead back to; empty where it failed the check. */
void page_reply_notice(struct request *, enum page_notice notice, struct span code);
/* The same in the customer's own language, unless another was chosen. */
void page_reply_notice_in(struct request *, enum page_notice notice, struct span code,
                          struct span language);
/* The language to speak to this visitor: the chosen one, else the customer's (empty: not known),
 * else the browser's. */
enum language page_language_of(struct request *, struct span of_customer, bool *is_chosen);
/* For sheet.h: ends the request with such a page. */
void page_reply_sheet(struct request *, int status, enum sheet_id, const struct page_about *,
                      const struct mustache_object *own, const struct page_visit *);
/* The word before + name + after in a language; empty when there is none. */
struct span page_word(struct request *, enum language, const char *before, const char *name);
/* Ends the request with 303 to the page of the link, with `query` ("", "back=1", "e=blik") and the
 * language that was chosen. */
void page_reply_to_link(struct request *, struct span code, const char *query);
/* 303 from the upload listener to the thanks for a file, on the public one. */
void page_reply_to_proof(struct request *, struct span code);

#endif

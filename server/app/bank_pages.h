/* The sandbox bank's HTTP face: its API for the gateway, the page a customer is sent to, and its
 * list of payments with what its staff can do to them. */
#ifndef DUNLIN_APP_BANK_PAGES_H
#define DUNLIN_APP_BANK_PAGES_H

#include "base/err.h"

struct pane_request;

/* Compiles the page's template; once, before the first request. */
MUST_CHECK int bank_pages_init(struct err *);

/* POST /bank/api/payments, Bearer key, {reference, amount_minor, currency, title, return_url,
 * callback_url, language, blik_code?}: 201 {id, redirect_url}, 422 {reason}. The same reference
 * again is the same payment. */
void bank_api_start(struct pane_request *);
void bank_page_show(struct pane_request *);   /* GET /bank/pay/ID */
void bank_page_choose(struct pane_request *); /* POST /bank/pay/ID action, amount */
void bank_list(struct pane_request *);        /* GET /bank/payments.json */
/* POST /bank/payments/ID {action: refund|charge_back|reverse, amount_minor?}; "newest" for the
 * newest it can be done to. */
void bank_act(struct pane_request *);

#endif

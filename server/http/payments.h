/* What a customer does on the page to pay, and where the provider sends the browser back. */
#ifndef DUNLIN_HTTP_PAYMENTS_H
#define DUNLIN_HTTP_PAYMENTS_H

#include "http/request.h"

/* POST /{code}/payments: a form of the page (see http/pages.h for its fields). 303 to the provider,
 * to /back/{payment} or to the link's page, or a notice. */
void payments_start(struct request *);

/* GET /back/{payment}: 303 to the page of the payment's link, which tells how it stands. The
 * provider knows this address, so it shows nothing by itself. */
void payments_back(struct request *);

#endif

/* What a customer does on the page to pay, and where the provider sends the browser back. */
#ifndef DUNLIN_HTTP_PAYMENTS_H
#define DUNLIN_HTTP_PAYMENTS_H

#include "domain/form_token.h"
#include "flow/payment_start.h"
#include "http/request.h"

/* POST /{code}/payments: a form of the page (see http/pages.h for its fields). 303 to the provider,
 * to /back/{payment} or to the link's page, or a notice. */
void payments_start(struct request *);

/* GET /back/{payment}: 303 to the page of the payment's link, which tells how it stands. The
 * provider knows this address, so it shows nothing by itself. */
void payments_back(struct request *);

/* ---- for other pages with a form that pays ---- */

/* What such a form asks for, but for what is to be paid. Spans of the options point into it and
 * into the request. */
struct payment_form {
    struct payment_start_options options;
    struct form_token token;
    char blik_code[BLIK_CODE_LEN + 1]; /* could be used by whoever finds it */
    bool is_blik_wrong;                /* not six digits */
};

/* Where the form stands, to be shown again when something stands in the way. */
struct payment_form_place {
    const char *path; /* behind the code: "" or "all"; lives for ever */
    const char *kept; /* of its query: "" or "&for=PLN"; lives as long as the request */
};
enum { PAYMENT_KEPT_MAX = 4096 };

/* Takes a form whose token is of this kind: link, method, blik, again, lang. False when it is not
 * ours or broken: the request is answered then. The BLIK code is wiped
 * from the request; `form`, zeroed before, has the only copy, for the caller to wipe whatever came
 * of it. */
bool payments_read_form(struct request *, enum form_kind, struct payment_form *form);
/* Begins what the form asks for, and answers as payments_start does. The options are copied. */
void payments_take(struct request *, const struct payment_form *,
                   const struct payment_form_place *);

#endif

/* The page of all that a customer owes, where the creditor allows it (page.all_debts): one payment
 * for several debts of one currency. It stands at each of the customer's links.
 *
 *   GET /{code}/all           the open debts, what is late first and ticked
 *   GET /{code}/all?for=PLN&d<invoice>=<due_minor>…
 *                             what was ticked, with its sum and the ways to pay
 *   POST /{code}/all/payments token (FORM_DEBTS), debts ("<invoice>:<due_minor>,…" as it was
 * shown), method, blik, again, lang as on the main page
 *
 * sel=1 beside d… lists with just these ticked; again=1 says that another payment may be on its
 * way; e=blik and e=changed are as on the main page. */
#ifndef DUNLIN_HTTP_ALL_DEBTS_H
#define DUNLIN_HTTP_ALL_DEBTS_H

#include "http/request.h"

void all_debts_show(struct request *);
void all_debts_pay(struct request *);

#endif

/* The page of a debt's parts, while a plan is in force: how each stands, and what to pay of them:
 * what is overdue, the next part, all that is left, or another amount.
 *
 *   GET /{code}/parts                 the parts, and the choice
 *   GET /{code}/parts?pay=late|next|rest|other[&sum=150,00]
 *                                     what was chosen, and the ways to pay it
 *   POST /{code}/parts/payments       token (FORM_PAYMENT), part ("<invoice>:<amount>:<due>" in
 * minor units, as it was shown), method, blik, again, lang as on the main page
 *
 * minor=15000 instead of pay is the same review again; again=1, e=blik and e=changed are as on the
 * main page. Without a plan in force all lead there. */
#ifndef DUNLIN_HTTP_PARTS_H
#define DUNLIN_HTTP_PARTS_H

#include "http/request.h"

void parts_show(struct request *);
void parts_pay(struct request *);

#endif

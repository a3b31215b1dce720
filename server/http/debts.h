/* GET /app/v1/debts: what the app's customer owes, so that it can show it when it starts:
 * {items: [{number, product, currency, due_minor, due_date, link}], more}, the next due first. */
#ifndef DUNLIN_HTTP_DEBTS_H
#define DUNLIN_HTTP_DEBTS_H

struct request;

void debts_list_own(struct request *);

#endif

/* Individual offers over the API (scope "offers"; what forgives much is allowed by another key,
 * scope "offer_approvals"): docs/offers.md. */
#ifndef DUNLIN_HTTP_OFFERS_H
#define DUNLIN_HTTP_OFFERS_H

struct request;

void offers_list(struct request *);     /* GET /api/v1/offers?state=&cursor=&limit= */
void offers_make(struct request *);     /* POST /api/v1/invoices/{id}/offers */
void offers_withdraw(struct request *); /* POST /api/v1/offers/{id}/withdraw, …/reject */
void offers_approve(struct request *);  /* POST /api/v1/offers/{id}/approve */

#endif

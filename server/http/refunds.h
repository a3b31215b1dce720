/* Refunds over the API: asked for, allowed or rejected by somebody else, listed. What the provider
 * has given back stands in the debt's ledger. */
#ifndef DUNLIN_HTTP_REFUNDS_H
#define DUNLIN_HTTP_REFUNDS_H

struct request;

/* POST /api/v1/invoices/{id}/payments/{payment}/refunds */
void refunds_ask(struct request *);
/* GET /api/v1/refunds?state=… */
void refunds_list(struct request *);
/* POST /api/v1/refunds/{id}/approve and …/reject */
void refunds_approve(struct request *);
void refunds_reject(struct request *);

#endif

/* Demands of art. 75c and requests for restructuring over the API (scope "offers"): docs/offers.md.
 */
#ifndef DUNLIN_HTTP_DEMANDS_H
#define DUNLIN_HTTP_DEMANDS_H

struct request;

void demands_order(struct request *);         /* POST /api/v1/invoices/{id}/demands */
void demands_list_requests(struct request *); /* GET /api/v1/restructuring-requests */
void demands_decide(struct request *);        /* POST /api/v1/restructuring-requests/{id}/decide */

#endif

/* The links of invoices in the API. */
#ifndef DUNLIN_HTTP_PAYLINKS_H
#define DUNLIN_HTTP_PAYLINKS_H

struct request;

/* POST /api/v1/paylinks {number | code, action: show|issue|revoke|replace}: 200 or, when a new link
 * was made, 201 {number, code, url, state}. */
void paylinks_manage(struct request *);

#endif

/* Campaigns over the API: made, shown, approved, stopped, and what came of them. The file itself is
 * uploaded to the imports, with the campaign's id in its metadata. */
#ifndef DUNLIN_HTTP_CAMPAIGNS_H
#define DUNLIN_HTTP_CAMPAIGNS_H

#include "http/request.h"

void campaigns_make(struct request *);     /* POST /api/v1/campaigns */
void campaigns_list(struct request *);     /* GET /api/v1/campaigns?limit=…&cursor=… */
void campaigns_show(struct request *);     /* GET /api/v1/campaigns/{id} */
void campaigns_approve(struct request *);  /* POST /api/v1/campaigns/{id}/approve */
void campaigns_stop_one(struct request *); /* POST /api/v1/campaigns/{id}/stop */
void campaigns_results(struct request *);  /* GET /api/v1/campaigns/{id}/results */

/* campaigns_csv.c */
void campaigns_bad_rows(struct request *); /* GET /api/v1/campaigns/{id}/bad-rows.csv?after=LINE */
void campaigns_call_list(
    struct request *); /* GET /api/v1/campaigns/{id}/call-list.csv?after=LINE */

#endif

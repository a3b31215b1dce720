/* A customer, by the creditor's own reference, which stands in the path percent-encoded.
 *
 * GET /api/v1/customers/{reference}: {reference, name, language, time_zone, has_phone, has_email,
 * preferred_channel, segment: {name, facts, at}, channels: {opted_out, notices_only,
 * consented, faults}, debts}.
 * `segment.facts` says in numbers and words what put them there; null before the first night. */
#ifndef DUNLIN_HTTP_CUSTOMERS_H
#define DUNLIN_HTTP_CUSTOMERS_H

#include "http/request.h"

/* The reference of the path, decoded; in the request's memory. A null base when it is broken. */
struct span customers_reference(struct request *);
/* 404 of an unknown reference. */
void customers_reply_unknown(struct request *);

void customers_show(struct request *);

#endif

/* How a customer may be reached, as the creditor's systems say it: opted out, for notices only, opted
 * in, consented, and which way is preferred. The next claim honours it. Scope "customers". */
#ifndef DUNLIN_HTTP_CUSTOMER_CHANNELS_H
#define DUNLIN_HTTP_CUSTOMER_CHANNELS_H

#include "http/request.h"

void customer_channels_show(struct request *); /* GET /api/v1/customers/{reference}/channels */
/* PUT, {"email": "opted_out", "sms": "consented", "push": "opted_in", "preferred": "sms"}: what is
 * not named stays; a preferred of null is none. */
void customer_channels_change(struct request *);

#endif

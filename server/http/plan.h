/* The plan of reminders for the creditor's systems: what goes on a day, and why a debt is or is not
 * reminded. Both only look. */
#ifndef DUNLIN_HTTP_PLAN_H
#define DUNLIN_HTTP_PLAN_H

#include "http/request.h"

void plan_of_day(struct request *);     /* GET /api/v1/plan?date=2026-12-01 */
void plan_of_invoice(struct request *); /* GET /api/v1/invoices/{id}/plan */

#endif

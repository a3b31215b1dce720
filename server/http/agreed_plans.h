/* Debts in parts over the API, as "instalment plans": /api/v1/plan and /invoices/{id}/plan are what
 * reminders are planned (plan.h). */
#ifndef DUNLIN_HTTP_AGREED_PLANS_H
#define DUNLIN_HTTP_AGREED_PLANS_H

struct request;

/* GET /api/v1/instalment-plans?state=…&limit=…&cursor=… */
void agreed_plans_list(struct request *);
/* GET /api/v1/invoices/{id}/instalment-plans */
void agreed_plans_of_invoice(struct request *);
/* POST /api/v1/instalment-plans/{id}/approve, …/refuse and …/end with {"reason": …} */
void agreed_plans_approve(struct request *);
void agreed_plans_refuse(struct request *);
void agreed_plans_end(struct request *);

#endif

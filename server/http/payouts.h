/* Payouts over the API: a provider's file comes in, somebody says what arrived at the bank, and the
 * report says what does not agree. */
#ifndef DUNLIN_HTTP_PAYOUTS_H
#define DUNLIN_HTTP_PAYOUTS_H

struct request;

/* POST /api/v1/payouts?provider=…&account=…, the body is the file */
void payouts_import(struct request *);
/* POST /api/v1/payouts/arrivals */
void payouts_arrive(struct request *);
/* GET /api/v1/payouts?date=…&wait_days=…, and payouts.csv */
void payouts_report(struct request *);
void payouts_report_csv(struct request *);
/* GET /api/v1/payouts/days?before=…: the reports as they were kept, a week a page */
void payouts_days(struct request *);

#endif

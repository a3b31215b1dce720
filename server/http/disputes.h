/* Disputes: the sheet /{code}/dispute, where a customer says what is wrong with a debt and reads
 * the answer, and what the creditor's systems do with them.
 *
 * The form: token (FORM_DISPUTE), version, and either reason (dispute_reason_name), text and
 * perhaps anyway=1, which says that no other way out is wanted; or withdraw=1. lang where one was
 * chosen. The same form sent twice is one dispute. What is refused is answered by the sheet as it
 * stands now, with the reason on top, and what was written. */
#ifndef DUNLIN_HTTP_DISPUTES_H
#define DUNLIN_HTTP_DISPUTES_H

struct request;

void disputes_show(struct request *); /* GET /{code}/dispute; done=1: it was just opened */
void disputes_take(struct request *); /* POST /{code}/dispute */

void disputes_list(struct request *);     /* GET /api/v1/disputes?state=&cursor=&limit= */
void disputes_show_one(struct request *); /* GET /api/v1/disputes/{id} */
void disputes_answer(struct request *);   /* POST /api/v1/disputes/{id}/answer */

#endif

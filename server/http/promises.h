/* Promises to pay: the sheet /{code}/promise, where a customer names the day, and the list for the
 * creditor's systems.
 *
 * The form: token (FORM_PROMISE), version, day (2026-05-12), lang where one was chosen. The same
 * form sent twice is one promise. What is refused is answered by the sheet as it stands now, with
 * the reason on top. */
#ifndef DUNLIN_HTTP_PROMISES_H
#define DUNLIN_HTTP_PROMISES_H

struct request;

void promises_show(struct request *); /* GET /{code}/promise; done=1: it was just given */
void promises_take(struct request *); /* POST /{code}/promise */
void promises_list(struct request *); /* GET /api/v1/promises?state=&cursor=&limit= */

#endif

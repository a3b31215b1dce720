/* The sheet of an individual offer: /{code}/offer. It shows what is offered, to the grosz, and
 * takes one of three answers.
 *
 * Its query: done=1 thanks; e says why a form was not taken: other (was answered before), changed,
 * terms (not accepted), counter (nothing that can be paid). All only change what is shown.
 *
 * Each of its three forms POSTs to /{code}/offer: token (FORM_OFFER), offer (its number), answer
 * (accept, decline, counter), in (the language of the terms that were read), page, lang; accept=1
 * and terms (their version) with a yes; reason with a no; month (an amount as people write it, in
 * `currency`) and from (a date), at least one of them, with "another". */
#ifndef DUNLIN_HTTP_OFFER_SHEET_H
#define DUNLIN_HTTP_OFFER_SHEET_H

struct request;

void offer_sheet_show(struct request *); /* GET */
void offer_sheet_take(struct request *); /* POST */

#endif
